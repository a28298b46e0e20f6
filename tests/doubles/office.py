"""An office without a ledger: what the server asks, answered from memory."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from newsletter_cli.problems import NotNow
from newsletter_cli.web.unsubscribe import Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter_cli.web.archive import Entry, Places

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class MemoryOffice:
    """Tokens are ``good`` and a name; whoever left is in `left`. `full`: the disk is."""

    left: set[bytes] = field(default_factory=set)
    posts: dict[Entry, str] = field(default_factory=dict)
    calls: int = 0
    full: bool = False
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def person(self, token: str) -> bytes | None:
        return token.encode() if token.startswith("good") else None

    def standing(self, person: bytes) -> Standing:
        return Standing(address="a…e@example.com", since=WHEN if person in self.left else None)

    def unsubscribe(self, person: bytes) -> bool:
        with self.lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.full:
                raise NotNow("the disk is full")
            self.calls += 1
            new = person not in self.left
            self.left.add(person)
            return new
        finally:
            with self.lock:
                self.at_once -= 1

    def undo(self, person: bytes) -> bool:
        found = person in self.left
        self.left.discard(person)
        return found

    def entries(self) -> Sequence[Entry]:
        return tuple(self.posts)

    def page(self, entry: Entry, places: Places) -> tuple[str, str]:
        return f"<!doctype html><title>{places.post(entry.slug)}</title>", self.posts[entry]

    def picture(self, entry: Entry, places: Places, cid: str) -> tuple[str, bytes] | None:
        return ("image/png", b"\x89PNG") if cid == "a@b" else None

    def healthy(self) -> None:
        if self.full:
            raise NotNow("the disk is full")
