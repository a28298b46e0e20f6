"""A newsletter's folder to measure the whole program in: settings, a post of 39 kB as a mail, lists of any length."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = """\
[newsletter]
id = "letter"
name = "The Letter"
from = "The Letter <letter@example.com>"
postal_address = "1 Main St, 12345 Town"
timezone = "UTC"

[unsubscribe]
url = "https://example.com/u/{{token}}"

[bounces]
return_path = "bounces+{{token}}@example.com"

[smtp]
host = "127.0.0.1"
port = {port}
security = "{security}"
{more}
"""
HEAD = '---\ntitle: "The letter of this week"\ndate: 2024-01-02\npost_id: 1001.hello\n---\n'
# As posts are written: dashes and quotes are none of ASCII's.
LINE = "A line of a post that is long enough, with — now and then — a dash or “two”, and an é, it’s said. "
PARAGRAPHS = 46  # of two such lines: a mail of 39 kB in its two parts
# Without PYTHONDONTWRITEBYTECODE: an installed program has its modules compiled.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {
    "PYTHONPATH": str(Path(__file__).parents[1])
}


@dataclass(frozen=True)
class Folder:
    """`path` holds newsletter.toml and letter.md."""

    path: Path

    def write(self, port: int, *, connections: int = 4, security: str = "none", more: str = "") -> None:
        """Settings for this sink, a post that was never sent, no ledger."""
        smtp = f"connections = {connections}\n{more}"
        (self.path / "newsletter.toml").write_text(SETTINGS.format(port=port, security=security, more=smtp))
        (self.path / "letter.md").write_text(HEAD + f"{LINE}{LINE}\n\n" * PARAGRAPHS, encoding="utf-8")
        for old in (self.path / ".newsletter").glob("*"):
            old.unlink()

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "newsletter_cli", *arguments]

    def newsletter(self, *arguments: str) -> bytes:
        """Run the program here; gives its standard output."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.path,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode not in (0, 75):
            raise RuntimeError(done.stderr.decode())
        return done.stdout

    def list_of(self, rows: int) -> str:
        """A list of so many addresses in no order; gives its name."""
        path = self.path / f"list{rows}.csv"
        if not path.exists():
            with path.open("w") as text:
                text.writelines(_lines(rows))
        return path.name


def _lines(rows: int) -> Iterator[str]:
    yield "email,name\n"
    for number in range(rows):
        yield f"reader{number * 2_654_435_761 % 2**32:x}@d{number % 5000}.example.com,Reader {number}\n"
