"""A post that can no longer be marked as begun once its server is reached: refused, and nobody is mailed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.delivery.seams import Stop
from newsletter_cli.jobs import send as job
from newsletter_cli.jobs.desk import SendRequest
from newsletter_cli.jobs.gather import ListSource
from newsletter_cli.problems import Refused
from tests.cli.folder import POST
from tests.cli.test_first_runs import workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter_cli.ledger.model import Campaign
    from tests.cli.folder import Folder


def gone(_: Campaign, __: int) -> None:
    Path("post.md").unlink()


def a_folder(_: Campaign, __: int) -> None:
    Path("post.md").unlink()
    Path("post.md").mkdir()


@pytest.mark.parametrize("happens", [gone, a_folder])
def test_a_post_that_cannot_be_marked_is_refused(letter: Folder, happens: Callable[[Campaign, int], None]) -> None:
    request = SendRequest(
        workspace=workspace(letter),
        post=Path("post.md"),
        lists=(ListSource("subs.csv"),),
        stop=Stop(),
        announce=happens,
    )
    with pytest.raises(Refused, match=r"post\.md: the post cannot be stamped"):
        job.send(request)
    assert letter.mailed == []
    # Nothing is frozen by it: the post may come back as another text.
    if Path("post.md").is_dir():
        Path("post.md").rmdir()
    letter.write("post.md", POST + "More.\n")
    assert letter("send", "post.md", "--list", "subs.csv").code == 0
    assert letter.mailed == [f"reader{n}@example.net" for n in range(1, 6)]
