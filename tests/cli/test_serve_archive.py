"""The web archive of `newsletter serve`: what is shown, and that nothing of a reader or from behind the wall is."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from newsletter_cli import assets
from tests.cli.folder import SETTINGS, Folder
from tests.cli.serving import LINK, serving

if TYPE_CHECKING:
    from pathlib import Path

SITE = SETTINGS.replace(
    'timezone = "UTC"',
    'timezone = "UTC"\nsite_url = "https://example.com/"\npost_url = "https://example.com/read/{{slug}}"',
)
SENT = "email_sent_at: 2024-01-02T03:04:05.678Z\n"
PICTURE = assets.examples() / "posts" / "images" / "tide-at-saltmarsh-quay.png"


def post(folder: Folder, name: str, head: str, body: str = "Words of {name}.") -> Path:
    return folder.write(f"posts/{name}.md", f"---\ntitle: Title {name}\n{head}---\n{body.replace('{name}', name)}\n")


@pytest.fixture
def archive(letter: Folder) -> Folder:
    assert letter.inbox is not None
    letter.write("newsletter.toml", SITE.format(port=letter.inbox.port))
    letter.write("posts/tide.png", PICTURE.read_bytes())
    return letter


def test_what_is_shown_and_what_is_not(archive: Folder) -> None:
    post(archive, "older", f"date: 2023-05-06\n{SENT.replace('2024', '2023')}")
    post(archive, "picture", SENT, "![A tide](tide.png)")
    post(archive, "only-free", f"audience: only_free\n{SENT}")
    post(archive, "wall", f"audience: only_paid\n{SENT}", 'Above.\n\n<div class="paywall-jump"></div>\n\nSecret words.')
    post(archive, "everyone-wall", SENT, 'Open.\n\n<div class="paywall-jump"></div>\n\nSecret words.')
    hidden = {
        "not-sent": "",
        "begun": "email_started_at: 2024-01-02T03:04:05.678Z abcdefgh\n",
        "private": f"visibility: private\n{SENT}",
        "draft": f"draft: true\n{SENT}",
        "page": f"type: page\n{SENT}",
        "paid": f"audience: only_paid\n{SENT}",
        "founding": f"audience: founding\n{SENT}",
        "segment": f"segment: plan = 'gold'\n{SENT}",
    }
    for name, head in hidden.items():
        post(archive, name, head, "Secret words of {name}.")
    archive.write("posts/broken.md", f"---\ntitle: [\n{SENT}---\nSecret words.\n")
    archive.write("posts/_note.md", f"---\ntitle: Note\n{SENT}---\nSecret words.\n")
    with serving(archive.path) as server:
        index = server.ask("GET", "/").body
        shown = {"older", "picture", "only-free", "wall", "everyone-wall"}
        for name in shown:
            assert f'href="/read/{name}"' in index
            page = server.ask("GET", f"/read/{name}")
            assert page.status == 200, name
            assert f"Title {name}" in page.body
            assert "Secret" not in page.body
        for name in hidden:
            assert f"Title {name}" not in index
            assert server.ask("GET", f"/read/{name}").status == 404
        assert index.index("Title picture") < index.index("Title older")
        assert "May 6, 2023" in index
        feed = server.ask("GET", "/feed.xml").body
        assert "Secret" not in feed
        assert len(ET.fromstring(feed).findall("{http://www.w3.org/2005/Atom}entry")) == len(shown)
        src = server.ask("GET", "/read/picture").body.partition(' src="')[2].partition('"')[0]
        assert src.startswith("/pictures/picture/")
        assert server.ask("GET", src).headers["content-type"] == "image/png"
        assert f"https://example.com{src}" in feed
        assert "script" not in server.ask("GET", "/read/wall").headers["content-security-policy"]
        # The folder is the word on what is public.
        (archive.path / "posts" / "older.md").unlink()


def test_what_was_mailed_is_shown_without_its_reader(archive: Folder) -> None:
    archive.write(
        "newsletter.toml", archive.read("newsletter.toml") + '[unsubscribe]\nurl = "https://example.com/u/{token}"\n'
    )
    archive.write(
        "newsletter.toml", archive.read("newsletter.toml").replace("[smtp]", '[run]\nstamp = "ledger"\n[smtp]')
    )
    path = post(
        archive,
        "hello",
        "date: 2024-01-02\nsubtitle: For {{ first_name or 'you' }}\nmerge: true\n",
        "Dear {{ first_name or 'friend' }}, [yours](https://example.com/?n={{ first_name or 'nobody' }}).",
    )
    with serving(archive.path) as server:
        assert server.ask("GET", "/read/hello").status == 404
    assert archive("send", str(path), "--list", "subs.csv").code == 0
    assert "email_sent_at" not in path.read_text()
    with serving(archive.path) as server:
        page = server.ask("GET", "/read/hello").body
        feed = server.ask("GET", "/feed.xml").body
        index = server.ask("GET", "/").body
    for text in (page, feed, index):
        assert not LINK.search(text)
        assert "Reader" not in text
        assert "{{" not in text
        assert "Unsubscribe" not in text
    assert "Dear friend," in page
    assert "https://example.com/?n=nobody" in page
    assert "For you" in page
    assert "For you" in index
    assert "You get this because" not in page
    assert "View in browser" not in page
    assert "1 Main St" in page
    assert 'href="/feed.xml"' in page
