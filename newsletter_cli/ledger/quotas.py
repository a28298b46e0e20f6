"""How many mails an SMTP account handed over, in minutes, over all posts and runs: what sliding quotas count.

A minute counts whole as long as any part of it lies in the window, so the count is never too low and a quota is kept
in every sliding window at the server; what that costs is at most a minute of waiting.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, bindparam, func, insert, select, update

from newsletter_cli.ledger.hot import Statement
from newsletter_cli.ledger.tables import account_sends, to_integer

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter_cli.ledger.hot import Hot

_MINUTE = timedelta(minutes=1)
_MINUTE_MICROSECONDS = 60_000_000

_account = bindparam("of", type_=account_sends.c.account.type)
_minute = bindparam("at", type_=BigInteger)
_number = bindparam("number", type_=BigInteger)
_one = (account_sends.c.account == _account, account_sends.c.minute == _minute)
_window = (account_sends.c.account == _account, account_sends.c.minute > _minute)

SENT_SINCE = Statement(select(func.sum(account_sends.c.count)).where(*_window), "of", "at")
_ADD = Statement(update(account_sends).where(*_one).values(count=account_sends.c.count + _number), "number", "of", "at")
_FIRST = Statement(insert(account_sends).values(account=_account, minute=_minute, count=_number), "of", "at", "number")


def count(hot: Hot, account: str, number: int, now: datetime) -> None:
    """Add to the minute of `now`, inside the caller's transaction."""
    instant = to_integer(now)
    minute = instant - instant % _MINUTE_MICROSECONDS
    if not hot.many(_ADD, [(number, account, minute)]):
        hot.many(_FIRST, [(account, minute, number)])


def since(account: str, instant: datetime) -> tuple[str, int]:
    """The values of SENT_SINCE: every minute that ended after the instant."""
    return account, to_integer(instant - _MINUTE)
