from __future__ import annotations

from newsletter_cli.jobs.edits import differences

POST = b"---\ntitle: A\n---\nHello\n"


def test_the_programs_own_lines_are_no_edit() -> None:
    begun = b"---\ntitle: A\nemail_started_at: 2026-01-02T03:04:05.678Z k7w2\n---\nHello\n"
    sent = b"---\ntitle: A\nemail_sent_at: 2026-01-02T03:04:05.678Z\n---\nHello\n"
    assert differences(POST, begun) == ()
    assert differences(POST, sent) == ()


def test_a_head_that_holds_nothing_else_is_no_edit() -> None:
    assert differences(b"Hello\n", b"---\nemail_sent_at: 2026-01-02T03:04:05.678Z\n---\nHello\n") == ()


def test_line_ends_are_no_edit() -> None:
    assert differences(POST, POST.replace(b"\n", b"\r\n")) == ()


def test_an_edit_is_shown_as_the_lines_that_differ() -> None:
    found = differences(POST, POST.replace(b"Hello", b"Hullo"))
    assert "-Hello" in found
    assert "+Hullo" in found


def test_a_long_edit_is_cut() -> None:
    found = differences(POST, POST + b"x\n" * 500)
    assert len(found) < 30
    assert found[-1].startswith("… and")
