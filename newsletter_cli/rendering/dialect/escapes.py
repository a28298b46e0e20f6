r"""Backslashes, character references, hard breaks.

A backslash before anything but a letter or a digit leaves the character as text, in one pass; before a space it makes a
no-break space, before a line end a break. Elsewhere (``C:\Users``) it is a backslash.
"""

from __future__ import annotations

import re
from html import unescape
from xml.etree.ElementTree import Element

from newsletter_cli.rendering.dialect.inlines import Inline, Scanner

_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


class Escape(Inline):
    """A backslash."""

    characters = "\\"

    def read(self, scan: Scanner, at: int) -> int | None:
        """Read one that begins at `at`."""
        char = scan.text[at + 1 : at + 2]
        if char == " ":
            scan.pieces.append("\u00a0")
        elif char in {"\n", ""}:
            scan.pieces.append(Element("br"))
        elif not char.isalnum():
            scan.pieces.append(char)
        else:
            return None
        return at + 2


class Reference(Inline):
    """``&nbsp;``, ``&#65;``."""

    characters = "&"

    def read(self, scan: Scanner, at: int) -> int | None:
        """Read one that begins at `at`."""
        match = _REFERENCE.match(scan.text, at)
        if not match:
            return None
        char = unescape(match[0])
        if char == match[0]:
            return None
        scan.pieces.append(char)
        return match.end()


class LineEnd(Inline):
    """Two spaces and a line end make a break; one line end is a space."""

    characters = "\n"

    def read(self, scan: Scanner, at: int) -> int:
        """Read one that begins at `at`."""
        before = scan.text[max(at - 2, 0) : at]
        if scan.pieces and isinstance(last := scan.pieces[-1], str):
            scan.pieces[-1] = last.rstrip(" ")
        scan.pieces.append(Element("br") if before == "  " else "\n")
        end = at + 1
        while scan.text.startswith(" ", end):
            end += 1
        return end
