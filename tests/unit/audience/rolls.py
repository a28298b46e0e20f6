"""A roll out of texts, and what it says: what the tests of this folder share."""

from __future__ import annotations

from typing import Any

import pytest

from newsletter_cli.audience.roll import Roll
from newsletter_cli.post.model import Audience
from newsletter_cli.problems import Refused

TIERED = """email,name,tier
    ann@x.example,Ann,free
    bo@x.example,Bo,paid
    cy@x.example,Cy,founding
"""


def build(*lists: str | tuple[str, str], allow_empty: bool = False, **said: Any) -> Roll:
    named = [one if isinstance(one, tuple) else (f"{'abcdef'[number]}.csv", one) for number, one in enumerate(lists)]
    data = [(file, "\n".join(line.strip() for line in text.splitlines()).encode()) for file, text in named]
    exclude = [(file, text.encode()) for file, text in said.pop("exclude", [])]
    return Roll.build(
        data,
        person=lambda key: f"person {key}".encode(),
        everywhere=lambda key: f"everywhere {key}".encode(),
        exclude=exclude,
        allow_empty=allow_empty,
        **said,
    )


def chosen(roll: Roll, audience: Audience = Audience.EVERYONE, **said: Any) -> list[str]:
    return [f"{one.subscriber.address.local} {one.version}" for one in roll.chosen(audience, **said)]


def left_out(roll: Roll, audience: Audience = Audience.EVERYONE, **said: Any) -> list[str]:
    return [f"{row.file}:{row.line} {row.reason}" for row in roll.left_out(audience, **said)]


def refusal(*lists: str | tuple[str, str], **said: Any) -> list[str]:
    with pytest.raises(Refused) as refused:
        build(*lists, **said)
    return [str(problem) for problem in refused.value.problems]
