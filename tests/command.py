"""`newsletter` as a process of its own, run to its end. tests/cli/folder.py is cheaper where that is enough."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[1]


def newsletter(
    *arguments: str, cwd: Path | None = None, package: Path = ROOT, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The command from the folder that holds the package; no display, nobody at the keyboard."""
    kept = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    return subprocess.run(
        [sys.executable, "-m", "newsletter_cli", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**kept, "PYTHONPATH": str(package), **(variables or {})},
        stdin=subprocess.DEVNULL,
        timeout=300,  # for a hang; nothing is measured here
        check=False,
    )
