from __future__ import annotations

import quopri

import pytest

from newsletter_cli.message import quoted
from tests.growth import assert_linear


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", b""),
        ("plain words", b"plain words"),
        ("a=b", b"a=3Db"),
        ("Zoë", b"Zo=C3=AB"),
        ("one\ntwo", b"one\r\ntwo"),
        ("end \nend\t\n", b"end=20\r\nend=09\r\n"),
        ("bare\rreturn", b"bare=0Dreturn"),
        ("\n.\n", b"\r\n=2E\r\n"),
        ("..", b"=2E."),
        ("From me\nFrom you", b"=46rom me\r\n=46rom you"),
        ("From: me", b"From: me"),
        ("nul\0 esc\x1b", b"nul=00 esc=1B"),
        ("lone \ud800", b"lone ?"),
        ("a\tb", b"a\tb"),
    ],
)
def test_text_is_encoded_so_that_it_arrives_as_it_was(text: str, expected: bytes) -> None:
    assert quoted.encode(text)[0] == expected


def test_a_long_line_is_broken_softly_within_76() -> None:
    encoded, column = quoted.encode("x" * 200)
    assert encoded == b"x" * 75 + b"=\r\n" + b"x" * 75 + b"=\r\n" + b"x" * 50
    assert column == 50


@pytest.mark.parametrize("shift", range(4))
def test_a_soft_break_never_cuts_an_escape(shift: int) -> None:
    encoded = quoted.encode("x" * (72 + shift) + "ë" + "y" * 9)[0]
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))
    assert quopri.decodestring(encoded).decode() == "x" * (72 + shift) + "ë" + "y" * 9
    assert b"=\r\n=" in encoded or b"=C3=AB" in encoded


def test_a_megabyte_on_one_line_is_written_in_linear_time() -> None:
    """Posts without line ends are common in CJK; cutting the rest off anew at every break would take a minute."""
    encoded = quoted.encode("漢" * 350_000)[0]
    assert quopri.decodestring(encoded).decode() == "漢" * 350_000
    assert_linear(lambda count: quoted.encode("漢" * count), 350_000)


def test_a_piece_goes_on_in_the_column_where_the_last_one_ended() -> None:
    first, column = quoted.encode("x" * 70)
    second, column = quoted.encode("y" * 10, column)
    assert first + second == b"x" * 70 + b"y" * 5 + b"=\r\n" + b"y" * 5
    assert column == 5


def test_a_full_line_goes_on_behind_a_soft_break() -> None:
    assert quoted.encode("yy", 75) == (b"=\r\nyy", 2)


def test_a_dot_that_a_soft_break_brings_to_the_front_is_hidden() -> None:
    assert quoted.encode("x" * 75 + ".")[0] == b"x" * 75 + b"=\r\n=2E"


def test_a_piece_before_a_hole_keeps_its_last_space() -> None:
    assert quoted.encode("Hi ", last=False) == (b"Hi ", 3)
    assert quoted.encode("Hi \nyou ", last=False)[0] == b"Hi=20\r\nyou "


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Ann", b"Ann"),
        ("Ann Bee", b"Ann Bee"),
        ("Ann ", b"Ann=20"),
        (" Ann", b" Ann"),
        ("a  b", b"a =20b"),
        ("a\tb", b"a=09b"),
        (".x", b"=2Ex"),
        ("From x", b"=46rom x"),
        ("=", b"=3D"),
        ("", b""),
        ("x" * 75, b"x" * 75),
        ("x" * 76, b"x" * 75 + b"=\r\nx"),
    ],
)
def test_a_value_is_its_own_canonical_form(value: str, expected: bytes) -> None:
    assert quoted.encode_value(value) == expected
