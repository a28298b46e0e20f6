"""Files that may not be read: refused with their name, no wrong usage."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.folder import Folder

# Root may read everything; without these two capabilities it is like anybody else.
PLAIN = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()


@pytest.mark.skipif(bool(PLAIN) and shutil.which("setpriv") is None, reason="root without setpriv reads everything")
@pytest.mark.parametrize(
    ("name", "command", "said"),
    [
        ("subs.csv", ("send", "post.md", "--list", "subs.csv"), "subs.csv: the list may not be read"),
        ("subs.csv", ("list", "check", "subs.csv"), "subs.csv: the list may not be read"),
        ("post.md", ("send", "post.md", "--list", "subs.csv"), "post.md: the post may not be read"),
        ("newsletter.toml", ("status",), "newsletter.toml: the settings file may not be read"),
        ("back/bounce", ("bounces", "back"), "back/bounce: the mailbox cannot be read: Permission denied"),
        (".newsletter/keys", ("status",), ".newsletter/keys: the keys cannot be read: Permission denied"),
    ],
)
def test_a_file_that_may_not_be_read(letter: Folder, name: str, command: tuple[str, ...], said: str) -> None:
    assert letter("suppress", "add", "no@example.net").code == 0
    letter.write("back/bounce", "Subject: Undelivered\n\n")
    (letter.path / name).chmod(0)
    ran = subprocess.run(
        [*PLAIN, sys.executable, "-m", "newsletter_cli", *command],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 3
    assert said in ran.stderr
    assert "Errno" not in ran.stderr
    assert letter.mails == []
