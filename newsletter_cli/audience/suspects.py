"""Headers that say, or may say, that a person is not to be mailed, where no service's table names them.

Pure. `kind_of` reads a header by its words. It errs on one side: what may be such a column is treated as one, and what
its cells say is either understood or the list is refused.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from newsletter_cli.audience import words
from newsletter_cli.audience.marks import Kind
from newsletter_cli.audience.words import compact

if TYPE_CHECKING:
    from collections.abc import Sequence


def _several(text: str) -> tuple[str, ...]:
    """The words of a table in the form in which headers are compared."""
    return tuple(compact(word) for word in text.split())


# Stems: how one word of the header begins. Joined: what stands anywhere in its compact form.
_BAD_STEMS = _several(
    """unsub desub optout optedout bounc complain spam blacklist blocklist blocked denylist suppress delet disabl
    cleaned inactiv unconfirm unverif removed exclud banned undeliver invalid reject unreach abus dnc dnm nomail
    archived deactivat unmailable suspend paused stop erasure erased forgotten anonymi deceas verstorben undesired
    quarantin pending abgemeldet abmeld abbestell gesperrt gelosch gekundigt inaktiv desabonn desinscri inactif
    supprim bloque desuscri eliminad rebot disiscri disdett inattiv uitgeschr uitschrijf afgemeld afmeld
    geblokkeerd avregistr avanmal avprenum blockerad descadastr bloquead inativ avmeld frameld odhlas wypisan
    baja resili widerruf widerspr austritt austrag ausgetrag refus removid peruut rifiut rechaz unwanted suspendid
    withdraw purge sperr ungultig unzustell storn ruckl отпис отказ заблок неактив удален"""
)
_BAD_JOINED = _several(
    """optout optedout blacklist blocklist blockliste notsubscribed nonsubscrib emaildisabled hardbounce softbounce
    nomail noemail donotmail donotemail donotcontact donotsend donotmarket dontmail dontemail listenoire
    listanegra listaroja zwartelijst sperrliste pending bounce complain exclud suppress disabled deleted inactiv
    unconfirm unverif undeliver blocked quarantin unreach deactivat keinemail keinewerbung keinnewsletter
    unsubscrib robinson bademail badaddress wrongemail deademail donotbulk dadodebaja 停止 退会 退订
    退訂 解除 取消 해지 수신거부 구독취소"""
)
# A whole header, but for small words beside it, where they mean leaving: "left at", "is gone"; not "left handed".
_BAD_ALONE = frozenset(
    _several(
        """left leave leaving gone quit dead hold onhold skip forget forgot exit exited stopped remove removal erase
        purge purged mute muted junk trash trashed hidden bad returned retour declined withdrawn withdrew snoozed
        npai dnd"""
    )
)
_SMALL = frozenset(
    _several(
        """is has was on at the list date day time when email mail user subscriber member reader and by reason me my
        please for of from to data fecha datum am"""
    )
)
_GOOD_WORDS = frozenset(
    _several(
        """subscribed subscribe issubscribed optin optedin consent consents consented consentement consentimiento
        consenso einwilligung einwilligungen toestemming samtycke consentimento permission permissions permitted
        erlaubnis confirmed confirmation confirm verified verification verify active aktiv actif activo activa
        attivo actief ativo enabled mailable deliverable reachable valid accepts accept acceptsmarketing receives
        receive receiving wants agreed agree agrees gdpr dsgvo rgpd lgpd doi angemeldet abonniert bestatigt abonne
        abonnee inscrit confirme suscrito inscrito confirmado iscritto confermato ingeschreven aangemeld bevestigd
        prenumererar bekraftad подписан allowed allow want sendable permit permits
        erlaubt erwunscht gewunscht zugestimmt zustimmung eingewilligt
        accepte acceptes autorise autorisation souhaite accord inscrite verifie
        acepta acepto aceptado autoriza autorizado desea quiere suscrita activada verificado permiso
        accetta accettato autorizza autorizzato iscritta confermata aceita aceito autorizou ativa inscrita
        aktywny aktywna aktywne zapisany zapisana zgoda zgody potwierdzony
        aktivni souhlas prihlasen potvrzeny aktivan hozzajarulas feliratkozott aktif onay izin abone
        suostumus tilattu aktiivinen samtykke tilmeldt pameldt bekreftet akkoord geabonneerd
        активен активный активна активно согласие согласен подписана подтвержден подтвержденный
        配信 有効 동의"""
    )
)
_GOOD_JOINED = _several(
    """optin optedin acceptsmarketing acceptsemail emailmarketing oktoemail oktomail oktocontact
    canemail cancontact mayemail maycontact contactable emailable acceptemail acceptnewsletter wantsnewsletter
    購読 配信希望 同意 订阅 訂閱 수신동의 구독"""
)
_OPTING = frozenset(_several("opt opts opted opting"))
# What turns a good word into its opposite: "not confirmed", "no consent".
_NEGATIONS = frozenset(
    _several(
        "not non no never un nicht kein keine keinen ohne sans pas sin niet geen nao ej ikke inte don doesn ne nie не"
    )
)
# What is not to be done where a negation stands before it: "ne pas contacter", "no enviar"; but "contact no".
_ADDRESSED = frozenset(
    _several(
        """contact contacter contactar contatar contattare contacto kontakt kontaktieren contacteren send sending
        envoyer
        enviar inviare senden sturen skicka sende mail mails mailing mailings email emails newsletter newsletters
        anschreiben angeschrieben kontaktiert zusenden
        werbung publicidad publicite pubblicita publicidade reclame reklam reklame market marketing bulk solicit
        interested interest disturb thanks thank"""
    )
)
# Does a no mean that somebody left, or that nothing is paid? Truth values there are not understood.
_ASKED_FLAGS = frozenset(
    _several("subscription subscriptions subscriber abo abonnement suscripcion abbonamento assinatura")
)
# What is glued before a word where a header is written in one letter case: ``ISACTIVE``, ``emailverified``.
_GLUED = _several("is has was email mail user contact subscriber member subscription newsletter marketing")
_CONFIRMS = ("confirm", "verif", "bestatig", "bevestig", "doi", "bekraft")
_STATUS_WORDS = frozenset(
    _several(
        """status statut situacao tila stav durum stato zustand statuscode substatus validity deliverability статус
        状态 状態 ステータス"""
    )
)
# A status in one language, or at one service, and a part of a country in another.
_STATUS_OR_PLACE = frozenset(_several("state estado etat staat stan"))
# Whose state it is, where it is no place: "Subscriber state".
_SUBJECTS = frozenset(
    _several("account user email subscriber subscription newsletter optin consent member list marketing")
)
# A status of something else than the subscription.
_OTHER_STATUS = frozenset(
    _several(
        """payment payments billing stripe paypal order orders invoice marital employment lead deal visa shipping tax
        civil family relationship charge refund job ticket shipment delivery fulfillment fulfilment financial work
        student zahlung pago paiement online social military immigration attendee
        attendance event booking rsvp renewal renew autorenew donation pledge purchase sales customer donor
        beitrag kunden bestell rechnung versand"""
    )
)
# By which other way somebody may be reached or watched: a no to these is no word on mail.
_OTHER_CHANNELS = frozenset(
    _several(
        """sms whatsapp phone call calls push mobile fax viber telegram rcs mms voice telephone telefon landline
        track tracking cookie cookies print postal letter"""
    )
)
_MAIL = frozenset(_several("email emails mail mails e newsletter newsletters marketing all"))
_PLACE_HEADERS = frozenset(
    _several(
        """city zip zipcode postalcode postcode country address street town plz ort stadt strasse addressline1
        address1 addr1 county region location countrycode ciudad pais ville pays cidade plaats land"""
    )
)
_DATES = frozenset(_several("at date time on timestamp datetime since datum fecha data day le am zeit zeitpunkt"))
# Where words are not divided: "購読日", "订阅时间", the day on which it began.
_DATES_GLUED = _several("日 日時 日付 日期 时间 時間 날짜 일자 일시")
_PERIODS = frozenset(_several("last days count number months weeks until till from period age"))
_DETAIL = frozenset(
    _several("ip source medium title id by method type page form referrer url link campaign via location text language")
)
_LINKS = frozenset(_several("url link href uri"))
_TAGS = frozenset(
    _several(
        """tags tag labels label groups group segments segment lists list emaillists listmemberships etiquetas
        etiquettes schlagworte taggar kategorien categories"""
    )
)
# Where people write whole sentences, a word among them makes no column of status words.
_FREE_TEXT = frozenset(
    _several("note notes comment comments remark remarks description bio message notiz notizen kommentar bemerkung")
)
_LOOSE = frozenset(
    _several(
        """newsletter newsletters mailing mailings emailnewsletter mailinglist marketingemail marketingemails
        emailupdates updates emailnotifications notifications notify notifyme marketing marketingmail marketingmails
        send sendemail sendemails sendmail sendmails sendnewsletter sendnewsletters sendupdates emailme mailme
        contactme keepmeinformed keepmeposted keepmeupdated keepintouch stayintouch stayinformed mailok emailok
        newsletterok okmail okemail rundbrief rundbriefe rundmail infomail infobrief infolettre lettreinfo
        lettredinformation bulletin boletin boletines boletim notiziario nieuwsbrief nieuwsbrieven nyhetsbrev
        nyhedsbrev uutiskirje hirlevel zpravodaj biuletyn bulten рассылка подписка メルマガ メールマガジン
        ニュースレター 뉴스레터 电子报 電子報 通讯 wanttheemails maillist newsletteremail newsletteremails
        emaillist sub subs subd subbed subscribednewsletter"""
    )
)
# How often, or what, somebody wants: "never", "off" and "none" are a no, and any other word is a choice.
_CHOICES = frozenset(
    _several(
        """frequency emailfrequency mailfrequency newsletterfrequency sendfrequency emailpreference emailpreferences
        mailpreference mailpreferences newsletterpreference newsletterpreferences communicationpreference
        communicationpreferences contactpreference contactpreferences emaildelivery
        deliverymode deliverystatus emailsettings emailsetting haufigkeit frequence frecuencia frequenza"""
    )
)
# Yes or no under a header with one of these answers whether somebody wants the mail ...
_MAILINGS = _several(
    """newsletter mailinglist emaillist nieuwsbrief nyhetsbrev nyhedsbrev infolettre rundbrief rundmail boletin boletim
    notiziario uutiskirje hirlevel biuletyn zpravodaj bulten updates рассылк メルマガ ニュースレター 뉴스레터 通讯"""
)
# ... and under one with these may answer it.
_MAIL_WORDS = frozenset(_several("email emails mail mails contact contacts kontakt contacter correo courriel epost"))
_YES_NO = frozenset(_several("yes y ja oui si sim da"))  # "Newsletter (yes/no)" denies nothing
# What somebody or their program did with a mail, or what an address is: no word on what they want.
_DOINGS = frozenset(
    _several(
        """sent open opened opens click clicked clicks read delivered seen viewed has html primary work home business
        author editor contributor sponsor owner name first last welcome test draft engaged replied forwarded shared
        liked gmail corporate disposable role catchall accept all known created updated imported exported synced"""
    )
)
_ENDS = ("cancel", "kundig", "churn", "lapsed", "leaver")
# Headers that are told by all of their words: before the others are asked, and where none of them knows.
_WHOLE = {
    **dict.fromkeys(_TAGS, Kind.TAGS),
    **dict.fromkeys(_STATUS_OR_PLACE, Kind.WORD_OR_PLACE),
    **dict.fromkeys(_CHOICES, Kind.CHOICE),
    **dict.fromkeys(_several("subscribedlists subscribedlist subscribedto listssubscribed"), Kind.SECTIONS),
}
_LAST = {**dict.fromkeys(_ASKED_FLAGS, Kind.ASK_FLAG), **dict.fromkeys(_LOOSE, Kind.LOOSE_FLAG)}
# What a link, a form or a machine needs, and what is only counted or scored; it says nothing of the person's will.
_MACHINERY = frozenset(_several("token hash key code secret score rating probability"))


@lru_cache(maxsize=1024)
def kind_of(header: str) -> Kind | None:
    """How a header that no service's table names is read; None where it cannot be a mark."""
    split = tuple(part for word in words.header_words(header) for part in _unglued(word))
    joined = compact(header)
    if not split or is_other_channel(header):
        return None
    if _is_bad(split, joined):
        return _bad_kind(split)
    if _MACHINERY.intersection(split):
        return None
    whole = _WHOLE.get(joined)
    if whole is not None:
        return whole
    of_mail = bool(_STATUS_OR_PLACE.intersection(split)) and bool(_SUBJECTS.intersection(split))
    if of_mail or _STATUS_WORDS.intersection(split) or joined.endswith("status"):
        beside = _OTHER_STATUS | _DETAIL | _DATES
        return None if beside.intersection(split) else Kind.WORD
    if any(word.startswith(_ENDS) for word in split) and "period" not in split:
        return Kind.ASK
    opts_in = not _OPTING.isdisjoint(split) and "in" in split
    if opts_in or _GOOD_WORDS.intersection(split) or any(part in joined for part in _GOOD_JOINED):
        if joined.endswith(_DATES_GLUED):
            return None
        return _bad_kind(split) if _NEGATIONS.intersection(split) else _good_kind(split)
    return _LAST.get(joined)


def _is_bad(split: Sequence[str], joined: str) -> bool:
    """Whether a header says that somebody left, or is not to be written to."""
    if any(word.startswith(_BAD_STEMS) for word in split) or any(part in joined for part in _BAD_JOINED):
        return True
    if not _OPTING.isdisjoint(split) and "out" in split:
        return True
    if _NEGATIONS.intersection(split[:-1]) and _ADDRESSED.intersection(split[1:]):
        return True
    return not _BAD_ALONE.isdisjoint(split) and _BAD_ALONE.union(_SMALL).issuperset(split)


def answer_kind(header: str) -> Kind | None:
    """How a column of mere yes and no is read, whose header is no mark by itself; None where it is none.

    "Recevoir la newsletter: non" is a no; "May we email you: no" may be one, and is asked about.
    """
    split = words.header_words(header)
    joined = compact(header)
    if is_other_channel(header) or not (_DOINGS | _MACHINERY | _DETAIL | _PERIODS).isdisjoint(split):
        return None
    if any(part in joined for part in _MAILINGS):
        negated = not _NEGATIONS.isdisjoint(split[:-1]) and _YES_NO.isdisjoint(split)
        return Kind.OUT_IF_TRUE if negated else Kind.IN_IF_TRUE
    return Kind.ASK_NO if not _MAIL_WORDS.isdisjoint(split) else None


def is_free_text(header: str) -> bool:
    """Whether a column is for people's own words."""
    return not _FREE_TEXT.isdisjoint(words.header_words(header))


def _unglued(word: str) -> tuple[str, ...]:
    """The word, and what is left of it without what is glued before it."""
    return (
        word,
        *(word.removeprefix(glued) for glued in _GLUED if word.startswith(glued) and len(word) > len(glued) + 3),
    )


def is_other_channel(header: str) -> bool:
    """Whether a column is about telephones, letters or tracking, and not about mail."""
    split = words.header_words(header)
    if "postal" in split:
        return True  # "do not send postal mail"
    return bool(_OTHER_CHANNELS.intersection(split)) and _MAIL.intersection(split) <= {"marketing", "all"}


def is_other_status(header: str) -> bool:
    """Whether a column tells how a payment, an order or the like stands, and so nothing on mail."""
    split = words.header_words(header)
    return bool(_OTHER_STATUS.intersection(split)) and not _SUBJECTS.intersection(split)


def _bad_kind(split: tuple[str, ...]) -> Kind | None:
    bounced = any(word.startswith("bounc") for word in split)
    if (_LINKS | _MACHINERY).intersection(split) and not bounced:
        return None  # the link by which this person may leave, and what belongs to it
    if (_DATES | _DETAIL).intersection(split) or "reason" in split:
        return Kind.OUT_IF_FILLED
    return Kind.OUT_IF_TRUE


def _good_kind(split: tuple[str, ...]) -> Kind | None:
    if (_DETAIL | _PERIODS).intersection(split):
        return None  # "opt-in source", "last active", "valid until"
    if _DATES.intersection(split):
        return Kind.IN_IF_FILLED if any(word.startswith(_CONFIRMS) for word in split) else None
    return Kind.IN_IF_TRUE


def is_place(compacted: Sequence[str]) -> bool:
    """Whether a list has postal columns, beside which ``state`` is a part of a country."""
    return not _PLACE_HEADERS.isdisjoint(compacted)
