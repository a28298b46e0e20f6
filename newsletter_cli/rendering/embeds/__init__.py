"""Widgets become what a mail can show: a card, a picture with a play mark, a button, a link; nothing goes in silence.

`BUILDERS` maps the name of a component, or a class of its element, to the function that reads it. A new widget is one
entry here and, where no partial fits, one file in ``templates/email/_base/embeds/``. What is unknown becomes its
content or a link, with a note that names the line. Opens no connection; raises nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter_cli.problems import Problem, Severity
from newsletter_cli.rendering.clean import PLAYER
from newsletter_cli.rendering.embeds import blocks, posts, video
from newsletter_cli.rendering.embeds.widget import Card, Context, Inside, Out, Widget, read_data
from newsletter_cli.rendering.nodes import LINE, classes, line_of, remove, unwrap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.html import HtmlElement

    from newsletter_cli.rendering.embeds.widget import Builder, Built
    from newsletter_cli.rendering.page import Templates

__all__ = ["BUILDERS", "Context", "build"]

_BUILT = "data-built"
BUILDERS: Mapping[str, Builder] = {
    # component name, then the classes that stand for it where an export dropped the name
    "Youtube2ToDOM": video.youtube,
    "youtube-wrap": video.youtube,
    "VimeoToDOM": video.vimeo,
    "vimeo-wrap": video.vimeo,
    "VideoPlaceholder": video.video,
    "VideoEmbedPlayer": video.video,
    "native-video-embed": video.video,
    "AudioPlaceholder": video.audio,
    "AudioEmbedPlayer": video.audio,
    "native-audio-embed": video.audio,
    "ApplePodcastToDom": video.podcast,
    "apple-podcast-container": video.podcast,
    "Spotify2ToDOM": video.podcast,
    "SpotifyToDOM": video.podcast,
    "spotify-wrap": video.podcast,
    "SoundcloudToDOM": video.podcast,
    "soundcloud-wrap": video.podcast,
    "BandcampToDOM": video.podcast,
    "bandcamp-wrap": video.podcast,
    PLAYER: video.player,
    "TikTokCreateTikTokEmbed": video.clip,
    "tiktok-wrap": video.clip,
    "InstagramToDOM": video.clip,
    "instagram-embed": video.clip,
    "Twitter2ToDOM": posts.tweet,
    "TwitterToDOM": posts.tweet,
    "tweet": posts.tweet,
    "twitter-embed": posts.tweet,
    "BlueskyCreateBlueskyEmbed": posts.tweet,
    "bluesky-wrap": posts.tweet,
    "EmbeddedPostToDOM": posts.post,
    "embedded-post-wrap": posts.post,
    "DigestPostEmbed": posts.post,
    "digest-post-embed": posts.post,
    "EmbeddedPublicationToDOM": posts.publication,
    "EmbeddedPublicationToDOMWithSubscribe": posts.publication,
    "embedded-publication-wrap": posts.publication,
    "CommentPlaceholder": posts.comment,
    "comment-embed": posts.comment,
    "NotePlaceholder": posts.comment,
    "CommunityPostPlaceholder": posts.comment,
    "InstallmentToDOM": posts.installment,
    "installment-embed": posts.installment,
    "installment": posts.installment,
    "CommunityChatRenderPlaceholder": posts.installment,
    "community-chat": posts.installment,
    "PolymarketToDOM": posts.installment,
    "SponsorshipCampaignToDOM": posts.installment,
    "MentionToDOM": posts.mention,
    "MentionUser": posts.mention,
    "mention-wrap": posts.mention,
    "CashtagToDOM": posts.cashtag,
    "cashtag-wrap": posts.cashtag,
    "FileToDOM": blocks.file,
    "file-embed-wrapper": blocks.file,
    "PollToDOM": blocks.poll,
    "poll-embed": blocks.poll,
    "LatexBlockToDOM": blocks.formula,
    "latex-rendered": blocks.formula,
    "RecipeToDOM": blocks.recipe,
    "recipe-embed": blocks.recipe,
    "recipe": blocks.recipe,
    "pullquote": blocks.pull_quote,
    "callout-block": blocks.callout,
    "ImageGalleryToDOM": blocks.gallery,
    "image-gallery-embed": blocks.gallery,
    "image-gallery": blocks.gallery,
    "imageGallery": blocks.gallery,
    "Image2ToDOM": blocks.image,
    "captioned-image-container": blocks.image,
    "image2-inset": blocks.image,
    "DatawrapperToDOM": blocks.chart,
    "datawrapper-wrap": blocks.chart,
    "GithubGistToDOM": blocks.source,
    "github-gist": blocks.source,
    "HighlightedCodeBlockToDOM": blocks.code,
    "highlighted_code_block": blocks.code,
    "PreformattedTextBlockToDOM": blocks.code,
    "preformatted-block": blocks.code,
    "ButtonCreateButton": blocks.button,
    "button-wrapper": blocks.button,
    "button": blocks.button,
    "CaptionedButtonToDOM": blocks.captioned_button,
    "captioned-button-wrap": blocks.captioned_button,
    "SubscribeWidgetToDOM": blocks.subscribe,
    "SubscribeWidget": blocks.subscribe,
    "subscription-widget-wrap": blocks.subscribe,
    "subscription-widget-wrap-editor": blocks.subscribe,
    "subscription-widget": blocks.subscribe,
    "ShareToDOM": blocks.share,
    "share-widget": blocks.share,
    "CommentsToDOM": blocks.comments,
    "comments-button": blocks.comments,
    "InstallSubstackAppToDOM": blocks.app,
    "install-substack-app-embed": blocks.app,
    "DirectMessageToDOM": blocks.app,
    "directMessage": blocks.app,
    "image-link-expand": blocks.interface,
    "embed-loader": blocks.interface,
    # names that say nothing: their elements are no widgets
    "FootnoteToDOM": blocks.plain,
    "FootnoteAnchorToDOM": blocks.plain,
    "PaywallToDOM": blocks.plain,
}
_KEPT = frozenset({"FootnoteToDOM", "FootnoteAnchorToDOM", "PaywallToDOM"})
# A link in the text is a button only by the class; other elements of that class are anything.
_LINKS_ONLY = frozenset({"button"})
# Classes with hashes of a style module: what stands before the hash counts.
_MODULE = re.compile(r"(?:^|[-_])(imageGallery)--")


def build(tree: HtmlElement, templates: Templates, context: Context, *, file: str) -> list[Problem]:
    """Replace every widget of the tree, outer ones first; say what a mail cannot show."""
    problems: list[Problem] = []
    waiting = list(reversed(list(tree)))
    while waiting:
        element = waiting.pop()
        if not isinstance(element.tag, str):
            continue
        found = _recognised(element)
        if found is None:
            waiting += reversed(list(element))
            continue
        name, builder = found
        widget = Widget(element=element, name=name, data=read_data(element.get("data-attrs")), context=context)
        line = line_of(element)
        built = builder(widget)
        if built.note:
            problems.append(
                Problem(text=built.note, file=file, line=line, severity=Severity.NOTE, code=f"widget-{_code(built)}")
            )
        waiting += reversed(_replaced(element, built, templates, context, line))
    return problems


def _recognised(element: HtmlElement) -> tuple[str, Builder] | None:
    """The name by which an element is a widget, and who builds it."""
    if element.get(_BUILT):
        return None
    component = element.get("data-component-name") or element.get("data-component") or ""
    if component in _KEPT or (element.tag == "a" and component not in BUILDERS and "button" not in classes(element)):
        return None
    names = [component, *sorted(classes(element))]
    names += [match[1] for name in names if (match := _MODULE.search(name))]
    for name in names:
        builder = BUILDERS.get(name)
        if builder is not None and (name not in _LINKS_ONLY or element.tag == "a"):
            return name, builder
    if component or (element.get("data-attrs") and element.tag in {"div", "span", "p", "figure", "section"}):
        return component or " ".join(sorted(classes(element))) or "without a name", posts.unknown
    return None


def _code(built: Built) -> str:
    return "shown" if isinstance(built, Card) else "content" if isinstance(built, Inside) else "left-out"


def _replaced(
    element: HtmlElement, built: Built, templates: Templates, context: Context, line: int | None
) -> list[HtmlElement]:
    """Put what was built in the place of the element; gives what may hold further widgets."""
    if isinstance(built, Out):
        remove(element)
        return []
    if isinstance(built, Inside):
        children = list(element)
        if element.tag in {"img", "a"} or (element.tag == "figure"):
            element.set(_BUILT, "1")
        else:
            unwrap(element)
        return children
    return _filled(element, built, templates, context, line)


def _filled(
    element: HtmlElement, card: Card, templates: Templates, context: Context, line: int | None
) -> list[HtmlElement]:
    from lxml import html

    source = templates.render(f"embeds/{card.partial}.html", {**card.values, "words": context.words})
    holder = html.fragment_fromstring(source.strip(), create_parent="div")
    parent = element.getparent()
    if parent is None:
        return []
    nodes = list(holder)
    at = parent.index(element)
    for number, node in enumerate(nodes):
        node.set(_BUILT, "1")
        if line is not None:
            node.set(LINE, str(line))
        parent.insert(at + number, node)
    if nodes:
        nodes[-1].tail = element.tail
        element.tail = None
    remove(element)
    return [child for node in nodes for child in node]
