"""What a `send` of one post means, given what post and ledger say. Pure: the promises 1, 6 and 8 as one function.

The post's own word comes first: an `email_sent_at` that a person can see ends the matter. Then the ledger's. Only
where neither knows of a mail is something begun.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from newsletter_cli import times
from newsletter_cli.ledger.states import CampaignState
from newsletter_cli.post.model import PostType

if TYPE_CHECKING:
    from datetime import datetime, time, timedelta

    from newsletter_cli.ledger.model import Campaign
    from newsletter_cli.post.model import Due, Meta


class Way(StrEnum):
    """What is to be done."""

    ALREADY_SENT = "already sent"  # say when, send nothing
    STAMP_ONLY = "stamp only"  # everyone is settled, the post does not say so yet
    BEGIN = "begin"  # nobody has had it
    CONTINUE = "continue"  # some have had it, the rest wait
    ADD = "add"  # finished; at a person's word some more are queued
    SINGLE = "single"  # one person alone
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the person asked for besides the post."""

    now: bool = False
    again: bool = False
    retry_failed: bool = False
    resend_unknown: bool = False
    single: bool = False  # --to ADDRESS
    resend: bool = False  # with single
    leftover: bool = False  # `run` goes on with what --again, --retry-failed or --resend-unknown left

    @property
    def by_ledger(self) -> bool:
        """Whether the ledger, not the post's line, decides (interface, promise 1)."""
        by_word = self.again or self.retry_failed or self.resend_unknown or self.leftover
        return by_word or (self.single and self.resend)


@dataclass(frozen=True, slots=True)
class Decision:
    """The way, and for a refusal or an end the words and what to do."""

    way: Way
    text: str = ""
    hint: str = ""
    key: str = ""  # the front matter key that decided, for its line


_BEGUN = frozenset({CampaignState.SENDING, CampaignState.PAUSED, CampaignState.HELD})
_OVER = frozenset({CampaignState.FINISHED, CampaignState.CANCELLED, CampaignState.ADOPTED})


def decide(*, sent_at: str, started_at: str, campaign: Campaign | None, ledger_id: str | None, wish: Wish) -> Decision:
    """Say what a `send` is to do. `sent_at` and `started_at` are the post's lines as written, empty where absent.

    `campaign` and `ledger_id` are None where there is no record or no ledger yet. Whether a post that is to begin is a
    draft or not yet due is `gate`'s question.
    """
    # 1. The wishes that go by the ledger need its record.
    if wish.by_ledger:
        if campaign is None:
            return _no_record(sent_at, started_at, wish)
        if wish.single:
            return Decision(Way.SINGLE)
        return Decision(Way.ADD if campaign.state in _OVER else _going_on(campaign))
    # 2. The post's own line ends the matter.
    if sent_at:
        return Decision(Way.ALREADY_SENT, f"already sent at {sent_at}", key="email_sent_at")
    # 3. So does the ledger's word that everyone is settled.
    if campaign is not None and campaign.state in _OVER:
        return Decision(Way.STAMP_ONLY, f"already sent at {campaign.sent_stamp}")
    # 4. Begun by somebody whose ledger is not here: nobody can tell who has had it.
    if started_at and (campaign is None or ledger_id is None or ledger_id not in started_at.split()):
        return Decision(
            Way.REFUSE,
            f"its sending was begun ({started_at}) and recorded in another ledger than this one",
            "bring that record here with `newsletter ledger import FILE`, or, if everyone has had it, "
            "say so with `newsletter adopt POST`",
            key="email_started_at",
        )
    # 5. Begun here, or not at all.
    if wish.single:
        return Decision(Way.SINGLE)
    return Decision(Way.BEGIN if campaign is None else _going_on(campaign))


def _going_on(campaign: Campaign) -> Way:
    return Way.CONTINUE if campaign.begun_at is not None and campaign.state in _BEGUN else Way.BEGIN


def _no_record(sent_at: str, started_at: str, wish: Wish) -> Decision:
    """No campaign in the ledger, and a wish that needs one."""
    if wish.single and not sent_at and not started_at:
        return Decision(Way.SINGLE)
    return Decision(
        Way.REFUSE,
        "there is no record of who has had it",
        "`newsletter adopt POST --delivers FILE` records who got it elsewhere",
    )


def gate(meta: Meta, *, now: datetime, wish: Wish) -> Decision | None:
    """Say why a post may not be begun; None where it may. `--now` overrides the date alone.

    A draft and a page are never mailed while they are so: the front matter says it, and only it unsays it.
    """
    if meta.held_back:
        return Decision(
            Way.REFUSE,
            f"it is not to be mailed ({meta.held_back})",
            "change that line first",
            meta.held_back.split(":")[0],
        )
    if meta.type is PostType.PAGE:
        return Decision(Way.REFUSE, "a page is never mailed (type: page)", "make it a newsletter first", "type")
    if meta.due is not None and not wish.now and earliest(meta.due) > now:
        return Decision(
            Way.REFUSE,
            f"its date {_shown(meta.due)} is in the future",
            "wait, let `newsletter run` send it when it is due, or send it with --now",
            "date",
        )
    return None


def earliest(due: Due) -> datetime:
    """The first instant at which a `send` takes the post: a day counts from its first minute on."""
    return due.instant or times.start_of_day(due.day, times.zone(due.zone))


def due_at(due: Due, send_time: time) -> datetime:
    """The instant at which `run` sends the post: a day without a time is due at `[run] send_time`."""
    if due.instant is not None:
        return due.instant
    midnight = times.start_of_day(due.day, times.zone(due.zone))
    return midnight.replace(hour=send_time.hour, minute=send_time.minute, second=send_time.second)


class Timing(StrEnum):
    """Where a post stands for `run`."""

    NEVER = "never due by itself"
    NOT_YET = "not yet due"
    DUE = "due"
    TOO_OLD = "due for too long"


def timing(due: Due | None, *, now: datetime, send_time: time, max_age: timedelta) -> Timing:
    """Say whether a post that was never begun is for `run` to begin."""
    if due is None:
        return Timing.NEVER
    at = due_at(due, send_time)
    if at > now:
        return Timing.NOT_YET
    return Timing.TOO_OLD if now - at > max_age else Timing.DUE


def _shown(due: Due) -> str:
    return str(due.day) if due.instant is None else due.instant.isoformat(sep=" ", timespec="minutes")
