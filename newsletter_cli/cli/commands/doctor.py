"""`newsletter doctor` and `dkim`: what a provider would hold against the sender, and a key to sign with."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path

import typer

from newsletter_cli.cli import setup, show
from newsletter_cli.cli.exits import Exit
from newsletter_cli.cli.terminal import Terminal
from newsletter_cli.problems import Problem, Refused, UsageError

dkim = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Keys to sign mail with.")


class Kind(StrEnum):
    """Which signature."""

    RSA = "rsa"
    ED25519 = "ed25519"


def doctor(
    offline: bool = typer.Option(False, "--offline", help="Contact nothing: look at settings and keys alone."),
    settings: bool = typer.Option(False, "--settings", help="Print the settings in force, each with its origin."),
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON."),
    config: Path = typer.Option(None, "--config", metavar="FILE", help="Settings from this file."),
) -> int:
    """Look at settings, server, login, TLS, SPF, DKIM, DMARC and one-click. Exit 3 if something would fail."""
    terminal = Terminal.standard()
    workspace = setup.workspace(terminal, config=config)
    if settings:
        from newsletter_cli.config.describe import describe
        from newsletter_cli.jobs.report import JSON_VERSION

        known = describe(workspace.settings)
        if as_json:
            named = [{"key": key, "value": value, "origin": origin} for key, value, origin in known]
            show.json_line({"version": JSON_VERSION, "settings": named}, terminal)
        else:
            for key, value, origin in known:
                terminal.say(f"{key} = {value}  ({origin})")
        return Exit.DONE
    from newsletter_cli.jobs.doctor import doctor as job

    report = job(workspace, offline=offline)
    if as_json:
        show.json_line(report.as_json(), terminal)
    else:
        for fact in report.facts:
            terminal.say(f"ok: {fact}")
        for problem in report.problems:
            terminal.say(f"{problem.severity}: {problem}")
    return Exit.REFUSED if report.refused else Exit.DONE


@dkim.command("generate")
def generate(
    domain: str = typer.Argument("", metavar="DOMAIN", help="The domain that signs; default: that of `from`."),
    selector: str = typer.Option("s1", "--selector", help="A name for the key, so that several can stand in the DNS."),
    kind: Kind = typer.Option(Kind.RSA, "--kind", help="rsa (2048 bits, understood everywhere) or ed25519."),
    output: Path = typer.Option(Path("dkim.pem"), "-o", "--output", metavar="FILE", help="Where the key is written."),
    config: Path = typer.Option(None, "--config", metavar="FILE", help="Settings from this file."),
) -> int:
    """Make a key pair, and print the DNS record to publish and the settings to add."""
    from newsletter_cli.message.dkim import generate as make

    terminal = Terminal.standard()
    domain = domain or _own_domain(terminal, config)
    pem, record = make(kind.value, domain=domain, selector=selector)
    try:
        handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Refused(Problem(text="it exists already; a key is never overwritten", file=str(output))) from None
    except OSError as error:
        raise Refused(Problem(text=f"it cannot be written: {error.strerror}", file=str(output))) from error
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
    terminal.say(f"{output}: the private key; keep it secret, and out of git")
    terminal.say()
    terminal.say("Publish this TXT record:")
    terminal.say(f"  name   {record.name}")
    terminal.say(f"  text   {record.text}")
    terminal.say()
    terminal.say("or, as a line of a zone file:")
    terminal.say(record.zone_line)
    terminal.say()
    terminal.say("Add to newsletter.toml:")
    terminal.say("[[dkim]]")
    terminal.say(f'domain = "{domain}"')
    terminal.say(f'selector = "{selector}"')
    terminal.say(f'private_key = "{output}"')
    return Exit.DONE


def _own_domain(terminal: Terminal, config: Path | None) -> str:
    """The domain of `from`. Raises UsageError where the settings name none."""
    sender = setup.workspace(terminal, config=config).settings.newsletter.from_
    if sender is None:
        raise UsageError("which domain signs? Name it, or set from under [newsletter]")
    return sender.address.domain
