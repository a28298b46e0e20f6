"""The one place that calls premailer: a whole HTML page in, the same page with its styles on the elements out.

What premailer 3.10 does wrong is kept from it here, each with a test:

* ``@import`` is fetched even with ``allow_network=False``, and a style sheet link reads local files: both are removed.
* A style attribute of the post would be parsed by cssutils, which can take 14 s on 320 octets: it is set aside, and
  added behind the inlined declarations afterwards, through a parser of ours that is linear and knows what is safe.
* Its cache of parsed styles holds 128 entries, fewer than our style sheet has rules and declarations, and what it does
  keep is written out anew for every page (80 ms instead of 30): the cache is made larger, the written rules are kept.
* The style block of media queries would lose its ``!important``: it carries ``data-premailer="ignore"``, and only it.

Reads no file, opens no connection; raises nothing.
"""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from newsletter_cli.rendering.nodes import words

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml import etree

_CACHED = 4096  # entries; a template with its variants has about 300
_ASIDE = "data-post-style"
_IMPORT = re.compile(r"@import\b[^;{}]*(?:;|(?=[{}])|\Z)", re.IGNORECASE)
# Attributes that premailer derives from styles. Only those that Outlook needs; sizes are set by whoever knows them.
_NO_ATTRIBUTES = ["width", "height", "align"]

# What a post may say about its own elements: nothing that loads, lays over, hides or leaves the column.
_PROPERTIES = words(
    "background background-color border border-bottom border-color border-left border-radius border-right border-style"
    " border-top border-width color direction font font-family font-size font-style font-variant font-weight height"
    " letter-spacing line-height list-style-type margin margin-bottom margin-left margin-right margin-top max-width"
    " padding padding-bottom padding-left padding-right padding-top text-align text-decoration text-indent"
    " text-transform vertical-align white-space width word-spacing"
)
_VALUE = re.compile(r"(?:[\w#%., \-+!/'\"]|rgba?\([\d., %/]+\)|hsla?\([\d., %/a-z]+\))*\Z", re.ASCII)
_LONGEST_VALUE = 200
_DECLARATION = re.compile(r"\s*([a-zA-Z-]+)\s*:\s*([^;]*)")
_NEGATIVE = re.compile(r"(?:^|\s)-\d")
# Lengths in CSS pixels, and how long one may be that is neither a width nor a height: a phone has 320 pixels.
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)(px|pt|pc|em|rem|ex|ch|in|cm|mm|vw|vh)", re.IGNORECASE)
_PIXELS = {
    "pt": 1.34,
    "pc": 16,
    "em": 18,
    "rem": 16,
    "ex": 9,
    "ch": 9,
    "in": 96,
    "cm": 38,
    "mm": 3.8,
    "vw": 10,
    "vh": 10,
}
_LONGEST = 80
_WRAPPING = frozenset({"normal", "pre-wrap", "pre-line", "break-spaces"})
_SIZES = frozenset({"width", "max-width", "height"})


def inline(html: str, source: Callable[[etree._Element], None] | None = None) -> str:
    """The page with its style blocks on the elements; blocks marked ``data-premailer="ignore"`` stay blocks.

    `source` is called with every image, to give it its last address.
    """
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    page = etree.fromstring(html.encode("utf-8", "replace"), parser)
    _disarm(page)
    _premailer()(
        page,
        strip_important=False,
        disable_validation=True,
        cssutils_logging_level=logging.CRITICAL,
        allow_network=False,
        remove_classes=False,
        preserve_internal_links=True,
        align_floating_images=False,
        disable_basic_attributes=_NO_ATTRIBUTES,
    ).transform()
    for element in page.iterfind(f".//*[@{_ASIDE}]"):
        own = safe_style(str(element.attrib.pop(_ASIDE)))
        if own:
            element.set("style", f"{element.get('style', '')}; {own}".strip("; "))
    for image in list(page.iter("img")) if source else ():
        source(image)  # type: ignore[misc]  # the loop is empty without it
    said: Any = etree.tostring(page.getroottree(), method="html", encoding="unicode")
    return str(said) + "\n"


@lru_cache(maxsize=1)
def _premailer() -> Any:
    """Its class, with caches that are large enough."""
    from premailer import Premailer, cache

    type(cache.cache).__init__(
        cache.cache, maxsize=_CACHED
    )  # the object is shared by its functions: made anew in place

    @lru_cache(maxsize=8)
    def written(css: str, number: int) -> Any:
        return Premailer(disable_validation=True, strip_important=False)._parse_style_rules(css, number)  # noqa: SLF001 - see the head

    class Inliner(Premailer):  # type: ignore[misc]  # premailer has no types
        def _parse_style_rules(self, css_body: str, ruleset_index: int) -> Any:
            return written(css_body, ruleset_index)

    return Inliner


def _disarm(page: etree._Element) -> None:
    for element in list(page.iter("link", "style", "base")):
        parent = element.getparent()
        if element.tag == "style":
            element.text = _IMPORT.sub("", element.text or "")
        elif parent is not None and (element.tag == "base" or "stylesheet" in element.get("rel", "").lower()):
            parent.remove(element)
    for element in page.iterfind(".//*[@style]"):
        element.set(_ASIDE, element.attrib.pop("style"))


def safe_style(style: str) -> str:
    """The declarations of a style attribute that a mail may carry, in their order."""
    kept = []
    for part in style.split(";"):
        match = _DECLARATION.fullmatch(part.rstrip())
        if match is None or len(match[2]) > _LONGEST_VALUE:
            continue
        name, value = match[1].lower(), match[2].replace('"', "'")
        if (
            name not in _PROPERTIES
            or not _VALUE.match(value)
            or (name.startswith("margin") and _NEGATIVE.search(value))
        ):
            continue
        if fitted := _fitted(name, value.strip()):
            kept.append(fitted)
    return "; ".join(kept)


def _fitted(name: str, value: str) -> str:
    """A declaration that makes nothing wider than a phone; empty where it would."""
    if name == "white-space":
        return f"{name}:{value}" if value.lower().removesuffix("!important").strip() in _WRAPPING else ""
    if name == "height":
        return ""  # text is as high as it is; a picture's height follows its width
    lengths = [float(size) * _PIXELS.get(unit.lower(), 1) for size, unit in _LENGTH.findall(value)]
    if name in _SIZES:
        name = "max-width" if lengths else name  # a percentage is of the column already
        percent = re.match(r"(\d+(?:\.\d+)?)%", value)
        return f"{name}:{value}" if lengths or (percent and float(percent[1]) <= 100) or value == "auto" else ""
    return f"{name}:{value}" if not lengths or max(lengths) <= _LONGEST else ""
