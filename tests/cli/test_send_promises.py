"""What `newsletter send` promises (interface, "What `send` promises"), tried from the command line."""

from __future__ import annotations

import difflib
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.cli.folder import ALL, POST, SENT_LINE, SETTINGS, Folder
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule

if TYPE_CHECKING:
    from pathlib import Path


def test_everyone_gets_it_once_and_the_post_says_so_in_one_line(letter: Folder) -> None:
    before = letter.read("post.md")
    first = letter("send", "post.md", "--list", "subs.csv")
    assert (first.code, letter.mailed) == (0, ALL), first.err
    changed = [
        line
        for line in difflib.ndiff(before.splitlines(True), letter.read("post.md").splitlines(True))
        if line[0] in "+-"
    ]
    assert len(changed) == 1
    assert SENT_LINE.fullmatch(changed[0][2:].strip())
    second = letter("send", "post.md", "--list", "subs.csv")
    assert second.code == 0
    assert "already sent" in second.out
    assert letter.mailed == ALL


def test_one_person_in_other_letters_and_lists_gets_one_mail(letter: Folder) -> None:
    letter.write("more.csv", "Email;Name\nREADER1@EXAMPLE.net;R\nnew@example.net;N\n")
    assert letter("send", "post.md", "--list", "subs.csv", "--list", "more.csv").code == 0
    assert [one.lower() for one in letter.mailed] == sorted([*ALL, "new@example.net"])


def test_an_opt_out_in_any_list_wins(letter: Folder) -> None:
    letter.write(
        "substack.csv",
        "email,active_subscription,expiry,email_disabled,prefer_digests,created_at\n"
        "reader1@example.net,true,,true,false,2024-01-01\n",
    )
    assert letter("send", "post.md", "--list", "subs.csv", "--list", "substack.csv").code == 0
    assert letter.mailed == ALL[1:]


@pytest.mark.parametrize("line", ["draft: true", "published: false", "email: false", "type: page", "date: 2199-01-01"])
def test_what_may_not_be_mailed_is_refused(letter: Folder, line: str) -> None:
    text = letter.read("post.md").replace("date: 2024-01-02", line)
    letter.write("post.md", text)
    refused = letter("send", "post.md", "--list", "subs.csv")
    assert refused.code == 3
    assert "post.md:4" in refused.err
    assert letter.mailed == []
    assert letter.read("post.md") == text
    assert not (letter.path / ".newsletter").exists()


def test_now_sends_a_post_of_the_future(letter: Folder) -> None:
    letter.write("post.md", letter.read("post.md").replace("2024-01-02", "2199-01-01"))
    assert letter("send", "post.md", "--list", "subs.csv", "--now").code == 0
    assert letter.mailed == ALL


def test_an_email_sent_at_in_a_head_that_cannot_be_parsed_counts(letter: Folder) -> None:
    letter.write("post.md", "---\ntitle: [broken\nemail_sent_at: 2024-01-02T03:04:05.678Z\n---\nHello\n")
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter.mailed == []


def test_a_dry_run_contacts_nothing_and_changes_no_file(letter: Folder) -> None:
    letter.write("subs.csv", letter.read("subs.csv") + "READER1@example.net,again\nnot an address,x\n")
    before = letter.tree()
    ran = letter("send", "post.md", "--list", "subs.csv", "--dry-run", "--json")
    assert ran.code == 0
    said = ran.json
    assert (said["version"], said["recipients"], said["subject"]) == (1, 5, "Hello, readers")
    assert [row["line"] for row in said["left_out"]] == [7, 8]
    assert all(row["reason"] for row in said["left_out"])
    assert said["size_octets"] > 1000
    assert letter.tree() == before
    assert letter.mailed == []


def test_a_dry_run_beside_a_ledger_changes_no_file(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv", "--limit", "2").code == 75
    before = letter.tree()
    ran = letter("send", "post.md", "--list", "subs.csv", "--dry-run", "--json")
    assert ran.json["recipients"] == 3
    assert letter.tree() == before


def test_a_test_mail_is_marked_and_recorded_nowhere(letter: Folder) -> None:
    before = letter.tree()
    assert letter("send", "post.md", "--test", "me@example.com").code == 0
    (mail,) = letter.mails
    assert mail["Subject"] == "[test] Hello, readers"
    assert mail["To"] == "me@example.com"
    assert letter.tree() == before


def test_the_test_list(letter: Folder) -> None:
    letter.write(
        "newsletter.toml",
        letter.read("newsletter.toml").replace("timezone", 'test_list = ["a@example.com", "b@example.com"]\ntimezone'),
    )
    assert letter("send", "post.md", "--test-list").code == 0
    assert letter.mailed == ["a@example.com", "b@example.com"]


def test_a_limit_leaves_the_rest_for_the_next_run(letter: Folder) -> None:
    first = letter("send", "post.md", "--list", "subs.csv", "--limit", "2", "--json")
    assert (first.code, len(letter.mailed)) == (75, 2)
    assert (first.json["sent"], first.json["left"]) == (2, 3)
    assert re.search(r"email_started_at: \S+Z \S+\n", letter.read("post.md"))
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter.mailed == ALL
    assert "email_started_at" not in letter.read("post.md")


def test_again_reaches_only_those_who_have_not_got_it(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    stamped = letter.read("post.md")
    letter.write("subs.csv", letter.read("subs.csv") + "late@example.net,Late\n")
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert len(letter.mailed) == 5
    assert letter("send", "post.md", "--list", "subs.csv", "--again").code == 0
    assert letter.mailed == sorted([*ALL, "late@example.net"])
    assert letter.read("post.md") == stamped


def test_again_without_a_record_is_refused(letter: Folder) -> None:
    letter.write("post.md", letter.read("post.md").replace("date:", "email_sent_at: 2024-01-03T00:00:00.000Z\ndate:"))
    assert letter("send", "post.md", "--list", "subs.csv", "--again").code == 3
    assert letter.mailed == []


def test_a_suppressed_address_gets_nothing_and_no_list_revives_it(letter: Folder) -> None:
    assert letter("suppress", "add", "Reader2@example.net").code == 0
    ran = letter("send", "post.md", "--list", "subs.csv", "--json")
    assert ran.code == 0
    assert ran.json["suppressed"] == 1
    assert "reader2@example.net" not in letter.mailed
    assert letter("send", "post.md", "--list", "subs.csv", "--again").code == 0
    assert "reader2@example.net" not in letter.mailed
    assert letter("suppress", "remove", "reader2@example.net").code == 0
    assert letter("send", "post.md", "--list", "subs.csv", "--again").code == 0
    assert letter.mailed == ALL


def test_an_edit_midway_is_refused_with_the_difference(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv", "--limit", "2").code == 75
    letter.write("post.md", letter.read("post.md").replace("the first letter", "an edited letter"))
    refused = letter("send", "post.md", "--list", "subs.csv")
    assert refused.code == 3
    assert "an edited letter" in refused.err
    assert len(letter.mailed) == 2
    assert letter("send", "post.md", "--list", "subs.csv", "--accept-edit").code == 0
    assert letter.mailed == ALL
    assert sum("an edited letter" in letter.text(mail) for mail in letter.mails) == 3


def test_who_left_the_list_midway_is_withdrawn(letter: Folder) -> None:
    letter.write("subs.csv", "email\n" + "".join(f"r{n}@example.net\n" for n in range(10)))
    assert letter("send", "post.md", "--list", "subs.csv", "--limit", "2").code == 75
    had = set(letter.mailed)
    waiting = sorted({f"r{n}@example.net" for n in range(10)} - had)
    letter.write("subs.csv", "email\n" + "".join(f"{one}\n" for one in sorted(had) + waiting[1:]))
    ran = letter("send", "post.md", "--list", "subs.csv", "--json")
    assert ran.code == 0
    assert (ran.json["withdrawn"], ran.json["sent"]) == (1, 9)
    assert waiting[0] not in letter.mailed


def test_the_wrong_list_midway_is_refused(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv", "--limit", "2").code == 75
    letter.write("other.csv", "email\nsomebody@example.org\n")
    assert letter("send", "post.md", "--list", "other.csv").code == 3
    assert len(letter.mailed) == 2


def test_rows_added_midway_wait_for_again(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv", "--limit", "2").code == 75
    letter.write("subs.csv", letter.read("subs.csv") + "late@example.net,Late\n")
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter.mailed == ALL


def test_a_post_begun_elsewhere_is_refused(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv", "--limit", "2").code == 75
    for file in (letter.path / ".newsletter").iterdir():
        file.unlink()
    refused = letter("send", "post.md", "--list", "subs.csv")
    assert refused.code == 3
    assert "ledger import" in refused.err
    assert "adopt" in refused.err
    assert len(letter.mailed) == 2


def test_a_post_without_front_matter_gets_a_head_of_three_lines(letter: Folder) -> None:
    letter.write("bare.md", "# A letter\n\nHello\n")
    assert letter("send", "bare.md", "--list", "subs.csv").code == 0
    lines = letter.read("bare.md").splitlines()
    assert lines[0] == lines[2] == "---"
    assert SENT_LINE.fullmatch(lines[1])
    assert lines[3:] == ["# A letter", "", "Hello"]


def test_a_server_that_is_away_is_75_and_nothing_is_begun(letter: Folder) -> None:
    before = letter.read("post.md")
    letter.write("newsletter.toml", re.sub(r"port = \d+", "port = 1", letter.read("newsletter.toml")))
    ran = letter("send", "post.md", "--list", "subs.csv")
    assert ran.code == 75
    assert letter.read("post.md") == before
    letter.write("post.md", before.replace("the first letter", "edited meanwhile"))
    assert letter.inbox is not None
    letter.write(
        "newsletter.toml", re.sub(r"port = \d+", f"port = {letter.inbox.port}", letter.read("newsletter.toml"))
    )
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter.mailed == ALL
    assert "edited meanwhile" in letter.text(letter.mails[0])


def test_a_missing_post_a_missing_list_and_no_list_are_3(letter: Folder) -> None:
    assert letter("send", "nowhere.md", "--list", "subs.csv").code == 3
    assert letter("send", "post.md", "--list", "nowhere.csv").code == 3
    assert letter("send", "post.md").code == 3
    assert letter("send", ".", "--list", "subs.csv").code == 3
    assert not (letter.path / ".newsletter").exists()


def test_expect_refuses_another_number(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv", "--expect", "7-9").code == 3
    assert letter("send", "post.md", "--list", "subs.csv", "--expect", "4-5").code == 0


def test_all_mistakes_come_at_once(letter: Folder) -> None:
    letter.write("newsletter.toml", letter.read("newsletter.toml").replace("host = ", "hots = "))
    refused = letter("send", "post.md", "--list", "subs.csv")
    assert refused.code == 3
    assert "newsletter.toml:" in refused.err
    assert "host" in refused.err


def test_staging_sends_everything_to_one_address_and_records_nothing(letter: Folder) -> None:
    letter.write(
        "newsletter.toml",
        letter.read("newsletter.toml").replace("timezone", 'redirect_all_to = "stage@example.org"\ntimezone'),
    )
    before = letter.tree()
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter.mailed == ["stage@example.org"] * 5
    assert all("reader" in str(mail) for mail in letter.mails)
    assert letter.tree() == before


def test_a_list_on_standard_input(letter: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with (letter.path / "subs.csv").open() as file:
        monkeypatch.setattr("sys.stdin", file)
        assert letter("send", "post.md", "--list", "-").code == 0
    assert letter.mailed == ALL


def test_the_users_own_post_goes_to_five_hundred(letter: Folder, corpus: Path) -> None:
    source = next((corpus / "posts").glob("2023-04-05-*.md"))
    text = "\n".join(line for line in source.read_text().split("\n") if not line.startswith("email_sent_at"))
    letter.write("posts/own.md", text)
    for image in (corpus / "posts" / "images").iterdir():
        letter.write(f"posts/images/{image.name}", image.read_bytes())
    letter.write("many.csv", "email\n" + "".join(f"r{n}@example.net\n" for n in range(500)))
    assert letter("preview", "posts/own.md", "-o", "own.html").code == 0
    assert "post-body" in letter.read("own.html")
    assert letter("send", "posts/own.md", "--list", "many.csv").code == 0
    assert len(letter.mailed) == len(set(letter.mailed)) == 500
    assert SENT_LINE.search(letter.read("posts/own.md"))
    assert len({mail["Message-ID"] for mail in letter.mails}) == 500


def test_a_canary_goes_to_the_test_list_then_some_then_the_rest(letter: Folder) -> None:
    letter.write(
        "newsletter.toml",
        letter.read("newsletter.toml").replace("timezone", 'test_list = ["me@example.com"]\ntimezone'),
    )
    assert letter("send", "post.md", "--list", "subs.csv", "--canary", "2", "--wait", "10ms").code == 0
    assert letter.inbox is not None
    order = [mail.rcpt_to[0] for mail in letter.inbox.mails]
    assert order[0] == "me@example.com"
    assert sorted(order[1:]) == ALL


def test_a_canary_that_goes_wrong_holds_the_campaign(bare: Folder) -> None:
    with ScriptedServer([Rule("RCPT", say="550 5.1.1 no such user", address="r[0-3]@")]) as server:
        bare.write("newsletter.toml", SETTINGS.format(port=server.port))
        bare.write("post.md", POST)
        bare.write("subs.csv", "email\n" + "".join(f"r{n}@example.net\n" for n in range(20)))
        ran = bare("send", "post.md", "--list", "subs.csv", "--canary", "5", "--wait", "10ms")
        assert ran.code == 75
        assert len(server.mails) <= 5
        assert "held" in bare("status").out


def test_a_list_that_shrank_a_great_deal_is_asked_about_once(letter: Folder) -> None:
    letter.write("subs.csv", "email\n" + "".join(f"r{n}@example.net\n" for n in range(100)))
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    letter.write("subs.csv", "email\n" + "".join(f"r{n}@example.net\n" for n in range(60)))
    letter.write("next.md", "---\ntitle: Next\npost_id: 2.next\n---\nNext.\n")
    refused = letter("send", "next.md", "--list", "subs.csv")
    assert refused.code == 3
    assert "shrank from 100 to 60" in refused.err
    assert len(letter.mailed) == 100
    assert letter("send", "next.md", "--list", "subs.csv", "--expect", "50-70").code == 0
    assert len(letter.mailed) == 160


def test_a_run_that_was_killed_before_its_server_froze_nothing(letter: Folder) -> None:
    assert letter.inbox is not None
    settings = letter.read("newsletter.toml")
    letter.write("newsletter.toml", re.sub(r"port = \d+", "port = 1", settings))
    before = letter.read("post.md")
    assert letter("send", "post.md", "--list", "subs.csv").code == 75
    # As a SIGKILL leaves it: begun in the ledger, and nobody tried.
    with closing(sqlite3.connect(letter.path / ".newsletter" / "ledger.sqlite3")) as ledger:
        ledger.execute("UPDATE campaigns SET state = 'sending', begun_at = 1")
        ledger.commit()
    letter.write("newsletter.toml", settings)
    letter.write("post.md", before.replace("the first letter", "an edited letter"))
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter.mailed == ALL
    assert "an edited letter" in letter.text(letter.mails[0])


def test_expect_holds_for_a_begun_and_for_a_sent_post(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv", "--limit", "1").code == 75
    assert letter("send", "post.md", "--list", "subs.csv", "--expect", "100").code == 3
    assert len(letter.mailed) == 1
    assert letter("send", "post.md", "--list", "subs.csv", "--expect", "4").code == 0
    letter.write("subs.csv", letter.read("subs.csv") + "late@example.net,L\nlater@example.net,L\n")
    assert letter("send", "post.md", "--list", "subs.csv", "--again", "--expect", "1").code == 3
    assert len(letter.mailed) == 5
    assert letter("send", "post.md", "--list", "subs.csv", "--again", "--expect", "2").code == 0
    assert len(letter.mailed) == 7


def test_what_again_left_over_is_gone_on_with_by_run(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    letter.write("subs.csv", letter.read("subs.csv") + "".join(f"late{n}@example.net,L\n" for n in range(4)))
    assert letter("send", "post.md", "--list", "subs.csv", "--again", "--limit", "1").code == 75
    assert len(letter.mailed) == 6
    assert letter("run", ".", "--list", "subs.csv").code == 0
    assert len(letter.mailed) == len(set(letter.mailed)) == 9


def test_a_dry_run_refuses_what_send_refuses(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv", "--limit", "2").code == 75
    letter.write("other.csv", "email\nsomebody@example.org\n")
    assert letter("send", "post.md", "--list", "other.csv", "--dry-run").code == 3
    letter.write("subs.csv", letter.read("subs.csv") + "late@example.net,Late\n")
    assert letter("send", "post.md", "--list", "subs.csv", "--dry-run", "--json").json["recipients"] == 3
    letter.write("post.md", letter.read("post.md").replace("the first letter", "an edited letter"))
    assert letter("send", "post.md", "--list", "subs.csv", "--dry-run").code == 3


def test_a_post_that_is_under_way_is_not_adopted(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv", "--limit", "2").code == 75
    refused = letter("adopt", "post.md")
    assert refused.code == 3
    assert "cancel" in refused.err
