"""Each widget's source in tests/golden/embeds, and the card and the problems that it gives.

NEWSLETTER_GOLDEN=write in the environment writes what is given now; read the difference before you commit it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from lxml import html

from newsletter_cli.problems import Severity
from newsletter_cli.rendering import embeds, hollow, images, outline, page, text
from newsletter_cli.rendering.dialect.convert import convert
from newsletter_cli.rendering.embeds.widget import Context, duration, read_data, shortened, shown_day
from newsletter_cli.rendering.model import Site
from newsletter_cli.rendering.nodes import inner_html
from newsletter_cli.rendering.words import words

ROOT = Path(__file__).parents[3]
CASES = sorted((ROOT / "tests" / "golden" / "embeds").glob("*.md"))
TEMPLATES, _ = page.templates_of("classic", (ROOT / "templates",))
CONTEXT = Context(web_url="https://example.com/p/post", language="en", words=words("en"))
NOWHERE = Context(web_url="", language="en", words=words("en"))


def built(source: str, context: Context = CONTEXT) -> tuple[html.HtmlElement, list[str]]:
    tree = convert(source, file="a.md").tree
    outline.own_classes(tree)
    problems = embeds.build(tree, TEMPLATES, context, file="a.md")
    assert all(problem.severity is Severity.NOTE for problem in problems)
    problems += hollow.fill(tree, file="a.md")
    problems += images.place(tree, ROOT, Site(name="x"), file="a.md").problems
    return tree, [f"{problem.severity}: {problem}" for problem in problems]


def shown(source: str, context: Context = CONTEXT) -> str:
    tree, problems = built(source, context)
    outline.tidy(tree)
    return f"{inner_html(tree).strip()}\n\n==== problems ====\n" + "".join(f"{problem}\n" for problem in problems)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_widget_becomes_what_a_mail_can_show(case: Path) -> None:
    got = shown(case.read_text(encoding="utf-8"))
    wanted = case.with_suffix(".out")
    if os.environ.get("NEWSLETTER_GOLDEN") == "write":
        wanted.write_text(got, encoding="utf-8")
    assert got == wanted.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_nothing_of_the_platforms_machinery_is_left(case: Path) -> None:
    got = shown(case.read_text(encoding="utf-8"))
    for left in (":::", "{.", "data-", "ToDOM", "An error occurred", "Unable to execute", "svg+xml", "<b>"):
        assert left not in got.split("==== problems")[0], left


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_text_part_says_every_word_of_a_card_once(case: Path) -> None:
    tree, _ = built(case.read_text(encoding="utf-8"))
    written = text.to_text(outline.for_text(tree), width=10_000)
    for silent in [element for element in tree.iter("*") if element.get("data-text") == ""]:
        silent.clear()
    links = {link.get("href") for link in tree.iter("a") if link.get("href")}
    for link in links:
        assert written.count(str(link)) >= 1, link
    said = re.sub(r"[\W_]+", " ", written)
    for word in re.findall(r"[^\W_]{3,}", " ".join(tree.itertext())):
        assert word in said, word
    if any(table.get("class") == "nl-card" for table in tree.iter("table")):
        assert "> " in written


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_without_a_page_on_the_web_nothing_leads_to_one(case: Path) -> None:
    got = shown(case.read_text(encoding="utf-8"), NOWHERE)
    assert "example.com/p/post" not in got
    assert 'href=""' not in got


@pytest.mark.parametrize(
    "name", ["youtube_nothing", "native_video", "native_audio", "poll", "unknown_empty", "digest_post_broken"]
)
def test_what_has_nothing_to_show_is_named(name: str) -> None:
    tree, problems = built((ROOT / "tests" / "golden" / "embeds" / f"{name}.md").read_text(), NOWHERE)
    assert tree.text_content().strip() == ""
    assert problems
    assert problems[0].startswith("note: a.md:1: ")
    assert "left out" in problems[0]


def test_every_builder_survives_a_widget_without_anything() -> None:
    for name in embeds.BUILDERS:
        for context in (CONTEXT, NOWHERE):
            for tag in ("div", "span", "a", "p"):
                for data in ("{}", '{"url":5,"title":[],"photos":{},"gallery":[],"options":3}', "[", ""):
                    tree = html.fragment_fromstring(f"<div><{tag} class=\"{name}\" data-attrs='{data}'></{tag}></div>")
                    embeds.build(tree, TEMPLATES, context, file="a.md")


def test_a_widget_inside_a_card_is_built_too() -> None:
    inner = '<div class="pullquote"><p>x</p></div>'
    tree = html.fragment_fromstring(f'<div><div class="callout-block">{inner}</div></div>')
    embeds.build(tree, TEMPLATES, CONTEXT, file="a.md")
    assert "nl-pull" in inner_html(tree)


def test_what_stands_behind_a_widget_stays() -> None:
    tree = html.fragment_fromstring(
        '<div>a<div class="poll-embed"></div>b<div class="subscription-widget"></div>c</div>'
    )
    embeds.build(tree, TEMPLATES, CONTEXT, file="a.md")
    assert tree.text.startswith("a")
    assert tree.text_content().endswith("bc")


def test_data_of_a_widget_cannot_become_markup() -> None:
    evil = (
        '{"url":"https://e.org/\\"><script>x</script>","full_text":"<script>x</script>",'
        '"name":"<img src=x>","username":"\\"><b>"}'
    )
    tree = html.fragment_fromstring("<div><div class='tweet'></div></div>")
    tree[0].set("data-attrs", evil)
    embeds.build(tree, TEMPLATES, CONTEXT, file="a.md")
    assert not list(tree.iter("script", "b"))
    assert [image.get("src") for image in tree.iter("img")] == []


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//e.org", "e.org"])
def test_only_web_addresses_are_taken_from_data(url: str) -> None:
    tree = html.fragment_fromstring("<div><div class='digest-post-embed'></div></div>")
    tree[0].set("data-attrs", f'{{"title":"T","canonical_url":"{url}"}}')
    embeds.build(tree, TEMPLATES, NOWHERE, file="a.md")
    assert url not in inner_html(tree)


@pytest.mark.parametrize(
    ("said", "data"),
    [
        ('{"a": 1}', {"a": 1}),
        (r'{"a": "\mathcal"}', {"a": r"\mathcal"}),
        (r'{"a": "\u12"}', {"a": r"\u12"}),
        ('{"a": "x\ny"}', {"a": "x\ny"}),
        ("[1]", {}),
        ('{"no', {}),
        ("", {}),
        (None, {}),
        ("[" * 100_000, {}),
    ],
)
def test_data_that_is_no_json_is_none(said: str | None, data: dict[str, object]) -> None:
    assert read_data(said) == data


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("Sat Jan 30 16:06:11 +0000 2021", "January 30, 2021"),
        ("2023-08-08T13:40:07.841Z", "August 8, 2023"),
        ("2023-08-08", "August 8, 2023"),
        ("Sat Foo 30 16:06:11 +0000 2021", ""),
        ("Sat Feb 31 16:06:11 +0000 2021", ""),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_dates_of_widgets(said: str, day: str) -> None:
    assert shown_day(said, "en") == day


def card(name: str, data: str, inside: str = "") -> str:
    tree = html.fragment_fromstring(f"<div><div class='{name}'>{inside}</div></div>")
    tree[0].set("data-attrs", data)
    embeds.build(tree, TEMPLATES, CONTEXT, file="a.md")
    return inner_html(tree)


def test_a_tweet_that_quotes_another_without_data() -> None:
    got = card(
        "tweet",
        '{"url":"https://x.com/a/status/1","full_text":"Look https://t.co/x","photos":[{"alt_text":1},{"url":"https://e.org/p"}]}',
        '<div class="quote-tweet"><span class="tweet-author-name">B</span>'
        '<span class="tweet-author-handle">@b</span><p class="tweet-text">Quoted</p></div>',
    )
    assert "Quoted" in got
    assert "@b" in got
    assert "t.co" not in got
    assert 'src="https://e.org/p"' in got
    assert "Quoted" not in card("tweet", '{"full_text":"Look"}', '<div class="quote-tweet"></div>')


def test_many_authors_are_not_all_named() -> None:
    people = ",".join(f'{{"name":"N{number}"}}' for number in range(5))
    data = f'{{"title":"T","canonical_url":"https://e.org/","publishedBylines":[{people}]}}'
    assert "N0, N1, …" in card("digest-post-embed", data)


@pytest.mark.parametrize(
    ("name", "data", "shown_there"),
    [
        ("embedded-publication-wrap", "{}", "https://example.com/p/post"),
        ("comment-embed", "{}", "https://example.com/p/post"),
        ("installment", '{"title":"T"}', "https://example.com/p/post"),
        ("datawrapper-wrap", "{}", "https://example.com/p/post"),
        ("tiktok-wrap", "{}", "https://example.com/p/post"),
        ("recipe", '{"ingredients":"1 onion\\n2 carrots"}', "<li>2 carrots</li>"),
        ("recipe", '{"title":"T"}', "https://example.com/p/post"),
        ("image-gallery", "{}", "https://example.com/p/post"),
        ("mention-wrap", "{}", ""),
        ("cashtag-wrap", "{}", ""),
        ("comments-button", '{"url":"https://e.org/c","text":"Talk"}', "Talk"),
        ("comments-button", "{}", "Leave a comment"),
        ("share-widget", "{}", ""),
        ("install-substack-app-embed", '{"img":"x"}', ""),
        ("soundcloud-wrap", '{"embed_url":"https://w.soundcloud.com/x"}', "Listen on SoundCloud"),
        ("vimeo-wrap", '{"videoId":76979871}', "https://vimeo.com/76979871"),
        ("button-wrapper", '{"url":"%%checkout_url%%","text":"Upgrade"}', ""),
        ("native-video-embed", '{"duration":true,"url":"https://e.org/v.mp4"}', "https://e.org/v.mp4"),
    ],
)
def test_other_shapes_of_widgets(name: str, data: str, shown_there: str) -> None:
    got = card(name, data)
    assert shown_there in got if shown_there else got.strip() == ""


def test_small_words() -> None:
    assert [duration(s) for s in (0, -1, 5, 331.7, 3731)] == ["", "", "0:05", "5:32", "1:02:11"]
    assert shortened("a  b\nc") == "a b c"
    assert shortened("one two three", 8) == "one two …"
    assert shortened("x" * 20, 8) == "xxxxxxxx …"
