"""The command line that kills itself: ``python -m tests.cli.deadly N COMMAND …`` dies at the N-th step of the record.

A step is the return of any function that has to do with ledger, keys or the post's line, in whatever thread. With N = 0
it lives, and writes how many steps there were to the file that the variable STEPS names.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import newsletter_cli
from newsletter_cli.__main__ import main

if TYPE_CHECKING:
    from types import FrameType

HOUSE = Path(newsletter_cli.__file__).parent
ROOMS = (
    *(f"ledger/{name}.py" for name in ("store", "run", "snapshot", "transfer", "naming", "recovery", "campaigns")),
    *(f"jobs/{name}.py" for name in ("stamping", "workspace", "carry", "control", "begin", "go_on", "adopt")),
    "files.py",
    "post/stamp.py",
)
FILES = frozenset(str(HOUSE / name) for name in ROOMS)


class Steps:
    """Counts, and ends the process at the one it was told."""

    def __init__(self, deadly: int) -> None:
        self.taken = 0
        self._deadly = deadly

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        if event == "return" and frame.f_code.co_filename in FILES:
            self.taken += 1
            if self.taken == self._deadly:
                os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    steps = Steps(int(sys.argv[1]))
    threading.setprofile(steps)
    sys.setprofile(steps)
    code = main(sys.argv[2:])
    sys.setprofile(None)
    Path(os.environ["STEPS"]).write_text(str(steps.taken))
    raise SystemExit(code)
