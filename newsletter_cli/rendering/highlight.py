"""Code in colours, as inline styles: mail clients drop classes whose style sheet they drop."""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pygments.formatters import HtmlFormatter
    from pygments.lexer import Lexer

# Longer listings are no reading matter and would cost seconds.
MAX_CHARACTERS = 50_000

# Names that stand for text without a language.
_PLAIN = frozenset({"", "text", "txt", "plain", "plaintext", "none", "output", "no-highlight", "nohighlight"})

# Text in the formatter's HTML holds no bare angle bracket.
_TAG = re.compile(r"<[^<>]*>")


def highlight(code: str, language: str) -> str | None:
    """`code` as HTML spans with inline styles; None where the language is not known, or the code is too long.

    The text of the result is `code` itself, character for character.
    """
    if language.lower() in _PLAIN or len(code) > MAX_CHARACTERS:
        return None
    lexer = _lexer(language.lower())
    if lexer is None:
        return None
    import pygments

    # Lexers of terminal sessions forget a last line without an end, so each line gets one.
    html = pygments.highlight(code + "\n", lexer, _formatter()).removesuffix("\n")
    return html if unescape(_TAG.sub("", html)) == code else None  # a lexer that loses text is not worth its colours


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


@lru_cache(maxsize=1)
def _formatter() -> HtmlFormatter[str]:
    from pygments.formatters import HtmlFormatter
    from pygments.styles.default import DefaultStyle
    from pygments.token import Error

    class MailStyle(DefaultStyle):
        """Pygments' own, whose colours keep a contrast of 4.5 on white; what a lexer cannot read gets no red box."""

        styles = {**DefaultStyle.styles, Error: ""}  # noqa: RUF012 (Pygments' way to declare a style)

    return HtmlFormatter(noclasses=True, nowrap=True, style=MailStyle)
