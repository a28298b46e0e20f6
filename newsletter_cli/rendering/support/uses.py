"""What of HTML and CSS a post asks for, element by element, with the line of each.

Takes the tree of the converted post before widgets are built and images placed: what stands in it the author wrote.
What our own templates and cards use is not named: they are made to read well where it is missing. So are the elements
that Markdown itself makes (figures, footnotes, tables). Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from newsletter_cli.rendering.nodes import classes, line_of, words
from newsletter_cli.rendering.styles import safe_style
from newsletter_cli.rendering.support import styles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree


@dataclass(frozen=True, slots=True)
class Use:
    """One feature in one place. `said` is how the author wrote it."""

    slug: str
    line: int | None
    said: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A declaration of a style attribute that does not travel: it could lay itself over the mail, or load something."""

    declaration: str
    slug: str  # the feature that it would have needed; empty where caniemail has none
    line: int | None


_ELEMENTS = {name: f"html-{name}" for name in words("abbr address bdi del dfn ruby small strike wbr")}
# HTML5 elements that only raw HTML makes here; figure and figcaption are what captioned images are written as.
_ELEMENTS |= dict.fromkeys(
    words("article aside details footer header main mark nav section summary time"), "html-semantics"
)
_IMAGE_KINDS = {
    "avif": "image-avif",
    "bmp": "image-bmp",
    "heic": "image-heif",
    "heif": "image-heif",
    "svg": "image-svg",
    "tif": "image-tiff",
    "tiff": "image-tiff",
    "webp": "image-webp",
}
# Sizes are fitted to the column, not left out.
_FITTED = frozenset({"width", "min-width", "max-width", "height"})
_NOTE = re.compile(r"footnote|fn(?:ref)?\b|note", re.IGNORECASE)
_JUMP = "html-anchor-links"


def uses(tree: etree._Element) -> Iterator[Use]:
    """Every feature that the author's own HTML, styles, jumps and pictures ask for."""
    for element in tree.iter("*"):
        line = line_of(element)
        made_here = "data-component" in element.attrib or "footnotes" in classes(element)
        if str(element.tag) in _ELEMENTS and not made_here:
            yield Use(_ELEMENTS[str(element.tag)], line, f"<{element.tag}>")
        if element.tag == "a" and _jumps(element):
            yield Use(_JUMP, line, element.get("href", ""))
        if element.tag == "img":
            yield from _picture(element, line)
        style = safe_style(element.get("style", ""))
        for slug, said in styles.declared(style):
            yield Use(slug, line, said)


def left_out(tree: etree._Element) -> Iterator[LeftOut]:
    """The declarations that the author wrote and the mail does not carry."""
    for element in tree.iterfind(".//*[@style]"):
        kept = {part.partition(":")[0].strip() for part in safe_style(element.get("style", "")).split(";")}
        for part in element.get("style", "").split(";"):
            name, colon, value = part.partition(":")
            name = name.strip().lower()
            if not colon or not name or name in kept or name in _FITTED:
                continue
            slugs = list(styles.of_declaration(name, value))
            yield LeftOut(f"{name}: {' '.join(value.split())}"[:80], slugs[-1] if slugs else "", line_of(element))


def _jumps(link: etree._Element) -> bool:
    """Whether a link leads to a place in the mail, and is no footnote: those read without the jump."""
    target = link.get("href", "")
    if len(target) < 2 or not target.startswith("#"):
        return False
    around = [link, *link.iterancestors()]
    return not any(_NOTE.search(" ".join(classes(one))) for one in around[:4]) and not _NOTE.search(target)


def _picture(image: etree._Element, line: int | None) -> Iterator[Use]:
    """The format of a picture on the web; those beside the post are converted."""
    source = image.get("src", "")
    if re.match(r"(?:https?:)?//", source):
        ending = unquote(urlsplit(source).path).rsplit(".", 1)[-1].lower()
        if ending in _IMAGE_KINDS:
            yield Use(_IMAGE_KINDS[ending], line, f".{ending}")
