"""What can have happened to one recipient of a campaign, and to a campaign; legal moves as tables. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Outcome(StrEnum):
    """The state of one recipient."""

    QUEUED = "queued"  # waits for its first try
    CLAIMED = "claimed"  # a run holds it; nothing of it is on the wire
    HANDED_OVER = "handed over"  # recorded before the final dot can reach the server
    SENT = "sent"  # the server took responsibility (250 to the dot)
    DEFERRED = "deferred"  # a 4yz, or a server lost before the dot; waits for its next try
    FAILED = "failed"  # a 5yz, or given up
    UNKNOWN = "unknown"  # lost between the dot and its reply: the server may have it; never sent again by itself
    SUPPRESSED = "suppressed"  # unsubscribed, bounced, complained, or barred by hand
    WITHDRAWN = "withdrawn"  # gone from the list, or out of the audience, since the campaign was frozen
    CANCELLED = "cancelled"  # the campaign was cancelled before its turn


# Who may go where. What is not here raises IllegalMove; a settled row moves only at a person's explicit word.
MOVES: dict[Outcome, frozenset[Outcome]] = {
    Outcome.QUEUED: frozenset({Outcome.CLAIMED, Outcome.SUPPRESSED, Outcome.WITHDRAWN, Outcome.CANCELLED}),
    Outcome.CLAIMED: frozenset(
        {
            Outcome.HANDED_OVER,
            Outcome.QUEUED,  # put back: the run stops, or the fault was the account's
            Outcome.DEFERRED,
            Outcome.FAILED,
            Outcome.SUPPRESSED,
            Outcome.CANCELLED,
            Outcome.UNKNOWN,  # after a power cut the ledger may have lost the hand-over
        }
    ),
    Outcome.HANDED_OVER: frozenset(
        {
            Outcome.SENT,
            Outcome.DEFERRED,
            Outcome.FAILED,
            Outcome.UNKNOWN,
            Outcome.QUEUED,  # only with proof that the dot did not arrive
        }
    ),
    Outcome.DEFERRED: frozenset(
        {Outcome.CLAIMED, Outcome.FAILED, Outcome.SUPPRESSED, Outcome.WITHDRAWN, Outcome.CANCELLED, Outcome.QUEUED}
    ),
    Outcome.SENT: frozenset({Outcome.QUEUED}),  # --to ADDRESS --resend
    Outcome.FAILED: frozenset({Outcome.QUEUED}),  # --retry-failed, --to --resend
    Outcome.UNKNOWN: frozenset({Outcome.QUEUED}),  # --resend-unknown, --to --resend
    Outcome.SUPPRESSED: frozenset({Outcome.QUEUED}),  # --again, once the suppression was removed by hand
    Outcome.WITHDRAWN: frozenset({Outcome.QUEUED}),  # --again, back on the list
    Outcome.CANCELLED: frozenset({Outcome.QUEUED}),  # --again
}

WAITING = frozenset({Outcome.QUEUED, Outcome.DEFERRED})
IN_FLIGHT = frozenset({Outcome.CLAIMED, Outcome.HANDED_OVER})
SETTLED = frozenset(Outcome) - WAITING - IN_FLIGHT


class IllegalMove(RuntimeError):
    """A move the table does not know: a fault of this program, never of a list or a server."""


def move(before: Outcome, after: Outcome) -> Outcome:
    """Give `after` where the table allows it. Raises IllegalMove."""
    if after not in MOVES[before]:
        raise IllegalMove(f"{before} -> {after}")
    return after


def sources(after: Outcome, among: Iterable[Outcome] = tuple(Outcome)) -> tuple[Outcome, ...]:
    """The states of `among` that may become `after`, in the order of `Outcome`; all of `among` must, where given.

    Every statement that moves a row takes its condition from here. Raises IllegalMove.
    """
    wanted = tuple(among)
    if wanted == tuple(Outcome):
        return tuple(before for before in Outcome if after in MOVES[before])
    for before in wanted:
        move(before, after)
    return tuple(before for before in Outcome if before in wanted)


class CampaignState(StrEnum):
    """The state of one post's sending."""

    SINGLE = "single"  # only `--to ADDRESS` so far: nothing is begun for the others
    SENDING = "sending"  # begun, goes on by itself
    PAUSED = "paused"  # by a person; `run` leaves it alone until `resume` or an explicit `send`
    HELD = "held"  # by the program (account's fault, too many failures); the same
    CANCELLED = "cancelled"  # by a person; what was left is settled as cancelled
    FINISHED = "finished"  # everyone is settled
    ADOPTED = "adopted"  # mailed elsewhere, recorded here


# Which state of a campaign a person or a run may set. FINISHED and ADOPTED go on only through `--again`,
# `--retry-failed`, `--resend-unknown` and `--to`, which queue somebody in the same transaction.
CAMPAIGN_MOVES: dict[CampaignState, frozenset[CampaignState]] = {
    CampaignState.SINGLE: frozenset({CampaignState.SENDING, CampaignState.CANCELLED}),
    CampaignState.SENDING: frozenset(
        {CampaignState.PAUSED, CampaignState.HELD, CampaignState.CANCELLED, CampaignState.FINISHED}
    ),
    CampaignState.PAUSED: frozenset(
        {CampaignState.SENDING, CampaignState.HELD, CampaignState.CANCELLED, CampaignState.FINISHED}
    ),
    CampaignState.HELD: frozenset(
        {CampaignState.SENDING, CampaignState.PAUSED, CampaignState.CANCELLED, CampaignState.FINISHED}
    ),
    CampaignState.CANCELLED: frozenset({CampaignState.SENDING}),
    CampaignState.FINISHED: frozenset({CampaignState.SENDING}),
    CampaignState.ADOPTED: frozenset({CampaignState.SENDING}),
}

# In which states a run is given anybody to mail.
CLAIMABLE = frozenset({CampaignState.SINGLE, CampaignState.SENDING})
