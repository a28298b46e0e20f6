"""Machine-readable reports: delivery status (RFC 3464) and complaints (RFC 5965). Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter_cli.feedback import notes
from newsletter_cli.feedback.model import Feedback, Kind, Traces, Verdict, one_line
from newsletter_cli.feedback.status import judge
from newsletter_cli.replies import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter_cli.feedback.mime import Part
    from newsletter_cli.feedback.pieces import Pieces

# RFC 5965 §7.3, RFC 6430 (not-spam), RFC 6591 (auth-failure): these are no wish to be left alone.
_NO_COMPLAINT = frozenset({"not-spam", "auth-failure", "dmarc", "dkim", "spf", "virus", "tlsrpt"})
_OPT_OUT = frozenset({"opt-out", "opt-out-list", "unsubscribe"})
# Who complained: RFC 5965 §3.2 and its extensions, then what Microsoft (JMRP) and Yahoo write into the mail.
_COMPLAINERS = ("original-rcpt-to", "removal-recipient", "original-recipient", "final-recipient")
_OF_RETURNED = ("x-hmxmroriginalrecipient", "x-apparently-to", "x-original-to", "delivered-to")
_MAX_RECIPIENTS = 50

_TYPED = re.compile(r"^\s*[A-Za-z0-9-]{1,30}\s*;\s*")  # the address type (RFC 3464 §2.1.2)
_XTEXT = re.compile(r"\+(2B|3D)")  # RFC 3461 §4: of what can stand in an address, + and = alone are encoded


def delivery(pieces: Pieces, traces: Traces) -> Iterator[Feedback]:
    """What a delivery status report says of each of its recipients."""
    groups = [group for group in pieces.reports if group.get("final-recipient") or group.get("original-recipient")]
    for group in groups[:_MAX_RECIPIENTS]:
        address = recipient(group)
        verdict, said = _verdict(group, pieces, address, alone=len(groups) == 1)
        named = address if group.get("original-recipient") else notes.as_mailed(pieces, address)
        yield Feedback(
            kind=verdict.kind,
            rule=f"delivery report (RFC 3464), {verdict.rule}",
            address=named,
            status=verdict.status,
            reason=verdict.reason,
            said=one_line(said),
            traces=traces,
        )


def recipient(group: Part) -> str:
    """Whom a group of fields is about: as we wrote the address (RFC 3464 §2.3.1), else as the last server knew it."""
    for name in ("original-recipient", "final-recipient"):
        value = _TYPED.sub("", group.get(name)).strip()
        found = notes.addresses_in(value)
        if found:
            return _XTEXT.sub(lambda code: chr(int(code[1], 16)), found[0]) if name.startswith("orig") else found[0]
    return ""


def _verdict(group: Part, pieces: Pieces, address: str, *, alone: bool) -> tuple[Verdict, str]:
    """What the fields say; where they do not tell the reason, what the notes say of this recipient."""
    said = _TYPED.sub("", group.get("diagnostic-code"))
    action, status = group.get("action"), group.get("status")
    verdict = judge(said, status=status, action=action)
    # "failed (Bad destination mailbox address)": some put their words there.
    own_words = f"{action} {status}" if "(" in action + status else ""
    if not verdict.clear and own_words:
        verdict = judge(f"{said} {own_words}", status=status, action=action)
    if verdict.clear:
        return verdict, said or own_words or status
    for text in notes.about(pieces, address, alone=alone):
        clearer = judge(text, status=status, action=action)
        if clearer.clear:
            return clearer, said or text
    return verdict, said or status


def complaint(pieces: Pieces, traces: Traces) -> Iterator[Feedback]:
    """What a complaint says, and of whom; without an address where it is struck out: `traces` tell then."""
    fields = pieces.complaint
    assert fields is not None  # the caller looked
    sort = fields.get("feedback-type").partition(";")[0].strip().lower()
    rule = f"complaint (RFC 5965), {sort or 'no type'}"
    if sort in _NO_COMPLAINT:
        yield Feedback(kind=Kind.NONE, rule=rule, traces=traces)
        return
    kind = Kind.UNSUBSCRIBE if sort in _OPT_OUT else Kind.COMPLAINT
    for address in _complainers(fields, pieces.returned):
        yield Feedback(
            kind=kind,
            rule=rule,
            address=address,
            said=one_line(fields.get("user-agent")),
            traces=traces,
            reason=Reason.OTHER,
        )


def forwarded_complaint(pieces: Pieces, traces: Traces) -> Feedback | None:
    """A complaint without a report: Microsoft's Junk Mail Reporting Program sends the mail with one field more."""
    returned = pieces.returned
    who = returned.get("x-hmxmroriginalrecipient") if returned is not None else ""
    if not who:
        return None
    found = notes.addresses_in(who)
    return Feedback(
        kind=Kind.COMPLAINT,
        rule="complaint (Microsoft JMRP), X-HmXmrOriginalRecipient",
        address=found[0] if found else "",
        said=one_line(pieces.head.subject),
        traces=traces,
    )


def _complainers(fields: Part, returned: Part | None) -> list[str]:
    named = [address for value in fields.every(*_COMPLAINERS) for address in notes.addresses_in(value)]
    if not named and returned is not None:
        for names in (_OF_RETURNED, ("to",)):
            named = named or [address for value in returned.every(*names) for address in notes.addresses_in(value)]
    return list(dict.fromkeys(named))[:_MAX_RECIPIENTS] or [""]
