"""What is odd about the links of a mail, told from their addresses and words alone.

Takes `anatomy.Link`s, whose targets are whole already (`links` has mended and reported what it could); gives warnings
for what will not work or looks like a trick to a spam filter, notes for what could be better. Pure.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from newsletter_cli import addresses
from newsletter_cli.problems import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from urllib.parse import SplitResult

    from newsletter_cli.rendering.anatomy import Link

LONGEST = 2_000  # characters; Outlook cuts a link of more than 2083
_FIELD = re.compile(r"\{\{|%7B%7B", re.IGNORECASE)  # a merge field: known only when it is filled
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LABEL = re.compile(
    r"[A-Za-z0-9_\u0080-\U0010ffff]([A-Za-z0-9_\u0080-\U0010ffff-]{0,61}[A-Za-z0-9_\u0080-\U0010ffff])?"
)
_STRAY_END = re.compile(r"[.,;:!'\"\u2019\u201d*>]+\Z")
_LOOKS_LIKE_ADDRESS = re.compile(r"(?:https?://)?((?:[\w-]+\.)+[a-z]{2,24})(?:[/?#]\S*)?\Z", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]")  # a text without a letter is a footnote's mark or an arrow
_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "gov", "net", "org"})  # example.co.uk


def faults(links: Sequence[Link], *, file: str) -> list[Problem]:
    """Everything that is odd, in the order of the links; then texts that lead to several places."""
    found: list[Problem] = []
    for link in links:
        for text, hint, severity, code in _of_one(link):
            found.append(Problem(text=text, file=file, line=link.line, hint=hint, severity=severity, code=code))
    return [*dict.fromkeys(found), *_same_words(links, file)]


_Said = tuple[str, str, Severity, str]


def _of_one(link: Link) -> Iterator[_Said]:
    if _FIELD.search(link.url) or link.url.startswith("#"):
        return
    scheme = link.url.split(":", 1)[0].lower()
    if scheme == "mailto":
        yield from _mail(link)
    if scheme not in {"http", "https"}:
        return
    try:
        parts = urlsplit(link.url)
        port_is_number = parts.port is None or parts.port > 0
    except ValueError:
        yield _warning(f"the link {link.url!r} is no web address", "look at its host and port", "link-syntax")
        return
    if not port_is_number or not _host_works(parts.hostname or ""):
        yield _warning(f"the link {link.url!r} names no host that can exist", "look at its host", "link-syntax")
        return
    yield from _address(link, parts)
    if scheme == "http" and not _local(parts.hostname or ""):
        yield _note(f"the link {_short(link.url)} is not encrypted", "write https:// if the site has it", "link-http")


def _address(link: Link, parts: SplitResult) -> Iterator[_Said]:
    host = parts.hostname or ""
    if _local(host):
        yield _warning(f"the link {_short(link.url)} leads to a machine that readers cannot reach", "", "link-local")
    if parts.username is not None:
        yield _warning(f"the link to {host} has a user name in it", "mail filters take it for a trick", "link-user")
    if _BROKEN_ESCAPE.search(parts.path + parts.query):
        hint = "write %25 for a percent sign"
        yield _warning(f"the link {_short(link.url)} has a % without two digits", hint, "link-syntax")
    stray = _STRAY_END.search(link.url)
    if stray and link.own and not parts.fragment:
        yield _note(f"the link {_short(link.url)} ends in {stray[0]!r}", "is that a part of it?", "link-end")
    if link.url.endswith(")") and link.url.count("(") < link.url.count(")"):
        yield _note(f"the link {_short(link.url)} ends in a bracket that it never opened", "", "link-end")
    if len(link.url) > LONGEST:
        yield _note(f"a link to {host} has {len(link.url)} characters; some programs cut it", "", "link-long")
    shown = _LOOKS_LIKE_ADDRESS.fullmatch(link.text.strip())
    if shown and link.own and _site(shown[1].lower()) != _site(host.lower()):
        hint = "mail filters take it for a trick; let the words say what is there"
        yield _warning(f"a link shows {shown[1]} and leads to {host}", hint, "link-shown")


def _mail(link: Link) -> Iterator[_Said]:
    receivers = unquote(link.url[len("mailto:") :].partition("?")[0])
    for receiver in filter(None, (one.strip() for one in receivers.split(","))):
        try:
            addresses.parse(receiver)
        except addresses.AddressError as error:
            yield _warning(f"the link {_short(link.url)} is to no address: {error}", "", "link-syntax")


def _same_words(links: Sequence[Link], file: str) -> Iterator[Problem]:
    """Words that lead to several places: nobody who hears the list of links can tell them apart."""
    places: dict[str, dict[str, int | None]] = {}
    for link in links:
        words = " ".join(link.text.split()).casefold().strip(" .,:;!?\u2192\u00bb")
        if link.own and _WORDS.search(words) and not link.url.startswith("#"):
            places.setdefault(words, {}).setdefault(_same_place(link.url), link.line)
    for words, targets in places.items():
        if len(targets) > 1:
            lines = sorted({line for line in targets.values() if line})
            shown = words if len(words) <= 60 else f"{words[:59]}…"
            yield Problem(
                text=f"the words {shown!r} are links to {len(targets)} places",
                file=file,
                line=lines[0] if lines else None,
                hint=f"say where each leads (lines {', '.join(map(str, lines))})" if len(lines) > 1 else "",
                severity=Severity.NOTE,
                code="link-same-words",
            )


def _same_place(url: str) -> str:
    return re.sub(r"^https?://(www\.)?", "", url.partition("#")[0]).rstrip("/").casefold()


def _host_works(host: str) -> bool:
    """RFC 1123 §2.1 labels, underscores as they are met, letters of any script; or an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        labels = host.rstrip(".").split(".")
        return 0 < len(host) <= 253 and all(_LABEL.fullmatch(label) for label in labels)
    return True


def _local(host: str) -> bool:
    """Whether a host means this machine or this house."""
    name = host.lower().rstrip(".")
    try:
        at = ipaddress.ip_address(name)
    except ValueError:
        return "." not in name or name.endswith((".local", ".localhost", ".internal", ".lan", ".test", ".invalid"))
    return not at.is_global


def _site(host: str) -> str:
    """The registered part of a host, as far as that is seen without a list of them."""
    labels = host.removeprefix("www.").split(".")
    return ".".join(labels[-3:] if len(labels) > 2 and labels[-2] in _SECOND_LEVEL else labels[-2:])


def _short(url: str) -> str:
    return url if len(url) <= 80 else f"{url[:79]}…"


def _warning(text: str, hint: str, code: str) -> _Said:
    return text, hint, Severity.WARNING, code


def _note(text: str, hint: str, code: str) -> _Said:
    return text, hint, Severity.NOTE, code
