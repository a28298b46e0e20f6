"""The settings of newsletter.toml: one frozen model a section, every key with its default and unit beside it.

A field's name is its key in the file (`from_` is ``from``). Values are checked and typed: durations are timedeltas,
sizes octets, shares fractions. `load` makes them; what needs two sections at once is checked there. Nothing here
touches the disk or the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from newsletter_cli.addresses import Address, Mailbox
from newsletter_cli.config import values
from newsletter_cli.config.secret import Secret
from newsletter_cli.problems import Problem
from newsletter_cli.times import Rate

Text = Annotated[str, PlainValidator(values.text)]
Line = Annotated[str, PlainValidator(values.line)]
Truth = Annotated[bool, PlainValidator(values.truth)]
Count = Annotated[int, PlainValidator(values.integer(1, 1_000_000_000))]
Duration = Annotated[timedelta, PlainValidator(values.duration)]
Url = Annotated[str, PlainValidator(values.url)]
Words = Annotated[tuple[str, ...], PlainValidator(values.words)]
Command = Annotated[tuple[str, ...], PlainValidator(values.command)]
Commands = Annotated[tuple[tuple[str, ...], ...], PlainValidator(values.commands)]


class Section(BaseModel):
    """A section of the file."""

    # A wrong value may be a secret in the wrong place: pydantic's messages must not repeat it.
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)


class Newsletter(Section):
    """[newsletter]: what it is called, who it is from, where its posts live."""

    id: Annotated[str, PlainValidator(values.slug)] = ""  # default: a slug of `name`; fixed once mail went out
    name: Line = ""  # required to send
    from_: Annotated[Mailbox | None, PlainValidator(values.mailbox)] = Field(
        default=None, alias="from"
    )  # required to send
    reply_to: Annotated[Mailbox | None, PlainValidator(values.mailbox)] = None
    postal_address: Text = ""  # in the footer; may be several lines
    site_url: Url = ""  # base of relative links
    post_url: Annotated[str, PlainValidator(values.post_url)] = ""  # with {slug}; empty: no "view in browser"
    upgrade_url: Url = ""  # where a free reader becomes a paid one
    language: Annotated[str, PlainValidator(values.language)] = "en"
    template: Line = "classic"  # a folder under templates/email/
    timezone: Annotated[str, PlainValidator(values.zone)] = "UTC"  # of dates without one
    test_list: Annotated[tuple[str, ...], PlainValidator(values.address_list)] = ()
    redirect_all_to: Annotated[Address | None, PlainValidator(values.address)] = None  # staging


class Lists(Section):
    """[list]: the subscribers."""

    files: Words = ()  # used where no --list is given; relative to newsletter.toml
    columns: Annotated[dict[str, tuple[str, ...]], PlainValidator(values.columns)] = Field(default_factory=dict)
    opt_out: Annotated[tuple[str, ...], PlainValidator(values.opt_outs)] = ()  # COLUMN=VALUE


class Run(Section):
    """[run]: what `newsletter run` may do by itself."""

    send_time: Annotated[time, PlainValidator(values.time_of_day)] = time(9)  # for a date without a time of day
    max_age: Duration = timedelta(hours=48)  # a post due for longer and not begun is left alone
    finish_within: Duration = timedelta(days=7)  # then a begun campaign is held
    stamp: Annotated[str, PlainValidator(values.choice("post", "ledger"))] = "post"


class Smtp(Section):
    """[smtp]: the server, the login, the pace."""

    host: Annotated[str, PlainValidator(values.host)] = ""  # required to send
    port: Annotated[int, PlainValidator(values.integer(1, 65535))] = 587
    security: Annotated[str, PlainValidator(values.choice("starttls", "tls", "none"))] = "starttls"
    ca_file: Line = ""  # absolute once loaded; a private CA
    helo_name: Annotated[str, PlainValidator(values.host)] = ""  # default: the domain of `from`
    auth: Annotated[str, PlainValidator(values.choice("auto", "plain", "login", "xoauth2"))] = "auto"
    username: Line = ""
    password: Secret | None = None  # from NEWSLETTER_SMTP_PASSWORD alone
    password_command: Command = ()
    token_command: Command = ()  # for xoauth2
    allow_plaintext_password: Truth = False
    account: Line = ""  # the bucket of rates; default: username@host
    connections: Annotated[int, PlainValidator(values.integer(1, 100))] = 4
    rate: Annotated[tuple[Rate, ...], PlainValidator(values.rates)] = ()  # empty: as fast as the server takes it
    max_wait: Duration = timedelta(minutes=10)
    batch_size: Count = 100  # messages, then `batch_pause`
    batch_pause: Duration = timedelta(0)
    messages_per_connection: Annotated[int, PlainValidator(values.integer(0, 1_000_000_000))] = 0  # 0: no limit
    retry_after: Annotated[tuple[timedelta, ...], PlainValidator(values.durations)] = (
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=15),
    )
    give_up_after: Duration = timedelta(days=4)  # RFC 5321 §4.5.4.1: 4 to 5 days
    stop_at_failures: Annotated[float, PlainValidator(values.share)] = 0.05  # of the last 200 tries


class Images(Section):
    """[images]: embedded or linked."""

    mode: Annotated[str, PlainValidator(values.choice("auto", "embed", "link"))] = "auto"
    budget: Annotated[int, PlainValidator(values.size)] = 500_000  # octets
    base_url: Url = ""

    @property
    def budget_octets(self) -> int:
        """`budget` with its unit in the name."""
        return self.budget


class Dkim(Section):
    """[dkim] or one of [[dkim]]: a key to sign with."""

    domain: Annotated[str, PlainValidator(values.host)]
    selector: Annotated[str, PlainValidator(values.host)]
    private_key: Line  # a PEM file, relative to newsletter.toml


class Unsubscribe(Section):
    """[unsubscribe]: the way out."""

    url: Annotated[str, PlainValidator(values.unsubscribe_url)] = ""  # one-click, with {token}
    mailto: Annotated[str, PlainValidator(values.address_text)] = ""  # default: the address of `from`
    log: Line = ""  # file or URL of tokens that a serverless endpoint collected


class Bounces(Section):
    """[bounces]: where undeliverable mail comes back."""

    return_path: Annotated[str, PlainValidator(values.return_path)] = ""  # with {token}: VERP; default: `from`
    # A Maildir, an mbox, a folder of .eml, or imaps://user@host/INBOX; may hold a password: not in a repr.
    mailbox: Line = Field(default="", repr=False)
    password: Secret | None = None  # of an IMAP mailbox, from NEWSLETTER_BOUNCES_PASSWORD alone
    password_command: Command = ()
    token_command: Command = ()  # an OAuth 2 access token, for providers that take no password (XOAUTH2)
    # Temporary bounces suppress: so many of a reader's last mails, the first and the last of them so far apart.
    soft_limit: Annotated[int, PlainValidator(values.integer(1, 1000))] = 3
    soft_campaigns: Annotated[int, PlainValidator(values.integer(1, 1000))] = 5
    soft_span: Duration = timedelta(days=7)


class LedgerSection(Section):
    """[ledger]: the record of what was sent to whom."""

    # May hold a password: not in a repr.
    url: Annotated[str, PlainValidator(values.ledger_url)] = Field(
        default="sqlite:///.newsletter/ledger.sqlite3", repr=False
    )


class Hooks(Section):
    """[hooks]: commands that get the report as JSON on standard input."""

    on_sent: Commands = ()
    on_problem: Commands = ()


class Settings(BaseModel):
    """Everything in force. `origins` says of every key that was given (``smtp.host``) where it came from."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)

    newsletter: Newsletter = Field(default_factory=lambda: Newsletter.model_validate({}))
    list: Lists = Field(default_factory=Lists)
    headers: dict[str, str] = Field(default_factory=dict, repr=False)  # fixed extra headers; may hold a key
    theme: dict[str, str] = Field(default_factory=dict)  # for templates: accent colour, fonts, logo ...
    run: Run = Field(default_factory=Run)
    smtp: Smtp = Field(default_factory=Smtp)
    images: Images = Field(default_factory=Images)
    dkim: tuple[Dkim, ...] = ()
    unsubscribe: Unsubscribe = Field(default_factory=Unsubscribe)
    bounces: Bounces = Field(default_factory=Bounces)
    ledger: LedgerSection = Field(default_factory=LedgerSection)
    hooks: Hooks = Field(default_factory=Hooks)

    folder: Path = Path()  # of newsletter.toml, else the current one; what relative paths are relative to
    file: Path | None = None  # newsletter.toml
    origins: Mapping[str, str] = Field(default_factory=dict)
    problems: tuple[Problem, ...] = ()  # warnings
    ledger_key: Secret | None = None  # NEWSLETTER_LEDGER_KEY: the two keys, instead of the key file

    def resolve(self, name: str) -> Path:
        """A path of the settings as a path of the machine."""
        return self.folder / Path(name).expanduser()


# The sections with a fixed set of keys, by name.
SECTIONS: Mapping[str, type[Section]] = {
    "newsletter": Newsletter,
    "list": Lists,
    "run": Run,
    "smtp": Smtp,
    "images": Images,
    "dkim": Dkim,
    "unsubscribe": Unsubscribe,
    "bounces": Bounces,
    "ledger": LedgerSection,
    "hooks": Hooks,
}
# The sections with any keys, and what checks one value.
TABLES: Mapping[str, Any] = {"headers": values.header, "theme": lambda _name, value: values.line(value)}


def keys(section: str) -> tuple[str, ...]:
    """The keys of a section as the file spells them."""
    return tuple(field.alias or name for name, field in SECTIONS[section].model_fields.items())
