"""Every service by its header: who may be mailed is `a…`, who must not is `x…`; the paid ones are `ap…`."""

from __future__ import annotations

import re

import pytest

from newsletter_cli.audience.roll import Roll
from newsletter_cli.audience.services import SERVICES
from newsletter_cli.post.model import Audience

HUBSPOT_HEADER = (
    "Record ID,First Name,Email,Lead Status,Marketing contact status,Unsubscribed from all email,"
    "Email hard bounce reason,Marketing emails bounced,Email Confirmation Status"
)
LISTS = {
    "Substack": """email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at
        a1@x.example,false,,other,false,2024-01-15T10:00:00.000Z,
        ap2@x.example,true,2026-12-01T00:00:00.000Z,monthly,false,2024-02-01T10:00:00.000Z,2024-02-01T10:00:00.000Z
        ap3@x.example,true,2026-12-01T00:00:00.000Z,founding,false,2024-02-01T10:00:00.000Z,2024-02-01T10:00:00.000Z
        a4@x.example,false,2024-01-01T00:00:00.000Z,founding,false,2023-02-01T10:00:00.000Z,2023-02-01T10:00:00.000Z
        x5@x.example,true,2026-12-01T00:00:00.000Z,yearly,TRUE,2024-03-02T10:00:00.000Z,
        x6@deletion-request.substack.com,false,,other,false,2024-03-02T10:00:00.000Z,""",
    "Substack paid": """email,expiry,email_disabled,prefer_digests,stripe_connected_customer_id,type
        ap1@x.example,2026-01-01T00:00:00.000Z,false,false,cus_1,paid
        ap2@x.example,2026-01-01T00:00:00.000Z,false,false,,ios_app
        a3@x.example,,false,false,,free
        x4@x.example,2026-01-01T00:00:00.000Z,true,false,,gift""",
    "Substack dashboard": """Email,Name,Subscription type,Activity,Subscription date,Cancel date,Receiving emails for
        a1@x.example,Ann,Free,3,2024-01-01,,The Letter
        ap2@x.example,Bo,Yearly,5,2024-01-01,2024-06-01,"The Letter, Notes"
        ap3@x.example,Cy,Founding,0,2024-01-01,,The Letter
        x4@x.example,Di,Monthly,0,2024-01-01,,""",
    "Substack delivers": """post_id,timestamp,email,post_type,post_audience,active_subscription
        1,2024-01-01T00:00:00.000Z,a1@x.example,newsletter,everyone,false
        1,2024-01-01T00:00:00.000Z,ap2@x.example,newsletter,everyone,true""",
    "Mailchimp": """Adresse e-mail,Prénom,Nom,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,LAST_CHANGED,LEID,EUID,NOTES,TAGS
        a1@x.example,Ann,Able,2,,,2023-01-01 10:00:00,1,e1,,
        a2@x.example,Bo,Best,2,,,2023-01-01 10:00:00,2,e2,,vip""",
    "Mailchimp unsubscribed": """Email Address,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_REASON,LEID,EUID
        x1@x.example,2023-01-01 10:00:00,,,1,e1
        x2@x.example,,,,2,e2""",
    "Mailchimp cleaned": """Email Address,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID,LEID,EUID
        x1@x.example,2023-01-01 10:00:00,,,1,e1""",
    "Ghost": """,email,name,x,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,x,tiers
        1,a1@x.example,Ann,,true,false,,2024-01-01T00:00:00.000Z,,,
        2,ap2@x.example,Bo,,true,true,,2024-01-01T00:00:00.000Z,,,
        3,ap3@x.example,Cy,,true,false,cus_1,2024-01-01T00:00:00.000Z,,,Gold
        7,a7@x.example,Di,,true,false,,2024-01-01T00:00:00.000Z,,,Free
        4,a4@x.example,Di,,true,false,cus_2,2024-01-01T00:00:00.000Z,,,
        5,x5@x.example,El,,false,false,,2024-01-01T00:00:00.000Z,,,Gold
        6,x6@x.example,Fi,,true,false,,2024-01-01T00:00:00.000Z,2025-01-01T00:00:00.000Z,,Gold""",
    "Beehiiv": """Email,Status,Created At,Subscription Tier
        a1@x.example,Active,2025-10-10 10:10:10,free
        ap2@x.example,active,2025-10-10 10:10:10,premium
        x3@x.example,Inactive,2025-10-10 10:10:10,premium
        x4@x.example,Pending,2025-10-10 10:10:10,free
        x5@x.example,validating,2025-10-10 10:10:10,free""",
    "Kit": """first_name,email_address,state,created_at,tags
        Ann,a1@x.example,active,2022-09-10T11:12:13Z,
        Bo,x2@x.example,inactive,2022-09-10T11:12:13Z,
        Cy,x3@x.example,complained,2022-09-10T11:12:13Z,
        Di,x4@x.example,unconfirmed,2022-09-10T11:12:13Z,""",
    "Buttondown": """email_address,notes,metadata,tags,referrer_url,creation_date,type,unsubscription_date
        a1@x.example,,{},,,2024-01-01,regular,
        ap2@x.example,,{},,,2024-01-01,premium,
        ap3@x.example,,{},,,2024-01-01,gifted,
        a4@x.example,,{},,,2024-01-01,churned,
        x5@x.example,,{},,,2024-01-01,unsubscribed,2024-02-02
        x6@x.example,,{},,,2024-01-01,spammy,
        x7@x.example,,{},,,2024-01-01,undeliverable,
        x8@x.example,,{},,,2024-01-01,paused,
        x9@x.example,,{},,,2024-01-01,removed,""",
    "listmonk": """email,name,attributes,status
        a1@x.example,Ann,"{""city"": ""Oslo""}",enabled
        x2@x.example,Bo,{},disabled
        x3@x.example,Cy,{},blocklisted""",
    "Keila": """Email,First name,Last name,Data,Status,External ID
        a1@x.example,Ann,Able,"{""a"": 1}",active,
        x2@x.example,Bo,,,unreachable,""",
    "Brevo": """EMAIL;LASTNAME;FIRSTNAME;SMS;EMAIL_BLACKLISTED;SMS_BLACKLISTED;DOUBLE_OPT-IN
        a1@x.example;Able;Ann;;No;Yes;
        a2@x.example;Best;Bo;;No;Yes;1
        x3@x.example;Case;Cy;;Yes;No;1
        x4@x.example;Dean;Di;;No;No;2""",
    "MailerLite": """Email,Name,Subscribed,Unsubscribed,Sent,Opens,Clicks,State,City
        a1@x.example,Ann,2024-01-01 10:00:00,,3,2,1,CA,Fresno
        x2@x.example,Bo,2024-01-01 10:00:00,2024-02-02 10:00:00,3,2,1,NY,Albany""",
    "Campaign Monitor": """EmailAddress,Name,Date,ListJoinedDate,State,ConsentToTrack
        a1@x.example,Ann,2024-01-01,2024-01-01,Active,No
        x2@x.example,Bo,2024-01-01,2024-01-01,Unsubscribed,Yes
        x3@x.example,Cy,2024-01-01,2024-01-01,Bounced,Unchanged
        x4@x.example,Di,2024-01-01,2024-01-01,Deleted,Yes""",
    "ActiveCampaign": """Contact ID,Email,First Name,IP Address,Status,Phone
        1,a1@x.example,Ann,192.0.2.1,1,
        2,x2@x.example,Bo,192.0.2.1,0,
        3,x3@x.example,Cy,192.0.2.1,2,
        4,x4@x.example,Di,192.0.2.1,3,""",
    "HubSpot": HUBSPOT_HEADER
    + """
        1,Ann,a1@x.example,Open,Marketing contact,,,3,
        2,Bo,x2@x.example,,Marketing contact,true,,,
        3,Cy,x3@x.example,,Non-marketing contact,false,,,
        4,Di,x4@x.example,,Marketing contact,false,UNKNOWN_USER,,
        5,El,x5@x.example,,Marketing contact,false,,,double_opt_in_pending""",
    "Constant Contact": """Email address,First name,Email status,Email permission status,Source,Confirmed Opt-Out Date
        a1@x.example,Ann,Active,Express,,
        a2@x.example,Bo,Active,Implied,,
        x3@x.example,Cy,Unsubscribed,Express,,2024-01-01 10:00:00 -0400
        x4@x.example,Di,Active,Pending confirmation,,
        x5@x.example,El,Active,Temp hold,,""",
    "Mailjet": """Email,Name,IsExcludedFromCampaigns,IsOptInPending,IsSpamComplaining
        a1@x.example,Ann,false,false,false
        x2@x.example,Bo,true,false,false
        x3@x.example,Cy,false,true,false
        x4@x.example,Di,false,false,true""",
    "Moosend": """Email,Name,Status,Subscribe method,Created on,Unsubscribed on
        a1@x.example,Ann,Subscribed,Import,2024-01-01,
        x2@x.example,Bo,Unsubscribed,Import,2024-01-01,2024-02-02
        x3@x.example,Cy,Bounced,Import,2024-01-01,""",
    "EmailOctopus": """Email address,First name,Last name,Status,Created at
        a1@x.example,Ann,Able,SUBSCRIBED,2024-01-01
        x2@x.example,Bo,Best,UNSUBSCRIBED,2024-01-01
        x3@x.example,Cy,Case,PENDING,2024-01-01""",
    "Squarespace": """Email,First Name,Last Name,Accepts Marketing,Subscriber Since
        a1@x.example,Ann,Able,TRUE,2024-01-01
        x2@x.example,Bo,Best,FALSE,2024-01-01""",
    "TinyNews": """email,First name,Last name,Date added,Last modified,status,clicks,opens
        a1@x.example,Ann,,2022-09-07T02:17:47.000Z,2022-10-05T12:58:20.000Z,Subscribed,0,0
        x2@x.example,Bo,,2022-09-07T02:17:47.000Z,2022-10-05T12:58:20.000Z,Unsubscribed,0,0""",
    "Patreon": """Name,Email,Patron Status,Follows You,Lifetime Amount,Tier,City,State,Last Charge Status
        Ann,ap1@x.example,Active patron,No,420,Inner Circle,Oslo,,Paid
        Bo,a2@x.example,Former patron,No,42,,Fresno,CA,Declined
        Cy,a3@x.example,Declined patron,No,42,Inner Circle,Albany,NY,Declined
        Di,a4@x.example,,Yes,0,,,,""",
    "Revue": """[{"id": 1, "list_id": 9, "email": "a1@x.example", "first_name": "Ann", "last_changed": ""}]""",
    "Mailpoet": """Email,First name,Last name,Global Status,List,IP
        a1@x.example,Ann,Able,Subscribed,News,
        x2@x.example,Bo,Best,Unconfirmed,News,
        x3@x.example,Cy,Case,Inactive,News,""",
    "Wix": """First Name,Email 1,Email subscriber status,SMS subscriber status
        Ann,a1@x.example,Subscribed,Never subscribed
        Bo,x2@x.example,Unsubscribed,Subscribed
        Cy,x3@x.example,Never subscribed,
        Di,x4@x.example,Not set,Subscribed""",
    "Google Groups": """Email address,Nickname,Group status,Email status,Email preference,Join year
        a1@x.example,Ann,member,,email,2020
        a2@x.example,Bo,owner,,digest,2020
        x3@x.example,Cy,member,bouncing,email,2020
        x4@x.example,Di,member,,no email,2020
        x5@x.example,El,banned,,email,2020""",
    "Shopify": """Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Accepts SMS Marketing
        1,Ann,Able,a1@x.example,yes,no
        2,Bo,Best,x2@x.example,no,yes""",
}


def build(text: str, file: str = "list.csv") -> Roll:
    lines = "\n".join(line.strip() for line in text.splitlines())
    return Roll.build([(file, lines.encode())], person=str.encode, everywhere=str.encode, allow_empty=True)


def locals_of(roll: Roll, audience: Audience = Audience.EVERYONE) -> set[str]:
    return {one.subscriber.address.local for one in roll.chosen(audience)}


def every_local(text: str) -> set[str]:
    return set(re.findall(r"\b([ax]p?\d)@", text))


@pytest.mark.parametrize("service", LISTS)
def test_nobody_who_is_out_is_mailed_and_everybody_else_is(service: str) -> None:
    roll = build(LISTS[service])
    assert roll.services == (service,)
    everybody = every_local(LISTS[service])
    assert locals_of(roll) == {name for name in everybody if name.startswith("a")}
    assert {row.email.rpartition("@")[0] for row in roll.left_out(Audience.EVERYONE)} == {
        name for name in everybody if name.startswith("x")
    }


@pytest.mark.parametrize("service", [name for name, text in LISTS.items() if ",ap" in text or " ap" in text])
def test_who_pays_is_told(service: str) -> None:
    roll = build(LISTS[service])
    paid = {name for name in every_local(LISTS[service]) if name.startswith("ap")}
    assert locals_of(roll, Audience.ONLY_PAID) == paid
    assert locals_of(roll, Audience.ONLY_FREE) == {
        name for name in every_local(LISTS[service]) if name.startswith("a") and name not in paid
    }


@pytest.mark.parametrize("service", [name for name in LISTS if name != "Revue"])
def test_letter_case_and_padding_of_headers_do_not_count(service: str) -> None:
    head, *rows = [line.strip() for line in LISTS[service].splitlines()]
    delimiter = ";" if ";" in head else ","
    for change in (str.upper, str.lower, str.title):
        padded = delimiter.join(f" {change(cell)}  " for cell in head.split(delimiter))
        assert locals_of(build("\n".join([padded, *rows]))) == locals_of(build(LISTS[service]))


@pytest.mark.parametrize("service", [name for name in LISTS if name != "Revue"])
def test_the_order_of_columns_does_not_count(service: str) -> None:
    import csv
    import io

    lines = [line.strip() for line in LISTS[service].splitlines()]
    delimiter = ";" if ";" in lines[0] else ","
    turned = io.StringIO()
    csv.writer(turned).writerows(row[::-1] for row in csv.reader(lines, delimiter=delimiter))
    assert locals_of(build(turned.getvalue())) == locals_of(build(LISTS[service]))


def test_every_service_has_its_list() -> None:
    assert {service.name for service in SERVICES} == set(LISTS)


def test_mailchimps_file_of_those_who_never_subscribed_is_known_by_its_name() -> None:
    text = LISTS["Mailchimp"]
    assert locals_of(build(text, "/home/ann/subscribed_members_export_1.csv")) == {"a1", "a2"}
    assert locals_of(build(text, "/home/ann/nonsubscribed_members_export_1.csv")) == set()


def test_founders_alone_get_what_is_for_founders() -> None:
    assert locals_of(build(LISTS["Substack"]), Audience.FOUNDING) == {"ap3"}
    assert locals_of(build(LISTS["Substack dashboard"]), Audience.FOUNDING) == {"ap3"}


def test_a_column_of_sections_that_nobody_has_says_nothing() -> None:
    text = """Email,Name,Subscription type,Activity,Receiving emails for
        a1@x.example,Ann,Free,3,
        a2@x.example,Bo,Free,3,"""
    assert locals_of(build(text)) == {"a1", "a2"}
