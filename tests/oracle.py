"""The oracle of the dialect: how much of each post equals what pandoc makes of it.

    python -m tests.oracle [FILE or FOLDER ...] [--diff]

Both results are read as HTML, cleaned by the program's own cleaning, brought into one canonical form, and compared
line by line. Without arguments: the corpus posts beside the checkout. `DIFFERENCES` lists what is meant to differ; the
first part of it is taken out of both sides before they are compared; the second is not, no post of the corpus has it.
"""

from __future__ import annotations

import argparse
import difflib
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pypandoc
from lxml import html as lxml_html

from newsletter_cli.rendering import clean
from newsletter_cli.rendering.dialect.convert import convert
from newsletter_cli.rendering.dialect.figures import is_file_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

FORMAT = "markdown-raw_tex-citations-example_lists-tex_math_dollars"
CORPUS = Path(__file__).parents[2] / "shared" / "corpus"

DIFFERENCES = """
Taken out before the comparison:
widgets      data-component-name is data-component
images       a file name under an image is no caption; data: icons are dropped
attributes   only what has a meaning in mail stays: no target, contenteditable, role, unknown data
anchors      the target of a link inside the post has <a name> too
code         highlighted with inline styles, not with spans of pandoc's classes
task lists   a box is a character, since mail clients drop <input>
raw HTML     what has no place in mail is gone; loose text between blocks is a paragraph
sections     pandoc's writer makes one of a box that begins with a heading
spans        white space at the edge of a span or link stands outside it; pandoc drops it and joins the words

Not taken out (the golden pairs named ours_...):
courtesy     a list, heading, quote, table, rule or box may begin under a line of text, as in CommonMark; not behind a
             hard break, not inside raw HTML, not where a wrapped line seems to begin with a dash
unclosed     a box or a fence of code that is never closed ends with what holds it, a lone ::: is dropped; both named
indented     a fence of colons may stand behind up to three spaces
tags         a name in angle brackets that HTML does not know is text; indented HTML inside HTML is no code
templates    {{ }} and {% %} keep their quotes, a bare address its dashes
kramdown     {:.class}, {:toc}, and [TOC]
footnotes    a note referred to twice is one note
definitions  several paragraphs of one stay paragraphs
metadata     a line of --- or % in a body is a rule or text, never swallowed; a lone row of dashes is no table
"""

_BLOCK_TAGS = """
    address article aside blockquote body caption center col colgroup dd details div dl dt figcaption figure
    footer h1 h2 h3 h4 h5 h6 header hr li main ol p pre section summary table tbody td tfoot th thead tr ul
"""
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_FLOW = frozenset({"article", "aside", "blockquote", "body", "center", "details", "div", "footer", "header", "section"})
_KEPT_NAMES = "alt class colspan data-attrs data-component href id rowspan src start style title type"
_KEPT = frozenset(_KEPT_NAMES.split())
_LEVELS = ("h1", "h2", "h3", "h4", "h5", "h6")


def pandoc(markdown: str) -> str:
    """What pandoc makes of a text."""
    command = [pypandoc.get_pandoc_path(), "-f", FORMAT, "-t", "html", "--wrap=none"]
    return subprocess.run(command, input=markdown, capture_output=True, text=True, check=True).stdout


def expected(markdown: str) -> list[str]:
    """pandoc's result in canonical form."""
    document = lxml_html.document_fromstring(f"<html><body>{pandoc(markdown)} </body></html>")
    body: HtmlElement | None = document.find("body")
    assert body is not None
    body.tag = "div"
    for element in body.iter("*"):
        if "data-component-name" in element.attrib:
            element.set("data-component", element.attrib.pop("data-component-name"))
    _sections(body)
    _unpack_code(body)
    _boxes(body)
    clean.clean(body, file="oracle")
    _file_names(body)
    return canonical(body)


def actual(markdown: str) -> list[str]:
    """The program's result in canonical form."""
    tree = convert(markdown, file="oracle").tree
    for code in tree.iter("code"):
        parent = code.getparent()
        if parent is not None and parent.tag == "pre":
            _only_text(code)
    return canonical(tree)


def _sections(body: HtmlElement) -> None:
    """pandoc's writer joins a box and the heading it begins with into a section; take that apart again."""
    for section in list(body.iter("section")):
        if not len(section) or section[0].tag not in _LEVELS or "id" not in section.attrib or "id" in section[0].attrib:
            continue
        heading = section[0]
        heading.set("id", section.attrib.pop("id", ""))
        own = set(heading.get("class", "").split())
        classes = [one for one in section.get("class", "").split() if one not in own]
        section.attrib.pop("class", None)
        if classes:
            section.set("class", " ".join(classes))
        section.tag = "div"


def _only_text(element: HtmlElement) -> None:
    text = element.text_content()
    for child in list(element):
        element.remove(child)
    element.text = text
    element.attrib.clear()


def _unpack_code(body: HtmlElement) -> None:
    for pre in list(body.iter("pre")):
        wrapper = pre.getparent()
        if wrapper is not None and wrapper.get("class") == "sourceCode" and len(wrapper) == 1:
            identifier = wrapper.get("id", "")
            wrapper.drop_tag()
            if identifier and not re.fullmatch(r"cb\d+", identifier):
                pre.set("id", identifier)
        pre.attrib.pop("class", None)
        for code in pre.iter("code"):
            _only_text(code)
    for code in body.iter("code"):
        if code.get("class"):
            _only_text(code)


def _boxes(body: HtmlElement) -> None:
    for box in list(body.iter("input")):
        if box.get("type") == "checkbox":
            mark = "☑ " if box.get("checked") is not None else "☐ "
            box.tail = mark + (box.tail or "")
            label = box.getparent()
            box.drop_tree()
            if label is not None and label.tag == "label":
                label.drop_tag()


def _file_names(body: HtmlElement) -> None:
    for caption in list(body.iter("figcaption")):
        if is_file_name(caption.text_content()):
            caption.drop_tree()


def canonical(root: HtmlElement) -> list[str]:
    """A tree as lines: one a block's start, one a block's end, one a run of text with its inline elements."""
    _bare_boxes(root)
    return list(_lines(root, ""))


def _bare_boxes(root: HtmlElement) -> None:
    """A box without attributes that begins with a heading is nothing: pandoc's writer leaves it out."""
    for box in list(root.iter("div")):
        if box is not root and not set(box.attrib) - {clean.LINE} and len(box) and box[0].tag in _LEVELS:
            box.drop_tag()


def _lines(element: HtmlElement, indent: str) -> Iterator[str]:
    yield f"{indent}<{element.tag}{_attributes(element)}>"
    inner = indent + " "
    if element.tag == "pre":
        yield inner + repr("".join(element.itertext()).strip("\n"))
        return
    runs = list(_runs(element))
    loose = element.tag in _FLOW or (element.tag in {"td", "th", "dd"} and any(not isinstance(r, str) for r in runs))
    for run in runs:
        if not isinstance(run, str):
            yield from _lines(run, inner)
        elif run:
            if loose:
                yield f"{inner}<p>"
            yield f"{inner}{' ' if loose else ''}{run}"


def _runs(element: HtmlElement) -> Iterator[str | HtmlElement]:
    parts = [element.text or ""]
    for child in element:
        if child.tag in _BLOCKS:
            yield _collapsed(parts)
            yield child
            parts = []
        else:
            parts.append(_inline(child))
        parts.append(child.tail or "")
    yield _collapsed(parts)


def _collapsed(parts: list[str]) -> str:
    text = re.sub(r"[ \t\n\r\f]+", " ", "".join(parts))
    text = re.sub(r" ?(<br>) ?", r"\1", text)
    text = text.replace("</span> <span", "</span><span")
    return text.strip(" ")


def _inline(element: HtmlElement) -> str:
    if element.tag == "a" and element.get("name") and element.get("href") is None and not element.text_content():
        return ""
    inner = element.text or ""
    for child in element:
        inner += _inline(child) + (child.tail or "")
    return f"<{element.tag}{_attributes(element)}>{inner}" + (
        "" if element.tag in {"br", "img"} else f"</{element.tag}>"
    )


def _attributes(element: HtmlElement) -> str:
    kept = {name: _value(name, value) for name, value in element.attrib.items() if name in _KEPT}
    if kept.get("type") == "1":
        del kept["type"]
    return "".join(f" {name}={kept[name]!r}" for name in sorted(kept) if kept[name] or name in {"href", "src"})


def _value(name: str, value: str) -> str:
    if name == "class":
        return " ".join(one for one in value.split() if one != "footnotes-end-of-document")
    if name == "style":
        return value.replace(" ", "").rstrip(";").replace(".0%", "%")
    if name in {"href", "src", "title", "alt"}:
        return re.sub(r"\s+", " ", value).strip()
    return value


def share(markdown: str) -> tuple[float, list[str]]:
    """How much equals pandoc's, from 0 to 1, and the difference as a unified diff."""
    want, have = expected(markdown), actual(markdown)
    if want == have:
        return 1.0, []
    matcher = difflib.SequenceMatcher(a=want, b=have, autojunk=False)
    return matcher.ratio(), list(difflib.unified_diff(want, have, "pandoc", "ours", lineterm="", n=1))


def body_of(text: str) -> str:
    """A post without its front matter."""
    for fence in ("---", "+++"):
        if text.startswith(f"{fence}\n"):
            return text.split(f"\n{fence}\n", 1)[-1]
    return text


def main(arguments: list[str] | None = None) -> int:
    """Print the share of each post and of all; 0 where every one is 1."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.oracle",
        description=(__doc__ or "").splitlines()[0],
        epilog=DIFFERENCES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="*", type=Path, default=[CORPUS / "posts"])
    parser.add_argument("--diff", action="store_true", help="show what differs")
    options = parser.parse_args(arguments)
    files = [file for path in options.paths for file in (sorted(path.glob("*.m*")) if path.is_dir() else [path])]
    shares = []
    for file in files:
        part, difference = share(body_of(file.read_text(encoding="utf-8")))
        shares.append(part)
        sys.stdout.write(f"{part:8.4f}  {file.name}\n")
        if options.diff:
            sys.stdout.writelines(f"{line[:400]}\n" for line in difference)
    if shares:
        sys.stdout.write(
            f"{sum(shares) / len(shares):8.4f}  mean of {len(shares)}, {sum(s == 1.0 for s in shares)} equal\n"
        )
    return 0 if all(part == 1.0 for part in shares) else 1


if __name__ == "__main__":
    sys.exit(main())
