"""What a server's plea to slow down does to the pace, and how the pace climbs back.

Pure. A plea lowers the level (a share of the allowed rate and connections) by the factor of its row and holds it for
the row's duration; then the level climbs by an eighth of the whole at a time. Pleas that come together, from mails
that were under way when the first was heard, are one plea.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter_cli.replies import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kind of plea. `stop_s`: nothing goes out so long; `hold_s`: the lowered level is kept so long after that.

    `connections`: only their number is lowered. `one`: it is lowered to one.
    """

    code: re.Pattern[str]
    text: re.Pattern[str]
    factor: float
    hold_s: float
    stop_s: float = 0.0
    connections: bool = False
    one: bool = False


_TRANSIENT = re.compile(r"4\d\d")


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


# The first row that fits. "" fits every text.
ROWS: tuple[Row, ...] = (
    # Gmail, unusual rate: stop ten minutes, go on with one connection, add one at a time (its sender guidelines).
    Row(code=_TRANSIENT, text=_words(r"^4\.7\.28\b"), factor=0.5, hold_s=60, stop_s=600, one=True),
    # Amazon SES: the limit is per second, so a breath is enough.
    Row(code=re.compile("454"), text=_words(r"throttl|maximum sending rate"), factor=0.5, hold_s=15),
    # Too many connections: the rate has nothing to do with it.
    Row(
        code=_TRANSIENT,
        text=_words(r"too many (concurrent |simultaneous )?(smtp )?(connections|sessions)|concurren"),
        factor=0.5,
        hold_s=60,
        connections=True,
    ),
    # Microsoft and others name a duration of minutes when they throttle by reputation.
    Row(code=_TRANSIENT, text=_words(r"^4\.7\.\d+"), factor=0.5, hold_s=120),
    # A closing channel without a word about the rate may be a restart.
    Row(code=re.compile("421"), text=_words(""), factor=0.5, hold_s=30),
    Row(code=_TRANSIENT, text=_words(""), factor=0.5, hold_s=60),
)

_STEP = 1 / 8
_LOWEST = 1 / 64
# Mails under way when a plea is heard answer within about this time; their pleas say nothing new.
_ONE_PLEA_S = 5.0


class Brake:
    """How far the pace is lowered now."""

    def __init__(self) -> None:
        self.stopped_until = float("-inf")
        self._level = 1.0
        self._connections = 1.0
        self._held_until = float("-inf")
        self._heard_at = float("-inf")
        self._step_s = 30.0

    def level(self, now: float) -> float:
        """The share of the rate now allowed, in (0, 1]."""
        return self._level if self._level >= 1.0 else min(1.0, self._level + self._climbed(now))

    def connection_level(self, now: float) -> float:
        """The share of the connections now allowed; may round to none, and one is always allowed."""
        return self._connections if self._connections >= 1.0 else min(1.0, self._connections + self._climbed(now))

    @property
    def held_until(self) -> float:
        """When the level begins to climb."""
        return self._held_until

    def plea(self, reply: Reply, now: float) -> str:
        """Lower the level; give the plea in short, or nothing where it belongs to one already heard."""
        row = next(row for row in ROWS if row.code.fullmatch(str(reply.code)) and row.text.search(reply.text))
        if now - self._heard_at < _ONE_PLEA_S and not row.stop_s:
            return ""
        if row.stop_s and now < self.stopped_until:
            return ""
        level, connections = self.level(now), self.connection_level(now)
        self._heard_at = now
        self._level = level if row.connections else max(_LOWEST, level * row.factor)
        self._connections = 0.0 if row.one else max(_LOWEST, connections * row.factor)
        self._step_s = row.hold_s / 2
        if row.stop_s:
            self.stopped_until = now + row.stop_s
        self._held_until = max(now, self.stopped_until) + row.hold_s
        return f"the server asked to slow down ({reply})"

    def _climbed(self, now: float) -> float:
        if now < self._held_until:
            return 0.0
        return _STEP * (1 + int((now - self._held_until) / self._step_s))
