"""`newsletter ledger export|import|backup FILE`: the record as text for machines without a lasting disk, or a copy."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from newsletter_cli import files
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter_cli.jobs.workspace import Workspace

EXPORT_BEGINS = b"newsletter-ledger "


def export(workspace: Workspace) -> bytes:
    """The record as sorted lines of keyed hashes. Raises Refused where there is none, NotNow beside a sender."""
    from newsletter_cli.ledger import transfer

    _require(workspace)
    with workspace.open_ledger() as (ledger, _):
        return "".join(f"{line}\n" for line in transfer.export(ledger)).encode()


def import_(workspace: Workspace, path: Path) -> str:
    """Fill an empty ledger with an export; all of it or nothing. Gives what to say."""
    from newsletter_cli.ledger import transfer

    lines = files.decode(files.read_bytes(path, what="the export")).text.splitlines()
    if workspace.keys() is None:
        raise Refused(
            Problem(
                text="there are no keys here, and without the ledger's own nobody in the export can be recognised",
                file=str(path),
                hint=f"put the key file into {workspace.state_folder}, or set NEWSLETTER_LEDGER_KEY",
            )
        )
    with workspace.open_ledger() as (ledger, _):
        transfer.load(ledger, lines, file=str(path))
        return f"{path}: imported as ledger {ledger.ledger_id}"


def backup(workspace: Workspace, path: Path) -> str:
    """Write a consistent copy of the ledger to `path` and the keys beside it as ``path.keys``. Gives what to say."""
    _require(workspace)
    keys_path = path.with_name(path.name + ".keys")
    for target in (path, keys_path):
        if target.exists():
            raise Refused(Problem(text="it exists already", file=str(target), hint="give another name"))
    with workspace.open_ledger() as (ledger, keys):
        ledger.backup(path)
        handle = os.open(keys_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(keys.text)
    return f"{path} and {keys_path}: keep both, and keep them secret"


def _require(workspace: Workspace) -> None:
    if not workspace.has_ledger():
        raise Refused(Problem(text="there is no ledger here: nothing was sent yet", file=str(workspace.state_folder)))
