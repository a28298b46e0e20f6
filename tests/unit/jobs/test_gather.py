"""What is counted and queued of a list, and how a list is read."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from newsletter_cli import tokens
from newsletter_cli.audience.model import LeftOut
from newsletter_cli.audience.roll import Roll
from newsletter_cli.jobs import gather, streams
from newsletter_cli.jobs.gather import Gathered, ListSource
from newsletter_cli.ledger.model import Shelf
from newsletter_cli.post.model import Audience
from newsletter_cli.problems import Refused
from newsletter_cli.rendering.model import Context, Slot, Version

if TYPE_CHECKING:
    from pathlib import Path

KEYS = tokens.Keys.generate(bytes(range(64)))
LIST = b"""email,name,tier
ann@x.example,Ann,free
bo@x.example,,paid
nobody,,
Ann@x.example,Ann again,free
cy@x.example,Cy,free
"""


def gathered(*slots: Slot, audience: Audience = Audience.EVERYONE, merge: bool = False, segment: str = "") -> Gathered:
    roll = Roll.build([("a.csv", LIST)], person=tokens.persons(KEYS, "letter"), everywhere=tokens.everywheres(KEYS))
    meta = SimpleNamespace(audience=audience, segment=segment, merge=merge)
    drafts = {version: SimpleNamespace(slots=slots) for version in Version}
    prepared: Any = SimpleNamespace(post=SimpleNamespace(meta=meta), paywalled=False, drafts=drafts)
    return Gathered(prepared=prepared, roll=roll, problems=())


def test_a_survey_counts_by_the_database_what_a_walk_counts() -> None:
    for audience in (Audience.EVERYONE, Audience.ONLY_PAID, Audience.ONLY_FREE):
        asked = gathered(audience=audience)
        counted = gather.survey(asked, barred={})
        walked = gather.survey(gathered(audience=audience, segment="name != 'nobody'"), barred={b"else": "manual"})
        assert counted == walked == gather.survey(asked, barred={b"else": "manual"})
        assert counted.mailable == len(list(asked.chosen()))
        assert counted.left_out == tuple(asked.left_out())
        assert counted.mailable + counted.left_out_total == 5


def test_who_is_suppressed_is_left_out_with_the_reason() -> None:
    here = tokens.person(KEYS, "letter", "bo@x.example")
    anywhere = tokens.everywhere(KEYS, "cy@x.example")
    seen = gather.survey(gathered(), barred={here: "suppressed: unsubscribe", anywhere: "suppressed: complaint"})
    assert seen.mailable == 1
    assert [f"{row.line} {row.email} {row.reason}" for row in seen.left_out] == [
        "3 bo@x.example suppressed: unsubscribe",
        f"4 nobody {seen.left_out[1].reason}",
        "5 Ann@x.example duplicate of line 2",
        "6 cy@x.example suppressed: complaint",
    ]
    first = gather.survey(
        gathered(), barred={here: "suppressed: unsubscribe", anywhere: "suppressed: complaint"}, keep=2
    )
    assert first.left_out == seen.left_out[:2]
    barred = {here: "suppressed: unsubscribe", anywhere: "suppressed: complaint"}
    assert gather.survey(gathered(segment="name != 'nobody'"), barred=barred) == seen
    assert first.left_out_total == seen.left_out_total == 4


def test_a_row_without_a_field_that_is_asked_for_is_named() -> None:
    asked = gathered(Slot("slot", Context.TEXT, ("name",)), merge=True)
    seen = gather.survey(asked, barred={})
    (problem,) = seen.problems
    assert str(problem) == (
        "a.csv:3: the row of bo@x.example has no name, which the post asks for;"
        ' fill it in, or give a fallback: {{ name or "friend" }}'
    )
    assert gather.survey(gathered(Slot("slot", Context.TEXT, ("name",), "friend")), barred={}).problems == ()


def test_the_rows_to_queue_carry_fields_only_where_a_post_may_ask_for_them() -> None:
    told: list[int] = []
    rows = list(gather.recipients(gathered(), told=told.append))
    assert [(row.email, row.version, row.file, row.line, dict(row.fields)) for row in rows] == [
        ("ann@x.example", "full", "a.csv", 2, {}),
        ("bo@x.example", "full", "a.csv", 3, {}),
        ("cy@x.example", "full", "a.csv", 6, {}),
    ]
    assert told == [0]
    for row in rows:
        assert row.person == tokens.person(KEYS, "letter", row.email)
        assert row.everywhere == tokens.everywhere(KEYS, row.email)
    merged = list(gather.recipients(gathered(merge=True)))
    assert dict(merged[0].fields) == {"email": "ann@x.example", "name": "Ann", "tier": "free"}


def test_rows_are_queued_where_they_stand_unless_something_in_them_must_be_read() -> None:
    told: list[int] = []
    shelf = gather.to_queue(gathered(), told=told.append)
    assert isinstance(shelf, Shelf)
    assert list(shelf) == list(gather.recipients(gathered()))
    assert told == [0]
    for read in (gathered(merge=True), gathered(segment="name = 'Cy'")):
        rows = gather.to_queue(read, told=told.append)
        assert not isinstance(rows, Shelf)
        assert list(rows) == list(gather.recipients(read))


def test_one_person_alone_is_queued() -> None:
    bo = tokens.person(KEYS, "letter", "bo@x.example")
    assert [row.email for row in gather.recipients(gathered(), only=bo)] == ["bo@x.example"]
    assert list(gather.recipients(gathered(), only=b"nobody")) == []


def test_the_first_rows_left_out_by_file_and_line() -> None:
    rows = [LeftOut(file, line, "", "") for file in "ba" for line in (2, 1, 3)]
    whole, total = gather.first_left(rows, keep=None)
    assert [f"{row.file}{row.line}" for row in whole] == ["a1", "a2", "a3", "b1", "b2", "b3"]
    assert total == 6
    assert gather.first_left(iter(rows), keep=2) == (whole[:2], 6)


def test_a_list_is_read_in_pieces_and_told_about(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(LIST)
    told: list[str] = []
    with ListSource("a.csv").opened(tmp_path, told=told.append) as (name, stream):
        assert name == "a.csv"
        assert not isinstance(stream, bytes)
        assert stream.seekable()
        assert stream.read(50) + stream.read() == LIST
        assert stream.read() == b""
        stream.seek(0)
        assert stream.read() == LIST
    path = tmp_path / "a.csv"
    shares = ["", f": {100 * 50 // (2 * len(LIST))} %", ": 50 %", ": 100 %"]
    assert told == [f"reading {path}{share}" for share in shares]
    assert ListSource(str(path)).read() == LIST
    assert ListSource("standard input", LIST).read() == LIST
    assert ListSource("standard input", io.BytesIO(LIST)).read() == LIST


def test_a_list_that_cannot_be_read_on_is_refused(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    stream = streams.Stream(Broken(b"x"), tmp_path / "a.csv", lambda _: None)
    with pytest.raises(Refused, match="the list cannot be read: Input/output error"):
        stream.read(1)


def test_a_pipe_has_no_share(tmp_path: Path) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation

    told: list[str] = []
    stream = streams.Stream(Pipe(b"x"), tmp_path / "a.csv", told.append)
    assert (stream.read(1), stream.seekable(), told) == (b"x", False, [])
