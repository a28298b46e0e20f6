from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from newsletter_cli.delivery import campaign as campaign_module
from newsletter_cli.delivery.campaign import Campaign, Decision, Finish, FinishReason
from newsletter_cli.delivery.dialogue import Lost, Stage, judge
from newsletter_cli.delivery.trouble import Scope
from newsletter_cli.ledger.model import Claim
from newsletter_cli.ledger.states import Outcome
from newsletter_cli.replies import Reply

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def claim(number: int, *, tries: int = 0, run_tries: int = 0, first: datetime | None = None) -> Claim:
    return Claim(
        id=number,
        person=bytes(16),
        email=f"r{number}@example.com",
        version="full",
        fields={},
        tries=tries,
        first_try_at=first,
        run_tries=run_tries,
    )


def tried(campaign: Campaign, one: Claim, stage: Stage, answer: Reply | Lost) -> Decision:
    """Claim, take and, for the dot, hand over."""
    campaign.claimed([one])
    assert campaign.take() is one
    if stage is Stage.DOT:
        assert campaign.may_hand_over(one.id)
        assert campaign.handed_over(one.id, recorded=True)
    return campaign.answered(one.id, stage, answer, now=NOW, queue_id="Q1" if stage is Stage.DOT else "")


def test_a_sent_mail() -> None:
    campaign = Campaign()
    decision = tried(campaign, claim(1), Stage.DOT, Reply(250, "2.0.0 Ok:\nqueued  as Q1"))
    settled = decision.settled
    assert settled is not None
    assert (settled.outcome, settled.code, settled.reply) == (Outcome.SENT, 250, "2.0.0 Ok: queued as Q1")
    assert (settled.queue_id, settled.stage, settled.counts_as_try) == ("Q1", "dot", True)
    assert campaign.counts == {Outcome.SENT: 1}
    assert campaign.in_hand == 0


def test_retries_go_by_the_tries_of_this_run() -> None:
    campaign = Campaign(retry_after=[MINUTE, 5 * MINUTE])
    waits = []
    for tries in range(4):
        settled = tried(campaign, claim(1, tries=tries, run_tries=tries), Stage.RCPT, Reply(450, "4.2.0 later")).settled
        assert settled is not None
        assert settled.outcome is Outcome.DEFERRED
        waits.append(settled.next_try_at and settled.next_try_at - NOW)
    assert waits == [MINUTE, 5 * MINUTE, None, None]


def test_a_plea_is_no_try_and_still_comes_to_an_end() -> None:
    campaign = Campaign(retry_after=[MINUTE, 5 * MINUTE])
    waits = []
    for _ in range(4):
        decision = tried(campaign, claim(1), Stage.RCPT, Reply(451, "4.7.0 slow down"))
        assert decision.verdict.plea
        settled = decision.settled
        assert settled is not None
        assert not settled.counts_as_try
        waits.append(settled.next_try_at and settled.next_try_at - NOW)
    assert waits == [MINUTE, 5 * MINUTE, None, None]


def test_only_so_many_pleas_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign_module, "_REMEMBERED", 1)
    campaign = Campaign(retry_after=[MINUTE])
    plea = Reply(451, "4.7.0 slow down")
    first = tried(campaign, claim(1), Stage.RCPT, plea).settled
    second = tried(campaign, claim(2), Stage.RCPT, plea).settled
    assert first is not None
    assert second is not None
    assert first.next_try_at == NOW + MINUTE
    assert second.next_try_at is None


@pytest.mark.parametrize(
    ("tries", "days", "expected"),
    [(9, 3.9, Outcome.DEFERRED), (9, 4, Outcome.FAILED), (1, 9, Outcome.DEFERRED), (2, 9, Outcome.FAILED)],
)
def test_giving_up_takes_time_and_tries(tries: int, days: float, expected: Outcome) -> None:
    campaign = Campaign(retry_after=[MINUTE, MINUTE], give_up_after=timedelta(days=4))
    one = claim(1, tries=tries, first=NOW - timedelta(days=days))
    decision = tried(campaign, one, Stage.DOT, Reply(450, "4.2.0 later"))
    assert decision.settled is not None
    assert decision.settled.outcome is expected
    assert decision.settled.reply.startswith("given up") == (expected is Outcome.FAILED)
    assert not decision.suppress


def test_a_dead_address_is_suppressed_and_a_full_one_is_not() -> None:
    campaign = Campaign()
    assert tried(campaign, claim(1), Stage.RCPT, Reply(550, "5.1.1 no such user")).suppress
    assert not tried(campaign, claim(2), Stage.RCPT, Reply(552, "5.2.2 full")).suppress


def test_a_loss_at_the_dot_has_no_code() -> None:
    settled = tried(Campaign(), claim(1), Stage.DOT, Lost("no answer in time")).settled
    assert settled is not None
    assert (settled.outcome, settled.code, settled.reply) == (Outcome.UNKNOWN, 0, "no answer in time")


def test_what_is_the_accounts_fault_ends_the_run_and_the_address_waits_again() -> None:
    campaign = Campaign()
    campaign.claimed([claim(2)])
    assert campaign.take() is not None
    answered = campaign.answered(2, Stage.RCPT, Reply(550, "5.7.1 policy"), now=NOW)
    assert answered.put_back == 2
    assert answered.verdict.scope is Scope.CAMPAIGN
    assert campaign.ending is not None
    assert campaign.ending.reason is FinishReason.HELD
    assert "5.7.1 policy" in campaign.ending.text
    assert "RCPT" in campaign.ending.text
    assert campaign.counts == {}


def test_the_first_end_stands_but_for_one() -> None:
    campaign = Campaign()
    campaign.end(Finish(FinishReason.HELD, "a"))
    campaign.end(Finish(FinishReason.INTERRUPTED))
    assert campaign.ending == Finish(FinishReason.HELD, "a")
    campaign.end(Finish(FinishReason.CANNOT_RECORD, "full"))
    assert campaign.ending == Finish(FinishReason.CANNOT_RECORD, "full")


def test_after_the_end_nothing_new_is_begun() -> None:
    campaign = Campaign()
    one, two = claim(1), claim(2)
    campaign.claimed([one, two])
    assert list(campaign.coming()) == [one, two]
    assert campaign.take() is one
    campaign.end(Finish(FinishReason.INTERRUPTED))
    assert campaign.take() is None
    assert list(campaign.coming()) == []
    assert not campaign.may_hand_over(1)
    assert campaign.dropped(1) == 1
    assert campaign.drain() == [2]
    assert campaign.in_hand == 0


def test_a_loss_before_the_dot_goes_to_the_end_of_the_queue_and_at_the_end_of_the_run_back() -> None:
    campaign = Campaign()
    one, two = claim(1), claim(2)
    campaign.claimed([one, two])
    assert campaign.take() is one
    assert campaign.answered(1, Stage.RCPT, Lost("gone"), now=NOW) == Decision(verdict=judge(Stage.RCPT, Lost("gone")))
    assert campaign.take() is two
    assert campaign.take() is one
    campaign.end(Finish(FinishReason.PAUSED))
    assert campaign.answered(1, Stage.RCPT, Lost("gone"), now=NOW).put_back == 1


def test_a_mail_that_breaks_connections_is_deferred() -> None:
    campaign = Campaign(retry_after=[MINUTE])
    campaign.claimed([claim(1)])
    for _ in range(2):
        assert campaign.take() is not None
        assert campaign.answered(1, Stage.DATA, Lost("gone"), now=NOW).settled is None
    campaign.drain()
    campaign.claimed([claim(1)])  # remembered over a pause
    assert campaign.take() is not None
    settled = campaign.answered(1, Stage.DATA, Lost("gone"), now=NOW).settled
    assert settled is not None
    assert (settled.outcome, settled.next_try_at) == (Outcome.DEFERRED, NOW + MINUTE)


def test_at_mail_the_server_does_not_know_whom_it_is_for() -> None:
    campaign = Campaign()
    campaign.claimed([claim(1)])
    for _ in range(10):
        assert campaign.take() is not None
        assert campaign.answered(1, Stage.MAIL, Lost("gone"), now=NOW).settled is None


def test_only_so_many_broken_connections_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign_module, "_REMEMBERED", 0)
    campaign = Campaign()
    campaign.claimed([claim(1)])
    for _ in range(5):
        assert campaign.take() is not None
        assert campaign.answered(1, Stage.RCPT, Lost("gone"), now=NOW).settled is None


def test_a_suppressed_one_is_gone() -> None:
    campaign = Campaign()
    campaign.claimed([claim(1)])
    campaign.take()
    assert campaign.may_hand_over(1)
    assert not campaign.handed_over(1, recorded=False)
    assert campaign.in_hand == 0


def test_a_mail_we_will_not_send_fails_without_a_try() -> None:
    campaign = Campaign()
    campaign.claimed([claim(1)])
    campaign.take()
    settled = campaign.refused(1, "needs SMTPUTF8")
    assert (settled.outcome, settled.code, settled.counts_as_try) == (Outcome.FAILED, 0, False)


def test_the_budget_of_a_limited_run() -> None:
    campaign = Campaign(limit=3)
    assert campaign.budget == 3
    tried(campaign, claim(1), Stage.DOT, Reply(250, "Ok"))
    campaign.claimed([claim(2)])
    assert campaign.budget == 1
    campaign.drain()
    assert campaign.budget == 2
    assert Campaign().budget is None


def run_of(campaign: Campaign, outcomes: str) -> list[tuple[int, ...]]:
    """`+` is taken, `-` refused, `x` a dead address; gives what was revived."""
    revived = []
    for number, letter in enumerate(outcomes):
        answer = {"+": Reply(250, "Ok"), "-": Reply(550, "5.0.0 no"), "x": Reply(550, "5.1.1 dead")}[letter]
        decision = tried(campaign, claim(number), Stage.DOT, answer)
        if decision.revived:
            revived.append(decision.revived)
        if campaign.ending:
            break
    return revived


def test_failures_are_judged_over_fifty_tries_at_least() -> None:
    campaign = Campaign(stop_at_failures=0.05)
    assert run_of(campaign, "-" * 10 + "+" * 39) == []
    assert campaign.ending is None
    assert len(run_of(campaign, "+-")) == 1
    assert campaign.ending is not None


def test_the_share_is_of_the_last_two_hundred() -> None:
    calm = Campaign(stop_at_failures=0.05)
    run_of(calm, "+" * 180 + "-" * 9 + "+" * 200 + "-" * 9)
    assert calm.ending is None
    held = Campaign(stop_at_failures=0.05)
    revived = run_of(held, "+" * 200 + "-" * 9 + "+" * 100 + "-")
    assert held.ending is not None
    assert "10 of the last 200" in held.ending.text
    assert [len(ids) for ids in revived] == [10]
    assert held.counts[Outcome.FAILED] == 0


def test_dead_addresses_are_not_revived() -> None:
    campaign = Campaign(stop_at_failures=0.05)
    revived = run_of(campaign, "+" * 47 + "x-x")
    assert revived == [(48,)]
    assert campaign.counts[Outcome.FAILED] == 2


def test_a_server_that_knows_nobody_is_not_believed() -> None:
    campaign = Campaign(stop_at_failures=0.05)
    revived = run_of(campaign, "+" * 25 + "x" * 25)
    assert revived == [tuple(range(25, 50))]
    assert campaign.counts == {Outcome.SENT: 25, Outcome.FAILED: 0}


@pytest.mark.parametrize(
    ("before", "text", "back"),
    [
        ("+" * 47 + "---", "5.0.0 no", True),
        ("+" * 47 + "---", "5.1.1 dead", False),
        ("x" * 50, "5.1.1 dead", True),
        ("x" * 50, "5.0.0 no", True),
    ],
)
def test_what_is_refused_after_the_window_tripped_waits_again(before: str, text: str, back: bool) -> None:
    campaign = Campaign(stop_at_failures=0.05)
    campaign.claimed([claim(999)])
    taken = campaign.take()
    assert taken is not None
    run_of(campaign, before)
    assert campaign.ending is not None
    decision = campaign.answered(999, Stage.RCPT, Reply(550, text), now=NOW)
    assert (decision.put_back, decision.suppress) == ((999, False) if back else (None, True))
    assert campaign.counts[Outcome.FAILED] == (0 if back else 1)


def test_no_failure_trips_nothing_even_at_nought() -> None:
    campaign = Campaign(stop_at_failures=0.0)
    run_of(campaign, "+" * 300)
    assert campaign.ending is None
