from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from newsletter_cli.post.model import Due, Meta, Post
from newsletter_cli.problems import Severity, errors
from newsletter_cli.rendering.model import Context, Site, Version
from newsletter_cli.rendering.render import paywalled, render
from tests.growth import assert_linear

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


@pytest.mark.parametrize(
    "text", ["{{ 7*7 }}", "{{ name() }}", "{% if x %}", "{{ ''.__class__ }}", "{{", "{{ name | upper }}"]
)
def test_with_merge_on_all_but_fields_is_refused_at_once(text: str) -> None:
    got = shown(f"One.\n\nTwo `{text}`.\n", merge=True, title=f"T {text}", lines={"title": 2})
    wrong = errors(got.problems)
    assert {problem.line for problem in wrong} == {2, 10}
    assert "49" not in got.html


def test_a_field_in_the_address_of_an_image_is_refused_since_it_would_tell_who_reads() -> None:
    got = shown("![x](https://e.org/{{ email }}.png)\n", merge=True)
    assert [(problem.code, problem.line) for problem in errors(got.problems)] == [("merge-place", 8)]
    assert all(slot.names == ("unsubscribe_url",) for slot in got.slots)


def test_fields_in_title_subtitle_and_preheader_are_filled() -> None:
    got = shown(
        "# Dear {{ name }}\n\n[me](#dear)\n", merge=True, title="For {{ name }}", subtitle="{{ city or 'you' }}, hi"
    )
    html = {slot.names for slot in got.slots if slot.context is Context.HTML}
    assert html == {("name",), ("city",)}
    assert "{{" not in got.html + got.text + got.subject


def test_a_field_may_be_a_whole_link() -> None:
    got = shown("[go]({{ link }})\n", merge=True)
    (slot,) = (slot for slot in got.slots if slot.names == ("link",) and slot.context is Context.HREF)
    assert f'href="{slot.token}"' in got.html


def test_a_post_that_names_fields_without_merge_is_told_so() -> None:
    got = shown("Dear {{ first_name }},\n")
    assert [(problem.severity, problem.code) for problem in got.problems] == [(Severity.NOTE, "merge-off")]


def test_the_authors_text_part_wins_and_keeps_the_way_out() -> None:
    got = render(a_post("One.\n", text="My own words for {{ name }}.\n", merge=True), SITE)
    assert "My own words for nlt" in got.text
    assert "One." not in got.text
    assert "Unsubscribe: nlt" in got.text


def test_a_mistake_in_the_text_part_names_that_file() -> None:
    got = render(a_post("One.\n", text="a\n{{ 1 }}", merge=True), SITE)
    (problem,) = errors(got.problems)
    assert problem.place == "posts/2023-04-05-hello.txt:2"


@pytest.mark.parametrize(
    ("meta", "site", "url"),
    [
        ({"url": "https://other.org/x"}, {}, "https://other.org/x"),
        ({"url": "/p/own"}, {}, "https://example.com/p/own"),
        ({"slug": "a b/c"}, {}, "https://example.com/p/a%20b%2Fc"),
        ({}, {"post_url": ""}, ""),
        ({}, {"post_url": "p/{slug}"}, ""),
        ({"url": "javascript:x"}, {}, "https://example.com/p/hello"),
    ],
)
def test_where_a_post_stands_on_the_web(meta: dict[str, Any], site: dict[str, Any], url: str) -> None:
    got = render(a_post("One.\n", **meta), replace(SITE, **site))
    assert ("View in browser" in got.html) is bool(url)
    assert f'href="{url}"' in got.html or not url
    assert [problem.code for problem in got.problems] == (["url-relative"] if "javascript" in str(meta) else [])


def test_a_title_that_the_body_repeats_stands_once() -> None:
    got = shown("# Hello\n\nOne.\n")
    assert got.html.count("Hello</") == 2  # the document's title and the heading
    assert got.html.count("<h1") == 1


def test_headings_of_the_body_stand_under_the_title() -> None:
    got = shown("# One\n\n## Two\n")
    assert "One</h2>" in got.html
    assert "Two</h3>" in got.html


def test_a_post_without_a_title_or_a_date_or_a_word() -> None:
    got = render(a_post("", title="", subtitle="", due=None), replace(SITE, post_url="", postal_address="", name=""))
    assert "<h1" not in got.html.split("<body")[1]
    assert not errors(got.problems)
    assert "Unsubscribe" in got.text


def test_the_inbox_line_is_the_subtitle_or_the_first_words() -> None:
    def line(body: str, **meta: str) -> str:
        return shown(body, **meta).html.split('aria-hidden="true"')[1].split(">", 1)[1].split("\u034f")[0]

    assert line("One.\n", preview_text="Look") == "Look"
    assert line("One.\n") == "A subtitle"
    assert line("![x](https://e.org/x.png)\n\nFirst *words*.\n", subtitle="") == "First words."
    assert line("word " * 100, subtitle="").endswith(" …")


def test_notes_of_the_free_part_that_stand_behind_the_wall_are_named() -> None:
    body = (
        "Open[1](#footnote-1){#footnote-anchor-1 .footnote-anchor}.\n" + WALL + "Paid.\n\n:::: footnote\n"
        "[1](#footnote-anchor-1){#footnote-1 .footnote-number}\n\n::: footnote-content\nA note.\n:::\n::::\n"
    )
    free = render(a_post(body), SITE, Version.FREE)
    assert "note" not in free.text.split("--------")[0]
    assert [problem.code for problem in free.problems] == ["paywall-footnotes"]
    assert free.problems[0].line == 11


def test_the_free_version_of_an_open_post_asks_for_nothing() -> None:
    free = render(a_post("One.\n"), SITE, Version.FREE)
    assert "paid" not in free.html.split("<body")[1]


@pytest.mark.parametrize("source", ['<img src="/etc/hostname">', "![x](/etc/hostname)", "![x](../../../etc/hostname)"])
def test_no_file_outside_the_posts_folder_is_read(source: str, tmp_path: Path) -> None:
    got = render(a_post(source, path=tmp_path / "a.md"), replace(SITE, site_url=""))
    assert got.images == ()
    assert [problem.code for problem in errors(got.problems)] in (["image-missing"], ["image"])


def test_styles_of_a_post_never_reach_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    cssutils: Any = import_module("cssutils")
    shown("x")  # the style sheet is parsed once
    monkeypatch.setattr(cssutils, "parseStyle", None)
    got = shown('<p style="color: #ff0000; zoom: 2">x</p>\n')
    assert "color:#ff0000" in got.html
    assert "zoom" not in got.html


def test_names_of_ours_cannot_be_taken_by_a_post() -> None:
    got = shown('<p class="nl-foot post-body nl-mark">x</p>\n\n<img class="nl-mark" src="template:play.png" alt="x">\n')
    assert got.html.count('class="post-body"') == 1
    assert got.images == ()
    assert got.problems


def test_a_video_ships_the_play_mark_with_the_mail() -> None:
    got = shown('::: {.youtube-wrap attrs="{\\"videoId\\":\\"M2AcMnfzpNg\\"}" component-name="Youtube2ToDOM"}\n:::\n')
    (mark,) = got.images
    assert f'src="cid:{mark.cid}"' in got.html
    linked = render(
        a_post('::: {.youtube-wrap attrs="{\\"videoId\\":\\"M2AcMnfzpNg\\"}"}\n:::\n'),
        replace(SITE, images_mode="link", images_base_url="https://cdn.example.com"),
    )
    assert linked.images == got.images


@pytest.mark.parametrize(("language", "said"), [("de", "Abmelden"), ("ar", 'dir="rtl"'), ("ja", "Hiragino Sans")])
def test_a_mail_speaks_the_language_of_its_post(language: str, said: str) -> None:
    assert said in shown("x", language=language).html


def test_an_unknown_template_is_an_error_and_there_is_a_page_all_the_same() -> None:
    got = render(a_post("One.\n"), replace(SITE, template="clasic"))
    (problem,) = errors(got.problems)
    assert "did you mean 'classic'?" in problem.hint
    assert "One." in got.html


@pytest.mark.parametrize(
    "piece",
    [
        "[](https://e.org/) ",
        "[](https://e.org/)\n\n",
        "[x](y) ",
        "![a](https://e.org/x.png) ",
        "![a](gone.png) ",
        "{{ name }} ",
        '<b style="color:red">x</b> ',
        "[x](#y) ",
        "\n::: pullquote\nx\n:::\n",
        "\n```python\nx=1\n```\n",
    ],
)
def test_many_of_anything_take_linear_time(piece: str) -> None:
    assert_linear(lambda count: shown(piece * count, merge=True), 800)
