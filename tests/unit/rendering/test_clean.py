"""What has no place in mail goes, each with a warning that names the line; text stays."""

from __future__ import annotations

import pytest
from lxml import html

from newsletter_cli.problems import Severity
from newsletter_cli.rendering import clean
from newsletter_cli.rendering.dialect.convert import convert


def cleaned(markup: str) -> tuple[str, list[str]]:
    root = html.fragment_fromstring(markup, create_parent="div")
    problems = clean.clean(root, file="a.md")
    assert all(problem.severity is Severity.WARNING for problem in problems)
    return html.tostring(root, encoding="unicode")[5:-6], [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("markup", "left"),
    [
        ("a<script>b</script>c", "ac"),
        ("a<style>b{}</style>c", "ac"),
        ("<link href=x>a", "a"),
        ("<base href=x>a", "a"),
        ("<meta http-equiv=refresh content=0>a", "a"),
        ("<svg><path/></svg>a", "a"),
        ("<iframe></iframe>a", "a"),
        ("<select><option>x</select>a", "a"),
        ("<form action=x><p>a</p><input><button>b</button></form>", "<p>a</p>b"),
        ("<p onclick=x ONLOAD=y>a</p>", "<p>a</p>"),
        ("<a href='javascript:x'>a</a>", "a"),
        ("<a href=' java\nscript:x'>a</a>", "a"),
        ("<a href='JAVASCRIPT:x'>a</a>", "a"),
        ("<a href='&#1;javascript:x'>a</a>", "a"),
        ("<a href='data:text/html,x'>a</a>", "a"),
        ("<a href='vbscript:x'>a</a>", "a"),
        ("<a href='file:///etc/passwd'>a</a>", "a"),
        ("<img src='data:image/png;base64,AA' alt='a'>b", "ab"),
        ("<img src='file:///etc/passwd'>a", "a"),
        ("<p style='color: red; background: url(x)'>a</p>", '<p style="color: red">a</p>'),
        ("<p style='background:u\\72l(x)'>a</p>", "<p>a</p>"),
        ("<p style='background:/**/url/**/(x)'>a</p>", "<p>a</p>"),
        ("<p style='position: fixed'>a</p>", "<p>a</p>"),
        ("<p style='width: expression(x)'>a</p>", "<p>a</p>"),
        ("<p style='behavior:url(x)'>a</p>", "<p>a</p>"),
    ],
)
def test_what_is_dangerous_goes_with_a_warning(markup: str, left: str) -> None:
    got, problems = cleaned(markup)
    assert got == left
    assert problems


@pytest.mark.parametrize(
    ("markup", "left"),
    [
        ("<!-- a -->b<?php c ?>", "b"),
        ("<a href=x target=_blank rel=y contenteditable>a</a>", '<a href="x">a</a>'),
        ("<img src='data:image/svg+xml;base64,AA'>a", "a"),
        ("<unknown>a</unknown>", "a"),
        ("<label>a</label>", "a"),
        ("<b {x} a{=1 @click=y :z>a</b>", "<b>a</b>"),
        ("<img src='' alt=''>", '<img src="" alt="">'),
        ("<img src=a.png srcset=b sizes=c loading=lazy width=3 alt=d>", '<img src="a.png" width="3" alt="d">'),
        (
            "<p style='position-x: 1; background-position: top'>a</p>",
            '<p style="position-x: 1; background-position: top">a</p>',
        ),
        ("<a href='mailto:a@b.c'>a</a>", '<a href="mailto:a@b.c">a</a>'),
        ("<a href='ttps://typo'>a</a>", '<a href="ttps://typo">a</a>'),
        ("<a href='/relative:x'>a</a>", '<a href="/relative:x">a</a>'),
        ("<ol start=2 type=a data-x=1><li value=3>a</li></ol>", '<ol start="2" type="a"><li value="3">a</li></ol>'),
    ],
)
def test_what_is_only_unknown_goes_silently(markup: str, left: str) -> None:
    assert cleaned(markup) == (left, [])


@pytest.mark.parametrize(
    ("markup", "target", "said"),
    [
        ("<iframe src='https://v.org/1' title='A video'></iframe>", "https://v.org/1", "A video"),
        ("<video><source src='a.mp4'>no video</video>", "a.mp4", "a.mp4"),
        ("<audio src='https://a.org/a.mp3'></audio>", "https://a.org/a.mp3", "https://a.org/a.mp3"),
        ("<object data='https://a.org/x.pdf'></object>", "https://a.org/x.pdf", "https://a.org/x.pdf"),
    ],
)
def test_what_a_mail_cannot_play_becomes_a_link(markup: str, target: str, said: str) -> None:
    got, problems = cleaned(f"a{markup}b")
    link = html.fragment_fromstring(f"<p>{got}</p>").find("a")
    assert link is not None
    assert (link.get("href"), link.text) == (target, said)
    assert got.startswith("a<")
    assert got.endswith("b")
    assert len(problems) == 1


def test_a_widgets_data_stays() -> None:
    got, problems = cleaned('<div class="t" data-attrs=\'{"a":1}\' data-component-name="X" data-other="y">a</div>')
    assert got == '<div class="t" data-attrs=\'{"a":1}\' data-component="X">a</div>'
    assert not problems


def test_each_warning_names_its_line_once() -> None:
    source = (
        "a\n\n<script>x</script> <b onclick=y>b</b>\n\n- i\n\n  [x](javascript:y) [z](javascript:y)\n\n<p\n onload=x>"
    )
    problems = convert(source, file="a.md", first_line=11).problems
    assert [(problem.line, problem.text.split(" ")[0:3]) for problem in problems] == [
        (13, ["<script>", "has", "no"]),
        (13, ["the", "handler", "onclick="]),
        (17, ["a", "link", "to"]),
        (19, ["the", "handler", "onload="]),
    ]
    assert str(problems[0]) == "a.md:13: <script> has no place in mail and was removed"


@pytest.mark.parametrize(
    ("url", "scheme"),
    [
        ("http://a", "http"),
        ("HTTPS:x", "https"),
        ("a/b:c", ""),
        ("#x", ""),
        ("", ""),
        ("\x01 j\tava\nscript:x", "javascript"),
    ],
)
def test_a_scheme_is_read_as_browsers_read_it(url: str, scheme: str) -> None:
    assert clean.scheme_of(url) == scheme


def test_the_line_of_an_element_is_the_nearest_before_it() -> None:
    root = html.fragment_fromstring("<p>a</p><p data-line=3>b<i>c</i></p><p>d</p>", create_parent="div")
    assert [line for _, line in clean.lines_of(root)] == [None, None, 3, 3, 3]
