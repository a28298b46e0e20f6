"""Merge fields: ``{{ first_name }}`` in subject, preheader and post become opaque tokens, and the tokens slots.

Only posts with ``merge: true`` come here, since posts quote template code. Nothing is evaluated: an expression is a
column of the list, or several joined by ``or``, with a text as the last one or in ``default("…")``; everything else
(calls, filters, arithmetic, ``{% %}``) is a problem with its line. The tokens stand in the Markdown before it is
converted, because converters curl quotes inside braces and percent-encode them in links; where a token has landed at
the end decides how its value is escaped (`place`). Pure; raises nothing.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from newsletter_cli.problems import Problem
from newsletter_cli.rendering.model import UNSUBSCRIBE_URL, Context, Slot

if TYPE_CHECKING:
    from lxml import etree

_HINT = 'write {{ first_name }}, {{ name or "friend" }} or {{ name | default("friend") }}; for plain braces: &#123;{'
# An opening, a tag of a template language, or a whole field. A field does not span paragraphs.
_MARK = re.compile(r"\{\{((?:(?!\}\}|\{\{|\n[ \t]*\n).)*)(\}\}|)|\{%|\{#[^{}\n]{0,200}#\}", re.DOTALL)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
# Word processors and Substack curl the quotes of a fallback.
_STRING = r"""(?:"([^"]*)"|'([^']*)'|[“”„]([^“”]*)[“”]|[‘’‚]([^‘’]*)[‘’])"""
_NAME = r"""(?:(?:row|subscriber)\s*(?:\.\s*([^\W\d]\w*)|\[\s*""" + _STRING + r"""\s*\])|([^\W\d]\w*))"""
_NAME_AT = re.compile(rf"\s*{_NAME}\s*")
_STRING_AT = re.compile(rf"\s*{_STRING}\s*")
_OR_AT = re.compile(r"or\b")
_DEFAULT_AT = re.compile(rf"\|\s*default\s*\(\s*{_STRING}\s*\)\s*\Z")
_KEYWORDS = frozenset({"or", "and", "not", "if", "else", "in", "is", "true", "false", "none", "True", "False", "None"})
_KINDS = {Context.HTML: "h", Context.HREF: "r", Context.TEXT: "t", Context.SUBJECT: "s"}
_DIGITS = 22
_TEXTS = frozenset({"alt", "title", "aria-label"})  # attributes that are shown: escaped like text
WHOLE_LINK = re.compile(r"nlr[0-9a-f]{21}")


@dataclass(frozen=True, slots=True)
class Field:
    """One merge field as the post names it: columns tried in turn, the fallback, the line."""

    names: tuple[str, ...]
    fallback: str | None
    line: int | None


@dataclass(slots=True)
class Fields:
    """The tokens of one rendering. `seed` makes them; a token is 24 characters: ``nl``, its context, 21 digits."""

    seed: str
    known: dict[str, Field] = field(default_factory=dict)  # the token's digits -> field

    def token(self, what: Field, context: Context = Context.HTML) -> str:
        """The token of a field in a context; the same field, line and context give the same token."""
        said = f"{self.seed}\0{what.names}\0{what.fallback}\0{what.line}"
        digits = hashlib.sha256(said.encode()).hexdigest()[: _DIGITS - 1]
        self.known[digits] = what
        return f"nl{_KINDS[context]}{digits}"

    @property
    def pattern(self) -> re.Pattern[str]:
        """Finds the tokens of any context; group 1 is the kind, group 2 the digits."""
        return re.compile(f"nl([hrts])({'|'.join(map(re.escape, self.known)) or '(?!)'})")


def fields_of(seed: str) -> Fields:
    """An empty set of tokens that depends on the post's content alone."""
    return Fields(hashlib.sha256(seed.encode("utf-8", "surrogatepass")).hexdigest())


def mark(text: str, fields: Fields, *, file: str, first_line: int | None) -> tuple[str, list[Problem]]:
    """Put tokens in the places of the merge fields; say what is not one, with its line."""
    problems: list[Problem] = []
    breaks = [match.start() for match in re.finditer("\n", text)]

    def swap(match: re.Match[str]) -> str:
        line = None if first_line is None else first_line + bisect_left(breaks, match.start())
        if match[1] is None:
            tag = "{% %}" if match[0] == "{%" else "{# #}"
            said = f"{tag} is not run in a post: merge fields are names with a fallback, nothing else"
            problems.append(Problem(text=said, file=file, line=line, hint=_HINT, code="merge-code"))
            return match[0]
        read = _read(_ESCAPED.sub(r"\1", match[1])) if match[2] else None
        if read is None:
            shown = " ".join(match[0].split())
            said = f"{shown[:60]}{'…' if len(shown) > 60 else ''} is no merge field"
            problems.append(Problem(text=said, file=file, line=line, hint=_HINT, code="merge-field"))
            return match[0]
        # The line ends of a field stay behind its token, so that all lines keep their numbers.
        return fields.token(Field(read[0], read[1], line)) + "\n" * match[0].count("\n")

    return _MARK.sub(swap, text), problems


def _read(said: str) -> tuple[tuple[str, ...], str | None] | None:
    """The columns and the fallback of an expression, None where it is none."""
    names: list[str] = []
    at = 0
    while True:
        if names and (last := _STRING_AT.match(said, at)) and last.end() == len(said):
            return tuple(names), _text(last)
        match = _NAME_AT.match(said, at)
        if match is None or (match[6] or "") in _KEYWORDS:
            return None
        names.append(match[1] or match[6] or _text(match, first=2) or "")
        at = match.end()
        if at == len(said):
            return tuple(names), None
        if default := _DEFAULT_AT.match(said, at):
            return tuple(names), _text(default)
        if not _OR_AT.match(said, at):
            return None
        at += len("or")


def _text(match: re.Match[str], *, first: int = 1) -> str | None:
    return next((match[group] for group in range(first, first + 4) if match[group] is not None), None)


def named(text: str) -> bool:
    """Whether a text holds what could be a merge field: for the hint that ``merge: true`` is missing."""
    return any(match[2] and _read(_ESCAPED.sub(r"\1", match[1])) for match in _MARK.finditer(text) if match[0] != "{%")


def place(tree: etree._Element, fields: Fields, *, file: str) -> list[Problem]:
    """Give the tokens in attributes their context: a link's target, or a problem.

    An id or a link to one loses its tokens (they come from the heading's text). A field in an image's address would
    tell who opens the mail, so it is refused. A link may be a field as a whole: `links` leaves it alone.
    """
    if not fields.known:
        return []
    problems: list[Problem] = []
    pattern = fields.pattern
    for element in tree.iter("*"):
        for name, value in ((str(key), value) for key, value in list(element.attrib.items())):
            text = str(value)
            if not (found := pattern.search(text)):
                continue
            if name in {"id", "name"} or (name == "href" and text.startswith("#")):
                element.set(name, pattern.sub("", text))
            elif name == "href":
                element.set(name, pattern.sub(r"nlr\2", text))
            elif name not in _TEXTS and not name.startswith("data-"):
                said = f"a merge field cannot stand in the attribute {name}"
                problems.append(
                    Problem(
                        text=said,
                        file=file,
                        line=fields.known[found[2]].line,
                        hint="put it into the text",
                        code="merge-place",
                    )
                )
                element.set(name, pattern.sub("", text))
    return problems


def as_text(text: str, fields: Fields, context: Context) -> str:
    """A part with all its tokens turned into those of one context."""
    return fields.pattern.sub(rf"nl{_KINDS[context]}\2", text) if fields.known else text


def slots(fields: Fields, *, subject: str, html: str, text: str) -> tuple[Slot, ...]:
    """The slots of the parts, in the order in which they stand."""
    kinds = {kind: context for context, kind in _KINDS.items()}
    found: dict[str, Slot] = {}
    for part in (subject, text, html):
        for match in fields.pattern.finditer(part):
            what = fields.known[match[2]]
            found.setdefault(match[0], Slot(match[0], kinds[match[1]], what.names, what.fallback, what.line))
    return tuple(found.values())


def unsubscribe(fields: Fields, context: Context) -> str:
    """The token that stands where a person's unsubscribe URL goes."""
    return fields.token(Field((UNSUBSCRIBE_URL,), None, None), context)
