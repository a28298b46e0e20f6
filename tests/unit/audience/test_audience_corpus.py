"""Every list of the corpus: whose export it is, who is mailed, who is left out on which line and why."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import pytest

from newsletter_cli.audience.roll import Roll
from newsletter_cli.post.model import Audience
from newsletter_cli.problems import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.corpus


class Case(NamedTuple):
    file: str
    service: str
    mailed: str  # addresses, in order
    left_out: Mapping[int, str] = MappingProxyType({})  # line -> the beginning of the reason
    paid: str = ""


NOBODY = ""
SIGNUPS = (
    "user18@d6 user19@d7 user3@d2 User21@d9 üser4@d3 user5@d4 jill user6@d3 user22@d10 user7@d3 user8@d3 user9@d3"
    " user11@d5 user12@d3 user13@d3 user14@d3 user15@d3 user16@d3 üser17@d3"
)
SIGNUPS_FREE = {"user12@d3", "user13@d3", "user14@d3", "user16@d3", "üser17@d3"}
PAID = (
    "user18@d6 user19@d7 user15@d3 user3@d2 User21@d9 üser4@d3 user5@d4 jill user6@d3 user22@d10 user7@d3 user8@d3"
    " user9@d3 user11@d5 üser17@d3"
)
REVUE = (
    "user128@d15 user129@d16 user20@d8 user3@d2 User21@d9 üser4@d3 user5@d4 jill user6@d3 user22@d10 user7@d3 user8@d3"
    " user9@d3 user10@d3 user11@d5 user12@d3 user13@d3 user14@d3 user15@d3 user16@d3 üser17@d3"
)
DISABLED = "opted out: email_disabled is 'true'"

CASES = [
    Case(
        "beehiiv_members.csv",
        "Beehiiv",
        "lorem ipsum elit nullfirst fromsubstack",
        {
            4: "opted out: status is 'inactive'",
            5: "opted out: status is 'inactive'",
            6: "opted out: status is 'pending'",
            9: "opted out: unsubscribed_at is '2024-03-13 11:33:53 UTC'",
        },
        "ipsum elit",
    ),
    Case("ghost_members-duplicate-emails.csv", "plain", "duplicate", {3: "duplicate of line 2"}),
    Case("ghost_members-formula-like-values.csv", "plain", "formula formula2"),
    Case(
        "ghost_members-invalid-values.csv",
        "Ghost",
        "valid2",
        {3: "no valid address", 4: "no valid address"},
    ),
    Case(
        "ghost_members-newsletters-step1.csv",
        "Ghost",
        "member+nl_a member+nl_c",
        {3: "opted out: subscribed_to_emails is 'false'"},
    ),
    Case("ghost_valid-members-import.csv", "Ghost", "jbloggs", {3: "opted out: subscribed_to_emails is 'false'"}),
    Case("mailchimp_subscribed.csv", "Mailchimp", "s1 s2 s3 s4 s5"),
    Case("mailchimp_unsubscribed.csv", "Mailchimp unsubscribed", NOBODY, dict.fromkeys(range(2, 7), "opted out: ")),
    Case("mailchimp_cleaned.csv", "Mailchimp cleaned", NOBODY, dict.fromkeys(range(2, 7), "opted out: ")),
    Case("mailmerge_bom.csv", "plain", "user127@d14"),
    Case("malformed.csv", "plain", "alice"),
    Case("medium_members.txt", "plain", "lorem ipsum dolor simet amett"),
    Case("substack_invalid_header.csv", "plain", "user18@d6 user19@d7 user20@d8"),
    Case("substack_paid.csv", "Substack paid", PAID, {5: DISABLED, 16: DISABLED}, PAID),
    Case(
        "substack_signups.csv",
        "Substack",
        SIGNUPS,
        {4: DISABLED, 15: DISABLED},
        " ".join(name for name in SIGNUPS.split() if name not in SIGNUPS_FREE),
    ),
    Case(
        "derived/angle_mailto.csv",
        "plain",
        "ANN bo",
        {4: "two addresses in one cell; split the row", 5: "two addresses in one cell; split the row"},
    ),
    Case("derived/beehiiv_ui.csv", "Beehiiv", "ann", {3: "opted out: Status is 'Inactive'"}),
    Case("derived/bom_semicolon.csv", "plain", "ann"),
    Case(
        "derived/buttondown.csv",
        "Buttondown",
        "ann",
        {3: "opted out: subscriber_type is 'unsubscribed'", 4: "opted out: subscriber_type is 'unactivated'"},
    ),
    Case("derived/cr_only.csv", "plain", "ann bo"),
    Case("derived/dup_blank_headers.csv", "plain", "ann"),
    Case(
        "derived/ghost_export.csv",
        "Ghost",
        "ann",
        {
            3: "opted out: subscribed_to_emails is 'false'",
            5: "opted out: deleted_at is '2025-01-01T00:00:00.000Z'",  # line 5: the note on line 3 goes on for a line
        },
    ),
    Case(
        "derived/nasty_addresses.csv",
        "plain",
        "ann ann+tag o'brien josé user@xn--mnchen-3ya.example",
        {
            3: "duplicate of line 2",
            4: "duplicate of line 2",
            6: "",
            10: "duplicate of line 9",
            11: "",
            12: "",
            13: "",
            14: "",
            15: "two addresses in one cell; split the row",
            16: "a control character in the address",
            18: "",
            19: "",
            20: "",
        },
    ),
    Case(
        "derived/keila_export.csv",
        "Keila",
        "ann",
        {3: "opted out: Status is 'unsubscribed'", 4: "opted out: Status is 'unreachable'"},
    ),
    Case(
        "derived/kit_a.csv",
        "Kit",
        "ann",
        {3: "opted out: status is 'bounced'", 4: "opted out: status is 'cancelled'"},
    ),
    Case("derived/listmonk_export.csv", "listmonk", "ann", {3: "opted out: status is 'blocklisted'"}),
    Case("derived/patreon.csv", "Patreon", "ann", {}, "ann"),
    Case("derived/squarespace.csv", "Squarespace", "ann"),
    Case("revue_api_subscribers.json", "Revue", REVUE),
    Case("tinynews_v1.csv", "TinyNews", "lorem", {3: "opted out: Status is '4'", 4: "opted out: Status is '0'"}),
    Case("derived/sendy_headerless.csv", "plain", "ann bo"),
    Case(
        "derived/substack_email_list_2024.csv",
        "Substack",
        "free paid",
        {
            4: "duplicate of line 3",
            5: DISABLED,
            6: "no address",
            7: "no valid address",
        },
        "paid",
    ),
    Case("derived/swedish_excel.csv", "plain", "britt curt"),
    Case("derived/tab.csv", "plain", "ann"),
    Case("derived/timestamp_first.csv", "plain", "ann"),
    Case("derived/utf16.csv", "plain", "ann"),
]


def build(corpus: Path, file: str) -> Roll:
    data = (corpus / "lists" / file).read_bytes()
    return Roll.build([(file, data)], person=str.encode, everywhere=str.encode, allow_empty=True)


def full(names: str) -> list[str]:
    """The addresses behind short names: ``ann`` is at example.com, ``ann@d1`` at d1.example.com."""
    long = []
    for name in names.split():
        local, at, domain = name.partition("@")
        long.append(name if domain.endswith(".example") else f"{local}@{domain + '.' if at else ''}example.com")
    return long


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)
def test_a_list_of_the_corpus_is_read(corpus: Path, case: Case) -> None:
    roll = build(corpus, case.file)
    chosen = list(roll.chosen(Audience.EVERYONE))
    assert roll.services == (case.service,)
    assert [str(one.subscriber.address) for one in chosen] == full(case.mailed)
    left_out = list(roll.left_out(Audience.EVERYONE))
    assert [row.line for row in left_out] == list(case.left_out)
    for row in left_out:
        assert row.file == case.file
        assert row.reason.startswith(case.left_out[row.line])
    assert roll.counts.rows == len(chosen) + len(left_out)
    if case.paid:
        paid = roll.chosen(Audience.ONLY_PAID)
        assert [str(one.subscriber.address) for one in paid] == full(case.paid)


def test_every_file_of_the_corpus_has_its_case(corpus: Path) -> None:
    here = {path.relative_to(corpus / "lists").as_posix() for path in (corpus / "lists").rglob("*.*")}
    assert here == {case.file for case in CASES} | {"substack_posts.csv"}


def test_the_posts_of_a_substack_export_are_no_list(corpus: Path) -> None:
    with pytest.raises(Refused, match=r"holds the posts of a Substack export.*email_list"):
        build(corpus, "substack_posts.csv")
