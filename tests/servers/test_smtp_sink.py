"""Postfix's own test server, smtp-sink: what it refuses, drops and delays is a program we did not write."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.delivery.engine import FinishReason
from newsletter_cli.ledger.states import Outcome
from tests.doubles.clock import FastClock
from tests.doubles.messenger import PlainMessenger
from tests.servers.sending import impatient, people, send

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.postfix


@pytest.fixture(scope="module")
def program() -> str:
    found = shutil.which("smtp-sink") or shutil.which("smtp-sink", path="/usr/sbin")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("smtp-sink is not here: apt-get install postfix")
        pytest.skip("smtp-sink is not here: apt-get install postfix")
    return found


@contextmanager
def sink(program: str, *options: str) -> Iterator[int]:
    """Run smtp-sink; gives its port. It listens before it answers, so connecting tells that it is ready."""
    with socket.create_server(("127.0.0.1", 0)) as place:
        port = place.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([program, *user, *options, f"127.0.0.1:{port}", "128"])
    try:
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            try:
                process.wait(0.01)
            except subprocess.TimeoutExpired:
                continue
            pytest.fail("smtp-sink did not start")
        yield port
    finally:
        process.terminate()
        process.wait(5)


@pytest.mark.parametrize(
    "options", [(), ("-p",), ("-8",), ("-e",)], ids=["plain", "no pipelining", "no 8bit", "no esmtp"]
)
def test_everyone_is_sent(program: str, options: tuple[str, ...]) -> None:
    with sink(program, *options) as port:
        sent = send(port, people(200), connections=4, clock=FastClock(), messenger=PlainMessenger(octets=5000))
    assert sent.finish.reason is FinishReason.DONE
    assert sent.store.counts == {Outcome.SENT: 200}


FAULTS: list[tuple[tuple[str, ...], Outcome, FinishReason]] = [
    (("-r", "RCPT"), Outcome.DEFERRED, FinishReason.DEFERRED),
    (("-r", "DATA"), Outcome.DEFERRED, FinishReason.DEFERRED),
    (("-r", "."), Outcome.DEFERRED, FinishReason.DEFERRED),
    (("-r", "MAIL"), Outcome.QUEUED, FinishReason.SERVER_AWAY),
    (("-f", "RCPT"), Outcome.FAILED, FinishReason.DONE),
    (("-f", "DATA"), Outcome.FAILED, FinishReason.DONE),
    (("-f", "."), Outcome.FAILED, FinishReason.DONE),
    (("-f", "MAIL"), Outcome.QUEUED, FinishReason.HELD),
    (("-f", "RCPT", "-B", "550 5.7.1 policy"), Outcome.QUEUED, FinishReason.HELD),
    (("-q", "."), Outcome.UNKNOWN, FinishReason.DONE),
    (("-q", "MAIL"), Outcome.QUEUED, FinishReason.SERVER_AWAY),
    (("-Q", "MAIL"), Outcome.QUEUED, FinishReason.SERVER_AWAY),
    (("-q", "CONNECT"), Outcome.QUEUED, FinishReason.SERVER_AWAY),
    (("-Q", "CONNECT"), Outcome.QUEUED, FinishReason.SERVER_AWAY),
    (("-p", "-W", ".:5"), Outcome.UNKNOWN, FinishReason.DONE),
]


@pytest.mark.parametrize(("options", "outcome", "reason"), FAULTS, ids=[" ".join(options) for options, _, _ in FAULTS])
@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one by one"])
def test_faults(
    program: str, options: tuple[str, ...], outcome: Outcome, reason: FinishReason, *, pipelining: bool
) -> None:
    with sink(program, *options, *(() if pipelining else ("-p",))) as port:
        sent = send(port, people(3), timeouts=impatient(0.2))
    assert (sent.finish.reason, sent.store.counts) == (reason, {outcome: 3})
    assert all(row.hand_overs <= 1 or outcome is Outcome.DEFERRED for row in sent.store.rows.values())


def test_a_drop_in_the_middle_of_bodies(program: str) -> None:
    with sink(program, "-A", "5") as port:
        sent = send(port, people(3), timeouts=impatient(0.5), messenger=PlainMessenger(octets=20_000))
    # The bodies are small enough to leave with their dots; that the server read only a part cannot be known here.
    assert sent.store.counts == {Outcome.UNKNOWN: 3}


def test_the_mails_on_disk_are_ours(program: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents:
        if parent != Path("/tmp") and str(parent).startswith("/tmp/"):
            parent.chmod(0o755)
    messenger = PlainMessenger()
    with sink(program, "-D", f"{tmp_path}/%Y.%m.%d.%H.%M.%S.") as port:
        sent = send(port, people(3), messenger=messenger)
    dumped = b"\n".join(path.read_bytes() for path in tmp_path.iterdir())
    for row in sent.store.rows.values():
        data = messenger.parcel(row.claim).data.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
        assert data in dumped
        assert f"<{row.claim.email}>".encode() in dumped
