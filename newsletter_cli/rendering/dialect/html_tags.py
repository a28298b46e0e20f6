"""Raw HTML in Markdown, token by token: what a tag is, which begin a block, what may be handed to an HTML parser.

A stray ``<`` is text. Elements whose content is no markup (``script``, ``iframe``, …) never reach the HTML parser with
their content, since one without an end tag would swallow the rest of the post; the empty element stays, for the
cleaning to name. Every start tag gets the line it stands on.
"""

from __future__ import annotations

import re

from newsletter_cli.rendering.clean import LINE

# HTML's block-level elements as pandoc counts them: a tag of theirs ends a paragraph.
_BLOCK_TAGS = """
    address article aside blockquote body canvas caption center col colgroup dd details dialog dir div dl dt fieldset
    figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li link main menu meta
    nav noframes ol optgroup option output p pre script section source style summary table tbody td template textarea
    tfoot th thead title tr track ul video audio
"""
BLOCK_TAGS = frozenset(_BLOCK_TAGS.split())
# Block-level only where a block begins with them.
EITHER_TAGS = frozenset({"button", "embed", "iframe", "map", "noscript", "object", "progress", "svg"})
# Content that is no markup (HTML §13.2.5), or has none that a mail could show.
OPAQUE_TAGS = frozenset(
    {
        "iframe",
        "math",
        "noembed",
        "noframes",
        "script",
        "select",
        "style",
        "svg",
        "template",
        "textarea",
        "title",
        "xmp",
    }
)
# Tags that would change where everything behind them stands.
DROPPED_TAGS = frozenset({"body", "frame", "frameset", "head", "html", "plaintext"})
VOID_TAGS = frozenset({"br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
# What else HTML knows, or knew. Any other name without a hyphen or a colon is no tag but a text in angle brackets.
_INLINE_TAGS = """
    a abbr acronym area audio b base basefont bdi bdo big blink br button cite code data datalist del dfn em embed
    font i iframe img input ins kbd label map mark marquee meter nobr noembed noscript object param picture progress q
    rb rp rt rtc ruby s samp select slot small span strike strong sub sup svg time tt u var wbr xmp math keygen
    command font applet bgsound spacer layer ilayer frame plaintext listing multicol nextid rbc summary template
"""
KNOWN_TAGS = BLOCK_TAGS | EITHER_TAGS | OPAQUE_TAGS | DROPPED_TAGS | frozenset(_INLINE_TAGS.split())
# Start tags that stay open until their end tag; the others' end tags may be left out.
NESTING_TAGS = BLOCK_TAGS - VOID_TAGS - frozenset({"dd", "dt", "li", "p", "tbody", "td", "tfoot", "th", "thead", "tr"})
# Raw inline elements inside each other, in one text.
MAX_INLINE_DEPTH = 40

_ATTRIBUTE = r"""\s+[^\s"'<>/={}]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+))?"""
TAG = re.compile(rf"<(?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9:-]*)(?P<attributes>(?:{_ATTRIBUTE})*+)\s*(?P<void>/?)>")
COMMENT = re.compile(r"<!--.*?-->|<\?.*?\?>|<![A-Za-z][^<>]*>", re.DOTALL)
_TOKEN = re.compile(rf"{COMMENT.pattern}|{TAG.pattern}|<", re.DOTALL)
# A quick look for the tags that end a paragraph; a precise one follows.
HINT = re.compile(rf"</?(?:{'|'.join(sorted(BLOCK_TAGS))})[\s/>]", re.IGNORECASE)


def is_known(name: str) -> bool:
    """Whether a name in angle brackets is a tag's."""
    return name.lower() in KNOWN_TAGS or "-" in name or ":" in name


def tag(match: re.Match[str], line: int | None) -> str:
    """One tag, as it may stand in the tree: with its line, without a `/` that HTML does not know."""
    name = match["name"].lower()
    if name in DROPPED_TAGS:
        return ""
    if match["close"]:
        return "" if name in VOID_TAGS or name in OPAQUE_TAGS else f"</{name}>"
    placed = f"<{name}" if line is None else f'<{name} {LINE}="{line}"'
    end = ""
    if name in OPAQUE_TAGS or (match["void"] and name not in VOID_TAGS):
        end = f"</{name}>"
    return f"{placed}{match['attributes']}>{end}"


def safe(html: str, line: int) -> str:
    """HTML that was taken verbatim, with every tag as `tag` gives it, opaque content gone, a stray ``<`` as text."""
    parts: list[str] = []
    at = 0
    while token := _TOKEN.search(html, at):
        parts.append(html[at : token.start()])
        at = token.end()
        if token[0] == "<":
            parts.append("&lt;")
        elif token["name"]:
            parts.append(tag(token, line + html.count("\n", 0, token.start())))
            at = behind_opaque(html, token)
    parts.append(html[at:])
    return "".join(parts)


def behind_opaque(html: str, token: re.Match[str]) -> int:
    """Where the text goes on behind a tag: behind its end tag too, if it opens an element of no markup."""
    name = token["name"].lower()
    if token["close"] or token["void"] or name not in OPAQUE_TAGS:
        return token.end()
    end = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(html, token.end())
    return end.end() if end else token.end()
