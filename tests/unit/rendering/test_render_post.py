from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from newsletter_cli.post.model import Due, Meta, Post
from newsletter_cli.problems import Severity, errors
from newsletter_cli.rendering.model import Context, Site, Version
from newsletter_cli.rendering.render import paywalled, render

if TYPE_CHECKING:
    from newsletter_cli.rendering.model import Rendered

TEMPLATES = Path(__file__).parents[3] / "templates"
SITE = Site(
    name="The Letter",
    site_url="https://example.com/",
    post_url="https://example.com/p/{slug}",
    upgrade_url="https://example.com/upgrade",
    postal_address="1 Main St, 12345 Town",
    template_folders=(TEMPLATES,),
)
WALL = '\n\n::: {.paywall-jump component-name="PaywallToDOM"}\n:::\n\n'


def a_post(body: str, *, path: Path = Path("posts/2023-04-05-hello.md"), text: str | None = None, **meta: Any) -> Post:
    keys: dict[str, Any] = {"title": "Hello", "subtitle": "A subtitle", "due": Due(date(2023, 4, 5), None, "UTC")}
    digest = hashlib.sha256(body.encode()).hexdigest()
    return Post(
        path=path,
        source=body.encode(),
        meta=Meta(**(keys | meta)),
        body=body,
        body_line=8,
        body_hash=digest,
        text_part=text,
    )


def shown(body: str, **meta: Any) -> Rendered:
    return render(a_post(body, **meta), SITE)


def test_a_post_becomes_a_page_and_a_text_with_one_way_out() -> None:
    got = shown("One *two* three.\n")
    assert "One <em>two</em> three." in got.html
    assert got.html.index("Hello</h1>") < got.html.index('class="post-body"')
    assert "A subtitle" in got.html
    assert "April 5, 2023" in got.html
    assert "1 Main St, 12345 Town" in got.html
    assert "https://example.com/p/hello" in got.html
    out = {slot.context: slot for slot in got.slots if slot.names == ("unsubscribe_url",)}
    assert set(out) == {Context.HREF, Context.TEXT}
    assert f'href="{out[Context.HREF].token}"' in got.html
    assert out[Context.TEXT].token in got.text
    assert "One *two* three." in got.text
    assert not errors(got.problems)


def test_the_same_post_gives_the_same_bytes() -> None:
    assert shown("One.\n") == shown("One.\n")


def test_free_readers_get_no_word_from_behind_the_wall() -> None:
    post = a_post(f"Open words.{WALL}# Hidden heading\n\nSecret words.\n", text="Secret words in the text part.")
    assert paywalled(post)
    free, full = render(post, SITE, Version.FREE), render(post, SITE)
    for part in (free.html, free.text, free.subject):
        assert "Secret" not in part
        assert "Hidden" not in part
    assert "Open words" in free.html
    assert "Open words" in free.text
    assert "https://example.com/upgrade" in free.html
    assert "https://example.com/upgrade" in free.text
    assert "Secret" in full.html
    assert "Secret words in the text part." in full.text
    assert "https://example.com/upgrade" not in full.html


def test_a_post_without_a_marker_is_not_paywalled() -> None:
    assert not paywalled(a_post("About paywalls.\n"))
    assert not paywalled(a_post("No word of it.\n"))


@pytest.mark.parametrize("text", ["{{ 7*7 }}", "{% for x in y %}", "{{ config }}", "{# remark #}"])
def test_template_code_in_a_post_stays_text(text: str) -> None:
    got = shown(f"Look: `{text}` and {text}\n")
    assert got.html.count(text) >= 1
    assert "49" not in got.html
    assert all(problem.severity is not Severity.ERROR for problem in got.problems)


def test_merge_fields_become_slots_by_the_place_where_they_land() -> None:
    body = 'Dear {{ name or "friend" }}, [go](https://example.com/?n={{ first_name }}).\n'
    got = shown(body, merge=True, subject="For {{ first_name | default('you') }}")
    named = {(slot.context, slot.names, slot.fallback, slot.line) for slot in got.slots if slot.line or slot.fallback}
    assert (Context.HTML, ("name",), "friend", 8) in named
    assert (Context.TEXT, ("name",), "friend", 8) in named
    assert (Context.HREF, ("first_name",), None, 8) in named
    assert (Context.SUBJECT, ("first_name",), "you", None) in named
    assert "{{" not in got.html + got.text + got.subject
    for slot in got.slots:
        assert slot.token in got.html + got.text + got.subject
