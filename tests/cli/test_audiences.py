"""Who gets which version: audiences, the paywall, several lists. No word that was paid for reaches a free reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.folder import Folder

SUBSTACK = """\
email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at
free@example.net,false,,other,false,2024-01-15T10:00:00.000Z,
paid@example.net,true,2099-12-01T00:00:00.000Z,monthly,false,2024-02-01T10:00:00.000Z,2024-02-01T10:00:00.000Z
founder@example.net,true,2099-12-01T00:00:00.000Z,founding,false,2024-02-01T10:00:00.000Z,2024-02-01T10:00:00.000Z
gone@example.net,true,2099-12-01T00:00:00.000Z,yearly,true,2024-03-02T10:00:00.000Z,
"""
WALL = """
The open part.

::: {.paywall-jump component-name="PaywallToDOM"}
:::

The secret part.
"""


def write(letter: Folder, audience: str, body: str) -> None:
    settings = letter.read("newsletter.toml")
    letter.write("newsletter.toml", settings.replace("timezone", 'upgrade_url = "https://example.com/up"\ntimezone'))
    letter.write("post.md", f"---\ntitle: Hello\naudience: {audience}\npost_id: 5.wall\n---\n{body}")
    letter.write("subs.csv", SUBSTACK)


@pytest.mark.parametrize(
    ("audience", "body", "full", "free"),
    [
        ("everyone", "Text.\n", {"free", "paid", "founder"}, set()),
        ("everyone", WALL, {"paid", "founder"}, {"free"}),
        ("only_paid", "Text.\n", {"paid", "founder"}, set()),
        ("only_paid", WALL, {"paid", "founder"}, {"free"}),
        ("only_free", "Text.\n", {"free"}, set()),
        ("founding", "Text.\n", {"founder"}, set()),
    ],
)
def test_who_gets_what(letter: Folder, audience: str, body: str, full: set[str], free: set[str]) -> None:
    write(letter, audience, body)
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    by_name = {mail["To"].partition("@")[0]: mail for mail in letter.mails}
    assert set(by_name) == full | free
    for name in full & ({"paid", "founder"} if body is WALL else set()):
        assert "The secret part" in letter.text(by_name[name])
    for name in free:
        raw = by_name[name].as_bytes().replace(b"=\r\n", b"").replace(b"=\n", b"")
        assert b"secret" not in raw
        assert b"example.com/up" in raw
        assert "The open part" in letter.text(by_name[name])


def test_a_list_without_tiers_and_a_wall_is_refused(letter: Folder) -> None:
    write(letter, "everyone", WALL)
    letter.write("plain.csv", "email\na@example.net\n")
    assert letter("send", "post.md", "--list", "plain.csv").code == 3
    assert letter.mails == []


def test_over_several_lists_an_opt_out_wins_then_paid(letter: Folder) -> None:
    write(letter, "only_paid", "Text.\n")
    letter.write(
        "more.csv",
        "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at\n"
        "Free@example.net,true,2099-12-01T00:00:00.000Z,monthly,false,2024-01-15T10:00:00.000Z,\n"
        "paid@example.net,true,2099-12-01T00:00:00.000Z,monthly,true,2024-01-15T10:00:00.000Z,\n",
    )
    assert letter("send", "post.md", "--list", "subs.csv", "--list", "more.csv").code == 0
    assert sorted(one.lower() for one in letter.mailed) == ["founder@example.net", "free@example.net"]


def test_exclude_and_segment(letter: Folder) -> None:
    letter.write("post.md", letter.read("post.md").replace("post_id", "segment: \"city = 'Oslo'\"\npost_id"))
    letter.write("subs.csv", "email,city\na@example.net,Oslo\nb@example.net,Bergen\nc@example.net,oslo\n")
    letter.write("not.csv", "email\nC@example.net\n")
    ran = letter("send", "post.md", "--list", "subs.csv", "--exclude", "not.csv", "--json")
    assert ran.code == 0
    assert letter.mailed == ["a@example.net"]


def test_two_readers_mails_differ_only_in_the_named_places(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter.inbox is not None
    one, other = (mail.data for mail in letter.inbox.mails[:2])
    differing = [
        (here, there) for here, there in zip(one.split(b"\r\n"), other.split(b"\r\n"), strict=True) if here != there
    ]
    allowed = (b"To:", b"Message-ID:", b"Date:", b"List-Unsubscribe:", b"mailto:", b"unsubscribe", b"<mailto")
    for here, _ in differing:
        assert any(word in here for word in allowed) or len(here) == len(_), here


def test_the_headers_of_a_bulk_mail(letter: Folder) -> None:
    settings = letter.read("newsletter.toml")
    letter.write(
        "newsletter.toml",
        settings.replace("timezone", 'reply_to = "hello@example.com"\ntimezone')
        + '[unsubscribe]\nurl = "https://example.com/u/{token}"\n'
        '[bounces]\nreturn_path = "bounces+{token}@example.com"\n[headers]\n"X-PM-Message-Stream" = "broadcast"\n',
    )
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter.inbox is not None
    mail, envelope = letter.mails[0], letter.inbox.mails[0]
    token = envelope.mail_from.removeprefix("bounces+").removesuffix("@example.com")
    assert len(token) <= 64
    assert f"https://example.com/u/{token}" in mail["List-Unsubscribe"]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "letter.example.com" in mail["List-Id"]
    assert mail["Precedence"] == "bulk"
    assert mail["Feedback-ID"].count(":") == 3
    assert mail["Reply-To"] == "hello@example.com"
    assert mail["X-PM-Message-Stream"] == "broadcast"
    assert mail["Auto-Submitted"] is None
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    for name in ("From", "To", "Subject", "Date", "Message-ID"):
        assert len(mail.get_all(name, [])) == 1


def test_run_marks_its_mail_as_automatic(letter: Folder) -> None:
    letter.write("newsletter.toml", letter.read("newsletter.toml") + '[run]\nmax_age = "9999d"\n')
    assert letter("run", ".", "--list", "subs.csv").code == 0
    assert {mail["Auto-Submitted"] for mail in letter.mails} == {"auto-generated"}
