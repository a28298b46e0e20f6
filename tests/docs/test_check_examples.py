"""The pre-commit hook and the workflow for pull requests do what docs/preview-and-check.md says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.folder import POST, SETTINGS

ROOT = Path(__file__).parents[2]


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A newsletter with a branch on which one post was mended, one was broken and a README changed."""
    (tmp_path / "posts").mkdir()
    (tmp_path / "newsletter.toml").write_text(SETTINGS.format(port=1) + '\n[list]\nfiles = ["elsewhere.csv"]\n')
    for name in ("one", "two words", "three"):
        (tmp_path / "posts" / f"{name}.md").write_text(
            POST.replace("1001.hello", name).replace("2024-01-02", "2024-01-0" + str(len(name)))
        )
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    git(tmp_path, "update-ref", "refs/remotes/origin/main", "HEAD")
    for name, more in {
        "posts/one.md": "Mended.\n",
        "posts/two words.md": "\n![x](missing.png)\n",
        "README.md": "# x\n",
    }.items():
        with (tmp_path / name).open("a") as file:
            file.write(more)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "second")
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def newsletter_on_the_path(folder: Path) -> dict[str, str]:
    """An environment in which `newsletter` is this checkout."""
    tools = folder / ".tools"
    tools.mkdir()
    command = tools / "newsletter"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m newsletter_cli "$@"\n')
    command.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NEWSLETTER_", "GITHUB_"))}
    return {**kept, "PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "HOME": str(folder)}


def test_the_hook_runs_check_on_posts_alone() -> None:
    (hook,) = read(".pre-commit-hooks.yaml")
    assert hook["entry"] == "newsletter check --no-list"
    page = (ROOT / "docs" / "preview-and-check.md").read_text(encoding="utf-8")
    assert f"- id: {hook['id']}" in page

    def chosen(path: str) -> bool:
        return bool(re.search(hook["files"], path)) and not re.search(hook["exclude"], path)

    assert chosen("posts/2026-01-02-x.md")
    assert chosen("letters/posts/deep/x.md")
    for path in ("README.md", "posts/README.md", "posts/_draft.md", "docs/x.md", "posts/x.png", "myposts/x.md"):
        assert not chosen(path), path


def test_the_workflow_checks_the_posts_that_a_pull_request_touches(repository: Path) -> None:
    workflow = read("docs/ci/check-posts.yml")
    steps = workflow["jobs"]["check"]["steps"]
    for step in steps:
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", step["uses"]), step["uses"]
    assert workflow["permissions"] == {"contents": "read"}
    environment = {**newsletter_on_the_path(repository), "GITHUB_BASE_REF": "main"}
    ran = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", steps[-1]["run"]],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode != 0
    assert ran.stderr == ""
    marked = [line for line in ran.stdout.splitlines() if line.startswith("::error")]
    assert len(marked) == 1
    assert marked[0].startswith("::error file=posts/two words.md,line=9::the image missing.png")
    assert "three.md" not in ran.stdout
    assert "README" not in ran.stdout
