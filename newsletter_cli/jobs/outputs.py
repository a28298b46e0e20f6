"""Where a result may be written: never over a file of the person's own, and whole or not at all.

`claim` raises UsageError, before anything is done, where an output is a file that is read here or that a person wrote:
the post and its text part, a list, the settings, ledger, keys, any post beside it, or a file in which something else
stands than what is to be written. `require_same` does for what has no sign of its own. `write` leaves either the old
file or the new one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter_cli import files
from newsletter_cli.jobs.workspace import KEY_FILE, STATE_FOLDER
from newsletter_cli.problems import Problem, Refused, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from newsletter_cli.config.settings import Settings

_POSTS = frozenset({".md", ".markdown", ".mdown", ".mkd"})
_TABLES = frozenset({".csv", ".tsv", ".tab", ".json", ".jsonl"})
_STANDARD = "-"
_LONGEST_LINE = 100_000
# What SQLite keeps beside a database (https://sqlite.org/tempfiles.html).
_BESIDE_LEDGER = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Output:
    """A place for a result, looked at by `claim`. `path` is None for standard output."""

    path: Path | None


def claim(
    path: Path | None,
    settings: Settings,
    *,
    post: Path | None = None,
    lists: Iterable[Path] = (),
    begins: bytes | None = None,
    ends: bytes = b"",
    option: str = "",
) -> Output:
    """The place that `path` names; None and `-` are standard output. Raises UsageError where it may not be written.

    `option`: what is written beside a report, which has standard output for itself.

    `post` and `lists` are what the command reads; `-` among them is standard input. A file that exists must begin as
    what is written there does, with `begins`; b"" takes any. None: no table is written, so none that exists may go.
    With `ends` its first line must end so.
    """
    if option and str(path) == _STANDARD:
        raise UsageError(f"{option} -: the report stands on standard output; name a file")
    if path is None or str(path) == _STANDARD:
        return Output(None)
    for what, mine in _owned(settings, post, lists):
        if _same(path, mine):
            raise UsageError(f"{path}: that is {what}, which would be overwritten; name another file")
    if path.is_file():
        what = _held(path, begins, ends)
        if what:
            raise UsageError(f"{path}: {what}, which would be overwritten; name another file")
    return Output(path)


def require_same(output: Output, data: bytes) -> None:
    """Raise UsageError where a file stands there that holds anything but `data`.

    Of a plain list nobody can tell whether it was written here or by hand.
    """
    path = output.path
    if path is None or not path.is_file():
        return
    try:
        held = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: it cannot be read: {error.strerror}") from error
    if held and held != data:
        raise UsageError(f"{path}: it holds another list, which would be overwritten; name another file, or --force")


def write(path: Path, data: bytes) -> None:
    """Write a result, whole or not at all. What is no file (a device, a pipe) is written to. Raises Refused."""
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            files.replace(path, data)
    except OSError as error:
        raise Refused(Problem(text=f"it cannot be written: {error.strerror or error}", file=str(path))) from error


def _owned(settings: Settings, post: Path | None, lists: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """The files that are never an output, each with what it is."""
    if post is not None:
        yield "the post", post
        yield "the post's text part", post.with_suffix(".txt")
    for name in lists:
        yield "a list that is read", Path("/dev/stdin") if str(name) == _STANDARD else name
    for given in settings.list.files:
        yield "a list of the settings", settings.resolve(given)
    if settings.file is not None:
        yield "the settings file", settings.file
    yield "the key file", settings.folder / STATE_FOLDER / KEY_FILE
    if settings.ledger.url.startswith("sqlite"):
        ledger = settings.resolve(settings.ledger.url.partition(":///")[2])
        for ending in _BESIDE_LEDGER:
            yield "the ledger", ledger.with_name(ledger.name + ending)
    for key in settings.dkim:
        yield "a DKIM key", settings.resolve(key.private_key)
    for heard in (settings.unsubscribe.log, settings.bounces.mailbox):
        if heard and "://" not in heard:
            yield "a file that is read before every send", settings.resolve(heard)


def _same(one: Path, other: Path) -> bool:
    """Whether two names are one file, through links; one that is not there yet is told by its name."""
    try:
        return one.samefile(other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


def _held(path: Path, begins: bytes | None, ends: bytes) -> str:
    """What a file holds that an output may not take the place of; empty where it may."""
    # The file itself says what it is, whatever link leads to it.
    ending = path.resolve().suffix.lower()
    if ending in _POSTS:
        return "that is a Markdown file"
    if begins is None:
        return "that is a table" if ending in _TABLES else ""
    try:
        with path.open("rb") as file:
            head = file.read(len(begins))
            line = head + file.readline(_LONGEST_LINE)
    except OSError:  # what cannot be read can perhaps be replaced; that is for `write` to find out
        return ""
    if not line or (head == begins and line.rstrip(b"\r\n").endswith(ends)):
        return ""
    return "it holds something else than what is written here"
