"""One mail address: its syntax, its form on the wire, and the key by which two spellings are one person.

Pure. A fast path (`plain_parts`) takes the addresses that nearly everybody has; email-validator takes the
rest and agrees with it (a property test). The rules are as strict as the SMTP library needs: it silently truncates
what is malformed and reports success, so nothing doubtful may pass here.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# RFC 5321 §4.5.3.1: local part 64 octets, path 256 with its brackets.
MAX_LOCAL_OCTETS = 64
MAX_ADDRESS_OCTETS = 254
# A cell or setting beyond this is no address with a name; it would only be searched for long.
_LONGEST_TEXT = 1000

# Dot-atom (RFC 5322 §3.2.3) at a host name of at least two labels with a non-numeric last one (RFC 1035 §2.3.4).
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*\Z")
_HOST = re.compile(rf"(?:{_LABEL}\.)+(?!\d+\Z){_LABEL}\Z")
# Of a million addresses most are at a few domains; one that is known costs a tenth.
_HOSTS_KEPT = 8192

# RFC 5322 §3.4 name-addr, as far as list exports write it: Name <a@b>, "Name" <a@b>.
_NAME_ADDR = re.compile(r"""\A\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^<>"]*?))\s*<(?P<address>[^<>]+)>\s*\Z""")


class AddressError(ValueError):
    """The text is no address; the message says why, to be put behind ``file:line:``."""


@dataclass(frozen=True, slots=True)
class Address:
    """A checked address. `local` keeps its letters as written (NFC); `domain` is lower-case A-labels (RFC 5890)."""

    local: str
    domain: str

    @property
    def key(self) -> str:
        """The comparison key: letter case, width and IDN form do not tell persons apart; no provider folklore."""
        local = self.local
        folded = (
            local.lower()
            if local.isascii()
            else unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", local).casefold())
        )
        return f"{folded}@{self.domain}"

    @property
    def needs_smtputf8(self) -> bool:
        """Whether the local part goes only to a server that offers SMTPUTF8 (RFC 6531)."""
        return not self.local.isascii()

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address with the name shown beside it (empty: none)."""

    name: str
    address: Address


def parse(text: str) -> Address:
    """Read one bare address (``a@b.example``); surrounding white space is dropped.

    Raises AddressError with the reason.
    """
    parts = plain_parts(text)
    return Address(*parts) if parts else _parse_slowly(_trimmed(text))


def plain_parts(text: str) -> tuple[str, str] | None:
    """Local part and lower-case domain of an address as nearly everybody has one, in ASCII, and as `parse` gives them.

    None: it is another, or no address; `parse` says.
    """
    text = text.strip()
    local, _, domain = text.rpartition("@")
    if len(text) > MAX_ADDRESS_OCTETS or not 0 < len(local) <= MAX_LOCAL_OCTETS:
        return None
    if not (local.isascii() and local.isalnum()) and not _LOCAL.match(local):
        return None
    host = _host(domain)
    return (local, host) if host else None


# Special-use names (RFC 6761, RFC 7686) are left to the slow path, which lets the documentation and test names through.
_NEVER = (".invalid", ".local", ".localhost", ".onion", ".arpa")


@lru_cache(maxsize=_HOSTS_KEPT)
def _host(domain: str) -> str:
    """A plain domain in lower case; empty: the slow path checks A-labels and what can never receive mail."""
    lowered = domain.lower()
    return "" if not _HOST.match(domain) or "xn--" in lowered or lowered.endswith(_NEVER) else lowered


def _parse_slowly(text: str) -> Address:
    """What the fast path leaves: international addresses, and every refusal with its reason."""
    if not text:
        raise AddressError("no address")
    if any(unicodedata.category(char) == "Cc" for char in text):
        raise AddressError("a control character in the address")
    if text.count("@") > 1 and re.search(r"[,;\s/|]", text):
        raise AddressError("two addresses in one cell; split the row")
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(
            text,
            check_deliverability=False,
            allow_smtputf8=True,
            allow_quoted_local=False,
            allow_domain_literal=False,
            test_environment=True,
        )
    except EmailNotValidError as error:
        raise AddressError(f"{_shown(text)} is no address: {_reason(str(error))}") from error
    if len(found.local_part.encode()) > MAX_LOCAL_OCTETS:
        raise AddressError(f"{_shown(text)} is no address: the part before the @ is longer than 64 octets")
    return Address(found.local_part, (found.ascii_domain or found.domain).lower())


def parse_mailbox(text: str) -> Mailbox:
    """Read ``Name <a@b>``, ``"Name" <a@b>``, ``mailto:a@b`` or a bare address. Raises AddressError."""
    text = _trimmed(text)
    match = _NAME_ADDR.match(text)
    if not match:
        return Mailbox("", parse(re.sub(r"\Amailto:", "", text, flags=re.IGNORECASE)))
    name = match["plain"] if match["quoted"] is None else re.sub(r"\\(.)", r"\1", match["quoted"])
    name = " ".join(name.split())
    if any(unicodedata.category(char) == "Cc" for char in name):
        raise AddressError("a control character in the name")
    return Mailbox(name, parse(re.sub(r"\Amailto:", "", match["address"], flags=re.IGNORECASE)))


def masked(address: Address) -> str:
    """The address as a public page may show it: ``a…e@example.com``."""
    local = address.local
    return f"{local[0]}…{local[-1] if len(local) > 2 else ''}@{address.domain}"


def _trimmed(text: str) -> str:
    text = text.strip()
    if len(text) > _LONGEST_TEXT:
        raise AddressError(f"{_shown(text)} is no address: it is {len(text)} characters long")
    return text


def _shown(text: str, limit: int = 60) -> str:
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")


def _reason(message: str) -> str:
    return (message[:1].lower() + message[1:]).rstrip(".")
