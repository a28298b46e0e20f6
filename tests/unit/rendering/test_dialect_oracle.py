"""The posts of the corpus equal pandoc's result; nothing of the dialect's marks is left in them or in other letters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.rendering.dialect.convert import convert
from newsletter_cli.rendering.text import to_text
from tests import oracle

if TYPE_CHECKING:
    from pathlib import Path

POSTS = sorted(oracle.CORPUS.glob("posts/*.md"))
DERIVED = sorted(oracle.CORPUS.glob("posts/derived/*.md"))
OTHERS = sorted(oracle.CORPUS.glob("markdown/*.m*"))
pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not POSTS, reason="real posts are not beside this checkout")]


def by_name(path: Path) -> str:
    return path.stem[:40]


@pytest.mark.parametrize("path", [*POSTS, *DERIVED], ids=by_name)
def test_a_post_equals_pandocs(path: Path) -> None:
    source = oracle.body_of(path.read_text(encoding="utf-8"))
    assert oracle.actual(source) == oracle.expected(source)


@pytest.mark.parametrize("path", [*POSTS, *DERIVED, *OTHERS], ids=by_name)
def test_no_mark_of_the_dialect_is_seen(path: Path) -> None:
    converted = convert(oracle.body_of(path.read_text(encoding="utf-8")), file=path.name)
    for code in [*converted.tree.iter("pre", "code")]:
        code.text = None
        for child in list(code):
            code.remove(child)
    seen = " ".join(converted.tree.itertext())
    assert ":::" not in seen
    assert not re.search(r"\{[.#:]|\]\(|\\[^A-Za-z\s(){}]|\[\^", seen)
    # Other letters have labels that their site defines in a file of its own.
    assert path in OTHERS or not re.search(r"\[[^\]\n]+\]\[", seen)


@pytest.mark.parametrize("path", [*POSTS, *DERIVED, *OTHERS], ids=by_name)
def test_the_text_part_has_every_word_and_keeps_its_width(path: Path) -> None:
    tree = convert(oracle.body_of(path.read_text(encoding="utf-8")), file=path.name).tree
    text = to_text(tree)
    said = re.sub(r"(?m:^[> ]+)|\s", "", text)
    for table in list(tree.iter("table")):  # ideographs of a cell may stand under each other
        table.drop_tree()
    for chunk in tree.itertext():
        for word in re.findall(r"\w+", chunk):
            assert word in said
    for line in text.splitlines():
        assert len(line) <= 78 or re.match(r"\[\d+\] \S+$|    ", line) or " " not in line.strip(), line
