"""What stands in brackets: links, images, spans with attributes, notes in place, marks of notes.

An opening bracket leaves an `Opener`; what follows the closing one decides what the pair is: a target in parentheses, a
label, attributes in braces, a known label by itself, or nothing, and then both brackets are text. A link inside a link
is text, as pandoc has it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from newsletter_cli.rendering.clean import LINE, TITLE_LINE
from newsletter_cli.rendering.dialect import attributes, targets, tree
from newsletter_cli.rendering.dialect.delimiters import resolve
from newsletter_cli.rendering.dialect.inlines import Inline, Scanner
from newsletter_cli.rendering.dialect.references import MAX_LABEL, Reference, key

if TYPE_CHECKING:
    from newsletter_cli.rendering.dialect.attributes import Attributes

_NOTE_MARK = re.compile(r"\[\^([^\s\[\]]{1,200})\]")
_LABEL = re.compile(r"\[((?:[^\[\]\\]|\\.){0,999})\]")
# Brackets inside brackets; deeper ones are text.
_MAX_OPENERS = 40


@dataclass(frozen=True, slots=True)
class Opener:
    """An opening bracket: `index` among the pieces, `at` in the text (of its first mark), `mark` as written."""

    index: int
    at: int
    mark: str


class OpeningBracket(Inline):
    """``[``, ``![``, ``^[``; a mark of a known note is read whole."""

    characters = "[!^"

    def read(self, scan: Scanner, at: int) -> int | None:
        """Read one that begins at `at`."""
        mark = scan.text[at] if scan.text[at] == "[" else scan.text[at : at + 2]
        if not mark.endswith("["):
            return None
        if mark == "[" and (note := _NOTE_MARK.match(scan.text, at)):
            found = scan.inliner.blocks.notes.get(note[1])
            if found is not None:
                scan.pieces.append(scan.inliner.notes.mark(found, note[1]))
                return note.end()
        if len(scan.openers) < _MAX_OPENERS:
            scan.openers.append(Opener(len(scan.pieces), at, mark))
        scan.pieces.append(mark)
        return at + len(mark)


class ClosingBracket(Inline):
    """``]`` and what follows it."""

    characters = "]"

    def read(self, scan: Scanner, at: int) -> int | None:
        """Read one that begins at `at`."""
        if not scan.openers:
            return None
        opener = scan.openers.pop()
        if opener.mark == "^[":
            if scan.text[at + 1 : at + 2] not in {"(", "[", "{"}:
                _take(scan, opener, [_note_in_place(scan, opener)])
                return at + 1
            scan.pieces[opener.index : opener.index + 1] = ["^", "["]
            opener = Opener(opener.index + 1, opener.at + 1, "[")
        label = scan.text[opener.at + len(opener.mark) : at] if at - opener.at <= MAX_LABEL else ""
        found = _target(scan, label, at + 1)
        if found and not (found[0].heading is not None and opener.mark == "!["):
            reference, end = found
            content = _content(scan, opener)
            if opener.mark == "![":
                _take(scan, opener, [_image(scan, opener, reference, content)])
            else:
                inside = [_unlinked(piece) for piece in content]
                _take(scan, opener, _trimmed(_link(scan, opener, reference), inside))
            return end
        if opener.mark == "[" and (given := attributes.read(scan.text, at + 1)):
            span = Element("span")
            attributes.put(span, given[0])
            _take(scan, opener, _trimmed(span, _content(scan, opener)))
            return given[1]
        return None


def _target(scan: Scanner, label: str, at: int) -> tuple[Reference, int] | None:
    """Where the pair of brackets that ends before `at` leads, and the place behind all of it."""
    text = scan.text
    reference: Reference | None = None
    end = at
    if text.startswith("(", at) and scan.find(")", at) >= 0 and (inline := targets.read(text, at)):
        reference, end = Reference(inline[0], inline[1]), inline[2]
    elif scan.inliner.blocks.references or scan.inliner.headings:
        if behind := _LABEL.match(text, at):
            reference, end = _known(scan, behind[1] or label), behind.end()
        elif label:
            reference = _known(scan, label)
    if not reference:
        return None
    if given := attributes.read(text, end):
        reference = replace(reference, given=_joined(reference.given, given[0]))
        end = given[1]
    return reference, end


def _known(scan: Scanner, label: str) -> Reference | None:
    """What a label means: its definition, else the first heading of this text (pandoc's implicit_header_references)."""
    said = key(label)
    return scan.inliner.blocks.references.get(said) or scan.inliner.headings.get(said)


def _joined(first: Attributes, then: Attributes) -> Attributes:
    return attributes.Attributes(
        then.identifier or first.identifier, (*first.classes, *then.classes), (*then.pairs, *first.pairs)
    )


def _content(scan: Scanner, opener: Opener) -> list[str | Element]:
    return resolve(scan.pieces[opener.index + 1 :])


def _take(scan: Scanner, opener: Opener, made: list[str | Element]) -> None:
    """Put what was made in the place of the bracket and all behind it."""
    scan.pieces[opener.index :] = made


def _trimmed(element: Element, content: list[str | Element]) -> list[str | Element]:
    """The element with its content, white space at the edges standing outside it."""
    before = after = ""
    if content and isinstance(first := content[0], str) and first != first.lstrip(" \n"):
        before, content[0] = " ", first.lstrip(" \n")
    if content and isinstance(last := content[-1], str) and last != last.rstrip(" \n"):
        after, content[-1] = " ", last.rstrip(" \n")
    return [piece for piece in (before, tree.fill(element, content), after) if piece != ""]


def _link(scan: Scanner, opener: Opener, reference: Reference) -> Element:
    link = _placed(scan, opener, reference, Element("a", {"href": reference.target}))
    if reference.heading is not None:
        scan.inliner.pointers.append((link, reference.heading))
    return link


def _image(scan: Scanner, opener: Opener, reference: Reference, content: list[str | Element]) -> Element:
    caption = tree.fill(Element("figcaption"), content)
    alt = tree.text_of(caption).replace("\n", " ").strip(" ")
    image = _placed(scan, opener, reference, Element("img", {"src": reference.target, "alt": alt}))
    scan.inliner.captions[image] = caption
    return image


def _placed(scan: Scanner, opener: Opener, reference: Reference, element: Element) -> Element:
    if reference.title:
        element.set("title", reference.title)
    attributes.put(element, reference.given)
    if reference.line is not None and element.get("title"):
        element.set(TITLE_LINE, str(reference.line))
    line = scan.line_at(opener.at)
    if line is not None:
        element.set(LINE, str(line))
    return element


def _unlinked(piece: str | Element) -> str | Element:
    """A piece without links of its own: a link holds none."""
    if isinstance(piece, Element):
        for link in piece.iter("a"):
            link.tag = "span"
            link.attrib.clear()
    return piece


def _note_in_place(scan: Scanner, opener: Opener) -> Element:
    note = Element("li")
    tree.fill(SubElement(note, "p"), _content(scan, opener))
    return scan.inliner.notes.mark(note, None)
