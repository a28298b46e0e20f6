"""Lists: bullets, ordered ones with any start and style, tasks; tight and loose as pandoc tells them.

An item reaches as far as lines are indented to its text, or go on a paragraph lazily. A list is loose, each of its
items' texts a paragraph, as soon as one of them is followed by a blank line and more of the list.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import TYPE_CHECKING

from newsletter_cli.rendering.dialect import list_markers, tree
from newsletter_cli.rendering.dialect.blocks import Construct
from newsletter_cli.rendering.dialect.source import Line

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from newsletter_cli.rendering.dialect.blocks import LineParser, State
    from newsletter_cli.rendering.dialect.list_markers import Marker

_TASK = re.compile(r"\[([ xX])\] +(?=\S)")
# What a mail shows for a checkbox; clients drop <input>.
_BOXES = {" ": "☐ ", "x": "☑ ", "X": "☑ "}
# An image alone, with its attributes perhaps.
_FIGURE = re.compile(r"!\[(?!\])(?:[^\[\]\\]|\\.)*\]\((?:[^()\\]|\\.)*\)(?:\{[^{}]*\})?\Z")
# Text is wrapped at 72 columns and more; a line so long may have been cut before a dash.
_WRAPPED = 60
_HARD_BREAK = re.compile(r"(?:\\| {2,})\Z")


class ListConstruct(Construct):
    """What bulleted and ordered lists share. Subclasses say which marks begin one."""

    courtesy = True

    @abstractmethod
    def first(self, text: str) -> Marker | None:
        """The mark that begins such a list."""

    def read(self, parent: Element, lines: list[Line], at: int, state: State) -> int | None:
        """Read one that begins at `at`."""
        first = self.first(lines[at].text)
        if not first:
            return None
        element = self._element(parent, first, lines[at])
        items: list[Element] = []
        tasks = 0
        marker: Marker | None = first
        while marker:
            content, end = _item(self.parser, lines, at, marker, state)
            following = _next_content(lines, end)
            marker = _marker(lines[following].text, like=first) if following < len(lines) else None
            if marker and not marker.continues(first):
                marker = None
            if box := _TASK.match(content[0].text):
                content[0] = Line(_BOXES[box[1]] + content[0].text[box.end() :], content[0].number)
                tasks += 1
            item = tree.block(element, "li", lines[at].number)
            loose = marker is not None and following > end
            inner = self.parser.inside(state, lines[at], item=True, loose_end=loose)
            self.parser.parse(item, content, 0, inner)
            items.append(item)
            at = following if marker else end
        if tasks == len(items) and element.tag == "ul":
            element.set("class", "task-list")
        _loosen(items)
        return at

    def interrupts(self, lines: list[Line], at: int, state: State) -> bool:
        """In an item any list may (pandoc); elsewhere, as in CommonMark, bullets and a list from 1, none empty."""
        marker = self.first(lines[at].text)
        if not marker:
            return False
        if state.in_item:
            return True
        starts = marker.style is list_markers.Style.BULLET or (
            marker.style is list_markers.Style.DECIMAL and marker.number == 1
        )
        return starts and not marker.empty and _looks_meant(lines, at)

    def _element(self, parent: Element, first: Marker, line: Line) -> Element:
        if first.style is list_markers.Style.BULLET:
            return tree.block(parent, "ul", line.number)
        element = tree.block(parent, "ol", line.number)
        if first.style not in {list_markers.Style.DECIMAL, list_markers.Style.DEFAULT}:
            element.set("type", first.style.value)
        if first.number != 1:
            element.set("start", str(first.number))
        return element


class BulletList(ListConstruct):
    """``- item``."""

    starts = "*+-"

    def first(self, text: str) -> Marker | None:
        """A bullet."""
        return list_markers.bullet(text)


class OrderedList(ListConstruct):
    """``1. item``, in any style."""

    starts = "#(0123456789a"

    def first(self, text: str) -> Marker | None:
        """A number or a letter."""
        return list_markers.ordered(text)


def _looks_meant(lines: list[Line], at: int) -> bool:
    """Whether a mark under a line of text begins a list, and is no dash that a wrapped line happens to begin with."""
    before = lines[at - 1].text.rstrip(" ")
    if _HARD_BREAK.search(lines[at - 1].text):
        return False
    after = lines[at + 1] if at + 1 < len(lines) else None
    if before.endswith(":") or (after and _marker(after.text)):
        return True
    if after and not after.blank and not after.indent:
        return False  # the paragraph goes on
    return len(before) < _WRAPPED


def _marker(text: str, like: Marker | None = None) -> Marker | None:
    return list_markers.bullet(text) or list_markers.ordered(text, like)


def _item(parser: LineParser, lines: list[Line], at: int, marker: Marker, state: State) -> tuple[list[Line], int]:
    """The lines of one item without its mark and indentation, and the place behind them (blank lines not counted)."""
    first = lines[at]
    content = [Line(first.text[marker.column :], first.number)]
    end = at + 1
    while end < len(lines):
        line = lines[end]
        if line.blank:
            following = _next_content(lines, end)
            if following == len(lines) or lines[following].indent < marker.column:
                break
            content += [Line("", blank.number) for blank in lines[end:following]]
            end = following
        elif line.indent >= marker.column:
            content.append(Line(line.text[marker.column :], line.number))
            end += 1
        elif _marker(line.text) or parser.interrupted(lines, end, state):
            break
        else:
            content.append(line)  # a lazy line of a paragraph
            end += 1
    return content, end


def _next_content(lines: list[Line], at: int) -> int:
    """The first line from `at` on that is not blank."""
    while at < len(lines) and lines[at].blank:
        at += 1
    return at


def _loosen(items: list[Element]) -> None:
    """Where one item's text is a paragraph, the text of all is. A figure is none."""
    if any(child.tag == "p" and not _FIGURE.match(child.text or "") for item in items for child in item):
        for item in items:
            for child in item:
                if child.tag == tree.PLAIN:
                    child.tag = "p"
