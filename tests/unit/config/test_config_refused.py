from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from newsletter_cli.config import load as loading
from newsletter_cli.problems import Severity, errors
from tests.unit.config.loading import LEAST, WHOLE, load, refused

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD_HINT = 'set the variable NEWSLETTER_SMTP_PASSWORD, or password_command = ["pass", "show", "smtp"]'
SLUG_SAID = "'https://example.com/' lacks {slug}, which stands for the post: https://example.com/p/{slug}"
ZONE_SAID = "'Berlin' is no time zone; write one like Europe/Berlin, UTC or +02:00"


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
        "NEWSLETTER_SMTP_BATCH_SIZE: is no whole number; write one from 1 to 1000000000",
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


@pytest.mark.parametrize(
    ("more", "environment", "lacks"),
    [
        ('username = "letter"\n', {}, True),
        ('username = "letter"\n', {"NEWSLETTER_SMTP_PASSWORD": "hush"}, False),
        ('username = "letter"\npassword_command = "pass show smtp"\n', {}, False),
        ('username = "letter"\nauth = "xoauth2"\ntoken_command = "token"\n', {}, False),
        ("", {}, False),
    ],
)
def test_a_login_needs_a_password(folder: Path, more: str, environment: dict[str, str], *, lacks: bool) -> None:
    settings = load(folder, LEAST + more, environment=environment)
    assert [problem.code for problem in loading.require_login(settings)] == ["settings-password"] * lacks
    # Where a post is only checked the password need not be.
    assert errors(loading.require_sending(settings)) == ()
    told = [problem.code for problem in loading.require_sending(settings) if problem.severity is Severity.WARNING]
    assert ("settings-password" in told) is lacks


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
