"""Addresses in the dress that spreadsheets, web pages and people give them.

Pure. `unwrapped` takes off a dress that can hold nothing but one address; `addresses_in` finds every address beside
whatever else stands in a cell, which is no way to learn whom to mail, but whom not to.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from newsletter_cli import addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter_cli.addresses import Address

# What a copy out of a web page or a document leaves in a cell: zero-width and direction marks, the soft hyphen. (The
# two joiners are left alone: they are letters of some names.)
_UNSEEN = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
# A link: a spreadsheet's, HTML's, Markdown's, a mailto with its query (RFC 6068).
_LINK = re.compile(r"""=HYPERLINK\(|<a\s|\[[^\]]*\]\(mailto:|mailto:[^\s,;]+\?""", re.IGNORECASE)
_ADDRESS = re.compile(r"""[^\s@<>()\[\]{},:;|"]+@[^\s@<>()\[\]{},:;|"?]+""")
# What may touch an address and is no part of it.
_AROUND = "'`.!=*\\/"
# A longer cell is somebody's text.
_LONGEST_CELL = 10_000


def unwrapped(cell: str) -> str:
    """The address inside ``="a@b"``, ``'a@b'`` or a link, and without the characters that nobody sees."""
    stripped = _UNSEEN.sub("", cell).strip()
    if stripped.startswith('="') and stripped.endswith('"'):
        return stripped[2:-1]
    if len(stripped) > 2 and stripped[0] == stripped[-1] and stripped[0] in "'\"":
        return stripped[1:-1]
    if _LINK.match(stripped):
        meant = list(addresses_in(stripped))
        return str(meant[0]) if len(meant) == 1 else cell
    return stripped[1:] if stripped[:1] == "'" else stripped


def addresses_in(cell: str) -> Iterator[Address]:
    """Every address that stands in a cell, each once."""
    shown = "".join(char for char in cell[:_LONGEST_CELL] if unicodedata.category(char) not in {"Cc", "Cf"})
    seen = set()
    for match in _ADDRESS.finditer(shown):
        try:
            address = addresses.parse(match[0].strip(_AROUND))
        except addresses.AddressError:
            continue
        if address.key not in seen:
            seen.add(address.key)
            yield address
