"""What stands in a post, taken apart for `check`: its links, its pictures, what readers would see that was not meant.

The same steps as a rendering, up to where links are whole; the template adds nothing here. `leftovers` are the marks of
other programs (shortcodes, Liquid, wiki links) that are visible outside code: nothing runs them here, so readers would
see them. Reads the templates of the cards; opens no connection; raises Refused where the Markdown cannot be converted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from newsletter_cli.problems import Problem, Severity
from newsletter_cli.rendering import hollow, links, outline, page, paywall, words
from newsletter_cli.rendering.embeds.widget import Context
from newsletter_cli.rendering.nodes import classes, line_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

    from newsletter_cli.post.model import Post
    from newsletter_cli.rendering.model import Site


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the mail: where it leads, what is clicked on, the line. `own`: the author's, and no card's."""

    url: str
    text: str
    line: int | None
    own: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture that the mail fetches from the web."""

    url: str
    line: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Anatomy:
    """All of it, in the order of the post. `problems` are notes on client support and what is visible by mistake."""

    links: tuple[Link, ...]
    pictures: tuple[Picture, ...]
    problems: tuple[Problem, ...]


# What other programs would run or hide; each with what it is called. A sign counts outside code alone.
_LEFTOVERS = (
    (re.compile(r"\{\{\s*[<%].{0,80}?[>%]\s*\}\}|\{\{\s*[<%].{0,60}|\{\{\s*\}\}"), "a shortcode"),
    (re.compile(r"(?<!\{)\{%.{0,80}?%\}|(?<!\{)\{%.{0,60}"), "a Liquid or Jinja tag"),
    (re.compile(r"!\[\[.{0,60}"), "an embedded note"),
    (re.compile(r"(?<![!\[])\[\[[^\[\]]{1,60}\]\]"), "a wiki link"),
    (re.compile(r"(?:\A|\n)\s*\[!(?:NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]", re.IGNORECASE), "the mark of an alert box"),
    (re.compile(r"(?:\A|\n)\s*\[TOC\]\s*(?:\Z|\n)", re.IGNORECASE), "the mark of a table of contents"),
    (re.compile(r"\{:[^{}]{0,60}\}"), "an attribute list of kramdown"),
    (re.compile(r"(?:\A|\n)\s*:{3,}.{0,60}"), "a fence of a div"),
)
_CODE = frozenset({"code", "pre", "kbd", "samp", "tt"})
_SHOWN = 60


def anatomy(post: Post, site: Site) -> Anatomy:
    """Take a post apart."""
    from newsletter_cli.rendering import embeds
    from newsletter_cli.rendering.dialect.convert import convert
    from newsletter_cli.rendering.support import findings

    file = str(post.path)
    tree = convert(post.body, file=file, first_line=post.body_line).tree
    problems = [*findings.of_post(tree, file=file), *_leftovers(tree, file)]
    paywall.open_up(tree)
    outline.own_classes(tree)
    templates, _ = page.templates_of(site.template, site.template_folders)
    language = post.meta.language or site.language
    web_url = site.post_url.replace("{slug}", quote(post.slug, safe=""))
    context = Context(web_url=web_url, language=language, words=words.words(language))
    hollow_before = {link for link in tree.iter("a") if not text_of(link)}
    embeds.build(tree, templates, context, file=file)
    hollow.fill(tree, file=file)
    links.absolute(tree, base=site.site_url or web_url, file=file)
    return Anatomy(
        links=tuple(_links(tree, shown_by_address=hollow_before)),
        pictures=tuple(_pictures(tree)),
        problems=tuple(problems),
    )


def _links(tree: etree._Element, *, shown_by_address: set[etree._Element]) -> Iterator[Link]:
    for link in tree.iter("a"):
        target = link.get("href", "")
        if not target:
            continue
        around = (link, *link.iterancestors())
        own = link not in shown_by_address and not any(
            name.startswith("nl-") for one in around for name in classes(one)
        )
        text = text_of(link) or " ".join(image.get("alt", "") for image in link.iter("img")).strip()
        yield Link(target, text, line_of(link), own)


def _pictures(tree: etree._Element) -> Iterator[Picture]:
    for image in tree.iter("img"):
        source = image.get("src", "")
        source = f"https:{source}" if source.startswith("//") else source
        if source.lower().startswith(("http://", "https://")):
            yield Picture(source, line_of(image))


def _leftovers(tree: etree._Element, file: str) -> Iterator[Problem]:
    for element, text in _texts(tree):
        for pattern, name in _LEFTOVERS:
            match = pattern.search(text)
            if match is None:
                continue
            shown = " ".join(match[0].split())
            shown = f"{shown[:_SHOWN]}…" if len(shown) > _SHOWN else shown
            yield Problem(
                text=f"readers will see {shown!r}, {name}: nothing runs it here",
                file=file,
                line=line_of(element),
                hint="write what it stands for, or put it in backticks if it is meant to be seen",
                severity=Severity.WARNING,
                code="leftover",
            )


def _texts(tree: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    """Each block's own text outside code, with the element that has its line. A block in a block counts for itself."""
    blocks = ("p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "td", "th", "dt", "dd", "figcaption", "blockquote", "div")
    for block in tree.iter(*blocks):
        said: list[str] = []
        _collect(block, said, frozenset(blocks))
        yield block, "".join(said)


def _collect(element: etree._Element, said: list[str], blocks: frozenset[str]) -> None:
    """The text of an element without code and without the blocks in it. Walks a list, not the stack: trees are deep."""
    waiting: list[etree._Element | str] = [element]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            said.append(one)
            continue
        inside = one is element or (isinstance(one.tag, str) and one.tag not in _CODE and one.tag not in blocks)
        rest: list[etree._Element | str] = []
        if inside:
            rest.append(one.text or "")
            for child in one:
                rest += [child, child.tail or ""]
        elif one.tag == "br":
            rest.append("\n")
        waiting += reversed(rest)
