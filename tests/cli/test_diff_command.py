"""`newsletter diff`: what readers would see changed, since a commit and since what was sent."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.cli import setup
from newsletter_cli.cli.terminal import Terminal
from newsletter_cli.jobs.diff import _thawed
from newsletter_cli.ledger.model import Frozen
from newsletter_cli.post import read
from newsletter_cli.rendering.model import Version
from tests.cli.folder import LIST, POST, SETTINGS

if TYPE_CHECKING:
    from tests.cli.folder import Folder

PICTURE = Path(__file__).parents[2] / "examples" / "posts" / "images" / "tide-at-saltmarsh-quay.png"
TWO_LINKS = "\nIntro.\n\n[One](https://one.example/) and [two](https://two.example/).\n"


def git(folder: Folder, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder.path, check=True, capture_output=True)


@pytest.fixture
def folder(bare: Folder) -> Folder:
    """A repository with two commits of a post."""
    bare.write("newsletter.toml", SETTINGS.format(port=1))
    bare.write("post.md", POST + TWO_LINKS)
    git(bare, "init", "-q", "-b", "main")
    git(bare, "add", ".")
    git(bare, "commit", "-q", "-m", "first")
    bare.write("post.md", POST + TWO_LINKS + "\nSecond commit.\n")
    git(bare, "commit", "-q", "-a", "-m", "second")
    return bare


def changed(out: str) -> list[str]:
    return [line for line in out.splitlines() if line[:1] in "+-" and not line.startswith(("+++", "---"))]


def test_nothing_changed(folder: Folder) -> None:
    before = folder.tree()
    ran = folder("diff", "post.md")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "post.md: readers would see the same as at HEAD\n"
    assert folder.tree() == before


def test_what_readers_do_not_see_is_no_change(folder: Folder) -> None:
    folder.write(
        "post.md", "---\n# a comment\n" + folder.read("post.md")[4:].replace("subtitle:", "slug: x\nsubtitle:")
    )
    assert folder("diff", "post.md").out == "post.md: readers would see the same as at HEAD\n"


def test_since_the_last_commit_and_since_an_older_one(folder: Folder) -> None:
    folder.write("post.md", folder.read("post.md").replace("Hello, readers", "Good day").replace("Intro.", "Opening."))
    ran = folder("diff", "post.md")
    assert ran.out.startswith("--- at HEAD\n+++ as it is now\n")
    assert changed(ran.out)[:2] == ["-Subject: Hello, readers", "+Subject: Good day"]
    assert "-Intro." in changed(ran.out)
    assert "+Opening." in changed(ran.out)
    assert "+Second commit." not in changed(ran.out)
    assert "+Second commit." in changed(folder("diff", "post.md", "HEAD~1").out)
    assert folder("diff", "post.md", "main").out == ran.out.replace("at HEAD", "at main")


def test_a_link_more_renumbers_nothing(folder: Folder) -> None:
    folder.write("post.md", folder.read("post.md").replace("Intro.", "Intro [new](https://new.example/)."))
    assert changed(folder("diff", "post.md").out) == ["-Intro.", "+Intro new <https://new.example/>."]


def test_a_link_that_leads_elsewhere_is_a_change(folder: Folder) -> None:
    folder.write("post.md", folder.read("post.md").replace("https://two", "https://three"))
    assert changed(folder("diff", "post.md").out) == [
        "-One <https://one.example/> and two <https://two.example/>.",
        "+One <https://one.example/> and two <https://three.example/>.",
    ]


def test_pictures_and_markup(folder: Folder) -> None:
    folder.write("tide.png", PICTURE.read_bytes())
    folder.write("post.md", folder.read("post.md") + "\n![Tide](tide.png)\n")
    assert any(line.startswith("+[picture tide-") for line in changed(folder("diff", "post.md").out))
    git(folder, "commit", "-q", "-a", "-m", "third")
    folder.write("newsletter.toml", folder.read("newsletter.toml") + '\n[theme]\naccent = "#0a7a3a"\n')
    assert folder("diff", "post.md").out == "post.md: readers would see the same as at HEAD\n", (
        "settings are those of now"
    )


def test_both_sides_of_the_wall(folder: Folder) -> None:
    wall = '\n::: {.paywall-jump component-name="PaywallToDOM"}\n:::\n\nMembers.\n'
    folder.write("post.md", folder.read("post.md").replace("Second commit.", f"{wall}\nSecond commit."))
    ran = folder("diff", "post.md", "--json")
    full, free = ran.json["changes"]
    assert (full["version"], free["version"]) == ("full", "free")
    assert "+Members." in full["lines"]
    assert "-Second commit." in free["lines"]
    assert "+Members." not in free["lines"]
    assert (ran.json["version"], ran.json["changed"], ran.json["since"]) == (1, True, "at HEAD")


def test_the_text_part_that_was_written_by_hand(folder: Folder) -> None:
    folder.write("post.txt", "By hand.\n")
    ran = folder("diff", "post.md")
    assert "+By hand." in changed(ran.out), "it came later"
    git(folder, "add", "post.txt")
    git(folder, "commit", "-q", "-m", "third")
    assert "readers would see the same" in folder("diff", "post.md").out
    folder.write("post.txt", "By another hand.\n")
    assert changed(folder("diff", "post.md").out) == ["-By hand.", "+By another hand."]


def test_a_post_mailed_elsewhere_is_compared_with_the_last_commit(folder: Folder) -> None:
    assert folder("adopt", "post.md").code == 0
    ran = folder("diff", "post.md")
    assert ran.code == 0
    assert ran.out.endswith("the same as at HEAD\n")


def test_what_an_older_program_kept_is_rendered_anew(folder: Folder) -> None:
    workspace = setup.workspace(Terminal.standard(), near=folder.path / "post.md")
    post = read.read(folder.path / "post.md")
    kept = Frozen(source=post.source, subject="Hello, readers", versions={"full": b"NLR\x63of another version"})
    thawed = _thawed(workspace, post, kept)
    assert [version.value for version in thawed] == ["full"]
    assert "Second commit." in thawed[Version.FULL].text


def test_refusals(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = folder("diff", "post.md", "no-such-rev")
    assert ran.code == 3
    assert "git knows no revision 'no-such-rev'" in ran.err
    assert folder("diff", "post.md", "--", "--output=stolen").code == 3
    assert not (folder.path / "stolen").exists()
    folder.write("new.md", POST)
    ran = folder("diff", "new.md")
    assert ran.code == 3
    assert "new.md: the post is not in HEAD under this name" in ran.err
    outside = tmp_path / "outside.md"
    outside.write_text(POST)
    ran = folder("diff", str(outside))
    assert ran.code == 3
    assert "in no git repository" in ran.err
    assert folder("diff", "missing.md").code == 3
    git(folder, "commit", "-q", "--allow-empty", "-m", "x")
    folder.write("post.md", "---\ntitle: [\n---\nx")
    git(folder, "commit", "-q", "-a", "-m", "broken")
    folder.write("post.md", POST)
    ran = folder("diff", "post.md")
    assert ran.code == 3
    assert "HEAD:post.md:" in ran.err
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git is not installed" in folder("diff", "post.md").err


def test_since_what_was_sent(letter: Folder) -> None:
    letter.write("post.md", POST.replace("first letter. [", "first letter, and it\\'s short. ["))
    letter.write("subs.csv", LIST)
    assert letter("send", "post.md", "--list", "subs.csv", "--yes").code == 0
    before = letter.tree()
    ran = letter("diff", "post.md")
    assert ran.code == 0
    assert "readers would see the same as sent on 20" in ran.out
    letter.write("post.md", letter.read("post.md").replace("and it\\'s short", "and it\\'s long"))
    ran = letter("diff", "post.md")
    assert ran.out.startswith("--- as sent on 20")
    assert any(line.startswith("-It's the first letter, and it's short.") for line in changed(ran.out))
    letter.write("post.md", before["post.md"])
    letter.write("newsletter.toml", letter.read("newsletter.toml") + '\n[theme]\naccent = "#0a7a3a"\n')
    assert letter("diff", "post.md").out.startswith(
        "post.md: the same words, in other markup or styles than as sent on"
    )
    letter.write("newsletter.toml", before["newsletter.toml"])
    assert {name: data for name, data in letter.tree().items() if "ledger" not in name} == {
        name: data for name, data in before.items() if "ledger" not in name
    }
