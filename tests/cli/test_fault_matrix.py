"""Every stage of a dialogue and every fault, from the command line: what came of it, the exit code, the next run.

The server speaks STARTTLS and wants a login, as a real one does. A fault comes once, in the middle of a sending of
five, or lasts for a whole run where it stands before the first mail. Silence is tested in tests/servers, where
timeouts are short.
"""

from __future__ import annotations

import ssl
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from tests.cli.folder import POST
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.folder import Folder

SEND = ("send", "post.md", "--list", "subs.csv")
PEOPLE = [f"r{number}@example.net" for number in range(5)]
SETTINGS = """\
[newsletter]
id = "letter"
name = "The Letter"
from = "letter@example.com"
postal_address = "1 Main St"
timezone = "UTC"
[smtp]
host = "localhost"
port = {port}
ca_file = "{ca}"
username = "letter"
password_command = ["echo", "hush"]
connections = 1
retry_after = ["10ms", "20ms"]
"""
OPENING = ("greeting", "EHLO", "STARTTLS", "AUTH")
LOSSES: dict[str, dict[str, Any]] = {
    "closed": {"drop": True},
    "reset": {"reset": True},
    "garbage": {"raw": b"\x16\x03\x01 I am no mail server\r\n"},
    "half a reply": {"raw": b"250 2.0", "drop": True},
    "a reply without end": {"raw": b"250-" + b"x" * 9000, "drop": True},
    "the wrong digit": {"say": "354 what?"},
}
REPLIES: dict[str, dict[str, Any]] = {
    "421": {"say": "421 4.3.2 shutting down", "drop": True},
    "4yz": {"say": "450 4.3.0 not now"},
}
HARMLESS: dict[str, dict[str, Any]] = {
    "octet by octet": {"split": True},
    "slow": {"delay_s": 0.3},
}
# Where a mail's fate does not hang on it, one of a kind is enough.
SOME = ("closed", "garbage", "the wrong digit", *REPLIES, *HARMLESS)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    made = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.issue_cert("localhost").configure_cert(context)
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    made.cert_pem.write_to_path(str(path))
    return path, context


@pytest.fixture
def server(bare: Folder, authority: tuple[Path, ssl.SSLContext]) -> Iterator[ScriptedServer]:
    path, context = authority
    with ScriptedServer(starttls=context, auth="PLAIN", logins={"letter": "hush"}) as found:
        bare.write("newsletter.toml", SETTINGS.format(port=found.port, ca=path))
        bare.write("post.md", POST)
        bare.write("subs.csv", "email\n" + "".join(f"{email}\n" for email in PEOPLE))
        yield found


def nobody_twice(server: ScriptedServer) -> None:
    assert max(Counter(server.accepted).values(), default=0) <= 1
    assert not [line for line in server.violations if "before its reply" in line]
    assert {moment.stage for moment in server.moments if moment.stage == "MAIL"} <= {"MAIL"}


@pytest.mark.parametrize("fault", [*LOSSES, *REPLIES, "5yz"])
@pytest.mark.parametrize("stage", OPENING)
def test_before_the_first_mail(bare: Folder, server: ScriptedServer, stage: str, fault: str) -> None:
    refusals = {"AUTH": "535 5.7.8 wrong password"}
    server.rules += [Rule(stage, **{**LOSSES, **REPLIES}.get(fault, {"say": refusals.get(stage, "554 5.3.0 no")}))]
    before = bare.tree()
    ran = bare(*SEND)
    assert ran.code == 75, (ran.out, ran.err)
    assert server.at("MAIL") == []
    assert bare.read("post.md") == POST
    assert {name for name in before if not name.startswith(".newsletter")} == {
        name for name in bare.tree() if not name.startswith(".newsletter")
    }
    server.rules.clear()
    assert bare(*SEND).code == 0
    assert server.accepted == PEOPLE


@pytest.mark.parametrize("fault", SOME)
@pytest.mark.parametrize("stage", OPENING)
def test_when_the_second_connection_is_made(bare: Folder, server: ScriptedServer, stage: str, fault: str) -> None:
    bare.write("newsletter.toml", bare.read("newsletter.toml") + "messages_per_connection = 2\n")
    server.rules += [Rule(stage, connection=2, **{**LOSSES, **REPLIES, **HARMLESS}[fault])]
    ran = bare(*SEND)
    assert ran.code == 0, (ran.out, ran.err)
    assert server.accepted == PEOPLE
    assert bare(*SEND).code == 0
    nobody_twice(server)


# What a loss at a stage means for the mail in hand: it goes back and is sent anew, or nobody can know.
AFTER_A_LOSS = {"MAIL": 0, "RCPT": 0, "DATA": 0, "body": 4, "dot": 4}


@pytest.mark.parametrize(
    ("stage", "fault"),
    [
        (stage, fault)
        for stage in AFTER_A_LOSS
        for fault in LOSSES
        if (stage, fault) != ("DATA", "the wrong digit")  # 354 is the right one there
    ],
)
def test_a_loss_in_a_transaction(bare: Folder, server: ScriptedServer, stage: str, fault: str) -> None:
    code = AFTER_A_LOSS[stage]
    octets = {"after_octets": 60} if stage == "body" else {}
    if stage == "body" and fault == "the wrong digit":
        octets["drop"] = True
    server.rules += [Rule(stage, turn=2, connection=1, times=1, **{**LOSSES[fault], **octets})]
    ran = bare(*SEND)
    assert ran.code == code, (ran.out, ran.err)
    said = bare("status", "post.md", "--json").json
    assert (said["sent"], said["unknown"], said["left"]) == ((5, 0, 0) if code == 0 else (4, 1, 0))
    assert ("r1@example.net: unknown fate" in ran.err) == (code == 4)
    assert "email_sent_at" in bare.read("post.md")
    mails = len(server.mails)
    # The next run has nothing to do; what is unknown goes out again at a person's word alone.
    assert bare(*SEND).code == 0
    assert bare("run", ".", "--list", "subs.csv").code == 0
    assert len(server.mails) == mails
    nobody_twice(server)
    if code == 4:
        assert bare(*SEND, "--resend-unknown").code == 0
        assert [mail.rcpt_to for mail in server.mails[mails:]] == ["r1@example.net"]


@pytest.mark.parametrize("fault", [*REPLIES, *HARMLESS])
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "dot"])
def test_a_reply_that_passes(bare: Folder, server: ScriptedServer, stage: str, fault: str) -> None:
    server.rules += [Rule(stage, turn=2, connection=1, times=1, **{**REPLIES, **HARMLESS}[fault])]
    ran = bare(*SEND)
    assert ran.code == 0, (ran.out, ran.err)
    assert sorted(server.accepted) == PEOPLE
    nobody_twice(server)


@pytest.mark.parametrize(
    ("stage", "said", "code"),
    [
        ("MAIL", "550 5.1.8 bad sender", 75),
        ("MAIL", "530 5.7.0 log in first", 75),
        ("RCPT", "550 5.1.1 no such user", 1),
        ("RCPT", "550 5.7.1 you may not", 75),
        ("DATA", "554 5.5.1 no", 1),
        ("dot", "554 5.6.0 odd", 1),
        ("dot", "550 5.7.1 you may not", 75),
    ],
)
def test_a_refusal(bare: Folder, server: ScriptedServer, stage: str, said: str, code: int) -> None:
    server.rules += [Rule(stage, said, turn=2, times=1)]
    ran = bare(*SEND)
    assert ran.code == code, (ran.out, ran.err)
    counts = bare("status", "post.md", "--json").json
    if code == 1:
        assert (counts["sent"], counts["failed"], counts["left"]) == (4, 1, 0)
        assert bare(*SEND).code == 0
        assert len(server.accepted) == 4
        return
    # The account's fault: one had it, the others wait, `run` leaves it alone until somebody has looked.
    assert (counts["sent"], counts["failed"], counts["left"]) == (1, 0, 4)
    assert bare("run", ".", "--list", "subs.csv").code == 0
    assert len(server.accepted) == 1
    assert bare(*SEND).code == 0
    assert sorted(server.accepted) == PEOPLE
    nobody_twice(server)


@pytest.mark.parametrize("fault", SOME)
@pytest.mark.parametrize("stage", ["RSET", "lone dot", "QUIT"])
def test_what_stands_beside_a_transaction(bare: Folder, server: ScriptedServer, stage: str, fault: str) -> None:
    server.rules += [Rule(stage, **{**LOSSES, **REPLIES, **HARMLESS}[fault])]
    if stage != "QUIT":
        # A refused recipient: the next mail begins with RSET. With a 354 for nobody, it is ended by a lone dot.
        server.rules += [Rule("RCPT", "550 5.1.1 no such user", address="r1@")]
        server.rules += [Rule("DATA", "354 for nobody", turn=2, connection=1)] if stage == "lone dot" else []
    ran = bare(*SEND)
    assert ran.code == (0 if stage == "QUIT" else 1), (ran.out, ran.err)
    assert len(server.at(stage)) >= 1
    assert sorted(server.accepted) == [email for email in PEOPLE if stage == "QUIT" or email != "r1@example.net"]
    assert bare(*SEND).code == 0
    nobody_twice(server)


@pytest.mark.parametrize("later", [{"starttls": None}, {"auth": ""}], ids=["no STARTTLS", "no AUTH"])
def test_what_the_second_connection_does_not_offer_any_more(
    bare: Folder, server: ScriptedServer, later: dict[str, Any]
) -> None:
    """Somebody between us takes it out of the EHLO of a later connection: no mail and no password in the clear."""
    offers = "250-scripted.example\n250-PIPELINING\n250 " + ("AUTH PLAIN" if "starttls" in later else "STARTTLS")
    bare.write("newsletter.toml", bare.read("newsletter.toml") + "messages_per_connection = 2\n")
    turn = 1 if "starttls" in later else 2
    server.rules += [Rule("EHLO", offers, connection=number, turn=turn) for number in range(2, 9)]
    ran = bare(*SEND)
    assert ran.code == 75, (ran.out, ran.err)
    assert len(server.accepted) == 2
    assert {moment.connection for stage in ("AUTH", "MAIL") for moment in server.at(stage)} == {1}
    server.rules.clear()
    assert bare(*SEND).code == 0
    assert server.accepted == PEOPLE
