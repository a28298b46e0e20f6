"""`newsletter diff POST [REV]`: what readers would see changed, since a git revision or since what was sent.

Both sides are mails, not sources: the Subject, the words as the text part has them with each link's address beside it,
and the pictures that travel. Without REV the other side is what the ledger keeps of the campaign, as it was rendered
then; where nothing was sent, the last commit. Contacts nothing, writes no file.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from newsletter_cli.jobs import history, identity
from newsletter_cli.jobs.prepare import prepare_post, site_of
from newsletter_cli.jobs.report import JSON_VERSION
from newsletter_cli.problems import Refused
from newsletter_cli.rendering.model import UNSUBSCRIBE_URL, Rendered, Version

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.ledger.model import Frozen
    from newsletter_cli.post.model import Post

_REFERENCE = re.compile(r"^\[(\d+)\] (\S.*)$", re.MULTILINE)
_MARK = re.compile(r" ?\[(\d+)\]")
_RULE_BEFORE_REFERENCES = re.compile(r"\n-{4,}\n(?=(?:\[\d+\] \S.*\n)+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One version's change: `lines` of a unified diff; none, and `markup`, where the words are the same."""

    version: Version
    lines: tuple[str, ...]
    markup: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffReport:
    """What changed; `changes` is empty where readers would see the same."""

    post: str
    since: str
    changes: tuple[Changed, ...]

    def as_json(self) -> dict[str, Any]:
        """The report as an object of the interface."""
        return {
            "version": JSON_VERSION,
            "post": self.post,
            "since": self.since,
            "changed": bool(self.changes),
            "changes": [
                {"version": change.version.value, "lines": list(change.lines), "markup_only": change.markup}
                for change in self.changes
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    label: str
    versions: Mapping[Version, Rendered]


def diff(workspace: Workspace, path: Path, revision: str = "") -> DiffReport:
    """Compare the post as it is with what it was. Raises Refused where there is nothing to compare with."""
    from newsletter_cli.post import read

    post = read.read(path, timezone=workspace.settings.newsletter.timezone)
    after = _rendered(workspace, post)
    before = _at(workspace, post, revision) if revision else _sent(workspace, post) or _at(workspace, post, "HEAD")
    changes = []
    for version in Version:
        # A post that had no wall was one mail for all: its free readers got the full one.
        old = before.versions.get(version, before.versions[Version.FULL])
        new = after.get(version, after[Version.FULL])
        if version is Version.FREE and version not in after and version not in before.versions:
            continue
        change = compare(old, new, version=version, labels=(before.label, "as it is now"))
        if change is not None:
            changes.append(change)
    return DiffReport(post=str(path), since=before.label, changes=tuple(changes))


def compare(before: Rendered, after: Rendered, *, version: Version, labels: tuple[str, str]) -> Changed | None:
    """What one kind of reader would see changed; None for nothing. Pure."""
    found = difflib.unified_diff(words(before), words(after), *labels, lineterm="")
    lines = tuple(found)
    if lines:
        return Changed(version=version, lines=lines)
    if _named(before.html, before) != _named(after.html, after):
        return Changed(version=version, lines=(), markup=True)
    return None


def words(rendered: Rendered) -> list[str]:
    """A mail as lines: its Subject, its text with the address behind every link, its pictures."""
    text = _spelled_out(_named(rendered.text, rendered))
    pictures = [f"[picture {image.filename}]" for image in rendered.images]
    return [f"Subject: {_named(rendered.subject, rendered)}", "", *text.strip().splitlines(), *pictures]


def _spelled_out(text: str) -> str:
    """The text with ``[3]`` replaced by what 3 stands for: one link more would renumber all that follow it."""
    targets = dict(_REFERENCE.findall(text))
    text = _REFERENCE.sub("", _RULE_BEFORE_REFERENCES.sub("\n", text))
    text = _MARK.sub(lambda found: f" <{targets[found[1]]}>" if found[1] in targets else found[0], text)
    return re.sub(r"\n{3,}", "\n\n", text)


def _named(text: str, rendered: Rendered) -> str:
    """The text with names in the places that differ per person; their tokens differ by rendering."""
    for slot in rendered.slots:
        name = "unsubscribe link" if slot.names == (UNSUBSCRIBE_URL,) else " or ".join(slot.names)
        text = text.replace(slot.token, f"{{{{ {name} }}}}")
    return text


def _rendered(workspace: Workspace, post: Post) -> Mapping[Version, Rendered]:
    return prepare_post(post, workspace.settings).rendered


def _at(workspace: Workspace, post: Post, revision: str) -> _Side:
    """The post as it was committed, rendered now, with the pictures of now."""
    from newsletter_cli.post import read

    source = history.at_revision(post.path, revision)
    beside = post.path.with_suffix(".txt")
    text_part = None
    if post.text_part is not None and beside != post.path:
        try:
            text_part = history.at_revision(beside, revision).decode("utf-8", "replace")
        except Refused:  # it came later
            text_part = None
    try:
        then = read.parse(source, path=post.path, timezone=workspace.settings.newsletter.timezone, text_part=text_part)
    except Refused as refused:
        wrong = (replace(problem, file=f"{revision}:{post.path.name}") for problem in refused.problems)
        raise Refused(*wrong) from refused
    return _Side(label=f"at {revision}", versions=_rendered(workspace, then))


def _sent(workspace: Workspace, post: Post) -> _Side | None:
    """What the ledger keeps of the campaign; None where nothing was sent from here."""
    with workspace.ledger_as_it_is() as ledger:
        campaign = identity.find(ledger, workspace.newsletter, post, workspace.settings.folder) if ledger else None
        if ledger is None or campaign is None or campaign.begun_at is None:
            return None
        try:
            frozen = ledger.frozen(campaign.id)
        except LookupError:  # adopted: it was mailed elsewhere
            return None
    when = f"{campaign.begun_at.astimezone():%Y-%m-%d %H:%M}"
    return _Side(label=f"as sent on {when}", versions=_thawed(workspace, post, frozen))


def _thawed(workspace: Workspace, post: Post, frozen: Frozen) -> Mapping[Version, Rendered]:
    """The rendered parts as they were; rendered anew from the kept source where an older program wrote them."""
    from newsletter_cli.post import read
    from newsletter_cli.rendering import freeze, render

    try:
        return {Version(name): freeze.load(data) for name, data in frozen.versions.items()}
    except ValueError:
        then = read.parse(
            frozen.source, path=post.path, timezone=workspace.settings.newsletter.timezone, text_part=post.text_part
        )
        site = site_of(workspace.settings, then)
        return {Version(name): render.render(then, site, Version(name)) for name in frozen.versions}
