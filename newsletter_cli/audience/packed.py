"""The cells of a row as one text, for the roll's database. Pure; `unpack(pack(cells)) == cells` for any text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# The unit separator of ASCII: made for this, and in no list but by accident. Such a row is kept as JSON, behind a mark.
_SEPARATOR = "\x1f"
_JSON = "\x1e"


def pack(cells: Sequence[str]) -> str:
    """One text out of a row's cells."""
    packed = _SEPARATOR.join(cells)
    if packed.count(_SEPARATOR) != len(cells) - 1 or packed.startswith(_JSON):
        return _JSON + json.dumps(cells)
    return packed


def unpack(packed: str) -> list[str]:
    """The cells again."""
    if packed.startswith(_JSON):
        return [str(cell) for cell in json.loads(packed[1:])]
    return packed.split(_SEPARATOR)
