"""`newsletter run`, as cron calls it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.folder import Folder

NOW = datetime.now(UTC)


def post(title: str, when: datetime | str, *more: str) -> str:
    date = when if isinstance(when, str) else when.isoformat(timespec="seconds")
    return "\n".join(["---", f"title: {title}", f"date: {date}", *more, "---", f"The text of {title}.", ""])


def test_due_posts_go_out_oldest_first_and_the_others_are_named(letter: Folder) -> None:
    (letter.path / "post.md").unlink()
    letter.write("posts/b.md", post("newer", NOW - timedelta(hours=1)))
    letter.write("posts/c.md", post("older", NOW - timedelta(hours=5)))
    letter.write("posts/d.md", post("later", NOW + timedelta(hours=5)))
    letter.write("posts/e.md", post("ancient", NOW - timedelta(days=30)))
    letter.write("posts/f.md", post("draft", NOW - timedelta(hours=1), "draft: true"))
    letter.write("posts/g.md", "---\ntitle: undated\n---\nNo date.\n")
    letter.write("posts/_h.md", post("hidden", NOW - timedelta(hours=1)))
    letter.write("posts/README.md", "# About these posts\n")
    ran = letter("run", "--list", "subs.csv")
    assert ran.code == 0
    subjects = [mail["Subject"] for mail in letter.mails]
    assert subjects == ["older"] * 5 + ["newer"] * 5
    for name in ("d.md", "e.md", "f.md", "g.md"):
        assert name in ran.out
    assert "_h.md" not in ran.out
    again = letter("run", "posts", "--list", "subs.csv")
    assert (again.code, len(letter.mails)) == (0, 10)


def test_a_broken_post_stops_only_itself_and_the_gravest_code_counts(letter: Folder) -> None:
    (letter.path / "post.md").unlink()
    letter.write("posts/a.md", "---\ntitle: [broken\ndate: 2024-01-01\n---\nx\n")
    letter.write("posts/b.md", post("fine", NOW - timedelta(hours=1)))
    ran = letter("run", "posts/", "--list", "subs.csv")
    assert ran.code == 3
    assert "a.md" in ran.err
    assert len(letter.mails) == 5


def test_what_was_begun_goes_on_first(letter: Folder) -> None:
    (letter.path / "post.md").unlink()
    letter.write("posts/begun.md", post("begun", NOW - timedelta(hours=1)))
    assert letter("send", "posts/begun.md", "--list", "subs.csv", "--limit", "2").code == 75
    letter.write("posts/due.md", post("due", NOW - timedelta(hours=9)))
    assert letter("run", "posts", "--list", "subs.csv").code == 0
    assert [mail["Subject"] for mail in letter.mails] == ["begun"] * 5 + ["due"] * 5


def test_a_paused_campaign_is_left_alone_until_resume(letter: Folder) -> None:
    (letter.path / "post.md").unlink()
    letter.write("posts/a.md", post("a", NOW - timedelta(hours=1)))
    assert letter("send", "posts/a.md", "--list", "subs.csv", "--limit", "2").code == 75
    assert letter("pause", "posts/a.md").code == 0
    ran = letter("run", "posts", "--list", "subs.csv")
    assert (ran.code, len(letter.mails)) == (0, 2)
    assert "paused" in ran.out
    assert letter("resume", "posts/a.md").code == 0
    assert letter("run", "posts", "--list", "subs.csv").code == 0
    assert len(letter.mails) == 5


def test_cancel_settles_what_is_left_and_stamps(letter: Folder) -> None:
    assert letter("send", "post.md", "--list", "subs.csv", "--limit", "2").code == 75
    assert letter("cancel", "post.md").code == 0
    assert "email_sent_at:" in letter.read("post.md")
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert len(letter.mails) == 2
    said = letter("status", "post.md", "--json").json
    assert (said["sent"], said["cancelled"], said["left"]) == (2, 3, 0)


def test_a_fresh_clone_of_real_posts_mails_nothing_and_says_why(letter: Folder, corpus: Path) -> None:
    (letter.path / "post.md").unlink()
    shutil.copytree(corpus / "posts", letter.path / "posts", ignore=shutil.ignore_patterns("derived", "export-html"))
    ran = letter("run", "posts/", "--list", "subs.csv")
    assert ran.code == 0
    assert "email_sent_at" in ran.out
    assert letter.mails == []


def test_a_fresh_clone_without_stamps_is_too_old_and_can_be_adopted(letter: Folder, corpus: Path) -> None:
    (letter.path / "post.md").unlink()
    (letter.path / "posts").mkdir()
    for source in sorted((corpus / "posts").glob("*.md")):
        text = "".join(line for line in source.read_text().splitlines(True) if not line.startswith("email_sent_at"))
        letter.write(f"posts/{source.name}", text)
    ran = letter("run", "posts/", "--list", "subs.csv")
    assert ran.code == 0
    assert ran.out.count("max_age") == 18
    assert letter.mails == []
    assert letter("adopt", "posts/").code == 0
    after = letter("run", "posts/", "--list", "subs.csv")
    assert after.code == 0
    assert letter.mails == []


def test_adopt_with_delivers_lets_again_reach_the_others(letter: Folder) -> None:
    letter.write(
        "1001.hello.delivers.csv",
        "post_id,timestamp,email,post_type,post_audience,active_subscription\n"
        + "".join(f"1001,2024-01-02,reader{n}@example.net,newsletter,everyone,false\n" for n in range(1, 5)),
    )
    assert letter("adopt", "post.md", "--delivers", "1001.hello.delivers.csv").code == 0
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter.mails == []
    assert letter("send", "post.md", "--list", "subs.csv", "--again").code == 0
    assert letter.mailed == ["reader5@example.net"]


def test_a_campaign_that_goes_on_for_too_long_is_held_once(letter: Folder) -> None:
    (letter.path / "post.md").unlink()
    letter.write("posts/a.md", post("a", NOW - timedelta(hours=1)))
    assert letter("send", "posts/a.md", "--list", "subs.csv", "--limit", "2").code == 75
    with closing(sqlite3.connect(letter.path / ".newsletter" / "ledger.sqlite3")) as ledger:
        ledger.execute("UPDATE campaigns SET begun_at = begun_at - ?", (8 * 86_400 * 1_000_000,))
        ledger.commit()
    first = letter("run", "posts", "--list", "subs.csv")
    assert first.code == 75
    assert "held" in first.err
    second = letter("run", "posts", "--list", "subs.csv")
    assert second.code == 0
    assert "held" in second.out
    assert len(letter.mails) == 2
    assert letter("send", "posts/a.md", "--list", "subs.csv").code == 0
    assert len(letter.mails) == 5
