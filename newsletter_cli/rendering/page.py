"""Templates: the parts of a rendering become the HTML page and the text part.

A template is a folder ``email/NAME`` of small Jinja files over those of ``email/_base``; the folders of the user come
before the shipped ones, so one file of the same name replaces one part. Jinja runs sandboxed and autoescaped; a post's
text reaches it as finished HTML and is never a template. A template that cannot be used is a problem with its file and
line, and the shipped one stands in, so that there is always a page to look at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter_cli import assets
from newsletter_cli.problems import Problem
from newsletter_cli.rendering.text_layout import columns, wrap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment

COLUMN = 600  # pixels of the text column: about 70 letters of 18 px, and what every client shows unscaled
TEXT_WIDTH = 78  # RFC 5322 §2.1.1
_BASE = "_base"
_FALLBACK = "classic"
# Fills the inbox line behind the preheader, so that no text of the page follows it there: a combining grapheme
# joiner, a zero-width non-joiner and a no-break space, 60 times.
_PADDING = "\u034f\u200c\u00a0" * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a template may use; each is a Jinja variable of the same name. `body` is finished HTML."""

    name: str
    title: str
    subtitle: str
    date: str
    preheader: str
    body: str
    body_text: str
    language: str
    direction: str
    version: str
    web_url: str
    site_url: str
    upgrade_url: str
    postal_address: str
    unsubscribe_html: str
    unsubscribe_text: str
    words: Mapping[str, str]
    theme: Mapping[str, Any]
    post: Mapping[str, Any] = field(default_factory=dict)  # the front matter's other keys, for templates of one's own


def folders_of(template: str, folders: tuple[Path, ...]) -> tuple[tuple[str, ...], list[Problem]]:
    """Where a template's files are looked for, in order; a problem where there is no such template."""
    known = sorted({entry.name for folder in folders for entry in _entries(folder / "email")})
    problems = []
    if template not in known or template.startswith(("_", ".")):
        shown = [name for name in known if not name.startswith(("_", "."))]
        near = get_close_matches(template, shown, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(shown) or 'none'}"
        problems.append(Problem(text=f"there is no template {template!r}", hint=hint, code="template-unknown"))
        template = _FALLBACK
    return tuple(str(folder / "email" / name) for folder in folders for name in (template, _BASE)), problems


def _entries(folder: Path) -> list[Path]:
    return [entry for entry in folder.iterdir() if entry.is_dir()] if folder.is_dir() else []


@lru_cache(maxsize=8)
def environment(searched: tuple[str, ...]) -> Environment:
    """The Jinja environment of a chain of folders; files are read again when they change."""
    from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    base = FileSystemLoader([folder for folder in searched if Path(folder).name == _BASE])
    made = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([FileSystemLoader(list(searched)), PrefixLoader({_BASE: base})]),
        autoescape=lambda name: not (name or "").endswith((".txt", ".css")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    made.filters["outlook"] = _outlook
    made.filters["wrapped"] = _wrapped
    made.filters["underline"] = _underline
    return made


def _wrapped(text: str) -> str:
    """A text in lines that fit the text part."""
    return "\n".join(wrap(text, TEXT_WIDTH))


def _underline(text: str) -> str:
    """The line under a heading of the text part, as long as the longest of its lines."""
    return "=" * min(TEXT_WIDTH, max(map(columns, wrap(text, TEXT_WIDTH))))


def _outlook(rules: str) -> str:
    """The dark rules again for Outlook.com, which marks what it has recoloured with attributes of its own."""
    lines = []
    for line in rules.splitlines():
        selectors, brace, rest = line.partition("{")
        if brace:
            lines.append(", ".join(f"[data-ogsc] {one.strip()}" for one in selectors.split(",")) + " {" + rest)
    return "\n".join(lines)


@dataclass(slots=True)
class Templates:
    """The files of one template. A file that fails is a problem, and the shipped ones stand in from then on."""

    searched: tuple[str, ...]
    shipped: tuple[str, ...]
    problems: list[Problem] = field(default_factory=list)

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        """Fill one file."""
        if not self.problems:
            try:
                return environment(self.searched).get_template(name).render(values)
            except Exception as error:  # noqa: BLE001 - a template of the user's may raise whatever its code raises
                self.problems.append(_broken(error, self.searched))
        return environment(self.shipped).get_template(name).render(values)


def templates_of(template: str, folders: tuple[Path, ...]) -> tuple[Templates, list[Problem]]:
    """The files of a template; a problem where there is no such template. No folders: the shipped ones."""
    folders = folders or (assets.templates(),)
    searched, problems = folders_of(template, folders)
    shipped, _ = folders_of(_FALLBACK, folders[-1:])
    return Templates(searched, shipped), problems


def build(parts: Parts, templates: Templates) -> tuple[str, str]:
    """The page before its styles are inlined, and the text part."""
    before = len(templates.problems)
    html, text = _filled(templates, parts)
    # One that fails in the second half would leave a page of two templates.
    return (html, text) if len(templates.problems) == before else _filled(templates, parts)


def _filled(templates: Templates, parts: Parts) -> tuple[str, str]:
    from markupsafe import Markup

    shared: dict[str, Any] = {
        name: getattr(parts, name)
        for name in parts.__dataclass_fields__
        if name not in {"body", "body_text", "unsubscribe_html", "unsubscribe_text"}
    }
    shared |= {
        "theme": {"own_colours": [], **parts.theme},
        "column": COLUMN,
        "start": "right" if parts.direction == "rtl" else "left",
        "end": "left" if parts.direction == "rtl" else "right",
    }
    html = templates.render(
        "mail.html",
        {
            **shared,
            "body": Markup(parts.body),  # noqa: S704 - the post's tree, cleaned and serialised by us
            "unsubscribe_url": parts.unsubscribe_html,
            "padding": _PADDING,
        },
    )
    text = templates.render("mail.txt", {**shared, "body": parts.body_text, "unsubscribe_url": parts.unsubscribe_text})
    return html, text.strip("\n") + "\n"


def _broken(error: Exception, searched: tuple[str, ...]) -> Problem:
    """Which line of which file of the template is wrong."""
    from jinja2 import TemplateNotFound, TemplateSyntaxError

    if isinstance(error, TemplateSyntaxError):
        return Problem(
            text=f"the template cannot be read: {error.message}",
            file=error.filename,
            line=error.lineno,
            code="template-broken",
        )
    file, line = None, None
    trace = error.__traceback__
    while trace is not None:  # the innermost frame of a template: Jinja maps its lines
        name = trace.tb_frame.f_code.co_filename
        if name.startswith(searched):
            file, line = name, trace.tb_lineno
        trace = trace.tb_next
    what = f"there is no file {error.name!r}" if isinstance(error, TemplateNotFound) else str(error)
    return Problem(text=f"the template fails: {what}", file=file, line=line, code="template-broken")
