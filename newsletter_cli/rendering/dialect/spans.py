"""Spans whose class is the name of an element: pandoc writes underlined, marked and typed text so.

``[text]{.underline}`` is ``<u>``; the first class may also be that of `_ELEMENTS`. Small capitals stay a span, for the
style sheet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter_cli.rendering.clean import LINE

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# pandoc's reader takes the first two anywhere among the classes, its HTML writer the others as the first one alone.
_UNDERLINED = frozenset({"underline", "ul"})
_ELEMENTS = frozenset({"abbr", "dfn", "kbd", "mark"})


def name_elements(root: HtmlElement) -> None:
    """Turn such spans into the elements they mean, in place."""
    for span in list(root.iter("span")):
        classes = span.get("class", "").split()
        kept = [one for one in classes if one not in _UNDERLINED]
        if kept and kept[0] in _ELEMENTS:
            span.tag = kept.pop(0)
        underlined = len(set(classes) & _UNDERLINED) > 0
        if kept:
            span.set("class", " ".join(kept))
        elif classes:
            del span.attrib["class"]
        if not underlined:
            continue
        if span.tag == "span" and not set(span.attrib) - {LINE}:
            span.tag = "u"  # it is nothing else
        else:
            _wrap_content(span)


def _wrap_content(span: HtmlElement) -> None:
    underlined = span.makeelement("u")
    underlined.text, span.text = span.text, None
    underlined.extend(span)
    span.append(underlined)
