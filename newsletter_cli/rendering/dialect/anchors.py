"""Targets inside the mail: several clients jump to ``<a name>`` only, and some not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from lxml.html import HtmlElement


def name_targets(root: HtmlElement) -> None:
    """Give the target of every link inside the post a name beside its id, in place."""
    targets = {
        href[1:] for link in root.iter("a") if (href := link.get("href") or "").startswith("#") and len(href) > 1
    }
    if not targets:
        return
    targets |= {unquote(target) for target in targets}
    for element in list(root.iter("*")):
        identifier = element.get("id")
        if identifier is None or identifier not in targets:
            continue
        if element.tag == "a":
            element.set("name", identifier)
        elif element.tag not in {"img", "hr", "br", "table", "tbody", "thead", "tr", "ul", "ol", "dl"}:
            anchor = element.makeelement("a", {"name": identifier})
            anchor.tail, element.text = element.text, None
            element.insert(0, anchor)
        else:
            anchor = element.makeelement("a", {"name": identifier})
            element.addprevious(anchor)
