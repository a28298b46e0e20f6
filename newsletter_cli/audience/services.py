"""One entry per service: by which columns its export is known, and what these say. The reader of them all is `exports`.

Headers and values stand here in `words.compact` form. What an entry does not name is read by header as in a list of no
service (`suspects`), so a column that somebody added by hand still counts. To add a service is to add an entry, and a
file to the tests.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from newsletter_cli.audience import tiers
from newsletter_cli.audience.marks import Kind
from newsletter_cli.audience.tiers import TierColumn
from newsletter_cli.audience.words import Meaning

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How one service's export is read.

    `shapes`: the list is this service's where every header of one shape is there (``email`` stands for any word that
    means it). `marks`: columns that say who may be mailed. `meanings`: per mark its own words. `harmless`: columns that
    only look like marks. `tiers`: what is paid. `files`: beginnings of file names under which everybody is out.
    """

    name: str
    shapes: tuple[frozenset[str], ...]
    marks: Mapping[str, Kind] = field(default_factory=dict)
    meanings: Mapping[str, Mapping[str, Meaning]] = field(default_factory=dict)
    harmless: frozenset[str] = frozenset()
    tiers: tuple[TierColumn, ...] = ()
    files: tuple[str, ...] = ()


def _shape(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _codes(*, good: str, bad: str) -> dict[str, Meaning]:
    return {**dict.fromkeys(good.split(), Meaning.IN), **dict.fromkeys(bad.split(), Meaning.OUT)}


_SUBSTACK_ACTIVE = TierColumn("activesubscription", gate=True, tells_founding=False)
_SUBSTACK_MARKS = {"emaildisabled": Kind.OUT_IF_TRUE}
_SUBSTACK_HARMLESS = _shape(
    "activesubscription preferdigests expiry createdat firstpaymentat stripeconnectedcustomerid"
)
_MAILCHIMP_HARMLESS = _shape("optintime optinip confirmtime confirmip memberrating lastchanged")
_GHOST_MARKS = {"subscribedtoemails": Kind.OUT_IF_FALSE, "deletedat": Kind.OUT_IF_FILLED}
# In churn or overdue somebody still pays, or did; what they read is told by the tier, not by the mark.
_BUTTONDOWN_TYPES = _codes(
    good="regular premium gifted trialed trialing churning churned pastdue unpaid",
    bad="unactivated unsubscribed removed spammy paused undeliverable blocked complained disabled upcoming malformed",
)

# Of several that fit, the one of most columns is taken.
SERVICES: tuple[Service, ...] = (
    Service(
        name="Substack",
        shapes=(_shape("activesubscription plan emaildisabled"), _shape("email activesubscription plan")),
        marks=_SUBSTACK_MARKS,
        harmless=_SUBSTACK_HARMLESS,
        tiers=(_SUBSTACK_ACTIVE, TierColumn("plan", words=tiers.PLANS, otherwise=None)),
    ),
    Service(
        name="Substack",
        # The columns that are left of an export once it was trimmed by hand: `false` is a free reader there, too.
        shapes=(_shape("activesubscription emaildisabled"), _shape("email activesubscription")),
        marks=_SUBSTACK_MARKS,
        harmless=_SUBSTACK_HARMLESS,
        tiers=(_SUBSTACK_ACTIVE,),
    ),
    Service(
        name="Substack paid",
        shapes=(_shape("emaildisabled type"),),
        marks=_SUBSTACK_MARKS,
        harmless=_SUBSTACK_HARMLESS,
        tiers=(TierColumn("type", words=tiers.SUBSTACK_PAID, tells_founding=False),),
    ),
    Service(
        name="Substack dashboard",
        # Its columns are chosen before it is exported.
        shapes=(
            _shape("email subscriptiontype activity"),
            _shape("email subscriptiontype subscriptiondate"),
            _shape("email subscriptiontype stripeplan"),
            _shape("email subscriptiontype canceldate"),
        ),
        marks={"receivingemailsfor": Kind.SECTIONS},
        harmless=_shape("canceldate cancellationdate cancelat subscriptioncanceldate activity"),
        tiers=(TierColumn("subscriptiontype", words=tiers.DASHBOARD),),
    ),
    Service(
        name="Substack delivers",
        shapes=(_shape("postid timestamp email postaudience activesubscription"),),
        harmless=_SUBSTACK_HARMLESS,
        tiers=(_SUBSTACK_ACTIVE,),
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
        # Those who never subscribed, but bought something, come in a file with the same columns.
        files=("nonsubscribed_", "non_subscribed_", "unsubscribed_", "cleaned_"),
    ),
    Service(name="Ghost", shapes=(_shape("email subscribedtoemails tiers"),), marks=_GHOST_MARKS, tiers=tiers.GHOST),
    Service(
        name="Ghost",
        shapes=(_shape("email subscribedtoemails"),),
        marks=_GHOST_MARKS,
        tiers=tiers.GHOST_WITHOUT_TIERS,
    ),
    Service(
        name="Beehiiv",
        shapes=(_shape("email status subscriptiontier"), _shape("email status tier createdat")),
        marks={"status": Kind.WORD, "unsubscribedat": Kind.OUT_IF_FILLED},
        meanings={"status": _codes(good="active", bad="inactive pending validating needsattention invalid")},
        tiers=(TierColumn("tier", tells_founding=False), TierColumn("subscriptiontier", tells_founding=False)),
    ),
    Service(
        name="Kit",
        shapes=(_shape("firstname email createdat status"), _shape("firstname email state createdat")),
        marks={"status": Kind.WORD, "state": Kind.WORD},
        meanings={
            mark: _codes(good="active", bad="inactive cancelled canceled bounced complained unconfirmed")
            for mark in ("status", "state")
        },
    ),
    Service(
        name="Buttondown",
        shapes=(_shape("email subscribertype"), _shape("email notes metadata type")),
        marks={"subscribertype": Kind.WORD, "type": Kind.WORD},
        meanings={"subscribertype": _BUTTONDOWN_TYPES, "type": _BUTTONDOWN_TYPES},
        harmless=_shape("churndate churnedat upgradedate"),
        tiers=(
            TierColumn("subscribertype", words=tiers.BUTTONDOWN, tells_founding=False),
            TierColumn("type", words=tiers.BUTTONDOWN, tells_founding=False),
        ),
    ),
    Service(
        name="listmonk",
        shapes=(_shape("uuid email attributes"), _shape("email name attributes")),
        marks={"status": Kind.WORD},
        meanings={"status": _codes(good="enabled confirmed", bad="disabled blocklisted unconfirmed unsubscribed")},
    ),
    Service(
        name="Keila",
        shapes=(_shape("email data status externalid"), _shape("email firstname lastname data")),
        marks={"status": Kind.WORD},
        meanings={"status": _codes(good="active", bad="unsubscribed unreachable")},
    ),
    Service(
        name="Brevo",
        shapes=(_shape("email emailblacklisted"), _shape("contactid email addedtime modifiedtime")),
        marks={
            "emailblacklisted": Kind.OUT_IF_TRUE,
            "doubleoptin": Kind.OUT_IF_FALSE,  # its own category numbers: 1 yes, 2 no; empty for who was imported
            "optin": Kind.OUT_IF_FALSE,
        },
        meanings={"doubleoptin": _codes(good="1", bad="2")},
    ),
    Service(
        name="MailerLite",
        shapes=(
            _shape("signupip confirmationip"),
            _shape("signuptimestamp"),
            _shape("subscribed sent opens clicks"),
            _shape("subscribed sent opened clicked"),
            _shape("email status openscount clickscount"),
        ),
        marks={"status": Kind.WORD, "unsubscribed": Kind.OUT_IF_TRUE},
        # Whoever was imported never confirmed, and need not have.
        harmless=_shape(
            "confirmationtimestamp confirmationdate confirmationip optedinat optinip subscribedat optintime"
        ),
    ),
    Service(
        name="Campaign Monitor",
        shapes=(_shape("email date state"), _shape("emailaddress listjoineddate"), _shape("email joindate state")),
        marks={"state": Kind.WORD, "consenttotrack": Kind.OUT_IF_FALSE},
        meanings={
            "state": _codes(good="active", bad="unsubscribed bounced unconfirmed deleted"),
            "consenttotrack": _codes(good="no yes unchanged", bad=""),  # of counting opens, which is not done here
        },
    ),
    Service(
        name="ActiveCampaign",
        shapes=(
            _shape("email customeraccountname"),
            _shape("contactid email ipaddress"),
            _shape("email status listid"),
        ),
        marks={"status": Kind.WORD},
        # The codes of its API: unconfirmed, active, unsubscribed, bounced.
        meanings={"status": _codes(good="1", bad="0 2 3")},
        harmless=_shape("dateconfirmed"),
    ),
    Service(
        name="HubSpot",
        shapes=(
            _shape("recordid email"),
            _shape("email unsubscribedfromallemail"),
            _shape("email marketingcontactstatus"),
        ),
        marks={
            "unsubscribedfromallemail": Kind.OUT_IF_TRUE,
            "marketingcontactstatus": Kind.OUT_IF_FALSE,
            "marketingemailconfirmationstatus": Kind.OUT_IF_FALSE,
            "emailconfirmationstatus": Kind.OUT_IF_FALSE,
        },
        meanings={
            "marketingcontactstatus": _codes(good="marketingcontact", bad="nonmarketingcontact"),
            "marketingemailconfirmationstatus": _codes(good="confirmed", bad="doubleoptinpending"),
            "emailconfirmationstatus": _codes(good="confirmed", bad="doubleoptinpending"),
        },
        harmless=_shape(
            "marketingemailsbounced membershipstatus contentmembershipstatus"
        ),  # counts; a web site's members
    ),
    Service(
        name="Constant Contact",
        shapes=(_shape("email emailstatus emailpermissionstatus"), _shape("email emailpermissionstatus")),
        marks={"emailstatus": Kind.WORD, "emailpermissionstatus": Kind.WORD},
        meanings={
            "emailpermissionstatus": _codes(
                good="express implied explicit implicit active confirmed",
                bad="notset nopermissionsset pendingconfirmation temphold unsubscribed optedout",
            )
        },
    ),
    Service(
        name="Mailjet",
        shapes=(_shape("email isexcludedfromcampaigns"), _shape("email isunsubscribed"), _shape("email unsub")),
        marks={"isexcludedfromcampaigns": Kind.OUT_IF_TRUE, "isunsubscribed": Kind.OUT_IF_TRUE},
        meanings={"status": _codes(good="sub", bad="unsub excluded")},
    ),
    Service(
        name="Moosend",
        shapes=(_shape("email subscribemethod"), _shape("email subscribetype")),
        marks={"status": Kind.WORD, "unsubscribedon": Kind.OUT_IF_FILLED},
    ),
    Service(
        name="EmailOctopus",
        shapes=(
            _shape("emailaddress status createdat lastupdatedat"),
            _shape("emailaddress firstname lastname status createdat"),
        ),
        marks={"status": Kind.WORD},
        meanings={"status": _codes(good="subscribed", bad="unsubscribed pending")},
    ),
    Service(
        name="Squarespace",
        shapes=(_shape("emailaddress datesubscribed"), _shape("email acceptsmarketing subscribersince")),
        marks={"acceptsmarketing": Kind.IN_IF_TRUE},
    ),
    Service(
        name="TinyNews",
        shapes=(
            _shape("channelid status tiertitle engagementoptin email"),
            _shape("email dateadded lastmodified status"),
        ),
        marks={"status": Kind.WORD},
        meanings={"status": _codes(good="1 2 subscribed", bad="0 4 unsubscribed")},
        # Consent to have one's reading watched. That `Tier` is a number is all that is known of it.
        harmless=_shape("engagementoptin"),
        tiers=(TierColumn("tier", words={}),),
    ),
    Service(
        name="Patreon", shapes=(_shape("patronstatus email"),), harmless=_shape("patronstatus"), tiers=tiers.PATREON
    ),
    Service(name="Revue", shapes=(_shape("listid email lastchanged"),)),
    Service(
        name="Mailpoet",
        shapes=(_shape("email globalstatus"), _shape("email subscriptionstatus list")),
        marks={"globalstatus": Kind.WORD},
    ),
    Service(
        name="Wix",
        shapes=(_shape("emailsubscriberstatus"),),
        marks={"emailsubscriberstatus": Kind.WORD},
        meanings={"emailsubscriberstatus": _codes(good="subscribed", bad="notset neversubscribed unsubscribed")},
    ),
    Service(
        name="Google Groups",
        shapes=(_shape("email groupstatus emailstatus emailpreference"),),
        # Its "Email status" is empty but for those whose mail bounces.
        marks={"groupstatus": Kind.WORD, "emailstatus": Kind.OUT_IF_FILLED, "emailpreference": Kind.CHOICE},
        meanings={"groupstatus": _codes(good="member owner manager", bad="banned invited pending")},
    ),
    Service(
        name="Shopify",
        shapes=(_shape("email acceptsemailmarketing"),),
        marks={"acceptsemailmarketing": Kind.IN_IF_TRUE},
    ),
)
