"""`newsletter images export`: the files that a mail in link mode points at."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.folder import POST, SETTINGS

if TYPE_CHECKING:
    from tests.cli.folder import Folder

PICTURE = Path(__file__).parents[2] / "examples" / "posts" / "images" / "tide-at-saltmarsh-quay.png"
LINKED = SETTINGS.format(port=1) + '\n[images]\nmode = "link"\nbase_url = "https://img.example/n/"\n'


@pytest.fixture
def folder(bare: Folder) -> Folder:
    bare.write("newsletter.toml", LINKED)
    bare.write("posts/one.md", POST + "\n![Tide](images/tide.png)\n\n![Again](images/tide.png)\n")
    bare.write("posts/images/tide.png", PICTURE.read_bytes())
    return bare


def test_every_address_of_a_linked_mail_is_a_file_of_the_export(folder: Folder) -> None:
    ran = folder("images", "export", "out")
    assert (ran.code, ran.err) == (0, "")
    assert re.fullmatch(r"tide-\w+\.png\nout: 1 image, \d+ kB; 1 written\n", ran.out)
    mail = folder("preview", "posts/one.md", "-o", "-", "--format", "html").out
    linked = set(re.findall(r"https://img\.example/n/([\w.-]+)", mail))
    assert linked == {path.name for path in (folder.path / "out").iterdir()}
    assert (folder.path / "out" / linked.pop()).stat().st_mode & 0o444 == 0o444


def test_exporting_again_changes_nothing(folder: Folder) -> None:
    folder("images", "export", "out")
    before = {path: path.stat().st_mtime_ns for path in (folder.path / "out").iterdir()}
    assert folder("images", "export", "out", "--json").json == {
        "version": 1,
        "folder": "out",
        "files": [path.name for path in before],
        "written": 0,
        "size_octets": sum(path.stat().st_size for path in before),
    }
    assert {path: path.stat().st_mtime_ns for path in (folder.path / "out").iterdir()} == before


def test_one_post_alone(folder: Folder) -> None:
    folder.write("posts/two.md", POST.replace("1001", "1002") + "\n![x](missing.png)\n")
    ran = folder("images", "export", "out", "posts/one.md")
    assert ran.code == 0
    ran = folder("images", "export", "out")
    assert ran.code == 3
    assert re.search(r"error: \S*posts/two\.md:9: the image missing\.png: there is no such file", ran.err)
    assert "1 image" in ran.out


def test_a_post_that_cannot_be_read_stops_only_itself(folder: Folder) -> None:
    folder.write("posts/broken.md", "---\ntitle: [\n---\nx")
    ran = folder("images", "export", "out")
    assert ran.code == 3
    assert "broken.md:2" in ran.err
    assert "1 image" in ran.out


def test_without_base_url_it_says_that_no_mail_links_there(folder: Folder) -> None:
    folder.write("newsletter.toml", SETTINGS.format(port=1))
    ran = folder("images", "export", "out")
    assert ran.code == 0
    assert "note: no mail links to these files yet; set images.base_url" in ran.err


def test_a_folder_that_cannot_be_written(folder: Folder) -> None:
    folder.write("out", "a file")
    ran = folder("images", "export", "out")
    assert ran.code == 3
    assert "it cannot be written" in ran.err
