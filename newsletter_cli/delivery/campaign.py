"""One run over one campaign's recipients: what each event means for each claim, and when the run ends.

Pure. Every claim in hand is at one `Step`; only the moves of `STEPS` exist, so that no mail is handed over twice
without a proof that it did not arrive, and everyone is settled or put back exactly once. The engine tells what
happened (`claimed`, `take`, `handed_over`, `answered`, …) and does what the answers say; nothing here waits, sends or
records. Judging one answer is `dialogue`'s; this module knows the run: retries, giving up, failures in a row, ends.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from newsletter_cli.delivery.dialogue import Lost, Stage, Verdict, judge
from newsletter_cli.delivery.trouble import Scope
from newsletter_cli.ledger.model import Settled
from newsletter_cli.ledger.states import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from newsletter_cli.ledger.model import Claim
    from newsletter_cli.replies import Reply


class FinishReason(StrEnum):
    """Why a run ended."""

    DONE = "done"  # nobody waits any more
    LIMIT = "limit"  # as many as were asked for
    DEFERRED = "deferred"  # some wait for another run: retries are used up, a quota is spent
    SERVER_AWAY = "server away"
    LOGIN_REFUSED = "login refused"
    HELD = "held"  # the account's fault, or too many failures
    PAUSED = "paused"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    CANNOT_RECORD = "cannot record"


@dataclass(frozen=True, slots=True)
class Finish:
    """How a run ended: why, the same for a person, and when it is worth coming back, where that is known."""

    reason: FinishReason
    text: str = ""
    until: datetime | None = None


class Step(IntEnum):
    """Where a claim in hand is. A number, since it is looked up four times a mail."""

    READY = 1  # waits for a connection
    ON_WIRE = 2  # its MAIL may have been sent
    HANDING = 3  # the ledger is asked to record the hand-over
    HANDED = 4  # recorded; its dot may be sent


# Who may go where; GONE (None) leaves the hands for good.
STEPS: dict[Step, frozenset[Step | None]] = {
    Step.READY: frozenset({Step.ON_WIRE, None}),
    Step.ON_WIRE: frozenset({Step.HANDING, Step.READY, None}),
    Step.HANDING: frozenset({Step.HANDED, None}),
    Step.HANDED: frozenset({None}),
}


class Twice(RuntimeError):
    """A move that STEPS does not know: a fault of this program, stopped before it can send a mail twice."""


@dataclass(slots=True)
class _Hand:
    claim: Claim
    step: Step = Step.READY


@dataclass(slots=True)
class _Told:
    """An answer with its verdict."""

    stage: Stage
    answer: Reply | Lost
    verdict: Verdict
    now: datetime
    queue_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be done about one answered mail.

    Exactly one of `settled` and `put_back` is given, or neither where the claim is ready again for any connection.
    `revived`: settled ones that wait again, because the failures were not theirs.
    """

    verdict: Verdict
    settled: Settled | None = None
    put_back: int | None = None
    suppress: bool = False
    revived: tuple[int, ...] = ()


# Promise in the settings: judged over the last 200 tries, and never over fewer than 50.
WINDOW = 200
AT_LEAST = 50
# An old list has some dead addresses, and they stay out. Where so many of the window are dead, it is the server that
# is wrong: a relay that knows nobody would otherwise bar a whole list for ever.
_INCREDIBLE = 0.5
# A connection may break under a mail by chance; a third time it is the mail's own trouble.
_BACK_AT_MOST = 2
# Of how many recipients it is remembered that the server answered them with pleas; beyond it, the next run retries.
_REMEMBERED = 100_000


class Campaign:
    """The run. `ending` is set once it is to stop; what is under way is then still answered and settled."""

    def __init__(
        self,
        *,
        retry_after: Sequence[timedelta] = (),
        give_up_after: timedelta = timedelta(days=4),
        stop_at_failures: float = 1.0,
        limit: int | None = None,
    ) -> None:
        self.ending: Finish | None = None
        self.counts: Counter[Outcome] = Counter()
        self._retry_after = tuple(retry_after)
        self._give_up_after = give_up_after
        self._stop_at_failures = stop_at_failures
        self._limit = limit
        self._hands: dict[int, _Hand] = {}
        self._ready: deque[int] = deque()
        self._pleas: dict[int, int] = {}
        self._went_back: dict[int, int] = {}  # how many connections broke under a mail that is not settled yet
        self._lately: deque[tuple[int, bool, bool]] = deque(maxlen=WINDOW)  # id, failed, its address is dead
        self._tripped = False  # the window was; what is refused since then is nobody's failure either
        self._doubted = False  # nor is what is said of dead addresses

    # What is in hand.

    @property
    def in_hand(self) -> int:
        """How many claims this run holds."""
        return len(self._hands)

    @property
    def ready(self) -> int:
        """How many of them no connection has taken yet."""
        return len(self._ready)

    @property
    def under_way(self) -> int:
        """How many of them a connection has taken."""
        return len(self._hands) - len(self._ready)

    @property
    def budget(self) -> int | None:
        """How many more may be claimed under `--limit`; None: no limit."""
        if self._limit is None:
            return None
        return max(0, self._limit - sum(self.counts.values()) - len(self._hands))

    def claimed(self, claims: Iterable[Claim]) -> None:
        """The ledger gave these."""
        for claim in claims:
            if claim.id in self._hands:
                raise Twice(f"recipient {claim.id} is claimed twice")
            self._hands[claim.id] = _Hand(claim)
            self._ready.append(claim.id)

    def take(self) -> Claim | None:
        """The next mail for a connection; None where none is ready or the run ends."""
        if self.ending or not self._ready:
            return None
        hand = self._hands[self._ready.popleft()]
        self._move(hand, Step.ON_WIRE)
        return hand.claim

    def coming(self) -> Iterator[Claim]:
        """Those whom no connection has taken yet, in order; none where the run ends."""
        return iter(()) if self.ending else (self._hands[claim_id].claim for claim_id in self._ready)

    def untake(self, claim_id: int) -> None:
        """Nothing was sent for it after all: it is the next one again."""
        self._move(self._hands[claim_id], Step.READY)
        self._ready.appendleft(claim_id)

    def drain(self) -> list[int]:
        """Let go of everyone no connection has taken; the engine puts them back."""
        ids = list(self._ready)
        self._ready.clear()
        for claim_id in ids:
            self._let_go(self._hands[claim_id])
        return ids

    # What happens to a mail.

    def may_hand_over(self, claim_id: int) -> bool:
        """Whether its 354 is answered with the body: not once the run ends. True asks the ledger next."""
        if self.ending:
            return False
        self._move(self._hands[claim_id], Step.HANDING)
        return True

    def handed_over(self, claim_id: int, *, recorded: bool) -> bool:
        """The ledger answered. False: it was suppressed or cancelled meanwhile, and its dot must never be sent."""
        if not recorded:
            self._let_go(self._hands[claim_id])
            return False
        self._move(self._hands[claim_id], Step.HANDED)
        return True

    def dropped(self, claim_id: int) -> int:
        """Its connection was closed by us before its dot: nothing arrived, it waits again. Gives the id to put back."""
        self._let_go(self._hands[claim_id])
        return claim_id

    def answered(
        self, claim_id: int, stage: Stage, answer: Reply | Lost, *, now: datetime, queue_id: str = ""
    ) -> Decision:
        """The server answered, or is lost. `now` is aware. Sets `ending` where the answer stops the run."""
        hand = self._hands[claim_id]
        if stage is Stage.DOT and hand.step is not Step.HANDED:
            raise Twice(f"recipient {claim_id} is answered at the dot, but was not handed over")
        told = _Told(stage, answer, judge(stage, answer), now, queue_id)
        if told.verdict.scope is Scope.CAMPAIGN:
            self.end(Finish(FinishReason.HELD, f"{told.verdict.says}: {answer} (at {stage})"))
        if told.verdict.outcome is Outcome.QUEUED:
            return self._back(hand, told)
        if told.verdict.outcome is Outcome.FAILED and self._tripped and (self._doubted or not told.verdict.suppress):
            self._let_go(hand)
            return Decision(verdict=told.verdict, put_back=claim_id)
        return self._settle(hand, told, told.verdict.outcome)

    def refused(self, claim_id: int, text: str) -> Settled:
        """We will not send it: for good, without a try of the server's."""
        self._let_go(self._hands[claim_id])
        self.counts[Outcome.FAILED] += 1
        return Settled(id=claim_id, outcome=Outcome.FAILED, reply=text, counts_as_try=False)

    def end(self, finish: Finish) -> None:
        """The run is to stop. The first reason stands, but that nothing can be recorded is above all others."""
        if self.ending is None or finish.reason is FinishReason.CANNOT_RECORD:
            self.ending = finish

    # Inside.

    def _back(self, hand: _Hand, told: _Told) -> Decision:
        """It goes back; a mail that breaks one connection after another is deferred instead."""
        claim_id = hand.claim.id
        connection = told.verdict.scope is Scope.CONNECTION
        if connection and told.stage is not Stage.MAIL:  # at MAIL the server does not know whom it is for
            times = self._went_back.get(claim_id, 0)
            if times >= _BACK_AT_MOST:
                return self._settle(hand, told, Outcome.DEFERRED)
            if times or len(self._went_back) < _REMEMBERED:
                self._went_back[claim_id] = times + 1
        if self.ending or hand.step is not Step.ON_WIRE or not connection:
            self._let_go(hand)
            return Decision(verdict=told.verdict, put_back=claim_id)
        self._move(hand, Step.READY)
        self._ready.append(claim_id)
        return Decision(verdict=told.verdict)

    def _settle(self, hand: _Hand, told: _Told, outcome: Outcome) -> Decision:
        claim, answer = hand.claim, told.answer
        words, next_try_at = str(answer) if isinstance(answer, Lost) else answer.text, None
        if outcome is Outcome.DEFERRED:
            if self._give_up(claim, told.now):
                outcome, words = Outcome.FAILED, f"given up: {words}"
            else:
                next_try_at = self._next_try(claim, told)
        self._let_go(hand)
        if outcome is not Outcome.DEFERRED:
            self._pleas.pop(claim.id, None)
            self._went_back.pop(claim.id, None)
        self.counts[outcome] += 1
        settled = Settled(
            id=claim.id,
            outcome=outcome,
            code=0 if isinstance(answer, Lost) else answer.code,
            reply=_one_line(words),
            queue_id=told.queue_id,
            stage=told.stage.value,
            next_try_at=next_try_at,
            counts_as_try=not told.verdict.plea,
        )
        suppress = told.verdict.suppress and outcome is Outcome.FAILED
        revived = self._watch_failures(claim.id, failed=outcome is Outcome.FAILED, dead=suppress)
        return Decision(verdict=told.verdict, settled=settled, suppress=suppress and not self._doubted, revived=revived)

    def _next_try(self, claim: Claim, told: _Told) -> datetime | None:
        """When this run tries again; None: it does not, the next run will. A plea does not use up a try."""
        tries = claim.run_tries
        if told.verdict.plea:
            pleas = self._pleas.get(claim.id, 0)
            tries = max(tries, pleas)
            if pleas or len(self._pleas) < _REMEMBERED:
                self._pleas[claim.id] = pleas + 1
            else:
                return None
        return told.now + self._retry_after[tries] if tries < len(self._retry_after) else None

    def _give_up(self, claim: Claim, now: datetime) -> bool:
        """Long enough since the first try, and often enough: days spent waiting for a quota are not tries."""
        if claim.first_try_at is None or claim.tries < len(self._retry_after):
            return False
        return now - claim.first_try_at >= self._give_up_after

    def _watch_failures(self, claim_id: int, *, failed: bool, dead: bool) -> tuple[int, ...]:
        """Hold the campaign when too many of the last tries failed; give those that wait again."""
        self._lately.append((claim_id, failed, dead))
        failures = sum(1 for _, bad, _ in self._lately if bad) if failed else 0
        tries = len(self._lately)
        if tries < AT_LEAST or not failures or failures < self._stop_at_failures * tries:
            return ()
        self.end(
            Finish(
                FinishReason.HELD,
                f"{failures} of the last {tries} mails were refused for good; look at the replies before going on",
            )
        )
        self._tripped = True
        self._doubted = sum(1 for _, _, gone in self._lately if gone) >= _INCREDIBLE * tries
        revived = tuple(bad_id for bad_id, bad, gone in self._lately if bad and (self._doubted or not gone))
        self._lately.clear()
        self.counts[Outcome.FAILED] -= len(revived)
        return revived

    def _let_go(self, hand: _Hand) -> None:
        self._move(hand, None)
        del self._hands[hand.claim.id]

    @staticmethod
    def _move(hand: _Hand, after: Step | None) -> None:
        if after not in STEPS[hand.step]:
            raise Twice(f"recipient {hand.claim.id}: {hand.step} -> {after}")
        if after is not None:
            hand.step = after


def _one_line(text: str, limit: int = 500) -> str:
    return " ".join(text.split())[:limit]
