"""The folder a user works in, opened: settings, keys, ledger.

A job gets a `Workspace` and from it the ledger and the keys, made at first need: a dry run, a preview, a check and a
refused send leave no file behind. Raises Refused where keys or ledger cannot be read, made or do not belong together.
"""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter_cli.problems import NotNow, Problem, Refused
from newsletter_cli.tokens import Keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter_cli.config.settings import Settings
    from newsletter_cli.ledger.store import Ledger
    from newsletter_cli.times import Clock

KEY_FILE = "keys"
STATE_FOLDER = ".newsletter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Settings and a clock; the doors to keys and ledger."""

    settings: Settings
    clock: Clock

    @property
    def state_folder(self) -> Path:
        """Where ledger and keys lie: mode 0700, beside newsletter.toml."""
        return self.settings.folder / STATE_FOLDER

    @property
    def newsletter(self) -> str:
        """The newsletter's id."""
        return self.settings.newsletter.id

    def as_mailed(self) -> Workspace:
        """The same, under the id that mails went out with where the settings name none: a new name is no new id."""
        from newsletter_cli.ledger import naming

        if not (self._unnamed and self.has_ledger()):
            return self
        try:
            with self.ledger_as_it_is() as ledger:
                fixed = naming.fixed(ledger.database, self.settings.file) if ledger else ""
        except (Refused, NotNow):  # said by whatever needs the ledger
            return self
        if fixed in {"", self.newsletter}:
            return self
        newsletter = self.settings.newsletter.model_copy(update={"id": fixed})
        return replace(self, settings=self.settings.model_copy(update={"newsletter": newsletter}))

    def require_id(self, ledger: Ledger) -> None:
        """Raise NotNow where mails went out under another id after all: the ledger could not be read at first.

        By this one nobody would be known who had them, or said no to them.
        """
        from newsletter_cli.ledger import naming

        fixed = naming.fixed(ledger.database, self.settings.file) if self._unnamed else ""
        if fixed not in {"", self.newsletter}:
            raise NotNow(f"the ledger says only now that this newsletter goes by the id {fixed!r}", hint="run again")

    @property
    def _unnamed(self) -> bool:
        """Whether the settings leave the id to the ledger. One in a database server may be that of many folders."""
        return "newsletter.id" not in self.settings.origins and self.settings.ledger.url.startswith("sqlite")

    def keys(self) -> Keys | None:
        """Give the two keys: from the environment, else from the key file; None where there are none yet."""
        given = self.settings.ledger_key
        if given is not None:
            return _parse(given.reveal(), where="NEWSLETTER_LEDGER_KEY")
        path = self.state_folder / KEY_FILE
        try:
            text = path.read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            said = getattr(error, "strerror", None) or "no text stands there"
            raise Refused(Problem(text=f"the keys cannot be read: {said}", file=str(path))) from error
        return _parse(text, where=str(path))

    def keys_or_fresh(self) -> Keys:
        """Give the keys, or a fresh pair that only `open_ledger` keeps: a preview or a refused send leaves no file."""
        return self.keys() or Keys.generate(secrets.token_bytes(64))

    def has_ledger(self) -> bool:
        """Whether there is a ledger that may know of earlier mails."""
        url = self.settings.ledger.url
        if not url.startswith("sqlite"):
            return self.keys() is not None
        return (self.settings.folder / url.partition(":///")[2]).exists()

    @contextmanager
    def open_ledger(self, keys: Keys | None = None) -> Iterator[tuple[Ledger, Keys]]:
        """Open the ledger for writing, made where it does not exist, with `keys` (of `keys_or_fresh`) beside it.

        The keys given back are others where another run made them meanwhile: the first one's hold.
        """
        from newsletter_cli.ledger import naming
        from newsletter_cli.ledger.store import Ledger

        kept = self.keys() or self._first_keys(keys)
        ledger = Ledger.open(
            self.settings.ledger.url, folder=self.settings.folder, clock=self.clock, identity=kept.fingerprint
        )
        assert ledger is not None  # create is the default
        try:
            if self._unnamed:
                naming.note(ledger.database, self.settings.file, self.newsletter)
            yield ledger, kept
        finally:
            ledger.close()

    @contextmanager
    def ledger_as_it_is(self) -> Iterator[Ledger | None]:
        """Open the ledger for looking only: no file is made or changed. None where there is none yet."""
        from newsletter_cli.ledger.store import Ledger

        keys = self.keys()
        ledger = None
        if self.has_ledger():
            if keys is None:
                raise Refused(self._keys_lost())
            ledger = Ledger.open(
                self.settings.ledger.url,
                folder=self.settings.folder,
                clock=self.clock,
                identity=keys.fingerprint,
                create=False,
            )
        try:
            yield ledger
        finally:
            if ledger is not None:
                ledger.close()

    def _first_keys(self, keys: Keys | None) -> Keys:
        """Keep `keys`, or give those that another run made a moment ago."""
        if not self.has_ledger():
            fresh = keys or self.keys_or_fresh()
            if _keep(fresh, self.state_folder / KEY_FILE):
                return fresh
        # Keys are made before a ledger: where there is one, they are there by now, or are lost.
        made = self.keys()
        if made is None:
            raise Refused(self._keys_lost())
        return made

    def _keys_lost(self) -> Problem:
        return Problem(
            text="there is a ledger but no key file: without it nobody in the ledger can be recognised",
            file=str(self.state_folder / KEY_FILE),
            hint="restore it from a backup, or set NEWSLETTER_LEDGER_KEY",
        )


def _parse(text: str, *, where: str) -> Keys:
    try:
        return Keys.parse(text)
    except ValueError as error:
        raise Refused(
            Problem(text=f"not a key: {error}", file=where, hint="restore the key file from a backup")
        ) from error


def _keep(keys: Keys, path: Path) -> bool:
    """Write the key file where only its owner can read it; whether that was done: False where there is one.

    It appears whole or not at all, and never replaces another: of two runs that start at once the second one's link
    finds the first one's file and leaves it.
    """
    try:
        path.parent.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
        path.parent.chmod(stat.S_IRWXU)
        # mkstemp gives mode 0600.
        handle, fresh = tempfile.mkstemp(dir=path.parent, prefix=".keys-")
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(keys.text)
                file.flush()
                os.fsync(file.fileno())
            os.link(fresh, path)
        finally:
            Path(fresh).unlink()
    except FileExistsError:
        return False
    except OSError as error:
        raise Refused(
            Problem(
                text=f"the keys cannot be written: {error.strerror}", file=str(path), hint="make the folder writable"
            )
        ) from error
    return True
