"""The paywall marker: where it stands, and a tree without a word from behind it.

Everything behind the marker in the order of the document goes, in whatever it is nested, and what points there: links
to ids that are gone keep their text, entries of a table of contents and marks of footnotes behind the wall go whole.
A footnote whose source stands before the marker stays; of a link that is defined behind it the title goes. What looks
like a marker of another program and is not known is an error: by mistake nobody's whole letter goes to everybody.
Changes the tree in place; raises nothing.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from newsletter_cli.problems import Problem
from newsletter_cli.rendering import walls
from newsletter_cli.rendering.clean import TITLE_LINE
from newsletter_cli.rendering.nodes import LINE, classes, drop, line_of, remove, unwrap

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLASSES = frozenset({"paywall-jump", "paywall", walls.MARKER})
_BLOCKS = ("p", "li", "td", "th", "dd", "dt", "div", "blockquote", "section", *(f"h{level}" for level in range(1, 7)))
_CODE = frozenset({"code", "pre", "kbd", "samp", "tt"})
_COMPONENTS = frozenset({"PaywallToDOM"})
# What a source must hold (in small letters) for a marker to be possible: spares most posts a second conversion.
SIGNS = ("paywall", "members-only")


def marker(tree: etree._Element) -> etree._Element | None:
    """The first paywall marker of a tree."""
    return next((element for element in tree.iter("*") if _marks(element)), None)


def _marks(element: etree._Element) -> bool:
    component = element.get("data-component-name") or element.get("data-component") or ""
    return component in _COMPONENTS or bool(_CLASSES & set(element.get("class", "").split()))


def open_up(tree: etree._Element) -> None:
    """The tree of who may read everything: markers go, and what only looks so; what they hold stays."""
    for found in [element for element in tree.iter("*") if _marks(element) or walls.SUSPECT in classes(element)]:
        unwrap(found)


def suspects(tree: etree._Element, *, file: str) -> tuple[Problem, ...]:
    """An error for each thing outside code that looks like a marker and is none that is understood."""
    found = [(line_of(element), said) for element in tree.iter("*") if (said := _looks(element))]
    found += [(line, said) for block in tree.iter(*_BLOCKS) for line, said in _written(block)]
    return tuple(
        Problem(
            text=f"{said} looks like a paywall and is not understood: all of the post would go to everybody",
            file=file,
            line=line,
            hint="write <!-- paywall --> where the part for paying readers begins, or take it out",
            code="paywall-unknown",
        )
        for line, said in dict.fromkeys(found)
    )


def _looks(element: etree._Element) -> str:
    """What an element says of itself that looks like a marker."""
    names = classes(element)
    if walls.SUSPECT in names:
        return repr(element.get("title", walls.SUSPECT))
    if _marks(element):
        return ""
    component = element.get("data-component") or ""
    said = next((name for name in sorted(names) if walls.like(name)), "")
    return f"class {said!r}" if said else repr(component) if "paywall" in component.lower() else ""


def _written(block: etree._Element) -> Iterator[tuple[int | None, str]]:
    """The lines of a block's own text that look like a marker."""
    if any(element.tag in _CODE for element in (block, *block.iterancestors())):
        return
    first = line_of(block)
    for number, line in enumerate("".join(_own_text(block)).split("\n")):
        if said := walls.written(line):
            yield None if first is None else first + number, said


def _own_text(element: etree._Element) -> Iterator[str]:
    """The text of a block without that of blocks and code in it; what is left out parts what stands around it."""
    yield element.text or ""
    for child in element:
        if child.tag in _CODE or child.tag in _BLOCKS:
            yield "\0"
        elif child.tag == "br":
            yield ""  # the line end behind it stands in the text
        else:
            yield from _own_text(child)
        yield child.tail or ""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the wall stood, and how many marks of footnotes behind it were taken out."""

    line: int | None
    notes: int


def cut(tree: etree._Element) -> Cut | None:
    """Remove everything from the first marker on; None where there is none."""
    found = marker(tree)
    if found is None:
        return None
    wall = line_of(found)
    kept = _kept_notes(tree, wall)
    at: etree._Element | None = found
    while at is not None and at is not tree:
        parent = at.getparent()
        for later in list(at.itersiblings()):
            later.getparent().remove(later)  # type: ignore[union-attr]  # a sibling has the same parent; its tail goes too
        at.tail = None
        at = parent
    found.getparent().remove(found)  # type: ignore[union-attr]  # it is not the root: that is ours
    if kept is not None:
        tree.append(kept)
    for element in tree.iter("a", "img"):
        said = element.get(TITLE_LINE, "")
        if wall is not None and said.isdigit() and int(said) >= wall:
            drop(element, "title")
    return Cut(wall, _forget(tree))


def _kept_notes(tree: etree._Element, wall: int | None) -> etree._Element | None:
    """A section made anew of the footnotes that were written before the wall, under their numbers; it holds no more."""
    for section in tree.iter("section", "div"):
        items = [item for item in section.iter("li") if _before(item, wall)]
        if "footnotes" not in classes(section) or not items:
            continue
        made = etree.Element(section.tag, {str(key): str(value) for key, value in section.attrib.items()})
        notes = etree.SubElement(made, "ol")
        numbers = {item: number for number, item in enumerate(section.iter("li"), 1)}
        for item in items:
            copy = deepcopy(item)
            copy.tail = None
            copy.set("value", item.get("value", str(numbers[item])))
            notes.append(copy)
        return made
    return None


def _before(note: etree._Element, wall: int | None) -> bool:
    lines = [int(said) for element in note.iter("*") if (said := element.get(LINE, "")).isdigit()]
    return wall is not None and bool(lines) and max(lines) < wall


def _forget(tree: etree._Element) -> int:
    """Take out what points to ids that are gone; how many marks of footnotes that were."""
    marks = 0
    names = {value for element in tree.iter("*") for value in (element.get("id"), element.get("name")) if value}
    for link in list(tree.iter("a")):
        target = link.get("href", "")
        if not target.startswith("#") or target[1:] in names:
            continue
        classes = set(link.get("class", "").split())
        if classes & {"footnote-anchor", "footnote-ref"} or link.get("role") == "doc-noteref":
            marks += 1
            mark = link.getparent()
            remove(mark if mark is not None and mark.tag == "sup" and len(mark) == 1 else link)
        elif (entry := _entry(link)) is not None:
            remove(entry)
        else:
            unwrap(link)
    return marks


def _entry(link: etree._Element) -> etree._Element | None:
    """The entry of a table of contents that a link stands in."""
    entry: etree._Element | None = None
    for element in link.iterancestors():
        if element.tag == "li" and entry is None:
            entry = element
        if element.tag == "nav" or {"toc", "TOC"} & set(element.get("class", "").split()):
            return entry
    return None
