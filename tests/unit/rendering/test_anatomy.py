"""A post taken apart: links, pictures, marks that are visible by mistake; and what is odd about links."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter_cli import assets
from newsletter_cli.post import read
from newsletter_cli.problems import Severity
from newsletter_cli.rendering.anatomy import Anatomy, Link, anatomy
from newsletter_cli.rendering.link_faults import faults
from newsletter_cli.rendering.model import Site

SITE = Site(name="n", site_url="https://example.com/", template_folders=(assets.templates(),))


def apart(body: str) -> Anatomy:
    data = f"---\ntitle: T\n---\n{body}".encode()
    return anatomy(read.parse(data, path=Path("post.md"), timezone="UTC"), SITE)


def test_links_and_pictures_with_their_lines() -> None:
    found = apart(
        "See [one](https://a.example/1) and [two](about).\n\n![p](//b.example/p.png) ![l](l.png)\n\n"
        "[![alt](https://c.example/c.png)](https://d.example/)\n"
    )
    assert found.links == (
        Link("https://a.example/1", "one", 4, own=True),
        Link("https://example.com/about", "two", 4, own=True),
        Link("https://d.example/", "alt", 8, own=False),  # a picture in a link is laid out as a card is
    )
    assert [(picture.url, picture.line) for picture in found.pictures] == [
        ("https://b.example/p.png", 6),
        ("https://c.example/c.png", 8),
    ]


def test_links_of_cards_are_there_and_not_the_author_s() -> None:
    attrs = r'attrs="{\"videoId\":\"M2AcMnfzpNg\",\"startTime\":null}"'
    video = f'::: {{#youtube2-M2AcMnfzpNg .youtube-wrap {attrs} component-name="Youtube2ToDOM"}}\nx\n:::\n'
    found = apart(video)
    assert found.links
    assert not any(link.own for link in found.links)
    assert "M2AcMnfzpNg" in found.links[0].url
    assert found.links[0].line == 4


@pytest.mark.parametrize(
    ("body", "name", "line"),
    [
        ("Hi.\n\n{{< youtube abc >}}", "a shortcode", 6),
        ("{{% note %}} x", "a shortcode", 4),
        ("{% include x.html %}", "a Liquid", 4),
        ("- a\n- {% if x %}", "a Liquid", 5),
        ("![[photo.png]]", "an embedded note", 4),
        ("see [[Other note]]", "a wiki link", 4),
        ("x {:.lead}", "kramdown", 4),
        ("> [!NOTE]\n> x", "an alert box", 4),
    ],
)
def test_marks_of_other_programs_are_named(body: str, name: str, line: int) -> None:
    found = [one for one in apart(body).problems if one.code == "leftover"]
    assert [one.line for one in found] == [line]
    assert name in found[0].text
    assert found[0].severity is Severity.WARNING


@pytest.mark.parametrize(
    "body",
    [
        "`{{< youtube abc >}}` and `{% x %}`",
        "```\n{{< x >}}\n{% y %}\n[[z]]\n```",
        "    {% raw %}\n",
        "a [[1]](https://a.example) b",
        "array[[0]] `[[x]]` and {braces}",
    ],
)
def test_in_code_they_are_meant(body: str) -> None:
    assert [one for one in apart(body).problems if one.code == "leftover" and "[[0]]" not in one.text] == []


def link(url: str, text: str = "words", *, own: bool = True) -> Link:
    return Link(url, text, 7, own)


@pytest.mark.parametrize(
    ("one", "code", "severity"),
    [
        (link("http://a.example.com/x"), "link-http", Severity.NOTE),
        (link("https://a.example.com:99999/"), "link-syntax", Severity.WARNING),
        (link("https://a..b.com/"), "link-syntax", Severity.WARNING),
        (link("https://-a.com/"), "link-syntax", Severity.WARNING),
        (link("https://[::1/"), "link-syntax", Severity.WARNING),
        (link("https://a.com/100%"), "link-syntax", Severity.WARNING),
        (link("mailto:not an address"), "link-syntax", Severity.WARNING),
        (link("http://localhost:1313/post"), "link-local", Severity.WARNING),
        (link("https://192.168.1.4/"), "link-local", Severity.WARNING),
        (link("https://printer/"), "link-local", Severity.WARNING),
        (link("https://user:pass@a.com/"), "link-user", Severity.WARNING),
        (link("https://a.com/x,"), "link-end", Severity.NOTE),
        (link("https://a.com/x)"), "link-end", Severity.NOTE),
        (link("https://a.com/" + "x" * 2000), "link-long", Severity.NOTE),
        (link("https://evil.com/", "https://bank.com"), "link-shown", Severity.WARNING),
        (link("https://evil.com/", "www.bank.com/login"), "link-shown", Severity.WARNING),
    ],
)
def test_an_odd_link(one: Link, code: str, severity: Severity) -> None:
    found = faults([one], file="post.md")
    assert [(problem.code, problem.severity, problem.file, problem.line) for problem in found] == [
        (code, severity, "post.md", 7)
    ]


@pytest.mark.parametrize(
    "one",
    [
        link("https://a.com/x_(y)"),
        link("https://bücher.example.com/ä?q=ü"),
        link("https://a.com/%C3%A4"),
        link("https://a.com/#:~:text=end."),
        link("https://www.bank.com/login?x", "bank.com"),
        link("https://news.bbc.co.uk/", "bbc.co.uk"),
        link("https://a.com/{{ id }}"),
        link("#there"),
        link("mailto:a@example.com,b@example.com?subject=x"),
        link("tel:+491234"),
        link("https://1.1.1.1/"),
        link("https://t.co/x", "pic.twitter.com/x", own=False),
    ],
)
def test_a_sound_link(one: Link) -> None:
    assert faults([one], file="post.md") == []


def test_the_same_words_to_several_places() -> None:
    links = [
        Link("https://a.com/1", "Here.", 3, own=True),
        Link("https://a.com/2", "here", 9, own=True),
        Link("https://www.a.com/2/", "here", 12, own=True),
        Link("https://a.com/4", "here", 13, own=False),
        Link("https://a.com/n1", "1", 14, own=True),
        Link("https://a.com/n2", "1", 15, own=True),
    ]
    found = faults(links, file="post.md")
    assert [(one.text, one.line, one.hint) for one in found] == [
        ("the words 'here' are links to 2 places", 3, "say where each leads (lines 3, 9)")
    ]
