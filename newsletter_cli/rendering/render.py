"""The only door of the room: a post becomes HTML and text with slots, and a list of what is wrong.

The steps, each in its own module: merge fields become tokens (`merge`), Markdown a clean tree (`dialect`), the part
behind the paywall goes or opens (`paywall`), widgets become cards (`embeds`), links absolute (`links`), headings fall
under the title (`outline`), images are found and fitted (`images`), the text part is written from that same tree
(`text`), the template is filled (`page`) and its styles are put on the elements (`inline`).

Whatever is wrong is in the rendering's `problems`, errors too, so that a preview always has something to show; raises
Refused only where the Markdown cannot be converted at all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from newsletter_cli.problems import Problem, Severity
from newsletter_cli.rendering import merge, outline, page, paywall, words
from newsletter_cli.rendering.model import Context, Rendered, Site, Version

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from newsletter_cli.post.model import Post
    from newsletter_cli.rendering.merge import Fields

_TEXT_WIDTH = 78
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
    from lxml import html as lxml_html

    from newsletter_cli.rendering import embeds, images, inline, links, text
    from newsletter_cli.rendering.dialect.convert import convert
    from newsletter_cli.rendering.theme import direction, theme

    file = str(post.path)
    fields = merge.fields_of(f"{post.body_hash}\0{post.meta.title}\0{version}")
    post, problems = _marked(post, fields)
    converted = convert(post.body, file=file, first_line=post.body_line)
    tree: HtmlElement = converted.tree
    problems += converted.problems
    cut = paywall.cut(tree) if version is Version.FREE else False
    paywall.open_up(tree)
    outline.own_classes(tree)

    language = post.meta.language or site.language
    web_url = _web_url(post, site)
    said = words.words(language)
    colours, wrong = theme(site.theme, language)
    problems += wrong
    searched, _ = page.folders_of(site.template, site.template_folders)
    made = page.environment(searched)
    context = embeds.Context(web_url=web_url, language=language, words=said)
    problems += embeds.build(tree, made, context, file=file)
    problems += links.absolute(tree, base=site.site_url or web_url, file=file)
    problems += merge.place(tree, fields, file=file)
    outline.shift_headings(tree, title=post.meta.title)
    outline.fit_tables(tree)
    placed = images.place(tree, post.path.parent, site, file=file, searched=searched)
    problems += placed.problems
    body_text = text.to_text(tree, width=_TEXT_WIDTH)
    preheader = post.preheader or _opening(tree)
    outline.name_targets(tree)
    outline.lay_notes(tree)
    outline.tidy(tree)

    parts = page.Parts(
        name=site.name,
        title=post.meta.title,
        subtitle=post.meta.subtitle,
        date=words.said_date(post.meta.due.day, language) if post.meta.due else "",
        preheader=preheader,
        body="".join(str(lxml_html.tostring(child, encoding="unicode")) for child in tree),
        body_text=merge.as_text(_text_part(post, body_text, cut=cut), fields, Context.TEXT).strip("\n"),
        language=language,
        direction=direction(language),
        version=version,
        web_url=web_url,
        site_url=site.site_url,
        upgrade_url=site.upgrade_url,
        postal_address=site.postal_address,
        unsubscribe_html=merge.unsubscribe(fields, Context.HREF),
        unsubscribe_text=merge.unsubscribe(fields, Context.TEXT),
        words=said,
        theme=colours,
        post=post.meta.extra,
    )
    html, full_text, wrong = page.build(parts, site.template, site.template_folders)
    problems += wrong
    html = inline.inline(html)
    full_text = merge.as_text(full_text, fields, Context.TEXT)
    subject = merge.as_text(post.subject, fields, Context.SUBJECT)
    return Rendered(
        version=version,
        subject=subject,
        html=html,
        text=full_text,
        slots=merge.slots(fields, subject=subject, html=html, text=full_text),
        images=placed.embedded,
        problems=tuple(dict.fromkeys(problems)),
    )


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


def _web_url(post: Post, site: Site) -> str:
    """Where the post stands on the web: its own `url`, else the newsletter's pattern."""
    if post.meta.url:
        return post.meta.url
    return site.post_url.replace("{slug}", quote(post.slug, safe="")) if site.post_url else ""


def _text_part(post: Post, written: str, *, cut: bool) -> str:
    """The author's own text part, but never to readers who may not see all of it."""
    return written if post.text_part is None or cut else post.text_part


def _opening(tree: HtmlElement) -> str:
    """The first words of the body, for the inbox line of a post that names none."""
    for paragraph in tree.iter("p"):
        words_ = " ".join("".join(paragraph.itertext()).split())
        if words_:
            cut = words_[: _PREHEADER_CHARACTERS + 1].rpartition(" ")[0] or words_[:_PREHEADER_CHARACTERS]
            return words_ if len(words_) <= _PREHEADER_CHARACTERS else f"{cut} …"
    return ""
