"""By what a post is recognised: its post_id, else its path, else the hash of its body (interface, promise 8).

A rename, a new title, an edit or `git reset --hard` is no new campaign; one post_id in two files, a sent path that now
holds another post, or a copy under the same title or date, is refused naming both.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from newsletter_cli.ledger.model import PostIdentity
from newsletter_cli.ledger.recognise import by_body_alone, still
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from newsletter_cli.config.settings import Settings
    from newsletter_cli.ledger.model import Campaign
    from newsletter_cli.ledger.store import Ledger
    from newsletter_cli.post.model import Post


def identity_of(post: Post, folder: Path) -> PostIdentity:
    """A post's names. `folder` is that of newsletter.toml: the record survives moving the whole folder."""
    return PostIdentity(
        post_id=post.meta.post_id,
        path=relative(post.path, folder),
        body_hash=post.body_hash,
        title=post.meta.title,
        date=str(post.meta.due.instant or post.meta.due.day) if post.meta.due else "",
    )


def relative(path: Path, folder: Path) -> str:
    """The path under the newsletter's folder, with ``/``; absolute where it lies elsewhere."""
    full = path.resolve()
    try:
        return full.relative_to(folder.resolve()).as_posix()
    except ValueError:
        return full.as_posix()


def find(ledger: Ledger, newsletter: str, post: Post, folder: Path) -> Campaign | None:
    """The campaign of a post, where there is one. Raises Refused where two posts claim to be one."""
    identity = identity_of(post, folder)
    campaign = ledger.find(newsletter, identity)
    if campaign is None:
        _refuse_another_id(ledger, newsletter, identity)
    if campaign is None or campaign.identity.path == identity.path:
        return campaign
    former = folder / campaign.identity.path
    _refuse_twins(post, [former])
    if not by_body_alone(identity, campaign.identity) or not _still_holds(former, campaign.identity.body_hash, post):
        return campaign
    if post.meta.email_sent_at:  # the record is the other file's; this one was mailed elsewhere, and says so
        return None
    raise Refused(
        Problem(
            text=f"{former} has the same body and was mailed as {campaign.subject!r}: is this a copy, or another post?",
            file=str(post.path),
            hint="remove one of the two; or, for a post of its own, change a word of it, or its title and its date",
            code="post-copied",
        )
    )


def still_there(path: Path, then: PostIdentity, settings: Settings) -> bool:
    """Whether a file still holds the post that it held, edited or not: one's record is not written into another.

    A file that cannot be read as a post is not another post.
    """
    from newsletter_cli.post import read

    try:
        post = read.read(path, timezone=settings.newsletter.timezone)
    except Refused:
        return True
    return still(identity_of(post, settings.folder), then)


def refuse_twins(post: Post, folder: Path) -> None:
    """Raise Refused where another post has the same post_id, so that one of the two would never be mailed.

    Looks beside the post, and through posts/ of the newsletter's `folder`.
    """
    beside = siblings(post.path.parent, recursive=False)
    home = folder / "posts"
    _refuse_twins(post, chain(beside, siblings(home, recursive=True) if home.is_dir() else ()))


def siblings(folder: Path, *, recursive: bool) -> Iterator[Path]:
    r"""The posts of a folder in path order: \\*.md without those that begin with _ or README."""
    found = folder.rglob("*.md") if recursive else folder.glob("*.md")
    for path in sorted(found):
        inside = path.relative_to(folder).parts
        hidden = any(part.startswith(("_", ".")) for part in inside)
        if not hidden and not path.name.upper().startswith("README") and path.is_file():
            yield path


def _refuse_another_id(ledger: Ledger, newsletter: str, now: PostIdentity) -> None:
    """Raise Refused where this very file was mailed from this folder under another id: everybody would get it again.

    A ledger in a database server may hold other folders' newsletters, whose files say nothing about this one's.
    """
    if ledger.database.path is None:
        return
    for campaign in ledger.campaigns():
        then = campaign.identity
        same = then.path == now.path and (
            (now.post_id and then.post_id == now.post_id) or then.body_hash == now.body_hash
        )
        if same and campaign.newsletter != newsletter and campaign.begun_at is not None:
            raise Refused(
                Problem(
                    text=f"this post was mailed as one of the newsletter {campaign.newsletter!r}, and the id is"
                    f" {newsletter!r} now: nobody who had it would be known",
                    file=now.path,
                    hint=f'write id = "{campaign.newsletter}" below [newsletter] again; or, if this is another'
                    " newsletter, give the post a file of its own",
                    code="newsletter-id",
                )
            )


def _still_holds(former: Path, body_hash: str, post: Post) -> bool:
    """Whether a path still holds the post with this body, in a file that is not the post's own."""
    from newsletter_cli.post import read

    if not former.is_file() or former.samefile(post.path):
        return False
    try:
        return read.read(former).body_hash == body_hash
    except Refused:  # what cannot be read is not the post that was mailed
        return False


def _refuse_twins(post: Post, others: Iterable[Path]) -> None:
    if not post.meta.post_id:
        return
    from newsletter_cli.post import read

    here = post.path.resolve()
    for other in others:
        if not other.is_file() or other.resolve() == here:
            continue
        try:
            twin = read.read(other)
        except Refused:  # a broken post stops only itself
            continue
        if twin.meta.post_id == post.meta.post_id:
            raise Refused(
                Problem(
                    text=f"post_id {post.meta.post_id} stands in {other} too: the two would count as one post",
                    file=str(post.path),
                    line=post.meta.lines.get("post_id"),
                    hint="give the newer one a post_id of its own",
                )
            )
