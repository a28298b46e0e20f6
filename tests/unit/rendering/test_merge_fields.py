from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies as st
from lxml import html

from newsletter_cli.rendering import merge
from newsletter_cli.rendering.model import Context
from tests.growth import assert_linear


def read(text: str, *, first_line: int | None = 10) -> tuple[str, list[merge.Field], list[str]]:
    fields = merge.fields_of("seed")
    marked, problems = merge.mark(text, fields, file="a.md", first_line=first_line)
    return marked, list(fields.known.values()), [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("text", "names", "fallback"),
    [
        ("{{ first_name }}", ("first_name",), None),
        ("{{first_name}}", ("first_name",), None),
        ('{{ name or "friend" }}', ("name",), "friend"),
        ("{{ name or 'friend' }}", ("name",), "friend"),
        ("{{ name or “dear friend” }}", ("name",), "dear friend"),
        ("{{ name or ‘friend’ }}", ("name",), "friend"),
        ('{{ first_name or name or "you" }}', ("first_name", "name"), "you"),
        ("{{ first_name or name }}", ("first_name", "name"), None),
        ('{{ name | default("friend") }}', ("name",), "friend"),
        ("{{ name|default('friend') }}", ("name",), "friend"),
        ('{{ name or "" }}', ("name",), ""),
        ("{{ row.first_name }}", ("first_name",), None),
        ("{{ subscriber.city }}", ("city",), None),
        ('{{ row["First Name"] or "you" }}', ("First Name",), "you"),
        # as an export escapes them
        (r"{{ first\_name }}", ("first_name",), None),
        (r"{{ name or \"friend\" }}", ("name",), "friend"),
        ("{{ prénom }}", ("prénom",), None),
        ("{{ name\nor 'friend' }}", ("name",), "friend"),
        ("{{ order }}", ("order",), None),
        ("{{ row }}", ("row",), None),
    ],
)
def test_a_field_is_read(text: str, names: tuple[str, ...], fallback: str | None) -> None:
    marked, fields, problems = read(f"Dear {text},")
    assert problems == []
    assert fields == [merge.Field(names, fallback, 10)]
    assert re.fullmatch(r"Dear nlh[0-9a-f]{21}\n*,", marked)
    assert marked.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        "{{ 7*7 }}",
        "{{ name() }}",
        "{{ name.upper() }}",
        "{{ name | upper }}",
        '{{ name | default("a") | upper }}',
        "{{ config.items() }}",
        "{{ ''.__class__ }}",
        '{{ "text" }}',
        '{{ "text" or name }}',
        "{{ name or }}",
        "{{ or name }}",
        "{{ }}",
        "{{",
        "{{ name",
        "{{ name }",
        "{{ name and other }}",
        "{{ true }}",
        "{{ None }}",
        "{{ name or 5 }}",
        "{{ 5 }}",
        "{{ name if x else y }}",
        "{{ a.b }}",
        "{{ row.a.b }}",
        "{{ self }} {{ name[0] }}",
        "{{{ name }}}",
        "{% for x in y %}",
        "{% raw %}",
        "{# a comment #}",
        "{{ name\n\nor 'friend' }}",
    ],
)
def test_everything_else_is_refused_with_its_line(text: str) -> None:
    marked, _, problems = read(f"one\ntwo {text}")
    assert problems
    assert all(problem.startswith("a.md:11: ") for problem in problems)
    assert "{" in marked


def test_every_mistake_is_said_at_once() -> None:
    _, fields, problems = read("{{ 1 }}\n{{ name }}\n{% if %}\n{{ x() }}")
    assert [problem.split(":")[1] for problem in problems] == ["10", "12", "13"]
    assert fields == [merge.Field(("name",), None, 11)]


def test_a_comment_of_jinja_is_an_id_of_pandoc_and_stays() -> None:
    text = "[a](#b){#c .d}"
    assert read(text) == (text, [], [])


def test_a_field_of_the_front_matter_has_its_line_or_none() -> None:
    _, fields, problems = read("{{ name }} {{ 1 }}", first_line=None)
    assert fields == [merge.Field(("name",), None, None)]
    assert problems[0].startswith("a.md: ")


def test_tokens_land_in_text_links_and_ids() -> None:
    fields = merge.fields_of("seed")
    name = fields.token(merge.Field(("name",), "x", 3))
    tree = html.fragment_fromstring(
        f'<div><h2 id="hi-{name}">Hi {name}</h2><a href="https://e.org/?n={name}">{name}</a>'
        f'<a href="#hi-{name}">up</a><img alt="for {name}" src="https://e.org/{name}.png">'
        f'<a href="{name}">whole</a></div>'
    )
    problems = merge.place(tree, fields, file="a.md")
    assert [(problem.line, problem.code) for problem in problems] == [(3, "merge-place")]
    assert "src" in problems[0].text
    written = html.tostring(tree, encoding="unicode")
    link = "nlr" + name[3:]
    assert written == (
        f'<div><h2 id="hi-">Hi {name}</h2><a href="https://e.org/?n={link}">{name}</a>'
        f'<a href="#hi-">up</a><img alt="for {name}" src="https://e.org/.png"><a href="{link}">whole</a></div>'
    )


def test_slots_are_those_of_the_parts() -> None:
    fields = merge.fields_of("seed")
    name = fields.token(merge.Field(("name",), "x", 3))
    fields.token(merge.Field(("gone",), None, 4))
    text = merge.as_text(f"Hi {name}", fields, Context.TEXT)
    out = merge.unsubscribe(fields, Context.HREF)
    slots = merge.slots(fields, subject="", html=f'<p>{name}</p><a href="{out}">', text=text)
    assert [(slot.context, slot.names, slot.fallback, slot.line) for slot in slots] == [
        (Context.TEXT, ("name",), "x", 3),
        (Context.HTML, ("name",), "x", 3),
        (Context.HREF, ("unsubscribe_url",), None, None),
    ]


@pytest.mark.parametrize(
    ("text", "said"), [("{{ name }}", True), ("{{ 7*7 }}", False), ("{% x %}", False), ("{ x }", False)]
)
def test_what_looks_like_a_field_is_known(text: str, said: bool) -> None:
    assert merge.named(f"a {text} b") is said


@given(st.text(alphabet="{}%name or\"'|.()[]default\\\n\u201c_-", max_size=200))
def test_any_text_is_read_and_keeps_its_lines(text: str) -> None:
    fields = merge.fields_of("seed")
    marked, problems = merge.mark(text, fields, file="a.md", first_line=1)
    assert all(problem.line is not None and problem.line <= text.count("\n") + 1 for problem in problems)
    if not fields.known:
        assert marked == text


@pytest.mark.parametrize("piece", ["{{", "{{ a or ", " ", '{{ row["', "{%"])
def test_a_hostile_text_takes_linear_time(piece: str) -> None:
    assert_linear(lambda count: read("{{" + piece * count), 20_000)


def test_the_id_of_a_heading_is_no_comment() -> None:
    assert read("# Head {#head}\n\n[x]{#y} and {#z}")[2] == []
