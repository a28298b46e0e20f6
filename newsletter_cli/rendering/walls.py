"""The words by which letters mark the part that is not for everybody: which are known, and which only look so.

A known marker parts the letter (`paywall`). What looks like one and is not known must never pass in silence: all of
the letter would go to everybody. Pure, over texts of any kind.
"""

from __future__ import annotations

import re

# What an HTML comment says that parts a letter: Ghost's two (its Markdown and Lexical exports), and the plain word.
COMMENTS = frozenset({"members-only", "kg-paywall", "paywall"})
# The classes by which a comment stands in the tree: one that parts the letter, one that only looks so.
MARKER, SUSPECT = "paywall-marker", "paywall-suspect"

_WHO = r"(?:paid|paying|premium|members?|subscribers?|supporters?|patrons?|vips?|founding|logged ?in)"
_WHOM = r"(?:subscribers?|members?|readers?|supporters?|patrons?|users?)?"
_WHAT = r"(?:only|contents?|exclusive)"
_WALL = rf"(?:pay ?wall(?:ed)?|{_WHO}{_WHOM}{_WHAT}|(?:only)?for{_WHO}{_WHOM}(?:only)?|only{_WHO}{_WHOM})"
_BEFORE = r"(?:begins?|starts?|ends?|stop|open|close|insert|the|kg|ghost|wp|beehiiv|buttondown|convertkit|kit|patreon)*"
_BEHIND = (
    r"(?:begins?|starts?|ends?|stop|here|below|jump|marker|break|divider|line|cut|card|container|block|section|part)*"
)
# Read without what stands between the words: "Members only", members-only, membersOnly.
_LIKE = re.compile(f"{_BEFORE}{_WALL}{_BEHIND}".replace(" ?", ""))
_BETWEEN = re.compile(r"[\W_]+")
_LONGEST = 80

# Template code anywhere in a text, by what it calls: Hugo's {{< name >}} and {{% name %}}, Liquid's {% name %}.
_CODE = re.compile(r"\{\{[<%]?(?P<call>[^{}]{1,200}?)[>%]?\}\}|\{%-?(?P<tag>[^{}]{1,200}?)-?%\}")
_CONDITION = re.compile(r"(?:if|unless)\b.*(?:premium|paid|member|paywall)", re.DOTALL)
# What is a mark only where it is all of a line: [name], ::name, {name}, <name>, %%name%%, ---- name ----.
_WHOLE = re.compile(
    r"\[/?(?P<bracket>[^\[\]]+)\]|:{1,3} ?(?P<directive>[\w -]+)(?:[\[{].*)?|\{:?[./%]? ?(?P<brace>[^{}]+?)%?\}"
    r"|</?(?P<angle>[^<>]+?)/?>|%%(?P<percent>[^%]+)%%"
    r"|[-–—=*_~#+]{2,} ?(?P<rule>[^-–—=*_~#+][^–—=*_~#+]*?) ?[-–—=*_~#+]{2,}"
)


def parts(comment: str) -> bool:
    """Whether a comment (without its ``<!--`` and ``-->``) is a marker that parts the letter."""
    return comment.strip().lower() in COMMENTS


def like(text: str) -> bool:
    """Whether a name, a class or a whole comment looks like a marker: ``members-only``, ``/wp:jetpack/paywall``."""
    text = text.partition("{")[0].strip()
    if len(text) > _LONGEST:
        return False
    return any(_LIKE.fullmatch(_BETWEEN.sub("", part.lower())) for part in (text, *re.split(r"[:/.]", text)))


def written(line: str) -> str:
    """What looks like a marker in a line of text (no code), as it stands there; empty for none."""
    for found in _CODE.finditer(line):
        said = (found["call"] or found["tag"]).strip()
        if like(said) or like(said.split(" ")[0]) or (found["tag"] and _CONDITION.match(said)):
            return found[0]
    line = line.strip()
    whole = _WHOLE.fullmatch(line) if len(line) <= 2 * _LONGEST else None
    if whole:
        said = next(group for group in whole.groups() if group)
        if like(said) or like(said.split(" ")[0]):
            return whole[0]
    return ""


def comment(said: str, line: int | None, attribute: str) -> str:
    """A comment that parts the letter, or looks so, as an empty element for the tree; empty text for any other."""
    kind = MARKER if parts(said) else SUSPECT if like(said) else ""
    if not kind:
        return ""
    placed = "" if line is None else f' {attribute}="{line}"'
    shown = _BETWEEN.sub(" ", said.strip()[:_LONGEST]).strip()
    return f'<span class="{kind}"{placed} title="{shown}"></span>'
