from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.problems import Severity
from newsletter_cli.rendering import page
from newsletter_cli.rendering.theme import theme
from newsletter_cli.rendering.words import words

if TYPE_CHECKING:
    from newsletter_cli.problems import Problem

SHIPPED = Path(__file__).parents[3] / "templates"
PARTS = page.Parts(
    name="The <Letter>",
    title='A "title" & more',
    subtitle="Sub",
    date="April 5, 2023",
    preheader="Pre <b>",
    body="<p>Body</p>",
    body_text="Body <text> & more",
    language="en",
    direction="ltr",
    version="full",
    web_url="https://example.com/p/x?a=1&b=2",
    site_url="https://example.com/",
    upgrade_url="https://example.com/up",
    postal_address="1 Main St",
    unsubscribe_html="nlr1",
    unsubscribe_text="nlt1",
    words=words("en"),
    theme=theme({}, "en")[0],
)


def made(
    parts: page.Parts = PARTS, template: str = "classic", folders: tuple[Path, ...] = (SHIPPED,)
) -> tuple[str, str, list[Problem]]:
    templates, wrong = page.templates_of(template, folders)
    html, text = page.build(parts, templates)
    return html, text, [*wrong, *templates.problems]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "email" / "classic").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize("template", ["classic", "letter"])
def test_a_template_shows_every_part_escaped(template: str) -> None:
    html, text, problems = made(template=template)
    assert problems == []
    assert html.startswith("<!DOCTYPE html>")
    for said in ("A &#34;title&#34; &amp; more", "Pre &lt;b&gt;", "<p>Body</p>", "1 Main St", "April 5, 2023"):
        assert said in html
    assert 'href="nlr1"' in html
    assert "https://example.com/p/x?a=1&amp;b=2" in html
    assert html.count('class="post-body"') == 1
    before, behind = html.split('class="post-body"')
    assert "</h1>" in before
    assert "Unsubscribe" in behind
    assert "Body <text> & more" in text
    assert "Unsubscribe: nlt1" in text
    assert 'A "title" & more\n================\n' in text


def test_nothing_stands_where_there_is_nothing() -> None:
    bare = replace(PARTS, title="", subtitle="", date="", preheader="", web_url="", site_url="", postal_address="")
    html, text, problems = made(bare)
    assert problems == []
    assert "<h1" not in html.split("<body")[1]
    assert "View in browser" not in html + text
    assert 'href=""' not in html
    assert text.startswith("Body")


def test_the_free_version_says_how_to_get_the_rest() -> None:
    html, text, _ = made(replace(PARTS, version="free"))
    assert "https://example.com/up" in html
    assert "https://example.com/up" in text
    html, text, _ = made(replace(PARTS, version="free", upgrade_url=""))
    assert "Read it on the web" in html
    html, text, _ = made(replace(PARTS, version="free", upgrade_url="", web_url=""))
    assert "nl-button" not in html.split("<body")[1]
    assert "for paid subscribers" in text


def test_one_file_of_the_same_name_replaces_one_part(own: Path) -> None:
    (own / "email" / "classic" / "footer.html").write_text("<p>Mine {{ postal_address }}</p>")
    html, _, problems = made(folders=(own, SHIPPED))
    assert problems == []
    assert "<p>Mine 1 Main St</p>" in html
    assert "nl-foot-name" not in html.split("<body")[1]
    assert "</h1>" in html


def test_a_part_of_all_templates_is_replaced_in_base(own: Path) -> None:
    (own / "email" / "_base").mkdir()
    (own / "email" / "_base" / "footer.html").write_text("<p>Mine</p>")
    for template in ("classic", "letter"):
        assert "<p>Mine</p>" in made(template=template, folders=(own, SHIPPED))[0]


def test_a_part_may_build_on_the_shipped_one(own: Path) -> None:
    (own / "email" / "classic" / "style.css").write_text('{% include "_base/style.css" %}\n.mine { color: #123456 }')
    (own / "email" / "classic" / "footer.html").write_text('{% include "_base/footer.html" %}<p>And mine</p>')
    html, _, problems = made(folders=(own, SHIPPED))
    assert problems == []
    assert ".mine" in html
    assert "nl-foot-name" in html
    assert "And mine" in html


def test_a_template_of_ones_own_needs_one_file(own: Path) -> None:
    (own / "email" / "mine").mkdir()
    (own / "email" / "mine" / "masthead.html").write_text("<p>Top</p>")
    html, _, problems = made(template="mine", folders=(own, SHIPPED))
    assert problems == []
    assert "<p>Top</p>" in html


def test_a_changed_file_is_read_again(own: Path) -> None:
    import os

    footer = own / "email" / "classic" / "footer.html"
    footer.write_text("<p>One</p>")
    assert "One" in made(folders=(own, SHIPPED))[0]
    footer.write_text("<p>Two</p>")
    os.utime(footer, (1, 1))
    assert "Two" in made(folders=(own, SHIPPED))[0]


@pytest.mark.parametrize("name", ["clasic", "_base", "..", "", ".", "a/b"])
def test_an_unknown_template_is_an_error_that_names_the_known(name: str) -> None:
    html, _, problems = made(template=name)
    (problem,) = problems
    assert problem.severity is Severity.ERROR
    assert problem.code == "template-unknown"
    assert "classic" in problem.hint
    assert "Body" in html


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("<p>\n{{ nonesuch }}", 2, "'nonesuch' is undefined"),
        ("<p>\n\n{% if %}", 3, "cannot be read"),
        ("{% include 'gone.html' %}", 1, "gone.html"),
        ("x\n{{ 1 / 0 }}", 2, "division by zero"),
        ("{{ ''.__class__.__mro__ }}", 1, "unsafe"),
        ("{{ words.__init__.__globals__ }}", 1, "unsafe"),
        ("{% include '../../../../../etc/hostname' %}", 1, "etc/hostname"),
        ("{{ range(999999999) | list }}", 1, "too big"),
        ("{% include '/etc/hostname' %}", 1, "etc/hostname"),
        ("{{ words.clear() }}", 1, "not safely callable|unsafe|no attribute"),
    ],
)
def test_a_broken_template_is_an_error_with_file_and_line_and_the_shipped_one_stands_in(
    own: Path, source: str, line: int, said: str
) -> None:
    import re

    footer = own / "email" / "classic" / "footer.html"
    footer.write_text(source)
    html, text, problems = made(folders=(own, SHIPPED))
    (problem,) = problems
    assert problem.severity is Severity.ERROR
    assert (problem.file, problem.line) == (str(footer), line)
    assert re.search(said, problem.text)
    assert "nl-foot-name" in html
    assert "Body" in text


def test_a_file_that_is_no_text_is_an_error(own: Path) -> None:
    (own / "email" / "classic" / "footer.html").write_bytes(b"\xff\xfe\x00\xff")
    html, _, problems = made(folders=(own, SHIPPED))
    assert [problem.code for problem in problems] == ["template-broken"]
    assert "Body" in html


def test_folders_that_are_not_there_are_no_problem(tmp_path: Path) -> None:
    assert made(folders=(tmp_path / "none", SHIPPED))[2] == []


def test_quotes_of_outlooks_own_style_block_are_quotes() -> None:
    block = made()[0].partition("<!--[if mso]>")[2].partition("<![endif]-->")[0]
    assert "h6 a { font-family: 'Segoe UI', Arial, sans-serif !important; }" in block
    assert "&" not in block


def test_a_button_has_its_space_in_outlook_too() -> None:
    style = (SHIPPED / "email" / "_base" / "style.css").read_text(encoding="utf-8")
    rules = {line.partition(" {")[0]: line for line in style.splitlines()}
    space = rules[".nl-button .nl-button-link"].partition(" padding: ")[2].partition(";")[0]
    assert f"mso-padding-alt: {space};" in rules[".nl-button-cell"]


def test_every_dark_rule_is_said_for_outlook_too() -> None:
    html, _, _ = made()
    dark = html.split("@media (prefers-color-scheme: dark) {")[1].split("</style>")[0]
    rules = [line.strip() for line in dark.splitlines() if line.strip().startswith(".")]
    assert len(rules) > 15
    for rule in rules:
        first = rule.split(",")[0].split("{")[0].strip()
        assert f"[data-ogsc] {first}" in html
        assert rule.count(":") == rule.count("!important")


def test_style_blocks_stay_under_what_gmail_reads() -> None:
    html, _, _ = made()
    for block in html.split("<style")[1:-1]:
        assert len(block.split("</style>")[0]) < 8192


def test_the_padding_behind_the_preheader_is_no_text() -> None:
    html, _, _ = made()
    assert "Pre &lt;b&gt;\u034f\u200c\u00a0" in html


def test_right_to_left_turns_sides() -> None:
    html, _, _ = made(replace(PARTS, language="ar", direction="rtl"))
    assert '<html lang="ar" dir="rtl"' in html
    assert "padding-right: 28px" in html
    assert "border-right: 3px" in html
    assert "padding-left: 28px" not in html


def test_the_shipped_folder_may_be_copied_whole(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "templates")
    assert made(folders=(tmp_path / "templates", SHIPPED))[2] == []


def test_a_broken_card_is_an_error_and_the_shipped_one_stands_in(own: Path) -> None:
    (own / "email" / "classic" / "embeds").mkdir()
    card = own / "email" / "classic" / "embeds" / "button.html"
    card.write_text("<p>\n{{ nonesuch }}</p>")
    templates, _ = page.templates_of("classic", (own, SHIPPED))
    got = templates.render("embeds/button.html", {"url": "https://e.org/", "text": "Go", "preamble": ""})
    assert "nl-button" in got
    assert [(problem.file, problem.line) for problem in templates.problems] == [(str(card), 2)]


def test_without_folders_there_are_the_shipped_ones() -> None:
    assert made(folders=())[2] == []


def test_long_titles_and_addresses_are_wrapped_in_the_text_part() -> None:
    long = "A long title that does not fit a line of the text part, since it goes on and on and on, and on"
    _, text, _ = made(replace(PARTS, title=long, subtitle=long, postal_address=long, name=long))
    assert max(map(len, text.splitlines())) <= 78
    assert "=" * 70 in text
    _, text, _ = made(replace(PARTS, title="日本語"))
    assert "日本語\n======\n" in text
