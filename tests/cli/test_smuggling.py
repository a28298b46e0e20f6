"""No text of a post or a list ends a mail early: whatever looks like the end of one arrives inside of it.

Servers differ in what they take for the end of a mail (SMTP smuggling): besides CRLF.CRLF some take a bare LF or CR
for a line's end. Every such sequence, with commands for another mail behind it, stands here wherever a user's text
can stand. Each mail must arrive whole, once, in octets that no server reads in two ways; a Postfix that rejects any
bare LF takes all of them.
"""

from __future__ import annotations

import json
import os
import re
import socket
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest

from tests.cli.folder import SETTINGS
from tests.conftest import debian
from tests.servers.postfix import postfix, wait_until
from tests.servers.scripted import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.cli.folder import Folder
    from tests.servers.scripted import Received

SMUGGLED = "MAIL FROM:<evil@example.com>\r\nRCPT TO:<victim@example.net>\r\nDATA\r\nSubject: evil\r\n\r\nevil\r\n.\r\n"
ENDS = {
    "crlf-dot-crlf": "\r\n.\r\n",
    "lf-dot-lf": "\n.\n",
    "lf-dot-crlf": "\n.\r\n",
    "crlf-dot-lf": "\r\n.\n",
    "cr-dot-cr": "\r.\r",
    "cr-dot-crlf": "\r.\r\n",
    "crlf-dot-cr": "\r\n.\r",
    "crlf-dots": "\r\n..\r\n...\r\n.\r\n",
    "cr-cr-lf": "\r\r\n.\r\r\n",
    "vertical-tab": "\v.\v",
    "form-feed": "\f.\f",
    "next-line": "\u0085.\u0085",
    "line-separator": "\u2028.\u2028",
}
# A post with such an octet is no text file and is refused; in a list it is a character of a cell.
ONLY_IN_LISTS = {"nul": "\0", "nul-dot": "\r\n\0.\r\n", "nul-lf-dot": "\0\n.\n\0"}
STRICT = """\
smtpd_forbid_bare_newline = reject
smtpd_forbid_bare_newline_exclusions =
smtpd_forbid_unauth_pipelining = yes
"""


def evil(ends: dict[str, str]) -> str:
    return "".join(f"before-{name}{end}{SMUGGLED}after-{name} " for name, end in ends.items())


def prepare(folder: Folder, port: int) -> list[str]:
    """A post, its text part and a list with all of it everywhere; gives who is on the list."""
    folder.write("newsletter.toml", SETTINGS.format(port=port))
    head = {
        "post_id": "1.smuggling",
        "merge": True,
        "title": evil(ENDS),
        "subtitle": evil(ENDS),
        "preview_text": evil(ENDS),
        "subject": "{{ name }} " + evil(ENDS),
    }
    lines = "".join(f"{key}: {json.dumps(value)}\n" for key, value in head.items())
    folder.write("post.md", f"---\n{lines}---\nHello {{{{ name }}}}\n\n{evil(ENDS)}\n\n```\n{evil(ENDS)}\n```\n")
    folder.write("post.txt", f"Hello {{{{ name }}}}\n{evil(ENDS)}\n.\n..\n. \nthe end\n.")
    people = {f"{name}@example.net": evil({name: end}) for name, end in {**ENDS, **ONLY_IN_LISTS}.items()}
    rows = "".join(f'{email},"{cell}"\r\n' for email, cell in people.items())
    folder.write("subs.csv", f"email,name\r\n{rows}")
    return list(people)


def holds(mails: Sequence[Received], people: Sequence[str]) -> None:
    """Everyone has one mail, whole, and nobody else has any."""
    assert sorted(mail.rcpt_to for mail in mails) == sorted(people)
    for mail in mails:
        assert re.search(rb"(?<!\r)\n|\r(?!\n)|[\0\x7f-\xff]", mail.data) is None
        parsed = message_from_bytes(mail.data, policy=policy.default)
        name = mail.rcpt_to.partition("@")[0]
        body, page = parsed.get_body(("plain",)), parsed.get_body(("html",))
        assert body is not None
        assert page is not None
        for text in (str(parsed["Subject"]), body.get_content(), page.get_content()):
            for mark in (f"before-{name}", f"after-{name}", *(f"after-{one}" for one in ENDS)):
                assert mark in text, (mail.rcpt_to, mark)
        assert [parsed.get_all(header) for header in ("To", "Bcc")] == [[mail.rcpt_to], None]
        # Lines that are dots, as in the file; the footer stands behind them.
        assert "\r\n.\r\n..\r\n. \r\nthe end\r\n.\r\n" in body.get_content()


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one by one"])
def test_each_mail_is_one_mail(bare: Folder, *, pipelining: bool) -> None:
    with ScriptedServer(pipelining=pipelining) as server:
        people = prepare(bare, server.port)
        ran = bare("send", "post.md", "--list", "subs.csv")
        assert ran.code == 0, ran.err
        assert server.violations == []
        holds(server.mails, people)


@pytest.mark.postfix
@pytest.mark.parametrize(
    "more", ["", "smtpd_discard_ehlo_keywords = pipelining, chunking\n"], ids=["all", "one by one"]
)
def test_a_postfix_that_rejects_every_bare_newline_takes_them(bare: Folder, more: str) -> None:
    program = debian("postfix", "postfix")
    if os.geteuid() != 0:
        pytest.skip("starting a private Postfix needs root")
    with ScriptedServer() as readers, postfix(program, readers.port, settings=STRICT + more) as relay:
        assert rejects_bare_newlines(relay.port), "this Postfix would let anything pass"
        people = prepare(bare, relay.port)
        ran = bare("send", "post.md", "--list", "subs.csv")
        assert ran.code == 0, ran.err + relay.log.read_text()
        wait_until(lambda: len(readers.mails) >= len(people), "the mails at the readers")
        holds(readers.mails, people)
        assert len(re.findall(r"qmgr\[\d+\]: [0-9A-F]+: from=<", relay.log.read_text())) == len(people)


def rejects_bare_newlines(port: int) -> bool:
    """Whether the server refuses a mail with one in it."""
    with socket.create_connection(("127.0.0.1", port), 30) as line, line.makefile("rb") as said:
        commands = ("", "HELO example.com", "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>", "DATA")
        for command in commands:
            if command:
                line.sendall(f"{command}\r\n".encode())
            assert said.readline()[:1] in b"23"
        line.sendall(b"Subject: x\r\n\r\nx\n.\ny\r\n.\r\n")
        return b"bare <LF>" in said.readline()
