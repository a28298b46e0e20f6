"""Code between backticks, with an attribute behind it perhaps: ```<b>`{=html}`` is raw HTML."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from markdown.util import AtomicString

from newsletter_cli.rendering.dialect import attributes, html_tags, tree
from newsletter_cli.rendering.dialect.inlines import Inline, Scanner

_TICKS = re.compile("`+")


class CodeSpan(Inline):
    """From a run of backticks to the next of the same length."""

    characters = "`"

    def read(self, scan: Scanner, at: int) -> int:
        """Read one that begins at `at`."""
        match = _TICKS.match(scan.text, at)
        assert match
        close = scan.closing_ticks(len(match[0]), at)
        if close < 0:
            scan.pieces.append(match[0])
            return match.end()
        text = scan.text[match.end() : close].replace("\n", " ").strip(" ")
        end = close + len(match[0])
        if raw := attributes.read_format(scan.text, end):
            if raw[0] in {"html", "html4", "html5"}:
                scan.pieces.append(tree.raw_element(html_tags.safe(text, scan.line_at(at) or 0)))
            return raw[1]  # another format's text is not for mail
        code = Element("code")
        code.text = AtomicString(text)
        scan.pieces.append(code)
        found = attributes.read(scan.text, end)
        return found[1] if found else end
