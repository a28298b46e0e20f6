"""The marks of list items: bullets, numbers, letters, romans; as pandoc's fancy lists have them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from newsletter_cli.rendering.dialect.rules import is_rule


class Style(StrEnum):
    """How items are marked; the value is HTML's `type` of an ordered list, where it has one."""

    BULLET = "bullet"
    DECIMAL = "1"
    DEFAULT = "#"
    LOWER_ALPHA = "a"
    UPPER_ALPHA = "A"
    LOWER_ROMAN = "i"
    UPPER_ROMAN = "I"


@dataclass(frozen=True, slots=True)
class Marker:
    """One item's mark. `delimiter` is ``.``, ``)`` or ``()``; `column` is where the item's text begins."""

    style: Style
    delimiter: str
    number: int
    column: int
    empty: bool

    def continues(self, other: Marker) -> bool:
        """Whether an item marked so goes on the list that `other` began; a number goes on one begun by ``#``."""
        same = self.style is other.style or (self.style is Style.DECIMAL and other.style is Style.DEFAULT)
        return same and self.delimiter == other.delimiter


_BULLET = re.compile(r"( {0,3})([*+-])(?=( +)|$)")
_ORDERED = re.compile(r"( {0,3})(?:\((?P<two>\w{1,12}|\#)\)|(?P<one>\w{1,12}|\#)(?P<end>[.)]))(?=( +)|$)")
_ROMAN = re.compile(r"(?=[mdclxvi])m{0,4}(cm|cd|d?c{0,3})(xc|xl|l?x{0,3})(ix|iv|v?i{0,3})\Z")
_VALUES = {"m": 1000, "d": 500, "c": 100, "l": 50, "x": 10, "v": 5, "i": 1}


def bullet(text: str) -> Marker | None:
    """The bullet at the beginning of a line; a rule (``* * *``) is none."""
    match = _BULLET.match(text)
    if not match or is_rule(text):
        return None
    return Marker(Style.BULLET, "", 0, *_column(text, match))


def ordered(text: str, like: Marker | None = None) -> Marker | None:
    """The number at the beginning of a line. Where a list is open (`like`), its style decides what a letter is."""
    match = _ORDERED.match(text)
    if not match:
        return None
    word = match["two"] or match["one"]
    delimiter = "()" if match["two"] else match["end"]
    found = _number(word, like.style if like else None)
    if not found:
        return None
    style, number = found
    spaces = len(match[5] or "")
    # "B. Russell" is a name: a single capital and a full stop want two spaces.
    if delimiter == "." and len(word) == 1 and word.isupper() and spaces < 2 and match.end() < len(text):
        return None
    return Marker(style, delimiter, number, *_column(text, match))


def _number(word: str, style: Style | None) -> tuple[Style, int] | None:
    if word == "#":
        return Style.DEFAULT, 1
    if word.isascii() and word.isdigit():
        return (Style.DECIMAL, int(word)) if len(word) <= 9 else None
    if not word.isascii() or not (word.islower() or word.isupper()):
        return None
    lower = word.islower()
    roman = Style.LOWER_ROMAN if lower else Style.UPPER_ROMAN
    alpha = Style.LOWER_ALPHA if lower else Style.UPPER_ALPHA
    # A lone "i" begins a roman list, any other letter an alphabetic one; an open list knows better.
    as_roman = style is roman or (style is not alpha and (len(word) > 1 or word in "iI"))
    if as_roman and _ROMAN.match(word.lower()):
        return roman, _roman(word.lower())
    if len(word) == 1 and word.isalpha():
        return alpha, ord(word.lower()) - ord("a") + 1
    return None


def _roman(word: str) -> int:
    values = [_VALUES[char] for char in word]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))


def _column(text: str, match: re.Match[str]) -> tuple[int, bool]:
    """Where the item's text begins, and whether the line holds none."""
    after = match.end()
    spaces = len(text) - after - len(text[after:].lstrip(" "))
    if after + spaces >= len(text):
        return after, True
    # Five spaces and more: the text is indented code, one of them belongs to the mark.
    return after + (spaces if spaces <= 4 else 1), False
