"""A writer's own filter over columns."""

from __future__ import annotations

import pytest

from newsletter_cli.audience import segment
from newsletter_cli.problems import Refused

ANN = segment.compacted(
    {"Plan": "Founder", "Country": "DE", "Sign-up date": "2024-02-03", "Age": "41", "Notes": ""}, "paid"
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("plan = 'founder' and country in ('DE','AT')", True),
        ("plan = 'founder' and country in ('CH','AT')", False),
        ("PLAN == ' FOUNDER '", True),
        ("plan != 'founder' or tier = 'paid'", True),
        ("plan <> 'founder'", False),
        ("not plan = 'founder'", False),
        ("not not plan = 'founder'", True),
        ("not (plan = 'founder' and age < 40)", True),
        ("country not in ('DE')", False),
        ("age >= 41 and age <= 41.0 and age > 40 and age < 42", True),
        ("age = 41.0", True),
        ("age > 'x'", False),
        ("plan > 5", False),
        ("\"Sign-up date\" >= '2024-01-01' and \"sign-up date\" < '2025-01-01'", True),
        ("signupdate contains '2024'", True),
        ("plan not contains 'found'", False),
        ("notes is empty", True),
        ("notes is not empty", False),
        ("notes < 5", False),
        ("notes = ''", True),
        ("plan = 'it''s'", False),
        ("tier in ('paid', 'founding')", True),
        ("plan = 'x' or country = 'DE' and age = 41", True),
        ("(plan = 'x' or country = 'DE') and age = 40", False),
        ("age in (40, 41)", True),
        ("age != -41", True),
    ],
)
def test_what_a_segment_means(text: str, holds: bool) -> None:
    assert segment.parse(text).holds(ANN) is holds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a column is missing at character 1"),
        ("plan", "a comparison is missing"),
        ("plan =", "a value is missing at character 7"),
        ("plan = founder", "a text stands in single quotes: 'founder' at character 8"),
        ("plan = 'founder", '"\'" cannot stand here at character 8'),
        ("plan = 'a' 'b'", "\"'b'\" is too much at character 12"),
        ("(plan = 'a'", "')' is missing at character 12"),
        ("plan in 'a'", "'(' is missing before \"'a'\" at character 9"),
        ("plan is full", "'empty' is missing before 'full'"),
        ("and = 'x'", "a column is missing"),
        ("'x' = plan", "a column is missing"),
        ("plan like 'x'", "a comparison is missing"),
        ("plan not like 'x'", "a comparison is missing"),
        ("__import__('os').system('x')", "'.' cannot stand here at character 17"),
        ("(" * 60 + "plan = 'a'" + ")" * 60, "nested too deeply"),
        ("plan = '" + "x" * 10_000 + "'", "longer than 10,000 characters"),
    ],
)
def test_what_cannot_be_read_says_where(text: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        segment.parse(text)
    assert said in str(refused.value)


def test_every_unknown_column_of_every_list_is_named() -> None:
    wanted = segment.parse("plan = 'x' and contry = 'DE' and zzz = 1")
    wanted.require({"a.csv": ["Plan", "contry", "zzz"]})
    with pytest.raises(Refused) as refused:
        wanted.require({"a.csv": ["Plan", "Country"], "b.csv": ["email", "ZZZ"]})
    said = [str(problem) for problem in refused.value.problems]
    assert len(said) == 4
    assert said[0].startswith("a.csv: no column 'contry'")
    assert said[0].endswith("is 'Country' meant?")
    assert "no column 'zzz'" in said[1]
    assert said[2].startswith("b.csv: no column 'plan'")
    assert said[2].endswith("it has email, ZZZ")
