"""By what a post is known again (interface, promise 8): its post_id, else its path, else the hash of its body. Pure.

Takes what the post is now and the campaigns of its newsletter that share one of the three with it; gives the campaign
it belongs to, or None for a post that was never mailed. A rename, a new title, an edit or an old commit is no new
campaign. Raises Conflict where mailing it would be wrong and not mailing it silently would be too. Whether a post with
the body of another is that one renamed or a copy of it, only the files can tell: the caller asks (`by_body_alone`).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from newsletter_cli.ledger.model import Campaign, PostIdentity

# Two posts without a word in them are not the same post.
_EMPTY_BODY = hashlib.sha256(b"").hexdigest()


class Conflict(Refused):
    """The post collides with a campaign: `campaign` is the one, `why` says how."""

    def __init__(self, campaign: Campaign, why: str, *, file: str, hint: str) -> None:
        super().__init__(Problem(text=why, file=file, hint=hint, code="post-conflict"))
        self.campaign = campaign
        self.why = why


def recognise(now: PostIdentity, known: Iterable[Campaign]) -> Campaign | None:
    """The campaign of a post, newest first where several fit. Raises Conflict."""
    candidates = sorted(known, key=lambda campaign: campaign.id, reverse=True)
    for campaign in candidates:
        if now.post_id and campaign.identity.post_id == now.post_id:
            return _same_id(now, campaign)
    for campaign in candidates:
        if campaign.identity.path == now.path:
            return _same_path(now, campaign)
    renamed = [
        campaign
        for campaign in candidates
        if campaign.identity.body_hash == now.body_hash != _EMPTY_BODY and not _told_apart(now, campaign.identity)
    ]
    return max(renamed, key=lambda campaign: _in_common(now, campaign.identity), default=None)


def by_body_alone(now: PostIdentity, then: PostIdentity) -> bool:
    """Whether nothing but the body says that these are one post: one of the two may be a copy of the other."""
    return now.path != then.path and not (now.post_id and now.post_id == then.post_id)


def _same_id(now: PostIdentity, campaign: Campaign) -> Campaign:
    """A rename keeps something; a copied head on another post keeps nothing but the post_id."""
    then = campaign.identity
    if then.path != now.path and _another(now, then):
        raise Conflict(
            campaign,
            f"the post_id {now.post_id} is also that of {then.path}, which was mailed as {campaign.subject!r}",
            file=now.path,
            hint="give this post a post_id of its own",
        )
    return campaign


def still(now: PostIdentity, then: PostIdentity) -> bool:
    """Whether the file that held a post holds it still, edited or not, and not another one."""
    if now.post_id and now.post_id == then.post_id:
        return True
    return then.body_hash == now.body_hash or not ((then.post_id and now.post_id) or _another(now, then))


def _same_path(now: PostIdentity, campaign: Campaign) -> Campaign:
    then = campaign.identity
    if not still(now, then):
        raise Conflict(
            campaign,
            f"at this path the post {then.title or campaign.subject!r} was mailed; now another one stands here",
            file=now.path,
            hint="give the new post a file of its own (or, if it is the same one, its former title, date or post_id)",
        )
    return campaign


def _another(now: PostIdentity, then: PostIdentity) -> bool:
    """Whether title, date and body all differ; what neither has tells nothing."""
    pairs = [(now.title, then.title), (now.date, then.date)]
    told = [one != other for one, other in pairs if one or other]
    return now.body_hash != then.body_hash and bool(told) and all(told)


def _told_apart(now: PostIdentity, then: PostIdentity) -> bool:
    """Whether two posts of one body are two posts: title and date differ, or only one of them but each has a post_id.

    A short body comes again: "The call is on Friday, same link."
    """
    differ = [now.title != then.title, now.date != then.date]
    return all(differ) or (any(differ) and bool(now.post_id and then.post_id))


def _in_common(now: PostIdentity, then: PostIdentity) -> int:
    return (now.title == then.title) + (now.date == then.date)
