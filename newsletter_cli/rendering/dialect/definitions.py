"""Definition lists: a line of a term, then ``: what it means``, indented where it goes on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter_cli.rendering.dialect import tables, tree
from newsletter_cli.rendering.dialect.blocks import Construct
from newsletter_cli.rendering.dialect.divs import is_closing
from newsletter_cli.rendering.dialect.source import TAB_STOP, Line, dedent

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from newsletter_cli.rendering.dialect.blocks import State

_MARK = re.compile(r" {0,3}[:~](?= |$) {0,3}")


class DefinitionList(Construct):
    """Terms, each with one definition or more."""

    def read(self, parent: Element, lines: list[Line], at: int, state: State) -> int | None:
        """Read one that begins at `at`."""
        if not _begins(lines, at, state):
            return None
        element = tree.block(parent, "dl", lines[at].number)
        while at < len(lines) and _begins(lines, at, state):
            term = tree.block(element, "dt", lines[at].number)
            term.text = lines[at].text.strip(" ")
            mark = _mark_below(lines, at)
            loose = mark is not None and lines[mark - 1].blank
            while mark is not None:
                content, end = _definition(lines, mark, state)
                definition = tree.block(element, "dd", lines[mark].number)
                inner = self.parser.inside(state, lines[mark], loose_end=loose)
                self.parser.parse(definition, content, 0, inner)
                _tighten(definition, loose=loose)
                mark, at = _mark_at(lines, end), end
            at = _skip_blank(lines, at)
        return at


def _begins(lines: list[Line], at: int, state: State) -> bool:
    """Whether a term stands at `at`; a table's caption is no definition of the paragraph above it."""
    line = lines[at]
    if line.blank or line.indent >= TAB_STOP or _MARK.match(line.text) or line.text.endswith("\\"):
        return False  # behind a hard break a colon is only a colon
    mark = _mark_below(lines, at)
    return mark is not None and not (lines[mark - 1].blank and tables.captions_a_table(lines, mark, state))


def _mark_below(lines: list[Line], at: int) -> int | None:
    below = at + 1
    if below < len(lines) and lines[below].blank:
        below += 1
    return below if below < len(lines) and _MARK.match(lines[below].text) else None


def _mark_at(lines: list[Line], at: int) -> int | None:
    """The next definition of the same term."""
    at = _skip_blank(lines, at)
    return at if at < len(lines) and _MARK.match(lines[at].text) else None


def _definition(lines: list[Line], at: int, state: State) -> tuple[list[Line], int]:
    """The lines of one definition without its mark and indentation, and the place behind them."""
    mark = _MARK.match(lines[at].text)
    assert mark
    content = [Line(lines[at].text[mark.end() :], lines[at].number)]
    at += 1
    while at < len(lines):
        line = lines[at]
        if line.blank:
            following = _skip_blank(lines, at)
            if following == len(lines) or lines[following].indent < TAB_STOP:
                break
            content += [Line("", blank.number) for blank in lines[at:following]]
            at = following
        elif _MARK.match(line.text) or (state.in_box and is_closing(line.text)):
            break
        else:
            content.append(dedent(line, TAB_STOP))
            at += 1
    return content, at


def _skip_blank(lines: list[Line], at: int) -> int:
    while at < len(lines) and lines[at].blank:
        at += 1
    return at


def _tighten(definition: Element, *, loose: bool) -> None:
    """The only paragraph of a definition close under its term has no ``<p>``."""
    paragraphs = [child for child in definition if child.tag in {"p", tree.PLAIN}]
    for paragraph in paragraphs:
        paragraph.tag = "p" if loose or len(paragraphs) > 1 else tree.PLAIN
