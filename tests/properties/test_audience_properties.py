"""Whatever the bytes: a list is read or Refused, and nobody who is marked out is mailed."""

from __future__ import annotations

import codecs
import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, strategies as st

from newsletter_cli.audience import convert, packed, segment, table
from newsletter_cli.audience.roll import Roll
from newsletter_cli.post.model import Audience
from newsletter_cli.problems import Refused

if TYPE_CHECKING:
    from newsletter_cli.audience.table import Row

# Columns that say who is out, in many spellings; with what they say of one who may be mailed, and of one who must not.
YES = ["true", "TRUE", "Yes", "1", "x", "ja", "oui", "sí", "on", "T"]
NO = ["false", "FALSE", "No", "0", "nein", "non", "off", "F"]
DATE = ["2024-02-03", "2024-02-03 04:05:06", "03/02/2024", "2024-02-03T04:05:06.789Z", "1706929506"]
NOTHING = ["", " ", "NULL", "n/a", "-"]
STATUS_IN = ["active", "Subscribed", "ENABLED", " confirmed ", "aktiv", "abonné", "activo"]
STATUS_OUT = [
    *("unsubscribed", "Un-Subscribed", "UNSUBSCRIBED", "Bounced", "bounced (hard)", "complained", "Spam complaint"),
    *("cleaned", "blocklisted", "blacklisted", "disabled", "deleted", "inactive", "pending", "unconfirmed", "opt-out"),
    *(
        "Opted out",
        "do not email",
        "abgemeldet",
        "désabonné",
        "baja",
        "disiscritto",
        "archived",
        "suppressed",
        "cancelled",
    ),
    *("un\u200bsubscribed", "\ufeffunsubscribed", "ｕｎｓｕｂｓｃｒｉｂｅｄ", "unsub\u00adscribed"),
]
MARKS: list[tuple[str, list[str], list[str]]] = [
    *(
        (header, STATUS_IN, STATUS_OUT)
        for header in ("status", "Status", " STATUS ", "email_status", "Subscription Status")
    ),
    *(
        (header, STATUS_IN, STATUS_OUT)
        for header in ("Subscriber state", "Abo-Status", "Statut", "Estado", "global status")
    ),
    *(
        (header, NO + NOTHING, YES + DATE)
        for header in ("unsubscribed", "Opt Out", "opt_out", "optOut", "email_disabled")
    ),
    *(
        (header, NO + NOTHING, YES + DATE)
        for header in ("Bounced", "isBounced", "ISDELETED", "do_not_email", "blacklisted")
    ),
    *((header, NO + NOTHING, YES + DATE) for header in ("Désabonné", "Abgemeldet", "SPAM")),
    *(
        (header, YES + DATE, NO + NOTHING)
        for header in ("subscribed", "isSubscribed", "Opt-In", "consent", "confirmed")
    ),
    *((header, YES + DATE, NO + NOTHING) for header in ("isactive", "Accepts Email Marketing", "enabled", "verified")),
    *((header, NOTHING, DATE + YES) for header in ("unsubscribed_at", "Unsubscribe date", "deleted_at", "Bounced at")),
    *((header, NOTHING, [*DATE, "asked by phone"]) for header in ("unsubscribe reason", "Opt-Out Date")),
    ("tags", ["vip", "", "a, b"], ["vip, unsubscribed", "Unsubscribed", "a|bounced"]),
    ("Remarks", ["likes cats", ""], ["unsubscribed", "BOUNCED", "Do Not Email"]),
]
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="@"), max_size=8).map(str.strip)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"])


@st.composite
def marked_lists(draw: st.DrawFn) -> tuple[bytes, set[str], set[str]]:
    """A list with marks: its bytes, who may be mailed, and who must not."""
    marks = draw(
        st.lists(st.sampled_from(MARKS), min_size=1, max_size=3, unique_by=lambda mark: mark[0].strip().casefold())
    )
    columns = draw(st.permutations([("Email", [], []), ("Full name", [], []), *marks]))
    rows = [[header for header, _, _ in columns]]
    good: set[str] = set()
    bad: set[str] = set()
    for number in range(draw(st.integers(1, 8))):
        address = f"u{number}@x.example"
        out = draw(st.sampled_from([None, *marks]))
        (bad if out else good).add(address)
        cells = []
        for column in columns:
            header, fine, wrong = column
            if header == "Email":
                cells.append(address)
            elif header == "Full name":
                cells.append(draw(NAMES))
            else:
                cells.append(draw(st.sampled_from(wrong if column is out else fine)))
        rows.append(cells)
    text = io.StringIO()
    writer = csv.writer(
        text,
        delimiter=draw(st.sampled_from([",", ";", "\t"])),
        quoting=draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])),
        lineterminator=draw(st.sampled_from(["\n", "\r\n", "\r"])),
    )
    writer.writerows(rows)
    return text.getvalue().encode(draw(ENCODINGS)), good, bad


def build(data: bytes, file: str = "list.csv") -> Roll:
    return Roll.build([(file, data)], person=str.encode, everywhere=str.encode, allow_empty=True)


def mailed(roll: Roll) -> set[str]:
    return {str(one.subscriber.address) for one in roll.chosen(Audience.EVERYONE)}


@given(marked_lists())
def test_nobody_who_is_marked_out_is_mailed_and_nobody_else_is_lost(case: tuple[bytes, set[str], set[str]]) -> None:
    data, good, bad = case
    roll = build(data)
    assert mailed(roll) == good
    assert {row.email for row in roll.left_out(Audience.EVERYONE)} == bad


@given(marked_lists(), marked_lists())
def test_who_is_out_in_one_list_is_out_in_all(
    first: tuple[bytes, set[str], set[str]], second: tuple[bytes, set[str], set[str]]
) -> None:
    roll = Roll.build(
        [("a.csv", first[0]), ("b.csv", second[0])], person=str.encode, everywhere=str.encode, allow_empty=True
    )
    assert mailed(roll) == (first[1] | second[1]) - (first[2] | second[2])
    assert roll.counts.duplicates == len((first[1] | first[2]) & (second[1] | second[2]))


@given(
    marked_lists(), st.sampled_from(["status", "Unsubscribed", "opt in", "Bounced"]), st.sampled_from(["zzz", "qwx 17"])
)
def test_a_mark_that_is_not_understood_stops_all(
    case: tuple[bytes, set[str], set[str]], header: str, word: str
) -> None:
    rows = list(csv.reader(io.StringIO("Email,Kind of thing\na@x.example,\nb@x.example,\n")))
    rows[0][1], rows[2][1] = header, word
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    with pytest.raises(Refused, match=word):
        Roll.build(
            [("good.csv", case[0]), ("odd.csv", text.getvalue().encode())],
            person=str.encode,
            everywhere=str.encode,
            allow_empty=True,
        )


PIECES = st.sampled_from(
    [
        *(
            "email",
            "Email",
            "name",
            "status",
            "unsubscribed",
            "tier",
            "true",
            "false",
            "active",
            "free",
            "paid",
            "2024-01-01",
        ),
        *(
            "a@x.example",
            "b@x.example",
            "A@X.example",
            "<a@x.example>",
            "mailto:b@x.example",
            "a@x.example b@x.example",
        ),
        *(
            ",",
            ";",
            "\t",
            "|",
            '"',
            '""',
            "\n",
            "\r\n",
            "\r",
            " ",
            "sep=;",
            "\x00",
            "\ufeff",
            "=",
            "{",
            "[",
            "}",
            "]",
            ":",
        ),
        *("é", "\ud7ff", "\U0001f600", "\u2028", "null", "-1", "{{ x }}"),
    ]
)
TEXTS = st.lists(PIECES, max_size=60).map("".join)


@given(st.one_of(st.binary(max_size=200), TEXTS.map(str.encode), TEXTS.map(lambda text: text.encode("utf-16"))))
@example(codecs.BOM_UTF16_LE + b"\x00")
@example(b"\xff\xfe\x00\x00\x00")
@example(b'email\n"')
@example(b"[1, 2, {}]")
@example(b'{"a": []}')
@example(b'[{"email": "a@x.example"}] trailing')
def test_whatever_the_bytes_a_list_is_read_or_refused(data: bytes) -> None:
    try:
        roll = build(data)
    except Refused:
        return
    chosen = list(roll.chosen(Audience.EVERYONE))
    left_out = list(roll.left_out(Audience.EVERYONE))
    counts = roll.counts
    assert counts.rows == len(chosen) + len(left_out)
    assert counts.rows == counts.mailable + counts.opted_out + counts.invalid + counts.duplicates + counts.excluded
    assert len({one.person for one in chosen}) == len(chosen), "each person once"
    assert all(row.reason and row.line > 0 for row in left_out)
    convert.rejects(roll.rejects())
    assert mailed(build(convert.plain(one.subscriber for one in chosen))) == mailed(roll) if chosen else True


@given(TEXTS.map(str.encode), st.integers(1, 7))
def test_blocks_of_any_size_give_the_same_rows(data: bytes, size: int) -> None:
    def rows(content: bytes | list[bytes]) -> tuple[object, list[Row]] | str:
        try:
            opened = table.rows(content, file="f")
            return opened.header, list(opened.rows)
        except Refused as refused:
            return str(refused)

    assert rows(data) == rows([data[start : start + size] for start in range(0, len(data), size)])


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), min_size=1))
@example(["\x1e"])
@example(["\x1f", ""])
@example([""])
def test_cells_are_packed_and_unpacked(cells: list[str]) -> None:
    assert packed.unpack(packed.pack(cells)) == cells


SEGMENT = st.lists(
    st.sampled_from(
        [
            *(
                "plan",
                "country",
                "tier",
                '"My column"',
                "and",
                "or",
                "not",
                "in",
                "is",
                "empty",
                "contains",
                "(",
                ")",
                ",",
            ),
            *("'x'", "''", "'it''s'", "1", "-2.5", "=", "!=", "<", ">=", "<>", "'", '"', "__import__", "\x00"),
        ]
    ),
    max_size=14,
).map(" ".join)


@given(
    st.one_of(SEGMENT, st.text(max_size=30)),
    st.dictionaries(st.sampled_from(["plan", "country", "mycolumn"]), st.text(max_size=4)),
)
def test_a_segment_is_read_or_refused_and_then_always_decides(text: str, fields: dict[str, str]) -> None:
    try:
        read = segment.parse(text)
    except Refused:
        return
    assert read.holds(fields) in {True, False}


@given(marked_lists())
def test_what_is_converted_reads_back(case: tuple[bytes, set[str], set[str]]) -> None:
    first = build(case[0])
    chosen = [one.subscriber for one in first.chosen(Audience.EVERYONE)]
    if chosen:
        again = build(convert.plain(chosen))
        back = [one.subscriber for one in again.chosen(Audience.EVERYONE)]
        assert [(one.address, one.tier, one.fields.get("name", "")) for one in back] == [
            (one.address, one.tier, one.fields.get("name", "")) for one in chosen
        ]


@given(marked_lists())
def test_rejects_read_again_mail_nobody_who_was_out(case: tuple[bytes, set[str], set[str]]) -> None:
    rejects = convert.rejects(build(case[0]).rejects())
    if case[2]:
        assert not mailed(build(rejects))
