"""Carry a begun campaign through: recover what a dead run left, deliver, and conclude.

The ledger decides, never memory: what is reported at the end is what the ledger says then. Used by send, run and
resume alike.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from newsletter_cli.jobs import identity, meanings, stamping
from newsletter_cli.jobs.report import Counts, SendReport
from newsletter_cli.ledger.states import CampaignState, Outcome
from newsletter_cli.problems import NotNow, Problem, Refused, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from newsletter_cli.config.settings import Settings
    from newsletter_cli.delivery.campaign import Finish
    from newsletter_cli.delivery.events import Event
    from newsletter_cli.delivery.seams import Stop
    from newsletter_cli.jobs.meanings import Meaning
    from newsletter_cli.jobs.messenger import CampaignMessenger
    from newsletter_cli.ledger.model import Campaign, RecipientRow, Settled
    from newsletter_cli.ledger.store import Ledger
    from newsletter_cli.message.dkim import Signer
    from newsletter_cli.times import Clock

# So many of each are named in a report, whose rows are held in memory; all are counted, and in the ledger.
NAMED = 1_000

# Of so many of the last refusals it is known what was said, should they turn out to be nobody's failure: the engine
# judges a window of 200 tries.
_LATELY = 200

# Who has not got it, though somebody tried.
_WITHOUT = frozenset({Outcome.FAILED, Outcome.DEFERRED, Outcome.UNKNOWN})

# An RSA 2048 signature takes most of a millisecond and releases the interpreter's lock: two at a time pay, more do not.
_SIGNING_THREADS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Carriage:
    """All that carrying a campaign through needs. `path` is the post's file; `post_name` as the person gave it."""

    ledger: Ledger
    settings: Settings
    messenger: CampaignMessenger
    clock: Clock
    events: Callable[[Event], None]
    stop: Stop
    path: Path
    stamps: bool = True  # false: `stamp = "ledger"`, or staging
    before_first: Callable[[], None] | None = (
        None  # once the server is reached, before the first claim; not to use the ledger
    )
    announce: Callable[[Campaign, int], None] = lambda _campaign, _total: None
    transcript: bool = False
    signers: Sequence[Signer] = ()


@dataclass(slots=True)
class Tally:
    """Counts what one run settles, and keeps the first who failed or whose fate is unknown; passes every event on."""

    onward: Callable[[Event], None]
    begun: bool = False  # whether anybody was claimed
    refusal: Refused | None = None  # the post could not be marked as begun, so nobody was
    counts: dict[Outcome, int] = field(default_factory=dict)
    named: dict[Outcome, list[int]] = field(default_factory=lambda: {Outcome.FAILED: [], Outcome.UNKNOWN: []})
    blamed: list[Settled] = field(default_factory=list)  # refusals that were not those people's failures
    lately: deque[Settled] = field(default_factory=lambda: deque(maxlen=_LATELY))  # the last refusals
    _waits_again: set[int] = field(default_factory=set)

    def __call__(self, event: Event) -> None:
        """Take one event of the engine."""
        from newsletter_cli.delivery.events import Recorded, Revived

        if isinstance(event, Recorded):
            self._recorded(event.settled)
        elif isinstance(event, Revived):
            # Told as failed before the window of failures tripped; they wait again.
            self._waits_again.update(event.ids)
            self.blamed += [one for one in self.lately if one.id in self._waits_again]
            self.counts[Outcome.FAILED] = self.counts.get(Outcome.FAILED, 0) - len(event.ids)
            named = self.named[Outcome.FAILED]
            self.named[Outcome.FAILED] = [one for one in named if one not in self._waits_again]
        self.onward(event)

    def _recorded(self, settled: Settled) -> None:
        outcome = settled.outcome
        self.counts[outcome] = self.counts.get(outcome, 0) + 1
        if outcome is Outcome.FAILED and settled.id in self._waits_again:
            self.blamed.append(settled)  # the one that tripped the window is told after it
            return
        if outcome in self.named and len(self.named[outcome]) < NAMED:
            self.named[outcome].append(settled.id)
        if outcome is Outcome.FAILED:
            self.lately.append(settled)


def carry(carriage: Carriage, campaign: Campaign, *, limit: int | None = None, only: bytes | None = None) -> SendReport:
    """Deliver what waits in a campaign, at most `limit` mails, and conclude it where everyone is settled.

    With `only` just that person is mailed and the campaign is not concluded by it. Raises Refused where the post
    cannot be marked as begun, Refused and NotNow where the ledger cannot be used; once somebody was claimed only
    NotNow, which says how many had their mail.
    """
    tally = Tally(carriage.events)
    try:
        finish, recovered = _deliver(carriage, campaign, tally, limit=limit, only=only)
        carriage.ledger.require_place()
        if tally.refusal is not None:
            carriage.ledger.unbegin(campaign.id)
            raise tally.refusal
        report = _conclude(carriage, campaign, finish, tally, recovered)
    except (Refused, NotNow) as error:
        if not tally.begun:
            raise
        raise _cut_short(error, tally) from error
    return report if only is None else _of_one(report)


def _deliver(
    carriage: Carriage, campaign: Campaign, tally: Tally, *, limit: int | None, only: bytes | None
) -> tuple[Finish, tuple[RecipientRow, ...]]:
    """Hand out what waits; gives how that ended, and those of a dead run whose fate is unknown."""
    from newsletter_cli.delivery import engine

    def before_first() -> None:
        if carriage.before_first is not None:
            try:
                carriage.before_first()
            except Refused as refusal:
                tally.refusal = refusal  # the engine ends as with any record that cannot be written
                raise
        tally.begun = True

    with carriage.ledger.start_run(campaign.id, only=only, before_first=before_first) as run:
        carriage.announce(campaign, 1 if only is not None else run.waiting())
        finish = engine.deliver(
            run,
            carriage.messenger,
            carriage.settings.smtp,
            clock=carriage.clock,
            events=tally,
            limit=limit,
            stop=carriage.stop,
            helo_name=carriage.messenger.domain,
            transcript=carriage.transcript,
            signing_threads=_SIGNING_THREADS if any(key.algorithm.startswith("rsa") for key in carriage.signers) else 0,
        )
    recovered = tuple(run.recovered)
    if recovered:
        tally.counts[Outcome.UNKNOWN] = tally.counts.get(Outcome.UNKNOWN, 0) + len(recovered)
    return finish, recovered


def _cut_short(error: Refused | NotNow, tally: Tally) -> NotNow:
    """What is said where the ledger failed in the middle: mails are out, so it is no refusal."""
    text, hint = (error.text, error.hint) if isinstance(error, NotNow) else (str(error), "")
    said = f"{tally.counts.get(Outcome.SENT, 0)} mails of this run had been sent"
    unknown = tally.counts.get(Outcome.UNKNOWN, 0)
    return NotNow(f"{text}: {said}{f', {unknown} have an unknown fate' if unknown else ''}", hint=hint)


def _conclude(
    carriage: Carriage, campaign: Campaign, finish: Finish, tally: Tally, recovered: tuple[RecipientRow, ...]
) -> SendReport:
    """Say what became of the campaign, and record it: held, finished, or to be gone on with."""
    from newsletter_cli.delivery.campaign import FinishReason

    ledger = carriage.ledger
    counts = Counts(by_outcome=ledger.counts(campaign.id))
    problems = _told(finish, left=counts.left)
    account = finish.reason in {FinishReason.HELD, FinishReason.LOGIN_REFUSED}
    held = finish.text if account and counts.left else ""
    # Of what nobody was tried, nothing is frozen: the post may be edited and the list changed before the next run.
    if not tally.counts and counts.left and ledger.unbegin(campaign.id, held):
        counts = Counts(by_outcome={Outcome.QUEUED: counts.left})
    elif held:
        ledger.set_state(campaign.id, CampaignState.HELD, reason=held, wait_until=finish.until)
    elif counts.left and finish.until is not None:
        ledger.set_state(campaign.id, None, wait_until=finish.until)
    finished = counts.left == 0 and campaign.state is not CampaignState.SINGLE
    if finished:
        problems += conclude(carriage, campaign.id, at=carriage.clock.now())
    return SendReport(
        post=str(carriage.path),
        subject=campaign.subject,
        problems=tuple(problems),
        counts=counts,
        this_run=_this_run(tally, counts),
        failures=tuple(ledger.recipients_of(tally.named[Outcome.FAILED])),
        fates=(*recovered, *ledger.recipients_of(tally.named[Outcome.UNKNOWN])),
        replies=_replies(ledger, campaign, tally),
        until=finish.until,
        signal=carriage.stop.signal_number,
        unfinished=counts.left > 0 and finish.reason is not FinishReason.CANCELLED,
        held=held,
        finished=finished,
    )


def _this_run(tally: Tally, counts: Counts) -> Counts:
    """What this run settled; who was put off several times is one person."""
    deferred = min(tally.counts.get(Outcome.DEFERRED, 0), counts[Outcome.DEFERRED])
    return Counts(by_outcome={**tally.counts, Outcome.DEFERRED: deferred})


def _replies(ledger: Ledger, campaign: Campaign, tally: Tally) -> tuple[Meaning, ...]:
    """What was said of those who have not got it; nothing where this run was told nothing of the kind."""
    if not tally.blamed and not any(tally.counts.get(outcome) for outcome in _WITHOUT):
        return ()
    return meanings.grouped(ledger.recipients(campaign.id, outcomes=_WITHOUT), tally.blamed)


def _told(finish: Finish, *, left: int) -> list[Problem]:
    """How the run ended, where it did not end by itself. What stopped nobody, since all were done, is a warning."""
    from newsletter_cli.delivery.campaign import FinishReason

    if finish.reason is FinishReason.PAUSED:
        return [
            Problem(text="paused by hand", hint="`newsletter resume POST` lets it go on", severity=Severity.WARNING)
        ]
    if not finish.text or finish.reason in {FinishReason.DONE, FinishReason.LIMIT}:
        return []
    bad = finish.reason in {FinishReason.HELD, FinishReason.LOGIN_REFUSED, FinishReason.CANNOT_RECORD}
    return [Problem(text=finish.text, severity=Severity.ERROR if bad and left else Severity.WARNING)]


def conclude(carriage: Carriage, campaign_id: int, *, at: datetime) -> list[Problem]:
    """Record that everyone is settled, in the ledger first and then in the post."""
    ledger = carriage.ledger
    campaign = ledger.campaign(campaign_id)
    stamp = campaign.sent_stamp or stamping.sent_stamp(at)
    ledger.finish(campaign_id, stamp)
    if not carriage.stamps:
        return []
    if not identity.still_there(carriage.path, campaign.identity, carriage.settings):
        return [stamping.not_marked(carriage.path, "another post was put in its place meanwhile")]
    problem = stamping.mark_sent(carriage.path, sent_stamp=stamp)
    if problem is not None:
        return [problem]
    ledger.stamped(campaign_id)
    return []


def _of_one(report: SendReport) -> SendReport:
    """The report of `--to`: whether that one mail went out, whoever else still waits."""
    from dataclasses import replace

    waits = report.this_run[Outcome.DEFERRED] > 0 or bool(report.held) or report.this_run.total == 0
    return replace(report, unfinished=waits)
