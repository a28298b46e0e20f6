"""Code in colours: its text is kept, its colours can be read."""

from __future__ import annotations

import pytest
from lxml import html

from newsletter_cli.rendering import highlight


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("def f(x):\n    return \"a<b\" & 'é'  # 日本", "python"),
        ("\n\n  let a = `b`;\n\n", "js"),
        ("<p class='x'>&amp;</p>\n", "html"),
        ("key: [1, 2]", "YAML"),
        ("$%§ not {{ python }}", "python"),
        ("$ node other.js\n42", "console"),
        (">>> 1 + 1\n2", "pycon"),
        ("irb> 1\n=> 1", "irb"),
    ],
)
def test_the_text_is_kept_character_for_character(code: str, language: str) -> None:
    made = highlight.highlight(code, language)
    assert made is not None
    assert "class=" not in made
    assert html.fragment_fromstring(f"<pre>{made}</pre>").text_content() == code


def test_a_lexer_that_would_lose_text_colours_nothing() -> None:
    assert highlight.highlight("\ufeffx = 1", "python") is None


@pytest.mark.parametrize("language", ["", "text", "no-such-language", "plaintext"])
def test_text_without_a_known_language_stays_plain(language: str) -> None:
    assert highlight.highlight("a", language) is None


def test_a_listing_too_long_stays_plain() -> None:
    assert highlight.highlight("a" * (highlight.MAX_CHARACTERS + 1), "python") is None


def _luminance(colour: str) -> float:
    """WCAG 2.1, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_colour_can_be_read_on_white_and_on_a_light_grey() -> None:
    for token, style in highlight._formatter().style:
        if style["color"] and "Whitespace" not in str(token):
            for paper in ("ffffff", "f6f8fa"):
                contrast = (_luminance(paper) + 0.05) / (_luminance(style["color"]) + 0.05)
                assert contrast >= 4.5, (token, style["color"], paper)
        assert not style["border"]
