"""Template code in a post, Liquid's and Hugo's: ``{{ … }}``, ``{% … %}``, ``{{< … >}}``. It stays as it is, as text.

Posts quote such code, or come from a site that would have run it; here nothing runs, and nothing in it is emphasis, a
link or a quote to be curled. Also kramdown's ``{:.class}`` behind an inline element, which says nothing to a reader.
"""

from __future__ import annotations

from newsletter_cli.rendering.dialect import attributes
from newsletter_cli.rendering.dialect.inlines import Inline, Scanner

_PAIRS = (("{{", "}}"), ("{%", "%}"))


class Template(Inline):
    """One tag of a template language."""

    characters = "{"

    def read(self, scan: Scanner, at: int) -> int | None:
        """Read one that begins at `at`."""
        for opening, closing in _PAIRS:
            if scan.text.startswith(opening, at):
                end = scan.find(closing, at + 2)
                if end >= 0:
                    scan.pieces.append(scan.text[at : end + 2])
                    return end + 2
        return None


class KramdownSpan(Inline):
    """``*text*{:.class}``."""

    characters = "{"

    def read(self, scan: Scanner, at: int) -> int | None:
        """Read one that begins at `at`."""
        if not at or scan.text[at - 1].isspace():
            return None
        found = attributes.read_kramdown(scan.text, at)
        return found[1] if found else None
