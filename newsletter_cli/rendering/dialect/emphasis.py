"""The marks of emphasis, strikeout, sub- and superscript: where a run may open, where it may close."""

from __future__ import annotations

from newsletter_cli.rendering.dialect.delimiters import Delimiter
from newsletter_cli.rendering.dialect.inlines import Inline, Scanner


class Emphasis(Inline):
    """``*`` and ``_``; an underscore inside a word is text."""

    characters = "*_"

    def read(self, scan: Scanner, at: int) -> int:
        """Read one that begins at `at`."""
        char, end = scan.text[at], _run_end(scan.text, at)
        opens, closes = not _space(scan.text, end), True
        if char == "_":
            opens = opens and not scan.text[at - 1 : at].isalnum()
            closes = not scan.text[end : end + 1].isalnum()
        scan.pieces.append(Delimiter(char, end - at, opens, closes))
        return end


class Script(Inline):
    """``~~struck~~``, ``H~2~O``, ``2^10^``; a note in place (``^[…]``) is the brackets' business."""

    characters = "~^"

    def read(self, scan: Scanner, at: int) -> int:
        """Read one that begins at `at`."""
        char, end = scan.text[at], _run_end(scan.text, at)
        length = end - at
        kind = char if char == "^" or length == 1 else "~~"
        if length > 2 * len(kind) or length % len(kind):
            scan.pieces.append(scan.text[at:end])
            return end
        end = at + len(kind)  # of ~~a~~~~b~~ the first two marks close, the other two open
        scan.pieces.append(Delimiter(kind, 1, opens=not _space(scan.text, end), closes=at > 0))
        return end


def _run_end(text: str, at: int) -> int:
    end = at + 1
    while text.startswith(text[at], end):
        end += 1
    return end


def _space(text: str, at: int) -> bool:
    """Whether nothing, a space or a line end stands at `at`; a no-break space is text."""
    return at >= len(text) or text[at] in " \n"
