"""`newsletter demo`: the main job on the shipped example."""

from __future__ import annotations

import csv
import re
import sys
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from newsletter_cli import assets
from newsletter_cli.cli.terminal import Terminal
from newsletter_cli.delivery.seams import Stop
from newsletter_cli.jobs.demo import Demo, demo
from newsletter_cli.times import SystemClock
from tests.command import newsletter


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return demo(tmp_path_factory.mktemp("demo"), clock=SystemClock(), stop=Stop())


def test_every_row_of_the_list_has_its_fate(done: Demo) -> None:
    fates = [(row.line, row.email, row.fate) for row in done.rows]
    assert fates == [
        (2, "ada@example.com", "sent"),
        (3, "grace@example.org", "sent"),
        (4, "tom@example.net", "left out"),
        (5, "ADA@example.com", "left out"),
        (6, "wilma at example.com", "left out"),
        (7, "meike@xn--bcher-kva.example", "sent"),
        (8, "o'neill+tides@example.com", "sent"),
    ]
    assert all(row.why for row in done.rows)
    with (assets.examples() / "subscribers.csv").open(encoding="utf-8") as file:
        assert len(done.rows) == len(list(csv.DictReader(file)))


def test_each_mail_is_one_persons_with_a_link_out(done: Demo) -> None:
    mails = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in done.mails]
    assert len(mails) == 4
    assert len({mail["Message-ID"] for mail in mails}) == 4
    assert len({mail["List-Unsubscribe"] for mail in mails}) == 4
    for mail in mails:
        assert mail["Subject"] == done.report.subject == "The sea keeps better time than the bus"
        kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
        assert kinds[:2] == ["text/plain", "text/html"]
        assert set(kinds[2:]) == {"image/png"}


def test_the_post_says_when_and_a_second_sending_does_nothing(done: Demo) -> None:
    shipped = (assets.examples() / "posts" / done.post.name).read_text(encoding="utf-8").splitlines()
    now = done.post.read_text(encoding="utf-8").splitlines()
    added = [line for line in now if line not in shipped]
    assert added == [done.stamp]
    assert re.fullmatch(r"email_sent_at: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", done.stamp)
    assert len(now) == len(shipped) + 1
    assert "already sent" in done.second.said[0]


def test_the_pages_lie_where_it_says(done: Demo) -> None:
    assert done.page.read_text(encoding="utf-8").count('class="entry"') == 4
    html = done.previews[0].read_text(encoding="utf-8")
    assert "How to read a tide table" in html
    assert "cid:" not in html
    assert "How to read a tide table" in done.previews[1].read_text(encoding="utf-8")


def test_the_command_says_all_of_it_and_ends(tmp_path: Path) -> None:
    # Nothing of the machine's own settings may reach it.
    variables = {
        "TMPDIR": str(tmp_path),
        "NEWSLETTER_SMTP_HOST": "mail.example.com",
        "NEWSLETTER_NEWSLETTER_NAME": "Not this",
    }
    empty = tmp_path / "empty"
    empty.mkdir()
    for _ in range(2):
        ran = newsletter("demo", cwd=empty, variables=variables)
        assert ran.returncode == 0, ran.stderr
        assert ran.stderr == ""
        assert ran.stdout.count("subscribers.csv:") == 7
        assert "4 mails for 7 rows" in ran.stdout
        page = re.search(r"Inbox +(\S+)", ran.stdout)
        assert page is not None
        assert Path(page[1]).is_file()
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize(
    ("variables", "opens"),
    [({}, sys.platform == "darwin"), ({"DISPLAY": ":0"}, True), ({"WAYLAND_DISPLAY": "w"}, True)],
)
def test_the_page_is_opened_only_where_there_is_a_display(
    variables: dict[str, str],
    opens: bool,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    opened: list[str] = []

    def browse(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", browse)
    terminal = Terminal(stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr, environment=variables)
    assert terminal.open(tmp_path / "in box.html") is opens
    assert opened == ([f"{tmp_path.as_uri()}/in%20box.html"] if opens else [])
