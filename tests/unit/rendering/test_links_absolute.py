from __future__ import annotations

import pytest
from lxml import html

from newsletter_cli.problems import Severity
from newsletter_cli.rendering import links

BASE = "https://example.com/blog/"


def after(source: str, base: str = BASE) -> tuple[str, list[tuple[int | None, str]]]:
    tree = html.fragment_fromstring(f"<div>{source}</div>")
    problems = links.absolute(tree, base=base, file="a.md")
    assert all(problem.severity is Severity.WARNING for problem in problems)
    written = html.tostring(tree, encoding="unicode").removeprefix("<div>").removesuffix("</div>")
    return written, [(problem.line, problem.text) for problem in problems]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("ttps://a.org/x", "https://a.org/x"),
        ("htps://a.org/x", "https://a.org/x"),
        ("hhttps://a.org/x", "https://a.org/x"),
        ("https:/a.org/x", "https://a.org/x"),
        ("http//a.org", "http://a.org"),
        ("https:///a.org", "https://a.org"),
        ("http://https://a.org/x", "https://a.org/x"),
        ("https;//a.org", "https://a.org"),
        ("www.natolambert.com", "https://www.natolambert.com"),
        ("example.org/page", "https://example.org/page"),
        ("%20https://medium.com/x%0A", "https://medium.com/x"),
        ("%5Bhttp://techpolicylab.uw.edu/telling-stories/%5D", "http://techpolicylab.uw.edu/telling-stories/"),
        ("<https://a.org>", "https://a.org"),
        ("ann@example.org", "mailto:ann@example.org"),
    ],
)
def test_a_plain_slip_is_repaired_and_said(said: str, meant: str) -> None:
    target, why = links.repaired(said)
    assert target == meant
    assert why


@pytest.mark.parametrize(
    "target",
    [
        "https://a.org/x?y=1&z=%20#f",
        "http://a.org",
        "HTTP://A.ORG",
        "mailto:a@b.org?subject=x",
        "tel:+491",
        "https://de.wikipedia.org/wiki/Köln",
        "https://a.org/(x)",
        "https://a.org/[x]",
        "#note",
        "notes.md",
        "/about",
        "../x",
        "https://a.org/redirect?to=https://b.org",
    ],
)
def test_a_sound_target_stays_as_it_is(target: str) -> None:
    assert links.repaired(target) == (target, "")


def test_what_never_stands_in_a_url_is_encoded_in_silence() -> None:
    assert links.repaired('https://a.org/a b\n"<c>') == ("https://a.org/a%20b%22%3Cc%3E", "")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("/about", "https://example.com/about"),
        ("about", "https://example.com/blog/about"),
        ("../x", "https://example.com/x"),
        ("?q=1", "https://example.com/blog/?q=1"),
        ("//cdn.example.com/x", "https://cdn.example.com/x"),
    ],
)
def test_a_relative_link_is_of_the_site(said: str, meant: str) -> None:
    assert after(f'<a href="{said}">x</a>') == (f'<a href="{meant}">x</a>', [])


def test_a_relative_link_without_a_site_is_a_warning_and_text() -> None:
    got, problems = after('<p data-line="7">See <a href="/about"><em>this</em> page</a> now.</p>', base="")
    assert got == '<p data-line="7">See <em>this</em> page now.</p>'
    assert problems == [(7, "the link to '/about' is relative, and a mail has no page that it is relative to")]


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "x-y:z"]
)
def test_a_link_that_would_do_something_else_loses_its_tag(target: str) -> None:
    got, problems = after(f'a <a href="{target}">b</a> c')
    assert got == "a b c"
    assert len(problems) == 1


@pytest.mark.parametrize("target", ["https://", "http:///", "https://[bad", "https://?x"])
def test_a_link_without_a_host_loses_its_tag(target: str) -> None:
    assert after(f'<a href="{target}">b</a>')[0] == "b"


@pytest.mark.parametrize("base", [BASE, ""])
def test_a_link_without_a_target_is_no_link_to_the_site(base: str) -> None:
    for target in ("", " ", "%20"):
        got, problems = after(f'<p data-line="3">a <a href="{target}">b</a></p>', base)
        assert got == '<p data-line="3">a b</p>'
        assert problems == [(3, "a link has no target; its text stays")]


def test_a_link_inside_the_post_stays_and_one_to_nothing_is_said() -> None:
    got, problems = after('<a href="#x">1</a><a href="#y">2</a><h2 id="x" data-line="9">X</h2><a href="#">top</a>')
    assert '<a href="#x">' in got
    assert [text for _, text in problems] == ["the link leads to #y, and nothing here is called so"]


def test_a_merge_field_for_a_whole_link_is_left_alone() -> None:
    token = "nlr" + "0" * 21
    assert after(f'<a href="{token}">x</a>')[0] == f'<a href="{token}">x</a>'


@pytest.mark.parametrize("said", ["%%checkout_url%%", "%25%25share_url%25%25", "%%checkout_url%%?x=1"])
def test_what_another_platform_would_have_filled_keeps_its_text(said: str) -> None:
    got, problems = after(f'<a href="{said}">Upgrade</a>')
    assert got == "Upgrade"
    assert "platform" in problems[0][1]


def test_a_slip_in_a_relative_link_is_said_too() -> None:
    assert after('<a href="%20about%0A">x</a>') == (
        '<a href="https://example.com/blog/about">x</a>',
        [(None, "the link '%20about%0A' was read as 'about'")],
    )
