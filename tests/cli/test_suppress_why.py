"""`newsletter suppress` and `why`: who is never mailed, on whose word, and what became of one mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.folder import POST, SETTINGS
from tests.doubles.reports import delivery_report
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule

if TYPE_CHECKING:
    from tests.cli.folder import Folder


def test_one_barred_by_hand_is_mailed_by_nobody_until_removed(letter: Folder) -> None:
    ran = letter("suppress", "add", "Reader2@Example.net", "--reason", "asked by phone")
    assert ran.out == "Reader2@example.net: never mailed from now on\n"
    assert letter("suppress", "add", "reader2@example.net").out == "reader2@example.net: was suppressed before\n"
    columns = letter("suppress", "list").out.rstrip("\n").split("\t")
    assert columns[:4] == ["Reader2@example.net", "manual", "all", "command line"]
    assert columns[5] == "asked by phone"
    why = letter("why", "reader2@example.net").out
    assert "suppressed for every newsletter here since" in why
    assert "manual (command line; asked by phone)" in why
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert "reader2@example.net" not in letter.mailed
    assert "may be mailed again" in letter("suppress", "remove", "reader2@example.net").out
    assert "was not suppressed" in letter("suppress", "remove", "reader2@example.net").out
    assert letter("send", "post.md", "--list", "subs.csv", "--again").code == 0
    assert "reader2@example.net" in letter.mailed


def test_one_barred_in_this_newsletter_is_mailed_by_another(letter: Folder) -> None:
    letter("suppress", "add", "reader1@example.net", "--this-newsletter")
    assert "\tnewsletter letter\t" in letter("suppress", "list").out
    letter.write("newsletter.toml", letter.read("newsletter.toml").replace('id = "letter"', 'id = "other"'))
    assert letter("suppress", "list").out == ""
    assert "was not suppressed" in letter("suppress", "remove", "reader1@example.net").out
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert "reader1@example.net" in letter.mailed


def test_an_export_keeps_reasons_scopes_and_times(letter: Folder) -> None:
    letter("suppress", "add", "reader1@example.net", "--reason", 'a "quoted", word')
    letter("suppress", "add", "reader2@example.net", "--this-newsletter")
    assert letter("suppress", "export", "-o", "out.csv").code == 0
    before = sorted(letter("suppress", "list").out.splitlines())
    for name in ("reader1@example.net", "reader2@example.net"):
        letter("suppress", "remove", name)
    assert letter("suppress", "import", "out.csv").out == "2 addresses more are never mailed from now on\n"
    assert sorted(letter("suppress", "list").out.splitlines()) == before
    assert letter("suppress", "import", "out.csv").out == "0 addresses more are never mailed from now on\n"
    letter.write("bad.csv", letter.read("out.csv") + "no address,manual,,x,2026-01-01T00:00:00Z,\nshort\n")
    ran = letter("suppress", "import", "bad.csv")
    assert ran.code == 0
    assert ran.err.count("not as `suppress export` writes it") == 2
    assert "bad.csv:4" in ran.err


def test_a_service_s_list_of_those_who_left_bars_all_of_them(letter: Folder) -> None:
    header = "Email Address,First Name,UNSUB_TIME,UNSUB_REASON\n"
    letter.write("unsubscribed.csv", header + "reader1@example.net,R,2020-01-01 10:00:00,too many\n")
    letter.write("plain.csv", "email\nreader2@example.net\n")
    assert letter("suppress", "import", "unsubscribed.csv", "plain.csv").code == 0
    listed = letter("suppress", "list").out
    assert "reader1@example.net\timport\tall\tunsubscribed.csv:2\t" in listed
    assert "reader2@example.net\timport\tall\tplain.csv:2\t" in listed
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter.mailed == ["reader3@example.net", "reader4@example.net", "reader5@example.net"]


def test_a_whole_export_bars_nobody_until_it_is_said_whom(letter: Folder) -> None:
    letter.write("all.csv", "email,status\nreader1@example.net,unsubscribed\nreader2@example.net,active\nodd,active\n")
    ran = letter("suppress", "import", "all.csv")
    assert (ran.code, ran.out) == (3, "")
    assert "1 of its rows are opted out, and 2 say that they may be mailed" in ran.err
    assert letter("suppress", "list").out == ""
    assert letter("suppress", "import", "all.csv", "--all", "--opted-out").code == 2
    assert letter("suppress", "import", "all.csv", "--opted-out").out.startswith("1 addresses more")
    ran = letter("suppress", "import", "all.csv", "--all")
    assert ran.out.startswith("1 addresses more")
    assert "all.csv:4: no address: 'odd'" in ran.err
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter.mailed == ["reader3@example.net", "reader4@example.net", "reader5@example.net"]


def test_a_mark_that_nobody_understands_is_no_reason_to_mail_those_who_bounced(letter: Folder) -> None:
    header, two = "status,reason,email,created\n", '"reader2@example.net, reader3@example.net"'
    letter.write("bounces.csv", f"{header}5.1.1,gone,reader1@example.net,1\n,,{two},2\n")
    assert letter("suppress", "import", "bounces.csv").out.startswith("3 addresses more")
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter.mailed == ["reader4@example.net", "reader5@example.net"]


def test_why_of_a_message_id_says_what_became_of_that_mail(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    mail = next(mail for mail in letter.mails if mail["To"] == "reader3@example.net")
    for asked in (str(mail["Message-ID"]), str(mail["Message-ID"]).strip("<>").upper()):
        said = letter("why", asked).out
        assert said.startswith("post.md: sent to reader3@example.net at ")
        assert said.count("\n") == 1
    unknown = "a" * 16 + "." + "b" * 24 + "@example.com"
    assert "nothing was ever sent" in letter("why", unknown).out


def test_why_of_a_server_s_name_for_the_mail(bare: Folder) -> None:
    with ScriptedServer([Rule("dot", say="250 2.0.0 Ok: queued as 4XkZlong0000name", address="r1@")]) as server:
        bare.write("newsletter.toml", SETTINGS.format(port=server.port))
        bare.write("post.md", POST)
        bare.write("subs.csv", "email\nr0@example.net\nr1@example.net\n")
        assert bare("send", "post.md", "--list", "subs.csv").code == 0
        said = bare("why", "4XkZlong0000name").out
        assert "post.md: sent to r1@example.net at" in said
        assert "[queue id 4XkZlong0000name]" in said
        assert bare("why", "r1@example.net").out.startswith("post.md: sent at ")


def test_why_as_json_tells_what_came_back(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    report = delivery_report("reader1@example.net", status="5.2.2", said="smtp; 552 5.2.2 Mailbox full")
    letter.write("box/1.eml", report)
    letter("bounces", "box")
    told = letter("why", "reader1@example.net", "--json").json
    assert told["email"] == "reader1@example.net"
    assert told["suppressions"] == []
    assert told["posts"][0]["outcome"] == "sent"
    assert "Mailbox full" in told["posts"][0]["came_back_with"]
    assert "came back at" in letter("why", "reader1@example.net").out
    letter("suppress", "add", "reader1@example.net")
    assert letter("why", "reader1@example.net", "--json").json["suppressions"][0]["reason"] == "manual"


def test_what_is_forgotten_is_suppressed_and_named_no_more(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    message_id = next(str(mail["Message-ID"]) for mail in letter.mails if mail["To"] == "reader3@example.net")
    letter("suppress", "add", "reader3@example.net", "--reason", "secret")
    assert letter("forget", "reader3@example.net").code == 0
    assert "reader3" not in letter("suppress", "list").out
    assert "(forgotten)" in letter("suppress", "list").out
    said = letter("why", message_id).out
    assert "reader3" not in said
    assert "secret" not in said
    assert "suppressed for every newsletter here" in said
    assert "reader3" not in letter("suppress", "export").out


def test_a_report_that_comes_late_brings_no_forgotten_address_back(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    message_id = next(str(mail["Message-ID"]) for mail in letter.mails if mail["To"] == "reader3@example.net")
    said = letter("forget", "reader3@example.net").out
    assert "Take it out of your lists too" in said
    for number, status in enumerate(("4.2.2", "5.1.1")):
        diagnosis = f"smtp; {status[0]}50 {status} <reader3@example.net>: no"
        returned = f"Message-ID: {message_id}\n\nHello\n".encode()
        report = delivery_report("reader3@example.net", status=status, said=diagnosis, returned=returned)
        letter.write(f"box/{number}.eml", report)
    assert "counted" in letter("bounces", "box").out
    assert b"reader3" not in b"".join(data for name, data in letter.tree().items() if name.startswith(".newsletter"))


@pytest.mark.parametrize("asked", ["", "two words", "a@b@c d"])
def test_what_is_neither_an_address_nor_a_mail_is_wrong_usage(letter: Folder, asked: str) -> None:
    assert letter("why", asked).code == 2
