"""Fills a campaign's drafts for one claimed recipient at a time: the engine's source of bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from newsletter_cli import addresses, tokens
from newsletter_cli.message.fill import fill
from newsletter_cli.message.model import Person
from newsletter_cli.rendering.model import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from newsletter_cli.addresses import Address
    from newsletter_cli.ledger.model import Claim
    from newsletter_cli.message.model import Draft, Parcel
    from newsletter_cli.times import Clock
    from newsletter_cli.tokens import Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignMessenger:
    """One campaign's mails. `domain` is the right side of Message-IDs: the domain of the sender's address.

    `redirect_to` sends every mail there instead, marked with whom it was for (staging).
    """

    drafts: Mapping[Version, Draft]
    keys: Keys
    campaign_uid: str
    domain: str
    clock: Clock
    redirect_to: Address | None = None
    _token_of: Callable[[bytes], str] = field(init=False, repr=False)
    _local_of: Callable[[bytes], str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_token_of", tokens.minted(self.keys))
        object.__setattr__(self, "_local_of", tokens.message_id_locals(self.keys, self.campaign_uid))

    def parcel(self, claim: Claim) -> Parcel:
        """The mail of one recipient, as it goes out."""
        return fill(self.drafts[Version(claim.version)], self.person(claim))

    def person(self, claim: Claim) -> Person:
        """Who the mail is filled for."""
        # In staging the links must not unsubscribe the person whom the mail was not sent to.
        who = tokens.NOBODY if self.redirect_to else claim.person
        return Person(
            address=addresses.parse(claim.email),
            token=self._token_of(who),
            message_id=f"{self._local_of(claim.person)}@{self.domain}",
            date=self.clock.now(),
            fields=claim.fields,
            redirect_to=self.redirect_to,
        )
