"""Mails in a real browser: nothing is wider than a phone, everything can be read in light and dark, nothing is loaded.

Chromium stands for the clients that show CSS as it is written; what others leave out is looked at in the page itself.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageChops, ImageStat

from newsletter_cli.post.model import Meta, Post
from newsletter_cli.post.read import read
from newsletter_cli.rendering.model import Site, Version
from newsletter_cli.rendering.render import render

if TYPE_CHECKING:
    from newsletter_cli.rendering.model import Rendered

ROOT = Path(__file__).parents[3]
SITE = Site(
    name="The Letter",
    site_url="https://example.com/",
    post_url="https://example.com/p/{slug}",
    upgrade_url="https://example.com/up",
    postal_address="1 Main St, 12345 Town",
    template_folders=(ROOT / "templates",),
)
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3
NASTY = f"""
{LONG} and `{LONG}` and [https://e.org/{LONG}](https://e.org/{LONG}) and <https://e.org/{LONG}>

## {LONG}

| {" | ".join(f"Column {n}" for n in range(14))} |
|{"---|" * 14}
| {" | ".join(["cell " * 3] * 14)} |
| {LONG} |{" x |" * 13}

    {LONG} {LONG}

```python
def f({LONG}): return "{LONG}"
```

> > > > {LONG}

- a
    - b
        - c
            - d {LONG}

![A picture](https://e.org/x_4000x3000.png)

<img src="https://e.org/y.png" width="2000" height="100" alt="A wide picture">

<p style="width: 3000px">wide</p>

[Button {LONG}](https://e.org/){{.button}}

"""
pytestmark = pytest.mark.browser


def a_post(body: str, **meta: Any) -> Post:
    digest = hashlib.sha256(body.encode()).hexdigest()
    keys = {"title": f"A title with {LONG}", "subtitle": f"A subtitle with {LONG}"} | meta
    return Post(path=Path("/x/a.md"), source=b"", meta=Meta(**keys), body=body, body_line=1, body_hash=digest)


def goldens() -> str:
    return "\n\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests/golden/embeds").glob("*.md")))


def a_picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (1600, 1200), "gray").save(out, "PNG")
    return out.getvalue()


PICTURE = a_picture()


def opened(browser: Any, got: Rendered, *, width: int, dark: bool = False) -> Any:
    """The mail in a window; its pictures are grey, every other request fails the test."""
    html = got.html
    for image in got.images:
        html = html.replace(f"cid:{image.cid}", f"data:{image.mime};base64,{base64.b64encode(image.data).decode()}")
    page = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if dark else "light",
        java_script_enabled=True,
    ).new_page()

    def answer(route: Any) -> None:
        assert route.request.resource_type in {"image", "document"}, route.request.url
        route.fulfill(body=PICTURE, content_type="image/png")

    page.route("http*://**/*", answer)
    page.set_content(html)  # until all is loaded, pictures too
    return page


SAMPLE = """There is a small grey book in every harbour shop, and nobody who buys it ever reads it from the front.
It is called a *tide table*, it costs about as much as a cup of tea, and it will tell you, a year ahead and to the
minute, when the sea is going to be **somewhere else**.[^1] See [the harbour](https://example.com/harbour) and `10:07`.

# What the columns say

- The time is harbour time.
- The height counts from chart datum.
    1. one
    2. two

> The tide table says when the sea will come. It does not say that you will be looking the other way.

```python
for hour in range(6):
    print("rise", hour)  # twelfths
```

| Hour | Rise |
|:-----|-----:|
| 1 | 1/12 |
| 2 | 2/12 |

---

![A boat](https://example.com/boat_1200x500.png)

[^1]: Chart datum is usually the lowest astronomical tide.

"""
SHOWN = (
    "pull_quote",
    "youtube",
    "tweet",
    "digest_post",
    "native_audio",
    "file",
    "button",
    "poll_with_question",
    "formula",
)
SMALL = 3  # pictures are kept at a third: layout and colours, not the drawing of letters
LOOKS = [(width, dark) for width in (680, 390) for dark in (False, True)]


@pytest.mark.parametrize("template", ["classic", "letter"])
@pytest.mark.parametrize(("width", "dark"), LOOKS, ids=["desktop", "desktop-dark", "phone", "phone-dark"])
def test_a_mail_looks_as_it_did(browser: Any, template: str, width: int, dark: bool) -> None:
    """NEWSLETTER_GOLDEN=write in the environment keeps what is seen now; look at the pictures before you commit."""
    cards = [(ROOT / "tests/golden/embeds" / f"{name}.md").read_text(encoding="utf-8") for name in SHOWN]
    post = a_post(SAMPLE + "\n\n".join(cards), title="How to read a tide table", subtitle="And what to do after")
    page = opened(browser, render(post, replace(SITE, template=template)), width=width, dark=dark)
    seen = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    page.context.close()
    seen = seen.resize((seen.width // SMALL, seen.height // SMALL), Image.Resampling.BOX)
    kept = ROOT / "tests" / "golden" / "mails" / f"{template}-{width}-{'dark' if dark else 'light'}.png"
    if os.environ.get("NEWSLETTER_GOLDEN") == "write":
        kept.parent.mkdir(exist_ok=True)
        seen.quantize(64).save(kept, optimize=True)
    wanted = Image.open(kept).convert("RGB")
    # Another version of a font breaks a line elsewhere; a rule that is gone moves and colours far more.
    assert abs(wanted.height - seen.height) < 0.04 * wanted.height
    size = (24, 96)  # patches of some 30 by 40 pixels of the mail
    patches = [image.resize(size, Image.Resampling.BOX) for image in (wanted, seen)]
    apart = ImageStat.Stat(ImageChops.difference(*patches)).mean
    assert max(apart) < 10


@pytest.mark.parametrize("template", ["classic", "letter"])
@pytest.mark.parametrize("width", [320, 900])
@pytest.mark.parametrize("body", [NASTY, goldens()], ids=["nasty", "widgets"])
def test_nothing_is_wider_than_the_window(browser: Any, template: str, width: int, body: str) -> None:
    page = opened(browser, render(a_post(body), replace(SITE, template=template)), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # What may scroll in a box of its own does not make the text around it wider.
    assert (
        page.evaluate("Math.max(...[...document.querySelectorAll('.post-body > p')].map(p => p.offsetWidth))") <= width
    )
    page.context.close()


@pytest.mark.parametrize("language", ["ar", "he", "ja"])
def test_other_directions_fit_a_phone_too(browser: Any, language: str) -> None:
    page = opened(browser, render(a_post(NASTY, language=language), SITE), width=360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.context.close()


# Every text that is seen, with the contrast to what lies behind it (WCAG 2.2).
_UNREADABLE = """() => {
  const light = c => { const v = c.slice(0, 3).map(x => x / 255)
      .map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2] };
  const parts = text => (text.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const ground = at => { for (; at; at = at.parentElement) {
      const c = parts(getComputedStyle(at).backgroundColor);
      if (c.length < 4 || c[3] > 0.5) return c } return [255, 255, 255] };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const at = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !at.getClientRects().length || at.closest('.nl-video-cell')) continue;
    const a = light(parts(getComputedStyle(at).color)), b = light(ground(at));
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) bad.push([walker.currentNode.data.trim().slice(0, 40), at.className, contrast]);
  }
  return bad;
}"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("template", ["classic", "letter"])
def test_every_text_can_be_read(browser: Any, template: str, dark: bool) -> None:
    code = '\n\n```python\nfor x in range(3):\n    print("a", 1.5)  # comment\n```\n\n'
    wall = "\n\n::: {.paywall-jump}\n:::\n"
    styled = '<p style="color:#000">black</p>\n\n<p style="color:#fff;background-color:#333">white</p>\n\n'
    marked = "[marked, and [a link](https://e.org/)]{.mark}, [keys]{.kbd}\n\n"
    body = NASTY + goldens() + code + styled + marked + wall + "\nmore\n"
    got = render(a_post(body), replace(SITE, template=template), Version.FREE)
    page = opened(browser, got, width=700, dark=dark)
    assert page.evaluate(_UNREADABLE) == []
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(23, 24, 26)" if dark else "rgb(255, 255, 255)")
    page.context.close()


def test_the_preheader_is_not_seen(browser: Any) -> None:
    page = opened(browser, render(a_post("x", preview_text="Only in the inbox"), SITE), width=700)
    assert "Only in the inbox" not in page.inner_text("body")
    page.context.close()


def test_the_text_column_is_of_a_readable_measure(browser: Any) -> None:
    page = opened(browser, render(a_post("word " * 300), SITE), width=1400)
    assert page.evaluate("document.querySelector('.post-body').offsetWidth") == 600
    left = page.evaluate("document.querySelector('.post-body').getBoundingClientRect().left")
    assert left == 400  # in the middle
    page.context.close()


@pytest.mark.corpus
def test_real_posts_fit_a_phone(browser: Any, corpus: Path) -> None:
    for path in sorted((corpus / "posts").glob("*.md")):
        page = opened(browser, render(read(path), SITE), width=360)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path.name
        page.context.close()
