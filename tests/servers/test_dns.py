"""The doctor against a real DNS server on loopback and a real SMTP server."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from newsletter_cli.config.load import load
from newsletter_cli.doctor.dns import Dns, NoAnswer
from newsletter_cli.jobs.doctor import doctor
from newsletter_cli.jobs.workspace import Workspace
from newsletter_cli.times import SystemClock
from tests.servers.scripted import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RECORDS: dict[tuple[str, str], list[str]] = {
    ("example.com.", "TXT"): ['"v=spf1 " "ip4:192.0.2.1 -all"'],
    ("example.com.", "MX"): ["20 second.example.com.", "10 first.example.com."],
    ("_dmarc.example.com.", "TXT"): ['"v=DMARC1; p=none"'],
}


@pytest.fixture
def zone() -> Iterator[Dns]:
    """A DNS server that knows RECORDS and nothing else."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(0.1)
        over = threading.Event()

        def answer() -> None:
            while not over.is_set():
                try:
                    data, peer = listening.recvfrom(4096)
                except TimeoutError:
                    continue
                query = dns.message.from_wire(data)
                reply = dns.message.make_response(query)
                reply.flags |= dns.flags.RA
                question = query.question[0]
                kind = question.rdtype.name
                found = RECORDS.get((question.name.to_text().lower(), kind))
                if found:
                    reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *found))
                else:
                    reply.set_rcode(dns.rcode.NXDOMAIN)
                listening.sendto(reply.to_wire(), peer)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield Dns(server="127.0.0.1", port=listening.getsockname()[1])
        finally:
            over.set()
            thread.join()


class Nothing(BaseHTTPRequestHandler):
    """Has no page, and says nothing of it."""

    def do_GET(self) -> None:
        self.send_error(404)

    do_HEAD = do_GET  # noqa: N815 - the library's name

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""


@pytest.fixture
def endpoint() -> Iterator[int]:
    """A web server that has no page for anybody, as our own has none for nobody; gives its port."""
    server = HTTPServer(("127.0.0.1", 0), Nothing)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def workspace(folder: Path, port: int, domain: str = "example.com", *, web: int = 1) -> Workspace:
    (folder / "newsletter.toml").write_text(
        f'[newsletter]\nname = "L"\nfrom = "l@{domain}"\npostal_address = "x"\n'
        f'[smtp]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
        '[unsubscribe]\nurl = "http://127.0.0.1:'
        f'{web}/u/{{token}}"\n[bounces]\n'
        f'return_path = "b+{{token}}@{domain}"\n'
    )
    settings = load(start=folder, config_file=None, environment={}, options={}, home=folder)
    return Workspace(settings=settings, clock=SystemClock())


def test_all_in_order(tmp_path: Path, zone: Dns, endpoint: int) -> None:
    with ScriptedServer(size=10_000_000) as server:
        report = doctor(workspace(tmp_path, server.port, web=endpoint), dns=zone)
    # An endpoint on loopback is not https; all else is in order.
    assert [one.code for one in report.problems if one.severity == "error"] == ["one-click-https"]
    said = "\n".join(report.facts)
    expected = (
        "SPF: example.com",
        "DMARC: _dmarc.example.com says p=none",
        "MX: mail to example.com goes to first.example.com",
        "size: the server takes mails of up to 10000 kB",
        f"one-click: the endpoint at 127.0.0.1:{endpoint} answers",
    )
    for words in expected:
        assert words in said


def test_nothing_in_order(tmp_path: Path, zone: Dns) -> None:
    report = doctor(workspace(tmp_path, 1, "other.example"), dns=zone)
    assert report.refused
    assert {"smtp-connect", "one-click-away", "spf-missing", "dmarc-missing", "mx-missing"} <= {
        one.code for one in report.problems
    }
    assert all(one.hint for one in report.problems)


def test_offline_asks_nobody(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        report = doctor(workspace(tmp_path, server.port), offline=True)
        assert server.connections == 0
    assert {one.code for one in report.problems if one.severity == "error"} == {"one-click-https"}


def test_a_dns_that_is_silent_is_no_missing_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: int
) -> None:
    monkeypatch.setattr("newsletter_cli.doctor.dns.TIMEOUT_S", 0.1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        silent = Dns(server="127.0.0.1", port=deaf.getsockname()[1])
        with pytest.raises(NoAnswer):
            silent.txt("example.com")
        with ScriptedServer() as server:
            report = doctor(workspace(tmp_path, server.port, web=endpoint), dns=silent)
    assert {one.code for one in report.problems if one.severity == "error"} == {"one-click-https"}
    assert "dns" in {one.code for one in report.problems}
