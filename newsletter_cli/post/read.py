"""Read a post: bytes to `Post`, or every problem with its file and line.

`read` touches the disk, `parse` and `seen_sent` are pure. Takes any encoding and any line ends, and front matter in
YAML, TOML, ``Key: value`` lines or none; leaves the Markdown of the body to rendering. Raises Refused.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter_cli import files
from newsletter_cli.post import dates, fields, head as heads
from newsletter_cli.post.head import SENT, STARTED, Head, Kind
from newsletter_cli.post.meta import Reading
from newsletter_cli.post.model import Meta, Post
from newsletter_cli.problems import Problem, Refused, Severity, errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# The largest of the posts measured is 0.2 MB; Gmail clips a mail at 0.1 MB. Pictures belong in files of their own.
LIMIT_OCTETS = 5_000_000

# A longer line is no title; and these patterns need not be linear beyond it.
_LONGEST_TITLE = 500
_HEADING = re.compile(r" {0,3}#[ \t]+(?P<text>.*?)(?:[ \t]+#+)?")
_UNDERLINE = re.compile(r" {0,3}=+[ \t]*")
_ATTRIBUTES = re.compile(r"\s*\{[#.:][^{}]*\}\s*$")
_LINK = re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])(?:\{[^{}]*\})?")
_EMPHASIS = re.compile(r"(?<!\\)(\*{1,3}|`+|~~)|(?<![\w\\])_{1,3}|(?<!\\)_{1,3}(?!\w)")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def read(path: Path, *, timezone: str = "UTC", shown: str | None = None) -> Post:
    """Read the post in a file, and the text part beside it.

    `timezone` is where a date without one counts; `shown` is the path as messages name it. Raises Refused.
    """
    name = shown or str(path)
    try:
        data = files.read_bytes(path, what="the post", limit_octets=LIMIT_OCTETS)
    except Refused as refused:
        raise Refused(*(replace(problem, file=name) for problem in refused.problems)) from refused
    return _parse(data, path=path, timezone=timezone, text_part=_beside(path), file=name)


def parse(data: bytes, *, path: Path, timezone: str, text_part: str | None = None) -> Post:
    """Read a post's bytes. Pure. Raises Refused."""
    return _parse(data, path=path, timezone=timezone, text_part=text_part, file=str(path))


def seen_sent(data: bytes) -> tuple[str, str]:
    """`email_started_at` and `email_sent_at` as a person sees them at the head of the file; empty where not there.

    Pure, and never raises: it reads lines, so that it also answers for front matter that cannot be parsed.
    """
    marks = heads.marks(heads.find(files.decode(data).text))
    return _first(marks, STARTED), _first(marks, SENT)


def _beside(path: Path) -> str | None:
    """The text part that the author wrote: ``post.txt`` beside ``post.md``; None where there is none, or no text."""
    beside = path.with_suffix(".txt")
    if beside == path or not beside.is_file():
        return None
    homes = (path.parent.resolve(), path.resolve().parent)  # the post may itself be a link to where both stand
    if not any(beside.resolve().is_relative_to(home) for home in homes):
        said = "the text part is a link out of the post's folder"
        raise Refused(Problem(text=said, file=str(beside), hint="copy the file beside the post", code="text-outside"))
    data = files.read_bytes(beside, what="the text part", limit_octets=LIMIT_OCTETS)
    return _unified(_text(data, str(beside))[0]) if data.strip() else None


def _first(marks: Sequence[heads.Mark], key: str) -> str:
    return next((mark.value for mark in marks if mark.key == key and mark.value), "")


def _parse(data: bytes, *, path: Path, timezone: str, text_part: str | None, file: str) -> Post:
    text, odd = _text(data, file)
    head = heads.find(text)
    _check_head(head, file)
    found, warnings = fields.read(head, file=file)
    reading = Reading(found, file=file, timezone=timezone)
    meta = reading.meta()
    problems = [*odd, *warnings, *reading.problems]
    if errors(problems):
        raise Refused(*problems)

    seen = heads.marks(head)
    body = _unified("".join(head.lines[head.body :])).lstrip(heads.INVISIBLE)
    due = meta.due if "date" in meta.lines else dates.from_name(path.stem, timezone=timezone)
    meta = replace(
        meta,
        due=due,
        email_started_at=_first(seen, STARTED) or meta.email_started_at,
        email_sent_at=_first(seen, SENT) or meta.email_sent_at,
    )
    if not meta.title:
        meta, body, problem = _titled(meta, body, path=path, file=file)
        problems += problem
    if not body.strip():
        problems.append(_empty(meta, file, max(head.body, 1)))
    if errors(problems):
        raise Refused(*problems)
    return Post(
        path=path,
        source=data,
        meta=meta,
        body=body,
        body_line=head.body + 1,
        body_hash=hashlib.sha256(_without_outer_blanks(body).encode()).hexdigest(),
        problems=tuple(problems),
        text_part=text_part,
    )


def _text(data: bytes, file: str) -> tuple[str, tuple[Problem, ...]]:
    """The file's text, and a warning where its encoding was guessed; Refused where it is none."""
    if not data.strip(b"\0"):
        wrong = "holds nothing but NUL bytes" if data else "is empty"
        raise Refused(Problem(text=f"the post {wrong}", file=file, hint="write it first", code="post-empty"))
    decoded = files.decode(data)
    if "\0" in decoded.text:
        text = "a NUL byte; this is no text file"
        line = decoded.line_of("\0")
        raise Refused(Problem(text=text, file=file, line=line, hint="save it as UTF-8 text", code="encoding"))
    if decoded.damaged:
        text = f"bytes that are no characters of {decoded.encoding}"
        line = decoded.line_of("\ufffd")
        raise Refused(Problem(text=text, file=file, line=line, hint="save it as UTF-8 text", code="encoding"))
    if not decoded.text.strip(heads.INVISIBLE + " \t\r\n"):
        raise Refused(Problem(text="the post is empty", file=file, hint="write it first", code="post-empty"))
    if decoded.encoding.startswith("utf-"):
        return decoded.text, ()
    return decoded.text, (
        Problem(
            text=f"the text is no UTF-8; it is read as {decoded.encoding}",
            file=file,
            hint="look at its accents, and save it as UTF-8",
            severity=Severity.WARNING,
            code="encoding",
        ),
    )


def _check_head(head: Head, file: str) -> None:
    """Refuse front matter of which it is not clear where it begins or ends: it would be mailed as text."""
    if head.unclosed:
        fence = "+++" if head.kind is Kind.TOML else "---"
        text = "the front matter that begins here has no end"
        raise Refused(
            Problem(text=text, file=file, line=head.first, hint=f"close it with a line {fence}", code="front-matter")
        )
    if head.stray is not None:
        text = "front matter seems to begin here, where it is none"
        hint = "it stands between two lines --- at the very head of the file, once"
        raise Refused(Problem(text=text, file=file, line=head.stray + 1, hint=hint, code="front-matter"))


def _titled(meta: Meta, body: str, *, path: Path, file: str) -> tuple[Meta, str, list[Problem]]:
    """A title for a post whose front matter has none: its first heading, else its file's name.

    The heading leaves the body, so that it is not shown twice; a blank line stays, and every other line its number.
    """
    lines = body.split("\n")
    index = _first_text_line(lines)
    if index is not None and len(lines[index]) <= _LONGEST_TITLE:
        match = _HEADING.fullmatch(lines[index].rstrip(" \t"))
        if match and (title := _plain(match["text"])):
            lines[index] = ""
            return replace(meta, title=title), "\n".join(lines), []
        if index + 1 < len(lines) and _UNDERLINE.fullmatch(lines[index + 1]) and (title := _plain(lines[index])):
            lines[index : index + 2] = ["", ""]
            return replace(meta, title=title), "\n".join(lines), []
    stem = path.parent.name if path.stem.lower() == "index" and path.parent.name else path.stem
    words = re.sub(r"[-_\s]+", " ", re.sub(r"\A\d{4}-\d{1,2}-\d{1,2}(?=[-_ ])", "", stem)).strip() or stem
    title = _printable(words[:1].upper() + words[1:])
    problem = Problem(
        text=f"the post has no title; its file's name is taken: {title}",
        file=file,
        line=1,
        hint="write 'title:' into its front matter",
        severity=Severity.WARNING,
        code="title-missing",
    )
    return replace(meta, title=title), body, [] if meta.subject else [problem]


def _first_text_line(lines: Sequence[str]) -> int | None:
    """The first line that is neither blank nor an HTML comment."""
    comment = False
    for index, line in enumerate(lines):
        stripped = line.strip(heads.INVISIBLE + " \t")
        if comment or stripped.startswith("<!--"):
            if "-->" in stripped and not stripped.endswith("-->"):
                return index
            comment = "-->" not in stripped
        elif stripped:
            return index
    return None


def _plain(markdown: str) -> str:
    """A heading's words without its marks."""
    text = _LINK.sub(r"\1", _ATTRIBUTES.sub("", markdown))
    return _printable(_ESCAPED.sub(r"\1", _EMPHASIS.sub("", text)))


def _printable(text: str) -> str:
    """A title goes into a header: no control characters."""
    return "".join(char for char in text if unicodedata.category(char) != "Cc").strip()


def _empty(meta: Meta, file: str, line: int) -> Problem:
    """A post without text: stops a send, but not one that is not to be sent."""
    idle = meta.held_back or meta.email_sent_at
    return Problem(
        text="there is no text below the front matter",
        file=file,
        line=line,
        hint="write the post",
        severity=Severity.WARNING if idle else Severity.ERROR,
        code="post-empty",
    )


def _unified(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _without_outer_blanks(body: str) -> str:
    return re.sub(r"\A(?:[ \t]*\n)+", "", body).rstrip(" \t\n")
