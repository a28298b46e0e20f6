"""Write docs/cli.md: the help of every command, in the order of `newsletter --help`, and the table of exit codes.

`make docs` writes the page; a test compares it with what `page` gives.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer.main

from newsletter_cli.cli.app import app
from newsletter_cli.cli.exits import MEANING

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parent / "cli.md"
WIDTH = 100  # of the help texts: a page of a web browser, not of whoever runs this

HEAD = """\
# Commands

This page is generated from the commands (`make docs`). `newsletter COMMAND --help` prints the same on your terminal.

"""


def commands(command: Any, context: Any = None, name: str = "newsletter") -> Iterator[tuple[str, str]]:
    """Every command with its help, depth first, in the order of the tree."""
    here = typer.Context(
        command, info_name=name, parent=context, terminal_width=WIDTH, help_option_names=["-h", "--help"]
    )
    yield here.command_path, here.get_help()
    for child, below in getattr(command, "commands", {}).items():
        yield from commands(below, here, child)


def page() -> str:
    """The whole page."""
    found = list(commands(typer.main.get_command(app)))
    contents = "".join(f"* [`{path}`](#{path.replace(' ', '-')})\n" for path, _ in found)
    parts = [f"## {path}\n\n```\n{text.rstrip()}\n```\n\n" for path, text in found]
    codes = "".join(f"| {code.value} | {meaning} |\n" for code, meaning in MEANING.items())
    about = "Where several hold, within one send and over the posts of `run`: 130/143, then 3, 75, 4, 1."
    return (
        f"{HEAD}{contents}* [Exit codes](#exit-codes)\n\n{''.join(parts)}"
        f"## Exit codes\n\n| code | meaning |\n| --- | --- |\n{codes}\n{about}\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
