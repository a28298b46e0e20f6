"""Every report of the corpus, read into a ledger in which everybody was mailed: who is suppressed, and who is not."""

from __future__ import annotations

import csv
import shutil
from typing import TYPE_CHECKING

import pytest

from newsletter_cli import addresses, tokens
from newsletter_cli.config.settings import Bounces, Newsletter, Settings
from newsletter_cli.jobs import bounces
from newsletter_cli.jobs.workspace import Workspace
from newsletter_cli.ledger.model import NewRecipient
from tests.doubles.ledgers import StillClock, frozen, mailed, opened, post

if TYPE_CHECKING:
    from pathlib import Path

# What decoders gave and nobody can be mailed at: a cut-off address, and one made up for "Undisclosed Recipients".
NO_ADDRESSES = {"kijitora@exampl", "undisclosed-recipient-in-headers@libsisimai.org.invalid"}
KEYS = tokens.Keys.generate(bytes(range(64)))


def rows(corpus: Path) -> list[dict[str, str]]:
    with (corpus / "mailbox" / "expected.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def named(row: dict[str, str], *columns: str) -> set[str]:
    texts = {text for column in columns for text in row[column].split()} - NO_ADDRESSES
    return {addresses.parse(text).key for text in texts}


def everybody(people: set[str]) -> list[NewRecipient]:
    return [
        NewRecipient(tokens.person(KEYS, "letter", key), tokens.everywhere(KEYS, key), key, "full", "list.csv", number)
        for number, key in enumerate(sorted(people), start=2)
    ]


@pytest.mark.corpus
@pytest.mark.slow
def test_who_is_suppressed(corpus: Path, tmp_path: Path) -> None:
    wanted = rows(corpus)
    people = set().union(*(named(row, "must", "may", "never") for row in wanted))
    with opened(tmp_path / "first") as ledger:
        campaign = ledger.begin("letter", post(), "uid1", frozen(), everybody(people))
        run = ledger.start_run(campaign.id)
        while mailed(run, 64):
            pass
        run.close()
    found = missed = 0
    for number, row in enumerate(wanted):
        folder = tmp_path / str(number)
        shutil.copytree(tmp_path / "first", folder)
        mailbox = str(corpus / "mailbox" / row["file"])
        values = Settings(
            newsletter=Newsletter.model_validate({"id": "letter"}), bounces=Bounces(mailbox=mailbox), folder=folder
        )
        with opened(folder) as ledger:
            bounces.read_before_send(Workspace(settings=values, clock=StillClock()), ledger, KEYS)
            suppressed = {entry.email for entry in ledger.suppressions.list()}
        shutil.rmtree(folder)
        assert not suppressed & named(row, "never"), row["file"]
        if row["kind"] not in {"hard", "complaint", "may"}:
            assert not suppressed, row["file"]
        found += len(suppressed & named(row, "must"))
        missed += len(named(row, "must") - suppressed)
    assert found >= 0.95 * (found + missed)
