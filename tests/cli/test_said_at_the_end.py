"""The last words of a command: one summary line, what a person can do next, and options that are wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.delivery.seams import Stop
from newsletter_cli.jobs import send as job
from newsletter_cli.jobs.desk import SendRequest
from newsletter_cli.jobs.gather import ListSource
from tests.cli.folder import SETTINGS
from tests.cli.test_first_runs import workspace
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule

if TYPE_CHECKING:
    from newsletter_cli.ledger.model import Campaign
    from tests.cli.folder import Folder

SEND = ("send", "post.md", "--list", "subs.csv")


def post(folder: Folder, name: str, *, hours: float = -1, more: str = "") -> None:
    date = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
    folder.write(f"posts/{name}.md", f"---\ntitle: {name}\ndate: {date}\n{more}---\nThis is {name}.\n")


def last(out: str) -> str:
    return out.splitlines()[-1]


def test_run_ends_with_one_line_for_all(letter: Folder) -> None:
    run = ("run", "--list", "subs.csv")
    post(letter, "a")
    post(letter, "b", hours=-2)
    post(letter, "later", hours=2)
    post(letter, "broken", more="audience: martians\n")
    assert last(letter(*run).out) == "posts: 2 done, 1 refused"
    assert last(letter(*run).out) == "posts: nothing is due, 1 refused"
    (letter.path / "posts/broken.md").unlink()
    assert last(letter(*run).out) == "posts: nothing is due"


def test_run_says_how_many_posts_are_not_finished(bare: Folder) -> None:
    with ScriptedServer([Rule("RCPT", say="451 4.3.0 later", address="slow@")]) as server:
        bare.write("newsletter.toml", SETTINGS.format(port=server.port))
        bare.write("subs.csv", "email\nann@example.net\nslow@example.net\n")
        post(bare, "a")
        ran = bare("run", "--list", "subs.csv")
    assert (ran.code, last(ran.out)) == (75, "posts: 1 not finished")
    assert "posts/a.md: sent 1, deferred 1; 2 in all; not finished: run the same command again" in ran.out


def test_run_names_posts_as_they_lie_from_here(letter: Folder) -> None:
    post(letter, "later", hours=2.0001)
    (line, _) = letter("run", "--list", "subs.csv").out.splitlines()
    assert line.startswith("posts/later.md: not sent: due at 2")
    assert "." not in line.partition("due at")[2]


def test_run_without_settings_looks_through_no_disk(bare: Folder) -> None:
    post(bare, "a")
    ran = bare("run")
    assert ran.code == 3
    assert "newsletter.toml" in ran.err


def test_a_sending_that_was_paused_says_so(letter: Folder) -> None:
    def pause(_: Campaign, __: int) -> None:
        assert letter("pause", "post.md").code == 0

    request = SendRequest(
        workspace=workspace(letter),
        post=Path("post.md"),
        lists=(ListSource("subs.csv"),),
        stop=Stop(),
        announce=pause,
    )
    report = job.send(request)
    assert [str(problem) for problem in report.problems] == ["paused by hand; `newsletter resume POST` lets it go on"]
    assert (report.unfinished, letter.mails) == (True, [])


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--rate", "fast"), "--rate: 'fast' is no rate"),
        (("--batch-pause", "soon"), "--batch-pause: 'soon' is no duration"),
        (("--connections", "1000"), "--connections: 1000 is out of range"),
        (("--rejects", "-"), "--rejects -: the report stands on standard output; name a file"),
        (("--log", "-"), "--log -: the report stands on standard output; name a file"),
    ],
)
def test_an_option_that_is_wrong_is_wrong_usage(letter: Folder, option: tuple[str, str], said: str) -> None:
    ran = letter(*SEND, *option)
    assert ran.code == 2
    assert ran.err.startswith(f"error: {said}")
    assert not (letter.path / "-").exists()
    # Where a file is wrong too, it is refused with both.
    letter.write("newsletter.toml", letter.read("newsletter.toml") + 'port = "x"\n[smpt]\n')
    assert letter(*SEND, "--rate", "fast").code == 3


def test_a_sending_that_is_held_says_what_lets_it_go_on(bare: Folder) -> None:
    with ScriptedServer([Rule("MAIL", say="550 5.7.1 sender not verified")]) as server:
        bare.write("newsletter.toml", SETTINGS.format(port=server.port))
        bare.write("subs.csv", "email\nann@example.net\n")
        bare.write("post.md", "---\ntitle: Held\n---\nHeld.\n")
        ran = bare(*SEND)
    assert ran.code == 75
    assert last(ran.out).endswith(
        "not finished: held until `newsletter resume post.md` or the next `send`, nobody gets it twice"
    )


def test_every_line_of_a_log_has_the_promised_fields(letter: Folder) -> None:
    assert letter(*SEND, "--log", "log.jsonl").code == 0
    lines = [json.loads(line) for line in letter.read("log.jsonl").splitlines()]
    assert {line["event"] for line in lines} >= {"connected", "sent"}
    promised = {"time", "event", "newsletter", "campaign", "recipient", "domain", "stage", "code", "wait_until"}
    assert all(line.keys() >= promised for line in lines)


def test_settings_as_json(letter: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_SMTP_USERNAME", "letter")
    monkeypatch.setenv("NEWSLETTER_SMTP_PASSWORD", "hush-hush")
    ran = letter("doctor", "--settings", "--json")
    assert (ran.code, ran.json["version"]) == (0, 1)
    known = {one["key"]: (one["value"], one["origin"]) for one in ran.json["settings"]}
    assert known["newsletter.name"] == ("The Letter", "newsletter.toml:3")
    assert known["smtp.password"] == ("****", "variable NEWSLETTER_SMTP_PASSWORD")
    assert "hush-hush" not in ran.out


def test_a_test_mail_that_was_not_sent_is_not_called_queued(letter: Folder) -> None:
    assert letter.inbox is not None
    letter.write("newsletter.toml", letter.read("newsletter.toml").replace(str(letter.inbox.port), "1"))
    ran = letter("send", "post.md", "--test", "me@example.net")
    assert ran.code == 75
    assert ran.out.startswith("me@example.net: not sent (127.0.0.1:1 at connect")


def test_status_says_until_when_a_quota_makes_it_wait(letter: Folder) -> None:
    settings = letter.read("newsletter.toml")
    letter.write("newsletter.toml", settings + 'rate = ["3/h"]\nmax_wait = "1s"\n')
    ran = letter(*SEND, "--json")
    assert (ran.code, ran.json["sent"], ran.json["left"]) == (75, 3, 2)
    until = letter("status", "post.md", "--json").json["wait_until"]
    assert until == ran.json["wait_until"]
    when = f"{datetime.fromisoformat(until).astimezone():%Y-%m-%d %H:%M}"
    assert f"waits until {when}" in letter("status").out
    letter.write("newsletter.toml", settings)
    assert letter(*SEND).code == 0
    assert letter("status", "post.md", "--json").json["wait_until"] is None
