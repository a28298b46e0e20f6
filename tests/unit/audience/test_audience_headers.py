"""Lists of no service: headers that mean leaving in many languages, and headers that only look so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.audience.rolls import build, refusal

if TYPE_CHECKING:
    from newsletter_cli.audience.roll import Roll

# header; what stands there where the person is out; what stands there where they are not
OUT = """
unsubscribed|2021-01-01|; unsubscribed_at|2021-01-01|1970-01-01; Unsubscribed On|3/4/2021|0001-01-01T00:00:00Z
DoNotEmail|True|False; DoNotBulkEMail|Do Not Allow|Allow; Do not allow Emails|Do Not Allow|Allow; donotbulkemail|1|0
notifications|off|on; marketing|no|yes; sendable|no|yes; mail_ok|no|yes; email_ok|0|1; ok to mail|n|y; Send?|No|Yes
send_newsletter|no|yes; email_me|no|yes; keep_me_informed|no|yes; email_frequency|never|weekly; frequency|never|daily
Email preference|No email|Email; newsletter|none|Weekly; hold|1|0; on_hold|yes|no; left|yes|no; left_at|2021-01-01|
Leave date|2021-01-01|; is gone|yes|no; quit|yes|no; dead|yes|no; unwanted|1|0; list|Unsubscribes|Readers
Werbung erlaubt|nein|ja; Newsletter erwünscht|nein|ja; Austritt|01.02.2021|; Austrittsdatum|01.02.2021|
Kein Mailing|ja|nein; keine Werbung|x|; Widerruf|01.02.2021|; Widerspruch|ja|nein; Abmeldung|01.02.2021|
Nicht mehr anschreiben|x|; bitte nicht kontaktieren|ja|nein; nicht mehr zusenden|ja|nein
Accepte newsletter|non|oui; accepte les emails|non|oui; ne pas contacter|oui|non; refus|oui|non; Résilié|oui|non
baja|sí|no; fecha de baja|01/02/2021|; no enviar|si|no; acepta publicidad|no|si; iscritto|no|sì; removido|sim|não
peruutettu|kyllä|ei; aktywny|nie|tak; zapisany|nie|tak; zgoda marketingowa|nie|tak; aktivní|ne|ano; souhlas|ne|ano
активен|нет|да; Активный|нет|да; согласие|нет|да; отписался|да|нет; рассылка|нет|да; メルマガ|いいえ|はい
Stop Status|unsubscribed|; bounce status|hard|; unsubscribe status|yes|no; status|Marked as spam|Subscribed
unsubscribed|1.0|0.0; subscribed|0.0|1.0; newsletter|☐|✔️; newsletter|-|+; opt-in|⬜|✓; lists|B=unsubscribed|A
remove me|yes|; no thanks|x|; not interested|yes|no; muted|true|false; Opt me out|yes|no; opt me in|no|yes
Opting out|yes|no; declined|yes|no; Withdrawn on|2021-01-01|; reason for leaving|too much|; Do Not Disturb|1|0
Newsletter (yes/no)|no|yes; Newsletter-Anmeldung|nein|ja; Recevoir la newsletter|non|oui; Nieuwsbrief ontvangen|nee|ja
Receber newsletter|não|sim; Get updates|no|yes; On mailing list|no|yes; EmailList|0|1; subd|no|yes; Sperrvermerk|ja|
Adresse ungültig|ja|nein; unzustellbar|ja|nein; Rückläufer|ja|nein; account_state|closed|active; Subscribed lists||News
配信停止|はい|いいえ; 退会|はい|いいえ; 已退订|是|否; 購読|いいえ|はい; 订阅|否|是; メール配信停止|はい|いいえ
"""
# header; cells of which none is a word on mail
FINE = """
State|California|Ohio; State|NY|TX; payment_status|failed|cancelled; stripe_status|active|canceled; renewal|off|on
unsubscribe_token|abc|def; Unsubscribe hash|abc|def; confirm_token|abc|; spam_score|0.1|0.5; opt_in_key|x|y
cancel_at_period_end|true|false; Do not send postal mail|yes|no; left handed|yes|no; gone fishing|yes|no
hold music|jazz|; block|1|0; email opened|no|yes; newsletter author|no|yes; Email digests|true|; Subscribed lists||
work email|no|yes; bad hair day|yes|no; Contact No|0171|; country|NO|DE; preferred language|no|en
vip|yes|no; attended|no|yes; 購読日|2021-01-01|; 订阅时间|2021-01-01|; promotions|no|yes
Verein|aktiv|passiv; utm_campaign|stop-smoking|x; frequency|weekly|monthly; mailing address|1 Main St|; gift|yes|no
"""


def _cases(text: str) -> list[tuple[str, str, str]]:
    rows = (case.strip().split("|") for line in text.splitlines() for case in line.split(";") if case.strip())
    return [(row[0], row[1], row[2]) for row in rows]


def _mailed(header: str, first: str, second: str) -> list[str]:
    rows = f"a@x.example,{first}\n" + "".join(f"{letter}@x.example,{second}\n" for letter in "bcd")
    return _names(build(f"email,{header}\n{rows}", allow_empty=True))


def _names(roll: Roll) -> list[str]:
    return [entry.address.local for entry in roll.subscribers() if not entry.opted_out]


@pytest.mark.parametrize(("header", "out", "fine"), _cases(OUT))
def test_who_said_no_is_out_and_nobody_else(header: str, out: str, fine: str) -> None:
    assert _mailed(header, out, fine) == ["b", "c", "d"]


@pytest.mark.parametrize(("header", "one", "other"), _cases(FINE))
def test_a_column_that_says_nothing_on_mail_leaves_nobody_out(header: str, one: str, other: str) -> None:
    assert _mailed(header, one, other) == ["a", "b", "c", "d"]


WORDS = """on hold, dormant, terminated, closed, declined, snoozed, muted, waitlisted, transactional, Bouncing,
Storniert, ungültig, wartet auf Bestätigung, Abmeldung, résiliée, opzegging, geannuleerd, отписался,
配信停止, 구독취소"""


@pytest.mark.parametrize("word", [word.strip() for word in WORDS.split(",")])
def test_a_status_that_is_plainly_out(word: str) -> None:
    assert _mailed("status", word, "active") == ["b", "c", "d"]


def test_a_substack_export_that_was_trimmed_by_hand_keeps_its_free_readers() -> None:
    roll = build("email,active_subscription\na@x.example,true\nb@x.example,false\n")
    assert _names(roll) == ["a", "b"]
    assert roll.services == ("Substack",)
    assert roll.counts.by_tier == {"paid": 1, "free": 1}


@pytest.mark.parametrize("column", ["Activity", "Subscription date", "Stripe plan"])
def test_substacks_dashboard_whatever_columns_were_chosen(column: str) -> None:
    rows = "a@x.example,Ann,Yearly,,\nb@x.example,Bo,Free,2024-05-05,\n"
    roll = build(f"Email,Name,Subscription type,Cancel date,{column}\n{rows}")
    assert (roll.services, _names(roll)) == (("Substack dashboard",), ["a", "b"])
    assert roll.counts.by_tier == {"paid": 1, "free": 1}


def test_a_file_that_mailchimp_names_is_of_those_who_left_whatever_columns_are_left_of_it() -> None:
    for name in ("unsubscribed_members_export_1f2.csv", "cleaned_members_export_1f2.csv"):
        assert _names(build((name, "Email Address,First Name\na@x.example,Ann\n"), allow_empty=True)) == []
    assert _names(build(("unsubscribed_friends.csv", "email\na@x.example\n"))) == ["a"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("email,newsletter\na@x.example,✓\nb@x.example,✗\n", "column 'newsletter' may say"),
        ("email,unsubscribed\na@x.example,\nb@x.example,❌\n", "column 'unsubscribed' may say"),
        ("email,Unnamed: 1\na@x.example,TRUE\nb@x.example,FALSE\n", "column 'Unnamed: 1' may say"),
        ("email,May we email you?\na@x.example,yes\nb@x.example,no\n", "column 'May we email you?' may say"),
        ("email,bounce code\na@x.example,\nb@x.example,550\n", "column 'bounce code' may say"),
        ("Column1,Column2\na@x.example,yes\nb@x.example,no\n", "column 'Column2' may say"),
    ],
)
def test_signs_and_columns_that_may_mean_either_are_asked_about(text: str, said: str) -> None:
    assert said in refusal(text)[0]


def test_ones_and_noughts_without_a_header_are_asked_about() -> None:
    assert "not understood: '1', '0'" in refusal("a@x.example,1\nb@x.example,0\n")[0]
    assert _names(build("a@x.example,7\nb@x.example,12\n")) == ["a", "b"]
