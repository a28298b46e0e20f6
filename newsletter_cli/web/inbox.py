"""An SMTP server that keeps what it is given, and the page that shows it: the far end of `newsletter demo`.

`Inbox` listens on a free loopback port in a thread of its own, takes every mail in a real SMTP conversation, and
forgets it when the process ends. `page` is pure: received mails in, one self-contained HTML page out. A mail is shown
in a sandboxed frame: no script of it runs, and the page's policy lets no request leave the machine.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import html
import itertools
import re
import string
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote

from newsletter_cli import assets
from newsletter_cli.message.parts import opened
from newsletter_cli.web.preview import Scheme, framed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType

    from newsletter_cli.message.parts import Opened

HOST = "127.0.0.1"
# Larger than any mail a provider takes (Gmail 25 MB), so that the demo never refuses what the world would take.
SIZE_LIMIT_OCTETS = 40_000_000
_SUMMARY = ("From", "To", "Date")
_PICTURE = re.compile(r"""(?<=["'(])picture/([^"'()<>\s]+)""")  # as `framed` writes an embedded one


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One mail as it came in: the envelope, and the bytes with CRLF line ends and without dot-stuffing."""

    mail_from: str
    rcpt_to: tuple[str, ...]
    data: bytes

    @property
    def name(self) -> str:
        """A file name for it: whom it is for, in characters every file system has."""
        return re.sub(r"[^A-Za-z0-9@.+_-]", "-", ",".join(self.rcpt_to))[:100]


class Inbox:
    """A context manager: listens on entering, closes on leaving. `mails` grows in the order of arrival."""

    def __init__(self) -> None:
        self.mails: list[Received] = []
        self.port = 0
        self._ready = threading.Event()
        self._stop: Callable[[], object] = self._ready.set
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="inbox", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        if not self.port:
            raise OSError("the inbox could not listen on the loopback interface")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()
        self._thread.join()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002, N802 - aiosmtpd's name
        """Keep one mail (called by aiosmtpd in the server's thread)."""
        self.mails.append(
            Received(mail_from=envelope.mail_from, rcpt_to=tuple(envelope.rcpt_tos), data=envelope.original_content)
        )
        return f"250 2.0.0 kept as number {len(self.mails)}"

    async def _serve(self) -> None:
        """Listen until told to stop; `asyncio.run` then ends the conversations that are still open."""
        from aiosmtpd.smtp import SMTP

        loop = asyncio.get_running_loop()
        stopped = asyncio.Event()
        self._stop = lambda: loop.call_soon_threadsafe(stopped.set)

        def conversation() -> Any:
            return SMTP(
                self,
                hostname="inbox.example",  # never the machine's own name: looking that up can take seconds
                ident="demo inbox",
                data_size_limit=SIZE_LIMIT_OCTETS,
                enable_SMTPUTF8=True,
                loop=loop,
            )

        try:
            server = await loop.create_server(conversation, host=HOST, port=0)
            self.port = server.sockets[0].getsockname()[1]
        finally:
            self._ready.set()
        await stopped.wait()
        server.close()


def save(mails: Sequence[Received], folder: Path) -> list[Path]:
    """Write each mail as an .eml file, numbered in the order of arrival; give the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, mail in enumerate(mails, 1):
        path = folder / f"{number:02d}-{mail.name}.eml"
        path.write_bytes(mail.data)
        paths.append(path)
    return paths


def page(mails: Sequence[Received], *, title: str, left_out: Sequence[tuple[str, str, str]] = ()) -> str:
    """The mails as one HTML page. `left_out` are the rows nobody mailed: place, address, reason."""
    shell = (assets.templates() / "web" / "inbox.html").read_text(encoding="utf-8")
    seen = [opened(mail.data) for mail in mails]
    script = shell.partition("<script>")[2].partition("</script>")[0]
    return string.Template(shell).substitute(
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
        title=html.escape(title),
        count=len(mails),
        list="\n".join(map(_entry, itertools.count(), mails, seen)),
        mails="\n".join(map(_mail, itertools.count(), mails, seen)),
        left_out_count=len(left_out),
        left_out="\n".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in left_out
        ),
    )


def in_one_piece(mail: Opened, scheme: Scheme) -> str:
    """The HTML part as a document of its own: embedded pictures as data: addresses, links open in a new tab."""

    def inlined(found: re.Match[str]) -> str:
        picture = mail.images.get(unquote(found[1]))
        if picture is None:
            return found[0]
        return f"data:{picture.mime};base64,{base64.b64encode(picture.data).decode('ascii')}"

    return _PICTURE.sub(inlined, framed(mail, scheme))


def _entry(number: int, mail: Received, seen: Opened) -> str:
    return (
        f'<button class="entry" role="tab" data-mail="{number}">'
        f'<span class="to">{html.escape(", ".join(mail.rcpt_to))}</span>'
        f'<span class="subject">{html.escape(seen.subject)}</span></button>'
    )


def _mail(number: int, mail: Received, seen: Opened) -> str:
    headers = dict(seen.headers)
    return string.Template("""
<article class="mail" id="mail-$number">
  <h2>$subject</h2>
  <dl>$summary</dl>
  <nav role="tablist">
    <button data-view="desktop">Desktop</button><button data-view="phone">Phone</button>
    <button data-view="dark">Dark</button><button data-view="text">Text</button>
    <button data-view="headers">Headers</button><span class="size">$size</span>
  </nav>
  <div class="pane light">
    <iframe sandbox="allow-same-origin allow-popups" title="$subject" srcdoc="$light"></iframe>
  </div>
  <div class="pane dark">
    <iframe sandbox="allow-same-origin allow-popups" title="$subject, dark" srcdoc="$dark"></iframe>
  </div>
  <pre class="pane text">$text</pre>
  <pre class="pane headers">$headers</pre>
</article>""").substitute(
        number=number,
        subject=html.escape(seen.subject),
        summary="".join(f"<dt>{name}</dt><dd>{html.escape(headers.get(name, ''))}</dd>" for name in _SUMMARY),
        size=f"{len(mail.data) / 1000:.0f} kB",
        light=html.escape(in_one_piece(seen, Scheme.LIGHT)),
        dark=html.escape(in_one_piece(seen, Scheme.DARK)),
        text=html.escape(seen.text),
        headers=html.escape(_headers(mail)),
    )


def _headers(mail: Received) -> str:
    """The envelope and the header as it went over the wire."""
    envelope = f"MAIL FROM:<{mail.mail_from}>\n" + "".join(f"RCPT TO:<{to}>\n" for to in mail.rcpt_to)
    return envelope + "\n" + mail.data.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").replace("\r\n", "\n")
