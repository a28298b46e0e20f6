"""An image alone in its paragraph is a figure, its alternative text the caption, as pandoc has it.

A file name is no caption: Substack's and pandoc's images often carry one in the place of a text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

from newsletter_cli.rendering.clean import LINE
from newsletter_cli.rendering.dialect import tree

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from markdown import Markdown

# "download (22).jpeg", "IMG_1234", "image-3": names of files, written by a camera or a browser.
_FILE_NAME = re.compile(
    r"[^\n]*\.(?:avif|bmp|gif|heic|jpe?g|png|svg|tiff?|webp)|(?:IMG|DSC|image|Screenshot)[-_ ]?\d+", re.IGNORECASE
)


def is_file_name(alt: str) -> bool:
    """Whether an alternative text is only the name of a file."""
    return bool(_FILE_NAME.fullmatch(alt.strip().replace("\\", "")))


class Figures(Treeprocessor):
    """Makes the figures. `captions` has the alternative texts as inline content."""

    def __init__(self, md: Markdown, captions: dict[Element, Element]) -> None:
        super().__init__(md)
        self._captions = captions

    def run(self, root: Element) -> None:
        """Change the tree in place."""
        for paragraph in list(root.iter()):
            image = _only_image(paragraph) if paragraph.tag in {"p", tree.PLAIN} else None
            if image is None or not tree.text_of(self._captions[image]):
                continue
            paragraph.tag = "figure"
            paragraph.text = AtomicString("")
            image.tail = None
            if identifier := image.attrib.pop("id", ""):
                paragraph.set("id", identifier)
            if not is_file_name(tree.text_of(self._captions[image])):
                paragraph.append(self._captions[image])


def _only_image(paragraph: Element) -> Element | None:
    if len(paragraph) != 1 or paragraph[0].tag != "img":
        return None
    alone = not (paragraph.text or "").strip(" \n") and not (paragraph[0].tail or "").strip(" \n")
    return paragraph[0] if alone and paragraph.get(LINE) else None
