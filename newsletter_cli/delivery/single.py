"""A store and messenger for a few mails that are recorded nowhere: test mails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter_cli.ledger.model import Claim, Settled
from newsletter_cli.ledger.states import CampaignState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from newsletter_cli.message.model import Parcel


class SingleStore:
    """Parcels by number; each is tried once. Is both `seams.Store` and `seams.Messenger`."""

    def __init__(self, parcels: Sequence[Parcel]) -> None:
        self._parcels = tuple(parcels)
        self._waiting = list(range(len(parcels)))
        self._settled: dict[int, Settled] = {}

    @property
    def outcomes(self) -> tuple[Settled | None, ...]:
        """What became of each parcel, in order; None: not tried."""
        return tuple(self._settled.get(number) for number in range(len(self._parcels)))

    def parcel(self, claim: Claim) -> Parcel:
        """The mail of that number."""
        return self._parcels[claim.id]

    def claim_at_once(self, limit: int) -> list[Claim]:
        """Nothing is in the way."""
        return self.claim(limit)

    def firm(self) -> None:
        """Nothing is kept."""

    def claim(self, limit: int) -> list[Claim]:
        """The next ones."""
        taken, self._waiting = self._waiting[:limit], self._waiting[limit:]
        return [
            Claim(
                id=number,
                person=b"",
                email=self._parcels[number].rcpt_to,
                version="",
                fields={},
                tries=0,
                first_try_at=None,
            )
            for number in taken
        ]

    def turn(self, settled: Sequence[Settled], ids: Sequence[int], *, wait: bool = True) -> set[int]:  # noqa: ARG002 - the protocol's names
        """Keep what happened; nothing stands against a hand-over. A deferred one is not tried again."""
        self._settled.update((one.id, one) for one in settled)
        return set(ids)

    def put_back(self, ids: Sequence[int]) -> None:
        """It waits again."""
        self._waiting[:0] = ids

    def suppress(self, claim: Claim, evidence: str) -> None:
        """A test mail suppresses nobody."""

    def state(self) -> CampaignState:
        """Nobody else can pause it."""
        return CampaignState.SENDING

    def next_try_at(self) -> datetime | None:
        """There is no second try."""
        return None

    def waiting(self) -> int:
        """How many were not tried."""
        return len(self._waiting)

    def sent_since(self, account: str, since: datetime) -> int:  # noqa: ARG002 - the protocol's names
        """Test mails are too few to count."""
        return 0

    def count_sent(self, account: str, count: int, at: datetime) -> None:
        """Test mails are too few to count."""
