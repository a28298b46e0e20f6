"""`newsletter serve`: the way out (RFC 8058) and the web archive, as long as it runs.

The `Office` is what the server asks: tokens are read with the keys beside the ledger, an unsubscribe is one short
transaction that also stops a sender at work, and the sender's lock is never needed. Keys that were rotated meanwhile
are read again. Raises Refused where keys or ledger cannot be opened, or the port is taken.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from newsletter_cli import addresses, tokens
from newsletter_cli.jobs.shelf import Shelf
from newsletter_cli.jobs.workspace import KEY_FILE
from newsletter_cli.ledger.model import Suppression, SuppressionReason
from newsletter_cli.problems import Problem, Refused, Severity
from newsletter_cli.web.unsubscribe import UNDO_WITHIN, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from newsletter_cli.config.settings import Settings
    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.ledger.store import Ledger
    from newsletter_cli.tokens import Keys
    from newsletter_cli.web.archive import Entry, Places
    from newsletter_cli.web.server import Address, Server

SOURCE = "one-click"


class Office:
    """What the server asks of keys, ledger and posts. Called from several threads."""

    def __init__(self, workspace: Workspace, ledger: Ledger, keys: Keys) -> None:
        self._workspace = workspace
        self._ledger = ledger
        self._keys = keys
        self._stamp = self._key_stamp()
        self._shelf = Shelf(workspace, ledger)

    def person(self, token: str) -> bytes | None:
        """Whose a token is; None for what is none of ours, and for those of test mails, which are nobody's."""
        try:
            person = tokens.read(self._keys, token)
        except tokens.TokenError:
            if not self._read_keys_again():
                return None
            try:
                person = tokens.read(self._keys, token)
            except tokens.TokenError:
                return None
        return None if person == tokens.NOBODY else person

    def standing(self, person: bytes) -> Standing:
        """How a person stands, with the address as a public page may show it."""
        found = self._ledger.suppressions.get(person)
        return Standing(
            address=_masked(self._recipient(person)[1]),
            since=found.since if found else None,
            undoable=found is None or found.reason is SuppressionReason.UNSUBSCRIBE,
        )

    def unsubscribe(self, person: bytes) -> bool:
        """Record it, also of somebody whom no campaign here knows: the signature says that they got a mail."""
        if self._ledger.suppressions.is_suppressed(person):
            return False  # a used link costs no write
        newsletter, email = self._recipient(person)
        return bool(
            self._ledger.suppressions.add(
                Suppression(
                    who=person,
                    newsletter=newsletter,
                    email=email,
                    reason=SuppressionReason.UNSUBSCRIBE,
                    source=SOURCE,
                    since=self._workspace.clock.now(),
                )
            )
        )

    def undo(self, person: bytes) -> bool:
        """Take an unsubscribe back, where it is young enough."""
        since = self._workspace.clock.now() - UNDO_WITHIN
        return bool(self._ledger.suppressions.remove(person, reason=SuppressionReason.UNSUBSCRIBE, after=since))

    def entries(self) -> Sequence[Entry]:
        """The posts of the archive, newest first."""
        return self._shelf.entries()

    def page(self, entry: Entry, places: Places) -> tuple[str, str]:
        """The page of a post, and the part for the feed."""
        made = self._shelf.page(entry, places)
        return (made.html, made.body) if made else ("", "")

    def picture(self, entry: Entry, places: Places, cid: str) -> tuple[str, bytes] | None:
        """A picture of a post."""
        made = self._shelf.page(entry, places)
        return made.pictures.get(cid) if made else None

    def healthy(self) -> None:
        """Read from the ledger."""
        self._ledger.suppressions.is_suppressed(tokens.NOBODY)

    def _recipient(self, person: bytes) -> tuple[str, str]:
        """The newsletter that a person was mailed for last, and the address; this one and none where not known."""
        row = self._ledger.find_recipient(person=person)
        if row is None:
            return self._workspace.newsletter, ""
        return self._ledger.campaign(row.campaign).newsletter, row.email

    def _key_stamp(self) -> tuple[int, int, int] | None:
        try:
            about = (self._workspace.state_folder / KEY_FILE).stat()
        except OSError:
            return None
        return about.st_mtime_ns, about.st_size, about.st_ino

    def _read_keys_again(self) -> bool:
        """Take up keys that were rotated while this runs; whether there are any."""
        stamp = self._key_stamp()
        if stamp == self._stamp:
            return False
        fresh = self._workspace.keys()
        if fresh is None or fresh.fingerprint != self._keys.fingerprint:
            return False
        self._keys, self._stamp = fresh, stamp
        return True


def warnings(settings: Settings, *, archive: bool) -> tuple[Problem, ...]:
    """What is probably not meant. Raises Refused where there is nothing to serve."""
    if settings.unsubscribe.url:
        return ()
    said = "there is no way out to serve: [unsubscribe] url is not set"
    hint = 'set it, as url = "https://example.com/u/{token}"'
    if not archive:
        raise Refused(Problem(text=said, hint=hint, code="serve-nothing"))
    return (Problem(text=f"{said}; only the archive is served", hint=hint, severity=Severity.WARNING),)


@contextmanager
def serving(
    workspace: Workspace,
    address: Address,
    *,
    prefix: str = "",
    forwarded: bool = False,
    archive: bool = True,
    log: Callable[[dict[str, object]], None],
) -> Iterator[Server]:
    """A server that listens, not yet answering; the ledger stays open as long."""
    from newsletter_cli.web.server import About, Server

    settings = workspace.settings
    about = About(
        name=settings.newsletter.name,
        language=settings.newsletter.language,
        door_url=settings.unsubscribe.url,
        post_url=settings.newsletter.post_url,
        prefix=prefix.rstrip("/"),
        forwarded=forwarded,
        archive=archive,
    )
    with workspace.open_ledger() as (ledger, keys):
        office = Office(workspace, ledger, keys)
        try:
            server = Server(office, about, address, clock=workspace.clock, log=log)
        except (OSError, OverflowError) as error:
            where = str(address.path) if address.path else f"port {address.port} of {address.host}"
            problem = Problem(text=f"cannot listen on {where}: {error}", hint="take another, or end what holds it")
            raise Refused(problem) from error
        yield server


def _masked(email: str) -> str:
    try:
        return addresses.masked(addresses.parse(email)) if email else ""
    except addresses.AddressError:
        return ""
