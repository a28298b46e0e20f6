"""A file as it was at a git revision. Runs git; changes nothing.

Raises Refused where git is not there, the folder is in no repository, the revision is unknown, or the file was not in
it under this name.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from pathlib import Path

# Reading a blob of a large packed repository takes under a second; git waits for nobody here.
_TIMEOUT_S = 60


def at_revision(path: Path, revision: str) -> bytes:
    """The bytes of a file in a commit. A revision is anything that git takes for a commit: HEAD~2, a tag, a hash."""
    folder = path.resolve().parent
    # --end-of-options: a revision that begins with a dash is no option (gitcli(7)).
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        inside = _git(folder, "rev-parse", "--git-dir") is not None
        text = f"git knows no revision {revision!r}" if inside else "the post is in no git repository"
        raise Refused(Problem(text=text, file=str(path), hint="name a commit, a tag or a branch" if inside else ""))
    found = _git(folder, "cat-file", "blob", f"{commit.decode().strip()}:./{path.resolve().name}")
    if found is None:
        raise Refused(
            Problem(
                text=f"the post is not in {revision} under this name",
                file=str(path),
                hint="name a revision that has it",
            )
        )
    return found


def _git(folder: Path, *arguments: str) -> bytes | None:
    """What git prints; None where it says no."""
    try:
        done = subprocess.run(  # noqa: S603 - arguments of ours, no shell
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - git as the path has it
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError:
        raise Refused(Problem(text="git is not installed, so there is no earlier version to compare with")) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refused(Problem(text=f"git could not be asked: {error}")) from error
    return done.stdout if done.returncode == 0 else None
