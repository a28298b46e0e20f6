"""The values that go into and out of the ledger. Frozen; free of SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from newsletter_cli.ledger.states import CampaignState, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PostIdentity:
    """By what a post is recognised (interface, promise 8). `path` is relative to newsletter.toml, with ``/``."""

    post_id: str
    path: str
    body_hash: str
    title: str = ""
    date: str = ""  # as written in the front matter

    @property
    def key(self) -> str:
        """What a new campaign is named after: post_id, else path."""
        return f"id:{self.post_id}" if self.post_id else f"path:{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What a campaign keeps of its first mail: the post's bytes, and per audience version the rendered parts."""

    source: bytes
    subject: str
    versions: Mapping[str, bytes]  # version name ("full", "free") -> rendering.freeze.dump(Rendered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One post's sending, as the ledger knows it (without the frozen parts; `Ledger.frozen` gives those)."""

    id: int
    uid: str  # tokens.campaign_uid: in Message-IDs
    newsletter: str
    identity: PostIdentity
    state: CampaignState
    subject: str
    begun_at: datetime | None
    finished_at: datetime | None
    sent_stamp: str = ""  # the email_sent_at value decided on; written to the post, or still to be
    stamped: bool = False  # whether the post is known to carry it
    reason: str = ""  # why it is held or paused
    wait_until: datetime | None = None
    source_hash: str = ""  # hex SHA-256 of Frozen.source
    list_rows: int | None = None  # how many of the list could be mailed when it was begun, for whatever audience


NO_FIELDS: Mapping[str, str] = MappingProxyType({})


class NewRecipient(NamedTuple):
    """A row to queue. `person` and `everywhere` are tokens.person and tokens.everywhere of the address key.

    A tuple, since a million are made at once: a frozen dataclass takes three times as long.
    """

    person: bytes
    everywhere: bytes
    email: str
    version: str
    file: str
    line: int
    fields: Mapping[str, str] = NO_FIELDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """New recipients that stand in an SQLite database: a ledger in SQLite copies them, any other takes one by one.

    `query` (with its `parameters`) gives a row's `number`, and by name the columns of NewRecipient as the ledger keeps
    them. Numbers ascend in the order of the rows from 1 to `last`; some may be missing. `told` is given one now and
    then.
    """

    rows: Iterable[NewRecipient]  # the same, one by one
    database: sqlite3.Connection  # opened with uri=True
    query: str
    parameters: tuple[str, ...]
    last: int
    told: Callable[[int], None] = lambda _: None

    def __iter__(self) -> Iterator[NewRecipient]:
        return iter(self.rows)


@dataclass(frozen=True, slots=True)
class Claim:
    """A recipient in a run's hands. `tries` counts those before this one; `first_try_at` is None at the first."""

    id: int
    person: bytes
    email: str
    version: str
    fields: Mapping[str, str]
    tries: int
    first_try_at: datetime | None
    run_tries: int = 0  # of `tries`, those within this run


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of one claim. `next_try_at` only with DEFERRED; `code` is 0 where no server spoke."""

    id: int
    outcome: Outcome
    code: int = 0
    reply: str = ""  # the server's words, one line; or ours, where none spoke
    queue_id: str = ""  # out of the reply to the dot
    stage: str = ""
    next_try_at: datetime | None = None
    counts_as_try: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientRow:
    """A recipient as `status`, `why` and reports show it."""

    campaign: int
    email: str  # empty once forgotten
    person: bytes
    outcome: Outcome
    version: str
    file: str
    line: int
    tries: int
    code: int
    reply: str
    queue_id: str
    updated_at: datetime
    fields: Mapping[str, str] = field(default_factory=dict)
    id: int = 0
    everywhere: bytes = b""
    stage: str = ""
    first_try_at: datetime | None = None
    next_try_at: datetime | None = None


class SuppressionReason(StrEnum):
    """Why an address is never mailed."""

    UNSUBSCRIBE = "unsubscribe"  # holds for one newsletter
    HARD_BOUNCE = "hard bounce"  # these hold for all newsletters of the ledger
    SOFT_BOUNCES = "soft bounces"
    COMPLAINT = "complaint"
    MANUAL = "manual"
    IMPORT = "import"


SMTP = "smtp"  # the source of what a run itself was told by the server


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """One address that is never mailed. `newsletter` is empty where it holds for all; `email` empty once forgotten."""

    who: bytes  # tokens.person where newsletter is set, tokens.everywhere otherwise
    newsletter: str
    email: str
    reason: SuppressionReason
    source: str  # where it came from: "smtp", "one-click", a file name, "command line"
    evidence: str = ""  # a reply, a rule, a report's id
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftBounce:
    """A temporary failure reported after the mail was taken: a full mailbox, a server away for days."""

    person: bytes
    campaign: int | None = None  # None: the newest that the person is in
    bounced_at: datetime
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftLimit:
    """When temporary bounces suppress: `count` of a person's last `campaigns`, the first and last `span` apart."""

    count: int = 3
    campaigns: int = 5
    span: timedelta = timedelta(days=7)
