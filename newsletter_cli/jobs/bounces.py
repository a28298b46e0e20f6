"""`newsletter bounces [MAILBOX]`: bounces, complaints, unsubscribe mail and provider events become suppressions.

Each report is recorded once, by its digest, with all of its effects in one transaction: a mailbox read twice changes
nothing the second time. Nothing is ever written to a mailbox. `read_before_send` is the same reading of
``[bounces] mailbox`` before a send. What reads is imported inside: every send comes by here, most read nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter_cli.feedback.model import Kind, one_line
from newsletter_cli.jobs import secrets
from newsletter_cli.jobs.attribution import Attribution, Meant, Nobody
from newsletter_cli.jobs.bounce_report import BounceReport, Decision, Effect
from newsletter_cli.ledger.model import SoftBounce, SoftLimit, Suppression, SuppressionReason
from newsletter_cli.problems import Problem, Refused, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from newsletter_cli.config.settings import Bounces
    from newsletter_cli.feedback.mailboxes import Box, Item
    from newsletter_cli.feedback.model import Feedback
    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.ledger.store import Ledger
    from newsletter_cli.tokens import Keys

# So many are attributed together and recorded one by one.
_BATCH = 200
_OLDEST = timedelta(days=366)  # a report that claims to be older has a broken clock behind it

_REASONS = {
    Kind.HARD: SuppressionReason.HARD_BOUNCE,
    Kind.COMPLAINT: SuppressionReason.COMPLAINT,
    Kind.UNSUBSCRIBE: SuppressionReason.UNSUBSCRIBE,
}


def read(workspace: Workspace, mailbox: str = "", *, data: bytes | None = None, dry_run: bool = False) -> BounceReport:
    """Read a mailbox, or the octets of standard input. Raises Refused and NotNow where it cannot be read."""
    box = _box(workspace, mailbox, data)
    if dry_run or not workspace.has_ledger():
        with workspace.ledger_as_it_is() as ledger:
            return _look(workspace, ledger, box, dry_run=dry_run)
    with workspace.open_ledger() as (ledger, keys):
        return _Reading(workspace, ledger, keys, box).run()


def read_before_send(workspace: Workspace, ledger: Ledger, keys: Keys) -> BounceReport:
    """Read ``[bounces] mailbox`` into an open ledger; an empty report where none is set. Raises as `read`."""
    if not workspace.settings.bounces.mailbox:
        return BounceReport()
    return _Reading(workspace, ledger, keys, _box(workspace, "", None)).run()


def _look(workspace: Workspace, ledger: Ledger | None, box: Box, *, dry_run: bool) -> BounceReport:
    """Say what a reading would do; where there is no ledger, nobody was ever mailed."""
    return _Reading(workspace, ledger, workspace.keys() if ledger is not None else None, box, dry_run=dry_run).run()


def _box(workspace: Workspace, mailbox: str, data: bytes | None) -> Box:
    from newsletter_cli.feedback import mailboxes

    if data is not None:
        return mailboxes.Given(data)
    section = workspace.settings.bounces
    where = mailbox or section.mailbox
    if not where:
        raise Refused(
            Problem(
                text="no mailbox was named",
                hint="give a Maildir, an mbox, a folder of .eml or a file of events, or set mailbox under [bounces]",
            )
        )
    if "://" in where:
        from newsletter_cli.feedback import imap

        return imap.from_url(
            where, _password(section), secrets.first_line(section.token_command, "bounces.token_command")
        )
    return mailboxes.open_box(Path(mailbox) if mailbox else workspace.settings.resolve(where), where)


def _password(section: Bounces) -> str:
    if section.password is not None:
        return section.password.reveal()
    if section.token_command:
        return ""
    return secrets.first_line(section.password_command, "bounces.password_command")


@dataclass(frozen=True, slots=True)
class _Report:
    """One message or event, not yet recorded."""

    item: Item
    digest: bytes
    feedback: tuple[Feedback, ...]


@dataclass(slots=True)
class _Reading:
    """One reading of one mailbox; without ledger and keys nobody can be meant."""

    workspace: Workspace
    ledger: Ledger | None
    keys: Keys | None
    box: Box
    dry_run: bool = False
    read: int = 0
    seen: int = 0
    decisions: list[Decision] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def run(self) -> BounceReport:
        """Read what is new."""
        mark = f"bounces {self.box.name}"
        start = self.ledger.bounces.bookmark(mark) if self.ledger is not None else ""
        reports = self._reports(start)
        while batch := list(islice(reports, _BATCH)):
            self._decide(batch)
            if self.ledger is not None and not self.dry_run and batch[-1].item.bookmark:
                self.ledger.bounces.set_bookmark(mark, batch[-1].item.bookmark)
        if self.problems and not self.read:
            raise Refused(*self.problems)
        return BounceReport(
            source=self.box.name,
            read=self.read,
            seen=self.seen,
            decisions=tuple(self.decisions),
            problems=tuple(self.problems),
            dry_run=self.dry_run,
        )

    def _reports(self, bookmark: str) -> Iterator[_Report]:
        """What was not recorded before, parsed."""
        from newsletter_cli.feedback.parse import parse

        for item in self.box.items(bookmark):
            if item.is_events:
                yield from self._events(item)
                continue
            self.read += 1
            digest = hashlib.sha256(item.data.replace(b"\r\n", b"\n")).digest()
            if not self._known(digest):
                yield _Report(item, digest, parse(item.data))

    def _events(self, item: Item) -> Iterator[_Report]:
        from newsletter_cli.feedback.events import NoEvents, events

        try:
            for event in events(item.data):
                self.read += 1
                if not self._known(event.digest):
                    yield _Report(item, event.digest, event.feedback)
        except NoEvents as error:
            self.problems.append(Problem(text=str(error), file=item.name, severity=Severity.WARNING))

    def _known(self, digest: bytes) -> bool:
        known = self.ledger is not None and self.ledger.bounces.seen(digest)
        self.seen += known
        return known

    def _decide(self, batch: list[_Report]) -> None:
        if self.ledger is None or self.keys is None:
            for report in batch:
                self.decisions += [_nothing(report, one, "never mailed from here") for one in report.feedback]
            return
        found = Attribution(self.ledger, self.keys, self.workspace.newsletter)
        found.prepare([report.feedback for report in batch])
        for report in batch:
            self._record(self.ledger, report, found.meant(report.feedback))

    def _record(self, ledger: Ledger, report: _Report, meant: list[Meant | Nobody]) -> None:
        """Record a report with its effects, and say what came of each."""
        people = [one for one in meant if isinstance(one, Meant)]
        bars = [(one, _suppression(one, report.item.name, self.workspace.clock.now())) for one in people]
        new = self._apply(ledger, report, bars, known_to_be_nothing=not people and _is_nothing(meant))
        for one in meant:
            if isinstance(one, Nobody):
                self.decisions.append(_nothing(report, one.feedback, one.why))
        for one, bar in bars:
            self.decisions.append(_decision(report, one, _effect(bar, one, new)))

    def _apply(
        self,
        ledger: Ledger,
        report: _Report,
        bars: list[tuple[Meant, Suppression | None]],
        *,
        known_to_be_nothing: bool,
    ) -> set[bytes]:
        """Do it, or find out what it would do; gives who is suppressed anew.

        A report about somebody unknown is not recorded: an import may bring them later.
        """
        wanted = [bar for _, bar in bars if bar is not None]
        if self.dry_run:
            return {bar.who for bar in wanted if not ledger.suppressions.is_suppressed(bar.who)}
        if not bars and not known_to_be_nothing:
            return set()
        now = self.workspace.clock.now()
        soft = [_soft(one, now) for one, _ in bars if one.feedback.kind is Kind.SOFT]
        section = self.workspace.settings.bounces
        limit = SoftLimit(count=section.soft_limit, campaigns=section.soft_campaigns, span=section.soft_span)
        new = ledger.bounces.record(report.digest, report.item.name, suppressions=wanted, soft=soft, limit=limit)
        return {bar.who for bar in new or ()}


def _is_nothing(meant: list[Meant | Nobody]) -> bool:
    return all(one.feedback.kind is Kind.NONE for one in meant)


def _suppression(meant: Meant, source: str, now: datetime) -> Suppression | None:
    """The suppression that a decision asks for; None for a soft bounce.

    An unsubscribe holds for one newsletter, what a mailbox or its owner says of the address for all (promise 9).
    """
    feedback, row = meant.feedback, meant.row
    reason = _REASONS.get(feedback.kind)
    if reason is None:
        return None
    here = reason is SuppressionReason.UNSUBSCRIBE or row is None
    return Suppression(
        who=meant.person if here or row is None else row.everywhere,
        newsletter=meant.newsletter if here else "",
        email=row.email if row is not None else "",
        reason=reason,
        source=source,
        evidence=_evidence(meant),
        since=now,
    )


def _soft(meant: Meant, now: datetime) -> SoftBounce:
    """A soft bounce, at the time its report was written; a date that cannot be is now."""
    at = meant.feedback.at
    return SoftBounce(
        person=meant.person,
        campaign=meant.campaign,
        bounced_at=at if at is not None and now - _OLDEST <= at <= now else now,
        evidence=_evidence(meant),
    )


def _evidence(meant: Meant) -> str:
    """What was said; of somebody who was forgotten the rule alone, since servers name the address."""
    feedback, row = meant.feedback, meant.row
    forgotten = row is not None and not row.email
    return one_line(feedback.rule if forgotten else f"{feedback.rule}: {feedback.said}".rstrip(": "), 400)


def _effect(bar: Suppression | None, meant: Meant, new: set[bytes]) -> Effect:
    if bar is not None:
        return Effect.SUPPRESSED if bar.who in new else Effect.ALREADY
    if meant.row is not None and meant.row.everywhere in new:
        return Effect.SUPPRESSED  # one soft bounce too many
    return Effect.COUNTED if meant.feedback.kind is Kind.SOFT else Effect.NOTHING


def _decision(report: _Report, meant: Meant, effect: Effect) -> Decision:
    feedback = meant.feedback
    return Decision(
        where=report.item.name,
        kind=feedback.kind,
        email=(meant.row.email if meant.row is not None else "") or feedback.address,
        rule=feedback.rule,
        effect=effect,
        why=f"found by {meant.by}",
        said=feedback.said,
        status=feedback.status,
    )


def _nothing(report: _Report, feedback: Feedback, why: str) -> Decision:
    return Decision(
        where=report.item.name,
        kind=feedback.kind,
        email=feedback.address,
        rule=feedback.rule,
        effect=Effect.NOTHING,
        why=why,
        said=feedback.said,
        status=feedback.status,
    )
