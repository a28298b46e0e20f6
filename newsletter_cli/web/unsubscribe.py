"""The way out: what a request to an unsubscribe link wishes, and the page that answers it. Pure.

RFC 8058 §3: a POST whose form holds ``List-Unsubscribe=One-Click`` unsubscribes, without cookie, login or redirect;
§3.2: as multipart/form-data or application/x-www-form-urlencoded. A GET shows a page with a button and changes nothing,
because scanners follow links; the button POSTs the same form. A used link keeps working: to unsubscribe again changes
nothing, and within a day the same link takes it back.

What is known of the token's person comes in as a `Standing`; whoever calls does what `wish` names. A link that is no
link of ours gets one page that tells nothing, whatever is wrong with it.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import timedelta
from email.parser import BytesParser
from email.policy import HTTP
from enum import StrEnum
from functools import cache
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, parse_qsl, urlsplit

from newsletter_cli import assets
from newsletter_cli.web.phrases import known, phrases

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

UNDO_WITHIN = timedelta(days=1)
METHODS = ("GET", "HEAD", "POST", "OPTIONS")
_TOKEN = "{token}"  # noqa: S105 - a placeholder
# The form of RFC 8058 is 30 octets; nothing that wishes to leave needs more fields than this.
_MOST_FIELDS = 20
_URLENCODED, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"


class Wish(StrEnum):
    """What a request wants."""

    SHOW = "show"
    UNSUBSCRIBE = "unsubscribe"
    UNDO = "undo"
    OPTIONS = "options"
    NOT_UNDERSTOOD = "not understood"  # a form that is none of ours
    NOT_ALLOWED = "not allowed"  # a method that is none of ours


@dataclass(frozen=True, slots=True)
class Door:
    """Where tokens stand: the path and the query of ``unsubscribe.url``."""

    path: str
    query: str

    @classmethod
    def of(cls, url: str) -> Door:
        """Read the setting."""
        parts = urlsplit(url)
        return cls(parts.path or "/", parts.query)

    def token(self, path: str, query: str) -> str | None:
        """The token of a request (decoded path, raw query), as it stands there; None where this is another page."""
        before, placed, after = self.path.rstrip("/").partition(_TOKEN)
        pattern = re.escape(before) + (f"([^/]+){re.escape(after)}" if placed else "") + "/?"
        found = re.fullmatch(pattern, path)
        if found is None:
            return None
        if placed:
            return found[1]
        given = parse_qs(query, max_num_fields=_MOST_FIELDS) if query.count("&") < _MOST_FIELDS else {}
        name = next(name for name, value in parse_qsl(self.query) if _TOKEN in value)
        return given.get(name, [""])[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of a person: the masked address (empty: not known), and since when they get no mail.

    `undoable` is false where somebody else's word keeps them from it: a link does not take that back.
    """

    address: str = ""
    since: datetime | None = None
    undoable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A page and its status."""

    status: int
    page: str


def wish(method: str, form: Mapping[str, str] | None) -> Wish:
    """What a request wants; `form` is the body of a POST (`read_form`)."""
    if method in {"GET", "HEAD"}:
        return Wish.SHOW
    if method == "OPTIONS":
        return Wish.OPTIONS
    if method != "POST":
        return Wish.NOT_ALLOWED
    fields = {name.strip().lower(): value.strip().lower() for name, value in (form or {}).items()}
    if fields.get("list-unsubscribe") == "one-click":
        return Wish.UNSUBSCRIBE
    return Wish.UNDO if fields.get("action") == "undo" else Wish.NOT_UNDERSTOOD


def read_form(content_type: str, body: bytes) -> dict[str, str] | None:
    """The fields of a body, the first of each name; None where it is neither of the two kinds of form."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == _MULTIPART:
        return _multipart(content_type, body)
    if kind not in {"", _URLENCODED}:
        return None
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:  # not ASCII, or too many
        return None
    return dict(reversed(pairs))


def _multipart(content_type: str, body: bytes) -> dict[str, str] | None:
    """RFC 7578, by the standard library's reader of MIME."""
    if "\r" in content_type or "\n" in content_type or not content_type.isascii():
        return None
    # A part is its own lines, so a body of the allowed size cannot hold many; the parser is linear.
    read = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    if not read.is_multipart():
        return None
    fields: dict[str, str] = {}
    for part in read.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes) and len(fields) < _MOST_FIELDS:
            fields.setdefault(name, content.decode("utf-8", "replace"))
    return fields


def may_undo(standing: Standing, now: datetime) -> bool:
    """Whether an unsubscribe can still be taken back."""
    return standing.since is not None and standing.undoable and now - standing.since < UNDO_WITHIN


def answer(done: Wish, standing: Standing, *, name: str, language: str, now: datetime) -> Answer:
    """The page after what was wished is done (or, for an undo that came too late, was not).

    `standing` is the person's after it. SHOW and NOT_UNDERSTOOD change nothing and show how things stand.
    """
    status = 400 if done is Wish.NOT_UNDERSTOOD else 200
    said = phrases(language)
    values = {"name": name, "address": standing.address or said["this_address"]}
    if done is Wish.UNDO and standing.since is None:
        return Answer(status=status, page=_page("undone", values, language=language))
    if done is Wish.UNDO and not may_undo(standing, now):
        return Answer(status=409, page=_page("too_late", values, language=language))
    if standing.since is None:
        return Answer(status=status, page=_page("ask", values, language=language, button="unsubscribe"))
    button = "undo" if may_undo(standing, now) else ""
    return Answer(status=status, page=_page("done", values, language=language, button=button))


def lost(*, name: str, language: str) -> Answer:
    """The page for every link that is none of ours; the same, whatever is wrong with it."""
    return Answer(status=404, page=_page("lost", {"name": name, "address": ""}, language=language))


def not_now(*, name: str, language: str) -> Answer:
    """The page for when nothing can be recorded: the reader, and a mailbox provider, may try again."""
    return Answer(status=503, page=_page("not_now", {"name": name, "address": ""}, language=language))


def _page(kind: str, values: Mapping[str, str], *, language: str, button: str = "") -> str:
    said = phrases(language)

    def filled(key: str) -> str:
        text = said[key]
        if text.startswith("{address}") and values["address"] == said["this_address"]:
            text = text.replace("{address}", values["address"].capitalize())
        # Not str.format: a newsletter's name may hold braces.
        return html.escape(text.replace("{address}", values["address"]).replace("{name}", values["name"]))

    action = ""
    if button == "unsubscribe":
        action = _form("List-Unsubscribe", "One-Click", filled("button"), kind="leave")
    elif button == "undo":
        action = f"<p class=undo>{filled('undo_text')}</p>" + _form(
            "action", "undo", filled("undo_button"), kind="back"
        )
    return template().substitute(
        language=html.escape(language if known(language) else "en", quote=True),
        name=html.escape(values["name"]),
        style=style(),
        title=filled(kind),
        text=filled(f"{kind}_text"),
        action=action,
    )


def _form(name: str, value: str, label: str, *, kind: str) -> str:
    # Without `action` a form is sent to where the page came from: right behind any proxy and prefix.
    return (
        f'<form method="post"><input type="hidden" name="{name}" value="{value}">'
        f'<button class="{kind}">{label}</button></form>'
    )


@cache
def template() -> Template:
    """The page's frame."""
    return Template((assets.templates() / "web" / "unsubscribe.html").read_text(encoding="utf-8"))


@cache
def style() -> str:
    """The styles that the pages for readers share; a page holds them inline, its policy names their hash."""
    return (assets.templates() / "web" / "reader.css").read_text(encoding="utf-8").strip()
