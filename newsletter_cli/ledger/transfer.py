"""The record as text, for machines without a lasting disk: sorted lines, persons as keyed hashes, no address.

The first line names format, ledger and identity key; every other is ``kind key {json}``, sorted, so that two exports
differ by what happened between them; the last counts the lines before it, so that half a file is never taken for a
whole one. A frozen post travels with a campaign that is not finished. An import fills an empty ledger, which then is
that ledger: nobody gets a mail twice. Who still waits has no address until a list is read (`Ledger.fill`).
"""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Column, LargeBinary, Row, String, Table, insert, select
from sqlalchemy.exc import IntegrityError

from newsletter_cli.ledger import about, recovery
from newsletter_cli.ledger.recipients import streamed
from newsletter_cli.ledger.states import CampaignState, Outcome
from newsletter_cli.ledger.tables import (
    Instant,
    account_sends,
    bookmarks,
    campaigns,
    feedback_seen,
    frozen_posts,
    frozen_versions,
    recipients,
    runs,
    soft_bounces,
    suppressions,
)
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import Connection

    from newsletter_cli.ledger.store import Ledger

FORMAT = "newsletter-ledger 1"
_GROUP = 1_000
_ANEW = "export the ledger again"

# In the order of the names, which is the order of the lines: campaigns stand before what belongs to them. With each
# table the columns of a line's key; a campaign is named newsletter/uid.
_KINDS: dict[str, tuple[Table, tuple[str, ...]]] = {
    "account": (account_sends, ()),
    "bookmark": (bookmarks, ()),
    "campaign": (campaigns, ("campaign",)),
    "frozen": (frozen_versions, ("campaign",)),
    "recipient": (recipients, ("campaign", "person")),
    "seen": (feedback_seen, ("digest",)),
    "softbounce": (soft_bounces, ("campaign", "person")),
    "suppression": (suppressions, ("who",)),
}
# What may name an address or a place in a list stays behind, and what means something on one machine only.
_LEFT_BEHIND = frozenset(
    {"id", "campaign", "run", "run_tries", "email", "fields", "file", "line", "reply", "stage", "evidence"}
)


def export(ledger: Ledger) -> Iterator[str]:
    """The lines of a ledger, without line ends. Raises NotNow where a sender is at work."""
    with ledger.sender_lock(), ledger.database.reading() as connection:
        yield f"{FORMAT} {ledger.ledger_id} {about.read(connection).get('identity', '')}"
        number = 1
        for line in _lines(connection, ledger.boot):
            yield line
            number += 1
        yield f"total {number}"


def _lines(connection: Connection, boot: str) -> Iterator[str]:
    ids = select(campaigns.c.id, campaigns.c.newsletter, campaigns.c.uid)
    named = {row.id: f"{row.newsletter}/{row.uid}" for row in connection.execute(ids)}
    in_order = sorted((name, campaign) for campaign, name in named.items())
    yield from _sorted(connection, "account")
    yield from _sorted(connection, "bookmark")
    for name, campaign in in_order:
        row = connection.execute(select(campaigns).where(campaigns.c.id == campaign)).one()
        yield _line("campaign", name, _encoded(row))
    for name, campaign in in_order:
        yield from _frozen(connection, name, campaign)
    for name, campaign in in_order:
        yield from _recipients(connection, name, campaign, boot)
    yield from _keyed(connection, "seen", "digest")
    yield from sorted(
        _line("softbounce", f"{named[row.campaign]} {row.person.hex()}", _encoded(row))
        for row in connection.execute(select(soft_bounces))
    )
    yield from _keyed(connection, "suppression", "who")


def _sorted(connection: Connection, kind: str) -> list[str]:
    return sorted(_line(kind, "", _encoded(row)) for row in connection.execute(select(_KINDS[kind][0])))


def _keyed(connection: Connection, kind: str, key: str) -> Iterator[str]:
    table, _ = _KINDS[kind]
    for row in streamed(connection, select(table).order_by(table.c[key])):
        values = _encoded(row)
        yield _line(kind, values.pop(key), values)


def _frozen(connection: Connection, name: str, campaign: int) -> Iterator[str]:
    unfinished = select(campaigns.c.id).where(
        campaigns.c.id == campaign, campaigns.c.state.not_in([CampaignState.FINISHED, CampaignState.ADOPTED])
    )
    if connection.execute(unfinished).first() is None:
        return
    source = connection.execute(select(frozen_posts.c.source).where(frozen_posts.c.campaign == campaign)).scalar()
    query = select(frozen_versions.c.version, frozen_versions.c.parts).where(frozen_versions.c.campaign == campaign)
    # No version has an empty name: under it stands the post itself.
    kept = [("", source)] if source is not None else []
    for version, data in sorted([*kept, *((row.version, row.parts) for row in connection.execute(query))]):
        yield _line("frozen", name, {"data": base64.b64encode(data).decode(), "version": version})


def _recipients(connection: Connection, name: str, campaign: int, boot: str) -> Iterator[str]:
    query = (
        select(recipients, runs.c.boot)
        .outerjoin(runs, runs.c.id == recipients.c.run)
        .where(recipients.c.campaign == campaign)
        .order_by(recipients.c.person)
    )
    for row in streamed(connection, query):
        values = _encoded(row)
        same_boot = values.pop("boot", "") == boot != ""
        values["outcome"] = recovery.fate(Outcome(row.outcome), same_boot=same_boot).value
        yield _line("recipient", f"{name} {values.pop('person')}", values)


def _encoded(row: Row[Any]) -> dict[str, Any]:
    """A row's columns as JSON values; what is empty, and what stays behind, is not there."""
    return {
        name: value.hex() if isinstance(value, bytes) else value.isoformat() if isinstance(value, datetime) else value
        for name, value in zip(row._fields, row, strict=True)
        if name not in _LEFT_BEHIND and value not in (None, "", 0)
    }


def _line(kind: str, key: str, values: Mapping[str, Any]) -> str:
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return f"{kind} {key} {text}" if key else f"{kind} {text}"


def load(ledger: Ledger, lines: Iterable[str], *, file: str) -> None:
    """Fill an empty ledger with an export, all of it or nothing. Raises Refused with the line that is wrong."""
    with ledger.database.writing() as connection:
        for table in (campaigns, suppressions, account_sends):
            if connection.execute(select(table).limit(1)).first() is not None:
                raise _refused(file, None, "the ledger here is not empty", hint="import into a new one")
        loading = _Loading(connection, file, about.read(connection).get("identity", ""))
        for line in lines:
            loading.take(line.rstrip("\r\n"))
        loading.end()
        about.put(connection, "ledger_id", loading.ledger_id)
    ledger.ledger_id = loading.ledger_id


class _Loading:
    """An import at work: rows are written in groups of one table."""

    def __init__(self, connection: Connection, file: str, identity: str) -> None:
        self.ledger_id = ""
        self._connection = connection
        self._file = file
        self._identity = identity
        self._line = 0
        self._ended = False
        self._campaigns: dict[str, int] = {}
        self._table: Table | None = None
        self._rows: list[dict[str, Any]] = []

    def take(self, line: str) -> None:
        """Read the next line."""
        self._line += 1
        try:
            if self._line == 1:
                self._head(line)
            elif self._ended:
                raise ValueError("a line behind the last one")  # noqa: TRY301 - told with the others
            else:
                self._take(line)
        except (ValueError, KeyError, TypeError) as error:
            raise _refused(self._file, self._line, f"this is no line of an export ({error})", hint=_ANEW) from error

    def end(self) -> None:
        """After the last line. Raises Refused for half a file."""
        if not self._ended:
            raise _refused(self._file, self._line, "the export ends before its last line", hint=_ANEW)
        self._flush()

    def _head(self, line: str) -> None:
        mark, _, rest = line.removeprefix("\ufeff").partition(" 1 ")
        if mark != FORMAT.removesuffix(" 1"):
            raise ValueError("the first line names another format")
        self.ledger_id, identity = rest.split(" ")
        if identity != self._identity:
            raise _refused(
                self._file,
                1,
                f"the export was made with other keys ({identity}) than those at hand ({self._identity})",
                hint="put the keys that belong to it beside the ledger, or into NEWSLETTER_LEDGER_KEY",
            )

    def _take(self, line: str) -> None:
        kind, _, rest = line.partition(" ")
        if kind == "total":
            if int(rest) != self._line - 1:
                raise ValueError(f"{rest} lines were written, {self._line - 1} are here")
            self._ended = True
            return
        key, brace, text = rest.partition("{")
        table, names = _KINDS[kind]
        values: dict[str, Any] = dict(zip(names, key.split(), strict=True)) | json.loads(brace + text)
        if kind == "frozen":
            table, values = _thawed(values)
        if kind == "campaign":
            self._campaigns[values["campaign"]] = self._campaign(_decoded(campaigns, values))
            return
        if "campaign" in values:
            values["campaign"] = self._campaigns[values["campaign"]]
        self._add(table, _decoded(table, values))

    def _campaign(self, row: dict[str, Any]) -> int:
        row["state"] = CampaignState(row["state"]).value
        return int(self._connection.execute(insert(campaigns).returning(campaigns.c.id), row).scalar_one())

    def _add(self, table: Table, row: dict[str, Any]) -> None:
        if table is not self._table or len(self._rows) == _GROUP:
            self._flush()
            self._table = table
        self._rows.append(row)

    def _flush(self) -> None:
        if self._table is not None and self._rows:
            try:
                self._connection.execute(insert(self._table), self._rows)
            except IntegrityError as error:
                raise _refused(self._file, self._line, "a line before this one stands twice", hint=_ANEW) from error
        self._rows = []


def _thawed(values: dict[str, Any]) -> tuple[Table, dict[str, Any]]:
    data = base64.b64decode(values["data"], validate=True).hex()
    if values.get("version"):
        return frozen_versions, {"campaign": values["campaign"], "version": values["version"], "parts": data}
    return frozen_posts, {"campaign": values["campaign"], "source": data}


def _decoded(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """A whole row out of what a line says of it; what it leaves out is empty."""
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.name == "id":
            continue
        value = values.get(column.name)
        if value is None:
            value = None if column.nullable else _empty(column)
        elif isinstance(column.type, LargeBinary):
            value = bytes.fromhex(value)
        elif isinstance(column.type, Instant):
            value = datetime.fromisoformat(value)
        row[column.name] = value
    if table is recipients:
        row["outcome"] = Outcome(row["outcome"]).value
    return row


def _empty(column: Column[Any]) -> object:
    """What stands in a column of which a line says nothing. Raises ValueError for a person or a time."""
    needed = isinstance(column.type, LargeBinary | Instant)
    if needed:
        raise ValueError(f"{column.name} is missing")
    return "" if isinstance(column.type, String) else False if isinstance(column.type, Boolean) else 0


def _refused(file: str, line: int | None, text: str, *, hint: str) -> Refused:
    return Refused(Problem(text=text, file=file, line=line, hint=hint, code="ledger-import"))
