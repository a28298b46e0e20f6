"""A private PostgreSQL server on a Unix socket, where Debian's server and psycopg are installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
AVAILABLE = bool(_PROGRAMS) and find_spec("psycopg") is not None
_numbers = count(1)


class Server:
    """A running server; `fresh` gives the URL of an empty database."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def fresh(self) -> str:
        from sqlalchemy import create_engine, text

        name = f"ledger{next(_numbers)}"
        engine = create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self._url(name)

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://newsletter@/{name}?host={self._socket}"


@contextmanager
def serving() -> Iterator[Server]:
    """Run a server in a folder of its own; as root it runs as nobody, since it refuses root."""
    programs = _PROGRAMS[-1].parent
    user = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    folder = Path(tempfile.mkdtemp(prefix="newsletter-postgresql-"))
    os.chown(folder, user.pw_uid, user.pw_gid)
    own: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid} if os.getuid() == 0 else {}
    try:
        subprocess.run(
            [
                str(programs / "initdb"),
                "-D",
                str(folder / "data"),
                "-U",
                "newsletter",
                "-A",
                "trust",
                "--no-sync",
                "-E",
                "UTF8",
            ],
            check=True,
            capture_output=True,
            cwd=folder,
            **own,
        )
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off -c shared_buffers=16MB"
        control = [str(programs / "pg_ctl"), "-D", str(folder / "data"), "-w", "-s"]
        subprocess.run([*control, "-l", str(folder / "log"), "-o", options, "start"], check=True, cwd=folder, **own)
        try:
            yield Server(folder)
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, cwd=folder, **own)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
