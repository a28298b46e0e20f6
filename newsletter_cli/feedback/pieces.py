"""The pieces of a report: what it says to people, what it says to programs, and the mail it brings back.

Pure. Where MIME is broken the same pieces are found in plain text: machine-readable fields by their names, the mail
brought back by the line that announces it or by its first trace field.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from newsletter_cli.feedback.mime import MAX_TEXT, Part, fields_of, read
from newsletter_cli.feedback.patterns import any_of

_DELIVERY = frozenset({"message/delivery-status", "message/global-delivery-status"})
_DISPOSITION = frozenset({"message/disposition-notification", "message/global-disposition-notification"})

# The mail that came back begins with a trace field (RFC 5322 §3.6.7) ...
_TRACED = re.compile(
    r"^(?:received|return-path|x-received|dkim-signature|x-google-dkim-signature|arc-seal)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
# ... or behind a line that announces it.
_ANNOUNCED = any_of(
    # qmail and Yahoo "--- Below this line is a copy of the message."; Exim "------ This is a copy of …"
    r"^(?=[-=*_#]{2}|below\b).{0,80}\bcopy of (?:the|your) (?:original )?(?:message|mail|header)",
    # Gmail "----- Original message -----", IMail "Original message follows.", Exchange "Original message headers:",
    # sendmail "Unsent message follows", Notes "Returned Message"; not sendmail's opening line "The original message
    # was received at".
    r"^[-=*_#> ]{0,80}(?:the )?(?:original|returned|unsent|undelivered|bounced|failed) (?:message|mail|e-?mail)\b"
    r"(?![^\n]*\bwas\b)",
    r"^[-=*_#> ]{0,80}(?:message|mail) headers? (?:follow|below)",  # dma, MailEnable
    r"^[-=*_#> ]{3,80}(?:mensaje|message|nachricht|mensagem|messaggio) (?:original|originale|d'origine)\b",
    r"^your message reads\b",
    flags=re.MULTILINE,
)
_RECIPIENT = re.compile(r"^(?:final|original)-recipient[ \t]*:", re.IGNORECASE | re.MULTILINE)
_REPORT = re.compile(r"^(?:reporting-mta|final-recipient|original-recipient)[ \t]*:", re.IGNORECASE | re.MULTILINE)
_OF_REPORTS = frozenset({"final-recipient", "original-recipient", "reporting-mta", "action", "status"})


@dataclass(frozen=True)
class Pieces:
    """A report taken apart. `reports` are the groups of fields of RFC 3464, the first of them about the message."""

    head: Part
    notes: str
    reports: tuple[Part, ...] = ()
    complaint: Part | None = None  # the fields of RFC 5965
    receipt: bool = False  # a disposition notification (RFC 8098)
    returned: Part | None = None

    @cached_property
    def lines(self) -> list[str]:
        """The notes line by line."""
        return self.notes.split("\n")


@dataclass(slots=True)
class _Found:
    plain: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)  # read where there is nothing plain
    reports: list[Part] = field(default_factory=list)
    complaint: Part | None = None
    receipt: bool = False
    returned: Part | None = None


def apart(head: Part) -> Pieces:
    """Sort the parts of a mail."""
    found = _Found()
    _sort(head, found, inner=False)
    notes, rest = _cut("\n".join(found.plain or found.other)[:MAX_TEXT])
    reports = found.reports
    inside = _REPORT.search(notes)
    if inside and not reports:
        reports, notes = _groups(notes[inside.start() :]), notes[: inside.start()]
    returned = found.returned
    if returned is None and rest:
        returned = read(rest.encode("utf-8", "replace"))
    complaint = found.complaint or _complaint_in(notes)
    return Pieces(head, notes, tuple(reports), complaint, found.receipt, returned)


def _sort(part: Part, found: _Found, *, inner: bool) -> None:
    if part.parts:
        found.other.append(part.preamble.decode("utf-8", "replace"))
        for child in part.parts:
            _sort(child, found, inner=True)
    elif part.kind in _DELIVERY:
        # Without the blank line between them the first fields stand among those of the part.
        own = tuple((name, value) for name, value in part.fields if not name.startswith("content-"))
        found.reports += [Part(own, b"")] if own else []
        found.reports += _groups(part.text)
    elif part.kind == "message/feedback-report":
        found.complaint = found.complaint or Part(fields_of(part.text.strip("\n")), b"")
    elif part.kind in _DISPOSITION:
        found.receipt = True
    elif inner and part.encloses:
        found.returned = found.returned or part.enclosed
    elif part.kind == "text/html":
        found.other.append(part.text)
    elif part.kind.startswith(("text/", "multipart/")):
        found.plain.append(part.text)


def _complaint_in(notes: str) -> Part | None:
    """The fields of a complaint (RFC 5965 §3.1) that stand in a text."""
    for group in re.split(r"\n[ \t]*\n", notes) if "feedback-type" in notes.lower() else ():
        part = Part(fields_of(group), b"")
        if part.get("feedback-type") and (part.get("user-agent") or part.get("version")):
            return part
    return None


def _cut(text: str) -> tuple[str, str]:
    """The notes, and what of the text is the mail that came back."""
    traced, announced = _TRACED.search(text), _ANNOUNCED.search(text)
    if announced and (traced is None or announced.start() < traced.start()):
        return text[: announced.start()], text[announced.end() :].partition("\n")[2]
    if traced:
        return text[: traced.start()], text[traced.start() :]
    return text, ""


def _groups(text: str) -> list[Part]:
    """The groups of fields in a text, each a part without a body; none where no recipient is named."""
    if not _RECIPIENT.search(text):
        return []
    groups = (fields_of(group) for group in re.split(r"\n[ \t]*\n", text))
    return [Part(group, b"") for group in groups if any(name in _OF_REPORTS for name, _ in group)]
