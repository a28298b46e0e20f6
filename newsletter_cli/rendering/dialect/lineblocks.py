"""Line blocks: verse and addresses, each line behind ``|``, its breaks and leading spaces kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter_cli.rendering.dialect import tree
from newsletter_cli.rendering.dialect.blocks import Construct

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from newsletter_cli.rendering.dialect.blocks import State
    from newsletter_cli.rendering.dialect.source import Line

_LINE = re.compile(r"\|(?: (.*))?\Z")
_NBSP = "\u00a0"


class LineBlock(Construct):
    """``| a line``; a line that begins with a space goes on the one before."""

    starts = "|"

    def read(self, parent: Element, lines: list[Line], at: int, state: State) -> int | None:
        """Read one that begins at `at`."""
        del state
        if not _LINE.match(lines[at].text):
            return None
        element = tree.block(parent, "div", lines[at].number)
        element.set("class", "line-block")
        first = True
        while at < len(lines) and (match := _LINE.match(lines[at].text)):
            number = lines[at].number
            text = (match[1] or "").rstrip(" ")
            at += 1
            while at < len(lines) and lines[at].text.startswith(" ") and not lines[at].blank:
                text += " " + lines[at].text.strip(" ")
                at += 1
            if not first:
                tree.block(element, "br")
            bare = text.lstrip(" ")
            line = tree.block(element, tree.PLAIN, number)
            line.text = _NBSP * (len(text) - len(bare)) + bare
            first = False
        return at
