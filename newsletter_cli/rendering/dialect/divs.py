"""Fenced boxes: ``::: {.class key="value"}`` to ``:::``, inside each other at any depth.

An opening fence has attributes or one word, over several lines where a brace is open; a closing one has colons alone,
as many as it likes. Substack's widgets arrive so; their data stays in ``data-attrs`` and ``data-component``. A box that
is never closed ends with what holds it, and is named.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter_cli.rendering.dialect import attributes, tree
from newsletter_cli.rendering.dialect.attributes import Attributes
from newsletter_cli.rendering.dialect.blocks import Construct

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from newsletter_cli.rendering.dialect.blocks import State
    from newsletter_cli.rendering.dialect.source import Line

_CLOSE = re.compile(r" {0,3}:{3,} *\Z")
_OPEN = re.compile(r" {0,3}:{3,} *(?=[^ :])")
_WORD = re.compile(r"([^\s{}]+) *:* *\Z")
_TAIL = re.compile(r" *:* *\Z")
# Attributes go on over at most so many lines.
_ATTRIBUTE_LINES = 200


def is_closing(text: str) -> bool:
    """Whether a line closes a box."""
    return bool(_CLOSE.match(text))


class FencedDiv(Construct):
    """A box."""

    starts = ":"

    def read(self, parent: Element, lines: list[Line], at: int, state: State) -> int | None:
        """Read one that begins at `at`."""
        line = lines[at]
        if is_closing(line.text):
            # No box is open here: a fence of the author's that closes nothing says nothing to a reader.
            self.parser.warn("::: closes nothing here and was left out", line, code="fence-unbalanced")
            return at + 1
        opening = _opening(lines, at)
        if not opening:
            return None
        found, behind = opening
        div = tree.block(parent, "div", line.number)
        attributes.put(div, found)
        inner = self.parser.inside(state, line, box=True)
        end = self.parser.parse(div, lines, behind, inner, until=is_closing)
        if end >= len(lines):
            self.parser.warn("::: opened here is never closed", line, hint="add ::: below it", code="fence-unbalanced")
        return min(end + 1, len(lines))

    def interrupts(self, lines: list[Line], at: int, state: State) -> bool:
        """Whether one may begin right under a paragraph's line."""
        if is_closing(lines[at].text):
            return state.in_box
        return _opening(lines, at) is not None


def _opening(lines: list[Line], at: int) -> tuple[Attributes, int] | None:
    """The attributes of an opening fence, and the line behind it."""
    text = lines[at].text
    fence = _OPEN.match(text)
    if not fence:
        return None
    rest = text[fence.end() :]
    if not rest.startswith("{"):
        word = _WORD.match(rest)
        return (Attributes(classes=(word[1],)), at + 1) if word else None
    for last in range(at, min(at + _ATTRIBUTE_LINES, len(lines))):
        if last > at:
            if lines[last].blank:
                return None
            rest += "\n" + lines[last].text
        if "}" in lines[last].text:
            found = attributes.read(rest)
            if found and _TAIL.match(rest, found[1]):
                return found[0], last + 1
    return None
