"""Front matter as a list of fields, whichever way it is written: YAML, TOML or ``Key: value`` lines.

Pure. Gives every scalar with its text as written (``27710009.2020`` and ``007`` stay text) and every key with its
physical line. Raises Refused with the line where the front matter cannot be read; what the values mean is for `meta`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from newsletter_cli.config.lines import key_lines, toml_error_line
from newsletter_cli.post import quotes
from newsletter_cli.post.head import INVISIBLE, Head, Kind, continues, pair
from newsletter_cli.problems import Problem, Refused, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

# Real heads are under 2 kB; PyYAML takes a second for 200 kB.
LIMIT_CHARACTERS = 100_000
_DEEPEST = 40

# YAML 1.1 takes these for line ends, people and TOML do not; they travel as private characters.
_HIDDEN = str.maketrans({"\x85": "\U0010e085", "\u2028": "\U0010e828", "\u2029": "\U0010e829"})
_SHOWN = str.maketrans({"\U0010e085": "\x85", "\U0010e828": "\u2028", "\U0010e829": "\u2029"})
_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAG = "tag:yaml.org,2002:"
_TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One key of the front matter. `text` is a scalar's text, None for lists and maps; `value` is typed."""

    name: str  # as written
    line: int  # physical, from 1
    text: str | None
    value: Any

    @property
    def key(self) -> str:
        """The name without its letter case: ``Preview-Text`` is ``preview_text``."""
        return self.name.strip().lower().replace("-", "_")

    @property
    def truth(self) -> bool | None:
        """What a yes-or-no value says; None where it says neither."""
        return _TRUTHS.get((self.text or "").strip().lower())


def read(head: Head, *, file: str) -> tuple[tuple[Field, ...], tuple[Problem, ...]]:
    """The fields of a head, in their order, and warnings about what was repaired. Raises Refused."""
    size = sum(map(len, head.content))
    if size > LIMIT_CHARACTERS:
        text = f"the front matter is {size // 1000} kB long"
        raise Refused(
            Problem(text=text, file=file, line=head.first, hint="is its closing line missing?", code="front-matter")
        )
    for index, line in enumerate(head.content, head.first + 1):
        if found := _UNPRINTABLE.search(line.strip(INVISIBLE)):
            text = f"a control character (U+{ord(found[0]):04X}) in the front matter"
            raise Refused(Problem(text=text, file=file, line=index, hint="delete it", code="front-matter"))
    if head.kind is Kind.YAML:
        return _Yaml(head, file).read()
    if head.kind is Kind.TOML:
        return _toml(head, file), ()
    return (_pairs(head) if head.kind is Kind.PAIRS else ()), ()


def _pairs(head: Head) -> tuple[Field, ...]:
    fields: list[Field] = []
    for line, text in enumerate(head.content, head.first + 1):
        if fields and continues(text):
            before = fields.pop()
            value = f"{before.text}\n{text.strip()}"
            fields.append(Field(name=before.name, line=before.line, text=value, value=value))
            continue
        found = pair(text)
        assert found is not None  # the head ends at the first line that is none
        name, value = found[0], quotes.unquoted(found[1])
        fields.append(Field(name=name.replace(" ", "_"), line=line, text=value, value=value))
    return tuple(fields)


class _Decimal(str):
    """A TOML float's text as written."""

    __slots__ = ()


def _toml(head: Head, file: str) -> tuple[Field, ...]:
    import tomllib

    text = "\n".join(line.rstrip("\r\n") for line in head.content) + "\n"
    try:
        table = tomllib.loads(text, parse_float=_Decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = toml_error_line(str(error), text)
        reason = "nested too deeply" if isinstance(error, RecursionError) else re.sub(r" \(at .*", "", str(error))
        raise _unread(file, head.first + line, reason.lower(), "") from error
    lines = key_lines(text)
    return tuple(
        Field(name=name, line=head.first + lines.get(name, 1), text=_toml_text(value), value=_toml_value(value))
        for name, value in table.items()
    )


def _toml_text(value: Any) -> str | None:
    match value:
        case str():
            return str(value)
        case bool():
            return "true" if value else "false"
        case datetime() | date() | time():
            return value.isoformat()
        case list() | dict():
            return None
        case _:
            return str(value)


def _toml_value(value: Any) -> Any:
    match value:
        case _Decimal():
            return float(value.replace("_", ""))
        case datetime() | date() | time():
            return value.isoformat()
        case list():
            return [_toml_value(item) for item in value]
        case dict():
            return {key: _toml_value(item) for key, item in value.items()}
        case _:
            return value


class _Yaml:
    """Reads one YAML head: as it stands, else with its quotes repaired."""

    def __init__(self, head: Head, file: str) -> None:
        self.first = head.first
        self.file = file
        self.lines = [line.rstrip("\r\n").strip(INVISIBLE).translate(_HIDDEN) for line in head.content]
        self.memo: dict[int, Any] = {}
        self.within: set[int] = set()

    def read(self) -> tuple[tuple[Field, ...], tuple[Problem, ...]]:
        """The fields and warnings of the head."""
        import yaml

        repairs = quotes.repairs(self.lines)
        failed: Exception | None = None
        # Backslashes of a repaired title are escapes if the whole can be read so, else they mean themselves.
        for repaired in quotes.candidates(self.lines, repairs):
            try:
                node = self._compose(repaired)
            except (yaml.YAMLError, RecursionError) as error:
                failed = failed or error
                continue
            return tuple(self._fields(node)), tuple(self._repaired(index) for index in sorted(repairs))
        raise self._broken(failed)

    def _compose(self, lines: Sequence[str]) -> Any:
        """The tree of YAML nodes, each with its line: python-frontmatter's YAML, without its loss of text."""
        from frontmatter.default_handlers import YAMLHandler

        from newsletter_cli.post.nodes import NodeLoader

        return YAMLHandler().load("\n".join(lines) + "\n", Loader=NodeLoader)

    def _repaired(self, index: int) -> Problem:
        return Problem(
            text=f"the quotes inside the {self.lines[index].split(':')[0].strip()} are not escaped",
            file=self.file,
            line=self.first + index + 1,
            hint='it is read as it was meant; write \\" for a quote inside quotes',
            severity=Severity.WARNING,
            code="front-matter-quotes",
        )

    def _fields(self, node: Any) -> list[Field]:
        if node is None:
            return []
        if not hasattr(node, "value") or not isinstance(node.value, list) or not node.tag.endswith(":map"):
            raise _unread(self.file, self._line(node), "it is no list of 'key: value' lines", "")
        if node.flow_style:
            hint = "write one 'key: value' a line, without braces"
            raise _unread(self.file, self._line(node), "it stands in braces, where no line can be added", hint)
        fields: list[Field] = []
        merged: list[Any] = []
        for key, value in node.value:
            if key.tag == f"{_TAG}merge":
                merged.append(value)
            elif isinstance(key.value, str):
                fields.append(self._field(key, value))
            else:
                raise _unread(self.file, self._line(key), "a key is a list or a map", "")
        # The nearest wins: the head's own keys, then the first of several merged maps (yaml.org/type/merge).
        maps = [one for value in merged for one in (value.value if value.tag.endswith(":seq") else [value])]
        for key, value in (item for one in maps if one.tag.endswith(":map") for item in one.value):
            if isinstance(key.value, str) and key.value not in {field.name for field in fields}:
                fields.append(self._field(key, value))
        return fields

    def _field(self, key: Any, value: Any) -> Field:
        text = None
        if isinstance(value.value, str):
            text = "" if value.tag == f"{_TAG}null" else value.value.translate(_SHOWN)
        return Field(name=key.value.translate(_SHOWN), line=self._line(key), text=text, value=self._value(value))

    def _value(self, node: Any, depth: int = 0) -> Any:
        """A node as plain values; dates stay text. Shared nodes are converted once, however often they stand there."""
        if isinstance(node.value, str):
            return _scalar(node.tag.removeprefix(_TAG), node.value.translate(_SHOWN))
        if id(node) in self.memo:
            return self.memo[id(node)]
        if id(node) in self.within or depth > _DEEPEST:
            raise _unread(self.file, self._line(node), "a value contains itself, or is nested too deeply", "")
        self.within.add(id(node))
        value: Any
        if node.tag.endswith(":seq") or not all(isinstance(item, tuple) for item in node.value):
            value = [self._value(item, depth + 1) for item in node.value]
        else:
            value = {
                key.value.translate(_SHOWN) if isinstance(key.value, str) else str(self._value(key, depth + 1)): (
                    self._value(item, depth + 1)
                )
                for key, item in node.value
            }
        self.within.discard(id(node))
        self.memo[id(node)] = value
        return value

    def _line(self, node: Any) -> int:
        return int(self.first + node.start_mark.line + 1)

    def _broken(self, error: Exception | None) -> Refused:
        if isinstance(error, RecursionError):
            return _unread(self.file, self.first + 1, "it is nested too deeply", "")
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        index = min(mark.line if mark else 0, max(len(self.lines) - 1, 0))
        # The scanner stands behind what it could not read: name the line of the value, not the one it ended on.
        context = getattr(error, "context_mark", None)
        if context is not None and "quoted scalar" in str(getattr(error, "context", "")):
            index = min(context.line, index)
        reason = str(getattr(error, "problem", None) or "it is no YAML").translate(_SHOWN)
        return _unread(self.file, self.first + index + 1, reason, _advice(reason, self.lines[index]))


def _scalar(tag: str, text: str) -> Any:
    match tag:
        case "null":
            return None
        case "bool":
            return _TRUTHS.get(text.lower(), text)
        case "int" | "float":
            try:
                return float(text) if tag == "float" else int(text.replace("_", ""))
            except ValueError:
                return text  # 0o17, 1:30 and other spellings that nobody means as numbers
        case _:
            return text


def _advice(reason: str, line: str) -> str:
    if "mapping values are not allowed" in reason:
        return "a value with ': ' in it needs quotes around it"
    if "\\t" in reason:
        return "use spaces instead of the tab"
    if "unknown escape" in reason or "escape sequence" in reason:
        return "write \\\\ for a backslash between double quotes"
    if line.count('"') % 2 or line.count("'") % 2:
        return "look at its quotes"
    return "put the value in quotes"


def _unread(file: str, line: int, reason: str, hint: str) -> Refused:
    text = f"the front matter cannot be read: {reason}"
    return Refused(Problem(text=text, file=file, line=line, hint=hint, code="front-matter"))
