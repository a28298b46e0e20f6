"""docs/lists.md tells of every service that is read, and of the columns that decide."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from newsletter_cli.audience import segment
from newsletter_cli.audience.exports import SAMPLE_ROWS, recognise
from newsletter_cli.audience.services import SERVICES, Service
from newsletter_cli.audience.table import rows
from newsletter_cli.audience.wishes import ROLES, read
from newsletter_cli.audience.words import compact
from newsletter_cli.post.model import Audience
from newsletter_cli.problems import Refused

PAGE = (Path(__file__).parents[2] / "docs" / "lists.md").read_text(encoding="utf-8")


def table(heading: str) -> list[list[str]]:
    part = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def columns(cell: str) -> set[str]:
    return {compact(code) for code in re.findall(r"`([^`]+)`", cell)}


def test_the_services_are_those_of_the_code() -> None:
    assert {name for name, *_ in table("Services")} == {service.name for service in SERVICES}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: f"{service.name}-{len(service.shapes)}")
def test_the_columns_of_a_service_are_named(service: Service) -> None:
    (row,) = [row for row in table("Services") if row[0] == service.name]
    assert set(service.marks) <= columns(row[1])
    assert {column.header for column in service.tiers} <= columns(row[2]) | columns(row[1])
    assert set(service.files) <= set(re.findall(r"`([^`]+)`", row[1]))


def test_the_refusal_reads_as_the_page_shows_it() -> None:
    data = b"email,status\na@example.com,active\nb@example.com,frozen\n"

    def refusal(opt_out: tuple[str, ...] = (), **named: str) -> str:
        opened = rows(data, file="subs.csv")
        records = list(opened.rows)
        reader = recognise(opened.header, records[:SAMPLE_ROWS], file="subs.csv", wishes=read(named, opt_out))
        for record in records:
            reader.read(record.cells)
        try:
            reader.check()
        except Refused as refused:
            return str(refused.problems[0])
        return ""

    assert f"error: {refusal()}\n" in PAGE
    assert not refusal(("status=frozen",))
    assert not refusal(("status=*",))
    assert not refusal(ignore="status")
    assert all(f"`{role}`" in PAGE or f"{role}=" in PAGE for role in ROLES)


def test_every_audience_has_its_row() -> None:
    assert {row[0].strip("`") for row in table("Who pays")} == {audience.value for audience in Audience}


def test_every_segment_shown_can_be_read() -> None:
    shown = [code for row in table("A part of a list") for code in re.findall(r"`([^`]*'[^`]*|[^`]* empty)`", row[0])]
    assert len(shown) == 9
    for text in [*shown, "plan = 'founder' and country in ('DE', 'AT')", "\"Signed up\" > '2024'"]:
        segment.parse(text)
        assert text in PAGE
