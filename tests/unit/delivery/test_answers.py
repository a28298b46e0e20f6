from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from newsletter_cli.delivery.answers import MAX_LINE_OCTETS, Answers
from newsletter_cli.replies import Reply

CASES = [
    (b"250 Ok\r\n", [Reply(250, "Ok")]),
    (b"250\r\n", [Reply(250, "")]),
    (b"250 \n", [Reply(250, "")]),
    (b"250-a\r\n250-b\r\n250 c\r\n", [Reply(250, "a\nb\nc")]),
    (b"250-a\r\n251 c\r\n", [Reply(251, "a\nc")]),
    (b"220 hi\r\n421 4.3.2 bye\r\n", [Reply(220, "hi"), Reply(421, "4.3.2 bye")]),
    ("550 5.1.1 gibt’s nicht\r\n".encode(), [Reply(550, "5.1.1 gibt’s nicht")]),
    (b"250 \xff\r\n", [Reply(250, "\ufffd")]),
]


@pytest.mark.parametrize(("data", "expected"), CASES)
def test_whole_and_octet_by_octet_and_with_a_tail(data: bytes, expected: list[Reply]) -> None:
    assert Answers().feed(data) == expected
    answers = Answers()
    assert [reply for octet in data for reply in answers.feed(bytes([octet]))] == expected
    assert not answers.pending
    answers = Answers()
    assert answers.feed(data + b"25") == expected
    assert answers.pending
    assert answers.feed(b"0 tail\r\n") == [Reply(250, "tail")]
    assert answers.garbled == ""


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n",
        b"\r\n",
        b"25 Ok\r\n",
        b"2500 Ok\r\n",
        b"199 no\r\n",
        b"600 no\r\n",
        b"250_Ok\r\n",
        b"250-first\r\n550 second\r\n",
        b"250-" + b"x" * (MAX_LINE_OCTETS + 1),
        b"250 " + b"x" * (MAX_LINE_OCTETS + 1) + b"\r\n",
        b"250-" + b"x" * 8000 + b"\r\n" + (b"250-" + b"x" * 8000 + b"\r\n") * 9,
    ],
)
def test_what_is_no_reply_garbles_and_hides_nothing_before_it(data: bytes) -> None:
    answers = Answers()
    assert answers.feed(b"250 first\r\n" + data + b"250 never\r\n") == [Reply(250, "first")]
    assert answers.garbled


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=6))
def test_any_octets_cut_anywhere_give_the_same(data: bytes, cuts: list[int]) -> None:
    whole = Answers()
    expected = whole.feed(data)
    pieces = Answers()
    found: list[Reply] = []
    at = 0
    for cut in [*sorted(cut for cut in cuts if cut < len(data)), len(data)]:
        found += pieces.feed(data[at:cut])
        at = max(at, cut)
    assert (found, bool(pieces.garbled)) == (expected, bool(whole.garbled))
