"""Blocks of a post's own: buttons, quotes, galleries, files, polls, formulas, recipes, charts, code."""

from __future__ import annotations

import re
from html import unescape
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from newsletter_cli.rendering.embeds import latex
from newsletter_cli.rendering.embeds.posts import unknown
from newsletter_cli.rendering.embeds.widget import Built, Card, Inside, Out, Widget, link_card
from newsletter_cli.rendering.nodes import classes, inner_html, text_of

_PLACEHOLDER = re.compile(r"%%\w+%%")  # Substack: %%checkout_url%% and the like
_GIST = re.compile(
    r"""href=["'](https://gist\.github\.com/[\w.-]+/[0-9a-f]+(?:#[\w.-]+)?)["'][^<>]*>([^<>]{1,100})</a>"""
)
_SHARE = re.compile(r"[?&]action=share\b|/share\b|utm_content=share")


def button(widget: Widget) -> Built:
    """A link that the author made a button; share buttons go, since a mail is shared by forwarding it."""
    link = widget.element if widget.element.tag == "a" else next(widget.element.iter("a"), None)
    url = widget.url("url") or (link.get("href", "") if link is not None else "")
    text = widget.said("text") or text_of(widget.element)
    if not url or not text:
        return Inside() if text else Out()
    if _PLACEHOLDER.search(url):
        return Out(
            f"the button {text!r} was left out: the platform that the post comes from would have filled its address"
        )
    if _SHARE.search(url):
        return Out("a share button was left out: a mail is shared by forwarding it")
    return Card(partial="button", values={"url": url, "text": text, "preamble": ""})


def captioned_button(widget: Widget) -> Built:
    """A button with words above it."""
    built = button(_of_inner_button(widget))
    if not isinstance(built, Card):
        return built
    return Card(partial="button", values={**built.values, "preamble": widget.of_class("preamble")})


def _of_inner_button(widget: Widget) -> Widget:
    inner = widget.find("button")
    return (
        widget
        if widget.said("text") or inner is None
        else Widget(element=inner, name=widget.name, data=widget.data, context=widget.context)
    )


def subscribe(widget: Widget) -> Built:
    """The form that asks for an address: who reads the mail has given it."""
    del widget
    return Out("a subscribe form was left out: its readers are subscribed")


def share(widget: Widget) -> Built:
    """A share widget."""
    del widget
    return Out("a share widget was left out: a mail is shared by forwarding it")


def interface(widget: Widget) -> Built:
    """What belonged to the page around the post: icons, loaders."""
    del widget
    return Out()


def app(widget: Widget) -> Built:
    """What works in the platform's own app: prompts to install it, buttons for a direct message."""
    return Out(f"{widget.name} was left out: it works in the app of the platform that the post comes from")


def comments(widget: Widget) -> Built:
    """The button under a post that leads to its comments."""
    url = widget.url("url") or widget.link() or widget.context.web_url
    if not url:
        return Out("a comment button without an address was left out")
    text = widget.said("text") or text_of(widget.element) or widget.context.words["comment"]
    return Card(partial="button", values={"url": url, "text": text, "preamble": ""})


def pull_quote(widget: Widget) -> Built:
    """A sentence set large."""
    return Card(partial="quote", values={"content": Markup(inner_html(widget.element))})  # noqa: S704 - the clean tree


def callout(widget: Widget) -> Built:
    """A box around some paragraphs."""
    return Card(partial="callout", values={"content": Markup(inner_html(widget.element))})  # noqa: S704 - the clean tree


def gallery(widget: Widget) -> Built:
    """Several pictures: in pairs, as a mail can lay them out."""
    data = widget.data.get("gallery")
    own: dict[str, Any] = data if isinstance(data, dict) else {}
    alt = own.get("alt") if isinstance(own.get("alt"), str) else ""
    entries = own.get("images") if isinstance(own.get("images"), list) else []
    pictures = [
        {"src": entry["src"], "alt": alt}
        for entry in entries or []
        if isinstance(entry, dict) and isinstance(entry.get("src"), str)
    ]
    if not pictures:
        pictures = [
            {"src": src, "alt": image.get("alt", "")}
            for image in widget.element.iter("img")
            if (src := image.get("src", "")) and not src.startswith("data:")
        ]
    if not pictures:
        return unknown(widget)
    for before, picture in pairwise(pictures):
        picture["again"] = picture["alt"] == before["alt"]
    caption = own.get("caption") if isinstance(own.get("caption"), str) else ""
    caption = caption or widget.of_class("image-gallery-caption") or _loose_text(widget)
    return Card(partial="gallery", values={"pictures": pictures, "caption": caption})


def _loose_text(widget: Widget) -> str:
    return text_of(widget.element)


def image(widget: Widget) -> Built:
    """A picture in the frames of the platform: they go, the figure or the picture stays."""
    for element in list(widget.element.iter("*")):
        if classes(element) & {"image-link-expand", "icon-container"} and (parent := element.getparent()) is not None:
            parent.remove(element)
    return Inside()


def file(widget: Widget) -> Built:
    """A file to download; an export may have lost its address."""
    url = widget.url("url") or widget.link()
    name = widget.said("filename", "title", "name") or widget.of_class("file-embed-details-h1")
    if not (url or name):
        return unknown(widget)
    words = widget.context.words
    values = {
        "url": url or widget.context.web_url,
        "name": name or url.rpartition("/")[2],
        "size": widget.of_class("file-embed-details-h2"),
        "text": widget.said("description"),
        "more": words["download"] if url else words["read_on_web"],
    }
    note = "" if url else f"the file {name} has no address; its card leads to the web page of the post"
    return Card(partial="file", values=values, note=note)


def poll(widget: Widget) -> Built:
    """A poll: its question where the data tell it, and the page where the vote is cast."""
    url = widget.url("url") or widget.context.web_url
    question = widget.said("question", "poll.question", "title") or widget.of_class("poll-question")
    options = [
        text for entry in widget.every("options") if isinstance(text := entry.get("label", entry.get("text")), str)
    ]
    if not url and not question:
        return Out(
            "a poll was left out: its question stands on the web page of the post alone; post_url would link there"
        )
    values = {"url": url, "question": question, "options": options, "more": widget.context.words["vote"]}
    return Card(partial="poll", values=values, note="the poll is answered on the web page of the post")


def formula(widget: Widget) -> Built:
    """LaTeX as text with Unicode's signs; its source where that is not enough."""
    source = widget.said("persistentExpression", "expression", "latex") or text_of(widget.element)
    if not source:
        return unknown(widget)
    text, whole = latex.to_text(source)
    note = "" if whole else "a formula is shown as its LaTeX source"
    return Card(partial="formula", values={"text": text, "source": source, "whole": whole}, note=note)


def recipe(widget: Widget) -> Built:
    """A recipe: title, what goes in, what to do."""
    title = widget.said("title", "name")
    ingredients = _texts(widget.data.get("ingredients"))
    steps = _texts(widget.data.get("instructions") or widget.data.get("steps"))
    if not (ingredients or steps):
        return unknown(widget)
    values = {
        "title": title,
        "text": widget.said("description"),
        "image": widget.url("image_url", "image", "imageUrl"),
        "ingredients": ingredients,
        "steps": steps,
    }
    return Card(partial="recipe", values=values)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [line.strip() for line in value.split("\n") if line.strip()]
    texts = []
    for entry in value if isinstance(value, list) else []:
        said = entry.get("text") or entry.get("name") if isinstance(entry, dict) else entry
        if isinstance(said, str) and said.strip():
            texts.append(said.strip())
    return texts


def chart(widget: Widget) -> Built:
    """A chart or a page in a frame: its picture, and a link to the living one."""
    url = widget.url("url", "src") or widget.link()
    if not url:
        return unknown(widget)
    values = {
        "url": url,
        "title": widget.said("title") or widget.of_class("title"),
        "image": widget.url("thumbnail_url_full", "thumbnail_url"),
        "more": widget.context.words["open_on"].format(place=re.sub(r"^https?://(?:www\.)?([^/]+).*$", r"\1", url)),
    }
    return Card(partial="chart", values=values)


def source(widget: Widget) -> Built:
    """A page of code elsewhere, such as a gist, whose data are the HTML that the page shows."""
    url = widget.url("url") or widget.link()
    name = ""
    if not url and (found := _GIST.search(widget.said("innerHTML"))):
        url, name = found[1], unescape(found[2]).strip()
    return link_card(url, name or url) if url else unknown(widget)


def plain(widget: Widget) -> Built:
    """A wrapper that says nothing a mail needs: its content stays."""
    del widget
    return Inside()


def code(widget: Widget) -> Built:
    """A block of code or verse in the platform's frame, with the line that its editor put above it."""
    for child in list(widget.element):
        if text_of(child).startswith("Text within this block will maintain its original spacing"):
            widget.element.remove(child)
    return Inside()
