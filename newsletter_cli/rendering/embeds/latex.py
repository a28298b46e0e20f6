"""LaTeX as text: Unicode's letters and signs, raised and lowered where Unicode can.

pylatexenc reads the macros. A formula that is not read to the end, or that would lose its sense (matrices, cases), is
given back as its source, as all are where pylatexenc is not installed. Pure; raises nothing.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

# A JSON string in which the backslashes were single holds control characters instead of macros' first letters.
_LOST = (
    ("\t", re.compile(r"\t(?=[a-z])"), r"\\t"),
    ("\f", re.compile(r"\f(?=[a-z])"), r"\\f"),
    ("\b", re.compile("\x08(?=[a-z])"), r"\\b"),
    ("\r", re.compile(r"\r(?=[a-z])"), r"\\r"),
    ("\n", re.compile(r"\n(?=(?:eq|abla|ot|mid|u|i|e|leq|geq|sim|exists|parallel|earrow)(?![a-z]))"), r"\\n"),
)
_LARGEST = 4000
_TOO_MUCH = re.compile(
    r"\\begin\{(?!equation|align|aligned|gather|displaymath|math)|\\(?:over|under)(?:brace|set)|\\substack|&"
)
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\{\w+\*?\}")
_UPPER = str.maketrans(
    "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWαβγδεθιφχ′*T",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᵋᶿᶥᶲᵡ′*ᵀ",
)
_LOWER = str.maketrans("0123456789+-−=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ")
_SCRIPT = re.compile(r"([_^])\s*(?:\{((?:[^{}_^]|\{[^{}_^]*\})*)\}|(\\[a-zA-Z]+|[^\s\\{}_^]))")
_MACRO = re.compile(r"\\([a-zA-Z]+|[^a-zA-Z])")
_SPACED = re.compile(r"(\\[a-zA-Z]+) +(?=[^\s_^{\[])")
# What only says how large brackets are drawn, and other names of what pylatexenc knows.
_SIZES = re.compile(r"\\(?:left|right|[bB]igg?[lrm]?)(?![a-zA-Z])\s*\.?")
_NAMES = (
    (re.compile(r"\\operatorname\*?(?![a-zA-Z])"), r"\\mathrm"),
    (re.compile(r"\\[dt]frac(?![a-zA-Z])"), r"\\frac"),
)
_FRACTION = re.compile(r"\\frac\s*\{((?:[^{}]|\{[^{}]*\})*)\}\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
# Marks of scripts that could not be moved, while the others are still being read.
_KEPT = str.maketrans({"\ue000": "_", "\ue001": "^"})
_DEEPEST = 6


def to_text(source: str) -> tuple[str, bool]:
    """A formula as text, and whether all of it could be said; otherwise it is the source."""
    repaired = source
    for sign, pattern, macro in _LOST:
        if sign in repaired:
            repaired = pattern.sub(macro, repaired)
    tidy = " ".join(repaired.split())
    if len(repaired) > _LARGEST or _TOO_MUCH.search(repaired):
        return tidy, False
    try:
        said = _converted(_ENVIRONMENT.sub("", repaired))
    except Exception:  # noqa: BLE001 - the parser raises what it meets; the source is always there
        return tidy, False
    said = " ".join(said.split())
    return (said, True) if said and "\\" not in said else (tidy, False)


def _converted(source: str) -> str:
    """The text, empty where a macro is unknown: pylatexenc would leave it out in silence."""
    reading: Any = import_module("pylatexenc.latex2text")  # by name: it has no types
    for pattern, name in _NAMES:
        source = pattern.sub(name, source)
    source = _SIZES.sub("", source)
    known = reading.get_default_latex_context_db()
    if any(known.get_macro_spec(found[1]) is None for found in _MACRO.finditer(source)):
        return ""
    reader = reading.LatexNodes2Text(math_mode="text", strict_latex_spaces=False)

    def script(match: re.Match[str]) -> str:
        """Raised or lowered, when every sign can be; in brackets behind its mark otherwise."""
        inner = reader.latex_to_text(match[2] if match[2] is not None else match[3], tolerant_parsing=False)
        close = inner.translate(_KEPT).replace(" ", "")
        table = _UPPER if match[1] == "^" else _LOWER
        # The empty group ends the macro before it: a raised letter would be read as one of its name's.
        if close and all(ord(sign) in table for sign in close):
            return f"{{}}{close.translate(table)}"
        mark = "\ue001" if match[1] == "^" else "\ue000"
        return f"{{}}{mark}{close}" if len(close) == 1 else f"{{}}{mark}({inner.strip()})"

    marked = _SPACED.sub(r"\1\\ ", source)
    for _ in range(_DEEPEST):
        again = _SCRIPT.sub(script, _FRACTION.sub(_over, marked))
        if again == marked:
            break
        marked = again
    return str(reader.latex_to_text(marked, tolerant_parsing=False)).translate(_KEPT)


def _over(match: re.Match[str]) -> str:
    """A fraction in one line, its parts in brackets where they are sums."""
    return "/".join(f"({part})" if re.search(r"[-+=\s]", part.strip()) else part for part in (match[1], match[2]))
