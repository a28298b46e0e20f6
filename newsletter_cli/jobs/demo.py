"""`newsletter demo`: the main job on the shipped example, to an SMTP server of its own.

Copies the example into a folder, previews the post, sends it to the list in a real SMTP conversation over the loopback
interface, sends it again (nothing may happen), and keeps what arrived. The same jobs as `preview` and `send`, with no
settings of the machine and no network. Writes into `folder` alone; prints nothing.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter_cli import assets
from newsletter_cli.web import inbox

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter_cli.delivery.seams import Stop
    from newsletter_cli.jobs.report import SendReport
    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.ledger.model import RecipientRow
    from newsletter_cli.times import Clock

INBOX_PAGE = "inbox.html"
MAILS = "mails"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What happened to one row of the list."""

    file: str
    line: int
    email: str
    fate: str  # "sent", "left out", ...
    why: str  # the server's words, or the reason

    @property
    def place(self) -> str:
        """``file:line``."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What was done, and where it lies."""

    folder: Path
    post: Path
    previews: tuple[Path, ...]
    server: str
    report: SendReport
    second: SendReport
    rows: tuple[Row, ...]
    mails: tuple[Path, ...]
    page: Path
    stamp: str  # the line that the post now carries


def demo(folder: Path, *, clock: Clock, stop: Stop) -> Demo:
    """Do the whole job in an existing empty folder. Raises what `send` raises."""
    from newsletter_cli.jobs.desk import SendRequest
    from newsletter_cli.jobs.send import send

    shutil.copytree(assets.examples(), folder, dirs_exist_ok=True)
    post = next((folder / "posts").glob("*.md"))
    with inbox.Inbox() as server:
        workspace = _workspace(folder, port=server.port, clock=clock)
        previews = _previews(workspace, post)
        request = SendRequest(workspace=workspace, post=post, stop=stop)
        report = send(request)
        second = send(request)
    rows = _rows(workspace, report)
    page = folder / INBOX_PAGE
    page.write_text(
        inbox.page(
            server.mails,
            title=f"Inbox of the demo: {report.subject}",
            left_out=[(row.place, row.email, row.why) for row in rows if row.fate == _LEFT_OUT],
        ),
        encoding="utf-8",
    )
    return Demo(
        folder=folder,
        post=post,
        previews=previews,
        server=f"{inbox.HOST}:{server.port}",
        report=report,
        second=second,
        rows=rows,
        mails=tuple(inbox.save(server.mails, folder / MAILS)),
        page=page,
        stamp=_stamp(post),
    )


_LEFT_OUT = "left out"


def _workspace(folder: Path, *, port: int, clock: Clock) -> Workspace:
    """The example's own settings, whatever this machine's environment and personal file say."""
    from newsletter_cli.config.load import load
    from newsletter_cli.jobs.workspace import Workspace

    settings = load(
        start=folder,
        config_file=folder / "newsletter.toml",
        environment={},
        options={"smtp.host": inbox.HOST, "smtp.port": port, "smtp.security": "none"},
        home=folder,
    )
    return Workspace(settings=settings, clock=clock)


def _previews(workspace: Workspace, post: Path) -> tuple[Path, ...]:
    """What would be mailed, as HTML (its pictures in the page, so that a browser shows them) and as text."""
    from newsletter_cli.jobs.preview import Format, preview
    from newsletter_cli.message.parts import opened
    from newsletter_cli.web.preview import Scheme

    made = preview(workspace, post)
    html, text = workspace.settings.folder / "preview.html", workspace.settings.folder / "preview.txt"
    html.write_text(inbox.in_one_piece(opened(made.eml), Scheme.LIGHT), encoding="utf-8")
    text.write_bytes(made.part(Format.TEXT))
    return html, text


def _rows(workspace: Workspace, report: SendReport) -> tuple[Row, ...]:
    """Every row of the list in its order: those in the ledger with their outcome, the others with the reason."""
    with workspace.ledger_as_it_is() as ledger:
        assert ledger is not None  # the sending made it
        (campaign,) = ledger.campaigns(workspace.newsletter)
        mailed = [_mailed(row) for row in ledger.recipients(campaign.id)]
    left_out = [
        Row(file=row.file, line=row.line, email=row.email, fate=_LEFT_OUT, why=row.reason) for row in report.left_out
    ]
    return tuple(sorted([*mailed, *left_out], key=lambda row: (row.file, row.line)))


def _mailed(row: RecipientRow) -> Row:
    return Row(file=row.file, line=row.line, email=row.email, fate=row.outcome.value, why=row.reply)


def _stamp(post: Path) -> str:
    """The line that says when it was sent."""
    lines = post.read_text(encoding="utf-8").splitlines()
    return next((line for line in lines if line.startswith("email_sent_at:")), "")
