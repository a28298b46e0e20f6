"""Bounds: what is too large or too deep is refused with its line; everything else takes time in its length alone."""

from __future__ import annotations

import time

import pytest

from newsletter_cli.problems import Refused
from newsletter_cli.rendering.dialect import source
from newsletter_cli.rendering.dialect.convert import convert
from newsletter_cli.rendering.text import to_text

MANY = 20_000

# Each is quadratic, exponential or a RecursionError in one Markdown library or another.
HOSTILE = {
    "brackets": "[" * MANY,
    "links": "[a](" * MANY,
    "images": "![" * MANY,
    "links with titles": '[a](b "c ' * MANY,
    "closed brackets": "[" * MANY + "a" + "]" * MANY,
    "nested links": "[" * MANY + "a" + "](b)" * MANY,
    "nested notes": "^[" * MANY + "a" + "]" * MANY,
    "attributes": '[a]{b="c ' * MANY,
    "stars": "*" * MANY,
    "opening stars": "*a " * MANY,
    "mixed stars": "**a *b " * MANY,
    "underscores": "_a " * MANY,
    "tildes": "~~a " * MANY,
    "quotes": "\"a 'b " * MANY,
    "backticks": "`a ``b " * MANY,
    "runs of backticks": "".join("`" * length + "a" for length in range(1, 300)),
    "angles": "<" * MANY,
    "open tags": '<a b="' * MANY,
    "open comments": "<!-- " * MANY,
    "open comments, one a block": "<!-- a\n\n" * MANY,
    "open processing": "<?a\n\n" * MANY,
    "scripts": "a <script> b " * MANY,
    "end tags": "</div>\n" * MANY,
    "paragraph tags": "x <p>\n" * MANY,
    "templates": "{{ {% " * MANY,
    "backslashes": "\\" * MANY,
    "entities": "&a;" * MANY,
    "fences": "```\na\n" * MANY,
    "shrinking fences": "\n".join("`" * length for length in range(300, 3, -1)),
    "tilde fences under text": "a\n~~~ b\n" * MANY,
    "attribute fences": "::: {.a\n" * MANY,
    "closing boxes": ":::\n" * 2_000,
    "rules or tables": "----- ---\n" * MANY,
    "drawings": "+--+--+\n" * MANY,
    "a tall grid": "+--+--+\n" + "|a |b |\n+--+--+\n" * 4_000,
    "pipes": "| a | b |\n" * MANY,
    "a long table": "| a | b |\n|---|---|\n" + "| a | b |\n" * MANY,
    "terms": "a\n: b\n" * MANY,
    "marks of notes": "[^a] " * MANY + "\n\n[^a]: x",
    "chained notes": "".join(f"[^{n}]: x [^{n + 1}]\n\n" for n in range(5_000)) + "[^0]",
    "definitions": "".join(f"[a{n}]: b\n" for n in range(MANY)) + "[a1]",
    "items": "- a\n" * MANY,
    "loose items": "- a\n\n" * MANY,
    "contents": "[TOC]\n\n# a\n\n" * 500,
    "blank lines": "\n" * MANY,
    "no-break spaces": "\u00a0" * MANY,
    "combining marks": "a" + "\u0301" * MANY,
    "named spans": "[a]{.mark .underline}" * MANY,
    "cells over all rows": "<table>" + "<tr><td rowspan=999999>a</td></tr>" * 5_000 + "</table>",
    "tables in definitions": "T\n\n:   d\n\n    | a | b |\n    |---|---|\n    | 1 | 2 |\n\n" * 3_000,
    "players": '<iframe src="https://e.org/x"></iframe>\n\n' * 5_000,
    "nine boxes, none closed": "".join(":" * (12 - n) + " {.a}\n\n" for n in range(9)) + "text",
}
DEEP = {
    "lists": "\n".join("  " * n + "- a" for n in range(600)),
    "lists on a line": "- " * 600 + "a",
    "numbers": "\n".join("   " * n + "1. a" for n in range(600)),
    "quotes": "> " * 600 + "a",
    "boxes": "::: a\n" * 600,
    "tables": "<table><tr><td>" * 600,
    "raw boxes": "<div>\n" * 600,
}


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_takes_time_in_its_length(text: str) -> None:
    begun = time.process_time()
    to_text(convert(text, file="a.md").tree)
    assert time.process_time() - begun < 8


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP.keys())
def test_what_nests_too_deeply_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(Refused) as caught:
        convert(text, file="a.md", first_line=10)
    (problem,) = caught.value.problems
    assert problem.code == "post-too-deep"
    assert problem.file == "a.md"
    assert problem.line is not None
    assert 10 <= problem.line <= 10 + 3 * source.MAX_DEPTH


@pytest.mark.parametrize("mark", ["> ", "- ", "1. "])
def test_the_deepest_that_is_allowed_is_shown(mark: str) -> None:
    tree = convert(mark * source.MAX_DEPTH + "bottom", file="a.md").tree
    assert "bottom" in to_text(tree)


def test_raw_inline_elements_nest_only_so_far() -> None:
    tree = convert("<b>" * 5_000 + "text" + "</b>" * 5_000, file="a.md").tree
    assert "".join(tree.itertext()) == "text"


def test_what_is_too_long_is_refused_with_the_line_where_it_became_so() -> None:
    with pytest.raises(Refused) as caught:
        convert("word\n" * 4_000_000, file="a.md", first_line=3)
    (problem,) = caught.value.problems
    assert (problem.code, problem.line) == ("post-too-long", 3 + source.MAX_CHARACTERS // 5)


def test_a_typical_post_takes_milliseconds() -> None:
    post = ('Lorem *ipsum* "dolor" [sit](http://amet.org), it\\\'s.\n\n' * 20 + "- a\n\n- b\n\n> c\n\n") * 15
    convert(post, file="a.md")
    begun = time.process_time()
    convert(post, file="a.md")
    assert time.process_time() - begun < 0.2
