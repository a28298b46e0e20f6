"""The folder that `newsletter init` makes."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.cli.commands.init import ProviderName
from newsletter_cli.jobs.init import PROVIDERS, add_script, init, is_newsletter, machine_zone, name_of, php
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


def test_the_script_comes_with_a_new_folder_or_into_an_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "letter"
    script = php(name_of(folder), bytes(16))
    made = init(folder, provider=None, zone_name="UTC", random=bytes(16), script=script)
    assert made.files[-1] == folder / "unsubscribe.php"
    assert is_newsletter(folder)
    with pytest.raises(Refused, match="is there already"):
        add_script(folder, script)
    (folder / "unsubscribe.php").unlink()
    assert add_script(folder, script) == (folder / "unsubscribe.php",)
    text = (folder / "unsubscribe.php").read_text(encoding="utf-8")
    assert "const NAME = 'Letter';" in text
    assert "@" not in re.sub(r"@(fopen|fwrite|touch)", "", text)
    log = f"unsubscribed-{'00' * 16}.log"
    assert text.count(log) == 2
    assert any(line.endswith(f'/{log}"') for line in script.notes)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ('[newsletter]\nname = "Ada\'s \\\\ letter"\n', "Ada's \\ letter"),
        ("[newsletter]\nname = 7\n", "Her Letter"),
        ("newsletter = 7\n", "Her Letter"),
        ("broken", "Her Letter"),
        ("", "Her Letter"),
    ],
)
def test_the_scripts_name_is_that_of_the_settings(tmp_path: Path, settings: str, name: str) -> None:
    folder = tmp_path / "her letter"
    folder.mkdir()
    (folder / "newsletter.toml").write_text(settings, encoding="utf-8")
    assert name_of(folder) == name
    quoted = name.replace("\\", "\\\\").replace("'", "\\'")
    assert f"const NAME = '{quoted}';".encode() in php(name_of(folder), bytes(16)).content
