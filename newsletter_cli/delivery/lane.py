"""One connection and the mails that go over it, stage by stage, below the library's `sendmail()`.

Where the server offers PIPELINING a mail costs one round trip: MAIL, RCPT and DATA leave in one write, and the body,
the dot and the next mail's MAIL, RCPT and DATA in another (RFC 2920 §3.1: DATA ends a group, the dot may begin one).
Without it, one command at a time with the same outcomes. Every answer is read for its command and told to the desk,
which decides and records; the lane only knows how to speak. A body leaves after the hand-over is recorded, or never.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from newsletter_cli.delivery.dialogue import Lost, Stage, goes_on
from newsletter_cli.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter_cli.delivery.desk import Desk, Mail
    from newsletter_cli.delivery.smtp import Link, Offers
    from newsletter_cli.message.model import Parcel

_CLOSING = 421  # RFC 5321 §3.8
_ENVELOPE: tuple[Stage, ...] = (Stage.MAIL, Stage.RCPT, Stage.DATA)
# A body up to this size leaves in one write with its dot; of a larger one the dot is written once the rest has left,
# so that a connection lost in the middle of it is known not to have carried the dot.
ONE_WRITE_OCTETS = 64 * 1024


class Lane:
    """Mails over one connection until it ends. `progress`: whether the server has judged any mail for itself."""

    def __init__(
        self,
        number: int,
        desk: Desk,
        link: Link,
        timeouts: Mapping[Stage, float],
        *,
        messages: int = 0,
        transcript: bool = False,
    ) -> None:
        self.number = number
        self.wire = link.wire
        self.progress = False
        self.exposed = False  # between a MAIL and its 354, with no other mail's answer due: may be hung up on
        self.lost_at: Stage | None = None
        self._desk = desk
        self._offers = link.offers
        self._timeouts = timeouts
        self._left = messages or None
        self._reset = False  # the server holds an envelope that was not ended by a dot
        self._transcript = transcript
        if transcript:
            self.wire.on_reply = self._hear

    async def run(self) -> None:
        """Carry mails until none is left for this connection, or it ends."""
        mail: Mail | None = None
        while not self.wire.lost:
            if mail is None:
                mail = await self._begin()
                if mail is None:
                    await self._quit()
                    return
            mail = await self._carry(mail)
            if mail is not None and self._desk.over:
                self._desk.return_unsent(mail)
                self.wire.abort("closed without the final dot")
                return
        if mail is not None:
            self._lost(mail, Stage.MAIL)

    async def _begin(self) -> Mail | None:
        """A fresh mail on a quiet connection; nothing of it is written where the server has already gone."""
        if self._left == 0:
            return None
        mail = await self._desk.next_mail(self._offers)
        if mail is not None and not self.wire.quiet:
            # A 421 while nothing was asked (RFC 5321 §3.8), or a close: this mail has nothing to do with it.
            early = self.wire.early()
            self.wire.abort(f"the server said {early} unasked" if early else "replies and commands are out of step")
            self._desk.return_unsent(mail)
            self.lost_at = Stage.MAIL
            return None
        if mail is not None:
            self._spend()
        return mail

    def _spend(self) -> None:
        if self._left is not None:
            self._left -= 1

    async def _carry(self, mail: Mail) -> Mail | None:
        """One transaction. Gives the mail whose envelope rode behind this one's dot."""
        self.exposed = True
        stage, answer = await self._envelope(mail)
        self.exposed = False
        if not (isinstance(answer, Reply) and goes_on(stage, answer)):
            self._answered(mail, stage, answer)
            return None
        return None if self._spoken_before_dot(mail) else await self._body(mail)

    async def _envelope(self, mail: Mail) -> tuple[Stage, Reply | Lost]:
        """MAIL, RCPT, DATA: the answer that decides, 354 or the first refusal."""
        stages = _ENVELOPE
        if not mail.rode:  # otherwise it is written already
            commands = envelope(mail.parcel, self._offers)
            if self._reset:
                stages, commands = (Stage.RSET, *stages), [b"RSET\r\n", *commands]
            if not self._offers.pipelining:
                return await self._one_by_one(stages, commands)
            self._write(b"".join(commands))
        refused: tuple[Stage, Reply | Lost] | None = None
        nobody = False  # the server has said that it takes this mail for nobody
        for stage in stages:
            answer = await self.wire.reply(self._timeouts[stage])
            if isinstance(answer, Lost) or answer.code == _CLOSING:
                return refused or (stage, answer)
            if goes_on(stage, answer):
                self._reset = stage is not Stage.RSET
                if stage is Stage.DATA and refused:
                    await self._end_empty(nobody=nobody)
            elif stage is not Stage.RSET:  # a server that minds RSET will mind MAIL
                nobody = nobody or (stage is Stage.RCPT and not answer.positive)
                refused = refused or (stage, answer)
        return refused or (stage, answer)

    async def _one_by_one(self, stages: tuple[Stage, ...], commands: list[bytes]) -> tuple[Stage, Reply | Lost]:
        """Without PIPELINING a command waits for the answer to the one before."""
        for stage, command in zip(stages, commands, strict=True):
            self._write(command)
            answer = await self.wire.reply(self._timeouts[stage])
            if isinstance(answer, Lost) or not (goes_on(stage, answer) or stage is Stage.RSET):
                break
            self._reset = stage is not Stage.RSET
        return stage, answer

    async def _end_empty(self, *, nobody: bool) -> None:
        """DATA was accepted though what stood before it was not.

        RFC 2920 §3.1: where the recipient was refused a lone dot ends it. Where it was not, that dot would be an
        empty mail to someone: the connection is closed instead.
        """
        if not nobody:
            self.wire.abort("DATA was accepted without a transaction")
            return
        self._write(b".\r\n")
        await self.wire.reply(self._timeouts[Stage.LONE_DOT])
        self._reset = False

    async def _body(self, mail: Mail) -> Mail | None:
        if not await self._desk.may_send_body(mail):
            self.wire.abort("closed without the final dot")
            return None
        if self._spoken_before_dot(mail):
            return None
        following = self._following(mail)
        tail = b"".join(envelope(following.parcel, self._offers)) if following else b""
        data = stuffed(mail.parcel)
        if len(data) <= ONE_WRITE_OCTETS:
            self.wire.write(b"".join((data, b".\r\n", tail)))
        else:
            await self._blocks(data)
            if self._spoken_before_dot(mail):
                if following:
                    self._desk.return_unsent(following)
                return None
            self.wire.write(b".\r\n" + tail)
        if self._transcript:
            self._desk.told(self.number, f"<{len(data)} octets>", sent=True)
            self._desk.told(self.number, ".", sent=True)
            self._say(tail)
        self._reset = False  # the dot ends the transaction, whatever its answer
        self._answered(mail, Stage.DOT, await self.wire.reply(self._timeouts[Stage.DOT]))
        return following

    def _spoken_before_dot(self, mail: Mail) -> bool:
        """Whether the server has gone, or spoken, after its 354 and before the dot: then the dot is never sent.

        A refusal counts for this mail; anything else is no answer to a dot, and would be taken for one.
        """
        if self.wire.quiet:
            return False
        early = self.wire.early()
        self.wire.abort(f"the server said {early} before the final dot" if early else "")
        if early and not early.positive:
            self._answered(mail, Stage.BODY, early)
        else:
            self._lost(mail, Stage.BODY)
        self.lost_at = self.lost_at or Stage.BODY
        return True

    async def _blocks(self, data: bytes) -> None:
        """A large body block by block, each with its timeout, as far as the connection carries it."""
        whole = memoryview(data)
        for start in range(0, len(data), ONE_WRITE_OCTETS):
            self.wire.write(whole[start : start + ONE_WRITE_OCTETS])
            await asyncio.sleep(0)  # a close that has arrived is seen before the dot is written
            if await self.wire.drained(self._timeouts[Stage.BODY]) or not self.wire.quiet:
                return

    def _following(self, mail: Mail) -> Mail | None:
        if not self._offers.pipelining or self._left == 0:
            return None
        following = self._desk.ride(self._offers, mail)
        if following:
            self._spend()
        return following

    def _answered(self, mail: Mail, stage: Stage, answer: Reply | Lost) -> None:
        decision = self._desk.answered(mail, stage, answer)
        if decision.settled is not None and isinstance(answer, Reply) and not decision.verdict.close:
            self.progress = True
        if decision.verdict.close:
            self.lost_at = self.lost_at or stage
            self.wire.abort(str(answer))

    def _lost(self, mail: Mail, stage: Stage) -> None:
        self._answered(mail, stage, self.wire.lost or Lost("the connection is not used any more"))

    async def _quit(self) -> None:
        if self.wire.lost is None:
            self._write(b"QUIT\r\n")
            await self.wire.reply(self._timeouts[Stage.QUIT])
            self.wire.abort()

    def _write(self, data: bytes) -> None:
        self.wire.write(data)
        if self._transcript:
            self._say(data)

    def _hear(self, reply: Reply) -> None:
        for line in reply.text.split("\n"):
            self._desk.told(self.number, f"{reply.code} {line}", sent=False)

    def _say(self, data: bytes) -> None:
        for line in data.decode("utf-8", "replace").splitlines():
            self._desk.told(self.number, line, sent=True)


def envelope(parcel: Parcel, offers: Offers) -> list[bytes]:
    """MAIL, RCPT and DATA for one mail, with the parameters that the server offers and the mail needs."""
    parameters = f" SIZE={len(parcel.data)}" if offers.size else ""  # RFC 1870 §6.1
    if parcel.smtputf8:
        parameters += " SMTPUTF8"  # RFC 6531 §3.4
    return [
        f"MAIL FROM:<{parcel.mail_from}>{parameters}\r\n".encode(),
        f"RCPT TO:<{parcel.rcpt_to}>\r\n".encode(),
        b"DATA\r\n",
    ]


def stuffed(parcel: Parcel) -> bytes:
    """The body as it goes out: a dot at the start of a line is doubled (RFC 5321 §4.5.2), the last line is ended."""
    data = parcel.data
    if not parcel.dotless:
        data = data.replace(b"\r\n.", b"\r\n..")
        if data.startswith(b"."):
            data = b"." + data
    return data if data.endswith(b"\r\n") else data + b"\r\n"
