"""The features of CSS that stand in a text: a style attribute, or a style sheet with rules, queries and selectors.

Pure, by patterns: a style sheet is not parsed, since only names count. Features are caniemail's slugs. A property whose
slug is plainly its name (``css-NAME``) needs no entry here; the tables hold the rest.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter_cli.rendering.support.table import table

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMENT = re.compile(r"/\*.*?\*/|\{#.*?#\}", re.DOTALL)
_DECLARATION = re.compile(r"(?<![\w-])(-?[a-zA-Z][\w-]*|--[\w-]+)\s*:\s*([^;{}]*)")
_RULE = re.compile(r"(?:\A|(?<=[{};]))([^{};]*)\{")

# Properties that caniemail groups under one slug.
_GROUPED = {
    "column-count": "css-column-count",
    "columns": "css-column-layout-properties",
    "column-width": "css-column-layout-properties",
    "column-rule": "css-column-layout-properties",
    "row-gap": "css-gap",
    "column-gap": "css-gap",
    "grid-template-columns": "css-grid-template",
    "grid-template-rows": "css-grid-template",
    "grid-template-areas": "css-grid-template",
    "left": "css-left-right-top-bottom",
    "right": "css-left-right-top-bottom",
    "top": "css-left-right-top-bottom",
    "bottom": "css-left-right-top-bottom",
    "margin-inline": "css-margin-inline-block",
    "margin-block": "css-margin-inline-block",
    "margin-inline-start": "css-margin-inline-start-end",
    "margin-inline-end": "css-margin-inline-start-end",
    "padding-inline": "css-padding-inline-block",
    "padding-block": "css-padding-inline-block",
    "padding-inline-start": "css-padding-inline-start-end",
    "padding-inline-end": "css-padding-inline-start-end",
}
# A side or corner of a property is that property.
_SIDES = (
    (re.compile(r"border-(?:top|bottom)-(?:left|right)-radius"), "css-border-radius"),
    (re.compile(r"border-image-\w+"), "css-border-image"),
    (re.compile(r"border-(?:top|right|bottom|left|color|style|width).*"), "css-border"),
    (re.compile(r"(margin|padding|outline|transition|animation|scroll-snap|text-emphasis)-[\w-]+"), r"css-\1"),
)
_VALUES = (
    ("css-display-flex", "display", re.compile(r"(?:inline-)?flex\b")),
    ("css-display-grid", "display", re.compile(r"(?:inline-)?grid\b")),
    ("css-display-none", "display", re.compile(r"none\b")),
    ("css-flex-direction", "flex-direction", re.compile(r"column")),
    ("css-flex-wrap", "flex-wrap", re.compile(r"wrap")),
)
_ANYWHERE = tuple(
    (slug, re.compile(pattern, re.IGNORECASE))
    for slug, pattern in {
        "css-rgba": r"\brgba\(",
        "css-linear-gradient": r"\blinear-gradient\(",
        "css-radial-gradient": r"\bradial-gradient\(",
        "css-conic-gradient": r"\bconic-gradient\(",
        "css-unit-calc": r"\bcalc\(",
        "css-function-clamp": r"\bclamp\(",
        "css-function-min": r"(?<![\w-])min\(",
        "css-function-max": r"(?<![\w-])max\(",
        "css-function-light-dark": r"\blight-dark\(",
        "css-modern-color": r"\b(?:ok)?l(?:ch|ab)\(",
        "css-variables": r"\bvar\(",
        "css-intrinsic-size": r"\b(?:fit|min|max)-content\b",
        "css-sytem-ui": r"\b(?:system-ui|ui-(?:serif|sans-serif|rounded|monospace))\b",
        **{
            f"css-unit-{unit}": rf"(?<![\w#.-])-?\d*\.?\d+{unit}\b"
            for unit in ("ch", "rem", "vh", "vmax", "vmin", "vw")
        },
    }.items()
)
_QUERIES = tuple(
    (slug, re.compile(pattern, re.IGNORECASE))
    for slug, pattern in {
        "css-at-font-face": r"@font-face\b",
        "css-at-import": r"@import\b",
        "css-at-keyframes": r"@(?:-\w+-)?keyframes\b",
        "css-at-supports": r"@supports\b",
        "css-at-media-device-pixel-ratio": r"@media[^{]*device-pixel-ratio",
        "css-at-media-hover": r"@media[^{]*\((?:any-)?hover",
        "css-at-media-orientation": r"@media[^{]*\(orientation",
        "css-at-media-prefers-color-scheme": r"@media[^{]*prefers-color-scheme",
        "css-at-media-prefers-reduced-motion": r"@media[^{]*prefers-reduced-motion",
        "css-at-media": r"@media\b",
    }.items()
)
_PSEUDO = re.compile(r"::?([a-z-]+)")


def declared(style: str) -> Iterator[tuple[str, str]]:
    """(slug, declaration) for each feature that the declarations of a style attribute ask for."""
    for match in _DECLARATION.finditer(style):
        said = f"{match[1]}: {match[2].strip()}"
        for slug in of_declaration(match[1].lower(), match[2]):
            yield slug, said


def of_declaration(name: str, value: str) -> Iterator[str]:
    """The features of one declaration: its property, and what its value is made of."""
    if name.startswith("--"):
        yield "css-variables"
    else:
        slug = _property(name)
        if slug:
            yield slug
    for slug, wanted, pattern in _VALUES:
        if name == wanted and pattern.match(value.strip().lower()):
            yield slug
    for slug, pattern in _ANYWHERE:
        if pattern.search(value):
            yield slug


def of_sheet(css: str) -> Iterator[tuple[str, int]]:
    """(slug, line from 1) for each feature of a style sheet, Jinja marks in it or not."""
    css = _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), css)
    for match in _DECLARATION.finditer(css):
        for slug in of_declaration(match[1].lower(), match[2]):
            yield slug, _line(css, match.start())
    for slug, pattern in _QUERIES:
        for match in pattern.finditer(css):
            yield slug, _line(css, match.start())
    for match in _RULE.finditer(css):
        selector = match[1].strip()
        if not selector.startswith("@"):
            for slug in of_selector(selector):
                yield slug, _line(css, match.start(1) + len(match[1]) - len(match[1].lstrip()))


def of_selector(selector: str) -> Iterator[str]:
    """The pseudo-classes and elements of a selector. Its combinators are gone once styles stand on the elements."""
    known = table().features
    for match in _PSEUDO.finditer(selector):
        for slug in (f"css-pseudo-class-{match[1]}", f"css-pseudo-element-{match[1]}"):
            if slug in known:
                yield slug


def _property(name: str) -> str:
    """A property's slug, empty where caniemail has none."""
    known = table().features
    bare = re.sub(r"^-(?:webkit|moz|ms|o)-", "", name)
    for candidate in (_GROUPED.get(bare, ""), f"css-{bare}"):
        if candidate in known:
            return candidate
    for pattern, slug in _SIDES:
        match = pattern.fullmatch(bare)
        if match is not None:
            found = match.expand(slug)
            return found if found in known else ""
    return ""


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
