"""Where a ledger of files stands: its path, its folder and their modes, what kind of disk it is on, which boot it is.

Takes an SQLAlchemy URL and the folder of newsletter.toml; gives paths. Raises Refused where a folder cannot be made or
is on a network file system. Knows nothing of SQL.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from newsletter_cli.ledger import faults
from newsletter_cli.problems import Problem, Refused

FOLDER = ".newsletter"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
MOUNTS = Path("/proc/mounts")

# SQLite's write-ahead log needs memory shared by all processes that have the file open, and true locks
# (sqlite.org/wal.html, "All processes using a database must be on the same host computer").
_NETWORK = frozenset(
    {
        *("9p", "afs", "ceph", "cifs", "coda", "davfs", "gfs", "gfs2", "glusterfs", "lustre", "ncpfs", "ocfs2"),
        *("nfs", "nfs3", "nfs4", "smb2", "smb3", "smbfs"),
        *("fuse.ceph", "fuse.davfs", "fuse.gcsfuse", "fuse.glusterfs", "fuse.juicefs", "fuse.rclone", "fuse.s3fs"),
        "fuse.sshfs",
    }
)


def boot_id(source: Path = BOOT_ID) -> str:
    """Names this boot of the machine; empty where that cannot be told (then every crash counts as a power cut)."""
    try:
        return source.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def mark(file: Path | int) -> tuple[int, int] | None:
    """Which file that is (device, inode), of a path or a descriptor; None where there is none to be seen.

    A file that is open keeps its inode, moved or removed: no other one gets the same mark meanwhile.
    """
    try:
        found = os.fstat(file) if isinstance(file, int) else file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def network_file_system(path: Path, mounts: str) -> str:
    r"""The type of the network file system that `path` (absolute, resolved) is on, or nothing.

    `mounts` is the text of /proc/mounts: device, mount point (blanks as ``\\040``), type, options.
    """
    best, found = -1, ""
    for line in mounts.splitlines():
        columns = line.split(" ")
        if len(columns) < 3:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), columns[1]))
        # A later line with the same mount point lies over the earlier one.
        if (path == point or point in path.parents) and len(point.parts) >= best:
            best, found = len(point.parts), columns[2]
    return found if found in _NETWORK else ""


def resolve(database: str, folder: Path) -> Path:
    """The absolute path of the ledger's file, links followed, so that two names of one file share one lock."""
    return Path(os.path.realpath(folder / Path(database).expanduser()))


def refuse_network(path: Path, mounts: Path = MOUNTS) -> None:
    """Raise Refused where the ledger would stand on a network file system: no lock and no log is safe there."""
    try:
        text = mounts.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    kind = network_file_system(path, text)
    if kind:
        raise Refused(
            Problem(
                text=f"the ledger would be on a network file system ({kind}), where two senders cannot see each other",
                file=str(path),
                hint="set [ledger] url to a path on a local disk, or to a PostgreSQL database",
                code="ledger-network",
            )
        )


def make_folder(path: Path) -> None:
    """Make the folder of the ledger's file: mode 0700, with a .gitignore that keeps all of it out of git.

    A folder that exists already keeps its mode; `.newsletter` gets its .gitignore in any case. Raises Refused.
    """
    folder = path.parent
    try:
        made = not folder.exists()
        if made:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)  # whatever the umask
        ignore = folder / ".gitignore"
        if (made or folder.name == FOLDER) and not ignore.exists():
            ignore.touch(mode=0o600)
            ignore.write_text("*\n", encoding="ascii")
    except OSError as error:
        raise faults.from_os(
            error, file=str(folder), doing="the folder of the ledger cannot be made", code="ledger-folder"
        ) from error
