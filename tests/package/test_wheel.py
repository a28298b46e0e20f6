"""The built wheel: what is in it, and that it needs no checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from newsletter_cli import __version__
from tests import command

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    (made,) = out.glob("*.whl")
    return made


def test_it_holds_the_package_and_what_travels_with_it(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert wheel.name == f"newsletter_cli-{__version__}-py3-none-any.whl"
    for file in ROOT.joinpath("newsletter_cli").rglob("*"):
        if file.suffix in {".py", ".typed", ".json", ".ini", ".mako"}:
            assert str(file.relative_to(ROOT)) in names
    for folder in ("templates", "examples"):
        for file in ROOT.joinpath(folder).rglob("*"):
            if file.is_file():
                assert f"newsletter_cli/_shipped/{file.relative_to(ROOT)}" in names
    assert not [name for name in names if name.startswith(("tests/", "docs/", "benchmarks/"))]
    assert not [name for name in names if "__pycache__" in name or ".newsletter/" in name]


def test_its_commands_run_without_a_checkout(wheel: Path, tmp_path: Path) -> None:
    inside = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(inside)
    elsewhere = tmp_path / "empty"
    elsewhere.mkdir()

    def newsletter(*arguments: str) -> subprocess.CompletedProcess[str]:
        return command.newsletter(*arguments, cwd=elsewhere, package=inside, variables={"TMPDIR": str(tmp_path)})

    assert newsletter("--version").stdout == f"newsletter {__version__}\n"
    made = newsletter("init", "letter")
    assert made.returncode == 0, made.stderr
    shown = newsletter("demo")
    assert shown.returncode == 0, shown.stderr
    assert "4 mails for 7 rows" in shown.stdout
    assert sorted(path.name for path in elsewhere.iterdir()) == ["letter"]
