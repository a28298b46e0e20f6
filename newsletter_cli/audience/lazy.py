"""A row's columns, taken apart only when somebody looks: of a million rows hardly any is looked into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from newsletter_cli.audience import packed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class LazyFields(Mapping[str, str]):
    """The same as ``read(unpack(cells))``, made at the first look."""

    __slots__ = ("_cells", "_found", "_read")

    def __init__(self, read: Callable[[Sequence[str]], dict[str, str]], cells: str) -> None:
        self._read = read
        self._cells = cells
        self._found: dict[str, str] | None = None

    def _fields(self) -> dict[str, str]:
        if self._found is None:
            self._found = self._read(packed.unpack(self._cells))
        return self._found

    def __getitem__(self, key: str) -> str:
        return self._fields()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields())

    def __len__(self) -> int:
        return len(self._fields())

    def __repr__(self) -> str:
        return repr(self._fields())
