from __future__ import annotations

import base64
import hmac
import string

import pytest
from hypothesis import given, strategies as st

from newsletter_cli import tokens
from newsletter_cli.tokens import Keys, TokenError

RANDOM = bytes(range(64))
KEYS = Keys.generate(RANDOM)
ADA = tokens.person(KEYS, "letter", "ada@example.com")

# person, token, everywhere, campaign, Message-ID, fingerprint
GOLDEN = (
    "703eb90e1839f3efba6537756d4e6db6",
    "aeaxapvzbymdt47pxjsto5lnjzw3mdjouwggpnqqqs2znnur",
    "a38c4b48f1c671e70fb92f6449df76c9",
    "dkzsmf6mq3kruufd",
    "dkzsmf6mq3kruufd.2wa2m643td2pj2zsf7hketvl",
    "5ab8c392c2c54035",
)

persons = st.binary(min_size=16, max_size=16)


def test_a_token_is_short_lower_case_and_fits_a_local_part() -> None:
    token = tokens.mint(KEYS, ADA)
    assert len(token) == tokens.TOKEN_CHARACTERS
    assert set(token) <= set(string.ascii_lowercase + "234567")
    assert tokens.TOKEN.fullmatch(token)
    assert len(f"bounces+{token}") <= 64


def test_the_tokens_stay_what_they_are() -> None:
    """Links in mails that went out must be read for ever: these bytes never change."""
    assert (ADA.hex(), tokens.mint(KEYS, ADA)) == GOLDEN[:2]
    assert tokens.everywhere(KEYS, "ada@example.com").hex() == GOLDEN[2]
    assert tokens.campaign_uid(KEYS, "letter", "1.first") == GOLDEN[3]
    assert tokens.message_id_local(KEYS, GOLDEN[3], ADA) == GOLDEN[4]
    assert KEYS.fingerprint == GOLDEN[5]


@given(persons)
def test_tokens_come_back_in_any_letters(who: bytes) -> None:
    token = tokens.mint(KEYS, who)
    assert tokens.read(KEYS, token) == who
    assert tokens.read(KEYS, f" {token.upper()}\n") == who
    assert tokens.mint(KEYS, who) == token


@given(persons, st.integers(0, 239))
def test_one_bit_off_is_no_token(who: bytes, bit: int) -> None:
    import base64

    raw = bytearray(base64.b32decode(tokens.mint(KEYS, who).upper()))
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(TokenError):
        tokens.read(KEYS, base64.b32encode(bytes(raw)).decode().lower())


@given(st.one_of(st.text(max_size=60), st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=48, max_size=48)))
def test_other_texts_are_no_tokens(text: str) -> None:
    with pytest.raises(TokenError):
        tokens.read(KEYS, text)


@given(persons, st.integers(0, 47))
def test_a_part_is_no_token(who: bytes, length: int) -> None:
    token = tokens.mint(KEYS, who)
    for part in (token[:length], token + token[: 48 - length], token[:length] + "=" + token[length:]):
        with pytest.raises(TokenError):
            tokens.read(KEYS, part)


def test_what_is_wrong_is_said() -> None:
    other = Keys.generate(RANDOM[::-1])
    with pytest.raises(TokenError, match="the signature does not fit"):
        tokens.read(other, tokens.mint(KEYS, ADA))
    with pytest.raises(TokenError, match="a key that is not here"):
        tokens.read(KEYS, tokens.mint(KEYS.rotated(b"x" * 32), ADA))
    with pytest.raises(TokenError, match="not the form of a token"):
        tokens.read(KEYS, "")


def test_a_rotated_key_signs_and_the_old_one_is_still_read() -> None:
    rotated = KEYS.rotated(b"x" * 32)
    old, new = tokens.mint(KEYS, ADA), tokens.mint(rotated, ADA)
    assert old != new
    assert tokens.read(rotated, old) == tokens.read(rotated, new) == ADA
    assert rotated.identity == KEYS.identity
    assert rotated.fingerprint == KEYS.fingerprint
    assert tokens.person(rotated, "letter", "ada@example.com") == ADA


def test_a_person_is_another_one_to_another_newsletter_or_key() -> None:
    names = {
        ADA,
        tokens.person(KEYS, "other", "ada@example.com"),
        tokens.person(KEYS, "letter", "bob@example.com"),
        tokens.person(KEYS, "lette", "rada@example.com"),
        tokens.person(Keys.generate(RANDOM[::-1]), "letter", "ada@example.com"),
        tokens.everywhere(KEYS, "ada@example.com"),
        tokens.NOBODY,
    }
    assert len(names) == 7
    assert all(len(name) == tokens.PERSON_OCTETS for name in names)


def test_no_address_stands_in_a_token() -> None:
    assert b"ada" not in ADA
    assert "ada" not in repr(KEYS)


def test_message_ids_are_unique_by_person_and_campaign() -> None:
    bob = tokens.person(KEYS, "letter", "bob@example.com")
    first, second = (tokens.campaign_uid(KEYS, "letter", key) for key in ("1.first", "2.second"))
    locals_ = {tokens.message_id_local(KEYS, uid, who) for uid in (first, second) for who in (ADA, bob)}
    assert len(locals_) == 4
    assert all(len(one) <= 64 and one.isascii() for one in locals_)


# --- the key file


@given(st.binary(min_size=64, max_size=64), st.lists(st.binary(min_size=32, max_size=32), max_size=3))
def test_the_key_file_comes_back(random: bytes, rotations: list[bytes]) -> None:
    keys = Keys.generate(random)
    for rotation in rotations:
        keys = keys.rotated(rotation)
    assert Keys.parse(keys.text) == keys
    assert Keys.parse(keys.text.replace("\n", ";")) == keys
    assert Keys.parse(f"\n  {keys.text}\n\n".replace("\n", "\r\n")) == keys
    assert keys.identity.hex() not in f"{keys} {keys!r}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"identity {'0' * 64}",
        f"token 1 {'0' * 64}",
        f"identity {'0' * 62}\ntoken 1 {'0' * 64}",
        f"identity {'x' * 64}\ntoken 1 {'0' * 64}",
        f"identity {'0' * 64}\ntoken 0 {'0' * 64}",
        f"identity {'0' * 64}\ntoken 256 {'0' * 64}",
        f"identity {'0' * 64}\ntoken ² {'0' * 64}",
        f"identity {'0' * 64}\ntoken 1 {'0' * 64}\nmore",
        f"identity {'0' * 64} more\ntoken 1 {'0' * 64}",
    ],
)
def test_a_broken_key_file(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Keys.parse(text)
    assert "0" * 62 not in str(caught.value)


def test_lengths_are_checked() -> None:
    for wrong in (lambda: Keys.generate(b"x"), lambda: KEYS.rotated(b"x"), lambda: tokens.mint(KEYS, b"x")):
        with pytest.raises(ValueError, match="octets"):
            wrong()


@given(st.binary(max_size=64), st.binary(max_size=200), st.binary(max_size=200))
def test_a_prepared_hmac_is_the_hmac(key: bytes, prefix: bytes, message: bytes) -> None:
    digest = tokens.keyed(key, prefix)
    assert digest(message) == hmac.digest(key, prefix + message, "sha256")
    assert digest(message) == digest(message), "what was prepared is not used up"


def test_a_key_beyond_a_block_is_refused() -> None:
    with pytest.raises(ValueError, match="hashed first"):
        tokens.keyed(bytes(65), b"")


@given(st.text(max_size=40).filter(lambda text: text.isprintable()))
def test_persons_of_a_list_are_those_persons(address_key: str) -> None:
    assert tokens.persons(KEYS, "letter")(address_key) == tokens.person(KEYS, "letter", address_key)
    assert tokens.everywheres(KEYS)(address_key) == tokens.everywhere(KEYS, address_key)


@given(st.integers(0, 8).flatmap(lambda fives: st.binary(min_size=5 * fives, max_size=5 * fives)))
def test_base32_is_that_of_the_standard_library(raw: bytes) -> None:
    assert tokens._base32(raw) == base64.b32encode(raw).decode().lower()
