from __future__ import annotations

import json
import zlib

import pytest
from hypothesis import given, strategies as st

from newsletter_cli.problems import Problem, Severity
from newsletter_cli.rendering import freeze
from newsletter_cli.rendering.model import Context, InlineImage, Rendered, Slot, Version

RENDERED = Rendered(
    version=Version.FREE,
    subject="Hëllo nls123",
    html="<p>¶ \ud800</p>",
    text="text\n",
    slots=(Slot("nls123", Context.SUBJECT, ("first_name", "name"), "friend", 3), Slot("x", Context.HREF, ("u",))),
    images=(InlineImage("a@newsletter.invalid", b"\x00\xff", "image/png", "a.png"),),
    problems=(Problem(text="odd", file="a.md", line=2, hint="even", severity=Severity.NOTE, code="odd"),),
)


def test_a_rendering_comes_back_as_it_was() -> None:
    assert freeze.load(freeze.dump(RENDERED)) == RENDERED


def test_the_bytes_depend_on_the_rendering_alone() -> None:
    assert freeze.dump(RENDERED) == freeze.dump(freeze.load(freeze.dump(RENDERED)))


@given(st.binary())
def test_any_bytes_are_loaded_or_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        freeze.load(data)


@pytest.mark.parametrize("cut", range(len(freeze.dump(RENDERED))))
def test_a_cut_rendering_is_refused(cut: int) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        freeze.load(freeze.dump(RENDERED)[:cut])


def test_a_later_version_is_refused_by_its_number() -> None:
    data = bytearray(freeze.dump(RENDERED))
    data[3] = 9
    with pytest.raises(ValueError, match="version 9"):
        freeze.load(bytes(data))


@pytest.mark.parametrize("value", [{}, [], {"version": "full"}, {"version": "half", "subject": ""}])
def test_json_of_another_shape_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        freeze.load(b"NLR\x01" + zlib.compress(json.dumps(value).encode()))
