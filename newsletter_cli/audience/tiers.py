"""What a subscriber pays, by the columns that tell.

Pure. Inside this room a tier is a number that grows with what is known to be paid, so that two rows of one person are
merged by the greater: a list that cannot tell a founder from another paying reader gives `PAID_AT_LEAST`.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

from newsletter_cli.audience import words
from newsletter_cli.audience.model import Tier
from newsletter_cli.audience.words import compact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A column of many values must not fill the memory.
_CACHE_VALUES = 4096
UNKNOWN, FREE, PAID_AT_LEAST, PAID, FOUNDING = range(5)
TIER = (Tier.UNKNOWN, Tier.FREE, Tier.PAID, Tier.PAID, Tier.FOUNDING)


def _several(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _levels(free: str, paid: str, founding: str = "founding founder founders foundingmember") -> dict[str, int]:
    return {
        **dict.fromkeys(free.split(), FREE),
        **dict.fromkeys(paid.split(), PAID),
        **dict.fromkeys(founding.split(), FOUNDING),
    }


# Words of a tier column that no service's table explains. What is not among them is UNKNOWN, never a guess.
GENERAL = _levels(
    "free freesubscriber freemember none no false 0 unpaid gratis kostenlos gratuit gratuito gratuita ilmainen",
    """paid paying payer premium monthly month yearly year annual annually quarterly lifetime comp complimentary gift
    gifted trial trialing trialed yes true 1 paidsubscriber paidmember paidmonthly paidyearly bezahlt payant pago""",
)
PLANS = _levels("", "monthly month yearly year annual comp gift other lifetime")
SUBSTACK_PAID = _levels("free", "paid comp gift trial iosapp androidapp monthly yearly annual lifetime")
DASHBOARD = _levels(
    "free author admin", "monthly yearly annual paid comp complimentary gift trial freetrial lifetime group iosapp"
)
BUTTONDOWN = _levels(
    "regular churned unpaid free unactivated unsubscribed", "premium gifted trialed churning pastdue paid comp"
)
# In a list of no service, the headers under which a tier stands.
HEADERS = _several(
    """tier subscriptiontier subscriptiontype plan subscriptionplan membershiptier membershiptype membershiplevel
    membership memberlevel paid ispaid paying premium ispremium abo tarif"""
)


@dataclass(frozen=True, slots=True)
class TierColumn:
    """A column (compact header) that tells what is paid.

    `words` maps compact values to levels; an empty cell means `empty`, any other value `otherwise` (None: nothing).
    With `gate` a truth value decides: no means FREE whatever the other columns say, yes PAID at the least.
    `filled` is the level of any value that is not empty. With `doubt` a filled cell means that nobody can say FREE.
    `tells_founding` is False where a founder looks like any other paying reader.
    """

    header: str
    words: Mapping[str, int] | None = None
    empty: int | None = FREE
    otherwise: int | None = UNKNOWN
    gate: bool = False
    filled: int | None = None
    doubt: bool = False
    tells_founding: bool = True


_COMPLIMENTARY = TierColumn("complimentaryplan", words={"true": PAID, "false": FREE}, otherwise=None)
GHOST = (TierColumn("tiers", filled=PAID), _COMPLIMENTARY)
# An older export: a customer of Stripe has paid once, and nobody knows whether still.
GHOST_WITHOUT_TIERS = (_COMPLIMENTARY, TierColumn("stripecustomerid", doubt=True))
PATREON = (
    TierColumn(
        "patronstatus",
        words={"activepatron": PAID, "active": PAID, "formerpatron": FREE, "declinedpatron": FREE, "never": FREE},
        gate=True,
    ),
    TierColumn("tier", words={}, empty=None, otherwise=None),
)


class Tiering:
    """The tier columns of one list; `level` reads a row. `tells` is False where the list has none."""

    def __init__(self, columns: Sequence[tuple[int, TierColumn]]) -> None:
        self._columns = tuple(columns)
        self._founding = any(column.tells_founding for _, column in columns)
        # One column gives its cell, several a tuple of cells; either way the key of the cache.
        self._taken = itemgetter(*(index for index, _ in columns)) if columns else None
        self._cache: dict[object, int] = {}

    @property
    def tells(self) -> bool:
        """Whether any column tells a tier."""
        return bool(self._columns)

    def level(self, cells: Sequence[str]) -> int:
        """The level of a row."""
        if self._taken is None:
            return UNKNOWN
        try:
            said = self._taken(cells)
        except IndexError:  # a short row
            return self._judge(cells)
        known = self._cache.get(said)
        if known is None:
            known = self._judge(cells)
            if len(self._cache) < _CACHE_VALUES:
                self._cache[said] = known
        return known

    def _judge(self, cells: Sequence[str]) -> int:
        level, doubted = UNKNOWN, False
        for index, column in self._columns:
            cell = cells[index] if index < len(cells) else ""
            found = _read(cell, column)
            if column.gate and found == FREE:
                return FREE
            doubted = doubted or (column.doubt and not words.is_empty(cell)) or found == UNKNOWN
            level = max(level, found or UNKNOWN)
        if level == PAID and not self._founding:
            return PAID_AT_LEAST
        return UNKNOWN if level == FREE and doubted else level


def _read(cell: str, column: TierColumn) -> int | None:
    if words.is_empty(cell):
        return column.empty
    said = compact(cell)
    if "founding" in said or "founder" in said:
        return FOUNDING
    if column.filled is not None:
        return FREE if GENERAL.get(said) == FREE else column.filled
    if column.doubt:
        return None
    if column.gate and column.words is None:
        truth = words.truth(cell)
        return UNKNOWN if truth is None else PAID if truth else FREE
    return (GENERAL if column.words is None else column.words).get(said, column.otherwise)
