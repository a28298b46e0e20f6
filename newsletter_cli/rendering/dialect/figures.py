"""An image alone in its paragraph is a figure, its alternative text the caption, as pandoc has it.

A file name is no caption: Substack's and pandoc's images often carry one in the place of a text.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement

from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

from newsletter_cli.rendering.clean import LINE

# "download (22).jpeg", "IMG_1234", "image-3": names of files, written by a camera or a browser.
_FILE_NAME = re.compile(
    r"[^\n]*\.(?:avif|bmp|gif|heic|jpe?g|png|svg|tiff?|webp)|(?:IMG|DSC|image|Screenshot)[-_ ]?\d+", re.IGNORECASE
)


def is_file_name(alt: str) -> bool:
    """Whether an alternative text is only the name of a file."""
    return bool(_FILE_NAME.fullmatch(alt.strip().replace("\\", "")))


class Figures(Treeprocessor):
    """Makes the figures."""

    def run(self, root: Element) -> None:
        """Change the tree in place."""
        for paragraph in list(root.iter("p")):
            image = _only_image(paragraph)
            if image is None or not image.get("alt"):
                continue
            paragraph.tag = "figure"
            paragraph.text = AtomicString("")
            image.tail = None
            alt = image.get("alt", "")
            if not is_file_name(alt):
                caption = SubElement(paragraph, "figcaption", {"aria-hidden": "true"})
                caption.text = AtomicString(alt)


def _only_image(paragraph: Element) -> Element | None:
    if len(paragraph) != 1 or paragraph[0].tag != "img":
        return None
    alone = not (paragraph.text or "").strip() and not (paragraph[0].tail or "").strip()
    return paragraph[0] if alone and paragraph.get(LINE) else None
