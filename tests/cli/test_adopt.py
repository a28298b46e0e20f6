"""`newsletter adopt`: what counts as mailed elsewhere, and the records of who got it."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.folder import Folder

HEADER = "post_id,timestamp,email,post_type,post_audience,active_subscription\n"
RECORD = (
    HEADER
    + "1001,2024-01-02T10:00:00.000Z,reader1@example.net,newsletter,everyone,false\n"
    + "1001,2024-01-02T10:00:07.500Z,Reader2@Example.net,newsletter,everyone,true\n"
)


def packed(**entries: str | bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return made.getvalue()


def again(letter: Folder) -> list[str]:
    assert letter("send", "post.md", "--list", "subs.csv", "--again").code == 0
    return letter.mailed


def test_a_zip_as_a_mac_packs_it_and_the_time_of_the_record(letter: Folder) -> None:
    entries: dict[str, str | bytes] = {
        "posts.csv": "post_id,email_sent_at\n",
        "posts/1001.delivers.csv": RECORD,
        "__MACOSX/posts/._1001.delivers.csv": b"\0\5\26\7 no list",
        "posts/1001.hello.html": "<p>",
    }
    letter.write("export.zip", packed(**entries))
    ran = letter("adopt", "post.md", "--delivers", "export.zip")
    assert (ran.code, ran.out) == (
        0,
        "post.md: recorded as mailed elsewhere at 2024-01-02T10:00:07.500Z, 2 people got it\n",
    )
    assert "email_sent_at: 2024-01-02T10:00:07.500Z" in letter.read("post.md")
    assert again(letter) == [f"reader{n}@example.net" for n in (3, 4, 5)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_record_that_a_spreadsheet_has_saved(letter: Folder, encoding: str) -> None:
    letter.write("1001.delivers.csv", RECORD.replace(",", ";").encode(encoding))
    assert letter("adopt", "post.md", "--delivers", "1001.delivers.csv").code == 0
    assert again(letter) == [f"reader{n}@example.net" for n in (3, 4, 5)]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("1002.delivers.csv", RECORD.replace("1001,", "1002,"), "it is the record of post 1002, not of 1001"),
        ("d.csv", HEADER + "1001,2024," + "z" * 200_000 + "@x,n,e,t\n", "a cell longer than 131,072 characters"),
        ("d.csv", "post_id,name\n1001,Ann\n", "no column 'email'"),
        ("e.zip", packed(**{"email_list.csv": "email\na@x.example\n"}), "no record of who got a post"),
        ("e.zip", packed(**{"1001.delivers.csv": RECORD})[:90] + b"PK\5\6" + b"\0" * 18, "no record of who got a post"),
    ],
)
def test_what_is_no_record_of_this_post_records_nothing(
    letter: Folder, name: str, data: str | bytes, said: str
) -> None:
    letter.write(name, data)
    before = letter.read("post.md")
    ran = letter("adopt", "post.md", "--delivers", name)
    assert ran.code == 3
    assert said in ran.err
    assert letter.read("post.md") == before


def test_a_damaged_zip_is_refused(letter: Folder) -> None:
    whole = bytearray(packed(**{"1001.delivers.csv": RECORD}))
    whole[60:70] = b"x" * 10
    letter.write("export.zip", bytes(whole))
    ran = letter("adopt", "post.md", "--delivers", "export.zip")
    assert ran.code == 3
    assert "the zip cannot be read" in ran.err


def test_of_a_folder_what_cannot_have_been_mailed_is_left_alone(letter: Folder) -> None:
    for name, line in {
        "draft": "draft: true",
        "page": "type: page",
        "future": "date: 2099-01-01",
        "web": "email: false",
        "old": "date: 2020-01-01",
        "none": "slug: none",
        "stamped": "draft: true\nemail_sent_at: 2020-01-01T00:00:00.000Z",
    }.items():
        letter.write(f"posts/{name}.md", f"---\ntitle: {name}\npost_id: {name}\n{line}\n---\n{name} body.\n")
    before = letter.tree()
    ran = letter("adopt", "posts/")
    assert ran.code == 0
    assert ran.out.count("left alone: ") == 4
    assert ran.out.count("recorded as mailed elsewhere") == 3
    after = letter.tree()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"posts/old.md", "posts/none.md"}
    assert letter("adopt", "posts/draft.md").code == 0, "by its name it is taken at the person's word"
    assert "email_sent_at" in letter.read("posts/draft.md")
