"""A post out of text, or what is wrong with it: what the tests of this folder share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.post import read
from newsletter_cli.problems import Problem, Refused

if TYPE_CHECKING:
    from newsletter_cli.post.model import Post

PATH = Path("posts/a-letter.md")


def parse(text: str | bytes, *, path: Path = PATH, timezone: str = "UTC") -> Post:
    return read.parse(text if isinstance(text, bytes) else text.encode(), path=path, timezone=timezone)


def yaml(*lines: str, body: str = "body\n") -> Post:
    return parse("\n".join(["---", *lines, "---", body]))


def refused(text: str | bytes, *, path: Path = PATH) -> tuple[Problem, ...]:
    with pytest.raises(Refused) as caught:
        parse(text, path=path)
    return caught.value.problems
