"""The text part: every block as a reader of plain text expects it."""

from __future__ import annotations

from textwrap import dedent

import pytest
from lxml import html

from newsletter_cli.rendering import text_layout
from newsletter_cli.rendering.dialect.convert import convert
from newsletter_cli.rendering.text import to_text


def written(markdown: str, width: int = 40) -> str:
    return to_text(convert(dedent(markdown), file="a.md").tree, width=width)


def of_html(markup: str, width: int = 40) -> str:
    return to_text(html.fragment_fromstring(markup, create_parent="div"), width=width)


CASES = {
    "headings": ("# One\n\n## Two\n\n### Three", "One\n===\n\nTwo\n===\n\nThree\n-----\n"),
    "a paragraph": ("one *two* **three**\nfour\\\nfive", "one *two* *three* four\nfive\n"),
    "emphasis once": ("***a* b** ~~c~~", "*a b* ~c~\n"),
    "scripts": ("H~2~O 10^6^ 1^st^ and x^2^", "H2O 10^6 1st and x^2\n"),
    "a tight list": ("- a\n- b\n  - c", "- a\n- b\n  - c\n"),
    "a loose list": ("- a\n\n- b", "- a\n\n- b\n"),
    "numbers": ("9. a\n10. b", "9.  a\n10. b\n"),
    "letters and romans": ("c. x\nd. y\n\niv) a", "c. x\nd. y\n\niv. a\n"),
    "tasks": ("- [ ] a\n- [x] b", "- ☐ a\n- ☑ b\n"),
    "a quote": ("> a\n>\n> > b", "> a\n>\n> > b\n"),
    "code": ("```\na  b\n\n\tc\n```", "    a  b\n\n        c\n"),
    "a rule": ("a\n\n---\n\nb", "a\n\n" + "-" * 40 + "\n\nb\n"),
    "definitions": ("term\n:   meaning\n\nother\n:   more", "term\n    meaning\n\nother\n    more\n"),
    "verse": ("| a\n|   b", "a\n\u00a0\u00a0b\n"),
    "an image": ("a ![the alt](i.png) ![](j.png)", "a [Image: the alt] [Image]\n"),
    "a figure": ("![the caption](i.png)", "[Image: the caption]\n"),
    "a footnote": ("a[^1]\n\n[^1]: b", "a[^1]\n\n" + "-" * 40 + "\n\n[^1] b\n"),
    "a table": ("| a | bb |\n|--:|:--|\n| 1 | 2 |", "a  bb\n-  --\n1  2\n"),
    "a caption": ("| a |\n|---|\n| 1 |\n\n: cap", "cap\n\na\n-\n1\n"),
}


@pytest.mark.parametrize(("source", "wanted"), CASES.values(), ids=CASES.keys())
def test_a_block_reads_so(source: str, wanted: str) -> None:
    assert written(source) == wanted


def test_links_are_numbered_and_the_same_target_shares_its_number() -> None:
    got = written("[a](http://a.org) [b](http://b.org) [again](http://a.org)\n\n> [c](mailto:c@d.e)", 80)
    assert got == (
        "a [1] b [2] again [1]\n\n> c [3]\n\n--------\n[1] http://a.org\n[2] http://b.org\n[3] mailto:c@d.e\n"
    )


@pytest.mark.parametrize(
    ("markup", "wanted"),
    [
        ("<a href='http://a.org'>http://a.org</a>", "http://a.org\n"),
        ("<a href='mailto:a@b.c'>a@b.c</a>", "a@b.c\n"),
        ("<a href='#x'>here</a>", "here\n"),
        ("<a>no target</a>", "no target\n"),
        ("a<a href='http://a.org'></a>b", "ab\n"),
        ("<a href='http://a.org'><p>in</p><p>side</p></a>", "in\n\nside [1]\n\n--------\n[1] http://a.org\n"),
        ("<p data-text='said'>seen</p>", "said\n"),
        ("<p>a <b data-text=''>seen</b>b</p>", "a b\n"),
        ("<p>a</p><p hidden>b</p><p style='display: none'>c</p><p aria-hidden=true>d</p>", "a\n"),
        ("<style>p{}</style>a", "a\n"),
        ("<table role=presentation><tr><td>a</td><td><p>b</p></td></tr></table>", "a\n\nb\n"),
        ("a<br>b<br><br>c", "a\nb\n\nc\n"),
        ("<div>a<div>b</div>c</div>", "a\n\nb\n\nc\n"),
        ("<p>a <q>b</q></p>", 'a "b"\n'),
        ("<ol type=A start=27><li>a</ol>", "AA. a\n"),
        ("<ol><li value=7>a<li>b</ol>", "7. a\n8. b\n"),
        ("<img alt='x' role=presentation>a", "a\n"),
        ("<figure><img alt='b'><figcaption>b</figcaption></figure>", "[Image: b]\n"),
        ("<figure><img alt='a'><figcaption>b</figcaption></figure>", "[Image: a]\n\nb\n"),
        ("", "\n"),
    ],
)
def test_an_element_reads_so(markup: str, wanted: str) -> None:
    assert of_html(markup) == wanted


def test_the_platforms_footnotes_stand_with_their_number() -> None:
    got = written(
        """
        Text[1](#footnote-1){#footnote-anchor-1 .footnote-anchor}.

        :::: footnote
        [1](#footnote-anchor-1){#footnote-1 .footnote-number}

        ::: footnote-content
        The note, long enough to go on in a second line.

        And a second paragraph.
        :::
        ::::
        """
    )
    assert got == (
        "Text[^1].\n\n[^1] The note, long enough to go on in a\n     second line.\n\n     And a second paragraph.\n"
    )


def test_a_wide_table_wraps_in_its_columns() -> None:
    got = of_html(
        "<table><thead><tr><th>Name<th>What it is</thead>"
        "<tr><td>alpha<td>a long text that goes on and on over the line"
        "<tr><td>b<td>short</table>"
    )
    assert got == dedent(
        """\
        Name   What it is
        -----  ---------------------------------
        alpha  a long text that goes on and on
               over the line

        b      short
        """
    )


def test_a_table_too_wide_for_columns_is_a_list() -> None:
    words = "".join(f"<td>{'x' * 15}{n}</td>" for n in range(4))
    got = of_html(f"<table><thead><tr><th>A<th>B<th>C<th>D</thead><tr>{words}</tr></table>")
    assert got == "".join(f"{name}: {'x' * 15}{n}\n" for n, name in enumerate("ABCD"))


def test_spans_fill_their_columns() -> None:
    got = of_html("<table><tr><td colspan=2>ab<td>c<tr><td>d<td>e<td>f</table>")
    assert got == "ab     c\nd   e  f\n"


def test_a_cell_over_several_rows_keeps_its_column() -> None:
    got = of_html("<table><tr><td rowspan=2>a<td>b<td rowspan=3>x<tr><td>c<tr><td>d<td>e<tr><td>f<td>g<td>h</table>")
    assert got == "a  b  x\n   c\nd  e\nf  g  h\n"


def test_a_span_beyond_all_reason_costs_nothing() -> None:
    assert "b" in of_html("<table><tr><td colspan=999999999 rowspan=999999999>a<tr><td>b</table>")


def test_lines_keep_to_their_width_and_break_nothing_that_is_whole() -> None:
    token = "nlr" + "0" * 60
    got = written(
        f"word {token} word http://example.org/{'a' * 60} and\u00a0so on\n\n" + "- " * 30 + "deep enough " * 9
    )
    assert token in got
    assert f"http://example.org/{'a' * 60}" in got
    assert "and\u00a0so" in got
    for line in got.splitlines():
        assert len(line) <= 40 or " " not in line.strip(" -"), line


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("a b c", 3, ["a b", "c"]),
        ("a-long-word-with-hyphens", 8, ["a-long-", "word-", "with-", "hyphens"]),
        ("日本語の文。", 4, ["日本", "語の", "文。"]),
        ("「日本」", 4, ["「日", "本」"]),
        ("a\nb", 9, ["a", "b"]),
        ("", 9, [""]),
        ("e\u0301" * 3 + " x", 3, ["e\u0301" * 3, "x"]),
    ],
)
def test_wrapping(text: str, width: int, lines: list[str]) -> None:
    assert text_layout.wrap(text, width) == lines


def test_columns_count_what_a_fixed_font_shows() -> None:
    assert [text_layout.columns(text) for text in ("ab", "日", "e\u0301", "\u200b", "“—…”")] == [2, 2, 1, 0, 4]
