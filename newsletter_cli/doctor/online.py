"""Ask the web whether the addresses in a mail are there: `newsletter check --online`.

`ask` is thin: HEAD, then GET where a server will have no HEAD, a few at a time, each within its time limit; it follows
redirects and reads no page. `judge` is pure: what an answer means for the readers of a mail. Whoever refuses a program
and not a person (403, 429, LinkedIn's 999) is no finding but a note. Raises nothing.
"""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from newsletter_cli import __version__
from newsletter_cli.problems import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

TIME_LIMIT_S = 10.0  # for a whole answer with its redirects; a reader has left by then
AT_ONCE = 8
_AGAIN_BY_GET = frozenset({400, 403, 404, 405, 406, 410, 429, 500, 501, 503})
# What a server says to programs and not to people: (HTTP semantics, RFC 9110 §15), 999 is LinkedIn's own.
_GUARDED = frozenset({401, 402, 403, 406, 407, 418, 421, 429, 451, 503, 999})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one address. `code` 0: no answer, and `trouble` says why."""

    code: int = 0
    trouble: str = ""
    came_to: str = ""  # where redirects led; the address itself where there were none
    kind: str = ""  # the MIME type


def ask(urls: Iterable[str], *, time_limit_s: float = TIME_LIMIT_S) -> dict[str, Answer]:
    """Ask each address once, several at a time. Takes http and https alone."""
    wanted = list(
        dict.fromkeys(url.partition("#")[0] for url in urls if url.lower().startswith(("http://", "https://")))
    )
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="ask") as pool:
        return dict(zip(wanted, pool.map(lambda url: _one(url, time_limit_s), wanted), strict=True))


def judge(url: str, answer: Answer, *, picture: bool) -> tuple[Severity, str, str] | None:
    """What is wrong: its weight, text and hint. None where all is well."""
    what = "the picture" if picture else "the link"
    shown = url if len(url) <= 80 else f"{url[:79]}…"
    if not answer.code:
        return Severity.WARNING, f"{what} {shown} does not answer: {answer.trouble}", "try it in a browser"
    if answer.code in _GUARDED:
        return Severity.NOTE, f"{what} {shown} answers {answer.code} to a program", "look at it in a browser"
    if answer.code >= 400:
        hint = "readers would see an error; look for where it went"
        return Severity.WARNING, f"{what} {shown} answers {answer.code}", hint
    if picture and answer.kind and not answer.kind.startswith("image/"):
        return (
            Severity.WARNING,
            f"{what} {shown} is no picture but {answer.kind}",
            "give the address of the file itself",
        )
    if _elsewhere(url, answer.came_to):
        return Severity.NOTE, f"{what} {shown} leads on to {answer.came_to}", "link to where it leads"
    return None


def _elsewhere(url: str, came_to: str) -> bool:
    """Whether redirects led to the front page, where a page that is gone is often sent."""
    asked, got = urlsplit(url), urlsplit(came_to or url)
    return bool(asked.path.strip("/")) and not got.path.strip("/") and not got.query


def _one(url: str, time_limit_s: float) -> Answer:
    answer = _asked(url, "HEAD", time_limit_s)
    if answer.code in _AGAIN_BY_GET or (not answer.code and answer.trouble == _CLOSED):
        answer = _asked(url, "GET", time_limit_s)
    return answer


_SAFE = "%/?:@!$&'()*+,;=-._~"
_CLOSED = "it closed the connection"


def _asked(url: str, method: str, time_limit_s: float) -> Answer:
    headers = {
        # A plain word for who asks: servers that want no programs may say so.
        "User-Agent": f"newsletter-check/{__version__}",
        "Accept": "*/*",
    }
    try:
        request = urllib.request.Request(_in_ascii(url), headers=headers, method=method)  # noqa: S310 - http alone: ask
        with urllib.request.urlopen(request, timeout=time_limit_s) as response:  # noqa: S310 - as above
            kind = str(response.headers.get_content_type()) if response.headers.get("Content-Type") else ""
            return Answer(code=int(response.status), came_to=str(response.url), kind=kind)
    except urllib.error.HTTPError as error:
        with error:
            return Answer(code=error.code, came_to=str(error.url or url))
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer(trouble=_said(error))


def _in_ascii(url: str) -> str:
    """A link as it travels (RFC 3987 §3.1): the host as A-labels, other letters as percent escapes."""
    if url.isascii():
        return url
    parts = urlsplit(url)
    host = (parts.hostname or "").encode("idna").decode()
    netloc = host if parts.port is None else f"{host}:{parts.port}"
    return urlunsplit(
        parts._replace(netloc=netloc, path=quote(parts.path, safe=_SAFE), query=quote(parts.query, safe=_SAFE))
    )


def _said(error: Exception) -> str:
    """The trouble in words."""
    inner = error.reason if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception) else error
    if isinstance(inner, TimeoutError):
        return "no answer within the time limit"
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f"its certificate is not valid ({inner.verify_message})"
    if isinstance(inner, http.client.RemoteDisconnected | ConnectionResetError):
        return _CLOSED
    return str(getattr(inner, "strerror", None) or inner) or type(inner).__name__
