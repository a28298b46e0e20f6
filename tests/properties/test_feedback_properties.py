"""Whatever the bytes: no crash, a rule for each decision, and nobody suppressed who was not mailed."""

from __future__ import annotations

import contextlib
import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from newsletter_cli import tokens
from newsletter_cli.addresses import parse as address
from newsletter_cli.config.settings import Bounces, Newsletter, Settings
from newsletter_cli.feedback import mime
from newsletter_cli.feedback.events import NoEvents, events
from newsletter_cli.feedback.model import Kind
from newsletter_cli.feedback.parse import parse
from newsletter_cli.feedback.status import judge
from newsletter_cli.jobs import bounces
from newsletter_cli.jobs.bounce_report import Effect
from newsletter_cli.jobs.workspace import Workspace
from newsletter_cli.ledger.model import NewRecipient
from newsletter_cli.ledger.states import Outcome
from tests.conftest import CORPUS
from tests.doubles.ledgers import StillClock, frozen, mailed, opened, post
from tests.doubles.reports import complaint, delivery_report, letter

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter_cli.ledger.store import Ledger

KEYS = tokens.Keys.generate(bytes(range(64)))
MAILED = [f"reader{number}@example.net" for number in range(3)]  # the server took these mails
REFUSED = "refused@example.net"  # in the campaign, and never handed over
STRANGERS = ["stranger@example.net", "reader9@example.net", "x@y.example"]
EVERYBODY = [*MAILED, REFUSED, *STRANGERS]


def person(email: str) -> bytes:
    return tokens.person(KEYS, "letter", address(email).key)


def token(email: str) -> str:
    return tokens.mint(KEYS, person(email))


def who(email: str) -> set[bytes]:
    return {person(email), tokens.everywhere(KEYS, address(email).key)}


# ---- bytes

FILES = [path.read_bytes() for path in sorted((CORPUS / "mailbox").rglob("*.[et][mx][lt]"))] or [
    delivery_report("reader0@example.net"),
    complaint(returned=b"To: reader1@example.net\n\nHello\n"),
    letter("reader2@example.net", "unsubscribe"),
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real report with bytes changed, cut, doubled, or another's end."""
    data = bytearray(draw(st.sampled_from(FILES)))
    chance = random.Random(draw(st.integers(0, 2**32)))
    match draw(st.sampled_from(["change", "cut", "double", "join", "insert"])):
        case "change":
            for _ in range(chance.randint(1, 40)):
                data[chance.randrange(len(data))] = chance.randrange(256)
        case "cut":
            del data[chance.randrange(len(data)) :]
        case "double":
            start = chance.randrange(len(data))
            data[start:start] = data[start : start + chance.randint(1, 300)] * chance.randint(1, 20)
        case "join":
            other = draw(st.sampled_from(FILES))
            data = data[: chance.randrange(len(data))] + other[chance.randrange(len(other)) :]
        case _:
            place = chance.randrange(len(data))
            data[place:place] = draw(st.binary(max_size=60))
    return bytes(data)


@given(st.one_of(st.binary(max_size=3000), damaged()))
def test_any_bytes_are_read(data: bytes) -> None:
    found = parse(data)
    assert found
    for one in found:
        assert one.rule
        assert "\n" not in one.said
        json.dumps([one.address, one.rule, one.said]).encode()


HEADER = st.sampled_from(
    [
        "From",
        "To",
        "Subject",
        "Content-Type",
        "Return-Path",
        "Received",
        "X-Failed-Recipients",
        "Auto-Submitted",
        "Date",
    ]
)


@given(
    st.lists(st.tuples(HEADER, st.text(max_size=80)), max_size=12),
    st.sampled_from(["utf-8", "utf-16", "latin-1", "iso-2022-jp", "idna", "punycode", "zlib", "nowhere", '";'.strip()]),
    st.sampled_from(["base64", "quoted-printable", "8bit", "x-uuencode", ""]),
    st.binary(max_size=400),
)
def test_any_fields_and_encodings_are_read(
    fields: list[tuple[str, str]], charset: str, encoding: str, body: bytes
) -> None:
    head = "".join(f"{name}: {value}\n" for name, value in fields)
    head += f"Content-Type: text/html; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n"
    assert parse(head.encode("utf-8", "surrogatepass") + body)


@given(st.text(max_size=300))
def test_encoded_words_never_fail(text: str) -> None:
    mime.words(text)
    mime.words(f"=?utf-8?b?{text}?= =?{text}?q?x?=")


@given(
    st.text(max_size=200), st.sampled_from(["", "4.2.2", "5.2.2", "5.7.1", "4.0.0", "5.7.606"]), st.text(max_size=20)
)
def test_what_passes_never_suppresses(text: str, status: str, action: str) -> None:
    verdict = judge(text, status=status, action=action)
    assert verdict.rule
    if status:
        assert verdict.kind is not Kind.HARD


@given(st.binary(max_size=500))
def test_any_bytes_may_be_events(data: bytes) -> None:
    with contextlib.suppress(NoEvents):
        list(events(data))


KEYS_OF_EVENTS = (
    "event email recipient Type RecordType Email mail bounce notificationType headers bouncedRecipients emailAddress "
    "event-data timestamp reason status message-id Message created sg_event_id delivery-status items commonHeaders "
    "destination TypeCode"
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS_OF_EVENTS.split()), inner, max_size=6)
    ),
    max_leaves=30,
)


@given(JSON)
def test_any_json_may_be_events(value: Any) -> None:
    try:
        for event in events(json.dumps(value).encode()):
            assert event.feedback
    except NoEvents:
        pass


# ---- a ledger


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ledgers")


def sent(ledger: Ledger) -> None:
    """A campaign that MAILED have had, and REFUSED not."""
    rows = [
        NewRecipient(person(email), tokens.everywhere(KEYS, address(email).key), email, "full", "list.csv", number)
        for number, email in enumerate([*MAILED, REFUSED], start=2)
    ]
    campaign = ledger.begin("letter", post(), "uid1", frozen(), rows)
    run = ledger.start_run(campaign.id)
    mailed(run, len(MAILED))
    mailed(run, 1, outcome=Outcome.FAILED, code=550)
    run.close()


ADDRESS = st.sampled_from(EVERYBODY) | st.sampled_from([email.upper() for email in EVERYBODY])
SAID = st.sampled_from(
    ["smtp; 550 5.1.1 unknown", "smtp; 552 5.2.2 full", "smtp; 550 5.7.1 no", "smtp; 450 wait", "smtp; 554 hm", ""]
)
PATH = st.one_of(
    st.just("letter@example.com"),
    st.sampled_from(EVERYBODY).map(lambda email: f"bounces+{token(email)}@example.com"),
    st.just(f"bounces+{tokens.mint(KEYS, tokens.NOBODY)}@example.com"),
    st.just(f"bounces+{'a' * 48}@example.com"),
)
REPORT = st.one_of(
    st.builds(
        delivery_report, ADDRESS, to=PATH, said=SAID, status=st.sampled_from(["5.1.1", "5.0.0", "4.4.1", "5.7.1"])
    ),
    st.builds(
        lambda email, shown: complaint(returned=f"To: {shown}\nReturn-Path: {email}\n\nHello\n".encode()), PATH, ADDRESS
    ),
    st.builds(letter, ADDRESS, st.sampled_from(["unsubscribe", "Hello", "Out of office: x"])),
    st.builds(letter, ADDRESS, st.sampled_from(EVERYBODY).map(lambda email: f"unsubscribe {token(email)}")),
    st.builds(
        lambda email, event: json.dumps({"event": event, "email": email, "timestamp": 1, "sg_event_id": "x"}).encode(),
        ADDRESS,
        st.sampled_from(["bounce", "spamreport", "unsubscribe", "open"]),
    ),
    damaged(),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(REPORT, max_size=6))
def test_nobody_is_suppressed_who_was_not_mailed(place: Path, reports: list[bytes]) -> None:
    folder = place / str(len(list(place.iterdir())))
    box = folder / "box"
    box.mkdir(parents=True)
    for number, report in enumerate(reports):
        (box / f"{number}.eml").write_bytes(report)
    values = Settings(
        newsletter=Newsletter.model_validate({"id": "letter"}), bounces=Bounces(mailbox="box"), folder=folder
    )
    workspace = Workspace(settings=values, clock=StillClock())
    with opened(folder) as ledger:
        sent(ledger)
        bounces.read_before_send(workspace, ledger, KEYS)
        first = {entry.who for entry in ledger.suppressions.list()}
        # A token of ours is proof that we wrote to them; and whoever leaves may leave before the first mail.
        named = [email for email in [*MAILED, REFUSED] if any(token(email).encode() in one for one in reports)]
        gone = set().union(*map(who, {*MAILED, *named})) | {person(email) for email in EVERYBODY}
        assert first <= gone
        again = bounces.read_before_send(workspace, ledger, KEYS)
        assert again.count(Effect.SUPPRESSED) == 0
        assert {entry.who for entry in ledger.suppressions.list()} == first
