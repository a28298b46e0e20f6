"""One entry per service: by which columns its export is known, and what these say. The reader of them all is `exports`.

Headers and values stand here in `words.compact` form. What an entry does not name is found by header, as in a list of
no service: so a column that somebody added by hand still counts. To add a service is to add an entry, and a file to the
tests.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from newsletter_cli.audience.marks import Kind
from newsletter_cli.audience.tiers import (
    BUTTONDOWN,
    GHOST,
    GHOST_WITHOUT_TIERS,
    PATREON,
    PLANS,
    SUBSTACK_PAID,
    TierColumn,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter_cli.audience.words import Meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How one service's export is read.

    `shapes`: the list is this service's where every header of one shape is there. `marks`: columns that say who may be
    mailed. `meanings`: its own status words. `harmless`: columns that only look like marks. `tiers`: what is paid.
    """

    name: str
    shapes: tuple[frozenset[str], ...]
    marks: Mapping[str, Kind] = field(default_factory=dict)
    meanings: Mapping[str, Meaning] = field(default_factory=dict)
    harmless: frozenset[str] = frozenset()
    tiers: tuple[TierColumn, ...] = ()


def _shape(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ACTIVE = TierColumn("activesubscription", gate=True, tells_founding=False)
_SUBSTACK_MARKS = {"emaildisabled": Kind.OUT_IF_TRUE}
_SUBSTACK_HARMLESS = _shape(
    "activesubscription preferdigests expiry createdat firstpaymentat stripeconnectedcustomerid"
)
_MAILCHIMP_HARMLESS = _shape("optintime optinip confirmtime confirmip memberrating lastchanged")
_GHOST_MARKS = {"subscribedtoemails": Kind.OUT_IF_FALSE, "deletedat": Kind.OUT_IF_FILLED}

# In order: a shape with more columns stands before one that it contains.
SERVICES: tuple[Service, ...] = (
    Service(
        name="Substack",
        shapes=(_shape("activesubscription plan emaildisabled"),),
        marks=_SUBSTACK_MARKS,
        harmless=_SUBSTACK_HARMLESS,
        tiers=(_ACTIVE, TierColumn("plan", words=PLANS, otherwise=None)),
    ),
    Service(
        name="Substack",
        shapes=(_shape("activesubscription emaildisabled"),),
        marks=_SUBSTACK_MARKS,
        harmless=_SUBSTACK_HARMLESS,
        tiers=(_ACTIVE,),
    ),
    Service(
        name="Substack paid",
        shapes=(_shape("emaildisabled type"),),
        marks=_SUBSTACK_MARKS,
        harmless=_SUBSTACK_HARMLESS,
        tiers=(TierColumn("type", words=SUBSTACK_PAID, tells_founding=False),),
    ),
    Service(
        name="Mailchimp unsubscribed",
        shapes=(_shape("unsubtime leid"), _shape("unsubtime euid"), _shape("unsubtime unsubcampaigntitle")),
        marks={"unsubtime": Kind.ALWAYS_OUT},
        harmless=_MAILCHIMP_HARMLESS,
    ),
    Service(
        name="Mailchimp cleaned",
        shapes=(_shape("cleantime leid"), _shape("cleantime euid"), _shape("cleantime cleancampaigntitle")),
        marks={"cleantime": Kind.ALWAYS_OUT},
        harmless=_MAILCHIMP_HARMLESS | _shape("cleancampaigntitle cleancampaignid"),
    ),
    Service(
        name="Mailchimp",
        shapes=(_shape("leid euid"), _shape("memberrating lastchanged")),
        harmless=_MAILCHIMP_HARMLESS,
    ),
    Service(name="Ghost", shapes=(_shape("email subscribedtoemails tiers"),), marks=_GHOST_MARKS, tiers=GHOST),
    Service(name="Ghost", shapes=(_shape("email subscribedtoemails"),), marks=_GHOST_MARKS, tiers=GHOST_WITHOUT_TIERS),
    Service(
        name="Beehiiv",
        shapes=(_shape("email status subscriptiontier"), _shape("email status tier createdat unsubscribedat")),
        marks={"status": Kind.WORD, "unsubscribedat": Kind.OUT_IF_FILLED},
        tiers=(TierColumn("tier", tells_founding=False), TierColumn("subscriptiontier", tells_founding=False)),
    ),
    Service(
        name="Buttondown",
        shapes=(_shape("subscribertype"),),
        marks={"subscribertype": Kind.WORD},
        tiers=(TierColumn("subscribertype", words=BUTTONDOWN, tells_founding=False),),
    ),
    Service(
        name="Patreon",
        shapes=(_shape("patronstatus email"),),
        tiers=PATREON,
    ),
)
