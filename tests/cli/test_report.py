"""The report at the end of a sending: who has not got it, why, grouped by what it means, and what to run next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.folder import POST, SETTINGS
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule

if TYPE_CHECKING:
    from tests.cli.folder import Folder

AGAIN = "not finished: run the same command again, nobody gets it twice"
SEND = ("send", "post.md", "--list", "subs.csv")
REFUSALS = [
    Rule("RCPT", "550 5.1.1 <gone1@example.net>: no such user", address="gone1@"),
    Rule("RCPT", "550 no such user here", address="gone"),
    Rule("RCPT", "552 5.2.2 over quota", address="full@"),
    Rule("dot", "554 5.6.0 odd content", address="odd@"),
    Rule("RCPT", "450 4.2.0 Recipient address rejected: Greylisted, see http://example.org", address="grey"),
    Rule("dot", drop=True, address="lost@"),
]
PEOPLE = ("ann", "gone1", "gone2", "full", "odd", "grey1", "grey2", "lost", "bob")


def prepare(folder: Folder, port: int, people: tuple[str, ...] = PEOPLE, *, more: str = "") -> None:
    folder.write("newsletter.toml", SETTINGS.format(port=port) + more)
    folder.write("post.md", POST)
    folder.write("subs.csv", "email\n" + "".join(f"{name}@example.net\n" for name in people))


def test_refusals_are_grouped_by_what_they_mean(bare: Folder) -> None:
    with ScriptedServer(REFUSALS) as server:
        prepare(bare, server.port)
        ran = bare(*SEND)
    assert ran.code == 75
    said = ran.err.splitlines()
    assert "failed: 2 × no such address, as in: 550 5.1.1 <gone1@example.net>: no such user" in said
    assert "failed: 1 × mailbox full, as in: 552 5.2.2 over quota" in said
    assert "failed: 1 × refused by the server, as in: 554 5.6.0 odd content" in said
    grey = "450 4.2.0 Recipient address rejected: Greylisted, see http://example.org"
    assert f"deferred: 2 × greylisted, as in: {grey}" in said
    assert "unknown: 1 × the server closed the connection" in said
    assert "--retry-failed" in ran.err
    assert "--resend-unknown" in ran.err
    assert "not finished: run the same command again" in ran.out


def test_a_machine_gets_the_groups_too_and_people_are_counted_once(bare: Folder) -> None:
    with ScriptedServer(REFUSALS) as server:
        prepare(bare, server.port)
        report = bare(*SEND, "--json").json
    groups = {(one["outcome"], one["means"]): one["count"] for one in report["replies"]}
    assert groups == {
        ("failed", "no such address"): 2,
        ("failed", "mailbox full"): 1,
        ("failed", "refused by the server"): 1,
        ("deferred", "greylisted"): 2,
        ("unknown", "the server closed the connection"): 1,
    }
    # Each of the two was put off at every try of the run.
    assert report["this_run"]["deferred"] == report["this_run"]["left"] == 2


@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize(
    ("reply", "means"),
    [("550 5.2.1 mailbox disabled for now", "mailbox disabled"), ("550 5.1.1 no such user", "no such address")],
)
def test_refusals_that_were_nobodys_failure_are_shown_too(
    bare: Folder, connections: int, reply: str, means: str
) -> None:
    everyone = tuple(f"r{number}" for number in range(80))
    with ScriptedServer([Rule("RCPT", reply)], latency_s=0.01) as server:
        prepare(bare, server.port, everyone, more=f"connections = {connections}\n")
        ran = bare(*SEND, "--json")
    assert ran.code == 75
    assert (ran.json["failed"], ran.json["left"]) == (0, 80)
    assert (ran.json["failures"], ran.json["this_run"]["failed"]) == ([], 0)
    (group,) = ran.json["replies"]
    assert (group["outcome"], group["means"]) == ("queued", means)
    assert group["count"] == 50
    assert "r1@" not in bare("suppress", "list").out
    with ScriptedServer() as server:
        prepare(bare, server.port, everyone)
        assert bare(*SEND).code == 0
    assert len(server.mails) == 80


def test_a_sending_in_which_all_goes_well_names_no_reply(letter: Folder) -> None:
    ran = letter(*SEND)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "post.md: sent 5; 5 in all\n"


def test_it_adds_up(bare: Folder) -> None:
    """Every row of the list is in one of the numbers, and in none of them twice."""
    rows = [f"{name}@example.net,yes,paid" for name in PEOPLE]
    rows += [
        "ANN@example.net,yes,paid",
        "no address,yes,paid",
        "off@example.net,no,paid",
        "",
        "sup@example.net,yes,paid",
    ]
    rows += ["left@example.net,yes,paid", "free@example.net,yes,free", "bob@example.net,yes,free"]
    with ScriptedServer(REFUSALS) as server:
        prepare(bare, server.port)
        bare.write("post.md", POST.replace("post_id", "audience: only_paid\npost_id"))
        bare.write("subs.csv", "email,email_subscribed,plan\n" + "\n".join(rows) + "\n")
        for name in ("sup", "left"):
            assert bare("suppress", "add", f"{name}@example.net").code == 0
        said = bare(*SEND).out.splitlines()[0]
        again = bare(*SEND, "--json").json
    assert said == "post.md: sent 2, failed 4, unknown 1, suppressed 2, deferred 2, left out 5; 16 in all; " + AGAIN
    assert len([row for row in rows if row]) == 16
    # Later runs read the list to see who is gone, and their sum is the campaign's.
    assert again["rows"] is None
    assert sum(again[name] for name in ("sent", "failed", "unknown", "suppressed", "left")) == 11


def test_it_adds_up_for_machines(bare: Folder) -> None:
    with ScriptedServer(REFUSALS) as server:
        prepare(bare, server.port)
        bare.write("subs.csv", bare.read("subs.csv") + "sup@example.net\nnobody\nann@example.net\n")
        assert bare("suppress", "add", "sup@example.net").code == 0
        report = bare(*SEND, "--json").json
    outcomes = ("sent", "failed", "unknown", "suppressed", "withdrawn", "cancelled", "left", "left_out")
    assert (report["rows"], sum(report[name] for name in outcomes)) == (12, 12)
    assert (report["suppressed"], report["left_out"], report["deferred"]) == (1, 2, 2)
