"""Caniemail's figures: which mail programs lack a feature, in words.

``caniemail.tsv`` is written by docs/caniemail.py and says of when it is. A feature is named by caniemail's slug
(``css-border-radius``). A program counts as lacking it when its newest tested version does not show it at all; "in
part" counts as showing it, since caniemail's notes on that are about corners.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE = Path(__file__).parent / "caniemail.tsv"
# The programs that most readers have come first, and alone make a finding: a feature that only Free.fr lacks is none.
# Litmus, email client market share: Apple, Gmail, Outlook and Yahoo together are over nine tenths of all openings.
LARGE = ("gmail", "apple-mail", "outlook", "yahoo", "samsung-email", "thunderbird")
# Caniemail's words where a person would say it shorter.
_SAID = {
    "Outlook.com": "web",
    "Desktop Webmail": "web",
    "Mobile Webmail": "mobile web",
    "Windows Mail": "Windows Mail",
    "Mozilla Thunderbird": "Thunderbird",
    "Yahoo! Mail": "Yahoo",
}


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature: what people call it, when it was tested last (ISO date), and a letter for each client."""

    title: str
    tested: str
    marks: str


@dataclass(frozen=True, slots=True)
class Table:
    """All of it. `clients` are (family, platform) in the order of the marks; `names` has both in words."""

    as_of: str
    version: str
    clients: tuple[tuple[str, str], ...]
    names: Mapping[str, str]
    features: Mapping[str, Feature]

    def lacking(self, slug: str) -> str:
        """``Gmail, Outlook (Windows, Windows Mail)``; empty where no large program lacks it, or nothing is known.

        A family whose every tested program lacks it stands alone; else the programs that do stand behind it.
        """
        feature = self.features.get(slug)
        if feature is None:
            return ""
        tested: dict[str, dict[str, str]] = {}
        for (family, platform), mark in zip(self.clients, feature.marks, strict=True):
            if mark in "yna":
                tested.setdefault(family, {})[platform] = mark
        lack = {family: [p for p, mark in marks.items() if mark == "n"] for family, marks in tested.items()}
        if not any(lack.get(family) for family in LARGE):
            return ""
        ordered = [*LARGE, *sorted(family for family in lack if family not in LARGE)]
        return ", ".join(
            self._said(family, lack[family], whole=len(lack[family]) == len(tested[family]))
            for family in ordered
            if lack.get(family)
        )

    def _said(self, family: str, platforms: list[str], *, whole: bool) -> str:
        name = _word(self.names[family])
        if whole:
            return name
        return f"{name} ({', '.join(_word(self.names[platform]) for platform in platforms)})"


def _word(name: str) -> str:
    return _SAID.get(name, name)


@lru_cache(maxsize=1)
def table() -> Table:
    """The figures, read once."""
    names: dict[str, str] = {}
    features: dict[str, Feature] = {}
    clients: tuple[tuple[str, str], ...] = ()
    as_of = version = ""
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        cells = line.split("\t")
        match cells:
            case ["as-of", date, number]:
                as_of, version = date, number
            case ["family" | "platform", slug, name]:
                names[slug] = name
            case ["clients", listed]:
                clients = tuple(
                    (family, platform) for family, _, platform in (c.partition("/") for c in listed.split())
                )
            case [slug, title, tested, marks]:
                features[slug] = Feature(title, tested, marks)
            case _:
                continue  # the head: source and licence
    return Table(as_of, version, clients, names, features)
