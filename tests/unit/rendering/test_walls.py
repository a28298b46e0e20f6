"""Paywall markers of every program: understood, or an error; never a whole letter to everybody in silence."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from newsletter_cli.post.model import Meta, Post
from newsletter_cli.problems import errors
from newsletter_cli.rendering import walls
from newsletter_cli.rendering.model import Site, Version
from newsletter_cli.rendering.render import paywalled, render
from tests.growth import assert_linear

if TYPE_CHECKING:
    from newsletter_cli.problems import Problem

SITE = Site(name="The Letter", template_folders=(Path(__file__).parents[3] / "templates",))


def a_post(body: str) -> Post:
    source = body.encode()
    return Post(
        path=Path("a.md"),
        source=source,
        meta=Meta(title="T"),
        body=body,
        body_line=8,
        body_hash=hashlib.sha256(source).hexdigest(),
    )


def wrong(body: str) -> list[Problem]:
    found = [
        problem
        for version in Version
        for problem in errors(render(a_post(body), SITE, version).problems)
        if problem.code == "paywall-unknown"
    ]
    assert len(found) % 2 == 0
    return found[: len(found) // 2]


MARKERS = [
    "<!--members-only-->",
    "<!-- members-only -->",
    "<!--kg-paywall-->",
    "<!-- paywall -->",
    "<!--\npaywall\n-->",
    "<!-- PAYWALL -->",
]


@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize(
    "letter",
    [
        "Open.\n\n{}\n\nHidden.\n",
        "Open.\n{}\nHidden.\n",
        "Open. {} Hidden.\n\nHidden.\n",
        "Open.\n\n{}Hidden.\n",
        "- Open.\n\n  {}\n\n- Hidden.\n",
        "> Open.\n> {}\n> Hidden.\n",
        "<div>\n\nOpen.\n\n{}\n\nHidden.\n\n</div>\n\nHidden.\n",
        "<p>Open.</p>{}<p>Hidden.</p>\n",
        "Open[^1].\n\n{}\n\nHidden.\n\n[^1]: Hidden.\n",
    ],
)
def test_a_comment_that_is_a_marker_parts_the_letter(marker: str, letter: str) -> None:
    if letter.startswith((">", "-")) and "\n" in marker:
        return
    body = letter.format(marker)
    assert paywalled(a_post(body))
    free, full = (render(a_post(body), SITE, version) for version in (Version.FREE, Version.FULL))
    for said in (free.html, free.text):
        assert "Open" in said
        assert "Hidden" not in said
    assert full.text.count("Hidden") == letter.count("Hidden")
    assert "paywall-" not in full.html
    assert not errors(full.problems)
    assert wrong(body) == []


UNKNOWN = [
    "<!-- members only -->",
    "<!-- /paywall -->",
    "<!-- end paywall -->",
    "<!-- paywall-start -->",
    "<!--subscribers-only-->",
    "<!-- premium-only -->",
    "<!-- paid subscribers only -->",
    "<!-- for paid members only -->",
    "<!-- wp:jetpack/paywall -->",
    '<!-- wp:premium-content/container {"a":1} -->',
    "<!--kg-card-begin: paywall-->",
    "{{< paywall >}}",
    "{{<paywall>}}",
    '{{< paywall level="2" >}}',
    "{{% members-only %}}",
    "{{ paywall }}",
    "{% paywall %}",
    "{%- endpaywall -%}",
    "{% if subscriber.is_premium %}",
    "::paywall",
    "::paywall{level=2}",
    ":paywall",
    "[paywall]",
    "[members_only]",
    "[/paywall]",
    "%%paywall%%",
    "---- paywall ----",
    "<paywall>",
    "<members-only>",
    "::: members-only\nHidden.\n:::",
    "::: {.premium-content}\nHidden.\n:::",
    '<div class="subscribers-only">\n\nHidden.\n\n</div>',
    '<section class="box paywalled">Hidden.</section>',
    "[Hidden.]{.members-only}",
]


@pytest.mark.parametrize("mark", UNKNOWN)
def test_what_looks_like_a_marker_is_an_error_with_its_line(mark: str) -> None:
    found = wrong(f"Open.\n\n{mark}\n\nHidden.\n")
    assert [(problem.file, problem.line) for problem in found] == [("a.md", 10)], found
    assert "looks like a paywall" in found[0].text


@pytest.mark.parametrize("mark", UNKNOWN[:17])
def test_it_is_seen_in_the_middle_of_a_paragraph_too(mark: str) -> None:
    assert len(wrong(f"Open.\nMore {mark} hidden.\n")) == 1


def test_a_mark_on_a_line_of_a_paragraph_is_seen_with_its_line() -> None:
    (found,) = wrong("Open.\n::paywall\nHidden.\n")
    assert found.line == 9


@pytest.mark.parametrize("mark", [*MARKERS, *UNKNOWN])
@pytest.mark.parametrize("letter", ["```\n{}\n```\n", "a `{}` b\n", "    {}\n"])
def test_code_marks_nothing(mark: str, letter: str) -> None:
    if "\n" in mark:
        return
    body = f"Open.\n\n{letter.format(mark)}"
    assert wrong(body) == []
    assert not paywalled(a_post(body))


@pytest.mark.parametrize(
    "text",
    [
        "The paywall is a wall.",
        "Members only: the meeting is at nine.",
        "# Members only",
        "## The paywall",
        "<!-- more -->",
        "<!-- TODO write about who pays -->",
        "[paywalls](https://example.com/paywall)",
        "A [paywall] that stands in a text.",
        "{{ first_name }} {% raw %} {{< youtube abc >}}",
        "::: note\nThis is for members only.\n:::",
        ":smile:",
        "---",
        '<div class="contents members">x</div>',
    ],
)
def test_words_of_a_letter_are_no_marks(text: str) -> None:
    assert wrong(f"Open.\n\n{text}\n\nMore.\n") == []
    assert not paywalled(a_post(text))


PIECES = ["paywall", "members", "only", "premium", "content", "start", "end", "-", " ", ":", "/", "{", "x"]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_a_comment_never_leaks(said: str) -> None:
    """Whatever a comment says: it parts the letter, it is an error, or it is no marker by its words."""
    if "--" in said:
        return
    body = f"Open.\n\n<!--{said}-->\n\nHidden.\n"
    if walls.parts(said):
        assert "Hidden" not in render(a_post(body), SITE, Version.FREE).html
    else:
        assert bool(wrong(body)) is walls.like(said)


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    walls.like(text)
    assert walls.written(text) in text
    element = walls.comment(text, 3, "data-line")
    assert not element or re.fullmatch(r'<span class="[\w-]+" data-line="3" title="[\w ]*"></span>', element)


@pytest.mark.parametrize("text", ["{{<", "{%", "[", "--a", "-", ":::", "paywall", "begin", "memberssubscribers"])
def test_judging_takes_linear_time(text: str) -> None:
    assert_linear(lambda size: walls.written(text * size), 20_000)
