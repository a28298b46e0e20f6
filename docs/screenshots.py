"""Draw the pictures of the README: the example as a mail in light and dark, the pages of `demo` and `preview`.

`make screenshots`. Needs Debian's chromium. Sends the example with `newsletter demo`'s own job, so the pictures show
mails that really went over the wire; nothing is fetched.
"""

from __future__ import annotations

import html
import io
import signal
import string
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import sync_playwright

from newsletter_cli.delivery.seams import Stop
from newsletter_cli.jobs.demo import demo
from newsletter_cli.message.parts import opened
from newsletter_cli.times import SystemClock
from newsletter_cli.web.inbox import in_one_piece
from newsletter_cli.web.preview import Scheme

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PICTURES = Path(__file__).parent / "pictures"
CHROMIUM = "/usr/bin/chromium"

DESK = string.Template("""<!doctype html><meta charset="utf-8"><style>
  html { color-scheme: light dark; }
  body { margin: 0; padding: 48px; display: flex; gap: 48px; justify-content: center; background: #dfe6ea; }
  div { height: 1000px; overflow: hidden; box-shadow: 0 12px 40px #0003, 0 0 0 1px #0001; background: #fff; }
  .desktop { width: 700px; border-radius: 10px; }
  .phone { width: 375px; margin-top: -8px; border-radius: 32px; border: 8px solid #1d2733; }
  iframe { width: 100%; height: 100%; border: 0; color-scheme: light dark; }
  @media (prefers-color-scheme: dark) {
    body { background: #0c1116; }
    div { background: #111; box-shadow: 0 0 0 1px #fff2; }
  }
</style>
<div class="desktop"><iframe scrolling="no" srcdoc="$mail"></iframe></div>
<div class="phone"><iframe scrolling="no" srcdoc="$mail"></iframe></div>""")


def main() -> None:
    """Draw them all."""
    with tempfile.TemporaryDirectory() as place:
        done = demo(Path(place), clock=SystemClock(), stop=Stop())
        mail = opened(done.mails[0].read_bytes())
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            for scheme in (Scheme.LIGHT, Scheme.DARK):
                desk = DESK.substitute(mail=html.escape(in_one_piece(mail, scheme)))
                _draw(browser, desk, scheme, PICTURES / f"example-{scheme}.png", width=1240, height=1096)
            inbox = done.page.read_text(encoding="utf-8")
            _draw(browser, inbox, Scheme.LIGHT, PICTURES / "inbox.png", width=1280, height=860)
            _draw_preview(browser, done.post, PICTURES / "preview.png")
            browser.close()


def _draw_preview(browser: Browser, post: Path, target: Path) -> None:
    """The page of `newsletter preview`, as it opens."""
    command = [sys.executable, "-m", "newsletter_cli", "preview", str(post), "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own program
        assert server.stdout is not None  # asked for
        address = server.stdout.readline().rpartition(" ")[2].strip()
        page = browser.new_page(viewport={"width": 1440, "height": 960}, device_scale_factor=1.25)
        page.goto(address)
        page.wait_for_timeout(1500)  # frames lay out after load
        _save(page, target)
        server.send_signal(signal.SIGINT)


def _draw(browser: Browser, page_html: str, scheme: Scheme, target: Path, *, width: int, height: int) -> None:
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme is Scheme.DARK else "light",
        device_scale_factor=1.25,
    )
    page.set_content(page_html, wait_until="load")
    page.wait_for_timeout(300)  # frames lay out after load
    _save(page, target)


def _save(page: Page, target: Path) -> None:
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(target, optimize=True)
    page.close()
    print(f"{target}: {target.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
