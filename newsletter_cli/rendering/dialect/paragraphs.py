"""Paragraphs: what no other construct takes, up to a blank line or a block that may begin directly under it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter_cli.rendering.dialect import html_tags, tree
from newsletter_cli.rendering.dialect.blocks import Construct
from newsletter_cli.rendering.dialect.html_blocks import HtmlBlock
from newsletter_cli.rendering.dialect.lists import ListConstruct
from newsletter_cli.rendering.dialect.references import KramdownAttributes
from newsletter_cli.rendering.dialect.source import Line

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from newsletter_cli.rendering.dialect.blocks import State

# What may hide a tag from the look for block-level ones: an escape, a code span that ends on its line.
_HIDING = re.compile(rf"\\.|(?<!`)(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`)|{html_tags.TAG.pattern}")


class Paragraph(Construct):
    """Reads every line; asked last."""

    def read(self, parent: Element, lines: list[Line], at: int, state: State) -> int:
        """Read one that begins at `at`."""
        texts: list[str] = []
        end = at
        tag = "p" if state.loose_end else tree.PLAIN
        while end < len(lines):
            line = lines[end]
            if line.blank:
                tag = "p"
                break
            if end > at and (found := self.parser.interrupted(lines, end, state)):
                tag = _kind(found, line, state)
                break
            cut = _block_tag(line.text)
            if cut is not None:
                texts.append(line.text[:cut])
                lines[end] = Line(line.text[cut:], line.number)
                tag = tree.PLAIN if state.in_html or state.in_item else "p"
                break
            texts.append(line.text)
            end += 1
        paragraph = tree.block(parent, tag, lines[at].number if at < len(lines) else None)
        paragraph.text = "\n".join(text.lstrip(" ") for text in texts).rstrip("\n")
        return end


def _kind(found: Construct, line: Line, state: State) -> str:
    """Whether a paragraph that ends above another block is one, or plain text."""
    if isinstance(found, KramdownAttributes) and not state.loose_end:
        return tree.PLAIN
    if isinstance(found, ListConstruct) and state.in_item:
        return tree.PLAIN
    if isinstance(found, HtmlBlock) and state.in_html and not line.text.lstrip(" ").lower().startswith("</div"):
        return tree.PLAIN
    return "p"


def _block_tag(text: str) -> int | None:
    """Where in a line a block-level tag stands that ends a paragraph (not at its beginning)."""
    if "<" not in text or not html_tags.HINT.search(text):
        return None
    for token in _HIDING.finditer(text):
        if token["name"] and token["name"].lower() in html_tags.BLOCK_TAGS:
            return token.start() if text[: token.start()].strip(" ") else None
    return None
