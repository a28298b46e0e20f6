from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from newsletter_cli import files
from newsletter_cli.post import read, stamp
from newsletter_cli.problems import Refused

INSTANT = datetime(2026, 1, 2, 4, 4, 5, 678_901, timezone(timedelta(hours=1)))
SENT = "2026-01-02T03:04:05.678Z"
STARTED = f"{SENT} abcd2345"


def sent(text: str) -> str:
    return stamp.sent(text.encode(), instant=INSTANT).decode()


def started(text: str) -> str:
    return stamp.started(text.encode(), instant=INSTANT, ledger="abcd2345").decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("---\ntitle: x\n---\nbody", "---\ntitle: x\n@\n---\nbody"),
        ("---\r\ntitle: x\r\n---\r\nbody", "---\r\ntitle: x\r\n@\r\n---\r\nbody"),
        ("---\rtitle: x\r---\rbody", "---\rtitle: x\r@\r---\rbody"),
        ("---\ntitle: x\n---", "---\ntitle: x\n@\n---"),
        ("---\n  title: x\n---\n", "---\n  title: x\n  @\n---\n"),
        ("---\n# c\n---\n", "---\n# c\n@\n---\n"),
        ("---\n---\n", "---\n@\n---\n"),
        ("---\nx: |\n  a\n\n...\n", "---\nx: |\n  a\n\n@\n...\n"),
        ("---\nemail_sent_at:\ntitle: x\n---\n", "---\n@\ntitle: x\n---\n"),
        ("---\nEmail-Sent-At: ~ # later\ntitle: x\n---\n", "---\n@\ntitle: x\n---\n"),
        ("---\nx:\n  email_sent_at:\n---\n", "---\nx:\n  @\n---\n"),
        ("---\nx: [\n  email_sent_at: ]\n---\n", "---\nx: [\n  @\n---\n"),
        ("Title: x\n\nbody", "Title: x\n@\n\nbody"),
        ("Title: x\n    more\nbody", "Title: x\n    more\n@\nbody"),
        ("Title: x", "@\nTitle: x"),
        ("body", "---\n@\n---\nbody"),
        ("body\r\n", "---\r\n@\r\n---\r\nbody\r\n"),
        ("\nbody", "---\n@\n---\n\nbody"),
        ("---\n\nbody", "---\n@\n---\n---\n\nbody"),
        ("", "---\n@\n---\n"),
        ("\ufeffbody", "\ufeff---\n@\n---\nbody"),
    ],
)
def test_one_line(before: str, after: str) -> None:
    assert sent(before) == after.replace("@", f"email_sent_at: {SENT}")
    assert started(before) == after.replace("@", f"email_started_at: {STARTED}")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("+++\ntitle = 'x'\n[extra]\na = 1\n+++\n", "+++\n@\ntitle = 'x'\n[extra]\na = 1\n+++\n"),
        ("+++\nemail_sent_at = ''\n+++\n", "+++\n@\n+++\n"),
    ],
)
def test_one_line_of_toml(before: str, after: str) -> None:
    assert sent(before) == after.replace("@", f"email_sent_at = {SENT}")
    assert started(before) == after.replace("@", f'email_started_at = "{STARTED}"')


def test_the_begun_line_becomes_the_other() -> None:
    before = "---\ntitle: x\nemail_started_at: 2020-01-01T00:00:00.000Z zzzz\nslug: y\n---\n"
    assert started(before) == before.replace("2020-01-01T00:00:00.000Z zzzz", STARTED)
    assert sent(before) == f"---\ntitle: x\nemail_sent_at: {SENT}\nslug: y\n---\n"


def test_toml_takes_no_key_twice() -> None:
    before = "+++\nemail_started_at = ''\nemail_sent_at = ''\n+++\nbody\n"
    begun = started(before)
    assert begun == f"+++\nemail_started_at = \"{STARTED}\"\nemail_sent_at = ''\n+++\nbody\n"
    done = sent(begun)
    assert done == f'+++\nemail_started_at = "{STARTED}"\nemail_sent_at = {SENT}\n+++\nbody\n'
    assert read.parse(done.encode(), path=Path("a.md"), timezone="UTC").meta.email_sent_at == SENT


@pytest.mark.parametrize(
    "line", ["email_sent_at: 2020", "Email_Sent_At: x", 'email_sent_at: "yes"', "  email_sent_at: x"]
)
def test_what_was_sent_is_not_stamped_again(line: str) -> None:
    text = f"---\ntitle: x\n{line}\n---\n"
    assert started(text) == text
    assert sent(text) == text


def test_a_head_that_cannot_be_parsed_is_stamped_all_the_same() -> None:
    text = '---\ntitle: "a "b\n---\n'
    assert sent(text) == f'---\ntitle: "a "b\nemail_sent_at: {SENT}\n---\n'


def test_braces_take_no_line() -> None:
    with pytest.raises(Refused, match="no line can be added"):
        sent("---\n{title: x}\n---\n")


def test_damaged_text_is_not_written_back() -> None:
    with pytest.raises(Refused, match="no utf-16-le text throughout"):
        stamp.sent(b"\xff\xfea\0b", instant=INSTANT)


def test_bytes_of_an_encoding_that_does_not_come_back_stay() -> None:
    japanese = "こんにちは、みなさん。今日は天気がいいですね。".encode("shift_jis")
    broken_beyond_the_sample = (japanese * 30 + b"\n") * 60 + b"\x85\n"
    for text in (
        japanese,
        japanese + b"\x85\n",
        broken_beyond_the_sample,
        "こんにちは".encode("iso2022_jp"),
        "a+AOk-".encode("ascii"),
    ):
        data = b"---\ntitle: x\n---\n" + text
        assert stamp.sent(data, instant=INSTANT) == data.replace(b"x\n", f"x\nemail_sent_at: {SENT}\n".encode(), 1)


@pytest.mark.corpus
def test_every_corpus_file_gets_one_line(corpus: Path) -> None:
    for path in sorted([*(corpus / "posts").glob("*.md"), *(corpus / "markdown").iterdir()]):
        data = path.read_bytes()
        unsent = b"".join(line for line in data.splitlines(keepends=True) if not line.startswith(b"email_sent_at"))
        after = stamp.sent(unsent, instant=INSTANT)
        new = after.decode().splitlines(keepends=True)
        old = unsent.decode().splitlines(keepends=True)
        added = [line for line in new if line.startswith("email_sent_at")]
        assert len(added) == 1
        assert len(new) - len(old) in {1, 3}
        assert stamp.sent(data, instant=INSTANT) == (data if unsent != data else after)


# --- into the file


def test_a_post_is_stamped_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "post.md"
    path.write_bytes(b"---\ntitle: x\n---\nbody")
    path.chmod(0o600)
    after = stamp.write(path, lambda data: stamp.sent(data, instant=INSTANT))
    assert path.read_bytes() == after == f"---\ntitle: x\nemail_sent_at: {SENT}\n---\nbody".encode()
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_edit_that_changes_nothing_touches_nothing(tmp_path: Path) -> None:
    path = tmp_path / "post.md"
    path.write_bytes(b"---\nemail_sent_at: x\n---\nbody")
    before = path.stat()
    stamp.write(path, lambda data: stamp.sent(data, instant=INSTANT))
    assert path.stat() == before


def test_a_post_edited_meanwhile_keeps_the_edit_and_gets_the_line(tmp_path: Path) -> None:
    path = tmp_path / "post.md"
    path.write_bytes(b"---\ntitle: x\n---\nbody")
    tries = []

    def edit(data: bytes) -> bytes:
        tries.append(data)
        if len(tries) == 1:  # the author saves between reading and writing
            path.write_bytes(b"---\ntitle: y\n---\nbetter")
        return stamp.sent(data, instant=INSTANT)

    stamp.write(path, edit)
    assert path.read_bytes() == f"---\ntitle: y\nemail_sent_at: {SENT}\n---\nbetter".encode()
    assert len(tries) == 2


def test_a_post_that_never_holds_still(tmp_path: Path) -> None:
    path = tmp_path / "post.md"
    path.write_bytes(b"0")

    def edit(data: bytes) -> bytes:
        path.write_bytes(data + b"0")
        return b"stamped"

    with pytest.raises(files.Changed):
        stamp.write(path, edit)
    assert set(path.read_bytes()) == {ord("0")}


def test_a_post_that_an_editor_has_just_emptied_is_not_taken_for_one(tmp_path: Path) -> None:
    path = tmp_path / "post.md"
    path.write_bytes(b"")
    with pytest.raises(files.Changed):
        stamp.write(path, lambda data: stamp.sent(data, instant=INSTANT))
    assert path.read_bytes() == b""


@pytest.mark.parametrize("saved_again", [False, True])
def test_what_is_written_into_the_replaced_file_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saved_again: bool
) -> None:
    path = tmp_path / "post.md"
    path.write_bytes(b"old")
    real = os.replace
    times = []

    def late(source: str, target: Path) -> None:
        """An editor that writes in place, just before the rename and after the last look."""
        times.append(target)
        if len(times) == 1:
            path.write_bytes(b"edited")
        real(source, target)
        if len(times) == 1 and saved_again:
            path.write_bytes(b"saved once more")

    monkeypatch.setattr(os, "replace", late)
    stamp.write(path, lambda data: stamp.sent(data, instant=INSTANT))
    body = b"saved once more" if saved_again else b"edited"
    assert path.read_bytes() == f"---\nemail_sent_at: {SENT}\n---\n".encode() + body


def test_a_refusal_names_the_post(tmp_path: Path) -> None:
    path = tmp_path / "post.md"
    path.write_bytes(b"---\n{title: x}\n---\nbody")
    with pytest.raises(Refused) as caught:
        stamp.write(path, lambda data: stamp.sent(data, instant=INSTANT))
    assert caught.value.problems[0].file == str(path)


@pytest.mark.corpus
def test_a_real_post_is_begun_and_done(corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / "post.md"
    shutil.copyfile(corpus / "posts" / "2023-04-05-behindthecurtainwhatitfeelsliketoworkinairightnowa.md", path)
    original = path.read_bytes()
    assert stamp.write(path, lambda data: stamp.sent(data, instant=INSTANT)) == original
    unsent = original.replace(b"email_sent_at: 2023-04-05T23:01:39.893Z\n", b"")
    path.write_bytes(unsent)
    stamp.write(path, lambda data: stamp.started(data, instant=INSTANT, ledger="abcd2345"))
    assert read.read(path).meta.email_started_at == STARTED
    stamp.write(path, lambda data: stamp.sent(data, instant=datetime(2023, 4, 5, 23, 1, 39, 893_000, UTC)))
    assert path.read_bytes() == original
