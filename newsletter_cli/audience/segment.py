"""The writer's own filter over columns: ``plan = 'founder' and country in ('DE','AT')``. Read by hand, never evaluated.

Pure. The grammar, keywords in any letter case::

    or      = and {"or" and}
    and     = not {"and" not}
    not     = ["not"] term
    term    = "(" or ")" | column test
    test    = ("=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=") value
            | ["not"] "in" "(" value {"," value} ")"
            | ["not"] "contains" value
            | "is" ["not"] "empty"
    column  = a name of letters, digits, "_", "-", "."; or any header in double quotes
    value   = a text in single quotes (a quote in it is doubled), or a number

Texts are compared without regard to letter case and padding; numbers as numbers where both sides are; ``<`` and ``>``
compare texts by their characters, which is right for ISO dates. ``tier``, where a list has no column of that name, is
free, paid, founding or unknown.
Raises Refused: what cannot be read, and a column that a list does not have.
"""

from __future__ import annotations

import difflib
import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsletter_cli.audience.words import compact
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

# A filter that a person wrote is far below these; a deeper one is an accident or an attack on the stack.
MAX_CHARACTERS = 10_000
MAX_DEPTH = 50

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*')|(?P<quoted>"[^"]+")|(?P<number>-?\d+(?:\.\d+)?(?![\w.-]))
        |(?P<word>[^\W\d][\w.-]*)|(?P<sign><=|>=|<>|!=|==|[=<>(),]))""",
    re.VERBOSE,
)
_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_COMPARE = frozenset({"=", "==", "!=", "<>", "<", "<=", ">", ">="})

UNREADABLE = "segment"  # the code of a segment that cannot be read


@dataclass(frozen=True, slots=True)
class Segment:
    """A filter, read. `columns` are those it names, in compact form to the spelling used."""

    text: str
    columns: Mapping[str, str]
    _test: Callable[[Mapping[str, str]], bool]

    def holds(self, fields: Mapping[str, str]) -> bool:
        """Whether a row is in the segment. `fields` are the row's columns in compact form (`compacted`)."""
        return self._test(fields)

    def require(self, headers: Mapping[str, Iterable[str]]) -> None:
        """Raise Refused for each column that a list (file name -> headers) does not have."""
        found = []
        for file, header in headers.items():
            present = {compact(name): name for name in header}
            for column, spelling in self.columns.items():
                if column not in present:
                    near = difflib.get_close_matches(column, present, n=1)
                    hint = f"is {present[near[0]]!r} meant?" if near else f"it has {', '.join(list(header)[:12])}"
                    text = f"no column {spelling!r}, which the segment {self.text!r} asks for"
                    found.append(Problem(text=text, file=file, hint=hint, code="segment-column"))
        if found:
            raise Refused(*found)


def compacted(fields: Mapping[str, str], tier: str) -> dict[str, str]:
    """A row's columns as `Segment.holds` takes them, with its tier."""
    return {"tier": tier, **{compact(key): value for key, value in fields.items()}}


def parse(text: str) -> Segment:
    """Read a filter. Raises Refused with what is wrong and where."""
    if len(text) > MAX_CHARACTERS:
        raise _refused("the segment is longer than 10,000 characters", text)
    reader = _Reader(text)
    test = reader.either(0)
    reader.end()
    return Segment(text, reader.columns, test)


def _refused(what: str, text: str, at: int | None = None) -> Refused:
    shown = text if len(text) <= 80 else text[:79] + "…"
    where = f" at character {at + 1}" if at is not None else ""
    return Refused(
        Problem(
            text=f"segment {shown!r}: {what}{where}",
            hint="write it like: plan = 'founder' and country in ('DE','AT')",
            code=UNREADABLE,
        )
    )


class _Reader:
    """Recursive descent over the tokens; each method reads one rule of the grammar and gives its test."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.columns: dict[str, str] = {}
        self._place = 0
        self._tokens = list(_tokens(text))

    @property
    def _here(self) -> tuple[str, str, int]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("end", "", len(self.text))

    def _next(self) -> tuple[str, str, int]:
        token = self._here
        self._place += 1
        return token

    def _keyword(self, *wanted: str) -> bool:
        kind, said, _ = self._here
        if kind in {"word", "sign"} and said.lower() in wanted:
            self._place += 1
            return True
        return False

    def _expect(self, sign: str) -> None:
        _, said, at = self._here
        if not self._keyword(sign):
            raise _refused(f"{sign!r} is missing before {said!r}" if said else f"{sign!r} is missing", self.text, at)

    def end(self) -> None:
        kind, said, at = self._here
        if kind != "end":
            raise _refused(f"{said!r} is too much", self.text, at)

    def either(self, depth: int) -> Callable[[Mapping[str, str]], bool]:
        if depth > MAX_DEPTH:
            raise _refused("it is nested too deeply", self.text)
        tests = [self._all(depth)]
        while self._keyword("or"):
            tests.append(self._all(depth))
        return tests[0] if len(tests) == 1 else lambda fields: any(test(fields) for test in tests)

    def _all(self, depth: int) -> Callable[[Mapping[str, str]], bool]:
        tests = [self._negated(depth)]
        while self._keyword("and"):
            tests.append(self._negated(depth))
        return tests[0] if len(tests) == 1 else lambda fields: all(test(fields) for test in tests)

    def _negated(self, depth: int) -> Callable[[Mapping[str, str]], bool]:
        negated = False
        while self._keyword("not"):
            negated = not negated
        if self._keyword("("):
            test = self.either(depth + 1)
            self._expect(")")
        else:
            test = self._test()
        return (lambda fields: not test(fields)) if negated else test

    def _test(self) -> Callable[[Mapping[str, str]], bool]:
        column = self._column()
        sign = self._next()
        if sign[1] in _COMPARE:
            return _comparison(column, sign[1], self._value())
        if sign[1].lower() == "is":
            negated = self._keyword("not")
            self._expect("empty")
            return lambda fields: bool(fields.get(column, "").strip()) is negated
        negated = sign[1].lower() == "not"
        word = self._next() if negated else sign
        if word[1].lower() == "in":
            return _membership(column, self._values(), negated=negated)
        if word[1].lower() == "contains":
            wanted = _folded(self._value())
            return lambda fields: (wanted in _folded(fields.get(column, ""))) is not negated
        raise _refused("a comparison is missing: =, !=, <, >, in, contains, is empty", self.text, word[2])

    def _column(self) -> str:
        kind, said, at = self._next()
        if kind not in {"word", "quoted"} or (kind == "word" and said.lower() in {"and", "or", "in", "is", "contains"}):
            raise _refused("a column is missing", self.text, at)
        spelling = said.strip('"')
        column = compact(spelling)
        self.columns.setdefault(column, spelling)
        return column

    def _value(self) -> str:
        kind, said, at = self._next()
        if kind == "text":
            return said[1:-1].replace("''", "'")
        if kind == "number":
            return said
        hint = f"; a text stands in single quotes: '{said}'" if kind in {"word", "quoted"} else ""
        raise _refused(f"a value is missing{hint}".replace('"', ""), self.text, at)

    def _values(self) -> tuple[str, ...]:
        self._expect("(")
        values = [self._value()]
        while self._keyword(","):
            values.append(self._value())
        self._expect(")")
        return tuple(values)


def _tokens(text: str) -> Iterable[tuple[str, str, int]]:
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            spaces = len(text[at:]) - len(text[at:].lstrip())
            raise _refused(f"{text[at + spaces]!r} cannot stand here", text, at + spaces)
        yield str(match.lastgroup), match[str(match.lastgroup)], match.start(str(match.lastgroup))
        at = match.end()


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"-?\d{1,15}(?:\.\d{1,15})?", text.strip()) else None


def _equal(left: str, right: str) -> bool:
    first, second = _number(left), _number(right)
    if first is not None and second is not None:
        return first == second
    return _folded(left) == _folded(right)


def _comparison(column: str, sign: str, value: str) -> Callable[[Mapping[str, str]], bool]:
    if sign in {"=", "=="}:
        return lambda fields: _equal(fields.get(column, ""), value)
    if sign in {"!=", "<>"}:
        return lambda fields: not _equal(fields.get(column, ""), value)
    wanted = _number(value)

    def ordered(fields: Mapping[str, str]) -> bool:
        cell = fields.get(column, "")
        if not cell.strip():
            return False  # nothing is neither less nor more
        found = _number(cell)
        if wanted is not None:
            return found is not None and _less(found, wanted, sign)
        return _less(_folded(cell), _folded(value), sign)

    return ordered


def _less(left: Any, right: Any, sign: str) -> bool:
    """Compare two texts or two numbers."""
    return bool(_ORDER[sign](left, right))


def _membership(column: str, values: tuple[str, ...], *, negated: bool) -> Callable[[Mapping[str, str]], bool]:
    return lambda fields: any(_equal(fields.get(column, ""), value) for value in values) is not negated
