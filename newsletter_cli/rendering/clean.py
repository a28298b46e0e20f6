"""What has no place in mail goes out of the tree; each removal is a warning that names the line.

Takes the lxml tree of a converted post, changes it in place, gives the warnings. Scripts, frames, forms, style sheets,
event handlers and links that would run something are removed; comments are dropped silently; what a mail cannot play
(video, audio, frames) becomes a link, so that its readers still get there. Text is never removed with a wrapper.
Reads no file and opens no connection. The line of an element is its own ``data-line`` or that of the nearest element
before it that has one.

The policy is the four tables below; everything that is not in them is unwrapped (elements) or removed (attributes),
silently where it is merely unknown, with a warning where it is dangerous.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter_cli.problems import Problem, Severity
from newsletter_cli.rendering import walls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

LINE = "data-line"
TITLE_LINE = "data-title-line"  # where the title of a link stands, if not in its own line


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Elements that a mail client shows as text. Anything else keeps its content and loses its tag.
SHOWN = _words(
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn"
    " div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark ol p pre q rp"
    " rt ruby s samp section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var"
    " wbr"
)

# Elements that go with all they hold: their content is no text of the post.
REMOVED = _words(
    "applet base basefont bgsound canvas datalist dialog frame frameset head input link map math meta meter noembed"
    " noframes noscript optgroup option output param plaintext progress script select style svg template textarea"
    " title track xmp"
)

# Elements that play something; a mail can only link there.
PLAYED = frozenset({"audio", "embed", "iframe", "object", "video"})

# The class of the box that such a link stands in where the player was a block.
PLAYER = "player-link"

# Where blocks stand beside each other, and what stands in a line.
FLOW = _words("article aside blockquote center dd details div figure footer header li main section td th")
PHRASES = _words(
    "a abbr b bdi bdo big cite code del dfn em font i img ins kbd mark q s samp small span strike strong sub sup tt u"
    " var"
)

# Attributes that may stay: everywhere, and on one element. `data-*` are the widgets' data; the page drops them.
EVERYWHERE = frozenset({"align", "aria-label", "class", "dir", "id", "lang", "style", "title", "valign"})
ON = {
    "a": frozenset({"href", "name"}),
    "col": frozenset({"span", "width"}),
    "colgroup": frozenset({"span", "width"}),
    "details": frozenset({"open"}),
    "font": frozenset({"color", "face", "size"}),
    "hr": frozenset({"width"}),
    "img": frozenset({"alt", "height", "src", "width"}),
    "li": frozenset({"value"}),
    "ol": frozenset({"reversed", "start", "type"}),
    "table": frozenset({"border", "cellpadding", "cellspacing", "width"}),
    "td": frozenset({"colspan", "headers", "height", "rowspan", "width"}),
    "th": frozenset({"abbr", "colspan", "headers", "height", "rowspan", "scope", "width"}),
    "time": frozenset({"datetime"}),
    "ul": frozenset({"type"}),
}
DATA = frozenset({"data-attrs", "data-component", LINE, TITLE_LINE})
# How raw HTML names them: as the platform does, or as pandoc does in its GitHub-flavoured Markdown.
_WIDGET_DATA = {"data-component-name": "data-component", "component-name": "data-component", "attrs": "data-attrs"}

# Schemes that run something, or read the reader's machine (WHATWG URL; HTML §4.10.21 on javascript:).
DANGEROUS_SCHEMES = _words("about blob data file filesystem javascript livescript mhtml mocha vbscript")

_CSS_ESCAPE = re.compile(r"\\(?:([0-9A-Fa-f]{1,6})\s?|(.))", re.DOTALL)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
# WHATWG URL §4.4: leading C0 controls and spaces go, tabs and line ends go everywhere, before the scheme is read.
_IGNORED_IN_URL = re.compile(r"[\t\n\r]|^[\x00-\x20]+|[\x00-\x20]+$")
_DECLARATION = re.compile(r"-?[A-Za-z][\w-]*\s*:[^{}<>]*\Z")
# CSS that loads something, runs something, or lays itself over the mail.
_UNSAFE_CSS = re.compile(
    r"(?:url|expression|image-set)\s*\(|@import|\A\s*(?:behaviou?r|-moz-binding|position)\s*:", re.IGNORECASE
)


def clean(root: HtmlElement, *, file: str) -> tuple[Problem, ...]:
    """Take out of `root`, in place, what has no place in mail; give a warning for each thing a writer would miss."""
    cleaner = _Cleaner(file)
    cleaner.run(root)
    return tuple(cleaner.problems.values())


def scheme_of(url: str) -> str:
    """The scheme of a URL as a browser reads it, in lower case; empty for a relative one."""
    match = _SCHEME.match(_IGNORED_IN_URL.sub("", url))
    return match[1].lower() if match else ""


class _Cleaner:
    """One walk over one tree."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: dict[tuple[str, int | None], Problem] = {}
        self._line: int | None = None

    def run(self, root: HtmlElement) -> None:
        """Walk in document order over a list made beforehand, since the walk removes what it stands on."""
        gone: set[HtmlElement] = set()
        for element in list(root.iter()):
            parent = element.getparent()
            if parent is not None and parent in gone:
                gone.add(element)
                continue
            if not isinstance(element.tag, str):  # a comment or a processing instruction
                _remove(element)
                continue
            line = element.get(LINE, "")
            self._line = int(line) if line.isdecimal() else self._line
            if element is root:
                self._attributes(element)
            elif self._element(element):
                gone.add(element)

    def _element(self, element: HtmlElement) -> bool:
        """Treat one element; True when it went with all it holds."""
        tag = element.tag
        if tag in SHOWN:
            linked = tag == "a" and "href" in element.attrib
            self._attributes(element)
            if linked and not {"href", "id", "name"} & set(element.attrib):
                element.drop_tag()  # a link that was refused must not look like one
                return False
            return tag == "img" and self._image(element)
        if tag in PLAYED:
            self._played(element)
            return True
        if tag in REMOVED:
            self._warn(f"<{tag}> has no place in mail and was removed", code="html-removed")
            _remove(element)
            return True
        if tag in {"form", "button"}:
            self._warn(f"<{tag}> does nothing in mail; its text was kept", code="html-removed")
        elif walls.like(tag):
            # No element of HTML: for `paywall.suspects`, which names it.
            here = {} if self._line is None else {LINE: str(self._line)}
            element.addprevious(element.makeelement("span", {"class": walls.SUSPECT, "title": tag, **here}))
        element.drop_tag()
        return False

    def _played(self, element: HtmlElement) -> None:
        """Put a link in the place of a frame, a video or a sound."""
        sources = [element.get("src"), element.get("data")]
        sources += [source.get("src") for source in element.iterdescendants("source", "embed")]
        target = next((source for source in sources if source and self._linkable(source)), None)
        if target is None:
            self._warn(f"<{element.tag}> has no place in mail and was removed", code="html-removed")
        else:
            self._warn(f"<{element.tag}> does not play in mail; a link stands in its place", code="html-linked")
            link = element.makeelement("a", {"href": target, "class": f"{element.tag}-link"})
            link.text = element.get("title") or target
            _put(link, element)
            return
        _remove(element)

    def _image(self, element: HtmlElement) -> bool:
        """Drop an image that carries its own bytes (`data:`): interface icons, no content. True when it went."""
        scheme = scheme_of(element.get("src", ""))
        if scheme == "data" and "svg" in element.get("src", "")[:40].lower():
            _remove(element)  # Substack's interface icons: silently, they say nothing
            return True
        if scheme in {"", "http", "https", "cid"}:
            return False
        self._warn(f"an image whose address begins with {scheme}: does not load in mail; it was removed")
        alt = element.get("alt", "")
        if alt:
            element.tail = alt + (element.tail or "")
        _remove(element)
        return True

    def _attributes(self, element: HtmlElement) -> None:
        """Keep what may stay. All are set anew, since a parser takes names that cannot be deleted one by one."""
        given = {str(name): str(value) for name, value in element.attrib.items()}
        for name, meant in _WIDGET_DATA.items():
            if name in given:
                given.setdefault(meant, given[name])
        element.attrib.clear()
        for name, value in given.items():
            if kept := self._attribute(str(element.tag), name, value):
                element.set(name, kept)
            elif not value and self._allowed(str(element.tag), name):
                element.set(name, "")

    def _attribute(self, tag: str, name: str, value: str) -> str:
        """What of an attribute's value may stay; nothing: the attribute goes."""
        if name.startswith("on"):
            self._warn(f"the handler {name}= on <{tag}> has no place in mail and was removed")
            return ""
        if not self._allowed(tag, name):
            return ""
        if name == "style":
            return self._style(tag, value)
        if name == "href" and not self._linkable(value):
            self._warn(f"a link to {_shown(value)} has no place in mail; its text was kept")
            return ""
        return value

    def _allowed(self, tag: str, name: str) -> bool:
        return name in EVERYWHERE or name in DATA or name in ON.get(tag, frozenset())

    def _style(self, tag: str, style: str) -> str:
        """The declarations that neither load nor run anything nor lay the element over the mail."""
        declarations = [one.strip() for one in style.split(";")]
        kept = [one for one in declarations if _DECLARATION.match(one) and not _UNSAFE_CSS.search(_css_text(one))]
        if len(kept) < sum(map(bool, declarations)):
            self._warn(f"a style of <{tag}> that loads something or leaves its place was removed")
        return "; ".join(kept)

    def _linkable(self, target: str) -> bool:
        return scheme_of(target) not in DANGEROUS_SCHEMES

    def _warn(self, text: str, *, code: str = "html-unsafe") -> None:
        """Keep a warning, once a line."""
        problem = Problem(text=text, file=self.file, line=self._line, severity=Severity.WARNING, code=code)
        self.problems.setdefault((text, self._line), problem)


def _put(link: HtmlElement, element: HtmlElement) -> None:
    """Put a link in the place of an element: in a paragraph of its own where that was a block."""
    paragraph = element.getparent()
    alone = paragraph is not None and paragraph.tag == "p" and len(paragraph) == 1 and not paragraph.text_content()
    place = paragraph if alone and paragraph is not None else element
    place.addprevious(_boxed(link) if _stands_alone(place) else link)
    _remove(place)


def _stands_alone(element: HtmlElement) -> bool:
    """Whether an element is a block among blocks, not a part of a line."""
    parent, before, after = element.getparent(), element.getprevious(), element.getnext()
    if parent is None or parent.tag not in FLOW:
        return False
    text = (parent.text if before is None else before.tail) or ""
    beside = [one.tag for one in (before, after) if one is not None]
    return not text.strip() and not (element.tail or "").strip() and not any(tag in PHRASES for tag in beside)


def _boxed(link: HtmlElement) -> HtmlElement:
    """A link in a paragraph of its own, in a box by whose class a card can take its place (`embeds`)."""
    box = link.makeelement("div", {"class": PLAYER})
    paragraph = link.makeelement("p")
    paragraph.append(link)
    box.append(paragraph)
    return box


def _remove(element: HtmlElement) -> None:
    """Take an element out with all it holds; the text behind it stays."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
        element.tail = None
    parent.remove(element)


def _css_text(style: str) -> str:
    r"""A style with comments and backslash escapes undone, so that ``u\72l(`` is seen (CSS Syntax §4.3.7)."""
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    return _CSS_ESCAPE.sub(lambda m: chr(int(m[1], 16) % 0x110000) if m[1] else m[2], style)


def _shown(target: str, *, limit: int = 40) -> str:
    return target if len(target) <= limit else target[:limit] + "…"


def lines_of(root: HtmlElement) -> Iterator[tuple[HtmlElement, int | None]]:
    """Every element with its physical line: its own, or that of the nearest one before it that has one."""
    line: int | None = None
    for element in root.iter("*"):
        own = element.get(LINE, "")
        line = int(own) if own.isdecimal() else line
        yield element, line
