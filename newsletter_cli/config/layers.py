"""What was given for each setting, by whom, and where: option, variable, project file, personal file.

Pure but for the bytes handed in. Gives dotted keys (``smtp.host``) with raw values and origins, and problems about
keys that mean nothing; what a value means is for `values`.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsletter_cli import files
from newsletter_cli.config.lines import key_lines, toml_error_line
from newsletter_cli.config.secret import Secret
from newsletter_cli.config.values import Word
from newsletter_cli.problems import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PREFIX = "NEWSLETTER_"
PASSWORD = "smtp.password"  # noqa: S105 - a key's name
_SECRETS = (PASSWORD, "bounces.password")  # set by their variables alone
_KEY_VARIABLE = "NEWSLETTER_LEDGER_KEY"
# What people call a password; its value must not stand in the file, nor in a message.
_PASSWORDS = frozenset({"password", "passwd", "pass", "pwd", "secret", "api_key", "token", "access_token"})
# Options that are not called as their key is.
_OPTIONS = {"list.columns": "--column"}
_NEAR = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A raw value and where it came from. `called` is what its giver names it: ``[smtp] port``, or a variable."""

    value: Any
    origin: str
    called: str
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """The keys that mean something: by section, and the sections that take any key."""

    sections: Mapping[str, tuple[str, ...]]
    tables: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every section."""
        return (*self.sections, *self.tables)


@dataclass(frozen=True, slots=True)
class Layer:
    """One giver's settings by dotted key, and what is wrong with its keys."""

    given: Mapping[str, Given]
    problems: tuple[Problem, ...]


def from_toml(data: bytes, schema: Schema, *, shown: str, origin: str) -> Layer:
    """A settings file. `shown` is its path for messages, `origin` its name for origins."""
    import tomllib

    decoded = files.decode(data)
    text = decoded.text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else re.sub(r" \(at .*", "", str(error))
        line = toml_error_line(str(error), text)
        return Layer({}, (Problem(text=f"is no TOML: {reason.lower()}", file=shown, line=line, code="settings-toml"),))
    return _Toml(schema, key_lines(text), shown, origin).read(document)


class _Toml:
    """Walks one document."""

    def __init__(self, schema: Schema, lines: Mapping[str, int], shown: str, origin: str) -> None:
        self.schema = schema
        self.lines = lines
        self.shown = shown
        self.origin = origin
        self.given: dict[str, Given] = {}
        self.problems: list[Problem] = []

    def read(self, document: Mapping[str, Any]) -> Layer:
        for name, table in document.items():
            if name not in self.schema.names:
                self._wrong(name, *self._unknown_section(name, table))
            elif name == "dkim" and isinstance(table, list):
                for number, entry in enumerate(table):
                    self._section(name, f"dkim.{number}", entry)
            else:
                self._section(name, "dkim.0" if name == "dkim" else name, table)
        return Layer(self.given, tuple(self.problems))

    def _section(self, name: str, dotted: str, table: Any) -> None:
        if not isinstance(table, dict):
            self._wrong(name, f"[{name}] is a section, not a value", f"write a line [{name}] and its keys below")
            return
        for key, value in table.items():
            if name in {"smtp", "bounces"} and key.lower() in _PASSWORDS:
                command = ', or password_command = ["pass", "show", "smtp"]' if name == "smtp" else ""
                hint = f"set the variable {variable(f'{name}.password')}{command}"
                self._wrong(f"{name}.{key}", f"[{name}] {key}: a password does not belong into this file", hint)
            elif name in self.schema.tables or key in self.schema.sections[name]:
                line = self._line(f"{dotted}.{key}")
                self.given[f"{dotted}.{key}"] = Given(
                    value=value,
                    origin=f"{self.origin}:{line}" if line else self.origin,
                    called=f"[{name}] {key}",
                    file=self.shown,
                    line=line,
                )
            else:
                self._wrong(f"{dotted}.{key}", f"[{name}] has no key {key!r}", _nearest(key, name, self.schema))

    def _unknown_section(self, name: str, table: Any) -> tuple[str, str]:
        if not isinstance(table, dict | list):
            homes = [section for section, keys in self.schema.sections.items() if name in keys]
            hint = f"it belongs below [{homes[0]}]" if homes else "every key stands below its [section]"
            return f"the key {name!r} stands outside every section", hint
        near = difflib.get_close_matches(name, self.schema.names, n=1, cutoff=_NEAR)
        hint = f"did you mean [{near[0]}]?" if near else f"there are [{'], ['.join(self.schema.names)}]"
        return f"there is no section [{name}]", hint

    def _line(self, dotted: str) -> int | None:
        # A single [dkim] and an inline table are known by shorter names.
        names = (dotted, dotted.replace("dkim.0.", "dkim."), dotted.rpartition(".")[0], dotted.partition(".")[0])
        return next((self.lines[name] for name in names if name in self.lines), None)

    def _wrong(self, dotted: str, text: str, hint: str) -> None:
        self.problems.append(
            Problem(text=text, file=self.shown, line=self._line(dotted), hint=hint, code="settings-key")
        )


def from_environment(environment: Mapping[str, str], schema: Schema) -> Layer:
    """The variables ``NEWSLETTER_<SECTION>_<KEY>``; an empty one counts as not set. An unknown one is a warning."""
    known = {variable(dotted): dotted for dotted in _dotted(schema)}
    given: dict[str, Given] = {}
    problems = []
    for name, value in sorted(environment.items()):
        if not name.startswith(PREFIX) or not value or name == _KEY_VARIABLE:
            continue
        dotted = known.get(name)
        if dotted is None:
            near = difflib.get_close_matches(name, [*known, _KEY_VARIABLE], n=1, cutoff=0.8)
            hint = f"did you mean {near[0]}?" if near else "see docs/configuration.md for those that do"
            problems.append(
                Problem(
                    text=f"the variable {name} sets nothing",
                    hint=hint,
                    severity=Severity.WARNING,
                    code="settings-variable",
                )
            )
            continue
        # A secret out of a file often brings its line end along.
        raw: Any = Secret(value.rstrip("\r\n")) if dotted in _SECRETS else Word(value)
        given[dotted] = Given(value=raw, origin=f"variable {name}", called=name)
    return Layer(given, tuple(problems))


def from_options(options: Mapping[str, object]) -> Layer:
    """What the command line gave, by dotted key; None and empty lists were not given."""
    given = {}
    for dotted, value in options.items():
        if value is None or value in ([], ()):
            continue
        option = _OPTIONS.get(dotted, f"--{dotted.rpartition('.')[2].replace('_', '-')}")
        given[dotted] = Given(value=_words(value), origin=f"option {option}", called=option)
    return Layer(given, ())


def only_smtp(layer: Layer, *, shown: str) -> Layer:
    """The personal file: every other section belongs to a newsletter."""
    others = [(key, given) for key, given in layer.given.items() if not key.startswith("smtp.")]
    wrong = [
        Problem(
            text=f"{given.called} belongs into newsletter.toml",
            file=shown,
            line=given.line,
            hint="the personal file holds [smtp] alone",
            code="settings-key",
        )
        for _, given in others
    ]
    kept = {key: given for key, given in layer.given.items() if key.startswith("smtp.")}
    return Layer(kept, (*layer.problems, *wrong))


def variable(dotted: str) -> str:
    """The variable that sets a key: ``smtp.host`` is NEWSLETTER_SMTP_HOST."""
    return PREFIX + dotted.replace("dkim.0.", "dkim.").replace(".", "_").upper()


def _dotted(schema: Schema) -> Iterable[str]:
    for section, keys in schema.sections.items():
        for key in keys:
            yield f"dkim.0.{key}" if section == "dkim" else f"{section}.{key}"
    yield from _SECRETS


def _words(value: Any) -> Any:
    if isinstance(value, str):
        return Word(value)
    if isinstance(value, list | tuple):
        return [_words(item) for item in value]
    return value


def _nearest(key: str, section: str, schema: Schema) -> str:
    """The key that was probably meant, of this section or another."""
    keys = schema.sections[section]
    homes = [name for name, others in schema.sections.items() if key in others]
    if homes:
        return f"it belongs below [{homes[0]}]"
    near = difflib.get_close_matches(key.lower().replace("-", "_"), keys, n=1, cutoff=_NEAR)
    return f"did you mean {near[0]!r}?" if near else f"its keys are {', '.join(keys)}"
