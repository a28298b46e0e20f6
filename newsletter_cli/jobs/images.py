"""`newsletter images export DIR`: the image files that link mode expects to be published.

Names are those of the mail: the file's own name and a hash of its content, so that a file once published is never
replaced by another, and exporting again changes nothing. Writes into DIR alone, each file whole or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsletter_cli import files
from newsletter_cli.jobs import identity, outputs
from newsletter_cli.jobs.prepare import site_of
from newsletter_cli.jobs.report import JSON_VERSION
from newsletter_cli.problems import Problem, Refused, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.rendering.model import InlineImage


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """The names of the files, in the order of the posts; how many of them were not there before."""

    folder: str
    names: tuple[str, ...]
    fresh: int
    octets: int
    problems: tuple[Problem, ...]

    def as_json(self) -> dict[str, Any]:
        """The report as an object of the interface."""
        return {
            "version": JSON_VERSION,
            "folder": self.folder,
            "files": list(self.names),
            "written": self.fresh,
            "size_octets": self.octets,
        }


def export(workspace: Workspace, folder: Path, posts: Sequence[Path]) -> ExportReport:
    """Write the images of these posts. A post that cannot be read stops only itself. Raises Refused."""
    wrong: list[Problem] = []
    found: dict[str, InlineImage] = {}
    for post in posts:
        try:
            found |= {image.filename: image for image in _images(workspace, post, wrong)}
        except Refused as refused:
            wrong += refused.problems
    for name in found:
        outputs.claim(folder / name, workspace.settings, begins=b"")
    fresh = sum(_written(folder / name, image.data) for name, image in found.items())
    if not workspace.settings.images.base_url:
        hint = "set images.base_url to the address under which these files will stand"
        wrong.append(
            Problem(text="no mail links to these files yet", hint=hint, severity=Severity.NOTE, code="image-base-url")
        )
    octets = sum(len(image.data) for image in found.values())
    return ExportReport(folder=str(folder), names=tuple(found), fresh=fresh, octets=octets, problems=tuple(wrong))


def all_posts(workspace: Workspace) -> list[Path]:
    """Every post of the newsletter: those that `run` would look at."""
    home = workspace.settings.folder
    posts = home / "posts"
    return list(identity.siblings(posts if posts.is_dir() else home, recursive=True))


def _images(workspace: Workspace, path: Path, wrong: list[Problem]) -> Iterator[InlineImage]:
    """A post's local images, as link mode would name them."""
    from newsletter_cli.post import read
    from newsletter_cli.rendering import render

    post = read.read(path, timezone=workspace.settings.newsletter.timezone)
    site = site_of(workspace.settings, post)
    wrong += [one for one in render.render(post, site).problems if one.code in {"image-missing", "image"}]
    yield from render.published(post, site)


def _written(path: Path, data: bytes) -> bool:
    """Write a file that is not there yet, or not with these octets; whether it was written. Raises Refused."""
    try:
        if path.is_file() and path.read_bytes() == data:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        files.replace(path, data)
    except OSError as error:
        raise Refused(
            Problem(
                text=f"it cannot be written: {error.strerror or error}", file=str(path), hint="choose another folder"
            )
        ) from error
    return True
