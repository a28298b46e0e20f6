"""Any sequence of calls, by any hands, with crashes between them: settled once, sums add up, never two hand-overs.

The steps drive a real ledger in a file. Beside it stand books as simple as can be: who is suppressed, and how often
each mail may have arrived since anybody who may say so last had it sent again.
"""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hypothesis import given, settings, strategies as st

from newsletter_cli.ledger.model import Settled
from newsletter_cli.ledger.states import IN_FLIGHT, MOVES, SETTLED, WAITING, CampaignState, IllegalMove, Outcome
from newsletter_cli.ledger.store import Ledger
from newsletter_cli.problems import Refused
from tests.doubles.ledgers import IDENTITY, URL, StillClock, frozen, person, post, reader, suppression

if TYPE_CHECKING:
    from collections.abc import Collection

    from newsletter_cli.ledger.run import Run

READERS = 6
LISTED = 5  # at the beginning; the last one is for `--again`
SHARED_MEMORY = Path("/dev/shm")

# One step: what is done, to whom (a bit for each reader), to which one, and how. What sends comes oftenest.
WORK = ["claim", "claim", "hand_over", "hand_over", "settle", "settle", "put_back"]
OTHERS = ["settle_anything", "suppress", "suppress", "interfere", "requeue", "again"]
OUTCOMES = [Outcome.SENT, Outcome.FAILED, Outcome.UNKNOWN, Outcome.DEFERRED, Outcome.DEFERRED]
ACTS = ["pause", "hold", "cancel", "withdraw", "finish", "stop", "kill", "power cut"]
steps = st.lists(
    st.tuples(
        st.sampled_from(WORK * 2 + OTHERS),
        st.integers(0, 2**READERS - 1).map(lambda bits: {number for number in range(READERS) if bits >> number & 1}),
        st.integers(0, READERS - 1),
        st.integers(0, 1000),
    ),
    min_size=5,
    max_size=60,
)


@dataclass
class Machine:
    """One campaign of six readers, 0 to 5 here and 1 to 6 in the ledger."""

    folder: Path
    clock: StillClock = field(default_factory=StillClock)
    boot: int = 1
    claimed_in: int = 0
    run: Run | None = None
    handed: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(READERS), 0))
    suppressed: set[int] = field(default_factory=set)
    touched: set[int] = field(default_factory=set)  # by the run at work

    def __enter__(self) -> Self:
        self.ledger = self.open()
        return self

    def __exit__(self, *error: object) -> None:
        self.crash(power_cut=False)
        self.ledger.close()

    def open(self) -> Ledger:
        ledger = Ledger.open(URL, folder=self.folder, clock=self.clock, identity=IDENTITY, boot=f"boot {self.boot}")
        assert ledger is not None
        return ledger

    def begin(self, suppressed: set[int]) -> None:
        self.suppressed = set(suppressed)
        self.ledger.suppressions.add(*(suppression(person(number, "*")) for number in suppressed))
        self.ledger.begin("letter", post(), "uid1", frozen(), (reader(number) for number in range(LISTED)))
        assert self.standing([Outcome.SUPPRESSED]) == suppressed & set(range(LISTED))

    # What the sender does.

    def claim(self, _: set[int], number: int, how: int) -> None:
        self.clock.pass_by(minutes=how % 3)
        sender, before = self.sender, self.now()
        claims = sender.claim(number + 1)
        self.claimed_in = self.boot
        assert len(claims) <= number + 1
        for claim in claims:
            assert before[claim.id - 1] in WAITING
            assert claim.person == person(claim.id - 1)
        assert not claims or self.ledger.state(1) is CampaignState.SENDING
        self.touched |= {claim.id - 1 for claim in claims}

    def hand_over(self, chosen: set[int], _: int, how: int) -> None:
        sender, claimed = self.sender, self.standing([Outcome.CLAIMED])
        done = {identifier - 1 for identifier in sender.hand_over([number + 1 for number in chosen])}
        assert done == claimed & chosen
        assert not done & self.suppressed
        for number in done:
            self.handed[number] += 1

    def settle(self, chosen: set[int], number: int, how: int) -> None:
        """Of those chosen, all that may have this outcome; whoever another hand took is given too."""
        sender, outcome = self.sender, OUTCOMES[how % len(OUTCOMES)]
        in_hand = [Outcome.HANDED_OVER] if outcome in (Outcome.SENT, Outcome.UNKNOWN) else [*IN_FLIGHT]
        given_ = chosen & self.standing([*in_hand, Outcome.SUPPRESSED, Outcome.CANCELLED])
        again = None if number == 0 else self.clock.now() + timedelta(minutes=number)
        handed = self.standing([Outcome.HANDED_OVER])
        sender.settle([Settled(id=number + 1, outcome=outcome, next_try_at=again) for number in given_])
        if outcome is Outcome.DEFERRED:
            self.not_taken(given_ & handed)

    def put_back(self, chosen: set[int], _: int, how: int) -> None:
        sender, before = self.sender, self.now()
        given_ = chosen & self.standing([*IN_FLIGHT, Outcome.FAILED, Outcome.DEFERRED, Outcome.SUPPRESSED])
        sender.put_back([number + 1 for number in given_])
        moved = {number for number in given_ if self.now()[number] is not before[number]}
        assert moved <= self.touched, "another run's"
        self.not_taken(moved)

    def settle_anything(self, chosen: set[int], _: int, how: int) -> None:
        """An outcome for whomever: a fault, or of no effect on what this run does not hold."""
        sender, outcome = self.sender, OUTCOMES[how % len(OUTCOMES)]
        handed = self.standing([Outcome.HANDED_OVER])
        with contextlib.suppress(IllegalMove):
            sender.settle([Settled(id=number + 1, outcome=outcome) for number in chosen])
            if outcome is Outcome.DEFERRED:
                self.not_taken(chosen & handed)

    # What others do meanwhile.

    def suppress(self, _: set[int], number: int, how: int) -> None:
        if how % 3 == 0 and number in self.now():
            claim: Any = next(row for row in self.ledger.recipients(1) if row.id == number + 1)  # has what is needed
            self.sender.suppress(claim, "550 5.1.1")
        # After the server's word the row is the sender's to settle; here another hand takes it at once.
        who = suppression(person(number), "letter") if how % 3 == 1 else suppression(person(number, "*"))
        self.ledger.suppressions.add(who)
        self.suppressed.add(number)

    def interfere(self, chosen: set[int], _: int, how: int) -> None:
        act = ACTS[how % len(ACTS)]
        with contextlib.suppress(Refused):  # what is cancelled is not paused
            match act:
                case "pause" | "hold":
                    self.ledger.set_state(1, CampaignState.PAUSED if act == "pause" else CampaignState.HELD)
                case "cancel":
                    self.ledger.cancel(1)
                    assert not self.standing([*WAITING, Outcome.CLAIMED])
                case "withdraw":
                    self.ledger.withdraw(1, [number + 1 for number in chosen])
                case "finish":
                    unsettled = self.standing([*WAITING, *IN_FLIGHT])
                    assert self.ledger.finish(1, "stamp") is not bool(unsettled)
                case "stop":
                    self.sender.close()
                    self.run = None
                case _:
                    self.crash(power_cut=act == "power cut")

    def crash(self, *, power_cut: bool) -> None:
        """The process is gone: its run is never closed; what it held is found by the next one."""
        if self.run is not None:
            self.run._hot.close()
            self.run = None
        before = self.now()
        self.ledger.close()
        self.boot += power_cut
        self.ledger = self.open()
        assert self.now() == before

    def requeue(self, chosen: set[int], number: int, how: int) -> None:
        with contextlib.suppress(Refused):
            self.ledger.set_state(1, CampaignState.SENDING)
        outcomes = [outcome for place, outcome in enumerate(sorted(SETTLED)) if place in chosen or how % 2]
        with self.a_persons_word():
            self.ledger.requeue(1, outcomes, person(number) if how % 5 == 0 else None)

    def again(self, chosen: set[int], number: int, how: int) -> None:
        forgiven = chosen if how % 2 else {number}
        self.ledger.suppressions.remove(*(person(one, "*") for one in forgiven), *(person(one) for one in forgiven))
        self.suppressed -= forgiven
        waiting = len(self.standing(WAITING))
        with self.a_persons_word():
            more = self.ledger.add(1, (reader(number) for number in sorted(chosen)))
        assert len(self.standing(WAITING)) == waiting + more

    # The books.

    @property
    def sender(self) -> Run:
        """The run at work; where none is, a new one, which first recovers what a dead one left."""
        if self.run is None:
            before = self.now()
            self.run = self.ledger.start_run(1)
            self.touched = set()
            for number, after in self.now().items():
                if before[number] is Outcome.HANDED_OVER:
                    assert after is Outcome.UNKNOWN
                elif before[number] is Outcome.CLAIMED:
                    assert after is (Outcome.QUEUED if self.boot == self.claimed_in else Outcome.UNKNOWN)
                else:
                    assert after is before[number]
        return self.run

    def not_taken(self, numbers: set[int]) -> None:
        """The server, or the caller, said that these mails did not arrive."""
        for number in numbers:
            self.handed[number] = 0

    @contextlib.contextmanager
    def a_persons_word(self) -> Any:
        """Within, settled mails are queued again by hand: each may then be handed over once more."""
        before = self.now()
        yield
        for number, outcome in self.now().items():
            if number in before and outcome is not before[number]:
                assert (before[number] in SETTLED, outcome) == (True, Outcome.QUEUED)
                self.handed[number] = 0

    def now(self) -> dict[int, Outcome]:
        return {row.id - 1: row.outcome for row in self.ledger.recipients(1)}

    def standing(self, outcomes: Collection[Outcome]) -> set[int]:
        return {number for number, outcome in self.now().items() if outcome in outcomes}


@settings(deadline=None, max_examples=150)
@given(suppressed=st.sets(st.integers(0, READERS - 1), max_size=2), done=steps)
def test_no_order_of_events_sends_twice_or_loses_anybody(suppressed: set[int], done: list[Any]) -> None:
    # In memory where that can be had: hundreds of ledgers are opened, and every claim is an fsync.
    place = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder, Machine(Path(folder)) as machine:
        machine.begin(suppressed)
        for name, chosen, number, how in done:
            before = machine.now()
            getattr(machine, name)(chosen, number, how)
            after = machine.now()
            assert sum(machine.ledger.counts(1).values()) == len(after) >= len(before)
            for number_, outcome in before.items():
                assert after[number_] is outcome or reachable(outcome, after[number_]), name
            for row in machine.ledger.recipients(1):
                assert row.next_try_at is None or row.outcome is Outcome.DEFERRED
            may_go_out = machine.standing([*WAITING, Outcome.CLAIMED])
            assert not may_go_out & machine.suppressed
            assert not may_go_out or machine.ledger.state(1) is not CampaignState.CANCELLED
            assert max(machine.handed.values()) <= 1, f"handed over twice: {machine.handed}"


def reachable(before: Outcome, after: Outcome) -> bool:
    """Within one step a row may make several moves: recovered, put back, and then suppressed or cancelled."""
    seen, ways = {before}, [before]
    while ways:
        for outcome in MOVES[ways.pop()] - seen:
            if outcome is after:
                return True
            if outcome in WAITING | {Outcome.CLAIMED, Outcome.UNKNOWN}:
                seen.add(outcome)
                ways.append(outcome)
    return False
