"""`newsletter doctor`: settings, server, login, TLS, SPF, DKIM, DMARC and one-click, before a provider finds fault.

Each finding says what to do. With `offline` nothing is contacted. Nothing is sent in any case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from newsletter_cli import tokens
from newsletter_cli.doctor import online, records
from newsletter_cli.doctor.dns import Dns, NoAnswer
from newsletter_cli.jobs.init import left_as_written
from newsletter_cli.jobs.prepare import sender_of, signers_of
from newsletter_cli.jobs.report import JSON_VERSION
from newsletter_cli.problems import Problem, Refused, Severity, errors
from newsletter_cli.tokens import NOBODY

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter_cli.config.settings import Settings
    from newsletter_cli.doctor.records import Findings
    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.message.model import Sender


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorReport:
    """What was found: `facts` are in order, `problems` are not."""

    facts: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def refused(self) -> bool:
        """Whether something would stop or spoil a sending."""
        return bool(errors(self.problems))

    def as_json(self) -> dict[str, Any]:
        """The report as an object of the interface."""
        return {
            "version": JSON_VERSION,
            "facts": list(self.facts),
            "problems": [one.as_json() for one in self.problems],
        }


def doctor(workspace: Workspace, *, offline: bool = False, dns: Dns | None = None) -> DoctorReport:
    """Look at everything that can be looked at without sending a mail."""
    from newsletter_cli.config.load import require_sending

    settings = workspace.settings
    found = records.Findings()
    found.problems += [*settings.problems, *require_sending(settings), *left_as_written(settings)]
    for look in (_way_out, _keys):
        _guarded(found, lambda look=look: look(settings, found))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
    if not offline and settings.smtp.host:
        _server(settings, found)
    if not offline and settings.unsubscribe.url:
        _endpoint(settings.unsubscribe.url.replace("{token}", tokens.mint(workspace.keys_or_fresh(), NOBODY)), found)
    if not offline and settings.newsletter.from_ is not None:
        _guarded(found, lambda: _records(settings, dns or Dns(), found))
    return DoctorReport(facts=tuple(found.facts), problems=tuple(found.problems))


def _guarded(found: Findings, look: Callable[[], None]) -> None:
    """One look that may be refused or get no answer; the others go on."""
    try:
        look()
    except Refused as refusal:
        found.problems += refusal.problems
    except NoAnswer as silence:
        found.wrong(str(silence), "look again when the network is there", code="dns", severity=Severity.WARNING)


def _way_out(settings: Settings, found: Findings) -> None:
    """One-click and the return path: what the settings alone tell."""
    url = settings.unsubscribe.url
    if not url:
        found.wrong(
            "there is no one-click unsubscribe ([unsubscribe] url): the way out is a mail",
            "run `newsletter serve`, or the script of `newsletter init --one-click php`; Google and Yahoo ask for "
            "one-click (RFC 8058) from 5,000 mails a day on",
            code="one-click-missing",
            severity=Severity.WARNING,
        )
    elif urlsplit(url).scheme != "https":
        found.wrong("the one-click address is not https", "RFC 8058 §3.1 asks for https", code="one-click-https")
    else:
        found.facts.append(f"one-click: {urlsplit(url).hostname} (RFC 8058)")
    if "{token}" not in settings.bounces.return_path:
        found.wrong(
            "the return path names no recipient: a bounce must be guessed from its text",
            'set return_path = "bounces+{token}@your-domain" under [bounces] (VERP)',
            code="verp-missing",
            severity=Severity.NOTE,
        )


def _endpoint(url: str, found: Findings) -> None:
    """Whether the one-click endpoint is there. It is asked for nobody's page, which unsubscribes no one."""
    answer = online.ask([url])[url]
    host = urlsplit(url).netloc
    if not answer.code or answer.code >= 500:
        found.wrong(
            f"the one-click endpoint at {host} does not answer: {answer.trouble or answer.code}",
            "start `newsletter serve` there, or correct url under [unsubscribe]: who cannot leave complains",
            code="one-click-away",
        )
    elif urlsplit(answer.came_to or url).netloc != host:
        found.wrong(
            f"the one-click endpoint at {host} redirects to {urlsplit(answer.came_to).netloc}",
            "answer there itself: RFC 8058 §3.1 allows no redirect",
            code="one-click-redirect",
        )
    else:
        found.facts.append(f"one-click: the endpoint at {host} answers")


def _keys(settings: Settings, found: Findings) -> None:
    """The DKIM keys on this machine."""
    signers = signers_of(settings)
    for signer in signers:
        found.problems += signer.problems
        found.facts.append(f"DKIM: {signer.algorithm} key for {signer.domain}, selector {signer.selector}")
    if not signers:
        found.wrong(
            "mail is not signed here ([dkim]); does the server do it?",
            "`newsletter dkim generate` makes a key and the record to publish, where your provider does not sign",
            code="dkim-none",
            severity=Severity.NOTE,
        )


def _server(settings: Settings, found: Findings) -> None:
    """Connect, upgrade, log in and leave."""
    from newsletter_cli.delivery import engine

    section = settings.smtp
    sender = settings.newsletter.from_
    seen = engine.probe(section, helo_name=sender.address.domain if sender else "")
    where = f"{section.host}:{section.port}"
    if seen.trouble is not None:
        found.wrong(seen.trouble.text, _server_hint(seen.stage), code=f"smtp-{seen.stage or 'settings'}")
        return
    found.facts.append(f"server: {where} answers{', ' + seen.tls if seen.tls else ', without TLS'}")
    if section.username:
        found.facts.append(f"login: {section.username} is let in")
    size = seen.offers.size_octets
    if size:
        found.facts.append(f"size: the server takes mails of up to {size // 1000} kB")
    if not seen.offers.pipelining:
        found.facts.append("pipelining: not offered; a mail takes four round trips instead of one")
    if not seen.tls:
        found.wrong(
            f"{where} is spoken to without TLS",
            'set security = "starttls" or "tls" under [smtp], unless it is this machine',
            code="smtp-tls",
            severity=Severity.NOTE if section.host in {"localhost", "127.0.0.1", "::1"} else Severity.WARNING,
        )


def _server_hint(stage: str) -> str:
    hints = {
        "connect": "check host and port under [smtp], and whether a firewall lets you out",
        "STARTTLS": 'check security under [smtp]; port 465 wants "tls", 587 wants "starttls"',
        "AUTH": "check username and password under [smtp]; many providers want a password made for programs",
    }
    return hints.get(stage, "check [smtp]")


def _records(settings: Settings, dns: Dns, found: Findings) -> None:
    """What the DNS says of the sender's domains."""
    sender = sender_of(settings)
    domain = sender.mailbox.address.domain
    envelope = _envelope_domain(sender)
    signers = signers_of(settings)
    looks: list[Callable[[], None]] = [
        lambda: records.spf(envelope, dns, found),
        *(lambda one=one: records.dkim(one.record.name, one.record.text, dns, found) for one in signers),
        lambda: records.dmarc(domain, dns, found),
        lambda: records.alignment(domain, envelope, [one.domain for one in signers], found),
        lambda: _mail_hosts(envelope, dns, found),
    ]
    for look in looks:
        _guarded(found, look)


def _mail_hosts(domain: str, dns: Dns, found: Findings) -> None:
    """Bounces and unsubscribe mail must arrive somewhere."""
    hosts = dns.mx(domain)
    if hosts:
        found.facts.append(f"MX: mail to {domain} goes to {hosts[0]}")
    else:
        found.wrong(
            f"{domain} has no MX record: bounces and unsubscribe mail get lost, and some receivers refuse such senders",
            "publish one, or use a return path at a domain that takes mail",
            code="mx-missing",
            severity=Severity.WARNING,
        )


def _envelope_domain(sender: Sender) -> str:
    _, at, domain = sender.return_path.rpartition("@")
    return domain.lower() if at else sender.mailbox.address.domain
