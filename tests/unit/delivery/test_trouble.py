"""What real servers say, and whose trouble it is."""

from __future__ import annotations

import pytest

from newsletter_cli.delivery import trouble
from newsletter_cli.delivery.dialogue import Stage, judge
from newsletter_cli.delivery.trouble import Scope
from newsletter_cli.ledger.states import Outcome
from newsletter_cli.replies import Reason, Reply

ACCOUNT = [
    # Amazon SES
    ("dot", 554, "Message rejected: Email address is not verified. The following failed the check in region US-EAST-1",
     Reason.SENDER),
    ("dot", 554, "Access denied: User is not authorized to send mail", Reason.SENDER),
    ("dot", 454, "Throttling failure: Daily message quota exceeded.", Reason.RATE),
    ("dot", 554, "Message rejected: Sending suspended for this account", Reason.SENDER),
    # Gmail, Workspace
    ("RCPT", 550, "5.4.5 Daily user sending limit exceeded. For more information on Gmail", Reason.RATE),
    ("MAIL", 550, "5.7.1 Daily SMTP relay limit exceeded for customer.", Reason.RATE),
    ("dot", 550, "5.7.26 This mail has been blocked because the sender is unauthenticated.", Reason.POLICY),
    ("MAIL", 530, "5.7.0 Authentication Required.", Reason.LOGIN),
    ("MAIL", 530, "5.7.0 Must issue a STARTTLS command first", Reason.LOGIN),
    # Microsoft
    ("dot", 550, "5.7.515 Access denied, sending domain example.com does not meet the required level", Reason.POLICY),
    ("dot", 554, "5.2.0 STOREDRV.Submission.Exception: account has been blocked", Reason.SENDER),
    ("RCPT", 550, "5.1.90 Your message can't be sent because you've reached your daily limit", Reason.RATE),
    # Mailgun, SendGrid, Postmark, Brevo
    ("dot", 550, "The from address does not match a verified Sender Identity.", Reason.SENDER),
    ("dot", 421, "Domain mg.example.com is not allowed to send: recipient limit exceeded", Reason.SENDER),
    ("RCPT", 550, "Sandbox subdomains are for test purposes only", Reason.SENDER),
    ("dot", 451, "Authentication failed: Maximum credits exceeded", Reason.RATE),
    ("dot", 550, "your account is pending approval", Reason.SENDER),
    ("MAIL", 502, "5.7.0 Your SMTP account is not yet activated", Reason.SENDER),
    ("MAIL", 553, "5.7.1 <letter@example.com>: Sender address rejected: not owned by user me", Reason.SENDER),
    # relays and filters
    ("RCPT", 554, "5.7.1 <a@example.com>: Relay access denied", Reason.POLICY),
    ("RCPT", 550, "relaying not permitted", Reason.POLICY),
    ("RCPT", 554, "Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", Reason.POLICY),
    ("dot", 554, "This message looks like spam", Reason.POLICY),
    ("dot", 550, "DMARC check failed", Reason.POLICY),
    ("dot", 552, "5.3.4 Message size exceeds fixed limit", Reason.TOO_LARGE),
    ("RCPT", 550, "5.1.8 bad sender's system address", Reason.SENDER),
]  # fmt: skip


@pytest.mark.parametrize(("stage", "code", "text", "reason"), ACCOUNT, ids=[row[2][:50] for row in ACCOUNT])
def test_what_is_the_accounts_fault_is_nobodys_failure(stage: str, code: int, text: str, reason: Reason) -> None:
    verdict = judge(Stage(stage), Reply(code, text))
    assert (verdict.scope, verdict.outcome, verdict.reason) == (Scope.CAMPAIGN, Outcome.QUEUED, reason)
    assert not verdict.suppress


PERSONS = [
    ("RCPT", 550, "5.1.1 The email account that you tried to reach does not exist", Reason.NO_SUCH_ADDRESS, True),
    ("dot", 550, "5.1.1 user unknown", Reason.NO_SUCH_ADDRESS, True),
    ("RCPT", 550, "No such user here", Reason.NO_SUCH_ADDRESS, False),
    ("RCPT", 550, "Requested action not taken: mailbox not found", Reason.NO_SUCH_ADDRESS, False),
    ("RCPT", 550, "5.1.10 RESOLVER.ADR.RecipientNotFound", Reason.DOMAIN, False),
    ("RCPT", 550, "5.1.2 bad destination system", Reason.DOMAIN, False),
    ("RCPT", 550, "5.2.1 The email account that you tried to reach is disabled", Reason.MAILBOX_DISABLED, False),
    ("RCPT", 552, "5.2.2 The email account that you tried to reach is over quota", Reason.MAILBOX_FULL, False),
    ("dot", 552, "Requested mail action aborted: mailbox full", Reason.MAILBOX_FULL, False),
    ("RCPT", 550, "user has exceeded quota", Reason.MAILBOX_FULL, False),
    ("RCPT", 552, "5.2.3 your mail is too long for this mailbox", Reason.TOO_LARGE, False),
    ("RCPT", 550, "5.7.17 Mailbox owner has changed", Reason.MAILBOX_DISABLED, False),
    ("DATA", 550, "5.1.1 at DATA nobody is named", Reason.NO_SUCH_ADDRESS, False),
    ("RCPT", 550, "The email account that you tried to reach has been suspended", Reason.OTHER, False),
    ("dot", 554, "Transaction failed", Reason.OTHER, False),
]


@pytest.mark.parametrize(("stage", "code", "text", "reason", "suppress"), PERSONS, ids=[row[2][:50] for row in PERSONS])
def test_one_mailbox_is_one_mailboxs_trouble(
    stage: str, code: int, text: str, reason: Reason, *, suppress: bool
) -> None:
    verdict = judge(Stage(stage), Reply(code, text))
    assert verdict.scope in {Scope.RECIPIENT, Scope.MESSAGE}
    assert (verdict.outcome, verdict.reason, verdict.suppress) == (Outcome.FAILED, reason, suppress)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (450, "4.2.0 <a@example.com>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch"),
        (451, "4.7.1 Greylisting in action, please come back later"),
        (452, "4.2.2 The email account that you tried to reach is over quota"),
        (450, "4.1.1 unverified address: try again"),
        (451, "4.3.0 Temporary lookup failure"),
        (450, "4.2.1 The user you are trying to contact is receiving mail at a rate that prevents delivery"),
    ],
)
def test_waits_that_are_no_plea(code: int, text: str) -> None:
    verdict = judge(Stage.RCPT, Reply(code, text))
    assert (verdict.outcome, verdict.plea) == (Outcome.DEFERRED, False)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (421, "4.7.0 Try again later, closing connection."),
        (421, "4.7.28 Our system has detected an unusual rate of unsolicited mail"),
        (421, "Service not available"),
        (451, "4.7.500 Server busy. Please try again later"),
        (451, "4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation"),
        (454, "Throttling failure: Maximum sending rate exceeded."),
        (450, "too many messages, slow down"),
        (452, "Too many connections"),
    ],
)
def test_pleas(code: int, text: str) -> None:
    assert trouble.asks_to_slow_down(Reply(code, text))


@pytest.mark.parametrize("text", ["too many messages in this connection", "message limit for this session reached"])
def test_a_limit_of_one_connection_is_no_plea(text: str) -> None:
    assert not trouble.asks_to_slow_down(Reply(421, text))


def test_a_permanent_reply_is_no_plea() -> None:
    assert not trouble.asks_to_slow_down(Reply(550, "5.7.1 rate limit exceeded"))


def test_every_row_has_something_to_fit() -> None:
    for row in trouble.TROUBLES:
        assert row.codes or row.enhanced or row.text
    assert trouble.find("RCPT", Reply(250, "ok")) is None
