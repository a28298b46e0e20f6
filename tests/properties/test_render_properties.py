"""Whatever stands in a post, there is a page with one body, one way out, and nothing that runs."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from hypothesis import given, settings, strategies as st
from lxml import html as lxml_html

from newsletter_cli.post.model import Meta, Post
from newsletter_cli.rendering import freeze
from newsletter_cli.rendering.model import Context, Site, Version
from newsletter_cli.rendering.render import paywalled, render

SITE = Site(
    name="The Letter",
    site_url="https://example.com/",
    post_url="https://example.com/p/{slug}",
    upgrade_url="https://example.com/up",
    template_folders=(Path(__file__).parents[2] / "templates",),
)
_PIECES = (
    "word ", "*em* ", "**strong** ", "`code` ", "[link](https://e.org/?a=1&b=2) ", "[](https://e.org/) ", "[x](#y) ",
    "[x](javascript:alert(1)) ",
    "[x](ttps://e.org) ", "![alt](https://e.org/x.png) ", "![](gone.png) ",
    "![x](../../x.png) ", "\n\n", "\n# Heading\n\n", "\n## Two\n\n", "\n- item\n", "\n    code\n", "\n> quote\n\n",
    "\n| a | b |\n|---|---|\n| 1 | 2 |\n\n", "{{ name }} ", '{{ name or "x" }} ', "{{ 7*7 }} ", "{% if %} ",
    "<b>x</b> ",
    "<script>alert(1)</script> ", '<p onclick="x" style="color:red;background:url(x)">p</p>\n', "<!-- c --> ", "[^1] ",
    "\n[^1]: note\n\n", '\n::: {.youtube-wrap attrs="{\\"videoId\\":\\"M2AcMnfzpNg\\"}"}\n:::\n\n', "\n::: pullquote\n",
    "\n:::\n\n", '\n::: {.tweet attrs="{\\"full_text\\":\\"x\\"}"}\n:::\n\n', "\n::: {.paywall-jump}\n:::\n\n",
    "\u0000",
    "\u202e", "👩‍👩‍👧 ", "日本語 ", "مرحبا ", "&amp; ",
    "<", "&#123;{ ",
    '<td class="nl-card">', "</div></td></table>", "<div>", "\\", "nlh0123456789abcdef01234 ",
)  # fmt: skip
_bodies = st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=8)), max_size=25).map(
    lambda pieces: "".join(pieces).replace("\r", "\n")  # bodies have LF line ends
)
_titles = st.one_of(
    st.just(""), st.sampled_from(["Title", 'A <b> & "c"', "{{ name }}", "日本語"]), st.text(max_size=20)
)


def a_post(body: str, title: str, *, merge: bool) -> Post:
    meta = Meta(title=title, merge=merge, subtitle=title[::-1])
    digest = hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
    return Post(path=Path("/nowhere/a.md"), source=b"", meta=meta, body=body, body_line=3, body_hash=digest)


@given(body=_bodies, title=_titles, merge=st.booleans())
@settings(max_examples=120)
def test_any_post_has_a_page(body: str, title: str, merge: bool) -> None:
    post = a_post(body, title, merge=merge)
    got = render(post, SITE)
    page = lxml_html.document_fromstring(got.html)
    assert [element.tag for element in page.iter("*") if element.get("class") == "post-body"] == ["div"]
    assert not list(page.iter("script", "iframe", "form", "object", "embed"))
    for element in page.iter("*"):
        for name, value in element.attrib.items():
            assert not str(name).startswith("on")
            assert not re.match(r"\s*(javascript|vbscript|data):", str(value), re.IGNORECASE)
    out = [slot for slot in got.slots if slot.names == ("unsubscribe_url",)]
    assert {slot.context for slot in out} == {Context.HREF, Context.TEXT}
    assert [link.text for link in page.iter("a") if link.get("href") == out[-1].token] == ["Unsubscribe"]
    for slot in got.slots:
        assert slot.token in got.html + got.text + got.subject
        assert re.fullmatch(r"nl[hrts][0-9a-f]{21}", slot.token)
    for problem in got.problems:
        assert problem.line is None or 1 <= problem.line <= body.count("\n") + 4
    assert freeze.load(freeze.dump(got)) == got


@given(before=_bodies, behind=_bodies)
@settings(max_examples=60)
def test_no_word_from_behind_the_wall_is_in_the_free_version(before: str, behind: str) -> None:
    wall = "\n\n::: {.paywall-jump}\n:::\n\n"
    secret = re.sub(r"word", "secretword", behind) + "\n\n## secretword heading\n\nsecretword\n"
    post = a_post(before.replace(":::", "") + wall + secret, "Title", merge=False)
    if not paywalled(post):  # the marker stood in code
        return
    free = render(post, SITE, Version.FREE)
    for part in (free.html, free.text, free.subject):
        assert "secretword" not in part
