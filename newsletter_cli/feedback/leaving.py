"""Unsubscribe mail: what a reader, or their mail program, sends to the address of our List-Unsubscribe. Pure.

Our mailto carries the subject ``unsubscribe TOKEN`` (RFC 6068, RFC 2369 §3.2). Some programs send only the word, some
people write it themselves, in the subject or as the first line of an answer: then it is the sender's own address that
leaves. A text that only speaks of leaving is none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter_cli.feedback import letters, notes
from newsletter_cli.feedback.model import Feedback, Kind, Traces, one_line
from newsletter_cli.feedback.patterns import any_of
from newsletter_cli.feedback.traces import tokens_in

if TYPE_CHECKING:
    from newsletter_cli.feedback.pieces import Pieces

# The whole of what is said, a language a line.
_WISH = any_of(
    r"un-?subscribe(?: me| us)?|unsub|opt(?: me)?[- ]?out|sign ?off|remove(?: (?:me|us|my (?:e-?mail|address)))?",
    r"stop|stop (?:e-?mail|mail|send|writ)ing(?: (?:me|us))?|take me off|cancel(?: (?:my|the|this))? subscription",
    r"(?:newsletter )?(?:abmelden|abbestellen|austragen|abmeldung|abbestellung|kündigung|kündigen)",
    r"(?:bitte )?(?:mich )?(?:abmelden|austragen|vom newsletter abmelden)",
    r"(?:se |me )?d[ée]sabonner|d[ée]sabonnement|désinscri(?:re|ption)|desinscrire|d[ée]sabonnez[- ]moi",
    r"(?:darse de |dar(?:me)? de )?baja|cancelar(?: (?:la |mi )?suscripci[oó]n)?|desuscribir(?:me|se)?",
    r"cancella(?:mi|zione|temi)|disiscriviti|disiscrizione|disiscrivimi|annulla (?:l')?iscrizione",
    r"descadastrar|cancelar (?:a )?(?:minha )?(?:inscri[cç][aã]o|subscri[cç][aã]o|assinatura)",
    r"uitschrijven|afmelden|wypisz|wypisz mnie|avregistrera|avprenumerera|avsluta|afmeld|frameld|meld (?:mig|meg) av",
    r"odhlásit|peruuta(?: tilaus)?|leiratkozás|dezabonare",
    r"отписаться|配信停止|退订|退訂|구독 ?취소",
)
_LONGEST = 100  # characters: a longer text is no mere wish
_WORD = re.compile(
    r"\W*(?P<answer>(?:(?:re|aw|sv|fwd?|rv|tr|r)\s*:\s*)*)\W*(?:please )?"
    rf"(?:{_WISH.pattern})"
    r"(?:,? (?:me|please|thanks|thank you"
    r"|from (?:this|the|your|all)?(?: mailing)? ?(?:lists?|newsletters?|e-?mails?)))*\W*",
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
    where, wish = _wish(pieces)
    sender = notes.addresses_in(pieces.head.get("from"))
    if not wish or not sender:
        return None
    return Feedback(
        kind=Kind.UNSUBSCRIBE,
        rule=f"unsubscribe mail, by its {where} and its sender",
        address=sender[0],
        said=one_line(wish),
    )


def _wish(pieces: Pieces) -> tuple[str, str]:
    """Where the wish stands, and its words; two empty strings where there is none."""
    subject = pieces.head.subject
    said = _WORD.fullmatch(subject) if len(subject) <= _LONGEST else None
    # "Re: Unsubscribe" by a machine answers a post of that name.
    automatic = pieces.head.get("auto-submitted").strip().lower() not in {"", "no"}
    if said and not (said["answer"] and automatic):
        return "subject", subject
    # What people say stands above what they quote; machines, and servers that return a mail, say other things.
    first = next((line.strip() for line in pieces.lines if line.strip()), "")
    if automatic or letters.machine(pieces.head) or letters.mailer(pieces.head) or letters.no_return_path(pieces.head):
        return "", ""
    return ("first line", first) if len(first) <= _LONGEST and _WORD.fullmatch(first) else ("", "")
