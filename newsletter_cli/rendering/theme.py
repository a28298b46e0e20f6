"""Colours, fonts and the logo of a template: `[theme]` of the settings, checked, with what follows from it.

Every value that reaches a style sheet has passed a pattern here, so no setting can end a declaration or load anything.
A value that does not fit is a warning, and the default stands. The dark accent and the text on a button are computed
so that they can be read (WCAG 2.2 §1.4.3: 4.5 to 1). Pure; raises nothing.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from newsletter_cli.problems import Problem, Severity
from newsletter_cli.rendering.colours import READABLE, contrast, readable, six

if TYPE_CHECKING:
    from collections.abc import Mapping

# The page's own colours, light and dark. Neither is pure black or white: clients that invert by force keep contrast.
PAPER, INK, SOFT, RULE, WASH = "#ffffff", "#1f1d1b", "#66615b", "#e3dfd9", "#f6f4f1"
DARK_PAPER, DARK_INK, DARK_SOFT, DARK_RULE, DARK_WASH = "#17181a", "#e9e6e1", "#a9a59f", "#3a3c40", "#222428"
ACCENT = "#a8391f"

SERIF = "Georgia, Cambria, 'Times New Roman', Times, serif"
SANS = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Helvetica Neue', Helvetica, Arial, sans-serif"
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', 'Courier New', monospace"
# Scripts whose letters the stacks above lack: the systems' own faces, most common first.
_SCRIPTS = {
    "ja": "'Hiragino Sans', 'Yu Gothic', Meiryo, 'Noto Sans JP', 'Noto Sans CJK JP', sans-serif",
    "ko": "'Apple SD Gothic Neo', 'Malgun Gothic', 'Noto Sans KR', 'Noto Sans CJK KR', sans-serif",
    "zh": "'PingFang SC', 'Microsoft YaHei', 'Noto Sans SC', 'Noto Sans CJK SC', sans-serif",
    "zh-hant": "'PingFang TC', 'Microsoft JhengHei', 'Noto Sans TC', 'Noto Sans CJK TC', sans-serif",
    "ar": "'Geeza Pro', 'Segoe UI', Tahoma, 'Noto Naskh Arabic', Arial, sans-serif",
    "fa": "'Geeza Pro', 'Segoe UI', Tahoma, 'Noto Naskh Arabic', Arial, sans-serif",
    "ur": "'Geeza Pro', 'Segoe UI', Tahoma, 'Noto Nastaliq Urdu', Arial, sans-serif",
    "he": "'Arial Hebrew', 'Segoe UI', Arial, sans-serif",
}
_TRADITIONAL = ("zh-tw", "zh-hk", "zh-mo", "zh-hant")
_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"})

_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})\Z")
_FONTS = re.compile(r"[\w '\"-]+(?:,[\w '\"-]+)*\Z")
_WIDTH = re.compile(r"(\d{1,3})(?:px)?\Z")
_LOGO_WIDTH = "160"  # pixels
_LOGO = re.compile(r"https?://[^\s\"'<>]+\Z|[\w-]+\.(?:png|jpe?g|gif|webp|svg|avif)\Z", re.IGNORECASE)
_LINK = re.compile(r"\s*([^=]+?)\s*=\s*((?:https?://|mailto:)[^\s,]+)\s*\Z")
_KEYS = ("accent", "font", "heading_font", "logo", "logo_width", "links")


def direction(language: str) -> str:
    """``rtl`` or ``ltr``, by the language tag's first part or its script (RFC 5646 §2.2.3)."""
    parts = language.lower().replace("_", "-").split("-")
    return "rtl" if parts[0] in _RIGHT_TO_LEFT or "arab" in parts or "hebr" in parts else "ltr"


def theme(settings: Mapping[str, str], language: str) -> tuple[dict[str, Any], list[Problem]]:
    """The values that templates use, and what is wrong with the settings."""
    problems = [_unknown(key) for key in settings if key not in _KEYS]
    accent = _checked(settings, "accent", _COLOUR, "a colour like #1f5fbf", problems) or ACCENT
    accent = six(accent)
    if contrast(accent, PAPER) < READABLE:
        darker = readable(accent, WASH)
        said = f"the accent {accent} cannot be read on white (contrast {contrast(accent, PAPER):.1f} to 1)"
        problems.append(_warning(said, f"{darker} is the nearest that can", "theme-contrast"))
    script = _script(language)
    width = _checked(settings, "logo_width", _WIDTH, "a number of pixels like 160", problems)
    logo = _checked(settings, "logo", _LOGO, "a URL, or the name of a file in the template's folder", problems)
    font = _fonts(settings, "font", SERIF, script, problems)
    heading = _fonts(settings, "heading_font", SANS, script, problems)
    dark_accent = readable(accent, DARK_WASH)
    return {
        "accent": accent,
        "on_accent": PAPER if contrast(accent, PAPER) >= contrast(accent, INK) else INK,
        "dark_accent": dark_accent,
        "paper": PAPER,
        "ink": INK,
        "soft": SOFT,
        "rule": RULE,
        "wash": WASH,
        "dark_paper": DARK_PAPER,
        "dark_ink": DARK_INK,
        "dark_soft": DARK_SOFT,
        "dark_rule": DARK_RULE,
        "dark_wash": DARK_WASH,
        "font": font,
        "heading_font": heading,
        "code_font": MONO,
        "sans_font": f"{script.rpartition(',')[0]}, {SANS}" if script else SANS,
        "mso_font": _word_font(font),
        "mso_heading_font": _word_font(heading),
        "leading": "1.8" if script and language[:2].lower() in {"ja", "ko", "zh", "ar", "fa", "ur"} else "1.6",
        # Tight headings suit Latin letters; joined and square ones are never set apart or together.
        "tight": "normal" if script else "-0.015em",
        "logo": logo if "://" in logo or not logo else f"template:{logo}",
        "logo_width": match[1] if width and (match := _WIDTH.match(width)) else _LOGO_WIDTH,
        "links": _links(settings.get("links", ""), problems),
    }, problems


def _script(language: str) -> str:
    tag = language.lower().replace("_", "-")
    if tag.startswith(_TRADITIONAL):
        return _SCRIPTS["zh-hant"]
    return _SCRIPTS.get(tag.split("-")[0], "")


def _fonts(settings: Mapping[str, str], key: str, default: str, script: str, problems: list[Problem]) -> str:
    said = _checked(settings, key, _FONTS, "serif, sans, or names like Georgia, serif", problems).replace('"', "'")
    stack = {"": "", "serif": SERIF, "sans": SANS, "mono": MONO}.get(said, said)
    if stack:
        return f"{stack}, {script}" if script else stack
    return script or default


def _word_font(stack: str) -> str:
    """One family for Outlook on Windows, which takes the first name and falls to Times New Roman otherwise."""
    return "Georgia, serif" if stack.startswith("Georgia") else "'Segoe UI', Arial, sans-serif"


def _links(said: str, problems: list[Problem]) -> list[dict[str, str]]:
    links = []
    for entry in filter(None, (part.strip() for part in said.split(","))):
        match = _LINK.match(entry)
        if match:
            links.append({"text": match[1], "url": match[2]})
        else:
            problems.append(_warning(f"theme.links: {entry!r} is no link", "write Name=https://…, …", "theme-value"))
    return links


def _checked(
    settings: Mapping[str, str], key: str, pattern: re.Pattern[str], wanted: str, problems: list[Problem]
) -> str:
    said = str(settings.get(key, "")).strip()
    if said and not pattern.match(said):
        problems.append(_warning(f"theme.{key}: {said!r} cannot be used", f"write {wanted}", "theme-value"))
        return ""
    return said


def _unknown(key: str) -> Problem:
    near = get_close_matches(key, _KEYS, n=1)
    return _warning(
        f"theme.{key} is not known", f"did you mean {near[0]}?" if near else f"known: {', '.join(_KEYS)}", "theme-key"
    )


def _warning(text: str, hint: str, code: str) -> Problem:
    return Problem(text=text, hint=hint, severity=Severity.WARNING, code=code)
