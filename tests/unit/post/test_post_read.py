from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.post import read
from newsletter_cli.post.model import Audience, PostType, Visibility
from newsletter_cli.problems import Problem, Refused, Severity
from tests.unit.post.reading import PATH, parse, refused, yaml

if TYPE_CHECKING:
    from pathlib import Path

# --- the corpus


def corpus_files(corpus: Path) -> list[Path]:
    return sorted([*(corpus / "posts").glob("*.md"), *(corpus / "markdown").iterdir()])


@pytest.mark.corpus
def test_every_post_of_the_corpus_is_read(corpus: Path) -> None:
    posts = {path.name: read.read(path) for path in corpus_files(corpus)}
    assert len(posts) == 34
    assert all(post.meta.title and post.body.strip() for post in posts.values())
    broken = {name for name, post in posts.items() if any(one.code == "front-matter-quotes" for one in post.problems)}
    assert broken == {"2020-06-12-10yearsofautomationin1year.md", "2025-02-28-gpt-45notafrontiermodel.md"}
    sent = {name for name, post in posts.items() if post.meta.email_sent_at}
    assert sent == {path.name for path in (corpus / "posts").glob("*.md")}


@pytest.mark.corpus
def test_a_post_id_is_text_and_keeps_its_last_digit(corpus: Path) -> None:
    post = read.read(corpus / "posts" / "2020-12-22-2020halfyearinreview-democratizingautomation.md")
    assert post.meta.post_id == "27710009.2020"
    assert post.meta.title == "2020: (half) year in review - Democratizing Automation"
    assert post.slug == "2020halfyearinreview-democratizingautomation"


@pytest.mark.corpus
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encoding_and_line_ends_change_nothing(corpus: Path, encoding: str, end: str) -> None:
    for path in corpus_files(corpus):
        plain = read.read(path)
        text = path.read_text(encoding="utf-8").rstrip("\n").replace("\n", end)
        other = parse(text.encode(encoding), path=path)
        assert other.meta == plain.meta
        assert other.body.rstrip("\n") == plain.body.rstrip("\n")
        assert other.body_hash == plain.body_hash
        assert other.body_line == plain.body_line


# --- kinds of front matter


def test_yaml() -> None:
    post = yaml(
        "# a comment",
        "title:  On 007 # not of it",
        "subtitle: 'it''s'",
        "post_id: 007",
        "date: 2026-12-01 09:00 America/New_York",
        "type: podcast",
        "audience: only_paid",
        "visibility: private",
        "merge: yes",
        "segment: plan = 'founder'",
        "tags: [a, b]",
        "weight: 3",
        "ratio: 1.5",
        "newsletter:",
        "  template: letter",
        "  n: 2",
    )
    meta = post.meta
    assert (meta.title, meta.subtitle, meta.post_id) == ("On 007", "it's", "007")
    assert meta.due is not None
    assert meta.due.day == date(2026, 12, 1)
    assert meta.due.instant is not None
    assert meta.due.instant.astimezone(UTC) == datetime(2026, 12, 1, 14, tzinfo=UTC)
    assert meta.due.zone == "America/New_York"
    assert (meta.type, meta.audience, meta.visibility) == (PostType.PODCAST, Audience.ONLY_PAID, Visibility.PRIVATE)
    assert meta.merge is True
    assert meta.segment == "plan = 'founder'"
    assert meta.extra == {"tags": ["a", "b"], "weight": 3, "ratio": 1.5}
    assert meta.newsletter == {"template": "letter", "n": 2}
    assert (meta.lines["title"], meta.lines["date"], meta.lines["newsletter"]) == (3, 6, 15)
    assert (post.body, post.body_line) == ("body\n", 19)
    assert post.problems == ()


def test_toml() -> None:
    post = parse(
        '+++\ntitle = "A \\"b\\""\npost_id = 27710009.2020\ndate = 2024-02-10T09:00:00+01:00\ndraft = true\n'
        'aliases = [\n  "x",\n]\n[newsletter]\ntemplate = "letter"\n[extra]\nn = 1.50\nd = 2020-01-01\n+++\nbody\n'
    )
    meta = post.meta
    assert (meta.title, meta.post_id, meta.held_back) == ('A "b"', "27710009.2020", "draft: true")
    assert meta.due is not None
    assert meta.due.zone == "+01:00"
    assert meta.newsletter == {"template": "letter"}
    assert meta.extra == {"aliases": ["x"], "extra": {"n": 1.5, "d": "2020-01-01"}}
    assert (meta.lines["draft"], meta.lines["newsletter"], meta.lines["aliases"]) == (5, 9, 6)
    assert post.body_line == 15


def test_a_number_of_toml_is_text_where_text_is_asked_for() -> None:
    assert parse("+++\npost_id = 7\ndraft = false\n+++\n# x\n\ny").meta.post_id == "7"


def test_pairs() -> None:
    post = parse("Title: My Title: with more\nDate: 2010-12-03 10:20\nTags: a, b\nSummary: one\n    two\n\nbody\n")
    assert post.meta.title == "My Title: with more"
    assert post.meta.due is not None
    assert post.meta.due.instant == datetime(2010, 12, 3, 10, 20, tzinfo=UTC)
    assert post.meta.extra == {"Tags": "a, b", "Summary": "one\ntwo"}
    assert (post.body, post.body_line) == ("\nbody\n", 6)


def test_pairs_before_a_line_of_dashes() -> None:
    post = parse("title: x\nslug: y\n---\nbody\n")
    assert (post.meta.title, post.slug, post.body, post.body_line) == ("x", "y", "body\n", 4)


@pytest.mark.parametrize("status", ["draft", "hidden"])
def test_a_status_of_pelicans_holds_back(status: str) -> None:
    assert parse(f"Title: x\nStatus: {status}\n\nbody").meta.held_back == f"status: {status}"


@pytest.mark.parametrize(
    "text",
    [
        "Note: this is prose.\nMore of it.\n",
        "Hello\n",
        "---\n\na rule, no front matter\n",
        "> title: quoted\n",
        "+++\n\nx\n",
    ],
)
def test_a_post_without_front_matter(text: str) -> None:
    post = parse(text)
    assert (post.body, post.body_line, post.meta.lines) == (text, 1, {})
    assert post.meta.title == "A letter"
    (problem,) = post.problems
    assert (problem.severity, problem.code) == (Severity.WARNING, "title-missing")


def test_text_between_rules_is_no_front_matter() -> None:
    assert parse("---\n\nA letter.\n\n---\n\nMore.\n").body_line == 1


def test_front_matter_may_stand_behind_blank_lines_and_marks() -> None:
    post = parse("\n\n\ufeff---\ntitle: x\n...\nbody\n")
    assert (post.meta.title, post.body, post.body_line) == ("x", "body\n", 6)


def test_an_empty_front_matter() -> None:
    assert parse("---\n---\nbody").body == "body"
    assert parse("---\n# nothing yet\n---\nbody").body == "body"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("---\ntitle: x\nbody\n", 1),
        ("+++\ntitle = 'x'\nbody\n", 1),
        (" ---\ntitle: x\n---\nbody\n", 1),
        ("----\ntitle: x\n----\nbody\n", 1),
        ("—\ntitle: x\n—\nbody\n", 1),
        ("<!-- by hand -->\n---\ntitle: x\n---\nbody\n", 2),
        ("---\ntitle: x\n---\n---\nemail_sent_at: 2020-01-01\n---\nbody\n", 4),
        ('{\n  "title": "x",\n  "date": "2020-01-01"\n}\nbody\n', 1),
        ('{"title": "x"}\nbody\n', 1),
        ("---\njust words\n---\nbody\n", 2),
        ("---\n- a\n- b\n---\nbody\n", 2),
        ("---\n{title: x}\n---\nbody\n", 2),
        ("---\ntitle: x\n? [a]\n: b\n---\nbody\n", 3),
        ("+++\ntitle = x\n+++\nbody\n", 2),
        ("+++\ntitle = 'x'\ntitle = 'y'\n+++\nbody\n", 3),
        ("---\ntitle: a\x08b\n---\nbody\n", 2),
        ("---\ntags: &a [*a]\n---\nbody\n", 2),
        (f"---\ntags: {'[' * 60}{']' * 60}\n---\nbody\n", 2),
        (f"---\ntags: {'[' * 6000}\n---\nbody\n", 2),
        ("---\n" + "a: b\n" * 30_000 + "---\nbody\n", 1),
    ],
)
def test_broken_front_matter_is_refused_by_its_line(text: str, line: int) -> None:
    (problem,) = refused(text)
    assert (problem.file, problem.line) == (str(PATH), line)


def test_yaml_merges_its_anchors() -> None:
    post = yaml("base: &base", "  draft: true", "  title: no", "<<: *base", "title: x")
    assert (post.meta.title, post.meta.held_back) == ("x", "draft: true")
    both = yaml("a: &a {slug: one}", "b: &b {slug: two, draft: true}", "<<: [*a, *b]", "title: x")
    assert (both.meta.slug, both.meta.held_back) == ("one", "draft: true")


def test_unicode_line_ends_stand_inside_a_title() -> None:
    post = parse("---\ntitle: a\u2028b\x85c\nslug: x\n---\nbody\n")
    assert post.meta.title == "a b c"
    assert post.meta.lines["slug"] == 3


# --- marks


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("---\nemail_sent_at: 2020-06-12T13:27:09.634Z\n---\n", ("", "2020-06-12T13:27:09.634Z")),
        ("---\nemail_started_at: 2020-06-12T13:27:09.634Z abcd\n---\n", ("2020-06-12T13:27:09.634Z abcd", "")),
        ('---\ntitle: "a "b\nemail_sent_at: x\n---\n', ("", "x")),
        ("---\ntitle: x\nemail_sent_at: x\n\n# no end\n", ("", "x")),
        ("---\nEmail-Sent-At: x\n---\n", ("", "x")),
        ("---\n{title: x, email_sent_at: y}\n---\n", ("", "y")),
        ("---\nnewsletter:\n  email_sent_at: x\n---\n", ("", "x")),
        ("---\nemail_sent_at:\nemail_sent_at: x\n---\n", ("", "x")),
        ("---\nemail_sent_at: true\n---\n", ("", "true")),
        ("---\nemail_sent_at\u200b： x\n---\n", ("", "x")),
        ('{\n  "email_sent_at": "x"\n}\n', ("", "x")),
        ("<!--\nemail_sent_at: x\n-->\n", ("", "x")),
        ('---\nemail_sent_at: "x" # by hand\n---\n', ("", "x")),
        ("+++\nemail_sent_at = 2020-06-12T13:27:09.634Z\n+++\n", ("", "2020-06-12T13:27:09.634Z")),
        ("Title: x\nemail_sent_at: y\n\nbody", ("", "y")),
        ("Title: x\n\nemail_sent_at: y\n\nbody", ("", "y")),
        ("email_sent_at: y", ("", "y")),
        ("---\n# email_sent_at: x\n---\n", ("", "")),
        ("---\nemail_sent_at:\n---\n", ("", "")),
        ("---\nemail_sent_at: ~\n---\n", ("", "")),
        ("---\nemail_sent_at: false\n---\n", ("", "")),
        ("---\nemail_sent_at: # later\ntitle: x\n---\n", ("", "")),
        ("---\nemail_sent_at:\n  # later\n---\n", ("", "")),
        ("---\ntitle: x\n---\n\nemail_sent_at: x\n", ("", "")),
        ("A letter.\n\n    email_sent_at: x\n", ("", "")),
        ("Email sent at: noon, they said.\n", ("", "")),
        ("", ("", "")),
    ],
)
def test_what_a_person_sees(text: str, seen: tuple[str, str]) -> None:
    assert read.seen_sent(text.encode()) == seen
    assert read.seen_sent(text.replace("\n", "\r\n").encode("utf-8-sig")) == seen


def test_marks_that_only_yaml_sees_count_too() -> None:
    assert yaml("title: x", "? email_sent_at", ": y").meta.email_sent_at == "y"
    assert yaml("title: x", '"email\\u005fsent_at": z').meta.email_sent_at == "z"
    assert yaml("title: x", '"email\\u005fsent_at": [a]').meta.email_sent_at == "['a']"


# --- bodies and bytes


def test_the_hash_of_the_body_leaves_line_ends_and_outer_blank_lines_alone() -> None:
    one = parse("---\ntitle: x\n---\n\n\n  a\r\nb\r\n\r\n")
    other = parse("---\ntitle: y\n---\n  a\nb")
    assert one.body_hash == other.body_hash
    assert parse("---\ntitle: x\n---\na\nb").body_hash != one.body_hash


@pytest.mark.parametrize("line", ["draft: true", "email_sent_at: x"])
def test_an_empty_body_is_a_warning_where_nothing_is_to_be_sent(line: str) -> None:
    (problem,) = yaml("title: x", line, body="\n").problems
    assert problem.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("data", "line", "word"),
    [
        (b"", None, "empty"),
        (b" \r\n\n", None, "empty"),
        (b"\xef\xbb\xbf\n", None, "empty"),
        (b"\0" * 5000, None, "NUL"),
        (b"---\ntitle: x\n---\nbo\0dy", 4, "NUL"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", 3, "NUL"),
        ("---\ntitle: x\n---\né\né\né\n".encode() + b"\xff\n", 7, "utf-8"),
        (b"\xff\xfe-\0-\0\n", 1, "utf-16"),
        (b"---\ntitle: x\n---\n" + ("日本語です。" * 9 + "\n").encode("cp932") * 900 + b"\x85\n", 904, "cp932"),
        (b"---\ntitle: x\n---\n", 3, "no text"),
    ],
)
def test_what_is_no_post_is_refused(data: bytes, line: int | None, word: str) -> None:
    (problem,) = refused(data)
    assert problem.line == line
    assert word in problem.text
    assert problem.hint


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_western_text_without_a_mark(encoding: str) -> None:
    post = parse("---\ntitle: Grüße\n---\nça va?\n".encode(encoding))
    assert (post.meta.title, post.body) == ("Grüße", "ça va?\n")
    assert [str(problem) for problem in post.problems] == [
        f"{PATH}: the text is no UTF-8; it is read as cp1252; look at its accents, and save it as UTF-8"
    ]


# --- files


def test_a_post_and_its_text_part(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"---\ntitle: x\n---\nbody\n")
    assert read.read(path).text_part is None
    path.with_suffix(".txt").write_bytes(b"\r\n ")
    assert read.read(path).text_part is None
    path.with_suffix(".txt").write_bytes("by händ\r\n".encode("utf-16"))
    post = read.read(path)
    assert (post.text_part, post.path, post.source) == ("by händ\n", path, b"---\ntitle: x\n---\nbody\n")


def test_a_text_part_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"---\ntitle: x\n---\nbody\n")
    path.with_suffix(".txt").write_bytes(b"a\0b")
    with pytest.raises(Refused, match=r"a\.txt:1: a NUL byte"):
        read.read(path)


def test_a_text_part_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "posts" / "a.md").write_text("---\ntitle: a\n---\nbody\n")
    (tmp_path / "posts" / "a.txt").symlink_to("../secret.txt")
    with pytest.raises(Refused, match=r"a\.txt: the text part is a link out of the post's folder"):
        read.read(tmp_path / "posts" / "a.md")
    (tmp_path / "links").mkdir()
    for name in ("a.md", "a.txt"):
        (tmp_path / "links" / name).symlink_to(f"../posts/{name}")
    (tmp_path / "posts" / "a.txt").unlink()
    (tmp_path / "posts" / "a.txt").write_text("by hand")
    assert read.read(tmp_path / "links" / "a.md").text_part == "by hand"


def test_a_post_that_is_a_text_file_is_not_its_own_text_part(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"Title: x\n\nbody\n")
    assert read.read(path).text_part is None


def test_bad_paths_are_named_as_they_were_given(tmp_path: Path) -> None:
    (tmp_path / "a-letter.md").write_bytes(b"x")
    for path, text, hint in (
        (tmp_path, "the post is a folder", "name a file in it"),
        (tmp_path / "a-leter.md", "the post is not there", f"did you mean {tmp_path / 'a-letter.md'}?"),
        (tmp_path / "no" / "b.md", "the post is not there", f"there is no folder {tmp_path / 'no'} either"),
    ):
        with pytest.raises(Refused) as caught:
            read.read(path, shown="shown.md")
        assert caught.value.problems == (Problem(text=text, file="shown.md", hint=hint, code="file"),)


def test_twenty_megabytes_are_too_much(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"x" * 20_000_000)
    with pytest.raises(Refused, match=r"the post is too large: 20\.0 MB, at most 5\.0 MB is read"):
        read.read(path)


def test_shown_is_the_name_in_messages(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"---\ndraft: x\n---\nbody\n")
    with pytest.raises(Refused, match=r"\Aposts/a\.md:2: "):
        read.read(path, shown="posts/a.md")
