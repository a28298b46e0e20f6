"""What is PostgreSQL's own: one sender by a lock of the server, durable commits, and a server that is away."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.ledger import schema
from newsletter_cli.ledger.states import Outcome
from newsletter_cli.ledger.store import Ledger
from newsletter_cli.problems import NotNow, Refused
from tests.doubles.ledgers import IDENTITY, StillClock, begun, mailed, opened, outcomes, person, suppression

if TYPE_CHECKING:
    from pathlib import Path

    from tests.doubles.postgresql import Server

PROGRAM = """
import sys
from pathlib import Path
from tests.doubles.ledgers import *
with opened(Path("."), url=sys.argv[1]) as ledger, ledger.sender_lock():
    print("ready", flush=True)
    sys.stdin.readline()
    ledger.suppressions.add(suppression(person(1), "letter"))
    print("done", flush=True)
    sys.stdin.read()
"""


def test_one_sender_at_a_time_over_processes(server: Server, tmp_path: Path) -> None:
    url = server.fresh()
    with (
        opened(tmp_path, url=url) as ledger,
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        with pytest.raises(NotNow, match=r"process \d+ of the database server is sending"), ledger.sender_lock():
            pass
        campaign = begun(ledger)
        with ledger.start_run(campaign.id) as run:
            claims = run.claim(3)
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "done\n"
            assert run.hand_over([claim.id for claim in claims]) == {claims[0].id, claims[2].id}
        process.kill()
        process.communicate()
    with opened(tmp_path, url=url) as ledger:
        for _ in range(2):
            with ledger.sender_lock():
                pass


def test_every_commit_is_durable_so_a_claim_was_never_handed_over(server: Server, tmp_path: Path) -> None:
    url = server.fresh()
    with opened(tmp_path, url=url, boot="boot 1") as ledger:
        campaign = begun(ledger, range(3))
        run = ledger.start_run(campaign.id)
        first, *_ = run.claim(2)
        run.hand_over([first.id])
        run._hot.close()
    with opened(tmp_path, url=url, boot="boot 2") as ledger, ledger.start_run(campaign.id) as run:
        assert [row.outcome for row in run.recovered] == [Outcome.UNKNOWN]
        assert outcomes(ledger, campaign.id) == ["unknown", "queued", "queued"]


def test_reading_makes_no_tables(server: Server, tmp_path: Path) -> None:
    url = server.fresh()

    def reading() -> Ledger | None:
        return Ledger.open(url, folder=tmp_path, clock=StillClock(), identity=IDENTITY, create=False)

    assert reading() is None
    with opened(tmp_path, url=url) as ledger:
        begun(ledger)
    with opened(tmp_path, url=url, create=False) as ledger:
        assert outcomes(ledger, 1) == ["queued"] * 5
    assert list(tmp_path.iterdir()) == []


def test_the_migrations_give_the_schema_of_the_metadata(server: Server) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy import create_engine

    from newsletter_cli.ledger import tables

    engine = create_engine(server.fresh())
    with engine.begin() as connection:
        schema.migrate(connection)
        context = MigrationContext.configure(connection, opts={"version_table": schema.VERSION_TABLE})
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


def test_an_older_schema_is_not_changed_by_reading(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from newsletter_cli.ledger import tables

    url = server.fresh()
    with opened(tmp_path, url=url):
        pass
    monkeypatch.setattr(tables, "REVISION", "0002")
    with pytest.raises(Refused, match=r"schema of an older version \(0001\)"), opened(tmp_path, url=url, create=False):
        pass


def test_a_server_that_is_away_is_told_without_the_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    url = f"postgresql://me:secret@/letter?host={tmp_path}"
    with pytest.raises(NotNow, match="the ledger's database cannot be used") as caught, opened(tmp_path, url=url):
        pass
    assert "secret" not in str(caught.value)


def test_without_its_driver_it_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with (
        pytest.raises(Refused, match=r"driver .*not installed.*newsletter-cli\[postgresql\]"),
        opened(tmp_path, url="postgresql://me:secret@host/letter"),
    ):
        pass


def test_a_backup_is_the_servers_business(server: Server, tmp_path: Path) -> None:
    with opened(tmp_path, url=server.fresh()) as ledger, pytest.raises(Refused, match="pg_dump"):
        ledger.backup(tmp_path / "copy")


def test_many_are_queued_in_portions(server: Server, tmp_path: Path) -> None:
    with opened(tmp_path, url=server.fresh()) as ledger:
        ledger.suppressions.add(suppression(person(7), "letter"))
        campaign = begun(ledger, [*range(2500), *range(100)])
        assert sum(ledger.counts(campaign.id).values()) == 2500
        with ledger.start_run(campaign.id) as run:
            assert len(mailed(run, 64)) == 64
            assert run.waiting() == 2500 - 64 - 1
