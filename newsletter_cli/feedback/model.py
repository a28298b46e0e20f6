"""The values of this room: what one report says of one address."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from newsletter_cli.replies import Reason

if TYPE_CHECKING:
    from datetime import datetime


class Kind(StrEnum):
    """What a report means for an address."""

    HARD = "hard bounce"  # will never be delivered: suppress
    SOFT = "soft bounce"  # was not delivered this time, or nobody can tell why: count
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    NONE = "nothing"  # no report, or one that changes nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What a report carries of our own mail: the surest sign first.

    `tokens` are texts of a token's form, unverified; `message_ids` are without brackets; `queue_ids` are names that a
    server or provider gave the mail.
    """

    tokens: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
    queue_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What one report says of one address. `address` is as written and may be empty: then `traces` tell whose it is.

    `rule` names what decided, `said` is the server's or the report's own words in one line. `at` is when the report
    says it was written (aware), None where it does not say.
    """

    kind: Kind
    rule: str
    address: str = ""
    status: str = ""  # enhanced status code (RFC 3463), where one is known
    reason: Reason = Reason.OTHER
    said: str = ""
    traces: Traces = Traces()
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a status and the words beside it mean. `clear` is False where nothing told the reason."""

    kind: Kind
    rule: str
    reason: Reason = Reason.OTHER
    status: str = ""
    clear: bool = True


def one_line(text: str, limit: int = 300) -> str:
    """The text as one line, not longer than `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
