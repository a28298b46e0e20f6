"""Which exit code a report ends with."""

from __future__ import annotations

import itertools
import signal
from dataclasses import dataclass

import pytest

from newsletter_cli.cli.exits import Exit, exit_code, gravest, of_error
from newsletter_cli.problems import NotNow, Problem, Refused, UsageError


@dataclass(frozen=True)
class Report:
    signal: int = 0
    refused: bool = False
    unfinished: bool = False
    unknown: int = 0
    failed: int = 0


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (Report(), 0),
        (Report(failed=1), 1),
        (Report(refused=True), 3),
        (Report(unknown=2), 4),
        (Report(unfinished=True), 75),
        (Report(signal=signal.SIGINT), 130),
        (Report(signal=signal.SIGTERM), 143),
        (Report(failed=1, unknown=1), 4),
        (Report(failed=1, unknown=1, unfinished=True), 75),
        (Report(failed=1, unknown=1, unfinished=True, refused=True), 3),
        (Report(failed=1, unknown=1, unfinished=True, refused=True, signal=signal.SIGINT), 130),
    ],
)
def test_the_gravest_wins(report: Report, code: int) -> None:
    assert exit_code(report) == code


def test_the_order_of_gravity_is_total() -> None:
    assert gravest([]) == 0
    for pair in itertools.permutations(Exit, 2):
        assert gravest(pair) == gravest(reversed(pair))
    assert [gravest([a, b]) for a, b in ((1, 4), (4, 75), (75, 3), (3, 130), (3, 143))] == [4, 75, 3, 130, 143]  # type: ignore[list-item] # an IntEnum is its number


def test_errors_have_their_code() -> None:
    assert of_error(Refused(Problem(text="x"))) == 3
    assert of_error(NotNow("x")) == 75
    assert of_error(UsageError("x")) == 2
