"""Code: fenced blocks with their language, indented blocks, spans between backticks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown.util import AtomicString

from newsletter_cli.rendering import highlight
from newsletter_cli.rendering.dialect import attributes, html_tags, tree
from newsletter_cli.rendering.dialect.attributes import Attributes
from newsletter_cli.rendering.dialect.blocks import Construct
from newsletter_cli.rendering.dialect.source import dedent, strip_blank

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from newsletter_cli.rendering.dialect.blocks import State
    from newsletter_cli.rendering.dialect.source import Line

# Behind backticks any words without one, as in CommonMark; behind tildes one word or braces, as in pandoc, since
# struck text may begin a line too.
_FENCE = re.compile(
    r"(?P<indent> {0,3})(?P<fence>`{3,}(?=[^`]*\Z)|~{3,}(?= *(?:[^\s~{}]*|\{[^{}]*\}) *\Z)) *(?P<info>.*)\Z"
)
_INFO = re.compile(r"(?P<language>[^\s{}`]*)\s*(?P<braces>\{.*\})?\s*\Z", re.DOTALL)


class FencedCode(Construct):
    """Backticks or tildes, three or more, to as many; one that is never closed goes to the end, and is named."""

    starts = "`~"

    def read(self, parent: Element, lines: list[Line], at: int, state: State) -> int | None:
        """Read one that begins at `at`."""
        match = _FENCE.match(lines[at].text)
        if not match:
            return None
        fence, indent = match["fence"], len(match["indent"])
        end = _closing(lines, at, fence, state)
        if end is None:
            self.parser.warn(f"{fence} opened here is never closed", lines[at], hint=f"add {fence} below it")
            end = len(lines)
            while lines[end - 1].blank and end > at + 1:
                end -= 1
        text = "\n".join(dedent(line, indent).text for line in lines[at + 1 : end])
        self._put(parent, match["info"].strip(), text, lines[at])
        return min(end + 1, len(lines))

    def interrupts(self, lines: list[Line], at: int, state: State) -> bool:
        """Whether one may begin right under a paragraph's line."""
        match = _FENCE.match(lines[at].text)
        return bool(match and _closing(lines, at, match["fence"], state) is not None)

    def _put(self, parent: Element, info: str, text: str, line: Line) -> None:
        raw = attributes.read_format(info)
        if raw and raw[1] == len(info):
            if raw[0] in {"html", "html5", "html4"}:
                tree.raw(parent, html_tags.safe(text, line.number + 1) + "\n")
            return  # another format's text is not for mail
        language, found = _language(info)
        put_block(parent, text, language, found, line.number)


def _closing(lines: list[Line], at: int, fence: str, state: State) -> int | None:
    """The line that closes a fence."""
    if len(fence) >= state.absent.get(fence[0], len(fence) + 1):
        return None
    close = re.compile(rf" {{0,3}}{re.escape(fence[0])}{{{len(fence)},}} *\Z")
    for end in range(at + 1, len(lines)):
        if close.match(lines[end].text):
            return end
    state.absent[fence[0]] = len(fence)  # none of this length or longer ones further on: look no more
    return None


def _language(info: str) -> tuple[str, Attributes]:
    """The language of an info string, and its other attributes."""
    match = _INFO.match(info)
    if not match:
        return info.split(maxsplit=1)[0] if info else "", Attributes()
    language = match["language"]
    found = attributes.read(match["braces"]) if match["braces"] else None
    given = found[0] if found else Attributes()
    if not language and given.classes:
        language = given.classes[0]
    return language, given


def put_block(parent: Element, text: str, language: str, given: Attributes, line: int) -> None:
    """A ``<pre>`` of code, highlighted where its language is known."""
    pre = tree.block(parent, "pre", line)
    if given.identifier:
        pre.set("id", given.identifier)
    from xml.etree.ElementTree import SubElement

    code = SubElement(pre, "code")
    if language:
        code.set("class", f"language-{language}")
    html = highlight.highlight(text, language)
    if html is None:
        code.text = AtomicString(text)
    else:
        tree.raw(code, html)


class IndentedCode(Construct):
    """Four spaces before every line. Raw HTML is indented for its own sake, and holds code only as pandoc writes it."""

    def read(self, parent: Element, lines: list[Line], at: int, state: State) -> int | None:
        """Read one that begins at `at`."""
        if lines[at].indent < 4 or (state.in_html and not _code_in_html(lines, at, state)):
            return None
        end = at
        while end < len(lines) and (lines[end].indent >= 4 or lines[end].blank):
            end += 1
        content = strip_blank(dedent(line, 4) for line in lines[at:end])
        put_block(parent, "\n".join(line.text for line in content), "", Attributes(), lines[at].number)
        return end


def _code_in_html(lines: list[Line], at: int, state: State) -> bool:
    """Whether an indented line inside raw HTML is code: in a ``<div>``, behind a blank line."""
    only_boxes = all(name == "div" for name, count in state.tags.items() if count)
    return only_boxes and at > 0 and lines[at - 1].blank
