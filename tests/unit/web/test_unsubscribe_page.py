"""The way out, free of sockets: where tokens stand, what a request wishes, which page answers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, strategies as st

from newsletter_cli.web import phrases
from newsletter_cli.web.unsubscribe import (
    UNDO_WITHIN,
    Answer,
    Door,
    Standing,
    Wish,
    answer,
    lost,
    may_undo,
    not_now,
    read_form,
    wish,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
YES = {"List-Unsubscribe": "One-Click"}
LANGUAGES = ["en", *phrases._LANGUAGES]


@pytest.mark.parametrize(
    ("url", "path", "query", "token"),
    [
        ("https://example.com/u/{token}", "/u/abc", "", "abc"),
        ("https://example.com/u/{token}", "/u/abc/", "", "abc"),
        ("https://example.com/u/{token}", "/u/", "", None),
        ("https://example.com/u/{token}", "/u", "", None),
        ("https://example.com/u/{token}", "/u/abc/more", "", None),
        ("https://example.com/u/{token}", "/U/abc", "", None),
        ("https://example.com/a.b/{token}/leave", "/a.b/abc/leave", "", "abc"),
        ("https://example.com/a.b/{token}/leave", "/axb/abc/leave", "", None),
        ("https://example.com/{token}", "/abc", "", "abc"),
        ("https://example.com/{token}", "/", "", None),
        ("https://example.com/u.php?t={token}", "/u.php", "t=abc", "abc"),
        ("https://example.com/u.php?n=letter&t={token}", "/u.php", "t=abc&n=letter", "abc"),
        ("https://example.com/u.php?t={token}", "/u.php", "", ""),
        ("https://example.com/u.php?t={token}", "/u.php", "t=abc&t=def", "abc"),
        ("https://example.com/u.php?t={token}", "/u.php", "&".join(["t=a"] * 5000), ""),
        ("https://example.com/u.php?t={token}", "/other.php", "t=abc", None),
        ("https://example.com?t={token}", "/", "t=abc", "abc"),
    ],
)
def test_where_the_token_stands(url: str, path: str, query: str, token: str | None) -> None:
    assert Door.of(url).token(path, query) == token


@pytest.mark.parametrize(
    ("method", "form", "wanted"),
    [
        ("GET", YES, Wish.SHOW),
        ("HEAD", YES, Wish.SHOW),
        ("OPTIONS", YES, Wish.OPTIONS),
        ("PUT", YES, Wish.NOT_ALLOWED),
        ("post", YES, Wish.NOT_ALLOWED),  # methods are case-sensitive, RFC 9110 §9.1
        ("POST", YES, Wish.UNSUBSCRIBE),
        ("POST", {" list-unsubscribe": "one-click\r\n"}, Wish.UNSUBSCRIBE),
        ("POST", {**YES, "action": "undo"}, Wish.UNSUBSCRIBE),
        ("POST", {"action": "undo"}, Wish.UNDO),
        ("POST", {"List-Unsubscribe": "no"}, Wish.NOT_UNDERSTOOD),
        ("POST", {}, Wish.NOT_UNDERSTOOD),
        ("POST", None, Wish.NOT_UNDERSTOOD),
    ],
)
def test_what_a_request_wishes(method: str, form: dict[str, str] | None, wanted: Wish) -> None:
    assert wish(method, form) is wanted


MULTIPART = (
    b'preamble\r\n--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\nepilogue'
)


@pytest.mark.parametrize(
    ("kind", "body", "wanted"),
    [
        ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click", YES),
        ("APPLICATION/X-WWW-Form-Urlencoded; charset=utf-8", b"List%2DUnsubscribe=One%2DClick", YES),
        ("", b"List-Unsubscribe=One-Click", YES),
        ("application/x-www-form-urlencoded", b"a=1&a=2&b=", {"a": "1", "b": ""}),
        ("application/x-www-form-urlencoded", b"\xff\xfe", None),
        ("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 500), None),
        ("application/json", b'{"List-Unsubscribe": "One-Click"}', None),
        ("text/plain", b"List-Unsubscribe=One-Click", None),
        ("multipart/form-data; boundary=b", MULTIPART, YES),
        ('multipart/form-data; boundary="b"', MULTIPART.replace(b"\r\n", b"\n"), YES),
        ("multipart/form-data; boundary=b", MULTIPART.replace(b'"', b""), YES),
        ("multipart/form-data; boundary=other", MULTIPART, {}),
        ("multipart/form-data", MULTIPART, None),
        ("multipart/form-data; boundary=b", MULTIPART[:-15], YES),
        ("multipart/form-data; boundary=b\r\nX: y", MULTIPART, None),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n--b--", {}),
        ("multipart/form-data; boundary=b", b"", None),
    ],
)
def test_forms(kind: str, body: bytes, wanted: dict[str, str] | None) -> None:
    found = read_form(kind, body)
    assert (found or None) == (wanted or None)


@given(st.binary(max_size=300), st.sampled_from(["", "multipart/form-data; boundary=b", "text/plain"]))
def test_no_bytes_do_harm(body: bytes, kind: str) -> None:
    wish("POST", read_form(kind, body))


@given(st.text(max_size=60))
def test_no_kind_does_harm(kind: str) -> None:
    read_form(f"multipart/form-data; {kind}", MULTIPART)


@given(st.binary(max_size=30), st.binary(max_size=30))
def test_a_form_in_the_midst_of_others_is_found(before: bytes, after: bytes) -> None:
    body = b"--bnd\r\nContent-Disposition: form-data; name=x\r\n\r\n" + before.replace(b"--bnd", b"") + b"\r\n"
    body += b"--bnd\r\nContent-Disposition: form-data; name=List-Unsubscribe\r\n\r\nOne-Click\r\n--bnd--\r\n" + after
    assert wish("POST", read_form("multipart/form-data; boundary=bnd", body)) is Wish.UNSUBSCRIBE


def page(done: Wish, standing: Standing, *, name: str = "The Letter", language: str = "en") -> Answer:
    return answer(done, standing, name=name, language=language, now=NOW)


AGES = {"new": timedelta(seconds=1), "old": UNDO_WITHIN}


@pytest.mark.parametrize(("done", "age", "undoable"), [*product(Wish, [None, *AGES], [True, False])])
def test_which_page_and_which_button(done: Wish, age: str | None, undoable: bool) -> None:
    standing = Standing(address="a…e@example.com", since=NOW - AGES[age] if age else None, undoable=undoable)
    said = page(done, standing)
    leaves, comes_back = ('value="One-Click"' in said.page, 'name="action" value="undo"' in said.page)
    may = age == "new" and undoable
    assert may_undo(standing, NOW) is may
    assert leaves == (age is None and done is not Wish.UNDO)
    assert comes_back == may
    if done is Wish.UNDO and age and not may:
        assert said.status == 409
    else:
        assert said.status == (400 if done is Wish.NOT_UNDERSTOOD else 200)
    assert "The Letter" in said.page
    assert "<script" not in said.page
    assert "action=" not in said.page.replace('name="action"', "")  # the form goes to where the page came from


@pytest.mark.parametrize("language", [*LANGUAGES, "de-AT", "pt_BR"])
def test_every_language_says_all_and_fills_it(language: str) -> None:
    for done, age in product((Wish.SHOW, Wish.UNDO), [None, *AGES]):
        said = page(done, Standing(since=NOW - AGES[age] if age else None), language=language).page
        assert not re.search(r"\{\w+\}|\$\w", said)
        assert f'lang="{language}"' in said


def test_every_language_has_the_same_keys() -> None:
    for language, said in phrases._LANGUAGES.items():
        assert set(said) == set(phrases._ENGLISH), language
        for key, text in said.items():
            fields = set(re.findall(r"\{\w+\}", text))
            assert fields == set(re.findall(r"\{\w+\}", phrases._ENGLISH[key])), (language, key)


def test_a_language_that_is_not_known_is_english_and_says_so() -> None:
    said = page(Wish.SHOW, Standing(), language="xx").page
    assert 'lang="en"' in said
    assert "Unsubscribe from The Letter?" in said


def test_an_address_keeps_its_letters_and_our_words_begin_with_a_capital() -> None:
    assert (
        "<p>a…e@example.com gets no more mail" in page(Wish.SHOW, Standing(address="a…e@example.com", since=NOW)).page
    )
    assert "<p>Your address gets no more mail" in page(Wish.SHOW, Standing(since=NOW)).page
    assert "<p>Then your address gets" in page(Wish.SHOW, Standing()).page


def test_names_and_addresses_are_text() -> None:
    said = page(Wish.SHOW, Standing(address="<b>…@x.example"), name='A&B <i>"{address}" $style').page
    assert "<b>" not in said
    assert "<i>" not in said
    assert "A&amp;B &lt;i&gt;" in said


def test_the_page_for_what_is_no_link_tells_nothing() -> None:
    said = lost(name="The Letter", language="en")
    assert said.status == 404
    assert "<form" not in said.page
    assert not_now(name="The Letter", language="en").status == 503
