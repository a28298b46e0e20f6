"""The folder that `newsletter init` makes."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.cli.commands.init import ProviderName
from newsletter_cli.jobs.init import PROVIDERS, init, machine_zone
from newsletter_cli.problems import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter_cli.jobs.init import Made


def make(folder: Path, provider: str | None = None) -> Made:
    return init(folder, provider=provider, zone_name="Europe/Berlin", random=bytes(range(16)))


def test_the_folder_holds_settings_a_post_a_picture_a_list(tmp_path: Path) -> None:
    made = make(tmp_path / "my letter")
    assert [str(path.relative_to(made.folder)) for path in made.files] == [
        "newsletter.toml",
        "subscribers.csv",
        "posts/hello.md",
        "posts/images/tide-at-saltmarsh-quay.png",
        ".gitignore",
    ]
    settings = tomllib.loads((made.folder / "newsletter.toml").read_text(encoding="utf-8"))
    assert settings["newsletter"]["id"] == "my-letter"
    assert settings["newsletter"]["name"] == "My Letter"
    assert settings["newsletter"]["timezone"] == "Europe/Berlin"
    assert "$" not in made.post.read_text(encoding="utf-8")


@pytest.mark.parametrize("provider", [None, *PROVIDERS])
def test_the_settings_of_every_provider_are_sound(tmp_path: Path, provider: str | None) -> None:
    from newsletter_cli.config.load import load, require_sending

    make(tmp_path / "letter", provider)
    settings = load(start=tmp_path / "letter", config_file=None, environment={}, options={}, home=tmp_path)
    assert settings.problems == ()
    assert require_sending(settings) is not None
    if provider:
        assert settings.smtp.host == PROVIDERS[provider].host
        assert [str(rate) for rate in settings.smtp.rate] == list(PROVIDERS[provider].rate)
    if provider == "postmark":
        assert settings.headers == {"X-PM-Message-Stream": "broadcast"}


def test_the_options_name_every_provider() -> None:
    assert [str(name) for name in ProviderName] == list(PROVIDERS)


def test_nothing_is_overwritten_and_everything_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "subscribers.csv").write_text("mine")
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "hello.md").symlink_to("nowhere")
    with pytest.raises(Refused) as refused:
        make(tmp_path)
    assert [problem.file for problem in refused.value.problems] == [
        str(tmp_path / "subscribers.csv"),
        str(tmp_path / "posts" / "hello.md"),
    ]
    assert (tmp_path / "subscribers.csv").read_text() == "mine"
    assert not (tmp_path / "newsletter.toml").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(Refused, match="no folder"):
        make(tmp_path / "x")


def test_an_existing_gitignore_is_left_and_named(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine\n")
    made = make(tmp_path)
    assert (tmp_path / ".gitignore").read_text() == "mine\n"
    assert ".newsletter/" in made.notes[0]


def test_the_machines_zone(tmp_path: Path) -> None:
    link = tmp_path / "localtime"
    assert machine_zone({"TZ": "Europe/Paris"}, link) == "Europe/Paris"
    assert machine_zone({"TZ": ":Asia/Tokyo"}, link) == "Asia/Tokyo"
    assert machine_zone({"TZ": "CET-1CEST,M3.5.0"}, link) == "UTC"
    target = tmp_path / "usr" / "share" / "zoneinfo" / "America" / "New_York"
    target.parent.mkdir(parents=True)
    target.touch()
    link.symlink_to(target)
    assert machine_zone({}, link) == "America/New_York"
