"""The answers of the server, each with the headers that its kind needs. Pure but for the library's response class."""

from __future__ import annotations

import base64
import hashlib
import json as json_
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from newsletter_cli.web import unsubscribe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response

    from newsletter_cli.web.unsubscribe import Answer

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# The mail's styles stand on its elements; no script is in it, and none would run.
_POST = (
    "default-src 'none'; img-src 'self' https: http: data:; style-src 'unsafe-inline'; font-src https:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# The token stands in the address: it goes to no other site, into no cache and no search engine.
_SECRET = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
_PUBLIC = {"Cache-Control": "public, max-age=60", "Referrer-Policy": "no-referrer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer before it is sent."""

    status: int = 200
    content: bytes = b""
    kind: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """As starlette sends it."""
        from starlette.responses import Response

        headers = {"Content-Security-Policy": _NOTHING, **_ALWAYS, **self.headers}
        return Response(self.content, status_code=self.status, media_type=self.kind, headers=headers)


def text(said: str, *, status: int, headers: Mapping[str, str] | None = None) -> Reply:
    """A line for whoever is no person."""
    return Reply(status=status, content=f"{said}\n".encode(), headers={**_SECRET, **(headers or {})})


def closing(said: str, *, status: int) -> Reply:
    """The same, and the connection ends: what is left of the request is not waited for."""
    return text(said, status=status, headers={"Connection": "close"})


def json(value: Mapping[str, object]) -> Reply:
    """An object for machines."""
    return Reply(content=json_.dumps(value).encode(), kind="application/json", headers=_SECRET)


def too_many() -> Reply:
    """RFC 6585 §4."""
    return text("too many requests", status=429, headers={"Retry-After": "10"})


def options(methods: Sequence[str]) -> Reply:
    """RFC 9110 §9.3.7."""
    return Reply(status=204, headers={"Allow": ", ".join(methods), **_SECRET})


def not_allowed(methods: Sequence[str]) -> Reply:
    """RFC 9110 §15.5.6."""
    return text("method not allowed", status=405, headers={"Allow": ", ".join(methods)})


def door_page(answer: Answer, headers: Mapping[str, str] | None = None) -> Reply:
    """A page of the way out: its button posts to where the page came from, nothing else is allowed."""
    policy = (
        f"default-src 'none'; style-src '{_style_hash()}'; img-src data:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    return Reply(
        status=answer.status,
        content=answer.page.encode(),
        kind="text/html; charset=utf-8",
        headers={"Content-Security-Policy": policy, **_SECRET, **(headers or {})},
    )


def page(html: str) -> Reply:
    """The index of the archive."""
    policy = f"{_NOTHING}; style-src '{_style_hash()}'; img-src data:"
    return Reply(
        content=html.encode(), kind="text/html; charset=utf-8", headers={"Content-Security-Policy": policy, **_PUBLIC}
    )


def post(html: str) -> Reply:
    """A post of the archive."""
    return Reply(
        content=html.encode(), kind="text/html; charset=utf-8", headers={"Content-Security-Policy": _POST, **_PUBLIC}
    )


def picture(kind: str, content: bytes) -> Reply:
    """A picture of a post. An SVG opened by itself is a page: it may do nothing."""
    policy = f"{_NOTHING}; style-src 'unsafe-inline'; sandbox"
    return Reply(content=content, kind=kind, headers={"Content-Security-Policy": policy, **_PUBLIC})


def feed(content: bytes, known: str) -> Reply:
    """The feed; 304 where the reader has it (`known` is its If-None-Match)."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, **_PUBLIC}
    if tag in (one.strip().removeprefix("W/") for one in known.split(",")):
        return Reply(status=304, headers=headers)
    return Reply(content=content, kind="application/atom+xml; charset=utf-8", headers=headers)


def _style_hash() -> str:
    digest = hashlib.sha256(unsubscribe.style().encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
