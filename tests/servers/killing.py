"""Kill senders at any instant, and count: nobody gets two mails, nobody is lost.

    python -m tests.servers.killing [--kills 200] [--mails 2000] [--connections 4] [--seed N]

Real ledgers, the real engine, and a server in a process of its own that notes every mail it takes. Senders are killed
at random instants and at every kind of ledger call (before and after it), stopped for longer than their timeouts,
asked to end, and started twice at once; the machine "loses power" (another boot) now and then. Between kills the next
sender goes on. At the end every recipient is looked up in the ledger and in the server's notes. Printed are runs,
kills, mails, twice, lost and unknown; the exit code is 1 where a promise is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter_cli.config.settings import Smtp
from newsletter_cli.delivery import engine
from newsletter_cli.delivery.dialogue import TIMEOUTS
from newsletter_cli.delivery.supply import LARGEST_GROUP
from newsletter_cli.ledger.model import Frozen, NewRecipient, PostIdentity
from newsletter_cli.ledger.states import Outcome
from newsletter_cli.ledger.store import Ledger
from newsletter_cli.problems import NotNow
from newsletter_cli.times import SystemClock
from tests.doubles.messenger import PlainMessenger

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

TIMEOUT_S = 0.4
CALLS = ("claim", "claim_at_once", "firm", "turn", "turn", "put_back", "state")


class Sink(asyncio.Protocol):
    """Takes mails, notes each before it answers, answers a little late, and misbehaves now and then."""

    def __init__(self, notes: int, chance: random.Random) -> None:
        self._notes = notes
        self._chance = chance
        self._rest = b""
        self._in_body = False
        self._recipient = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        while data:
            end = data.find(b"\r\n.\r\n" if self._in_body else b"\r\n")
            if end < 0:
                break
            line, data = data[:end], data[end + (5 if self._in_body else 2) :]
            self._answer(self._dot() if self._in_body else self._command(line))
        self._rest = data

    def _answer(self, reply: bytes) -> None:
        if not reply:
            self._transport.abort()
        else:
            # All replies of a connection are as late as each other, so they stay in order.
            asyncio.get_running_loop().call_later(0.0005, self._transport.write, reply + b"\r\n")

    def _dot(self) -> bytes:
        self._in_body = False
        fate = self._chance.random()
        if fate < 0.003:
            return b"451 4.3.0 not now"
        os.write(self._notes, self._recipient + b"\n")
        return b"" if fate < 0.006 else b"250 2.0.0 Ok: queued as " + self._recipient

    def _command(self, line: bytes) -> bytes:
        match line[:4].upper():
            case b"EHLO":
                return b"250-sink\r\n250 PIPELINING"
            case b"RCPT":
                refused = self._chance.random() < 0.002
                self._recipient = b"" if refused else line[9:-1]
                return b"450 4.2.0 greylisted" if refused else b"250 2.1.5 Ok"
            case b"DATA":
                self._in_body = bool(self._recipient)
                return b"354 go" if self._in_body else b"554 5.5.1 no valid recipients"
            case b"QUIT":
                return b"221 bye"
            case _:
                return b"250 2.1.0 Ok"


def serve(pipe: Connection, notes: Path, seed: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    place = os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def run() -> None:
        chance = random.Random(seed)
        server = await asyncio.get_running_loop().create_server(lambda: Sink(place, chance), "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


class Deadly:
    """A run's store that kills its own process before or after the n-th call of one kind."""

    def __init__(self, run: Any, name: str, nth: int, *, before: bool) -> None:
        self._run = run
        self._name = name
        self._left = nth
        self._before = before

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._run, name)
        if name != self._name:
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0 and self._before:
                os.kill(os.getpid(), signal.SIGKILL)
            result = found(*arguments, **named)
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call


@dataclass(slots=True)
class Score:
    """What happened over all rounds."""

    runs: int = 0
    kills: int = 0
    power_cuts: int = 0
    mails: int = 0
    twice: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    unknown: int = 0
    allowed: int = 0  # unknown ones that kills, power cuts and the server's own drops account for
    too_many: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        """Whether every promise held."""
        return not (self.twice or self.lost or self.too_many)

    def __str__(self) -> str:
        said = (
            f"runs {self.runs}  kills {self.kills}  power cuts {self.power_cuts}  mails {self.mails}"
            f"  twice {len(self.twice)}  lost {len(self.lost)}  unknown {self.unknown} (at most {self.allowed})"
        )
        return "\n".join([said, *self.twice[:5], *self.lost[:5], *self.too_many[:5]])


@dataclass(frozen=True, slots=True)
class Round:
    """One campaign's place: ledger, server, settings."""

    folder: Path
    port: int
    connections: int
    chance: random.Random

    def open(self, boot: str) -> Ledger:
        clock = SystemClock()
        found = Ledger.open("sqlite:///ledger.sqlite3", folder=self.folder, clock=clock, identity="kill", boot=boot)
        assert found is not None
        return found

    def begin(self, mails: int) -> int:
        ledger = self.open("boot-0")
        campaign = ledger.begin(
            "kill",
            PostIdentity(post_id="1", path="a.md", body_hash="0"),
            "uid",
            Frozen(source=b"", subject="", versions={}),
            (
                NewRecipient(n.to_bytes(16, "big"), n.to_bytes(16, "little"), f"r{n}@example.com", "full", "l.csv", n)
                for n in range(1, mails + 1)
            ),
        )
        ledger.close()
        return campaign.id

    def send(self, campaign: int, boot: str, point: tuple[str, int, bool] | None) -> int:
        """One sender's life; gives its exit code. Runs in a process of its own."""
        ledger = self.open(boot)
        try:
            with ledger.sender_lock():
                run = ledger.start_run(campaign)
                store = run if point is None else Deadly(run, point[0], point[1], before=point[2])
                with engine.Stop().on_signals() as stop:
                    finish = engine.deliver(
                        store,
                        PlainMessenger(octets=2000),
                        Smtp.model_validate(
                            {
                                "host": "127.0.0.1",
                                "port": self.port,
                                "security": "none",
                                "connections": self.connections,
                                "retry_after": ["50ms", "50ms"],
                            }
                        ),
                        clock=SystemClock(),
                        events=lambda _event: None,
                        stop=stop,
                        timeouts=dict.fromkeys(TIMEOUTS, timedelta(seconds=TIMEOUT_S)),
                    )
                run.close()
        except NotNow:
            return 75
        finally:
            ledger.close()
        return 0 if finish.reason is engine.FinishReason.DONE else 1

    def fork(self, campaign: int, boot: str, point: tuple[str, int, bool] | None = None) -> int:
        child = os.fork()
        if child:
            return child
        code = 70
        try:
            code = self.send(campaign, boot, point)
        except BaseException as error:  # noqa: BLE001 - a child must not return into the parent's frames
            sys.stderr.write(f"sender: {error!r}\n")
        finally:
            os._exit(code)


def one_campaign(place: Round, mails: int, kills: int, score: Score) -> None:
    """Kill until so many kills are done or all is sent, then send the rest and count."""
    campaign = place.begin(mails)
    boot = 0
    bound = 0
    done = 0
    while True:
        score.runs += 1
        if done >= kills:
            if _ended(place.fork(campaign, f"boot-{boot}")) == 0:
                break
            continue
        killed, finished = _one_life(place, campaign, f"boot-{boot}")
        if killed:
            done += 1
            score.kills += 1
            bound += place.connections
            if place.chance.random() < 0.05:
                boot += 1
                score.power_cuts += 1
                bound += LARGEST_GROUP  # a power cut can make so many unknown
        if finished:
            break
    _count(place, campaign, bound, score)


def _one_life(place: Round, campaign: int, boot: str) -> tuple[bool, bool]:
    """Start a sender and do something to it: whether it was killed, whether it finished the campaign."""
    chance = place.chance
    way = chance.choice(["random", "random", "random", "call", "call", "end", "freeze", "two"])
    if way == "call":
        point = chance.choice(CALLS), chance.randint(1, 12), chance.random() < 0.5
        code = _ended(place.fork(campaign, boot, point))
        return code == -signal.SIGKILL, code == 0
    child = place.fork(campaign, boot)
    time.sleep(chance.uniform(0.0, 0.25))
    if way == "two":
        others = [place.fork(campaign, boot) for _ in range(3)]
        for other in others:
            _ended(other)
        # Whichever holds the lock goes on; the first may have ended, then one of the others did the work.
    if way == "freeze":
        os.kill(child, signal.SIGSTOP)  # until it is waited for, an ended child is still there to be signalled
        time.sleep(TIMEOUT_S * 1.5)
        os.kill(child, signal.SIGCONT)
        time.sleep(0.05)
    os.kill(child, signal.SIGTERM if way == "end" else signal.SIGKILL)
    code = _ended(child)
    return code == -signal.SIGKILL, code == 0


def _ended(child: int) -> int:
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {0, 1, 75, -signal.SIGKILL, -signal.SIGTERM}, f"a sender ended with {code}"
    return code


def _count(place: Round, campaign: int, bound: int, score: Score) -> None:
    """Compare the ledger with the server's notes."""
    taken = Counter((place.folder / "notes").read_text().split())
    ledger = place.open("boot-end")
    rows = {row.email: row.outcome for row in ledger.recipients(campaign)}
    ledger.close()
    unknown = [email for email, outcome in rows.items() if outcome is Outcome.UNKNOWN]
    score.mails += sum(taken.values())
    score.unknown += len(unknown)
    score.twice += [f"twice: {email}" for email, times in taken.items() if times > 1]
    for email, outcome in rows.items():
        if outcome is Outcome.SENT and not taken[email]:
            score.lost.append(f"lost: {email} is called sent and never arrived")
        elif outcome not in {Outcome.SENT, Outcome.UNKNOWN}:
            score.lost.append(f"lost: {email} is {outcome} at the end")
    # The server itself drops some after taking them.
    bound += int(sum(taken.values()) * 0.01) + 5
    score.allowed += bound
    if len(unknown) > bound:
        score.too_many.append(f"unknown: {len(unknown)}, more than {bound} that kills account for")


def rounds(kills: int, mails: int, connections: int, seed: int) -> Score:
    """Campaign after campaign until so many kills are done."""
    chance = random.Random(seed)
    score = Score()
    while score.kills < kills:
        with (
            tempfile.TemporaryDirectory() as folder,
            SinkProcess(Path(folder) / "notes", chance.randint(0, 2**30)) as port,
        ):
            place = Round(Path(folder), port, connections, chance)
            one_campaign(place, mails, kills - score.kills, score)
    return score


class SinkProcess:
    """The server's process, for one campaign."""

    def __init__(self, notes: Path, seed: int) -> None:
        forking = multiprocessing.get_context("fork")
        here, there = forking.Pipe()
        self._process = forking.Process(target=serve, args=(there, notes, seed), daemon=True)
        self._here = here

    def __enter__(self) -> int:
        self._process.start()
        port: int = self._here.recv()
        return port

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--mails", type=int, default=2000, help="in each campaign")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    chosen = parser.parse_args()
    sys.stdout.write(f"seed {chosen.seed}\n")
    score = rounds(chosen.kills, chosen.mails, chosen.connections, chosen.seed)
    sys.stdout.write(f"{score}\n")
    raise SystemExit(0 if score.kept else 1)


if __name__ == "__main__":
    main()
