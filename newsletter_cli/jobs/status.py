"""`newsletter status [POST]`: campaigns, counts by outcome, what is left, since when and until when it waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsletter_cli.jobs import identity
from newsletter_cli.jobs.report import JSON_VERSION, Counts
from newsletter_cli.ledger.states import CampaignState, Outcome

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.ledger.model import Campaign
    from newsletter_cli.ledger.store import Ledger


@dataclass(frozen=True, slots=True)
class CampaignStatus:
    """One campaign and its counts."""

    campaign: Campaign
    counts: Counts

    @property
    def told(self) -> bool:
        """Whether there is anything to tell: a server that was away leaves a record in which nobody is."""
        return bool(self.counts.total or self.campaign.reason or self.campaign.sent_stamp or self.campaign.begun_at)

    @property
    def state(self) -> CampaignState:
        """Its state; one that a login refused before its first mail is held, whatever the ledger calls it."""
        campaign = self.campaign
        return CampaignState.HELD if campaign.begun_at is None and campaign.reason else campaign.state

    def as_json(self) -> dict[str, Any]:
        """The campaign as an object of the interface."""
        campaign = self.campaign
        return {
            "post": campaign.identity.path,
            "post_id": campaign.identity.post_id,
            "title": campaign.identity.title,
            "state": self.state.value,
            "reason": campaign.reason,
            "begun_at": _iso(campaign.begun_at),
            "finished_at": _iso(campaign.finished_at),
            "wait_until": _iso(campaign.wait_until),
            "recipients": self.counts.total,
            **self.counts.as_json(),
        }


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What the ledger knows. `campaigns` newest first; empty where nothing was ever sent."""

    campaigns: tuple[CampaignStatus, ...]
    one: bool = False  # a post was asked for: its object stands at the top level of the JSON

    def as_json(self) -> dict[str, Any]:
        """The report as an object of the interface; the sums of all campaigns stand beside the list."""
        if self.one and self.campaigns:
            return {"version": JSON_VERSION, **self.campaigns[0].as_json()}
        sums: dict[Outcome, int] = {}
        for entry in self.campaigns:
            for outcome, count in entry.counts.by_outcome.items():
                sums[outcome] = sums.get(outcome, 0) + count
        return {
            "version": JSON_VERSION,
            **Counts(by_outcome=sums).as_json(),
            "campaigns": [entry.as_json() for entry in self.campaigns],
        }


def status(workspace: Workspace, post: Path | None = None) -> StatusReport:
    """What the ledger knows of one post, or of all. Changes nothing."""
    with workspace.ledger_as_it_is() as ledger:
        campaigns = tuple(
            entry
            for campaign in wanted(workspace, ledger, post)
            if ledger is not None
            and (entry := CampaignStatus(campaign, Counts(by_outcome=ledger.counts(campaign.id)))).told
        )
    return StatusReport(campaigns, one=post is not None)


def wanted(workspace: Workspace, ledger: Ledger | None, post: Path | None) -> list[Campaign]:
    """The campaign of a post, or all of this newsletter."""
    if ledger is None:
        return []
    if post is None:
        return ledger.campaigns(workspace.newsletter)
    campaign = _of_post(workspace, ledger, post)
    return [] if campaign is None else [campaign]


def _of_post(workspace: Workspace, ledger: Ledger, path: Path) -> Campaign | None:
    from newsletter_cli.post import read

    settings = workspace.settings
    post = read.read(path, timezone=settings.newsletter.timezone)
    return identity.find(ledger, settings.newsletter.id, post, settings.folder)


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
