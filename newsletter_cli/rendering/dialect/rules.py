"""Rules: three or more of ``*``, ``-`` or ``_`` alone on a line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter_cli.rendering.dialect import tree
from newsletter_cli.rendering.dialect.blocks import Construct

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from newsletter_cli.rendering.dialect.blocks import State
    from newsletter_cli.rendering.dialect.source import Line

_RULE = re.compile(r" {0,3}([*_-])(?: *\1){2,} *\Z")


def is_rule(text: str) -> bool:
    """Whether a line is a rule."""
    return bool(_RULE.match(text))


class Rule(Construct):
    """``* * *``."""

    courtesy = True
    starts = "*_-"

    def read(self, parent: Element, lines: list[Line], at: int, state: State) -> int | None:
        """Read one that begins at `at`."""
        del state
        if not is_rule(lines[at].text):
            return None
        tree.block(parent, "hr", lines[at].number)
        return at + 1

    def interrupts(self, lines: list[Line], at: int, state: State) -> bool:
        """Whether one may begin right under a paragraph's line."""
        del state
        return "-" not in lines[at].text and is_rule(lines[at].text)
