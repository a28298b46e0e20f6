"""What mail programs lack of what a post uses, as notes: one a feature, with its lines and the programs.

`of_post` looks at what the author wrote, `of_templates` at templates of the user's own: what a shipped template uses is
left aside, since it is made to read well where that is missing. Notes alone: most readers see the mail as meant. Raises
nothing; reads the template files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter_cli.problems import Problem, Severity
from newsletter_cli.rendering.support import styles, uses
from newsletter_cli.rendering.support.table import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from lxml import etree

CODE = "client-support"
_LINES_NAMED = 8
# Where caniemail's title says less than a person needs.
_TITLES = {
    "css-sytem-ui": "the font system-ui and its like",
    "html-anchor-links": "jumping to a place in the mail",
    "html-semantics": "HTML5 elements like <section> and <mark>",
    "image-avif": "AVIF pictures",
    "image-svg": "SVG pictures",
    "image-webp": "WebP pictures",
}
_STYLE_BLOCK = re.compile(r"<style\b[^>]*>(.*?)</style>", re.IGNORECASE | re.DOTALL)
_STYLE_ATTRIBUTE = re.compile(r"""\bstyle\s*=\s*(["'])(.*?)\1""", re.IGNORECASE | re.DOTALL)


def of_post(tree: etree._Element, *, file: str) -> list[Problem]:
    """Notes on the author's own HTML and styles. `tree` is the converted post."""
    found: dict[str, list[int | None]] = {}
    for use in uses.uses(tree):
        found.setdefault(use.slug, []).append(use.line)
    return [*_notes(found, file), *_left_out(tree, file)]


def of_templates(folder: Path, shipped: Path) -> list[Problem]:
    """Notes on the files of the user's `templates` folder, for what no shipped template uses."""
    known = {slug for path in _files(shipped) for slug, _ in _in_file(path)}
    notes: list[Problem] = []
    for path in _files(folder):
        found: dict[str, list[int | None]] = {}
        for slug, line in _in_file(path):
            if slug not in known:
                found.setdefault(slug, []).append(line)
        notes += _notes(found, str(path))
    return notes


def _notes(found: dict[str, list[int | None]], file: str) -> Iterator[Problem]:
    figures = table()
    for slug, places in found.items():
        lacking = figures.lacking(slug)
        if not lacking:
            continue
        feature = figures.features[slug]
        lines = sorted({line for line in places if line is not None})
        yield Problem(
            text=f"{_TITLES.get(slug, feature.title)}: lacking in {lacking}",
            file=file,
            line=lines[0] if lines else None,
            hint="; ".join(filter(None, (_also(lines[1:]), f"caniemail tested it on {feature.tested}"))),
            severity=Severity.NOTE,
            code=CODE,
        )


def _left_out(tree: etree._Element, file: str) -> Iterator[Problem]:
    found: dict[str, tuple[str, list[int]]] = {}
    for one in uses.left_out(tree):
        found.setdefault(one.declaration, (one.slug, []))[1].append(one.line or 0)
    for declaration, (slug, places) in found.items():
        lacking = table().lacking(slug)
        because = f"; it is lacking in {lacking}" if lacking else ""
        lines = sorted({line for line in places if line})
        yield Problem(
            text=f"the style {declaration} is left out of the mail{because}",
            file=file,
            line=lines[0] if lines else None,
            hint=_also(lines[1:]),
            severity=Severity.NOTE,
            code="style-left-out",
        )


def _also(lines: Iterable[int]) -> str:
    named = list(lines)
    if not named:
        return ""
    more = f" and {len(named) - _LINES_NAMED} more" if len(named) > _LINES_NAMED else ""
    return f"also on line{'s' if len(named) > 1 else ''} {', '.join(map(str, named[:_LINES_NAMED]))}{more}"


def _files(folder: Path) -> list[Path]:
    """The files of mail templates, in path order."""
    return sorted(path for path in (folder / "email").rglob("*") if path.suffix in {".css", ".html"} and path.is_file())


def _in_file(path: Path) -> Iterator[tuple[str, int]]:
    """(slug, line) for the CSS of a template file."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return  # the rendering names it
    if path.suffix == ".css":
        yield from styles.of_sheet(text)
        return
    for block in _STYLE_BLOCK.finditer(text):
        before = text.count("\n", 0, block.start(1))
        yield from ((slug, before + line) for slug, line in styles.of_sheet(block[1]))
    for attribute in _STYLE_ATTRIBUTE.finditer(text):
        line = text.count("\n", 0, attribute.start()) + 1
        yield from ((slug, line) for slug, _ in styles.declared(attribute[2]))
