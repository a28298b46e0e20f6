"""Header fields as bytes: encoded words, folding, mailboxes, List-*.

Pure, and our own, because no policy of `email` gets all of it right: it turns a long List-Unsubscribe into encoded
words, which breaks one-click (cpython 85725), and folds differently from version to version. Here the bytes depend on
the arguments alone.

* A field is given without its last CRLF; folded lines begin with one space; none is blank (RFC 5322 §3.2.2).
* Lines are at most 76 characters, but for what cannot be folded: an address, a URL, a fixed extra value.
* Encoded words are at most 75 characters, whole characters each, and stand only in the Subject, in display names and
  in extra fields: never in an address, never in List-* (RFC 2047 §5).
* What comes from posts and lists goes through `plain`, so no value can end its line.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter_cli.addresses import Address, Mailbox

LINE = 76  # RFC 2047 §2: a line that holds an encoded word
WORD = 75
HARD_LIMIT = 998  # RFC 5322 §2.1.1
_FRAME = len("=?utf-8?q??=")

# C0, DEL, C1, the two Unicode line ends. By number, not by category: those change with the Python version.
_CONTROLS = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029]+")
# RFC 2047 §5 (3): what Q leaves bare in a phrase, the strictest place; a space becomes "_".
_Q_SHORT = b" ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/"
_Q_LONG = re.compile(r"[^ A-Za-z0-9!*+/-]")
_Q_CONTINUED = frozenset({"=8", "=9", "=A", "=B"})  # the octet goes on with a character begun before (RFC 3629 §3)
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+\Z")
# RFC 3986 §2: what may stand in a URL; everything else is percent-encoded. Brackets only hold IPv6 literals.
_NOT_IN_URL = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]")


def plain(text: str) -> str:
    """`text` as one line: runs of controls and spaces become one space, none at the ends, no lone surrogate."""
    if text.isascii() and text.isprintable() and "  " not in text and text == text.strip():
        return text
    return _CONTROLS.sub(" ", text.encode("utf-8", "replace").decode()).strip()


def unstructured(name: str, text: str) -> bytes:
    """A field of free text, such as the Subject; an independent reader gets `plain(text)` back."""
    text = plain(text)
    if _may_stand_raw(text, LINE - len(name) - 2):
        return _fold(f"{name}:", text).encode()
    lines = encoded_words(text, len(name) + 2)
    return f"{name}: {lines}".encode()


def encoded_words(text: str, column: int) -> str:
    """`text` as a folded run of encoded words (RFC 2047 §2), the first of which stands at `column`.

    Behind a long name, where not even one character would fit, it begins with a fold.
    """
    start = ""
    if column + _FRAME + len("=F0=9F=98=80") > LINE:
        start, column = "\r\n ", 1
    octets = text.encode()
    # Whichever is shorter; a Q word costs two characters more for each octet that does not stand bare.
    if len(octets) + 2 * len(octets.translate(None, _Q_SHORT)) <= (len(octets) + 2) // 3 * 4:
        spelled = _Q_LONG.sub(lambda match: f"={ord(match[0]):02X}", octets.decode("latin-1")).replace(" ", "_")
        words = _cut_q(spelled, column)
    else:
        words = _cut_b(octets, column)
    return start + "\r\n ".join(words)


def _cut_q(spelled: str, column: int) -> Iterator[str]:
    room = min(WORD, LINE - column) - _FRAME
    while spelled:
        cut = room
        if len(spelled) > room:
            escape = spelled.rfind("=", cut - 2, cut)
            cut = cut if escape == -1 else escape
            while spelled[cut : cut + 2] in _Q_CONTINUED:
                cut -= 3
        yield f"=?utf-8?q?{spelled[:cut]}?="
        spelled = spelled[cut:]
        room = WORD - _FRAME


def _cut_b(octets: bytes, column: int) -> Iterator[str]:
    room = (min(WORD, LINE - column) - _FRAME) // 4 * 3
    while octets:
        cut = room
        while len(octets) > cut and octets[cut] & 0xC0 == 0x80:
            cut -= 1
        yield f"=?utf-8?b?{base64.b64encode(octets[:cut]).decode()}?="
        octets = octets[cut:]
        room = (WORD - _FRAME) // 4 * 3


def mailbox(name: str, box: Mailbox) -> bytes:
    """An address field: ``From: The Letter <letter@example.com>``."""
    shown = plain(box.name)
    if not shown:
        return f"{name}: {box.address}".encode()
    start = f"{name}: {phrase(shown, len(name) + 2)}"
    address = f"<{box.address}>"
    column = len(start) - start.rfind("\n") - 1
    gap = " " if column + 1 + len(address) <= LINE else "\r\n "
    return f"{start}{gap}{address}".encode()


def phrase(text: str, column: int) -> str:
    """A display name (RFC 5322 §3.2.5): bare where it is atoms, quoted where it is short ASCII, else encoded words."""
    text = plain(text)
    bare = quoted = text
    if not _ATOMS.match(text):
        bare = quoted = '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
    if text.isascii() and "=?" not in text and column + len(quoted) <= LINE:
        return bare
    return encoded_words(text, column)


def list_id(phrase_text: str, newsletter: str, domain: str) -> bytes:
    """RFC 2919. The phrase is left out where it would need an encoded word or a fold."""
    shown = plain(phrase_text)
    identity = f"<{newsletter}.{domain}>"
    name = phrase(shown, len("List-Id: ")) if shown and shown.isascii() and "=?" not in shown else ""
    if not name or "\r\n" in name:
        return f"List-Id: {identity}".encode()
    gap = " " if len(f"List-Id: {name} {identity}") <= LINE else "\r\n "
    return f"List-Id: {name}{gap}{identity}".encode()


def fixed(name: str, text: str) -> bytes:
    """A fixed extra field. ASCII stays as it is, folded at spaces: a relay may read it; the rest as free text."""
    text = plain(text)
    return _fold(f"{name}:", text).encode() if text.isascii() else unstructured(name, text)


def url(template: str) -> str:
    """A URL template as ASCII: the host in A-labels, what cannot stand in a URL percent-encoded, ``{token}`` kept.

    Raises ValueError where it is no URL.
    """
    parts = urlsplit(plain(template))
    netloc = parts.netloc
    if not netloc.isascii():
        from newsletter_cli.addresses import parse

        userinfo, at, host = netloc.rpartition("@")
        host, colon, port = host.partition(":")
        netloc = f"{userinfo}{at}{parse(f'x@{host}').domain}{colon}{port}"
    whole = parts._replace(netloc=netloc).geturl()
    return "{token}".join(
        _NOT_IN_URL.sub(lambda match: quote(match[0], safe=""), part) for part in whole.split("{token}")
    )


def mailto(address: Address | str) -> str:
    """The way out by mail (RFC 6068), with the token in its subject so that it can be attributed."""
    local, _, domain = str(address).rpartition("@")
    return f"mailto:{quote(local, safe='!$*+-._~')}@{domain}?subject=unsubscribe%20{{token}}"


def may_one_click(template: str) -> bool:
    """Whether List-Unsubscribe-Post may stand: https (RFC 8058 §3.1), or http on this machine for a trial."""
    parts = urlsplit(template)
    host = (parts.hostname or "").lower()
    if parts.scheme == "https":
        return bool(host)
    loopback = host in {"localhost", "::1"} or host.endswith(".localhost") or re.fullmatch(r"127(?:\.\d{1,3}){3}", host)
    return parts.scheme == "http" and bool(loopback)


def _may_stand_raw(text: str, room: int) -> bool:
    if not text.isascii() or "=?" in text:
        return False
    return all(len(word) <= room for word in text.split(" "))


def _fold(start: str, text: str) -> str:
    """`start` and the words of `text`, on lines of at most 76 where the spaces allow it."""
    lines = [start]
    for word in text.split(" "):
        if len(lines[-1]) + 1 + len(word) <= LINE or lines[-1] == start:
            lines[-1] += f" {word}"
        else:
            lines.append(f" {word}")
    return "\r\n".join(lines)
