"""What the user said of a list's columns: `--column ROLE=HEADER`, `--opt-out COLUMN=VALUE`, or the same in [list]."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from newsletter_cli.audience.words import compact
from newsletter_cli.problems import UsageError

ANY_VALUE = "*"
ROLES = ("email", "first_name", "last_name", "name", "tier", "ignore")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """`columns`: role to the headers that play it (`ignore`: columns that say nothing on mailing).

    `opt_out`: pairs of column and value (``*``: any but none); a row with that value is not mailed, and the column's
    other values are no question any more. Columns are named by their header in any letter case, or by their number,
    from 1.
    """

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    opt_out: tuple[tuple[str, str], ...] = ()

    def place(self, role: str, header: tuple[str, ...], otherwise: int | None) -> int | None:
        """Where the column of a role stands; `otherwise` where the user named none that this list has."""
        for name in self.columns.get(role, ()):
            found = place(name, header)
            if found is not None:
                return found
        return otherwise

    def ignored(self, header: tuple[str, ...]) -> frozenset[int]:
        """The places of columns that say nothing on mailing."""
        found = (place(name, header) for name in self.columns.get("ignore", ()))
        return frozenset(index for index in found if index is not None)

    def meaning_out(self, header: tuple[str, ...]) -> dict[int, tuple[str, ...]]:
        """Per place the compact values that mean a row is not mailed; ``*`` stands for any that is not empty."""
        found: dict[int, tuple[str, ...]] = {}
        for name, value in self.opt_out:
            index = place(name, header)
            if index is not None:
                found[index] = (*found.get(index, ()), value if value == ANY_VALUE else compact(value))
        return found

    def out_by_name(self, name: str) -> tuple[str, ...]:
        """The compact values that mean out in what is no column of its own, but has a name (inside a JSON cell)."""
        wanted = compact(name)
        pairs = (value for column, value in self.opt_out if compact(column) == wanted)
        return tuple(value if value == ANY_VALUE else compact(value) for value in pairs)

    def ignores_name(self, name: str) -> bool:
        """Whether what has this name says nothing on mailing."""
        return compact(name) in {compact(ignored) for ignored in self.columns.get("ignore", ())}

    def missing(self, every_header: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
        """The columns named that no list has."""
        lists = tuple(every_header)
        named = [name for names in self.columns.values() for name in names] + [name for name, _ in self.opt_out]
        return tuple(dict.fromkeys(name for name in named if all(place(name, header) is None for header in lists)))


def place(name: str, header: tuple[str, ...]) -> int | None:
    """Where a column stands: by its header as written, in compact form, or by its number from 1."""
    if name in header:
        return header.index(name)
    wanted = compact(name)
    compacted = [compact(cell) for cell in header]
    if wanted and wanted in compacted:
        return compacted.index(wanted)
    number = re.fullmatch(r"\s*(?:column\s+)?(\d{1,4})\s*", name)
    return int(number[1]) - 1 if number and 0 < int(number[1]) <= len(header) else None


def read(
    columns: Mapping[str, str | Iterable[str]], opt_out: Mapping[str, str | Iterable[str]] | Iterable[str]
) -> Wishes:
    """Take the two settings as the command line or newsletter.toml gives them. Raises UsageError."""
    roles: dict[str, tuple[str, ...]] = {}
    for role, headers in columns.items():
        if role not in ROLES:
            raise UsageError(f"--column {role}=…: {role!r} is none of {', '.join(ROLES)}")
        named = headers.split(",") if isinstance(headers, str) and role == "ignore" else _several(headers)
        roles[role] = tuple(name.strip() for name in named)
    if isinstance(opt_out, Mapping):
        pairs = [(column, value) for column, values in opt_out.items() for value in _several(values)]
    else:
        pairs = []
        for said in opt_out:
            column, equals, value = said.partition("=")
            if not equals or not column.strip():
                raise UsageError(f"--opt-out {said}: write COLUMN=VALUE, as in --opt-out status=gone")
            pairs.append((column.strip(), value.strip()))
    return Wishes(columns=roles, opt_out=tuple(pairs))


def _several(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
