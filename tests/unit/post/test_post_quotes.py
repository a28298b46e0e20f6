from __future__ import annotations

from pathlib import Path

import pytest

from newsletter_cli.post import quotes, read
from newsletter_cli.problems import Refused, Severity

PATH = Path("a.md")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"He said "hi" to me"', 'He said "hi" to me'),
        ('""10 years of automation in 1 year""', '"10 years of automation in 1 year"'),
        ('"GPT-4.5: "Not a frontier model"?"', 'GPT-4.5: "Not a frontier model"?'),
        ('"Why "AI" and "ML" differ"', 'Why "AI" and "ML" differ'),
        ('"We are "#1""', 'We are "#1"'),
        ('"The "A" #1"', 'The "A" #1'),
        ('"6" pizza"', '6" pizza'),
        ('"("quoted") inside"', '("quoted") inside'),
        ('"a \\"b\\" and "c""', 'a "b" and "c"'),
        ('"C:\\dir and "x""', 'C:\\dir and "x"'),
        ('"tab\\tand "x""', 'tab and "x"'),
        ('"Why" is not "how"', '"Why" is not "how"'),
        ('"Models" by anyone', '"Models" by anyone'),
        ('"A "b" c"  # as it came', 'A "b" c'),
        ("'It's here'", "It's here"),
        ("'It's 'here''", "It's 'here'"),
        ("'C:\\dir isn't'", "C:\\dir isn't"),
    ],
)
@pytest.mark.parametrize("key", ["title", "subtitle", "subject", "preview_text", "Title"])
def test_unescaped_quotes_are_read_as_they_were_meant(key: str, written: str, meant: str) -> None:
    data = f"---\ndate: 2023-04-05\n{key}: {written}\nslug: x\n---\nbody\n".encode()
    post = read.parse(data, path=PATH, timezone="UTC")
    assert getattr(post.meta, key.lower()) == meant
    (problem,) = [problem for problem in post.problems if problem.code == "front-matter-quotes"]
    assert problem.severity is Severity.WARNING
    assert problem.place == "a.md:3"
    assert post.meta.slug == "x"


@pytest.mark.parametrize(
    "written",
    ['"right"', "'it''s'", '"a \\"b\\""', '"right" # comment', 'plain "inner" quotes', '""', "''", '"two\n  lines"'],
)
def test_right_quotes_are_left_alone(written: str) -> None:
    data = f"---\nsubject: s\ntitle: {written}\n---\nbody\n".encode()
    assert read.parse(data, path=PATH, timezone="UTC").problems == ()


def test_lines_inside_another_value_are_left_alone() -> None:
    data = b'---\ntitle: x\nnote: |\n  title: "a "b" c"\n---\nbody\n'
    post = read.parse(data, path=PATH, timezone="UTC")
    assert post.meta.extra["note"] == 'title: "a "b" c"\n'
    assert post.problems == ()


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ('title: "never closed', "look at its quotes"),
        ('description: "a "b" c"', ""),
        ("title: One: two", "a value with ': ' in it needs quotes around it"),
        ("title:\tx", "use spaces instead of the tab"),
        ('title: "C:\\Users"', "write \\\\ for a backslash between double quotes"),
        ("tags: [a, b", ""),
        ("title: @x", "put the value in quotes"),
        ('x: @x\ntitle: "a "b""', "put the value in quotes"),
    ],
)
def test_everything_else_that_is_broken_is_refused_with_its_line(line: str, hint: str) -> None:
    with pytest.raises(Refused) as caught:
        read.parse(f"---\ndate: 2023-04-05\n{line}\n---\nbody\n".encode(), path=PATH, timezone="UTC")
    (problem,) = caught.value.problems
    assert problem.place in {"a.md:3", "a.md:4"} if line.startswith("tags") else problem.place == "a.md:3"
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("written", "value"),
    [('"a"', "a"), ("'a'", "a"), ('a"', 'a"'), ('"a" b "c"', '"a" b "c"'), ('"', '"'), ("", "")],
)
def test_quotes_around_the_whole_of_a_pair_go(written: str, value: str) -> None:
    assert quotes.unquoted(written) == value
