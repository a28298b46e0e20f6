"""A private Postfix on loopback that takes mail, passes it on to a server of the test, and bounces what that refuses.

Reports go to a Maildir, as they would at a provider: ``bounces+TOKEN@example.com`` is one mailbox. Its settings, queue
and mail lie in a folder of its own; the machine's Postfix is not touched. Starting it needs root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAIN = """\
compatibility_level = 3.6
queue_directory = {base}/queue
data_directory = {base}/data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {base}/log
maillog_file_prefixes = {base}
myhostname = relay.example.org
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
disable_dns_lookups = yes
smtp_host_lookup = native
alias_maps =
alias_database =
local_recipient_maps =
biff = no
recipient_delimiter = +
transport_maps = inline:{{ example.net=smtp:[127.0.0.1]:{next_port} }}
virtual_mailbox_domains = example.com
virtual_mailbox_base = {base}/mail
virtual_mailbox_maps = inline:{{ bounces@example.com=bounces/ }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
"""

MASTER = """\
{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class Postfix:
    """Where it listens, the Maildir of the bounces, and what it logs."""

    port: int
    bounces: Path
    log: Path

    def reports(self) -> list[Path]:
        return sorted((self.bounces / "new").iterdir())

    def wait_for(self, number: int) -> None:
        """Wait until so many reports lie in the Maildir."""
        wait_until(lambda: len(self.reports()) >= number, f"{number} reports in {self.bounces}")


def wait_until(true: Callable[[], bool], what: str) -> None:
    never = Event()
    for _ in range(600):
        if true():
            return
        never.wait(0.05)
    raise AssertionError(f"still not there after 30 s: {what}")


@contextmanager
def postfix(program: str, next_port: int, *, settings: str = "") -> Iterator[Postfix]:
    """Start it, wait until it answers, and stop it. Mail for example.net goes to the server at `next_port`.

    `settings` are more lines of main.cf.
    """
    with TemporaryDirectory(prefix="newsletter-postfix-") as place:
        base = Path(place)
        base.chmod(0o755)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        _configure(base, port, next_port, settings)
        try:
            _told(program, base, "start")
            yield Postfix(port, base / "mail" / "bounces", base / "log")
        finally:
            _told(program, base, "stop")


def _configure(base: Path, port: int, next_port: int, settings: str) -> None:
    for name in ("conf", "queue", "data"):
        (base / name).mkdir()
    nobody = pwd.getpwnam("nobody")
    bounces = base / "mail" / "bounces"
    for folder in (base / "mail", bounces, *(bounces / part for part in ("tmp", "new", "cur"))):
        folder.mkdir()
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    os.chown(base / "data", pwd.getpwnam("postfix").pw_uid, -1)
    daemons = next(path for path in ("/usr/lib/postfix/sbin", "/usr/libexec/postfix") if Path(path).is_dir())
    values = {"base": base, "daemons": daemons, "next_port": next_port, "uid": nobody.pw_uid, "gid": nobody.pw_gid}
    (base / "conf" / "main.cf").write_text(MAIN.format(**values) + settings)
    (base / "conf" / "master.cf").write_text(MASTER.format(port=f"127.0.0.1:{port}"))
    files = Path("/etc/postfix/postfix-files")
    if files.is_file():
        shutil.copy(files, base / "conf")


def _told(program: str, base: Path, word: str) -> None:
    ran = subprocess.run([program, "-c", str(base / "conf"), word], capture_output=True, text=True, check=False)
    log = (base / "log").read_text() if (base / "log").exists() else ""
    assert ran.returncode == 0, f"postfix {word}: {ran.stdout}{ran.stderr}{log}"
