"""The id that a newsletter goes by where its settings name none: fixed by the first mail, whatever its name is then.

The id is in tokens, Message-IDs and unsubscribes: under another one nobody would be known again. The ledger notes it
by the settings file, since several newsletters may share a ledger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter_cli.ledger import about, campaigns

if TYPE_CHECKING:
    from newsletter_cli.ledger.database import Database


def fixed(database: Database, settings_file: str) -> str:
    """The id under which the newsletter of that file was mailed; empty where it was not, or is not noted."""
    with database.reading() as connection:
        noted = about.read(connection).get(_key(settings_file), "")
        mailed = noted and any(
            campaigns.was_mailed(connection, campaign) for campaign in campaigns.all_of(connection, noted)
        )
    return noted if mailed else ""


def note(database: Database, settings_file: str, newsletter: str) -> None:
    """Note the id that it goes by now."""
    with database.reading() as connection:
        noted = about.read(connection).get(_key(settings_file))
    if noted != newsletter:
        with database.writing() as connection:
            about.put(connection, _key(settings_file), newsletter)


def _key(settings_file: str) -> str:
    return f"newsletter of {settings_file}"
