"""Lists become one roll: each person once, everybody else with line and reason."""

from __future__ import annotations

import io
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from newsletter_cli.audience.exports import recognise
from newsletter_cli.audience.model import Entry, LeftOut, Subscriber, Tier
from newsletter_cli.audience.roll import Roll
from newsletter_cli.audience.table import Row, rows
from newsletter_cli.audience.wishes import Wishes
from newsletter_cli.post.model import Audience
from newsletter_cli.problems import Refused
from tests.unit.audience.rolls import TIERED, build, chosen, left_out, refusal

if TYPE_CHECKING:
    from newsletter_cli.audience.reader import Reader


def test_one_list_in_its_order() -> None:
    roll = build(TIERED)
    assert chosen(roll) == ["ann full", "bo full", "cy full"]
    one = next(roll.chosen(Audience.EVERYONE))
    assert one.person == b"person ann@x.example"
    assert (one.subscriber.file, one.subscriber.line, one.subscriber.tier) == ("a.csv", 2, Tier.FREE)
    assert dict(one.subscriber.fields) == {"email": "ann@x.example", "name": "Ann", "tier": "free"}
    assert repr(one.subscriber.fields) == "{'email': 'ann@x.example', 'name': 'Ann', 'tier': 'free'}"
    assert len(one.subscriber.fields) == 3
    roll.close()


def test_audiences_and_the_paywall() -> None:
    roll = build(TIERED)
    assert chosen(roll, Audience.EVERYONE, paywalled=True) == ["ann free", "bo full", "cy full"]
    assert chosen(roll, Audience.ONLY_PAID) == ["bo full", "cy full"]
    assert chosen(roll, Audience.ONLY_PAID, paywalled=True) == ["ann free", "bo full", "cy full"]
    assert chosen(roll, Audience.ONLY_FREE) == ["ann full"]
    assert chosen(roll, Audience.FOUNDING) == ["cy full"]
    assert left_out(roll, Audience.ONLY_PAID) == [
        "a.csv:2 not in the audience: a free reader, and the post is for paid ones"
    ]
    assert left_out(roll, Audience.FOUNDING) == [
        "a.csv:2 not in the audience: the post is for founding readers",
        "a.csv:3 not in the audience: the post is for founding readers",
    ]


@pytest.mark.parametrize("audience", Audience)
@pytest.mark.parametrize("paywalled", [False, True])
@pytest.mark.parametrize("segment", ["", "name != 'Bo'"])
def test_entries_and_count_are_those_chosen(audience: Audience, segment: str, *, paywalled: bool) -> None:
    again = """email,name,tier,unsubscribed
    BO@x.example,Bo,paid,
    di@x.example,Di,paid,yes
    nobody,,,
    Él@x.example,Él,free,
    """
    roll = build(TIERED, again)
    said: dict[str, Any] = {"segment": segment, "paywalled": paywalled}
    slowly = []
    for person, everywhere, subscriber, version in roll.chosen(audience, **said):
        address = subscriber.address
        where = (subscriber.file, subscriber.line)
        slowly.append((person, everywhere, str(address), version, *where, dict(subscriber.fields)))
    assert [(*one[:-1], dict(one.fields)) for one in roll.entries(audience, **said)] == slowly
    assert all(type(one) is Entry for one in roll.entries(audience, **said))
    if not segment:
        without = list(roll.entries(audience, **said, fields=False))
        assert [(*one[:-1], dict(one.fields)) for one in without] == [(*one[:-1], {}) for one in slowly]
        shelf = roll.shelf(audience, paywalled=paywalled)
        names = "person, everywhere, email, version, file, line, fields"
        copied = shelf.database.execute(f"SELECT {names} FROM ({shelf.query}) ORDER BY number", shelf.parameters)
        assert list(copied) == [(*one[:-1], None) for one in slowly]
        assert shelf.last == roll.counts.rows
    assert roll.count(audience, **said) == len(slowly)
    assert slowly or audience is Audience.FOUNDING


def test_entries_and_count_refuse_what_chosen_refuses() -> None:
    roll = build("email\ndi@x.example\n")
    with pytest.raises(Refused, match="does not tell whether"):
        roll.entries(Audience.ONLY_PAID)
    with pytest.raises(Refused, match="does not tell whether"):
        roll.count(Audience.ONLY_PAID)


def test_a_tier_that_is_needed_and_not_told_stops_all() -> None:
    roll = build(("known.csv", TIERED), ("plain.csv", "email\ndi@x.example\nel@x.example\n"))
    assert len(chosen(roll)) == 5
    with pytest.raises(Refused) as refused:
        roll.chosen(Audience.ONLY_PAID)
    assert str(refused.value) == (
        "plain.csv:2: the list does not tell whether di@x.example is paid or free (and 1 more), and the post is for"
        " only paid; add a column `tier` with free, paid or founding, or name the one that has it: --column tier=…"
    )
    with pytest.raises(Refused, match="the post is for everyone with a paywall"):
        roll.left_out(Audience.EVERYONE, paywalled=True)


def test_an_unknown_word_of_a_tier_is_no_tier() -> None:
    with pytest.raises(Refused, match=r"does not tell whether bo@x\.example is paid"):
        build("email,tier\nann@x.example,free\nbo@x.example,silver\n").chosen(Audience.ONLY_FREE)


def test_a_list_that_cannot_tell_founders_is_refused_for_them_alone() -> None:
    roll = build("email,active_subscription,email_disabled\nann@x.example,true,false\nbo@x.example,false,false\n")
    assert chosen(roll, Audience.ONLY_PAID) == ["ann full"]
    with pytest.raises(Refused, match=r"does not tell whether ann@x\.example is founding"):
        roll.chosen(Audience.FOUNDING)


def test_another_list_may_tell_it() -> None:
    substack = "email,active_subscription,email_disabled\nann@x.example,true,false\nbo@x.example,false,false\n"
    roll = build(substack, "email,tier\nANN@x.example,founding\nbo@x.example,free\n")
    assert chosen(roll, Audience.FOUNDING) == ["ANN full"]


class TestDuplicates:
    def test_letter_case_and_idn_forms_are_one_person(self) -> None:
        roll = build(
            "email\nann@x.example\nANN@X.example\nu@münchen.example\nu@xn--mnchen-3ya.example\nann+t@x.example\n"
        )
        assert chosen(roll) == ["ann full", "u full", "ann+t full"]
        assert left_out(roll) == ["a.csv:3 duplicate of line 2", "a.csv:5 duplicate of line 4"]

    def test_an_opt_out_wins_over_rows_and_lists(self) -> None:
        roll = build(
            "email,status\nann@x.example,active\nbo@x.example,active\nann@x.example,unsubscribed\n",
            "email,tier\nbo@x.example,paid\n",
            "email,unsubscribed\nBO@x.example,yes\n",
            allow_empty=True,
        )
        assert chosen(roll) == []
        assert left_out(roll) == [
            "a.csv:2 duplicate of line 4",
            "a.csv:3 duplicate of line 2 of c.csv",
            "a.csv:4 opted out: status is 'unsubscribed'",
            "b.csv:2 duplicate of line 2 of c.csv",
            "c.csv:2 opted out: unsubscribed is 'yes'",
        ]

    def test_then_paid_wins_then_the_first(self) -> None:
        roll = build(
            "email,tier,name\na@x.example,free,1\na@x.example,paid,2\na@x.example,paid,3\n", "email\na@x.example\n"
        )
        kept = next(roll.chosen(Audience.ONLY_PAID))
        assert kept.subscriber.line == 3
        assert left_out(roll) == [
            "a.csv:2 duplicate of line 3",
            "a.csv:4 duplicate of line 3",
            "b.csv:2 duplicate of line 3 of a.csv",
        ]

    def test_the_first_row_keeps_its_place_and_learns_the_tier(self) -> None:
        roll = build("email,name\na@x.example,Ann\n", "email,tier\na@x.example,free\n")
        kept = next(roll.chosen(Audience.ONLY_FREE)).subscriber
        assert (kept.file, kept.tier, kept.fields["name"]) == ("a.csv", Tier.FREE, "Ann")

    def test_the_same_list_twice(self) -> None:
        roll = build(TIERED, TIERED)
        assert len(chosen(roll)) == 3
        assert roll.counts.duplicates == 3


class TestExclude:
    def test_whoever_is_in_an_excluded_list_whatever_it_says_of_them(self) -> None:
        roll = build(TIERED, exclude=[("staff.csv", "email,status\nBO@x.example,active\nbroken,\n")])
        assert chosen(roll) == ["ann full", "cy full"]
        assert left_out(roll) == ["a.csv:3 excluded by staff.csv:2"]
        assert roll.counts.excluded == 1

    def test_an_excluded_list_that_cannot_be_read_stops_all(self) -> None:
        assert refusal(TIERED, exclude=[("staff.csv", "")]) == ["staff.csv: is empty; export the list again"]


class TestQuestions:
    def test_one_person(self) -> None:
        roll = build(TIERED, "email,status,tier\ndi@x.example,unsubscribed,free\n")
        person = b"person bo@x.example"
        assert roll.contains(person)
        assert roll.contains(person)
        found = roll.get(person, Audience.ONLY_PAID)
        assert found is not None
        assert (found.person, str(found.subscriber.address), found.version) == (person, "bo@x.example", "full")
        assert roll.get(person, Audience.ONLY_FREE) is None
        assert roll.get(b"person di@x.example", Audience.EVERYONE) is None
        assert not roll.contains(b"person di@x.example")
        assert roll.get(b"nobody", Audience.EVERYONE) is None

    def test_segments(self) -> None:
        roll = build("email,Country,tier\nann@x.example,DE,free\nbo@x.example,AT,paid\n")
        assert chosen(roll, segment="country in ('DE')") == ["ann full"]
        assert chosen(roll, segment="tier = 'paid'") == ["bo full"]
        assert chosen(roll, segment="name is empty") == ["ann full", "bo full"]
        assert left_out(roll, segment=" country = 'DE' ") == ["a.csv:3 not in the segment: country = 'DE'"]
        with pytest.raises(Refused, match=r"a.csv: no column 'contry'.*is 'Country' meant"):
            roll.chosen(Audience.EVERYONE, segment="contry = 'DE'")
        with pytest.raises(Refused, match="a comparison is missing"):
            roll.chosen(Audience.EVERYONE, segment="country")

    def test_counts(self) -> None:
        roll = build(
            "email,status,tier\na@x.example,active,paid\nb@x.example,bounced,free\nx,active,\nA@x.example,active,"
        )
        counts = roll.counts
        assert (counts.rows, counts.mailable, counts.opted_out, counts.invalid, counts.duplicates) == (4, 1, 1, 1, 1)
        assert counts.by_tier == {"paid": 1}

    def test_what_the_lists_are(self) -> None:
        roll = build("Email;Name\nann@x.example;Ann\n")
        (entry,) = roll.lists
        assert (entry.file, entry.service, entry.delimiter, entry.rows) == ("a.csv", "plain", ";", 1)
        assert not entry.tells_opt_out
        assert build("email,status\na@x.example,active\n").lists[0].tells_opt_out

    def test_subscribers_opted_out_or_not(self) -> None:
        roll = build("email,status\na@x.example,active\nb@x.example,bounced\nA@x.example,active\nx,active\n")
        assert [(str(one.address), one.opted_out) for one in roll.subscribers()] == [
            ("a@x.example", ""),
            ("b@x.example", "opted out: status is 'bounced'"),
        ]

    def test_rejects_hold_the_row_as_it_stood(self) -> None:
        roll = build("email,name\na@x.example,Ann\nbroken , Bo\n")
        assert list(roll.rejects()) == [
            (
                LeftOut("a.csv", 3, "broken", "no valid address: an email address must have an @-sign"),
                ("email", "name"),
                ["broken ", " Bo"],
            )
        ]

    def test_typos_and_roles_are_warned_of_and_mailed(self) -> None:
        roll = build("email\nann@gmial.com\nInfo@x.example\nbo@gmail.con\nann@gmail.com\n")
        assert [str(problem) for problem in roll.problems] == [
            "a.csv:2: ann@gmial.com: is gmail.com meant?",
            "a.csv:4: bo@gmail.con: is gmail.com meant?",
            "a.csv:3: Info@x.example is a role, not a person",
        ]
        assert {problem.severity for problem in roll.problems} == {"warning"}
        assert len(chosen(roll)) == 4

    def test_many_warnings_are_counted(self) -> None:
        rows = "".join(f"u{number}@hotmial.com\n" for number in range(50))
        problems = build(f"email\n{rows}").problems
        assert len(problems) == 21
        assert str(problems[-1]) == "and 30 more like these"


def test_an_opt_out_deep_inside_json() -> None:
    good = '{"email": "a@x.example", "subscriptions": {"email": {"marketing": {"consent": "SUBSCRIBED"}}}}'
    bad = '{"email": "b@x.example", "subscriptions": {"email": {"marketing": {"consent": "UNSUBSCRIBED"}}}}'
    roll = build(f"[{good},\n{bad}]")
    assert chosen(roll) == ["a full"]
    assert left_out(roll) == ["a.csv:2 opted out: subscriptions.email.marketing.consent is 'UNSUBSCRIBED'"]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_list() -> None:
    def peak(rows: int) -> int:
        text = "email,name,status\n" + "".join(f"reader{number}@x.example,Ann,active\n" for number in range(rows))
        stream = io.BytesIO(text.encode())
        tracemalloc.start()
        roll = Roll.build([("-", stream)], person=str.encode, everywhere=str.encode)
        assert sum(1 for _ in roll.chosen(Audience.EVERYONE)) == rows
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(10)  # what is made once
    assert peak(24_000) < 1.3 * peak(6_000)


def test_a_list_may_be_a_stream() -> None:
    roll = Roll.build([("-", io.BytesIO(b"email\na@x.example\n"))], person=str.encode, everywhere=str.encode)
    assert chosen(roll) == ["a full"]


def test_names_in_every_shape() -> None:
    def names(text: str) -> dict[str, str]:
        fields = next(build(text).chosen(Audience.EVERYONE)).subscriber.fields
        return {key: fields[key] for key in ("first_name", "last_name", "name") if key in fields}

    both = {"first_name": "Ann", "last_name": "Able", "name": "Ann Able"}
    assert names("First Name,Last Name,Email\n Ann , Able ,a@x.example\n") == both
    assert names("Vorname;Name;E-Mail-Adresse\nAnn;Able;a@x.example\n") == both
    assert names("Prénom,Nom,Courriel\nAnn,Able,a@x.example\n") == both
    assert names("Nombre,Apellidos,Correo electrónico\nAnn,Able,a@x.example\n") == both
    assert names("Name,Surname,Email\nAnn,Able,a@x.example\n") == both
    assert names("Nom,Email\nAnn Able,a@x.example\n") == {"name": "Ann Able"}
    assert names("Email\nAnn Able <a@x.example>\n") == {"name": "Ann Able"}
    assert names("Email\n<a@x.example>\n") == {}
    assert names('"Able, Ann <a@x.example>"\n') == {"name": "Able, Ann"}
    assert names("Ann Able;a@x.example\n") == {"name": "Ann Able"}
    assert names("Ann;Able;a@x.example\n") == {}, "which of them is the name is not known"
    assert names("name,name,email\n,Ann,a@x.example\n") == {"name": "Ann"}


def test_addresses_in_spreadsheet_dress() -> None:
    dressed = ['"=""a@x.example""","\'=x"', "'b@x.example',=\"Bo\"", "\ufeffc@x.example,", "=d@x.example,"]
    roll = build("\n".join(["email,name", *dressed, "'+e@x.example,"]))
    assert chosen(roll) == ["a full", "b full", "c full", "+e full"]
    assert left_out(roll) == ["a.csv:5 a formula, not an address"]
    assert [one.subscriber.fields["name"] for one in roll.chosen(Audience.EVERYONE)] == ["=x", "Bo", "", ""]


def test_a_row_that_holds_the_separator_of_the_database() -> None:
    roll = Roll.build(
        [("a.csv", b"email,name\na@x.example,A\x1fB\n\x1eb,x\n")], person=str.encode, everywhere=str.encode
    )
    assert next(roll.chosen(Audience.EVERYONE)).subscriber.fields["name"] == "A\x1fB"
    assert [cells for _, _, cells in roll.rejects()] == [["\x1eb", "x"]]


class TestReader:
    """The reader of one list, without a roll."""

    def reader(self, text: str) -> tuple[Reader, list[Row]]:
        opened = rows(text.encode(), file="a.csv")
        found = list(opened.rows)
        return recognise(opened.header, found, file="a.csv", wishes=Wishes()), found

    def test_rows_become_subscribers_or_are_left_out(self) -> None:
        reader, found = self.reader("email,status,tier\na@x.example,active,paid\nb@x.example,bounced,\nx,active,\n")
        first, second, third = (reader.subscriber(row) for row in found)
        assert isinstance(first, Subscriber)
        assert (first.line, first.tier, first.opted_out) == (2, Tier.PAID, "")
        assert isinstance(second, Subscriber)
        assert second.opted_out == "opted out: status is 'bounced'"
        assert third == LeftOut("a.csv", 4, "x", "no valid address: an email address must have an @-sign")
        reader.check()

    def test_what_is_not_understood_is_refused_at_the_end(self) -> None:
        reader, found = self.reader("email,status\na@x.example,odd\n")
        reader.subscriber(found[0])
        with pytest.raises(Refused, match="'odd'"):
            reader.check()


class TestByContent:
    """Columns that only their cells give away."""

    def test_a_column_of_status_words_whatever_its_header(self) -> None:
        text = "email,lifecycle\na@x.example,active\nb@x.example,inactive\n"
        assert chosen(build(text)) == ["a full"]

    def test_an_outright_word_counts_wherever_it_stands(self) -> None:
        text = "email,Group,note\na@x.example,red,likes cats\nb@x.example,Unsubscribed,\nc@x.example,blue,BOUNCED\n"
        roll = build(text)
        assert chosen(roll) == ["a full"]
        assert left_out(roll) == ["a.csv:3 opted out: Group is 'Unsubscribed'", "a.csv:4 opted out: note is 'BOUNCED'"]

    def test_beyond_the_header_too(self) -> None:
        assert left_out(build("email\na@x.example,unsubscribed\nb@x.example\n"))[0].endswith("'unsubscribed'")

    def test_not_in_a_name_and_not_in_a_column_about_telephones(self) -> None:
        text = "email,name,SMS status\na@x.example,Bounced,unsubscribed\n"
        assert chosen(build(text)) == ["a full"]

    def test_places_in_a_column_that_elsewhere_is_a_status(self) -> None:
        assert chosen(build("email,state\na@x.example,NY\nb@x.example,CA\n")) == ["a full", "b full"]
        assert chosen(build("email,state,city\na@x.example,Bavaria,Munich\n")) == ["a full"]
        assert "not understood: 'Elysium'" in refusal("email,state\na@x.example,Elysium\n")[0]

    def test_whoever_wants_the_newsletter_has_a_cross(self) -> None:
        assert chosen(build("email,Newsletter\na@x.example,x\nb@x.example,\nc@x.example,no\n")) == ["a full"]
        assert chosen(build("email,Newsletter\na@x.example,Weekly\nb@x.example,\n")) == ["a full", "b full"]

    def test_no_header_and_status_words(self) -> None:
        assert chosen(build("a@x.example,active\nb@x.example,unsubscribed\n")) == ["a full"]

    def test_a_header_that_means_the_address_and_holds_none(self) -> None:
        text = "mail,E-Mail-Adresse\nMain Street,a@x.example\n"
        assert chosen(build(text)) == ["a full"]

    def test_the_column_of_most_addresses(self) -> None:
        text = "who,note\na@x.example,see z@x.example\nb@x.example,\nc@x.example,x\nd@x.example,y\n"
        assert len(chosen(build(text))) == 4
        assert len(chosen(build("who,x\nbad,1\nworse,2\nc@x.example,3\n"))) == 1

    def test_the_posts_of_substack(self) -> None:
        said = refusal("post_id,post_date,audience,title\n1.x,2024-01-01,everyone,Hi\n")
        assert said[0].startswith("a.csv: holds the posts of a Substack export, not its subscribers")
