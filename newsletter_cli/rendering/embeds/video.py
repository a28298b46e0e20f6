"""Moving pictures and sound: a mail plays neither, so each is a picture with a play mark, or a card, and a link."""

from __future__ import annotations

import re
from dataclasses import replace

from newsletter_cli.rendering.embeds.widget import Built, Card, Inside, Out, Widget, duration, link_card, shortened

_YOUTUBE_ID = re.compile(r"[\w-]{11}\Z")
_YOUTUBE_LINK = re.compile(
    r"https?://(?:www\.|m\.)?(?:youtube(?:-nocookie)?\.com/(?:watch\?(?:\S*&)?v=|embed/|shorts/|live/)|youtu\.be/)([\w-]{11})"
)
_VIMEO_ID = re.compile(r"(?:https?://(?:player\.)?vimeo\.com/(?:video/)?)?(\d{5,12})(?:[/?#]\S*)?\Z")
_PLAYERS = re.compile(r"https://(?:open\.(spotify)\.com/embed/|embed\.podcasts\.(apple)\.com/)")
# The player's own texts, which the export took for content.
_LEFT_OVER = re.compile(r"an error occurred|try watching this video|unable to execute javascript|^play$", re.IGNORECASE)


def youtube(widget: Widget) -> Built:
    """A YouTube video: its data is an id, its content at most what the player said when it was exported."""
    found = widget.said("videoId")
    if not _YOUTUBE_ID.match(found):
        found = next((match[1] for link in widget.links() if (match := _YOUTUBE_LINK.match(link))), "")
    if not found:
        found = widget.element.get("id", "").removeprefix("youtube2-")
    if not _YOUTUBE_ID.match(found):
        return no_address(widget, "video")
    start = str(widget.data.get("startTime") or "")
    at = f"&t={start}" if re.fullmatch(r"\d+s?", start) else ""
    return Card(
        partial="video",
        values={
            "url": f"https://www.youtube.com/watch?v={found}{at}",
            # Four by three, the size that every video has; the bars above and below are cut by the frame.
            "thumbnail": f"https://i.ytimg.com/vi/{found}/hqdefault.jpg",
            "place": "YouTube",
            "title": "",
        },
    )


def vimeo(widget: Widget) -> Built:
    """A Vimeo video. Its picture has no address that follows from the id."""
    found = next(
        (
            match[1]
            for said in (widget.said("videoId"), str(widget.data.get("videoId") or ""), *widget.links())
            if (match := _VIMEO_ID.match(said))
        ),
        "",
    )
    if not found:
        return no_address(widget, "video")
    key = widget.said("videoKey")
    secret = f"/{key}" if re.fullmatch(r"[0-9a-f]{6,16}", key) else ""
    return Card(
        partial="video",
        values={
            "url": f"https://vimeo.com/{found}{secret}",
            "thumbnail": widget.url("thumbnail_url"),
            "place": "Vimeo",
            "title": widget.said("title"),
        },
    )


def player(widget: Widget) -> Built:
    """A player in raw HTML, which is a link by now: the card of its service where that is known."""
    link = widget.link()
    if _YOUTUBE_LINK.match(link):
        start = re.search(r"[?&](?:start|t)=(\d+s?)", link)
        return youtube(replace(widget, data={"startTime": start[1] if start else ""}))
    if link.startswith(("https://player.vimeo.com/video/", "https://vimeo.com/")) and _VIMEO_ID.match(link):
        return vimeo(widget)
    if service := _PLAYERS.match(link):
        url = link.replace("//open.spotify.com/embed/", "//open.spotify.com/").partition("?utm")[0]
        return podcast(replace(widget, name=service[1] or service[2], data={"url": url}))
    return Inside()


def video(widget: Widget) -> Built:
    """A video of the platform itself: it has no address, only the page of the post shows it."""
    return native(widget, "video")


def audio(widget: Widget) -> Built:
    """A recording of the platform itself."""
    return native(widget, "audio")


def native(widget: Widget, kind: str) -> Built:
    """What only the post's own page plays."""
    url = widget.url("url", "src", "media_url") or widget.context.web_url
    if not url:
        return no_address(widget, kind)
    length = duration(float(widget.numbered("duration")))
    words = widget.context.words
    if kind == "video":
        values = {"url": url, "thumbnail": widget.url("thumbnail_url", "poster"), "place": "", "title": ""}
        return Card(partial="video", values=values, note="the video plays on the web page of the post")
    values = {
        "url": url,
        "title": widget.said("label", "title") or words["listen"],
        "by": length,
        "image": "",
        "more": words["listen"] if widget.said("label", "title") else words["read_on_web"],
    }
    return Card(partial="audio", values=values, note="the recording plays on the web page of the post")


def no_address(widget: Widget, kind: str) -> Built:
    """What leads nowhere: the post's page, if it has one, else it is left out."""
    if widget.context.web_url:
        values = {"url": widget.context.web_url, "thumbnail": "", "place": "", "title": ""}
        said = f"a {kind} without an address; its card leads to the web page of the post"
        return Card(partial="video", values=values, note=said)
    return Out(f"a {kind} without an address was left out; post_url in the settings would give it one")


_PLACES = (
    (re.compile(r"spotify", re.IGNORECASE), "Spotify"),
    (re.compile(r"apple", re.IGNORECASE), "Apple Podcasts"),
    (re.compile(r"soundcloud", re.IGNORECASE), "SoundCloud"),
    (re.compile(r"bandcamp", re.IGNORECASE), "Bandcamp"),
)


def podcast(widget: Widget) -> Built:
    """An episode, a show or a track of a service: Spotify, Apple, SoundCloud, Bandcamp."""
    place = next((name for pattern, name in _PLACES if pattern.search(widget.name)), "")
    url = widget.url("targetUrl", "url", "embed_url") or widget.link()
    if place == "Apple Podcasts":
        url = url.replace("https://embed.podcasts.apple.com/", "https://podcasts.apple.com/")
    title = widget.said("title") or _heading(widget)
    words = widget.context.words
    if not url and widget.context.web_url:
        values = {
            "url": widget.context.web_url,
            "title": title or place,
            "by": "",
            "image": "",
            "more": words["read_on_web"],
        }
        return Card(
            partial="audio",
            values=values,
            note=f"the player of {place or 'a service'} has no address; its card leads to the web page of the post",
        )
    if not url:
        return no_address(widget, "recording")
    by = ", ".join(
        dict.fromkeys(filter(None, (widget.said("podcastTitle", "subtitle"), widget.said("podcastByline", "author"))))
    )
    return Card(
        partial="audio",
        values={
            "url": url,
            "title": title or words["listen_on"].format(place=place),
            "by": shortened(by, 120),
            "image": widget.url("imageUrl", "image", "thumbnail_url"),
            "more": words["listen_on"].format(place=place) if title else "",
        },
    )


def _heading(widget: Widget) -> str:
    for heading in widget.element.iter("h1", "h2", "h3", "h4", "h5", "h6", "strong"):
        text = " ".join("".join(str(part) for part in heading.itertext()).split())
        if text and not _LEFT_OVER.search(text):
            return text
    return ""


def clip(widget: Widget) -> Built:
    """A short video of a social network: TikTok and the like, with a picture of its own."""
    url = widget.url("url") or widget.link()
    place = "TikTok" if "tiktok" in widget.name.lower() else "Instagram"
    if not url and (found := widget.said("instagram_id")):
        url = f"https://www.instagram.com/p/{found}/"
    if not url:
        return no_address(widget, "video")
    return link_card(
        url,
        shortened(widget.said("title") or place, 160),
        by=widget.said("author", "author_name"),
        image=widget.url("thumbnail_url"),
        more=widget.context.words["open_on"].format(place=place),
    )
