"""The one place that calls premailer: a whole HTML page in, the same page with its styles on the elements out.

What premailer 3.10 does wrong is kept from it here, each with a test:

* ``@import`` is fetched even with ``allow_network=False``, and a style sheet link reads local files: both are removed.
* A style attribute would be parsed by cssutils, which can take 14 s on 320 octets of a post: all are set aside, and
  stand behind the inlined declarations afterwards, as they were (`styles` has cleaned those of the post).
* Its cache of parsed styles holds 128 entries, fewer than our style sheet has rules and declarations, and what it does
  keep is written out anew for every page (80 ms instead of 30): the cache is made larger, the written rules are kept.
* The style block of media queries would lose its ``!important``: it carries ``data-premailer="ignore"``, and only it.

Reads no file, opens no connection; raises nothing.
"""

from __future__ import annotations

import logging
import re
import sys
from contextlib import contextmanager
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lxml import etree

_CACHED = 4096  # entries; a template with its variants has about 300
_ASIDE = "data-post-style"
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")  # no characters of HTML; NUL would end the page for some
_IMPORT = re.compile(r"@import\b[^;{}]*(?:;|(?=[{}])|\Z)", re.IGNORECASE)
# Attributes that premailer derives from styles. Only those that Outlook needs; sizes are set by whoever knows them.
_NO_ATTRIBUTES = ["width", "height", "align"]


def inline(html: str, source: Callable[[etree._Element], None] | None = None) -> str:
    """The page with its style blocks on the elements; blocks marked ``data-premailer="ignore"`` stay blocks.

    `source` is called with every image, to give it its last address.
    """
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    page = etree.fromstring(_CONTROLS.sub("", html).encode("utf-8", "replace"), parser)
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
        own = str(element.attrib.pop(_ASIDE)).strip("; \n")
        if own:
            element.set("style", f"{element.get('style', '')}; {own}".strip("; "))
    for image in list(page.iter("img")) if source else ():
        source(image)  # type: ignore[misc]  # the loop is empty without it
    said: Any = etree.tostring(page.getroottree(), method="html", encoding="unicode")
    return str(said) + "\n"


@lru_cache(maxsize=1)
def _premailer() -> Any:
    """Its class, with caches that are large enough."""
    with _without_requests():
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


@contextmanager
def _without_requests() -> Iterator[None]:
    """Premailer imports requests to fetch style sheets by their addresses, 7 MB and a tenth of a second for nothing.

    Nothing is fetched here (`_disarm`), and with an empty module in its place nothing can be.
    """
    if "requests" in sys.modules:
        yield
        return
    sys.modules["requests"] = ModuleType("requests")
    try:
        yield
    finally:
        del sys.modules["requests"]


def _disarm(page: etree._Element) -> None:
    for element in list(page.iter("link", "style", "base")):
        parent = element.getparent()
        if element.tag == "style":
            element.text = _IMPORT.sub("", element.text or "")
        elif parent is not None and (element.tag == "base" or "stylesheet" in element.get("rel", "").lower()):
            parent.remove(element)
    for element in page.iterfind(".//*[@style]"):
        element.set(_ASIDE, element.attrib.pop("style"))
