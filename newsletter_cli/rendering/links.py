"""Where links lead: absolute, with a scheme, repaired where the author's slip is plain, and something to click.

Changes the tree in place; every repair and every link that leads nowhere is a warning with its line. A relative link
needs `site_url`: a mail has no page that it could be relative to. Opens no connection; raises nothing.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

from newsletter_cli.problems import Problem, Severity
from newsletter_cli.rendering.merge import WHOLE_LINK
from newsletter_cli.rendering.nodes import line_of, unwrap, words

if TYPE_CHECKING:
    from lxml import etree

_SCHEMES = words(
    "http https mailto tel sms ftp ftps webcal geo irc ircs matrix xmpp magnet news nntp sip sips bitcoin lightning"
    " nostr gemini gopher git ssh feed signal facetime whatsapp tg skype zoommtg obsidian"
)
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
# What Substack's own mails fill in: %%checkout_url%% and the like.
_PLACEHOLDER = re.compile(r"(?:%%|%25%25)\w+(?:%%|%25%25)")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+\Z", re.ASCII)
# A host without its scheme: the ends that posts link to most, so that `notes.md` stays a file.
_HOST = re.compile(
    r"(?:www\.[\w-]+\.[\w.-]+|(?:[\w-]+\.)+(?:com|org|net|io|ai|dev|co|edu|gov|news|blog|uk|de|fr|eu|jp))"
    r"(?::\d+)?(?:[/?#].*)?\Z",
    re.IGNORECASE,
)
# Slips of the keyboard, each with what was meant.
_SLIPS = (
    (re.compile(r"(?:h|ht|htt|t|tt|ttp|p|htp|hhtp|htttp|hhttp|htps?|hhttps?|htttps?|httsp|httpss|ttps?|tps?)://+"), ""),
    (re.compile(r"https?:?//+(https?)://+"), r"\1://"),
    (re.compile(r"(https?):/(?=[^/])"), r"\1://"),
    (re.compile(r"(https?)//+"), r"\1://"),
    (re.compile(r"(https?);//+"), r"\1://"),
    (re.compile(r"(https?):///+"), r"\1://"),
)
_ENDS = re.compile(r"\A(?:%20|%0[AD9]|\s)+|(?:%20|%0[AD9]|\s)+\Z", re.IGNORECASE)
_BRACKETS = re.compile(r"(?:%5B|\[|%3C|<)\s*(\S+?)\s*(?:%5D|\]|%3E|>)\Z", re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_UNSAFE = re.compile(r"[ \"<>\\^`{}]")  # RFC 3986 §2: never in a URL; letters beyond ASCII are left to the client


def absolute(tree: etree._Element, *, base: str, file: str) -> list[Problem]:
    """Give every link a target that works in a mail; a link without one loses its tag and keeps its text."""
    problems: list[Problem] = []
    names = {value for element in tree.iter("*") for value in (element.get("id"), element.get("name")) if value}
    for link in list(tree.iter("a")):
        said = link.get("href")
        if said is None or WHOLE_LINK.match(said):
            continue
        target, problem = _target(said, base, names)
        if problem is not None:
            problems.append(replace(problem, file=file, line=line_of(link)))
        if target:
            link.set("href", target)
        else:
            del link.attrib["href"]
            unwrap(link)
    return problems


def _target(said: str, base: str, names: set[str]) -> tuple[str, Problem | None]:
    """Where a link leads, empty where it cannot, and what is wrong with it."""
    if _PLACEHOLDER.match(said.strip()):
        return "", _warning(
            f"the link {said} would have been filled by the platform that the post comes from; its text stays"
        )
    target, why = repaired(said)
    if not target:
        return "", _warning("a link has no target; its text stays", "write where it leads", "link-empty")
    if target.startswith("#"):
        lost = target != "#" and target[1:] not in names
        return target, _warning(f"the link leads to {target}, and nothing here is called so") if lost else None
    if _SCHEME.match(target) is None:
        if base:
            return urljoin(base, target), _warning(why) if why else None
        why = f"the link to {said!r} is relative, and a mail has no page that it is relative to"
        return "", _warning(why, "set site_url, or write the whole URL", "link-relative")
    scheme = target.split(":", 1)[0].lower()
    if scheme not in _SCHEMES:
        return "", _warning(f"a link of the kind {scheme}: does not work in a mail; its text stays")
    if scheme in {"http", "https"} and not _has_host(target):
        return "", _warning(f"the link {said!r} names no host; its text stays")
    return target, _warning(why) if why else None


def repaired(said: str) -> tuple[str, str]:
    """A target as it was meant, and what was wrong with it (empty: nothing that a writer need know)."""
    target = _ENDS.sub("", said)
    if bracketed := _BRACKETS.match(target):
        target = bracketed[1]
    why = f"the link {said!r} was read as {target!r}" if target != said.strip() else ""
    target = _CONTROLS.sub("", target)
    target = _UNSAFE.sub(lambda found: quote(found[0]), target)
    for pattern, meant in _SLIPS:
        match = pattern.match(target.lower())
        if match:
            target = (match.expand(meant) if meant else "https://") + target[match.end() :]
            why = f"the link {said!r} was read as {target!r}"
            break
    if _SCHEME.match(target) is None or _HOST.match(target):
        if _MAIL.match(target):
            target, why = f"mailto:{target}", f"the link {said!r} was read as an e-mail address"
        elif target.startswith("//"):
            target = f"https:{target}"
        elif _HOST.match(target):
            target, why = f"https://{target}", f"the link {said!r} lacks its https://"
    return target, why


def _has_host(target: str) -> bool:
    try:
        return bool(urlsplit(target).hostname)
    except ValueError:
        return False


def _warning(text: str, hint: str = "", code: str = "link") -> Problem:
    return Problem(text=text, hint=hint, severity=Severity.WARNING, code=code)
