"""What a million subscribers cost: read, merged, chosen; time and peak memory.

Run: python benchmarks/lists.py [ROWS]. Prints seconds of processor time, beside a bare `csv.reader` over the same file,
and the peak of the process.
"""

from __future__ import annotations

import csv
import resource
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter_cli import tokens
from newsletter_cli.audience.roll import Roll
from newsletter_cli.post.model import Audience

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at\n"
KEYS = tokens.Keys.generate(bytes(64))


def lines(rows: int) -> Iterator[str]:
    """A Substack export: one in ten pays, one in fifty has left. The addresses come in no order."""
    yield HEADER
    for number in range(rows):
        name = number * 2_654_435_761 % 2**32
        paid = "true,2030-01-01T00:00:00.000Z,monthly" if number % 10 == 0 else "false,,other"
        left = "true" if number % 50 == 7 else "false"
        yield f"reader{name:x}@d{number % 5000}.example.com,{paid},{left},2024-01-15T10:00:00.000Z,\n"


def measure(path: Path) -> None:
    marks = [("", time.process_time())]

    def lap(name: str) -> None:
        marks.append((name, time.process_time()))

    with path.open(newline="") as text:
        rows = sum(1 for _ in csv.reader(text))
    lap("bare csv.reader")
    with path.open("rb") as stream:
        roll = Roll.build(
            [(path.name, stream)], person=tokens.persons(KEYS, "letter"), everywhere=tokens.everywheres(KEYS)
        )
    lap("read, judged, merged, persons")
    chosen = sum(1 for _ in roll.chosen(Audience.EVERYONE))
    lap("chosen")
    left_out = sum(1 for _ in roll.left_out(Audience.EVERYONE))
    lap("left out, with reasons")
    print(f"{rows - 1:,} rows: {chosen:,} chosen, {left_out:,} left out")
    for (_, before), (name, after) in pairwise(marks):
        print(f"{name:28} {after - before:6.2f} s")
    print(f"{'peak memory':28} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:6.0f} MiB")


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "list.csv")
        with path.open("w") as text:
            text.writelines(lines(rows))
        measure(path)


if __name__ == "__main__":
    main()
