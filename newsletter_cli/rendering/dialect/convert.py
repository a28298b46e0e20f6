"""Markdown to a clean lxml tree: the door of the dialect.

Python-Markdown is the engine; `extension.Dialect` teaches it pandoc's Markdown as Substack's exports and other letters
hold it. The result is one ``<div>``: blocks, links and images carry ``data-line``, the physical line they stand on;
widgets stay as ``<div class="youtube-wrap" data-component="Youtube2ToDOM" data-attrs='{json}'>``; unsafe HTML is gone,
each removal a warning. Any text converts; only one too large or nested too deeply is refused, with its line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter_cli.rendering import clean
from newsletter_cli.rendering.dialect import source
from newsletter_cli.rendering.dialect.anchors import name_targets
from newsletter_cli.rendering.dialect.spans import name_elements

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from newsletter_cli.problems import Problem

# Elements inside elements in the finished tree: 60 levels of blocks may each take four (a table in a table's cell).
MAX_TREE_DEPTH = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A post's body as a tree under one ``<div>``, and what was wrong with it (warnings)."""

    tree: HtmlElement
    problems: tuple[Problem, ...] = ()


def convert(markdown: str, *, file: str, first_line: int = 1) -> Converted:
    """Convert the Markdown of one post; line 1 of it is physical line `first_line` of `file`.

    Raises Refused for a text beyond `source.MAX_CHARACTERS` or `source.MAX_DEPTH`, and nothing else.
    """
    lines = source.lines_of(markdown, file=file, first_line=first_line)
    html, problems = _to_html(lines, file=file)
    tree = _parse(html)
    _limit_depth(tree, file=file, first_line=first_line)
    problems += clean.clean(tree, file=file)
    name_elements(tree)
    name_targets(tree)
    return Converted(tree=tree, problems=tuple(sorted(problems, key=lambda problem: problem.line or 0)))


def _to_html(lines: list[source.Line], *, file: str) -> tuple[str, list[Problem]]:
    """Run the engine: blocks, tree processors, serializer."""
    from markdown import Markdown

    from newsletter_cli.rendering.dialect.blocks import LineParser
    from newsletter_cli.rendering.dialect.extension import Dialect
    from newsletter_cli.rendering.dialect.serialize import to_html
    from newsletter_cli.rendering.dialect.tree import PLAIN

    md = Markdown(extensions=[Dialect(file=file)])
    parser = md.parser
    assert isinstance(parser, LineParser)
    root = parser.parse_lines(lines)
    for processor in md.treeprocessors:
        root = processor.run(root) or root
    root.tag = PLAIN
    return to_html(root), parser.problems


def _parse(html: str) -> HtmlElement:
    """The HTML as a browser would read it, as one element."""
    from lxml import html as lxml_html

    parser = lxml_html.HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True)
    document = lxml_html.document_fromstring(f"<html><body>{html}</body></html>", parser=parser)
    body: HtmlElement | None = document.find("body")
    assert body is not None
    body.tag = "div"
    document.remove(body)
    return body


def _limit_depth(tree: HtmlElement, *, file: str, first_line: int) -> None:
    """Refuse what raw HTML nests beyond what the rest of the program walks."""
    from lxml import etree

    depth, line = 0, first_line
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        own = element.get(clean.LINE, "")
        line = int(own) if own.isdecimal() else line
        if depth > MAX_TREE_DEPTH:
            raise source.too_deep(line, file=file)
