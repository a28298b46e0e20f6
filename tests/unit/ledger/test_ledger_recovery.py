"""What a dead run leaves: SIGKILL at each state, the same boot and another, and nobody lost or mailed twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.ledger.recovery import LOST, fate
from newsletter_cli.ledger.states import MOVES, Outcome
from tests.doubles.ledgers import begun, opened, outcomes

if TYPE_CHECKING:
    from newsletter_cli.ledger.store import Ledger

CHECKOUT = Path(__file__).parents[3]

# Reader 0 is sent, reader 1 stands where the test says, the others wait.
PROGRAM = """
import os, signal, sys
from pathlib import Path
from newsletter_cli.ledger.states import Outcome
from tests.doubles.ledgers import begun, mailed, opened, settled
with opened(Path(sys.argv[1])) as ledger, ledger.sender_lock():
    campaign = begun(ledger)
    run = ledger.start_run(campaign.id)
    mailed(run, 1)
    if sys.argv[2] != "queued":
        (claim,) = run.claim(1)
    if sys.argv[2] in ("handed over", "sent", "deferred", "failed", "unknown"):
        run.hand_over([claim.id])
    if sys.argv[2] in ("sent", "deferred", "failed", "unknown"):
        run.settle([settled(claim, Outcome(sys.argv[2]))])
    print("ready", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def dead(ledger: Ledger, campaign: int, claimed: int) -> None:
    """A run that claims and is gone."""
    run = ledger.start_run(campaign)
    run.claim(claimed)
    run._hot.close()


def killed(folder: Path, state: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, folder, state], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGKILL, "ready\n", "")


@pytest.mark.parametrize(
    ("state", "after"),
    [
        ("queued", "queued"),
        ("claimed", "queued"),
        ("handed over", "unknown"),
        ("sent", "sent"),
        ("deferred", "deferred"),
        ("failed", "failed"),
        ("unknown", "unknown"),
    ],
)
def test_a_killed_run_is_recovered(tmp_path: Path, state: str, after: str) -> None:
    killed(tmp_path, state)
    with opened(tmp_path) as ledger, ledger.sender_lock():
        assert outcomes(ledger, 1) == ["sent", state, "queued", "queued", "queued"]
        with ledger.start_run(1) as run:
            assert outcomes(ledger, 1) == ["sent", after, "queued", "queued", "queued"]
            assert [row.email for row in run.recovered] == (["reader1@example.com"] if state == "handed over" else [])
            waiting = [f"reader{number}@example.com" for number in range(1, 5)]
            expected = waiting if after in ("queued", "deferred") else waiting[1:]
            assert [claim.email for claim in run.claim(9)] == expected


@pytest.mark.parametrize(
    ("state", "after"), [("queued", "queued"), ("claimed", "unknown"), ("handed over", "unknown"), ("sent", "sent")]
)
@pytest.mark.parametrize("boot", ["boot 2", ""])
def test_after_a_power_cut_a_claim_may_have_been_handed_over(tmp_path: Path, state: str, after: str, boot: str) -> None:
    killed(tmp_path, state)
    with opened(tmp_path, boot=boot) as ledger, ledger.start_run(1) as run:
        assert outcomes(ledger, 1) == ["sent", after, "queued", "queued", "queued"]
        assert len(run.recovered) == (after == "unknown")


def test_two_boots_that_cannot_be_told_are_not_the_same(tmp_path: Path) -> None:
    with opened(tmp_path, boot="") as ledger:
        begun(ledger)
        dead(ledger, 1, 2)
        with ledger.start_run(1) as run:
            assert [row.outcome for row in run.recovered] == [Outcome.UNKNOWN] * 2


def test_an_unknown_fate_is_named_with_its_reason(tmp_path: Path) -> None:
    killed(tmp_path, "handed over")
    with opened(tmp_path) as ledger, ledger.start_run(1) as run:
        (row,) = run.recovered
        assert (row.outcome, row.reply, row.tries, row.line, row.stage) == (Outcome.UNKNOWN, LOST, 1, 3, "dot")
        assert [row] == list(ledger.recipients(1, [Outcome.UNKNOWN]))


def test_recovery_does_not_touch_another_campaign(tmp_path: Path) -> None:
    from tests.doubles.ledgers import frozen, post, readers

    with opened(tmp_path) as ledger:
        first = begun(ledger)
        second = ledger.begin("letter", post(post_id="2", path="b", body_hash="b"), "uid2", frozen(), readers(1))
        dead(ledger, second.id, 1)
        with ledger.start_run(first.id):
            assert outcomes(ledger, second.id) == ["claimed"]


def test_the_fate_of_every_state_is_a_legal_move() -> None:
    for outcome in Outcome:
        for same_boot in (True, False):
            after = fate(outcome, same_boot=same_boot)
            assert after is outcome or after in MOVES[outcome]
    assert fate(Outcome.HANDED_OVER, same_boot=True) is Outcome.UNKNOWN


SENDER = """
import os, sys
from pathlib import Path
from newsletter_cli.ledger.states import Outcome
from tests.doubles.ledgers import *
wire = os.open(Path(sys.argv[1]) / "wire", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
with opened(Path(sys.argv[1])) as ledger, ledger.sender_lock(), ledger.start_run(1) as run:
    print(len(run.recovered), flush=True)
    while claims := run.claim(16):
        for start in range(0, len(claims), 4):
            group = claims[start : start + 4]
            over = run.hand_over([claim.id for claim in group])
            for claim in group:
                if claim.id in over:
                    os.write(wire, f"{claim.id}\\n".encode())
            run.settle([settled(claim, Outcome.SENT) for claim in group])
"""


@pytest.mark.slow
def test_killed_at_any_instant_nobody_is_mailed_twice_or_lost(tmp_path: Path) -> None:
    """Beside the ledger stands a file of what reached the wire: each mail at most once, whatever is killed when."""
    people, kills, unknown = 3000, 0, 0
    chance = random.Random(20260102)
    with opened(tmp_path) as ledger:
        begun(ledger, range(people))
    while True:
        with subprocess.Popen(
            [sys.executable, "-c", SENDER, tmp_path], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT
        ) as process:
            assert process.stdout is not None
            unknown += int(process.stdout.readline())
            # The instant is drawn in mails, so that a busy machine does not change what is tried.
            stop_at = sent(tmp_path) + chance.randrange(1, 400)
            while process.poll() is None and sent(tmp_path) < stop_at:
                pass
            if process.poll() == 0:
                break
            process.kill()
            kills += 1
    reached = (tmp_path / "wire").read_text().split()
    assert len(reached) == len(set(reached)), "twice"
    with opened(tmp_path) as ledger:
        rows = {str(row.id): row.outcome for row in ledger.recipients(1)}
    assert set(rows.values()) <= {Outcome.SENT, Outcome.UNKNOWN}
    fates = [identifier for identifier, outcome in rows.items() if outcome is Outcome.UNKNOWN]
    assert {identifier for identifier in rows if identifier not in fates} <= set(reached), "lost"
    assert len(fates) == unknown <= 4 * kills
    assert kills > 5


def sent(folder: Path) -> int:
    wire = folder / "wire"
    return wire.stat().st_size // 5 if wire.exists() else 0
