"""Addresses that are probably not meant: a large provider misspelt, a role in place of a person. Warnings only.

Pure. Nothing is corrected: ``gmial.com`` is somebody's domain, and a guess would mail a stranger.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from newsletter_cli.problems import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

# Named one by one up to here; then only counted.
_SHOWN = 20


def _several(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_PROVIDERS = _several("gmail hotmail yahoo outlook icloud protonmail googlemail")
_TOP_LEVEL_TYPOS = _several("con cmo ocm comm coom vom xom c0m cim cpm dom cok co cm om")
# One slip from a provider's name, and honest domains all the same.
_HONEST = frozenset(
    _several(
        """ymail.com email.com mail.com gmail.co.uk gmail.de gmail.ru gmal.com.br fmail.com qmail.com hmail.com
    hotmail.de hotmail.fr hotmail.it hotmail.es hotmail.co.uk yahoo.co.uk outlook.de lcloud.com rmail.com
    zmail.com tmail.com smail.com email.co pmail.com jmail.com xmail.com vmail.com nmail.com umail.com
    wmail.com kmail.com bmail.com dmail.com amail.com imail.com omail.com cmail.com lmail.com gmail.com
    hotmail.com yahoo.com outlook.com icloud.com protonmail.com googlemail.com yaho.com"""
    )
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

# RFC 2142, and what forms and shops write from. Mail there reaches nobody, or somebody who complains.
ROLES = frozenset(
    _several(
        """abuse admin administrator billing bounce bounces contact daemon do-not-reply donotreply help hostmaster
    info mailer-daemon marketing no-reply noc noreply office postmaster root sales security spam support
    sysadmin undisclosed unsubscribe usenet webmaster www"""
    )
)


@lru_cache(maxsize=1)
def typos() -> dict[str, str]:
    """Misspelt domain -> the provider that was probably meant: one slip from its name or from its ``.com``."""
    found: dict[str, str] = {}
    for provider in _PROVIDERS:
        meant = f"{provider}.com"
        slips = (f"{slip}.com" for slip in _slips(provider))
        endings = (f"{provider}.{ending}" for ending in _TOP_LEVEL_TYPOS)
        for domain in (*slips, *endings, f"{provider}com.com", f"{provider}.com.com"):
            if domain not in _HONEST:
                found[domain] = meant
    return found


def _slips(word: str) -> Iterator[str]:
    """Every text that one dropped, doubled, swapped, wrong or added letter makes of a word."""
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]
        yield word[:place] + word[place : place + 2][::-1] + word[place + 2 :]
        for letter in _LETTERS:
            yield word[:place] + letter + word[place + 1 :]
            yield word[:place] + letter + word[place:]
    yield from (word + letter for letter in _LETTERS)


class Hints:
    """Collects warnings over all rows; keeps the first few of each kind and the number of the rest."""

    def __init__(self) -> None:
        self._typos = typos()
        self._problems: dict[str, list[Problem]] = {"address-typo": [], "address-role": []}
        self._counts = dict.fromkeys(self._problems, 0)

    def look(self, local: str, domain: str, file: str, line: int) -> None:
        """Look at one mailable address, given by its parts."""
        meant = self._typos.get(domain)
        if meant is not None:
            self._add("address-typo", f"{local}@{domain}: is {meant} meant?", file, line)
        if local in ROLES or (not local.islower() and local.lower() in ROLES):
            self._add("address-role", f"{local}@{domain} is a role, not a person", file, line)

    def _add(self, code: str, text: str, file: str, line: int) -> None:
        self._counts[code] += 1
        if self._counts[code] <= _SHOWN:
            self._problems[code].append(Problem(text=text, file=file, line=line, severity=Severity.WARNING, code=code))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was found, by file and line within each kind."""
        found: list[Problem] = []
        for code, problems in self._problems.items():
            found += problems
            more = self._counts[code] - len(problems)
            if more > 0:
                found.append(Problem(text=f"and {more} more like these", severity=Severity.WARNING, code=code))
        return tuple(found)
