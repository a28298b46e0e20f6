"""A million subscribers, the whole program: how long to the first mail, how much memory, how quick a second run is.

    python benchmarks/million.py [--rows N] [--small N] [--suppressed N]

`newsletter send letter.md --limit 10` runs in a pseudo-terminal, as for a person, with the larger list and the smaller
one. Printed are the seconds until something can be seen, until the first mail reaches the server, and of processor
time until the end; the peak of memory; then `newsletter run` over the post once everyone is settled, as cron does it,
beside `newsletter --version`.
"""

from __future__ import annotations

import argparse
import os
import pty
import select
import sqlite3
import subprocess
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from folder import ENVIRONMENT, Folder
from sink import Running, started

from newsletter_cli.post import stamp


@dataclass(frozen=True)
class Seen:
    """What one send took: wall-clock seconds to something visible and to the first mail; processor time; MiB."""

    visible_s: float
    first_mail_s: float
    processor_s: float
    peak_mib: float


def send(folder: Folder, sink: Running, rows: int) -> Seen:
    """Ten mails of a list of so many rows, on a terminal."""
    command = folder.command("send", "letter.md", "--yes", "--limit", "10", "--list", folder.list_of(rows))
    sink.reset()
    leader, follower = pty.openpty()
    environment = {**ENVIRONMENT, "TERM": "xterm"}
    begun = time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder.path, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=follower
    )
    os.close(follower)
    visible = 0.0
    while True:
        if select.select([leader], [], [], 0.05)[0]:
            try:
                if not os.read(leader, 65536):
                    break
            except OSError:  # EIO: the last one who could write is gone
                break
            visible = visible or time.monotonic()
    _, _, used = os.wait4(process.pid, 0)
    os.close(leader)
    assert sink.first_mail, "no mail came"
    return Seen(
        visible_s=visible - begun,
        first_mail_s=sink.first_mail - begun,
        processor_s=used.ru_utime + used.ru_stime,
        peak_mib=used.ru_maxrss / 1024,
    )


def settle(folder: Folder) -> None:
    """Let everyone have had it: in the ledger, and in the post."""
    with sqlite3.connect(folder.path / ".newsletter/ledger.sqlite3") as ledger:
        ledger.execute("UPDATE recipients SET outcome = 'sent'")
        ledger.execute("UPDATE campaigns SET state = 'finished', finished_at = begun_at")
    ledger.close()
    post = folder.path / "letter.md"
    post.write_bytes(stamp.sent(post.read_bytes(), instant=datetime.now(UTC)))


def timed(folder: Folder, *arguments: str) -> float:
    begun = time.monotonic()
    folder.newsletter(*arguments)
    return time.monotonic() - begun


def suppress(folder: Folder, rows: int, count: int) -> None:
    """Bar the first addresses of a list, as people who left."""
    path = folder.path / "gone.csv"
    # By line: what this process holds would count as the memory of those it starts.
    with (folder.path / folder.list_of(rows)).open() as people, path.open("w") as gone:
        gone.writelines(islice(people, count + 1))
    folder.newsletter("suppress", "import", path.name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--suppressed", type=int, default=0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, started() as sink:
        folder = Folder(Path(place))
        peaks = []
        print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        for rows in (chosen.small, chosen.rows):
            folder.write(sink.port)
            folder.list_of(rows)
            if chosen.suppressed:
                suppress(folder, rows, chosen.suppressed)
            seen = send(folder, sink, rows)
            peaks.append(seen.peak_mib)
            print(
                f"{rows:9,} rows: visible after {seen.visible_s:5.2f} s, first mail after {seen.first_mail_s:6.2f} s,"
                f" {seen.processor_s:6.2f} s of processor time, peak {seen.peak_mib:4.0f} MiB",
                flush=True,
            )
        print(f"peak to peak: {peaks[1] / peaks[0]:.2f}")
        settle(folder)
        again = min(timed(folder, "run", ".", "--list", folder.list_of(chosen.rows)) for _ in range(5))
        least = min(timed(folder, "--version") for _ in range(5))
        print(f"second run of the finished post: {again:.2f} s, --version {least:.2f} s, more: {again - least:.2f} s")


if __name__ == "__main__":
    main()
