"""Markdown to a clean lxml tree: the door of the dialect."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter_cli.rendering import clean

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from newsletter_cli.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A post's body as a tree under one ``<div>``, and what was wrong with it (warnings)."""

    tree: HtmlElement
    problems: tuple[Problem, ...] = ()


_FENCE = re.compile(r"^:{3,}[ \t]*(.*?)[ \t]*:*$")
_PAIR = re.compile(
    r'\.(?P<cls>[\w-]+)|#(?P<id>[^\s}]+)|(?P<key>[\w-]+)=(?:"(?P<quoted>(?:\\.|[^"\\])*)"|(?P<bare>[^\s}]+))'
)
_RENAMED = {"attrs": "data-attrs", "component-name": "data-component"}


def convert(markdown: str, *, file: str, first_line: int = 1) -> Converted:
    """Convert the Markdown of one post; line 1 of it is physical line `first_line` of `file`."""
    from lxml import html
    from markdown import Markdown

    del first_line
    md = Markdown(extensions=["extra", "sane_lists", "smarty"])
    md.ESCAPED_CHARS = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
    text = "\n".join(_fence(line) for line in markdown.split("\n"))
    root = html.document_fromstring(f"<html><body>{md.convert(text)} </body></html>")
    tree = root.find("body")
    assert tree is not None
    tree.tag = "div"
    return Converted(tree=tree, problems=clean.clean(tree, file=file))


def _fence(line: str) -> str:
    match = _FENCE.match(line.strip())
    if not match:
        return line
    if not match[1]:
        return "\n</div>\n"
    pairs = {"class": [] if match[1].startswith("{") else [match[1]]}
    for found in _PAIR.finditer(match[1]) if match[1].startswith("{") else ():
        if found["cls"]:
            pairs["class"].append(found["cls"])
        elif found["id"]:
            pairs["id"] = [found["id"]]
        else:
            value = found["bare"] or re.sub(r"\\(.)", r"\1", found["quoted"] or "")
            pairs[_RENAMED.get(found["key"], found["key"])] = [value]
    attributes = " ".join(f"{key}='{_quoted(' '.join(value))}'" for key, value in pairs.items() if value)
    return f'\n<div markdown="1" {attributes}>\n'


def _quoted(value: str) -> str:
    return value.replace("&", "&amp;").replace("'", "&#39;").replace("<", "&lt;")
