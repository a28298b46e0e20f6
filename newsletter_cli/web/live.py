"""The little server of the live preview: it answers this machine alone, and tells the page when something was saved.

It listens on the loopback interface, under a path that begins with a random token, and answers only requests whose
Host is that address: a page of the web can neither guess the path nor reach it by a name of its own (DNS rebinding).
What is shown comes from a `Show`, which the job hands in; it is called in threads, one at a time.

`serve` runs until `Live.stop` or, in the main thread, SIGINT or SIGTERM; it raises whatever the `Show` raised. A port
that is taken is an OSError of `Live`.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from newsletter_cli.web import preview
from newsletter_cli.web.ending import Ending, quiet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from newsletter_cli.web.preview import Choice, Reader, Shown

HOST = "127.0.0.1"
# Editors save in several steps (write, rename, set mode): what comes within a twentieth of a second is one change.
_STEP_MS, _DEBOUNCE_MS = 50, 300
_AGAIN_S = 0.5  # a folder that went away may come back: a branch is switched
_ASSETS = {"preview.css": "text/css", "preview.js": "text/javascript"}


class Show(Protocol):
    """What there is to see."""

    def look(self, choice: Choice) -> Shown:
        """The mail as it is now, for one reader."""

    def readers(self, query: str) -> tuple[Sequence[Reader], bool, str]:
        """Those of the list whose address or name holds `query`, whether there are more, and what is wrong."""

    def picture(self, cid: str) -> tuple[str, bytes] | None:
        """The MIME type and bytes of an embedded picture."""

    def refresh(self) -> bool:
        """Read everything again; whether anything looks different."""

    def folders(self) -> Sequence[Path]:
        """The folders in which a saved file may change what is seen, without those below them."""


class Live:
    """One preview being served. `url` is where; `stop` may be called from any thread."""

    def __init__(self, show: Show, *, token: str, port: int = 0) -> None:
        self._show = show
        self._token = token
        self._socket = socket.create_server((HOST, port))
        self._port = int(self._socket.getsockname()[1])
        self._number = 0
        self._news = asyncio.Condition()
        self._ending = Ending()
        self._one_at_a_time = threading.Lock()
        self._fault: Exception | None = None

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{HOST}:{self._port}/{self._token}/"

    def stop(self) -> None:
        """End `serve` soon."""
        self._ending.ask()

    def close(self) -> None:
        """Give the port back without having served."""
        self._socket.close()

    def serve(self, ready: Callable[[], object] = lambda: None) -> None:
        """Answer until stopped; `ready` is called once the signals are caught and the port listens."""
        asyncio.run(self._serve(ready))

    async def _serve(self, ready: Callable[[], object]) -> None:
        import uvicorn

        self._ending.listen()
        config = uvicorn.Config(
            self._app(), loop="asyncio", http="h11", ws="none", lifespan="off", log_config=None, access_log=False,
            server_header=False, timeout_graceful_shutdown=1,
        )  # fmt: skip
        server = quiet(config)
        watching = asyncio.create_task(self._watch())
        serving = asyncio.create_task(server.serve(sockets=[self._socket]))
        ready()
        await self._ending.asked.wait()
        async with self._news:
            self._news.notify_all()
        server.should_exit = True
        await asyncio.gather(watching, serving, return_exceptions=True)
        if self._fault is not None:
            raise self._fault

    # What is saved

    async def _watch(self) -> None:
        """Wait for saved files, read everything again, and count."""
        polling = False
        while not self._ending.asked.is_set():
            folders = await self._in_thread(self._show.folders)
            try:
                async for _ in self._changes(folders, polling=polling):
                    await self._refresh()
                    if await self._in_thread(self._show.folders) != folders:
                        break
            except OSError as error:
                # No more watches to be had (inotify's limit): look at the files' times instead.
                polling = polling or not isinstance(error, FileNotFoundError)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ending.asked.wait(), timeout=_AGAIN_S)
            if not self._ending.asked.is_set():
                await self._refresh()  # what was saved between two watches

    async def _changes(self, folders: Sequence[Path], *, polling: bool) -> AsyncIterator[object]:
        from watchfiles import awatch

        async for changes in awatch(
            *folders,
            stop_event=self._ending.asked,
            step=_STEP_MS,
            debounce=_DEBOUNCE_MS,
            recursive=False,
            force_polling=polling,
            ignore_permission_denied=True,
        ):
            yield changes

    async def _refresh(self) -> None:
        if await self._in_thread(self._show.refresh):
            self._number += 1
            async with self._news:
                self._news.notify_all()

    async def _in_thread(self, work: Callable[..., Any], *arguments: object) -> Any:
        """Call the `Show`, alone, beside the loop. What it raises ends the preview: it is no fault of the post."""

        def alone() -> Any:
            with self._one_at_a_time:
                return work(*arguments)

        try:
            return await asyncio.to_thread(alone)
        except Exception as error:
            self._fault = error
            self._ending.asked.set()
            raise

    # What is asked

    def _app(self) -> Any:
        from starlette.applications import Starlette
        from starlette.routing import Mount, Route

        routes = [
            Route("/", self._page),
            Route("/look", self._look),
            Route("/mail", self._mail),
            Route("/mail.eml", self._eml),
            Route("/readers", self._readers),
            Route("/events", self._events),
            Route("/picture/{cid}", self._picture),
            *[Route(f"/{name}", self._asset) for name in _ASSETS],
        ]
        app = Starlette(routes=[Mount("/{token}", routes=routes)])
        return _Guard(app, token=self._token, hosts={f"{HOST}:{self._port}", f"localhost:{self._port}"})

    async def _page(self, _request: Request) -> Response:
        return _response(preview.page(), "text/html", policy=preview.PAGE_POLICY)

    async def _asset(self, request: Request) -> Response:
        name = request.url.path.rsplit("/", 1)[1]
        return _response(preview.asset(name), _ASSETS[name])

    async def _shown(self, request: Request) -> Shown:
        query = request.query_params
        choice = preview.Choice(address=query.get("as", ""), tier=query.get("tier", ""))
        return await self._in_thread(self._show.look, choice)  # type: ignore[no-any-return]  # what look gives

    async def _look(self, request: Request) -> Response:
        number = self._number
        shown = await self._shown(request)
        return _response(json.dumps(preview.looked_at(shown, number)), "application/json")

    async def _mail(self, request: Request) -> Response:
        shown = await self._shown(request)
        try:
            scheme = preview.Scheme(request.query_params.get("scheme", "light"))
            pictures = preview.Pictures(request.query_params.get("pictures", "own"))
        except ValueError:
            return _response("not found", "text/plain", status=404)
        if shown.mail is None:
            return _response("there is no mail yet", "text/plain", status=404)
        return _response(preview.framed(shown.mail, scheme, pictures), "text/html", policy=preview.POLICIES[pictures])

    async def _eml(self, request: Request) -> Response:
        shown = await self._shown(request)
        name = quote(shown.post.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".md"), safe="")
        return _response(shown.eml, "message/rfc822", attachment=f"{name}.eml")

    async def _readers(self, request: Request) -> Response:
        found, more, wrong = await self._in_thread(self._show.readers, request.query_params.get("q", ""))
        readers = [{"address": one.address, "name": one.name, "version": one.version} for one in found]
        said = {"version": 1, "readers": readers, "more": more, "problem": wrong}
        return _response(json.dumps(said), "application/json")

    async def _picture(self, request: Request) -> Response:
        found = await self._in_thread(self._show.picture, request.path_params["cid"])
        if found is None:
            return _response("not found", "text/plain", status=404)
        return _response(found[1], found[0], policy="default-src 'none'; sandbox")

    async def _events(self, _request: Request) -> Response:
        from starlette.responses import StreamingResponse

        async def news() -> AsyncIterator[str]:
            told = -1
            while not self._ending.asked.is_set():
                if told != self._number:
                    told = self._number
                    yield f"data: {told}\n\n"
                    continue
                async with self._news:
                    await self._news.wait()
            yield "event: over\ndata: 0\n\n"

        return StreamingResponse(news(), media_type="text/event-stream", headers=_HEADERS)


_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the token stands in the address
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",  # no look-up of hosts that are only linked to
    "Cross-Origin-Resource-Policy": "same-origin",
}


def _response(
    content: str | bytes, kind: str, *, status: int = 200, policy: str = "default-src 'none'", attachment: str = ""
) -> Response:
    from starlette.responses import Response

    headers = {**_HEADERS, "Content-Security-Policy": policy}
    if attachment:
        headers["Content-Disposition"] = f'attachment; filename="{attachment}"'
    return Response(content, status_code=status, media_type=kind, headers=headers)


class _Guard:
    """Lets in only requests to this address, under this token, that only read."""

    def __init__(self, app: Any, *, token: str, hosts: set[str]) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = hosts

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if not self._welcome(scope):
            await _response("not found", "text/plain", status=404)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _welcome(self, scope: Any) -> bool:
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        given = scope["path"].split("/")[1].encode()
        return (
            len(hosts) == 1
            and hosts[0] in self._hosts
            and secrets.compare_digest(given, self._token)
            and scope["method"] in {"GET", "HEAD"}
        )
