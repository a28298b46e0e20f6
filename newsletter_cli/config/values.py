"""What a person may write as the value of a setting, and what it becomes.

Pure. Each function takes what TOML gives (text, number, list ...) or a `Word` from the environment or an option, and
raises ValueError with what is wrong and, behind a semicolon, what to write. None of them echoes a secret.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import shlex
import unicodedata
from datetime import time, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from newsletter_cli import addresses, times, tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter_cli.addresses import Address, Mailbox
    from newsletter_cli.times import Rate


class Word(str):
    """Text from the environment or an option, where everything is text: ``587`` may be a number, ``a,b`` a list."""

    __slots__ = ()


# Headers that the program writes itself (docs/configuration.md): one given twice makes a mail invalid.
OWN_HEADERS = frozenset(
    {"from", "to", "cc", "bcc", "sender", "reply-to", "subject", "date", "message-id", "mime-version"}
    | {"list-id", "list-unsubscribe", "list-unsubscribe-post", "precedence", "feedback-id", "auto-submitted"}
    | {"content-type", "content-transfer-encoding", "content-disposition", "content-id"}
    | {"dkim-signature", "return-path", "received", "delivered-to", "resent-from", "resent-to"}
)
# RFC 5322 §3.6.8 ftext.
_HEADER_NAME = re.compile(r"[!-9;-~]+")
# A line of a header is at most 998 octets (RFC 5322 §2.1.1), and these are not folded.
_LONGEST_HEADER = 990
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")  # RFC 5646, as far as an attribute needs it
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(k|m|g)?(i)?(?:b|bytes|octets)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}
_TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_TOKEN = "{token}"  # noqa: S105 - the placeholder's name
_SAMPLE_TOKEN = "a" * tokens.TOKEN_CHARACTERS


def text(value: Any) -> str:
    """Text, of one or several lines."""
    if not isinstance(value, str):
        raise ValueError(f"must be text; write it in quotes{_instead_of(value)}")
    if any(unicodedata.category(char) == "Cc" and char not in "\n\t" for char in value.replace("\r\n", "\n")):
        raise ValueError("holds a control character; delete it")
    return str(value).replace("\r\n", "\n").strip()


def line(value: Any) -> str:
    """Text of one line: it may stand in a header."""
    said = text(value)
    if re.search(r"[\n\t\x85\u2028\u2029]", said):
        raise ValueError("must be one line of text")
    return said


def integer(low: int, high: int) -> Callable[[Any], int]:
    """A whole number within limits."""

    def read(value: Any) -> int:
        number: object = (
            int(value) if isinstance(value, Word) and re.fullmatch(r"\s*[+-]?\d{1,12}\s*", value) else value
        )
        if not isinstance(number, int) or isinstance(number, bool):
            if isinstance(value, Word):
                raise ValueError(f"is no whole number; write one from {low} to {high}")
            raise ValueError(f"must be a whole number; write one without quotes{_instead_of(value)}")
        if not low <= number <= high:
            raise ValueError(f"{number} is out of range; write {low} to {high}")
        return number

    return read


def truth(value: Any) -> bool:
    """True or false."""
    if isinstance(value, Word) and value.strip().lower() in _TRUTHS:
        return _TRUTHS[value.strip().lower()]
    if isinstance(value, Word):
        raise ValueError(f"must be true or false; write one of {', '.join(_TRUTHS)}")
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, without quotes{_instead_of(value)}")
    return value


def choice(*words: str) -> Callable[[Any], str]:
    """One of these words."""

    def read(value: Any) -> str:
        said = text(value)
        if said in words:
            return said
        near = difflib.get_close_matches(said.lower(), words, n=1)
        hint = f"did you mean {near[0]}?" if near else f"write {', '.join(words[:-1])} or {words[-1]}"
        raise ValueError(f"{said!r} is none of {', '.join(words)}; {hint}")

    return read


def words(value: Any) -> tuple[str, ...]:
    """A list of texts; a variable's is separated by commas, one text alone is a list of one."""
    if isinstance(value, Word):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if isinstance(value, str):
        return (text(value),) if value.strip() else ()
    if not isinstance(value, list | tuple):
        raise ValueError(f'must be a list of texts: ["…", "…"]{_instead_of(value)}')
    return tuple(text(item) for item in value)


def duration(value: Any) -> timedelta:
    """``90s``, ``10m``, ``48h``, ``7d``; 0."""
    if value == 0 and not isinstance(value, bool):
        return timedelta(0)
    if not isinstance(value, str):
        raise ValueError(f'must be a duration; write a number and a unit in quotes: "10m"{_instead_of(value)}')
    return times.parse_duration(value)


def durations(value: Any) -> tuple[timedelta, ...]:
    """A list of durations."""
    return tuple(duration(item) for item in words(value))


def rates(value: Any) -> tuple[Rate, ...]:
    """One rate or several."""
    return tuple(times.parse_rate(item) for item in words(value))


def share(value: Any) -> float:
    """``5%`` as 0.05."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", value) if isinstance(value, str) else None
    if match is None or not 0 < float(match[1]) <= 100:
        raise ValueError(f'{value!r} is no share; write a percentage in quotes: "5%"')
    return float(match[1]) / 100


def size(value: Any) -> int:
    """``500kB`` or ``1 MiB`` in octets; a bare number is octets."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return int(value)
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'{value!r} is no size; write a number and a unit: "500kB", "1MB"')
    unit: int = (1024 if match[3] else 1000) ** _POWERS[(match[2] or "").lower()]
    return round(float(match[1]) * unit)


def time_of_day(value: Any) -> time:
    """``09:00``; TOML's own time too."""
    if isinstance(value, time):
        return value.replace(tzinfo=None)
    match = re.fullmatch(r"\s*(\d{1,2}):(\d{2})\s*", value) if isinstance(value, str) else None
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise ValueError(f'{value!r} is no time of day; write "09:00"')
    return time(int(match[1]), int(match[2]))


def zone(value: Any) -> str:
    """The name of a time zone that this machine knows."""
    said = line(value)
    times.zone(said)
    return said


def language(value: Any) -> str:
    """A language tag: ``en``, ``pt-BR``."""
    said = line(value).replace("_", "-")
    if not _LANGUAGE.fullmatch(said):
        raise ValueError(f'{said!r} is no language; write its code: "en", "de", "pt-BR"')
    return said


def slug(value: Any) -> str:
    """A newsletter's id: it stands in headers and host-name-like places."""
    said = line(value)
    if said and not _SLUG.fullmatch(said):
        near = slug_of(said)
        raise ValueError(f"{said!r} is no id; write lower-case letters, digits and hyphens: {near!r}")
    return said


def slug_of(name: str) -> str:
    """A name as an id; for one without Latin letters or digits ``newsletter``."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:63].strip("-") or "newsletter"


def mailbox(value: Any) -> Mailbox | None:
    """``Name <a@b.example>`` or a bare address; nothing where empty."""
    said = line(value)
    return addresses.parse_mailbox(said) if said else None


def address(value: Any) -> Address | None:
    """One address; nothing where empty."""
    found = mailbox(value)
    return found.address if found else None


def address_text(value: Any) -> str:
    """One address as text; empty where empty."""
    found = address(value)
    return str(found) if found else ""


def address_list(value: Any) -> tuple[str, ...]:
    """Addresses as texts."""
    return tuple(address_text(item) for item in words(value) if item)


def host(value: Any) -> str:
    """A host name or an IP address."""
    said = line(value).strip("[]")
    if said and not re.fullmatch(r"[\w.:%-]+", said):
        raise ValueError(f"{said!r} is no host name; write it without https:// and without its port")
    if re.fullmatch(r"[^:]+:\d+", said):
        raise ValueError(f"{said!r} holds a port; write it as 'port'")
    return said


def loopback(name: str) -> bool:
    """Whether a host is this machine: no one listens in between."""
    if name.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def url(value: Any) -> str:
    """An absolute http(s) address; empty where empty."""
    said = line(value)
    if not said:
        return ""
    try:
        parts = urlsplit(said)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and not re.search(r"[\s<>\"\\]", said)
        _ = parts.port
    except ValueError:
        valid = False
    if not valid:
        raise ValueError(f"{said!r} is no web address; write it whole: https://example.com/…")
    return said


def post_url(value: Any) -> str:
    """The web page of a post, with ``{slug}`` for its name."""
    said = url(value)
    if said and "{slug}" not in said:
        raise ValueError(f"{said!r} lacks {{slug}}, which stands for the post: https://example.com/p/{{slug}}")
    return _only_placeholder(said, "{slug}")


def unsubscribe_url(value: Any) -> str:
    """The one-click endpoint with ``{token}``: https (RFC 8058 §3.1), http on this machine alone."""
    said = url(value)
    if not said:
        return ""
    if _TOKEN not in said:
        raise ValueError(f"{said!r} lacks {{token}}, which tells who unsubscribes: https://example.com/u/{{token}}")
    parts = urlsplit(said)
    if parts.scheme != "https" and not loopback(parts.hostname or ""):
        raise ValueError(f"{said!r} must begin with https://; mailbox providers ask it of one-click (RFC 8058)")
    if not said.isascii():
        raise ValueError(f"{said!r} stands in a header and must be ASCII; write its host as xn--…")
    if _TOKEN in parts.netloc or _TOKEN in parts.fragment:
        raise ValueError(f"{said!r}: {{token}} must stand in the path or the query")
    return _only_placeholder(said, _TOKEN)


def return_path(value: Any) -> str:
    """An address that bounces go to, ``{token}`` in its local part for the recipient (VERP)."""
    said = line(value)
    if not said:
        return ""
    try:
        found = addresses.parse(said.replace(_TOKEN, _SAMPLE_TOKEN))
    except addresses.AddressError as error:
        raise ValueError(f"{said!r} is no return path: {error}; write bounces+{{token}}@example.com") from error
    if _TOKEN in said and _SAMPLE_TOKEN not in found.local:
        raise ValueError(f"{said!r}: {{token}} must stand before the @")
    return said


def header(name: str, value: Any) -> str:
    """The value of one extra header."""
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no header name; write letters, digits and hyphens")
    if name.lower() in OWN_HEADERS:
        hint = "set reply_to under [newsletter]" if name.lower() == "reply-to" else "leave it out"
        raise ValueError(f"the program writes this header itself; {hint}")
    said = line(value)
    if not said.isascii():
        raise ValueError("must be ASCII text")
    if len(name) + len(said) > _LONGEST_HEADER:
        raise ValueError(f"is longer than a header may be, {_LONGEST_HEADER} characters")
    return said


def command(value: Any) -> tuple[str, ...]:
    """A command as a list of words, or as one text that is split as a shell would (without being run by one)."""
    if isinstance(value, str):
        try:
            return tuple(shlex.split(value))
        except ValueError as error:
            raise ValueError(f"its quotes do not add up ({error}); write it as a list of words") from error
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        raise ValueError('must be a command: a list of words, ["pass", "show", "smtp"], or one text')
    return tuple(str(word) for word in value)


def commands(value: Any) -> tuple[tuple[str, ...], ...]:
    """Commands: none, one (a text or a list of words), or a list of such lists."""
    if isinstance(value, list | tuple) and any(isinstance(item, list | tuple) for item in value):
        return tuple(filter(None, (command(item) for item in value)))
    one = command(value)
    return (one,) if one else ()


def columns(value: Any) -> dict[str, tuple[str, ...]]:
    """``{ email = "E-Mail" }``: what a list's columns are; a variable says ``email=E-Mail,name=Vorname``."""
    if isinstance(value, dict):
        return {role: words(said) for role, said in value.items()}
    found: dict[str, tuple[str, ...]] = {}
    for said in words(value):
        role, equals, name = said.partition("=")
        if not equals or not role.strip() or not name.strip():
            raise ValueError(f"{said!r} is no column; write ROLE=COLUMN, as in email=E-Mail")
        found[role.strip()] = (*found.get(role.strip(), ()), name.strip())
    return found


def opt_outs(value: Any) -> tuple[str, ...]:
    """``["Status=gone"]``, or a table ``{ Status = ["gone", "left"] }``: whom a list means not to be mailed."""
    if isinstance(value, dict):
        return tuple(f"{column}={word}" for column, said in value.items() for word in words(said))
    found = words(value)
    for said in found:
        if not said.partition("=")[0].strip() or "=" not in said:
            raise ValueError(f"{said!r} is no opt-out; write COLUMN=VALUE, as in status=gone")
    return found


def ledger_url(value: Any) -> str:
    """An SQLAlchemy URL."""
    said = line(value)
    if not re.match(r"[a-z]+(?:\+[a-z0-9_]+)?://", said):
        raise ValueError("is no database URL; write sqlite:///FILE or postgresql://…")
    if not re.match(r"sqlite(?:\+pysqlite)?:///.|postgresql(?:\+psycopg)?://", said):
        raise ValueError(f"{said.split(':')[0]} is no database it can use; write sqlite:///FILE or postgresql://…")
    return said


def _only_placeholder(said: str, known: str) -> str:
    rest = re.search(r"\{[^{}]*\}", said.replace(known, ""))
    if rest:
        raise ValueError(f"{rest[0]} in {said!r} means nothing; only {known} is filled")
    return said


def _instead_of(value: Any) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a table", str: "text"}
    found = next((name for kind, name in names.items() if isinstance(value, kind)), "a date or time")
    return f" (it is {found})"
