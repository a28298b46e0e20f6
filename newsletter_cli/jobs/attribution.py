"""Whose mail a report is about: the surest sign first, and nobody who was not mailed from here.

A token that our keys signed names the person (VERP, List-Unsubscribe, the subject of an unsubscribe mail) and beats any
text (interface, promise 18); then our own Message-ID, which is as unforgeable; then the name under which a provider
took the mail; only then an address. Reports come in batches, since Message-IDs are cheap to look up together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from newsletter_cli import addresses, tokens
from newsletter_cli.feedback.model import Feedback, Kind
from newsletter_cli.ledger.states import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from newsletter_cli.ledger.model import RecipientRow
    from newsletter_cli.ledger.store import Ledger
    from newsletter_cli.tokens import Keys

# The server has taken the mail, or may have: only then can anything of it come back.
MAILED = frozenset({Outcome.SENT, Outcome.UNKNOWN, Outcome.HANDED_OVER})

# The left side of our Message-IDs (tokens.message_id_local): campaign and person.
_OURS = re.compile(r"[a-z2-7]{16}\.[a-z2-7]{24}")
_LEAST_NAME = 8  # a shorter queue id is two servers' sooner or later

# What one mail's several verdicts come to, where none of them names its reader: a mail sent on to two mailboxes, one of
# them gone, has arrived.
_MILDEST = (Kind.NONE, Kind.SOFT, Kind.HARD, Kind.UNSUBSCRIBE, Kind.COMPLAINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """One person and what is said of them. `row` is their newest; None: signed by our keys, and in no campaign here.

    `campaign` is the one that the mail was of, where that is known; `by` says how the person was found.
    """

    feedback: Feedback
    person: bytes
    newsletter: str
    row: RecipientRow | None
    by: str
    campaign: int | None = None


@dataclass(frozen=True, slots=True)
class Nobody:
    """Feedback that is about nobody here, and why."""

    feedback: Feedback
    why: str


class Attribution:
    """The look-ups of one reading."""

    def __init__(self, ledger: Ledger, keys: Keys, newsletter: str) -> None:
        self._ledger = ledger
        self._keys = keys
        self._newsletter = newsletter
        campaigns = ledger.campaigns(None)
        self._uids = {campaign.uid: campaign.id for campaign in campaigns}
        self._newsletters = {campaign.id: campaign.newsletter for campaign in campaigns}
        # The one at work first.
        self._known = list(dict.fromkeys([newsletter, *self._newsletters.values()]))
        self._by_message_id: dict[str, RecipientRow] = {}

    def prepare(self, reports: Iterable[Sequence[Feedback]]) -> None:
        """Look up the Message-IDs of a batch."""
        wanted = {
            local
            for report in reports
            for feedback in report
            for local in _locals(feedback)
            if not any(self._person(token) is not None for token in feedback.traces.tokens)
        }
        missing = sorted(wanted - set(self._by_message_id))
        if missing:
            local_of = partial(tokens.message_id_local, self._keys)
            self._by_message_id |= self._ledger.find_by_message_ids(missing, local_of)

    def meant(self, report: Sequence[Feedback]) -> list[Meant | Nobody]:
        """Whom a report is about."""
        speaking = [feedback for feedback in report if feedback.kind is not Kind.NONE]
        if not speaking:
            return [Nobody(report[0], "nothing to do")]
        signed = self._signed(report) or self._by_ids(report)
        if signed is not None:
            return [signed]
        return [found for feedback in speaking for found in self._by_address(feedback)]

    def _signed(self, report: Sequence[Feedback]) -> Meant | Nobody | None:
        """By a token."""
        for token in report[0].traces.tokens:
            person = self._person(token)
            if person is None:
                continue
            if person == tokens.NOBODY:
                return Nobody(report[0], "a test or preview, mailed to nobody on a list")
            row = self._ledger.find_recipient(person=person)
            newsletter = self._newsletters[row.campaign] if row is not None else self._newsletter
            feedback = self._verdict(report, person, newsletter)
            if row is None and feedback.kind is not Kind.UNSUBSCRIBE:
                return Nobody(feedback, "never mailed from here")
            return Meant(
                feedback=feedback,
                person=person,
                newsletter=newsletter,
                row=row,
                by="the token",
                campaign=self._campaign(report),
            )
        return None

    def _by_ids(self, report: Sequence[Feedback]) -> Meant | None:
        """By our Message-ID, or by a provider's name for the mail that no address contradicts."""
        row = next((self._by_message_id[one] for one in _locals(report[0]) if one in self._by_message_id), None)
        by = "our Message-ID"
        if row is None:
            by = "the server's name for the mail"
            row = next(filter(None, (self._by_name(name, report) for name in report[0].traces.queue_ids)), None)
        if row is None:
            return None
        newsletter = self._newsletters[row.campaign]
        return Meant(
            feedback=self._verdict(report, row.person, newsletter),
            person=row.person,
            newsletter=newsletter,
            row=row,
            by=by,
            campaign=row.campaign,
        )

    def _by_name(self, name: str, report: Sequence[Feedback]) -> RecipientRow | None:
        row = self._ledger.find_by_queue_id(name) if len(name) >= _LEAST_NAME else None
        if row is None:
            return None
        named = [key for feedback in report if (key := address_key(feedback.address))]
        persons = {tokens.person(self._keys, self._newsletters[row.campaign], key) for key in named}
        return row if not persons or row.person in persons else None

    def _by_address(self, feedback: Feedback) -> list[Meant | Nobody]:
        """By the address alone: one that leaves, leaves every newsletter here that mailed it."""
        key = address_key(feedback.address)
        found = []
        for newsletter in self._known if key else ():
            person = tokens.person(self._keys, newsletter, key)
            row = self._mailed(person, leaves=feedback.kind is Kind.UNSUBSCRIBE)
            if row is not None:
                found.append(Meant(feedback=feedback, person=person, newsletter=newsletter, row=row, by="the address"))
        if not found:
            return [Nobody(feedback, "never mailed from here" if key else "it does not say whom it means")]
        # What holds everywhere is said once.
        return [*found] if feedback.kind is Kind.UNSUBSCRIBE else [found[0]]

    def _mailed(self, person: bytes, *, leaves: bool) -> RecipientRow | None:
        """The person's newest mail that was handed over; who `leaves` may also wait for the first one."""
        row = self._ledger.find_recipient(person=person)
        if row is None or row.outcome in MAILED or leaves:
            return row
        rows = [row for _, row in self._ledger.history(lambda _: person) if row.outcome in MAILED]
        return rows[-1] if rows else None

    def _verdict(self, report: Sequence[Feedback], person: bytes, newsletter: str) -> Feedback:
        """What a report of several addresses says of the one mail that it is about."""
        for feedback in report:
            key = address_key(feedback.address)
            if key and tokens.person(self._keys, newsletter, key) == person:
                return feedback
        return min(report, key=lambda feedback: _MILDEST.index(feedback.kind))

    def _campaign(self, report: Sequence[Feedback]) -> int | None:
        return next(
            (self._uids[uid] for one in _locals(report[0]) if (uid := one.partition(".")[0]) in self._uids), None
        )

    def _person(self, token: str) -> bytes | None:
        try:
            return tokens.read(self._keys, token)
        except tokens.TokenError:
            return None


def address_key(text: str) -> str:
    """The comparison key of an address as a report writes it; empty where it is none."""
    try:
        return addresses.parse(text).key if text else ""
    except addresses.AddressError:
        return ""


def _locals(feedback: Feedback) -> list[str]:
    """The left sides of those Message-IDs that have the form of ours."""
    names = (message_id.partition("@")[0].lower() for message_id in feedback.traces.message_ids)
    return [name for name in names if _OURS.fullmatch(name)]
