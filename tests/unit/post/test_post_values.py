from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from newsletter_cli.post.model import Audience
from newsletter_cli.problems import Refused, Severity, errors
from tests.unit.post.reading import PATH, parse, refused, yaml

# --- values


@pytest.mark.parametrize(
    ("lines", "held_back"),
    [
        (["draft: true"], "draft: true"),
        (["Draft: TRUE"], "draft: true"),
        (["draft: 'yes'"], "draft: true"),
        (["draft: false"], ""),
        (["published: false"], "published: false"),
        (["published: no"], "published: false"),
        (["published: true"], ""),
        (["email: false"], "email: false"),
        (["email: true"], ""),
        (["email: me@example.com"], ""),
        (["status: draft"], "status: draft"),
        (["status: published"], ""),
        ([], ""),
    ],
)
def test_what_holds_a_post_back(lines: list[str], held_back: str) -> None:
    assert yaml("title: x", *lines).meta.held_back == held_back


def test_a_date_of_publication_holds_nothing_back() -> None:
    post = yaml("title: x", "published: 2021-05-05")
    assert post.meta.held_back == ""
    assert [problem.line for problem in post.problems] == [3]


@pytest.mark.parametrize(
    "line",
    [
        "draft: maybe",
        "draft: 1",
        "draft:",
        "draft: []",
        "published: {a: b}",
        "published: soon",
        "email: perhaps",
        "merge: 2",
        "type: post",
        "audience: only_payed",
        "audience:",
        "audience: [everyone]",
        "visibility: hidden",
        "title: [a]",
        "subtitle: {a: b}",
        "post_id: [1]",
        "date: soon",
        "date: 2021-02-30",
        "date: [2021-01-01]",
        "newsletter: weekly",
        "newsletter: [a]",
        'title: "a\\eb"',
    ],
)
def test_a_value_that_decides_must_be_clear(line: str) -> None:
    (problem,) = refused(f"---\nslug: x\n{line}\n---\nbody\n")
    assert problem.place == f"{PATH}:3"
    assert problem.hint


def test_the_nearest_word_is_named() -> None:
    assert refused("---\naudience: only_payed\n---\nx")[0].hint == "did you mean only_paid?"
    assert refused("---\ntype: post\n---\nx")[0].hint.endswith("newsletter, podcast, thread or page")


def test_every_mistake_is_told_at_once() -> None:
    found = refused("---\ntitle: [x]\naudience: all\ndraft: perhaps\ndate: soon\n---\nx")
    assert sorted(problem.line or 0 for problem in found) == [2, 3, 4, 5]


@pytest.mark.parametrize("value", ["only-paid", "Only_Paid", "ONLY_PAID", "'only_paid'"])
def test_words_in_other_letters(value: str) -> None:
    assert yaml("title: x", f"audience: {value}").meta.audience is Audience.ONLY_PAID


@pytest.mark.parametrize("value", ["", "~", "null", '""'])
def test_an_empty_value_is_none(value: str) -> None:
    meta = yaml(
        "title: x", f"date: {value}", f"subtitle: {value}", f"email_sent_at: {value}", f"newsletter: {value}"
    ).meta
    assert meta.due is None
    assert (meta.subtitle, meta.email_sent_at, meta.newsletter) == ("", "", {})


@pytest.mark.parametrize("line", ["audience: only_paid", "draft: true", "post_id: 8", "segment: a = 'b'", "type: page"])
def test_two_opinions_on_who_gets_it_are_refused(line: str) -> None:
    key = line.partition(":")[0]
    other = {"audience": "everyone", "draft": "false", "post_id": "7", "segment": "c = 'd'", "type": "thread"}[key]
    (problem,) = refused(f"---\n{key}: {other}\ntitle: x\n{line}\n---\nx")
    assert problem.line == 4
    assert "line 2" in problem.text


def test_the_same_said_twice_is_no_matter() -> None:
    assert yaml("title: x", "draft: true", "draft: true").problems == ()


def test_of_two_titles_the_last_counts_and_of_two_dates_the_later() -> None:
    post = yaml("title: x", "title: y", "date: 2021-05-05", "date: 2021-04-04")
    assert post.meta.title == "y"
    assert post.meta.due is not None
    assert post.meta.due.day == date(2021, 5, 5)
    assert [problem.line for problem in post.problems] == [3, 5]
    assert not errors(post.problems)
    for dates in (["date: 2021-05-05", "date: 2021-05-05 09:00"], ["date: 2021-05-05 09:00", "date: 2021-05-05 08:00"]):
        due = yaml("title: x", *dates).meta.due
        assert due is not None
        assert due.instant == datetime(2021, 5, 5, 9, tzinfo=UTC)
    assert refused("---\ndate: 2021-05-05\ndate: soon\n---\nx")[0].line == 3


def test_an_hour_that_the_clocks_leave_out_is_a_warning() -> None:
    (problem,) = yaml("title: x", "date: 2026-03-08 02:30 America/New_York").problems
    assert (problem.severity, problem.line) == (Severity.WARNING, 3)


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("sub_title", "subtitle"),
        ("previewtext", "preview_text"),
        ("postId", "post_id"),
        ("email_send_at", "email_sent_at"),
        ("visibilty", "visibility"),
    ],
)
def test_a_key_that_is_nearly_one_of_ours_is_a_warning(key: str, meant: str) -> None:
    (problem,) = yaml("slug: x", "title: t" if meant != "title" else "a: b", f"{key}: x").problems
    assert (problem.severity, problem.line) == (Severity.WARNING, 4)
    assert problem.hint == f"did you mean {meant}?"


@pytest.mark.parametrize(("key", "meant"), [("auidence", "audience"), ("drafts", "draft"), ("segement", "segment")])
def test_a_slip_in_who_gets_it_is_refused(key: str, meant: str) -> None:
    with pytest.raises(Refused) as refused:
        yaml("title: t", f"{key}: only_paid")
    (problem,) = refused.value.problems
    assert problem.line == 3
    assert meant in problem.hint


@pytest.mark.parametrize(
    "key",
    ["tags", "author", "layout", "excerpt", "linkTitle", "permalink", "updated", "description", "image", "weight"],
)
def test_keys_of_other_programs_are_kept_in_silence(key: str) -> None:
    post = yaml("title: x", f"{key}: y")
    assert post.problems == ()
    assert post.meta.extra == {key: "y"}


def test_the_language_by_either_name() -> None:
    assert yaml("title: x", "lang: ja").meta.language == "ja"
    assert yaml("title: x", "language: de").meta.language == "de"


def test_odd_yaml_scalars_stay_text_or_numbers() -> None:
    post = yaml("title: x", "a: 0o17", "b: 1:30", "c: 1_000", "d: .5", "e: 2020-01-01", "f: !!x 5", "g: null", "h: on")
    assert post.meta.extra == {
        "a": "0o17", "b": "1:30", "c": 1000, "d": 0.5, "e": "2020-01-01", "f": "5", "g": None, "h": True,
    }  # fmt: skip


# --- titles and dates from elsewhere


@pytest.mark.parametrize(
    ("body", "title", "left"),
    [
        ("# A *letter* to [you](https://x.y) {#id .c}\n\ntext\n", "A letter to you", "\n\ntext\n"),
        ("<!-- x -->\n\n# It\\'s `code` & more #\ntext", "It's code & more", "<!-- x -->\n\n\ntext"),
        ("# a\x1b[1m b\ntext", "a[1m b", "\ntext"),
        ("A title\n=======\ntext", "A title", "\n\ntext"),
        ("\n\n  # x\n\ny", "x", "\n\n\n\ny"),
        ("<!-- a\n b -->\n# snake_case __bold__\ntext", "snake_case bold", "<!-- a\n b -->\n\ntext"),
    ],
)
def test_the_first_heading_is_the_title_of_a_post_without_one(body: str, title: str, left: str) -> None:
    for head, line in (("", 1), ("---\nslug: x\n---\n", 4)):
        post = parse(head + body)
        assert (post.meta.title, post.body, post.body_line) == (title, left, line)
        assert post.problems == ()


def test_a_post_of_nothing_but_a_comment_has_no_heading() -> None:
    assert parse("<!-- a\nb").meta.title == "A letter"


@pytest.mark.parametrize(
    "body", ["## Two\n", "text\n\n# One\n", "#\ntext", "<!-- x --><h2>y</h2>\n# z", "#tag\n", f"# {'x' * 500}"]
)
def test_other_headings_are_no_titles(body: str) -> None:
    post = parse(body)
    assert (post.meta.title, post.body) == ("A letter", body)


def test_a_title_stays_beside_a_heading() -> None:
    post = yaml("title: x", body="# y\n")
    assert (post.meta.title, post.body) == ("x", "# y\n")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("2021-08-23-on-the-road.md", "On the road"),
        ("on_the_road.md", "On the road"),
        ("issue-456.markdown", "Issue 456"),
        ("2021-08-23.md", "2021 08 23"),
        ("on-tides/index.md", "On tides"),
        ("a\nBcc: b\x07.md", "A Bcc: b"),
    ],
)
def test_the_name_of_the_file_is_the_last_resort(name: str, title: str) -> None:
    post = parse("text", path=Path("posts") / name)
    assert post.meta.title == title
    assert [problem.code for problem in post.problems] == ["title-missing"]


def test_a_subject_alone_is_enough() -> None:
    post = yaml("subject: x")
    assert (post.subject, post.problems) == ("x", ())


def test_the_preheader_is_the_subtitle_unless_it_is_said() -> None:
    assert yaml("title: x", "subtitle: y").preheader == "y"
    assert yaml("title: x", "subtitle: y", "preview_text: z").preheader == "z"


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2021-08-23-x.md", date(2021, 8, 23)),
        ("2021-9-1-x.md", date(2021, 9, 1)),
        ("2021-08-23.md", date(2021, 8, 23)),
        ("2021-13-45-x.md", None),
        ("2021-08-234.md", None),
        ("x-2021-08-23.md", None),
    ],
)
def test_the_date_in_the_name_of_the_file(name: str, day: date | None) -> None:
    due = parse("text", path=Path(name), timezone="Europe/Berlin").meta.due
    assert (due.day if due else None) == day
    assert due is None or (due.instant, due.zone) == (None, "Europe/Berlin")


def test_the_front_matters_date_wins_also_when_it_is_empty() -> None:
    for line, day in (("date: 2022-01-01", date(2022, 1, 1)), ("date:", None)):
        due = parse(f"---\ntitle: x\n{line}\n---\nx", path=Path("2021-08-23-x.md")).meta.due
        assert (due.day if due else None) == day
