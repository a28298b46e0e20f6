"""A fresh draft."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import frontmatter
import pytest
from hypothesis import given, strategies as st

from newsletter_cli.jobs.new import MAX_SLUG, draft, fresh_id, quoted, slug
from newsletter_cli.problems import Refused

if TYPE_CHECKING:
    from pathlib import Path


class Noon:
    def now(self) -> datetime:
        return datetime(2026, 3, 9, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError


def make(title: str, start: Path, folder: Path | None = None) -> Path:
    return draft(title, folder=folder, start=start, clock=Noon(), random=bytes(16))


def test_a_draft_is_never_mailed_as_it_is(tmp_path: Path) -> None:
    path = make('What "the bees" did \\ in May', tmp_path)
    assert path == tmp_path / "2026-03-09-what-the-bees-did-in-may.md"
    head = frontmatter.loads(path.read_text(encoding="utf-8")).metadata
    assert head["title"] == 'What "the bees" did \\ in May'
    assert head["draft"] is True
    assert head["post_id"] == "aaaaaaaa.what-the-bees-did-in-may"
    assert str(head["date"]) == "2026-03-09"


def test_it_goes_beside_the_other_posts(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").touch()
    below = tmp_path / "posts" / "images"
    below.mkdir(parents=True)
    assert make("x", below).parent == tmp_path / "posts"
    assert make("y", tmp_path).parent == tmp_path / "posts"
    assert make("z", tmp_path, tmp_path / "letters").parent == tmp_path / "letters"


def test_an_existing_post_is_left(tmp_path: Path) -> None:
    path = make("x", tmp_path)
    path.write_text("mine")
    with pytest.raises(Refused, match="already"):
        make("x", tmp_path)
    assert path.read_text() == "mine"


def test_a_post_needs_a_title(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="title"):
        make("  \n", tmp_path)


@pytest.mark.parametrize(
    ("title", "expected"),
    [("Straße & Ärger", "strasse-arger"), ("It's Wren’s", "its-wrens"), ("潮汐表", "post"), ("a" * 99, "a" * MAX_SLUG)],
)
def test_slugs(title: str, expected: str) -> None:
    assert slug(title) == expected


@given(st.text(min_size=1))
def test_a_slug_is_a_file_name_and_an_identity_is_text(title: str) -> None:
    made = slug(title)
    assert made.replace("-", "a").isalnum()
    assert made.isascii()
    assert len(made) <= MAX_SLUG
    read = frontmatter.loads(f"---\npost_id: {fresh_id(title, bytes(16))}\n---\n").metadata
    assert isinstance(read["post_id"], str)


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_a_title_survives_quoting(title: str) -> None:
    assert frontmatter.loads(f"---\ntitle: {quoted(title)}\n---\n").metadata["title"] == title
