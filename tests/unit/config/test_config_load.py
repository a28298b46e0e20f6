from __future__ import annotations

import subprocess
import sys
from datetime import time, timedelta
from pathlib import Path

import pytest

from newsletter_cli import addresses
from newsletter_cli.config.describe import describe
from newsletter_cli.config.secret import Secret
from newsletter_cli.problems import Severity
from newsletter_cli.times import Rate
from tests.unit.config.loading import LEAST, WHOLE, load, place, refused

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
