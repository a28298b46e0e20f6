"""A mailbox on an IMAP server, over TLS (RFC 8314 §3.2), by UID, read-only (EXAMINE, RFC 9051 §6.3.3).

Thin: connects, lists, fetches. Where it stopped is a bookmark ``UIDVALIDITY:UID`` (RFC 9051 §2.3.1.1); another
UIDVALIDITY means that the server numbered its messages anew, and all are read again. Raises NotNow where the server is
away or refuses the login, Refused where the address of the mailbox is none.
"""

from __future__ import annotations

import base64
import imaplib
import re
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from newsletter_cli.feedback.mailboxes import MAX_OCTETS, Item
from newsletter_cli.problems import NotNow, Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 993
_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Imap:
    """One mailbox. Certificates are judged by the machine's authorities; SSL_CERT_FILE is honoured."""

    name: str
    host: str
    user: str
    password: str = field(repr=False)
    token: str = field(default="", repr=False)  # an OAuth 2 access token, in place of the password
    port: int = PORT
    folder: str = "INBOX"

    def items(self, bookmark: str) -> Iterator[Item]:
        """The messages behind the bookmark, oldest first."""
        try:
            with imaplib.IMAP4_SSL(
                self.host,
                self.port,
                ssl_context=ssl.create_default_context(),
                timeout=_TIMEOUT_S,
            ) as server:
                yield from self._read(server, bookmark)
        except imaplib.IMAP4.error as error:
            raise NotNow(f"{self.name}: the IMAP server refused: {error}", hint="run again later") from error
        except OSError as error:  # TLS errors are OSErrors
            raise NotNow(f"{self.name}: the IMAP server cannot be reached: {error}", hint="run again later") from error

    def _read(self, server: imaplib.IMAP4_SSL, bookmark: str) -> Iterator[Item]:
        try:
            self._login(server)
        except (imaplib.IMAP4.error, UnicodeEncodeError) as error:
            raise NotNow(
                f"{self.name}: the IMAP server refused the login of {self.user}",
                hint="look at password_command or token_command under [bounces], or NEWSLETTER_BOUNCES_PASSWORD",
            ) from error
        _done(server.select(_quoted(self.folder), readonly=True), f"there is no mailbox {self.folder}")
        validity = _number(server.response("UIDVALIDITY"))
        known, _, last = bookmark.partition(":")
        after = int(last) if known == str(validity) and last.isdigit() else 0
        # "n:*" always holds the last message, also where its number is below n.
        found = _done(server.uid("SEARCH", f"UID {after + 1}:*"), "the search failed")
        for uid in sorted(int(number) for number in b" ".join(filter(None, found)).split() if int(number) > after):
            data = _fetched(server.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{MAX_OCTETS}>)"))
            if data is not None:  # None: gone meanwhile
                yield Item(f"{self.name};uid={uid}", data, f"{validity}:{uid}")

    def _login(self, server: imaplib.IMAP4_SSL) -> None:
        """AUTHENTICATE PLAIN (RFC 4616) where it is offered: LOGIN takes ASCII alone, and imaplib quotes no user.

        With a token XOAUTH2, as Google and Microsoft describe it. A refusal is a challenge of its own there, with the
        error as JSON, which wants an empty answer before the server says NO.
        """
        if self.token:
            said = iter([f"user={self.user}\x01auth=Bearer {self.token}\x01\x01".encode()])
            server.authenticate("XOAUTH2", lambda _: next(said, b""))
        elif "AUTH=PLAIN" in server.capabilities:
            server.authenticate("PLAIN", lambda _: f"\0{self.user}\0{self.password}".encode())
        else:
            server.login(_string(self.user), self.password)


def from_url(url: str, password: str = "", token: str = "") -> Imap:
    """Read ``imaps://user@host:port/INBOX``. Raises Refused where it is none, or with neither password nor token."""
    shown = re.sub(r"(?<=://)([^/@:]*):[^/@]*@", r"\1@", url)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORT
    except ValueError as error:
        raise _refused(shown, f"it is no address of a mailbox: {error}") from error
    if parts.scheme != "imaps":
        raise _refused(shown, "a mailbox on a server is read over TLS alone", hint="write imaps://user@host/INBOX")
    user = unquote(parts.username or "")
    secret = unquote(parts.password or "") or password
    if not host or not user:
        raise _refused(shown, "it names no server or no user", hint="write imaps://user@host/INBOX")
    if not secret and not token:
        hint = "set password_command or token_command under [bounces], or NEWSLETTER_BOUNCES_PASSWORD"
        raise _refused(shown, "there is no password for this mailbox", hint=hint)
    folder = unquote(parts.path.lstrip("/")) or "INBOX"
    return Imap(name=shown, host=host, port=port, user=user, password=secret, token=token, folder=folder)


def _refused(name: str, text: str, *, hint: str = "") -> Refused:
    return Refused(Problem(text=text, file=name, hint=hint, code="bounces-mailbox"))


def _quoted(folder: str) -> str:
    """A mailbox's name on the wire: modified UTF-7 (RFC 3501 §5.1.3), quoted."""
    coded = re.sub(
        "&|[^\x20-\x7e]+",
        lambda run: "&-" if run[0] == "&" else f"&{_base64(run[0])}-",
        folder,
    )
    return _string(coded)


def _string(text: str) -> str:
    """A quoted string (RFC 9051 §4.3)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-16-be")).decode().rstrip("=").replace("/", ",")


def _done(answer: tuple[str, Any], otherwise: str) -> list[Any]:
    """What a command gave. Raises imaplib's error where the server said no."""
    kind, data = answer
    if kind != "OK":
        said = b" ".join(part for part in data if isinstance(part, bytes)).decode("utf-8", "replace")
        raise imaplib.IMAP4.error(f"{otherwise}: {said}")
    return list(data)


def _number(answer: tuple[str, Any]) -> int:
    _, data = answer
    return int(data[0]) if data and data[0] and data[0].isdigit() else 0


def _fetched(answer: tuple[str, Any]) -> bytes | None:
    return next((part[1] for part in _done(answer, "the fetch failed") if isinstance(part, tuple)), None)
