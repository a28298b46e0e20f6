"""The id that a newsletter goes by where its settings name none: fixed by the first mail, whatever its name is then.

The id is in tokens, Message-IDs and unsubscribes: under another one nobody would be known again. The ledger notes it
by the place of the settings file, seen from its own, since newsletters of several folders may share a ledger.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from newsletter_cli.ledger import about, campaigns

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from newsletter_cli.ledger.database import Database


def fixed(database: Database, settings_file: Path | None) -> str:
    """The id under which the newsletter of that file was mailed; empty where it was not, or is not noted."""
    with database.reading() as connection:
        return _fixed(connection, _key(database, settings_file))


def note(database: Database, settings_file: Path | None, newsletter: str) -> None:
    """Note the id that it goes by now, unless it was mailed under another."""
    key = _key(database, settings_file)
    with database.reading() as connection:
        noted, mailed = about.read(connection).get(key), _fixed(connection, key)
    if noted != newsletter and not mailed:
        with database.writing() as connection:
            about.put(connection, key, newsletter)


def _fixed(connection: Connection, key: str) -> str:
    noted = about.read(connection).get(key, "")
    mailed = noted and any(
        campaigns.was_mailed(connection, campaign) for campaign in campaigns.all_of(connection, noted)
    )
    return noted if mailed else ""


def _key(database: Database, settings_file: Path | None) -> str:
    if settings_file is None or database.path is None:
        return "newsletter"
    # Not as an absolute path: the folder may be moved with its ledger.
    return f"newsletter of {os.path.relpath(settings_file.resolve(), database.path.resolve().parent)}"
