"""What the preview's server shows: made anew at a save, kept while the post is broken, one reader or another."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.cli.setup import FixedClock
from newsletter_cli.config.load import load
from newsletter_cli.jobs.gather import ListSource
from newsletter_cli.jobs.showroom import FOLDERS_WATCHED, READERS_SHOWN, Showroom, fragment, open_showroom
from newsletter_cli.jobs.workspace import Workspace
from newsletter_cli.problems import Refused, UsageError
from newsletter_cli.web.preview import Choice
from tests.cli.folder import POST, SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable

MERGING = POST.replace("---\nIt", "merge: true\n---\nDear {{ first_name }}, it")
LIST = "email,first_name,tier\nada@example.net,Ada,paid\ngrace@example.net,Grace,free\nnemo@example.net,,free\n"
WALL = '\n::: {.paywall-jump component-name="PaywallToDOM"}\n:::\n\nMembers.\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "newsletter.toml").write_text(SETTINGS.format(port=1))
    (tmp_path / "post.md").write_text(MERGING)
    (tmp_path / "subs.csv").write_text(LIST)
    return tmp_path


def opener(folder: Path) -> Callable[[], Workspace]:
    clock = FixedClock(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))

    def workspace() -> Workspace:
        settings = load(start=folder, config_file=None, environment={}, options={}, home=folder)
        return Workspace(settings=settings, clock=clock)

    return workspace


def room(folder: Path, *, lists: bool = True) -> Showroom:
    sources = (ListSource(str(folder / "subs.csv")),) if lists else ()
    return Showroom(opener(folder), folder / "post.md", lists=sources)


def text(show: Showroom, **choice: str) -> str:
    mail = show.look(Choice(**choice)).mail
    assert mail is not None
    return mail.text


def test_the_made_up_reader_and_those_of_the_list(folder: Path) -> None:
    show = room(folder)
    assert "Dear First Name, it" in text(show)
    assert "Dear Ada, it" in text(show, address="ADA@example.net")
    assert [(one.address, one.name) for one in show.readers("")[0]] == [
        ("ada@example.net", "Ada"),
        ("grace@example.net", "Grace"),
        ("nemo@example.net", ""),
    ]
    assert [one.address for one in show.readers("GRA")[0]] == ["grace@example.net"]
    assert show.require("", "") == ()


def test_somebody_whose_mail_cannot_be_made_is_a_problem_beside_the_made_up_reader_s(folder: Path) -> None:
    show = room(folder)
    for address, said in (
        ("nemo@example.net", "no value for {{ first_name }}"),
        ("nobody@example.net", "the list has nobody nobody@example.net"),
        ("no address", "--as"),
    ):
        seen = show.look(Choice(address=address))
        assert any(said in one.text for one in seen.problems), address
        assert seen.mail is not None
        assert not seen.stale
    with pytest.raises(Refused):
        show.require("nobody@example.net", "")
    with pytest.raises(UsageError):
        show.require("", "gold")


def test_both_sides_of_the_wall(folder: Path) -> None:
    (folder / "post.md").write_text(MERGING + WALL)
    show = room(folder)
    assert show.look(Choice()).paywalled
    assert "Members." in text(show)
    assert "Members." not in text(show, tier="free")
    assert "Members." in text(show, address="ada@example.net")
    assert "Members." not in text(show, address="grace@example.net")
    assert show.look(Choice(address="grace@example.net")).version == "free"


def test_a_save_that_changes_nothing_is_no_news(folder: Path) -> None:
    show = room(folder)
    assert not show.refresh()
    (folder / "post.md").write_text(MERGING.replace("post_id", "# a comment\npost_id"))
    assert not show.refresh()
    (folder / "post.md").write_text(MERGING.replace("first letter", "second letter"))
    assert show.refresh()
    assert not show.refresh()


def test_a_list_is_read_again_when_it_was_saved(folder: Path) -> None:
    show = room(folder)
    assert "Dear Ada" in text(show, address="ada@example.net")
    (folder / "subs.csv").write_text(LIST.replace("Ada", "Countess"))
    assert show.refresh()
    assert "Dear Countess" in text(show, address="ada@example.net")
    (folder / "subs.csv").unlink()
    assert show.refresh()
    assert show.readers("")[2]
    assert show.look(Choice(address="ada@example.net")).problems


def test_while_the_post_is_broken_the_last_mail_stays(folder: Path) -> None:
    show = room(folder)
    (folder / "post.md").write_text("---\ntitle: [\n---\nx")
    assert show.refresh()
    seen = show.look(Choice())
    assert seen.stale
    assert "Dear First Name" in (seen.mail.text if seen.mail else "")
    assert [one.line for one in seen.problems] == [2]
    assert not show.refresh()
    (folder / "newsletter.toml").write_text("nonsense")
    assert show.refresh()
    assert show.look(Choice()).problems[0].file == str(folder / "newsletter.toml")
    (folder / "newsletter.toml").write_text(SETTINGS.format(port=1))
    (folder / "post.md").write_text(MERGING)
    assert show.refresh()
    assert not show.look(Choice()).stale


def test_a_post_that_cannot_be_read_at_the_start(folder: Path) -> None:
    (folder / "post.md").unlink()
    with pytest.raises(Refused):
        room(folder)


def test_pictures_of_mails_that_were_looked_at(folder: Path) -> None:
    picture = Path(__file__).parents[3] / "examples" / "posts" / "images" / "tide-at-saltmarsh-quay.png"
    (folder / "tide.png").write_bytes(picture.read_bytes())
    (folder / "post.md").write_text(MERGING + "\n![A tide](tide.png)\n")
    show = room(folder)
    mail = show.look(Choice()).mail
    assert mail is not None
    (cid,) = mail.images
    found = show.picture(cid)
    assert found is not None
    assert found[0] == "image/png"
    assert show.picture("another@mail") is None


def test_the_folders_that_are_watched(folder: Path) -> None:
    (folder / "images" / "deep").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "node_modules" / "x").mkdir(parents=True)
    (folder / "templates" / "email").mkdir(parents=True)
    outside = folder.parent / f"{folder.name}-lists"
    outside.mkdir()
    (outside / "subs.csv").write_text(LIST)
    show = Showroom(opener(folder), folder / "post.md", lists=(ListSource(str(outside / "subs.csv")),))
    seen = {path.relative_to(folder.parent).as_posix() for path in show.folders()}
    name = folder.name
    below = ("images", "images/deep", "templates", "templates/email")
    assert seen == {name, *(f"{name}/{one}" for one in below), f"{name}-lists"}


def test_a_large_tree_takes_a_bounded_number_of_watches(folder: Path) -> None:
    for number in range(FOLDERS_WATCHED + 50):
        (folder / "far" / str(number)).mkdir(parents=True)
    assert len(room(folder).folders()) <= FOLDERS_WATCHED + 3


def test_a_long_list_is_shown_in_part(folder: Path) -> None:
    rows = "".join(f"reader{n}@example.net,R\n" for n in range(READERS_SHOWN + 1))
    (folder / "subs.csv").write_text(f"email,first_name\n{rows}")
    show = room(folder)
    found, more, wrong = show.readers("reader")
    assert (len(found), more, wrong) == (READERS_SHOWN, True, "")
    assert [one.address for one in show.readers("reader50@")[0]] == ["reader50@example.net"]


def test_without_a_list_there_is_nobody_to_choose(folder: Path) -> None:
    show = room(folder, lists=False)
    assert not show.look(Choice()).has_list
    assert "no list" in show.readers("")[2]


def test_a_list_of_the_settings_is_found(folder: Path) -> None:
    (folder / "newsletter.toml").write_text(SETTINGS.format(port=1) + '\n[list]\nfiles = ["subs.csv"]\n')
    show = room(folder, lists=False)
    assert show.look(Choice()).has_list
    assert len(show.readers("")[0]) == 3


def test_a_port_that_is_taken_is_refused(folder: Path) -> None:
    live = open_showroom(room(folder), token="t")
    port = int(live.url.split(":")[2].partition("/")[0])
    with pytest.raises(Refused, match=f"port {port} of 127.0.0.1"):
        open_showroom(room(folder), token="t", port=port)
    live.close()


def test_whom_to_look_at_first_stands_in_the_address() -> None:
    assert fragment("", "") == ""
    assert fragment("a+b@example.net", "") == "#as=a%2Bb%40example.net"
    assert fragment("", "free") == "#tier=free"


def test_what_check_would_note_is_shown_too(folder: Path) -> None:
    (folder / "post.md").write_text(MERGING + "\n{{< youtube x >}}\n")
    codes = {one.code for one in room(folder).look(Choice()).problems}
    assert "leftover" in codes
