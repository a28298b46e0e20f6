"""SMTP replies as values: basic code, enhanced code, text; and what their numbers mean.

Pure. The basic code's first digit decides between transient and permanent (RFC 5321 §4.2.1); the enhanced code
(RFC 3463) only names the reason: real servers send a 421 with 5.7.32, and that is transient.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

# RFC 3463 §2: class "." subject "." detail, at the start of the text (RFC 2034 §4). Real servers also write
# "#5.1.0 ..." and "5.1.1: ..."; four numbers are an IP address.
_ENHANCED = re.compile(r"[#(\[]?([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9])(?!\.[0-9])")


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply of a server. `text` may hold several lines, joined by LF, without their codes."""

    code: int
    text: str = ""

    @property
    def enhanced(self) -> str:
        """The enhanced status code (``5.1.1``), or nothing."""
        match = _ENHANCED.match(self.text)
        return ".".join(match.groups()) if match else ""

    @property
    def positive(self) -> bool:
        """2yz, and 3yz where more is awaited."""
        return 200 <= self.code < 400

    @property
    def transient(self) -> bool:
        """4yz: the same command may succeed later (RFC 5321 §4.2.1)."""
        return 400 <= self.code < 500

    @property
    def permanent(self) -> bool:
        """5yz: do not try again."""
        return 500 <= self.code < 600

    def __str__(self) -> str:
        return f"{self.code} {' '.join(self.text.split())}".rstrip()


class Reason(StrEnum):
    """Why a server said no, in the words a person can act on."""

    NO_SUCH_ADDRESS = "no such address"
    MAILBOX_FULL = "mailbox full"
    MAILBOX_DISABLED = "mailbox disabled"
    TOO_LARGE = "message too large"
    POLICY = "refused by policy"
    LOGIN = "login refused"
    RATE = "asked to slow down"
    GREYLISTED = "greylisted"
    SENDER = "sender refused"
    DOMAIN = "no such domain"
    CONTENT = "content refused"
    OTHER = "refused"
