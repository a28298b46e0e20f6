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


def _mailbox(reason: Reason, enhanced: str = "", text: re.Pattern[str] | None = None, codes: str = "") -> Trouble:
    """One mailbox's trouble: never before its RCPT."""
    return Trouble(
        scope=Scope.RECIPIENT,
        reason=reason,
        stages=_RCPT_AND_LATER,
        codes=re.compile(codes) if codes else None,
        enhanced=re.compile(enhanced) if enhanced else None,
        text=text,
    )


def _account(
    reason: Reason, enhanced: str = "", text: re.Pattern[str] | None = None, codes: str = "", says: str = ""
) -> Trouble:
    """The account's, the sender's or the post's trouble: it meets everybody."""
    return Trouble(
        scope=Scope.CAMPAIGN,
        reason=reason,
        codes=re.compile(codes) if codes else None,
        enhanced=re.compile(enhanced) if enhanced else None,
        text=text,
        says=says,
    )


TROUBLES: tuple[Trouble, ...] = (
    # Enhanced codes of one address or mailbox (RFC 3463 §3.2, §3.3) are clearer than any words.
    Trouble(
        scope=Scope.RECIPIENT,
        reason=Reason.NO_SUCH_ADDRESS,
        stages=_RCPT_AND_LATER,
        codes=re.compile(r"5\d\d"),
        enhanced=re.compile(r"5\.1\.1"),
        suppress=True,
    ),
    _mailbox(Reason.NO_SUCH_ADDRESS, r"[45]\.1\.[01346]"),
    _mailbox(Reason.DOMAIN, r"[45]\.1\.(2|10)"),  # 5.1.10: a null MX (RFC 7505)
    _mailbox(Reason.MAILBOX_FULL, r"[45]\.2\.2"),
    _mailbox(Reason.MAILBOX_DISABLED, r"[45]\.2\.1"),
    _mailbox(Reason.TOO_LARGE, r"[45]\.2\.3"),
    _mailbox(Reason.MAILBOX_DISABLED, r"[45]\.7\.1[78]"),  # a new owner (RFC 7293)
    # Non-ASCII addresses where the server cannot have them (RFC 6531 §3.4), also of MAIL.
    Trouble(scope=Scope.RECIPIENT, reason=Reason.OTHER, enhanced=re.compile(r"[45]\.6\.7")),
    # One mailbox is full: its "quota" is not the account's.
    _mailbox(
        Reason.MAILBOX_FULL,
        text=_words(r"mailbox (is )?full", r"(mailbox|user|recipient)('s)?( is| has)?( exceeded)?( its| over)? ?quota"),
    ),
    # The login (RFC 4954 §6): 530 authentication required, 534 too weak, 535 refused, 538 needs encryption.
    _account(Reason.LOGIN, codes=r"530|534|535|538"),
    # A spent quota of the account, whatever the digit: SES "Daily message quota exceeded", Gmail "Daily user sending
    # limit exceeded" (5.4.5), Microsoft 5.1.90, Mailgun "recipient limit exceeded", SendGrid's credits.
    _account(Reason.RATE, r"[45]\.4\.5|5\.1\.90", says=_SPENT),
    _account(
        Reason.RATE,
        says=_SPENT,
        text=_words(
            r"\b(daily|hourly|monthly|24.hour)\b.{0,40}\b(quota|limit|allowance)\b",
            r"\b(sending|account|plan|relay|credit)s?'? (quota|limit|allowance)\b.{0,30}(exceeded|reached|spent|used)",
            r"(exceeded|reached) (your|the) .{0,30}(sending|account|plan|relay|monthly|daily) .{0,20}(quota|limit)",
            r"not enough credits",
            r"credits exceeded",
        ),
    ),
    # A sandbox, an account under review, an unverified sender: SES, Postmark, Mailgun, SendGrid, Brevo, Microsoft.
    _account(
        Reason.SENDER,
        codes=r"[45]\d\d",
        text=_words(
            r"\b(address|domain|identity|identities|sender)\b is(n't| not) verified",
            r"failed the check in region",
            r"\bunverified\b.{0,20}\b(sender|domain|identity)",
            r"verified sender identity",
            r"\bsandbox\b",
            r"pending approval",
            r"\b(your|smtp|sending|sender'?s?) account\b.{0,40}\b(activated|suspended|disabled|under review|blocked)",
            r"\bsending\b.{0,20}\b(suspended|paused|disabled)",
            r"STOREDRV\.Submission|OutboundSpam",
            r"authorized recipients",
            r"sender (address )?(rejected|refused|not (allowed|authori[sz]ed|accepted|owned))",
            r"not (allowed|authori[sz]ed|permitted) to send",
            r"from address .{0,60}(not (match|allowed|authori[sz]ed)|does not match)",
        ),
    ),
    _account(Reason.SENDER, r"5\.1\.[78]", codes=r"5\d\d"),
    # A mail too large for the server is too large for everybody.
    _account(Reason.TOO_LARGE, r"5\.3\.4", codes=r"5\d\d"),
    Trouble(
        scope=Scope.CAMPAIGN, reason=Reason.TOO_LARGE, codes=re.compile(r"552"), stages=frozenset({"MAIL"})
    ),  # RFC 1870 §6.1
    # Greylisting (RFC 6647) is a wait of one recipient, not a plea of the server.
    _mailbox(Reason.GREYLISTED, codes=r"4\d\d", text=_words(r"gr[ae]y.?list", r"postgrey", r"first (time|attempt)")),
    # Policy (RFC 3463 §3.8): the account's fault. The words cover servers without enhanced codes.
    _account(Reason.POLICY, r"5\.7\.\d+", codes=r"5\d\d"),
    _account(
        Reason.POLICY,
        codes=r"5\d\d",
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
    _mailbox(
        Reason.NO_SUCH_ADDRESS,
        codes=r"55[0134]",
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
