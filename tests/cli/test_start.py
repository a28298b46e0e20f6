"""How a run starts and ends: quickly, and never with a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from newsletter_cli import __version__
from newsletter_cli.__main__ import main
from newsletter_cli.cli import app
from newsletter_cli.cli.exits import MEANING, Exit
from newsletter_cli.problems import NotNow, Problem, Refused, UsageError
from tests.command import newsletter

HEAVY = {
    "aiosmtpd",
    "aiosmtplib",
    "alembic",
    "asyncio",
    "cryptography",
    "email_validator",
    "frontmatter",
    "jinja2",
    "lxml",
    "markdown",
    "PIL",
    "premailer",
    "pydantic",
    "pygments",
    "rich",
    "sqlalchemy",
    "starlette",
    "uvicorn",
    "watchfiles",
    "yaml",
}


@pytest.mark.parametrize("arguments", [["--version"], ["--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    script = (
        "import sys; from newsletter_cli.__main__ import main; code = main(sys.argv[1:]);"
        "print('HEAVY', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=True,
        timeout=60,
    )
    imported = set(done.stdout.rpartition("HEAVY ")[2].split())
    assert not imported & HEAVY


def test_version() -> None:
    done = newsletter("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"newsletter {__version__}\n", "")


def test_help_names_every_command_once() -> None:
    done = newsletter("--help")
    assert done.returncode == 0
    assert done.stderr == ""
    for command in app.app.registered_commands:
        assert f"\n  {command.name} " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Usage: newsletter"),
        (["nope"], "No such command 'nope'"),
        (["new"], "Missing argument 'TITLE'"),
        (["new", "--nope", "x"], "No such option: --nope"),
        (["init", "--provider", "nope"], "'nope' is not one of"),
        (["help", "nope"], "there is no command 'nope'"),
    ],
)
def test_wrong_usage_is_2_and_said_on_standard_error(arguments: list[str], says: str) -> None:
    done = newsletter(*arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_exit_codes_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", "exit-codes"]) == 0
    said = capsys.readouterr().out
    for code, meaning in MEANING.items():
        assert f"{code:>4}  {meaning}\n" in said


def test_help_of_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", "new"]) == 0
    assert "Usage: newsletter new" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("raised", "code", "says"),
    [
        (
            Refused(Problem(text="no", file="a.md", line=3), Problem(text="nor this")),
            3,
            "error: a.md:3: no\nerror: nor this\n",
        ),
        (NotNow("the server is away", hint="run again"), 75, "error: the server is away; run again\n"),
        (UsageError("not both"), 2, "error: not both\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (OSError(28, "No space left on device"), 75, "error: the disk is full; make room and run again\n"),
        (PermissionError(13, "Permission denied", "x.csv"), 3, "error: x.csv: permission denied\n"),
        (BrokenPipeError(32, "Broken pipe"), 141, ""),
    ],
)
def test_what_escapes_has_a_message_and_a_code(
    raised: BaseException, code: int, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_: object) -> int:
        raise raised

    monkeypatch.setattr(app, "run", run)
    assert main(["anything"]) == code
    assert capsys.readouterr().err == says


def test_a_fault_of_ours_is_kept_in_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def run(_: object) -> int:
        raise ZeroDivisionError("one\ntwo")

    monkeypatch.setattr(app, "run", run)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["anything"]) == Exit.INTERNAL
    said = capsys.readouterr().err
    (kept,) = tmp_path.iterdir()
    assert str(kept) in said
    assert said.count("\n") == 1
    assert "Traceback" in kept.read_text(encoding="utf-8")


def test_an_interrupt_is_130(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from newsletter_cli.cli import app; from newsletter_cli.__main__ import main;"
        # A shell that runs the tests in its background has SIGINT ignored, and children inherit that.
        "signal.signal(signal.SIGINT, signal.default_int_handler);"
        "app.run = lambda _: os.kill(os.getpid(), signal.SIGINT); sys.exit(main(['x']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 128 + signal.SIGINT
    assert done.stderr == "interrupted\n"
