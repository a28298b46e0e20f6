"""Each provider's events: how one is recognised, what its words mean, where it names the reader and the mail. Pure.

A row of `PROVIDERS` a provider, a table of words for each. Sources: the providers' pages on webhooks and notifications,
as of 2026: Amazon SES "Contents of Amazon SNS notifications" and "event publishing", Postmark "Bounce webhook" and
"Bounce types", Mailgun "Events" and "Webhooks", SendGrid "Event Webhook" and "Bounces API", Brevo "Transactional
webhooks" and "Marketing webhooks".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsletter_cli.feedback.model import Feedback, Kind, Traces, one_line
from newsletter_cli.feedback.status import judge
from newsletter_cli.feedback.traces import tokens_in
from newsletter_cli.replies import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider: its name, whether an object is its event, what it says, and when it happened."""

    name: str
    knows: Callable[[Json], bool]
    read: Callable[[Json], Iterable[Feedback]]
    when: Callable[[Json], Any]


# ---- Amazon SES

_SES_BOUNCES = {"Permanent": Kind.HARD, "Transient": Kind.SOFT, "Undetermined": Kind.SOFT}
_NO_COMPLAINT = frozenset({"not-spam", "auth-failure", "virus"})  # complaintFeedbackType, as of RFC 5965


def _ses_kind(event: Json) -> str:
    return str(event.get("notificationType") or event.get("eventType") or "")


def _is_ses(event: Json) -> bool:
    return isinstance(event.get("mail"), dict) and bool(_ses_kind(event))


def _ses(event: Json) -> Iterator[Feedback]:
    mail, kind = _table(event, "mail"), _ses_kind(event)
    headers = [f"{one.get('name')}: {one.get('value')}" for one in _tables(mail, "headers")]
    own = str(_table(mail, "commonHeaders").get("messageId") or "")
    ids = [own, *(line.partition(":")[2] for line in headers if line.lower().startswith("message-id:"))]
    traces = _traces([str(mail.get("source") or ""), *headers], ids, [mail.get("messageId")])
    if kind == "Bounce":
        bounce = _table(event, "bounce")
        word = f"{bounce.get('bounceType')}/{bounce.get('bounceSubType')}"
        wanted = _SES_BOUNCES.get(str(bounce.get("bounceType")), Kind.SOFT)
        for one in _tables(bounce, "bouncedRecipients"):
            said = str(one.get("diagnosticCode") or "").partition(";")[2] or str(one.get("diagnosticCode") or "")
            status = str(one.get("status") or "")
            yield _said(f"SES, {word}", wanted, one.get("emailAddress"), traces, said=said, status=status)
    elif kind == "Complaint":
        complaint = _table(event, "complaint")
        word = str(complaint.get("complaintFeedbackType") or "complaint")
        wanted = Kind.NONE if word in _NO_COMPLAINT else Kind.COMPLAINT
        for one in _tables(complaint, "complainedRecipients"):
            yield _said(f"SES, Complaint/{word}", wanted, one.get("emailAddress"), traces)
    elif kind == "Subscription" and _ses_left(_table(event, "subscription")):
        for address in mail.get("destination") or []:
            yield _said(f"SES, {kind}", Kind.UNSUBSCRIBE, address, traces)


def _ses_left(subscription: Json) -> bool:
    """Whether somebody left all topics, or one that they had not left before."""
    new, old = _table(subscription, "newTopicPreferences"), _table(subscription, "oldTopicPreferences")
    left, before = (
        {one.get("topicName") for one in _tables(said, "topicSubscriptionStatus") if _is_out(one)}
        for said in (new, old)
    )
    return new.get("unsubscribeAll") is True or not left <= before


def _is_out(topic: Json) -> bool:
    return str(topic.get("subscriptionStatus")).replace("_", "").lower() == "optout"


def _ses_when(event: Json) -> Any:
    return next(
        (found for key in ("bounce", "complaint", "subscription") if (found := _table(event, key).get("timestamp"))),
        None,
    )


# ---- Postmark

_POSTMARK = {
    "HardBounce": Kind.HARD,
    "BadEmailAddress": Kind.HARD,
    "SpamComplaint": Kind.COMPLAINT,
    "Unsubscribe": Kind.UNSUBSCRIBE,
    "SoftBounce": Kind.SOFT,
    "Transient": Kind.SOFT,
    "DnsError": Kind.SOFT,
    "Unknown": Kind.SOFT,
    "Blocked": Kind.SOFT,
    "SpamNotification": Kind.SOFT,
    "DMARCPolicy": Kind.SOFT,
    "VirusNotification": Kind.SOFT,
    # AutoResponder, AddressChange, ChallengeVerification, OpenRelayTest, ManuallyDeactivated, Subscribe and the
    # provider's own errors are nothing.
}
_POSTMARK_SUPPRESSED = {
    "HardBounce": Kind.HARD,
    "SpamComplaint": Kind.COMPLAINT,
    "ManualSuppression": Kind.UNSUBSCRIBE,
}


def _is_postmark(event: Json) -> bool:
    if "EmailAddress" in event and "SuppressionReason" in event:  # the list that the suppressions API gives
        return True
    return isinstance(event.get("RecordType"), str) or ("TypeCode" in event and "Email" in event)


def _postmark(event: Json) -> Iterator[Feedback]:
    traces = _traces([], [], [event.get("MessageID")])
    record = str(event.get("RecordType") or ("SubscriptionChange" if "SuppressionReason" in event else "Bounce"))
    if record in {"Bounce", "SpamComplaint"}:
        word = str(event.get("Type") or record)
        kind = _POSTMARK.get(word, Kind.NONE)
        yield _said(f"Postmark, {word}", kind, event.get("Email"), traces, said=str(event.get("Details") or ""))
    elif record == "SubscriptionChange" and event.get("SuppressSending", True) is True:
        word = str(event.get("SuppressionReason"))
        # By hand of the account's owner it is none of the reader's doing.
        by_reader = word != "ManualSuppression" or event.get("Origin") == "Recipient"
        kind = _POSTMARK_SUPPRESSED.get(word, Kind.NONE) if by_reader else Kind.NONE
        yield _said(f"Postmark, {record}/{word}", kind, event.get("Recipient") or event.get("EmailAddress"), traces)


# ---- Mailgun

_MAILGUN = {
    "failed/permanent": Kind.HARD,
    "failed/temporary": Kind.SOFT,
    "bounced": Kind.HARD,  # of the older webhooks
    "dropped": Kind.SOFT,
    "complained": Kind.COMPLAINT,
    "unsubscribed": Kind.UNSUBSCRIBE,
}
# failed/permanent for a reason of Mailgun's own: what it suppressed, it learned from a bounce or complaint before.
_MAILGUN_REASONS = {
    "suppress-bounce": Kind.HARD,
    "suppress-complaint": Kind.COMPLAINT,
    "suppress-unsubscribe": Kind.UNSUBSCRIBE,
    "old": Kind.SOFT,  # tried for 8 hours
    "espblock": Kind.SOFT,
    "generic": Kind.SOFT,
}


def _is_mailgun(event: Json) -> bool:
    if {"address", "code", "error"} <= set(event):  # the list that the bounces API gives
        return True
    return isinstance(event.get("event-data"), dict) or ("event" in event and "recipient" in event)


def _mailgun(event: Json) -> Iterator[Feedback]:
    data = _table(event, "event-data") or event
    status, headers = _table(data, "delivery-status"), _table(data, "message", "headers")
    name = str(data.get("event") or "bounced")
    word = f"failed/{data.get('severity')}" if name == "failed" else name
    kind = _MAILGUN.get(word, Kind.NONE)
    if kind is Kind.HARD:
        kind = _MAILGUN_REASONS.get(str(data.get("reason")), kind)
    said = f"{status.get('code') or data.get('code') or ''} {status.get('message') or status.get('description') or ''}"
    said += str(data.get("error") or "")
    ids = [headers.get("message-id"), data.get("Message-Id"), data.get("message-id")]
    traces = _traces([str(_table(data, "envelope").get("sender") or "")], ids, [])
    enhanced = str(status.get("enhanced-code") or "")
    yield _said(
        f"Mailgun, {word}", kind, data.get("recipient") or data.get("address"), traces, said=said, status=enhanced
    )


def _mailgun_when(event: Json) -> Any:
    found = (_table(event, "event-data") or event).get("timestamp")
    return float(found) if isinstance(found, str) and found.replace(".", "", 1).isdigit() else found


# ---- SendGrid

_SENDGRID = {
    "bounce": Kind.HARD,
    "blocked": Kind.SOFT,  # bounce with type "blocked"
    "deferred": Kind.NONE,  # SendGrid goes on trying, and says so when it gives up
    "dropped": Kind.SOFT,
    "spamreport": Kind.COMPLAINT,
    "unsubscribe": Kind.UNSUBSCRIBE,
    "group_unsubscribe": Kind.UNSUBSCRIBE,
}
_SENDGRID_DROPPED = {
    "bounced address": Kind.HARD,
    "invalid": Kind.HARD,
    "spam reporting address": Kind.COMPLAINT,
    "unsubscribed address": Kind.UNSUBSCRIBE,
}


def _is_sendgrid(event: Json) -> bool:
    if "event" in event:
        return "sg_event_id" in event or "sg_message_id" in event or ("email" in event and "timestamp" in event)
    return {"email", "reason", "created"} <= set(event)  # the list that the bounces API gives


def _sendgrid(event: Json) -> Iterator[Feedback]:
    name = str(event.get("event") or "bounce")
    word = "blocked" if name == "bounce" and event.get("type") == "blocked" else name
    kind = _SENDGRID.get(word, Kind.NONE)
    reason = str(event.get("reason") or "")
    if word == "dropped":
        kind = _SENDGRID_DROPPED.get(reason.strip().lower(), kind)
    # sg_message_id is the name of the reply to the dot, with the filters' names behind it.
    ids = [str(event.get("sg_message_id") or "").partition(".")[0]]
    traces = _traces([], [event.get("smtp-id")], ids)
    status = str(event.get("status") or "")
    yield _said(f"SendGrid, {word}", kind, event.get("email"), traces, said=reason, status=status)


# ---- Brevo

_BREVO = {
    "hardbounce": Kind.HARD,
    "hardbounces": Kind.HARD,  # of the list that the API gives
    "invalidemail": Kind.HARD,
    "invalid": Kind.HARD,
    "softbounce": Kind.SOFT,
    "softbounces": Kind.SOFT,
    "blocked": Kind.SOFT,
    "error": Kind.SOFT,
    "spam": Kind.COMPLAINT,
    "complaint": Kind.COMPLAINT,
    "unsubscribed": Kind.UNSUBSCRIBE,
    "unsubscribe": Kind.UNSUBSCRIBE,
}


def _is_brevo(event: Json) -> bool:
    return (
        "event" in event
        and "email" in event
        and bool({"message-id", "messageId", "camp_id", "date_event"} & set(event))
    )


def _brevo(event: Json) -> Iterator[Feedback]:
    word = str(event.get("event"))
    kind = _BREVO.get(word.replace("_", "").lower(), Kind.NONE)
    traces = _traces([], [event.get("message-id"), event.get("messageId")], [])
    yield _said(f"Brevo, {word}", kind, event.get("email"), traces, said=str(event.get("reason") or ""))


PROVIDERS: tuple[Provider, ...] = (
    Provider(name="SES", knows=_is_ses, read=_ses, when=_ses_when),
    Provider(
        name="Postmark",
        knows=_is_postmark,
        read=_postmark,
        when=lambda event: event.get("BouncedAt") or event.get("ChangedAt"),
    ),
    Provider(name="Brevo", knows=_is_brevo, read=_brevo, when=lambda event: event.get("ts_event") or event.get("ts")),
    Provider(
        name="SendGrid",
        knows=_is_sendgrid,
        read=_sendgrid,
        when=lambda event: event.get("timestamp") or event.get("created"),
    ),
    Provider(name="Mailgun", knows=_is_mailgun, read=_mailgun, when=_mailgun_when),
)


def _said(what: str, kind: Kind, address: Any, traces: Traces, *, said: str = "", status: str = "") -> Feedback:
    """One event as a value. A bounce that the server's answer excuses is a soft one."""
    rule = f"event ({one_line(what, 80)})"
    reason = Reason.OTHER
    if kind in {Kind.HARD, Kind.SOFT}:
        verdict = judge(said, status=status)
        status, reason = verdict.status, verdict.reason
        if kind is Kind.HARD and verdict.clear and verdict.kind is not Kind.HARD:
            kind, rule = Kind.SOFT, f"{rule}, but {verdict.rule}"
    return Feedback(
        kind=kind,
        rule=rule,
        address=_address(address),
        status=status,
        reason=reason,
        said=one_line(said),
        traces=traces,
    )


def _address(value: Any) -> str:
    """An address, without a name and the brackets around it."""
    text = value if isinstance(value, str) else ""
    return text.rpartition("<")[2].strip("> ") if "<" in text else text.strip()


def _traces(texts: Iterable[str], ids: Iterable[Any], names: Iterable[Any]) -> Traces:
    found = [str(one).strip("<> ") for one in ids if isinstance(one, str) and one.strip("<> ")]
    # Providers that put a Message-ID of their own answer the dot with its left side.
    known = [str(one) for one in names if isinstance(one, str) and one] + [one.partition("@")[0] for one in found]
    return Traces(
        tokens=tuple(dict.fromkeys(tokens_in(texts)))[:20],
        message_ids=tuple(dict.fromkeys(found)),
        queue_ids=tuple(dict.fromkeys(known)),
    )


def _table(value: Mapping[str, Any], *names: str) -> Json:
    """The object at a path of keys; empty where there is none."""
    found: Any = value
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _tables(value: Mapping[str, Any], name: str) -> list[Json]:
    found = value.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
