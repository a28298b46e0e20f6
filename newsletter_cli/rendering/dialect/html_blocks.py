"""Raw HTML that begins a block: each block-level tag stands for itself, what is between the tags is Markdown.

``<pre>`` and the elements of no markup are taken whole. A comment is dropped where it stands (and so parts two lists),
but for one that marks a paywall, or looks so (`rendering.walls`).
An end tag that closes nothing in its own container is dropped with a warning, so that no stray ``</div>`` closes a box
of ours.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter_cli.rendering import walls
from newsletter_cli.rendering.clean import LINE
from newsletter_cli.rendering.dialect import html_tags
from newsletter_cli.rendering.dialect.blocks import Construct
from newsletter_cli.rendering.dialect.source import Line
from newsletter_cli.rendering.dialect.tree import raw

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from newsletter_cli.rendering.dialect.blocks import State

# Start tags that go on over several lines are looked for in at most so many.
_TAG_LINES = 100
_BLOCKS = html_tags.BLOCK_TAGS | html_tags.EITHER_TAGS
_VERBATIM = html_tags.OPAQUE_TAGS | {"pre"}


class HtmlBlock(Construct):
    """A tag, a comment or a verbatim element at the beginning of a block."""

    starts = "<"

    def read(self, parent: Element, lines: list[Line], at: int, state: State) -> int | None:
        """Read one that begins at `at`."""
        line = lines[at]
        text = line.text.lstrip(" ")
        if line.indent >= 4 and not state.in_html:
            return None
        if text.startswith(("<!--", "<?")):
            return self._comment(parent, lines, at, text, state)
        match, last = _whole_tag(lines, at)
        if not match or match["name"].lower() not in _BLOCKS:
            return None
        name = match["name"].lower()
        rest = match.string[match.end() :]
        if name in _VERBATIM and not match["close"] and not match["void"]:
            found = _until(lines, last, rest, state, rf"</{name}\s*>")
            if found:
                end, content, rest = found
                raw(parent, html_tags.safe(match[0] + content, line.number))
                return _go_on(lines, end, rest)
        if _balanced(match, state):
            self.parser.inside(state, line)  # refuses what nests too deeply
            raw(parent, html_tags.tag(match, line.number))
        else:
            self.parser.warn(f"</{name}> closes nothing here and was left out", line, code="html-unbalanced")
        return _go_on(lines, last, rest)

    def interrupts(self, lines: list[Line], at: int, state: State) -> bool:
        """Whether one may begin right under a paragraph's line."""
        del state
        return bool(html_tags.HINT.match(lines[at].text.lstrip(" ")))

    def _comment(self, parent: Element, lines: list[Line], at: int, text: str, state: State) -> int | None:
        mark = "-->" if text.startswith("<!--") else r"\?>"
        number = lines[at].number
        found = _until(lines, at, text[2:], state, mark)
        if not found:
            return None
        if kept := walls.comment(found[1].removeprefix("--").removesuffix("-->"), number, LINE):
            raw(parent, kept)
        return _go_on(lines, found[0], found[2])


def _whole_tag(lines: list[Line], at: int) -> tuple[re.Match[str] | None, int]:
    """The tag at the beginning of a line, and the line it ends on."""
    text = lines[at].text.lstrip(" ")
    match = html_tags.TAG.match(text)
    if match or ">" in text or not re.match(r"<[A-Za-z][\w-]*\s*", text):
        return match, at
    parts = [text]
    for last in range(at + 1, min(at + _TAG_LINES, len(lines))):
        if lines[last].blank:
            break
        parts.append(lines[last].text)
        if ">" in lines[last].text:
            match = html_tags.TAG.match("\n".join(parts))
            if match:
                return match, last
    return None, at


def _until(lines: list[Line], at: int, rest: str, state: State, mark: str) -> tuple[int, str, str] | None:
    """What stands before a mark, over lines: (the line of the mark, the text up to and with it, the text behind)."""
    if mark in state.absent:
        return None
    pattern = re.compile(mark, re.IGNORECASE)
    content: list[str] = []
    text = rest
    for last in range(at, len(lines)):
        if last > at:
            text = lines[last].text
        if found := pattern.search(text):
            content.append(text[: found.end()])
            return last, "\n".join(content), text[found.end() :]
        content.append(text)
    state.absent[mark] = 1  # there is none further on either: look no more
    return None


def _go_on(lines: list[Line], at: int, rest: str) -> int:
    """Leave the rest of a line to the next block."""
    if rest.strip(" "):
        lines[at] = Line(rest.lstrip(" "), lines[at].number)
        return at
    return at + 1


def _balanced(match: re.Match[str], state: State) -> bool:
    """Count open tags of this container; False for an end tag without its start tag."""
    name = match["name"].lower()
    if name in html_tags.DROPPED_TAGS or name in html_tags.OPAQUE_TAGS:
        return True  # nothing of theirs stays open
    if match["close"]:
        if state.tags.get(name, 0) < 1:
            return False
        state.tags[name] -= 1
    elif not match["void"] and name not in html_tags.VOID_TAGS:
        state.tags[name] = state.tags.get(name, 0) + 1
    return True
