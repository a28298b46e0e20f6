"""Link definitions, ``[label]: target "title" {attributes}``, and the attribute lines of kramdown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter_cli.rendering.dialect import attributes, targets, tree
from newsletter_cli.rendering.dialect.blocks import Construct

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from newsletter_cli.rendering.dialect.blocks import State
    from newsletter_cli.rendering.dialect.source import Line

# CommonMark §4.7: a label has at most 999 characters.
MAX_LABEL = 999
_LABEL = re.compile(r" {0,3}\[(?!\^)(?P<label>(?:[^\[\]\\]|\\.|\[[^\[\]]*\]){1,999})\]: *(?P<rest>.*)\Z")
_TITLE = re.compile(r"""(?:^|\s+)(?:"(?P<double>.*)"|'(?P<single>.*)'|\((?P<round>[^()]*)\))\s*\Z""")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a label leads."""

    target: str
    title: str = ""
    given: attributes.Attributes = attributes.NONE  # set on the link
    line: int | None = None  # of the definition, where it is not the link's own
    heading: Element | None = None  # of this text, where no label is defined: its id is not known yet


def key(label: str) -> str:
    """Labels are equal whatever their letter case and white space."""
    return _SPACES.sub(" ", label).strip().casefold()


class LinkDefinition(Construct):
    """One definition; its target may stand on the next line, and its title on the one after."""

    starts = "["

    def read(self, parent: Element, lines: list[Line], at: int, state: State) -> int | None:
        """Read one that begins at `at`."""
        del parent, state
        match = _LABEL.match(lines[at].text)
        if not match:
            return None
        rest, end = match["rest"].strip(" "), at + 1
        if not rest and end < len(lines) and not lines[end].blank:
            rest, end = lines[end].text.strip(" "), end + 1
        if not rest or rest.startswith("["):
            return None
        given = attributes.NONE
        if rest.endswith("}") and (brace := rest.rfind("{")) > 0:
            found = attributes.read(rest, brace)
            if found and found[1] == len(rest):
                given, rest = found[0], rest[:brace].rstrip(" ")
        title = ""
        if found_title := _TITLE.search(rest):
            title, rest = _title(found_title), rest[: found_title.start()]
        elif end < len(lines) and (found_title := _TITLE.fullmatch(lines[end].text.strip(" "))):
            title, end = _title(found_title), end + 1
        target = rest[1:-1] if rest.startswith("<") and rest.endswith(">") else rest
        reference = Reference(
            targets.escaped(targets.unescaped(target)), targets.unescaped(title), given, lines[at].number
        )
        self.parser.references.setdefault(key(match["label"]), reference)
        return end


def _title(match: re.Match[str]) -> str:
    return next(text for text in match.groups() if text is not None)


class KramdownAttributes(Construct):
    """A line of ``{:.class #id}``: belongs to the block it touches, above or else below."""

    starts = "{"

    def read(self, parent: Element, lines: list[Line], at: int, state: State) -> int | None:
        """Read one that begins at `at`."""
        text = lines[at].text.strip(" ")
        if text == "{:toc}":
            return self._contents(parent, at)
        found = attributes.read_kramdown(text)
        if not found or found[1] != len(text):
            return None
        touches_above = at > 0 and not lines[at - 1].blank and len(parent) > 0
        end = at + 1
        if not touches_above and end < len(lines) and not lines[end].blank:
            end = self.parser.block(parent, lines, end, state)
        if len(parent) and parent[-1].tag not in {tree.PLAIN, tree.RAW}:
            attributes.put(parent[-1], found[0])
        return end

    def interrupts(self, lines: list[Line], at: int, state: State) -> bool:
        """Whether one may begin right under a paragraph's line."""
        del state
        text = lines[at].text.strip(" ")
        found = attributes.read_kramdown(text)
        return text == "{:toc}" or bool(found and found[1] == len(text))

    def _contents(self, parent: Element, at: int) -> int:
        """Kramdown puts the table of contents in the place of the list above the line."""
        if len(parent) and parent[-1].tag in {"ol", "ul"}:
            parent.remove(parent[-1])
        tree.block(parent, "p").text = "[TOC]"
        return at + 1
