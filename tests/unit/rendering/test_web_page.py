"""A rendering as a page of the web: nothing of a reader is left, whatever template made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter_cli import assets
from newsletter_cli.post import read
from newsletter_cli.rendering.model import Site
from newsletter_cli.rendering.render import render
from newsletter_cli.rendering.web import WebPage, for_web

HEAD = b"---\ntitle: Spring tide\nsubtitle: On the moon\nmerge: true\nurl: https://example.com/p/tide\n---\n"
BODY = b'Dear {{ name or "you & <me>" }}, [go](https://example.com/?n={{ name or "a b" }}&x={{ gone or "" }}).\n'


def made(template: str = "classic", *, folder: Path | None = None, language: str = "en") -> tuple[WebPage, list[str]]:
    post = read.parse(HEAD + BODY, path=Path("post.md"), timezone="UTC")
    folders = ((folder,) if folder else ()) + (assets.templates(),)
    site = Site(name="The Letter", language=language, template=template, template_folders=folders)
    rendered = render(post, site)
    page = for_web(
        rendered, language=language, pictures_url="/pictures/tide", feed_url="/feed.xml", links={"All & more": "/?a&b"}
    )
    return page, [slot.token for slot in rendered.slots]


@pytest.mark.parametrize("template", ["classic", "letter"])
@pytest.mark.parametrize(("language", "gone"), [("en", "Unsubscribe"), ("de", "Abmelden"), ("ja", "配信停止")])
def test_nothing_of_a_reader_is_left(template: str, language: str, gone: str) -> None:
    page, tokens = made(template, language=language)
    assert len(tokens) >= 4
    for text in (page.html, page.body):
        assert not [token for token in tokens if token in text]
        assert gone not in text
        assert "<!--" not in text
    assert "Dear you &amp; &lt;me&gt;, " in page.body
    assert 'href="https://example.com/?n=a%20b&amp;x="' in page.body
    assert "nl-preheader" not in page.html.partition("<body")[2]
    assert "Spring tide" in page.html
    assert "Spring tide" not in page.body
    assert '<a href="/?a&amp;b"' in page.html
    assert '<link rel="alternate" type="application/atom+xml" href="/feed.xml">' in page.html
    assert page.html.startswith("<!DOCTYPE html>\n<html")


def test_a_template_of_ones_own_that_shows_the_link_anywhere(tmp_path: Path) -> None:
    own = tmp_path / "email" / "own"
    own.mkdir(parents=True)
    (own / "mail.html").write_text(
        "<html><head><title>x</title></head><body data-way='{{ unsubscribe_url }}'><div>{{ body }}</div>"
        "<i>Leave: {{ unsubscribe_url }}</i> or {{ unsubscribe_url }}"
        "<p><a href='{{ unsubscribe_url }}'>{{ unsubscribe_url }}</a></p><p><b>stays</b></p></body></html>"
    )
    page, tokens = made("own", folder=tmp_path)
    assert not [token for token in tokens if token in page.html]
    assert "<i>Leave: </i> or " in page.html
    assert "<p></p>" not in page.html
    assert "<b>stays</b>" in page.html
    assert page.body == ""  # there is no such element in it
