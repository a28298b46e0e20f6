"""One run of one campaign: claims, hand-overs and outcomes, each call one transaction.

A claim is committed so that it survives a power cut; hand-overs and outcomes so that they survive a SIGKILL. Whatever
another hand does meanwhile (a suppression, `cancel`) is seen by the condition of each statement: a row that is no
longer claimed is not handed over. A row that comes back to waiting is looked at again for both.

Calls may come from any thread, one after the other. Raises NotNow where nothing can be recorded, and IllegalMove for
a move that `states.MOVES` does not know: a fault of the caller.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from newsletter_cli.ledger import moves, quotas
from newsletter_cli.ledger.hot import Busy
from newsletter_cli.ledger.model import Claim, RecipientRow, Settled
from newsletter_cli.ledger.states import CLAIMABLE, CampaignState, IllegalMove, Outcome
from newsletter_cli.ledger.tables import from_integer
from newsletter_cli.problems import NotNow, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from typing import Any

    from newsletter_cli.ledger.hot import Hot, Statement
    from newsletter_cli.times import Clock


class _Missed(Exception):
    """Some rows stood elsewhere: the transaction is taken back and done row by row."""


class Run:
    """A run at work. `recovered` are the rows of dead runs whose fate is unknown; `only` limits it to one person."""

    def __init__(
        self,
        hot: Hot,
        *,
        clock: Clock,
        campaign: int,
        run: int,
        recovered: list[RecipientRow],
        only: bytes | None,
        require_place: Callable[[], None],
        before_first: Callable[[], None] | None,
        ended: Callable[[int], None],
    ) -> None:
        self.campaign = campaign
        self.id = run
        self.recovered = recovered
        self._hot = hot
        self._clock = clock
        self._only = only
        self._require_place = require_place
        self._before_first = before_first
        self._ended = ended
        self._open = True
        self._suppressed: dict[int, tuple[bytes, int]] = {}  # by whose claims: whom, and the instant

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the run: what it still claims, of which nothing is on the wire, waits again.

        Where even that cannot be recorded, the run looks like a dead one, and the next one recovers it.
        """
        if self._open:
            self._open = False
            try:
                # Before its own connection is closed: as long as that is open, no other file is taken for the ledger.
                with suppress(NotNow, Refused):
                    self._ended(self.id)
            finally:
                self._hot.close()

    # ---- the way out

    def claim(self, limit: int) -> list[Claim]:
        """Take up to `limit` recipients: deferred ones that are due, then queued ones in list order.

        Nobody where the campaign is paused, held, cancelled or finished. Raises NotNow where the ledger was moved away,
        and what `before_first` raises: nobody is claimed then.
        """
        return self._claim_up_to(limit, wait=True)

    def claim_at_once(self, limit: int) -> list[Claim] | None:
        """`claim` in some milliseconds at most, or nothing is done (None). The claims are good once `firm` is called.

        The first claim of a run is none of these: `before_first` may take long.
        """
        if self._before_first is not None:
            return None
        try:
            return self._claim_up_to(limit, wait=False)
        except Busy:
            return None

    def firm(self) -> None:
        """Let everything recorded so far survive a power cut."""
        self._hot.firm()

    def _claim_up_to(self, limit: int, *, wait: bool) -> list[Claim]:
        self._require_place()
        with self._hot.transaction(firm=wait, wait=wait):
            if self._state() not in CLAIMABLE:
                return []
            now = self._now()
            due, queued = self._choose(now, limit)
            if (due or queued) and self._before_first is not None:
                self._before_first()
                self._before_first = None
            changed = self._hot.many(moves.CLAIM, [(self.id, now, row[0]) for row in due])
            if queued:
                span = (self.id, now, self.campaign, queued[0][0], queued[-1][0])
                changed += self._hot.many(moves.CLAIM_QUEUED, [span])
            assert changed == len(due) + len(queued), "writers follow one another"
            return [self._claim(row) for row in (*due, *queued)]

    def _choose(self, now: int, limit: int) -> tuple[Sequence[Sequence[Any]], Sequence[Sequence[Any]]]:
        """Deferred ones that are due, and queued ones by ascending ids with nobody left out between them."""
        if self._only is not None:
            due = self._hot.fetch(moves.DUE_ONE, (self.campaign, now, self._only))
            return due[:limit], [] if due else self._hot.fetch(moves.QUEUED_ONE, (self.campaign, self._only))[:limit]
        due = self._hot.fetch(moves.DUE, (self.campaign, now, limit))
        return due, self._hot.fetch(moves.QUEUED, (self.campaign, limit - len(due))) if len(due) < limit else []

    def _claim(self, row: Sequence[Any]) -> Claim:
        identifier, person, email, version, fields, tries, run, run_tries, first_try_at = row
        return Claim(
            id=identifier,
            person=bytes(person),
            email=email,
            version=version,
            fields=json.loads(fields) if fields else {},
            tries=tries,
            first_try_at=None if first_try_at is None else from_integer(first_try_at),
            run_tries=run_tries if run == self.id else 0,
        )

    def turn(self, settled: Sequence[Settled], ids: Sequence[int], *, wait: bool = True) -> set[int] | None:
        """Record outcomes, and that the dots of `ids` may leave from now on; gives those that still were claimed.

        The others were suppressed or cancelled meanwhile: their mail must not be ended. An outcome that another hand
        gave meanwhile stays. A deferred row without `next_try_at` is not tried again in this run; the next run
        reopens it. Without `wait` it takes some milliseconds at most, or does nothing and gives None.
        """
        if ids:
            self._require_place()
        now = self._now()
        by_outcome: dict[Outcome, list[tuple[Any, ...]]] = {}
        for one in settled:
            by_outcome.setdefault(one.outcome, []).append(self._settled(one, now))
        rows = [(now, identifier, self.id) for identifier in ids]
        try:
            with self._hot.transaction(firm=False, wait=wait):
                for outcome, those in by_outcome.items():
                    self._every(_settling(outcome), those)
                self._look_again(now, [row[-2] for row in by_outcome.get(Outcome.DEFERRED, ())])
                if rows:
                    self._every(moves.HAND_OVER, rows)
                return set(ids)
        except Busy:
            return None
        except _Missed:
            return self._one_by_one(by_outcome, rows, now) if wait else None

    def _one_by_one(
        self, by_outcome: dict[Outcome, list[tuple[Any, ...]]], rows: Sequence[tuple[Any, ...]], now: int
    ) -> set[int]:
        """Do the same row by row, since some stand elsewhere."""
        with self._hot.transaction(firm=False):
            for outcome, those in by_outcome.items():
                for row in those:
                    self._move_one(_settling(outcome), row, outcome)
            self._look_again(now, [row[-2] for row in by_outcome.get(Outcome.DEFERRED, ())])
            return {row[1] for row in rows if self._hot.many(moves.HAND_OVER, [row])}

    def hand_over(self, ids: Sequence[int]) -> set[int]:
        """Only the hand-overs of a `turn`."""
        return self.turn((), ids) or set()

    def settle(self, settled: Sequence[Settled]) -> None:
        """Only the outcomes of a `turn`."""
        self.turn(settled, ())

    def _settled(self, one: Settled, now: int) -> tuple[Any, ...]:
        counted = int(one.counts_as_try)
        again = moves.instant(one.next_try_at) if one.outcome is Outcome.DEFERRED else None
        first = now if counted else None
        return (one.code, one.reply, one.queue_id, one.stage, again, counted, first, now, one.id, self.id)

    def put_back(self, ids: Iterable[int]) -> None:
        """Let these wait again.

        For a row that was handed over this is the caller's word that its dot did not reach the server; for one that
        is deferred or failed in this run, that the fault was the account's or the window's (promise 12): what this
        run itself suppressed for it is taken back.
        """
        now = self._now()
        rows = [(now, identifier, self.id) for identifier in ids]
        try:
            with self._hot.transaction(firm=False):
                self._every(moves.PUT_BACK, rows)
                self._waits_again(now, [row[1] for row in rows])
        except _Missed:
            with self._hot.transaction(firm=False):
                for row in rows:
                    self._move_one(moves.PUT_BACK, row, Outcome.QUEUED)
                self._waits_again(now, [row[1] for row in rows])

    def _waits_again(self, now: int, ids: Sequence[int]) -> None:
        for whom, at in filter(None, map(self._suppressed.get, ids)):
            self._hot.many(moves.UNSUPPRESS, [(whom, at)])
            self._hot.many(moves.QUEUE_ELSEWHERE, [(self.campaign, whom, at, now)])
        self._look_again(now, ids)

    def _every(self, statement: Statement, rows: Sequence[tuple[Any, ...]]) -> None:
        """Move all of the rows. Raises _Missed where one stands elsewhere."""
        if self._hot.many(statement, rows) != len(rows):
            raise _Missed

    def _move_one(self, statement: Statement, row: tuple[Any, ...], after: Outcome) -> None:
        """Move one row, or leave it where another hand put it. Raises IllegalMove where this run itself did."""
        if self._hot.many(statement, [row]):
            return
        (outcome, run), *_ = self._hot.fetch(moves.STANDING, (row[-2],)) or [("", None)]
        if run == self.id and outcome not in _BY_ANOTHER_HAND:
            raise IllegalMove(f"{outcome} -> {after}")

    def _look_again(self, now: int, ids: Sequence[int]) -> None:
        """Settle rows that wait again whose person was suppressed, or whose campaign was cancelled, meanwhile."""
        rows = [(now, identifier) for identifier in ids]
        if rows:
            self._hot.many(moves.BAR, rows)
            self._hot.many(moves.CANCEL, rows)

    def suppress(self, claim: Claim, evidence: str) -> None:
        """Never mail this person again, from any newsletter: the server says there is no such address.

        The row of the claim itself is for `settle`.
        """
        now = self._now()
        with self._hot.transaction(firm=False):
            ((everywhere,),) = self._hot.fetch(moves.EVERYWHERE, (claim.id,))
            if not self._hot.fetch(moves.BARRED, (everywhere,)):
                self._hot.many(moves.SUPPRESS, [(everywhere, claim.email, evidence, now)])
                self._suppressed[claim.id] = everywhere, now
            self._hot.many(moves.SUPPRESS_BESIDE, [(self.campaign, claim.person, now)])
            self._hot.many(moves.SUPPRESS_ELSEWHERE, [(self.campaign, everywhere, now)])

    # ---- what the engine asks

    def state(self) -> CampaignState:
        """The campaign's state now: a person may pause or cancel it at any time."""
        (state,), *_ = self._hot.read(moves.STATE, (self.campaign,))
        return CampaignState(state)

    def _state(self) -> CampaignState:
        (state,), *_ = self._hot.fetch(moves.STATE, (self.campaign,))
        return CampaignState(state)

    def next_try_at(self) -> datetime | None:
        """When the earliest deferred recipient is due in this run; None where none is."""
        (first,), *_ = self._hot.read(moves.NEXT_TRY, (self.campaign,))
        return None if first is None else from_integer(first)

    def waiting(self) -> int:
        """How many wait, queued or deferred; counts an index (40 ms for a million), so not once a mail."""
        (count,), *_ = self._hot.read(moves.WAITING_COUNT, (self.campaign,))
        return int(count)

    def sent_since(self, account: str, since: datetime) -> int:
        """How many mails the account handed over since then: at least the true number (`quotas`)."""
        (count,), *_ = self._hot.read(quotas.SENT_SINCE, quotas.since(account, since))
        return int(count or 0)

    def count_sent(self, account: str, count: int, at: datetime) -> None:
        """Count mails handed to the server, for the account's quotas."""
        with self._hot.transaction(firm=False):
            quotas.count(self._hot, account, count, at)

    def _now(self) -> int:
        found = moves.instant(self._clock.now())
        assert found is not None
        return found


_BY_ANOTHER_HAND = (Outcome.SUPPRESSED, Outcome.CANCELLED, Outcome.WITHDRAWN)


def _settling(outcome: Outcome) -> Statement:
    statement = moves.SETTLE.get(outcome)
    if statement is None:
        raise IllegalMove(f"a claim cannot be settled as {outcome}")
    return statement
