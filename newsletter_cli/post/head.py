"""Where the front matter of a post lies: its kind, its lines, and where the body begins.

Pure, and about lines alone: `read` and `stamp` both go by it, so that what one reads the other edits. It also reads
`email_started_at` and `email_sent_at` as a person sees them, whatever becomes of the rest. Raises nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How the front matter is written."""

    YAML = "YAML"  # --- … ---
    TOML = "TOML"  # +++ … +++
    PAIRS = "Key: value"  # Pelican's and MultiMarkdown's: lines down to the first blank one
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The lines of a file, each with its end; the content of its front matter is ``lines[first:end]``.

    `body` is the index of the body's first line. `unclosed`: the opening line at ``first - 1`` has no closing one.
    `stray` is the index of a line where front matter seems to begin that is not at the head of the file.
    """

    kind: Kind
    lines: tuple[str, ...]
    first: int = 0
    end: int = 0
    body: int = 0
    unclosed: bool = False
    stray: int | None = None

    @property
    def content(self) -> tuple[str, ...]:
        """The lines of the front matter without its fences."""
        return self.lines[self.first : self.end]


@dataclass(frozen=True, slots=True)
class Mark:
    """A line ``email_started_at`` or ``email_sent_at``: which, where, and its value as written (empty: none)."""

    key: str
    index: int
    value: str


STARTED = "email_started_at"
SENT = "email_sent_at"

# Only these three end a line; str.splitlines also cuts at form feeds and U+2028, which stand inside text.
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
# What stands invisibly before a first line: byte order marks, zero-width spaces, word joiners.
INVISIBLE = "\ufeff\u200b\u2060"
_FENCES = {"---": (Kind.YAML, frozenset({"---", "..."})), "+++": (Kind.TOML, frozenset({"+++"}))}
_ANY_FENCE = re.compile(r"\s*(?:[-–—]{1,}|\+{3,}|```\s*(?:ya?ml|toml)?)\s*")
_KEY_LINE = re.compile(r"""[\s\ufeff\u200b\u2060]*["']?[A-Za-z_][\w .-]{0,80}["']?\s{0,9}[:=](?:\s|$)|\s*\[""")
_PAIR = re.compile(r"(?P<key>[A-Za-z][\w-]*(?: [\w-]+){0,3})\s*:(?:[ \t]+(?P<value>.*))?")
_CONTINUED = re.compile(r"(?: {4}|\t)\s*\S")
# Prose may begin with "Note: …"; a head of pairs has at least one of these.
_TELLING = re.compile(
    r"""[\s\ufeff\u200b\u2060]*["']?(?:title|subtitle|subject|date|slug|post[_-]?id|draft|published|audience|email[_-]s\w+[_-]at)["']?\s*[:=]""",
    re.IGNORECASE,
)
# How far a head that is not closed, or not where it should be, is looked through.
_FAR = 200

# The key in any letter case, quoted, behind any indentation, bracket or mark; a comment (#) does not count.
_MARK = re.compile(
    r"""[\s\ufeff\u200b\u2060>{\[("'`*,-]*(?P<key>email[_-]?(?:sent|started)[_-]?at)["'`*]*[\s\ufeff\u200b\u2060]*[:=：](?P<value>.*)""",
    re.IGNORECASE | re.DOTALL,
)
_FLOW_MARK = re.compile(
    r"""[{,]\s*["']?(?P<key>email[_-]?(?:sent|started)[_-]?at)["']?\s*[:=](?P<value>[^,}]*)""", re.IGNORECASE
)
_NOTHING = frozenset({"", "~", "null", "none", "false", "no", "''", '""', "|", ">", "|-", ">-", "|+", ">+"})


def split_lines(text: str) -> tuple[str, ...]:
    """The lines of a text, each with its end: CRLF, LF or CR."""
    return tuple(_LINES.findall(text))


def find(text: str) -> Head:
    """Find the front matter of a post's text."""
    lines = split_lines(text)
    start = next((index for index, line in enumerate(lines) if line.strip(INVISIBLE + " \t\r\n")), len(lines))
    if start == len(lines):
        return Head(kind=Kind.NONE, lines=lines)
    opening = lines[start].lstrip(INVISIBLE).rstrip()
    if opening in _FENCES:
        found = _fenced(lines, start, *_FENCES[opening])
        if found is not None:
            return found
    else:
        end = _pairs_end(lines, start)
        if end > start:
            closed = end < len(lines) and lines[end].rstrip() in {"---", "..."}
            return Head(kind=Kind.PAIRS, lines=lines, first=start, end=end, body=end + closed)
    return Head(kind=Kind.NONE, lines=lines, stray=_stray(lines, start))


def _fenced(lines: tuple[str, ...], start: int, kind: Kind, closing: frozenset[str]) -> Head | None:
    """A head between two fences; None where the first line is a rule and no fence."""
    first = start + 1
    end = next((index for index in range(first, len(lines)) if lines[index].rstrip() in closing), None)
    content = lines[first : first + _FAR if end is None else end]
    # A rule is followed by a blank line; front matter that begins with one has keys, or nothing at all.
    if content and not content[0].strip():
        keys = any(_KEY_LINE.match(line) for line in content)
        if not keys and any(line.strip() for line in content):
            return None
    if end is None:
        if not content or not _KEY_LINE.match(content[0]):
            return None
        return Head(kind=kind, lines=lines, first=first, end=len(lines), body=len(lines), unclosed=True)
    return Head(kind=kind, lines=lines, first=first, end=end, body=end + 1, stray=_stray(lines, end + 1))


def pair(line: str) -> tuple[str, str] | None:
    """Key and value of a ``Key: value`` line."""
    match = _PAIR.fullmatch(line.lstrip(INVISIBLE).rstrip())
    return (match["key"], match["value"] or "") if match else None


def continues(line: str) -> bool:
    """Whether a line goes on with the value of the pair before it."""
    return _CONTINUED.match(line) is not None


def _pairs_end(lines: tuple[str, ...], start: int) -> int:
    """The index behind a head of ``Key: value`` lines; `start` where there is none."""
    end = start
    while end < len(lines) and (pair(lines[end]) or (end > start and continues(lines[end]))):
        end += 1
    return end if any(_TELLING.match(line) for line in lines[start:end]) else start


def _stray(lines: tuple[str, ...], start: int) -> int | None:
    """The line of front matter that begins behind blank lines, comments or a fence that is none."""
    comment = False
    for index in range(start, min(start + _FAR, len(lines) - 1)):
        line = lines[index].strip(INVISIBLE + " \t\r\n")
        if comment or line.startswith("<!--"):
            comment = "-->" not in line
            continue
        braces = line.startswith("{") and _TELLING.match(line[1:] or lines[index + 1])  # JSON
        if braces or (_ANY_FENCE.fullmatch(line) and _TELLING.match(lines[index + 1])):
            return index
        if line:
            return None
    return None


def marks(head: Head) -> tuple[Mark, ...]:
    """Every line of the head that a person reads as ``email_started_at`` or ``email_sent_at``, in their order."""
    found = []
    for index in _looked_at(head):
        match = _MARK.match(head.lines[index]) or (
            _FLOW_MARK.search(head.lines[index]) if head.lines[index].lstrip().startswith("{") else None
        )
        if match is None:
            continue
        value = _value(match["value"])
        if not value and index + 1 < len(head.lines) and head.lines[index + 1][:1] in {" ", "\t"}:
            below = head.lines[index + 1]
            value = "" if _KEY_LINE.match(below) or below.lstrip().startswith("#") else _value(below)
        found.append(Mark(SENT if "sent" in match["key"].lower() else STARTED, index, value))
    return tuple(found)


def _looked_at(head: Head) -> list[int]:
    """The lines in which a person looks for the marks: the head, and what was meant as one."""
    if head.kind is Kind.NONE:
        start = next((index for index, line in enumerate(head.lines) if line.strip()), 0)
        end = next((index for index in range(start, len(head.lines)) if not head.lines[index].strip()), len(head.lines))
        seen = set(range(start, min(end, start + _FAR)))
    else:
        seen = set(range(head.first, min(head.end, head.first + _FAR) if head.unclosed else head.end))
    if head.kind is Kind.PAIRS:
        # A blank line ends the head for a program, not for a person who sees more pairs below it.
        index = head.end
        while index < len(head.lines) and (not head.lines[index].strip() or _TELLING.match(head.lines[index])):
            seen.add(index)
            index += 1
    if head.stray is not None:
        index = head.stray + 1
        while index < min(len(head.lines), head.stray + _FAR) and not _ANY_FENCE.fullmatch(head.lines[index]):
            seen.add(index)
            index += 1
    return sorted(seen)


def _value(text: str) -> str:
    """A scalar's text without quotes, comment and white space; empty for the spellings of nothing."""
    value = text.strip()
    if value[:1] in {'"', "'"} and value.find(value[0], 1) > 0:
        value = value[1 : value.find(value[0], 1)].strip()
    else:
        value = re.split(r"(?:^|\s)#", value, maxsplit=1)[0].rstrip(" ,}])").strip()
    return "" if value.lower() in _NOTHING else value
