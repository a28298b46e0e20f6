"""What kind of letter a mail is before its text is read: from a mail server, from a machine, or from a person. Pure.

Tables of signs, each with its source; the first that fits names the rule.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter_cli.feedback.mime import words
from newsletter_cli.feedback.patterns import any_of

if TYPE_CHECKING:
    from newsletter_cli.feedback.mime import Part

# RFC 5321 §4.5.5 asks reports to have no return path; RFC 3464 §2 leaves the rest to custom.
_MAILERS = any_of(
    r"mailer-?daemon",
    r"mail(?:er)?[-_. ]?deliver",
    r"post_?master",
    r"mdaemon\b",
    r"delivery (?:sub)?system",
    r"mail (?:administrator|system|transport|gateway)",
    r"system administrator",
    r"internet mail",
    r"undelivered|returned mail",
    r"smtp_mail",
    r"\bsymantec_|content-filter",
)
_SUBJECTS = any_of(
    r"\bundeliver",
    r"\bnon[- ]?deliver",
    r"\bdelivery (?:status|report|fail|notif|problem|error|has failed|warning|delay)",
    r"\bdeliver(?:y|ed)? .{0,20}\b(?:fail|problem|error|delay)",
    r"\bfail\w* (?:notice|delivery)",
    r"\bmail (?:system )?error",
    r"\breturned (?:mail|message|e-?mail|to sender)|\breturning message|\bmail returned",
    r"\bmail (?:not|could not|delivery|failure|undeliver)",
    r"\bmessage (?:not|could not|delivery|undeliver)",
    r"\b(?:could not|cannot) be delivered|\bnot delivered",
    r"\bbounce (?:notif|message|mail)",
    r"\buser unknown\b",
    r"\bwarning: (?:message|could not|e-?mail)|\bdelayed mail",
    r"\bunzustellbar|\bnon remis|\bno entregad|\bmancata consegna|\bniet afgeleverd",
    r"недоставлен|не доставлен",
    r"配信(?:不能|エラー)|メール.{0,10}(?:エラー|届)|退信",
)

# RFC 3834 §3.1.7, §5; Exchange, Lotus Notes, Gmail, Outlook, vacation(1), Sieve vacation (RFC 5230), in the languages
# that office programs write them in: at the beginning of a subject, behind any "Re:".
_AWAY = any_of(
    r"auto(?:matic|mated|matische?|matisk\w*|matyczna)?[-: ]*(?:reply|respon\w+|antwort|antwoord|svar|odpowied\w+)",
    r"auto(?:matic|mated) notification|auto\b\W|autoreply",
    r"out of (?:the )?office|(?:i am |i'm )?(?:away|on (?:vacation|leave|holiday))\b|vacation|holiday (?:notice|reply)",
    r"abwesen|afwezig|absence|absent|ausencia|ausente|assente|frånvar|fravær|automaattinen",
    r"réponse automatique|respuesta autom|risposta automatica|resposta autom",
    r"fuera de (?:la )?oficina|fuori (?:sede|ufficio)",
    r"自動(?:返信|応答)|不在|自动(?:回复|答复)|자동\s*(?:회신|응답)|автоответ",
    r"thank you for (?:your (?:e-?mail|message)|contacting)",
)
_ANSWERED = re.compile(r"\W*(?:(?:re|aw|sv|fwd?)\s*:\s*)*\W*", re.IGNORECASE)
_MACHINE_FIELDS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponse",
    "x-auto-response",
    "x-mail-autoreply",
    "x-vacation",
    "x-autoreply-from",
    "x-auto-response-suppress",
)
_CHALLENGE = any_of(
    r"\b(?:please )?(?:verify|confirm) (?:your|you|that|this) (?:e-?mail|message|sender|address|are)",
    r"\bchallenge\b",
    r"\bspam ?arrest|\bboxbe\b|\bspamblocker",
    r"\bsender verification|\bone[- ]time verification",
    r"\bawaiting (?:your )?(?:approval|verification|confirmation)",
    r"\bconfirmation (?:required|needed|request)",
    r"\bmessage held\b",
)
_CHALLENGERS = any_of(r"@(?:[\w.-]+\.)?(?:boxbe|spamarrest|knowspam|vanquish|choicemail|mailblocks)\.")
_CHALLENGE_FIELDS = ("x-tmda-fingerprint", "x-spamarrest-noauth", "x-boxbe-message", "x-challenge-response")


def mailer(head: Part) -> str:
    """By what a mail shows itself as a mail server's report; empty where it does not."""
    if head.get("x-failed-recipients"):
        return "X-Failed-Recipients"
    if "report-type=delivery-status" in re.sub(r'[\s"]', "", head.get("content-type").lower()):
        return "report-type=delivery-status"
    sender = words(head.get("from"))
    if _MAILERS.search(sender) or _MAILERS.search(head.get("return-path")):
        return "a mail server as its sender"
    subject = head.subject
    return "its subject" if _SUBJECTS.search(subject) else ""


def machine(head: Part) -> str:
    """The rule by which a mail is an automatic reply or a challenge; empty where it is none."""
    if head.get("x-failed-recipients"):
        return ""
    subject = head.subject
    if _AWAY.match(_ANSWERED.sub("", subject, count=1)):
        return "automatic reply, by its subject"
    if challenge(head) or _CHALLENGE.search(subject):
        return challenge(head) or "challenge of a sender, by its subject"
    if mailer(head):  # mail servers write Auto-Submitted too (RFC 3834 §5 asks them to)
        return ""
    automatic = head.get("auto-submitted").partition(";")[0].strip().lower()
    if automatic and automatic != "no":
        return "automatic reply, by Auto-Submitted (RFC 3834)"
    if re.match(r"\s*auto[-_ ]?reply", head.get("precedence"), re.IGNORECASE):
        return "automatic reply, by Precedence"
    found = next((name for name in _MACHINE_FIELDS if head.get(name)), "")
    return f"automatic reply, by {found.title()}" if found else ""


def challenge(head: Part) -> str:
    """The rule by which a mail asks the sender to prove that it is one; some of them are written as reports."""
    if any(head.get(name) for name in _CHALLENGE_FIELDS):
        return "challenge of a sender, by its fields"
    return "challenge of a sender, by who sent it" if _CHALLENGERS.search(head.get("from")) else ""


def no_return_path(head: Part) -> bool:
    """Whether it came without one (RFC 5321 §4.5.5)."""
    return head.get("return-path").strip() == "<>"
