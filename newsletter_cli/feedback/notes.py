"""What a report says to people: the addresses that failed, and the words beside each of them. Pure.

The recipients are found by flufl.bounce, which knows the texts of twenty years of mail servers, and by rules of our
own for what it does not know; the reason is always judged by our words.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter_cli.feedback.pieces import Pieces

# Addresses as texts have them: wide enough for real ones; what is none is never found in the ledger.
_ALNUM = r"A-Za-z0-9\u0080-\uffff"
_ADDRESS = re.compile(rf"[A-Za-z0-9!#$%&*/=?^_`{{|}}~+.'-]{{1,64}}@[{_ALNUM}](?:[{_ALNUM}.-]{{0,250}}[{_ALNUM}])?")
_TYPED = re.compile(r"(?:smtp|rfc822)=", re.IGNORECASE)  # X.400 to RFC 822: "dda:SMTP=user@example.com"
_WINDOW = 10  # lines that belong to one recipient
# Enough for every report that was seen; a text made to be slow ends here.
_MAX_WINDOWS = 5
_MAX_WINDOW = 2_000  # characters
_MAX_NOTES = 20_000
_MAX_ADDRESSES = 50

# Exim "(ultimately generated from a@b)", Postfix "<c@d> (expanded from <a@b>)", sendmail "(expanded from: <a@b>)".
_SENT_ON = re.compile(r"\((?:ultimately )?(?:generated|expanded) from:? ([^)]+)\)")

# Mailboxes of machines and their keepers: named in reports to say whom to ask.
_ROLES = frozenset(
    {
        *("postmaster", "mailer-daemon", "mailerdaemon", "mdaemon", "abuse", "support"),
        *("helpdesk", "hostmaster", "root", "noreply", "no-reply"),
    }
)
# Lines that name somebody else: the sender, or whom to ask.
_OTHERS = re.compile(
    r"\bmail from\b|^\W{0,10}(?:from|sender|reply-to|return-path|message-id|references|in-reply-to|subject)\s*:"
    r"|\bcontact\b|\bplease (?:send|forward|write|reply)|\breply to\b|\bpostmaster\b|\bassistance\b",
    re.IGNORECASE,
)


def addresses_in(text: str) -> list[str]:
    """The addresses in a text, in their order, each once."""
    return list(dict.fromkeys(_TYPED.sub("", found.strip(".'")) for found in _ADDRESS.findall(text)))


def about(pieces: Pieces, address: str, *, alone: bool) -> Iterator[str]:
    """Texts to be judged for one recipient, the nearest first; everything where nobody else is named."""
    meant = {other.casefold() for other in failed(pieces)} | {address.casefold()}
    others = meant - {address.casefold()}
    if address:
        yield from _windows(pieces.lines, address.casefold(), others)
    if alone or not others:
        yield pieces.notes[:_MAX_NOTES]
        yield pieces.head.subject
    else:  # what is said before the first of them is said of all
        first = (number for number, line in enumerate(pieces.lines) if any(one in line.casefold() for one in meant))
        yield "\n".join(pieces.lines[: next(first, 0)])[:_MAX_NOTES]


def as_mailed(pieces: Pieces, address: str) -> str:
    """The address that the mail was for, where a server says that it sent it on: Exim, Postfix, sendmail."""
    for number, line in enumerate(pieces.lines):
        if address and address.casefold() in line.casefold():
            found = _SENT_ON.search(" ".join(pieces.lines[number : number + 2]))
            if found and addresses_in(found[1]):
                return addresses_in(found[1])[0]
    return address


def failed(pieces: Pieces) -> list[str]:
    """The addresses in the notes that a failure is told of, by where and how they stand."""
    others = not_meant(pieces)
    found = [
        address
        for line in pieces.lines
        if not _OTHERS.search(line)
        for address in addresses_in(_SENT_ON.sub("", line))
        if address.casefold() not in others and address.partition("@")[0].casefold() not in _ROLES
    ]
    return list(dict.fromkeys(found))[:_MAX_ADDRESSES]


def returned_to(pieces: Pieces) -> list[str]:
    """To whom the mail that came back was addressed."""
    if pieces.returned is None:
        return []
    for names in (("x-envelope-to", "envelope-to", "x-original-to", "delivered-to"), ("to",)):
        found = [address for value in pieces.returned.every(*names) for address in addresses_in(value)]
        if found:
            return found
    return []


def not_meant(pieces: Pieces) -> set[str]:
    """Addresses of the one the report goes to and of the one who wrote it: ourselves and a server."""
    fields = ["to", "cc", "from", "reply-to", "sender", "delivered-to", "x-original-to", "return-path", "errors-to"]
    values = pieces.head.every(*fields)
    if pieces.returned is not None:
        values += pieces.returned.every("from", "reply-to", "sender", "return-path", "errors-to", "message-id")
    return {address.casefold() for value in values for address in addresses_in(value)}


def _windows(lines: list[str], address: str, others: set[str]) -> Iterator[str]:
    """For every line that names the address: it and those below it, up to one that names another."""
    numbers = (number for number, line in enumerate(lines) if address in line.casefold())
    for number in islice(numbers, _MAX_WINDOWS):
        window = [lines[number]]
        for below in lines[number + 1 : number + _WINDOW]:
            if any(other in below.casefold() for other in others):
                break
            window.append(below)
        yield "\n".join(window)[:_MAX_WINDOW]
