"""Any order of claims, answers, losses, suppressions, stops and kills: nobody twice, nobody lost, counts add up."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from newsletter_cli.delivery.campaign import Campaign, Finish, FinishReason, Twice
from newsletter_cli.delivery.dialogue import Lost, Stage
from newsletter_cli.ledger.states import Outcome
from newsletter_cli.replies import Reply
from tests.doubles.clock import FastClock
from tests.doubles.store import MemoryStore

PEOPLE = 6
RARELY = st.integers(0, 5).map(lambda number: number == 5)
BEFORE_THE_DOT = st.sampled_from([Stage.RSET, Stage.MAIL, Stage.RCPT, Stage.DATA])
REFUSALS = st.sampled_from(
    [
        Reply(421, "4.3.2 bye"),
        Reply(450, "4.2.0 greylisted"),
        Reply(451, "4.7.0 slow down"),
        Reply(452, "4.2.2 full"),
        Reply(550, "5.1.1 no such user"),
        Reply(550, "5.0.0 no"),
        Reply(552, "5.2.2 full"),
        Reply(554, "no"),
        Reply(354, "what"),
        Lost("gone"),
    ]
)
ACCOUNT = st.sampled_from([Reply(550, "5.7.1 policy"), Reply(530, "5.7.0 login"), Reply(454, "Daily quota exceeded")])
ANSWERS = st.one_of(st.just(Reply(250, "2.0.0 Ok: queued as X")), REFUSALS, ACCOUNT)


class _Time(FastClock):
    """Only moved by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.at = datetime(2026, 1, 2, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


class AnyOrder(RuleBasedStateMachine):
    """A ledger, a server that remembers every dot, and the machine between them. A kill takes the machine alone."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = _Time()
        self.store = MemoryStore([f"r{n}@example.com" for n in range(PEOPLE)], self.clock)
        self.dots: Counter[int] = Counter()  # bodies that may have reached the server with their dot
        self.taken: Counter[int] = Counter()  # those it answered with 2yz
        self.kills = 0
        self.start()

    def start(self) -> None:
        self.campaign = Campaign(
            retry_after=[timedelta(minutes=1), timedelta(minutes=5)],
            give_up_after=timedelta(hours=2),
            stop_at_failures=0.5,
        )
        self.wire: dict[int, bool] = {}  # in the hands of a connection: whether its dot may be sent

    def any_on(self, *, handed: bool) -> list[int]:
        return [claim_id for claim_id, over in self.wire.items() if over is handed]

    # What can happen.

    @rule(count=st.integers(1, 12))
    def claim(self, count: int) -> None:
        if self.campaign.ending is None:
            self.campaign.claimed(self.store.claim(count))

    @rule()
    def take(self) -> None:
        claim = self.campaign.take()
        if claim is not None:
            self.wire[claim.id] = False

    @precondition(lambda self: self.any_on(handed=False))
    @rule(data=st.data())
    def return_unsent(self, data: st.DataObject) -> None:
        claim_id = data.draw(st.sampled_from(self.any_on(handed=False)))
        del self.wire[claim_id]
        self.campaign.untake(claim_id)

    @precondition(lambda self: self.any_on(handed=False))
    @rule(data=st.data(), lost=st.booleans())
    def go_ahead(self, data: st.DataObject, *, lost: bool) -> None:
        """354: hand over, then the body and the dot, unless the connection is lost before them."""
        claim_id = data.draw(st.sampled_from(self.any_on(handed=False)))
        del self.wire[claim_id]
        if not self.campaign.may_hand_over(claim_id):
            self.store.put_back([self.campaign.dropped(claim_id)])
            return
        recorded = bool(self.store.hand_over([claim_id]))
        if not self.campaign.handed_over(claim_id, recorded=recorded):
            return
        if lost:
            self.decide(claim_id, Stage.BODY, Lost("gone"))
            return
        self.wire[claim_id] = True
        self.dots[claim_id] += 1

    @precondition(lambda self: self.any_on(handed=False))
    @rule(data=st.data(), stage=BEFORE_THE_DOT, answer=st.one_of(REFUSALS, ACCOUNT))
    def refused(self, data: st.DataObject, stage: Stage, answer: Reply | Lost) -> None:
        claim_id = data.draw(st.sampled_from(self.any_on(handed=False)))
        del self.wire[claim_id]
        self.decide(claim_id, stage, answer)

    @precondition(lambda self: self.any_on(handed=True))
    @rule(data=st.data(), answer=ANSWERS)
    def answered_at_the_dot(self, data: st.DataObject, answer: Reply | Lost) -> None:
        claim_id = data.draw(st.sampled_from(self.any_on(handed=True)))
        del self.wire[claim_id]
        if isinstance(answer, Reply):
            self.dots[claim_id] -= answer.code >= 400  # a proof that it was not taken
            self.taken[claim_id] += answer.code < 300
        self.decide(claim_id, Stage.DOT, answer)

    @rule(data=st.data())
    def a_whole_mail(self, data: st.DataObject) -> None:
        """The usual way, in one step: claimed, taken, handed over, answered."""
        self.claim(1)
        self.take()
        if self.any_on(handed=False):
            self.go_ahead(data, lost=False)
        if self.any_on(handed=True):
            self.answered_at_the_dot(data, data.draw(ANSWERS))

    @precondition(lambda self: self.any_on(handed=False))
    @rule(data=st.data())
    def unfit(self, data: st.DataObject) -> None:
        claim_id = data.draw(st.sampled_from(self.any_on(handed=False)))
        del self.wire[claim_id]
        self.store.settle([self.campaign.refused(claim_id, "needs SMTPUTF8")])

    @rule(number=st.integers(1, PEOPLE), really=st.booleans())
    def suppressed_by_another(self, number: int, *, really: bool) -> None:
        row = self.store.rows[number]
        if really and row.outcome in {Outcome.QUEUED, Outcome.CLAIMED, Outcome.DEFERRED}:
            self.store.move(row.claim.email, Outcome.SUPPRESSED)

    @rule(minutes=st.sampled_from([1, 5, 60, 600]))
    def time_passes(self, minutes: int) -> None:
        self.clock.at += timedelta(minutes=minutes)

    @rule()
    def drain(self) -> None:
        self.store.put_back(self.campaign.drain())

    @rule(
        reason=st.sampled_from([FinishReason.INTERRUPTED, FinishReason.PAUSED, FinishReason.CANNOT_RECORD]),
        really=RARELY,
    )
    def stop(self, reason: FinishReason, *, really: bool) -> None:
        if not really:
            return
        self.campaign.end(Finish(reason))
        assert self.campaign.take() is None

    @rule(really=RARELY)
    def killed_and_run_again(self, *, really: bool) -> None:
        """SIGKILL, then what the ledger does for the next run: claimed waits again, handed over is unknown."""
        if not really:
            return
        self.kills += 1
        for row in self.store.rows.values():
            if row.outcome is Outcome.CLAIMED:
                self.store._move(row, Outcome.QUEUED)
            elif row.outcome is Outcome.HANDED_OVER:
                self.store._move(row, Outcome.UNKNOWN)
        self.start()

    @precondition(lambda self: self.campaign.ending is not None and not self.wire)
    @rule()
    def run_again(self) -> None:
        self.store.put_back(self.campaign.drain())
        assert self.campaign.in_hand == 0
        self.start()

    # What always holds.

    @invariant()
    def nobody_twice(self) -> None:
        for claim_id in self.store.rows:
            assert self.taken[claim_id] <= 1
            assert self.dots[claim_id] <= 1, "a second hand-over without a proof that the first did not arrive"

    @invariant()
    def the_ledger_and_the_hands_agree(self) -> None:
        in_ledger = [
            number for number, row in self.store.rows.items() if row.outcome in {Outcome.CLAIMED, Outcome.HANDED_OVER}
        ]
        assert self.campaign.in_hand >= len(in_ledger)  # more: suppressed while in hand
        assert self.campaign.in_hand == self.campaign.ready + len(self.wire)
        assert self.campaign.under_way == len(self.wire)

    @invariant()
    def who_got_it_is_known(self) -> None:
        for claim_id, row in self.store.rows.items():
            if row.outcome is Outcome.SENT:
                assert self.taken[claim_id] == 1
            elif self.taken[claim_id]:
                assert row.outcome in {Outcome.HANDED_OVER, Outcome.UNKNOWN}
            if self.dots[claim_id]:
                assert row.outcome in {Outcome.HANDED_OVER, Outcome.SENT, Outcome.UNKNOWN}

    def decide(self, claim_id: int, stage: Stage, answer: Reply | Lost) -> None:
        decision = self.campaign.answered(claim_id, stage, answer, now=self.clock.now())
        assert (decision.settled is not None) + (decision.put_back is not None) <= 1
        if decision.settled is not None:
            assert decision.settled.id == claim_id
            self.store.settle([decision.settled])
        if decision.put_back is not None:
            self.store.put_back([decision.put_back])
        if decision.revived:
            assert self.campaign.ending is not None
            self.store.put_back(decision.revived)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)


def test_a_move_that_is_not_in_the_table_is_stopped() -> None:
    store = MemoryStore(["a@example.com"], FastClock())
    campaign = Campaign()
    (claim,) = store.claim(1)
    campaign.claimed([claim])
    with pytest.raises(Twice):
        campaign.claimed([claim])
    assert campaign.take() is claim
    with pytest.raises(Twice):
        campaign.answered(claim.id, Stage.DOT, Reply(250), now=FastClock().now())
    assert campaign.may_hand_over(claim.id)
    with pytest.raises(Twice):
        campaign.may_hand_over(claim.id)
    assert campaign.handed_over(claim.id, recorded=True)
    with pytest.raises(Twice):
        campaign.untake(claim.id)
