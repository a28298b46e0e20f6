from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from newsletter_cli import files
from newsletter_cli.problems import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

MARKED = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"])
RUSSIAN = "Привет, как дела? Это письмо для всех подписчиков."
ROOT = os.geteuid() == 0


def said(path: Path, *, limit_octets: int | None = None) -> str:
    with pytest.raises(Refused) as caught:
        files.read_bytes(path, what="the list", limit_octets=limit_octets)
    (problem,) = caught.value.problems
    assert problem.file == str(path)
    return f"{problem.text}; {problem.hint}"


# --- read_bytes


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 10)
    assert files.read_bytes(path, what="the list") == b"x" * 10
    assert files.read_bytes(path, what="the list", limit_octets=10) == b"x" * 10
    assert said(path, limit_octets=9) == "the list is too large: 0.0 MB, at most 0.0 MB is read; "


def test_what_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "subscribers.csv").write_bytes(b"")
    (tmp_path / "loop").symlink_to("loop")
    assert said(tmp_path) == "the list is a folder; name a file in it"
    assert said(tmp_path / "other") == "the list is not there; "
    assert said(tmp_path / "subscriber.csv").endswith(f"did you mean {tmp_path / 'subscribers.csv'}?")
    assert said(tmp_path / "subscribers.csv" / "x") == "the list is not there; look at the path"
    assert said(tmp_path / "a\0b") == "the list is not there; look at the path"
    assert said(Path("/dev/zero")) == "the list is a device, not a file; name a file"
    assert "cannot be read" in said(tmp_path / "loop")
    assert "cannot be read" in said(tmp_path / ("x" * 5000))


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")

    def denied(*_: object) -> None:  # root may read everything
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    assert said(path) == "the list may not be read; look at its permissions"


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"a@b.example\n",))
    writer.start()
    assert files.read_bytes(path, what="the list", limit_octets=100) == b"a@b.example\n"
    writer.join()


# --- decode


@pytest.mark.parametrize(
    ("data", "text", "encoding", "bom"),
    [
        (b"", "", "utf-8", False),
        ("é".encode(), "é", "utf-8", False),
        ("é".encode("utf-8-sig"), "é", "utf-8", True),
        (b"\xff\xfea\0", "a", "utf-16-le", True),
        (b"\xfe\xff\0a", "a", "utf-16-be", True),
        ("é".encode("utf-32"), "é", "utf-32-le", True),
        (b"\0\0\xfe\xff\0\0\0a", "a", "utf-32-be", True),
        ("---\ntitle: 日本語\n".encode("utf-16-le"), "---\ntitle: 日本語\n", "utf-16-le", False),
        ("---\ntitle: 日本語\n".encode("utf-16-be"), "---\ntitle: 日本語\n", "utf-16-be", False),
        ("日本語の一日\n".encode("utf-16-le"), "日本語の一日\n", "utf-16-le", False),
        ("some words\x85b\n".encode("utf-16-be"), "some words\x85b\n", "utf-16-be", False),
        ("Grüße, ça va".encode("latin-1"), "Grüße, ça va", "cp1252", False),
        ("été".encode("cp1252"), "été", "cp1252", False),
        ("“a” – €".encode("cp1252"), "“a” – €", "cp1252", False),
        (b"caf\xe9 \x81", "café \x81", "latin-1", False),
        (RUSSIAN.encode("cp1251"), RUSSIAN, "cp1251", False),
        (b"a\0b", "a\0b", "utf-8", False),
        (b"\0\0\0\0", "\0\0\0\0", "utf-8", False),
    ],
)  # fmt: skip
def test_encodings(data: bytes, text: str, encoding: str, bom: bool) -> None:
    found = files.decode(data)
    assert (found.text, found.encoding, found.bom, found.damaged) == (text, encoding, bom, False)
    assert found.mark + found.text.encode(found.encoding) == data


@pytest.mark.parametrize(
    "data",
    [
        "aé ü ö ä é".encode() + b"\xff",
        b"\xff\xfea",
        b"\xff\xfe\0\xd8",
        b"\xef\xbb\xbf\xff",
    ],
)
def test_damaged_text_is_said_to_be(data: bytes) -> None:
    found = files.decode(data)
    assert found.damaged
    assert "\ufffd" in found.text


def test_a_line_of_ascii_changes_no_guess() -> None:
    for data in ("Привет, друзья! Ещё одно письмо.\n".encode("cp1251"), b"\xba\xba\xde", b"ni\xf1o"):
        before = files.decode(data)
        after = files.decode(b"email_sent_at: 2026-01-02T03:04:05.678Z\n" * 3 + data)
        assert (after.encoding, after.text.endswith(before.text)) == (before.encoding, True)


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded(data: bytes) -> None:
    found = files.decode(data)
    assert (
        found.damaged or found.mark + found.text.encode(found.encoding) == data or not found.encoding.startswith("utf")
    )


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")), MARKED)
def test_marked_text_comes_back(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    if encoding != "utf-8" or not text.startswith("\ufeff"):
        assert files.decode(data).text == text


def test_the_line_of_a_text() -> None:
    decoded = files.decode(b"a\r\nb\rc\nd")
    assert [decoded.line_of(char) for char in "abcdx"] == [1, 2, 3, 4, None]


# --- find_upwards


def test_a_file_is_found_upwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "newsletter-of-this-test.toml"
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "a" / name).mkdir()
    assert files.find_upwards(name, deep) is None
    (tmp_path / name).write_bytes(b"")
    assert files.find_upwards(name, deep) == tmp_path / name
    assert files.find_upwards(name, deep / "post.md") == tmp_path / name
    (deep / name).write_bytes(b"")
    monkeypatch.chdir(deep)
    assert files.find_upwards(name, Path("post.md")) == deep / name


# --- replace


def test_a_file_is_replaced_and_keeps_mode_and_owner(tmp_path: Path) -> None:
    path = tmp_path / "post.md"
    path.write_bytes(b"old")
    path.chmod(0o640)
    if ROOT:
        os.chown(path, 1234, 4321)
    before = path.stat()
    files.replace(path, b"new", expected=b"old")
    after = path.stat()
    assert path.read_bytes() == b"new"
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino
    assert [entry.name for entry in tmp_path.iterdir()] == ["post.md"]


def test_extended_attributes_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "post.md"
    path.write_bytes(b"old")
    try:
        os.setxattr(path, "user.editor", b"mine")
    except (OSError, AttributeError):
        pytest.skip("no extended attributes on this file system")
    files.replace(path, b"new")
    assert os.getxattr(path, "user.editor") == b"mine"


def test_a_system_without_extended_attributes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "post.md"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "listxattr", _failing("Operation not supported"), raising=False)
    files.replace(path, b"new")
    monkeypatch.delattr(os, "listxattr")
    files.replace(path, b"newer", expected=b"new")
    assert path.read_bytes() == b"newer"


def test_a_new_file_gets_the_usual_mode(tmp_path: Path) -> None:
    path = tmp_path / "new"
    files.replace(path, b"x")
    (tmp_path / "usual").write_bytes(b"")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "usual").stat().st_mode)


def test_a_link_keeps_pointing_to_its_target(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target = tmp_path / "real" / "post.md"
    target.write_bytes(b"old")
    link = tmp_path / "link.md"
    link.symlink_to(Path("real") / "post.md")
    assert files.can_replace(link) == ""
    files.replace(link, b"new", expected=b"old")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert [entry.name for entry in (tmp_path / "real").iterdir()] == ["post.md"]


def test_a_file_that_changed_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "post.md"
    path.write_bytes(b"edited")
    with pytest.raises(files.Changed, match="it was changed meanwhile"):
        files.replace(path, b"new", expected=b"old")
    assert path.read_bytes() == b"edited"
    assert [entry.name for entry in tmp_path.iterdir()] == ["post.md"]


def test_a_long_name_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / ("ü" * 120 + ".md")
    path.write_bytes(b"old")
    assert files.can_replace(path) == ""
    files.replace(path, b"new")
    assert path.read_bytes() == b"new"


def _failing(reason: str) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, reason)

    return fail


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "post.md"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", _failing("No space left on device"))
    with pytest.raises(OSError, match="No space left"):
        files.replace(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["post.md"]


def test_an_owner_that_cannot_be_kept_is_told_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "post.md"
    path.write_bytes(b"old")
    if not ROOT:
        pytest.skip("only root can give a file away")
    os.chown(path, 1234, 4321)

    def denied(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", denied)
    assert (
        files.can_replace(path) == "it cannot be written: it belongs to another user or group, which could not be kept"
    )
    with pytest.raises(PermissionError, match="another user"):
        files.replace(path, b"new")
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("protected", ["file", "folder"])
def test_write_protection_is_heeded_by_root_too(tmp_path: Path, protected: str) -> None:
    folder = tmp_path / "posts"
    folder.mkdir()
    path = folder / "post.md"
    path.write_bytes(b"old")
    (path if protected == "file" else folder).chmod(0o444 if protected == "file" else 0o555)
    try:
        assert "is write-protected; chmod u+w makes it writable" in files.can_replace(path)
        with pytest.raises(PermissionError, match="is write-protected"):
            files.replace(path, b"new")
        assert path.read_bytes() == b"old"
    finally:
        folder.chmod(0o755)


def test_what_is_not_there_cannot_be_replaced(tmp_path: Path) -> None:
    assert files.can_replace(tmp_path / "post.md") == "it cannot be written: No such file or directory"
    assert files.can_replace(tmp_path) == "it cannot be written: Is a directory"
    (tmp_path / "dangling").symlink_to("nothing")
    assert files.can_replace(tmp_path / "dangling") == "it cannot be written: No such file or directory"


def test_asking_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "post.md"
    path.write_bytes(b"old")
    before = path.stat()
    assert files.can_replace(path) == ""
    assert path.stat() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["post.md"]
