"""Whatever the bytes: a post or a refusal that names a place, never another exception; and a mark is always seen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import example, given, strategies as st

from newsletter_cli.post import read
from newsletter_cli.problems import Refused

if TYPE_CHECKING:
    from newsletter_cli.post.model import Post

PATH = Path("a.md")
SENT = "2023-04-05T23:01:39.893Z"

soup = st.text(st.sampled_from("ab:#-+'\"[]{}&*!|>%@`, ?=\n\r\t\\~<.0é\ufeff\u2028\x85"), max_size=80)
keys = st.sampled_from(
    ["title", "date", "draft", "audience", "type", "visibility", "published", "email", "merge", "newsletter", "<<"]
)
# Yes and no, numbers, dates, lists, anchors, tags, and much that is broken.
values = st.one_of(
    st.sampled_from(
        ["x", "", "yes", "1_000", "0o17", "1:30", ".inf", "2020-13-45", "2023-04-05", "[a", "{a: b}", "null"]
    ),
    st.sampled_from(["&a [*a]", "!!python/x y", "*b", "|", ">-", '"\\x"', '"a"b"', "'a'b'", "? y", "- z", "@x", "%y"]),
    st.sampled_from(["2020-01-01 09:00 Europe/Berlin", "2020-01-01T09:00:00+99:00", "9999-12-31 23:59 -12:00"]),
)
lines = st.one_of(st.builds("{}: {}".format, keys, values), st.builds("{} = {}".format, keys, values), soup)
broken_heads = st.builds(
    "{0}\n{1}\n{2}\nbody\n".format,
    st.sampled_from(["---", "+++", "----", " ---", "", "\ufeff---"]),
    st.lists(lines, max_size=6).map("\n".join),
    st.sampled_from(["---", "...", "+++", "", "--"]),
)


def _post_or_refusal(data: bytes) -> Post | None:
    try:
        return read.parse(data, path=PATH, timezone="UTC")
    except Refused as refused:
        problems = refused.problems
    assert problems
    assert all(problem.file == "a.md" and problem.text for problem in problems)
    assert all(problem.line is None or problem.line >= 1 for problem in problems)
    return None


@given(st.binary(max_size=400))
def test_any_bytes_are_a_post_or_refused(data: bytes) -> None:
    _post_or_refusal(data)
    read.seen_sent(data)


@given(st.one_of(broken_heads, soup, st.text(max_size=200)), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
@example("---\ntitle: &a {x: *a}\n---\nhi", "utf-8")
@example("---\n" + "[" * 3000 + "\n---\nhi", "utf-8")
@example("+++\na = " + "[" * 3000 + "\n+++\nhi", "utf-8")
@example("---\ntags: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n---\nhi", "utf-8")
def test_any_front_matter_is_a_post_or_refused(text: str, encoding: str) -> None:
    data = text.encode(encoding, errors="replace")
    post = _post_or_refusal(data)
    if post is None or "\0" in text:  # every other octet a NUL may be UTF-16
        return
    assert post.source == data
    assert "\r" not in post.body
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    given_lines, read_lines = lines[post.body_line - 1 :], post.body.split("\n")
    given_lines[0] = given_lines[0].lstrip("\ufeff\u200b\u2060")
    # Line n of the body is physical line body_line + n - 1; a heading that became the title is blank now.
    assert len(given_lines) == len(read_lines)
    assert all(mine in {theirs, ""} for mine, theirs in zip(read_lines, given_lines, strict=True))


@given(
    st.lists(st.one_of(lines, st.just("title: x")), max_size=5),
    st.sampled_from(
        [
            "email_sent_at: {}",
            "  email_sent_at: {}",
            "Email_Sent_At: {}",
            "EMAIL-SENT-AT: {}",
            "email_sent_at : {}",
            "email_sent_at:{}",
            "email_sent_at = {}",
            'email_sent_at: "{}"',
            '"email_sent_at": "{}",',
            "'email_sent_at': '{}' # by hand",
            "\ufeffemail_sent_at: {}",
            "emailSentAt: {}",
            "email_sent_at:\n  {}",
        ]
    ),
    st.sampled_from(["---", "----", "\ufeff---", " ---", "\n\n---", "\u200b---", "<!-- x -->\n---"]),
    st.sampled_from(["---", "...", "--", ""]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    st.booleans(),
)
def test_a_mark_that_a_person_can_see_counts(
    others: list[str], form: str, opening: str, closing: str, end: str, encoding: str, first: bool
) -> None:
    others = [other for other in others if "email" not in other and other.strip() not in {"---", "...", "+++", "--"}]
    others = [other for other in others if "\n" not in other and "\r" not in other]
    mark = form.format(SENT)
    content = [mark, "title: y", *others] if first else ["title: y", *others, mark]
    text = "\n".join([opening, *content, closing, "", "body", ""]).replace("\n", end)
    data = text.encode(encoding)
    assert read.seen_sent(data)[1] == SENT
    post = _post_or_refusal(data)
    assert post is None or post.meta.email_sent_at == SENT


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Co"), exclude_characters="\x85\u2028\u2029"), min_size=1))
def test_a_quoted_title_is_what_was_meant(title: str) -> None:
    """An exporter puts quotes around any title, and leaves those inside as they are."""
    text = re.sub(" +", " ", title)
    data = f'---\ntitle: "{text}"\ndate: 2023-04-05\n---\nbody\n'.encode()
    post = _post_or_refusal(data)
    if post is None or not text.strip() or "\\" in text or "#" in text:
        return
    inner = text.strip()
    if '"' not in inner:
        assert post.meta.title == inner
    else:
        assert post.meta.title in {inner, f'"{inner}"', f'"{text}"'} or inner in {'"', '""'}


word = st.sampled_from(["AI", "the", "Fear,", "it's", "#1", "o3:", "(2024)", "—", "why?", "50%", "Größe", "a", "C++"])
quoted = st.builds(
    '{}"{}"{}'.format,
    st.sampled_from(["", "(", "—"]),
    st.lists(word, min_size=1, max_size=3).map(" ".join),
    st.sampled_from(["", "?", ",", ")", ":", "'s", "..."]),
)


@given(st.lists(st.one_of(word, quoted), min_size=1, max_size=6), st.sampled_from(["title", "subtitle"]))
@example(['"10 years of automation in 1 year"'], "title")
@example(["GPT-4.5:", '"Not a frontier model"?'], "title")
@example(['"#1"', "a", '"#1"'], "title")
def test_a_title_with_quoted_words_comes_back_from_its_export(parts: list[str], key: str) -> None:
    title = " ".join(parts)
    data = f'---\n{key}: "{title}"\nslug: x\n---\nbody\n'.encode()
    post = read.parse(data, path=PATH, timezone="UTC")
    assert getattr(post.meta, key) == title
    assert post.meta.slug == "x"
    assert [problem.line for problem in post.problems if problem.code == "front-matter-quotes"] == [2] * ('"' in title)
