"""Connections made ready for mail: the one home of aiosmtplib.

`connect` opens a connection, greets, upgrades to TLS and logs in, each step with its own timeout, and gives a `Link`:
a `Wire` for the lane to drive stage by stage, and what the server offers. What goes wrong is a value, `Refusal`, that
names the stage. TLS fails closed: certificate and host name are verified, a server without STARTTLS is refused, and
what it said before TLS is forgotten (RFC 3207 §4.2). A password leaves only over TLS, to loopback, or where the
settings say so. Secrets come from `credentials` and stand in no text that leaves this module.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import aiosmtplib

from newsletter_cli.delivery.credentials import CredentialError, forms
from newsletter_cli.delivery.dialing import dial
from newsletter_cli.delivery.dialogue import TIMEOUTS, Lost, Stage, Verdict, judge
from newsletter_cli.delivery.trouble import Scope
from newsletter_cli.delivery.wire import Wire
from newsletter_cli.ledger.states import Outcome
from newsletter_cli.replies import Reason, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

    from newsletter_cli.delivery.credentials import Credentials
    from newsletter_cli.delivery.seams import SmtpSection


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What the server's EHLO offers, as far as it matters. `size_octets` None: no limit told."""

    names: tuple[str, ...] = ()
    pipelining: bool = False
    smtputf8: bool = False
    size: bool = False
    size_octets: int | None = None
    auth: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A connection ready for its first MAIL. `tls` is the version, empty without."""

    wire: Wire
    offers: Offers
    tls: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """No connection: at which stage, what came, what that means, and the same for a person."""

    stage: Stage
    answer: Reply | Lost
    verdict: Verdict
    text: str


async def connect(
    section: SmtpSection,
    credentials: Credentials,
    *,
    helo_name: str,
    tls_context: ssl.SSLContext | None,
    timeouts: Mapping[Stage, timedelta] = TIMEOUTS,
    told: Callable[[bool, str], None] | None = None,
) -> Link | Refusal:
    """Make one connection ready. `told(sent, line)` is given the transcript, without any secret."""
    opening = _Opening(
        section, credentials, helo_name=helo_name, context=tls_context, timeouts=timeouts, told=told or _nobody
    )
    try:
        return await opening.run()
    except _Refused as refused:
        opening.hang_up()
        return refused.refusal
    except CredentialError as error:
        opening.hang_up()
        return _no_login(str(error))
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        opening.hang_up()
        return _refusal(opening.stage, opening.scrubbed(translate(error)), section)
    except BaseException:
        opening.hang_up()
        raise


def tls_context(section: SmtpSection) -> ssl.SSLContext | None:
    """The verifying context; None where the settings want no TLS. SSL_CERT_FILE is honoured by OpenSSL itself.

    Raises OSError where `ca_file` cannot be read.
    """
    if section.security == "none":
        return None
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    if section.ca_file:
        context.load_verify_locations(cafile=str(section.ca_file))
    return context


# Causes of the library's "cannot connect" that came when the connection stood already.
_AFTER_CONNECTING = (
    aiosmtplib.SMTPConnectResponseError,
    aiosmtplib.SMTPServerDisconnected,
    aiosmtplib.SMTPReadTimeoutError,
    aiosmtplib.SMTPResponseException,  # what came is no reply
)


def _nobody(sent: bool, line: str) -> None:  # noqa: FBT001 - the form of a transcript's listener
    """No transcript is wanted."""


class _Refused(Exception):
    """Inside `connect`: the way out of the middle of a step."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.text)
        self.refusal = refusal


class _Opening:
    """The steps from nothing to a Link; `stage` is the one in progress."""

    def __init__(
        self,
        section: SmtpSection,
        credentials: Credentials,
        *,
        helo_name: str,
        context: ssl.SSLContext | None,
        timeouts: Mapping[Stage, timedelta],
        told: Callable[[bool, str], None],
    ) -> None:
        self.section = section
        self.credentials = credentials
        self.context = context
        self.timeouts = timeouts
        self.told = told
        self.stage = Stage.CONNECT
        self.secret = ""
        self.transport: asyncio.Transport | None = None  # the library forgets it when it closes it
        self.client = aiosmtplib.SMTP(
            hostname=section.host,
            local_hostname=helo_name,
            use_tls=section.security == "tls",
            start_tls=False,
            tls_context=context if section.security == "tls" else None,
            timeout=self._timeout(Stage.EHLO),
        )

    async def run(self) -> Link:
        if self.credentials.wanted:
            # Before the connection: a password manager may take longer to answer than a server waits.
            self.secret = await self.credentials.secret()
        await self._connect()
        self._keep()
        await self._ehlo()
        if self.section.security == "starttls":
            await self._starttls()
            self._keep()
            await self._ehlo()
        if self.credentials.wanted:
            await self._login()
        client = self.client
        transport = cast("asyncio.Transport", client.transport)
        if not client.is_connected:
            raise aiosmtplib.SMTPServerDisconnected("the server closed the connection")
        return Link(Wire(transport), _offers(client), _tls_version(transport))

    def hang_up(self) -> None:
        """Leave no socket behind: a close alone would wait for TLS's farewell, which a silent server never answers."""
        self.client.close()
        if self.transport is not None:
            self.transport.abort()

    def _keep(self) -> None:
        self.transport = cast("asyncio.Transport | None", self.client.transport)

    def _timeout(self, stage: Stage) -> float:
        return self.timeouts[stage].total_seconds()

    async def _connect(self) -> None:
        """TCP (and TLS) within the one timeout, the greeting within the other: the library knows one for both."""
        late = asyncio.get_running_loop().time() + self._timeout(Stage.CONNECT)
        sock = await asyncio.wait_for(dial(self.section.host, self.section.port), self._timeout(Stage.CONNECT))
        greeting = asyncio.ensure_future(self.client.connect(sock=sock, timeout=self._timeout(Stage.GREETING)))
        try:
            await asyncio.wait({greeting}, timeout=late - asyncio.get_running_loop().time())
            if self.client.transport is None:
                await asyncio.wait_for(greeting, 0)  # raises what it raised, or TimeoutError
            self.stage = Stage.GREETING
            reply = await greeting
        except aiosmtplib.SMTPConnectError as error:
            if isinstance(error.__cause__ or error, _AFTER_CONNECTING):
                self.stage = Stage.GREETING
            raise
        except BaseException:
            greeting.cancel()
            await asyncio.gather(greeting, return_exceptions=True)
            raise
        self.told(False, f"{reply.code} {reply.message}")

    async def _ehlo(self) -> None:
        self.stage = Stage.EHLO
        self.told(True, f"EHLO {self.client.local_hostname}")
        try:
            reply = await self.client.ehlo()
        except aiosmtplib.SMTPHeloError as error:
            # RFC 5321 §4.1.4: a server that knows no EHLO gets HELO; it then offers neither TLS nor login.
            self.told(False, f"{error.code} {error.message}")
            if not 500 <= error.code < 600 or not self.client.is_connected:
                raise
            self.told(True, f"HELO {self.client.local_hostname}")
            reply = await self.client.helo()
        self.told(False, f"{reply.code} {reply.message}")

    async def _starttls(self) -> None:
        self.stage = Stage.STARTTLS
        if not self.client.supports_extension("starttls"):
            raise _Refused(
                _refusal(self.stage, Lost("the server does not offer STARTTLS; nothing was sent"), self.section)
            )
        self.told(True, "STARTTLS")
        reply = await self.client.starttls(
            tls_context=self.context, server_hostname=self.section.host, timeout=self._timeout(Stage.STARTTLS)
        )
        self.told(False, f"{reply.code} {reply.message}")

    async def _login(self) -> None:
        self.stage = Stage.AUTH
        section, client = self.section, self.client
        if not (self._secure() or section.allow_plaintext_password):
            raise _Refused(
                _no_login(
                    "no password is sent without TLS: set smtp.security to starttls or tls,"
                    " or smtp.allow_plaintext_password = true"
                )
            )
        offered = client.server_auth_methods
        method = _method(section, offered)
        if not method:
            said = ", ".join(offered).upper() or "none"
            wish = section.auth if section.auth != "auto" else "plain or login"
            raise _Refused(_no_login(f"{section.host} offers no login by {wish} (it offers {said})"))
        timeout = self._timeout(Stage.AUTH)
        self.told(True, f"AUTH {method.upper()} ***")
        login = {"plain": client.auth_plain, "login": client.auth_login, "xoauth2": client.auth_xoauth2}[method]
        reply = await login(section.username, self.secret, timeout=timeout)
        self.told(False, str(self.scrubbed(Reply(reply.code, reply.message))))

    def scrubbed(self, answer: Reply | Lost) -> Reply | Lost:
        """The answer without the secret: a server may repeat the line it did not understand."""
        if not (self.secret and isinstance(answer, Reply)):
            return answer
        text = answer.text
        for form in forms(self.section.username, self.secret):
            text = text.replace(form, "***")
        return Reply(answer.code, text)

    def _secure(self) -> bool:
        if self.client.get_transport_info("sslcontext") is not None:
            return True
        return _is_loopback(self.client.get_transport_info("peername"))


def _is_loopback(peer: object) -> bool:
    """Whether an address as sockets give it, (host, port, …), is this very machine."""
    if not isinstance(peer, tuple) or not peer:
        return False
    try:
        return ipaddress.ip_address(str(peer[0]).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _method(section: SmtpSection, offered: Sequence[str]) -> str:
    """The login method: the one asked for, else the first of ours that is offered. Empty: none."""
    if section.auth == "auto":
        wishes: tuple[str, ...] = ("xoauth2",) if section.token_command else ("plain", "login")
    else:
        wishes = (section.auth,)
    return next((wish for wish in wishes if wish in offered), "")


def _offers(client: aiosmtplib.SMTP) -> Offers:
    extensions = client.esmtp_extensions
    size = extensions.get("size", "").strip()
    return Offers(
        names=tuple(sorted(name.upper() for name in extensions)),
        pipelining="pipelining" in extensions,
        smtputf8="smtputf8" in extensions,
        size="size" in extensions,
        # RFC 1870 §4: absent or zero says that no fixed limit is in force.
        size_octets=int(size) if size.isdigit() and int(size) else None,
        auth=tuple(client.server_auth_methods),
    )


def _tls_version(transport: asyncio.Transport) -> str:
    secured = transport.get_extra_info("ssl_object")
    return str(secured.version()) if secured is not None else ""


def _refusal(stage: Stage, answer: Reply | Lost, section: SmtpSection) -> Refusal:
    verdict = judge(stage, answer)
    return Refusal(stage, answer, verdict, f"{section.host}:{section.port} at {stage}: {answer}")


def _no_login(text: str) -> Refusal:
    verdict = Verdict(scope=Scope.CAMPAIGN, outcome=Outcome.QUEUED, reason=Reason.LOGIN, close=True)
    return Refusal(Stage.AUTH, Lost(text), verdict, text)


def _reply(error: aiosmtplib.SMTPResponseException) -> Reply | Lost:
    """The library marks what it cannot read with a code below zero."""
    if not 200 <= error.code < 600:
        return Lost(f"not an SMTP reply: {error.message[:80]}")
    return Reply(error.code, error.message)


def _cause(error: BaseException) -> str:
    """The system's own words (``Connection refused``), where there are any."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, OSError) and found.strerror:
            return found.strerror
        found = found.__cause__
    return str(error)


# What each exception of the library is to us: an answer of the server, or none. The nearest class decides.
_CODED = (
    aiosmtplib.SMTPResponseException,
    aiosmtplib.SMTPConnectResponseError,
    aiosmtplib.SMTPHeloError,
    aiosmtplib.SMTPDataError,
    aiosmtplib.SMTPAuthenticationError,
    aiosmtplib.SMTPSenderRefused,
    aiosmtplib.SMTPRecipientRefused,
)
_SILENT = (
    aiosmtplib.SMTPTimeoutError,
    aiosmtplib.SMTPConnectTimeoutError,
    aiosmtplib.SMTPReadTimeoutError,
    TimeoutError,
)
EXCEPTIONS: Mapping[type[BaseException], Callable[[Any], Reply | Lost]] = {
    **dict.fromkeys(_CODED, _reply),
    **dict.fromkeys(_SILENT, lambda _error: Lost("no answer in time")),
    aiosmtplib.SMTPRecipientsRefused: lambda error: _reply(error.recipients[0]),  # it has no code of its own
    aiosmtplib.SMTPServerDisconnected: lambda _error: Lost("the server closed the connection"),
    aiosmtplib.SMTPConnectError: lambda error: Lost(_cause(error)),
    aiosmtplib.SMTPNotSupported: lambda error: Lost(str(error)),
    aiosmtplib.SMTPException: lambda error: Lost(str(error)),
    ssl.SSLCertVerificationError: lambda error: Lost(f"the server's certificate is not valid: {error.verify_message}"),
    ssl.SSLError: lambda error: Lost(f"TLS failed: {error}"),
    OSError: lambda error: Lost(_cause(error)),
    ValueError: lambda error: Lost(str(error)),
}


def translate(error: BaseException) -> Reply | Lost:
    """What an exception says, as an answer. Classes that are not in the table go by the nearest that is."""
    cause = error.__cause__
    if isinstance(error, aiosmtplib.SMTPConnectError) and isinstance(cause, (ssl.SSLError, aiosmtplib.SMTPException)):
        return translate(cause)
    known = next(kind for kind in type(error).__mro__ if kind in EXCEPTIONS)
    return EXCEPTIONS[known](error)
