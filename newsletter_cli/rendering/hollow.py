"""Links and headings without a word: what they were meant to hold, or a word, or nothing.

Exports write a picture's link beside the picture: it goes around it. A link that stands alone shows its address, since
a reader can click on nothing else. Changes the tree in place; raises nothing.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from lxml import etree

from newsletter_cli.problems import Problem, Severity
from newsletter_cli.rendering.nodes import line_of, remove, text_of, unwrap

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_SHOWN_CHARACTERS = 60
_NEAR = 3  # elements between a link and its picture, at most: further ones are not its own


def fill(tree: etree._Element, *, file: str) -> list[Problem]:
    """Give every empty link something to click, and take empty headings out."""
    problems: list[Problem] = []
    for heading in list(tree.iter(*_HEADINGS)):
        if not text_of(heading) and heading.find(".//img") is None:
            remove(heading)
    for link in list(tree.iter("a")):
        if "href" not in link.attrib or text_of(link) or link.find(".//img") is not None:
            continue
        target = link.get("href", "").strip()
        if not target or target == "#":
            unwrap(link)
        elif (picture := _meant(link)) is not None:
            _around(link, picture)
        elif not target.startswith("#"):
            link.text = _address(target)
            said = f"a link to {link.text} has no text; its address is shown"
            problems.append(
                Problem(text=said, file=file, line=line_of(link), severity=Severity.WARNING, code="link-empty")
            )
    return problems


def _meant(link: etree._Element) -> etree._Element | None:
    """The picture that follows an empty link, with nothing between, and is in no other link."""
    if (link.tail or "").strip():
        return None
    for following in islice(_following(link), _NEAR):
        if following.tag == "a" and not text_of(following) and following.find(".//img") is None:
            continue  # another empty link
        pictures = [following] if following.tag == "img" else list(following.iter("img"))
        if len(pictures) != 1 or any(outer.tag == "a" for outer in pictures[0].iterancestors()):
            return None
        words = [text_of(part) for part in following.iter("figcaption")]
        return pictures[0] if text_of(following) == " ".join(words).strip() else None
    return None


def _following(link: etree._Element) -> Iterator[etree._Element]:
    """The elements after a link: beside it, then beside its paragraph if that holds no more."""
    yield from (element for element in link.itersiblings() if isinstance(element.tag, str))
    parent = link.getparent()
    alone = parent is not None and parent.tag == "p" and len(parent) <= _NEAR and not text_of(parent)
    if parent is not None and alone and not (parent.tail or "").strip():
        yield from (element for element in parent.itersiblings() if isinstance(element.tag, str))


def _around(link: etree._Element, picture: etree._Element) -> None:
    paragraph = link.getparent()
    outer = etree.Element("a", {"href": link.get("href", "")})
    parent = picture.getparent()
    assert parent is not None
    outer.tail, picture.tail = picture.tail, None
    parent.replace(picture, outer)
    outer.append(picture)
    remove(link)
    if paragraph is not None and paragraph.tag == "p" and not text_of(paragraph) and len(paragraph) == 0:
        remove(paragraph)


def _address(target: str) -> str:
    shown = re.sub(r"^(?:https?://(?:www\.)?|mailto:)", "", target).rstrip("/")
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[: _SHOWN_CHARACTERS - 1]}…"
