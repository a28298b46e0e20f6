"""`--canary N --wait TIME`: the test list, then N readers, then after a while the rest, if all went well.

All went well: hard failures stay under 2 % of the N, and no server spoke of policy (5.7.x, which holds the campaign
by itself). Otherwise the campaign is held for a person to look at.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from newsletter_cli.jobs.carry import Carriage, carry
from newsletter_cli.jobs.report import Counts, SendReport
from newsletter_cli.ledger.states import CampaignState, Outcome
from newsletter_cli.problems import NotNow

if TYPE_CHECKING:
    from datetime import timedelta

    from newsletter_cli.jobs.desk import SendRequest
    from newsletter_cli.ledger.model import Campaign

MAX_FAILED = 0.02
_LOOK_S = 0.2  # how soon a signal, or the word of `pause` or `cancel`, is noticed while waiting


@dataclass(frozen=True, slots=True)
class Canary:
    """How many readers go first, and how long to wait for what comes of it."""

    count: int
    wait: timedelta


def try_test_list(request: SendRequest) -> None:
    """Send the test list its mails. Raises NotNow where one was not taken: nothing is begun then."""
    from newsletter_cli.jobs.trial import trial

    if not request.settings.newsletter.test_list:
        request.told("no test_list under [newsletter]: the canary begins with the first readers")
        return
    report = trial(request, request.settings.newsletter.test_list)
    for address, outcome, reply in report.results:
        if outcome is not Outcome.SENT:
            raise NotNow(
                f"the test mail to {address} was not taken: {outcome} {reply}".strip(), hint="nothing was begun"
            )


def carry_with_canary(carriage: Carriage, campaign: Campaign, canary: Canary, *, limit: int | None) -> SendReport:
    """Deliver to the first readers, wait, and deliver to the rest if all went well."""
    first = carry(carriage, campaign, limit=canary.count if limit is None else min(limit, canary.count))
    if not first.counts.left or first.held or first.signal or first.this_run.total < canary.count:
        return first
    if first.failed > MAX_FAILED * first.this_run.total:
        why = f"{first.failed} of the first {first.this_run.total} mails failed for good"
        carriage.ledger.set_state(campaign.id, CampaignState.HELD, reason=why)
        return replace(first, held=why, said=(*first.said, f"held: {why}; `newsletter resume` lets it go on"))
    import asyncio

    asyncio.run(_wait(carriage, campaign, canary.wait))
    if carriage.stop.requested:
        return replace(first, signal=carriage.stop.signal_number)
    if carriage.ledger.state(campaign.id) is not CampaignState.SENDING:  # paused or cancelled meanwhile
        counts = Counts(by_outcome=carriage.ledger.counts(campaign.id))
        return replace(first, counts=counts, unfinished=counts.left > 0)
    if limit is not None and limit <= canary.count:
        return first
    # The post says already that it was begun.
    onward = replace(carriage, before_first=None)
    rest = carry(onward, campaign, limit=None if limit is None else limit - canary.count)
    return replace(
        rest,
        this_run=_sum(first.this_run, rest.this_run),
        failures=(*first.failures, *rest.failures),
        fates=(*first.fates, *rest.fates),
        problems=(*first.problems, *rest.problems),
    )


async def _wait(carriage: Carriage, campaign: Campaign, wait: timedelta) -> None:
    """Wait, until a signal comes or the campaign is not to go on."""
    clock = carriage.clock
    until = clock.monotonic() + wait.total_seconds()
    while (left := until - clock.monotonic()) > 0 and not carriage.stop.requested:
        if carriage.ledger.state(campaign.id) is not CampaignState.SENDING:
            return
        await clock.sleep(min(left, _LOOK_S))


def _sum(one: Counts, other: Counts) -> Counts:
    outcomes = {*one.by_outcome, *other.by_outcome}
    return Counts(by_outcome={outcome: one[outcome] + other[outcome] for outcome in outcomes})
