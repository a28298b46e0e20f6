"""Draw the pictures of docs/preview-and-check.md: the preview's page at work on a post with something wrong in it.

`make screenshots`. Needs Debian's chromium; nothing is fetched. The post is the shipped example with three slips.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import sync_playwright

from newsletter_cli import assets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

PICTURES = Path(__file__).parent / "pictures"
CHROMIUM = "/usr/bin/chromium"
SLIPS = (
    ("\n---\n", "\nprevew_text: Six hours at a time\n---\n"),
    ("It\\'s called a *tide table*", "It\\'s called a [*tide table*](http://tides.example.com/)"),
    ("## ", "{{< figure src=tide.svg >}}\n\n## "),
)
READERS = "email,first_name\nada@example.com,Ada\ngrace@example.org,Grace\nmeike@example.net,Meike\n"


def main() -> None:
    """Draw both."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "letter"
        shutil.copytree(assets.examples(), folder)
        (folder / "readers.csv").write_text(READERS, encoding="utf-8")
        post = next((folder / "posts").glob("*.md"))
        post.write_text(slipped(post.read_text(encoding="utf-8")), encoding="utf-8")
        with page_of(folder, post) as page:
            page.keyboard.press("2")
            _save(page, PICTURES / "preview-phone.png")
            page.keyboard.press("3")
            page.keyboard.press("w")
            page.keyboard.press("r")
            _save(page, PICTURES / "preview-dark.png")


def slipped(text: str) -> str:
    """The post with the slips in it."""
    for before, after in SLIPS:
        text = text.replace(before, after, 1)
    return text


@contextmanager
def page_of(folder: Path, post: Path) -> Iterator[Page]:
    """The preview of a post in a browser."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}  # noqa: TID251 - a script
    command = [sys.executable, "-m", "newsletter_cli", "preview", str(post.relative_to(folder)), "--no-open"]
    with (
        subprocess.Popen(  # noqa: S603 - our own program
            [*command, "--list", "readers.csv"],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as server,
        sync_playwright() as playwright,
    ):
        assert server.stdout is not None  # asked for
        address = server.stdout.readline().rpartition(" ")[2].strip()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800}, device_scale_factor=1.25)
        page.goto(address)
        page.wait_for_selector("iframe:not(.coming)")
        yield page
        browser.close()
        server.send_signal(signal.SIGINT)


def _save(page: Page, target: Path) -> None:
    page.wait_for_timeout(700)  # frames lay out after load
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(192).save(target, optimize=True)
    print(f"{target}: {target.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
