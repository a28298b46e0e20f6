"""A real mail server bounces to the return path of each mail, and its Maildir is read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.cli.folder import POST, SETTINGS
from tests.conftest import debian
from tests.servers.postfix import postfix, wait_until
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule

if TYPE_CHECKING:
    from tests.cli.folder import Folder

pytestmark = pytest.mark.postfix

BOUNCES = """
[bounces]
return_path = "bounces+{{token}}@example.com"
mailbox = "{maildir}"
"""

REFUSALS = [
    Rule("RCPT", say="550 5.1.1 no such user", address="gone@"),
    Rule("RCPT", say="552 5.2.2 mailbox full", address="full@"),
    Rule("RCPT", say="550 5.7.1 blocked for policy reasons", address="strict@"),
]


def test_what_postfix_bounces_is_read_from_its_maildir(bare: Folder) -> None:
    program = debian("postfix", "postfix")
    if os.geteuid() != 0:
        pytest.skip("starting a private Postfix needs root")
    with ScriptedServer(REFUSALS) as readers, postfix(program, readers.port) as relay:
        bare.write("newsletter.toml", SETTINGS.format(port=relay.port) + BOUNCES.format(maildir=relay.bounces))
        bare.write("post.md", POST)
        people = ["ann", "gone", "full", "strict"]
        bare.write("subs.csv", "email\n" + "".join(f"{name}@example.net\n" for name in people))
        assert bare("send", "post.md", "--list", "subs.csv").code == 0  # the relay takes all
        relay.wait_for(3)
        wait_until(lambda: readers.accepted == ["ann@example.net"], "the mail to ann")
        reports = {path: path.read_bytes() for path in relay.reports()}
        ran = bare("bounces")
        assert ran.code == 0, ran.err
        assert "hard bounce of gone@example.net: suppressed (delivery report (RFC 3464), status 5.1.1" in ran.out
        assert "soft bounce of full@example.net: counted" in ran.out
        assert "soft bounce of strict@example.net: counted" in ran.out
        assert ran.out.count("found by the token") == 3
        assert [line.split("\t")[0] for line in bare("suppress", "list").out.splitlines()] == ["gone@example.net"]
        assert {path: path.read_bytes() for path in relay.reports()} == reports
        assert "3 read, 3 of them before" in bare("bounces").out
