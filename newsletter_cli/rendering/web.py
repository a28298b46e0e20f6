"""A rendering as a page of the web: the mail without its reader.

The unsubscribe link, the line that says why one got it, the link to this very page and the inbox line go; merge fields
take their fallback, or nothing; embedded pictures get addresses. No slot's token is left in what is given (a test
looks), so no page of the web carries anything of a person. Raises nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from newsletter_cli.rendering import merge
from newsletter_cli.rendering.model import UNSUBSCRIBE_URL, Context
from newsletter_cli.rendering.nodes import classes, inner_html, remove, text_of
from newsletter_cli.rendering.words import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.html import HtmlElement

    from newsletter_cli.rendering.model import Rendered, Slot

_CID = re.compile(r"""(?<=["'(])cid:([^"'()<>\s]+)""")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPage:
    """The whole page, and of it the post's own part for a feed. `pictures`: cid -> MIME type and bytes."""

    html: str
    body: str
    pictures: Mapping[str, tuple[str, bytes]]


def for_web(
    rendered: Rendered, *, language: str, pictures_url: str, feed_url: str, links: Mapping[str, str]
) -> WebPage:
    """Make the page. Pictures stand under ``pictures_url/CID``; `links` (text -> URL) close it."""
    from lxml import html

    said = words(language)
    tree = html.document_fromstring(_filled(rendered))
    for comment in [node for node in tree.iter() if not isinstance(node.tag, str)]:
        remove(comment)  # Outlook's conditions
    _without_reader(tree, rendered, said)
    head, body = tree.find("head"), tree.find("body")
    if head is not None:
        head.append(_element('<link rel="icon" href="data:,">'))
        head.append(_element(f'<link rel="alternate" type="application/atom+xml" href="{escape(feed_url)}">'))
    if body is not None and links:
        body.append(_element(_links(links)))
    page = _addressed(str(html.tostring(tree, encoding="unicode", doctype="<!DOCTYPE html>")), pictures_url)
    own = next((element for element in tree.iter("div") if "post-body" in classes(element)), None)
    return WebPage(
        html=page,
        body="" if own is None else _addressed(inner_html(own), pictures_url),
        pictures={image.cid: (image.mime, image.data) for image in rendered.images},
    )


def without_fields(text: str) -> str:
    """A title or subtitle of a post with ``merge: true``: every field as its fallback, or nothing."""
    fields = merge.fields_of("web")
    marked, _ = merge.mark(text, fields, file="", first_line=None)
    said = fields.pattern.sub(lambda found: fields.known[found[2]].fallback or "", marked)
    return " ".join(said.split())


def _filled(rendered: Rendered) -> str:
    """The HTML with every merge field as its fallback. The unsubscribe link keeps its token, to be found by it."""
    page = rendered.html
    for slot in rendered.slots:
        if UNSUBSCRIBE_URL not in slot.names:
            page = page.replace(slot.token, _fallback(slot))
    return page


def _fallback(slot: Slot) -> str:
    said = slot.fallback or ""
    return quote(said, safe="/:?#[]@!$&'()*+,;=%~") if slot.context is Context.HREF else escape(said)


def _without_reader(tree: HtmlElement, rendered: Rendered, said: Mapping[str, str]) -> None:
    """Take out what a mail says to its one reader."""
    tokens = [slot.token for slot in rendered.slots if UNSUBSCRIBE_URL in slot.names]
    for element in list(tree.iter("a", "div", "p")):
        shown = text_of(element)
        if element.tag == "a":
            leads = element.get("href", "")
            if any(token in leads for token in tokens) or (shown == said["view_online"] and leads.startswith("http")):
                _remove_with_dot(element)
        elif shown == said["why_you"] or "nl-preheader" in classes(element):
            remove(element)
    for token in tokens:
        _blot_out(tree, token)


def _blot_out(tree: HtmlElement, token: str) -> None:
    """Take a token out of every text and attribute: a template of the user's may show the address anywhere."""
    for element in tree.iter():
        element.text = (element.text or "").replace(token, "") or None
        element.tail = (element.tail or "").replace(token, "") or None
        for name, value in list(element.attrib.items()):
            if token in str(value):
                element.set(str(name), str(value).replace(token, ""))


def _remove_with_dot(link: HtmlElement) -> None:
    """Take out a link of the footer, the dot beside it, and their paragraph where nothing else stands in it."""
    parent = link.getparent()
    dot = link.getnext()
    if dot is None or "nl-dot" not in classes(dot):
        dot = link.getprevious()
    remove(link)
    if dot is not None and "nl-dot" in classes(dot):
        remove(dot)
    if parent is not None and parent.tag == "p" and not text_of(parent) and len(parent) == 0:
        remove(parent)


def _links(links: Mapping[str, str]) -> str:
    said = " · ".join(
        f'<a href="{escape(url)}" style="color: inherit">{escape(text)}</a>' for text, url in links.items()
    )
    style = "margin: 0 auto; padding: 0 24px 32px; max-width: 600px; color: #77726b; font: 14px/1.5 sans-serif"
    return f'<p class="nl-web-links" style="{style}">{said}</p>'


def _addressed(page: str, pictures_url: str) -> str:
    return _CID.sub(lambda found: f"{escape(pictures_url)}/{quote(found[1], safe='@')}", page)


def _element(text: str) -> HtmlElement:
    from lxml import html

    made: HtmlElement = html.fragment_fromstring(text)
    return made
