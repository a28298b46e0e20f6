"""The corners of each construct: what nearly is one, what ends one early, what stands where none is awaited."""

from __future__ import annotations

import pytest
from lxml import html

from newsletter_cli.problems import Refused
from newsletter_cli.rendering.clean import LINE
from newsletter_cli.rendering.dialect.convert import convert
from tests import oracle


def inner(source: str) -> str:
    tree = convert(source, file="a.md").tree
    for element in tree.iter("*"):
        element.attrib.pop(LINE, None)
    return str(html.tostring(tree, encoding="unicode"))[5:-6].replace("\n", " ")


# What pandoc gives too.
PANDOCS = {
    "an address with attributes": "<http://a.b>{.c} <a@b.c>{#d}",
    "a heading with a pipe over its underline": "a | b\n---\n",
    "a heading over dashes": "a b\n-----\n",
    "a table's rows end a box": "::: x\n  a    b\n  ---- ----\n  1    2\n:::\n",
    "dashes that end no table in a box": "::: x\n---- ----\n\na\n\n:::\n\nb",
    "dashes that end no table": "---- ---- \n\n1    2\n\n3    4\n",
    "a caption without a table": ": a\n\nb",
    "a caption over lines": "| a |\n|---|\n| 1 |\n\n: one\ntwo\n",
    "an empty column": "a    b    c\n---- ---- ----\n1         3\n",
    "centred, right": "  a       b\n------ ----\n1      2\n",
    "escaped pipes and ticks": "| a |\n|---|\n| `` x`|y `` \\| ` |\n",
    "a definition's target on the next line": "[a]:\n  <b>\n\n[a]",
    "a definition with attributes": "[a]: b {.c}\n\n[a]",
    "no definition": "[b]: [c]\n\n[a] [b]",
    "a label that nobody defined": "[a][b] [a] [a][]\n\n[c]: d",
    "a title that does not end": '[a](b "c)',
    "a title with escapes": '[a](b "c \\" d")',
    "a blank line in a target": "[a](b\n\nc)",
    "brackets that are none": "] [a [b] ![c ^[d",
    "note marks": "[^a b] [^]",
    "a hat before a link": "^[a](b) ^[c]{.d}",
    "long runs": "****a**** *****b*****",
    "an end of line before a mark": "a \n*b* \nc",
    "a tag over lines": "<div\n  class='a'\n  id='b'>\n\nc\n\n</div>",
    "a tag that does not end": "<div a\n\nb",
    "less than": "a <\nb <3 <",
    "an indented fence": "  ~~~\n  a\n ~~~\n",
    "a code span's class": "`a`{.b} `a` {.b}",
    "line block that goes on": "| a\n  b\n| c",
    "two definitions": "a\n:   b\n:   c\n\nx",
    "a term without a definition": "a\n\n: \n\nb",
    "a note that is a list": "a[^1]\n\n[^1]: - b\n    - c\n",
    "an open list knows its letters": "h. a\ni. b\nj. c",
    "roman goes on": "i. a\nii. b\nv. c",
    "one list after another": "- a\n\n1. b\n\na. c",
    "a quote with a slip": "\"a \" 'b ' c",
    "quotes that open no title": '[a](b "c) [a](b \'c) [a](b "c" d)',
    "quotes inside quotes": '"a \'b\' "c" d" \'e "f" g\'',
    "dashes and numbers at the beginning of wrapped lines": (
        "The robots of the century are rapidly expanding in scope and size\n- so it seems - and nobody knows why.\n\n"
        "A line of text that is as long as wrapped ones are in most letters\n1. goes on\nand on.\n\n"
        "a is\n> b and\nso on\n"
    ),
    "headings in quotes": "> # a\n> b\n",
}


@pytest.mark.parametrize("source", PANDOCS.values(), ids=PANDOCS.keys())
def test_a_corner_equals_pandocs(source: str) -> None:
    assert oracle.actual(source) == oracle.expected(source)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("* a\n* * *\n", "<ul><li>a</li></ul><hr>"),
        ("[a [b](c) d](e)", '<p><a href="e">a <span>b</span> d</a></p>'),
        ("[ a ](b)[c ]{.d}e", '<p> <a href="b">a</a> <span class="d">c</span> e</p>'),
        ("```a b c\nx\n```", '<pre><code class="language-a">x</code></pre>'),
        ("``` {}\nx\n```", "<pre><code>x</code></pre>"),
        ("``` }{\nx\n```", '<pre><code class="language-}{">x</code></pre>'),
        ("*a*{:.b} c{:.d} {:.e}", "<p><em>a</em> c {:.e}</p>"),
        ("a\n{:.b}\n", '<p class="b">a</p>'),
        ("{:.b}\n", ""),
        ("- a\n{:.b}\n", '<ul class="b"><li>a</li></ul>'),
        ("- a\n  {:.b}\n", "<ul><li>a</li></ul>"),
        (
            "{:toc}\n\n# a",
            '<div class="toc"><ul><li><a href="#a">a</a></li></ul></div><h1 id="a"><a name="a"></a>a</h1>',
        ),
        ("[TOC]\n\n[toc]", '<div class="toc"></div><p></p>'),
        ("{{ a", "<p>{{ a</p>"),
        ("a <pre>b</pre>", "<p>a</p><pre>b</pre>"),
        ("<pre><b c></pre>", "<pre><b></b></pre>"),
        ("<table><tr><td>\n    > a\n</td></tr></table>", "<table><tr><td>&gt; a</td></tr></table>"),
        ("<u>a\n- b</u>", "<p><u>a</u></p><ul><li>b</li></ul>"),
        ("<div>\na\n- b\n</div>", "<div><p>a - b</p></div>"),
        ("text\\\n: no term", "<p>text<br>: no term</p>"),
        ("::: {.a\nb", "<p>::: {.a b</p>"),
        ("::: {.a\n\n.b}", "<p>::: {.a</p><p>.b}</p>"),
        ("![a.png](b)", '<figure><img src="b" alt="a.png"></figure>'),
        ("![a](b) ![c](d)", '<p><img src="b" alt="a"> <img src="d" alt="c"></p>'),
        ("- [x] a\n- b", "<ul><li>☑ a</li><li>b</li></ul>"),
        ("+--+--+\n| a|b\n+--+--+\n", "<p>+–+–+ | a|b +–+–+</p>"),
        ("~~~~~ a^^^b^^^ ~~~~a~~~~", "<p>~~~~~ a^^^b^^^ <del><del>a</del></del></p>"),
        ("a  \n", "<p>a</p>"),
        ("| a\n|---\n| b", "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td></tr></tbody></table>"),
        ("<div>\n\n    a\n\n</div>", "<div><pre><code>a</code></pre></div>"),
        ("a\\ ", "<p>a\u00a0</p>"),
        ("![A]\n\n# A", '<p>![A]</p><h1 id="a">A</h1>'),
    ],
)
def test_a_corner_of_our_own(source: str, wanted: str) -> None:
    assert inner(source) == wanted


def test_notes_may_have_notes() -> None:
    got = inner("a[^1]\n\n[^1]: b[^2]\n\n[^2]: c")
    assert got.count('class="footnote-ref"') == got.count('class="footnote-back"') == 2
    assert got.index("b<a") < got.index("c<a")


def test_a_table_in_a_tables_cell_is_too_deep_at_last() -> None:
    nested = "<table><tr><td>" * 150
    with pytest.raises(Refused) as caught:
        convert(f"a\n\n```{{=html}}\n{nested}\n```\n", file="a.md")
    assert [problem.line for problem in caught.value.problems] == [4]
