"""What `init` writes for show: `doctor` names it until it is replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.folder import Folder

SHOWN = {
    "for-show-from": "[newsletter] from is still letter@example.com, for show",
    "for-show-list": "the list subscribers.csv is still the one for show",
    "for-show-username": "[smtp] username is still 'your-server-token', for show",
}


@pytest.mark.parametrize("provider", [(), ("--provider", "postmark")])
def test_doctor_names_what_init_wrote_for_show(bare: Folder, provider: tuple[str, ...]) -> None:
    made = bare("init", ".", *provider)
    assert "newsletter doctor names what is left to do" in made.out
    looked = bare("doctor", "--offline", "--json")
    found = {one["code"]: one["text"] for one in looked.json["problems"] if one["code"].startswith("for-show")}
    assert found == {code: said for code, said in SHOWN.items() if provider or code != "for-show-username"}
    assert looked.code == 0
    settings = bare.read("newsletter.toml").replace("letter@example.com", "letter@myexample.com")
    bare.write("newsletter.toml", settings.replace("your-server-token", "0815"))
    bare.write("subscribers.csv", "email\nann@tides.com\n")
    assert "for show" not in bare("doctor", "--offline").out
