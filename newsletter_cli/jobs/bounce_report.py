"""What a reading of bounces found: a decision a report, with its rule and what came of it. Nothing here prints."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from newsletter_cli.jobs.report import JSON_VERSION

if TYPE_CHECKING:
    from newsletter_cli.feedback.model import Kind
    from newsletter_cli.problems import Problem


class Effect(StrEnum):
    """What came of one decision."""

    SUPPRESSED = "suppressed"
    ALREADY = "suppressed before"
    COUNTED = "counted"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one report meant: where it lay, of whom, by which rule, and what came of it."""

    where: str
    kind: Kind
    email: str  # as the ledger knows it, else as the report says it; may be empty
    rule: str
    effect: Effect
    why: str = ""  # how the person was found, or why nobody was
    said: str = ""
    status: str = ""

    def as_json(self) -> dict[str, Any]:
        """The decision as an object of the report."""
        return {
            "source": self.where,
            "kind": self.kind.value,
            "email": self.email,
            "rule": self.rule,
            "effect": self.effect.value,
            "why": self.why,
            "status": self.status,
            "said": self.said,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceReport:
    """What a reading found. `seen` are reports that were recorded before; `source` is empty where nothing is read."""

    source: str = ""
    read: int = 0
    seen: int = 0
    decisions: tuple[Decision, ...] = ()
    problems: tuple[Problem, ...] = ()
    dry_run: bool = False

    def count(self, effect: Effect) -> int:
        """How many decisions came to this."""
        return sum(decision.effect is effect for decision in self.decisions)

    @property
    def summary(self) -> str:
        """One line; empty where nothing is read."""
        if not self.source:
            return ""
        would = "would be " if self.dry_run else ""
        return (
            f"{self.source}: {self.read} read, {self.seen} of them before; {would}"
            f"{self.count(Effect.SUPPRESSED)} suppressed, {self.count(Effect.COUNTED)} counted as soft bounces"
        )

    def as_json(self) -> dict[str, Any]:
        """The report as an object of the interface."""
        return {
            "version": JSON_VERSION,
            "source": self.source,
            "dry_run": self.dry_run,
            "read": self.read,
            "seen": self.seen,
            "suppressed": self.count(Effect.SUPPRESSED),
            "counted": self.count(Effect.COUNTED),
            "decisions": [decision.as_json() for decision in self.decisions],
            "messages": [str(problem) for problem in self.problems],
        }
