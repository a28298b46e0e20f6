"""The one path from a post file to mail bytes that check, preview, send and run share.

`prepare` reads the post, renders the versions its readers need, and composes a draft of each. Whatever is wrong is
in `Prepared.problems`, all at once; only a post that cannot be read at all is raised as Refused.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from newsletter_cli import addresses, assets
from newsletter_cli.message.model import Sender
from newsletter_cli.problems import Problem, Refused
from newsletter_cli.rendering.model import Site, Version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from newsletter_cli.config.settings import Settings
    from newsletter_cli.message.dkim import Signer
    from newsletter_cli.message.model import Draft
    from newsletter_cli.post.model import Post
    from newsletter_cli.rendering.model import Rendered

# What the front matter's `newsletter:` map may say of one post alone: a newsletter key, or a Site field.
_POST_SETTINGS = ("template", "from", "reply_to", "language", "post_url", "upgrade_url", "postal_address")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A post, ready to be mailed or shown: per audience version its rendering and its draft."""

    post: Post
    sender: Sender
    rendered: Mapping[Version, Rendered]
    drafts: Mapping[Version, Draft]
    problems: tuple[Problem, ...]

    @property
    def paywalled(self) -> bool:
        """Whether free readers get another mail than paid ones."""
        return Version.FREE in self.drafts

    @property
    def size_octets(self) -> int:
        """The size of the largest version's mail."""
        return max(draft.size_octets for draft in self.drafts.values())


def prepare(path: Path, settings: Settings, *, automatic: bool = False, mode: str | None = None) -> Prepared:
    """Read, render and compose a post. `mode` overrides `[images] mode`; `automatic` marks a scheduled send."""
    from newsletter_cli.post import read

    post = read.read(path, timezone=settings.newsletter.timezone)
    return prepare_post(post, settings, automatic=automatic, mode=mode)


def prepare_post(post: Post, settings: Settings, *, automatic: bool = False, mode: str | None = None) -> Prepared:
    """Render and compose a post that is already read."""
    from newsletter_cli.rendering import render

    wrong = [*post.problems, *_unknown_post_settings(post), *_segment(post)]
    site = site_of(settings, post)
    if mode is not None:
        site = replace(site, images_mode=mode)
    sender = sender_of(settings, post, automatic=automatic)
    versions = [Version.FULL, *([Version.FREE] if render.paywalled(post) else [])]
    rendered = {version: render.render(post, site, version) for version in versions}
    drafts = compose_versions(rendered, sender, signers_of(settings))
    for version in versions:
        wrong += [problem for problem in rendered[version].problems if problem not in wrong]
        of_mail = (replace(problem, file=problem.file or str(post.path)) for problem in drafts[version].problems)
        wrong += [problem for problem in of_mail if problem not in wrong]
    return Prepared(post=post, sender=sender, rendered=rendered, drafts=drafts, problems=tuple(wrong))


def compose_versions(
    rendered: Mapping[Version, Rendered], sender: Sender, signers: Sequence[Signer]
) -> dict[Version, Draft]:
    """One draft a version, under one sender and its DKIM keys."""
    from newsletter_cli.message import compose

    return {version: compose.compose(parts, sender, signers=signers) for version, parts in rendered.items()}


def site_of(settings: Settings, post: Post) -> Site:
    """What the rendering needs to know of the newsletter, with this post's own settings."""
    newsletter = settings.newsletter
    own = post.meta.newsletter
    return Site(
        name=newsletter.name,
        language=str(post.meta.language or own.get("language", newsletter.language)),
        site_url=newsletter.site_url,
        post_url=str(own.get("post_url", newsletter.post_url)),
        upgrade_url=str(own.get("upgrade_url", newsletter.upgrade_url)),
        postal_address=str(own.get("postal_address", newsletter.postal_address)),
        template=str(own.get("template", newsletter.template)),
        template_folders=(settings.folder / "templates", assets.templates()),
        images_mode=settings.images.mode,
        images_budget_octets=settings.images.budget,
        images_base_url=settings.images.base_url,
        theme=settings.theme,
    )


def sender_of(settings: Settings, post: Post | None = None, *, automatic: bool = False) -> Sender:
    """Who the mail is from. Raises Refused where this post's own `from` or `reply_to` is no address."""
    newsletter = settings.newsletter
    own = post.meta.newsletter if post is not None else {}
    mailbox = _own_mailbox(post, "from") if "from" in own else newsletter.from_
    return Sender(
        newsletter=newsletter.id,
        name=newsletter.name,
        mailbox=mailbox or addresses.Mailbox("", addresses.Address("nobody", "example.com")),
        reply_to=_own_mailbox(post, "reply_to") if "reply_to" in own else newsletter.reply_to,
        unsubscribe_url=settings.unsubscribe.url,
        unsubscribe_mailto=settings.unsubscribe.mailto,
        return_path=settings.bounces.return_path,
        extra_headers=settings.headers,
        automatic=automatic,
    )


def signers_of(settings: Settings) -> tuple[Signer, ...]:
    """The DKIM signers of the settings; none where there are none. Raises Refused where a key cannot be read."""
    if not settings.dkim:
        return ()
    from newsletter_cli import files
    from newsletter_cli.message.dkim import Signer

    return tuple(
        Signer.load(
            entry.domain,
            entry.selector,
            files.read_bytes(settings.resolve(entry.private_key), what="the DKIM key"),
            file=entry.private_key,
        )
        for entry in settings.dkim
    )


def _own_mailbox(post: Post | None, key: str) -> addresses.Mailbox:
    assert post is not None  # only asked where the post has the key
    try:
        return addresses.parse_mailbox(str(post.meta.newsletter[key]))
    except addresses.AddressError as error:
        line = post.meta.lines.get("newsletter")
        raise Refused(Problem(text=f"newsletter: {key}: {error}", file=str(post.path), line=line)) from error


def _segment(post: Post) -> list[Problem]:
    """What is wrong with the post's segment, whatever columns a list has."""
    from newsletter_cli.audience import segment

    try:
        if post.meta.segment.strip():
            segment.parse(post.meta.segment.strip())
    except Refused as refusal:
        line = post.meta.lines.get("segment")
        return [replace(problem, file=str(post.path), line=line) for problem in refusal.problems]
    return []


def _unknown_post_settings(post: Post) -> list[Problem]:
    """One problem for each key of the `newsletter:` map that has no meaning for a single post."""
    return [
        Problem(
            text=f"newsletter: no setting {key!r} for one post",
            file=str(post.path),
            line=post.meta.lines.get("newsletter"),
            hint="; ".join(f"did you mean {near!r}?" for near in difflib.get_close_matches(key, _POST_SETTINGS, n=1))
            or f"known are {', '.join(_POST_SETTINGS)}",
        )
        for key in post.meta.newsletter
        if key not in _POST_SETTINGS
    ]
