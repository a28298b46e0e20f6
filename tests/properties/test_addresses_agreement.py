"""The fast path of `addresses.parse` and email-validator are of one mind, on texts that are nearly addresses."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, strategies as st

from newsletter_cli.addresses import MAX_LOCAL_OCTETS, AddressError, parse

ODD = st.sampled_from(
    [".", "..", "-", "_", "+", "'", '"', " ", "@", "\t", "\n", "\x00", "é", "ß", "ü", "xn--", "\u200b", "=", "/", "İ"]
)
PIECE = st.one_of(st.text("abcXYZ019", min_size=1, max_size=6), ODD, st.text(max_size=2))
LOCAL = st.lists(PIECE, min_size=1, max_size=5).map("".join)
LABEL = st.lists(PIECE, min_size=1, max_size=3).map("".join)
TOP = st.sampled_from(
    ["com", "example", "test", "invalid", "local", "localhost", "onion", "arpa", "de", "c", "1", "xn--p1ai", "рф", ""]
)
DOMAIN = st.builds(lambda labels, top: ".".join([*labels, top]), st.lists(LABEL, max_size=3), TOP)


def by_the_library(text: str) -> tuple[str, str] | None:
    try:
        found = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    if len(found.local_part.encode()) > MAX_LOCAL_OCTETS:
        return None
    return found.local_part, (found.ascii_domain or found.domain).lower()


@given(st.builds("{}@{}".format, LOCAL, DOMAIN))
@example("a@b.com")
@example("A.b+c@Example.COM")
@example("a@-b.com")
@example("a@b-.com")
@example("a@b--c.com")
@example("a@1.2.3.4")
@example(f"{'a' * 64}@b.com")
@example(f"{'a' * 65}@b.com")
@example(f"a@{'b' * 63}.com")
@example(f"a@{'b' * 64}.com")
@example(f"a@{'b.' * 124}com")
@example(f"a@{'b.' * 126}com")
@example("user@xn--mnchen-3ya.example")
@example("user@xn--a.example")
@example("user@münchen.example")
def test_the_fast_path_agrees_with_email_validator(text: str) -> None:
    expected = by_the_library(text)
    try:
        found = parse(text)
    except AddressError:
        assert expected is None
    else:
        assert (found.local, found.domain) == expected


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_an_address_error(text: str) -> None:
    try:
        found = parse(text)
    except AddressError:
        return
    # What the SMTP library truncates or a header is split by never gets this far.
    assert not any(char in str(found) for char in "\r\n\t <>,;\x00")
    assert found.domain.isascii()
    assert parse(str(found)) == found
