"""The demo's inbox page in a real browser: every pane shows what it says, and nothing is fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter_cli.web.inbox import Received, page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

DARK = "<style>@media (prefers-color-scheme: dark) { p { color: rgb(1, 2, 3) !important } }</style>"
MAIL = (
    "From: wren@example.com\r\nTo: TO\r\nSubject: Tides\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/alternative; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/plain\r\n\r\nPlain TO\r\n"
    "--b\r\nContent-Type: text/html\r\n\r\n"
    f"<html><head>{DARK}</head><body><p>Rich TO</p><script>document.body.textContent = 'ran'</script>"
    '<img src="https://example.com/pixel.png" onerror="document.body.textContent = \'ran\'"></body></html>\r\n--b--\r\n'
)


@pytest.fixture
def shown(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    mails = [
        Received(mail_from="wren@example.com", rcpt_to=(to,), data=MAIL.replace("TO", to).encode())
        for to in ("ada@example.com", "grace@example.com")
    ]
    file = tmp_path / "inbox.html"
    file.write_text(page(mails, title="Inbox"), encoding="utf-8")
    tab = browser.new_page(viewport={"width": 1200, "height": 800})
    tab.on("requestfinished", lambda request: fetched.append(request.url))
    fetched: list[str] = []
    tab.goto(file.as_uri())
    tab.wait_for_selector(".mail.shown")
    yield tab
    tab.close()
    assert [url for url in fetched if not url.startswith(("file:", "data:"))] == []


def pane(tab: Page, name: str) -> None:
    tab.click(f".mail.shown button[data-view={name}]")


def test_each_pane_shows_what_it_says(shown: Page) -> None:
    light, dark = (shown.frame_locator(f".mail.shown .{name} iframe") for name in ("light", "dark"))
    assert light.locator("p").inner_text() == "Rich ada@example.com"
    assert light.locator("p").evaluate("p => getComputedStyle(p).color") != "rgb(1, 2, 3)"
    pane(shown, "dark")
    assert dark.locator("p").inner_text() == "Rich ada@example.com"
    assert dark.locator("p").evaluate("p => getComputedStyle(p).color") == "rgb(1, 2, 3)"
    pane(shown, "phone")
    assert light.locator("html").evaluate("html => html.clientWidth") <= 375
    pane(shown, "text")
    assert shown.locator(".mail.shown .text").inner_text().strip() == "Plain ada@example.com"
    pane(shown, "headers")
    assert "RCPT TO:<ada@example.com>" in shown.locator(".mail.shown .headers").inner_text()


def test_another_mail_by_mouse_and_by_key(shown: Page) -> None:
    shown.click(".entry >> nth=1")
    assert shown.frame_locator(".mail.shown .light iframe").locator("p").inner_text() == "Rich grace@example.com"
    shown.keyboard.press("k")
    assert shown.frame_locator(".mail.shown .light iframe").locator("p").inner_text() == "Rich ada@example.com"


def test_no_script_of_a_mail_runs(shown: Page) -> None:
    assert shown.frame_locator(".mail.shown .light iframe").locator("body").inner_text() != "ran"
