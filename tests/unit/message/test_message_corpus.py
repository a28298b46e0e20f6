"""Real posts through the whole of it: what was rendered is what arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter_cli import assets
from newsletter_cli.message.check import check
from newsletter_cli.message.compose import compose
from newsletter_cli.message.fill import fill
from newsletter_cli.message.parts import opened
from newsletter_cli.post.read import read
from newsletter_cli.problems import errors
from newsletter_cli.rendering.model import Site
from newsletter_cli.rendering.render import render
from tests.doubles import mails

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.corpus
@pytest.mark.slow
def test_every_real_post_arrives_as_it_was_rendered(corpus: Path) -> None:
    site = Site(name="The Letter", template_folders=(assets.templates(),), postal_address="1 Main St")
    person = mails.person()
    link = f"https://example.com/u/{person.token}"
    posts = sorted((corpus / "posts").glob("*.md"))
    assert len(posts) == 18
    for path in posts:
        rendered = render(read(path), site)
        draft = compose(rendered, mails.sender())
        data = fill(draft, person).data
        html, text = rendered.html, rendered.text
        for slot in rendered.slots:
            html, text = html.replace(slot.token, link), text.replace(slot.token, link)
        mail = opened(data)
        assert (mail.html, mail.text) == (html, text), path
        assert {cid: image.data for cid, image in mail.images.items()} == {i.cid: i.data for i in rendered.images}
        assert mail.subject == " ".join(rendered.subject.split())
        assert not errors(draft.problems), path
        assert not errors(check(data)), path
