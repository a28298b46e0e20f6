"""What the engine needs from others, as short protocols: a ledger, a maker of mails, and settings; and the Stop.

The ledger's run implements `Store`, the job's mail maker `Messenger`, `config.settings` the section `SmtpSection`.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime, timedelta
    from types import FrameType

    from newsletter_cli.ledger.model import Claim, Settled
    from newsletter_cli.ledger.states import CampaignState
    from newsletter_cli.message.model import Parcel
    from newsletter_cli.times import Rate


class Store(Protocol):
    """One campaign in the ledger, in the hands of one run.

    Calls come from one thread that is not the caller's of `deliver`, but for those that do not wait: these come from
    that of `deliver`, maybe while another call is at work. Whatever a call raises ends the run: what cannot be
    recorded does not go out.
    """

    def claim(self, limit: int) -> list[Claim]:
        """Take up to `limit` waiting recipients that are due and not suppressed."""

    def claim_at_once(self, limit: int) -> list[Claim] | None:
        """The same within some milliseconds, or not at all (None). Nothing of them may go out before `firm`."""

    def firm(self) -> None:
        """Let everything recorded so far survive a power cut."""

    def turn(self, settled: Sequence[Settled], ids: Sequence[int], *, wait: bool = True) -> set[int] | None:
        """Record outcomes, then that the mails of `ids` may reach the server; give those that were still claimed.

        Without `wait`: within some milliseconds, or not at all (None).
        """

    def put_back(self, ids: Sequence[int]) -> None:
        """Let these wait again: nothing of them reached the server, or the fault was the account's."""

    def suppress(self, claim: Claim, evidence: str) -> None:
        """Never mail this address again."""

    def state(self) -> CampaignState:
        """The campaign's state now: another process may have paused or cancelled it."""

    def next_try_at(self) -> datetime | None:
        """When the earliest deferred recipient is due in this run; None where none is."""

    def waiting(self) -> int:
        """How many recipients still wait, due or not."""

    def sent_since(self, account: str, since: datetime) -> int:
        """How many mails this account handed to its server after that instant, over all campaigns."""

    def count_sent(self, account: str, count: int, at: datetime) -> None:
        """Record that so many were handed to the server, for the quotas."""


class Messenger(Protocol):
    """Makes one person's mail."""

    def parcel(self, claim: Claim) -> Parcel:
        """The mail for this recipient; the same bytes for the same claim but for the date.

        Called in the thread of `deliver`, or in its `signing_threads`.
        """


class Secret(Protocol):
    """A password whose repr hides it."""

    def get_secret_value(self) -> str:
        """The password itself."""


class SmtpSection(Protocol):
    """The section [smtp] of the settings; units and defaults are documented there."""

    @property
    def host(self) -> str:
        """The server."""

    @property
    def port(self) -> int:
        """Its port."""

    @property
    def security(self) -> str:
        """`starttls`, `tls` or `none`."""

    @property
    def ca_file(self) -> object:
        """A private CA; empty: none."""

    @property
    def helo_name(self) -> str:
        """Said in EHLO; empty: the domain of `from`."""

    @property
    def auth(self) -> str:
        """`auto`, `plain`, `login` or `xoauth2`."""

    @property
    def username(self) -> str:
        """Empty: no login."""

    @property
    def password(self) -> Secret | None:
        """Out of the environment."""

    @property
    def password_command(self) -> Sequence[str] | str:
        """Prints the password; empty: none."""

    @property
    def token_command(self) -> Sequence[str] | str:
        """Prints an OAuth 2 access token; empty: none."""

    @property
    def allow_plaintext_password(self) -> bool:
        """Send it without TLS to any host."""

    @property
    def account(self) -> str:
        """The bucket of quotas; empty: username@host."""

    @property
    def connections(self) -> int:
        """At most so many at once."""

    @property
    def rate(self) -> tuple[Rate, ...]:
        """Even windows and sliding quotas."""

    @property
    def max_wait(self) -> timedelta:
        """A longer wait ends the run."""

    @property
    def batch_size(self) -> int:
        """Mails between two pauses."""

    @property
    def batch_pause(self) -> timedelta:
        """Zero: no batches."""

    @property
    def messages_per_connection(self) -> int:
        """0: no limit."""

    @property
    def retry_after(self) -> tuple[timedelta, ...]:
        """Waits between the tries of one run."""

    @property
    def give_up_after(self) -> timedelta:
        """Of one address."""

    @property
    def stop_at_failures(self) -> float:
        """A share of the last 200 tries."""


class Stop:
    """A wish to stop, from a signal or from code; may be made at any time, from any thread.

    `signal_number` is 0 until then. The engine lets mails past their 354 finish and records them; an urgent wish cuts
    them off, and their fate is unknown.
    """

    def __init__(self) -> None:
        self.signal_number = 0
        self.urgent = False
        self._wakers: list[Callable[[], object]] = []

    def request(self, signal_number: int = signal.SIGTERM) -> None:
        """Ask to stop; the first wish's number counts, a second one makes it urgent."""
        self.urgent = self.requested
        self.signal_number = self.signal_number or int(signal_number)
        for wake in tuple(self._wakers):
            wake()

    @property
    def requested(self) -> bool:
        """Whether someone asked."""
        return bool(self.signal_number)

    @contextmanager
    def waking(self, wake: Callable[[], object]) -> Iterator[None]:
        """Call `wake` when the wish comes, as long as the block lasts; at once where it came already."""
        self._wakers.append(wake)
        try:
            if self.requested:
                wake()
            yield
        finally:
            self._wakers.remove(wake)

    @contextmanager
    def on_signals(self) -> Iterator[Stop]:
        """SIGINT and SIGTERM ask to stop, as long as the block lasts. Only in the main thread.

        So does a terminal that hangs up (SIGHUP, taken as a SIGTERM), unless it is ignored, as under nohup.
        """

        def handle(number: int, _frame: FrameType | None) -> None:
            self.request(number if number == signal.SIGINT else signal.SIGTERM)

        numbers = [signal.SIGINT, signal.SIGTERM]
        if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            numbers.append(signal.SIGHUP)
        before = {number: signal.signal(number, handle) for number in numbers}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
