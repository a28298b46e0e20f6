"""A private Dovecot on loopback: IMAP over TLS, one user, a Maildir in a folder of the test."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import trustme

USER, PASSWORD = "bounces@example.com", "p@ss-wörd"

CONFIG = """\
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/log
instance_name = {base}
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{base}/server.pem
ssl_key = <{base}/server.key
ssl_dh =
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 0
mail_location = maildir:{maildir}
mail_uid = {user}
mail_gid = {gid}
auth_mechanisms = plain login
auth_failure_delay = 0
passdb {{
  driver = static
  args = user={address} password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={gid} home={base}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """Where it listens, and the Maildir that it serves."""

    port: int
    maildir: Path

    def mailbox(self, name: str) -> Path:
        """A new mailbox, by its name on the disk; anybody may write there, since the server is another user."""
        path = self.maildir / f".{name}"
        for folder in (path, *(path / part for part in ("tmp", "new", "cur"))):
            folder.mkdir()
            folder.chmod(0o777)
        return path

    @property
    def url(self) -> str:
        return f"imaps://{USER.replace('@', '%40')}@localhost:{self.port}/INBOX"


@contextmanager
def dovecot(program: str, authority: trustme.CA) -> Iterator[Dovecot]:
    """Start it in a folder of its own, wait until it answers, and stop it."""
    # Not in pytest's: no other user may look into that, and Dovecot serves no mail of root's.
    with TemporaryDirectory(prefix="newsletter-dovecot-") as place:
        base = Path(place)
        base.chmod(0o755)
        maildir = base / "Maildir"
        for folder in (maildir, *(maildir / part for part in ("tmp", "new", "cur"))):
            folder.mkdir()
            folder.chmod(0o777)
        port = _configure(base, maildir, authority)
        process = subprocess.Popen([program, "-F", "-c", str(base / "dovecot.conf")])
        try:
            _until_it_answers(port, process, base / "log")
            yield Dovecot(port, maildir)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _configure(base: Path, maildir: Path, authority: trustme.CA) -> int:
    """Write the settings and the certificate; gives the port."""
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(str(base / "server.key"))
    for pem in certificate.cert_chain_pems:
        pem.write_to_path(str(base / "server.pem"), append=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    root = os.geteuid() == 0
    me = pwd.getpwuid(os.geteuid())
    text = CONFIG.format(
        base=base,
        maildir=maildir,
        port=port,
        address=USER,
        password=PASSWORD,
        user="nobody" if root else me.pw_name,
        gid=pwd.getpwnam("nobody").pw_gid if root else me.pw_gid,
        internal="dovecot" if root else me.pw_name,
        group="dovecot" if root else me.pw_gid,
        login="dovenull" if root else me.pw_name,
    )
    (base / "dovecot.conf").write_text(text, encoding="utf-8")
    return port


def _until_it_answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for the port; the log says why it never opens."""
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            try:
                process.wait(timeout=0.05)
            except subprocess.TimeoutExpired:
                continue
            break
        else:
            return
    raise AssertionError(f"Dovecot did not start: {log.read_text() if log.exists() else 'no log'}")
