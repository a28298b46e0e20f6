"""Typography: curly quotes, dashes, the ellipsis. An escaped mark stays as it is (`escapes`)."""

from __future__ import annotations

import re

from newsletter_cli.rendering.dialect.delimiters import Delimiter
from newsletter_cli.rendering.dialect.inlines import Inline, Scanner

_DASHES = {3: "—", 2: "–"}
# A URL in plain text keeps its dashes and dots: mail clients make a link of it.
_URL = re.compile(r"://(?:[\w\-./?=%#+:,;@]|&(?!#?\w+;))+")
# pandoc's default list: what stands before a word, a name or a number.
_SHORT = """
    aet aetat al Apr Aug bk Bros c Capt cf ch chap chs Co col Corp cp d Dec Dr e.g ed eds esp f fasc Feb ff fig fl fol
    fols Fr Gen Gov Hon i.e ill Inc incl Jan Jr Jul Jun Ltd M.A M.D Mar Mr Mrs Ms n n.b nn No Nov Oct p Ph.D pp Pres
    Prof pt q.v Rep Rev s.v s.vv saec sec Sen Sep Sept Sgt Sr St univ viz vol vs
"""
_ABBREVIATION = re.compile(
    rf"(?:{'|'.join(re.escape(word) for word in sorted(_SHORT.split(), key=len, reverse=True))})\.\Z"
)


class Quotes(Inline):
    """Straight quotes: which way they turn is told by what they stand beside, and by their partner."""

    characters = "\"'"

    def read(self, scan: Scanner, at: int) -> int:
        """Read one that begins at `at`."""
        text = scan.text
        after = text[at + 1 : at + 2]
        before = text[at - 1 : at]
        opens = after not in {"", " ", "\n"} and not before.isalnum() and before != "."
        # Of two before a word (``""a" b"``) neither ends what the first began.
        closes = not after.isalnum() if text[at] == "'" else not (before == '"' and after.isalnum())
        scan.pieces.append(Delimiter(text[at], 1, opens, closes and at > 0))
        return at + 1


class Dashes(Inline):
    """``---`` and ``--``."""

    characters = "-"

    def read(self, scan: Scanner, at: int) -> int | None:
        """Read one that begins at `at`."""
        length = 3 if scan.text.startswith("---", at) else 2 if scan.text.startswith("--", at) else 0
        if not length:
            return None
        scan.pieces.append(_DASHES[length])
        return at + length


class Dots(Inline):
    """Three full stops; and an abbreviation's, which the next word does not leave."""

    characters = "."

    def read(self, scan: Scanner, at: int) -> int | None:
        """Read one that begins at `at`."""
        if scan.text.startswith("...", at):
            scan.pieces.append("…")
            return at + 3
        if scan.text.startswith(" ", at + 1) and (short := _ABBREVIATION.search(scan.text, max(at - 8, 0), at + 1)):
            end = at + 2
            while scan.text.startswith(" ", end):
                end += 1
            if end < len(scan.text) and scan.text[end] != "\n" and not _inside_word(scan.text, short.start()):
                scan.pieces.append(".\u00a0")
                return end
        return None


class BareUrl(Inline):
    """The rest of an address that stands in the text as it is."""

    characters = ":"

    def read(self, scan: Scanner, at: int) -> int | None:
        """Read one that begins at `at`."""
        match = _URL.match(scan.text, at)
        if not match or not scan.text[at - 1 : at].isalpha():
            return None
        scan.pieces.append(match[0])
        return match.end()


def _inside_word(text: str, at: int) -> bool:
    """Whether a word goes on to the left of `at`."""
    before = text[at - 1 : at]
    return before.isalnum() or before == "."
