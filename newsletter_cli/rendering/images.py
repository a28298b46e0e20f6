"""The images of a post: found, fitted, and shipped with the mail or linked.

A remote image stays a link. A local one lies in the post's folder or below it; one that does not, or that a symbolic
link leads out of there, is an error with its line, as is one that is missing: the preview then shows its text. Local
images are embedded (``cid:``) or linked under `images_base_url`, all the same way, as `[images] mode` says. Names and
cids are hashes of the content. Sizes are set as attributes where they are known, because Outlook reads nothing else.
Reads files of the post's folder; opens no connection; raises nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urljoin, urlsplit

from newsletter_cli.problems import Problem, Severity
from newsletter_cli.rendering import pictures
from newsletter_cli.rendering.model import InlineImage, Site
from newsletter_cli.rendering.nodes import add_class, classes, drop, line_of, remove, text_of
from newsletter_cli.rendering.page import COLUMN

if TYPE_CHECKING:
    from lxml import etree

    from newsletter_cli.rendering.pictures import Picture

LONGEST = 2 * COLUMN  # screens of double density show a column-wide image sharp
_LARGEST_FILE = 40_000_000
TEMPLATE = "template:"
_SHOWN = 120  # characters of an address that cannot be used
_INLINE_WIDTH = 48  # pixels; what is no wider is a sign in a line of text
_SIZE_IN_URL = re.compile(r"_(\d{2,5})x(\d{2,5})\.(?:png|jpe?g|gif|webp|heic|avif)", re.IGNORECASE)
_DATA = re.compile(r"data:(image/[\w.+-]+)?(;[^,]*)?,(.*)\Z", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Placed:
    """What goes with the mail, and what is wrong. `published` are the files that link mode expects on the web."""

    embedded: tuple[InlineImage, ...] = ()
    published: tuple[InlineImage, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Local:
    """An image element whose bytes are here."""

    element: etree._Element
    picture: Picture
    name: str


@dataclass(slots=True)
class _Places:
    """One pass over a tree."""

    folder: Path
    site: Site
    file: str
    local: list[_Local] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def wrong(
        self, element: etree._Element, text: str, code: str, *, hint: str = "", severity: Severity = Severity.ERROR
    ) -> None:
        line = line_of(element)
        self.problems.append(Problem(text=text, file=self.file, line=line, hint=hint, severity=severity, code=code))


def place(tree: etree._Element, folder: Path, site: Site, *, file: str) -> Placed:
    """Give every image of the tree a source that a mail can show."""
    places = _Places(folder, site, file)
    own: list[etree._Element] = []
    for element in list(tree.iter("img")):
        ours = any(name.startswith("nl-") for name in classes(element))
        if not ours:
            _alt(element, places)
        if ours and element.get("src", "").startswith(TEMPLATE):
            continue  # one of the template's pictures: `Own` ships it
        _source(element, places)
        if not ours:
            own.append(element)
    done = _shipped(places)
    for element in own:
        if element.tag == "img":
            _set_apart(element)
    return done


def _alt(element: etree._Element, places: _Places) -> None:
    """Keep a text that says what is seen; a file name says nothing (and is kept from the readers)."""
    from newsletter_cli.rendering.dialect.figures import is_file_name

    said = " ".join(element.get("alt", "").split())
    plain = said.replace("\\", "")
    if plain and not is_file_name(plain):
        element.set("alt", said)
        return
    element.set("alt", "")
    text = f"an image has a file name as its text: {plain}" if plain else "an image has no text"
    hint = "say in the brackets what it shows, for readers who do not see it"
    places.wrong(element, text, "image-alt", hint=hint, severity=Severity.WARNING)


def _source(element: etree._Element, places: _Places) -> None:
    said = element.get("src", "").strip()
    if not said:
        places.wrong(element, "an image has no address; it was left out", "image-empty", severity=Severity.WARNING)
        remove(element)
        return
    scheme = said.split(":", 1)[0].lower() if re.match(r"[a-zA-Z][\w+.-]+:", said) else ""
    if said.startswith("//"):
        _remote(element, f"https:{said}")
    elif scheme in {"http", "https"}:
        _remote(element, said)
    elif scheme == "data":
        _data(element, said, places)
    elif scheme:
        places.wrong(
            element, f"an image cannot come from {scheme}:", "image-address", hint="give a file or an https URL"
        )
        _missing(element, said)
    elif said.startswith("/"):
        _of_site(element, said, places)
    else:
        _file(element, said, places)


def _set_apart(element: etree._Element) -> None:
    """Let a picture that stands alone in its block stand in the middle, a smaller one in its line."""
    block = element.getparent()
    while block is not None and block.tag in {"a", "span", "em", "strong", "picture"}:
        block = block.getparent()
    if block is None:
        return
    if len(list(islice(block.iter("img"), 2))) != 1:
        return
    captions = [text_of(caption) for caption in block.iter("figcaption")]
    width = _pixels(element.get("width", "")) or COLUMN
    if text_of(block) == "".join(captions) and width > _INLINE_WIDTH:
        add_class(element, "nl-image")


def _remote(element: etree._Element, url: str) -> None:
    element.set("src", quote(url, safe="!#$%&'()*+,/:;=?@[]~|-._"))
    found = _SIZE_IN_URL.search(unquote(url))
    _sized(element, *((int(found[1]), int(found[2])) if found else (0, 0)))


def _of_site(element: etree._Element, said: str, places: _Places) -> None:
    """``/assets/x.png``: a path of the site, as static site generators write it."""
    if places.site.site_url:
        _remote(element, urljoin(places.site.site_url, said))
        return
    places.wrong(
        element,
        f"the image {said} is a path of a site",
        "image-missing",
        hint="set site_url, or write a path relative to the post",
    )
    _missing(element, said)


def _data(element: etree._Element, said: str, places: _Places) -> None:
    match = _DATA.match(said)
    kind = (match[1] or "").lower() if match else ""
    if kind == "image/svg+xml":  # icons of the page that the post was exported from: no content
        remove(element)
        return
    try:
        packed = (match[3] if match else "").encode()
        data = base64.b64decode(unquote(packed.decode()), validate=False) if match and match[2] else packed
        picture = pictures.fit(data, LONGEST)
    except (pictures.NotShown, binascii.Error, ValueError) as error:
        places.wrong(element, f"an image in a data: address cannot be shown: {error}", "image-damaged")
        _missing(element, said)
        return
    places.local.append(_Local(element, picture, "image"))


def _file(element: etree._Element, said: str, places: _Places) -> None:
    try:
        path = _inside(places.folder, unquote(urlsplit(said).path) or said)
        data = _read(path)
        picture = pictures.fit(data, LONGEST)
    except pictures.NotShown as error:
        code = "image-missing" if error.hint == _LOOK else "image"
        places.wrong(element, f"the image {said}: {error.text}", code, hint=error.hint)
        _missing(element, said)
        return
    places.local.append(_Local(element, picture, path.stem))


_LOOK = "check the path; it is relative to the post"


def _inside(folder: Path, said: str) -> Path:
    """The file that a relative path means, which lies in the post's folder, or NotShown."""
    if "\0" in said or len(said) > 1024:
        raise pictures.NotShown("that is no path", _LOOK)
    home = folder.resolve()
    try:
        path = (home / said).resolve()
        there = path.is_file()
    except (OSError, RuntimeError) as error:
        raise pictures.NotShown(f"it cannot be read ({error})", _LOOK) from error
    if not path.is_relative_to(home):
        linked = ".." not in Path(said).parts
        how = "a link leads out of the post's folder" if linked else "it lies outside the post's folder"
        raise pictures.NotShown(how, "copy the file beside the post")
    if not there:
        raise pictures.NotShown("that is a folder" if path.is_dir() else "there is no such file", _LOOK)
    return path


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise pictures.NotShown(f"it cannot be read ({error.strerror})", "check its permissions") from error
    if len(data) > _LARGEST_FILE:
        raise pictures.NotShown("it has more than 40 MB", "make it smaller")
    return data


def _missing(element: etree._Element, said: str) -> None:
    """Leave the image's text in its place, as a client does that shows no images; its name, where it has none."""
    element.tag = "span"
    element.text = element.get("alt") or f"[{said if len(said) <= _SHOWN else said[:_SHOWN] + '…'}]"
    drop(element, *(str(name) for name in element.attrib if name not in {"data-line", "id"}))
    element.set("class", "nl-missing")


def _sized(element: etree._Element, width: int, height: int) -> None:
    """Set the sizes in which it is shown: its own, or the author's, and at most the column."""
    if any(name.startswith("nl-") for name in classes(element) - {"nl-image", "nl-clear"}):
        return  # a partial has set the size
    wanted = _pixels(element.get("width", "")) or width
    own_height = _pixels(element.get("height", "")) if _pixels(element.get("width", "")) else 0
    tall = height * wanted / width if width and height else own_height
    drop(element, "height")
    if not wanted:
        drop(element, "width")
        return
    shown = min(wanted, COLUMN)
    element.set("width", str(shown))
    if tall:
        element.set("height", str(max(1, round(tall * shown / wanted))))


def _pixels(said: str) -> int:
    match = re.match(r"\s*(\d{1,5})(?:\.\d+)?(?:px)?\s*\Z", said)
    return int(match[1]) if match else 0


@dataclass(slots=True)
class Own:
    """The template's own pictures (``template:play.png``): files of its folders, always shipped with the mail."""

    searched: tuple[str, ...]
    embedded: dict[str, InlineImage] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    given: dict[str, str] = field(default_factory=dict)  # source -> address, so that each file is read once

    def give(self, element: etree._Element) -> None:
        """Give an image of the page its last address, if it is one of the template's."""
        said = element.get("src", "")
        if not said.startswith(TEMPLATE):
            return
        if said in self.given:
            element.set("src", self.given[said])
            return
        name = said.removeprefix(TEMPLATE)
        try:
            path = self._found(name)
            image = _inline(pictures.fit(_read(path), LONGEST), path.stem)
        except pictures.NotShown as error:
            wrong = f"the template's picture {name}: {error.text}"
            self.problems.append(Problem(text=wrong, hint=error.hint, code="template-image"))
            element.tag = "span"
            element.text = element.get("alt", "")
            drop(element, "src", "alt", "width", "height")
            return
        self.embedded[image.cid] = image
        self.given[said] = f"cid:{image.cid}"
        element.set("src", f"cid:{image.cid}")

    def _found(self, name: str) -> Path:
        """The file of that name in the first folder that has it, or NotShown."""
        if re.fullmatch(r"[\w-]+\.\w+", name):
            for folder in self.searched:
                if (path := Path(folder) / name).is_file():
                    return path
        raise pictures.NotShown("no folder of the template has such a file", "put it there")


def _inline(picture: Picture, name: str) -> InlineImage:
    """A picture, named by its content."""
    digest = hashlib.sha256(picture.data).hexdigest()[:24]
    shown = f"{_plain(name)}-{digest[:10]}.{picture.ending}"
    return InlineImage(f"{digest}@newsletter.invalid", picture.data, picture.mime, shown)


def _shipped(places: _Places) -> Placed:
    """Decide how the local images travel, and name them."""
    linked = _linked(places)
    base = places.site.images_base_url.rstrip("/")
    shipped: dict[str, InlineImage] = {}
    for local in places.local:
        image = _inline(local.picture, local.name)
        image = shipped.setdefault(image.cid, image)
        local.element.set("src", f"{base}/{image.filename}" if linked else f"cid:{image.cid}")
        width = local.picture.shown_width or local.picture.width
        _sized(local.element, width, round(local.picture.height * width / local.picture.width))
        if local.picture.clear:
            add_class(local.element, "nl-clear")
    images = tuple(shipped.values())
    return Placed(() if linked else images, images, tuple(places.problems))


def _linked(places: _Places) -> bool:
    """Whether the post's local images are linked; what is wrong with that goes to the problems."""
    site = places.site
    total = sum(len(data) for data in {local.picture.data for local in places.local})
    over = total > site.images_budget_octets
    if site.images_base_url and (site.images_mode == "link" or (site.images_mode == "auto" and over)):
        return True
    if site.images_mode == "link" and total:
        places.problems.append(
            Problem(text="linked images need images.base_url", hint="set it, or mode = embed", code="image-base-url")
        )
    elif over:
        said = f"the images take {total // 1000} kB, more than the {site.images_budget_octets // 1000} kB of the budget"
        hint = "make them smaller, or publish them and set images.base_url"
        places.problems.append(
            Problem(text=said, file=places.file, hint=hint, severity=Severity.WARNING, code="images-heavy")
        )
    return False


def _plain(name: str) -> str:
    """A file name that needs no quoting anywhere."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[-40:].strip("-").lower() or "image"
