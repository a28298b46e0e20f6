"""Files at the edge: read whole, decoded, found upwards, replaced atomically.

Gives bytes and text; what they mean is for others. `read_bytes` raises Refused with what is wrong and what to do;
`replace` raises Changed or OSError and leaves either the old or the new file, never a part of one.
"""

from __future__ import annotations

import codecs
import contextlib
import difflib
import errno
import os
import re
import stat
import tempfile
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Longest first: the UTF-32 mark begins with the UTF-16 one.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Words like "été" are two thirds accented letters; Cyrillic or Japanese ones in a legacy encoding nearly whole.
_WESTERN_SHARE = 0.7
# ASCII text as UTF-16 is half NULs; a file with a stray NUL in it has far fewer.
_UTF16_NUL_SHARE = 0.2
# Characters of no text: control, unassigned, private. One of them weighs as much as so many of ASCII.
_STRANGE = frozenset({"Cc", "Cn", "Co", "Cs"})
_STRANGE_COST = 5
# So much of a file tells its encoding.
_SAMPLE_OCTETS = 65_536
_HIGH = re.compile(rb"[\x80-\xff]")
_WORD = re.compile(rb"[A-Za-z\x80-\xff]+")
_ASCII = bytes([9, 10, 13, *range(0x20, 0x7F)])
_ASCII_TEXT = _ASCII.decode("ascii")
_MULTIBYTE = re.compile(r"[^\x00-\x7f\ufffd]")


class Changed(OSError):
    """The file no longer holds the bytes that were expected; nothing was written."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EBUSY, "it was changed meanwhile", str(path))


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A file's text without its byte order mark. `encoding` is a Python codec name that never writes a mark itself.

    `damaged`: some bytes fit no character of the encoding and stand as U+FFFD.
    """

    text: str
    encoding: str
    bom: bool
    damaged: bool = False

    @property
    def mark(self) -> bytes:
        """The byte order mark that the file began with, or nothing."""
        return next((mark for mark, name in _MARKS if self.bom and name == self.encoding), b"")

    def line_of(self, needle: str) -> int | None:
        """The physical line, from 1, on which a text first stands."""
        at = self.text.find(needle)
        return None if at < 0 else len(re.findall(r"\r\n|\r|\n", self.text[:at])) + 1


def read_bytes(path: Path, *, what: str, limit_octets: int | None = None) -> bytes:
    """Read a file whole. `what` names it in messages: "the post", "the list", "the settings file".

    Raises Refused where it is missing, a folder, a device, not readable, or longer than `limit_octets`.
    """
    with open_bytes(path, what=what) as file:
        try:
            data = file.read(-1 if limit_octets is None else limit_octets + 1)
        except OSError as error:
            raise unread(path, what, error) from error
        mode = os.fstat(file.fileno()).st_mode
        if limit_octets is not None and len(data) > limit_octets:
            size = os.fstat(file.fileno()).st_size if stat.S_ISREG(mode) else len(data)
            raise _refused(path, f"{what} is too large: {_megabytes(size)}, at most {_megabytes(limit_octets)} is read")
    return data


def open_bytes(path: Path, *, what: str) -> BinaryIO:
    """Open a file to be read in pieces. Raises Refused as `read_bytes`; errors of reading are for `unread`."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise _refused(path, f"{what} is a folder", "name a file in it")
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise _refused(path, f"{what} is a device, not a file", "name a file")
        return path.open("rb")
    except FileNotFoundError as error:
        raise _refused(path, f"{what} is not there", _likely(path)) from error
    except (NotADirectoryError, ValueError) as error:  # ValueError: a NUL in the name
        raise _refused(path, f"{what} is not there", "look at the path") from error
    except PermissionError as error:
        raise _refused(path, f"{what} may not be read", "look at its permissions") from error
    except OSError as error:
        raise unread(path, what, error) from error


def unread(path: Path, what: str, error: OSError) -> Refused:
    """What to raise where a file that was open cannot be read on."""
    return _refused(path, f"{what} cannot be read: {error.strerror}")


def decode(data: bytes) -> Decoded:
    """Tell a file's encoding and decode it: byte order marks, UTF-16 without one, UTF-8, else a legacy encoding.

    Never raises; see `Decoded.damaged`.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding, bom=True)
    if b"\0" in data and (encoding := _utf16_without_mark(data)):
        return _decoded(data, encoding)
    whole = _decoded(data, "utf-8")
    if not whole.damaged:
        return whole
    # UTF-8 with a few broken characters is damaged UTF-8; in legacy text hardly a character happens to be UTF-8.
    if len(_MULTIBYTE.findall(whole.text)) > whole.text.count("\ufffd"):
        return whole
    return _decoded(data, _legacy(data))


def find_upwards(name: str, start: Path) -> Path | None:
    """The first file of that name in `start` (or the folder of the file `start`) or a folder above it."""
    folder = start.absolute()
    for candidate in (folder, *folder.parents):
        if (candidate / name).is_file():
            return candidate / name
    return None


def replace(path: Path, data: bytes, *, expected: bytes | None = None) -> None:
    """Put new bytes in place of a file, atomically and durably; make it where there is none.

    A temporary file in the same folder is written, synced and renamed. Mode, owner and extended attributes are kept;
    a symbolic link keeps pointing to its target, whose bytes are replaced. With `expected`, raises Changed where the
    file does not hold those bytes just before the rename. Raises OSError where the file cannot be replaced.
    """
    target = path.resolve()
    reason = _protected(target)
    if reason:
        raise PermissionError(f"{path}: {reason}")
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".tmp", dir=target.parent)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123 - an open descriptor, not a path
            file.write(data)
            file.flush()
            _like(target, file.fileno())
            os.fsync(file.fileno())
        _expect(target, expected)
        os.replace(name, target)  # noqa: PTH105 - mkstemp gives a name
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)  # noqa: PTH108 - as above
        raise
    _sync_folder(target.parent)


def can_replace(path: Path) -> str:
    """Why `replace` would fail, found out by really making and removing a file beside it; empty where it would not."""
    try:
        target = path.resolve(strict=True)
        reason = _protected(target)
        if reason:
            return reason
        with target.open("rb+"):
            pass
        with _beside(target) as descriptor:
            _like(target, descriptor)
    except OSError as error:
        return f"it cannot be written: {error.strerror or error}"
    return ""


def _expect(target: Path, expected: bytes | None) -> None:
    if expected is not None and target.read_bytes() != expected:
        raise Changed(target)


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[int]:
    handle, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=target.parent)
    try:
        yield handle
    finally:
        os.close(handle)
        os.unlink(name)  # noqa: PTH108 - mkstemp gives a name


def _protected(target: Path) -> str:
    """A file or folder without any write bit is its owner's wish, for root too."""
    if target.exists() and not target.stat().st_mode & 0o222:
        return "it is write-protected; chmod u+w makes it writable"
    if not target.parent.stat().st_mode & 0o222:
        return f"the folder {target.parent} is write-protected; chmod u+w makes it writable"
    return ""


def _like(target: Path, descriptor: int) -> None:
    """Give a new file the mode, owner and extended attributes of the old one; a fresh file the usual mode."""
    try:
        old = target.stat()
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        os.fchmod(descriptor, 0o666 & ~mask)
        return
    new = os.fstat(descriptor)
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        try:
            os.fchown(descriptor, old.st_uid, old.st_gid)
        except PermissionError as error:
            raise PermissionError(
                error.errno, "it belongs to another user or group, which could not be kept"
            ) from error
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))  # after fchown, which clears the set-id bits
    for attribute in _attributes(target):
        with contextlib.suppress(OSError):  # some are the system's own
            os.setxattr(descriptor, attribute, os.getxattr(target, attribute))


def _attributes(target: Path) -> list[str]:
    """The names of a file's extended attributes (access lists are among them), where there is such a thing."""
    if not hasattr(os, "listxattr"):
        return []
    try:
        return os.listxattr(target)
    except OSError:
        return []


def _sync_folder(folder: Path) -> None:
    """Make a rename durable. Some network file systems cannot, and lose nothing by it."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _decoded(data: bytes, encoding: str, *, bom: bool = False) -> Decoded:
    try:
        return Decoded(text=data.decode(encoding), encoding=encoding, bom=bom)
    except UnicodeDecodeError:
        return Decoded(text=data.decode(encoding, errors="replace"), encoding=encoding, bom=bom, damaged=True)


def _utf16_without_mark(data: bytes) -> str:
    """The byte order of UTF-16 text without a mark, or nothing: the order that gives text, and the more ASCII.

    A line end read in the wrong order is U+0A00, unassigned; a letter is a Chinese character.
    """
    if len(data) % 2:
        return ""
    sample = data[:_SAMPLE_OCTETS]
    if not _decoded(sample, "utf-8").damaged and sample.count(0) < _UTF16_NUL_SHARE * len(sample):
        return ""
    best, most = "", 0.0
    for encoding in ("utf-16-le", "utf-16-be"):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(sample)
        except UnicodeDecodeError:
            continue
        plain = sum("\t" <= char < "\x7f" for char in text)
        strange = sum(unicodedata.category(char) in _STRANGE and char not in "\t\n\r\f" for char in text)
        if plain - _STRANGE_COST * strange > most and "\0" not in text:
            best, most = encoding, plain - _STRANGE_COST * strange
    return best


def _legacy(data: bytes) -> str:
    """The encoding of text that is not Unicode: Windows' Western one unless most words are without a Latin letter.

    Only lines beyond ASCII are looked at, so that a line of ASCII more or less changes nothing.
    """
    western = "cp1252" if not _decoded(data, "cp1252").damaged else "latin-1"
    sample = _whole_lines([line for line in re.split(rb"[\r\n]+", data) if _HIGH.search(line)])
    words = [word for word in _WORD.findall(sample) if len(word) > 2 and _HIGH.search(word)]
    foreign = sum(len(_HIGH.findall(word)) > _WESTERN_SHARE * len(word) for word in words)
    if 2 * foreign <= len(words):
        return western
    from charset_normalizer import from_bytes

    # Best first. Mainframe encodings are left out: the lines of ASCII would be other characters there.
    fitting = (
        match.encoding for match in from_bytes(sample) if _ASCII.decode(match.encoding, "replace") == _ASCII_TEXT
    )
    return next((encoding for encoding in fitting if encoding not in {"ascii", "utf_8"}), western)


def _whole_lines(lines: list[bytes]) -> bytes:
    """So many lines as a sample holds: a line cut in two could end within a character."""
    taken, size = [], 0
    for line in lines:
        taken.append(line)
        size += len(line)
        if size > _SAMPLE_OCTETS:
            break
    return b"\n".join(taken)


def _refused(path: Path, text: str, hint: str = "") -> Refused:
    return Refused(Problem(text=text, file=str(path), hint=hint, code="file"))


def _likely(path: Path) -> str:
    """Name the file beside it that was probably meant."""
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return f"there is no folder {path.parent} either"
    near = difflib.get_close_matches(path.name, names, n=1, cutoff=0.75)
    return f"did you mean {path.parent / near[0]}?" if near else ""


def _megabytes(octets: int) -> str:
    return f"{octets / 1_000_000:.1f} MB"
