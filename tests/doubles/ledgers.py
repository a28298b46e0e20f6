"""Ledgers in a folder, a clock that stands still, and made-up posts and persons."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from newsletter_cli.ledger.model import Frozen, NewRecipient, PostIdentity, Settled, Suppression, SuppressionReason
from newsletter_cli.ledger.states import Outcome
from newsletter_cli.ledger.store import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from newsletter_cli.ledger.model import Campaign, Claim
    from newsletter_cli.ledger.run import Run

URL = "sqlite:///.newsletter/ledger.sqlite3"
IDENTITY = "0123456789abcdef"
DAY = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


class StillClock:
    """`times.Clock` that moves only when told."""

    def __init__(self, now: datetime = DAY) -> None:
        self.at = now

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - DAY).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.pass_by(seconds=seconds)

    def pass_by(self, **duration: float) -> None:
        self.at += timedelta(**duration)


def person(number: int, newsletter: str = "letter") -> bytes:
    """Who the reader of this number is to a newsletter; `*` is everywhere."""
    return hashlib.sha256(f"{newsletter} {number}".encode()).digest()[:16]


def reader(number: int, newsletter: str = "letter", **changed: Any) -> NewRecipient:
    values: dict[str, Any] = {
        "person": person(number, newsletter),
        "everywhere": person(number, "*"),
        "email": f"reader{number}@example.com",
        "version": "full",
        "file": "subscribers.csv",
        "line": number + 2,
    }
    return NewRecipient(**(values | changed))


def readers(*numbers: int) -> Iterator[NewRecipient]:
    return (reader(number) for number in numbers)


def post(**changed: Any) -> PostIdentity:
    values: dict[str, Any] = {
        "post_id": "1.0",
        "path": "posts/first.md",
        "body_hash": hashlib.sha256(b"body").hexdigest(),
        "title": "First",
        "date": "2026-01-01",
    }
    return PostIdentity(**(values | changed))


def frozen(text: bytes = b"# First\n") -> Frozen:
    return Frozen(source=text, subject="First", versions={"full": b"full parts", "free": b"free parts"})


def suppression(
    who: bytes, newsletter: str = "", reason: SuppressionReason = SuppressionReason.MANUAL, **changed: Any
) -> Suppression:
    values: dict[str, Any] = {
        "who": who,
        "newsletter": newsletter,
        "email": "reader@example.com",
        "reason": reason,
        "source": "command line",
        "since": DAY,
    }
    return Suppression(**(values | changed))


@contextmanager
def opened(folder: Path, **changed: Any) -> Iterator[Ledger]:
    """A ledger for writing in `folder`."""
    values: dict[str, Any] = {"folder": folder, "clock": StillClock(), "identity": IDENTITY, "boot": "boot 1"}
    ledger = Ledger.open(changed.pop("url", URL), **(values | changed))
    assert ledger is not None
    with ledger:
        yield ledger


def begun(ledger: Ledger, numbers: Iterable[int] = range(5), **changed: Any) -> Campaign:
    """The first post, begun for these readers."""
    return ledger.begin("letter", post(), "uid1", frozen(), readers(*numbers), **changed)


def told(ledger: Ledger, campaign: int) -> dict[str, int]:
    """How many stand in each state, without the empty ones."""
    return {outcome.value: number for outcome, number in ledger.counts(campaign).items() if number}


def outcomes(ledger: Ledger, campaign: int) -> list[str]:
    """The state of each recipient, in list order."""
    return [row.outcome.value for row in ledger.recipients(campaign)]


def settled(claim: Claim, outcome: Outcome, **changed: Any) -> Settled:
    return Settled(id=claim.id, outcome=outcome, **changed)


def mailed(run: Run, number: int, outcome: Outcome = Outcome.SENT, **changed: Any) -> list[Claim]:
    """Claim, hand over and settle as many as there are, up to `number`."""
    claims = run.claim(number)
    assert run.hand_over([claim.id for claim in claims]) == {claim.id for claim in claims}
    run.settle([settled(claim, outcome, **changed) for claim in claims])
    return claims
