"""`status --failed-csv`: each failure with the row of the list it came from."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.folder import POST, SETTINGS
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule

if TYPE_CHECKING:
    from tests.cli.folder import Folder

ROWS = "Name,email,name,plan\nA,ok@example.net,x,free\nB,Ev@EXAMPLE.net,y,paid,more\n"


@pytest.fixture
def failed(bare: Folder) -> Folder:
    bare.write("post.md", POST)
    bare.write("lists/l.csv", ROWS)
    with ScriptedServer([Rule("RCPT", say="550 5.1.1 no such user", address="Ev@")]) as server:
        bare.write("newsletter.toml", SETTINGS.format(port=server.port))
        assert bare("send", "post.md", "--list", "lists/l.csv").code == 1
    return bare


def table(folder: Folder) -> list[dict[str, str]]:
    ran = folder("status", "--failed-csv", "-")
    assert (ran.code, ran.err) == (0, "")
    return list(csv.DictReader(io.StringIO(ran.out)))


def test_the_row_is_the_one_of_the_list(failed: Folder) -> None:
    (row,) = table(failed)
    assert (row["file"], row["line"], row["outcome"]) == ("lists/l.csv", "3", "failed")
    assert json.loads(row["row"]) == {
        "Name": "B",
        "email": "Ev@EXAMPLE.net",
        "name": "y",
        "plan": "paid",
        "column 5": "more",
    }


@pytest.mark.parametrize("text", ["", "email\nother@example.net\nanother@example.net\n", "\x00\x01", None])
def test_a_list_that_holds_it_no_more_gives_no_row(failed: Folder, text: str | None) -> None:
    if text is None:
        (failed.path / "lists/l.csv").unlink()
    else:
        failed.write("lists/l.csv", text)
    (row,) = table(failed)
    assert (row["email"], row["file"], row["line"], row["row"]) == ("Ev@example.net", "lists/l.csv", "3", "")


def test_a_list_of_the_settings_is_found_from_elsewhere(failed: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    failed.write("posts/x.txt", "")
    monkeypatch.chdir(failed.path / "posts")
    (row,) = table(failed)
    assert json.loads(row["row"])["plan"] == "paid"


def test_on_standard_output_stands_the_table_alone(failed: Folder) -> None:
    ran = failed("status", "--failed-csv", "-")
    assert [line.partition(",")[0] for line in ran.out.splitlines()] == ["email", "Ev@example.net"]
    assert failed("status", "--failed-csv", "-", "--json").code == 2
    ran = failed("status", "--failed-csv", "out.csv")
    assert "failed 1" in ran.out
    assert "Ev@example.net" in failed.read("out.csv")
