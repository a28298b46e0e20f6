"""What every test shares: the corpus, Debian's programs, Hypothesis profiles."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

CORPUS = Path(__file__).parents[2] / "shared" / "corpus"

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile(
    "ci", max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The shared corpus of real posts, lists and mails beside the checkout."""
    if not CORPUS.is_dir():
        pytest.skip(f"no corpus at {CORPUS}: real posts and lists are not here")
    return CORPUS


def debian(program: str, package: str) -> str:
    """The path of a program that `make test` installs. Where it is missing the test skips; in CI it fails."""
    found = shutil.which(program, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin")
    if found:
        return found
    reason = f"{program} is missing (Debian: apt-get install {package})"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def smtp_sink() -> str:
    """Postfix's SMTP sink."""
    return debian("smtp-sink", "postfix")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Debian's browser."""
    return debian("chromium", "chromium")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Debian's browser, started. Of one module: while Playwright is there, no other loop runs in the thread."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    sync_api.expect.set_options(timeout=60_000)  # for a hang: a loaded machine is slow
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()
