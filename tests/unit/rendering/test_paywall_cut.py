from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from lxml import html

from newsletter_cli.rendering import paywall
from newsletter_cli.rendering.dialect.convert import convert

WALL = '<div class="paywall-jump" data-component-name="PaywallToDOM" data-line="9"></div>'


def tree_of(source: str) -> html.HtmlElement:
    return html.fragment_fromstring(f"<div>{source}</div>")


def cut(source: str) -> str:
    tree = tree_of(source)
    assert paywall.cut(tree) is not None
    return str(html.tostring(tree, encoding="unicode")).removeprefix("<div>").removesuffix("</div>")


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (f"<p>open</p>{WALL}<p>secret</p>", "<p>open</p>"),
        (f"<p>open</p>{WALL}secret tail<p>secret</p>", "<p>open</p>"),
        (f"<p>open</p><div><p>a</p>{WALL}<p>secret</p></div>secret<p>secret</p>", "<p>open</p><div><p>a</p></div>"),
        (f"<ul><li>a</li><li>b{WALL}secret</li><li>secret</li></ul>secret", "<ul><li>a</li><li>b</li></ul>"),
        (f"{WALL}secret", ""),
        (f"<p>open</p>{WALL}<p>secret</p>{WALL}<p>secret</p>", "<p>open</p>"),
        (f"<p>open</p>{WALL.replace('></div>', '>secret</div>')}", "<p>open</p>"),
    ],
)
def test_everything_behind_the_marker_goes(source: str, wanted: str) -> None:
    assert cut(source) == wanted


def test_marks_of_footnotes_behind_the_wall_go_with_their_raising() -> None:
    tree = tree_of(
        '<p>a<a class="footnote-anchor" href="#footnote-1">1</a> b<sup>'
        '<a class="footnote-ref" href="#fn1">2</a></sup> c</p>'
        f'{WALL}<div class="footnote"><a id="footnote-1">1</a>secret</div><li id="fn1">secret</li>'
    )
    found = paywall.cut(tree)
    assert found is not None
    assert (found.line, found.notes) == (9, 2)
    assert html.tostring(tree, encoding="unicode") == "<div><p>a b c</p></div>"


def test_a_table_of_contents_names_no_part_behind_the_wall() -> None:
    got = cut(
        '<div class="toc"><ul><li><a href="#a">Open</a><ul><li><a href="#b">Secret</a></li></ul></li>'
        f'<li><a href="#c">Secret</a></li></ul></div><h2 id="a">Open</h2>{WALL}'
        '<h3 id="b">Secret</h3><h2 id="c">Secret</h2>'
    )
    assert "Secret" not in got
    assert '<a href="#a">Open</a>' in got


def test_a_link_to_a_part_behind_the_wall_keeps_its_own_words() -> None:
    assert cut(f'<p>see <a href="#b">below</a>.</p>{WALL}<h2 id="b">Secret</h2>') == "<p>see below.</p>"


def test_a_link_defined_behind_the_wall_keeps_its_target_alone() -> None:
    source = '[a][x] ![b][y]\n\n[y]: https://e.org/y "before"\n\n::: paywall\n:::\n\n[x]: https://e.org/x "secret"\n'
    tree = convert(source, file="a.md").tree
    assert paywall.cut(tree) is not None
    assert [(one.get("href", one.get("src")), one.get("title")) for one in tree.iter("a", "img")] == [
        ("https://e.org/x", None),
        ("https://e.org/y", "before"),
    ]


def test_footnotes_written_before_the_wall_stay() -> None:
    got = cut(
        f'<p>a<sup><a class="footnote-ref" href="#fn1">1</a></sup></p>{WALL}'
        '<p>secret<sup><a href="#fn2">2</a></sup></p>'
        '<section class="footnotes"><hr><ol><li id="fn1" data-line="3"><p>open note</p></li>'
        '<li id="fn2" data-line="12"><p>secret note</p></li></ol></section>'
    )
    assert "open note" in got
    assert "secret" not in got


def test_readers_of_all_see_no_marker() -> None:
    tree = tree_of(f"<p>open</p>{WALL}<p>paid</p>")
    paywall.open_up(tree)
    assert html.tostring(tree, encoding="unicode") == "<div><p>open</p><p>paid</p></div>"


def test_without_a_marker_nothing_is_cut() -> None:
    tree = tree_of("<p>about a paywall</p>")
    assert paywall.cut(tree) is None
    assert paywall.marker(tree) is None


_blocks = st.recursive(
    st.sampled_from(["<p>{}</p>", "<h2 id='x{}'>{}</h2>", "<a href='#x{}'>{}</a>", "<pre>{}</pre>", "{} "]),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda parts: f"<div>{''.join(parts)}</div>")
        | st.lists(inner, max_size=4).map(lambda parts: f"<ul><li>{'</li><li>'.join(parts)}</li></ul>")
    ),
    max_leaves=8,
)


@given(st.lists(_blocks, max_size=5), st.lists(_blocks, max_size=5), st.integers(0, 4))
def test_no_word_from_behind_passes_and_none_before_is_lost(before: list[str], behind: list[str], deep: int) -> None:
    first = "".join(before).replace("{}", "open")
    second = "".join(behind).replace("{}", "secret")
    source = f"{'<div>' * deep}{first}{WALL}{second}{'</div>' * deep}<p>secret</p>"
    tree = tree_of(source)
    wanted = tree_of(first).text_content().count("open")
    paywall.cut(tree)
    assert "secret" not in html.tostring(tree, encoding="unicode")
    assert tree.text_content().count("open") == wanted


def test_a_note_that_stays_brings_no_word_with_it() -> None:
    got = cut(
        f'<p>a<sup><a class="footnote-ref" href="#fn1">1</a></sup></p>{WALL}<div>secret<td>secret'
        '<section class="footnotes">secret<ol><li id="fn1"><p data-line="3">open note</p></li>secret'
        '<li id="fn2"><p data-line="3">note</p><p data-line="12">secret</p></li></ol></section>secret</td></div>'
    )
    assert "open note" in got
    assert "secret" not in got


def test_a_title_among_the_attributes_of_a_definition_stays_behind_the_wall_too() -> None:
    text = "[a] ![b][a]\n\n<!-- paywall -->\n\n[a]: https://x.example/ {title='secret'}\n"
    tree = convert(text, file="post.md").tree
    assert paywall.cut(tree) is not None
    assert "secret" not in html.tostring(tree, encoding="unicode")
