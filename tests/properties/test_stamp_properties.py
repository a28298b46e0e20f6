"""Whatever the post: one line differs, every other byte stands; and what was stamped is seen again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import assume, example, given, strategies as st

from newsletter_cli import times
from newsletter_cli.post import read, stamp
from newsletter_cli.post.head import Kind, find, split_lines
from newsletter_cli.problems import Refused

if TYPE_CHECKING:
    from newsletter_cli.post.model import Meta, Post

PATH = Path("posts/2023-04-05-a.md")
INSTANT = datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
LEDGER = "abcd2345"

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")
ENDS = ("\n", "\r\n", "\r")


class File(NamedTuple):
    """A post's bytes, and the encoding that they are in."""

    data: bytes
    encoding: str = "utf-8"


words = st.text(st.characters(codec="cp1252", exclude_categories=("Cc", "Cs")), min_size=1, max_size=30)
plain = st.sampled_from(
    ["Hello", "12:30", "007", "27710009.2020", "a # comment", '"He said "hi" to me"', "'it''s'", "[a, b]", "{a: 1}"]
)
entries = st.one_of(
    st.builds("{}: {}".format, st.sampled_from(["title", "author", "tags", "x"]), plain),
    st.just("# a comment"),
    st.just(""),
    st.just("excerpt: |\n  some\n\n  lines"),
    st.just("excerpt: >-\n  email is sent\n  at night"),
    st.just("tags:\n  - a\n  - b"),
    st.just("tags:\n- a\n- b"),
    st.just("newsletter:\n  template: letter"),
    st.just("email_sent_at:"),
    st.just('email_sent_at: ""'),
    st.just("email_started_at: 2020-01-01T00:00:00.000Z zzzz"),
    st.just("Email_Started_At:"),
    st.just("description: a plain\n  text of two lines"),
    st.just('quoted: "a text\n  of two lines"'),
)
toml_entries = st.one_of(
    st.just('title = "x"'),
    st.just('text = """\nlines\n[no]\n"""'),
    st.just("list = [\n  [1],\n  2,\n]"),
    st.just("n = 2024-02-10"),
    st.just("# comment"),
    st.just('email_sent_at = ""'),
)
toml_ends = st.sampled_from(["", "[extra]\na = 1", "[[items]]\nb = 2\n[[items]]\nb = 3"])
pair_entries = st.sampled_from(["Title: A: b", "Date: 2020-01-01", "Tags: a, b", "Summary: text\n    goes on", "Slug:"])
bodies = st.one_of(
    st.just("Hello\n"),
    st.just("# Hello\n\nmore\n\n---\n\nend"),
    st.just("---\n\nrule"),
    st.lists(words, min_size=1, max_size=4).map("\n".join),
)


@st.composite
def heads(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(["yaml", "indented", "toml", "pairs", "none"]))
    if kind == "yaml":
        lines = draw(st.lists(entries, max_size=6, unique=True))
        return "\n".join(["---", *lines, draw(st.sampled_from(["---", "...", "--- "])), ""])
    if kind == "indented":
        return "---\n  title: x\n  a: b\n---\n"
    if kind == "toml":
        lines = draw(st.lists(toml_entries, max_size=4, unique=True))
        return "\n".join(["+++", *lines, draw(toml_ends), "+++", ""])
    if kind == "pairs":
        return "\n".join([*draw(st.lists(pair_entries, min_size=1, max_size=4, unique=True)), "", ""])
    return draw(st.sampled_from(["", "\n\n"]))


@st.composite
def posts(draw: st.DrawFn) -> File:
    text = draw(heads()) + draw(bodies)
    if not draw(st.booleans()):
        text = text.rstrip("\n")
    encoding = draw(st.sampled_from(ENCODINGS))
    return File(text.replace("\n", draw(st.sampled_from(ENDS))).encode(encoding, errors="replace"), encoding)


def _changed(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that differ, as they were and as they are."""
    old, new = split_lines(before), split_lines(after)
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return list(old[head : len(old) - tail]), list(new[head : len(new) - tail])


def _readable(data: bytes) -> Post:
    try:
        return read.parse(data, path=PATH, timezone="UTC")
    except Refused:
        assume(False)
        raise


@given(posts())
@example(File(b"title: x"))
@example(File(b"---\ntitle: x\n---\nhi"))
@example(File(b"---\n\nrule"))
@example(File(b"\xef\xbb\xbfHello", "utf-8-sig"))
@example(File(b"---\r\n---\r\n\xba\xba\xde", "cp1252"))
def test_exactly_one_line_differs(file: File) -> None:
    _readable(file.data)
    begun = stamp.started(file.data, instant=INSTANT, ledger=LEDGER)
    done = stamp.sent(begun, instant=INSTANT)
    before = file.data.decode(file.encoding)
    for after, key in ((begun, "email_started_at"), (done, "email_sent_at")):
        text = after.decode(file.encoding)
        if find(before).kind is Kind.NONE:
            head, line, foot = split_lines(text.removesuffix(before))
            assert (head.strip(), foot.strip()) == ("---", "---")
            assert line.startswith(key)
        else:
            old, new = _changed(before, text)
            assert len(old) <= 1
            assert len(new) == 1
            assert key in new[0]
        assert text.encode(file.encoding) == after


def _unmarked(meta: Meta) -> Meta:
    return replace(meta, email_started_at="", email_sent_at="", lines={})


@given(posts())
def test_what_was_stamped_is_read_again_and_nothing_else_is_new(file: File) -> None:
    before = _readable(file.data)
    begun = stamp.started(file.data, instant=INSTANT, ledger=LEDGER)
    post = read.parse(begun, path=PATH, timezone="UTC")
    assert post.meta.email_started_at == f"{times.stamp(INSTANT)} {LEDGER}"
    assert read.seen_sent(begun) == (f"{times.stamp(INSTANT)} {LEDGER}", "")
    done = read.parse(stamp.sent(begun, instant=INSTANT), path=PATH, timezone="UTC")
    assert done.meta.email_sent_at == times.stamp(INSTANT)
    assert done.body == before.body
    assert _unmarked(done.meta) == _unmarked(before.meta)


@given(posts())
def test_stamping_again_changes_nothing(file: File) -> None:
    _readable(file.data)
    begun = stamp.started(file.data, instant=INSTANT, ledger=LEDGER)
    assert stamp.started(begun, instant=INSTANT, ledger=LEDGER) == begun
    done = stamp.sent(begun, instant=INSTANT)
    assert stamp.sent(done, instant=INSTANT + timedelta(days=1)) == done
    assert stamp.started(done, instant=INSTANT, ledger=LEDGER) == done
    assert stamp.sent(file.data, instant=INSTANT) == done


@given(st.binary(max_size=300))
@example(b"\xef\xbb\xbf---\r\ntitle: x\r\n---")
@example(b"---\n{title: x, email_sent_at: }\n---\nhi")
def test_any_bytes_are_stamped_by_one_line_or_refused(data: bytes) -> None:
    try:
        after = stamp.sent(data, instant=INSTANT)
    except Refused:
        return
    assert after == data or len(after) > len(data) - 200
    assert stamp.sent(after, instant=INSTANT) == after


@given(st.text(min_size=1, max_size=300), st.sampled_from(ENCODINGS[:5]))
def test_any_text_keeps_its_characters(text: str, encoding: str) -> None:
    data = text.encode(encoding, errors="replace")
    try:
        after = stamp.sent(data, instant=INSTANT)
    except Refused:
        return
    if after == data:
        assert read.seen_sent(data)[1]
        return
    old, new = _changed(data.decode(encoding), after.decode(encoding))
    assert len(old) <= 1
    assert len(new) - len(old) in {0, 1, 3}
    assert read.seen_sent(after)[1]
