"""Lists that are refused, and what the user says of their columns."""

from __future__ import annotations

import pytest

from newsletter_cli.post.model import Audience
from newsletter_cli.problems import UsageError
from tests.unit.audience.rolls import TIERED, build, chosen, refusal


class TestRefusals:
    def test_every_list_says_what_is_wrong_with_it(self) -> None:
        assert refusal("", "a,b\n1,2\n", "email\nx\n", "email,status\na@x.example,odd\n") == [
            "a.csv: is empty; export the list again",
            "b.csv: no column holds addresses (columns: a, b); say which does: --column email=HEADER",
            "c.csv: none of its 1 rows has a usable address; say which column holds it: --column email=HEADER",
            (
                "d.csv: column 'status' may say who must not be mailed and is not understood: 'odd'; say which value"
                " means 'do not mail': --opt-out 'status=VALUE' (any value: 'status=*') or, if none does,"
                " --column 'ignore=status'"
            ),
        ]

    def test_a_list_that_breaks_in_the_middle_does_not_hide_what_is_wrong_with_the_next(self) -> None:
        rows = "".join(f"u{number}@x.example,Ann\n" for number in range(2000))
        assert refusal(f'email,name\n{rows}a@x.example,"Ann\nb@x.example,Bo\n', "email\nx\n") == [
            (
                "a.csv:2002: a quote that opens here takes in the row of line 2003;"
                " close the quote, or double it where it is meant"
            ),
            "b.csv: none of its 1 rows has a usable address; say which column holds it: --column email=HEADER",
        ]

    def test_nobody_to_mail(self) -> None:
        lists = ("email,unsubscribed\na@x.example,yes\nb@,no\n", "email\na@x.example\nc@x.example\n")
        assert refusal(*lists, exclude=[("no.csv", "email\nc@x.example\n")]) == [
            (
                "a.csv, b.csv: nobody may be mailed (1 opted out, 1 without a usable address, 1 duplicate, 1 excluded);"
                " `newsletter list check` names every row and the reason"
            )
        ]
        assert build(*lists, exclude=[("no.csv", "email\nc@x.example\n")], allow_empty=True).counts.mailable == 0

    def test_a_header_and_no_rows(self) -> None:
        assert refusal("email,name\n") == ["a.csv: has a header and no rows; export the list again"]

    def test_an_odd_word_in_the_last_of_many_rows_stops_all(self) -> None:
        rows = "".join(f"u{number}@x.example,active\n" for number in range(3000))
        assert "not understood: 'odd'" in refusal(f"email,status\n{rows}z@x.example,odd\n")[0]

    def test_many_odd_words_are_named_in_part(self) -> None:
        rows = "".join(f"u{number}@x.example,word{number}\n" for number in range(300))
        assert refusal(f"email,status\n{rows}")[0].count("'word") == 10
        assert "and 90 more" in refusal(f"email,status\n{rows}")[0]

    def test_no_list(self) -> None:
        assert refusal() == ["nobody may be mailed (no rows); `newsletter list check` names every row and the reason"]

    def test_two_columns_of_addresses(self) -> None:
        assert refusal("boss,me\na@x.example,b@x.example\n") == [
            "a.csv: 'boss' and 'me' both hold addresses; say which: --column email=HEADER"
        ]

    def test_a_column_without_a_header_of_truth_values(self) -> None:
        (said,) = refusal("a@x.example,true\nb@x.example,false\n")
        assert said.startswith("a.csv: column 2 may say who must not be mailed and is not understood: 'true', 'false'")
        assert "--opt-out '2=VALUE'" in said


class TestWishes:
    def test_columns_by_name_or_number(self) -> None:
        text = "boss,me,called,level\na@x.example,b@x.example,Bo,gold\n"
        for email in ("me", "ME", "2", "column 2"):
            assert chosen(build(text, columns={"email": email})) == ["b full"]
        found = next(build(text, columns={"email": "me", "name": "called"}).chosen(Audience.EVERYONE)).subscriber
        assert found.fields["name"] == "Bo"

    def test_a_tier_by_its_column(self) -> None:
        roll = build("email,level,tier\na@x.example,paid,x\n", columns={"tier": ["level"]})
        assert chosen(roll, Audience.ONLY_PAID) == ["a full"]

    def test_an_opt_out_that_only_the_user_understands(self) -> None:
        text = "email,status\na@x.example,lead\nb@x.example,gone fishing\nc@x.example,unsubscribed\n"
        for said in (["status=gone fishing"], {"Status": "Gone  Fishing"}, {"STATUS": ["x", "gone fishing"]}):
            roll = build(text, opt_out=said)
            assert chosen(roll) == ["a full"], "what the vocabulary knows still wins"

    def test_any_value_and_no_value(self) -> None:
        text = "email,cancelled_at\na@x.example,\nb@x.example,2024-01-01\n"
        assert chosen(build(text, opt_out=["cancelled_at=*"])) == ["a full"]
        assert chosen(build(text, opt_out=["cancelled_at="])) == ["b full"]

    def test_a_column_that_is_no_mark_becomes_one(self) -> None:
        assert chosen(build("email,team\na@x.example,red\nb@x.example,blue\n", opt_out=["team=red"])) == ["b full"]

    def test_a_column_that_says_nothing_on_mailing(self) -> None:
        text = "email,status,state\na@x.example,lead,gone\nb@x.example,unsubscribed,CA\n"
        assert chosen(build(text, columns={"ignore": "Status, 3"})) == ["a full", "b full"]

    def test_a_column_that_no_list_has(self) -> None:
        said = refusal(TIERED, "email,plan\nz@x.example,x\n", columns={"ignore": "plam"}, opt_out=["plan=x", "zip=1"])
        assert said == [
            "a.csv: no column 'plam'; it has email, name, tier",
            "a.csv: no column 'zip'; it has email, name, tier",
        ]

    def test_wrong_usage(self) -> None:
        with pytest.raises(UsageError, match="'mail' is none of email, first_name"):
            build(TIERED, columns={"mail": "x"})
        for said in ("status", "=x"):
            with pytest.raises(UsageError, match="write COLUMN=VALUE"):
                build(TIERED, opt_out=[said])
