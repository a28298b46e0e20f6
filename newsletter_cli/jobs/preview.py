"""`newsletter preview POST`: exactly what would be mailed, as HTML, text or a whole mail.

The same post, row, settings, keys and instant give the same bytes (interface, promise 14). Contacts nothing, and
leaves no file but the one asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes, policy
from enum import StrEnum
from typing import TYPE_CHECKING

from newsletter_cli import addresses, tokens
from newsletter_cli.jobs import gather, identity
from newsletter_cli.jobs.prepare import Prepared, prepare
from newsletter_cli.message.fill import fill, missing
from newsletter_cli.message.model import Person
from newsletter_cli.problems import Problem, Refused, UsageError
from newsletter_cli.rendering.model import Version

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from newsletter_cli.audience.roll import Chosen, Roll
    from newsletter_cli.jobs.gather import ListSource
    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.message.model import Draft

DUMMY = addresses.Address("reader", "example.com")
# Where there are no keys yet, these give the dummy reader the same bytes each time. They open nothing: their tokens
# belong to nobody, and no ledger accepts them.
_SHOW_KEYS = tokens.Keys.generate(b"newsletter preview, no keys yet ".ljust(64, b"."))


class Format(StrEnum):
    """What a preview is written as."""

    HTML = "html"
    TEXT = "text"
    EML = "eml"


_ENDINGS = {".html": Format.HTML, ".htm": Format.HTML, ".txt": Format.TEXT, ".text": Format.TEXT, ".eml": Format.EML}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """One person's mail: its bytes as they would go out, and its two parts as their readers get them."""

    prepared: Prepared
    version: Version
    address: str
    eml: bytes
    problems: tuple[Problem, ...]

    def part(self, wanted: Format) -> bytes:
        """The mail, or its HTML or text part in UTF-8."""
        if wanted is Format.EML:
            return self.eml
        message = message_from_bytes(self.eml, policy=policy.default)
        body = message.get_body(("html",) if wanted is Format.HTML else ("plain",))
        assert body is not None  # compose writes both
        return str(body.get_content()).replace("\r\n", "\n").encode()


def format_of(name: str, given: str | None) -> Format:
    """The format asked for, else the one of the file's ending. Raises UsageError where neither tells."""
    if given is not None:
        try:
            return Format(given)
        except ValueError:
            raise UsageError(f"--format {given}: one of html, text, eml") from None
    for ending, found in _ENDINGS.items():
        if name.lower().endswith(ending):
            return found
    if name == "-":
        return Format.HTML
    raise UsageError(f"{name}: the ending tells no format; give --format html, text or eml")


def preview(
    workspace: Workspace,
    post: Path,
    *,
    as_address: str = "",
    lists: Sequence[ListSource] = (),
    tier: str = "",
) -> Preview:
    """Make one person's mail. `tier` is free or paid; empty: the person's own, for the dummy the full version.

    Raises Refused where the post cannot be read; what else is wrong is in `Preview.problems`.
    """
    prepared = prepare(post, workspace.settings)
    reader = _reader(workspace, prepared, as_address, lists) if as_address else None
    return made(workspace, prepared, reader=reader, tier=tier)


def made(workspace: Workspace, prepared: Prepared, *, reader: Chosen | None = None, tier: str = "") -> Preview:
    """Make one person's mail of a post that is prepared already. Raises Refused where a merge field stays empty."""
    version = _version(prepared, tier, reader)
    draft = prepared.drafts[version]
    eml = fill(draft, _person(workspace, prepared, draft, reader)).data
    problems = (*workspace.settings.problems, *prepared.problems)
    address = str(reader.subscriber.address) if reader else str(DUMMY)
    return Preview(prepared=prepared, version=version, address=address, eml=eml, problems=problems)


def shown_keys(workspace: Workspace) -> tokens.Keys:
    """The newsletter's keys; where there are none yet, a pair that opens nothing and is the same each time."""
    return workspace.keys() or _SHOW_KEYS


def one_of(roll: Roll, workspace: Workspace, prepared: Prepared, address: str) -> Chosen:
    """The row of an address. Raises UsageError where it is none, Refused where the lists do not have it."""
    try:
        key = addresses.parse(address).key
    except addresses.AddressError as error:
        raise UsageError(f"--as: {error}") from error
    meta = prepared.post.meta
    who = tokens.person(shown_keys(workspace), workspace.newsletter, key)
    found = roll.get(who, meta.audience, segment=meta.segment, paywalled=prepared.paywalled)
    if found is None:
        raise Refused(
            Problem(text=f"the list has nobody {address} whom this post is for", hint="give --list FILE with that row")
        )
    return found


def _reader(workspace: Workspace, prepared: Prepared, address: str, lists: Sequence[ListSource]) -> Chosen:
    """The row of `--as`."""
    roll = gather.read_lists(lists, settings=workspace.settings, keys=shown_keys(workspace))
    return one_of(roll, workspace, prepared, address)


def _version(prepared: Prepared, tier: str, reader: Chosen | None) -> Version:
    """Which version is shown; a post without a wall has one for all."""
    if tier not in {"", "free", "paid"}:
        raise UsageError(f"--tier {tier}: one of free, paid")
    wanted = Version.FREE if tier == "free" else Version.FULL
    if not tier and reader is not None:
        wanted = Version(reader.version)
    return wanted if wanted in prepared.drafts else Version.FULL


def _person(workspace: Workspace, prepared: Prepared, draft: Draft, reader: Chosen | None) -> Person:
    """Who the mail is filled for: the row with its own token, or the dummy with nobody's."""
    keys = workspace.keys()
    used = keys or _SHOW_KEYS
    who = reader.person if reader is not None and keys is not None else tokens.NOBODY
    fields = dict(reader.subscriber.fields) if reader is not None else {}
    while reader is None and (slot := missing(draft, fields)) is not None:
        fields[slot.names[0]] = slot.names[0].replace("_", " ").title()
    name = identity.identity_of(prepared.post, workspace.settings.folder).key
    local = tokens.message_id_local(used, tokens.campaign_uid(used, workspace.newsletter, name), who)
    return Person(
        address=reader.subscriber.address if reader is not None else DUMMY,
        token=tokens.mint(used, who),
        message_id=f"{local}@{prepared.sender.mailbox.address.domain}",
        date=workspace.clock.now(),
        fields=fields,
    )
