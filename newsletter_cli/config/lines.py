"""On which line a key of a TOML text stands, which tomllib does not tell.

Pure. `key_lines` walks a text that tomllib has read; on one that it has not it gives what it finds up to there.
"""

from __future__ import annotations

import re

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_HEADER = re.compile(r"(\[\[?)([^\]\n]*)\]\]?")
_NAME = re.compile(r"""\s*("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s."'=\[\]]+)\s*""")
# Longest first: a multi-line string begins as an empty one does.
_STRINGS = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_AT = re.compile(r"\(at line (\d+)")


def key_lines(text: str) -> dict[str, int]:
    """Dotted key (``smtp.host``, ``dkim``) to its physical line, from 1; of a repeated table the first.

    The elements of a list of tables are numbered from 0: ``dkim.1.domain``.
    """
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    table = ""
    at = _skip(text, 0)
    while at < len(text):
        line = text.count("\n", 0, at) + 1
        header = _HEADER.match(text, at)
        if header:
            table = _dotted(header[2])
            found.setdefault(table, line)
            if header[1] == "[[":
                number = counts.get(table, 0)
                counts[table] = number + 1
                table = f"{table}.{number}"
                found.setdefault(table, line)
            at = _skip(text, header.end())
            continue
        equals = _key_end(text, at)
        if equals < 0:
            break
        key = _dotted(text[at:equals])
        found.setdefault(f"{table}.{key}" if table else key, line)
        at = _skip(text, _value_end(text, equals + 1))
    return found


def toml_error_line(message: str, text: str) -> int:
    """The line, from 1, that a message of tomllib names; the last one where it speaks of the end."""
    found = _AT.search(message)
    return int(found[1]) if found else max(text.rstrip().count("\n") + 1, 1)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _key_end(text: str, at: int) -> int:
    """The place of the ``=`` behind a key; -1 where there is none."""
    while at < len(text):
        name = _NAME.match(text, at)
        if name is None:
            return -1
        at = name.end()
        if text[at : at + 1] == "=":
            return at
        if text[at : at + 1] != ".":
            return -1
        at += 1
    return -1


def _value_end(text: str, at: int) -> int:
    """The end of a value: of its line, but for what brackets and strings hold together."""
    depth = 0
    while at < len(text):
        char = text[at]
        if char in "\"'":
            string = _STRINGS.match(text, at)
            at = string.end() if string else at + 1
            continue
        if char == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
            continue
        if char == "\n" and depth <= 0:
            return at
        depth += (char in "[{") - (char in "]}")
        at += 1
    return at


def _dotted(key: str) -> str:
    return ".".join(name[1:-1] if name[:1] in {'"', "'"} else name for name in _NAME.findall(key))
