"""What the door of the dialect promises beside the HTML: lines, warnings, ids, the data of widgets."""

from __future__ import annotations

import json

import pytest
from lxml import html

from newsletter_cli.rendering.clean import LINE
from newsletter_cli.rendering.dialect import attributes, list_markers, targets
from newsletter_cli.rendering.dialect.convert import convert
from newsletter_cli.rendering.dialect.figures import is_file_name
from newsletter_cli.rendering.dialect.headings import slug


def inner(source: str) -> str:
    tree = convert(source, file="a.md").tree
    for element in tree.iter("*"):
        element.attrib.pop(LINE, None)
    return str(html.tostring(tree, encoding="unicode"))[5:-6]


def lines(source: str) -> list[tuple[str, str | None]]:
    tree = convert(source, file="a.md", first_line=10).tree
    return [(str(element.tag), element.get(LINE)) for element in tree.iter("*") if element is not tree]


def test_blocks_links_and_images_know_their_line() -> None:
    source = "# a\n\nb\n[c](d)\n![e](f)\n\n> - g\n>\n>   h\n\n::: i\nj\n:::\n\n| k |\n|---|\n| l |\n"
    assert lines(source) == [
        ("h1", "10"),
        ("p", "12"),
        ("a", "13"),
        ("img", "14"),
        ("blockquote", "16"),
        ("ul", "16"),
        ("li", "16"),
        ("p", "16"),
        ("p", "18"),
        ("div", "20"),
        ("p", "21"),
        ("table", "24"),
        ("thead", None),
        ("tr", None),
        ("th", "24"),
        ("tbody", None),
        ("tr", None),
        ("td", "26"),
    ]


def test_every_kind_of_line_end_counts_one() -> None:
    assert [line for _, line in lines("a\r\n\r\nb\r\rc\n\nd")] == ["10", "12", "14", "16"]


def test_a_line_separator_inside_a_line_is_white_space() -> None:
    assert inner("a\u2028- b **c\u2028d**\n") == "<p>a - b <strong>c d</strong></p>"
    assert lines("a\u2028\u2028b\n\n# c\u2029d\n") == [("p", "10"), ("h1", "12")]


def test_a_line_of_the_posts_own_does_not_count() -> None:
    assert lines('<p data-line="99">a</p>') == [("p", "10")]


def test_a_widget_keeps_its_data() -> None:
    data = r'attrs="{\"videoId\":\"a\\\\b\",\"t\":\"x \\\"y\\\" &amp; z\"}"'
    (box,) = convert(f'::: {{#y .youtube-wrap {data} component-name="Youtube2ToDOM"}}\n:::\n', file="a.md").tree
    assert box.get("class") == "youtube-wrap"
    assert box.get("data-component") == "Youtube2ToDOM"
    assert json.loads(box.get("data-attrs", "")) == {"videoId": "a\\b", "t": 'x "y" & z'}


def test_what_mail_cannot_use_of_attributes_goes() -> None:
    source = '[a](b){.c #d target="_blank" contenteditable="false" onclick="x" title="t" width=3}'
    assert inner(source) == '<p><a href="b" id="d" class="c" title="t">a</a></p>'


def test_sizes_of_images() -> None:
    assert inner("a ![](i){width=50% height=2in}") == '<p>a <img src="i" alt="" style="width:50%" height="192"></p>'
    assert inner("a ![](i){width=300px height=x}") == '<p>a <img src="i" alt="" width="300"></p>'


def test_targets_inside_the_post_have_a_name_too() -> None:
    got = inner(
        "[1](#n){#a} [up](#h) [x](#none)\n\n[1](#a){#n}\n\n# H\n\n::: {#t}\n:::\n\n[t](#t)\n\n![](i){#pic} [p](#pic)"
    )
    assert '<a href="#n" id="a" name="a">1</a>' in got
    assert '<a href="#a" id="n" name="n">1</a>' in got
    assert '<h1 id="h"><a name="h"></a>H</h1>' in got
    assert '<div id="t"><a name="t"></a></div>' in got
    assert '<a name="pic"></a><img src="i" alt="" id="pic">' in got


@pytest.mark.parametrize(
    ("source", "warning"),
    [
        ("a\n\n::: b\nc", "a.md:3: ::: opened here is never closed; add ::: below it"),
        ("a\n\n:::\n", "a.md:3: ::: closes nothing here and was left out"),
        ("```\na", "a.md:1: ``` opened here is never closed; add ``` below it"),
        ("a\n\n</div>\n", "a.md:3: </div> closes nothing here and was left out"),
        ("[^1]: a\n\n[^1]: b\n", "a.md:3: the note [^1] has two texts; the first counts"),
    ],
)
def test_what_is_probably_not_meant_is_named(source: str, warning: str) -> None:
    assert [str(problem) for problem in convert(source, file="a.md").problems] == [warning]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("a <div>b\n", "<p>a</p><div><p>b</p></div>"),
        ("::: x\n</div>\n\nstill in\n:::\n", '<div class="x"><p>still in</p></div>'),
        ("<script>\na\n\nb", "<p>a</p><p>b</p>"),
        ("a <script> b", "<p>a</p><p>b</p>"),
        (
            "a <iframe src='https://x.y'></iframe> b",
            '<p>a <a href="https://x.y" class="iframe-link">https://x.y</a> b</p>',
        ),
        ("<pre>a <b>b</b> <script>c</script> < d</pre>", "<pre>a <b>b</b>  &lt; d</pre>"),
        ("<!-- never closed\n\nb", "<p>&lt;!– never closed</p><p>b</p>"),
        ("<div\nclass=x>a</div>", '<div class="x">a</div>'),
        ("`<u>a</u>`{=html}", "<p><u>a</u></p>"),
        ("```{=latex}\na\n```", ""),
        ("a &lt;b&gt; &#0; &#x110000; &#1114112;", "<p>a &lt;b&gt; \ufffd \ufffd \ufffd</p>"),
        ("\x00a\x01b\ud800c\ufffe", "<p>abc</p>"),
        ("<body onload=x>a</body><html>b", "<p>a</p><p>b</p>"),
        ("    <td>code", "<pre><code>&lt;td&gt;code</code></pre>"),
        (
            "<table>\n  <tr>\n    <td>\n\n    *a*\n\n    </td></tr></table>",
            "<table><tr><td><p><em>a</em></p></td></tr></table>",
        ),
        ("", ""),
        ("\n \n", ""),
    ],
)
def test_raw_html_and_odd_characters(source: str, wanted: str) -> None:
    assert inner(source).replace("\n", "") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{#i .c k=v}", attributes.Attributes("i", ("c",), (("k", "v"),))),
        ("{.a .b}", attributes.Attributes("", ("a", "b"))),
        ('{k="a \\"b\\" \\\\ c"}', attributes.Attributes("", (), (("k", 'a "b" \\ c'),))),
        ("{k='a'\n  l=\"b\nc\"}", attributes.Attributes("", (), (("k", "a"), ("l", "b c")))),
        ("{-}", attributes.Attributes("", ("unnumbered",))),
        ("{}", attributes.Attributes()),
        ("{ }", attributes.Attributes()),
        ("{a}", None),
        ("{.a", None),
        ('{k="a', None),
        ("{k=}", None),
        ("x{.a}", None),
    ],
)
def test_attributes_are_read(text: str, wanted: attributes.Attributes | None) -> None:
    found = attributes.read(text)
    assert (found[0] if found else None) == wanted
    if found:
        assert found[1] == len(text)


def test_of_repeated_attributes_the_first_counts() -> None:
    assert inner('::: {title="a" title="b" class="x" id="i"}\n:::') == '<div title="a" class="x" id="i"></div>'


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("(a)", ("a", "")),
        ("( a )", ("a", "")),
        ("()", ("", "")),
        ('(a "b")', ("a", "b")),
        ("(a 'b \"c\" d')", ("a", 'b "c" d')),
        ('(<a b> "t")', ("a%20b", "t")),
        ("(a\nb)", ("a%20b", "")),
        ("(<a \n b>)", ("a%20b", "")),
        ("(a(b)c)", ("a(b)c", "")),
        (r"(a\)b)", ("a)b", "")),
        ("(a?b=1&copy=2&amp;c)", ("a?b=1&copy=2&c", "")),
        ("(ü?x=<y>)", ("ü?x=%3Cy%3E", "")),
        ("(a", None),
        ("(a(b)", None),
        ("(a\n\nb)", None),
        ("(((((((((a)))))))))", None),
    ],
)
def test_targets_are_read(text: str, wanted: tuple[str, str] | None) -> None:
    found = targets.read(text, 0)
    assert (found[:2] if found else None) == wanted


@pytest.mark.parametrize(
    ("text", "style", "number"),
    [
        ("- a", "bullet", 0),
        ("12. a", "1", 12),
        ("(3) a", "1", 3),
        ("b) a", "a", 2),
        ("iv. a", "i", 4),
        ("i. a", "i", 1),
        ("MCMXC) a", "I", 1990),
        ("A.  a", "A", 1),
        ("#. a", "#", 1),
    ],
)
def test_marks_of_lists(text: str, style: str, number: int) -> None:
    marker = list_markers.bullet(text) or list_markers.ordered(text)
    assert marker is not None
    assert (marker.style, marker.number) == (style, number)


@pytest.mark.parametrize(
    "text", ["-a", "* * *", "A. a", "1.a", "1234567890. a", "Ab. a", "iiii. a", "word) a", "1 . a", "é. a"]
)
def test_no_marks_of_lists(text: str) -> None:
    assert list_markers.bullet(text) is None
    assert list_markers.ordered(text) is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("A b", "a-b"), ("1. A", "a"), ("Ünï_x.y!", "ünï_x.y"), ("12", "section"), ("", "section"), ("a  -- b", "a----b")],
)
def test_ids_of_headings(text: str, wanted: str) -> None:
    assert slug(text) == wanted


def test_a_heading_of_the_same_name_gets_another_id() -> None:
    assert inner("# a\n\n# a\n\n# b {#a-1}\n\n# a") == (
        '<h1 id="a">a</h1><h1 id="a-2">a</h1><h1 id="a-1">b</h1><h1 id="a-3">a</h1>'
    )


@pytest.mark.parametrize(
    ("alt", "name"),
    [
        ("download (22).jpeg", True),
        (r"a\\\_b.png", True),
        ("IMG_1234", True),
        ("image-3", True),
        ("A chart of 2.5 percent", False),
        ("image of a cat", False),
        ("", False),
    ],
)
def test_a_file_name_is_no_caption(alt: str, name: bool) -> None:
    assert is_file_name(alt) is name
