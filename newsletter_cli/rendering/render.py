"""The only door of the room: a post becomes HTML and text with slots, and a list of what is wrong.

The steps, each in its own module: merge fields become tokens (`merge`), Markdown a clean tree (`dialect`), the part
behind the paywall goes or opens (`paywall`), widgets become cards (`embeds`), links absolute (`links`), headings fall
under the title (`outline`), images are found and fitted (`images`), the text part is written from that same tree
(`text`), the template is filled (`page`) and its styles are put on the elements (`inline`).

Whatever is wrong is in the rendering's `problems`, errors too, so that a preview always has something to show; raises
Refused only where the Markdown cannot be converted at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin

from newsletter_cli.problems import Problem, Severity
from newsletter_cli.rendering import colours, hollow, merge, outline, page, paywall, styles, words
from newsletter_cli.rendering.embeds.widget import Context, shortened
from newsletter_cli.rendering.model import Context as Place, InlineImage, Rendered, Site, Version
from newsletter_cli.rendering.nodes import inner_html, text_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from newsletter_cli.post.model import Post
    from newsletter_cli.rendering.merge import Fields

_PREHEADER_CHARACTERS = 140  # what the widest inbox shows


def paywalled(post: Post) -> bool:
    """Whether the post holds a paywall marker, so that free readers get another version."""
    small = post.body.lower()
    if not any(sign in small for sign in paywall.SIGNS):
        return False
    from newsletter_cli.rendering.dialect.convert import convert

    return paywall.marker(convert(post.body, file=str(post.path), first_line=post.body_line).tree) is not None


def render(post: Post, site: Site, version: Version = Version.FULL) -> Rendered:
    """Render a post for one kind of reader."""
    from newsletter_cli.rendering import images, inline
    from newsletter_cli.rendering.theme import direction, theme

    fields = merge.fields_of(f"{post.body_hash}\0{post.meta.title}\0{version}")
    post, problems = _marked(post, fields)
    language = post.meta.language or site.language
    web_url, wrong = _web_url(post, site)
    problems += wrong
    said = words.words(language)
    values, wrong = theme(site.theme, language)
    problems += wrong
    templates, wrong = page.templates_of(site.template, site.template_folders)
    problems += wrong
    context = Context(web_url=web_url, language=language, words=said)
    body = _body(post, site, version, fields, templates=templates, context=context)
    problems += body.problems

    parts = page.Parts(
        name=site.name,
        title=post.meta.title,
        subtitle=post.meta.subtitle,
        date=words.said_date(post.meta.due.day, language) if post.meta.due else "",
        preheader=post.preheader or body.opening,
        body=body.html,
        body_text=merge.as_text(body.text, fields, Place.TEXT).strip("\n"),
        language=language,
        direction=direction(language),
        version=Version.FREE if body.cut else Version.FULL,
        web_url=web_url,
        site_url=site.site_url,
        upgrade_url=site.upgrade_url,
        postal_address=site.postal_address,
        unsubscribe_html=merge.unsubscribe(fields, Place.HREF),
        unsubscribe_text=merge.unsubscribe(fields, Place.TEXT),
        words=said,
        theme={**values, "own_colours": body.colours},
        post=post.meta.extra,
    )
    html, text = page.build(parts, templates)
    problems += templates.problems
    own = images.Own((*templates.searched, *templates.shipped))
    html = inline.inline(html, own.give)
    problems += own.problems
    text = merge.as_text(text, fields, Place.TEXT)
    subject = merge.as_text(" ".join(post.subject.split()), fields, Place.SUBJECT)
    return Rendered(
        version=version,
        subject=subject,
        html=html,
        text=text,
        slots=merge.slots(fields, subject=subject, html=html, text=text),
        images=tuple(({image.cid: image for image in body.embedded} | own.embedded).values()),
        problems=tuple(dict.fromkeys(problems)),
    )


def published(post: Post, site: Site) -> tuple[InlineImage, ...]:
    """The post's local images as files, under the names by which link mode expects them at `images_base_url`."""
    from newsletter_cli.rendering import images
    from newsletter_cli.rendering.dialect.convert import convert

    tree = convert(post.body, file=str(post.path), first_line=post.body_line).tree
    return images.place(tree, post.path.parent, site, file=str(post.path)).published


@dataclass(frozen=True, slots=True, kw_only=True)
class _Body:
    """The body as HTML and as text, its first words, the images that go with it."""

    html: str
    text: str
    opening: str
    colours: list[tuple[str, str]]
    cut: bool
    embedded: tuple[InlineImage, ...]
    problems: tuple[Problem, ...]


def _body(
    post: Post, site: Site, version: Version, fields: Fields, *, templates: page.Templates, context: Context
) -> _Body:
    """The steps between Markdown and the template, in their order."""
    from newsletter_cli.rendering import embeds, images, links, text
    from newsletter_cli.rendering.dialect.convert import convert
    from newsletter_cli.rendering.theme import DARK_WASH, INK, PAPER, WASH

    file = str(post.path)
    converted = convert(post.body, file=file, first_line=post.body_line)
    tree = converted.tree
    problems = list(converted.problems)
    problems += paywall.suspects(tree, file=file)
    cut = None
    if version is Version.FREE:
        cut = paywall.cut(tree)
        problems += _behind(cut, post)
    paywall.open_up(tree)
    outline.own_classes(tree)
    styles.clean(tree)
    problems += embeds.build(tree, templates, context, file=file)
    problems += hollow.fill(tree, file=file)
    problems += merge.place(tree, fields, file=file)
    problems += links.absolute(tree, base=site.site_url or context.web_url, file=file)
    problems += colours.faint(tree, paper=PAPER, file=file)
    outline.shift_headings(tree, title=post.meta.title)
    outline.fit_tables(tree)
    placed = images.place(tree, post.path.parent, site, file=file)
    written = text.to_text(outline.for_text(tree), width=page.TEXT_WIDTH)
    opening = _opening(tree)
    outline.name_targets(tree)
    outline.lay_notes(tree)
    outline.tidy(tree)
    rules = colours.settle(tree, ink=INK, paper=PAPER, wash=WASH, dark_wash=DARK_WASH)
    return _Body(
        html=inner_html(tree),
        # The author's own text part is never for readers who may not see all of it.
        text=written if post.text_part is None or cut is not None else post.text_part,
        opening=opening,
        colours=rules,
        cut=cut is not None,
        embedded=placed.embedded,
        problems=(*problems, *placed.problems),
    )


def _behind(cut: paywall.Cut | None, post: Post) -> list[Problem]:
    """What free readers miss of the part that is theirs."""
    if cut is None or not cut.notes:
        return []
    said = (
        f"footnotes of the free part that stand behind the paywall, so that free readers do not get them: {cut.notes}"
    )
    return [Problem(text=said, file=str(post.path), line=cut.line, severity=Severity.NOTE, code="paywall-footnotes")]


def _marked(post: Post, fields: Fields) -> tuple[Post, list[Problem]]:
    """The post with tokens for its merge fields; with a note where fields stand that nothing will fill."""
    file = str(post.path)
    if not post.meta.merge:
        if not merge.named(f"{post.subject} {post.body}"):
            return post, []
        said = "merge fields are not filled in this post"
        hint = "merge: true in the front matter fills them"
        return post, [Problem(text=said, file=file, hint=hint, severity=Severity.NOTE, code="merge-off")]
    problems: list[Problem] = []
    texts = {}
    for key in ("title", "subtitle", "subject", "preview_text"):
        texts[key], wrong = merge.mark(getattr(post.meta, key), fields, file=file, first_line=post.meta.lines.get(key))
        problems += wrong
    body, wrong = merge.mark(post.body, fields, file=file, first_line=post.body_line)
    problems += wrong
    text_part = post.text_part
    if text_part is not None:
        text_part, wrong = merge.mark(text_part, fields, file=str(post.path.with_suffix(".txt")), first_line=1)
        problems += wrong
    meta = replace(post.meta, **texts)  # type: ignore[arg-type]  # the four keys are texts
    return replace(post, meta=meta, body=body, text_part=text_part), problems


def _web_url(post: Post, site: Site) -> tuple[str, list[Problem]]:
    """Where the post stands on the web: its own `url`, else the newsletter's pattern."""
    own = post.meta.url.strip()
    if own and site.site_url:
        own = urljoin(site.site_url, own)
    if re.match(r"https?://[^\s/]", own):
        return own, []
    problems = []
    if own:
        said = f"the url {post.meta.url!r} is no web address"
        hint = "write https://…, or set site_url"
        line = post.meta.lines.get("url")
        problems.append(
            Problem(
                text=said, file=str(post.path), line=line, hint=hint, severity=Severity.WARNING, code="url-relative"
            )
        )
    pattern = site.post_url.replace("{slug}", quote(post.slug, safe=""))
    return pattern if re.match(r"https?://[^\s/]", pattern) else "", problems


def _opening(tree: HtmlElement) -> str:
    """The first words of the text, for the inbox line of a post that names none."""
    for paragraph in tree.iter("p"):
        said = text_of(paragraph)
        if said and not any(outer.tag in {"table", "figure"} for outer in paragraph.iterancestors()):
            return shortened(said, _PREHEADER_CHARACTERS)
    return ""
