"""Whose trouble a refusal is: the table of enhanced codes and of the words that real servers use.

Pure. `find(stage, reply)` gives the first row that fits, or None. A row never turns a transient reply into a permanent
one or back: that is the first digit's alone (RFC 5321 §4.2.1). Rows about the account stand first, because one of them
met means that nobody's address is at fault; rows about one mailbox stand before the general ones of policy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from newsletter_cli.replies import Reason

if TYPE_CHECKING:
    from newsletter_cli.replies import Reply


class Scope(StrEnum):
    """Whom an answer is about."""

    RECIPIENT = "this recipient"
    MESSAGE = "this message"
    CONNECTION = "this connection"
    SERVER = "this server"
    CAMPAIGN = "this campaign"  # the account, the sender or the post: nobody's failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One row: when it fits (empty: always), and what it says.

    `codes` and `enhanced` are matched whole, `text` is searched in any letter case.
    """

    scope: Scope
    reason: Reason
    codes: re.Pattern[str] | None = None
    enhanced: re.Pattern[str] | None = None
    text: re.Pattern[str] | None = None
    stages: frozenset[str] = frozenset()
    suppress: bool = False
    says: str = ""  # for a person, where the reason alone says too little

    def fits(self, stage: str, reply: Reply) -> bool:
        """Whether every given part fits."""
        return (
            (not self.stages or stage in self.stages)
            and (self.codes is None or self.codes.fullmatch(str(reply.code)) is not None)
            and (self.enhanced is None or self.enhanced.fullmatch(reply.enhanced) is not None)
            and (self.text is None or self.text.search(reply.text) is not None)
        )


def _words(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE)


_RCPT_AND_LATER = frozenset({"RCPT", "DATA", "dot"})

_SPENT = "the account's sending quota is spent"

TROUBLES: tuple[Trouble, ...] = (
    # One mailbox is full: its "quota" is not the account's (RFC 3463 X.2.2).
    Trouble(
        scope=Scope.RECIPIENT,
        stages=_RCPT_AND_LATER,
        reason=Reason.MAILBOX_FULL,
        enhanced=re.compile(r"[45]\.2\.2"),
    ),
    Trouble(
        scope=Scope.RECIPIENT,
        reason=Reason.MAILBOX_FULL,
        stages=_RCPT_AND_LATER,
        text=_words(r"mailbox (is )?full", r"(mailbox|user|recipient)('s)?( is| has)?( exceeded)?( its| over)? ?quota"),
    ),
    # The login (RFC 4954 §6): 530 authentication required, 534 too weak, 535 refused, 538 needs encryption.
    Trouble(scope=Scope.CAMPAIGN, reason=Reason.LOGIN, codes=re.compile(r"530|534|535|538")),
    # A spent quota of the account, whatever the digit: SES "Daily message quota exceeded", Gmail "Daily user sending
    # limit exceeded" (5.4.5), Microsoft 5.1.90 and 5.2.0, Mailgun "recipient limit exceeded".
    Trouble(scope=Scope.CAMPAIGN, reason=Reason.RATE, enhanced=re.compile(r"[45]\.4\.5|5\.1\.90"), says=_SPENT),
    Trouble(
        scope=Scope.CAMPAIGN,
        reason=Reason.RATE,
        says=_SPENT,
        text=_words(
            r"\b(daily|hourly|monthly|24.hour)\b.{0,40}\b(quota|limit|allowance)\b",
            r"\b(sending|account|plan|relay|credit)s?'? (quota|limit|allowance)\b.{0,30}(exceeded|reached|spent|used)",
            r"(exceeded|reached) (your|the) .{0,30}(sending|account|plan|relay|monthly|daily) .{0,20}(quota|limit)",
            r"not enough credits",
        ),
    ),
    # A sandbox, an account under review, an unverified sender: SES, Postmark, Mailgun, SendGrid, Brevo.
    Trouble(
        scope=Scope.CAMPAIGN,
        reason=Reason.SENDER,
        codes=re.compile(r"[45]\d\d"),
        text=_words(
            r"\b(address|domain|identity|identities|sender)\b.{0,40}\b(not|un).?verified",
            r"failed the check in region",
            r"\bunverified\b.{0,20}\b(sender|domain|address)",
            r"verified sender identity",
            r"\bsandbox\b",
            r"pending approval",
            r"\baccount\b.{0,40}\b(not (yet )?activated|suspended|disabled|under review|deactivated|paused|blocked)",
            r"authorized recipients",
            r"sender (address )?(rejected|refused|not (allowed|authori[sz]ed|accepted|owned))",
            r"not (allowed|authori[sz]ed|permitted) to send (as|from|mail|email|message)",
            r"from address .{0,60}(not (match|allowed|authori[sz]ed)|does not match)",
        ),
    ),
    Trouble(scope=Scope.CAMPAIGN, reason=Reason.SENDER, codes=re.compile(r"5\d\d"), enhanced=re.compile(r"5\.1\.[78]")),
    # A mail too large for the server is too large for everybody; 5.2.3 is one mailbox's own limit.
    Trouble(scope=Scope.CAMPAIGN, reason=Reason.TOO_LARGE, codes=re.compile(r"5\d\d"), enhanced=re.compile(r"5\.3\.4")),
    Trouble(scope=Scope.CAMPAIGN, reason=Reason.TOO_LARGE, codes=re.compile(r"552"), stages=frozenset({"MAIL"})),
    # One mailbox (RFC 3463 §3.2, §3.3; RFC 7505 null MX; RFC 7293 a new owner).
    Trouble(
        scope=Scope.RECIPIENT,
        stages=_RCPT_AND_LATER,
        reason=Reason.NO_SUCH_ADDRESS,
        codes=re.compile(r"5\d\d"),
        enhanced=re.compile(r"5\.1\.1"),
        suppress=True,
    ),
    Trouble(
        scope=Scope.RECIPIENT, stages=_RCPT_AND_LATER, reason=Reason.DOMAIN, enhanced=re.compile(r"[45]\.1\.(2|10)")
    ),
    Trouble(
        scope=Scope.RECIPIENT,
        stages=_RCPT_AND_LATER,
        reason=Reason.NO_SUCH_ADDRESS,
        enhanced=re.compile(r"[45]\.1\.[0346]"),
    ),
    Trouble(
        scope=Scope.RECIPIENT,
        stages=_RCPT_AND_LATER,
        reason=Reason.MAILBOX_DISABLED,
        enhanced=re.compile(r"[45]\.2\.1"),
    ),
    Trouble(scope=Scope.RECIPIENT, stages=_RCPT_AND_LATER, reason=Reason.TOO_LARGE, enhanced=re.compile(r"[45]\.2\.3")),
    Trouble(
        scope=Scope.RECIPIENT,
        stages=_RCPT_AND_LATER,
        reason=Reason.MAILBOX_DISABLED,
        enhanced=re.compile(r"[45]\.7\.1[78]"),
    ),
    # Non-ASCII addresses where the server cannot have them (RFC 6531 §3.4, RFC 6532).
    Trouble(scope=Scope.RECIPIENT, reason=Reason.OTHER, enhanced=re.compile(r"[45]\.6\.7")),
    # Greylisting (RFC 6647 §5: 421 or 450 with 4.7.1) is a wait of one recipient, not a plea of the server.
    Trouble(
        scope=Scope.RECIPIENT,
        reason=Reason.GREYLISTED,
        codes=re.compile(r"4\d\d"),
        stages=_RCPT_AND_LATER,
        text=_words(r"gr[ae]y.?list", r"postgrey", r"first (time|attempt)"),
    ),
    # Policy (RFC 3463 X.7): the account's fault. The words cover servers without enhanced codes.
    Trouble(scope=Scope.CAMPAIGN, reason=Reason.POLICY, codes=re.compile(r"5\d\d"), enhanced=re.compile(r"5\.7\.\d+")),
    Trouble(
        scope=Scope.CAMPAIGN,
        reason=Reason.POLICY,
        codes=re.compile(r"5\d\d"),
        stages=_RCPT_AND_LATER | {"MAIL", "greeting", "EHLO"},
        text=_words(
            r"\brelay(ing)?\b.{0,20}\b(denied|not (allowed|permitted)|prohibited)",
            r"\b(black|block|deny).?list",
            r"\bspam\b",
            r"\bbulk mail\b",
            r"\breputation\b",
            r"\bpolicy\b",
            r"\b(SPF|DKIM|DMARC)\b.{0,40}\bfail",
            r"\bblocked\b.{0,30}\b(IP|sender|host|using)\b",
        ),
    ),
    # Pleas: what the mail in hand has to do with it is chance.
    Trouble(scope=Scope.SERVER, reason=Reason.RATE, codes=re.compile(r"4\d\d"), enhanced=re.compile(r"4\.7\.\d+")),
    # No such user, from servers without enhanced codes: a failure, but no proof that would suppress.
    Trouble(
        scope=Scope.RECIPIENT,
        reason=Reason.NO_SUCH_ADDRESS,
        codes=re.compile(r"55[0134]"),
        text=_words(
            r"(user|recipient|mailbox|address)\b.{0,60}\b(unknown|not found|does(n't| not) exist)",
            r"(unknown|no such|invalid) (local )?(user|recipient|mailbox|address)",
        ),
    ),
)

# What servers say when they want less; with a 450, 451, 452, 454 or 421 in front (SES, Gmail, Yahoo, Microsoft).
_SLOWER = _words(
    r"\brate\b",
    r"throttl",
    r"too (many|much|fast|frequent)",
    r"slow(er)? down",
    r"\bdeferred due to\b",
    r"unusual (rate|volume)",
    r"\bresources\b",
    r"temporarily (rate|deferred|limited)",
    r"(connection|concurrency|message) limit",
    r"server (is )?(too )?busy",
)
# A limit of mails in one connection is met by a new connection, not by a slower pace.
_PER_CONNECTION = _words(r"(per|this|in one|single|a) (connection|session)", r"messages? limit.{0,20}session")


def find(stage: str, reply: Reply) -> Trouble | None:
    """The first row that fits."""
    return next((row for row in TROUBLES if row.fits(stage, reply)), None)


def asks_to_slow_down(reply: Reply) -> bool:
    """Whether a transient reply is about the pace: every 421, 4.7.x, rate words; not greylisting or a full mailbox."""
    if not reply.transient or _PER_CONNECTION.search(reply.text):
        return False
    known = find("RCPT", reply)
    if known and known.scope is Scope.RECIPIENT:
        return False
    if reply.code == 421 or reply.enhanced.startswith("4.7."):
        return True
    return _SLOWER.search(reply.text) is not None
