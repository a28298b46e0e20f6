"""Settings from option, environment, project file and personal file, or every mistake at once.

`load` reads the files; the environment is an argument. pydantic is imported inside, by commands that need settings.
Raises Refused with the file and line of each key that is wrong, and the nearest key that means something; UsageError
where nothing but options is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter_cli import files
from newsletter_cli.config import layers, values
from newsletter_cli.config.layers import Given, Layer, Schema
from newsletter_cli.config.secret import Secret
from newsletter_cli.problems import Problem, Refused, Severity, UsageError, errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter_cli.config.settings import Section, Settings

FILE_NAME = "newsletter.toml"
_LIMIT_OCTETS = 1_000_000
_OPTION = "option-value"  # of a command line: wrong usage, not a wrong file


def load(
    *,
    start: Path,
    config_file: Path | None,
    environment: Mapping[str, str],
    options: Mapping[str, object],
    home: Path,
) -> Settings:
    """The settings in force for a post or folder `start`.

    `config_file` is the one of ``--config``; without it newsletter.toml is looked for from `start` upwards, then from
    the current folder upwards; none is fine. `options` are by dotted key: ``{"smtp.rate": ["5/s"]}``. Raises Refused.
    """
    from newsletter_cli.config import settings

    schema = Schema({name: settings.keys(name) for name in settings.SECTIONS}, tuple(settings.TABLES))
    file = config_file or files.find_upwards(FILE_NAME, start) or files.find_upwards(FILE_NAME, Path.cwd())
    personal = _personal_file(environment, home)
    # From the weakest to the strongest.
    found = [
        (_file_layer(personal, schema, personal=True), personal.parent),
        (_file_layer(file, schema, personal=False), file.parent if file else Path.cwd()),
        (layers.from_environment(environment, schema), Path.cwd()),
        (layers.from_options(options), Path.cwd()),
    ]
    folder = (file.parent if file else Path.cwd()).absolute()
    problems = [problem for layer, _ in found for problem in layer.problems]
    given = {key: one for layer, _ in found for key, one in layer.given.items()}
    made = _Making(given, problems, {key: base for layer, base in found for key in layer.given})
    result = made.settings(folder=folder, file=file, environment=environment)
    wrong = errors(made.problems)
    if result is None or wrong:
        if wrong and all(problem.code == _OPTION for problem in wrong):
            raise UsageError("\n".join(map(str, wrong)))
        raise Refused(*made.problems)
    return result


def require_sending(settings: Settings) -> tuple[Problem, ...]:
    """What a send needs and these settings lack: errors; and warnings."""
    where = _shown(settings.file) if settings.file else None
    newsletter = settings.newsletter
    if settings.file:
        hint = "write {key} = {sample} below [{section}]"
    else:
        hint = "`newsletter init` makes a newsletter.toml; {key} = {sample} stands below [{section}] there"
    needed = (
        ("newsletter", "name", newsletter.name, '"The Letter"'),
        ("newsletter", "from", newsletter.from_, '"The Letter <letter@example.com>"'),
        ("smtp", "host", settings.smtp.host, '"smtp.example.com"'),
    )
    found = [
        Problem(
            text=f"[{section}] {key} is not set",
            file=where,
            hint=hint.format(key=key, sample=sample, section=section),
            code="settings-missing",
        )
        for section, key, value, sample in needed
        if not value
    ]
    for called, name in (
        ("[smtp] ca_file", settings.smtp.ca_file),
        *(("[dkim] private_key", key.private_key) for key in settings.dkim),
    ):
        if name and not settings.resolve(name).is_file():
            text = f"{called}: there is no file {settings.resolve(name)}"
            found.append(Problem(text=text, file=where, hint="look at the path", code="settings-file"))
    if not newsletter.postal_address:
        found.append(
            Problem(
                text="[newsletter] postal_address is not set",
                file=where,
                hint="the law of many countries asks for one in the footer",
                severity=Severity.WARNING,
                code="postal-address",
            )
        )
    # Where posts are checked or counted the password need not be.
    found += [replace(problem, severity=Severity.WARNING) for problem in require_login(settings)]
    return tuple(found)


def require_login(settings: Settings) -> tuple[Problem, ...]:
    """What a login to the server needs and these settings lack: errors."""
    smtp = settings.smtp
    if not smtp.username or smtp.password is not None or smtp.password_command or smtp.token_command:
        return ()
    file, _, line = settings.origins.get("smtp.username", "").rpartition(":")
    placed = bool(file) and line.isdigit()
    return (
        Problem(
            text="[smtp] username is set and there is no password",
            file=file if placed else None,  # none where a variable or an option says it
            line=int(line) if placed else None,
            hint=f"set the variable {layers.variable(layers.PASSWORD)}, or password_command below [smtp]",
            code="settings-password",
        ),
    )


@dataclass(slots=True)
class _Making:
    """Turns what was given into sections, and collects what is wrong. `bases` are the folders of relative paths."""

    given: dict[str, Given]
    problems: list[Problem]
    bases: Mapping[str, Path]

    def settings(self, *, folder: Path, file: Path | None, environment: Mapping[str, str]) -> Settings | None:
        from newsletter_cli.config.settings import SECTIONS, TABLES, Settings

        self._absolute("smtp.ca_file")
        made: dict[str, Any] = {name: self._section(name, model) for name, model in SECTIONS.items() if name != "dkim"}
        made["dkim"] = self._dkim(SECTIONS["dkim"])
        made |= {name: self._table(name, check) for name, check in TABLES.items()}
        self._together(made)
        if any(section is None for section in made.values()):
            return None
        key = environment.get("NEWSLETTER_LEDGER_KEY")
        self._defaults(made)
        return Settings(
            **made,
            folder=folder,
            file=file,
            origins={_plain(dotted): one.origin for dotted, one in self.given.items()},
            problems=tuple(self.problems),
            ledger_key=Secret(key) if key else None,
        )

    def _section(self, name: str, model: type[Section], prefix: str = "") -> Section | None:
        from pydantic import ValidationError

        start = f"{prefix or name}."
        raw = {key.removeprefix(start): one.value for key, one in self.given.items() if key.startswith(start)}
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            for wrong in error.errors(include_url=False, include_input=False):
                key = str(wrong["loc"][0]) if wrong["loc"] else ""
                reason = wrong.get("ctx", {}).get("error")
                self._wrong(start + key, str(reason) if reason else f"[{name}] lacks {key}; write {key} = …")
            return None

    def _dkim(self, model: type[Section]) -> tuple[Section, ...] | None:
        numbers = sorted({int(key.split(".")[1]) for key in self.given if key.startswith("dkim.")})
        keys = [self._section("dkim", model, f"dkim.{number}") for number in numbers]
        return None if None in keys else tuple(key for key in keys if key is not None)

    def _table(self, name: str, check: Any) -> dict[str, str] | None:
        table: dict[str, str] = {}
        wrong = len(self.problems)
        for dotted, one in self.given.items():
            section, _, key = dotted.partition(".")
            if section != name:
                continue
            if key.lower() in map(str.lower, table):
                self._wrong(dotted, "stands here twice, in other letters; delete one")
            try:
                table[key] = check(key, one.value)
            except ValueError as error:
                self._wrong(dotted, str(error))
        return table if len(self.problems) == wrong else None

    def _together(self, made: Mapping[str, Any]) -> None:
        """What only two settings together make wrong."""
        smtp = made["smtp"]
        if smtp is None:
            return
        secret = bool(smtp.username or smtp.password or smtp.password_command or smtp.token_command)
        open_way = smtp.security == "none" and smtp.host and not values.loopback(smtp.host)
        if open_way and secret and not smtp.allow_plaintext_password:
            self._wrong(
                "smtp.security",
                f"without TLS anybody on the way to {smtp.host} reads the password; "
                'write security = "starttls" or "tls", or allow_plaintext_password = true',
            )
        if smtp.auth == "xoauth2" and not smtp.token_command:
            self._wrong("smtp.auth", "xoauth2 needs token_command; write the command that prints an access token")
        if (smtp.password or smtp.password_command) and not smtp.username:
            self._wrong(
                "smtp.password_command" if smtp.password_command else layers.PASSWORD,
                "there is a password and no username; write username = … below [smtp]",
            )

    def _defaults(self, made: dict[str, Any]) -> None:
        """Fill the defaults that another setting gives."""
        newsletter, smtp, unsubscribe = made["newsletter"], made["smtp"], made["unsubscribe"]
        sender = newsletter.from_.address if newsletter.from_ else None
        made["newsletter"] = newsletter.model_copy(update={"id": newsletter.id or values.slug_of(newsletter.name)})
        made["unsubscribe"] = unsubscribe.model_copy(
            update={"mailto": unsubscribe.mailto or (str(sender) if sender else "")}
        )
        made["smtp"] = smtp.model_copy(
            update={
                "helo_name": smtp.helo_name or (sender.domain if sender else ""),
                "account": smtp.account or (f"{smtp.username}@{smtp.host}" if smtp.username else smtp.host),
            }
        )

    def _absolute(self, dotted: str) -> None:
        """Make a path absolute where it is said relative to the file that says it."""
        one = self.given.get(dotted)
        if one is not None and isinstance(one.value, str) and one.value.strip():
            path = self.bases[dotted].absolute() / Path(one.value.strip()).expanduser()
            self.given[dotted] = Given(
                value=str(path), origin=one.origin, called=one.called, file=one.file, line=one.line
            )

    def _wrong(self, dotted: str, message: str) -> None:
        one = self.given.get(dotted) or self._beside(dotted)
        text, _, hint = message.partition("; ")
        section, _, key = _plain(dotted).partition(".")
        called = one.called if one and dotted in self.given else f"[{section}] {key}"
        self.problems.append(
            Problem(
                text=f"{called}: {text}" if not text.startswith("[") else text,
                file=one.file if one else None,
                line=one.line if one else None,
                hint=hint,
                code=_OPTION if called.startswith("--") else "settings-value",
            )
        )

    def _beside(self, dotted: str) -> Given | None:
        """Another key of the same section: where a key that is lacking would stand."""
        section = dotted.rpartition(".")[0] + "."
        return next((one for key, one in self.given.items() if key.startswith(section)), None)


def _plain(dotted: str) -> str:
    """``dkim.0.domain`` as a person says it while there is one key."""
    return dotted.replace("dkim.0.", "dkim.")


def _personal_file(environment: Mapping[str, str], home: Path) -> Path:
    # A relative XDG_CONFIG_HOME is to be ignored (XDG base directory specification).
    given = environment.get("XDG_CONFIG_HOME", "")
    base = Path(given) if given and Path(given).is_absolute() else home / ".config"
    return base / "newsletter" / "config.toml"


def _file_layer(file: Path | None, schema: Schema, *, personal: bool) -> Layer:
    if file is None or (personal and not file.is_file()):
        return Layer({}, ())
    shown = _shown(file)
    data = files.read_bytes(file, what="the settings file", limit_octets=_LIMIT_OCTETS)
    layer = layers.from_toml(data, schema, shown=shown, origin="personal file" if personal else shown)
    return layers.only_smtp(layer, shown=shown) if personal else layer


def _shown(file: Path) -> str:
    """A path as short as it can be said: relative where it lies in the current folder."""
    try:
        return str(file.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(file)
