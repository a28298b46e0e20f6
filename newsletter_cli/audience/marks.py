"""Columns that say whether a person may be mailed: which they are, and what each of their cells says.

A `Mark` reads one column. It gives a reason where the row must not be mailed, and keeps every value that it does not
understand: the list is refused with these at the end (interface, promise 17), so an odd word in the last row stops the
mail to all. `kind_of` finds marks by their header where no service's table names them.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum, auto
from functools import lru_cache
from typing import TYPE_CHECKING

from newsletter_cli.audience import words
from newsletter_cli.audience.words import Meaning, compact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# What a column of many values may hold in the cache; a column of dates must not grow it without bound.
_CACHE_VALUES = 4096
# How many values that are not understood are kept to be shown.
_SHOWN_VALUES = 100


class Kind(Enum):
    """How the cells of a mark are read."""

    WORD = auto()  # a status word; empty: out
    OUT_IF_TRUE = auto()  # unsubscribed, email_disabled, bounced
    IN_IF_TRUE = auto()  # subscribed, consent; empty: out
    OUT_IF_FALSE = auto()  # subscribed_to_emails: only a no counts; empty: in
    OUT_IF_FILLED = auto()  # unsubscribed_at
    IN_IF_FILLED = auto()  # confirmed_at
    ALWAYS_OUT = auto()  # the whole file is one of the unsubscribed or bounced
    LOOSE_FLAG = auto()  # "newsletter": a no counts, every other text is fine
    TAGS = auto()  # several words in a cell; one that means out counts
    WORD_OR_PLACE = auto()  # "state": a status at one service, a part of a country elsewhere
    ASK = auto()  # "cancelled": of what? Whatever stands there, a no apart, is not understood
    ASK_ANY = auto()  # truth values without a header: neither yes nor no is understood


def _flag(cell: str, *, good: bool) -> Meaning:
    """A truth value that means IN where it equals `good`; a number above 1 is no truth value."""
    said = words.truth(cell)
    if said is None:
        return Meaning.EMPTY if words.is_empty(cell) else Meaning.UNKNOWN
    return Meaning.IN if said is good else Meaning.OUT


def _bad_flag(cell: str) -> Meaning:
    said = _flag(cell, good=False)
    if said is Meaning.EMPTY:
        return Meaning.IN
    if said is not Meaning.UNKNOWN:
        return said
    # A date under "unsubscribed" is the day on which it happened; "unsubscribed" under it is its own answer.
    return Meaning.OUT if words.is_date(cell) or words.status(cell) is Meaning.OUT else words.status(cell)


def _good_flag(cell: str) -> Meaning:
    said = _flag(cell, good=True)
    if said is Meaning.EMPTY:
        return Meaning.OUT
    if said is Meaning.UNKNOWN:
        return Meaning.IN if words.is_date(cell) else words.status(cell)
    return said


def _only_a_no(cell: str) -> Meaning:
    return Meaning.IN if words.is_empty(cell) else _good_flag(cell)


def _filled(cell: str) -> Meaning:
    return Meaning.IN if words.is_empty(cell) or words.truth(cell) is False else Meaning.OUT


def _not_filled(cell: str) -> Meaning:
    return Meaning.OUT if words.is_empty(cell) or words.truth(cell) is False else Meaning.IN


def _word(cell: str) -> Meaning:
    said = words.status(cell)
    if said is Meaning.EMPTY:
        return Meaning.OUT
    if said is Meaning.UNKNOWN and words.truth(cell) is not None:
        # "status: 1" may be any code of a service's own; "status: yes" is plain.
        return Meaning.UNKNOWN if words.is_number(cell) else _flag(cell, good=True)
    return said


def _loose(cell: str) -> Meaning:
    return Meaning.OUT if words.truth(cell) is False or words.status(cell) is Meaning.OUT else Meaning.IN


def _tags(cell: str) -> Meaning:
    return Meaning.OUT if any(words.outright(tag) for tag in words.items(cell)) else Meaning.IN


def _ask(cell: str) -> Meaning:
    return Meaning.IN if words.is_empty(cell) or words.truth(cell) is False else Meaning.UNKNOWN


_READ: dict[Kind, Callable[[str], Meaning]] = {
    Kind.WORD: _word,
    Kind.OUT_IF_TRUE: _bad_flag,
    Kind.IN_IF_TRUE: _good_flag,
    Kind.OUT_IF_FALSE: _only_a_no,
    Kind.OUT_IF_FILLED: _filled,
    Kind.IN_IF_FILLED: _not_filled,
    Kind.ALWAYS_OUT: lambda _: Meaning.OUT,
    Kind.LOOSE_FLAG: _loose,
    Kind.TAGS: _tags,
    Kind.WORD_OR_PLACE: words.status,
    Kind.ASK: _ask,
    Kind.ASK_ANY: lambda cell: Meaning.IN if words.is_empty(cell) else Meaning.UNKNOWN,
}


class Mark:
    """One column that may say a row is not to be mailed, and what it said so far.

    `meanings` are a service's own words (compact) and the user's, which win over the vocabulary, but never turn an
    opt-out of the vocabulary into a yes. With `settled` the user has said which values mean out, and no other is
    asked about.
    """

    __slots__ = ("_cache", "_meanings", "header", "index", "kind", "settled", "understood", "unknown")

    def __init__(
        self, *, header: str, index: int, kind: Kind, meanings: Mapping[str, Meaning], settled: bool = False
    ) -> None:
        self.header = header
        self.index = index
        self.kind = kind
        self.settled = settled
        self._meanings = meanings
        self._cache: dict[str, str] = {}
        self.unknown: Counter[str] = Counter()  # values not understood
        self.understood = False  # whether any value was a status word

    def reason(self, cells: Sequence[str]) -> str:
        """Why the row must not be mailed; empty where this column does not say so."""
        cell = cells[self.index] if self.index < len(cells) else ""
        known = self._cache.get(cell)
        return self._judge(cell) if known is None else known

    def _judge(self, cell: str) -> str:
        meaning = self.meaning(cell)
        if meaning is Meaning.UNKNOWN:
            if len(self.unknown) < _SHOWN_VALUES or cell in self.unknown:
                self.unknown[cell.strip()] += 1
            return "" if self.kind is Kind.WORD_OR_PLACE else self._said(cell)
        if meaning is not Meaning.EMPTY:
            self.understood = True
        reason = self._said(cell) if meaning is Meaning.OUT else ""
        if len(self._cache) < _CACHE_VALUES:
            self._cache[cell] = reason
        return reason

    def meaning(self, cell: str) -> Meaning:
        """What a cell of this column says."""
        said = compact(cell)
        own = self._meanings.get(said)
        if own is not None:
            return own
        found = _READ[self.kind](cell)
        return Meaning.IN if found is Meaning.UNKNOWN and self.settled else found

    def _said(self, cell: str) -> str:
        shown = " ".join(cell.split())
        if self.kind is Kind.ALWAYS_OUT:
            return (
                f"opted out: the list is one of those who left or bounced ({self.header}{': ' if shown else ''}{shown})"
            )
        return f"opted out: {self.header} is {shown[:80]!r}" if shown else f"opted out: {self.header} is empty"

    @property
    def not_understood(self) -> tuple[str, ...]:
        """The values for which the list has to be refused."""
        if self.kind is Kind.WORD_OR_PLACE and not self.understood:
            return ()
        return tuple(self.unknown)


def _several(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Headers that are marks, by their words. Stems: the beginning of one word; `joined`: anywhere in the compact header.
_BAD_STEMS = _several(
    """unsub desub optout optedout bounc complain spam blacklist blocklist blocked denylist suppress delet disabl
    cleaned inactiv unconfirm unverif removed exclud banned undeliver invalid reject unreach abus dnc dnm
    nomail archived deactivat unmailable suspend paused quarantin abgemeldet abmeld abbestell gesperrt gelosch
    gekundigt inaktiv desabonn desinscri inactif supprim bloque desuscri eliminad rebot disiscri disdett
    inattiv uitgeschr uitschrijf afgemeld afmeld geblokkeerd avregistr avanmal avprenum blockerad descadastr
    bloquead inativ avmeld frameld odhlas wypisan отпис заблок"""
)
_BAD_JOINED = _several(
    """optout optedout blacklist blocklist blockliste notsubscribed nonsubscrib emaildisabled hardbounce
    softbounce nomail noemail donotmail donotemail donotcontact donotsend donotmarket dontmail dontemail
    listenoire listanegra listaroja zwartelijst sperrliste keinemail keinewerbung keinnewsletter unsubscrib
    robinson"""
)
_GOOD_WORDS = frozenset(
    _several(
        """subscribed subscribe issubscribed optin optedin consent consents consented consentement consentimiento
    consenso einwilligung einwilligungen toestemming samtycke consentimento permission permissions permitted
    erlaubnis confirmed confirmation confirm verified verification verify active aktiv actif activo activa
    attivo actief ativo enabled mailable deliverable reachable valid accepts accept acceptsmarketing receives
    receive receiving wants agreed agree agrees gdpr dsgvo rgpd lgpd doi angemeldet abonniert bestatigt abonne
    abonnee inscrit confirme suscrito inscrito confirmado iscritto confermato ingeschreven aangemeld bevestigd
    prenumererar bekraftad подписан allowed allow"""
    )
)
_GOOD_JOINED = ("optin", "optedin", "acceptsmarketing", "acceptsemail", "emailmarketing", "marketingemail")
_STATUS_WORDS = frozenset(
    _several(
        """status statut estado etat stato situacao tila stav durum stan staat zustand statuscode substatus статус 状态
    状態 ステータス"""
    )
)
# A status of something else. An outright word in it still counts (see exports).
_OTHER_STATUS = frozenset(
    _several(
        """payment payments billing stripe paypal order orders invoice marital employment lead deal visa shipping tax
    civil family relationship charge refund job ticket shipment delivery fulfillment fulfilment financial work
    student zahlung pago paiement online social verification relationship military immigration"""
    )
)
_PLACE_HEADERS = frozenset(
    _several(
        """city zip zipcode postalcode postcode country address street town plz ort stadt strasse addressline1
    address1 addr1 county region location countrycode"""
    )
)
_DATES = frozenset(_several("at date time on timestamp datetime since datum fecha data day le am zeit zeitpunkt"))
_DETAIL = frozenset(
    _several("ip source medium title id by method page form referrer url link campaign via location text")
)
_LINKS = frozenset(_several("url link href uri"))
_TAGS = frozenset(
    _several(
        """tags tag labels label groups group segments segment lists list listmemberships etiquetas etiquettes
    schlagworte taggar kategorien categories"""
    )
)


@lru_cache(maxsize=1024)
def kind_of(header: str) -> Kind | None:
    """How a header that no service's table names is read; None where it cannot be a mark."""
    split = words.header_words(header)
    joined = compact(header)
    if not split:
        return None
    if any(word.startswith(_BAD_STEMS) for word in split) or any(part in joined for part in _BAD_JOINED):
        return _bad_kind(split)
    if joined in _TAGS:
        return Kind.TAGS
    if joined == "state":
        return Kind.WORD_OR_PLACE
    if any(word in _STATUS_WORDS for word in split) or joined.endswith(("status", "subscriptionstate", "emailstate")):
        return None if _OTHER_STATUS.intersection(split) else Kind.WORD
    if any(word.startswith(("cancel", "kundig", "churn", "lapsed")) for word in split):
        return Kind.ASK
    if _GOOD_WORDS.intersection(split) or any(part in joined for part in _GOOD_JOINED):
        return _good_kind(split)
    return (
        Kind.LOOSE_FLAG if joined in {"newsletter", "newsletters", "mailing", "mailings", "emailnewsletter"} else None
    )


def _bad_kind(split: tuple[str, ...]) -> Kind | None:
    if _LINKS.intersection(split):
        return None  # the link by which this person may leave
    if _DATES.intersection(split) or _DETAIL.intersection(split) or "reason" in split:
        return Kind.OUT_IF_FILLED
    return Kind.WORD if _STATUS_WORDS.intersection(split) else Kind.OUT_IF_TRUE


def _good_kind(split: tuple[str, ...]) -> Kind | None:
    confirms = any(word.startswith(("confirm", "verif", "bestatig", "doi")) for word in split)
    if _DETAIL.intersection(split):
        return None
    if _DATES.intersection(split):
        return Kind.IN_IF_FILLED if confirms else None
    if {"last", "days", "count", "number", "months", "weeks"}.intersection(split):
        return None  # "last active", "days active"
    return Kind.IN_IF_TRUE


def is_place(compacted: Sequence[str]) -> bool:
    """Whether a list has postal columns, beside which ``state`` is a part of a country."""
    return not _PLACE_HEADERS.isdisjoint(compacted)
