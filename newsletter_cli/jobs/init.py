"""Make a folder that works at once: settings with a provider's limits, a post with a picture, a list.

Writes only what is not there: whatever is in the way is named, all of it, and nothing is written. The zone and the
random octets come in; nothing is printed.
"""

from __future__ import annotations

import string
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter_cli import assets
from newsletter_cli.jobs.new import fresh_id, slug
from newsletter_cli.problems import Problem, Refused, Severity
from newsletter_cli.times import zone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from newsletter_cli.config.settings import Settings

PHP = "unsubscribe.php"
PICTURE = "tide-at-saltmarsh-quay.png"
LIST = "subscribers.csv"
_FOR_SHOW = (".example.com", ".example.org", ".example.net", ".example")  # RFC 2606: mail to them arrives nowhere
_ZONES = "zoneinfo/"
_LOGIN_LINES = """\
# The password stands in the variable NEWSLETTER_SMTP_PASSWORD, or is printed by a command; never in this file.
# password_command = ["pass", "show", "smtp"]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What to write for one SMTP provider. Limits are those of a new account; the comments say where to look."""

    host: str
    port: int = 587
    security: str = "starttls"
    username: str
    rate: tuple[str, ...]
    about: str  # one comment line
    headers: Mapping[str, str] | None = None


PROVIDERS: dict[str, Provider] = {
    "ses": Provider(
        host="email-smtp.us-east-1.amazonaws.com",
        username="AKIA...",
        rate=("14/s", "50000/d"),
        about="Amazon SES: your region's host, SMTP credentials (not IAM keys). In the sandbox: 1/s, 200/d.",
    ),
    "postmark": Provider(
        host="smtp-broadcasts.postmarkapp.com",
        username="your-server-token",
        rate=("10/s",),
        about="Postmark: the server's API token is both username and password; newsletters need a broadcast stream.",
        headers={"X-PM-Message-Stream": "broadcast"},
    ),
    "mailgun": Provider(
        host="smtp.mailgun.org",
        username="letter@mg.example.com",
        rate=("5/s", "100/d"),
        about="Mailgun: in the EU smtp.eu.mailgun.org; SMTP credentials of the domain. 100/d is the free plan's.",
    ),
    "fastmail": Provider(
        host="smtp.fastmail.com",
        port=465,
        security="tls",
        username="you@fastmail.com",
        rate=("1/s", "1000/d"),
        about="Fastmail: an app password for SMTP. Look up your plan's daily limit before you raise this one.",
    ),
    "gmail": Provider(
        host="smtp.gmail.com",
        username="you@gmail.com",
        rate=("1/s", "500/d"),
        about="Gmail: an app password. 500 a day, Workspace 2000/d; a larger list goes on the next day by itself.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was written, in the order to look at it; `notes` are for the person."""

    folder: Path
    files: tuple[Path, ...]
    post: Path
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The PHP script for a web server that is not the sender's, and what to do with it."""

    name: str
    content: bytes
    notes: tuple[str, ...]


def init(folder: Path, *, provider: str | None, zone_name: str, random: bytes, script: Script | None = None) -> Made:
    """Write the files of a new newsletter into `folder`, made where it does not exist; with `script`, that too.

    `provider` is a key of PROVIDERS or None. Raises Refused with everything that is in the way.
    """
    name = name_of(folder)
    contents = _contents(name, provider, zone_name, random)
    if script is not None:
        contents[script.name] = script.content
    ignore = folder / ".gitignore"
    notes: tuple[str, ...] = ()
    if ignore.exists():
        notes = (f"{ignore} is yours: add .newsletter/ to it, so that ledger and keys never enter a repository",)
        del contents[".gitignore"]
    files = _write(folder, contents)
    return Made(folder=folder, files=files, post=next(path for path in files if path.suffix == ".md"), notes=notes)


def left_as_written(settings: Settings) -> tuple[Problem, ...]:
    """What `init` wrote for show and is still there: warnings."""
    sender, smtp = settings.newsletter.from_, settings.smtp
    found = []
    if sender is not None and f".{sender.address.domain}".endswith(_FOR_SHOW):
        found.append((f"[newsletter] from is still {sender.address}, for show", "write a mailbox of yours", "from"))
    if any((smtp.host, smtp.username) == (known.host, known.username) for known in PROVIDERS.values()):
        found.append((f"[smtp] username is still {smtp.username!r}, for show", "write yours", "username"))
    shipped = (assets.templates() / "init" / LIST).read_bytes()
    for name in settings.list.files:
        path = settings.resolve(name)
        if path.is_file() and path.stat().st_size == len(shipped) and path.read_bytes() == shipped:
            found.append((f"the list {name} is still the one for show", "export yours, and name it", "list"))
    where = settings.file.name if settings.file else None
    return tuple(
        Problem(text=text, file=where, hint=hint, severity=Severity.WARNING, code=f"for-show-{code}")
        for text, hint, code in found
    )


def is_newsletter(folder: Path) -> bool:
    """Whether there is a newsletter in the folder already."""
    return (folder / "newsletter.toml").is_file()


def add_script(folder: Path, script: Script) -> tuple[Path, ...]:
    """Write the script alone into the folder of a newsletter. Raises Refused where there is one."""
    return _write(folder, {script.name: script.content})


def name_of(folder: Path) -> str:
    """A newsletter's name: what its settings say, else that of its folder."""
    try:
        said = tomllib.loads((folder / "newsletter.toml").read_text(encoding="utf-8"))["newsletter"]["name"]
    except (OSError, ValueError, KeyError, TypeError):
        said = None
    if isinstance(said, str) and said:
        return said
    return " ".join(word.capitalize() for word in slug(folder.absolute().name).split("-"))


def php(name: str, random: bytes) -> Script:
    """The one-click endpoint in PHP. `random` names its log, so that nobody else finds it."""
    log = f"unsubscribed-{random.hex()}.log"
    quoted = name.replace("\\", "\\\\").replace("'", "\\'")
    text = (assets.templates() / "init" / PHP).read_text(encoding="utf-8")
    return Script(
        name=PHP,
        content=text.replace("@LOG@", log).replace("@NAME@", " ".join(quoted.split())).encode(),
        notes=(
            f"put {PHP} on your web server and open it there once: it makes its log.",
            "Then into newsletter.toml, with its address:",
            "",
            "  [unsubscribe]",
            f'  url = "https://example.com/{PHP}?t={{token}}"',
            f'  log = "https://example.com/{log}"',
        ),
    )


def machine_zone(environment: Mapping[str, str], localtime: Path) -> str:
    """The machine's time zone by its IANA name: the variable TZ, else where /etc/localtime points, else UTC."""
    candidates = [environment.get("TZ", "").lstrip(":")]
    if localtime.is_symlink():
        candidates.append(str(localtime.resolve()).rpartition(_ZONES)[2])
    for name in candidates:
        try:
            if name:
                zone(name)
                return name
        except ValueError:
            continue
    return "UTC"


def _contents(name: str, provider: str | None, zone_name: str, random: bytes) -> dict[str, bytes]:
    shipped = assets.templates() / "init"
    known = PROVIDERS[provider] if provider else None

    def filled(file: str, **values: str) -> bytes:
        return string.Template((shipped / file).read_text(encoding="utf-8")).substitute(values).encode()

    settings = filled(
        "newsletter.toml",
        id=slug(name),
        name=name,
        zone=zone_name,
        smtp=_smtp(known),
        headers=_headers(known),
    )
    return {
        "newsletter.toml": settings.rstrip(b"\n") + b"\n",
        LIST: (shipped / LIST).read_bytes(),
        "posts/hello.md": filled("post.md", name=name, post_id=fresh_id(f"hello from {name}", random), picture=PICTURE),
        f"posts/images/{PICTURE}": (assets.examples() / "posts" / "images" / PICTURE).read_bytes(),
        ".gitignore": (shipped / "gitignore").read_bytes(),
    }


def _smtp(provider: Provider | None) -> str:
    if provider is None:
        return f"""\
[smtp]
# A mail server on this machine. For a provider's: its host, port 587 and "starttls", or 465 and "tls".
host = "localhost"
port = 25
security = "none"                           # starttls | tls | none: a password never goes over none but on this machine
# username = "letter"
{_LOGIN_LINES}
# rate = ["14/s", "2000/d"]                 # what your provider allows"""
    rates = ", ".join(f'"{rate}"' for rate in provider.rate)
    return f"""\
[smtp]
# {provider.about}
host = "{provider.host}"
port = {provider.port}
security = "{provider.security}"
username = "{provider.username}"
{_LOGIN_LINES}
rate = [{rates}]"""


def _headers(provider: Provider | None) -> str:
    if provider is None or not provider.headers:
        return ""
    return "\n[headers]\n" + "\n".join(f'"{name}" = "{value}"' for name, value in provider.headers.items())


def _write(folder: Path, contents: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write files that are not there yet. Raises Refused with everything that is in the way, and writes nothing."""
    _refuse_what_is_there(folder, contents)
    for relative, data in contents.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(data)
    return tuple(folder / relative for relative in contents)


def _refuse_what_is_there(folder: Path, contents: Mapping[str, bytes]) -> None:
    if folder.exists() and not folder.is_dir():
        raise Refused(Problem(text="is no folder", file=str(folder), hint="name another folder"))
    in_the_way = [path for path in (folder / relative for relative in contents) if path.is_symlink() or path.exists()]
    if in_the_way:
        hint = "nothing is overwritten: move it away or choose another folder"
        raise Refused(*(Problem(text="is there already", file=str(path), hint=hint) for path in in_the_way))
