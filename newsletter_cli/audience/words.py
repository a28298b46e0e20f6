"""What a cell says: yes, no, nothing, a date, or a status word, in the spellings that exports use.

Pure. `compact` is the form in which headers and values are compared: letter case, accents, padding, punctuation and
invisible characters do not count. The rule behind `status`: whatever says that a person is not to be mailed wins,
in any spelling; what is not in the vocabulary is UNKNOWN, never taken for a yes.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from functools import lru_cache


class Meaning(Enum):
    """What a mark says of a row."""

    IN = "in"  # may be mailed
    OUT = "out"  # must not be mailed
    EMPTY = "empty"  # says nothing
    UNKNOWN = "unknown"  # says something that is not understood


_SEPARATORS = re.compile(r"[\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def plain(text: str) -> str:
    """Lower-case words with single spaces between them: ``E-mail_disabled`` and ``e mail disabled`` are one."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(
        char for char in decomposed if unicodedata.category(char) not in {"Mn", "Cc", "Cf"} or char.isspace()
    )
    return _SEPARATORS.sub(" ", kept).strip()


@lru_cache(maxsize=4096)
def compact(text: str) -> str:
    """`plain` without its spaces: ``Opt-Out``, ``opt out`` and ``OPTOUT`` are one."""
    return plain(text).replace(" ", "")


def header_words(text: str) -> tuple[str, ...]:
    """The words of a header, camel case split: ``emailDisabled`` gives ``email``, ``disabled``."""
    return tuple(plain(_CAMEL.sub(" ", text)).split())


def _vocabulary(text: str) -> frozenset[str]:
    """The compact forms of words that stand between commas or line ends."""
    return frozenset(compact(word) for word in re.split(r"[,\n]", text)) - {""}


# Spellings of an absent value: databases, spreadsheets, Python and JavaScript exports.
# Beside them the first instant of a clock (Unix, Go, .NET), which is what a database without a date writes.
_EMPTY = _vocabulary(
    """null, none, nil, nan, nat, n/a, #n/a, undefined, nulo, leer, 0000-00-00, 0000-00-00 00:00:00, 0001-01-01,
    0001-01-01T00:00:00Z, 0001-01-01 00:00:00, 1/1/0001 12:00:00 AM, 01/01/0001 00:00:00, 1970-01-01,
    1970-01-01T00:00:00Z, 1970-01-01 00:00:00, 1970-01-01T00:00:00.000Z, 1970-01-01 00:00:00 UTC"""
) | {""}
# Where somebody was asked what they want; elsewhere some of these are spellings of an absent value.
NOTHING_WANTED = _vocabulary(
    "none, nothing, nomail, no mail, no email, no emails, keine, nichts, aucun, aucune, rien, ninguno, ninguna, nada,"
    " nessuno, nessuna, niente, geen, nenhum, nenhuma, inga, ingen, ei mitään, нет, никогда"
)
_YES = _vocabulary(
    "true, t, yes, y, 1, x, on, checked, ja, j, wahr, vrai, oui, si, sí, verdadero, vero, sim, verdadeiro,"
    " tak, ano, igen, evet, kyllä, sann, sant, waar, да, истина, はい, 是"
)
_NO = _vocabulary(
    "false, f, no, n, 0, off, unchecked, never, nein, falsch, faux, non, falso, não, nao, nie, ne, nem, hayır, ei, nej,"
    "nei, usann, falskt, onwaar, nee, нет, ложь, いいえ, 否"
)

# Words that let a person be mailed; only whole values count.
_IN = _vocabulary(
    """active, subscribed, subscriber, subscribe, enabled, confirmed, verified, opted in, opt-in, optedin,
    double opt-in, single opt-in, free, paid, premium, regular, member, gift, gifted, comp, complimentary, trial,
    trialing, trialed, lifetime, granted, given, accepted, agreed, approved, allow, allowed, single, double,
    consented, permitted,
    registered, signed up, joined,
    valid, deliverable, mailable, reachable, ok, okay, express, implied, explicit,
    implicit, normal, aktiv, aktive, aktiver, angemeldet, abonniert, eingetragen, bestätigt, zugestimmt, actif,
    active, activé, abonné, abonnée, inscrit, inscrite, confirmé, confirmée, vérifié, activo, activa, suscrito,
    suscrita, subscrito, confirmado, confirmada, habilitado, attivo, attiva, iscritto, iscritta, confermato,
    confermata, abilitato, actief, geabonneerd, ingeschreven, aangemeld, bevestigd, ativo, ativa, inscrito, inscrita,
    assinante, ativado, aktivní, potvrzený, aktywny, zapisany, potwierdzony, aktif, abone, aktivt, prenumererar,
    prenumerant, abonnent, påmeldt, bekreftet, tilmeldt, bekræftet, tilaaja, aktiivinen, vahvistettu, активен,
    активный, подписан, подтвержден, 有効, 購読中, 登録済み, 活跃, 已订阅, 订阅中,
    구독중, 구독 중, live, engaged, suscriptor, suscriptora, abonado, abonada, mitglied, medlem, lid, vip, founding,
    founder, subscribing"""
)

# Words that keep a person from being mailed, as the whole value.
_OUT = _vocabulary(
    """ban, banned, hard, soft, left, gone, lost, dead, quit, out, trash, dnc, dnm, hidden, dropped, failed, no, exclu,
    exclue, baja, baixa, iptal, pasif, ex, former"""
)

# Words that keep a person from being mailed, wherever a value begins with them ("Bounced (hard)").
_OUT_STEMS = tuple(
    sorted(
        _vocabulary(
            """unsub, un-sub, opt-out, opted-out, opting out, bounc, hard bounc, soft bounc, complain, complaint,
            spam, marked as spam,
            junk, blocklist, blacklist, block list, black list, blocked, denylist, denied, suppress, cleaned, delet,
            disabl, inactive, unconfirm, not confirm, unverif, not verif, not subscrib, non-subscrib, nonsubscrib,
            no longer, unactivat, not activ, deactivat, pending, awaiting, waiting, cancel, remov, excluded,
            undeliver, unreach, not deliver, invalid, do not, dont, don't, no mail, no email, no marketing, nomail,
            reject, refus, expired, archiv, deceased, abuse, paused, suspend, stopp, withdraw, withdrawn, revoked,
            former subscriber, ex-subscriber, malformed, misspel, disengag, unmailable, not mailable, globally unsub,
            quarantine, forgotten, erased, gdpr delet, purge, no consent, on hold, hold, held, temp hold,
            temporary hold, dormant, terminat, closed, declin, snooz, muted,
            waitlist, waiting list, transactional, imported only, bouncing, by bounces, by user, by moderator,
            not opted, never subscribed,
            transactional only, non-marketing, nonmarketing, unengaged, hard fail, unwilling, decline email,
            abgemeldet, abmeld, abbestellt, ausgetragen, storniert, ungültig, warte, wartet, zurückgewiesen,
            kündigung, gesperrt, gelöscht, inaktiv, unbestätigt, nicht bestätigt,
            ausstehend, gekündigt, deaktiviert, widerruf, beschwerde, unzustellbar, nicht angemeldet,
            nicht abonniert, ausgeschlossen, désabonn, désinscri, résili, non abonn, non inscri, inactif, supprim,
            bloqu,
            non confirm, en attente, désactiv, annul, plainte, rebond, liste noire, désinscrit, dado de baja,
            cancelad, no suscri, desuscri, rebotad, eliminad, inactiv, bloquead, pendiente, no confirm, desactivad,
            queja, anulad, excluid, lista negra, rechazad, disiscri, cancellat, inattiv, bloccat, rimbalz, non iscri,
            in attesa, eliminat, disattivat, annullat, reclam, uitgeschreven, afgemeld, opzegging, geannuleerd,
            verlopen, wachtend, niet actief, inactief, geblokkeerd,
            verwijderd, niet bevestigd, opgezegd, geweigerd, gestopt, descadastr, cancelou, inativ, bloquead,
            excluíd, removid, nao confirm, não inscri, pendente, desinscri, avregistrer, avanmäl, avslutad, inaktiv,
            blockerad, borttagen, obekräftad, avprenumerer, studsa, avmeldt, frameld, afmeldt, slettet, blokkert,
            blokeret, peruutettu, poistettu, estetty, odhlášen, wypisan, nieaktywn, zablokowan, usunięt, engellen,
            отпис, заблокирован, удален, неактив, не активен, не подпис, не подтвержд, ожида, 解除, 退会, 退订, 已退订,
            無効, 停止, 削除, 配信停止, 購読停止, 購読解除, 未確認, 拒否, 取消, 已取消, 未订阅, 未确认,
            무효, 해지, 구독취소, 구독 취소,
            수신거부, 수신 거부, 취소"""
        )
    )
)

# … and wherever it ends with them ("double_opt_in_pending", "email bounced").
_OUT_ENDINGS = tuple(
    sorted(
        _vocabulary(
            """pending, unsubscribed, bounced, complained, complaint, blocked, blocklisted, blacklisted, inactive,
            unconfirmed, unverified, disabled, deleted, suppressed, undeliverable, opted out, opt-out, cancelled,
            canceled"""
        )
    )
)

# Of these, what cannot be anything else, in whatever column it stands as the whole cell; in the letter cases that
# exports write, for a quick look at every row.
_OUTRIGHT_TEXTS = re.split(
    ", ?|\n *",
    """unsubscribed, un-subscribed, unsubscribe, unsubscribes, unsubscribers, unsub, optouts, opt-outs, bounced,
    complained, blocklisted, blacklisted, suppressed, unconfirmed,
    undeliverable, optout, opt-out, opt out, opt_out, opted-out, opted out, opted_out, hard bounced, hard bounce,
    spam complaint, do not email, do not mail, do not contact, not subscribed, non-subscribed, abgemeldet,
    désabonné, désinscrit,
    disiscritto, dado de baja, uitgeschreven, descadastrado, avregistrerad, отписан""",
)
OUTRIGHT_CELLS = frozenset(
    case(text)
    for text in filter(None, _OUTRIGHT_TEXTS)
    for case in (str, str.upper, str.title, str.capitalize, str.casefold)
)
_OUTRIGHT = frozenset(compact(cell) for cell in OUTRIGHT_CELLS)

_DATE = re.compile(
    r"""(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{1,2}\.?\ [^\W\d]{3,}\.?,?\ \d{4}
        |[^\W\d]{3,9}\.?\ \d{1,2},?\ \d{4}|\d{10}|\d{13}|\d{14})(?:\D.*)?\Z""",
    re.VERBOSE | re.DOTALL,
)


# Cells that hold a sign and no letter. A tick is a yes, an empty box a no; a cross is either, and so neither.
_DRAWN = re.compile(r"[^\W_]|[+\u2190-\U0001faff]")
_DRAWN_YES = frozenset("✓✔☑☒✅+")
_DRAWN_NO = frozenset("☐⬜◻")
_AS_FLOAT = re.compile(r"\.0+\Z")


def is_empty(text: str) -> bool:
    """Whether a cell holds nothing, or a spelling of nothing (``NULL``, ``n/a``, ``-``)."""
    said = compact(text)
    return said in _EMPTY if said else _DRAWN.search(text) is None


def truth(text: str) -> bool | None:
    """The truth value of a cell; None where it is none, or empty."""
    said = compact(text)
    if not said:
        drawn = text.strip().removesuffix("\ufe0f")  # the mark that asks for a coloured picture
        return True if drawn in _DRAWN_YES else False if drawn in _DRAWN_NO else None
    if said in {"10", "00"}:
        said = _AS_FLOAT.sub("", text.strip())  # 1.0 and 0.0, as a table with empty cells writes its 1 and 0
    if said in _YES:
        return True
    return False if said in _NO else None


def is_date(text: str) -> bool:
    """Whether a cell looks like a day or an instant, Unix time included."""
    return _DATE.match(text.strip()) is not None


def is_number(text: str) -> bool:
    """Whether a cell is a number."""
    return re.fullmatch(r"\s*[-+]?\d+(?:[.,]\d+)?\s*", text) is not None


@lru_cache(maxsize=4096)
def status(text: str) -> Meaning:
    """What a status word means. Opt-outs are found by how the value begins, all else only as the whole value."""
    said = compact(text)
    if not said:
        return Meaning.EMPTY if is_empty(text) else Meaning.UNKNOWN
    if said in _EMPTY:
        return Meaning.EMPTY
    if said in _IN:
        return Meaning.IN
    out = said in _OUT or said.startswith(_OUT_STEMS) or said.endswith(_OUT_ENDINGS)
    return Meaning.OUT if out else Meaning.UNKNOWN


def outright(text: str) -> bool:
    """Whether a cell is a word that can only mean a person is out, whatever its column is called."""
    return compact(text) in _OUTRIGHT


def items(text: str) -> tuple[str, ...]:
    """The parts of a cell that holds several: ``a, b``, ``a|b``, ``"a","b"``, ``["a", "b"]``."""
    return tuple(part for piece in re.split(r"[,;|\n]", text) if (part := piece.strip(" \t\"'[]{}")))
