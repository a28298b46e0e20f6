"""Unsubscribe mail: what a reader, or their mail program, sends to the address of our List-Unsubscribe. Pure.

Our mailto carries the subject ``unsubscribe TOKEN`` (RFC 6068, RFC 2369 §3.2). Some programs send only the word, some
people write it themselves: then it is the sender's own address that leaves.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter_cli.feedback import notes
from newsletter_cli.feedback.model import Feedback, Kind, Traces, one_line
from newsletter_cli.feedback.patterns import any_of
from newsletter_cli.feedback.traces import tokens_in

if TYPE_CHECKING:
    from newsletter_cli.feedback.pieces import Pieces

# The whole of what is said, a language a line.
_WISH = any_of(
    r"un-?subscribe(?: me)?|opt[- ]?out|sign ?off|remove(?: me)?|remove from list",
    r"abmelden|abbestellen|austragen",
    r"(?:se )?désabonner|désinscri(?:re|ption)|desinscrire",
    r"(?:darse de )?baja|cancelar(?: (?:la )?suscripci[oó]n)?",
    r"cancellami|disiscriviti|disiscrizione|annulla iscrizione",
    r"descadastrar|cancelar (?:inscri[cç][aã]o|subscri[cç][aã]o)",
    r"uitschrijven|afmelden|wypisz|avregistrera|afmeld",
    r"отписаться|配信停止|退订|退訂|구독 ?취소",
)
_LONGEST = 100  # characters: a longer text is no mere wish
_WORD = re.compile(
    r"\W*(?P<answer>(?:(?:re|aw|sv|fwd?|rv|tr|r)\s*:\s*)*)\W*(?:please )?"
    rf"(?:{_WISH.pattern})(?: (?:me|please|from (?:this|the|your) (?:list|newsletter)))?\W*",
    re.IGNORECASE,
)


def leaving(pieces: Pieces) -> Feedback | None:
    """The wish to leave, where the mail is one."""
    subject = pieces.head.subject
    tokens = tuple(dict.fromkeys(tokens_in([subject])))[:5]
    if tokens and re.search(r"un-?subscribe", subject, re.IGNORECASE):
        return Feedback(
            kind=Kind.UNSUBSCRIBE,
            rule="unsubscribe mail, by the token in its subject",
            said=one_line(re.sub(r"\S{40,}", "…", subject)),
            traces=Traces(tokens=tokens),
        )
    wish = subject or next((line.strip() for line in pieces.lines if line.strip()), "")
    said = _WORD.fullmatch(wish) if len(wish) <= _LONGEST else None
    # "Re: Unsubscribe" by a machine answers a post of that name.
    automatic = pieces.head.get("auto-submitted").strip().lower() not in {"", "no"}
    if not said or (said["answer"] and automatic):
        return None
    sender = notes.addresses_in(pieces.head.get("from"))
    if not sender:
        return None
    return Feedback(
        kind=Kind.UNSUBSCRIBE,
        rule="unsubscribe mail, by its subject and its sender",
        address=sender[0],
        said=one_line(wish),
    )
