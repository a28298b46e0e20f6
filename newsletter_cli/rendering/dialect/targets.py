"""Targets and titles of links: read in place, unescaped, percent-encoded where a URL needs it. Pure."""

from __future__ import annotations

import re
from html import unescape

# With its semicolon: the `&copy` of ``?a=1&copy=2`` is none.
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
# What pandoc percent-encodes: white space and the characters that no URL holds (RFC 3986 §2, Appendix A).
_UNSAFE = re.compile(r'[\s<>|"{}\[\]^`]')
_LINE_END = re.compile(r"[ \t]*\n[ \t]*")  # of a target that was wrapped: as pandoc, one space
_ANGLE = re.compile(r"<((?:[^<>\\\n]|\\.|\n(?!\s*\n))*)>")
# A target piece by piece: parentheses, white space over one line end at most, anything else.
_TOKEN = re.compile(
    r"(?P<open>\()|(?P<close>\))|(?P<space>[ \t]*\n[ \t]*|[ \t]+)|(?:[^\s()\\]|\\.|\\|[^\S \t\n])+", re.DOTALL
)
_QUOTES = frozenset("\"'")
_SPACE = re.compile(r"[ \t]*\n?[ \t]*")
# How deep parentheses nest in a target, how long a title is: bounds that no real link meets.
_MAX_NESTING = 6
_MAX_TITLE = 2_000


def unescaped(text: str) -> str:
    """Without backslash escapes and character references."""
    return _REFERENCE.sub(_character, _ESCAPE.sub(r"\1", text))


def _character(match: re.Match[str]) -> str:
    return unescape(match[0])


def escaped(url: str) -> str:
    """With what no URL may hold percent-encoded (UTF-8); what is encoded stays."""
    url = _LINE_END.sub(" ", url.strip())
    return _UNSAFE.sub(lambda match: "".join(f"%{octet:02X}" for octet in match[0].encode()), url)


def read(text: str, at: int) -> tuple[str, str, int] | None:
    """Read ``(target "title")`` whose parenthesis stands at `at`: target, title, the place behind. None: it is none."""
    if not text.startswith("(", at):
        return None
    at = _skip(text, at + 1)
    if text.startswith("<", at) and (angle := _ANGLE.match(text, at)):
        target, at = angle[1], angle.end()
    else:
        found = _bare(text, at)
        if not found:
            return None
        target, at = found
    title, at = _title(text, _skip(text, at))
    at = _skip(text, at)
    if not text.startswith(")", at):
        return None
    return escaped(unescaped(target)), unescaped(title), at + 1


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _bare(text: str, at: int) -> tuple[str, int] | None:
    """A target without brackets: up to its closing parenthesis or a title; spaces may stand inside, as pandoc reads."""
    start, depth = at, 0
    while token := _TOKEN.match(text, at):
        at = token.end()
        if token["open"]:
            depth += 1
        elif token["close"]:
            depth -= 1
        if depth < 0:
            return text[start : at - 1].rstrip(), at - 1
        if depth > _MAX_NESTING or (token["space"] and text.startswith("\n", at)):  # a blank line
            return None
        if token["space"] and depth == 0 and text[at : at + 1] in _QUOTES:
            # A quote behind white space begins the title, or this is no target.
            return (text[start : token.start()], at) if _title(text, at)[1] != at else None
    return None


def _title(text: str, at: int) -> tuple[str, int]:
    """A title at `at`, which the closing parenthesis must follow; an empty one where there is none."""
    quote = text[at : at + 1]
    if quote not in _QUOTES:
        return "", at
    end = at
    limit = min(len(text), at + _MAX_TITLE)
    while True:
        end = text.find(quote, end + 1, limit)
        if end < 0:
            return "", at
        if text[end - 1] != "\\" and text.startswith(")", _skip(text, end + 1)):
            return text[at + 1 : end], end + 1
