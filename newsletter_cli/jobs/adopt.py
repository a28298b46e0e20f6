"""`newsletter adopt POST|DIR`: records posts as mailed elsewhere, so that nothing mails them again.

With `--delivers` (Substack's delivers.csv, a folder of them, or the export's zip) the record also says who got it.
The post's bytes are not changed, unless it is not stamped: then it gets `email_sent_at`, the time at which the record
says that the last reader got it, else now. Of a folder, what cannot have been mailed (a draft, a page, a date in the
future) is left alone, unless it is stamped or there is a record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter_cli import tokens
from newsletter_cli.jobs import decide, delivers, identity, stamping
from newsletter_cli.ledger.model import NewRecipient
from newsletter_cli.ledger.states import CampaignState
from newsletter_cli.problems import Problem, Refused, Severity
from newsletter_cli.rendering.model import Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.ledger.store import Ledger
    from newsletter_cli.post.model import Post
    from newsletter_cli.tokens import Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptReport:
    """What was recorded: lines for the person, and how many posts and persons."""

    said: tuple[str, ...]
    problems: tuple[Problem, ...]
    posts: int
    persons: int

    @property
    def refused(self) -> bool:
        """Whether a post could not be read."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)


def adopt(workspace: Workspace, where: Path, *, record: Path | None = None) -> AdoptReport:
    """Record a post, or every post of a folder, as mailed elsewhere. Raises Refused where there is nothing to read."""
    paths = list(identity.siblings(where, recursive=True)) if where.is_dir() else [where]
    if not paths:
        raise Refused(Problem(text="no posts (*.md) in this folder", file=str(where)))
    records = delivers.read(record) if record is not None else {}
    said: list[str] = []
    problems: list[Problem] = []
    persons = count = 0
    with workspace.open_ledger() as (ledger, keys), ledger.sender_lock():
        workspace.require_id(ledger)
        for path in paths:
            try:
                words, number = _adopt_one(
                    workspace, ledger, keys, path, records, of_folder=where.is_dir(), alone=len(paths) == 1
                )
            except Refused as refusal:
                problems += refusal.problems
                continue
            said.append(words)
            if number is not None:
                persons += number
                count += 1
    return AdoptReport(said=tuple(said), problems=tuple(problems), posts=count, persons=persons)


def _adopt_one(
    workspace: Workspace,
    ledger: Ledger,
    keys: Keys,
    path: Path,
    records: Mapping[str, delivers.Record],
    *,
    of_folder: bool,
    alone: bool,
) -> tuple[str, int | None]:
    """Record one post; gives what to say, and of how many persons there is a record; None where it was left alone."""
    from newsletter_cli.post import read

    settings = workspace.settings
    post = read.read(path, timezone=settings.newsletter.timezone)
    campaign = identity.find(ledger, settings.newsletter.id, post, settings.folder)
    if campaign is not None and campaign.begun_at is not None and campaign.state is not CampaignState.ADOPTED:
        if campaign.state in {CampaignState.SENDING, CampaignState.PAUSED, CampaignState.HELD}:
            raise Refused(
                Problem(
                    text=f"its sending is under way here ({campaign.state})",
                    file=str(path),
                    hint="`newsletter send` goes on with it, `newsletter cancel` settles who is left",
                )
            )
        return f"{path}: was sent from here; its record stays as it is", 0
    found = _record_of(post, records, alone=alone)
    if of_folder and found is None and not post.meta.email_sent_at:
        why_not = decide.gate(post.meta, now=workspace.clock.now(), wish=decide.Wish())
        if why_not is not None:
            return f"{path}: left alone: {why_not.text}", None
    people = delivers.people(found, _number(post)) if found is not None else delivers.People((), None)
    persons = list(_recipients(people, keys, settings.newsletter.id))
    stamp = post.meta.email_sent_at or stamping.sent_stamp(people.last or workspace.clock.now())
    who = identity.identity_of(post, settings.folder)
    uid = tokens.campaign_uid(keys, settings.newsletter.id, who.key)
    ledger.adopt(settings.newsletter.id, who, uid, stamp, persons)
    if not post.meta.email_sent_at and settings.run.stamp == "post":
        problem = stamping.mark_sent(path, sent_stamp=stamp)
        if problem is not None:
            raise Refused(problem)
    got = f", {len(persons)} people got it" if persons else ""
    return f"{path}: recorded as mailed elsewhere at {stamp}{got}", len(persons)


def _record_of(post: Post, records: Mapping[str, delivers.Record], *, alone: bool) -> delivers.Record | None:
    """The record of a post, by the number before the dot of its post_id; a single file for a single post."""
    if alone and len(records) == 1:
        return next(iter(records.values()))
    return records.get(_number(post))


def _number(post: Post) -> str:
    """The post's number at Substack; empty where its post_id has none."""
    number = post.meta.post_id.partition(".")[0]
    return number if number.isdecimal() else ""


def _recipients(people: delivers.People, keys: Keys, newsletter: str) -> Iterator[NewRecipient]:
    for address, line in people.got:
        yield NewRecipient(
            person=tokens.person(keys, newsletter, address.key),
            everywhere=tokens.everywhere(keys, address.key),
            email=str(address),
            version=Version.FULL.value,
            file="delivers.csv",
            line=line,
        )
