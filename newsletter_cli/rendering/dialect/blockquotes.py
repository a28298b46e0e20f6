"""Quoted blocks: lines behind ``>``, and the lines of a paragraph that go on without it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter_cli.rendering.dialect import tree
from newsletter_cli.rendering.dialect.blocks import Construct
from newsletter_cli.rendering.dialect.source import Line

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from newsletter_cli.rendering.dialect.blocks import State

_MARK = re.compile(r" {0,3}> ?")


class Blockquote(Construct):
    """``> quoted``."""

    courtesy = True
    starts = ">"

    def read(self, parent: Element, lines: list[Line], at: int, state: State) -> int | None:
        """Read one that begins at `at`."""
        if not _MARK.match(lines[at].text):
            return None
        start, content = at, []
        while at < len(lines) and not lines[at].blank:
            line = lines[at]
            mark = _MARK.match(line.text)
            if not mark and self.parser.interrupted(lines, at, state):
                break
            content.append(Line(line.text[mark.end() :], line.number) if mark else line)
            at += 1
        quote = tree.block(parent, "blockquote", lines[start].number)
        self.parser.parse(quote, content, 0, self.parser.inside(state, lines[start]))
        return at

    def interrupts(self, lines: list[Line], at: int, state: State) -> bool:
        """Whether one may begin right under a paragraph's line."""
        del state
        if not re.match(r" {0,3}> ", lines[at].text):
            return False
        # Where the text goes on without the mark, it is a "greater than" that a wrapped line begins with.
        return at + 1 == len(lines) or lines[at + 1].blank or bool(_MARK.match(lines[at + 1].text))
