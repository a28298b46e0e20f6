"""What begins with ``<`` inside a text: addresses in angle brackets, raw HTML tags, comments.

A tag of HTML stands in the tree as it is written, for the HTML parser to read; a name that HTML does not know
(``Vec<T>``) is text. Comments are dropped, but for one that marks a paywall, or looks so (`rendering.walls`).
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from markdown.util import AtomicString

from newsletter_cli.rendering import walls
from newsletter_cli.rendering.clean import LINE
from newsletter_cli.rendering.dialect import attributes, html_tags, targets, tree
from newsletter_cli.rendering.dialect.inlines import Inline, Scanner

_URI = re.compile(
    r"<((?:https?|ftp|mailto|tel|sms|irc|news|gopher|geo|magnet|xmpp|matrix|bitcoin|doi|javascript|data):[^\s<>]*)>",
    re.IGNORECASE,
)
_MAIL = re.compile(r"<([\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+)>")


class Autolink(Inline):
    """``<https://example.com>``, ``<someone@example.com>``."""

    characters = "<"

    def read(self, scan: Scanner, at: int) -> int | None:
        """Read one that begins at `at`."""
        uri = _URI.match(scan.text, at)
        mail = None if uri else _MAIL.match(scan.text, at)
        match = uri or mail
        if not match:
            return None
        target = match[1] if uri else f"mailto:{match[1]}"
        link = Element("a", {"href": targets.escaped(target), "class": "uri" if uri else "email"})
        link.text = AtomicString(match[1])
        scan.pieces.append(link)
        if not (given := attributes.read(scan.text, match.end())):
            return match.end()
        del link.attrib["class"]
        attributes.put(link, given[0])
        return given[1]


class InlineHtml(Inline):
    """A tag, or a comment."""

    characters = "<"

    def read(self, scan: Scanner, at: int) -> int | None:
        """Read one that begins at `at`."""
        if scan.text.startswith(("<!--", "<?"), at):
            mark = "-->" if scan.text.startswith("<!--", at) else "?>"
            end = scan.find(mark, at + 2)
            if end < 0:
                return None
            if kept := walls.comment(scan.text[at + 4 : end], scan.line_at(at), LINE):
                scan.pieces.append(tree.raw_element(kept))
            return end + len(mark)
        match = html_tags.TAG.match(scan.text, at)
        if not match or not html_tags.is_known(match["name"]):
            return None
        if self._counts(scan, match):
            scan.pieces.append(tree.raw_element(html_tags.tag(match, scan.line_at(at))))
        return html_tags.behind_opaque(scan.text, match)

    def _counts(self, scan: Scanner, match: re.Match[str]) -> bool:
        """Whether the tag may stand: an end tag closes one of this text, and no text nests without bound."""
        name = match["name"].lower()
        depth = scan.open_tags.get(name, 0)
        if match["close"]:
            # An inline element may be closed in a later paragraph than it was opened in; a parser ignores that.
            if name in html_tags.BLOCK_TAGS and not depth:
                return False
            scan.open_tags[name] = max(depth - 1, 0)
            return True
        if match["void"] or name in html_tags.VOID_TAGS:
            return True
        if sum(scan.open_tags.values()) >= html_tags.MAX_INLINE_DEPTH:
            return False
        scan.open_tags[name] = depth + 1
        return True
