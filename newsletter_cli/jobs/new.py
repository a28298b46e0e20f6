"""Begin a post: a draft beside the others, with a date, an identity that never changes, and `draft: true`.

The identity is what a sent post is recognised by for ever, so it is random and does not follow the title.
Reads and writes files; the day, the random octets and the folder come in. Prints nothing.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from typing import TYPE_CHECKING

from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter_cli.times import Clock

MAX_SLUG = 60  # a file name that a listing can show

_DRAFT = """\
---
title: {title}
subtitle: ""
date: {date}
type: newsletter
audience: everyone
visibility: public
post_id: {post_id}
draft: true
---

Write here. When it is ready, take the line `draft: true` away.
"""


def draft(title: str, *, folder: Path | None, start: Path, clock: Clock, random: bytes) -> Path:
    """Write the draft and give its path. `random` are at least 5 octets.

    `folder` None: `posts/` beside the newsletter.toml found upwards from `start`, else `posts/` in `start`, else
    `start` itself. Raises Refused where the file is there already or the title is empty.
    """
    title = " ".join(title.split())
    if not title:
        raise Refused(Problem(text="a post needs a title", hint='newsletter new "What the bees did in May"'))
    target = folder if folder is not None else _posts(start)
    day = clock.now().astimezone().date()
    path = target / f"{day:%Y-%m-%d}-{slug(title)}.md"
    text = _DRAFT.format(title=quoted(title), date=day.isoformat(), post_id=fresh_id(title, random))
    try:
        target.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        hint = "choose another title, or go on with that file"
        raise Refused(Problem(text="is there already", file=str(path), hint=hint)) from error
    return path


def slug(title: str) -> str:
    """The title as a file name and the end of a web address: lower-case ASCII words joined by hyphens."""
    plain = unicodedata.normalize("NFKD", title.casefold().replace("ß", "ss"))
    words = re.findall(r"[a-z0-9]+", re.sub(r"['’]", "", plain.encode("ascii", "ignore").decode()))
    made = ""
    for word in words:
        if made and len(made) + len(word) > MAX_SLUG:
            break
        made = f"{made}-{word}" if made else word[:MAX_SLUG]
    return made or "post"


def fresh_id(title: str, random: bytes) -> str:
    """A post_id: eight random letters, and the title for a person's eye. Never a number to a YAML reader."""
    return f"{base64.b32encode(random[:5]).decode().lower()}.{slug(title)}"


def quoted(title: str) -> str:
    """The title as a double-quoted YAML scalar (YAML 1.2 §7.3.1)."""
    return '"' + title.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _posts(start: Path) -> Path:
    from newsletter_cli.files import find_upwards

    settings = find_upwards("newsletter.toml", start)
    beside = (settings.parent if settings else start) / "posts"
    return beside if settings or beside.is_dir() else start
