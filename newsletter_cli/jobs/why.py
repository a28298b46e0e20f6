"""`newsletter why ADDRESS|MESSAGE-ID`: what somebody got and what not, and on whose word. Changes nothing.

A Message-ID of ours, or the name under which a server or provider took a mail, asks about that one mail; anything else
is an address and asks about every post.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from newsletter_cli import addresses, tokens
from newsletter_cli.jobs.report import JSON_VERSION
from newsletter_cli.problems import UsageError

if TYPE_CHECKING:
    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.ledger.model import Campaign, RecipientRow, SoftBounce, Suppression
    from newsletter_cli.ledger.store import Ledger
    from newsletter_cli.tokens import Keys

# The left side of our Message-IDs (tokens.message_id_local).
_OURS = re.compile(r"<?([a-z2-7]{16}\.[a-z2-7]{24})(?:@[^<>\s]*)?>?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What is known of an address, or of one mail.

    `address` is empty where it was forgotten, or nobody is known by what was asked. `history` is oldest first;
    `came_back` are the temporary bounces, by campaign.
    """

    asked: str
    address: str = ""
    suppressions: tuple[Suppression, ...] = ()
    history: tuple[tuple[Campaign, RecipientRow], ...] = ()
    came_back: dict[int, SoftBounce] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The answer as an object of the interface."""
        return {
            "version": JSON_VERSION,
            "asked": self.asked,
            "email": self.address,
            "suppressions": [
                {
                    "reason": entry.reason.value,
                    "newsletter": entry.newsletter,
                    "source": entry.source,
                    "evidence": entry.evidence,
                    "since": entry.since.isoformat(),
                }
                for entry in self.suppressions
            ],
            "posts": [self._post(campaign, row) for campaign, row in self.history],
        }

    def _post(self, campaign: Campaign, row: RecipientRow) -> dict[str, Any]:
        bounce = self.came_back.get(campaign.id)
        return {
            "post": campaign.identity.path,
            "newsletter": campaign.newsletter,
            "outcome": row.outcome.value,
            "at": row.updated_at.isoformat(),
            "code": row.code,
            "reply": row.reply,
            "queue_id": row.queue_id,
            "tries": row.tries,
            "came_back": bounce.bounced_at.isoformat() if bounce else None,
            "came_back_with": bounce.evidence if bounce else "",
        }


def why(workspace: Workspace, text: str) -> Why:
    """Say what is known. Raises UsageError where the text is neither an address nor the name of a mail."""
    asked = text.strip()
    name = _OURS.fullmatch(asked)
    key = "" if name else _key(asked)
    if not name and not key and not _may_be_a_name(asked):
        raise UsageError(f"{asked!r} is neither an address nor a Message-ID; write one as it stands in the mail")
    with workspace.ledger_as_it_is() as ledger:
        keys = workspace.keys()
        if ledger is None or keys is None:
            return Why(asked=asked, address=asked if key else "")
        row = _of_mail(ledger, keys, asked, name[1].lower() if name else "")
        if row is not None and not (key and _history(ledger, keys, key)):
            return _about_mail(ledger, asked, row)
        if not key:
            return Why(asked=asked)
        return _about_address(ledger, keys, asked, key)


def _about_mail(ledger: Ledger, asked: str, row: RecipientRow) -> Why:
    campaign = ledger.campaign(row.campaign)
    return Why(
        asked=asked,
        address=row.email,
        suppressions=_suppressions(ledger, row.person, row.everywhere),
        history=((campaign, row),),
        came_back=_came_back(ledger, [row.person]),
    )


def _about_address(ledger: Ledger, keys: Keys, asked: str, key: str) -> Why:
    history = _history(ledger, keys, key)
    newsletters = {campaign.newsletter for campaign in ledger.campaigns(None)}
    newsletters |= {entry.newsletter for entry in ledger.suppressions.list()} - {""}
    persons = [tokens.person(keys, newsletter, key) for newsletter in sorted(newsletters)]
    return Why(
        asked=asked,
        address=str(addresses.parse_mailbox(asked).address),
        suppressions=_suppressions(ledger, *persons, tokens.everywhere(keys, key)),
        history=tuple(history),
        came_back=_came_back(ledger, persons),
    )


def _of_mail(ledger: Ledger, keys: Keys, asked: str, name: str) -> RecipientRow | None:
    """The row of one mail: by our Message-ID, else by the name that a server gave it."""
    if name:
        return ledger.find_by_message_ids([name], partial(tokens.message_id_local, keys)).get(name)
    bare = asked.strip("<>")
    return ledger.find_by_queue_id(bare) or ledger.find_by_queue_id(bare.partition("@")[0])


def _history(ledger: Ledger, keys: Keys, key: str) -> list[tuple[Campaign, RecipientRow]]:
    return ledger.history(lambda newsletter: tokens.person(keys, newsletter, key))


def _suppressions(ledger: Ledger, *who: bytes) -> tuple[Suppression, ...]:
    found = (ledger.suppressions.get(one) for one in who)
    return tuple(sorted((entry for entry in found if entry is not None), key=lambda entry: entry.since))


def _came_back(ledger: Ledger, persons: list[bytes]) -> dict[int, SoftBounce]:
    from newsletter_cli.ledger.came_back import came_back

    return {bounce.campaign: bounce for bounce in came_back(ledger, persons) if bounce.campaign is not None}


def _key(text: str) -> str:
    try:
        return addresses.parse_mailbox(text).address.key
    except addresses.AddressError:
        return ""


def _may_be_a_name(text: str) -> bool:
    return re.fullmatch(r"<?[!-~]{5,200}>?", text) is not None
