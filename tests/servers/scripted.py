"""A scriptable SMTP server that records what reaches it and when: the peer of the engine's tests.

It runs in a thread with a loop of its own. `Rule`s say what it does at a stage, for which connection, address or
turn; without a rule it is a strict and friendly server: MAIL inside a transaction is a 503 as with Postfix, a body
before its 354 or a pipelined command where PIPELINING is not offered is a `violation`.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from tests.servers.scripting import Moment, Rule

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Received:
    """A mail whose final dot has come. `accepted`: it was answered with 2yz; `refused`: with 4yz or 5yz."""

    at: float
    connection: int
    mail_from: str
    rcpt_to: str
    data: bytes
    accepted: bool
    refused: bool


class _Closed(Exception):
    """The server ends this connection."""


@dataclass(slots=True)
class _Session:
    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    secure: bool = False
    turns: dict[str, int] = field(default_factory=dict)
    mail_from: str | None = None
    rcpt_to: str = ""


class ScriptedServer:
    """Use as a context manager; `port` is known inside."""

    def __init__(
        self,
        rules: Sequence[Rule] = (),
        *,
        pipelining: bool = True,
        smtputf8: bool = False,
        size: int | None = None,
        auth: str = "",
        logins: dict[str, str] | None = None,
        starttls: ssl.SSLContext | None = None,
        tls: ssl.SSLContext | None = None,
        latency_s: float = 0.0,
        narrow: bool = False,
    ) -> None:
        self.rules = list(rules)
        self.moments: list[Moment] = []
        self.mails: list[Received] = []
        self.violations: list[str] = []
        self.logged_in: list[str] = []
        self.rode = 0  # dots behind which more had come already
        self.connections = 0
        self.open = 0
        self.most_open = 0
        self.port = 0
        self._offers = [name for name, there in (("PIPELINING", pipelining), ("SMTPUTF8", smtputf8)) if there]
        self._pipelining = pipelining
        if size is not None:
            self._offers.append(f"SIZE {size}")
        self._auth = auth
        self._logins = logins or {}
        self._starttls = starttls
        self._tls = tls
        self._latency_s = latency_s
        self._narrow = narrow  # takes little at a time, so that a client cannot leave a large body in the kernel
        self._loop = asyncio.new_event_loop()
        self._sessions: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        self._thread.join(5)
        assert not self._thread.is_alive()

    def stop(self) -> None:
        """Close the port and every connection."""
        if not self._loop.is_closed():
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stopping.set)

    @property
    def accepted(self) -> list[str]:
        """The recipients of the mails answered with 2yz, in order."""
        return [mail.rcpt_to for mail in self.mails if mail.accepted]

    def at(self, stage: str) -> list[Moment]:
        return [moment for moment in self.moments if moment.stage == stage]

    # The thread.

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._stopping = asyncio.Event()
        # asyncio turns Nagle's delay off only where the protocol is named.
        place = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        place.bind(("127.0.0.1", 0))
        if self._narrow:
            place.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server = await asyncio.start_server(
            self._connected, sock=place, ssl=self._tls, limit=2**12 if self._narrow else 2**20
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopping.wait()
        server.close()
        for task in self._sessions:
            task.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        session = _Session(self.connections, reader, writer, secure=self._tls is not None)
        try:
            await self._converse(session)
        except (_Closed, ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            self.open -= 1
            self._sessions.discard(task)
            session.writer.transport.abort()

    async def _converse(self, session: _Session) -> None:
        await self._act(session, "connect", None)
        await self._act(session, "greeting", "220 scripted.example ESMTP")
        while line := await session.reader.readline():
            if not line.endswith(b"\r\n"):
                if line.endswith(b"\n"):
                    self.violations.append(f"bare LF in a command: {line!r}")
                    continue
                return
            await self._command(session, line[:-2].decode("utf-8", "replace"))

    async def _command(self, session: _Session, line: str) -> None:
        verb = line.partition(" ")[0].upper()
        argument = line.partition(":")[2] if verb in {"MAIL", "RCPT"} else ""
        address = argument.partition(">")[0].strip().lstrip("<")
        if not self._pipelining and _buffered(session.reader):
            self.violations.append(f"a command behind {line!r} without PIPELINING")
        match verb:
            case "MAIL":
                usual = "250 2.1.0 Ok" if session.mail_from is None else "503 5.5.1 nested MAIL command"
                if await self._act(session, verb, usual, address=address, line=line):
                    session.mail_from, session.rcpt_to = address, ""
            case "RCPT":
                usual = "250 2.1.5 Ok" if session.mail_from is not None else "503 5.5.1 need MAIL"
                if await self._act(session, verb, usual, address=address, line=line):
                    session.rcpt_to = address
            case "DATA":
                await self._data(session)
            case "RSET":
                session.mail_from = None
                await self._act(session, verb, "250 2.0.0 Ok")
            case _:
                await self._session_command(session, verb, line)

    async def _session_command(self, session: _Session, verb: str, line: str) -> None:
        match verb:
            case "EHLO" | "HELO":
                await self._act(session, verb, self._hello(session, extended=verb == "EHLO"), line=line)
            case "STARTTLS" if self._starttls and not session.secure:
                await self._upgrade(session)
            case "AUTH":
                await self._login(session, line)
            case "QUIT":
                await self._act(session, verb, "221 2.0.0 Bye")
                raise _Closed
            case _:
                await self._act(session, "other", "500 5.5.2 what?", line=line)

    def _hello(self, session: _Session, *, extended: bool) -> str:
        if not extended:
            return "250 scripted.example"
        offers = list(self._offers)
        if self._starttls and not session.secure:
            offers.append("STARTTLS")
        if self._auth and (session.secure or not self._starttls):
            offers.append(f"AUTH {self._auth}")
        return "\n".join(["250 scripted.example", *(f"250 {offer}" for offer in offers)])

    async def _upgrade(self, session: _Session) -> None:
        assert self._starttls is not None
        await self._act(session, "STARTTLS", "220 2.0.0 Ready")
        await session.writer.start_tls(self._starttls)
        session.secure = True

    async def _login(self, session: _Session, line: str) -> None:
        _, method, *initial = line.split(" ")
        session.turns["AUTH"] = session.turns.get("AUTH", 0)
        if method.upper() == "LOGIN":
            name = base64.b64decode(await self._challenge(session, "334 VXNlcm5hbWU6", initial)).decode()
            word = base64.b64decode(await self._challenge(session, "334 UGFzc3dvcmQ6", [])).decode()
        elif method.upper() == "XOAUTH2":
            name, _, rest = base64.b64decode(initial[0]).decode().removeprefix("user=").partition("\x01")
            word = rest.removeprefix("auth=Bearer ").rstrip("\x01")
        else:
            _, name, word = base64.b64decode(initial[0]).decode().split("\0")
        good = self._logins.get(name) == word
        if method.upper() == "XOAUTH2" and not good:
            # What is wrong is told as a challenge; the refusal comes when the client has answered it.
            said = base64.b64encode(b'{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}')
            answer = await self._challenge(session, f"334 {said.decode()}", [])
            if answer:
                self.violations.append(f"{answer!r} in answer to the challenge of a refused login")
        if await self._act(
            session, "AUTH", "235 2.7.0 Welcome" if good else "535 5.7.8 Authentication failed", line=method
        ):
            self.logged_in.append(f"{method.upper()} {name}")

    async def _challenge(self, session: _Session, challenge: str, initial: list[str]) -> str:
        if initial:
            return initial[0]
        session.writer.write(challenge.encode() + b"\r\n")
        return (await session.reader.readline()).decode().strip()

    async def _data(self, session: _Session) -> None:
        ready = session.mail_from is not None and bool(session.rcpt_to)
        usual = "354 Go ahead" if ready else "503 5.5.1 need RCPT"
        if _buffered(session.reader):
            self.violations.append("octets behind DATA before its reply")
        if not await self._act(session, "DATA", usual, address=session.rcpt_to):
            return
        data = await self._body(session)
        at = time.monotonic()
        if session.rcpt_to:
            await self._act(
                session, "dot", f"250 2.0.0 Ok: queued as Q{len(self.mails)}", address=session.rcpt_to, mail=data, at=at
            )
        else:
            await self._act(session, "lone dot", "554 5.5.1 no valid recipients")
        session.mail_from = None

    async def _body(self, session: _Session) -> bytes:
        rule = self._rule(session, "body", session.rcpt_to)
        lines: list[bytes] = []
        octets = 0
        if rule and not rule.after_octets:
            await self._do(session, rule, None)
        while True:
            line = await session.reader.readline()
            if not line:
                raise _Closed
            octets += len(line)
            if rule and rule.after_octets and octets >= rule.after_octets:
                await self._do(session, rule, None)
                rule = None
            if line == b".\r\n":
                self.rode += bool(_buffered(session.reader))
                return b"".join(lines)
            if not line.endswith(b"\r\n"):
                self.violations.append(f"bare LF in a body: {line[:40]!r}")
            lines.append(line[1:] if line.startswith(b".") else line)

    # What it does.

    def _rule(
        self, session: _Session, stage: str, address: str, line: str = "", at: float | None = None
    ) -> Rule | None:
        session.turns[stage] = session.turns.get(stage, 0) + 1
        moment = Moment(at or time.monotonic(), session.number, stage, session.turns[stage], address, line)
        self.moments.append(moment)
        rule = next((rule for rule in self.rules if rule.fits(moment)), None)
        if rule is not None and rule.times is not None:
            rule.times -= 1
        return rule

    async def _act(
        self,
        session: _Session,
        stage: str,
        usual: str | None,
        *,
        address: str = "",
        line: str = "",
        mail: bytes | None = None,
        at: float | None = None,
    ) -> bool:
        """Do what the rule says, or the usual. Whether the answer was positive."""
        rule = self._rule(session, stage, address, line, at)
        said = usual if rule is None or rule.say is None else rule.say
        good = bool(said) and said[:1] in "23" if said else False
        if rule is not None and (rule.raw is not None or (rule.say is None and (rule.drop or rule.reset or rule.hang))):
            good = False
        if mail is not None:
            refused = said is not None and said[:1] in {"4", "5"} and not (rule and rule.raw is not None)
            self.mails.append(
                Received(
                    at=at or time.monotonic(),
                    connection=session.number,
                    mail_from=session.mail_from or "",
                    rcpt_to=session.rcpt_to,
                    data=mail,
                    accepted=good,
                    refused=refused,
                )
            )
        if rule is not None:
            await self._do(session, rule, said)
        elif said:
            if self._latency_s:
                await asyncio.sleep(self._latency_s)
            session.writer.write(_wire(said))
            await session.writer.drain()
        return good

    async def _do(self, session: _Session, rule: Rule, said: str | None) -> None:
        if rule.delay_s:
            await asyncio.sleep(rule.delay_s)
        if rule.hang:
            await asyncio.Event().wait()
        if rule.raw is not None:
            data = rule.raw
        elif rule.say is None and (rule.drop or rule.reset):
            data = b""
        else:
            data = _wire(said) if said else b""
        if rule.split:
            for octet in data:
                session.writer.write(bytes([octet]))
                await session.writer.drain()
                await asyncio.sleep(0)
        else:
            session.writer.write(data)
            await session.writer.drain()
        if rule.reset:
            session.writer.transport.abort()
            raise _Closed
        if rule.drop:
            session.writer.close()
            raise _Closed


def _buffered(reader: asyncio.StreamReader) -> bool:
    return bool(reader._buffer)  # type: ignore[attr-defined] # the only way to see what was pipelined


def _wire(said: str) -> bytes:
    """Lines as a reply: ``250-first``, ``250 last``."""
    lines = said.split("\n")
    return b"".join(
        f"{line[:3]}{'-' if number < len(lines) - 1 else ' '}{line[4:]}\r\n".encode()
        for number, line in enumerate(lines)
    )
