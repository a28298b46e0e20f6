"""The pages of the live preview, from values: a mail as its reader's program would show it, and what is said of it.

Pure. `framed` gives a document for a sandboxed frame in one of three colour schemes; `POLICIES` are the headers that
go with it, so that no script of a post runs and nothing is fetched that was not asked for. `looked_at` gives the same
mail as one JSON object for the page around the frames. Which scheme a frame shows is written into its media queries:
the machine's own light or dark would decide otherwise.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from newsletter_cli import assets
from newsletter_cli.message.check import CLIP_OCTETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter_cli.message.parts import Opened
    from newsletter_cli.problems import Problem


class Scheme(StrEnum):
    """Whose colours a frame shows."""

    LIGHT = "light"
    DARK = "dark"  # as the mail's own dark styles say
    FORCED = "forced"  # by a program that knows no dark styles and turns the light ones over


class Pictures(StrEnum):
    """Which pictures a frame loads."""

    OWN = "own"  # those that travel with the mail; nothing leaves the machine
    ALL = "all"  # those on the web too: asked for by a person, never by itself
    NONE = "none"  # as in a program that blocks them


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Whose mail is looked at: a row of the list by its address, or a made-up reader of one tier."""

    address: str = ""
    tier: str = ""  # free, paid, or empty: the reader's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One look at the post. `mail` is None where there never was one; `stale`: the last that could be made."""

    post: str
    choice: Choice
    mail: Opened | None
    eml: bytes = b""
    address: str = ""
    version: str = ""
    paywalled: bool = False
    stale: bool = False
    has_list: bool = False
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody whose mail can be looked at."""

    address: str
    name: str
    version: str


_IMAGE_SOURCES = {Pictures.OWN: "'self'", Pictures.ALL: "'self' https: http:", Pictures.NONE: "'none'"}
# allow-same-origin lets the page around it keep the scroll position; without allow-scripts it gives the mail nothing.
_SANDBOX = "allow-same-origin allow-popups allow-popups-to-escape-sandbox"
POLICIES = {
    pictures: f"sandbox {_SANDBOX}; default-src 'none'; img-src {sources}; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    for pictures, sources in _IMAGE_SOURCES.items()
}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

# A tag and an attribute of it. Text between tags is the post's own: a post about CSS shows url(https://…) as it is.
# lxml writes < as &lt; in values, so a second < ends the try, and time stays linear.
_TAG = re.compile(r"""<[a-zA-Z](?>[^<>"']+|"[^"<]*"|'[^'<]*')*+>""")
_ATTRIBUTE = re.compile(r"""(\s+)([^\s=>"'/]+)=("[^"]*"|'[^']*')""")
_URL_IN_CSS = re.compile(r"""url\(\s*(&quot;|["']?)(?!data:)([^"')]*?)\1\s*\)""", re.IGNORECASE)
_STYLE_BLOCK = re.compile(r"(<style\b[^<>]*>)((?>[^<]+|<(?!/?style\b))*+)(</style>)", re.IGNORECASE)
_SCHEME_QUERY = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)
_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
_HEAD_END = re.compile(r"</head>", re.IGNORECASE)
# Words that a query of one colour scheme becomes, so that `and` and `not` around it still hold.
_TRUE, _FALSE = "(min-width: 0px)", "(max-width: 0px)"
_FORCED = (
    "html { background: #fff !important; filter: invert(0.92) hue-rotate(180deg); }"
    " img, video, [background], [style*='background-image'] { filter: hue-rotate(180deg) invert(1); }"
)
_WITHHELD = (
    "img[data-withheld] { min-width: 1.5em; min-height: 1.5em; padding: .25em .5em; outline: 1px dashed #8889;"
    " outline-offset: -1px; font: 13px/1.4 sans-serif; color: #777; box-sizing: border-box; }"
)
_INBOX_HTML = 8_000  # characters of HTML in which the first words surely stand
_INBOX_CHARACTERS = 180  # behind the subject, on a wide screen


def page() -> str:
    """The page around the frames; its script and styles are `asset`s."""
    return asset("preview.html").decode()


def asset(name: str) -> bytes:
    """A file of the page."""
    return (assets.templates() / "web" / name).read_bytes()


def framed(mail: Opened, scheme: Scheme, pictures: Pictures = Pictures.OWN) -> str:
    """The HTML part for a frame: embedded pictures under ``picture/CID``, links open elsewhere, jumps stay.

    A picture that is not to be loaded loses its address; its place and its text stay.
    """
    if not mail.html:
        return f"<!doctype html><meta charset=utf-8><pre>{html.escape(mail.text)}</pre>"

    def block(found: re.Match[str]) -> str:
        return found[1] + _css(_in_scheme(found[2], scheme), pictures) + found[3]

    shown = _STYLE_BLOCK.sub(block, mail.html)
    shown = _TAG.sub(lambda tag: _ATTRIBUTE.sub(lambda found: _attribute(found, pictures), tag[0]), shown)
    shown = _HEAD.sub(lambda found: f'{found[0]}<meta charset="utf-8"><base target="_blank">', shown, count=1)
    return _HEAD_END.sub(f"<style>{_canvas(scheme)} {_WITHHELD}</style></head>", shown, count=1)


def _attribute(found: re.Match[str], pictures: Pictures) -> str:
    """An attribute as it stands in a frame.

    What would be fetched from the web loses its address. The policy blocks it too; but a request that is never made
    cannot slip through a browser's fault.
    """
    space, name, quoted = found.groups()
    value = quoted[1:-1]
    match name.lower():
        case "src" | "background":
            source = _source(value, pictures)
            return f"{space}{name}={quoted[0]}{source}{quoted[0]}" if source else f"{space}data-withheld={quoted}"
        case "srcset" | "poster":
            return found[0] if pictures is Pictures.ALL else f"{space}data-withheld={quoted}"
        case "style":
            return f"{space}{name}={quoted[0]}{_css(value, pictures)}{quoted[0]}"
        case "href" if value.startswith("#"):
            return f'{space}target="_self"{found[0]}'
        case _:
            return found[0]


def _css(css: str, pictures: Pictures) -> str:
    """Styles with the pictures that may be loaded."""

    def url(found: re.Match[str]) -> str:
        source = _source(found[2].strip(), pictures)
        return f"url({found[1]}{source}{found[1]})" if source else "none"

    return _URL_IN_CSS.sub(url, css)


def _source(address: str, pictures: Pictures) -> str:
    """Where a frame gets a picture from; empty where it gets none."""
    if address.startswith("cid:"):
        return "" if pictures is Pictures.NONE else f"picture/{quote(html.unescape(address[4:]), safe='@')}"
    return address if pictures is Pictures.ALL else ""


def _in_scheme(css: str, scheme: Scheme) -> str:
    """The style block with its questions for the colour scheme answered."""
    wanted = "dark" if scheme is Scheme.DARK else "light"
    return _SCHEME_QUERY.sub(lambda found: _TRUE if found[1].lower() == wanted else _FALSE, css)


def _canvas(scheme: Scheme) -> str:
    """What the mail leaves to the program: the ground under it."""
    chosen = "dark" if scheme is Scheme.DARK else "light"
    return f":root {{ color-scheme: only {chosen} !important; }} {_FORCED if scheme is Scheme.FORCED else ''}"


def remote_pictures(mail: Opened) -> int:
    """How many pictures of a mail stand on the web."""
    found: set[str] = set()
    for tag in _TAG.finditer(mail.html):
        for attribute in _ATTRIBUTE.finditer(tag[0]):
            name, value = attribute[2].lower(), attribute[3][1:-1]
            if name in {"src", "background"}:
                found.add(value)
            elif name == "style":
                found |= {url[2].strip() for url in _URL_IN_CSS.finditer(value)}
    return sum(address.lower().startswith(("http://", "https://")) for address in found)


def inbox_line(mail: Opened) -> str:
    """What an inbox shows behind the subject: the first words of the HTML, as every program finds them."""
    body = mail.html[max(mail.html.find("<body"), 0) :][:_INBOX_HTML]
    text = html.unescape(re.sub(r"<!--.*?-->|<[^<>]*>", " ", body, flags=re.DOTALL))
    text = re.sub(r"[\u034f\u200b-\u200f\u2060\ufeff\u00ad]+", "", text)
    return " ".join(text.split())[:_INBOX_CHARACTERS]


def looked_at(shown: Shown, number: int) -> dict[str, Any]:
    """A look as the page reads it; `number` counts the changes since the preview began."""
    mail = shown.mail
    headers = dict(mail.headers) if mail else {}
    return {
        "version": 1,
        "number": number,
        "post": shown.post,
        "stale": shown.stale,
        "has_mail": mail is not None,
        "has_list": shown.has_list,
        "paywalled": shown.paywalled,
        "tier": "free" if shown.version == "free" else "paid",
        "address": shown.address,
        "from": headers.get("From", ""),
        "subject": mail.subject if mail else "",
        "inbox_line": inbox_line(mail) if mail else "",
        "headers": list(mail.headers) if mail else [],
        "text": mail.text if mail else "",
        "source": mail.html if mail else "",
        "html_octets": len(mail.html.encode()) if mail else 0,
        "mail_octets": len(shown.eml),
        "clip_octets": CLIP_OCTETS,
        "pictures": len(mail.images) if mail else 0,
        "remote_pictures": remote_pictures(mail) if mail else 0,
        "problems": problems(shown.problems),
    }


def problems(found: Sequence[Problem]) -> list[dict[str, Any]]:
    """Problems for the page, the gravest first, those of one weight by their line."""
    weight = {"error": 0, "warning": 1, "note": 2}
    ordered = sorted(dict.fromkeys(found), key=lambda one: (weight[one.severity], one.file or "", one.line or 0))
    return [{"severity": one.severity.value, "place": one.place, "text": one.text, "hint": one.hint} for one in ordered]


def counted(found: Sequence[Problem]) -> str:
    """``1 error, 2 warnings``; empty where there is nothing."""
    counts = Counter(one.severity.value for one in dict.fromkeys(found))
    names = [(counts[name], name) for name in ("error", "warning", "note") if counts[name]]
    return ", ".join(f"{count} {name}{'s' if count > 1 else ''}" for count, name in names)
