"""What a paywall of another program means to a send: it is one, or nobody is mailed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.folder import Folder

GHOST = (
    "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers\n"
    '1,free@example.net,F,,true,false,,2024-01-01T00:00:00.000Z,,"",""\n'
    '2,paid@example.net,P,,true,false,cus_1,2024-01-01T00:00:00.000Z,,"","Gold"\n'
)


def test_ghosts_marker_parts_the_letter_for_ghosts_members(letter: Folder) -> None:
    letter.write("ghost.csv", GHOST)
    letter.write("post.md", letter.read("post.md") + "\n<!--members-only-->\n\nHidden words.\n")
    ran = letter("send", "post.md", "--list", "ghost.csv")
    assert ran.code == 0, ran.err
    read = {str(mail["To"]): "Hidden words" in letter.text(mail) for mail in letter.mails}
    assert [seen for to, seen in sorted(read.items())] == [False, True]


@pytest.mark.parametrize("mark", ["{{< paywall >}}", "::paywall", "<!-- subscribers-only -->", "::: members-only\n:::"])
def test_what_only_looks_like_one_stops_check_and_send(letter: Folder, mark: str) -> None:
    line = letter.read("post.md").count("\n") + 2
    letter.write("post.md", letter.read("post.md") + f"\n{mark}\n\nHidden words.\n")
    for command in (("check",), ("send",), ("send", "--dry-run")):
        ran = letter(*command, "post.md", "--list", "subs.csv")
        assert ran.code == 3
        assert f"post.md:{line}: " in ran.out + ran.err
        assert "looks like a paywall and is not understood" in ran.out + ran.err
    assert letter.mails == []
    assert "email_started_at" not in letter.read("post.md")
