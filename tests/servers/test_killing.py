"""A small dose of `python -m tests.servers.killing`: senders die at any instant, and nobody gets two mails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_nobody_gets_two_mails_and_nobody_is_lost() -> None:
    kills = 40 if os.environ.get("CI") else 10
    # A process of its own: senders are forked, and this one may have threads.
    ended = subprocess.run(
        [sys.executable, "-m", "tests.servers.killing", "--kills", str(kills), "--mails", "800"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stderr == ""
    found = re.search(r"kills (\d+) .* twice (\d+)  lost (\d+)  unknown (\d+)", ended.stdout)
    assert found is not None
    assert int(found[1]) >= kills
    assert (found[2], found[3]) == ("0", "0")
