"""Addresses in the dress of links, spreadsheets and lists of several; and the no of a row that nobody can mail."""

from __future__ import annotations

import pytest

from newsletter_cli.audience.wrapped import addresses_in, unwrapped
from tests.unit.audience.rolls import build, chosen, left_out


@pytest.mark.parametrize(
    "cell",
    [
        '=HYPERLINK("mailto:a@x.example","a@x.example")',
        '<a href="mailto:a@x.example">a@x.example</a>',
        "[a@x.example](mailto:a@x.example)",
        "mailto:a@x.example?subject=Hello",
        "\u200ba@x.example\u202c",
        "'a@x.example",
        "' a@x.example",
        "''a@x.example",
        f"{'n' * 900} <'a@x.example>",
        '="a@x.example"',
        "a\u00ad@x.example",
    ],
)
def test_one_address_in_some_dress_is_mailed(cell: str) -> None:
    quoted = cell.replace('"', '""')
    assert [name.partition(" ")[0] for name in chosen(build(f'email,name\n"{quoted}",Ann\n'))] == ["a"]


@pytest.mark.parametrize(
    "cell", ['<a href="mailto:a@x.example">b@x.example</a>', "a@x.example (old)", "a@x.example b@x.example", "a@x", ""]
)
def test_a_cell_that_may_mean_another_is_not(cell: str) -> None:
    quoted = cell.replace('"', '""')
    assert left_out(build(f'email,name\n"{quoted}",Ann\nc@x.example,Cy\n'))[0].startswith("a.csv:2 ")


def test_whoever_stands_in_a_cell_is_found() -> None:
    cell = "Ann <a@x.example>; b@x.example, (o'brien@x.example) mailto:D@x.example?subject=x a@X.example"
    cell += " e@ @f \0g@x.example"
    assert [str(one) for one in addresses_in(cell)] == [
        *("a@x.example", "b@x.example", "o'brien@x.example", "D@x.example", "g@x.example"),
    ]
    assert unwrapped("a b") == "a b"


def test_the_no_of_a_row_that_cannot_be_mailed_is_the_no_of_everybody_in_it() -> None:
    roll = build(
        'email,status\n"a@x.example, b@x.example",unsubscribed\nc\0@x.example,bounced\nd@x.example (old),bounced\n'
        "b@x.example,active\nc@x.example,active\nd@x.example,active\ne@x.example,active\ne2@x.example old,active\n"
    )
    assert chosen(roll) == ["e full"]
    assert left_out(roll)[:2] == [
        "a.csv:2 opted out: status is 'unsubscribed'",
        "a.csv:2 opted out: status is 'unsubscribed'",
    ]


def test_an_excluded_cell_of_several_excludes_them_all() -> None:
    excluded = 'email\n"a@x.example; B@x.example"\n'
    roll = build("email\na@x.example\nb@x.example\nc@x.example\n", exclude=[("no.csv", excluded)])
    assert chosen(roll) == ["c full"]


def test_one_person_in_another_width_is_one() -> None:
    assert left_out(build("email,status\n\uff41@x.example,active\na@x.example,unsubscribed\nb@x.example,active\n")) == [
        "a.csv:2 duplicate of line 3",
        "a.csv:3 opted out: status is 'unsubscribed'",
    ]
