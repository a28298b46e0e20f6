"""Marks that come in pairs: emphasis, strikeout, sub- and superscript, quotes. Pairing them is this module's work.

pandoc's rule: what is opened last and will be closed has priority, so a closing mark of an outer pair inside an inner
one is text. `resolve` reaches this in one pass with a stack of frames and the counts of closing marks still to come: a
frame that nothing can close any more is dead, and a mark behind a live one does not close what is below it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from newsletter_cli.rendering.dialect.tree import fill

if TYPE_CHECKING:
    from collections.abc import Sequence

# Elements inside elements within one text; deeper marks stay text. No writer nests emphasis more than three deep.
MAX_FRAMES = 40


@dataclass(frozen=True, slots=True)
class Delimiter:
    """One run of marks. `kind` is the character, doubled for ``~~``; quotes are their own kind."""

    kind: str
    length: int
    opens: bool
    closes: bool


@dataclass(slots=True)
class _Frame:
    """What stands behind an opening mark that is not closed yet."""

    kind: str
    length: int
    content: list[str | Element] = field(default_factory=list)

    def literal(self) -> list[str | Element]:
        """What it is when nothing closes it."""
        return [_OPENING.get(self.kind, self.kind * self.length), *self.content]


_EMPHASIS = frozenset("*_")
_TAGS = {"~~": "del", "~": "sub", "^": "sup"}
_OPENING = {'"': "“", "'": "’"}  # of a quote that nothing closes: a lone ' is an apostrophe
_PAIRED = {'"': ("“", "”"), "'": ("‘", "’")}
_CLOSING = {'"': "”", "'": "’"}


def resolve(pieces: Sequence[str | Element | Delimiter]) -> list[str | Element]:
    """The pieces with every pair of marks as an element (or as quotes), and every other mark as text."""
    if not any(isinstance(piece, Delimiter) for piece in pieces):
        return [piece for piece in pieces if not isinstance(piece, Delimiter)]
    pairing = _Pairing(pieces)
    for piece in pieces:
        if isinstance(piece, Delimiter):
            pairing.mark(piece)
        else:
            pairing.add(piece)
    return pairing.finish()


class _Pairing:
    """The stack of frames over one list of pieces."""

    def __init__(self, pieces: Sequence[str | Element | Delimiter]) -> None:
        self.root: list[str | Element] = []
        self.frames: list[_Frame] = []
        # Closing marks still to come: of a kind; of ``**`` and longer under the doubled kind.
        self.coming: dict[str, int] = {}
        for piece in pieces:
            if isinstance(piece, Delimiter) and piece.closes:
                self._count(piece, 1)

    def add(self, piece: str | Element) -> None:
        """A text or an element. White space ends what may hold none: sub- and superscript."""
        if self.frames and isinstance(piece, str) and (" " in piece or "\n" in piece):
            for at, frame in enumerate(self.frames):
                if frame.kind in "~^":
                    self._drop(at)
                    break
        self._top.append(piece)

    def mark(self, mark: Delimiter) -> None:
        """A run of marks: closes what it can, then opens, else is text."""
        if mark.closes:
            self._count(mark, -1)
        left = mark.length
        while left and mark.closes and not self._rather_opens(mark, left):
            used = self._close(mark, left)
            if not used:
                break
            left -= used
        if not left:
            return
        if mark.opens and self._may_open(mark.kind, left):
            self.frames.append(_Frame(mark.kind, left))
        else:
            signs = _CLOSING if mark.closes else _OPENING
            self._top.append(signs.get(mark.kind, mark.kind * left))

    def finish(self) -> list[str | Element]:
        """Give the content."""
        self._drop(0)
        return self.root

    @property
    def _top(self) -> list[str | Element]:
        return self.frames[-1].content if self.frames else self.root

    def _count(self, mark: Delimiter, step: int) -> None:
        self.coming[mark.kind] = self.coming.get(mark.kind, 0) + step
        if mark.kind in _EMPHASIS and mark.length >= 2:
            doubled = mark.kind * 2
            self.coming[doubled] = self.coming.get(doubled, 0) + step

    def _will_close(self, kind: str, length: int) -> bool:
        needed = kind * 2 if kind in _EMPHASIS and length == 2 else kind
        return self.coming.get(needed, 0) > 0

    def _rather_opens(self, mark: Delimiter, left: int) -> bool:
        """``**`` inside ``*…`` begins strong text if that ends later."""
        if mark.kind not in _EMPHASIS or left != 2 or not mark.opens or not self.frames:
            return False
        top = self.frames[-1]
        return top.kind == mark.kind and top.length == 1 and self._will_close(mark.kind, 2)

    def _may_open(self, kind: str, length: int) -> bool:
        if len(self.frames) >= MAX_FRAMES or (kind in _EMPHASIS and length > 3):
            return False
        if kind not in _PAIRED:
            return True
        # A quote right inside the same kind of quote is an apostrophe or a closing mark.
        around = next((frame.kind for frame in reversed(self.frames) if frame.kind in _PAIRED), "")
        return around != kind

    def _close(self, mark: Delimiter, left: int) -> int:
        """Close the nearest frame of this kind that `left` marks of a run can close; give how many marks it took."""
        for at in range(len(self.frames) - 1, -1, -1):
            frame = self.frames[at]
            if frame.kind == mark.kind and self._fits(at, mark, left):
                self._drop(at + 1)
                return self._end(at, left)
            if self._will_close(frame.kind, frame.length):
                return 0
        return 0

    def _fits(self, at: int, mark: Delimiter, left: int) -> bool:
        """Whether `left` marks can close this frame of their kind."""
        frame = self.frames[at]
        if frame.kind not in _EMPHASIS:
            return bool(frame.content) or at + 1 < len(self.frames) or frame.kind in _PAIRED
        if frame.length == 2:
            return left >= 2
        if frame.length == 1 and left == 2:
            # *a**b*: two marks inside a word end no single one (CommonMark's rule of three); nor what strong text holds
            return not mark.opens and not any(f.kind == frame.kind and f.length == 2 for f in self.frames[:at])
        return True

    def _end(self, at: int, left: int) -> int:
        """End the top frame with up to `left` marks."""
        frame = self.frames[at]
        kind, content = frame.kind, frame.content
        if kind in _PAIRED:
            del self.frames[at:]
            opening, closing = _PAIRED[kind]
            if content and isinstance(last := content[-1], str):
                content[-1] = last.rstrip(" ")  # of "a " the space is a slip
            self._top.extend([opening, *content, closing])
            return left
        if kind not in _EMPHASIS:
            del self.frames[at:]
            self._append(_TAGS[kind], content)
            return left
        used = min(left, frame.length)
        if used == 3:
            content = [fill(Element("em"), content)]
        tag = "em" if used == 1 else "strong"
        if used < frame.length:  # ***a** b*: the rest of the run goes on
            frame.length -= used
            frame.content = [fill(Element(tag), content)]
        else:
            del self.frames[at:]
            self._append(tag, content)
        return used

    def _append(self, tag: str, content: list[str | Element]) -> None:
        """Add an element; two of a kind side by side are one, as pandoc has it."""
        last = self._top[-1] if self._top else None
        if isinstance(last, Element) and last.tag == tag and not last.attrib:
            fill(last, content)
        else:
            self._top.append(fill(Element(tag), content))

    def _drop(self, at: int) -> None:
        """Frames from `at` on are dead: their marks are text."""
        while len(self.frames) > at:
            literal = self.frames.pop().literal()
            self._top.extend(literal)
