"""`newsletter suppress add|remove|list|import|export` and `forget`: who is never mailed, why, since when."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING

from newsletter_cli import addresses, tokens
from newsletter_cli.feedback.model import one_line
from newsletter_cli.ledger.model import Suppression, SuppressionReason
from newsletter_cli.problems import Problem, Refused, Severity, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from newsletter_cli.addresses import Address
    from newsletter_cli.jobs.gather import ListSource
    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.tokens import Keys

# What `export` writes; a file that begins so is read as one.
EXPORT_HEADER = ("email", "reason", "newsletter", "source", "since", "evidence")


def add(workspace: Workspace, texts: Sequence[str], *, everywhere: bool = True, evidence: str = "") -> tuple[str, ...]:
    """Bar addresses by hand, in every newsletter of the ledger or in this one. Gives what to say."""
    wanted = [_parse(text) for text in texts]
    said = []
    with workspace.open_ledger() as (ledger, keys):
        for address in wanted:
            new = ledger.suppressions.add(
                _suppression(
                    workspace,
                    keys,
                    address,
                    reason=SuppressionReason.MANUAL,
                    source="command line",
                    evidence=evidence,
                    newsletter="" if everywhere else workspace.newsletter,
                )
            )
            said.append(f"{address}: {'never mailed from now on' if new else 'was suppressed before'}")
    return tuple(said)


def remove(workspace: Workspace, texts: Sequence[str]) -> tuple[str, ...]:
    """Let addresses be mailed again: the one way to revive one. What another newsletter was told stays."""
    wanted = [_parse(text) for text in texts]
    said = []
    with workspace.open_ledger() as (ledger, keys):
        for address in wanted:
            gone = ledger.suppressions.remove(*_both(workspace, keys, address))
            said.append(f"{address}: {'may be mailed again' if gone else 'was not suppressed'}")
    return tuple(said)


def entries(workspace: Workspace) -> list[Suppression]:
    """All suppressions that hold for this newsletter, oldest first. Changes nothing."""
    with workspace.ledger_as_it_is() as ledger:
        if ledger is None:
            return []
        return [entry for entry in ledger.suppressions.list() if entry.newsletter in {"", workspace.newsletter}]


class Whom(Enum):
    """Whom of a file `import_lists` bars."""

    ASK = "ask"  # everybody, but of a list that says of some that they stay nobody: Refused
    ALL = "all"
    OPTED_OUT = "opted out"  # whom the list's own columns put out


def import_lists(
    workspace: Workspace, lists: Sequence[ListSource], *, whom: Whom = Whom.ASK
) -> tuple[int, tuple[Problem, ...]]:
    """Bar the addresses of the files; gives how many were not barred before, and what is odd about the files.

    A service's unsubscribed or cleaned export, or any list of addresses, bars in every newsletter of the ledger; what
    `export` wrote keeps its reasons, times and newsletters. Raises Refused, with nobody barred, for a file that puts
    some out and says of others that they stay: a whole export is no list of those who left.
    """
    given = [(source.name, source.read()) for source in lists]
    ours = [(name, data) for name, data in given if _header(data) == EXPORT_HEADER]
    others = [(name, data) for name, data in given if _header(data) != EXPORT_HEADER]
    problems: list[Problem] = []
    with workspace.open_ledger() as (ledger, keys):
        count = 0
        if others:
            entries = list(_listed(workspace, keys, others, problems, whom))
            count += ledger.suppressions.add_all(entries)
        for name, data in ours:
            count += ledger.suppressions.add_all(_exported(workspace, keys, name, data, problems))
    return count, tuple(problems)


def export(workspace: Workspace) -> bytes:
    """The suppressions as CSV that `import_lists` reads, oldest first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(EXPORT_HEADER)
    for entry in entries(workspace):
        if entry.email:  # a forgotten one has none: `ledger export` carries its hash
            when = f"{entry.since:%Y-%m-%dT%H:%M:%SZ}"
            writer.writerow((entry.email, entry.reason.value, entry.newsletter, entry.source, when, entry.evidence))
    return text.getvalue().encode()


def forget(workspace: Workspace, text: str) -> str:
    """Blank an address everywhere in the ledger; its keyed hash stays, and stays suppressed."""
    address = _parse(text)
    if not workspace.has_ledger():
        raise Refused(Problem(text="there is no ledger here: nothing is known of anybody"))
    with workspace.open_ledger() as (ledger, keys):
        ledger.forget(
            lambda newsletter: tokens.person(keys, newsletter, address.key), tokens.everywhere(keys, address.key)
        )
    return (
        f"{address}: forgotten; a keyed hash stays, so that it is never mailed again."
        " Take it out of your lists too: they are not changed here"
    )


def _header(data: bytes) -> tuple[str, ...]:
    return tuple(data.partition(b"\n")[0].decode("utf-8", "replace").strip().split(","))


def _listed(
    workspace: Workspace, keys: Keys, lists: Sequence[tuple[str, bytes]], problems: list[Problem], whom: Whom
) -> Iterator[Suppression]:
    """Those whom lists of any shape bar. Raises Refused once all are read."""
    from newsletter_cli.audience import wishes
    from newsletter_cli.audience.everybody import named

    said = wishes.read(workspace.settings.list.columns, workspace.settings.list.opt_out)
    mixed: list[Problem] = []
    for name, data in lists:
        out = stay = 0
        for row in named(name, data, said):
            out += bool(row.reason)
            stay += row.stays
            if not row.addresses:
                text = f"no address: {one_line(row.cell, 60)!r}"
                problems.append(Problem(text=text, file=name, line=row.line, severity=Severity.WARNING))
            if whom is Whom.OPTED_OUT and not row.reason:
                continue
            for address in row.addresses:
                yield _suppression(
                    workspace,
                    keys,
                    address,
                    reason=SuppressionReason.IMPORT,
                    source=f"{name}:{row.line}",
                    evidence=row.reason,
                )
        if out and stay and whom is Whom.ASK:
            text = f"{out} of its rows are opted out, and {stay} say that they may be mailed: is it the whole list?"
            hint = "--opted-out bars only those who are out, --all everybody"
            mixed.append(Problem(text=text, file=name, hint=hint))
    if mixed:
        raise Refused(*mixed)


def _exported(
    workspace: Workspace, keys: Keys, name: str, data: bytes, problems: list[Problem]
) -> Iterator[Suppression]:
    """What `export` wrote, as it was."""
    reader = csv.reader(io.StringIO(data.decode("utf-8", "replace"), newline=""))
    next(reader)
    while True:
        try:
            email, reason, newsletter, source, since, evidence = next(reader)
            yield _suppression(
                workspace,
                keys,
                addresses.parse(email),
                reason=SuppressionReason(reason),
                source=source,
                evidence=evidence,
                newsletter=newsletter,
                since=datetime.fromisoformat(since).astimezone(UTC),
            )
        except StopIteration:
            return
        except (ValueError, OverflowError, csv.Error) as error:  # cells too few or too many, or not what they should be
            text = f"not as `suppress export` writes it: {error}"
            problems.append(Problem(text=text, file=name, line=reader.line_num, severity=Severity.WARNING))


def _suppression(
    workspace: Workspace,
    keys: Keys,
    address: Address,
    *,
    reason: SuppressionReason,
    source: str,
    evidence: str = "",
    newsletter: str = "",
    since: datetime | None = None,
) -> Suppression:
    """`newsletter` empty: for all of the ledger."""
    return Suppression(
        who=tokens.person(keys, newsletter, address.key) if newsletter else tokens.everywhere(keys, address.key),
        newsletter=newsletter,
        email=str(address),
        reason=reason,
        source=source,
        evidence=evidence,
        since=since or workspace.clock.now(),
    )


def _both(workspace: Workspace, keys: Keys, address: Address) -> tuple[bytes, bytes]:
    """Who an address is to this newsletter, and to all."""
    return tokens.person(keys, workspace.newsletter, address.key), tokens.everywhere(keys, address.key)


def _parse(text: str) -> Address:
    try:
        return addresses.parse_mailbox(text).address
    except addresses.AddressError as error:
        raise UsageError(str(error)) from error
