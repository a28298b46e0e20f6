from __future__ import annotations

import subprocess
import sys
from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from newsletter_cli import addresses
from newsletter_cli.config import load as loading
from newsletter_cli.config.describe import describe
from newsletter_cli.config.secret import Secret
from newsletter_cli.problems import Problem, Refused, Severity, errors
from newsletter_cli.times import Rate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter_cli.config.settings import Settings

# The file of interface.md, as it stands there.
WHOLE = """\
[newsletter]
id = "letter"                               # never changed once mail went out
name = "The Letter"
from = "The Letter <letter@example.com>"
reply_to = "hello@example.com"              # optional
postal_address = "1 Main St, 12345 Town"    # shown in the footer
site_url = "https://example.com/"           # base of relative links
post_url = "https://example.com/p/{slug}"   # "view in browser"; unset: no such link
upgrade_url = ""                            # where a free reader becomes a paid one
language = "en"
template = "classic"                        # a folder name under templates/email/
timezone = "America/New_York"               # of dates without one
test_list = ["me@example.com"]              # `--test-list`
redirect_all_to = ""                        # staging

[list]
files = ["subscribers.csv"]                 # used where no --list is given

[headers]                                   # fixed extra headers
"X-PM-Message-Stream" = "broadcast"

[run]
send_time = "09:00"
max_age = "48h"
finish_within = "7d"
stamp = "post"

[smtp]
host = "smtp.example.com"
port = 587
security = "starttls"
ca_file = ""
helo_name = ""
auth = "auto"
username = "letter"
password_command = ["pass", "show", "smtp"]
account = ""
connections = 4
rate = ["14/s", "2000/d"]
max_wait = "10m"
batch_size = 100
batch_pause = "0s"
messages_per_connection = 0
retry_after = ["1m", "5m", "15m"]
give_up_after = "4d"
stop_at_failures = "5%"

[images]
mode = "auto"
budget = "500kB"
base_url = ""

[dkim]
domain = "example.com"
selector = "s1"
private_key = "dkim.pem"

[unsubscribe]
url = "https://example.com/u/{token}"
mailto = "unsubscribe@example.com"
log = ""

[bounces]
return_path = "bounces+{token}@example.com"
mailbox = "Maildir/"

[ledger]
url = "sqlite:///.newsletter/ledger.sqlite3"

[hooks]
on_sent = []
on_problem = []
"""
PASSWORD_HINT = 'set the variable NEWSLETTER_SMTP_PASSWORD, or password_command = ["pass", "show", "smtp"]'
SLUG_SAID = "'https://example.com/' lacks {slug}, which stands for the post: https://example.com/p/{slug}"
ZONE_SAID = "'Berlin' is no time zone; write one like Europe/Berlin, UTC or +02:00"
LEAST = '[newsletter]\nname = "The Letter"\nfrom = "letter@example.com"\n[smtp]\nhost = "smtp.example.com"\n'


def place(line: str) -> str:
    """Where a line of the whole file stands."""
    return f"newsletter.toml:{WHOLE[: WHOLE.index(line)].count(chr(10)) + 1}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A newsletter's folder that is the current one."""
    here = tmp_path / "letter"
    (here / "posts").mkdir(parents=True)
    monkeypatch.chdir(here)
    return here


def load(
    folder: Path,
    text: str | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    options: Mapping[str, object] | None = None,
    config_file: Path | None = None,
    start: Path | None = None,
) -> Settings:
    if text is not None:
        (folder / "newsletter.toml").write_text(text, encoding="utf-8")
    return loading.load(
        start=start or folder,
        config_file=config_file,
        environment=environment or {},
        options=options or {},
        home=folder.parent / "home",
    )


def refused(folder: Path, text: str | None = None, **more: object) -> tuple[Problem, ...]:
    with pytest.raises(Refused) as caught:
        load(folder, text, **more)  # type: ignore[arg-type] # passed through as they are
    return caught.value.problems


# --- what is in force


def test_the_whole_file(folder: Path) -> None:
    settings = load(folder, WHOLE)
    newsletter, smtp = settings.newsletter, settings.smtp
    assert newsletter.id == "letter"
    assert newsletter.from_ == addresses.parse_mailbox("The Letter <letter@example.com>")
    assert newsletter.reply_to == addresses.parse_mailbox("hello@example.com")
    assert newsletter.test_list == ("me@example.com",)
    assert newsletter.redirect_all_to is None
    assert settings.list.files == ("subscribers.csv",)
    assert settings.headers == {"X-PM-Message-Stream": "broadcast"}
    assert (settings.run.send_time, settings.run.max_age) == (time(9), timedelta(hours=48))
    assert smtp.password_command == ("pass", "show", "smtp")
    assert smtp.rate == (Rate(14, timedelta(seconds=1)), Rate(2000, timedelta(days=1)))
    assert smtp.account == "letter@smtp.example.com"
    assert smtp.helo_name == "example.com"
    assert smtp.stop_at_failures == 0.05
    assert settings.images.budget == settings.images.budget_octets == 500_000
    assert [(key.domain, key.selector, key.private_key) for key in settings.dkim] == [("example.com", "s1", "dkim.pem")]
    assert settings.unsubscribe.mailto == "unsubscribe@example.com"
    assert settings.hooks.on_sent == ()
    assert (settings.folder, settings.file) == (folder, folder / "newsletter.toml")
    assert settings.problems == ()
    assert settings.origins["smtp.port"] == place("port = 587")
    assert settings.origins["headers.X-PM-Message-Stream"] == place('"X-PM')
    assert settings.origins["dkim.selector"] == place("selector =")


def test_the_values_shown_are_the_defaults(folder: Path) -> None:
    """What the least file gives is what the whole one says, but for what is a sample there."""
    whole, least = load(folder, WHOLE), load(folder, LEAST)
    samples = {
        "newsletter": {"id", "from_", "reply_to", "postal_address", "site_url", "post_url", "timezone", "test_list"}
    }
    samples |= {"smtp": {"username", "password_command", "account", "rate"}, "list": {"files"}}
    samples |= {"unsubscribe": {"url", "mailto"}, "bounces": {"return_path", "mailbox"}}
    for section in ("newsletter", "list", "run", "smtp", "images", "unsubscribe", "bounces", "ledger", "hooks"):
        exclude = samples.get(section)
        one, other = (getattr(settings, section).model_dump(exclude=exclude) for settings in (whole, least))
        assert one == other
    assert least.newsletter.id == "the-letter"
    assert least.unsubscribe.mailto == "letter@example.com"
    assert least.smtp.account == "smtp.example.com"
    assert least.smtp.rate == ()
    assert least.dkim == ()


def test_without_a_file_there_are_defaults(folder: Path) -> None:
    settings = load(folder)
    assert (settings.folder, settings.file) == (folder, None)
    assert settings.newsletter.id == "newsletter"
    assert settings.newsletter.from_ is None
    assert settings.unsubscribe.mailto == ""
    assert settings.origins == {}


def test_the_file_is_found_from_the_post_upwards_then_from_here(folder: Path, tmp_path: Path) -> None:
    (folder / "newsletter.toml").write_text(LEAST, encoding="utf-8")
    other = tmp_path / "other"
    (other / "posts").mkdir(parents=True)
    assert load(folder, start=folder / "posts" / "a.md").file == folder / "newsletter.toml"
    assert load(folder, start=other / "posts" / "a.md").file == folder / "newsletter.toml"
    (other / "newsletter.toml").write_text(LEAST, encoding="utf-8")
    settings = load(folder, start=other / "posts" / "a.md")
    assert (settings.file, settings.folder) == (other / "newsletter.toml", other)
    named = tmp_path / "named.toml"
    named.write_text(LEAST, encoding="utf-8")
    settings = load(folder, start=other, config_file=named)
    assert (settings.file, settings.folder) == (named, tmp_path)
    assert settings.origins["smtp.host"] == f"{named}:5"


def test_option_over_variable_over_project_over_person(folder: Path) -> None:
    personal = folder.parent / "home" / ".config" / "newsletter" / "config.toml"
    personal.parent.mkdir(parents=True)
    personal.write_text('[smtp]\nusername = "me"\nport = 25\nconnections = 1\nbatch_size = 7\n', encoding="utf-8")
    settings = load(
        folder,
        "[smtp]\nport = 465\nconnections = 2\nbatch_size = 8\n",
        environment={"NEWSLETTER_SMTP_CONNECTIONS": "3", "NEWSLETTER_SMTP_BATCH_SIZE": "9"},
        options={
            "smtp.batch_size": 10,
            "smtp.rate": ["5/s"],
            "smtp.batch_pause": "2s",
            "smtp.host": None,
            "list.opt_out": [],
        },
    )
    smtp = settings.smtp
    assert (smtp.username, smtp.port, smtp.connections, smtp.batch_size) == ("me", 465, 3, 10)
    assert smtp.batch_pause == timedelta(seconds=2)
    assert dict(settings.origins) == {
        "smtp.username": "personal file:2",
        "smtp.port": "newsletter.toml:2",
        "smtp.connections": "variable NEWSLETTER_SMTP_CONNECTIONS",
        "smtp.batch_size": "option --batch-size",
        "smtp.rate": "option --rate",
        "smtp.batch_pause": "option --batch-pause",
    }


def test_the_personal_file_follows_xdg(folder: Path, tmp_path: Path) -> None:
    personal = tmp_path / "xdg" / "newsletter" / "config.toml"
    personal.parent.mkdir(parents=True)
    personal.write_text('[smtp]\nhost = "mine.example"\n', encoding="utf-8")
    assert load(folder, environment={"XDG_CONFIG_HOME": str(tmp_path / "xdg")}).smtp.host == "mine.example"
    assert load(folder, environment={"XDG_CONFIG_HOME": "xdg"}).smtp.host == ""
    personal.write_text('[smtp]\nca_file = "ca.pem"\n[newsletter]\nname = "x"\n', encoding="utf-8")
    (problem,) = refused(folder, environment={"XDG_CONFIG_HOME": str(tmp_path / "xdg")})
    assert problem.place == f"{personal}:4"
    assert problem.text == "[newsletter] name belongs into newsletter.toml"
    personal.write_text('[smtp]\nca_file = "ca.pem"\n', encoding="utf-8")
    settings = load(folder, environment={"XDG_CONFIG_HOME": str(tmp_path / "xdg")})
    assert settings.smtp.ca_file == str(personal.parent / "ca.pem")


def test_paths_are_relative_to_the_file(folder: Path) -> None:
    settings = load(folder, LEAST + 'ca_file = "tls/ca.pem"\n', start=folder / "posts")
    assert settings.smtp.ca_file == str(folder / "tls" / "ca.pem")
    assert settings.resolve("a.csv") == folder / "a.csv"
    assert settings.resolve("/a.csv") == Path("/a.csv")
    assert load(folder, LEAST, environment={"NEWSLETTER_SMTP_CA_FILE": "ca.pem"}).smtp.ca_file == str(folder / "ca.pem")


def test_variables(folder: Path) -> None:
    settings = load(
        folder,
        LEAST,
        environment={
            "NEWSLETTER_NEWSLETTER_FROM": "Other <other@example.com>",
            "NEWSLETTER_NEWSLETTER_TEST_LIST": "a@example.com, b@example.com",
            "NEWSLETTER_SMTP_RETRY_AFTER": "1s,2s",
            "NEWSLETTER_SMTP_PORT": "2525",
            "NEWSLETTER_SMTP_ALLOW_PLAINTEXT_PASSWORD": "yes",
            "NEWSLETTER_SMTP_USERNAME": "me",
            "NEWSLETTER_SMTP_PASSWORD": "hunter2\n",
            "NEWSLETTER_SMTP_HOST": "",
            "NEWSLETTER_LEDGER_KEY": "identity 00",
            "NEWSLETTER_LIST_COLUMNS": "email=E-Mail",
            "NEWSLETTER_HOOKS_ON_SENT": "git commit -qam 'sent it'",
            "NEWSLETTER_DKIM_DOMAIN": "example.com",
            "NEWSLETTER_DKIM_SELECTOR": "s1",
            "NEWSLETTER_DKIM_PRIVATE_KEY": "dkim.pem",
            "PATH": "/bin",
        },
    )
    assert str(settings.newsletter.from_.address if settings.newsletter.from_ else "") == "other@example.com"
    assert settings.newsletter.test_list == ("a@example.com", "b@example.com")
    assert settings.smtp.retry_after == (timedelta(seconds=1), timedelta(seconds=2))
    assert settings.smtp.port == 2525
    assert settings.smtp.allow_plaintext_password
    assert settings.smtp.host == "smtp.example.com"  # an empty variable is not set
    assert settings.smtp.password == Secret("hunter2")
    assert settings.ledger_key == Secret("identity 00")
    assert settings.list.columns == {"email": ("E-Mail",)}
    assert settings.hooks.on_sent == (("git", "commit", "-qam", "sent it"),)
    assert settings.dkim[0].private_key == "dkim.pem"
    assert settings.problems == ()


def test_an_unknown_variable_is_a_warning(folder: Path) -> None:
    settings = load(folder, LEAST, environment={"NEWSLETTER_SMTP_HOTS": "x", "NEWSLETTER_X": "secret"})
    assert [(str(problem), problem.severity) for problem in settings.problems] == [
        ("the variable NEWSLETTER_SMTP_HOTS sets nothing; did you mean NEWSLETTER_SMTP_HOST?", Severity.WARNING),
        ("the variable NEWSLETTER_X sets nothing; see docs/configuration.md for those that do", Severity.WARNING),
    ]


def test_several_keys_sign(folder: Path) -> None:
    text = "".join(
        f'[[dkim]]\ndomain = "example.com"\nselector = "{name}"\nprivate_key = "{name}.pem"\n' for name in "ab"
    )
    settings = load(folder, text)
    assert [key.selector for key in settings.dkim] == ["a", "b"]
    assert settings.origins["dkim.selector"] == "newsletter.toml:3"
    assert settings.origins["dkim.1.selector"] == "newsletter.toml:7"


def test_the_options_for_columns(folder: Path) -> None:
    settings = load(folder, options={"list.columns": {"email": ["E-Mail"]}, "list.opt_out": ("a=b,c",)})
    assert settings.list.columns == {"email": ("E-Mail",)}
    assert settings.list.opt_out == ("a=b,c",)
    assert settings.origins == {"list.columns": "option --column", "list.opt_out": "option --opt-out"}


def test_lists_and_tables(folder: Path) -> None:
    settings = load(
        folder,
        '[list]\ncolumns = { email = "E-Mail", ignore = ["A", "B"] }\nopt_out = { Status = ["gone"] }\n'
        '[theme]\naccent = "#123456"\n[hooks]\non_sent = ["sh", "-c", "x"]\non_problem = [["a"], ["b"]]\n',
    )
    assert settings.list.columns == {"email": ("E-Mail",), "ignore": ("A", "B")}
    assert settings.list.opt_out == ("Status=gone",)
    assert settings.theme == {"accent": "#123456"}
    assert settings.hooks.on_sent == (("sh", "-c", "x"),)
    assert settings.hooks.on_problem == (("a",), ("b",))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_encoding_and_line_end(folder: Path, encoding: str, end: str) -> None:
    text = LEAST.replace("The Letter", "Größe")
    (folder / "newsletter.toml").write_bytes(text.replace("\n", end).encode(encoding))
    settings = load(folder)
    assert settings.newsletter.name == "Größe"
    assert settings.origins["smtp.host"] == "newsletter.toml:5"


def test_settings_do_not_change(folder: Path) -> None:
    from pydantic import ValidationError

    settings = load(folder, LEAST)
    with pytest.raises(ValidationError):
        settings.smtp.host = "other"
    with pytest.raises(ValidationError):
        settings.folder = Path("/")


# --- what is refused


def test_every_mistake_is_told_at_once_with_its_line(folder: Path) -> None:
    found = refused(
        folder,
        '[newsletter]\nnmae = "x"\npost_url = "https://example.com/"\ntimezone = "Berlin"\n\n'
        '[headers]\nSubject = "x"\n"X-A" = 5\n[smtp]\nport = "587"\nrate = [\n  "14/s",\n  "x",\n]\n'
        'password = "hunter2"\n[bounce]\nx = 1\n[[dkim]]\ndomain = "example.com"\n',
        environment={"NEWSLETTER_SMTP_BATCH_SIZE": "many"},
        options={"smtp.connections": "0"},
    )
    assert sorted(str(problem) for problem in found) == [
        "--connections: 0 is out of range; write 1 to 100",
        "NEWSLETTER_SMTP_BATCH_SIZE: must be a whole number; write one without quotes (it is text)",
        "newsletter.toml:10: [smtp] port: must be a whole number; write one without quotes (it is text)",
        "newsletter.toml:11: [smtp] rate: 'x' is no rate; write a number and a unit: 14/s, 300/m, 2000/d",
        "newsletter.toml:15: [smtp] password: a password does not belong into this file; " + PASSWORD_HINT,
        "newsletter.toml:16: there is no section [bounce]; did you mean [bounces]?",
        "newsletter.toml:19: [dkim] lacks private_key; write private_key = …",
        "newsletter.toml:19: [dkim] lacks selector; write selector = …",
        "newsletter.toml:2: [newsletter] has no key 'nmae'; did you mean 'name'?",
        f"newsletter.toml:3: [newsletter] post_url: {SLUG_SAID}",
        f"newsletter.toml:4: [newsletter] timezone: {ZONE_SAID}",
        "newsletter.toml:7: [headers] Subject: the program writes this header itself; leave it out",
        "newsletter.toml:8: [headers] X-A: must be text; write it in quotes (it is a number)",
    ]
    assert "hunter2" not in "".join(map(repr, found))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[smtp]\nhosst = 'x'\n", 2, "[smtp] has no key 'hosst'; did you mean 'host'?"),
        ("[smtp]\nreply_to = 'x'\n", 2, "[smtp] has no key 'reply_to'; it belongs below [newsletter]"),
        ("[images]\nqqq = 'x'\n", 2, "[images] has no key 'qqq'; its keys are mode, budget, base_url"),
        ("host = 'x'\n", 1, "the key 'host' stands outside every section; it belongs below [smtp]"),
        ("zzz = 'x'\n", 1, "the key 'zzz' stands outside every section; every key stands below its [section]"),
        ("smtp = 'x'\n", 1, "[smtp] is a section, not a value; write a line [smtp] and its keys below"),
        ("[[smtp]]\nhost = 'x'\n", 1, "[smtp] is a section, not a value; write a line [smtp] and its keys below"),
        ("\n[zzz]\n", 2, "there is no section [zzz]; there are [newsletter], [list], "),
        ("[smtp]\nhost = x\n", 2, "is no TOML: invalid value"),
        ("[smtp]\nhost = 'x'\nhost = 'y'\n", 3, "is no TOML: cannot overwrite a value"),
        ("[smtp\n", 1, "is no TOML: expected ']'"),
        ("[smtp]\nPassword = 'hunter2'\n", 2, "[smtp] Password: a password does not belong into this file"),
        ("[headers]\n'X-A' = '1'\n'x-a' = '2'\n", 3, "[headers] x-a: stands here twice, in other letters; delete one"),
        ("smtp.port = 'x'\n", 1, "[smtp] port: must be a whole number"),
        ("smtp = { host = 'a b' }\n", 1, "[smtp] host: 'a b' is no host name"),
        ("[smtp]\nsecurity = 'ssl'\n", 2, "[smtp] security: 'ssl' is none of starttls, tls, none"),
        ("[smtp]\nhost = 'a.example'\nsecurity = 'none'\nusername = 'x'\n", 3, "[smtp] security: without TLS anybody"),
        (
            "[smtp]\nhost = 'a.example'\nsecurity = 'none'\ntoken_command = 'x'\n",
            3,
            "[smtp] security: without TLS anybody",
        ),
        ("[smtp]\nauth = 'xoauth2'\n", 2, "[smtp] auth: xoauth2 needs token_command"),
        ("[smtp]\npassword_command = 'x'\n", 2, "[smtp] password_command: there is a password and no username"),
        ("[unsubscribe]\nurl = 'http://a.example/{token}'\n", 2, "[unsubscribe] url: "),
        ("[newsletter]\nid = 'The Letter'\n", 2, "[newsletter] id: 'The Letter' is no id; write lower-case"),
        ("[newsletter]\nfrom = 'letter'\n", 2, "[newsletter] from: 'letter' is no address"),
        ('[newsletter]\nname = "a\\nb"\n', 2, "[newsletter] name: must be one line of text"),
        ("a = " + "[" * 5000, 1, "is no TOML: nested too deeply"),
    ],
)
def test_one_mistake(folder: Path, text: str, line: int, said: str) -> None:
    problem = refused(folder, text)[0]
    assert (problem.file, problem.line) == ("newsletter.toml", line)
    assert str(problem).removeprefix(f"newsletter.toml:{line}: ").startswith(said)
    assert "hunter2" not in str(problem)


def test_a_password_may_go_without_tls_where_the_user_says_so_or_nobody_listens(folder: Path) -> None:
    for more in (
        "host = 'localhost'\n",
        "host = '127.0.0.1'\n",
        "host = 'a.example'\nallow_plaintext_password = true\n",
    ):
        assert load(folder, f"[smtp]\nsecurity = 'none'\nusername = 'x'\n{more}").smtp.username == "x"
    assert load(folder, "[smtp]\nsecurity = 'none'\nhost = 'a.example'\n").smtp.security == "none"


def test_a_password_without_a_username(folder: Path) -> None:
    (problem,) = refused(folder, LEAST, environment={"NEWSLETTER_SMTP_PASSWORD": "hunter2"})
    assert str(problem) == (
        "NEWSLETTER_SMTP_PASSWORD: there is a password and no username; write username = … below [smtp]"
    )


def test_a_file_that_is_not_there(folder: Path) -> None:
    (problem,) = refused(folder, config_file=folder / "other.toml")
    assert problem.text == "the settings file is not there"
    (problem,) = refused(folder, config_file=folder)
    assert problem.text == "the settings file is a folder"


@given(st.text(st.sampled_from("abcsmtpnewletr=[]{}\"'#\n., 1"), max_size=80))
def test_any_file_is_settings_or_refused(text: str) -> None:
    from newsletter_cli.config import layers, settings

    schema = layers.Schema({name: settings.keys(name) for name in settings.SECTIONS}, tuple(settings.TABLES))
    layer = layers.from_toml(text.encode(), schema, shown="x.toml", origin="x.toml")
    assert all(problem.text and problem.file == "x.toml" for problem in layer.problems)
    assert all(given.line is not None for given in layer.given.values())


# --- what a send needs


def test_what_a_send_needs(folder: Path) -> None:
    assert (
        loading.require_sending(
            load(folder, WHOLE.replace("[dkim]", "[[dkim]]").replace("dkim.pem", "newsletter.toml"))
        )
        == ()
    )
    found = loading.require_sending(load(folder, "[newsletter]\n"))
    assert [(problem.text, problem.file) for problem in errors(found)] == [
        ("[newsletter] name is not set", "newsletter.toml"),
        ("[newsletter] from is not set", "newsletter.toml"),
        ("[smtp] host is not set", "newsletter.toml"),
    ]
    assert found[1].hint == 'write from = "The Letter <letter@example.com>" below [newsletter]'
    assert [problem.code for problem in found if problem.severity is Severity.WARNING] == ["postal-address"]


def test_without_a_file_init_is_named(folder: Path) -> None:
    first = loading.require_sending(load(folder))[0]
    assert str(first).startswith("[newsletter] name is not set; `newsletter init` makes a newsletter.toml")


def test_files_that_a_send_needs(folder: Path) -> None:
    text = LEAST + 'ca_file = "ca.pem"\n[dkim]\ndomain = "example.com"\nselector = "s"\nprivate_key = "dkim.pem"\n'
    found = errors(loading.require_sending(load(folder, text)))
    assert [problem.text for problem in found] == [
        f"[smtp] ca_file: there is no file {folder / 'ca.pem'}",
        f"[dkim] private_key: there is no file {folder / 'dkim.pem'}",
    ]
    (folder / "ca.pem").write_text("x", encoding="ascii")
    (folder / "dkim.pem").write_text("x", encoding="ascii")
    assert errors(loading.require_sending(load(folder, text))) == ()


# --- describe


def test_what_is_in_force_is_told_with_its_origin_and_without_secrets(folder: Path) -> None:
    text = WHOLE.replace("sqlite:///.newsletter/ledger.sqlite3", "postgresql://u:hunter2@db/letters")
    text = text.replace('mailbox = "Maildir/"', 'mailbox = "imaps://user:hunter2@host/INBOX"')
    text = text.replace('"X-PM-Message-Stream" =', '"X-Auth-Token" = "hunter2"\n"X-PM-Message-Stream" =')
    text += '[theme]\naccent = "#123"\n'
    settings = load(
        folder,
        text,
        environment={"NEWSLETTER_SMTP_PASSWORD": "hunter2", "NEWSLETTER_LEDGER_KEY": "hunter2"},
        options={"smtp.rate": "5/s"},
    )
    lines = describe(settings)
    said = {key: (value, origin) for key, value, origin in lines}
    assert len(said) == len(lines)
    assert "hunter2" not in repr(lines)
    assert "hunter2" not in repr(settings).replace("u:hunter2@", "").replace("user:hunter2@", "").replace(
        "'hunter2'", ""
    )
    assert said["newsletter.from"] == ("The Letter <letter@example.com>", "newsletter.toml:4")
    assert said["newsletter.reply_to"][0] == "hello@example.com"
    assert said["newsletter.redirect_all_to"] == ("", "newsletter.toml:14")
    assert said["list.files"] == ("[subscribers.csv]", "newsletter.toml:17")
    assert said["headers.X-Auth-Token"][0] == "****"
    assert said["headers.X-PM-Message-Stream"][0] == "broadcast"
    assert said["theme.accent"][0] == "#123"
    assert said["run.send_time"][0] == "09:00"
    assert said["smtp.rate"] == ("[5/s]", "option --rate")
    assert said["smtp.retry_after"][0] == "[1m, 5m, 15m]"
    assert said["smtp.stop_at_failures"][0] == "5%"
    assert said["smtp.password"] == ("****", "variable NEWSLETTER_SMTP_PASSWORD")
    assert said["smtp.allow_plaintext_password"] == ("false", "default")
    assert said["dkim.private_key"][0] == "dkim.pem"
    assert said["ledger.url"][0] == "postgresql://u:****@db/letters"
    assert said["bounces.mailbox"][0] == "imaps://user:****@host/INBOX"
    assert said["NEWSLETTER_LEDGER_KEY"] == ("****", "variable NEWSLETTER_LEDGER_KEY")


def test_tables_and_several_keys_are_told(folder: Path) -> None:
    text = "".join(
        f'[[dkim]]\ndomain = "example.com"\nselector = "{name}"\nprivate_key = "{name}.pem"\n' for name in "ab"
    )
    said = {key: value for key, value, _ in describe(load(folder, text + '[list]\ncolumns = { email = "E" }\n'))}
    assert (said["dkim.selector"], said["dkim.1.selector"]) == ("a", "b")
    assert said["list.columns"] == "email = [E]"
    assert said["smtp.password"] == ""


def test_pydantic_is_imported_only_to_load() -> None:
    code = "import sys, newsletter_cli.config.load, newsletter_cli.config.describe; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
