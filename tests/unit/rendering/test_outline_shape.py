from __future__ import annotations

import pytest
from lxml import html

from newsletter_cli.rendering import outline


def tree_of(source: str) -> html.HtmlElement:
    return html.fragment_fromstring(f"<div>{source}</div>")


def written(tree: html.HtmlElement) -> str:
    return str(html.tostring(tree, encoding="unicode")).removeprefix("<div>").removesuffix("</div>")


@pytest.mark.parametrize(
    ("source", "title", "wanted"),
    [
        ("<h1>A</h1><h2>B</h2><h6>C</h6>", "T", "<h2>A</h2><h3>B</h3><h6>C</h6>"),
        ("<h2>A</h2><h3>B</h3>", "T", "<h2>A</h2><h3>B</h3>"),
        ("<h1>A</h1><h2>B</h2>", "", "<h1>A</h1><h2>B</h2>"),
        ("<h1>The <em>Title</em>!</h1><p>x</p>", "The title", "<p>x</p>"),
        ("<h1>The Title</h1><h1>B</h1>", "The Title", "<h2>B</h2>"),
        ("words<h1>The Title</h1>", "The Title", "words<h2>The Title</h2>"),
        ("<div><h1>A</h1></div>", "T", "<div><h2>A</h2></div>"),
        ("<h1>!</h1>", "?", "<h2>!</h2>"),
        ("<h2>The title</h2><h3>B</h3><h4>C</h4>", "The Title", "<h2>B</h2><h3>C</h3>"),
        ("<h2>The title</h2><h2>B</h2><h3>C</h3>", "The Title", "<h2>B</h2><h3>C</h3>"),
        ("<h2>The title</h2><p>x</p>", "The Title", "<p>x</p>"),
        ("<h3>The title</h3>", "The Title", "<h3>The title</h3>"),
    ],
)
def test_headings_stand_under_the_title(source: str, title: str, wanted: str) -> None:
    tree = tree_of(source)
    outline.shift_headings(tree, title=title)
    assert written(tree) == wanted


def test_a_target_has_a_name_for_clients_that_jump_to_nothing_else() -> None:
    tree = tree_of(
        '<a href="#n">1</a><h2 id="n">N</h2><h2 id="m">M</h2><a id="k" href="#k">k'
        '</a><ul id="u"></ul><a href="#u">u</a>'
    )
    outline.name_targets(tree)
    assert written(tree) == (
        '<a href="#n">1</a><h2 id="n"><a name="n"></a>N</h2><h2 id="m">M</h2><a id="k" href="#k" name="k">k</a>'
        '<ul id="u"></ul><a href="#u">u</a>'
    )


def test_a_wide_table_has_a_box_of_its_own() -> None:
    tree = tree_of(
        "<table><tr><td>a<table><tr><td>b</td></tr></table></td></tr></table>tail<table role='presentation'></table>"
    )
    outline.fit_tables(tree)
    assert written(tree) == (
        '<div class="nl-scroll"><table class="nl-table"><tr><td>a<table class="nl-table"><tr><td>b</td></tr></table>'
        '</td></tr></table></div>tail<table role="presentation"></table>'
    )


def test_a_footnote_of_the_platform_is_two_cells() -> None:
    tree = tree_of(
        '<div class="footnote"><p><a class="footnote-number" id="footnote-1" href="#footnote-anchor-1">1</a></p>'
        '<div class="footnote-content"><p>Note.</p></div></div>tail'
    )
    outline.lay_notes(tree)
    assert written(tree) == (
        '<div class="footnote"><table role="presentation" cellpadding="0" cellspacing="0" border="0"'
        ' class="nl-note nl-note-first"><tr>'
        '<td class="nl-note-mark" width="30" valign="top">'
        '<a class="footnote-number" id="footnote-1" href="#footnote-anchor-1">1</a></td>'
        '<td valign="top"><div class="footnote-content"><p>Note.</p></div></td></tr></table></div>tail'
    )


@pytest.mark.parametrize(
    "source",
    [
        '<div class="footnote"><p>no number</p></div>',
        '<div class="footnote"><a class="footnote-number">1</a></div>',
        '<div class="footnote"><div class="footnote-content"><a class="footnote-number">1</a></div></div>',
        '<div class="other"><a class="footnote-number">1</a><div class="footnote-content">x</div></div>',
    ],
)
def test_what_only_looks_like_a_footnote_stays(source: str) -> None:
    tree = tree_of(source)
    outline.lay_notes(tree)
    assert written(tree) == source


def test_cards_are_quotes_in_the_text_part_alone() -> None:
    tree = tree_of('<p>a</p><table class="nl-card"><tr><td>b</td></tr></table>tail')
    copy = outline.for_text(tree)
    assert written(copy) == '<p>a</p><blockquote><table class="nl-card"><tr><td>b</td></tr></table></blockquote>tail'
    assert written(tree) == '<p>a</p><table class="nl-card"><tr><td>b</td></tr></table>tail'
    plain = tree_of("<p>a</p>")
    assert outline.for_text(plain) is plain


def test_names_of_ours_are_taken_from_a_post() -> None:
    tree = tree_of('<p class="nl-card x post-body">a</p><p class="nl-foot">b</p>')
    outline.own_classes(tree)
    assert written(tree) == '<p class="x">a</p><p>b</p>'


def test_what_served_the_rendering_alone_goes() -> None:
    tree = tree_of('<p class="x nl-image footnote" data-line="3" data-attrs="{}" id="i">a</p><p class="y">b</p>')
    outline.tidy(tree)
    assert written(tree) == '<p class="nl-image footnote" id="i">a</p><p>b</p>'
