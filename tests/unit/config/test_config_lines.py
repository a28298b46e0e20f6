from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, strategies as st

from newsletter_cli.config.lines import key_lines, toml_error_line

TEXT = '''\
# a comment
top = 1

[smtp]            # with a comment
host = "a=b # no comment"
"quoted.key" = 1
rate = [
  "14/s", # [no table]
  # x = 1
  ["]"],
]
text = """
[not]
x = 1 \\""" y
"""
raw = \'\'\'
z = 2\'\'\'
inline = { a = 1, b = { c = [1] } }
dotted.name . deep = 1
"" = 2

  [a.b]
  c = 'it # is'
[[dkim]]
domain = "x"
[[dkim]]
domain = "y"
[dkim.sub]
z = 1
'''


def test_lines_of_keys() -> None:
    tomllib.loads(TEXT)
    assert key_lines(TEXT) == {
        "top": 2,
        "smtp": 4,
        "smtp.host": 5,
        "smtp.quoted.key": 6,
        "smtp.rate": 7,
        "smtp.text": 12,
        "smtp.raw": 16,
        "smtp.inline": 18,
        "smtp.dotted.name.deep": 19,
        "smtp.": 20,
        "a.b": 22,
        "a.b.c": 23,
        "dkim": 24,
        "dkim.0": 24,
        "dkim.0.domain": 25,
        "dkim.1": 26,
        "dkim.1.domain": 27,
        "dkim.sub": 28,
        "dkim.sub.z": 29,
    }


@pytest.mark.parametrize(
    "text", ["", "a", "a =", "= 1", "a.b c = 1", "[x", "x = [", 'x = "never', "x = ]", "a. = 1", "a.", "\0"]
)
def test_on_a_broken_text_it_gives_what_it_finds(text: str) -> None:
    assert all(line == 1 for line in key_lines(text).values())


def test_the_line_of_an_error() -> None:
    for text, line in (("a = 1\nb = x\n", 2), ("a = 1\n\n[x", 3), ("a = [\n1,\n", 2)):
        with pytest.raises(tomllib.TOMLDecodeError) as caught:
            tomllib.loads(text)
        assert toml_error_line(str(caught.value), text) == line


names = st.text("abcdef-_0", min_size=1, max_size=5)
scalars = st.one_of(
    st.integers(-9, 9).map(str),
    st.sampled_from(
        ['"a # b"', "'[x]'", '"""\nx = 1\n[y]\n"""', "'''\n'\n'''", "[\n1,\n[2], # ]\n]", "{ x = 1 }", '""']
    ),
)


entries = st.lists(st.tuples(names, scalars), max_size=4, unique_by=lambda one: one[0])
tables = st.lists(st.tuples(names, entries), max_size=4, unique_by=lambda one: one[0])


@given(tables)
def test_every_key_is_on_its_line(tables: list[tuple[str, list[tuple[str, str]]]]) -> None:
    text = ""
    expected: dict[str, int] = {}
    for table, entries in tables:
        expected[table] = text.count("\n") + 1
        text += f"[{table}] # c\n\n"
        for key, value in entries:
            expected[f"{table}.{key}"] = text.count("\n") + 1
            text += f"{key} = {value}\n# x = 1\n"
    document: dict[str, Any] = tomllib.loads(text)
    assert set(document) == {table for table, _ in tables}
    assert key_lines(text) == expected


@given(st.text(st.sampled_from("a=[]{}\"'#\n.,\\ 1"), max_size=60))
def test_any_text_ends(text: str) -> None:
    assert all(1 <= line <= text.count("\n") + 1 for line in key_lines(text).values())
