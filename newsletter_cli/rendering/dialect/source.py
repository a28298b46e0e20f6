"""A post's body as lines that know where they stand in the file.

Line ends become LF, tabs become spaces at stops of four, and what XML forbids goes (NUL and most other controls, lone
surrogates), before anything is parsed. Bounds are checked here once: beyond them a post is refused, with the line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

TAB_STOP = 4

# Gmail clips a mail a tenth of this (102 kB). At its densest (a bullet every four characters) it takes 5 s and 400 MB.
MAX_CHARACTERS = 1_000_000

# Blocks inside blocks. Real posts nest 9 deep (an embedded player); no reader can tell 60 from 61, and the trees that
# come after this one (lxml, premailer) stay far from their own limits.
MAX_DEPTH = 60

# XML 1.0 §2.2: what no document may hold.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_LINE_END = re.compile("\r\n?")
# White space inside a line. No editor counts lines at U+2028, and text copied from elsewhere holds it anywhere.
_SPACES = str.maketrans("\f\u2028\u2029", "   ")


class Line(NamedTuple):
    """One line: its text without its end, and its physical number, from 1."""

    text: str
    number: int

    @property
    def blank(self) -> bool:
        """Whether it holds nothing, or spaces alone. A no-break space is text: Substack keeps lines apart by it."""
        return not self.text.strip(" ")

    @property
    def indent(self) -> int:
        """How many spaces it begins with."""
        return len(self.text) - len(self.text.lstrip(" "))


def lines_of(markdown: str, *, file: str, first_line: int = 1) -> list[Line]:
    """Split a body into lines. Raises Refused where it is larger than any mail."""
    if len(markdown) > MAX_CHARACTERS:
        line = first_line + markdown.count("\n", 0, MAX_CHARACTERS)
        raise Refused(
            Problem(
                text=f"the post is longer than {MAX_CHARACTERS:,} characters; no mail is that long",
                file=file,
                line=line,
                hint="shorten it, or link to the rest",
                code="post-too-long",
            )
        )
    text = _LINE_END.sub("\n", markdown)
    if _FORBIDDEN.search(text):
        text = _FORBIDDEN.sub("", text)
    texts = text.translate(_SPACES).split("\n")
    return [
        Line(text.expandtabs(TAB_STOP) if "\t" in text else text, number)
        for number, text in enumerate(texts, first_line)
    ]


def too_deep(line: int | None, *, file: str) -> Refused:
    """The refusal of blocks that nest too deeply."""
    return Refused(
        Problem(
            text=f"lists, quotes or boxes stand inside each other more than {MAX_DEPTH} deep",
            file=file,
            line=line,
            hint="no mail program shows that; nest less",
            code="post-too-deep",
        )
    )


def dedent(line: Line, columns: int) -> Line:
    """The line without up to `columns` leading spaces."""
    cut = min(columns, line.indent)
    return Line(line.text[cut:], line.number) if cut else line


def strip_blank(lines: Iterable[Line]) -> list[Line]:
    """The lines without blank ones at either end."""
    kept = list(lines)
    while kept and kept[-1].blank:
        kept.pop()
    start = next((at for at, line in enumerate(kept) if not line.blank), 0)
    return kept[start:]
