"""Which header means the address, which a name: by word, in the common locales, never by position.

Pure. Headers are compared in `words.compact` form, so letter case, padding, accents and punctuation do not count.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter_cli.audience.words import compact

if TYPE_CHECKING:
    from collections.abc import Sequence


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(compact(word) for word in re.split(r"[,\n]", text) if word.strip()))


# In order of trust: where several are present, the earliest wins.
EMAIL = _words(
    """email, email address, e-mail address, subscriber email, contact email, user email, member email, primary email,
    email primary, emails, mail, mail address, email id, email addr, email 1, e-mail 1 value, email address 1,
    address email, customer email, recipient, to, email home, email work, work email, home email, business email,
    email address - home, email address - work, email address - other, email other, emailadresse, e-mail-adresse,
    mailadresse, mail-adresse, adresse email, adresse e-mail, adresse mail, adresse de courriel, courriel,
    adresse électronique, adresse de messagerie, correo, correo electrónico, dirección de correo electrónico,
    dirección de correo, dirección de email, dirección email, e-mail del suscriptor, indirizzo email,
    indirizzo e-mail, indirizzo di posta elettronica, indirizzo mail, posta elettronica, e-mailadres, emailadres,
    endereço de email, endereço de e-mail, endereço eletrônico, correio eletrônico, correio electrónico, e-post,
    e-postadress, e-postadresse, epostadresse, mejl, mailadress, sähköposti, sähköpostiosoite, adres e-mail,
    adres email, e-mailová adresa, emailová adresa, e-mail cím, email cím, e-posta, e-posta adresi, eposta,
    adresă de email, adresa de e-mail, diefthynsi email, электронная почта, адрес электронной почты, почта, имейл,
    емейл, メール, メールアドレス, eメール, 邮箱, 电子邮件, 电子邮件地址, 邮件地址, 電子郵件, 이메일, 이메일 주소"""
)
FIRST_NAME = _words(
    """first name, firstname, fname, given name, forename, first, vorname, prénom, prenom, primer nombre, nome proprio,
    primeiro nome, förnamn, fornavn, fornamn, voornaam, etunimi, imię, jméno, keresztnév, имя, 名"""
)
LAST_NAME = _words(
    """last name, lastname, lname, surname, family name, last, nachname, familienname, nom de famille, apellido,
    apellidos, cognome, sobrenome, apelido, efternamn, etternavn, efternavn, achternaam, sukunimi, nazwisko,
    příjmení, vezetéknév, soyadı, фамилия, 姓"""
)
NAME = _words(
    """name, full name, fullname, display name, subscriber name, contact name, member name, customer name, your name,
    namn, navn, naam, nimi, nombre, nombre completo, nome, nome completo, nom, nom complet, nominativo,
    nom et prénom, vollständiger name, volledige naam, полное имя, фио, 氏名, 名前, お名前, 姓名"""
)
_KNOWN_EMAIL = frozenset(EMAIL)


def is_email(cell: str) -> bool:
    """Whether a header cell names the address."""
    return compact(cell) in _KNOWN_EMAIL


def find(wanted: Sequence[str], compacted: Sequence[str]) -> int | None:
    """The place of the first of `wanted` that stands among the compact headers."""
    return next((compacted.index(word) for word in wanted if word in compacted), None)


def names(compacted: Sequence[str]) -> tuple[int | None, int | None, int | None]:
    """Where first name, last name and whole name stand; ``nom`` beside another part of a name is itself a part."""
    first, last, whole = find(FIRST_NAME, compacted), find(LAST_NAME, compacted), find(NAME, compacted)
    if whole is not None and compacted[whole] in {"nom", "name", "namn"} and first is not None and last is None:
        # German, French and Swedish lists: Vorname, Name. A list "First name, Name" means the same.
        whole, last = None, whole
    elif whole is not None and compacted[whole] in {"nombre", "nome", "name"} and first is None and last is not None:
        whole, first = None, whole
    return first, last, whole
