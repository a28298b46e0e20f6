"""A rendering as bytes and back: what the ledger keeps of a campaign, so that a later run mails the same parts.

``NLR``, one octet of version, then zlib-compressed JSON with images in base64. The bytes depend on the rendering
alone. `load` raises ValueError on bytes that are not of this form, or of a version it does not know.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

from newsletter_cli.problems import Problem, Severity
from newsletter_cli.rendering.model import Context, InlineImage, Rendered, Slot, Version

_MAGIC = b"NLR"
_VERSION = 1


def dump(rendered: Rendered) -> bytes:
    """The bytes of a rendering."""
    value = {
        "version": rendered.version,
        "subject": rendered.subject,
        "html": rendered.html,
        "text": rendered.text,
        "slots": [[slot.token, slot.context, slot.names, slot.fallback, slot.line] for slot in rendered.slots],
        "images": [
            [image.cid, base64.b64encode(image.data).decode(), image.mime, image.filename] for image in rendered.images
        ],
        "problems": [
            [problem.text, problem.file, problem.line, problem.hint, problem.severity, problem.code]
            for problem in rendered.problems
        ],
    }
    # Surrogates cannot be written as UTF-8: JSON escapes keep whatever text there is.
    return _MAGIC + bytes([_VERSION]) + zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 9)


def load(data: bytes) -> Rendered:
    """The rendering of `dump`'s bytes. Raises ValueError."""
    if not data.startswith(_MAGIC) or len(data) <= len(_MAGIC):
        raise ValueError("no frozen rendering")
    if data[len(_MAGIC)] != _VERSION:
        raise ValueError(f"a frozen rendering of version {data[len(_MAGIC)]}; this program reads version {_VERSION}")
    try:
        return _rendered(json.loads(zlib.decompress(data[len(_MAGIC) + 1 :])))
    except (zlib.error, KeyError, TypeError) as error:  # json and base64 raise ValueErrors themselves
        raise ValueError(f"a damaged frozen rendering: {error}") from error


def _rendered(value: dict[str, Any]) -> Rendered:
    return Rendered(
        version=Version(value["version"]),
        subject=value["subject"],
        html=value["html"],
        text=value["text"],
        slots=tuple(
            Slot(token, Context(context), tuple(names), fallback, line)
            for token, context, names, fallback, line in value["slots"]
        ),
        images=tuple(
            InlineImage(cid, base64.b64decode(data), mime, filename) for cid, data, mime, filename in value["images"]
        ),
        problems=tuple(
            Problem(text=text, file=file, line=line, hint=hint, severity=Severity(severity), code=code)
            for text, file, line, hint, severity, code in value["problems"]
        ),
    )
