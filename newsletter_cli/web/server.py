"""The server of the way out and of the web archive: HTTP in, the answers of `unsubscribe` and `archive` out.

What it knows and does comes from an `Office`, which the job hands in; it is called in threads, what it records one at
a time. Every request is told to `log` as one flat object: no mail address, no client's address and no token stands in
it. What the ledger cannot do just now is a 503, which mailbox providers try again.

Limits are those of `limits`. Forwarded headers are believed only when asked to. `serve` runs until `Server.stop` or,
in the main thread, SIGINT or SIGTERM, then answers what has come in and returns. A port that is taken is an OSError of
`Server`.
"""

from __future__ import annotations

import asyncio
import re
import socket
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from newsletter_cli.problems import NewsletterError
from newsletter_cli.web import archive, limits, replies, unsubscribe
from newsletter_cli.web.archive import Places
from newsletter_cli.web.ending import Ending, quiet
from newsletter_cli.web.replies import Reply
from newsletter_cli.web.unsubscribe import Door, Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from starlette.requests import Request

    from newsletter_cli.times import Clock
    from newsletter_cli.web.archive import Entry
    from newsletter_cli.web.unsubscribe import Standing

_STOPPING_S = 15  # for what has come in; then connections are cut
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(?::\d{1,5})?|\[[0-9a-fA-F:.]{2,45}\](?::\d{1,5})?")
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
_Given = TypeVar("_Given")


class Office(Protocol):
    """What the server asks and has done. Raises Refused and NotNow where the ledger cannot."""

    def person(self, token: str) -> bytes | None:
        """Whose a token is; None for what is none of ours, whatever is wrong with it."""

    def standing(self, person: bytes) -> Standing:
        """How a person stands."""

    def unsubscribe(self, person: bytes) -> bool:
        """Record it; whether it is new."""

    def undo(self, person: bytes) -> bool:
        """Take it back where it is young enough; whether it was."""

    def entries(self) -> Sequence[Entry]:
        """The posts of the archive, newest first."""

    def page(self, entry: Entry, places: Places) -> tuple[str, str]:
        """The page of a post, and of it the part for the feed; empty where it cannot be shown."""

    def picture(self, entry: Entry, places: Places, cid: str) -> tuple[str, bytes] | None:
        """The MIME type and bytes of a picture in a post."""

    def healthy(self) -> None:
        """Raise where the ledger cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to listen: a host and port, or a socket in the file system."""

    host: str = "127.0.0.1"
    port: int = 0
    path: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What pages need to know, and how requests come in.

    `prefix` is what stands before every path for the world outside: it may or may not be there when a request comes in
    from a proxy. `forwarded`: believe X-Forwarded-For, -Proto, -Host and -Prefix. `archive`: whether there is one.
    """

    name: str
    language: str
    door_url: str  # unsubscribe.url; empty: no way out here
    post_url: str
    prefix: str = ""
    forwarded: bool = False
    archive: bool = True


@dataclass(slots=True)
class _Said:
    """What the log tells of one request."""

    route: str = ""
    did: str = ""
    path: str = ""  # of the archive alone: others may hold a token
    fault: str = ""


class Server:
    """One server. `url` is where it listens; `stop` may be called from any thread."""

    def __init__(
        self, office: Office, about: About, address: Address, *, clock: Clock, log: Callable[[dict[str, object]], None]
    ) -> None:
        self._office = office
        self._about = about
        self._clock = clock
        self._log = log
        self._door = Door.of(about.door_url) if about.door_url else None
        self._throttle = limits.Throttle()
        self._socket, self.url = _listen(address)
        self._unlink = address.path
        self._ending = Ending()
        # One writer: the ledger takes one at a time, and a queue here is fairer than its busy waiting.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="record")
        self._readers = ThreadPoolExecutor(4, thread_name_prefix="look")
        # Posts are rendered apart, so that nobody who wants to leave waits for a page of the archive.
        self._shelf = ThreadPoolExecutor(1, thread_name_prefix="archive")

    def stop(self) -> None:
        """End `serve` soon."""
        self._ending.ask()

    def serve(self, ready: Callable[[], object] = lambda: None) -> None:
        """Answer until stopped; `ready` is called once the signals are caught and the port listens."""
        try:
            asyncio.run(self._serve(ready))
        finally:
            for pool in (self._writer, self._readers, self._shelf):
                pool.shutdown(cancel_futures=pool is not self._writer)
            self._socket.close()
            if self._unlink is not None:
                self._unlink.unlink(missing_ok=True)

    async def _serve(self, ready: Callable[[], object]) -> None:
        import uvicorn

        from newsletter_cli.web.patience import Impatient

        self._ending.listen()
        config = uvicorn.Config(
            self._answer_asgi, interface="asgi3", loop="asyncio", http=Impatient, ws="none",
            lifespan="off", log_config=None, log_level="critical", access_log=False, server_header=False,
            proxy_headers=False, limit_concurrency=limits.CONNECTIONS, timeout_keep_alive=int(limits.IDLE_S),
            h11_max_incomplete_event_size=limits.HEAD_OCTETS, timeout_graceful_shutdown=_STOPPING_S,
        )  # fmt: skip
        server = quiet(config)
        serving = asyncio.create_task(server.serve(sockets=[self._socket]))
        ready()
        await self._ending.asked.wait()
        server.should_exit = True
        await serving

    async def _answer_asgi(self, scope: Any, receive: Any, send: Any) -> None:
        from starlette.requests import Request

        request = Request(scope, receive)
        began = self._clock.monotonic()
        said = _Said()
        try:
            reply = await self._answer(request, said)
        except NewsletterError as error:
            said.fault = type(error).__name__
            reply = self._unable()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next request is served, and the log tells
            said.fault = type(error).__name__
            reply = replies.text("something went wrong here", status=500)
        await reply.response()(scope, receive, send)
        told: dict[str, object] = {
            "time": self._clock.now().isoformat(),
            "event": "request",
            "route": said.route,
            "method": request.method if request.method in _KNOWN_METHODS else "other",
            "status": reply.status,
            "octets": len(reply.content),
            "ms": round((self._clock.monotonic() - began) * 1000, 1),
        }
        more = {"did": said.did, "path": said.path, "fault": said.fault}
        self._log(told | {name: value for name, value in more.items() if value})

    async def _answer(self, request: Request, said: _Said) -> Reply:
        """Find what is asked for, and answer it."""
        body = await _body(request)  # of every method: what is left unread would hold the connection
        if isinstance(body, Reply):
            return body
        prefix = self._prefix(request)
        path = str(request.scope["path"])
        if prefix and path != prefix and not path.startswith(f"{prefix}/"):
            path = f"{prefix}{path}"  # the proxy takes the prefix away
        path = f"{prefix}/" if path == prefix else path
        if path == f"{prefix}/healthz":
            said.route = "health"
            return await self._health(request)
        places = Places.of(
            prefix=prefix,
            origin=self._origin(request),
            post_url=self._about.post_url,
            door_url=self._about.door_url,
        )
        own = path in {places.index, places.feed} and self._about.archive
        token = None if self._door is None or own else self._door.token(path, _query(request))
        if token is not None:
            said.route = "unsubscribe"
            return await self._way_out(request, token, body, said)
        if not self._admitted(request):
            return replies.too_many()
        if not self._about.archive:
            return replies.text("not found", status=404)
        return await self._archive(request, path, places, said)

    # The way out

    async def _way_out(self, request: Request, token: str, body: bytes, said: _Said) -> Reply:
        person = await self._look(self._office.person, token)
        if person is None:
            if not self._admitted(request):
                return replies.too_many()
            said.did = "nothing"
            return replies.door_page(unsubscribe.lost(name=self._about.name, language=self._about.language))
        form = unsubscribe.read_form(request.headers.get("content-type", ""), body)
        wish = unsubscribe.wish(request.method, form)
        if wish is Wish.OPTIONS:
            return replies.options(unsubscribe.METHODS)
        if wish is Wish.NOT_ALLOWED:
            return replies.not_allowed(unsubscribe.METHODS)
        if wish is Wish.UNSUBSCRIBE:
            new = await self._record(self._office.unsubscribe, person)
            said.did = "unsubscribed" if new else "unsubscribed before"
        elif wish is Wish.UNDO:
            said.did = "undone" if await self._record(self._office.undo, person) else "nothing to undo"
        standing = await self._look(self._office.standing, person)
        return replies.door_page(
            unsubscribe.answer(
                wish, standing, name=self._about.name, language=self._about.language, now=self._clock.now()
            )
        )

    # The archive

    async def _archive(self, request: Request, path: str, places: Places, said: _Said) -> Reply:
        said.route = "archive"
        if request.method == "OPTIONS":
            return replies.options(("GET", "HEAD", "OPTIONS"))
        if request.method not in {"GET", "HEAD"}:
            return replies.not_allowed(("GET", "HEAD", "OPTIONS"))
        entries = await self._leaf(self._office.entries)
        about = {"name": self._about.name, "language": self._about.language}
        if path == places.index:
            said.path = path
            return replies.page(archive.index(entries, places, **about))
        if path == places.feed:
            said.path = path
            newest = entries[: archive.FEED_ENTRIES]
            made = [(entry, (await self._leaf(self._office.page, entry, places))[1]) for entry in newest]
            return replies.feed(archive.feed(made, places, **about), request.headers.get("if-none-match", ""))
        by_slug = {entry.slug: entry for entry in reversed(entries)}  # of two with one name the newer
        entry = by_slug.get(places.slug(path) or "")
        page = (await self._leaf(self._office.page, entry, places))[0] if entry else ""
        if page:
            said.path = path
            return replies.post(page)
        slug, cid = places.picture(path) or ("", "")
        found = await self._leaf(self._office.picture, by_slug[slug], places, cid) if slug in by_slug else None
        if found is None:
            return replies.text("not found", status=404)
        said.path = path
        return replies.picture(*found)

    async def _health(self, request: Request) -> Reply:
        if request.method not in {"GET", "HEAD"}:
            return replies.not_allowed(("GET", "HEAD"))
        await self._look(self._office.healthy)
        return replies.json({"status": "ok"})

    # What is common

    def _unable(self) -> Reply:
        made = unsubscribe.not_now(name=self._about.name, language=self._about.language)
        return replies.door_page(made, {"Retry-After": "120"})

    async def _look(self, work: Callable[..., _Given], *arguments: object) -> _Given:
        return await asyncio.get_running_loop().run_in_executor(self._readers, work, *arguments)

    async def _leaf(self, work: Callable[..., _Given], *arguments: object) -> _Given:
        return await asyncio.get_running_loop().run_in_executor(self._shelf, work, *arguments)

    async def _record(self, work: Callable[[bytes], bool], person: bytes) -> bool:
        # Shielded: a client that goes away, or a stop, must not leave it unknown whether it was recorded.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._writer, work, person))

    def _admitted(self, request: Request) -> bool:
        client = request.client.host if request.client else ""
        if self._about.forwarded:
            # The last one is what the proxy itself saw; those before it are the client's own words.
            client = _forwarded(request, "for") or client
        key = limits.client_key(client)
        return not key or self._throttle.admit(key, self._clock.monotonic())

    def _prefix(self, request: Request) -> str:
        if self._about.prefix or not self._about.forwarded:
            return self._about.prefix
        given = _forwarded(request, "prefix").rstrip("/")
        return given if _PREFIX.fullmatch(given) else ""

    def _origin(self, request: Request) -> str:
        host, scheme = request.headers.get("host", ""), "http"
        if self._about.forwarded:
            host = _forwarded(request, "host") or host
            scheme = _forwarded(request, "proto")
        scheme = "https" if scheme == "https" else "http"
        return f"{scheme}://{host}" if _HOST.fullmatch(host) else "http://localhost"


_KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})


def _forwarded(request: Request, name: str) -> str:
    """The last value, whether it stands in one line with others or in a line of its own: the nearest proxy's."""
    return ",".join(request.headers.getlist(f"x-forwarded-{name}")).rpartition(",")[2].strip()


def _query(request: Request) -> str:
    return bytes(request.scope["query_string"]).decode("latin-1")


async def _body(request: Request) -> bytes | Reply:
    """The body, or the answer to one that is too large, too slow, or does not come."""
    from starlette.requests import ClientDisconnect

    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > limits.BODY_OCTETS:
        return replies.closing("the form is too large", status=413)
    body = bytearray()
    try:
        async with asyncio.timeout(limits.BODY_S):
            async for piece in request.stream():
                body += piece
                if len(body) > limits.BODY_OCTETS:
                    return replies.closing("the form is too large", status=413)
    except TimeoutError:
        return replies.closing("the form did not come", status=408)
    except ClientDisconnect:
        return replies.closing("the form did not come", status=400)
    return bytes(body)


def _listen(address: Address) -> tuple[socket.socket, str]:
    """A listening socket, and its name. A socket file that nobody listens on any more is replaced."""
    if address.path is None:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        made = socket.create_server((address.host, address.port), family=family, backlog=2048)
        host = f"[{address.host}]" if ":" in address.host else address.host
        return made, f"http://{host}:{made.getsockname()[1]}"
    path = address.path
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()
    made = socket.socket(socket.AF_UNIX)
    try:
        made.bind(str(path))
        # Whoever may enter the folder may ask, as anybody may on a port: the proxy is another user.
        path.chmod(0o666)
        made.listen(2048)
    except BaseException:
        made.close()
        raise
    return made, f"unix:{path}"
