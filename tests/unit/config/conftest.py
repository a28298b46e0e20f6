"""What the tests of the settings share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A newsletter's folder that is the current one."""
    here = tmp_path / "letter"
    (here / "posts").mkdir(parents=True)
    monkeypatch.chdir(here)
    return here
