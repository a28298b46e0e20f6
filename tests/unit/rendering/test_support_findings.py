"""Client support: the figures, the features that stand in CSS and in a post, and the notes made of both."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from docs.caniemail import compact
from newsletter_cli import assets
from newsletter_cli.problems import Problem, Severity
from newsletter_cli.rendering.dialect.convert import convert
from newsletter_cli.rendering.support import findings, styles
from newsletter_cli.rendering.support.table import LARGE, table


def notes(markdown: str) -> list[Problem]:
    return findings.of_post(convert(markdown, file="post.md", first_line=5).tree, file="post.md")


def test_the_figures_are_whole_and_say_of_when_they_are() -> None:
    figures = table()
    assert len(figures.features) > 290
    assert figures.as_of >= "2025-09-09"
    assert all(len(feature.marks) == len(figures.clients) for feature in figures.features.values())
    assert set("".join(feature.marks for feature in figures.features.values())) <= set("ynau-")
    assert set(LARGE) <= {family for family, _ in figures.clients}
    head = Path(findings.__file__).with_name("caniemail.tsv").read_text(encoding="utf-8")
    assert "MIT License" in head
    assert f"as of {figures.as_of}" in head


def test_the_programs_that_lack_a_feature_in_words() -> None:
    figures = table()
    assert figures.lacking("css-border-radius").startswith("Outlook (Windows, Windows Mail)")
    assert figures.lacking("css-variables").startswith("Gmail")
    assert figures.lacking("html-table") == ""
    assert figures.lacking("css-no-such-thing") == ""
    assert figures.lacking("html-code") == "", "only Orange lacks it: no finding"


@pytest.mark.parametrize(
    ("style", "slugs"),
    [
        ("border-radius: 4px", {"css-border-radius"}),
        ("border-top-left-radius: 4px", {"css-border-radius"}),
        ("border-left-color: red", {"css-border"}),
        ("margin-top: 2px; padding-left: 1rem", {"css-margin", "css-padding", "css-unit-rem"}),
        ("display: flex; flex-direction: column", {"css-display", "css-display-flex", "css-flex-direction"}),
        ("DISPLAY:GRID", {"css-display", "css-display-grid"}),
        ("color: var(--ink)", {"css-variables"}),
        ("--ink: #000", {"css-variables"}),
        ("background: linear-gradient(red, rgba(0, 0, 0, .5))", {"css-background", "css-linear-gradient", "css-rgba"}),
        ("width: calc(100% - 2vw)", {"css-width", "css-unit-calc", "css-unit-vw"}),
        ("-webkit-hyphens: auto", {"css-hyphens"}),
        ("made-up: 3px", set()),
        ("", set()),
    ],
)
def test_the_features_of_a_style(style: str, slugs: set[str]) -> None:
    assert {slug for slug, _ in styles.declared(style)} == slugs


def test_the_features_of_a_sheet_with_their_lines() -> None:
    css = "/* a\n comment: grid */\n@font-face { src: url(x) }\na:hover,\n b::before { gap: 2px }\n"
    assert sorted(styles.of_sheet(css), key=lambda one: one[1]) == [
        ("css-at-font-face", 3),
        ("css-pseudo-class-hover", 4),
        ("css-pseudo-element-before", 4),
        ("css-gap", 5),
    ]


def test_a_post_of_plain_markdown_makes_no_note() -> None:
    plain = "# H\n\n*a* **b** [c](https://a.example)\n\n> q\n\n1. l\n\n| a | b |\n|---|---|\n| c | d |\n\n"
    plain += "x[^1] ~~y~~ `z`\n\n![alt](https://a.example/p.png)\n\n[^1]: n\n"
    assert notes(plain) == []


def test_a_note_names_the_feature_the_programs_the_lines_and_when_it_was_tested() -> None:
    found = notes("Hi.\n\n<p style='border-radius: 3px'>a</p>\n\nb\n\n<p style='border-radius: 4px'>c</p>\n")
    assert len(found) == 1
    note = found[0]
    assert note.severity is Severity.NOTE
    assert (note.file, note.line, note.code) == ("post.md", 7, "client-support")
    assert note.text.startswith("border-radius: lacking in Outlook (Windows, Windows Mail)")
    assert note.hint == "also on line 11; caniemail tested it on 2021-03-09"


def test_a_style_that_does_not_travel_is_named() -> None:
    found = notes("<div style='display:flex; color:red; made-up: 1'>\n\na\n\n</div>\n")
    assert [(one.code, one.line) for one in found] == [("style-left-out", 5)] * 2
    assert found[0].text.startswith("the style display: flex is left out of the mail; it is lacking in Outlook")
    assert found[1].text == "the style made-up: 1 is left out of the mail"


@pytest.mark.parametrize(
    ("markdown", "said"),
    [
        ("<ruby>x<rt>y</rt></ruby>", "<ruby> element"),
        ("<mark>x</mark>", "HTML5 elements"),
        ("![x](https://a.example/x.webp?w=3)", "WebP pictures"),
        ("[up](#top-of-all)\n\n# Top of all", "jumping to a place"),
    ],
)
def test_elements_pictures_and_jumps(markdown: str, said: str) -> None:
    assert [one.text.startswith(said) for one in notes(markdown)] == [True]


def test_templates_are_measured_by_what_the_shipped_ones_do_not_use(tmp_path: Path) -> None:
    own = tmp_path / "email" / "_base"
    own.mkdir(parents=True)
    shipped = assets.templates()
    (own / "style.css").write_text((shipped / "email" / "_base" / "style.css").read_text(encoding="utf-8"))
    assert findings.of_templates(tmp_path, shipped) == []
    (own / "masthead.html").write_text("<p>\n<b style='display: grid'>x</b>\n<style>\n.a:hover { color: red }</style>")
    found = findings.of_templates(tmp_path, shipped)
    assert [(one.file, one.line) for one in found] == [(str(own / "masthead.html"), 4), (str(own / "masthead.html"), 2)]
    assert "display:grid" in found[1].text
    assert findings.of_templates(tmp_path / "none", shipped) == []


@given(st.text(alphabet="{}:;@a-#()%.\"'/* \n0", max_size=200))
def test_no_style_sheet_is_too_odd(css: str) -> None:
    for _, line in styles.of_sheet(css):
        assert 1 <= line <= css.count("\n") + 1
    list(styles.declared(css))


def test_the_table_is_made_of_the_package_s_figures() -> None:
    data = {
        "last_update_date": "2030-01-02 03:04:05",
        "nicenames": {"family": {"gmail": "Gmail"}, "platform": {"ios": "iOS", "android": "Android"}},
        "data": [
            {
                "slug": "css-x",
                "title": "x",
                "last_test_date": "2029-12-31",
                "stats": {"gmail": {"ios": {"1": "y", "2": "n #1"}, "android": {"1": "a #2"}}},
            },
            {"slug": "css-a", "title": "a", "stats": {"gmail": {"ios": {"1": "u"}}}},
        ],
    }
    lines = compact(data, version="9.9.9", licence="MIT License\n").splitlines()
    assert "# as of 2030-01-02, from the npm package caniemail 9.9.9." in lines
    assert lines[-3:] == ["clients\tgmail/android gmail/ios", "css-a\ta\t\t-u", "css-x\tx\t2029-12-31\tan"]
