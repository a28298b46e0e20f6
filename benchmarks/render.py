"""How long a post takes from Markdown to inlined mail, beside Python-Markdown's extras and premailer as they come.

    python benchmarks/render.py [FOLDER]    default: the corpus's posts beside the checkout

Prints the CPU time of a warm rendering of each post, the same for the plain libraries, and the ratio; then medians.
The plain libraries give no widgets, text part, images or dark mode: they are here for scale.
"""

from __future__ import annotations

import logging
import statistics
import sys
import time
from pathlib import Path

from newsletter_cli import assets
from newsletter_cli.post.read import read
from newsletter_cli.rendering.model import Site
from newsletter_cli.rendering.render import render

ROUNDS = 5
STYLE = (
    "<style>p { margin: 0 0 16px; line-height: 1.6 } a { color: #a33 } h2 { font-size: 24px } img { border: 0 }</style>"
)


def ours(path: Path, site: Site) -> float:
    post = read(path)
    begun = time.process_time()
    render(post, site)
    return time.process_time() - begun


def plain(path: Path) -> float:
    import markdown
    import premailer

    body = read(path).body
    begun = time.process_time()
    html = markdown.markdown(body, extensions=["extra", "smarty"])
    premailer.transform(
        f"<html><head>{STYLE}</head><body>{html}</body></html>", cssutils_logging_level=logging.CRITICAL
    )
    return time.process_time() - begun


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "shared" / "corpus" / "posts"
    posts = sorted(folder.glob("*.md"))
    if not posts:
        print(f"no posts in {folder}")
        return
    site = Site(name="The Letter", site_url="https://example.com/", template_folders=(assets.templates(),))
    ours(posts[0], site), plain(posts[0])  # the imports, and premailer's caches
    found: list[tuple[float, float]] = []
    for path in posts:
        rounds = [(ours(path, site), plain(path)) for _ in range(ROUNDS)]
        mine, theirs = (statistics.median(column) for column in zip(*rounds, strict=True))
        found.append((mine, theirs))
        size = path.stat().st_size // 1000
        print(f"{mine * 1000:6.0f} ms {theirs * 1000:6.0f} ms  {mine / theirs:4.2f}  {size:3} kB  {path.stem[:50]}")
    mine, theirs = (statistics.median(column) for column in zip(*found, strict=True))
    print(f"{mine * 1000:6.0f} ms {theirs * 1000:6.0f} ms  {mine / theirs:4.2f}  median of {len(found)}")


if __name__ == "__main__":
    main()
