"""Titles whose inner quotes are not escaped: ``title: "He said "hi" to me"``.

Pure. One real post in twenty has them: an exporter put quotes around the text and left those inside as they were.
Only single lines of the text keys below are repaired; everything else that is broken stays so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TEXT_LINE = re.compile(
    r"""(?P<key>(?P<indent>\x20*)["']?(?:title|subtitle|subject|preview_text)["']?\s*:\s+)"""
    r"""(?P<value>(?P<quote>["']).*)""",
    re.IGNORECASE,
)
_ANY_LINE = re.compile(r"(?P<indent> *)[^\s#]")
# A closed scalar, and a comment behind it or nothing.
_WHOLE = {
    '"': re.compile(r'"(?:[^"\\]|\\.)*"(?P<rest>.*)'),
    "'": re.compile(r"'(?:[^']|'')*'(?!')(?P<rest>.*)"),
}
_COMMENT = re.compile(r"""\s+#[^"']*""")


def repairs(lines: Sequence[str]) -> dict[int, str]:
    """The texts meant, by the index of the line, of every text key whose quotes do not add up."""
    first = next((match["indent"] for line in lines if (match := _ANY_LINE.match(line))), "")
    found = {}
    for index, line in enumerate(lines):
        match = _TEXT_LINE.fullmatch(line.rstrip())
        if match is None or match["indent"] != first:  # deeper lines are the text of another key
            continue
        meant = _meant(match["value"], match["quote"])
        if meant is not None:
            found[index] = meant
    return found


def candidates(lines: Sequence[str], meant: Mapping[int, str]) -> Iterator[list[str]]:
    """The lines as they may be read, best first: escapes taken as escapes, then as the characters they are."""
    if not meant:
        yield list(lines)
        return
    for literal in (False, True):
        yield [
            _repaired(line, meant[index], literal=literal) if index in meant else line
            for index, line in enumerate(lines)
        ]


def _repaired(line: str, text: str, *, literal: bool) -> str:
    match = _TEXT_LINE.fullmatch(line.rstrip())
    assert match is not None  # it is one of `repairs`
    return match["key"] + _quoted(text, literal=literal or match["quote"] == "'")


def unquoted(value: str) -> str:
    """The value of a ``Key: value`` line without the quotes around the whole of it."""
    if len(value) >= 2 and value[0] in {'"', "'"} and value[-1] == value[0] and value[0] not in value[1:-1]:
        return value[1:-1]
    return value


def _meant(value: str, quote: str) -> str | None:
    """What was meant by a value that begins with a quote; None where it is right as it stands, or beyond repair."""
    whole = _WHOLE[quote].fullmatch(value)
    if whole is None or not whole["rest"] or _COMMENT.fullmatch(whole["rest"]):
        return None
    cut = value
    comment = _COMMENT.fullmatch(value, value.rfind(quote) + 1)
    if comment is not None:
        cut = value[: comment.start()]
    if not cut.endswith(quote):
        return value  # "Why" is not how
    inner = cut[1:-1]
    # "Why" is not "how": quotes of the text itself, none around it; told by an inside that does not pair.
    return inner if _pairs(inner, quote) or not _pairs(cut, quote) else cut


def _pairs(text: str, quote: str) -> bool:
    """Whether each quote that opens (behind a space or bracket) is followed by one that closes."""
    opened = False
    for index, char in enumerate(text):
        if char != quote or (index and text[index - 1] == "\\"):
            continue
        before, after = text[index - 1 : index], text[index + 1 : index + 2]
        if quote == "'" and before.isalnum() and after.isalnum():
            continue  # an apostrophe
        if opened:
            opened = False
        elif not before or not before.isalnum():
            opened = True
        else:
            return False
    return not opened


def _quoted(text: str, *, literal: bool) -> str:
    """A YAML double-quoted scalar of the text; backslashes mean themselves where `literal`, else go through."""
    escaped = text.replace("\\", "\\\\") if literal else text
    return '"' + re.sub(r'(?<!\\)((?:\\\\)*)"', r"\1\\" + '"', escaped) + '"'
