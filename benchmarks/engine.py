"""The engine against Postfix's own load generator, smtp-source -d, over loopback and a cheap sink.

    python benchmarks/engine.py [--mails N] [--rounds N] [--connections 1,4,16] [--delay MS] [--tls] [--profile]

Ours personalises every mail (To, Message-ID, token) and keeps the exact ledger on disk, in SQLite; smtp-source sends
one and the same mail and keeps nothing. Rounds are interleaved, so that the noise of a machine hits both; printed are
medians and ratios. `memory` is the engine alone, with a ledger in memory.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import shutil
import statistics
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sink import started

from newsletter_cli.config.settings import Smtp
from newsletter_cli.delivery import engine
from newsletter_cli.ledger.model import Claim, Frozen, NewRecipient, PostIdentity
from newsletter_cli.ledger.states import CampaignState
from newsletter_cli.ledger.store import Ledger
from newsletter_cli.message.model import Parcel
from newsletter_cli.times import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from newsletter_cli.ledger.model import Settled

OCTETS = 39_000
SMTP_SOURCE = shutil.which("smtp-source") or shutil.which("smtp-source", path="/usr/sbin") or ""


class Letters:
    """A mail of OCTETS with the recipient's own places filled by a join, as `message.fill` does."""

    def __init__(self) -> None:
        line = b'<td style=3D"padding:0 12px">Lorem ipsum dolor sit amet, consectetur</td>=\r\n'
        body = line * (OCTETS // len(line) // 2)
        self._parts = (
            b"From: <letter@example.com>\r\nTo: <",
            b">\r\nMessage-ID: <",
            b"@example.com>\r\nSubject: A letter\r\n\r\n" + body + b"https://example.com/u/",
            b"\r\n" + body,
        )

    def parcel(self, claim: Claim) -> Parcel:
        first, second, third, fourth = self._parts
        token = claim.person.hex().encode()
        data = b"".join((first, claim.email.encode(), second, token, third, token, fourth))
        return Parcel("letter@example.com", claim.email, data, dotless=True)


class Memory:
    """The least that a store can be."""

    def __init__(self, count: int) -> None:
        self._next = 0
        self._count = count

    def firm(self) -> None: ...

    def claim_at_once(self, limit: int) -> list[Claim]:
        return self.claim(limit)

    def claim(self, limit: int) -> list[Claim]:
        first, self._next = self._next, min(self._count, self._next + limit)
        return [
            Claim(n, n.to_bytes(16, "big"), f"r{n}@example.com", "full", {}, 0, None) for n in range(first, self._next)
        ]

    def turn(self, settled: Sequence[Settled], ids: Sequence[int], *, wait: bool = True) -> set[int]:  # noqa: ARG002 - the protocol's names
        return set(ids)

    def put_back(self, ids: Sequence[int]) -> None: ...

    def suppress(self, claim: Claim, evidence: str) -> None: ...

    def state(self) -> CampaignState:
        return CampaignState.SENDING

    def next_try_at(self) -> datetime | None:
        return None

    def waiting(self) -> int:
        return self._count - self._next

    def sent_since(self, account: str, since: datetime) -> int:  # noqa: ARG002 - the protocol's names
        return 0

    def count_sent(self, account: str, count: int, at: datetime) -> None: ...


def smtp_source(port: int, connections: int, mails: int, letter: Path) -> float:
    begun = time.perf_counter()
    options = f"-d -s {connections} -m {mails} -F {letter} -f letter@example.com -t reader@example.com"
    subprocess.run([SMTP_SOURCE, *options.split(), f"127.0.0.1:{port}"], check=True)
    return mails / (time.perf_counter() - begun)


def section(port: int, connections: int, ca_file: str) -> Smtp:
    security = "tls" if ca_file else "none"
    return Smtp(host="127.0.0.1", port=port, security=security, ca_file=ca_file, connections=connections)


def ours(port: int, connections: int, mails: int, *, ledger: bool, ca_file: str = "") -> float:
    clock = SystemClock()
    smtp = section(port, connections, ca_file)
    if not ledger:
        return _timed(lambda: engine.deliver(Memory(mails), Letters(), smtp, clock=clock, events=_nobody), mails)
    with tempfile.TemporaryDirectory() as folder:
        book = Ledger.open("sqlite:///ledger.sqlite3", folder=Path(folder), clock=clock, identity="bench")
        assert book is not None
        campaign = book.begin(
            "bench",
            PostIdentity(post_id="1", path="a.md", body_hash="0"),
            "uid",
            Frozen(source=b"", subject="", versions={}),
            (NewRecipient(n.to_bytes(16, "big"), n.to_bytes(16, "little"), f"r{n}@example.com", "full", "l.csv", n)
             for n in range(1, mails + 1)),
        )  # fmt: skip
        run = book.start_run(campaign.id)
        try:
            return _timed(lambda: engine.deliver(run, Letters(), smtp, clock=clock, events=_nobody), mails)
        finally:
            run.close()
            book.close()


def _nobody(event: object) -> None:
    """No progress is shown."""


def _timed(deliver: Callable[[], engine.Finish], mails: int) -> float:
    begun = time.perf_counter()
    finish = deliver()
    assert finish.reason is engine.FinishReason.DONE, finish
    return mails / (time.perf_counter() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", default="1,4,16")
    parser.add_argument("--delay", type=float, default=0.0, metavar="MS")
    parser.add_argument("--tls", action="store_true", help="over TLS, against ourselves without")
    parser.add_argument("--profile", action="store_true")
    chosen = parser.parse_args()
    if not SMTP_SOURCE and not (chosen.profile or chosen.tls):
        print("smtp-source is not here to compare with: apt-get install postfix")
        return
    with tempfile.TemporaryDirectory() as folder:
        letter = Path(folder) / "letter"
        claim = Claim(1, bytes(16), "reader@example.com", "full", {}, 0, None)
        letter.write_bytes(Letters().parcel(claim).data.replace(b"\r\n", b"\n"))
        if chosen.profile:
            _profile(chosen.mails, int(chosen.connections.split(",")[0]))
        elif chosen.tls:
            _tls(chosen, Path(folder))
        else:
            _compare(chosen, letter)


def _compare(chosen: argparse.Namespace, letter: Path) -> None:
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {chosen.mails} mails of {OCTETS} octets, {chosen.delay} ms a reply")
    with started(chosen.delay / 1000) as running:
        _rounds(chosen, letter, running.port)


def _rounds(chosen: argparse.Namespace, letter: Path, port: int) -> None:
    for connections in map(int, chosen.connections.split(",")):
        source, memory, ledger = [], [], []
        for _ in range(chosen.rounds):
            source.append(smtp_source(port, connections, chosen.mails, letter))
            memory.append(ours(port, connections, chosen.mails, ledger=False))
            ledger.append(ours(port, connections, chosen.mails, ledger=True))
        ratios = [statistics.median(a / b for a, b in zip(each, source, strict=True)) for each in (memory, ledger)]
        print(
            f"{connections:3} connections: smtp-source {statistics.median(source):7.0f}/s"
            f"   memory {statistics.median(memory):7.0f}/s ({ratios[0]:.2f})"
            f"   ledger {statistics.median(ledger):7.0f}/s ({ratios[1]:.2f})",
            flush=True,
        )


def _tls(chosen: argparse.Namespace, folder: Path) -> None:
    import ssl

    import trustme

    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    with started() as plain, started(context=context) as secure:
        for connections in map(int, chosen.connections.split(",")):
            ratios = []
            for _ in range(chosen.rounds):
                without = ours(plain.port, connections, chosen.mails, ledger=True)
                ratios.append(ours(secure.port, connections, chosen.mails, ledger=True, ca_file=str(ca_file)) / without)
            print(f"{connections:3} connections: TLS to plain {statistics.median(ratios):.2f}", flush=True)


def _profile(mails: int, connections: int) -> None:
    profile = cProfile.Profile()
    with started() as running:
        profile.enable()
        rate = ours(running.port, connections, mails, ledger=True)
        profile.disable()
    print(f"{rate:.0f}/s under the profiler")
    pstats.Stats(profile).sort_stats("tottime").print_stats(35)


if __name__ == "__main__":
    main()
