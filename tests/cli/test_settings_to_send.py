"""Settings that lack what a send needs: refused before anything is contacted or written, and told once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.folder import SETTINGS
from tests.servers.scripted import ScriptedServer

if TYPE_CHECKING:
    from tests.cli.folder import Folder

SEND = ("send", "post.md", "--list", "subs.csv")


@pytest.mark.parametrize("more", [SEND, ("send", "post.md", "--test", "me@example.net"), ("run",)])
def test_a_login_without_a_password_is_refused(letter: Folder, more: tuple[str, ...]) -> None:
    with ScriptedServer(auth="PLAIN") as server:
        letter.write(
            "newsletter.toml", SETTINGS.format(port=server.port) + 'username = "letter"\n[run]\nmax_age = "9999d"\n'
        )
        ran = letter(*more, *(("--list", "subs.csv") if more == ("run",) else ()))
        assert ran.code == 3
        assert "newsletter.toml:13: [smtp] username is set and there is no password" in ran.err
        assert "NEWSLETTER_SMTP_PASSWORD" in ran.err
        assert server.connections == 0
    assert not (letter.path / ".newsletter").exists()


def test_it_is_no_held_campaign_once_the_password_is_there(letter: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(auth="PLAIN", logins={"letter": "hush"}) as server:
        letter.write("newsletter.toml", SETTINGS.format(port=server.port) + 'username = "letter"\n')
        assert letter(*SEND).code == 3
        monkeypatch.setenv("NEWSLETTER_SMTP_PASSWORD", "hush")
        assert letter(*SEND).code == 0
        assert len(server.accepted) == 5


def test_where_a_post_is_checked_or_counted_the_password_need_not_be(letter: Folder) -> None:
    letter.write("newsletter.toml", letter.read("newsletter.toml") + 'username = "letter"\n')
    for command in (("check", "post.md", "--list", "subs.csv"), (*SEND, "--dry-run"), ("doctor", "--offline")):
        ran = letter(*command)
        assert ran.code == 0
        assert "there is no password" in ran.out + ran.err


def test_a_sender_that_is_not_set_is_one_error(letter: Folder) -> None:
    settings = letter.read("newsletter.toml").replace('from = "The Letter <letter@example.com>"\n', "")
    letter.write("newsletter.toml", settings)
    assert letter(*SEND).err.count("error:") == 1
    shown = letter("preview", "post.md", "-o", "-", "--format", "eml")
    assert (shown.code, shown.err) == (0, "")
