from __future__ import annotations

import unicodedata

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, strategies as st

from newsletter_cli import addresses
from newsletter_cli.addresses import Address, AddressError, Mailbox, masked, parse, parse_mailbox


@pytest.mark.parametrize(
    ("text", "written", "key"),
    [
        ("ada@example.com", "ada@example.com", "ada@example.com"),
        (" Ada.Lovelace+news@Example.COM \n", "Ada.Lovelace+news@example.com", "ada.lovelace+news@example.com"),
        ("o'brien=x@a-b.example.co.uk", "o'brien=x@a-b.example.co.uk", "o'brien=x@a-b.example.co.uk"),
        ("a@b.example", "a@b.example", "a@b.example"),
        ("a@b.test", "a@b.test", "a@b.test"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("ada@example。com", "ada@example.com", "ada@example.com"),
        ("ADÉ@example.com", "ADÉ@example.com", "adé@example.com"),
        ("ade\u0301@example.com", "adé@example.com", "adé@example.com"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com", "a" * 64 + "@example.com"),
        ("a@r3---sn.example.com", "a@r3---sn.example.com", "a@r3---sn.example.com"),
    ],
)
def test_addresses(text: str, written: str, key: str) -> None:
    address = parse(text)
    assert (str(address), address.key) == (written, key)
    assert address.needs_smtputf8 is not address.local.isascii()
    assert parse(str(address)) == address


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no address"),
        ("   ", "no address"),
        ("ada", "is no address"),
        ("ada@", "is no address"),
        ("@example.com", "is no address"),
        ("ada@localhost", "is no address"),
        ("ada@example..com", "is no address"),
        ("ada@example.com.", "is no address"),
        (".ada@example.com", "is no address"),
        ("ada.@example.com", "is no address"),
        ("a..b@example.com", "is no address"),
        ("ada@-example.com", "is no address"),
        ("ada@exa_mple.com", "is no address"),
        ("ada@[192.0.2.1]", "is no address"),
        ("ada@192.0.2.1", "is no address"),
        ("ada@xn--zz.com", "is no address"),
        ('"a b"@example.com', "is no address"),
        ("a b@example.com", "is no address"),
        ("ada@example.local", "is no address"),
        ("ada@example.invalid", "is no address"),
        ("a" * 65 + "@example.com", "64 octets"),
        ("ä" * 33 + "@example.com", "64 octets"),
        ("a@" + "b" * 64 + ".com", "is no address"),
        ("a@" + ".".join(["b" * 62] * 4) + ".com", "is no address"),
        ("a" * 990 + "@example.com", "1002 characters long"),
        # What the SMTP library would cut off and send all the same.
        ("a@b.example, c@d.example", "two addresses in one cell; split the row"),
        ("a@b.example;c@d.example", "two addresses"),
        ("a@b.example c@d.example", "two addresses"),
        ("x@y.example>\r\nDATA", "control character"),
        ("ada@exam\nple.com", "control character"),
        ("ada\x00@example.com", "control character"),
        ("<ada@example.com>", "is no address"),
    ],
)
def test_what_is_no_address_says_why(text: str, reason: str) -> None:
    with pytest.raises(AddressError, match=reason) as caught:
        parse(text)
    assert len(str(caught.value)) < 300
    assert not str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("ada@example.com", "", "ada@example.com"),
        ("mailto:ada@example.com", "", "ada@example.com"),
        ("MAILTO:ada@example.com", "", "ada@example.com"),
        ("Ada <ada@example.com>", "Ada", "ada@example.com"),
        ("Ada  King\tLovelace <ada@example.com>", "Ada King Lovelace", "ada@example.com"),
        ('"Lovelace, Ada" <ada@example.com>', "Lovelace, Ada", "ada@example.com"),
        ('"Ada \\"the\\" first" <mailto:ada@example.com>', 'Ada "the" first', "ada@example.com"),
        ("<ada@example.com>", "", "ada@example.com"),
        ('"a\r\nBcc: x" <ada@example.com>', "a Bcc: x", "ada@example.com"),
        ("Größe <ada@bücher.example>", "Größe", "ada@xn--bcher-kva.example"),
    ],
)
def test_mailboxes(text: str, name: str, address: str) -> None:
    assert parse_mailbox(text) == Mailbox(name, parse(address))


@pytest.mark.parametrize(
    "text",
    [
        "Ada",
        "Ada <>",
        "Ada <ada>",
        "Ada <a@b.example> more",
        '"Ada <a@b.example>',
        "A\x1b[1m <a@b.example>",
        "x" + " " * 99_999 + "y",
    ],
)
def test_what_is_no_mailbox(text: str) -> None:
    with pytest.raises(AddressError):
        parse_mailbox(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ada@example.com", "a…a@example.com"),
        ("ab@example.com", "a…@example.com"),
        ("a@b.example", "a…@b.example"),
    ],
)
def test_what_a_public_page_shows(text: str, shown: str) -> None:
    assert masked(parse(text)) == shown


# --- properties

local = st.text(st.sampled_from("aAzZ09.!#$%&'*+/=?^_`{|}~-\"@ ä"), min_size=1, max_size=12)
labels = st.one_of(
    st.text(st.sampled_from("aZ0-_ä"), min_size=1, max_size=8), st.sampled_from(["xn--bcher-kva", "com", "1"])
)
tops = st.sampled_from(
    ["com", "example", "test", "local", "invalid", "localhost", "onion", "arpa", "home.arpa", "1", "c", "museum"]
)
likely = st.builds(lambda a, b, c: f"{a}@{'.'.join([*b, c])}", local, st.lists(labels, max_size=3), tops)


@given(likely)
@example("a@ab--cd.com")
@example("a@example")
def test_the_fast_path_agrees_with_email_validator(text: str) -> None:
    """What it takes, email-validator takes, and makes the same of it."""
    stripped = text.strip()
    ours = addresses.plain_parts(text)
    if ours is None:
        return
    try:
        found = validate_email(stripped, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        # Hyphens as in r3---sn.example.com are no IDNA, but host names that are in use.
        assert "--" in stripped
        return
    assert ours == (found.local_part, (found.ascii_domain or "").lower())
    assert parse(text) == Address(*ours)


@given(st.one_of(likely, st.text(max_size=60), st.emails()))
def test_an_address_is_safe_on_the_wire(text: str) -> None:
    try:
        address = parse(text)
    except AddressError:
        return
    written = str(address)
    assert written.count("@") == 1
    assert address.domain.isascii()
    assert address.domain == address.domain.lower()
    assert len(address.local.encode()) <= 64
    assert not set(written) & set(' \t\r\n<>(),;:\\"[]\x00')
    assert not any(unicodedata.category(char) in {"Cc", "Zs", "Zl", "Zp"} for char in written)
    assert parse(written) == address
    assert parse(written.upper()).key == address.key or not written.isascii()


@given(st.text(max_size=60))
def test_any_text_is_a_mailbox_or_none(text: str) -> None:
    try:
        mailbox = parse_mailbox(text)
    except AddressError:
        return
    assert not any(unicodedata.category(char) == "Cc" for char in mailbox.name)


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), max_size=20))
def test_a_quoted_name_comes_back(name: str) -> None:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    assert parse_mailbox(f'"{quoted}" <a@b.example>').name == name


@given(st.text(st.characters(categories=("Ll", "Lu", "Mn", "Lt")), min_size=1, max_size=8))
@example("ᾈ\u0345")
@example("ß\u0301")
@example("İ")
def test_a_key_is_its_own_key(name: str) -> None:
    try:
        address = parse(f"{name}@example.com")
        again = parse(address.key)
    except AddressError:
        return
    assert again.key == address.key
