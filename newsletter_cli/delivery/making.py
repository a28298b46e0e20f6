"""Mails made when they are needed, or a little ahead in threads where making one is slow (a signature).

With `threads` the next few recipients' mails are made while others are on the wire: a bounded look-ahead, since every
one is a whole mail in memory. Python's lock is free while a signature is computed, so two threads nearly double it.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from newsletter_cli.delivery.seams import Messenger
    from newsletter_cli.ledger.model import Claim
    from newsletter_cli.message.model import Parcel


class Making:
    """The mails of a run. `ahead_of` is how many are made ahead at most."""

    def __init__(self, messenger: Messenger, *, threads: int, ahead_of: int) -> None:
        self._messenger = messenger
        self._ahead_of = ahead_of
        self._pool = ThreadPoolExecutor(threads, "making") if threads else None
        self._made: dict[int, Future[Parcel]] = {}

    def ahead(self, claims: Iterable[Claim]) -> None:
        """These come next, in this order."""
        if self._pool is not None:
            for claim in islice(claims, self._ahead_of):
                if claim.id not in self._made:
                    self._made[claim.id] = self._pool.submit(self._messenger.parcel, claim)

    def instant(self, claim: Claim) -> bool:
        """Whether this mail can be had without waiting."""
        if self._pool is None:
            return True
        made = self._made.get(claim.id)
        return made is not None and made.done()

    def now(self, claim: Claim) -> Parcel:
        """The mail, where it is `instant`. Raises what the messenger raises."""
        if self._pool is None:
            return self._messenger.parcel(claim)
        return self._made.pop(claim.id).result()

    async def soon(self, claim: Claim) -> Parcel:
        """The mail, as soon as it is made. Raises what the messenger raises."""
        if self._pool is None:
            return self._messenger.parcel(claim)
        made = self._made.pop(claim.id, None) or self._pool.submit(self._messenger.parcel, claim)
        return await asyncio.wrap_future(made)

    def forget(self, claim_id: int) -> None:
        """It does not go out now; made again later it has that day's date."""
        made = self._made.pop(claim_id, None)
        if made is not None:
            made.cancel()

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
