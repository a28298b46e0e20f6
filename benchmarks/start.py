"""What it costs to start: the least a command can cost, and the three that a person or cron waits for.

Run: python benchmarks/start.py [ROUNDS]. Prints milliseconds (the median of interleaved rounds) and the ratio to
importing typer alone.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

RUN = [sys.executable, "-m", "newsletter_cli"]
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "python -c 'import typer'": [sys.executable, "-c", "import typer"],
    "newsletter --version": [*RUN, "--version"],
    "newsletter --help": [*RUN, "--help"],
    "newsletter status (nothing sent yet)": [*RUN, "status"],
}
YARDSTICK = "python -c 'import typer'"


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    took: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, command in COMMANDS.items():
            began = time.perf_counter()
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            took[name].append(time.perf_counter() - began)
    least = statistics.median(took[YARDSTICK])
    for name, seconds in took.items():
        median = statistics.median(seconds)
        print(f"{name:<38} {median * 1000:7.0f} ms  {median / least:5.2f}")


if __name__ == "__main__":
    main()
