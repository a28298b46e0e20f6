"""Who of a list gets a post, and which version of it: (audience, paywall, tier) -> version or reason.

Pure. Where the tier that decides is not known, the answer is neither: the whole list is refused (interface, promise 5).
"""

from __future__ import annotations

from dataclasses import dataclass

from newsletter_cli.audience import tiers
from newsletter_cli.post.model import Audience

FULL, FREE = "full", "free"  # the names of rendering.model.Version, which this room does not know

_FREE_READER = "not in the audience: a free reader, and the post is for paid ones"
_PAID_READER = "not in the audience: a paid reader, and the post is for free ones"
_NO_FOUNDER = "not in the audience: the post is for founding readers"


@dataclass(frozen=True, slots=True)
class Choice:
    """What one level gets: a `version`, or a `reason` why not; both empty where the level does not decide it."""

    version: str = ""
    reason: str = ""

    @property
    def told(self) -> bool:
        """Whether the level was enough to decide."""
        return bool(self.version or self.reason)


def needs_tier(audience: Audience, *, paywalled: bool) -> bool:
    """Whether anything hangs on what a reader pays."""
    return paywalled or audience is not Audience.EVERYONE


def choices(audience: Audience, *, paywalled: bool) -> tuple[Choice, ...]:
    """The choice for each level of `tiers`, by its number."""
    return tuple(_choice(level, audience, paywalled=paywalled) for level in range(len(tiers.TIER)))


def _choice(level: int, audience: Audience, *, paywalled: bool) -> Choice:
    if not needs_tier(audience, paywalled=paywalled):
        return Choice(version=FULL)
    if level == tiers.UNKNOWN:
        return Choice()
    paid = level > tiers.FREE
    preview = Choice(version=FREE) if paywalled else None
    match audience:
        case Audience.EVERYONE:
            return Choice(version=FULL if paid else FREE)
        case Audience.ONLY_PAID:
            return Choice(version=FULL) if paid else preview or Choice(reason=_FREE_READER)
        case Audience.ONLY_FREE:
            # What stands behind a paywall marker is for nobody here.
            return Choice(reason=_PAID_READER) if paid else preview or Choice(version=FULL)
        case Audience.FOUNDING:
            if level == tiers.FOUNDING:
                return Choice(version=FULL)
            if level == tiers.PAID_AT_LEAST:
                return Choice()
            return preview or Choice(reason=_NO_FOUNDER)
