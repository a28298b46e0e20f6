"""Footnotes: ``[^1]`` and its text ``[^1]: …`` anywhere, ``^[text in place]``; gathered at the end as pandoc does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from markdown.util import AtomicString

from newsletter_cli.rendering.dialect import tree
from newsletter_cli.rendering.dialect.blocks import Construct
from newsletter_cli.rendering.dialect.source import TAB_STOP, Line, dedent

if TYPE_CHECKING:
    from newsletter_cli.rendering.dialect.blocks import State

_DEFINITION = re.compile(r" {0,3}\[\^(?P<label>[^\s\]]+)\]: *")
_BACK = "↩︎"


class FootnoteDefinition(Construct):
    """The text of a note; what goes on is indented by four, or follows a line of its paragraph."""

    starts = "["

    def read(self, parent: Element, lines: list[Line], at: int, state: State) -> int | None:
        """Read one that begins at `at`."""
        del parent
        match = _DEFINITION.match(lines[at].text)
        if not match:
            return None
        content = [Line(lines[at].text[match.end() :], lines[at].number)]
        end = at + 1
        while end < len(lines):
            line = lines[end]
            if line.blank:
                following = end
                while following < len(lines) and lines[following].blank:
                    following += 1
                if following == len(lines) or lines[following].indent < TAB_STOP:
                    break
                content += [Line("", blank.number) for blank in lines[end:following]]
                end = following
            elif _DEFINITION.match(line.text) or line.text.startswith(":::"):
                break
            else:
                content.append(dedent(line, TAB_STOP))
                end += 1
        note = Element("li")
        self.parser.parse(note, content, 0, self.parser.inside(state, lines[at]))
        if match["label"] in self.parser.notes:
            self.parser.warn(f"the note [^{match['label']}] has two texts; the first counts", lines[at])
        else:
            self.parser.notes[match["label"]] = note
        return end

    def interrupts(self, lines: list[Line], at: int, state: State) -> bool:
        """Whether one may begin right under a paragraph's line."""
        del state
        return bool(_DEFINITION.match(lines[at].text))


class Footnotes:
    """The notes of one document in the order of their marks; a note that is referred to twice keeps its number."""

    def __init__(self) -> None:
        self.items: list[Element] = []
        self._numbers: dict[str, int] = {}
        self._seen: set[int] = set()

    def mark(self, note: Element, label: str | None) -> Element:
        """The mark of a note; `label` None: a note in place."""
        number = self._numbers.get(label, 0) if label is not None else 0
        if not number:
            self.items.append(note)
            number = len(self.items)
            if label is not None:
                self._numbers[label] = number
        link = Element("a", {"href": f"#fn{number}", "class": "footnote-ref"})
        if number not in self._seen:
            link.set("id", f"fnref{number}")
            self._seen.add(number)
        sup = SubElement(link, "sup")
        sup.text = AtomicString(str(number))
        return link

    def section(self) -> Element:
        """All notes as one section, each with its way back."""
        section = Element("section", {"id": "footnotes", "class": "footnotes"})
        SubElement(section, "hr")
        notes = SubElement(section, "ol")
        for number, item in enumerate(self.items, 1):
            item.set("id", f"fn{number}")
            last = item[-1] if len(item) and item[-1].tag in {"p", tree.PLAIN} else SubElement(item, tree.PLAIN)
            back = SubElement(last, "a", {"href": f"#fnref{number}", "class": "footnote-back"})
            back.text = AtomicString(_BACK)
            notes.append(item)
        return section
