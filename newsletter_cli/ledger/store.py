"""The ledger: what was sent to whom, and who is never mailed. The one place that decides whether a mail may go out.

`Ledger.open` opens it, for writing or so that nothing changes; each public call is one transaction. A campaign is
begun with all its recipients, then runs (`start_run`) take them until everyone is settled. Clocks are arguments;
nothing here reads the environment or prints. Raises Refused and NotNow (`database`), Conflict (`recognise`), and
LookupError for a campaign that is not there.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from newsletter_cli.ledger import (
    about,
    campaigns,
    forgetting,
    lock,
    moves,
    places,
    quotas,
    recipients,
    recovery,
    sqlite,
)
from newsletter_cli.ledger.bounces import Bounces
from newsletter_cli.ledger.database import Database, open_database
from newsletter_cli.ledger.model import Shelf
from newsletter_cli.ledger.recognise import Conflict
from newsletter_cli.ledger.run import Run
from newsletter_cli.ledger.states import WAITING, CampaignState, Outcome
from newsletter_cli.ledger.suppressions import Suppressions
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from newsletter_cli.ledger.model import Campaign, Frozen, NewRecipient, PostIdentity, RecipientRow
    from newsletter_cli.times import Clock

__all__ = ["Conflict", "Ledger", "Run"]

# What `--again` queues again beside newcomers: never those who failed or whose fate is unknown.
AGAIN = frozenset({Outcome.WITHDRAWN, Outcome.CANCELLED, Outcome.SUPPRESSED})


class Ledger:
    """An open ledger; see `open`. `database` is for this room alone."""

    def __init__(
        self, database: Database, *, clock: Clock, ledger_id: str, boot: str, random: Callable[[int], bytes]
    ) -> None:
        self.ledger_id = ledger_id
        self.suppressions = Suppressions(database, clock)
        self.bounces = Bounces(database, clock)
        self.database = database
        self._clock = clock
        self._random = random
        self.boot = boot

    @classmethod
    def open(
        cls,
        url: str,
        *,
        folder: Path,
        clock: Clock,
        identity: str,
        create: bool = True,
        boot: str | None = None,
        random: Callable[[int], bytes] = os.urandom,
    ) -> Self | None:
        """Open the ledger of a URL (a relative path counts from `folder`).

        `identity` is the fingerprint of the identity key; empty: not compared. With ``create=False`` the ledger is
        for reading, no file appears or changes, and where there is none the answer is None. `boot` names this boot of
        the machine (`places.boot_id`).
        """
        database = open_database(url, folder=folder, create=create)
        if database is None:
            return None
        try:
            ledger_id = about.introduce(database, identity, clock.now(), random(5) if create else None)
        except BaseException:
            database.close()
            raise
        if not ledger_id:
            database.close()
            return None
        here = places.boot_id() if boot is None else boot
        return cls(database, clock=clock, ledger_id=ledger_id, boot=here, random=random)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it; the files hold everything."""
        self.database.close()

    def writable(self) -> None:
        """Really write. Raises Refused or NotNow where nothing can be recorded."""
        with self.database.writing() as connection:
            about.put(connection, "checked", self._clock.now().isoformat())

    @contextmanager
    def sender_lock(self) -> Iterator[None]:
        """Be the one sender of this ledger. Raises NotNow where another process is."""
        with lock.sender(self.database):
            yield

    def require_place(self) -> None:
        """Raise NotNow where the ledger, or the sender's lock, was moved away since."""
        self.database.require_place()

    # ---- campaigns

    def find(self, newsletter: str, identity: PostIdentity) -> Campaign | None:
        """The campaign of a post, None where it was never mailed. Raises Conflict."""
        with self.database.reading() as connection:
            return campaigns.find(connection, newsletter, identity)

    def campaigns(self, newsletter: str | None = None) -> list[Campaign]:
        """The campaigns of a newsletter, or of all, oldest first."""
        with self.database.reading() as connection:
            return campaigns.all_of(connection, newsletter)

    def campaign(self, campaign: int) -> Campaign:
        """One campaign."""
        with self.database.reading() as connection:
            return campaigns.get(connection, campaign)

    def newsletters(self) -> list[str]:
        """The newsletter ids that have campaigns here."""
        return sorted({campaign.newsletter for campaign in self.campaigns()})

    def last_list(self, newsletter: str) -> int | None:
        """How many could be mailed at the newsletter's last beginning: what the next list is measured by."""
        with self.database.reading() as connection:
            return campaigns.last_list(connection, newsletter)

    def begin(
        self,
        newsletter: str,
        identity: PostIdentity,
        uid: str,
        frozen: Frozen,
        recipients_: Iterable[NewRecipient],
        *,
        state: CampaignState = CampaignState.SENDING,
        list_rows: int | None = None,
    ) -> Campaign:
        """Freeze a campaign with all its recipients, in one transaction that streams them.

        Suppressed persons are stored as suppressed, a person given twice once. What single mails (`--to`) began, and
        what was adopted with a record, is promoted: those who had it keep their outcome. Raises Conflict for a post
        that is begun already.
        """
        now = self._clock.now()
        beside = recipients_.database if isinstance(recipients_, Shelf) else None
        with self.database.writing(beside=beside) as connection:
            known = campaigns.find(connection, newsletter, identity)
            if known is None:
                campaign = campaigns.new(connection, newsletter, identity, uid, state)
            else:
                campaign = campaigns.promote(connection, known, state)
            campaigns.freeze(connection, campaign, identity, frozen)
            if state is CampaignState.SENDING:
                campaigns.set_values(connection, campaign, begun_at=now, list_rows=list_rows)
            recipients.insert(connection, self.database, campaign, recipients_)
            moves.bar_waiting(connection, campaign, now)
            forgetting.stay(connection, campaign, Outcome.SUPPRESSED)
            return campaigns.get(connection, campaign)

    def add(self, campaign: int, added: Iterable[NewRecipient], *, requeue: frozenset[Outcome] = AGAIN) -> int:
        """Queue those who have not got it (`--again`), and those in `requeue` that are not suppressed now.

        A campaign that was finished, cancelled or adopted goes on. Gives how many wait more than before.
        """
        now = self._clock.now()
        with self.database.writing() as connection:
            before = recipients.counts(connection, campaign)
            recipients.insert(
                connection, self.database, campaign, recipients.requeueing(connection, campaign, added, requeue, now)
            )
            moves.bar_waiting(connection, campaign, now)
            forgetting.stay(connection, campaign, Outcome.SUPPRESSED)
            after = recipients.counts(connection, campaign)
            more = sum(after[outcome] - before[outcome] for outcome in WAITING)
            if more:
                campaigns.reopen(connection, campaign, now)
            return more

    def fill(self, campaign: int, known: Iterable[NewRecipient], *, anew: bool = False) -> int:
        """Give waiting rows that an import left without address (`anew`: all) theirs from a list; gives how many."""
        with self.database.writing() as connection:
            return recipients.fill(connection, campaign, known, anew=anew)

    def adopt(
        self,
        newsletter: str,
        identity: PostIdentity,
        uid: str,
        sent_stamp: str,
        persons: Iterable[NewRecipient] = (),
    ) -> Campaign:
        """Record a post as mailed elsewhere, to `persons` where that is known. Raises Conflict for one begun here."""
        now = self._clock.now()
        with self.database.writing() as connection:
            known = campaigns.find(connection, newsletter, identity)
            if known is not None and known.state is not CampaignState.ADOPTED:
                raise Conflict(
                    known, f"this post is known here as {known.state}", file=identity.path, hint="nothing to adopt"
                )
            campaign = (
                known.id
                if known
                else campaigns.new(connection, newsletter, identity, uid, CampaignState.ADOPTED, subject=identity.title)
            )
            campaigns.set_values(connection, campaign, sent_stamp=sent_stamp)
            recipients.insert(connection, self.database, campaign, persons, outcome=Outcome.SENT, now=now)
            forgetting.stay(connection, campaign, Outcome.SENT)
            return campaigns.get(connection, campaign)

    def frozen(self, campaign: int) -> Frozen:
        """What the campaign mails. Raises LookupError for an adopted one."""
        with self.database.reading() as connection:
            return campaigns.frozen(connection, campaign)

    def keeps_post(self, campaign: int) -> bool:
        """Whether the campaign keeps what it mails: an adopted one does not, nor one imported when it was over."""
        with self.database.reading() as connection:
            return campaigns.keeps_post(connection, campaign)

    def accept_edit(self, campaign: int, identity: PostIdentity, frozen: Frozen) -> None:
        """Mail the edited post to those who still wait."""
        with self.database.writing() as connection:
            campaigns.freeze(connection, campaign, identity, frozen)

    def state(self, campaign: int) -> CampaignState:
        """A campaign's state."""
        return self.campaign(campaign).state

    def set_state(
        self, campaign: int, state: CampaignState | None, reason: str = "", wait_until: datetime | None = None
    ) -> None:
        """Pause, hold or go on; or (None) only give a time to wait. Raises Refused where that cannot be."""
        with self.database.writing() as connection:
            campaigns.set_state(connection, campaign, state, reason=reason, wait_until=wait_until)

    def cancel(self, campaign: int) -> int:
        """Settle what is left as cancelled; gives how many. A mail that is handed over is settled by its run."""
        with self.database.writing() as connection:
            return campaigns.cancel(connection, campaign, self._clock.now())

    def finish(self, campaign: int, sent_stamp: str) -> bool:
        """Close a campaign in which everyone is settled, with the value for the post; gives whether it is closed."""
        with self.database.writing() as connection:
            return campaigns.finish(connection, campaign, sent_stamp, self._clock.now())

    def unbegin(self, campaign: int, reason: str = "") -> bool:
        """Take a beginning back of which nobody was tried; gives whether that was so."""
        with self.database.writing() as connection:
            return campaigns.unbegin(connection, campaign, reason)

    def stamped(self, campaign: int) -> None:
        """Note that the post carries its stamp."""
        with self.database.writing() as connection:
            campaigns.set_values(connection, campaign, stamped=True)

    def start_run(
        self, campaign: int, *, only: bytes | None = None, before_first: Callable[[], None] | None = None
    ) -> Run:
        """Begin a run, first settling what a dead one left (`Run.recovered`); the caller holds `sender_lock`.

        Deferred recipients of earlier runs are due at once. With `only`, the run is for one person alone.
        `before_first` is called once, before the first claim that finds somebody, with the ledger locked for writing.
        """
        now = self._clock.now()
        with self.database.writing() as connection:
            campaigns.get(connection, campaign)
            recovered = recovery.recover(
                connection, campaign, boot=self.boot, durable=self.database.path is None, now=now
            )
            # 47 bits: never two the same, and six octets in a row of SQLite (sqlite.org/fileformat.html §2.1).
            run = int.from_bytes(self._random(6)) >> 1
            recovery.begin_run(connection, campaign, run=run, boot=self.boot, process=os.getpid(), only=only, now=now)

        def ended(run: int) -> None:
            with self.database.writing() as connection:
                recovery.end_run(connection, run, self._clock.now())

        return Run(
            self.database.hot(),
            clock=self._clock,
            campaign=campaign,
            run=run,
            recovered=recovered,
            only=only,
            require_place=self.require_place,
            before_first=before_first,
            ended=ended,
        )

    # ---- recipients

    def counts(self, campaign: int) -> dict[Outcome, int]:
        """How many stand in each state; every state is there."""
        with self.database.reading() as connection:
            return recipients.counts(connection, campaign)

    def recipients(
        self, campaign: int, outcomes: Iterable[Outcome] | None = None, after: int = 0, limit: int | None = None
    ) -> Iterator[RecipientRow]:
        """Rows in list order, from behind the id `after`; streams out of one consistent state."""
        with self.database.reading() as connection:
            yield from recipients.stream(connection, campaign, outcomes, after, limit)

    def recipients_of(self, ids: Iterable[int]) -> list[RecipientRow]:
        """The rows of these ids, in list order."""
        with self.database.reading() as connection:
            return recipients.of_ids(connection, sorted(ids))

    def waiting(self, campaign: int) -> Iterator[tuple[int, bytes]]:
        """Id and person of those who wait, in no order; streams out of one consistent state."""
        with self.database.reading() as connection:
            yield from recipients.waiting(connection, campaign)

    def withdraw(self, campaign: int, ids: Iterable[int]) -> int:
        """Settle waiting rows that are gone from the list, or out of the audience; gives how many."""
        with self.database.writing() as connection:
            return moves.withdraw(connection, campaign, ids, self._clock.now())

    def requeue(self, campaign: int, outcomes: Iterable[Outcome], person: bytes | None = None) -> int:
        """Let settled rows (of one person) wait again; a suppressed person's stay. Gives how many.

        A campaign that was finished, cancelled or adopted then goes on.
        """
        now = self._clock.now()
        with self.database.writing() as connection:
            moved = recipients.requeue(connection, campaign, outcomes, person, now)
            if moved:
                campaigns.reopen(connection, campaign, now)
            return moved

    def history(self, person_of: Callable[[str], bytes]) -> list[tuple[Campaign, RecipientRow]]:
        """Every campaign that somebody is in, oldest first; `person_of` gives who they are to a newsletter id."""
        with self.database.reading() as connection:
            known = {campaign.id: campaign for campaign in campaigns.all_of(connection, None)}
            rows = [
                row
                for newsletter in {campaign.newsletter for campaign in known.values()}
                for row in recipients.of_person(connection, person_of(newsletter), newsletter)
            ]
        return [(known[row.campaign], row) for row in sorted(rows, key=lambda row: row.campaign)]

    def find_recipient(self, *, person: bytes) -> RecipientRow | None:
        """A person's row in the newest campaign that has one."""
        with self.database.reading() as connection:
            return next(iter(recipients.of_person(connection, person)), None)

    def sent_since(self, account: str, since: datetime) -> int:
        """How many mails an SMTP account handed over since then: at least the true number (`quotas`)."""
        with self.database.reading() as connection:
            named = quotas.SENT_SINCE.named(quotas.since(account, since))
            return connection.execute(quotas.SENT_SINCE.core, named).scalar() or 0

    def find_by_queue_id(self, queue_id: str) -> RecipientRow | None:
        """The row whose mail a server took under this id."""
        with self.database.reading() as connection:
            return recipients.of_queue_id(connection, queue_id)

    def find_by_message_ids(
        self, wanted: Collection[str], local_of: Callable[[str, bytes], str]
    ) -> dict[str, RecipientRow]:
        """The rows of Message-IDs, by their left sides.

        `local_of` gives the left side for a campaign's uid and a person; it is asked for everybody in the campaigns
        named, 3 s for a million, so many are better looked up in one call.
        """
        with self.database.reading() as connection:
            return recipients.of_message_ids(connection, wanted, local_of)

    def forget(self, person_of: Callable[[str], bytes], everywhere: bytes) -> int:
        """Leave only keyed hashes of somebody, suppressed everywhere; gives in how many campaigns they were.

        `person_of` gives who they are to a newsletter id.
        """
        return forgetting.forget(self.database, person_of, everywhere, self._clock.now())

    def backup(self, target: Path) -> None:
        """Write a consistent copy of the file to `target` (mode 0600), also while a sender is at work."""
        if self.database.path is None:
            raise Refused(Problem(text="the ledger is in a database server", hint="use pg_dump", code="ledger-backup"))
        sqlite.copy(self.database.engine, self.database.path, target)
