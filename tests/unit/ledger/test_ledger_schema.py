"""The schema: metadata and migrations agree, and only an old ledger costs Alembic."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, insert, text

from newsletter_cli.ledger import places, schema, tables
from newsletter_cli.problems import Refused
from tests.doubles.ledgers import opened

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine


def described(engine: Engine) -> list[tuple[str, ...]]:
    """Tables with their columns, and indexes, as SQLite itself sees them."""
    found: list[tuple[str, ...]] = []
    with engine.connect() as connection:
        for name, sql in connection.execute(
            text("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name")
        ):
            found.append((name, *sorted(line.strip(" \t,") for line in sql.splitlines())))
            for view in ("table_info", "index_xinfo", "foreign_key_list"):
                found += sorted(
                    (name, view, *map(str, row)) for row in connection.execute(text(f"PRAGMA {view}({name})"))
                )
    return found


def test_migrating_gives_the_schema_of_the_metadata(tmp_path: Path) -> None:
    made = create_engine(f"sqlite:///{tmp_path / 'made'}")
    migrated = create_engine(f"sqlite:///{tmp_path / 'migrated'}")
    with made.begin() as connection:
        assert schema.bring_up_to_date(connection, shown="made")
    with migrated.begin() as connection:
        schema.migrate(connection)
        assert not schema.bring_up_to_date(connection, shown="migrated")
    assert described(made) == described(migrated)
    made.dispose()
    migrated.dispose()


def test_the_newest_migration_is_the_revision_of_the_metadata() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == tables.REVISION


def test_alembic_finds_nothing_to_add(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    engine = create_engine(f"sqlite:///{tmp_path / 'ledger'}")
    with engine.begin() as connection:
        schema.migrate(connection)
        context = MigrationContext.configure(connection, opts={"version_table": schema.VERSION_TABLE})
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


def test_a_new_and_a_current_ledger_are_opened_without_alembic(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from tests.doubles.ledgers import opened
for _ in range(2):
    with opened(Path(sys.argv[1])) as ledger:
        ledger.writable()
print(sorted(name for name in ("alembic", "pydantic") if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_schema_from_the_future_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / ".newsletter/ledger.sqlite3")) as connection, connection:
        connection.execute(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'")
    for create in (True, False):
        with (
            pytest.raises(Refused, match=r"newer version.*schema 9999.*update newsletter"),
            opened(tmp_path, create=create),
        ):
            pass


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE notes (id INTEGER)")
    with pytest.raises(Refused, match="belongs to another program"), opened(tmp_path, url="sqlite:///other.db"):
        pass
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("notes",)]


def test_every_instant_comes_back_exactly(tmp_path: Path) -> None:
    from tests.doubles.ledgers import DAY

    assert tables.from_integer(tables.to_integer(DAY)) == DAY
    engine = create_engine(f"sqlite:///{tmp_path / 'ledger'}")
    with engine.begin() as connection:
        tables.metadata.create_all(connection)
        connection.execute(insert(tables.feedback_seen).values(digest=b"d", source="s", seen_at=DAY))
        assert connection.execute(tables.feedback_seen.select()).one().seen_at == DAY
    engine.dispose()


def test_the_folder_is_private_and_ignored_by_git(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger, ledger.sender_lock():
        ledger.writable()
        folder = tmp_path / places.FOLDER
        assert folder.stat().st_mode & 0o777 == 0o700
        files = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
        assert set(files) >= {".gitignore", "ledger.sqlite3", "ledger.sqlite3-wal", "ledger.sqlite3.lock"}
        assert set(files.values()) == {0o600}
        assert (folder / ".gitignore").read_text() == "*\n"


def test_a_folder_that_exists_keeps_its_mode_and_gets_no_gitignore(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o755)
    with opened(tmp_path, url="sqlite:///data/ledger.db"):
        pass
    assert folder.stat().st_mode & 0o777 == 0o755
    assert sorted(path.name for path in folder.iterdir()) == ["ledger.db"]


def test_an_absolute_path_is_taken_as_it_is(tmp_path: Path) -> None:
    with opened(tmp_path / "elsewhere", url=f"sqlite:///{tmp_path}/a b#c%25d%3f.db"):
        pass
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a b#c%d?.db"]


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file::memory:?uri=true", "nonsense", "mysql://h/d", ""]
)
def test_a_url_that_names_no_lasting_database_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(Refused, match=r"\[ledger\] url"), opened(tmp_path, url=url):
        pass
    assert list(tmp_path.iterdir()) == []
