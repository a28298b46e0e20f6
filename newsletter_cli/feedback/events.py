"""What a provider's events say: Amazon SES (also in SNS, SQS, Lambda, EventBridge), Postmark, Mailgun, SendGrid, Brevo.

Pure: a JSON document, or one a line, becomes `Feedback` values, each with the digest of its own event, so that an
event delivered twice counts once. Envelopes are taken off whatever their order; an event is recognised by its keys, one
row of `PROVIDERS` a provider. What suppresses is decided by the provider's word, unless the server's own answer, which
it hands on, speaks for the address (`status`: 4yz, a full mailbox, 5.7.x).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from newsletter_cli.feedback import providers
from newsletter_cli.feedback.model import Feedback, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_DEPTH = 10  # SNS in SQS in a batch is 6


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its digest, and what it says."""

    digest: bytes
    feedback: tuple[Feedback, ...]


class NoEvents(ValueError):
    """The text is no JSON, or holds no event of a provider that is known."""


def events(data: bytes) -> Iterator[Event]:
    """The events of a document, in their order. Raises NoEvents where there is none."""
    any_known = False
    for found in _events(_documents(data), 0):
        any_known = True
        yield found
    if not any_known:
        raise NoEvents("no event of SES, Postmark, Mailgun, SendGrid or Brevo stands in it")


def in_mail(text: str) -> tuple[Feedback, ...]:
    """What an event says that a provider sends as a mail (SNS does so): JSON, and something for people behind it."""
    start = text.lstrip()
    if not start.startswith("{"):
        return ()
    try:
        value, _ = json.JSONDecoder().raw_decode(start)
    except (ValueError, RecursionError):
        return ()
    return tuple(one for found in _events(value, 0) for one in found.feedback)


def _documents(data: bytes) -> list[Any]:
    try:
        text = data.decode("utf-8-sig")
        try:
            return [json.loads(text)]
        except json.JSONDecodeError:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise NoEvents(f"it is no JSON: {error}") from error


def _events(value: Any, depth: int) -> Iterator[Event]:
    """Walk through lists and envelopes to the events in them."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for entry in value:
            yield from _events(entry, depth + 1)
    elif isinstance(value, dict):
        for provider in providers.PROVIDERS:
            if provider.knows(value):
                yield _event(value, provider)
                return
        for inner in _inside(value):
            yield from _events(inner, depth + 1)


def _inside(value: dict[str, Any]) -> Iterator[Any]:
    """What an envelope holds: SNS `Message`, SQS `Body`, Lambda `Records`, EventBridge `detail`, lists of an API."""
    for key in ("Message", "Body", "body"):
        text = value.get(key)
        if isinstance(text, str) and text.lstrip()[:1] in {"{", "["}:
            try:
                yield json.loads(text)
            except (ValueError, RecursionError):
                continue
    for key in ("Records", "Messages", "Sns", "detail", "items", "events", "Bounces", "Suppressions", "data"):
        if isinstance(value.get(key), (dict, list)):
            yield value[key]


def _event(value: dict[str, Any], provider: providers.Provider) -> Event:
    digest = hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace")).digest()
    found = tuple(provider.read(value)) or (Feedback(kind=Kind.NONE, rule=f"{provider.name}: an event of no meaning"),)
    at = _instant(provider.when(value))
    return Event(digest, tuple(replace(one, at=at) for one in found))


def _instant(value: Any) -> datetime | None:
    """A time as a provider writes it: ISO 8601, or seconds since 1970 (Mailgun with a fraction)."""
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if not isinstance(value, str):
            return None
        found = datetime.fromisoformat(value.strip())
    except (ValueError, OverflowError, OSError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
