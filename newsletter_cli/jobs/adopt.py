"""`newsletter adopt POST|DIR`: records posts as mailed elsewhere, so that nothing mails them again.

With `--delivers` (Substack's delivers.csv, a folder of them, or the export's zip) the record also says who got it.
The post's bytes are not changed, unless it is not stamped: then it gets `email_sent_at`.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter_cli import addresses, files, tokens
from newsletter_cli.jobs import identity, stamping
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

_DELIVERS = re.compile(r"(?P<post>\d+)(?:\.[^/]*)?\.delivers\.csv\Z")
_LIMIT_OCTETS = 200_000_000


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


def adopt(workspace: Workspace, where: Path, *, delivers: Path | None = None) -> AdoptReport:
    """Record a post, or every post of a folder, as mailed elsewhere. Raises Refused where there is nothing to read."""
    paths = list(identity.siblings(where, recursive=True)) if where.is_dir() else [where]
    if not paths:
        raise Refused(Problem(text="no posts (*.md) in this folder", file=str(where)))
    records = dict(_read_delivers(delivers)) if delivers is not None else {}
    said: list[str] = []
    problems: list[Problem] = []
    persons = count = 0
    with workspace.open_ledger() as (ledger, keys), ledger.sender_lock():
        for path in paths:
            try:
                words, number = _adopt_one(workspace, ledger, keys, path, records, alone=len(paths) == 1)
            except Refused as refusal:
                problems += refusal.problems
                continue
            said.append(words)
            persons += number
            count += 1
    return AdoptReport(said=tuple(said), problems=tuple(problems), posts=count, persons=persons)


def _adopt_one(
    workspace: Workspace, ledger: Ledger, keys: Keys, path: Path, records: Mapping[str, bytes], *, alone: bool
) -> tuple[str, int]:
    """Record one post; gives what to say, and of how many persons there is a record."""
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
    data = _record_of(post, records, alone=alone)
    persons = list(_persons(data, keys, settings.newsletter.id)) if data is not None else []
    stamp = post.meta.email_sent_at or stamping.sent_stamp(workspace.clock.now())
    who = identity.identity_of(post, settings.folder)
    uid = tokens.campaign_uid(keys, settings.newsletter.id, who.key)
    ledger.adopt(settings.newsletter.id, who, uid, stamp, persons)
    if not post.meta.email_sent_at and settings.run.stamp == "post":
        problem = stamping.mark_sent(path, sent_stamp=stamp)
        if problem is not None:
            raise Refused(problem)
    got = f", {len(persons)} people got it" if persons else ""
    return f"{path}: recorded as mailed elsewhere at {stamp}{got}", len(persons)


def _record_of(post: Post, records: Mapping[str, bytes], *, alone: bool) -> bytes | None:
    """The delivers.csv of a post, by the number before the dot of its post_id; a single file for a single post."""
    if alone and len(records) == 1:
        return next(iter(records.values()))
    return records.get(post.meta.post_id.partition(".")[0])


def _read_delivers(path: Path) -> Iterator[tuple[str, bytes]]:
    """Give (post number, bytes) of every delivers.csv in a file, a folder or a zip."""
    if path.is_dir():
        for file in sorted(path.rglob("*.delivers.csv")):
            yield _number(file.name), files.read_bytes(file, what="the record")
        return
    data = files.read_bytes(path, what="the record", limit_octets=_LIMIT_OCTETS)
    if not zipfile.is_zipfile(io.BytesIO(data)):
        yield _number(path.name), data
        return
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            if not _DELIVERS.search(entry.filename):
                continue
            if entry.file_size > _LIMIT_OCTETS:
                raise Refused(Problem(text=f"{entry.filename} is too large to be a record", file=str(path)))
            yield _number(entry.filename), archive.read(entry)


def _number(name: str) -> str:
    match = _DELIVERS.search(name)
    return match["post"] if match else name


def _persons(data: bytes, keys: Keys, newsletter: str) -> Iterator[NewRecipient]:
    """The people of one delivers.csv. Raises Refused where it has no column of addresses."""
    rows = csv.reader(io.StringIO(files.decode(data).text))
    header = [cell.strip().lower() for cell in next(rows, [])]
    if "email" not in header:
        raise Refused(Problem(text="no column 'email': not a record of who got a post", hint="give delivers.csv"))
    column = header.index("email")
    seen: set[str] = set()
    for row in rows:
        try:
            address = addresses.parse(row[column] if len(row) > column else "")
        except addresses.AddressError:
            continue  # nobody can be mailed there anyway
        if address.key in seen:
            continue
        seen.add(address.key)
        yield NewRecipient(
            person=tokens.person(keys, newsletter, address.key),
            everywhere=tokens.everywhere(keys, address.key),
            email=str(address),
            version=Version.FULL.value,
            file="delivers.csv",
            line=rows.line_num,
        )
