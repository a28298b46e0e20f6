from __future__ import annotations

import contextlib
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

from newsletter_cli import addresses
from newsletter_cli.config import values
from newsletter_cli.config.secret import Secret
from newsletter_cli.config.values import Word
from newsletter_cli.times import Rate

if TYPE_CHECKING:
    from collections.abc import Callable

Reader = Any
S = timedelta(seconds=1)
PORT = values.integer(1, 65535)
MODE = values.choice("auto", "embed", "link")


@pytest.mark.parametrize(
    ("read", "given_value", "value"),
    [
        (values.text, " a\r\nb\tc ", "a\nb\tc"),
        (values.line, " Die Größe ", "Die Größe"),
        (PORT, 587, 587),
        (PORT, Word(" 587 "), 587),
        (values.truth, True, True),
        (values.truth, Word("Yes"), True),
        (values.truth, Word("0"), False),
        (MODE, "link", "link"),
        (values.words, ["a", " b "], ("a", "b")),
        (values.words, "a,b", ("a,b",)),
        (values.words, Word("a, b,,"), ("a", "b")),
        (values.words, "", ()),
        (values.duration, "1h30m", 5400 * S),
        (values.duration, 0, 0 * S),
        (values.durations, Word("1s,2s"), (S, 2 * S)),
        (values.durations, ["1m"], (60 * S,)),
        (values.rates, "14/s", (Rate(14, S),)),
        (values.rates, ["14/s", "2000/d"], (Rate(14, S), Rate(2000, 86400 * S))),
        (values.share, "5%", 0.05),
        (values.share, " 12.5 % ", 0.125),
        (values.size, "500kB", 500_000),
        (values.size, "1.5 MB", 1_500_000),
        (values.size, "1 MiB", 1_048_576),
        (values.size, "2 GiB", 2_147_483_648),
        (values.size, "512", 512),
        (values.size, "3 bytes", 3),
        (values.size, 512, 512),
        (values.time_of_day, "09:00", time(9)),
        (values.time_of_day, "23:59", time(23, 59)),
        (values.time_of_day, time(9, 30), time(9, 30)),
        (values.zone, "Europe/Berlin", "Europe/Berlin"),
        (values.zone, "UTC", "UTC"),
        (values.zone, "+02:00", "+02:00"),
        (values.language, "pt_BR", "pt-BR"),
        (values.slug, "the-letter_2", "the-letter_2"),
        (values.slug, "", ""),
        (values.mailbox, "", None),
        (values.address, "Me <me@example.com>", addresses.parse("me@example.com")),
        (values.address_text, "mailto:me@example.com", "me@example.com"),
        (values.address_list, ["Me <me@example.com>", ""], ("me@example.com",)),
        (values.host, "smtp.example.com", "smtp.example.com"),
        (values.host, "[::1]", "::1"),
        (values.url, "https://example.com/a?b", "https://example.com/a?b"),
        (values.url, " ", ""),
        (values.post_url, "https://example.com/p/{slug}", "https://example.com/p/{slug}"),
        (values.post_url, "", ""),
        (values.unsubscribe_url, "https://example.com/u/{token}", "https://example.com/u/{token}"),
        (values.unsubscribe_url, "https://example.com/u?t={token}", "https://example.com/u?t={token}"),
        (values.unsubscribe_url, "http://127.0.0.1:8080/u/{token}", "http://127.0.0.1:8080/u/{token}"),
        (values.unsubscribe_url, "http://localhost/u/{token}", "http://localhost/u/{token}"),
        (values.unsubscribe_url, "http://[::1]:80/u/{token}", "http://[::1]:80/u/{token}"),
        (values.unsubscribe_url, "", ""),
        (values.return_path, "bounces+{token}@example.com", "bounces+{token}@example.com"),
        (values.return_path, "bounces@example.com", "bounces@example.com"),
        (values.return_path, "", ""),
        (values.command, ["a", "b c"], ("a", "b c")),
        (values.command, "a 'b c'", ("a", "b c")),
        (values.command, [], ()),
        (values.commands, [], ()),
        (values.commands, "a b", (("a", "b"),)),
        (values.commands, ["sh", "-c", "x"], (("sh", "-c", "x"),)),
        (values.commands, [["a"], ["b", "c"], []], (("a",), ("b", "c"))),
        (values.columns, {"email": "E-Mail", "name": ["A", "B"]}, {"email": ("E-Mail",), "name": ("A", "B")}),
        (values.columns, Word("email=E-Mail,name=A"), {"email": ("E-Mail",), "name": ("A",)}),
        (values.columns, ["ignore=A", "ignore=B"], {"ignore": ("A", "B")}),
        (values.opt_outs, ["Status=gone"], ("Status=gone",)),
        (values.opt_outs, {"Status": ["gone", "left"]}, ("Status=gone", "Status=left")),
        (values.ledger_url, "sqlite:///.newsletter/ledger.sqlite3", "sqlite:///.newsletter/ledger.sqlite3"),
        (values.ledger_url, "postgresql+psycopg://u@h/d", "postgresql+psycopg://u@h/d"),
    ],
)
def test_what_may_be_written(read: Reader, given_value: Any, value: Any) -> None:
    assert read(given_value) == value


@pytest.mark.parametrize(
    ("read", "given_value", "word"),
    [
        (values.text, 5, "must be text; write it in quotes (it is a number)"),
        (values.text, ["a"], "(it is a list)"),
        (values.text, date(2020, 1, 1), "(it is a date or time)"),
        (values.text, "a\x00b", "control character"),
        (values.line, "a\nb", "one line"),
        (values.line, "a\u2028b", "one line"),
        (values.line, "a\r\nBcc: x", "one line"),
        (PORT, "587", "without quotes (it is text)"),
        (PORT, 587.0, "without quotes (it is a number)"),
        (PORT, True, "without quotes (it is true or false)"),
        (PORT, 0, "out of range; write 1 to 65535"),
        (PORT, Word("70000"), "out of range"),
        (PORT, Word("x"), "whole number"),
        (values.truth, "true", "without quotes"),
        (values.truth, 1, "true or false"),
        (values.truth, Word("maybe"), "true or false"),
        (MODE, "Embed", "did you mean embed?"),
        (MODE, "zzz", "write auto, embed or link"),
        (values.words, 5, "a list of texts"),
        (values.words, [5], "must be text"),
        (values.duration, "10", "no duration"),
        (values.duration, 10, "write a number and a unit"),
        (values.duration, False, "write a number and a unit"),
        (values.duration, "99999999999d", "longer than can be counted"),
        (values.rates, "14", "no rate"),
        (values.rates, ["0/s"], "no rate"),
        (values.share, 5, "no share"),
        (values.share, "0%", "no share"),
        (values.share, "101%", "no share"),
        (values.size, "a lot", "no size"),
        (values.size, -1, "no size"),
        (values.size, True, "no size"),
        (values.time_of_day, "24:00", "no time of day"),
        (values.time_of_day, 9, "no time of day"),
        (values.zone, "Berlin", "no time zone"),
        (values.language, "English, please", "no language"),
        (values.slug, "The Letter", "write lower-case letters, digits and hyphens: 'the-letter'"),
        (values.mailbox, "me", "no address"),
        (values.mailbox, "a@b.example, c@d.example", "two addresses"),
        (values.host, "https://example.com", "no host name"),
        (values.host, "example.com:587", "holds a port"),
        (values.url, "example.com", "no web address"),
        (values.url, "ftp://example.com", "no web address"),
        (values.url, "https://", "no web address"),
        (values.url, "https://a b", "no web address"),
        (values.url, 'https://a.example/"><x>', "no web address"),
        (values.unsubscribe_url, "https://bücher.example/{token}", "write its host as xn--"),
        (values.url, "https://[", "no web address"),
        (values.url, "https://a:b/", "no web address"),
        (values.post_url, "https://example.com/p/", "lacks {slug}"),
        (values.post_url, "https://example.com/{year}/{slug}", "{year} in"),
        (values.unsubscribe_url, "https://example.com/u", "lacks {token}"),
        (values.unsubscribe_url, "http://example.com/{token}", "must begin with https://"),
        (values.unsubscribe_url, "https://{token}.example.com/", "path or the query"),
        (values.unsubscribe_url, "https://example.com/#{token}", "path or the query"),
        (values.return_path, "bounces", "no return path"),
        (values.return_path, "bounces@{token}.example.com", "before the @"),
        (values.return_path, "bounces-of-the-newsletter+{token}@example.com", "no return path"),
        (values.command, "a 'b", "quotes do not add up"),
        (values.command, 5, "must be a command"),
        (values.commands, [["a"], 5], "must be a command"),
        (values.columns, ["email"], "no column; write ROLE=COLUMN"),
        (values.opt_outs, ["gone"], "no opt-out; write COLUMN=VALUE"),
        (values.ledger_url, "ledger.sqlite3", "no database URL"),
        (values.ledger_url, "mysql://h/d", "mysql is no database"),
        (values.ledger_url, "sqlite://", "no database it can use"),
    ],
)
def test_what_may_not_says_why(read: Callable[[Any], Any], given_value: Any, word: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        read(given_value)
    assert word in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("Subject", "x", "writes this header itself; leave it out"),
        ("list-unsubscribe", "<x>", "writes this header itself"),
        ("Reply-To", "x", "set reply_to under [newsletter]"),
        ("X A", "x", "no header name"),
        ("X:", "x", "no header name"),
        ("Ü", "x", "no header name"),
        ("X-A", "a\r\nBcc: b", "one line"),
        ("X-A", "é", "ASCII"),
        ("X-A", "x" * 990, "longer"),
        ("X-A", 5, "must be text"),
    ],
)
def test_headers_that_may_not_be_set(name: str, value: Any, word: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        values.header(name, value)
    assert word in str(caught.value)


def test_headers() -> None:
    assert values.header("X-PM-Message-Stream", " broadcast ") == "broadcast"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("The Letter", "the-letter"),
        ("Die Größe & Straße!", "die-grosse-strasse"),
        ("  Año Nuevo  ", "ano-nuevo"),
        ("ニュース", "newsletter"),
        ("", "newsletter"),
        ("x" * 100, "x" * 63),
    ],
)
def test_the_id_of_a_name(name: str, slug: str) -> None:
    assert values.slug_of(name) == slug


@given(st.text())
def test_the_id_of_any_name_is_one(name: str) -> None:
    assert values.slug(values.slug_of(name)) == values.slug_of(name)


HERE = ["localhost", "LOCALHOST.", "127.0.0.1", "127.9.9.9", "::1", "[::1]"]
ELSEWHERE = ["example.com", "localhost.example.com", "10.0.0.1", ""]


@pytest.mark.parametrize(("host", "here"), [(host, host in HERE) for host in HERE + ELSEWHERE])
def test_what_is_this_machine(host: str, here: bool) -> None:
    assert values.loopback(host) is here


short = st.text(max_size=40)
anything = st.one_of(
    short, st.integers(), st.booleans(), st.floats(), st.none(), st.lists(short), st.dictionaries(short, short)
)


@given(anything)
def test_any_value_is_read_or_refused(value: Any) -> None:
    readers = [values.text, values.line, PORT, values.truth, MODE, values.words, values.duration, values.durations]
    readers += [values.rates, values.share, values.size, values.time_of_day, values.zone, values.language, values.slug]
    readers += [values.mailbox, values.address_list, values.host, values.post_url, values.unsubscribe_url]
    readers += [values.return_path, values.command, values.commands, values.columns, values.opt_outs, values.ledger_url]
    for read in readers:
        for one in (value, Word(value)) if isinstance(value, str) else (value,):
            with contextlib.suppress(ValueError):
                read(one)


def test_a_secret_hides_itself() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {secret!s} {[secret]}"
    assert secret.reveal() == secret.get_secret_value() == "hunter2"
    assert secret
    assert not Secret("")
