from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, strategies as st

from newsletter_cli.problems import Severity
from newsletter_cli.rendering import words
from newsletter_cli.rendering.colours import READABLE, contrast
from newsletter_cli.rendering.theme import (
    ACCENT,
    DARK_INK,
    DARK_PAPER,
    DARK_SOFT,
    DARK_WASH,
    INK,
    PAPER,
    SOFT,
    WASH,
    direction,
    theme,
)


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *((ink, ground) for ink in (INK, SOFT, ACCENT) for ground in (PAPER, WASH)),
        *((ink, ground) for ink in (DARK_INK, DARK_SOFT) for ground in (DARK_PAPER, DARK_WASH)),
        (PAPER, ACCENT),
    ],
)
def test_our_own_colours_can_be_read(ink: str, ground: str) -> None:
    assert contrast(ink, ground) >= READABLE


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000", "#fff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#123456", "#123456") == pytest.approx(1)


def test_without_settings_there_is_a_theme_and_no_problem() -> None:
    values, problems = theme({}, "en")
    assert problems == []
    assert values["accent"] == ACCENT
    assert "Georgia" in values["font"]
    assert values["links"] == []


@given(st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}"))
def test_any_accent_is_read_on_the_dark_page_and_on_its_button(colour: str) -> None:
    values, problems = theme({"accent": colour}, "en")
    assert contrast(values["dark_accent"], DARK_PAPER) >= READABLE
    assert contrast(values["on_accent"], values["accent"]) >= 3.8
    assert bool(problems) is (contrast(colour, PAPER) < READABLE)


def test_a_pale_accent_is_a_warning_that_names_a_better_one() -> None:
    _, (problem,) = theme({"accent": "#ffcc00"}, "en")
    assert problem.severity is Severity.WARNING
    better = problem.hint.split()[0]
    assert contrast(better, PAPER) >= READABLE


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("accent", "red; } body { display: none"),
        ("accent", "#12345"),
        ("font", "Georgia; } p { background: url(http://x)"),
        ("font", "url(x)"),
        ("heading_font", "x{"),
        ("logo", "javascript:alert(1)"),
        ("logo", "../../etc/passwd"),
        ("logo", "/etc/logo.png"),
        ("logo_width", "100%"),
        ("links", "About=javascript:alert(1)"),
        ("links", "About"),
    ],
)
def test_a_value_that_does_not_fit_is_a_warning_and_the_default_stands(key: str, value: str) -> None:
    values, problems = theme({key: value}, "en")
    assert [problem.code for problem in problems] == ["theme-value"]
    assert values == theme({}, "en")[0]


def test_an_unknown_key_names_the_nearest() -> None:
    _, (problem,) = theme({"acent": "#123456"}, "en")
    assert "accent" in problem.hint
    _, (problem,) = theme({"zzz": "1"}, "en")
    assert "known: accent" in problem.hint


def test_fonts_links_and_logo() -> None:
    values, problems = theme(
        {
            "font": "sans",
            "heading_font": '"IBM Plex Sans", Georgia, serif',
            "links": "About=https://e.org/about, Write=mailto:a@e.org",
            "logo": "logo.png",
            "logo_width": "120px",
            "accent": "#19F",
        },
        "en",
    )
    assert [problem.code for problem in problems] == ["theme-contrast"]
    assert values["font"].startswith("-apple-system")
    assert values["heading_font"] == "'IBM Plex Sans', Georgia, serif"
    assert values["links"][0] == {"text": "About", "url": "https://e.org/about"}
    assert values["links"][1]["url"] == "mailto:a@e.org"
    assert values["logo"] == "template:logo.png"
    assert values["logo_width"] == "120"
    assert values["accent"] == "#1199ff"
    assert theme({"logo": "https://e.org/l.png"}, "en")[0]["logo"] == "https://e.org/l.png"


@pytest.mark.parametrize(
    ("language", "turned", "face", "leading"),
    [
        ("en", "ltr", "Georgia", "1.6"),
        ("ja", "ltr", "Hiragino Sans", "1.8"),
        ("zh-Hans", "ltr", "PingFang SC", "1.8"),
        ("zh-TW", "ltr", "PingFang TC", "1.8"),
        ("ko-KR", "ltr", "Malgun Gothic", "1.8"),
        ("ar", "rtl", "Geeza Pro", "1.8"),
        ("fa_IR", "rtl", "Geeza Pro", "1.8"),
        ("he-IL", "rtl", "Arial Hebrew", "1.6"),
        ("az-Arab", "rtl", "Georgia", "1.6"),
        ("", "ltr", "Georgia", "1.6"),
    ],
)
def test_a_language_has_its_direction_and_faces(language: str, turned: str, face: str, leading: str) -> None:
    values, _ = theme({}, language)
    assert direction(language) == turned
    assert face in values["font"]
    assert values["leading"] == leading


def test_every_language_says_everything() -> None:
    english = words.words("en")
    for language, said in words._LANGUAGES.items():
        assert said.keys() == english.keys(), language
        for key, text in said.items():
            assert ("{place}" in text) == ("{place}" in english[key]), (language, key)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "April 5, 2023"),
        ("en-US", "April 5, 2023"),
        ("en-GB", "5 April 2023"),
        ("de-AT", "5. April 2023"),
        ("fr", "5 avril 2023"),
        ("es", "5 de abril de 2023"),
        ("ja", "2023年4月5日"),
        ("zh_CN", "2023年4月5日"),
        ("ar", "5 أبريل 2023"),
        ("xx", "2023-04-05"),
    ],
)
def test_a_day_is_written_as_its_readers_do(language: str, said: str) -> None:
    assert words.said_date(date(2023, 4, 5), language) == said
