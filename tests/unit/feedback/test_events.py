"""Each provider's events, in the shapes that its documentation shows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from newsletter_cli.feedback.events import NoEvents, events
from newsletter_cli.feedback.model import Feedback, Kind

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "b2c3d4e5" * 6
AT = "2026-01-02T03:04:05.678Z"


def read(value: Any) -> list[Feedback]:
    return [one for event in events(json.dumps(value).encode()) for one in event.feedback]


def only(value: Any) -> Feedback:
    found = read(value)
    assert len(found) == 1
    return found[0]


def ses(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "notificationType": kind,
        "mail": {
            "messageId": "0100018c-aaaa-bbbb-000000",
            "source": f"bounces+{TOKEN}@example.com",
            "destination": ["a@b.example"],
            "headers": [
                {"name": "Message-ID", "value": "<abcdefghij234567.q@example.com>"},
                {"name": "List-Unsubscribe", "value": f"<https://example.com/u/{TOKEN}>"},
            ],
        },
        **more,
    }


def ses_bounce(sort: str = "Permanent", diagnostic: str = "smtp; 550 5.1.1 user unknown") -> dict[str, Any]:
    recipient = {"emailAddress": "a@b.example", "status": "", "diagnosticCode": diagnostic}
    bounce = {"bounceType": sort, "bounceSubType": "General", "timestamp": AT, "bouncedRecipients": [recipient]}
    return ses("Bounce", bounce=bounce)


def topics(new: str, old: str) -> dict[str, Any]:
    """A change of one topic of a contact list, which Amazon's own unsubscribe link makes."""
    return {
        f"{when}TopicPreferences": {
            "unsubscribeAll": False,
            "topicSubscriptionStatus": [{"topicName": "Letter", "subscriptionStatus": said}],
        }
        for when, said in (("new", new), ("old", old))
    }


def postmark(sort: str, details: str = "", **more: Any) -> dict[str, Any]:
    return {
        "RecordType": "SpamComplaint" if sort == "SpamComplaint" else "Bounce",
        "Type": sort,
        "TypeCode": 1,
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Email": "a@b.example",
        "Details": details,
        "BouncedAt": "2026-01-02T03:04:05.678+00:00",
        **more,
    }


def mailgun(event: str, **more: Any) -> dict[str, Any]:
    data = {
        "event": event,
        "recipient": "a@b.example",
        "timestamp": 1767323045.678,
        "message": {"headers": {"message-id": "abcdefghij234567.q@example.com"}},
        "envelope": {"sender": f"bounces+{TOKEN}@example.com"},
        **more,
    }
    return {"signature": {"token": "t"}, "event-data": data}


def sendgrid(event: str, **more: Any) -> dict[str, Any]:
    return {
        "event": event,
        "email": "a@b.example",
        "timestamp": 1767323045,
        "smtp-id": "<abcdefghij234567.q@example.com>",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        "sg_event_id": "x",
        **more,
    }


def brevo(event: str, **more: Any) -> dict[str, Any]:
    return {"event": event, "email": "a@b.example", "message-id": "<x@y>", "ts_event": 1767323045, **more}


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (ses_bounce(), Kind.HARD),
        (ses_bounce(diagnostic="smtp; 552 5.2.2 mailbox full"), Kind.SOFT),
        (ses_bounce(diagnostic="smtp; 550 5.7.1 policy"), Kind.SOFT),
        (ses_bounce(diagnostic=""), Kind.HARD),
        (ses_bounce("Transient"), Kind.SOFT),
        (ses_bounce("Undetermined"), Kind.SOFT),
        (ses("Complaint", complaint={"complainedRecipients": [{"emailAddress": "a@b.example"}]}), Kind.COMPLAINT),
        (
            ses(
                "Complaint",
                complaint={
                    "complainedRecipients": [{"emailAddress": "a@b.example"}],
                    "complaintFeedbackType": "not-spam",
                },
            ),
            Kind.NONE,
        ),
        (ses("Delivery", delivery={"recipients": ["a@b.example"]}), Kind.NONE),
        (
            ses("", eventType="Subscription", subscription={"newTopicPreferences": {"unsubscribeAll": True}}),
            Kind.UNSUBSCRIBE,
        ),
        (ses("", eventType="Subscription", subscription=topics("OptOut", "OptIn")), Kind.UNSUBSCRIBE),
        (ses("", eventType="Subscription", subscription=topics("OptOut", "OptOut")), Kind.NONE),
        (ses("", eventType="Subscription", subscription=topics("OptIn", "OptOut")), Kind.NONE),
        ({"Suppressions": [{"EmailAddress": "a@b.example", "SuppressionReason": "HardBounce"}]}, Kind.HARD),
        ({"items": [{"address": "a@b.example", "code": "550", "error": "No such mailbox"}]}, Kind.HARD),
        ({"items": [{"address": "a@b.example", "code": "552", "error": "Mailbox full"}]}, Kind.SOFT),
        (postmark("HardBounce", "smtp;550 5.1.1 The email account does not exist"), Kind.HARD),
        (postmark("HardBounce", "smtp;552 5.2.2 over quota"), Kind.SOFT),
        (postmark("BadEmailAddress"), Kind.HARD),
        (postmark("SoftBounce"), Kind.SOFT),
        (postmark("Blocked"), Kind.SOFT),
        (postmark("AutoResponder"), Kind.NONE),
        (postmark("ChallengeVerification"), Kind.NONE),
        (postmark("SpamComplaint"), Kind.COMPLAINT),
        (postmark("", RecordType="Open"), Kind.NONE),
        (
            {
                "RecordType": "SubscriptionChange",
                "Recipient": "a@b.example",
                "SuppressSending": True,
                "SuppressionReason": "ManualSuppression",
                "Origin": "Recipient",
            },
            Kind.UNSUBSCRIBE,
        ),
        (
            {
                "RecordType": "SubscriptionChange",
                "Recipient": "a@b.example",
                "SuppressSending": True,
                "SuppressionReason": "ManualSuppression",
                "Origin": "Admin",
            },
            Kind.NONE,
        ),
        (mailgun("failed", severity="permanent", reason="bounce"), Kind.HARD),
        (
            mailgun("failed", severity="permanent", **{"delivery-status": {"code": 552, "message": "5.2.2 full"}}),
            Kind.SOFT,
        ),
        (mailgun("failed", severity="permanent", reason="suppress-complaint"), Kind.COMPLAINT),
        (mailgun("failed", severity="permanent", reason="old"), Kind.SOFT),
        (mailgun("failed", severity="temporary"), Kind.SOFT),
        (mailgun("complained"), Kind.COMPLAINT),
        (mailgun("unsubscribed"), Kind.UNSUBSCRIBE),
        (mailgun("delivered"), Kind.NONE),
        (sendgrid("bounce", type="bounce", reason="550 5.1.1 unknown", status="5.1.1"), Kind.HARD),
        (sendgrid("bounce", type="blocked", reason="550 5.7.1 blocked", status="5.7.1"), Kind.SOFT),
        (sendgrid("dropped", reason="Bounced Address"), Kind.HARD),
        (sendgrid("dropped", reason="Unsubscribed Address"), Kind.UNSUBSCRIBE),
        (sendgrid("dropped", reason="Invalid SMTPAPI header"), Kind.SOFT),
        (sendgrid("spamreport"), Kind.COMPLAINT),
        (sendgrid("group_unsubscribe"), Kind.UNSUBSCRIBE),
        (sendgrid("deferred", response="400 try again"), Kind.NONE),
        (sendgrid("open"), Kind.NONE),
        ({"status": "550", "created": 1, "reason": "550 Unknown user", "email": "a@b.example"}, Kind.HARD),
        (brevo("hard_bounce", reason="550 5.1.1 unknown"), Kind.HARD),
        (brevo("hard_bounce", reason="552 mailbox full"), Kind.SOFT),
        (brevo("soft_bounce"), Kind.SOFT),
        (brevo("invalid_email"), Kind.HARD),
        (brevo("spam"), Kind.COMPLAINT),
        (brevo("unsubscribed"), Kind.UNSUBSCRIBE),
        (brevo("blocked"), Kind.SOFT),
        (brevo("proxy_open"), Kind.NONE),
        (brevo("hardBounces", messageId="<x@y>"), Kind.HARD),
    ],
)
def test_what_an_event_means(event: dict[str, Any], kind: Kind) -> None:
    found = only(event)
    assert found.kind is kind, found
    assert found.rule
    if kind is not Kind.NONE:
        assert found.address == "a@b.example"


@pytest.mark.parametrize("event", [ses_bounce(), mailgun("complained")])
def test_the_token_and_our_message_id_are_found(event: dict[str, Any]) -> None:
    traces = only(event).traces
    assert traces.tokens == (TOKEN,)
    assert traces.message_ids == ("abcdefghij234567.q@example.com",)


def test_the_provider_s_own_name_of_the_mail_is_found() -> None:
    assert "0100018c-aaaa-bbbb-000000" in only(ses_bounce()).traces.queue_ids
    assert "883953f4-6105-42a2-a16a-77a8eac79483" in only(postmark("HardBounce")).traces.queue_ids
    assert "abcdefghij234567.q@example.com" in only(sendgrid("spamreport")).traces.message_ids


@pytest.mark.parametrize("event", [ses_bounce(), postmark("HardBounce"), mailgun("complained"), sendgrid("bounce")])
def test_the_time_of_an_event(event: dict[str, Any]) -> None:
    found = only(event).at
    assert found is not None
    assert found.replace(microsecond=0) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def sns(value: Any) -> dict[str, Any]:
    return {"Type": "Notification", "MessageId": "m", "Message": json.dumps(value)}


@pytest.mark.parametrize(
    "wrapped",
    [
        sns(ses_bounce()),
        {"Messages": [{"Body": json.dumps(sns(ses_bounce()))}]},
        {"Records": [{"Sns": sns(ses_bounce())}]},
        {"Records": [{"body": json.dumps(sns(ses_bounce()))}]},
        {"detail-type": "Email Bounced", "detail": ses_bounce()},
        [ses_bounce()],
        {"TotalCount": 1, "Bounces": [postmark("HardBounce")]},
        {"items": [mailgun("failed", severity="permanent")["event-data"]]},
        {"events": [brevo("hardBounces", messageId="<x@y>")]},
    ],
)
def test_envelopes_are_taken_off(wrapped: Any) -> None:
    assert only(wrapped).kind is Kind.HARD


def test_a_list_and_a_line_each_are_read_and_each_event_has_its_digest() -> None:
    several = [sendgrid("spamreport"), sendgrid("unsubscribe"), sendgrid("spamreport", email="c@d.example")]
    as_list = list(events(json.dumps(several).encode()))
    as_lines = list(events("\n".join(map(json.dumps, several)).encode()))
    assert as_list == as_lines
    assert len({event.digest for event in as_list}) == 3
    # The order of keys does not make another event.
    assert next(events(json.dumps(dict(reversed(several[0].items()))).encode())).digest == as_list[0].digest


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"{}", b"null", b'{"hello": "world"}', b"\xff\xfe", b"[" * 5000, b'[{"event": 1}]', b"nan"],
)
def test_what_holds_no_event_says_so(data: bytes) -> None:
    with pytest.raises(NoEvents):
        list(events(data))


def nested(times: int) -> Any:
    value: Any = ses_bounce()
    for _ in range(times):
        value = {"detail": value}
    return value


def test_envelopes_without_end_are_left() -> None:
    assert only(nested(9)).kind is Kind.HARD
    with pytest.raises(NoEvents):
        read(nested(12))
    with pytest.raises(NoEvents):
        read({"Message": "{not json"})


def test_odd_values_are_no_error() -> None:
    for event in (
        {"notificationType": "Bounce", "mail": {}, "bounce": {"bouncedRecipients": [1, {"emailAddress": 7}]}},
        {"notificationType": ["Bounce"], "mail": {"headers": "x"}},
        {"RecordType": "Bounce", "Email": None, "BouncedAt": "never"},
        {"event-data": {"event": None, "timestamp": "x"}},
        sendgrid("bounce", timestamp=1e300, reason=None, status=[1]),
        brevo("hard_bounce", ts_event=True),
    ):
        assert all(one.rule for one in read(event))


@pytest.mark.corpus
def test_the_events_of_the_corpus(corpus: Path) -> None:
    found = [
        one
        for name in ("json-amazonses-01.json", "json-sendgrid-01.json")
        for event in events((corpus / "mailbox" / "sisimai" / name).read_bytes())
        for one in event.feedback
    ]
    assert [(one.kind, one.address) for one in found] == [
        (Kind.HARD, "bounce@simulator.amazonses.com"),
        (Kind.HARD, "kijitora@example.ne.jp"),
    ]
