"""Whatever the text: it converts or is refused with a line, what comes out is safe, and no visible word is lost."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from hypothesis import example, given, settings, strategies as st
from lxml import html

from newsletter_cli.problems import Refused
from newsletter_cli.rendering import clean
from newsletter_cli.rendering.dialect.convert import convert
from newsletter_cli.rendering.text import to_text

if TYPE_CHECKING:
    from newsletter_cli.problems import Problem
    from newsletter_cli.rendering.dialect.convert import Converted

# Pieces of every construct, of raw HTML that must not survive, and of nonsense, to be joined in any order.
PIECES = st.sampled_from(
    [
        *("*", "**", "_", "~~", "~", "^", "'", '"', "`", "``", "[", "]", "![", "^[", "](u)", "](", "{.c}", "{", "}"),
        *(
            "<",
            ">",
            "<b>",
            "</b>",
            "<div>",
            "</div>",
            "</p>",
            "<table>",
            "<td>",
            "<pre>",
            "</pre>",
            "<li>",
            "<a href='",
        ),
        *(
            "<script>",
            "</script>",
            "<style>",
            "<iframe src=x>",
            "<svg>",
            "<textarea>",
            "<plaintext>",
            "<title>",
            "<form>",
        ),
        *(
            "<body onload=x>",
            "</body>",
            "</html>",
            "<frameset>",
            "<base href=x>",
            "<meta>",
            "<b onclick=x>",
            "<!--",
            "-->",
        ),
        *(
            "[x](javascript:a)",
            "<a href='java\tscript:a'>x</a>",
            "<img src=data:image/png;base64,AA>",
            "<p style='a:url(b)'>",
        ),
        *(
            "\n",
            "\n\n",
            "    ",
            "  ",
            "- ",
            "1. ",
            "a) ",
            "> ",
            "# ",
            "::: {.a}\n",
            ":::\n",
            "```\n",
            "~~~\n",
            "| a | b |\n",
        ),
        *(
            "|---|---|\n",
            "+--+--+\n",
            ": ",
            "---\n",
            "===\n",
            "* * *\n",
            "[^1]",
            "[^1]: ",
            "[r]: u\n",
            "[TOC]",
            "{:.x}\n",
        ),
        *(
            "\x00",
            "\r\n",
            "\t",
            "\f",
            "\u2028",
            "\ud800",
            "&amp;",
            "&#0;",
            "&#x110000;",
            "\\",
            "\\\n",
            "{{",
            "}}",
            "{%",
            "<?",
        ),
        *("word", "one two", "日本語", "é", "\u00a0", "e.g. ", "--", "...", "http://a.b/c"),
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join)


def _tried(text: str, first_line: int = 1) -> tuple[Converted | None, tuple[Problem, ...]]:
    try:
        return convert(text, file="a.md", first_line=first_line), ()
    except Refused as refused:
        return None, refused.problems


@settings(max_examples=200)
@given(TEXTS)
@example("::: {.a}\n" * 100)
@example("<table><tr><td>" * 200)
@example("*a " * 500 + "a* " * 500)
def test_any_text_converts_or_is_refused_with_its_line(text: str) -> None:
    converted, refused = _tried(text, first_line=5)
    assert all(problem.line and problem.line >= 5 and problem.file == "a.md" for problem in refused)
    if converted is None:
        return
    lines = len(re.split("\r\n?|\n|\u2028|\u2029", text))
    for element in converted.tree.iter("*"):
        line = element.get(clean.LINE)
        assert line is None or 5 <= int(line) < 5 + lines
    for problem in converted.problems:
        assert problem.line is not None
        assert 5 <= problem.line < 5 + lines
    assert to_text(converted.tree).endswith("\n")


@settings(max_examples=200)
@given(TEXTS)
def test_what_comes_out_is_safe_also_when_it_is_read_again(text: str) -> None:
    converted, _ = _tried(text)
    if converted is None:
        return
    written = html.tostring(converted.tree, encoding="unicode")
    again = html.document_fromstring(f"<body>{written}")
    for element in [*converted.tree.iter(), *again.iter()]:
        assert element.tag in {*clean.SHOWN, "body", "html"}
        for name, value in element.attrib.items():
            assert name in clean.EVERYWHERE | clean.DATA | clean.ON.get(element.tag, frozenset())
            if name in {"href", "src"}:
                assert clean.scheme_of(value) not in clean.DANGEROUS_SCHEMES
            if name == "style":
                assert "url(" not in value


WORDS = st.text(st.characters(categories=["Lu", "Ll", "Nd"], max_codepoint=0x24F), min_size=1, max_size=8)
INLINE = st.recursive(
    WORDS,
    lambda inner: st.lists(inner, min_size=1, max_size=4).flatmap(
        lambda parts: st.sampled_from(
            [
                "*" + " ".join(parts) + "*",
                "**" + " ".join(parts) + "**",
                "[" + " ".join(parts) + "](http://e.org/x)",
                " ".join(parts),
                '"' + " ".join(parts) + '"',
                "~~" + " ".join(parts) + "~~",
                "\\[" + ", ".join(parts) + "\\]",
                "![" + " ".join(parts) + "](http://e.org/i.png) and",
            ]
        )
    ),
    max_leaves=8,
)


def _indented(text: str, first: str) -> str:
    return first + text.replace("\n", "\n" + " " * len(first)) + "\n\n"


BLOCK = st.recursive(
    INLINE.map(lambda text: f"{text}\n\n"),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).flatmap(
            lambda parts: st.sampled_from(
                [
                    "".join(parts),
                    "".join(_indented(part.strip(), "- ") for part in parts),
                    "".join(_indented(part.strip(), "10. ") for part in parts),
                    "> " + "".join(parts).strip().replace("\n", "\n> ") + "\n\n",
                    "::: box\n" + "".join(parts) + ":::\n\n",
                ]
            )
        )
        | st.lists(INLINE, min_size=2, max_size=4).map(
            lambda cells: (
                "| " + " | ".join(cells) + " |\n|" + "---|" * len(cells) + "\n| " + " | ".join(cells) + " |\n\n"
            )
        )
    ),
    max_leaves=10,
)


def _words(text: str) -> list[str]:
    return sorted(re.findall(r"[^\W_]+", text))


@settings(max_examples=100)
@given(BLOCK)
def test_every_word_is_seen_in_both_parts(source: str) -> None:
    said = re.sub(r"\]\([^)]*\)|::: box|^[\s>]*(?:\d+\. |- )*", " ", source, flags=re.MULTILINE)
    tree = convert(source, file="a.md").tree
    seen = " ".join(tree.itertext()) + " " + " ".join(image.get("alt", "") for image in tree.iter("img"))
    assert set(_words(said)) <= set(_words(seen)) | {"10", "box"}
    written = to_text(tree)
    assert set(_words(seen)) <= set(_words(written)) | {"10"}


@settings(max_examples=100)
@given(BLOCK, st.integers(30, 100))
def test_no_line_is_wider_than_asked_where_it_could_be_broken(source: str, width: int) -> None:
    for line in to_text(convert(source, file="a.md").tree, width=width).splitlines():
        room = line.strip(" >-0123456789.")
        assert len(line) <= width or " " not in room or line.startswith("["), line


@given(st.text("日本語、。「」ー・ぁ ", min_size=1, max_size=400), st.integers(20, 80))
def test_a_line_of_ideographs_breaks_anywhere_sensible(text: str, width: int) -> None:
    converted = convert(text, file="a.md").tree
    lines = to_text(converted, width=width).splitlines()
    spaceless = "".join("".join(lines).split())
    assert spaceless == "".join("".join(converted.itertext()).split())
    for line in lines:
        columns = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)
        # Marks that may not begin a line hang together with what stands before them.
        assert columns <= width or re.search(r"[、。」ー・ぁ「]{2}", line), line
