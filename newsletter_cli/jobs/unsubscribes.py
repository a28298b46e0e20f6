"""``[unsubscribe] log``: what an endpoint without a server was asked, one line a reader; read before every send.

Such an endpoint only looks at the form of a token and appends it to a log (`docs/bounces.md`). Here each token is
verified, offline, and a reader whose token it is leaves that newsletter. A line counts once, so that a log that is read
again and again does not undo what `suppress remove` allowed; the same line a second time is a second wish.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter_cli import files, tokens
from newsletter_cli.ledger.model import Suppression, SuppressionReason
from newsletter_cli.problems import NotNow, Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter_cli.jobs.workspace import Workspace
    from newsletter_cli.ledger.store import Ledger
    from newsletter_cli.tokens import Keys

_LIMIT_OCTETS = 100_000_000  # a million readers who left
_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReport:
    """What was found; `source` is empty where no log is set."""

    source: str = ""
    lines: int = 0
    suppressed: int = 0
    foreign: int = 0  # lines with a token of the right form that none of our keys signed

    @property
    def summary(self) -> str:
        """One line; empty where nothing is read."""
        if not self.source:
            return ""
        foreign = f", {self.foreign} with tokens that are not ours" if self.foreign else ""
        return f"{self.source}: {self.lines} lines, {self.suppressed} readers left{foreign}"


def read_log(workspace: Workspace, ledger: Ledger, keys: Keys) -> LogReport:
    """Read the log of the settings. Raises Refused where it is not there, NotNow where its server is away."""
    name = workspace.settings.unsubscribe.log
    if not name:
        return LogReport()
    from newsletter_cli.feedback.traces import tokens_in

    lines = _bytes(workspace, name).decode("utf-8", "replace").splitlines()
    newsletters = {campaign.id: campaign.newsletter for campaign in ledger.campaigns(None)}
    suppressed = foreign = 0
    for digest, line in _numbered(lines):
        persons = [person for token in tokens_in([line]) if (person := _person(keys, token)) is not None]
        foreign += not persons and any(True for _ in tokens_in([line]))
        wanted = []
        for person in dict.fromkeys(persons):
            if person == tokens.NOBODY or ledger.bounces.seen(digest):
                continue
            row = ledger.find_recipient(person=person)
            wanted.append(
                Suppression(
                    who=person,
                    newsletter=newsletters[row.campaign] if row is not None else workspace.newsletter,
                    email=row.email if row is not None else "",
                    reason=SuppressionReason.UNSUBSCRIBE,
                    source=name,
                    evidence="one-click, by a token in the log",
                    since=workspace.clock.now(),
                )
            )
        if wanted:
            suppressed += len(ledger.bounces.record(digest, name, suppressions=wanted) or ())
    return LogReport(source=name, lines=len(lines), suppressed=suppressed, foreign=foreign)


def _numbered(lines: list[str]) -> Iterator[tuple[bytes, str]]:
    """Each line with a digest that tells it from the same line before it."""
    times: Counter[str] = Counter()
    for line in filter(str.strip, lines):
        times[line] += 1
        yield hashlib.sha256(f"unsubscribe log\0{times[line]}\0{line}".encode()).digest(), line


def _person(keys: Keys, token: str) -> bytes | None:
    try:
        return tokens.read(keys, token)
    except tokens.TokenError:
        return None


def _bytes(workspace: Workspace, name: str) -> bytes:
    if "://" not in name:
        path = workspace.settings.resolve(name)
        if not path.exists():
            raise _refused(name, "there is no such log")
        return files.read_bytes(path, what="the log of unsubscribes", limit_octets=_LIMIT_OCTETS)
    if not name.startswith(("https://", "http://")):
        raise _refused(name, "the log of unsubscribes is a file or a web address")
    return _fetched(name)


def _fetched(url: str) -> bytes:
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - http(s) alone, looked at before
            data: bytes = answer.read(_LIMIT_OCTETS + 1)
    except urllib.error.HTTPError as error:
        if error.code < 500:
            raise _refused(url, f"the log of unsubscribes cannot be read: {error.code} {error.reason}") from error
        raise NotNow(f"{url}: the log of unsubscribes cannot be read: {error.code} {error.reason}") from error
    except OSError as error:
        raise NotNow(f"{url}: the log of unsubscribes cannot be read: {error}", hint="run again later") from error
    if len(data) > _LIMIT_OCTETS:
        raise _refused(url, "the log of unsubscribes is larger than 100 MB")
    return data


def _refused(name: str, text: str) -> Refused:
    hint = "whoever left is in it: look at log under [unsubscribe]; where nobody has left yet, make an empty file"
    return Refused(Problem(text=text, file=name, hint=hint, code="unsubscribe-log"))
