"""What a report's codes and words mean for an address. Pure.

Promise 18 is kept here: 4yz, a full mailbox and 5.7.x never suppress at once, whatever else is said. After them the
enhanced status code decides (RFC 3463), then the words (`phrases`), and where neither tells the reason the verdict is
a soft bounce that is not clear: more text may be judged, and several of them count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from newsletter_cli.feedback import phrases
from newsletter_cli.feedback.model import Kind, Verdict, one_line
from newsletter_cli.replies import Reason

# RFC 3463 §2; subjects go from 0 to 7 (§3), which leaves out most version numbers; four numbers are an IP address.
_ENHANCED = re.compile(r"(?<![\w.])([245])\.([0-7])\.(\d{1,3})(?![\d]|\.\d)")
# A basic code (RFC 5321 §4.2) where one can stand: at the start, behind words that announce a reply, or before an
# enhanced code; not any number of three digits.
_BASIC = re.compile(
    r"(?:^|[:;]|<<<|>>>|\bsaid|\breturned|\b(?:response|reply|error|code)(?: code)?(?: was)?|\bfailed with)"
    r"\s*['\"]?([245]\d\d)(?=[ ,\-]|$)|(?<![\w.])([245]\d\d)(?=[ \-]#?[245]\.\d)",
    re.IGNORECASE,
)
_NO_MAIL_THERE = "556"  # RFC 7504 §4: the domain takes no mail
_ACTIONS = re.compile(r"\s*([a-z]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Status:
    """One row of RFC 3463's codes with the first digit 5."""

    pattern: re.Pattern[str]
    kind: Kind
    reason: Reason
    certain: bool = True  # the code alone decides; otherwise clear words do


# The first row that fits. What is not here leaves it to the words.
STATUSES: tuple[Status, ...] = (
    Status(re.compile(r"5\.2\.2"), Kind.SOFT, Reason.MAILBOX_FULL),  # §3.3; a full mailbox
    Status(re.compile(r"5\.7\.\d+"), Kind.SOFT, Reason.POLICY),  # §3.8, RFC 7372, RFC 7293
    Status(re.compile(r"5\.1\.[1236]|5\.1\.10"), Kind.HARD, Reason.NO_SUCH_ADDRESS),  # §3.2; RFC 7505: 5.1.10
    Status(re.compile(r"5\.1\.[789]|5\.1\.90"), Kind.SOFT, Reason.SENDER),  # §3.2: the sender's address
    Status(re.compile(r"5\.1\.\d+"), Kind.HARD, Reason.NO_SUCH_ADDRESS, certain=False),
    Status(re.compile(r"5\.2\.[34]"), Kind.SOFT, Reason.TOO_LARGE),  # §3.3: size, mailing list expansion
    Status(re.compile(r"5\.3\.4|5\.6\.\d+"), Kind.SOFT, Reason.CONTENT),  # §3.4, §3.7
    Status(re.compile(r"5\.4\.[1567]"), Kind.SOFT, Reason.OTHER, certain=False),  # §3.5: no answer, loops, expired
)


def judge(text: str, *, status: str = "", action: str = "") -> Verdict:
    """Say what a status code, an action (RFC 3464 §2.3.3) and the words beside them mean."""
    said = " ".join(text.split())
    action = found[1].lower() if (found := _ACTIONS.match(action)) else ""
    known = _ENHANCED.search(status)
    codes = [known[0]] if known else []
    codes += [match[0] for match in _ENHANCED.finditer(said)]
    shown = next((code for code in codes if not code.endswith(".0.0")), codes[0] if codes else "")
    if action == "delayed":
        return Verdict(kind=Kind.SOFT, rule="Action: delayed", status=shown, reason=Reason.OTHER)
    if action in {"delivered", "relayed", "expanded", "deliverable"}:
        return Verdict(kind=Kind.NONE, rule=f"Action: {action}", status=shown)
    return _judge(said, codes, shown)


def _judge(said: str, codes: list[str], shown: str) -> Verdict:
    basic = [match[1] or match[2] for match in _BASIC.finditer(said)]
    failing = [code for code in codes if code[0] != "2"]
    if codes and not failing and not any(code[0] in "45" for code in basic):
        return Verdict(kind=Kind.NONE, rule=f"status {codes[0]}", status=shown)
    found = phrases.find(said)
    phrase = found[0] if found else None
    # RFC 5321 §4.2.1: 4yz may succeed later.
    transient = next((code for code in (*failing, *basic) if code[0] == "4"), "")
    if transient:
        reason = phrase.reason if phrase and phrase.kind is Kind.SOFT else Reason.OTHER
        return Verdict(kind=Kind.SOFT, rule=f"a transient code, {transient}", reason=reason, status=shown)
    if found and found[0].reason is Reason.MAILBOX_FULL:
        return _by_words(found, shown)
    rows = [(code, row) for code in failing if (row := _row(code)) is not None]
    # Of several codes the mildest: a relay's own 5.1.1 often stands behind another server's 5.7.1.
    certain = sorted((row.kind is Kind.HARD, number) for number, (_, row) in enumerate(rows) if row.certain)
    if certain:
        code, row = rows[certain[0][1]]
        return Verdict(kind=row.kind, rule=f"status {code}", reason=row.reason, status=code)
    if found:
        return _by_words(found, shown)
    if _NO_MAIL_THERE in basic:
        return Verdict(kind=Kind.HARD, rule=f"reply {_NO_MAIL_THERE}", reason=Reason.DOMAIN, status=shown)
    if rows:
        code, row = rows[0]
        return Verdict(kind=row.kind, rule=f"status {code}", reason=row.reason, status=code)
    return Verdict(kind=Kind.SOFT, rule="no reason that is known", status=shown, clear=False)


def _by_words(found: tuple[phrases.Phrase, str], status: str) -> Verdict:
    phrase, words = found
    rule = f"words of {phrase.name}, {one_line(words, 60)!r}"
    return Verdict(kind=phrase.kind, rule=rule, reason=phrase.reason, status=status)


def _row(code: str) -> Status | None:
    return next((row for row in STATUSES if row.pattern.fullmatch(code)), None)
