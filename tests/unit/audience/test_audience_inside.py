"""Opt-outs inside JSON cells of a CSV: listmonk's attributes, Keila's data, and what others keep in one cell."""

from __future__ import annotations

import pytest

from tests.unit.audience.rolls import build, left_out, refusal

HEADER = "uuid,email,name,attributes,status,created_at,updated_at"


def _list(cell: str) -> str:
    quoted = cell.replace('"', '""')
    rows = f'u,a@x.example,Ann,"{quoted}",enabled,,\nv,b@x.example,Bo,{{}},enabled,,\nw,c@x.example,Cy,,enabled\n'
    return f"{HEADER}\n{rows}"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ('{"unsubscribed": true}', "attributes.unsubscribed is 'true'"),
        ('{"newsletter": {"subscribed": false}}', "attributes.newsletter.subscribed is 'false'"),
        ('{"lists": [{"id": 1}, {"status": "bounced"}]}', "attributes.lists.status is 'bounced'"),
        ('[{"id": 1, "optin": "single", "subscription_status": "unsubscribed"}]', "subscription_status is 'unsub"),
        ('{"tags": ["vip", "unsubscribed"]}', "attributes.tags is 'vip, unsubscribed'"),
        ('{"opt_out_at": "2021-01-01"}', "attributes.opt_out_at is '2021-01-01'"),
        ('{"how": "Opted out"}', "attributes.how is 'Opted out'"),
    ],
)
def test_a_no_inside_is_a_no(cell: str, said: str) -> None:
    assert said in left_out(build(_list(cell)))[0]
    assert len(left_out(build(_list(cell)))) == 1


@pytest.mark.parametrize(
    "cell",
    [
        '{"city": "Bonn", "likes_tea": true, "age": 5, "none": null}',
        '{"unsubscribed": false}',
        '[{"id": 1, "optin": "double", "status": "active", "subscription_status": "confirmed"}]',
        '{"state": "CA"}',
        '{"broken": ',
        "{" * 5000,
        "not json",
    ],
)
def test_whatever_else_stands_there_leaves_nobody_out(cell: str) -> None:
    assert left_out(build(_list(cell))) == []


def test_a_word_inside_that_nobody_understands_stops_all_until_it_is_settled() -> None:
    odd = _list('{"status": "odd"}')
    assert "column 'attributes.status' may say who must not be mailed and is not understood: 'odd'" in refusal(odd)[0]
    assert "attributes.status is 'odd'" in left_out(build(odd, opt_out=["attributes.status=odd"]))[0]
    assert left_out(build(odd, columns={"ignore": "attributes.status"})) == []
    assert left_out(build(odd, columns={"ignore": "attributes"})) == []
    assert "no column 'attributes.stat'" in refusal(odd, columns={"ignore": "attributes.stat"})[-1]


def test_what_begins_like_json_and_holds_a_word_of_leaving_stops_all() -> None:
    assert "column 'attributes' may say" in refusal(_list("{'unsubscribed': True}"))[0]


def test_a_column_is_looked_into_where_its_first_rows_hold_nothing() -> None:
    rows = "".join(f"u{number}@x.example,\n" for number in range(1500))
    text = f'email,metadata\n{rows}a@x.example,"{{""unsubscribed"": 1}}"\n'
    assert left_out(build(text)) == ["a.csv:1502 opted out: metadata.unsubscribed is '1'"]


def test_many_different_keys_do_not_fill_the_memory() -> None:
    rows = "".join(f'u{number}@x.example,"{{""k{number}"": {{""unsubscribed"": 0}}}}"\n' for number in range(5000))
    roll = build(f"email,data\n{rows}")
    assert roll.counts.mailable == 5000


def test_memberships_of_different_number_in_a_list_of_json() -> None:
    people = ",\n".join(
        f'{{"email": "{letter}@x.example", "lists": [{", ".join(memberships)}]}}'
        for letter, memberships in {
            "a": ['{"subscription_status": "confirmed"}'],
            "b": ['{"subscription_status": "confirmed"}'] * 2,
            "c": [],
            "d": ['{"subscription_status": "confirmed"}', '{"subscription_status": "unsubscribed"}'],
        }.items()
    )
    assert left_out(build(f"[{people}]")) == ["a.csv:4 opted out: lists.subscription_status is 'unsubscribed'"]
    lines = people.replace(",\n", "\n")
    assert left_out(build(lines)) == ["a.csv:4 opted out: lists.subscription_status is 'unsubscribed'"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"data": {"results": [\n', '], "total": 2}}'),
        ('{"tags": [{"id": 1}], "owner": "me@x.example", "members": [\n', "]}"),
        ('{"meta": {"results": [{"id": 1}]}, "data": {"results": [\n', "]}}"),
        ('{"r\\u00e9sultats": [\n', "]}"),
    ],
)
def test_the_list_of_people_in_the_answer_of_an_api(before: str, after: str) -> None:
    people = '{"email": "a@x.example", "status": "enabled"},\n{"email": "b@x.example", "status": "blocklisted"}'
    found = left_out(build(f"{before}{people}{after}"))
    assert len(found) == 1
    assert found[0].endswith("opted out: status is 'blocklisted'")
