"""The unsubscribe page in a real browser: a button, a way back, and nothing that leaves the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.cli.folder import SETTINGS, Folder
from tests.cli.serving import LINK, Serving, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.fixture
def sent(letter: Folder) -> Folder:
    assert letter.inbox is not None
    door = '\n[unsubscribe]\nurl = "https://example.com/news/u/{token}"\n'
    letter.write("newsletter.toml", SETTINGS.format(port=letter.inbox.port) + door)
    # A process of its own: playwright's loop is running in this one.
    command = [sys.executable, "-m", "newsletter_cli", "send", "post.md", "--list", "subs.csv"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run(command, cwd=letter.path, env=environment, check=True, capture_output=True)
    return letter


@pytest.fixture
def server(sent: Folder) -> Iterator[Serving]:
    with serving(sent.path, "--prefix", "/news") as running:
        yield running


@pytest.mark.parametrize("size", [(1280, 800), (360, 640)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_reader_leaves_and_comes_back(
    browser: Browser, sent: Folder, server: Serving, size: tuple[int, int], scheme: str
) -> None:
    found = LINK.search(str(sent.mails[0]["List-Unsubscribe"]))
    assert found
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{server.url}/news/u/{found[1]}")
    expect(page.get_by_role("heading")).to_have_text("Unsubscribe from The Letter?")
    expect(page.locator("main")).to_contain_text("r…1@example.net")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(23, 24, 26)" if scheme == "dark" else "rgb(246, 244, 241)"
    )
    assert sent("suppress", "list").out == ""
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading")).to_have_text("You are unsubscribed")
    assert sent("suppress", "list").out.startswith("reader1@example.net\tunsubscribe")
    page.reload()  # posts the form again: nothing changes
    expect(page.get_by_role("heading")).to_have_text("You are unsubscribed")
    page.get_by_role("button", name="Subscribe again").click()
    expect(page.get_by_role("heading")).to_have_text("You are subscribed again")
    assert sent("suppress", "list").out == ""
    assert [url for url in asked if not url.startswith((server.url, "data:"))] == []
    assert said == []  # no style, form or icon that the policy forbids
    context.close()


def test_the_archive_reads_well_and_nothing_is_forbidden(browser: Browser, sent: Folder, server: Serving) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{server.url}/news/")
    page.get_by_role("link", name="Hello, readers").click()
    expect(page.locator(".nl-title")).to_have_text("Hello, readers")
    expect(page.locator(".post-body")).to_contain_text("It's the first letter.")
    page.get_by_role("link", name="All posts").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The Letter")
    assert said == []
    context.close()
