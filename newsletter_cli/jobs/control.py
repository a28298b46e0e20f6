"""`newsletter pause|resume|cancel POST`: words to a campaign, obeyed by a running sender within a second.

None of them needs the sender's lock: the ledger carries the word.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter_cli.jobs import identity, stamping
from newsletter_cli.jobs.report import Counts
from newsletter_cli.ledger.states import IN_FLIGHT, CampaignState
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.ledger.model import Campaign
    from newsletter_cli.ledger.store import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was done: lines for the person, and the counts after it."""

    said: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    counts: Counts


def pause(workspace: Workspace, post: Path) -> Told:
    """Stop a campaign until `resume`. Raises Refused where there is nothing to pause."""
    with _begun(workspace, post) as (ledger, campaign):
        ledger.set_state(campaign.id, CampaignState.PAUSED, reason="paused by hand")
        counts = Counts(by_outcome=ledger.counts(campaign.id))
    return Told(said=(f"{post}: paused; {counts.left} wait. `newsletter resume {post}` lets it go on",), counts=counts)


def resume(workspace: Workspace, post: Path) -> Told:
    """Let a paused or held campaign go on, at the next `run` or `send`."""
    with _begun(workspace, post) as (ledger, campaign):
        # One that was held before its first mail is begun anew, from the post and the list as they are then.
        goes_on = CampaignState.SINGLE if campaign.begun_at is None else CampaignState.SENDING
        ledger.set_state(campaign.id, goes_on)
        counts = Counts(by_outcome=ledger.counts(campaign.id))
    does = "begins" if campaign.begun_at is None else f"{counts.left} wait; it goes on"
    return Told(said=(f"{post}: {does} at the next `newsletter run` or `send`",), counts=counts)


def cancel(workspace: Workspace, post: Path) -> Told:
    """Settle those who wait as cancelled, and stamp the post once nothing is in a sender's hands."""
    with _begun(workspace, post) as (ledger, campaign):
        ledger.cancel(campaign.id)
        counts = Counts(by_outcome=ledger.counts(campaign.id))
        said = [f"{post}: cancelled; nobody else gets it"]
        problems: tuple[Problem, ...] = ()
        if any(counts[outcome] for outcome in IN_FLIGHT):
            said.append("a sender is at work on it; it stamps the post when its last mails are settled")
        else:
            stamp = stamping.sent_stamp(workspace.clock.now())
            ledger.finish(campaign.id, stamp)
            if workspace.settings.run.stamp == "post":
                problem = stamping.mark_sent(post, sent_stamp=stamp)
                problems = () if problem is None else (problem,)
                if problem is None:
                    ledger.stamped(campaign.id)
    return Told(said=tuple(said), problems=problems, counts=counts)


@contextmanager
def _begun(workspace: Workspace, path: Path) -> Iterator[tuple[Ledger, Campaign]]:
    """The ledger, and the campaign of a post that was begun and is not over."""
    from newsletter_cli.post import read

    settings = workspace.settings
    post = read.read(path, timezone=settings.newsletter.timezone)
    if not workspace.has_ledger():
        raise Refused(_nothing(path))
    with workspace.open_ledger() as (ledger, _):
        campaign = identity.find(ledger, settings.newsletter.id, post, settings.folder)
        under_way = {CampaignState.SENDING, CampaignState.PAUSED, CampaignState.HELD}
        if campaign is None or not (campaign.state in under_way or campaign.reason):
            raise Refused(_nothing(path))
        yield ledger, campaign


def _nothing(path: Path) -> Problem:
    return Problem(text="its sending is not under way", file=str(path), hint="`newsletter status` names what is")
