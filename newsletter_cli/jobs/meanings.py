"""What servers said of the mails that did not arrive, grouped by what it means: the most frequent first.

Pure. A thousand refusals are a handful of reasons; each is named with one reply as the server wrote it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

from newsletter_cli.ledger.states import Outcome
from newsletter_cli.replies import Reason, Reply

if TYPE_CHECKING:
    from collections.abc import Iterable

# More reasons than these are no overview any more; `status --failed-csv` has every reply.
SHOWN = 6
_GIVEN_UP = "given up: "  # what the engine writes before the reply of the last try


class Answered(Protocol):
    """A mail with the answer that decided about it: `Settled` and `RecipientRow` are such."""

    @property
    def outcome(self) -> Outcome:
        """What became of it."""

    @property
    def code(self) -> int:
        """The server's code; 0 where it gave none."""

    @property
    def reply(self) -> str:
        """Its words; without a code, ours."""

    @property
    def stage(self) -> str:
        """Where in the dialogue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """So many mails have this outcome for this reason. `example` is one reply. QUEUED: they wait, it was not theirs."""

    outcome: Outcome
    means: str
    count: int
    example: str

    def __str__(self) -> str:
        outcome = "waits again" if self.outcome is Outcome.QUEUED else self.outcome.value
        example = "" if self.example == self.means else f", as in: {self.example}"
        return f"{outcome}: {self.count} × {self.means}{example}"

    def as_json(self) -> dict[str, Any]:
        """The meaning as a part of a report."""
        return {"outcome": self.outcome.value, "means": self.means, "count": self.count, "example": self.example}


def grouped(answers: Iterable[Answered], blamed: Iterable[Answered] = ()) -> tuple[Meaning, ...]:
    """The reasons of these outcomes. `blamed`: refusals of those who wait again, since they were not their fault."""
    counts: Counter[tuple[Outcome, str]] = Counter()
    examples: dict[tuple[Outcome, str], str] = {}
    for one, outcome in chain(((one, one.outcome) for one in answers), ((one, Outcome.QUEUED) for one in blamed)):
        key = outcome, meaning(one)
        counts[key] += 1
        examples.setdefault(key, f"{one.code or ''} {one.reply}".strip())
    return tuple(
        Meaning(outcome=outcome, means=means, count=count, example=examples[outcome, means])
        for (outcome, means), count in counts.most_common()
    )


def meaning(one: Answered) -> str:
    """What one answer means, in the words of `delivery.trouble`; without a reply, our own words for it."""
    from newsletter_cli.delivery import trouble

    if not one.code:
        return one.reply
    reply = Reply(one.code, one.reply.removeprefix(_GIVEN_UP))
    found = trouble.find(one.stage, reply)
    if found is None or (found.reason is Reason.OTHER and not found.says):
        return "put off by the server" if reply.transient else "refused by the server"
    return found.says or found.reason.value
