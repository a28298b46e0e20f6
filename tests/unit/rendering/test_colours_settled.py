from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from lxml import html

from newsletter_cli.rendering import colours
from newsletter_cli.rendering.styles import safe_style
from newsletter_cli.rendering.theme import DARK_WASH, INK, PAPER, WASH


def settled(source: str) -> tuple[str, list[tuple[str, str]]]:
    tree = html.fragment_fromstring(f"<div>{source}</div>")
    rules = colours.settle(tree, ink=INK, paper=PAPER, wash=WASH, dark_wash=DARK_WASH)
    return str(html.tostring(tree, encoding="unicode")).removeprefix("<div>").removesuffix("</div>"), rules


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("#ABC", "#aabbcc"),
        ("#a1b2c3", "#a1b2c3"),
        ("red", "#ff0000"),
        ("RebeccaPurple !important", "#663399"),
        ("rgb(1, 2, 3)", "#010203"),
        ("rgba(1,2,3,0.9)", ""),
        ("hsl(120, 100%, 50%)", "#00ff00"),
        ("transparent", ""),
        ("inherit", ""),
        ("nonsense", ""),
        ("", ""),
        ("x" * 100, ""),
    ],
)
def test_a_colour_is_known_by_any_of_its_names(said: str, meant: str) -> None:
    assert colours.named(said) == meant


def test_words_in_a_colour_have_a_lighter_one_on_the_dark_page() -> None:
    got, rules = settled('<p style="color:#000">a</p><p style="color: black">b</p><p style="color:#b00">c</p>')
    assert got == (
        '<p style="color:#000" class="nl-c0">a</p><p style="color: black" class="nl-c0">b</p>'
        '<p style="color:#b00" class="nl-c1">c</p>'
    )
    assert [name for name, _ in rules] == ["nl-c0", "nl-c1"]
    for _, dark in rules:
        assert colours.contrast(dark, DARK_WASH) >= colours.READABLE


def test_words_on_a_ground_of_their_own_keep_both() -> None:
    got, rules = settled(
        '<p style="background:#ff9">a</p><p style="color:#fff;background-color:#333">b <b style="color:red">c</b></p>'
    )
    assert f"color:{INK}" in got
    assert rules == [("nl-c0", INK), ("nl-c1", "#ffffff")]
    assert '<b style="color:red">' in got


@pytest.mark.parametrize(
    ("source", "pairs"),
    [
        ('<p data-line="7" style="color:yellow">a <b>b</b></p>', [("#ffff00", PAPER)]),
        ('<font color="#dddddd">a</font> <span style="color:#ddd">b</span>', [("#dddddd", PAPER)]),
        ('<p style="color:#fff;background:#ffff00">a</p>', [("#ffffff", "#ffff00")]),
        ('<div style="background:#000"><p><b style="color: #111">a</b></p></div>', [("#111111", "#000000")]),
        ('<p style="color:#fff;background:#333">a</p><p style="color:navy">b</p><p style="color:yellow"></p>', []),
        ('<pre><span style="color:#eee">x</span></pre><p style="color:inherit">x</p>', []),
    ],
)
def test_words_that_cannot_be_read_are_named(source: str, pairs: list[tuple[str, str]]) -> None:
    tree = html.fragment_fromstring(f"<div>{source}</div>")
    found = colours.faint(tree, paper=PAPER, file="a.md")
    assert [problem.text.partition(" can ")[0] for problem in found] == [f"words in {a} on {b}" for a, b in pairs]
    if "data-line" in source:
        assert found[0].place == "a.md:7"


def test_pale_code_is_darkened_on_the_light_page() -> None:
    got, rules = settled('<pre><span style="color: #4e9a06; font-weight: bold">x</span></pre>')
    light = got.split("color:")[1].split(";")[0].split('"')[0]
    assert colours.contrast(light, WASH) >= colours.READABLE
    assert "font-weight: bold" in got
    assert len(rules) == 1


def test_an_old_font_element_is_a_style() -> None:
    got, rules = settled('<font color="red" size="2">x</font>')
    assert got == '<font size="2" style="color:#ff0000; " class="nl-c0">x</font>'
    assert len(rules) == 1


def test_a_post_of_many_colours_gets_a_bounded_number_of_rules() -> None:
    got, rules = settled(
        "".join(f'<b style="color:#{n:02x}{n * 3 % 256:02x}{n * 7 % 256:02x}">x</b>' for n in range(256))
    )
    assert len(rules) <= 60
    assert got.count("<b ") == 256


@given(st.text(max_size=60))
def test_any_style_is_settled(style: str) -> None:
    tree = html.fragment_fromstring("<div><p>x</p></div>")
    tree[0].set("style", "".join(char for char in style if char.isprintable()))
    colours.settle(tree, ink=INK, paper=PAPER, wash=WASH, dark_wash=DARK_WASH)


@given(st.integers(0, 0xFFFFFF), st.sampled_from([PAPER, WASH, DARK_WASH]))
def test_any_colour_has_a_readable_neighbour(number: int, ground: str) -> None:
    assert colours.contrast(colours.readable(f"#{number:06x}", ground), ground) >= colours.READABLE


@pytest.mark.parametrize(
    ("style", "kept"),
    [
        ("width: 3000px", "max-width:3000px"),
        ("width: 40em", "max-width:40em"),
        ("width: 50%", "width:50%"),
        ("width: 200%", ""),
        ("width: auto", "width:auto"),
        ("max-width: 300px", "max-width:300px"),
        ("height: 900px", ""),
        ("padding: 10px 500px", ""),
        ("padding-left: 30px", "padding-left:30px"),
        ("margin: 0 20em", ""),
        ("text-indent: 4in", ""),
        ("font-size: 200px", ""),
        ("font-size: 24px", "font-size:24px"),
        ("white-space: nowrap", ""),
        ("white-space: pre", ""),
        ("white-space: pre-wrap", "white-space:pre-wrap"),
        ("border: 1px solid #ccc", "border:1px solid #ccc"),
    ],
)
def test_no_style_of_a_post_is_wider_than_a_phone(style: str, kept: str) -> None:
    assert safe_style(style) == kept
