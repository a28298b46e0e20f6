from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from newsletter_cli.replies import Reason, Reply


@pytest.mark.parametrize(
    ("text", "enhanced"),
    [
        ("5.1.1 no such user", "5.1.1"),
        ("5.1.1", "5.1.1"),
        ("5.7.515 Access denied", "5.7.515"),
        ("2.1.5 OK\n2.1.5 fine", "2.1.5"),
        ("#5.1.0 Address rejected.", "5.1.0"),
        ("(5.7.1) no", "5.7.1"),
        ("5.1.1: no", "5.1.1"),
        ("5.1.1. no", "5.1.1"),
        ("5.1.1<a@b.example>", "5.1.1"),
        ("3.1.1 no", ""),
        ("5.1 no", ""),
        ("5.1.1111 no", ""),
        ("4.2.2.1 is blocked", ""),
        ("no 5.1.1", ""),
        ("", ""),
    ],
)
def test_the_enhanced_code(text: str, enhanced: str) -> None:
    assert Reply(550, text).enhanced == enhanced


KINDS = {220: "positive", 250: "positive", 354: "positive", 421: "transient", 450: "transient", 550: "permanent"}


@pytest.mark.parametrize(("code", "kind"), KINDS.items())
def test_the_first_digit_decides(code: int, kind: str) -> None:
    reply = Reply(code, "5.7.32 whatever it says")
    assert [name for name in ("positive", "transient", "permanent") if getattr(reply, name)] == [kind]


@given(st.integers(0, 999), st.text())
def test_any_reply_is_one_kind_at_most_and_one_line(code: int, text: str) -> None:
    reply = Reply(code, text)
    assert reply.positive + reply.transient + reply.permanent == (200 <= code < 600)
    assert len(str(reply).splitlines()) <= 1
    assert reply.enhanced == "" or text.lstrip("#([").startswith(reply.enhanced)


def test_every_reason_is_told_apart() -> None:
    assert len({reason.value for reason in Reason}) == len(Reason)
