"""A ledger in memory, as strict as the real one: every move goes by `states.MOVES`, every breach raises."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from newsletter_cli.ledger.model import Claim, Settled
from newsletter_cli.ledger.states import WAITING, CampaignState, Outcome, move

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from newsletter_cli.times import Clock


@dataclass(slots=True)
class Row:
    claim: Claim
    outcome: Outcome = Outcome.QUEUED
    settled: Settled | None = None
    next_try_at: datetime | None = None
    hand_overs: int = 0
    past: list[Outcome] = field(default_factory=list)


class MemoryStore:
    """`delivery.seams.Store`. `fault` is called with each call's name before it is done, and may raise."""

    def __init__(self, emails: Iterable[str], clock: Clock, *, fault: Callable[[str], None] | None = None) -> None:
        self.rows = {
            number: Row(
                Claim(
                    id=number,
                    person=number.to_bytes(16, "big"),
                    email=email,
                    version="full",
                    fields={},
                    tries=0,
                    first_try_at=None,
                )
            )
            for number, email in enumerate(emails, start=1)
        }
        self.campaign = CampaignState.SENDING
        self.suppressed: dict[str, str] = {}
        self.sends: list[tuple[datetime, str, int]] = []
        self.calls: Counter[str] = Counter()
        self.most_claimed = 0
        self.quick = False  # whether turns that may not wait are done
        self.threads: set[int] = set()
        self._clock = clock
        self._fault = fault or (lambda _name: None)

    # What a test asks.

    @property
    def counts(self) -> dict[Outcome, int]:
        return dict(Counter(row.outcome for row in self.rows.values()))

    def of(self, email: str) -> Row:
        return next(row for row in self.rows.values() if row.claim.email == email)

    def move(self, email: str, outcome: Outcome) -> None:
        """Another process moves a row: suppressed, cancelled."""
        self._move(self.of(email), outcome)

    # The protocol.

    def claim_at_once(self, limit: int) -> list[Claim] | None:
        return self.claim(limit) if self.quick else None

    def firm(self) -> None:
        self._called("firm")

    def claim(self, limit: int) -> list[Claim]:
        self._called("claim")
        if self.campaign is not CampaignState.SENDING:
            return []
        now = self._clock.now()
        due = [
            row
            for row in self.rows.values()
            if row.outcome is Outcome.DEFERRED and row.next_try_at is not None and row.next_try_at <= now
        ]
        queued = [row for row in self.rows.values() if row.outcome is Outcome.QUEUED]
        taken = [*due, *queued][:limit]
        for row in taken:
            self._move(row, Outcome.CLAIMED)
            row.next_try_at = None
        self.most_claimed = max(self.most_claimed, sum(r.outcome is Outcome.CLAIMED for r in self.rows.values()))
        return [row.claim for row in taken]

    def turn(self, settled: Sequence[Settled], ids: Sequence[int], *, wait: bool = True) -> set[int] | None:
        if not (wait or self.quick):
            return None
        if settled:
            self.settle(settled)
        return self.hand_over(ids) if ids else set()

    def hand_over(self, ids: Sequence[int]) -> set[int]:
        self._called("hand_over")
        over = {number for number in ids if self.rows[number].outcome is Outcome.CLAIMED}
        for number in over:
            self._move(self.rows[number], Outcome.HANDED_OVER)
            self.rows[number].hand_overs += 1
        return over

    def settle(self, settled: Sequence[Settled]) -> None:
        self._called("settle")
        for one in settled:
            row = self.rows[one.id]
            if row.outcome in {Outcome.SUPPRESSED, Outcome.CANCELLED}:
                continue
            if one.outcome is Outcome.UNKNOWN:
                assert row.outcome is Outcome.HANDED_OVER, "only what was handed over can be unknown"
            self._move(row, one.outcome)
            row.settled = one
            row.next_try_at = one.next_try_at
            counted = int(one.counts_as_try)
            row.claim = replace(
                row.claim,
                tries=row.claim.tries + counted,
                run_tries=row.claim.run_tries + counted,
                first_try_at=row.claim.first_try_at or self._clock.now(),
            )

    def put_back(self, ids: Sequence[int]) -> None:
        self._called("put_back")
        for number in ids:
            row = self.rows[number]
            if row.outcome not in {Outcome.SUPPRESSED, Outcome.CANCELLED}:
                self._move(row, Outcome.QUEUED)

    def suppress(self, claim: Claim, evidence: str) -> None:
        self._called("suppress")
        self.suppressed[claim.email] = evidence

    def state(self) -> CampaignState:
        self._called("state")
        return self.campaign

    def next_try_at(self) -> datetime | None:
        self._called("next_try_at")
        return min(
            (row.next_try_at for row in self.rows.values() if row.outcome is Outcome.DEFERRED and row.next_try_at),
            default=None,
        )

    def waiting(self) -> int:
        self._called("waiting")
        return sum(row.outcome in WAITING for row in self.rows.values())

    def sent_since(self, account: str, since: datetime) -> int:
        self._called("sent_since")
        return sum(count for at, name, count in self.sends if name == account and at > since)

    def count_sent(self, account: str, count: int, at: datetime) -> None:
        self._called("count_sent")
        self.sends.append((at, account, count))

    def _called(self, name: str) -> None:
        self.calls[name] += 1
        self.threads.add(threading.get_ident())
        self._fault(name)

    def _move(self, row: Row, after: Outcome) -> None:
        row.past.append(row.outcome)
        row.outcome = move(row.outcome, after)
