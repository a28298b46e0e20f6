"""The text part of a mail, from the same tree as its HTML.

`to_text` takes the final lxml tree (cards built, images placed) and gives lines of at most `width` columns wherever a
line can be broken. Headings are underlined, lists and quotes marked, tables aligned for a fixed font, code kept as it
stands; a link is its text and a number, its target stands in a list at the end (the same target once); a footnote's
mark is ``[^1]``, there and at the note. Opaque tokens pass through whole. Reads nothing else, raises nothing.

A builder of cards may say how an element reads: ``data-text`` on it replaces its text (empty: nothing is shown).
Elements that a reader cannot see (``aria-hidden``, ``hidden``, ``display:none``) are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from newsletter_cli.rendering import text_layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lxml.html import HtmlElement

_BLOCK_TAGS = """
    address article aside blockquote caption center dd details div dl dt fieldset figcaption figure footer
    h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul
"""
BLOCKS = frozenset(_BLOCK_TAGS.split())
_UNDERLINE = {"h1": "=", "h2": "=", "h3": "-", "h4": "-", "h5": ".", "h6": "."}
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_UNSEEN_TAGS = frozenset({"head", "script", "style", "template", "title"})
_WHITE_CHARS = " \t\n\r\f"
_WHITE = re.compile(r"[ \t\n\r\f]+")
_BREAK = "\x1e"  # a forced line break, while white space is being collapsed; no text holds it (XML forbids it)
_BULLET = "- "
_UNBOUNDED = 1_000_000_000  # columns of text that is wrapped later
_NARROWEST = 24  # what would leave fewer columns is no longer indented


def to_text(tree: HtmlElement, *, width: int = 78) -> str:
    """The tree as plain text, LF line ends, no blank line at either end, one LF at the last."""
    writer = _Writer()
    blocks = writer.flow(tree, width)
    lines = _joined([block.lines for block in blocks])
    references = writer.references.lines()
    if references:
        lines += ["", "-" * 8, *references]
    return "\n".join(line.rstrip(" ") for line in lines).strip("\n") + "\n"


@dataclass(slots=True)
class _Block:
    """Finished lines of one block; `tight` stands close to the block before it."""

    lines: list[str]
    tight: bool = False


@dataclass(slots=True)
class _References:
    """Link targets in the order of their first use."""

    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, target: str) -> int:
        return self.numbers.setdefault(target, len(self.numbers) + 1)

    def lines(self) -> list[str]:
        return [f"[{number}] {target}" for target, number in self.numbers.items()]


def _joined(blocks: list[list[str]]) -> list[str]:
    lines: list[str] = []
    for block in blocks:
        if lines and block:
            lines.append("")
        lines += block
    return lines


class _Writer:
    """One walk over one tree. Depth is bounded by the tree's, which `dialect.convert` limits."""

    def __init__(self) -> None:
        self.references = _References()

    # -- blocks ---------------------------------------------------------------------------------------------------

    def flow(self, element: HtmlElement, width: int) -> list[_Block]:
        """The blocks inside an element; loose text between them makes paragraphs of its own."""
        blocks: list[_Block] = []
        inline: list[str] = [element.text or ""]

        def flush() -> None:
            lines = self._paragraph("".join(inline), width)
            if lines:
                blocks.append(_Block(lines))
            inline.clear()

        for child in element.iterchildren("*"):
            if _unseen(child):
                pass
            elif child.get("data-text") is not None and _is_block(child):
                flush()
                inline.append(child.get("data-text", ""))
                flush()
            elif _is_block(child):
                flush()
                blocks += self._block(child, width)
            else:
                inline.append(self._inline(child))
            inline.append(child.tail or "")
        flush()
        return blocks

    def _paragraph(self, text: str, width: int) -> list[str]:
        text = _collapse(text)
        return text_layout.wrap(text, width) if text else []

    def _block(self, element: HtmlElement, width: int) -> list[_Block]:
        special = _SPECIAL.get(element.tag)
        if special:
            lines = special(self, element, width)
            return [_Block(lines)] if lines else []
        if "footnote" in element.get("class", "").split():
            return [_Block(self._footnote(element, width))]
        return self.flow(element, width)

    def _lines(self, element: HtmlElement, width: int) -> list[str]:
        return _joined([block.lines for block in self.flow(element, width)])

    def heading(self, element: HtmlElement, width: int) -> list[str]:
        lines = self._lines(element, width)
        if not lines:
            return []
        return [*lines, _UNDERLINE[element.tag] * min(max(map(text_layout.columns, lines)), width)]

    def rule(self, _element: HtmlElement, width: int) -> list[str]:
        return ["-" * min(width, 40)]

    def quote(self, element: HtmlElement, width: int) -> list[str]:
        if width - 2 < _NARROWEST:
            return self._lines(element, width)
        return [f"> {line}".rstrip(" ") for line in self._lines(element, width - 2)]

    def code(self, element: HtmlElement, _width: int) -> list[str]:
        text = "".join(element.itertext()).expandtabs(4).strip("\n")
        return ["    " + line for line in text.split("\n")] if text.strip() else []

    def list_(self, element: HtmlElement, width: int) -> list[str]:
        ordered = element.tag == "ol"
        notes = _is_note_list(element)
        number = _integer(element.get("start"), 1)
        kind = element.get("type", "1")
        marks: list[str] = []
        for item in element.iterchildren("li"):
            number = _integer(item.get("value"), number)
            marks.append(f"[^{number}] " if notes else f"{_numeral(number, kind)}. " if ordered else _BULLET)
            number += 1
        indent = max(map(len, marks), default=0)
        loose = any(True for item in element.iterchildren("li") for _ in item.iterchildren("p"))
        items: list[list[str]] = []
        for item, mark in zip(element.iterchildren("li"), marks, strict=True):
            blocks = self.flow(item, _narrower(width, indent))
            lines = _joined([b.lines for b in blocks]) if loose else _stacked(blocks)
            items.append(_hang(mark.ljust(indent), lines, width))
        return _joined(items) if loose else [line for item in items for line in item]

    def definitions(self, element: HtmlElement, width: int) -> list[str]:
        lines: list[str] = []
        for child in element.iterchildren("dt", "dd", "div"):
            if child.tag == "dt" and lines:
                lines.append("")
            if child.tag == "dd":
                inner = self._lines(child, _narrower(width, 4))
                lines += _hang("    ", inner, width) if inner else []
            else:
                lines += self._lines(child, width)
        return lines

    def _footnote(self, element: HtmlElement, width: int) -> list[str]:
        """Substack's note: its number is a link back, its text a div beside it."""
        number = next((a for a in element.iter("a") if "footnote-number" in a.get("class", "").split()), None)
        if number is None:
            return self._lines(element, width)
        mark = f"[^{_collapse(''.join(number.itertext()))}] "
        lines: list[list[str]] = []
        inner = _narrower(width, len(mark))
        for child in element.iterchildren("*"):
            if child is not number and number not in child.iter("a"):
                block = self._block(child, inner) if _is_block(child) else []
                lines += [b.lines for b in block] or [self._paragraph(self._inline(child), inner)]
            tail = self._paragraph(child.tail or "", inner)
            lines += [tail] if tail else []
        return _hang(mark, _joined(lines), width)

    def figure(self, element: HtmlElement, width: int) -> list[str]:
        """A caption that only repeats what the image shows is not said twice."""
        blocks = [block.lines for block in self.flow(element, width)]
        shown = " ".join(" ".join(lines) for lines in blocks)
        return _joined([lines for lines in blocks if f"[Image: {' '.join(lines)}]" not in shown])

    def table(self, element: HtmlElement, width: int) -> list[str]:
        if element.get("role") in {"presentation", "none"}:
            return _joined([b.lines for cell in _cells(element) for b in self.flow(cell, width)])
        caption = [self._lines(child, width) for child in element.iterchildren("caption")]
        rows, aligns, head = self._rows(element)
        body = text_layout.table(rows, aligns, head=head, width=width) if rows else []
        return _joined([*filter(None, caption), body])

    def _rows(self, element: HtmlElement) -> tuple[list[list[str]], list[str], int]:
        """All rows as texts of one length, the alignment of each column, how many rows are the head."""
        grid = text_layout.Grid()
        head = 0
        for row in element.iter("tr"):
            parent = row.getparent()
            if parent is not None and parent.tag == "thead" and head == len(grid.rows):
                head += 1
            grid.begin()
            for cell in row.iterchildren("td", "th"):
                said = "\n".join(line for line in self._lines(cell, _UNBOUNDED) if line)
                wide, high = _integer(cell.get("colspan"), 1), _integer(cell.get("rowspan"), 1)
                grid.add(said, _align(cell), wide=wide, high=high)
        count = max(map(len, grid.rows), default=0)
        rows = [cells + [""] * (count - len(cells)) for cells in grid.rows]
        if head and not any(any(cells) for cells in rows[:head]):
            rows, head = rows[head:], 0
        return (rows if count else []), [grid.aligns.get(i, "left") for i in range(count)], head

    # -- inline ---------------------------------------------------------------------------------------------------

    def _inline(self, element: HtmlElement) -> str:
        """One inline element as text, without its tail."""
        if _unseen(element):
            return ""
        said: str | None = element.get("data-text")
        if said is not None:
            return said
        if element.tag in {"br", "img"}:
            return _BREAK if element.tag == "br" else _image(element)
        inner = self._content(element)
        if not inner.strip(_WHITE_CHARS + _BREAK):
            return inner
        if element.tag == "a":
            return self._link(element, inner)
        return _dressed(element, inner)

    def _content(self, element: HtmlElement) -> str:
        parts = [element.text or ""]
        for child in element.iterchildren("*"):
            if _is_block(child) and not _unseen(child):  # a block inside a link: its lines, run together
                parts += [_BREAK, _BREAK.join(self._lines(child, _UNBOUNDED)), _BREAK]
            else:
                parts.append(self._inline(child))
            parts.append(child.tail or "")
        return "".join(parts)

    def _link(self, element: HtmlElement, inner: str) -> str:
        target = _WHITE.sub("", element.get("href", ""))
        shown = _collapse(inner)
        classes = set(element.get("class", "").split())
        if classes & {"footnote-ref", "footnote-anchor"} and shown:
            return f"[^{shown.lstrip('^')}]"
        if classes & {"footnote-back", "footnote-backref"}:
            return ""
        if not target or target.startswith("#") or shown in {target, target.removeprefix("mailto:")}:
            return inner
        if not shown:
            return ""
        return f"{inner.rstrip()} [{self.references.number(target)}]"


def _unseen(element: HtmlElement) -> bool:
    return (
        element.tag in _UNSEEN_TAGS
        or element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
        or bool(_INVISIBLE.search(element.get("style", "")))
    )


def _is_block(element: HtmlElement) -> bool:
    return element.tag in BLOCKS


def _collapse(text: str) -> str:
    """White space as a browser shows it; forced breaks become LF."""
    lines = [_WHITE.sub(" ", part).strip(" ") for part in text.split(_BREAK)]
    return "\n".join(lines).strip("\n")


def _stacked(blocks: list[_Block]) -> list[str]:
    return [line for block in blocks for line in block.lines]


def _narrower(width: int, indent: int) -> int:
    """What an indentation leaves of a width; too little room is not divided further."""
    return width - indent if width - indent >= _NARROWEST else width


def _hang(mark: str, lines: list[str], width: int) -> list[str]:
    """Lines behind a mark, the further ones indented by as much; where there is no room, under a line of the mark."""
    if not lines:
        return [mark.rstrip(" ")]
    if width - len(mark) < _NARROWEST:
        return [*filter(None, [mark.rstrip(" ")]), *lines]
    return [mark + lines[0], *(" " * len(mark) + line if line else "" for line in lines[1:])]


def _dressed(element: HtmlElement, inner: str) -> str:
    """Inline text with the marks that stand for its element."""
    if element.tag in {"em", "strong", "i", "b"}:
        return inner if _inside_emphasis(element) else _marked(inner, "*")
    if element.tag in {"del", "s", "strike"}:
        return _marked(inner, "~")
    if element.tag == "sup":
        # An ordinal or a footnote's mark reads by itself; a power does not.
        return inner if inner.strip().isalpha() or inner.startswith("[^") else f"^{inner}"
    if element.tag == "q":
        return f'"{inner}"'
    return inner


def _marked(text: str, mark: str) -> str:
    """`text` between marks that stand close to its words."""
    words = text.strip()
    lead = text[: len(text) - len(text.lstrip())]
    trail = text[len(text.rstrip()) :]
    return f"{lead}{mark}{words}{mark}{trail}"


def _inside_emphasis(element: HtmlElement) -> bool:
    return any(parent.tag in {"em", "strong", "i", "b", *_UNDERLINE, "th"} for parent in element.iterancestors())


def _image(element: HtmlElement) -> str:
    if element.get("role") == "presentation":
        return ""
    alt = _WHITE.sub(" ", element.get("alt", "")).strip()
    return f"[Image: {alt}]" if alt else "[Image]"


def _is_note_list(element: HtmlElement) -> bool:
    parent = element.getparent()
    return parent is not None and "footnotes" in parent.get("class", "").split()


def _align(cell: HtmlElement) -> str:
    match = re.search(r"text-align:\s*(\w+)", cell.get("style", ""))
    return match[1] if match else cell.get("align", "left")


def _cells(element: HtmlElement) -> Iterator[HtmlElement]:
    """The cells of a layout table itself, not of tables inside it."""
    for child in element.iterchildren("*"):
        if child.tag in {"td", "th"}:
            yield child
        elif child.tag in {"tbody", "thead", "tfoot", "tr"}:
            yield from _cells(child)


def _integer(text: str | None, default: int) -> int:
    text = (text or "").strip()
    return int(text) if re.fullmatch(r"-?\d{1,9}", text) else default


def _numeral(number: int, kind: str) -> str:
    """The number of a list item as HTML's `type` shows it: 1, a, A, i, I."""
    if kind in {"a", "A"} and number > 0:
        letters = ""
        while number:
            number, rest = divmod(number - 1, 26)
            letters = chr(ord(kind) + rest) + letters
        return letters
    if kind in {"i", "I"} and 0 < number < 4000:
        roman = ""
        for value, sign in _ROMANS:
            roman, number = roman + sign * (number // value), number % value
        return roman if kind == "I" else roman.lower()
    return str(number)


_ROMANS = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
    (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip

# How the blocks that are not simply their content are written.
_SPECIAL: dict[str, Callable[[_Writer, HtmlElement, int], list[str]]] = {
    **dict.fromkeys(_UNDERLINE, _Writer.heading),
    "blockquote": _Writer.quote,
    "figure": _Writer.figure,
    "dl": _Writer.definitions,
    "hr": _Writer.rule,
    "ol": _Writer.list_,
    "pre": _Writer.code,
    "table": _Writer.table,
    "ul": _Writer.list_,
}
