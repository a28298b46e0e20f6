"""A mail out of the bounce mailbox becomes what it says of whom.

Pure: bytes to `Feedback` values, at least one, never an error. The order is that of certainty:

1. complaints (RFC 5965, and Microsoft's without a report);
2. delivery reports (RFC 3464), also inside a mail that passes one on, but not those by which a filter asks who we
   are; events of a provider that come as mail;
3. receipts (RFC 8098): nothing;
4. unsubscribe mail;
5. automatic replies and challenges: nothing;
6. the texts of mail servers (flufl.bounce for the recipients, then our own rules);
7. anything else: nothing.

Who is meant is decided elsewhere: a token in `Feedback.traces` beats every address in a text, and only whoever was
mailed from here can be meant at all.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from newsletter_cli.feedback import events, leaving, letters, mime, pieces as taken, reports, texts, traces as trails
from newsletter_cli.feedback.model import Feedback, Kind


def parse(data: bytes) -> tuple[Feedback, ...]:
    """Say what a mail reports."""
    head = mime.read(data)
    at = _date(head.get("date"))
    return tuple(found if found.at else replace(found, at=at) for found in _parse(head, again=True))


def _parse(head: mime.Part, *, again: bool) -> list[Feedback]:
    """`again`: whether a report that this mail passes on may be read in its place."""
    pieces = taken.apart(head)
    traces = trails.traces(pieces)
    if pieces.complaint is not None:
        return list(reports.complaint(pieces, traces))
    forwarded = reports.forwarded_complaint(pieces, traces)
    if forwarded is not None:
        return [forwarded]
    challenge = letters.challenge(head)
    if challenge:
        return [Feedback(kind=Kind.NONE, rule=challenge)]
    delivery = list(reports.delivery(pieces, traces))
    if delivery:
        return delivery
    told = events.in_mail(pieces.notes)
    if told:
        return list(told)
    inner = pieces.returned
    if again and inner is not None and inner.kind == "multipart/report":
        return _parse(inner, again=False)
    if pieces.receipt:
        return [Feedback(kind=Kind.NONE, rule="receipt (RFC 8098)")]
    left = leaving.leaving(pieces)
    if left is not None:
        return [left]
    automatic = letters.machine(head)
    if automatic:
        return [Feedback(kind=Kind.NONE, rule=automatic)]
    return texts.read(pieces, traces)


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):  # what the parser raises for texts that are no date
        return None
