"""Posts, publications and people that a post points to: a card with title, words, author, picture and link."""

from __future__ import annotations

import re
from typing import Any

from newsletter_cli.rendering.embeds.widget import Built, Card, Inside, Out, Widget, link_card, shortened

_SPACES = re.compile(r"[ \t]+")
_TRAILING_LINK = re.compile(r"(?:\s*https://t\.co/\w+)+\s*\Z")
_DOTS = " · "


def post(widget: Widget) -> Built:
    """Another post: as a card of the platform (`embedded-post`) or of a digest."""
    url = widget.url("url", "canonical_url") or widget.link()
    title = widget.said("title") or widget.of_class("embedded-post-title")
    if not url or not title:
        return unknown(widget)
    text = widget.said("truncated_body_text", "caption", "subtitle") or widget.of_class("embedded-post-body")
    names = _names(widget.every("bylines") or widget.every("publishedBylines"))
    meta = _DOTS.join(filter(None, (widget.day("date", "post_date"), names)))
    return Card(
        partial="post",
        values={
            "url": url,
            "label": widget.said("publication_name") or widget.of_class("embedded-post-publication-name"),
            "logo": widget.url("publication_logo_url"),
            "title": title,
            "text": shortened(text, 700),  # the platform has cut it to some 500 already
            "meta": meta or widget.of_class("embedded-post-meta"),
            "image": widget.url("cover_image"),
            "more": widget.said("cta") or widget.of_class("embedded-post-cta") or widget.context.words["read_more"],
        },
    )


def _names(people: list[dict[str, Any]]) -> str:
    names = [str(person["name"]) for person in people if isinstance(person.get("name"), str)]
    if len(names) > 3:
        names = [*names[:2], "…"]
    return ", ".join(names)


def publication(widget: Widget) -> Built:
    """Another newsletter."""
    url = widget.url("base_url", "url") or widget.link()
    title = widget.said("name", "title") or widget.of_class("embedded-publication-name")
    if not url or not title:
        return unknown(widget)
    return link_card(
        url,
        title,
        by=widget.said("author_name"),
        text=shortened(widget.said("hero_text", "description"), 240),
        image=widget.url("logo_url"),
    )


def comment(widget: Widget) -> Built:
    """A comment or a note of a reader."""
    url = widget.url("url") or widget.link()
    text = widget.said("comment.body", "body", "text") or widget.of_class("comment-body")
    name = widget.said("comment.name", "name", "user_name") or widget.of_class("comment-author")
    if not (text or url):
        return unknown(widget)
    return Card(
        partial="comment",
        values={
            "url": url,
            "name": name,
            "text": lines(text),
            "date": widget.day("comment.date", "date"),
            "avatar": widget.url("comment.photo_url", "photo_url"),
            "more": widget.context.words["read_more"] if url else "",
        },
    )


def tweet(widget: Widget) -> Built:
    """A post of X, Twitter or Bluesky: author, words, pictures, what it quotes and links to."""
    url = widget.url("url") or widget.link(r"https?://(?:\w+\.)?(?:twitter|x)\.com/") or widget.link()
    handle = widget.said("username", "authorHandle") or widget.of_class("tweet-author-handle").lstrip("@")
    if not url and (found := widget.said("postId")) and handle:
        url = f"https://bsky.app/profile/{handle}/post/{found.rpartition('/')[2]}"
    text = widget.said("full_text", "text") or widget.of_class("tweet-text")
    name = widget.said("name", "authorName") or widget.of_class("tweet-author-name") or handle
    if not (url or text):
        return unknown(widget)
    photos = [photo for entry in widget.every("photos") if (photo := _photo(entry))]
    photos = photos or [{"src": src, "alt": ""} for src in _urls(widget.data.get("imageUrls"))]
    quoted, linked = _quoted(widget), _linked(widget)
    day = widget.day("date", "createdAt") or widget.of_class("tweet-date")
    return Card(
        partial="tweet",
        values={
            "url": url,
            "name": name,
            "handle": handle,
            "avatar": widget.url("profile_image_url", "authorAvatarUrl") or _avatar(widget),
            # The address of what is shown below anyway.
            "text": lines(_TRAILING_LINK.sub("", text) if photos or quoted or linked else text),
            "photos": photos,
            "quoted": quoted,
            "link": linked,
            "day": day,
            "place": "Bluesky" if "bluesky" in widget.name.lower() else "X",
        },
    )


def _avatar(widget: Widget) -> str:
    found = widget.find("tweet-header-avatar")
    said = found.get("src", "") if found is not None else ""
    return said if said.startswith("https://") else ""


def _photo(entry: dict[str, Any]) -> dict[str, str] | None:
    for key in ("img_url", "url", "src"):
        src = entry.get(key)
        if isinstance(src, str) and src.startswith(("https://", "http://")):
            alt = entry.get("alt_text")
            return {"src": src, "alt": alt if isinstance(alt, str) else ""}
    return None


def _urls(value: Any) -> list[str]:
    return (
        [entry for entry in value if isinstance(entry, str) and entry.startswith("https://")]
        if isinstance(value, list)
        else []
    )


def _quoted(widget: Widget) -> dict[str, Any] | None:
    text = widget.said("quoted_tweet.full_text")
    handle = widget.said("quoted_tweet.username")
    if not text:
        found = widget.find("quote-tweet")
        if found is None:
            return None
        inner = Widget(element=found, name="", data={}, context=widget.context)
        text, handle = (
            inner.of_class("tweet-text", "quote-tweet-text"),
            inner.of_class("tweet-author-handle").lstrip("@"),
        )
        name = inner.of_class("tweet-author-name")
    else:
        name = widget.said("quoted_tweet.name")
    return {"name": name or handle, "handle": handle, "text": lines(text)} if text else None


def _linked(widget: Widget) -> dict[str, str] | None:
    url = widget.url("expanded_url.url")
    if not url:
        return None
    return {
        "url": url,
        "title": widget.said("expanded_url.title") or url,
        "text": shortened(widget.said("expanded_url.description"), 160),
        "domain": widget.said("expanded_url.domain"),
        "image": widget.url("expanded_url.image"),
    }


def mention(widget: Widget) -> Built:
    """A person or a publication named in the text: inline, a link where there is one."""
    name = widget.said("name") or widget.of_class("mention-name")
    if not name:
        return Inside()
    return Card(partial="mention", values={"name": name, "url": widget.url("url", "base_url")})


def cashtag(widget: Widget) -> Built:
    """A share's symbol: inline."""
    name = widget.said("symbol")
    return Card(partial="mention", values={"name": name, "url": ""}) if name else Inside()


def installment(widget: Widget) -> Built:
    """One part of a series, or any card that names a title and a place to go."""
    title = widget.said("title", "name", "headline", "heading", "pub.name")
    url = widget.url("url", "canonical_url", "base_url", "href", "link", "embed_url", "targetUrl") or widget.link()
    if not (title and url):
        return unknown(widget)
    return link_card(
        url,
        title,
        by=widget.said("author", "author_name", "publication_name", "byline", "pub.author_name"),
        text=shortened(widget.said("description", "subtitle", "caption", "text", "body"), 240),
        image=widget.url("thumbnail_url", "cover_image", "image", "imageUrl", "logo_url"),
    )


def unknown(widget: Widget) -> Built:
    """A widget that is not known here: its content, else a link, else the post's page; never nothing in silence."""
    name = widget.name
    if (
        any(True for _ in widget.element.iter("img"))
        or "".join(str(part) for part in widget.element.itertext()).strip()
    ):
        return Inside(f"the widget {name} is not known; what stands inside it is shown")
    title = widget.said("title", "name", "headline", "text")
    url = widget.url("url", "canonical_url", "base_url", "href", "link", "src", "embed_url") or widget.link()
    if url:
        return link_card(url, title or url, note=f"the widget {name} is not known; it became a link")
    if widget.context.web_url:
        title = title or widget.context.words["read_on_web"]
        return link_card(widget.context.web_url, title, note=f"the widget {name} is empty; it leads to the post's page")
    return Out(f"the widget {name} holds nothing that a mail could show; it was left out")


def lines(text: str) -> list[list[str]]:
    """Paragraphs, each of lines."""
    blocks = re.split(r"\n[ \t]*\n+", text.strip())
    return [[_SPACES.sub(" ", line).strip() for line in block.split("\n")] for block in blocks if block.strip()]
