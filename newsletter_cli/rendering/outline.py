"""The shape of the body: headings under the title, footnote targets that every client finds, tables that fit a phone.

Each function changes the tree in place and raises nothing.
"""

from __future__ import annotations

import re
from copy import deepcopy
from typing import TYPE_CHECKING

from lxml import etree

from newsletter_cli.rendering.nodes import classes, remove, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_LAYOUT = {"role": "presentation", "cellpadding": "0", "cellspacing": "0", "border": "0"}
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_OURS = re.compile(r"(?:nl-[\w-]+|post-body)\Z")
# Classes that mean something to the text part or to the style sheet; all others only make the mail longer.
_KEPT = frozenset({"footnote", "footnotes", "footnote-content", "footnote-number", "footnote-anchor", "footnote-ref"})


def shift_headings(tree: etree._Element, *, title: str) -> None:
    """Put the body's headings under the mail's title: none stands beside it.

    A first heading that only repeats the title goes, and what stood under it moves up. Where headings of the first rank
    are left, all go one down. Without a title the body's own stay.
    """
    if not title:
        return
    moved = 0
    first = next((child for child in tree if isinstance(child.tag, str)), None)
    if first is not None and first.tag in {"h1", "h2"} and not (tree.text or "").strip() and _same(first, title):
        remove(first)
        moved = min((_HEADINGS.index(str(heading.tag)) for heading in tree.iter(*_HEADINGS)), default=1) - 1
    if next(tree.iter("h1"), None) is not None:
        moved = -1
    for heading in list(tree.iter(*_HEADINGS)) if moved else ():
        heading.tag = _HEADINGS[min(_HEADINGS.index(str(heading.tag)) - moved, 5)]


def _same(heading: etree._Element, title: str) -> bool:
    return _letters(text_of(heading)) == _letters(title) != ""


def _letters(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()


def for_text(tree: etree._Element) -> etree._Element:
    """The tree as the text part reads it: cards are quotes there, set off from the post's own words."""
    if not any("nl-card" in classes(table) for table in tree.iter("table")):
        return tree
    copy = deepcopy(tree)
    for table in list(copy.iter("table")):
        parent = table.getparent()
        if parent is not None and "nl-card" in classes(table):
            quote = etree.Element("blockquote")
            quote.tail, table.tail = table.tail, None
            parent.replace(table, quote)
            quote.append(table)
    return copy


def name_targets(tree: etree._Element) -> None:
    """Give the targets of links inside the post a ``name``: several clients jump to nothing else."""
    wanted = {link.get("href", "")[1:] for link in tree.iter("a") if link.get("href", "").startswith("#")}
    for element in list(tree.iter("*")):
        name = element.get("id")
        if not name or name not in wanted:
            continue
        if element.tag == "a":
            element.set("name", name)
        elif element.tag not in {"table", "tr", "tbody", "thead", "ul", "ol", "dl", "img", "hr", "br"}:
            anchor = etree.Element("a", {"name": name})
            anchor.tail, element.text = element.text, None
            element.insert(0, anchor)


def fit_tables(tree: etree._Element) -> None:
    """Let a wide table scroll in a box of its own."""
    for table in list(tree.iter("table")):
        parent = table.getparent()
        if parent is None or table.get("role") in {"presentation", "none"}:
            continue
        table.set("class", "nl-table")
        if any(outer.tag == "table" for outer in table.iterancestors()):
            continue
        box = etree.Element("div", {"class": "nl-scroll"})
        box.tail, table.tail = table.tail, None
        parent.replace(table, box)
        box.append(table)


def lay_notes(tree: etree._Element) -> None:
    """Set the platform's footnotes with their number beside them: two cells, since Outlook floats nothing."""
    for note in list(tree.iter("div")):
        number = next((link for link in note.iter("a") if "footnote-number" in classes(link)), None)
        content = next((part for part in note.iter("div") if "footnote-content" in classes(part)), None)
        if "footnote" not in classes(note) or number is None or content is None or number in content.iter("a"):
            continue
        first = "" if _follows_note(note) else " nl-note-first"
        table = etree.Element("table", _LAYOUT | {"class": f"nl-note{first}"})
        row = etree.SubElement(table, "tr")
        mark = etree.SubElement(row, "td", {"class": "nl-note-mark", "width": "30", "valign": "top"})
        cell = etree.SubElement(row, "td", {"valign": "top"})
        number.tail = None
        mark.append(number)
        content.tail = None
        cell.append(content)
        for child in list(note):
            note.remove(child)
        note.text = None
        note.append(table)


def _follows_note(note: etree._Element) -> bool:
    """Whether a note, or a rule, stands before this one: neither needs another rule between them."""
    before = note.getprevious()
    if before is None:
        return False
    last = before if before.tag == "hr" or len(before) != 1 else before[0]
    return "footnote" in classes(before) or last.tag == "hr"


def own_classes(tree: etree._Element) -> None:
    """Take names that are ours from a post's own elements, before we give any."""
    for element in tree.iter("*"):
        _keep_classes(element, (name for name in element.get("class", "").split() if not _OURS.match(name)))


def tidy(tree: etree._Element) -> None:
    """Remove what served the rendering alone: ``data-*`` and classes that style nothing; and widths of the post's own.

    A width as an attribute is for pictures and for our own tables; on others only a share of the column is kept.
    """
    for element in tree.iter("*"):
        wide = element.get("width", "%")
        if element.tag != "img" and not wide.endswith("%") and element.tag not in {"td", "th"}:
            del element.attrib["width"]
        for name in [name for name in element.attrib if str(name).startswith("data-")]:
            del element.attrib[name]
        _keep_classes(
            element, (name for name in element.get("class", "").split() if name in _KEPT or name.startswith("nl-"))
        )


def _keep_classes(element: etree._Element, names: Iterable[str]) -> None:
    if "class" in element.attrib:
        kept = " ".join(names)
        if kept:
            element.set("class", kept)
        else:
            del element.attrib["class"]
