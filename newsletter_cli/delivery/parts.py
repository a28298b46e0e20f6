"""What a run is made of, put together once: the pure machine, the pace, and those who speak for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter_cli.delivery.campaign import Campaign
from newsletter_cli.delivery.desk import Desk
from newsletter_cli.delivery.pace import Pace
from newsletter_cli.delivery.recorder import Recorder
from newsletter_cli.delivery.supply import Supply

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter_cli.delivery.events import Event
    from newsletter_cli.delivery.making import Making
    from newsletter_cli.delivery.seams import SmtpSection, Store
    from newsletter_cli.ledger.model import Claim, Settled
    from newsletter_cli.times import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """One run's own; none of them is shared with another."""

    campaign: Campaign
    pace: Pace
    recorder: Recorder
    supply: Supply
    desk: Desk


def assembled(
    store: Store,
    making: Making,
    section: SmtpSection,
    *,
    clock: Clock,
    account: str,
    limit: int | None,
    emit: Callable[[Event], None],
    on_recorded: Callable[[Claim, Settled], None],
    on_broken: Callable[[Exception], None],
) -> Parts:
    """The parts of a run over this store, by the settings of this section; to be called inside the running loop."""
    campaign = Campaign(
        retry_after=section.retry_after,
        give_up_after=section.give_up_after,
        stop_at_failures=section.stop_at_failures,
        limit=limit,
    )
    pace = Pace(
        section.rate,
        connections=section.connections,
        batch_size=section.batch_size,
        batch_pause_s=section.batch_pause.total_seconds(),
    )
    recorder = Recorder(
        store,
        account=account,
        exact_counts=any(not rate.even for rate in section.rate),
        on_recorded=on_recorded,
        on_broken=on_broken,
    )
    supply = Supply(store, section, account=account, campaign=campaign, pace=pace, recorder=recorder, clock=clock)
    desk = Desk(
        campaign=campaign,
        pace=pace,
        supply=supply,
        recorder=recorder,
        making=making,
        clock=clock,
        emit=emit,
        host=section.host,
    )
    return Parts(campaign=campaign, pace=pace, recorder=recorder, supply=supply, desk=desk)
