"""Is it the right list?"""

from __future__ import annotations

import pytest

from newsletter_cli.audience.guard import judge, parse_expected
from newsletter_cli.problems import UsageError


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (None, 5, ""),
        (100, 100, ""),
        (100, 130, ""),  # 30 % and no more
        (100, 131, "the list grew from 100 to 131 since the last send; if it is the right one: --expect 131"),
        (100, 70, ""),
        (100, 69, "the list shrank from 100 to 69 since the last send; if it is the right one: --expect 69"),
        (10, 29, ""),  # fewer than 20 rows
        (10, 30, "the list grew from 10 to 30 since the last send; if it is the right one: --expect 30"),
        (30, 0, "the list shrank from 30 to 0 since the last send; if it is the right one: --expect 0"),
        (0, 25, "the list grew from 0 to 25 since the last send; if it is the right one: --expect 25"),
    ],
)
def test_growth(before: int | None, now: int, said: str) -> None:
    found = judge(before, now)
    assert (str(found) if found else "") == said


def test_what_is_expected_settles_it_either_way() -> None:
    assert judge(100, 5, expected=(5, 5)) is None
    assert judge(100, 5, expected=(1, 9)) is None
    exactly = judge(None, 5, expected=(6, 6), file="a.csv")
    assert str(exactly) == "a.csv: 5 would be mailed, and 6 were expected; look at the list, or correct --expect"
    assert "and 6 to 9 were expected" in str(judge(5, 5, expected=(6, 9)))


@pytest.mark.parametrize(
    ("text", "expected"), [("5", (5, 5)), ("480-520", (480, 520)), (" 1 – 2 ", (1, 2)), ("3..4", (3, 4))]
)
def test_expectations(text: str, expected: tuple[int, int]) -> None:
    assert parse_expected(text) == expected


@pytest.mark.parametrize("text", ["", "x", "-5", "5-", "9-8", "1e3"])
def test_no_expectations(text: str) -> None:
    with pytest.raises(UsageError, match="--expect"):
        parse_expected(text)
