"""Who of a list gets a post, by audience, paywall and tier."""

from __future__ import annotations

import pytest

from newsletter_cli.audience import select, tiers
from newsletter_cli.post.model import Audience

FULL, FREE, NOBODY, UNTOLD = "full", "free", "-", "?"


@pytest.mark.parametrize(
    ("audience", "paywalled", "expected"),
    [
        # levels: unknown, free, paid at least, paid, founding
        (Audience.EVERYONE, False, [FULL, FULL, FULL, FULL, FULL]),
        (Audience.EVERYONE, True, [UNTOLD, FREE, FULL, FULL, FULL]),
        (Audience.ONLY_PAID, False, [UNTOLD, NOBODY, FULL, FULL, FULL]),
        (Audience.ONLY_PAID, True, [UNTOLD, FREE, FULL, FULL, FULL]),
        (Audience.ONLY_FREE, False, [UNTOLD, FULL, NOBODY, NOBODY, NOBODY]),
        (Audience.ONLY_FREE, True, [UNTOLD, FREE, NOBODY, NOBODY, NOBODY]),
        (Audience.FOUNDING, False, [UNTOLD, NOBODY, UNTOLD, NOBODY, FULL]),
        (Audience.FOUNDING, True, [UNTOLD, FREE, UNTOLD, FREE, FULL]),
    ],
)
def test_the_table(audience: Audience, paywalled: bool, expected: list[str]) -> None:
    found = select.choices(audience, paywalled=paywalled)
    assert len(found) == len(tiers.TIER)
    assert [choice.version or (NOBODY if choice.reason else UNTOLD) for choice in found] == expected
    assert [choice.told for choice in found] == [said != UNTOLD for said in expected]
    assert select.needs_tier(audience, paywalled=paywalled) is (UNTOLD in expected)
