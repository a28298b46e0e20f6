"""The whole program beside other senders, in one interleaved run against one cheap sink.

    python benchmarks/peers.py [--rounds N] [--scale X] [--only WORD...]

Ours is `newsletter send` as a person runs it: list, exact ledger on disk, personal tokens in headers and body.
smtp-source (Postfix) sends one and the same mail and keeps nothing; aiosmtplib and nodemailer build one message a
person, as their documentation shows; mailmerge is a program like this one. A rate is marginal: mails over time between
a small and a large list, so that starting costs nobody anything. Printed are medians over the rounds and their ratios,
and the same by processor time of the sender, which a machine with other work on it leaves nearly alone.
mailmerge and nodemailer are installed into a temporary folder; without network they are left out, and it is said.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from folder import ENVIRONMENT, Folder
from sink import started

if TYPE_CHECKING:
    from collections.abc import Callable

NODEMAILER = """\
const fs = require("fs");
const mailer = require("nodemailer");
const [port, count, connections, html, text] = process.argv.slice(2);
const pool = mailer.createTransport({
  host: "127.0.0.1", port: +port, pool: true, secure: false, ignoreTLS: true,
  maxConnections: +connections, maxMessages: Infinity,
});
const page = fs.readFileSync(html, "utf8"), plain = fs.readFileSync(text, "utf8");
(async () => {
  let next = 0;
  const one = async () => {
    while (next < +count) {
      const number = next++, url = `https://example.com/u/token${number}`;
      await pool.sendMail({
        from: "The Letter <letter@example.com>", to: `reader${number}@example.com`, subject: "The letter of this week",
        html: page.replaceAll("TOKEN", url), text: plain.replaceAll("TOKEN", url),
        list: { unsubscribe: url },
      });
    }
  };
  await Promise.all(Array.from({ length: +connections * 2 }, one));
  pool.close();
})();
"""
AIOSMTPLIB = """\
import asyncio, contextlib, sys
from email.message import EmailMessage
import aiosmtplib

port, count, html, text = int(sys.argv[1]), int(sys.argv[2]), open(sys.argv[3]).read(), open(sys.argv[4]).read()
kept = sys.argv[5] == "kept"

async def main():
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False)
    async with contextlib.AsyncExitStack() as stack:
        if kept:
            await stack.enter_async_context(client)
        for number in range(count):
            url = f"https://example.com/u/token{number}"
            message = EmailMessage()
            message["From"] = "The Letter <letter@example.com>"
            message["To"] = f"reader{number}@example.com"
            message["Subject"] = "The letter of this week"
            message["List-Unsubscribe"] = f"<{url}>"
            message.set_content(text.replace("TOKEN", url))
            message.add_alternative(html.replace("TOKEN", url), subtype="html")
            if kept:
                await client.send_message(message)
            else:
                await aiosmtplib.send(message, hostname="127.0.0.1", port=port, start_tls=False)

asyncio.run(main())
"""
MAILMERGE = """\
TO: {{email}}
SUBJECT: The letter of this week
FROM: The Letter <letter@example.com>
CONTENT-TYPE: text/html

"""


@dataclass(frozen=True)
class Sender:
    """`send` mails so many and returns when it is done; `small` and `large` are the two lists."""

    name: str
    small: int
    large: int
    send: Callable[[int], object]

    def measure(self) -> tuple[float, float]:
        """Mails a second, and milliseconds of the sender's processor time a mail, between the two lists."""
        walls, processors = [], []
        for count in (self.small, self.large):
            begun, before = time.perf_counter(), _children_s()
            self.send(count)
            walls.append(time.perf_counter() - begun)
            processors.append(_children_s() - before)
        more = self.large - self.small
        return more / max(walls[1] - walls[0], 1e-6), 1000 * (processors[1] - processors[0]) / more


def _children_s() -> float:
    """Processor time of the processes that were waited for: the senders; the sinks still run."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# (what, beside what, at least)
GOALS = [
    *((f"newsletter, {many}", f"smtp-source -d, {many}", least) for many, least in ((16, 0.9), (4, 0.7), (1, 0.5))),
    ("newsletter, 4", "nodemailer, 4", 20.0),
    ("newsletter, 1", "aiosmtplib send_message", 50.0),
    ("newsletter, 1", "aiosmtplib.send, a connection each", None),
    ("newsletter, 1", "mailmerge", None),
    ("newsletter, 1, 10 ms a reply", "smtp-source -d, 1, 10 ms a reply", 3.5),
    ("newsletter, 4, RSA 2048", "newsletter, 4", 0.12),
    ("newsletter, 4, Ed25519", "newsletter, 4", 0.6),
    ("newsletter, 4, TLS", "newsletter, 4", 0.6),
]


class Bench:
    """The senders, each with what it needs laid out in `place`."""

    def __init__(self, place: Path, scale: float) -> None:
        self._folder = Folder(place / "letter")
        self._folder.path.mkdir()
        self._place = place
        self._scale = scale
        self._mail()

    def _mail(self) -> None:
        """What the peers send: our mail, whole and in its parts, with TOKEN in the place of the personal link."""
        self._folder.write(25)
        self.letter = self._place / "letter.eml"
        data = self._folder.newsletter("preview", "letter.md", "--format", "eml", "-o", "-")
        self.letter.write_bytes(data.replace(b"\r\n", b"\n"))
        self.octets = len(data)
        for kind in ("html", "text"):
            part = self._folder.newsletter("preview", "letter.md", "--format", kind, "-o", "-").decode()
            (self._place / f"letter.{kind}").write_text(part + "\nTOKEN\n")

    def sized(self, small: int, large: int) -> tuple[int, int]:
        return small, max(small + 1, int(large * self._scale))

    def ours(self, port: int, connections: int, **said: str) -> Callable[[int], object]:
        def send(count: int) -> None:
            self._folder.write(port, connections=connections, **said)
            said_back = self._folder.newsletter("send", "letter.md", "--yes", "--list", self._folder.list_of(count))
            assert f"sent {count}; ".encode() in said_back, said_back

        return send

    def source(self, port: int, connections: int) -> Callable[[int], object]:
        program = shutil.which("smtp-source") or "/usr/sbin/smtp-source"
        return lambda count: subprocess.run(
            [
                *(program, "-d", "-s", str(connections), "-m", str(count), "-F", str(self.letter)),
                *("-f", "letter@example.com", "-t", "reader@example.com", f"127.0.0.1:{port}"),
            ],
            check=True,
        )

    def aiosmtplib(self, port: int, how: str) -> Callable[[int], object]:
        parts = [str(self._place / f"letter.{kind}") for kind in ("html", "text")]
        return lambda count: subprocess.run(
            [sys.executable, "-c", AIOSMTPLIB, str(port), str(count), *parts, how], check=True, env=ENVIRONMENT
        )

    def nodemailer(self, port: int, connections: int) -> Callable[[int], object] | None:
        place = self._place / "node"
        place.mkdir()
        (place / "send.js").write_text(NODEMAILER)
        (place / "package.json").write_text("{}")
        if not _installed(["npm", "install", "--no-audit", "--no-fund", "--silent", "nodemailer"], place):
            return None
        parts = [str(self._place / f"letter.{kind}") for kind in ("html", "text")]
        return lambda count: subprocess.run(
            ["node", "send.js", str(port), str(count), str(connections), *parts], check=True, cwd=place
        )

    def mailmerge(self, port: int) -> Callable[[int], object] | None:
        place = self._place / "mailmerge"
        place.mkdir()
        python = place / "venv/bin/python"
        made = _installed([sys.executable, "-m", "venv", "venv"], place)
        if not made or not _installed([str(python), "-m", "pip", "install", "-q", "mailmerge"], place):
            return None
        page = (self._place / "letter.html").read_text().replace("{{", "").replace("{%", "")
        (place / "mailmerge_template.txt").write_text(
            MAILMERGE + page.replace("TOKEN", "https://example.com/u/{{token}}")
        )
        (place / "mailmerge_server.conf").write_text(f"[smtp_server]\nhost = 127.0.0.1\nport = {port}\n")

        def send(count: int) -> None:
            rows = "".join(f"reader{number}@example.com,token{number}\n" for number in range(count))
            (place / "mailmerge_database.csv").write_text(f"email,token\n{rows}")
            subprocess.run(
                [place / "venv/bin/mailmerge", "--no-dry-run", "--no-limit"],
                check=True, cwd=place, stdout=subprocess.DEVNULL,
            )  # fmt: skip

        return send

    def dkim(self, kind: Literal["rsa", "ed25519"]) -> str:
        """The settings of a key of this kind."""
        from newsletter_cli.message.dkim import generate

        pem, _ = generate(kind, domain="example.com", selector="s")
        (self._folder.path / f"{kind}.pem").write_bytes(pem if isinstance(pem, bytes) else pem.encode())
        (self._folder.path / f"{kind}.pem").chmod(0o600)
        return f'[dkim]\ndomain = "example.com"\nselector = "s"\nprivate_key = "{kind}.pem"\n'

    def certificate(self) -> tuple[ssl.SSLContext, str]:
        import trustme

        authority = trustme.CA()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        authority.cert_pem.write_to_path(str(self._folder.path / "ca.pem"))
        return context, 'ca_file = "ca.pem"\n'


def _installed(command: list[str], place: Path) -> bool:
    try:
        done = subprocess.run(command, cwd=place, check=False, capture_output=True, timeout=300)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"left out: {' '.join(command)}: {error}", flush=True)
        return False
    if done.returncode:
        print(f"left out: {' '.join(command)}: {done.stderr.decode()[-200:]}", flush=True)
    return not done.returncode


def senders(bench: Bench, port: int, slow_port: int, secure_port: int, ca: str) -> list[Sender]:
    many = bench.sized(500, 8500)
    found = []
    for connections in (1, 4, 16):
        found.append(Sender(f"smtp-source -d, {connections}", *many, bench.source(port, connections)))
        found.append(Sender(f"newsletter, {connections}", *many, bench.ours(port, connections)))
    for name, kind, size in (("RSA 2048", "rsa", (100, 2100)), ("Ed25519", "ed25519", (500, 6500))):
        found.append(Sender(f"newsletter, 4, {name}", *bench.sized(*size), bench.ours(port, 4, more=bench.dkim(kind))))
    found.append(Sender("newsletter, 4, TLS", *many, bench.ours(secure_port, 4, security="tls", more=ca)))
    few = bench.sized(20, 170)
    found.append(Sender("smtp-source -d, 1, 10 ms a reply", *few, bench.source(slow_port, 1)))
    found.append(Sender("newsletter, 1, 10 ms a reply", *bench.sized(50, 650), bench.ours(slow_port, 1)))
    for name, how in (("aiosmtplib send_message", "kept"), ("aiosmtplib.send, a connection each", "new")):
        found.append(Sender(name, *bench.sized(20, 320), bench.aiosmtplib(port, how)))
    for name, size, send in (
        ("nodemailer, 4", (100, 2100), bench.nodemailer(port, 4)),
        ("mailmerge", (5, 155), bench.mailmerge(port)),
    ):
        if send is not None:
            found.append(Sender(name, *bench.sized(*size), send))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="longer or shorter large lists")
    parser.add_argument("--only", nargs="+", default=[""], metavar="WORD", help="senders whose name begins so")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        bench = Bench(Path(place), chosen.scale)
        context, ca = bench.certificate()
        with started() as fast, started(0.01) as slow, started(context=context) as secure:
            known = senders(bench, fast.port, slow.port, secure.port, ca)
            known = [one for one in known if one.name.startswith(tuple(chosen.only))]
            print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, a mail of {bench.octets} octets, {chosen.rounds} rounds")
            found: dict[str, list[tuple[float, float]]] = {one.name: [] for one in known}
            for number in range(chosen.rounds):
                for one in known:
                    found[one.name].append(one.measure())
                load = os.getloadavg()[0]
                print(f"round {number + 1} done, load {load:.1f} on {os.cpu_count()} cores", flush=True)
    print_all(found)


def print_all(found: dict[str, list[tuple[float, float]]]) -> None:
    rates = {name: statistics.median(rate for rate, _ in each) for name, each in found.items()}
    costs = {name: statistics.median(cost for _, cost in each) for name, each in found.items()}
    for name, rate in rates.items():
        each = " ".join(f"{one:.0f}" for one, _ in found[name])
        print(f"{name:34} {rate:8.0f}/s {costs[name]:8.3f} ms of processor a mail   rounds: {each}")
    for name, beside, least in GOALS:
        if name in rates and beside in rates:
            wanted = "" if least is None else f", to reach {least:g}"
            cheaper = costs[beside] / max(costs[name], 1e-6)
            print(f"{name:30} to {beside:34} {rates[name] / rates[beside]:7.2f}{wanted} (by processor {cheaper:.2f})")


if __name__ == "__main__":
    main()
