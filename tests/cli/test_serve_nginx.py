"""`newsletter serve` behind a real nginx, with the snippet of the documentation."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from newsletter_cli import tokens
from tests.cli.folder import SETTINGS, Folder
from tests.cli.serving import Serving, serving
from tests.conftest import debian

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[2] / "docs" / "serve"
SETTLED = """
[unsubscribe]
url = "https://example.com/u/{token}"
"""
NGINX = """\
{user}daemon off;
pid {place}/nginx.pid;
error_log {place}/error.log;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    server {{
        listen 127.0.0.1:{port};
        server_name example.com;
{snippet}
    }}
}}
"""


@contextmanager
def nginx(place: Path, snippet: str) -> Iterator[str]:
    """A private nginx around a snippet; gives where it listens."""
    program = debian("nginx", "nginx-light")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    place.mkdir()
    # The workers must reach the test's own folder.
    user = "user root;\n" if os.geteuid() == 0 else ""
    config = place / "nginx.conf"
    config.write_text(NGINX.format(place=place, port=port, snippet=snippet, user=user))
    process = subprocess.Popen([program, "-p", str(place), "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, (place / "error.log").read_text()
                assert time.monotonic() < deadline
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def behind(bare: Folder) -> Iterator[tuple[Folder, Serving]]:
    bare.write("newsletter.toml", SETTINGS.format(port=1) + SETTLED)
    bare.write("posts/hello.md", "---\ntitle: Hello\nemail_sent_at: 2024-01-02T03:04:05.678Z\n---\nWords.\n")
    door = bare.path / "web.sock"
    snippet = (DOCS / "nginx.conf").read_text().replace("/run/newsletter/web.sock", str(door))
    assert str(door) in snippet
    with (
        serving(bare.path, "--unix-socket", str(door), "--proxy-headers") as server,
        nginx(bare.path / "nginx", snippet) as url,
    ):
        yield bare, Serving(url, server.process, server.log_file)


def test_the_snippet_of_the_documentation(behind: tuple[Folder, Serving]) -> None:
    folder, web = behind
    keys = tokens.Keys.parse(folder.read(".newsletter/keys"))
    token = tokens.mint(keys, tokens.person(keys, "letter", "ada@example.net"))
    assert web.ask("GET", f"/u/{token}").status == 200
    done = web.leave(token)
    assert done.status == 200
    assert done.headers["referrer-policy"] == "no-referrer"
    assert folder("suppress", "list").out.count("one-click") == 1
    assert "Words." in web.ask("GET", "/p/hello").body
    feed = ET.fromstring(web.ask("GET", "/feed.xml", headers={"X-Forwarded-Host": "evil.example"}).body)
    assert "evil" not in "".join(ET.tostring(feed, encoding="unicode"))
    assert web.ask("POST", f"/u/{token}", b"x" * 20_000).status == 413
    # The site's own pages are not ours.
    assert "The Letter" not in web.ask("GET", "/").body
    # A client is known by what nginx saw, not by what it says: this machine, which is not counted.
    for n in range(120):
        assert web.ask("GET", f"/u/bad{n}", headers={"X-Forwarded-For": "203.0.113.9"}).status == 404
