"""Each construct's source in tests/golden/dialect, the HTML it gives, and pandoc's word on it.

NEWSLETTER_GOLDEN=write in the environment writes what is given now; read the difference before you commit it. The cases
named ``ours_…`` are meant to differ from pandoc (tests/oracle.py, DIFFERENCES); all others equal it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lxml import html

from newsletter_cli.rendering.dialect.convert import convert
from tests import oracle

CASES = sorted((Path(__file__).parents[2] / "golden" / "dialect").glob("*.md"))
PANDOCS = [case for case in CASES if not case.stem.startswith("ours_")]


def shown(source: str) -> str:
    converted = convert(source, file="a.md")
    blocks = (html.tostring(block, encoding="unicode").strip() for block in converted.tree)
    problems = "".join(f"<!-- {problem} -->\n" for problem in converted.problems)
    return "\n".join([*blocks, ""]) + problems


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_construct_gives_its_html(case: Path) -> None:
    got = shown(case.read_text(encoding="utf-8"))
    wanted = case.with_suffix(".html")
    if os.environ.get("NEWSLETTER_GOLDEN") == "write":
        wanted.write_text(got, encoding="utf-8")
    assert got == wanted.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", PANDOCS, ids=lambda case: case.stem)
def test_a_construct_equals_pandocs(case: Path) -> None:
    source = case.read_text(encoding="utf-8")
    assert oracle.actual(source) == oracle.expected(source)
