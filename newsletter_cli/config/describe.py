"""The settings in force as lines a person reads: key, value as the file would say it, and where it came from.

Pure. Secrets are stars: the password, passwords inside URLs, and headers that look like keys.
"""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import TYPE_CHECKING, Any

from newsletter_cli.addresses import Mailbox
from newsletter_cli.config.secret import STARS, Secret
from newsletter_cli.times import format_duration

if TYPE_CHECKING:
    from newsletter_cli.config.settings import Settings

_URL_PASSWORD = re.compile(r"(?P<before>[a-z][\w+.-]*://[^/@\s]*?):[^/@\s]*@", re.IGNORECASE)
_TELLING = re.compile(r"auth|token|secret|key|password|credential", re.IGNORECASE)


def describe(settings: Settings) -> list[tuple[str, str, str]]:
    """Every setting with its value and its origin, in the order of the file."""
    from newsletter_cli.config.settings import SECTIONS, TABLES

    found: list[tuple[str, str, str]] = []
    for section in type(settings).model_fields:
        value = getattr(settings, section)
        if section in TABLES:
            for name, text in value.items():
                found.append(_line(settings, f"{section}.{name}", STARS if _TELLING.search(name) else text))
        elif section == "dkim":
            for number, key in enumerate(value):
                prefix = "dkim" if number == 0 else f"dkim.{number}"
                found += [_line(settings, f"{prefix}.{name}", getattr(key, name)) for name in type(key).model_fields]
        elif section in SECTIONS:
            for name, field in type(value).model_fields.items():
                found.append(_line(settings, f"{section}.{field.alias or name}", getattr(value, name)))
    if settings.ledger_key:
        found.append(("NEWSLETTER_LEDGER_KEY", STARS, "variable NEWSLETTER_LEDGER_KEY"))
    return found


def _line(settings: Settings, key: str, value: Any) -> tuple[str, str, str]:
    text = STARS if isinstance(value, Secret) else _said(value, share=key == "smtp.stop_at_failures")
    return key, _URL_PASSWORD.sub(rf"\g<before>:{STARS}@", text), settings.origins.get(key, "default")


def _said(value: Any, *, share: bool = False) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if share:
            return f"{value * 100:g}%"
        case timedelta():
            return format_duration(value)
        case time():
            return f"{value:%H:%M}"
        case Mailbox():
            return f"{value.name} <{value.address}>" if value.name else str(value.address)
        case tuple():
            return "[" + ", ".join(_said(item) for item in value) + "]"
        case dict():
            return ", ".join(f"{key} = {_said(item)}" for key, item in value.items())
        case _:
            return str(value)
