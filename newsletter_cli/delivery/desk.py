"""What lanes ask and tell: the next mail with its token, leave to send a body, and every answer that decides.

The desk stands between the pure `campaign` and `pace` and the connections: it waits for tokens, asks the ledger for
each hand-over, passes decisions on to the recorder and events to the caller. It opens no connection and ends no run.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter_cli.delivery import events
from newsletter_cli.delivery.campaign import Finish, FinishReason
from newsletter_cli.delivery.dialogue import Lost, Stage, queue_id
from newsletter_cli.delivery.trouble import Scope
from newsletter_cli.ledger.states import Outcome
from newsletter_cli.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from newsletter_cli.delivery.campaign import Campaign, Decision
    from newsletter_cli.delivery.making import Making
    from newsletter_cli.delivery.pace import Pace
    from newsletter_cli.delivery.recorder import Recorder
    from newsletter_cli.delivery.smtp import Offers
    from newsletter_cli.delivery.supply import Supply
    from newsletter_cli.ledger.model import Claim
    from newsletter_cli.message.model import Parcel
    from newsletter_cli.times import Clock

# After a plea the token of a mail past its 354 may be far; it then goes back instead.
LONGEST_AT_354_S = 5.0
# What would end an address or a command early: the parcel's addresses are checked before, this is the last gate.
_NEVER_IN_PATH = frozenset("\r\n\0 <>")


@dataclass(slots=True)
class Mail:
    """One recipient's mail on its way. `rode`: its MAIL left behind another's dot, its token is still to be taken."""

    claim: Claim
    parcel: Parcel
    rode: bool


class Desk:
    """The run, as its connections see it."""

    def __init__(
        self,
        *,
        campaign: Campaign,
        pace: Pace,
        supply: Supply,
        recorder: Recorder,
        making: Making,
        clock: Clock,
        emit: Callable[[events.Event], None],
        host: str,
    ) -> None:
        self.wake = asyncio.Event()  # the supervisor has something to look at
        self.resting = False  # nothing goes out for so long that connections are closed
        self.lanes = 0
        self.idle = 0
        self._campaign = campaign
        self._pace = pace
        self._supply = supply
        self._recorder = recorder
        self._making = making
        self._clock = clock
        self._emit = emit
        self._host = host
        self._gate = asyncio.Lock()
        self._told_pace: tuple[float | None, int] | None = None
        self._waiters: set[asyncio.Future[None]] = set()

    @property
    def over(self) -> bool:
        """Whether the run ends: nothing new is begun."""
        return self._campaign.ending is not None

    def call_lanes(self) -> None:
        """Something has changed for those who wait: there is work, or there will be none."""
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def sleep(self, seconds: float) -> None:
        """Wait on the clock; a call to the lanes ends it early."""
        called = asyncio.get_running_loop().create_future()
        self._waiters.add(called)
        sleeper = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({called, sleeper}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waiters.discard(called)
            sleeper.cancel()

    # Asked by lanes.

    async def next_mail(self, offers: Offers) -> Mail | None:
        """The next mail for a connection, its token taken; None: the connection is not needed any more."""
        while not (self.over or self.resting or self._surplus()):
            if not self._campaign.ready:
                await self._for_work()
                continue
            async with self._gate:
                if not await self._token():
                    continue
                claim = self._campaign.take()
                if claim is None:
                    continue
                self._pace.take(self._clock.monotonic())
            self._making.ahead(self._campaign.coming())
            mail = await self._prepared_soon(claim, offers)
            if mail is not None:
                return mail
        return None

    def ride(self, offers: Offers, behind: Mail) -> Mail | None:
        """A mail whose MAIL may leave right now behind another's dot; its own token is taken before its own dot.

        Every MAIL leaves together with a token: behind a dot that has just taken one, or on one of its own.
        """
        now = self._clock.monotonic()
        if self.resting or not self._pace.rides(now) or self._surplus():
            return None
        if not behind.rode and self._pace.wait(now) > 0:
            return None
        claim = next(self._campaign.coming(), None)
        if claim is None or not self._making.instant(claim) or self._campaign.take() is None:
            return None
        if self._pace.unlimited or not behind.rode:
            self._pace.take(now)
        self._making.ahead(self._campaign.coming())
        try:
            parcel = self._making.now(claim)
        except BaseException:
            self._campaign.untake(claim.id)
            raise
        return self._fit(claim, parcel, offers, rode=True)

    def return_unsent(self, mail: Mail) -> None:
        """Nothing was sent of it, or nothing that counts: it is the next one again."""
        self._campaign.untake(mail.claim.id)
        self.call_lanes()

    async def may_send_body(self, mail: Mail) -> bool:
        """After its 354: wait for its token, then for the ledger. False: its dot must never be sent."""
        claim_id = mail.claim.id
        granted = not mail.rode or self._pace.unlimited or await self._late_token()
        if not (granted and self._campaign.may_hand_over(claim_id)):
            self.put_back(self._campaign.dropped(claim_id))
            return False
        recorded = await self._recorder.hand_over(claim_id, alone=self.lanes - self.idle <= 1)
        if not recorded and self._recorder.broken:
            self.put_back(self._campaign.dropped(claim_id))
            return False
        return self._campaign.handed_over(claim_id, recorded=recorded)

    def answered(self, mail: Mail, stage: Stage, answer: Reply | Lost) -> Decision:
        """Take the answer that decides about this mail, and have the consequences recorded."""
        now = self._clock.now()
        name = queue_id(answer) if stage is Stage.DOT and isinstance(answer, Reply) else ""
        decision = self._campaign.answered(mail.claim.id, stage, answer, now=now, queue_id=name)
        self._record(mail.claim, stage, answer, decision, now)
        verdict = decision.verdict
        if verdict.plea and isinstance(answer, Reply):
            self.plea(answer)
        if verdict.scope is Scope.CAMPAIGN:
            self._emit(events.Held(str(answer), answer.code if isinstance(answer, Reply) else 0, stage.value))
        if self.over or self._supply.low or not self._campaign.in_hand:
            self.wake.set()
        return decision

    def _record(self, claim: Claim, stage: Stage, answer: Reply | Lost, decision: Decision, now: datetime) -> None:
        settled = decision.settled
        if settled is not None:
            self._recorder.settle(claim, settled)
            if decision.suppress:
                self._recorder.suppress(claim, f"{answer} (at {stage})")
            if settled.outcome is Outcome.SENT or settled.outcome is Outcome.UNKNOWN:
                self._recorder.count(now)
            elif settled.next_try_at is not None:
                self._supply.due(settled.next_try_at)
        if decision.put_back is not None:
            self.put_back(decision.put_back)
        if decision.revived:
            for revived in decision.revived:
                self._recorder.put_back(revived)
            self._emit(events.Revived(decision.revived))

    def told(self, lane: int, line: str, *, sent: bool) -> None:
        """For the transcript."""
        self._emit(events.Transcript(lane, sent, line))

    # Asked by the supervisor too.

    def put_back(self, claim_id: int) -> None:
        """The ledger lets it wait again."""
        self._making.forget(claim_id)
        self._recorder.put_back(claim_id)
        self._supply.gave_back(1)
        self.wake.set()

    def plea(self, reply: Reply) -> None:
        """The server asked to slow down."""
        now = self._clock.monotonic()
        why = self._pace.plea(reply, now)
        if why:
            held = timedelta(seconds=max(0.0, self._pace.brake.held_until - now))
            self.tell_pace(why, self._clock.now() + held)
            self.wake.set()

    def tell_pace(self, why: str = "", until: datetime | None = None) -> None:
        """Tell the allowed pace where it has changed: at the start, after a plea, at every step of the climb back."""
        now = self._clock.monotonic()
        pace = self._pace.per_second(now), self._pace.connections(now)
        if pace != self._told_pace:
            self._told_pace = pace
            self._emit(events.Pace(*pace, why, until))

    # Inside.

    def _surplus(self) -> bool:
        return self.lanes > self._pace.connections(self._clock.monotonic())

    async def _for_work(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        self.wake.set()
        self.idle += 1
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)
            self.idle -= 1

    async def _late_token(self) -> bool:
        """The token of a mail whose 354 is there: a server must not be kept waiting for long in the middle of one."""
        async with self._gate:
            granted = self._pace.wait(self._clock.monotonic()) <= LONGEST_AT_354_S and await self._token()
            if granted:
                self._pace.take(self._clock.monotonic())
            return granted

    async def _token(self) -> bool:
        """Wait until a token is free. False: the run ends, or rests, before that."""
        while (wait := self._pace.wait(self._clock.monotonic())) > 0:
            if self.over or self.resting:
                return False
            await self.sleep(wait)
        return True

    async def _prepared_soon(self, claim: Claim, offers: Offers) -> Mail | None:
        try:
            parcel = await self._making.soon(claim)
        except BaseException:
            self._campaign.untake(claim.id)
            raise
        return self._fit(claim, parcel, offers, rode=False)

    def _fit(self, claim: Claim, parcel: Parcel, offers: Offers, *, rode: bool) -> Mail | None:
        """The mail, where this server can take it; otherwise it is settled, or stops the run (SIZE)."""
        refusal = self._unfit(parcel, offers)
        if refusal:
            self._recorder.settle(claim, self._campaign.refused(claim.id, refusal))
            return None
        if offers.size_octets is not None and len(parcel.data) > offers.size_octets:
            # RFC 1870 §6.1: a larger one is not even to be tried; the other mails of a post are as large.
            text = f"the mail is {len(parcel.data)} octets, {self._host} takes {offers.size_octets} at most"
            self._campaign.end(Finish(FinishReason.HELD, text))
            self._campaign.untake(claim.id)
            self._emit(events.Held(text))
            self.wake.set()
            return None
        return Mail(claim, parcel, rode)

    def _unfit(self, parcel: Parcel, offers: Offers) -> str:
        """Why this server can never take this mail; empty: it can."""
        paths = parcel.mail_from + parcel.rcpt_to
        if not _NEVER_IN_PATH.isdisjoint(paths):
            return "the address holds a character that no SMTP command can carry"
        if not offers.smtputf8 and (parcel.smtputf8 or not paths.isascii()):
            return f"an address with non-ASCII letters needs SMTPUTF8, which {self._host} does not offer"
        return ""
