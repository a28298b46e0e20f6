"""The documentation names what there is, all of it, and nothing else."""

from __future__ import annotations

import importlib.util
import itertools
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main

from newsletter_cli import __version__
from newsletter_cli.cli.app import app
from newsletter_cli.config.settings import SECTIONS, TABLES, keys

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def reference() -> Any:
    spec = importlib.util.spec_from_file_location("reference", DOCS / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def command_paths() -> set[str]:
    return {path for path, _ in reference().commands(typer.main.get_command(app))}


def test_the_page_of_commands_is_current() -> None:
    assert text(DOCS / "cli.md") == reference().page(), "run `make docs`"


def test_every_command_is_explained() -> None:
    for path, help_text in reference().commands(typer.main.get_command(app)):
        usage, about = help_text.split("\n\n")[:2]
        assert usage.startswith("Usage: ")
        assert about.endswith("."), f"{path} has no sentence that says what it does"


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_is_documented(section: str) -> None:
    part = text(DOCS / "configuration.md").partition(f"\n## [{section}]\n")[2].partition("\n## ")[0]
    rows = {row[1]: row[0] for row in re.findall(r"^(\| `(\w+)` \|.*)$", part, re.MULTILINE)}
    in_file = [key for key in keys(section) if key != "password"]  # that one never stands in a file
    assert list(rows) == in_file
    for key, row in rows.items():
        if section != "dkim":  # a list: no variables
            assert f"`NEWSLETTER_{section.upper()}_{key.upper()}`" in row


def test_open_sections_are_documented() -> None:
    page = text(DOCS / "configuration.md")
    for section in TABLES:
        assert f"\n## [{section}]\n" in page


def test_every_key_of_a_theme_is_documented() -> None:
    from newsletter_cli.rendering.theme import _KEYS

    part = text(DOCS / "configuration.md").partition("\n## [theme]\n")[2].partition("\n## ")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)) == _KEYS


def test_the_defaults_in_the_documentation_are_those_in_force() -> None:
    from newsletter_cli.times import format_duration

    page = text(DOCS / "configuration.md")
    for section, model in SECTIONS.items():
        part = page.partition(f"\n## [{section}]\n")[2].partition("\n## ")[0]
        for name, field in model.model_fields.items():
            default = field.default
            said = re.search(rf"^\| `{field.alias or name}` \| `([^`|]+)` \|", part, re.MULTILINE)
            if said is None or said[1] == "username@host":
                continue
            if isinstance(default, bool):
                assert said[1] == str(default).lower()
            elif isinstance(default, (str, int)) and not said[1].endswith("B"):
                assert said[1] == str(default)
            elif hasattr(default, "total_seconds"):
                assert said[1] == format_duration(default).replace("2d", "48h")


def test_every_command_named_in_the_documentation_exists() -> None:
    known = command_paths()
    for page in PAGES:
        if page.name == "cli.md":  # generated from the commands themselves
            continue
        for command, sub in re.findall(r"\bnewsletter ([a-z]+)(?: ([a-z]+))?", _code(text(page))):
            path = f"newsletter {command}"
            group = any(other.startswith(f"{path} ") for other in known)
            assert path in known, f"{page.name} names {path!r}, which is not there"
            if group and sub:
                assert f"{path} {sub}" in known, f"{page.name} names '{path} {sub}', which is not there"


def _code(page: str) -> str:
    """What stands in code: blocks and spans."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", page, re.DOTALL))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", text(page)):
        path, _, anchor = next(filter(None, target)).partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        aim = page if not path else page.parent / path
        assert aim.exists(), f"{page.name} links to {path}, which is not there"
        if anchor and aim.suffix == ".md":
            assert anchor in {_anchor(heading) for heading in re.findall(r"^#+ (.+)$", text(aim), re.MULTILINE)}


def _anchor(heading: str) -> str:
    """The name that a heading has on a forge."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_decision_is_listed() -> None:
    listed = text(DOCS / "decisions" / "README.md")
    for page in (DOCS / "decisions").glob("0*.md"):
        assert f"]({page.name})" in listed
        assert all(part in text(page) for part in ("**Situation.**", "**Choice.**", "**What it costs.**"))


def test_every_licence_is_named() -> None:
    project = tomllib.loads(text(ROOT / "pyproject.toml"))["project"]
    required = list(itertools.chain(project["dependencies"], *project["optional-dependencies"].values()))
    page = text(DOCS / "licences.md").lower()
    for entry in required:
        name = re.match(r"[A-Za-z0-9._-]+", entry)
        assert name is not None
        assert re.search(rf"\b{re.escape(name[0].lower())}\b", page), f"{name[0]} is not in docs/licences.md"


def test_every_room_is_on_the_map() -> None:
    page = text(DOCS / "rooms.md")
    for room in (ROOT / "newsletter_cli").iterdir():
        if room.name not in {"__init__.py", "__pycache__", "py.typed"}:
            assert f"`{room.stem}`" in page, f"{room.name} is not in docs/rooms.md"


def test_every_path_on_the_map_exists() -> None:
    for path in re.findall(r"`([\w./]+/[\w./]+)`", text(DOCS / "rooms.md")):
        if "NAME" not in path:
            places = [base / name for base in (ROOT, ROOT / "newsletter_cli") for name in (path, f"{path}.py")]
            assert any(place.exists() for place in places), f"docs/rooms.md names {path}, which is not there"


def test_the_changelog_knows_this_version() -> None:
    assert f"## [{__version__}]" in text(ROOT / "CHANGELOG.md")


def test_the_map_in_the_package_is_the_contract() -> None:
    import newsletter_cli

    contract = text(ROOT / ".importlinter").partition("layers =\n")[2].partition("\nexhaustive")[0]
    layers = [[room.strip() for room in line.split("|")] for line in contract.splitlines()]
    assert newsletter_cli.__doc__ is not None
    drawn = re.findall(r"^    (\S+(?: \| \S+)*)(?:  |$)", newsletter_cli.__doc__, re.MULTILINE)
    assert [[room.strip() for room in line.split("|")] for line in drawn] == layers
