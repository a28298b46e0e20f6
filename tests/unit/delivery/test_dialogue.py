from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from newsletter_cli.delivery.dialogue import TIMEOUTS, Lost, Stage, goes_on, judge, queue_id
from newsletter_cli.delivery.trouble import Scope
from newsletter_cli.ledger.states import Outcome
from newsletter_cli.replies import Reason, Reply

TRANSACTION = [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY, Stage.DOT]
OPENING = [Stage.CONNECT, Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.AUTH]


def test_timeouts_are_those_of_the_rfc() -> None:
    # RFC 5321 §4.5.3.2
    assert TIMEOUTS[Stage.GREETING] == TIMEOUTS[Stage.MAIL] == TIMEOUTS[Stage.RCPT] == timedelta(minutes=5)
    assert TIMEOUTS[Stage.DATA] == timedelta(minutes=2)
    assert TIMEOUTS[Stage.BODY] == timedelta(minutes=3)
    assert TIMEOUTS[Stage.DOT] == timedelta(minutes=10)
    assert set(TIMEOUTS) == set(Stage)


@pytest.mark.parametrize("stage", Stage)
def test_a_loss(stage: Stage) -> None:
    verdict = judge(stage, Lost("gone"))
    assert verdict.close
    assert verdict.outcome is (Outcome.UNKNOWN if stage is Stage.DOT else Outcome.QUEUED)
    assert verdict.scope is (Scope.SERVER if stage in OPENING else Scope.CONNECTION)
    assert not verdict.suppress


REPLIES = st.builds(
    Reply,
    st.integers(200, 599),
    st.one_of(
        st.text(max_size=30),
        st.sampled_from(
            [
                "5.1.1 no such user",
                "5.7.1 policy",
                "4.7.28 unusual rate",
                "4.2.0 greylisted",
                "5.2.2 mailbox full",
                "Daily message quota exceeded",
                "Email address is not verified",
                "5.4.5 daily limit",
                "relaying denied",
                "5.3.4 too big",
            ]
        ),
    ),
)


@given(st.sampled_from(list(Stage)), REPLIES)
def test_the_first_digit_decides(stage: Stage, reply: Reply) -> None:
    verdict = judge(stage, reply)
    assert (verdict.outcome is Outcome.SENT) == (stage is Stage.DOT and 200 <= reply.code < 300)
    if verdict.outcome is Outcome.FAILED:
        assert reply.permanent
        assert stage not in OPENING
    if verdict.outcome is Outcome.DEFERRED:
        assert reply.transient
    if verdict.outcome is Outcome.UNKNOWN:
        assert stage is Stage.DOT
        assert 300 <= reply.code < 400
    if verdict.scope is Scope.CAMPAIGN:
        assert verdict.outcome is Outcome.QUEUED
        assert verdict.reason is not None
    if verdict.suppress:
        assert reply.permanent
        assert reply.enhanced == "5.1.1"
        assert stage in {Stage.RCPT, Stage.DOT}
    if verdict.plea:
        assert reply.transient
    if reply.code == 421:
        assert verdict.close


@pytest.mark.parametrize(
    ("stage", "code", "expected"),
    [
        (Stage.DATA, 354, True),
        (Stage.DATA, 250, False),
        (Stage.DATA, 554, False),
        (Stage.RCPT, 251, True),
        (Stage.RCPT, 354, False),
        (Stage.MAIL, 450, False),
        (Stage.DOT, 250, True),
    ],
)
def test_goes_on(stage: Stage, code: int, *, expected: bool) -> None:
    assert goes_on(stage, Reply(code)) is expected


@pytest.mark.parametrize("stage", OPENING)
@pytest.mark.parametrize("code", [421, 450, 454])
def test_before_the_first_mail_a_4yz_is_the_servers(stage: Stage, code: int) -> None:
    assert judge(stage, Reply(code, "4.3.2 later")).scope is Scope.SERVER


def test_a_refused_login_is_the_campaigns() -> None:
    for reply in (Reply(535, "5.7.8 no"), Reply(504, "what method?"), Reply(534, "5.7.9 too weak"), Reply(550, "no")):
        verdict = judge(Stage.AUTH, reply)
        assert (verdict.scope, verdict.reason) == (Scope.CAMPAIGN, Reason.LOGIN)


def test_the_sender_is_the_accounts_and_a_4yz_at_mail_the_servers() -> None:
    refused = judge(Stage.MAIL, Reply(550, "no such sender"))
    assert (refused.scope, refused.reason, refused.outcome) == (Scope.CAMPAIGN, Reason.SENDER, Outcome.QUEUED)
    later = judge(Stage.MAIL, Reply(452, "4.3.1 storage"))
    assert (later.scope, later.outcome, later.close) == (Scope.SERVER, Outcome.QUEUED, True)
    too_big = judge(Stage.MAIL, Reply(552, "too big"))
    assert (too_big.scope, too_big.reason) == (Scope.CAMPAIGN, Reason.TOO_LARGE)
    international = judge(Stage.MAIL, Reply(553, "5.6.7 non-ASCII addresses not permitted"))
    assert (international.scope, international.outcome) == (Scope.RECIPIENT, Outcome.FAILED)


def test_421_is_transient_whatever_its_enhanced_code_says() -> None:
    # Gmail lists a 421 with 5.7.32.
    for stage, outcome in [(Stage.RCPT, Outcome.QUEUED), (Stage.DOT, Outcome.DEFERRED)]:
        verdict = judge(stage, Reply(421, "5.7.32 something"))
        assert (verdict.outcome, verdict.close, verdict.suppress) == (outcome, True, False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2.0.0 Ok: queued as 4F2A81F", "4F2A81F"),
        ("OK id=1tABcD-0000Ab-2X", "1tABcD-0000Ab-2X"),
        ("Ok 0100018c7d1a2b3c-11112222-3333-4444-5555-666677778888-000000",
         "0100018c7d1a2b3c-11112222-3333-4444-5555-666677778888-000000"),
        ("2.0.0 OK  1700000000 d9443c01a7336-1d0c9 - gsmtp", "d9443c01a7336-1d0c9"),
        ("2.6.0 <abc@host> [InternalId=1] Queued mail for delivery", ""),
        ("Great success", ""),
        ("2.0.0 Ok", ""),
    ],
)  # fmt: skip
def test_queue_ids(text: str, expected: str) -> None:
    assert queue_id(Reply(250, text)) == expected


def test_a_loss_and_a_reply_show_themselves() -> None:
    assert str(Lost("gone")) == "gone"
