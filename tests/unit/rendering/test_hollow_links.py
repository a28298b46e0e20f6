from __future__ import annotations

import pytest
from lxml import html

from newsletter_cli.rendering import hollow


def after(source: str) -> tuple[str, list[str]]:
    tree = html.fragment_fromstring(f"<div>{source}</div>")
    problems = hollow.fill(tree, file="a.md")
    written = html.tostring(tree, encoding="unicode").removeprefix("<div>").removesuffix("</div>")
    return written, [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ('<p><a href="u"></a></p><p><img src="i"></p>', '<p><a href="u"><img src="i"></a></p>'),
        (
            '<p><a href="u"></a></p><div><p><img src="i"></p></div>',
            '<div><p><a href="u"><img src="i"></a></p></div>',
        ),
        (
            '<figure><a href="u"></a><div><img src="i"></div><figcaption>c</figcaption></figure>',
            '<figure><div><a href="u"><img src="i"></a></div><figcaption>c</figcaption></figure>',
        ),
        (
            '<p><a href="u"></a></p><figure><img src="i"><figcaption>c</figcaption></figure>',
            '<figure><a href="u"><img src="i"></a><figcaption>c</figcaption></figure>',
        ),
        ('<p><a href="u"></a><img src="i"> tail</p>', '<p><a href="u"><img src="i"></a> tail</p>'),
    ],
)
def test_an_empty_link_goes_around_the_picture_behind_it(source: str, wanted: str) -> None:
    assert after(source) == (wanted, [])


@pytest.mark.parametrize(
    "behind",
    [
        "<p>Words.</p>",
        '<p>Words <img src="i"></p>',
        '<p><img src="i"><img src="j"></p>',
        '<p><a href="v"><img src="i"></a></p>',
        "",
    ],
)
def test_an_empty_link_without_a_picture_shows_its_address(behind: str) -> None:
    got, problems = after(f'<p data-line="4"><a href="https://www.e.org/x/"></a></p>{behind}')
    assert got.startswith('<p data-line="4"><a href="https://www.e.org/x/">e.org/x</a></p>')
    assert problems == ["a.md:4: a link to e.org/x has no text; its address is shown"]


def test_a_long_address_is_cut() -> None:
    got, _ = after(f'<p>x <a href="https://e.org/{"y" * 100}"></a></p>')
    assert "…</a>" in got
    assert len(got) < 250


def test_links_that_lead_nowhere_and_anchors() -> None:
    assert after('<p><a href=""></a><a href="#"></a>x<a id="y"></a><a href="#y"></a></p>')[0] == (
        '<p>x<a id="y"></a><a href="#y"></a></p>'
    )


def test_empty_headings_go_and_what_stands_behind_stays() -> None:
    assert after('<h2> </h2>tail<h3><img src="i"></h3><h4>x</h4>')[0] == 'tail<h3><img src="i"></h3><h4>x</h4>'
