"""What a builder of cards is given and what it gives, and how it reads a widget's data.

A widget's facts stand in ``data-attrs`` (JSON), in the elements inside it, or in both; a builder takes what there is.
Everything a builder gives is text or a URL: the partials escape it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date, datetime
from html import unescape
from typing import TYPE_CHECKING, Any

from newsletter_cli.rendering.nodes import classes, text_of
from newsletter_cli.rendering.words import said_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lxml import etree

# An escape of JSON, or a backslash that is none.
_BACKSLASH = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|\\')
_HTTP = re.compile(r"https?://[^\s\"'<>]+\Z")
# How Twitter wrote instants; Substack's other data is ISO 8601.
_TWITTER_DATE = re.compile(r"\w{3} (\w{3}) (\d{1,2}) [\d:]+ [+-]\d{4} (\d{4})\Z")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What every builder may know of the mail. `web_url` is the post's own page, empty where it has none."""

    web_url: str
    language: str
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Widget:
    """One widget: its element, the name it was recognised by, its JSON data (empty where there is none)."""

    element: etree._Element
    name: str
    data: Mapping[str, Any]
    context: Context

    def said(self, *keys: str) -> str:
        """The first of these data that is a text, entities resolved; `a.b` looks inside `a`."""
        for key in keys:
            value: Any = self.data
            for part in key.split("."):
                value = value.get(part) if isinstance(value, dict) else None
            if isinstance(value, str) and value.strip():
                return unescape(value).strip()
        return ""

    def url(self, *keys: str) -> str:
        """The first of these data that is a web address."""
        return next((said for key in keys if _HTTP.match(said := self.said(key))), "")

    def every(self, key: str) -> list[dict[str, Any]]:
        """The objects of a list in the data."""
        value = self.data.get(key)
        return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []

    def of_class(self, *names: str) -> str:
        """The text of the first element inside that has one of these classes."""
        return next((text for name in names if (found := self.find(name)) is not None and (text := text_of(found))), "")

    def find(self, name: str) -> etree._Element | None:
        """The first element inside of a class."""
        return next((element for element in self.element.iter("*") if name in classes(element)), None)

    def link(self, pattern: str = r"https?://") -> str:
        """The first link inside that begins so."""
        return next((href for href in self.links() if re.match(pattern, href)), "")

    def links(self) -> Iterator[str]:
        """Where the links inside lead."""
        return (link.get("href", "").strip() for link in self.element.iter("a"))

    def image(self) -> str:
        """The address of the first picture inside that is no interface icon."""
        return next((src for image in self.element.iter("img") if _HTTP.match(src := image.get("src", ""))), "")

    def day(self, *keys: str) -> str:
        """The first of these data that is a date, as the mail's language writes it."""
        return next((day for key in keys if (day := shown_day(self.said(key), self.context.language))), "")

    def numbered(self, key: str) -> int:
        """A number in the data, 0 where there is none."""
        value = self.data.get(key)
        return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The widget is shown through a partial of ``embeds/``; `note` says what its mail form lacks."""

    partial: str
    values: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Inside:
    """The widget is shown as what stands inside it, without its wrapper."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class Out:
    """The widget is left out of the mail; `note` says so, unless it is no content at all."""

    note: str = ""


Built = Card | Inside | Out


def link_card(
    url: str, title: str, *, by: str = "", text: str = "", image: str = "", more: str = "", note: str = ""
) -> Card:
    """The card of a page elsewhere, which most widgets are in a mail."""
    values = {"url": url, "title": title, "by": by, "text": text, "image": image, "more": more}
    return Card(partial="link", values=values, note=note)


if TYPE_CHECKING:
    Builder = Callable[[Widget], Built]


def read_data(said: str | None) -> dict[str, Any]:
    """The JSON of ``data-attrs``; LaTeX in it may have lost backslashes. Empty where it cannot be read."""
    told = said or ""
    for text in (told, _BACKSLASH.sub(lambda found: found[0] if len(found[0]) > 1 else r"\\", told)):
        try:
            value = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            continue
        return value if isinstance(value, dict) else {}
    return {}


def shown_day(said: str, language: str) -> str:
    """A date of a widget's data, as a language writes it; empty where it is none."""
    try:
        if match := _TWITTER_DATE.match(said):
            return said_date(date(int(match[3]), _MONTHS.index(match[1]) + 1, int(match[2])), language)
        return said_date(datetime.fromisoformat(said).date(), language) if said else ""
    except ValueError:
        return ""


def shortened(text: str, characters: int = 280) -> str:
    """A text of at most so many characters, cut between words."""
    text = " ".join(text.split())
    if len(text) <= characters:
        return text
    return f"{text[:characters].rpartition(' ')[0] or text[:characters]} …".replace(". …", " …")


def duration(seconds: float) -> str:
    """``5:31`` or ``1:02:03``; empty for none."""
    if seconds <= 0:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
