"""What servers say when they do not deliver: a table of phrases, each with where it comes from.

Pure. `find(text)` gives the first row that fits, in the order of the table: what speaks for the address (a full
mailbox, trouble with the sender, a wait) stands before what speaks against it, since a wrongly suppressed reader is a
reader lost, and a dead address that is mailed once more comes back once more. Phrases are searched in any letter case
in text whose white space is single blanks. Origins: the sources of the mail servers named, the standards, and the
reason tables of sisimai (github.com/sisimai, BSD-2-Clause), which names the servers that say so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from newsletter_cli.feedback.model import Kind
from newsletter_cli.feedback.patterns import any_of
from newsletter_cli.replies import Reason


@dataclass(frozen=True, slots=True)
class Phrase:
    """One row: what it means, the words, and who says so."""

    kind: Kind
    reason: Reason
    name: str  # of the rule, for people
    words: re.Pattern[str]
    origin: str


def _row(kind: Kind, reason: Reason, name: str, origin: str, *patterns: str) -> Phrase:
    return Phrase(kind, reason, name, any_of(*patterns), origin)


_BOX = r"(?:mail ?box|mail ?folder|inbox|mail ?drop|mail ?dir|account|recipient|user)"
_WHO = (
    r"(?:users?|recipients?|mail ?box(?:es)?|accounts?|address(?:es|ees?)?|local[ -]?part|e-?mail|alias|destinations?"
    r"|person|rcpt|user ?id|user ?name|userid|customer|subscriber)"
)
_GONE = (
    r"(?:unknown|un-?recogni[sz]ed|invalid|incorrect|non-?exist\w*"
    r"|not (?:be )?(?:found|known|recogni[sz]ed|listed|exist|present|valid|local|registered|defined|available here)"
    r"|(?:does|do|did)(?: not|n['’]?t) exist"
    r"|could(?: not|n['’]?t) be found|cannot be found|no longer (?:exists?|valid|on|available|in use|here|listed))"
)

_ENDED = (
    r"(?:disabled|discontinued|de-?activated|deleted|closed|terminated|cancell?ed|removed|inactive|expired|retired"
    r"|unlisted|obsolete)"
)

PHRASES: tuple[Phrase, ...] = (
    _row(
        Kind.SOFT,
        Reason.MAILBOX_FULL,
        "a full mailbox",
        "RFC 3463 X.2.2; Postfix virtual(8), Exim, qmail vdelivermail, Cyrus, Exchange, Gmail, Yahoo, docomo, Orange",
        r"\b(?:over|exceed\w*|out of|reach\w*|above|beyond)\b.{0,40}\b\w*quota",
        r"\w*quota\b.{0,40}\b(?:exceed|full|violat|used up|usage|reached|limit)",
        r"\bover ?-?quota",
        r"\bdisk ?quota",
        rf"\b{_BOX}\b.{{0,40}}\b(?:too |almost |now )?full\b",
        r"\bfull (?:mail ?box|inbox|disk|mail ?folder)",
        r"\bexceed\w*\b.{0,40}\b(?:storage|size|space|allocat\w*|receiving limit)",
        rf"\b(?:{_BOX}|size|storage|space|allocation)\b.{{0,30}}\b(?:exceed|over (?:its |the )?(?:limit|size))",
        r"\bnot have enough\b.{0,20}\bspace",
        r"\b(?:not enough|insufficient|no|no more|low on|out of) (?:disk |storage |system |free )*(?:space|storage)",
        r"\btoo much mail\b",
        r"\btoo many messages (?:on|in)\b",
        r"\bspace has been used up",
        r"\bbo[iî]te\b.{0,40}\bpleine|\bpostfach\b.{0,40}(?:\bvoll|überfüllt)|\bbuz[oó]n\b.{0,40}\bllen[oa]",
        r"\bcasella\b.{0,40}\bpiena|\bcaixa\b.{0,40}\bcheia|\bящик\b.{0,40}переполнен|\bmailbox\b.{0,20}\bvol\b",
        r"容量.{0,10}(?:超|オーバー)|メールボックス.{0,12}(?:一杯|いっぱい|満)|[邮郵]箱.{0,10}(?:已满|已滿|空间不足)",
    ),
    _row(
        Kind.SOFT,
        Reason.SENDER,
        "trouble with the sender",
        "RFC 3463 X.1.7, X.1.8; Exim callout, Postfix reject_unverified_sender, Spectrum, Cox, MDaemon, SonicWall",
        r"\bsender\b.{0,40}\b(?:reject|denied|refused|verif\w+ fail|not (?:allowed|accepted)|unknown|invalid|blocked)",
        r"\bsender verif",
        r"\b(?:invalid|unknown|bad|unverified|unroutable|unresolvable) (?:envelope )?sender",
        r"\bmail from\b.{0,80}\b(?:reject|denied|refused|invalid|not allowed|prohibited)",
        r"\breply to mail from\b",
        r"\bbatv\b|\bbackscatter\b",
        r"\bnull sender\b|\bempty (?:envelope )?sender",
        r"\bdomain of (?:the )?sender\b|\b(?:host|domain) unknown for sender",
        r"\b(?:helo|ehlo) (?:argument|name|host|string|domain|must|needs|does|is)\b",
        r"\b(?:invalid|bad|illegal|unknown) (?:helo|ehlo)\b",
    ),
    _row(
        Kind.SOFT,
        Reason.GREYLISTED,
        "a wait",
        "RFC 3463 X.4.x; Postfix and sendmail delay notices, Exim retry rules, qmail, Netscape, Gmail, Exchange",
        r"\btemporar\w+|\btransient\b|\bnon-fatal\b",
        r"\bthis is (?:only |just )?a warning\b|\bwarning (?:message )?only\b|\bno(?:t)? need to resend",
        r"\b(?:re)?try(?:ing)? (?:it )?(?:again )?(?:later|soon|in \d|after)",
        r"\btimed? ?-?out\b|\btime ?out\b",
        r"\bconnection (?:was |is )?(?:refused|reset|lost|dropped|failed|closed|broken|rate)",
        r"\b(?:could not|cannot|can't|couldn't|unable to|failed to) (?:connect|contact|reach (?:the )?(?:host|server))",
        r"\bno route to host|\bnetwork (?:is )?unreachable|\bhost (?:is )?(?:unreachable|down|not responding)",
        r"\b(?:did|does|is|are)(?: not|n['’]?t) respon[ds]",
        r"\b(?:message|delivery|delivery time|queue|retry|retry time) (?:time )?(?:has |was )?expired|\bQUEUE\.Expired",
        r"\bnot yet (?:been )?(?:delivered|received)",
        r"\bdelayed\b|\bdelay (?:in|of) (?:the )?delivery|\bdelivery delay",
        r"\bdeferred\b|\bdeferral\b|\bpostponed\b",
        r"\bwill (?:be|keep|continue)\b.{0,20}\b(?:retr|try|attempt)|\bstill being retried",
        r"\bfailing for a long time",
        r"\bretry time(?:out)? (?:exceeded|not reached)|\bin the queue too long|\ballowed queue period",
        r"\bgr[ae]y-?list",
        r"\b(?:system|server) (?:is )?(?:too )?(?:busy|overload)|\btoo busy\b|\bunder maintenance",
        r"\btoo many hops|\bmail loop|\brouting loop|\bloops? back\b|\bloop detected",
    ),
    _row(
        Kind.SOFT,
        Reason.POLICY,
        "policy",
        "RFC 3463 X.7.x; SpamAssassin, Barracuda, Mimecast, Proofpoint, users of Spamhaus, Microsoft, Yahoo, AOL",
        r"\bspam\b|\bspam\w+|\bube\b|\bunsolicited\b|\bjunk (?:e-?)?mail|\bbulk (?:e-?)?mail",
        r"\b(?:black|block|deny|reject)[ -]?list|\b\w*rbl\b|\bdnsbl\b|\blisted (?:at|by|in) \S+\.(?:org|net|com)",
        r"\breputation\b",
        r"\bpolic(?:y|ies)\b",
        r"\bspf\b|\bdkim\b|\bdmarc\b|\bauthenticat|\bnot auth\w+|\bunauth\w+|\bnot permitted\b",
        r"\bprohibit|\badministrative(?:ly)?\b",
        r"\bcontent\b.{0,20}\b(?:reject|filter|block|refus|denied)|\b(?:virus|malware|phish)",
        r"\b(?:illegal|blocked|banned|executable) attachment|\battachments? (?:is |are )?not allowed|\bheader error",
        r"\brelay(?:ing)?\b.{0,30}\b(?:denied|not|prohibited|refused)|\bunable to relay|\b(?:not|n't) relay\b",
        r"(?<!rejected: )(?<!rejected : )(?<!rejected:)\baccess denied\b|\bpermission\b",
        r"\bblocked\b|\bbanned\b|\bquarantin|\brestricted\b",
        r"\brate.?limit|\bthrottl|\btoo many (?:connections|recipients|errors|concurrent)",
        r"\breverse dns\b|\bptr (?:record)?",
        r"\b(?:only|not) accept(?:s|ing|ed)? (?:any )?(?:e-?mails?|messages?|mails?) from\b",
        r"\bmembers?[- ]only|\bnot (?:a )?(?:member|subscri)|\bmoderat",
        r"\buser reject|\brecipient preferences|\brefuse to receive",
        r"\b(?:message|mail) (?:is |size )?(?:too (?:large|big)|exceeds)|\bmaximum (?:message )?size|\btoo large\b",
    ),
    _row(
        Kind.HARD,
        Reason.NO_SUCH_ADDRESS,
        "no such address",
        "RFC 3463 X.1.1; Postfix, sendmail, Exim, qmail, Exchange, Domino, MDaemon, Gmail, Yahoo, docomo, Orange, Zoho",
        rf"\b{_WHO}\b.{{0,60}}?\b{_GONE}",
        rf"\b(?:unknown|no such|non-?existent|non-?existing|invalid|bad|illegal|incorrect|wrong|un-?recogni[sz]ed"
        rf"|undefined|undeliverable|not a (?:known|valid|local|registered))\b.{{0,30}}?\b{_WHO}\b",
        r"\bno (?:such )?(?:mail ?box|account|user|person|one|address|recipient|valid recipient)s?\b"
        r".{0,40}?\b(?:here|by that name|at this|with|found|exists?|available|bye)",
        r"\bno (?:mailbox|user|person|account) (?:here )?by (?:that|this) name",
        r"\bdoes(?: not|n['’]?t) (?:have|seem to have) an? .{0,60}?\b(?:account|mail ?box)",
        r"\bnot listed in\b|\bnot (?:in|on) (?:the |our |this )?(?:directory|server|system|recipient)",
        r"\bno longer on (?:the )?server|\bno longer (?:works|accepts (?:e-?)?mail|with (?:the|this|our))",
        r"\bnot an? (?:known|valid|local|active) (?:user|mail ?box|address|recipient|account)|\bnot known at this",
        r"\buser missing home directory",
        r"\bno matches to nameserver query|\bno valid recipients?\b|\bnot our customer",
        r"\b(?:mail ?box|user|account|address) (?:is )?(?:currently )?(?:unavail|unavaiable|not available|not active)",
        r"\bbad ?rcptto|\bbad ?recipientto|\bvalidrcptto|\bRESOLVER\.ADR|\brcpthosts\b",
        r"\brecipient(?: address)?(?:es|s)? (?:was |were |is |are )?(?:not (?:ok|accepted)|denied)",
        r"\brecipient(?: address)?(?:es|s)? rejected ?: ?(?:access denied|in|un|user)",
        r"\b(?:does|did) not like recipient",
        r"\bthat you entered couldn['’]?t be found|\bcouldn['’]?t be found\b|\bwasn['’]?t found at\b|\bnot found at\b",
        r"\bhas been replaced by\b|\b(?:has|have) (?:moved|changed) (?:to|(?:his|her|their|its) (?:e-?mail )?address)",
        r"\brecipient (?:name )?is not recogni[sz]ed|\baddress rejected\b",
        r"\bn['’]existe pas",
        r"\b(?:utilisateur|destinataire|adresse|bo[iî]te)\b.{0,40}(?:inconnue?|invalide|inexistante?)",
        r"\bexistiert nicht|\bunbekannter? (?:empf|benutzer|adress)",
        r"\b(?:empf(?:ä|ae)nger|benutzer|adresse|postfach)\b.{0,40}(?:unbekannt|nicht (?:gefunden|bekannt|vorhanden))",
        r"\bno existe\b",
        r"\b(?:usuario|destinatario|direcci[oó]n|cuenta)\b.{0,40}(?:desconocid[oa]|inexistente|inv[aá]lid[oa])",
        r"\bnon esiste\b|\bnessun utente\b",
        r"\b(?:utente|destinatario|indirizzo|casella)\b.{0,40}(?:sconosciut[oa]|inesistente|non valid[oa])",
        r"\bn[aã]o existe\b",
        r"\b(?:usu[aá]rio|destinat[aá]rio|endere[cç]o)\b.{0,40}(?:desconhecid|inexistente|inv[aá]lid|n[aã]o encontrad)",
        r"\bbestaat niet|\bonbekende? (?:gebruiker|ontvanger|adres)|\b(?:gebruiker|ontvanger)\b.{0,30}onbekend",
        r"\bnie istnieje|\bnieznany (?:u[zż]ytkownik|adresat)|\bfinns inte\b|\bok[äa]nd (?:mottagare|användare)",
        r"не существует|не найден|неизвестн\w+ (?:пользовател|получател|адрес)|недействител",
        r"(?:宛先|アドレス|ユーザー?|利用者).{0,30}(?:見つかりません|見つからない|存在しま?せ?な?[んい]|不明|ありません)",
        r"(?:用户|用戶|收件人|[邮郵]箱|地址|[帐账帳]号).{0,20}(?:不存在|未知|无效|無效)|无此(?:用户|收件人)",
        r"(?:사용자|수신자|주소|계정).{0,20}(?:존재하지|없습니다|알 수 없)",
    ),
    _row(
        Kind.HARD,
        Reason.DOMAIN,
        "no such domain",
        "RFC 3463 X.1.2, RFC 7505; Postfix, sendmail, Exim, qmail-remote, Gmail, Exchange Online, Yahoo",
        r"\b(?:domain|host|site|hostname|mail exchanger?)\b.{0,60}?\b(?:not found|unknown|invalid|no longer exists)",
        r"\b(?:domain|host|site|hostname|mail exchanger?)\b.{0,60}?\bcould(?: not|n['’]?t) be found",
        r"\b(?:domain|host|site|server)\b.{0,60}?\b(?:does|do)(?: not|n['’]?t) (?:exist|accept (?:any )?(?:e-?)?mail)",
        r"\b(?:unknown|no such|invalid|bad|non-?existent|illegal|unresolvable) (?:host|domain|mail ?domain|site)",
        r"\bname or service not known|\bnxdomain\b|\bunrou?te?able (?:mail )?(?:address|domain)",
        r"\bpoint to non-?existent hosts",
        r"\bno mx\b.{0,40}\brecord|\bmx records?\b.{0,30}\bnot found|\bnull ?mx\b",
        r"\bcould(?: not|n['’]?t) find (?:any host|a mail exchanger)|\bcannot resolve\b",
    ),
    _row(
        Kind.SOFT,
        Reason.MAILBOX_DISABLED,
        "a suspended mailbox",
        "RFC 3463 X.2.1; Gmail, Yahoo Japan, 163.com, vdelivermail",
        r"\bsuspended\b|\bsuspension\b|\bfrozen\b|\b(?:account|mail ?box|user) (?:is )?locked|\bon hold\b",
    ),
    _row(
        Kind.HARD,
        Reason.MAILBOX_DISABLED,
        "a closed mailbox",
        "RFC 3463 X.2.1; Gmail (disabled), Yahoo (disabled or discontinued), AOL, QQ (deactivated), Exchange",
        rf"\b(?:account|mail ?box|user|address|recipient)\b.{{0,60}}?\b{_ENDED}",
        rf"\b{_ENDED}\b.{{0,20}}?\b(?:account|mail ?box|user|recipient|address)",
    ),
)

# Words of any failure at all: a text with none of them is no bounce, whoever it comes from.
FAILURE = any_of(
    r"\bfail|\berrors?\b|\bbounce|\bproblem|\breject",
    r"\bundeliver|\bnon-?deliver|n't (?:be )?deliver|\b(?:unable|able) to deliver|\bcan ?not be delivered",
    r"\bnot (?:be |been |yet been )?(?:able to )?deliver|\bnot (?:been )?(?:sent|receive|reach|accepted)",
    r"\bcould(?:n't| not) be (?:sent|deliver)",
    r"\breturned mail|\bmail returned|\breturn(?:ed|ing) (?:to sender|message)",
    r"\bdelay|\bpostponed|\bdeferred",
    r"\bunbekannt|\bunzustellbar|\bentregad|\bnon remis|\bconsegn",
    r"\bне (?:может быть )?доставлен|不达|退信|不達|失敗|エラー|届け|できません",
    r"(?<!\d)5\d\d[ -]",
)

# What is not said but named: addresses, links, and hosts as Postfix names them may hold any word of the table.
_NAMES = re.compile(r"[^\s<>()\[\]\"',;]+@[^\s<>()\[\]\"',;]+|https?://\S+|\S+\[[0-9a-fA-F.:]+\]")


def find(text: str) -> tuple[Phrase, str] | None:
    """The first row whose words stand in a text of single blanks, with these words."""
    said = _NAMES.sub("@", text)
    for row in PHRASES:
        found = row.words.search(said)
        if found:
            return row, found[0]
    return None
