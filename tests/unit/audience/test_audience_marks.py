"""Words and columns that say a person is not to be mailed, in the spellings that people use."""

from __future__ import annotations

import pytest

from newsletter_cli.audience import suspects, words
from newsletter_cli.audience.marks import Kind, Mark
from newsletter_cli.audience.words import Meaning

IN = """active Active SUBSCRIBED subscribed enabled Confirmed verified opted-in Opted_In opt-in regular premium free
    angemeldet aktiv abonné ABONNÉ activo suscrito attivo iscritto ingeschreven ativo aktywny подписан ok granted"""
OUT = """unsubscribed Unsubscribed UNSUBSCRIBED un-subscribed unsub opt-out OptedOut opted_out bounced Bounced
    hard-bounced complained complaint spam spammy cleaned blocklisted blacklisted blocked suppressed disabled deleted
    inactive pending email_bounced
    unconfirmed unverified unactivated deactivated cancelled canceled removed archived undeliverable unreachable invalid
    rejected paused suspended expired banned abgemeldet gesperrt gelöscht inaktiv désabonné désinscrit baja cancelado
    disiscritto uitgeschreven descadastrado avregistrerad wypisany отписан 退订 not_subscribed nonsubscribed
    never_subscribed
    double_opt_in_pending former dnc"""


@pytest.mark.parametrize("word", IN.split())
def test_words_that_let_a_person_be_mailed(word: str) -> None:
    assert words.status(word) is Meaning.IN


@pytest.mark.parametrize("word", OUT.split())
def test_words_that_do_not(word: str) -> None:
    assert words.status(word) is Meaning.OUT
    assert words.status(f"  {word.upper()}\u200b ") is Meaning.OUT


@pytest.mark.parametrize(
    "said",
    ["Unsubscribed by admin", "bounced (hard)", "Spam complaint", "Do not email", "don't mail", "no longer interested"],
)
def test_opt_outs_are_known_by_how_they_begin(said: str) -> None:
    assert words.status(said) is Meaning.OUT


@pytest.mark.parametrize("word", ["lapsed", "zzz", "lead", "exclusive", "clean", "bank", "annual", "activeish", "7"])
def test_words_that_nobody_understands(word: str) -> None:
    assert words.status(word) is Meaning.UNKNOWN


@pytest.mark.parametrize("cell", ["", "  ", "NULL", "n/a", "-", "none", "0000-00-00 00:00:00", "\u200b"])
def test_spellings_of_nothing(cell: str) -> None:
    assert words.is_empty(cell)
    assert words.status(cell) is Meaning.EMPTY
    assert words.truth(cell) is None


@pytest.mark.parametrize(
    ("cell", "truth"),
    [
        ("TRUE", True),
        ("yes", True),
        ("1", True),
        ("✓", True),
        ("sí", True),
        ("x", True),
        ("False", False),
        ("NO", False),
        ("0", False),
        ("não", False),
        ("nein", False),
        ("2", None),
        ("maybe", None),
        ("10", None),
        ("active", None),
    ],
)
def test_truth(cell: str, truth: bool | None) -> None:
    assert words.truth(cell) is truth


@pytest.mark.parametrize(
    "cell", ["2024-01-02", "2/1/2024", "2.1.24", "1706929506", "2024-01-02T03:04:05Z", "3 Feb 2024", "Feb 3, 2024"]
)
def test_dates(cell: str) -> None:
    assert words.is_date(cell)


@pytest.mark.parametrize("cell", ["", "soon", "2024", "1.5", "active 2024-01-02"])
def test_no_dates(cell: str) -> None:
    assert not words.is_date(cell)


def test_words_that_are_outright_in_any_column() -> None:
    assert words.outright(" Un-subscribed ")
    assert not words.outright("pending")
    assert {"unsubscribed", "UNSUBSCRIBED", "Opted Out"} <= words.OUTRIGHT_CELLS
    assert words.items('a, "b" | [c];\nd,,') == ("a", "b", "c", "d")


HEADERS: list[tuple[Kind | None, str]] = [
    (
        Kind.WORD,
        "status; Email status; subscription_status; Statut; Subscriber state; email_consent_state; USERSTATUS",
    ),
    (Kind.WORD, "Global Status; Abo-Status"),
    (Kind.OUT_IF_TRUE, "unsubscribe status; Stop Status; bounce_status"),
    (
        Kind.OUT_IF_TRUE,
        "unsubscribed; Opt-Out; optOut; emailDisabled; IS_BOUNCED; isbounced; ISDELETED; hasComplained; Spam",
    ),
    (
        Kind.OUT_IF_TRUE,
        "do not email; DoNotContact; Blacklisted; Désabonné; abgemeldet; IsOptInPending; ISOPTINPENDING; no_email",
    ),
    (
        Kind.OUT_IF_FILLED,
        "unsubscribed_at; UNSUB_TIME; deletedAt; Bounce reason; Opt-Out Source; Unsubscribe date; Suppressed on",
    ),
    (
        Kind.IN_IF_TRUE,
        "subscribed; opt_in; Opt-In; consent; isActive; ISACTIVE; emailverified; Accepts Email Marketing; DSGVO",
    ),
    (Kind.IN_IF_FILLED, "confirmed_at; Verification date; bestätigt am; email_verified_at"),
    (Kind.OUT_IF_TRUE, "Not confirmed; non-deliverable; no consent; NICHT BESTÄTIGT; Stop; Bad email; deceased"),
    (Kind.IN_IF_TRUE, "OK to email; Want emails; contactable"),
    (Kind.ASK_FLAG, "Subscription; subscriber; Abo"),
    (Kind.WORD_OR_PLACE, "State; state; Estado; Staat"),
    (Kind.TAGS, "Tags; labels; Email Lists"),
    (Kind.LOOSE_FLAG, "Newsletter; mailing"),
    (Kind.ASK, "cancelled_at; Cancel date; Kündigung; churned"),
    (None, "email; name; ; company; created_at; Subscription Date; subscribed_at; OPTIN_TIME; OPTIN_IP; opt-in source"),
    (None, "Attendee Status; Marketing emails delivered"),
    (None, "Unsubscribe link; unsubscribe_url; last active; Days active; valid until; Payment status; Stripe status"),
    (
        None,
        "SMS consent; Accepts SMS Marketing; whatsapp_optin; phone_opt_out; ConsentToTrack; cookie consent",
    ),
    (
        None,
        "Home State; State/Province; Status date; block; Activity; Subscription type; mailing address; notes",
    ),
]


SINGLE_HEADERS = [(kind, one.strip()) for kind, several in HEADERS for one in several.split(";")]


@pytest.mark.parametrize(("kind", "header"), SINGLE_HEADERS)
def test_headers(kind: Kind | None, header: str) -> None:
    assert suspects.kind_of(header) is kind


def test_a_column_of_telephones_that_is_also_of_mail_is_of_mail() -> None:
    assert suspects.kind_of("Email and SMS consent") is Kind.IN_IF_TRUE


CELLS: list[tuple[Kind, str, str, str]] = [
    # kind; cells that let a person be mailed; cells that do not; cells that are not understood
    (Kind.WORD, "active; yes; true", "bounced; ; no; false", "zzz; 1; 0"),
    (Kind.FOUND_WORD, "; active", "bounced", "zzz"),
    (Kind.OUT_IF_TRUE, "no; 0; ; NULL; active; false", "yes; 1; 2024-01-01; unsubscribed", "maybe; 3"),
    (Kind.IN_IF_TRUE, "yes; 1; 2024-01-01; subscribed", "no; 0; ; unsubscribed", "maybe; 3"),
    (Kind.OUT_IF_FALSE, "yes; ; 1", "no; false; 0", "not_boolean"),
    (Kind.OUT_IF_FILLED, "; NULL; false; 0", "2024-01-01; asked by phone; true", ""),
    (Kind.IN_IF_FILLED, "2024-01-01; yes", "; NULL; no", ""),
    (Kind.SECTIONS, "The Letter", "; none", ""),
    (Kind.LOOSE_FLAG, "yes; Weekly; ", "no; unsubscribed", ""),
    (Kind.TAGS, "vip; ; a, b", "a, unsubscribed; Bounced", ""),
    (Kind.ASK, "; no; NULL", "", "yes; 2024-01-01"),
    (Kind.ASK_NO, "; NULL; yes", "", "no"),
    (Kind.ASK_ANY, "; NULL", "", "yes; no"),
    (Kind.ASK_FLAG, "; monthly; free", "unsubscribed", "yes; no"),
    (Kind.ALWAYS_OUT, "", "; anything", ""),
    (Kind.WORD_OR_PLACE, "; NY; active", "bounced", ""),
]


@pytest.mark.parametrize(
    ("kind", "good", "bad", "odd"), CELLS, ids=lambda one: one.name if isinstance(one, Kind) else ""
)
def test_what_the_cells_of_a_mark_say(kind: Kind, good: str, bad: str, odd: str) -> None:
    def cells(text: str) -> list[str]:
        return [cell.strip() for cell in text.split(";")] if text else []

    for cell in cells(good):
        mark = Mark(header="mark", index=0, kind=kind, meanings={})
        assert mark.reason([cell]) == mark.reason([cell]) == ""
        assert not mark.not_understood
    for cell in cells(bad):
        mark = Mark(header="mark", index=0, kind=kind, meanings={})
        assert mark.reason([cell]).startswith("opted out: ")
        assert not mark.not_understood
    for cell in cells(odd):
        mark = Mark(header="mark", index=0, kind=kind, meanings={})
        assert mark.reason([cell]).startswith("opted out: "), "and until it is understood nobody is mailed"
        assert mark.not_understood == (cell,)


def test_a_missing_cell_is_an_empty_one() -> None:
    assert Mark(header="status", index=3, kind=Kind.WORD, meanings={}).reason(["x"]) == "opted out: status is empty"
    assert Mark(header="unsub", index=3, kind=Kind.OUT_IF_TRUE, meanings={}).reason(["x"]) == ""


def test_a_state_is_a_place_until_a_status_word_stands_among_the_places() -> None:
    mark = Mark(header="state", index=0, kind=Kind.WORD_OR_PLACE, meanings={})
    assert mark.reason(["Bavaria"]) == ""
    assert not mark.not_understood
    assert mark.reason(["cancelled"]) == "opted out: state is 'cancelled'"
    assert mark.not_understood == ("Bavaria",)


def test_a_reason_is_short_and_of_one_line() -> None:
    reason = Mark(header="unsub_reason", index=0, kind=Kind.OUT_IF_FILLED, meanings={}).reason(
        ["so\nmany " + "x" * 200]
    )
    assert reason == f"opted out: unsub_reason is {'so many ' + 'x' * 72!r}"


def test_a_column_of_dates_does_not_fill_the_memory() -> None:
    mark = Mark(header="unsubscribed_at", index=0, kind=Kind.OUT_IF_FILLED, meanings={})
    for number in range(10_000):
        assert mark.reason([f"2024-01-01 {number}"])
    assert len(mark._cache) < 5_000
    odd = Mark(header="status", index=0, kind=Kind.WORD, meanings={})
    for number in range(1_000):
        odd.reason([f"word {number}"])
    assert len(odd.unknown) <= 100


def test_the_users_word_and_any_word() -> None:
    mark = Mark(header="h", index=0, kind=Kind.WORD, meanings={"gone": Meaning.OUT}, settled=True)
    assert mark.reason(["Gone!"]) == "opted out: h is 'Gone!'"
    assert mark.reason(["zzz"]) == ""
    assert mark.reason(["unsubscribed"]) == "opted out: h is 'unsubscribed'"
    anything = Mark(header="h", index=0, kind=Kind.ASK, meanings={"*": Meaning.OUT}, settled=True)
    assert anything.reason(["2024-01-01"])
    assert not anything.reason([""])
