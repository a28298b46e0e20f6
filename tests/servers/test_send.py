"""The plain way: everyone gets one mail, whole, with every kind of server and setting."""

from __future__ import annotations

import pytest

from newsletter_cli.delivery import engine
from newsletter_cli.delivery.engine import FinishReason
from newsletter_cli.delivery.events import Connected, Held, Pace, Recorded, Transcript
from newsletter_cli.ledger.states import CampaignState, Outcome
from newsletter_cli.message.model import Parcel
from tests.doubles.clock import FastClock
from tests.doubles.messenger import PlainMessenger
from tests.doubles.store import MemoryStore
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule
from tests.servers.sending import impatient, people, send, settings


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one by one"])
@pytest.mark.parametrize("connections", [1, 4])
def test_everyone_gets_one_mail(connections: int, *, pipelining: bool) -> None:
    with ScriptedServer(pipelining=pipelining) as server:
        sent = send(server.port, people(120), connections=connections, clock=FastClock())
    assert sent.finish.reason is FinishReason.DONE
    assert sorted(server.accepted) == sorted(people(120))
    assert sent.store.counts == {Outcome.SENT: 120}
    assert server.violations == []
    assert server.most_open <= connections
    assert len(server.at("QUIT")) == server.connections
    assert len(sent.of(Recorded)) == 120


@pytest.mark.parametrize("octets", [0, 40_000, 200_000])
def test_bodies_arrive_as_they_were(octets: int) -> None:
    messenger = PlainMessenger(octets=octets)
    with ScriptedServer() as server:
        sent = send(server.port, people(3), messenger=messenger)
    for mail in server.mails:
        assert mail.data == messenger.parcel(sent.store.of(mail.rcpt_to).claim).data
    assert server.violations == []


@pytest.mark.parametrize(
    "data", [b".\r\n", b"..\r\n.\r\n", b"\r\n.\r\nMAIL FROM:<>\r\n", b"no end", b"", b"a\r\n\r\n.b\r\n."]
)
def test_dots_cannot_end_a_mail(data: bytes) -> None:
    parcel = Parcel("letter@example.com", "r@example.com", data)
    with ScriptedServer() as server:
        tested = engine.send_single(
            [parcel], settings(server.port), clock=FastClock(), timeouts=impatient(), helo_name="example.com"
        )
    assert tested.finish.reason is FinishReason.DONE
    assert [mail.data for mail in server.mails] == [data if data.endswith(b"\r\n") else data + b"\r\n"]


def test_the_next_mails_commands_come_with_the_dot_where_pipelining_is_offered() -> None:
    with ScriptedServer() as server:
        send(server.port, people(10), clock=FastClock())
    with ScriptedServer(pipelining=False) as plain:
        send(plain.port, people(10), clock=FastClock())
    assert (server.rode, plain.rode) == (9, 0)


def test_the_name_said_in_ehlo() -> None:
    with ScriptedServer() as server:
        engine.probe(settings(server.port), helo_name="example.org")
        engine.probe(settings(server.port, helo_name="mail.example.net"), helo_name="example.org")
        engine.probe(settings(server.port))
    said = [moment.line for moment in server.at("EHLO")]
    assert said == ["EHLO example.org", "EHLO mail.example.net", "EHLO localhost"]


@pytest.mark.parametrize("offered", [True, False])
def test_international_addresses_go_only_where_smtputf8_is_offered(*, offered: bool) -> None:
    emails = ["a@example.com", "jürgen@example.com", "b@example.com"]
    with ScriptedServer(smtputf8=offered) as server:
        sent = send(server.port, emails)
    assert sent.finish.reason is FinishReason.DONE
    if offered:
        assert server.accepted == emails
        assert [("SMTPUTF8" in moment.line) for moment in server.at("MAIL")] == [False, True, False]
        return
    assert server.accepted == ["a@example.com", "b@example.com"]
    assert sent.outcome("jürgen@example.com") is Outcome.FAILED
    settled = sent.store.of("jürgen@example.com").settled
    assert settled is not None
    assert "SMTPUTF8" in settled.reply


def test_an_address_that_no_command_can_carry_is_never_written() -> None:
    emails = ["a@example.com", "x@example.com>\r\nDATA", "b@example.com"]
    with ScriptedServer() as server:
        sent = send(server.port, emails)
    assert server.accepted == ["a@example.com", "b@example.com"]
    assert sent.outcome(emails[1]) is Outcome.FAILED
    assert server.violations == []


def test_a_mail_larger_than_the_server_takes_is_not_tried() -> None:
    with ScriptedServer(size=10_000) as server:
        sent = send(server.port, people(5), messenger=PlainMessenger(octets=20_000))
    assert sent.finish.reason is FinishReason.HELD
    assert "10000" in sent.finish.text
    assert server.at("MAIL") == []
    assert sent.store.counts == {Outcome.QUEUED: 5}
    assert len(sent.of(Held)) == 1


def test_size_is_said_where_it_is_offered() -> None:
    with ScriptedServer(size=0) as server:
        sent = send(server.port, people(1))
    octets = len(PlainMessenger().parcel(sent.store.of("r0@example.com").claim).data)
    assert [moment.line for moment in server.at("MAIL")] == [f"MAIL FROM:<letter@example.com> SIZE={octets}"]


def test_limit() -> None:
    with ScriptedServer() as server:
        sent = send(server.port, people(10), limit=4, connections=3)
        rest = send(server.port, [], store=sent.store, limit=6)
        none = send(server.port, [], store=sent.store, limit=6)
    assert (sent.finish.reason, rest.finish.reason) == (FinishReason.LIMIT, FinishReason.DONE)
    assert none.finish.reason is FinishReason.DONE
    assert sorted(server.accepted) == people(10)


def test_messages_per_connection() -> None:
    with ScriptedServer() as server:
        sent = send(server.port, people(10), messages_per_connection=3)
    assert sent.store.counts == {Outcome.SENT: 10}
    assert server.connections == 4
    assert len(server.at("QUIT")) == 4


def test_a_server_that_closes_silently_after_so_many_mails() -> None:
    with ScriptedServer([Rule("MAIL", turn=4, drop=True)]) as server:
        sent = send(server.port, people(20))
    assert sent.store.counts == {Outcome.SENT: 20}
    assert sorted(server.accepted) == sorted(people(20))
    assert server.connections == 7


def test_a_421_to_an_idle_connection_costs_nobody_anything() -> None:
    # Right behind the 250 to the dot, unasked.
    rule = Rule("dot", raw=b"250 2.0.0 Ok\r\n421 4.4.2 idle too long\r\n", drop=True, turn=1, connection=1)
    with ScriptedServer([rule], pipelining=False) as server:
        sent = send(server.port, people(3))
    assert sent.store.counts == {Outcome.SENT: 3}
    assert server.accepted.count("r1@example.com") == 1


def test_nobody_waits() -> None:
    with ScriptedServer() as server:
        sent = send(server.port, [])
    assert sent.finish.reason is FinishReason.DONE
    assert len(server.at("QUIT")) == 1


def test_a_suppression_during_the_run_holds_for_every_mail_not_yet_handed_over() -> None:
    clock = FastClock()
    store = MemoryStore(people(40), clock)

    def listen(event: object) -> None:
        if isinstance(event, Recorded) and event.claim.email == "r5@example.com":
            for email in people(40)[20:]:
                if store.of(email).outcome in {Outcome.QUEUED, Outcome.CLAIMED}:
                    store.move(email, Outcome.SUPPRESSED)

    with ScriptedServer() as server:
        sent = send(server.port, [], store=store, clock=clock, listen=listen)
    suppressed = [row.claim.email for row in store.rows.values() if row.outcome is Outcome.SUPPRESSED]
    assert len(suppressed) == 20
    assert sent.finish.reason is FinishReason.DONE
    assert not set(suppressed) & {mail.rcpt_to for mail in server.mails}


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (CampaignState.PAUSED, FinishReason.PAUSED),
        (CampaignState.HELD, FinishReason.HELD),
        (CampaignState.CANCELLED, FinishReason.CANCELLED),
    ],
)
def test_pause_and_cancel_are_obeyed(state: CampaignState, reason: FinishReason) -> None:
    clock = FastClock(factor=5)
    store = MemoryStore(people(100), clock)

    def listen(event: object) -> None:
        if isinstance(event, Recorded) and store.calls["settle"] == 3:
            store.campaign = state

    with ScriptedServer() as server:
        sent = send(server.port, [], store=store, clock=clock, listen=listen, rate=("20/s",), connections=2)
    assert sent.finish.reason is reason
    assert 3 <= len(server.accepted) < 60
    assert sent.store.counts == {Outcome.SENT: len(server.accepted), Outcome.QUEUED: 100 - len(server.accepted)}


def test_the_transcript_shows_the_dialogue() -> None:
    with ScriptedServer() as server:
        sent = send(server.port, people(2), transcript=True)
    lines = [f"{'C' if event.sent else 'S'}: {event.line}" for event in sent.of(Transcript)]
    assert "C: EHLO example.com" in lines
    assert "C: RCPT TO:<r1@example.com>" in lines
    assert "S: 354 Go ahead" in lines
    assert "C: QUIT" in lines
    assert len([line for line in lines if line.endswith("octets>")]) == 2


def test_the_transcript_is_asked_for() -> None:
    with ScriptedServer() as server:
        sent = send(server.port, people(1))
    assert sent.of(Transcript) == []
    assert len(sent.of(Connected)) == 1
    assert sent.of(Pace) == [Pace(None, 1)]


def test_mails_are_made_ahead_in_threads() -> None:
    with ScriptedServer() as server:
        store = MemoryStore(people(50), FastClock())
        finish = engine.deliver(
            store,
            PlainMessenger(),
            settings(server.port, connections=3),
            clock=FastClock(),
            events=lambda _event: None,
            signing_threads=2,
        )
    assert finish.reason is FinishReason.DONE
    assert sorted(server.accepted) == sorted(people(50))


class _Broken:
    def parcel(self, claim: object) -> Parcel:
        raise KeyError("no such thing")


@pytest.mark.parametrize("threads", [0, 2])
def test_a_fault_of_the_messenger_is_raised_with_all_put_back(threads: int) -> None:
    store = MemoryStore(people(5), FastClock())
    with ScriptedServer() as server, pytest.raises(KeyError):
        engine.deliver(
            store,
            _Broken(),
            settings(server.port),
            clock=FastClock(),
            events=lambda _event: None,
            signing_threads=threads,
        )
    assert store.counts == {Outcome.QUEUED: 5}
    assert server.mails == []


def test_a_fault_of_the_listener_is_raised_with_all_recorded() -> None:
    store = MemoryStore(people(50), FastClock())

    def listen(event: object) -> None:
        if isinstance(event, Recorded):
            raise KeyError("no such thing")

    with ScriptedServer() as server, pytest.raises(KeyError):
        engine.deliver(store, PlainMessenger(), settings(server.port), clock=FastClock(), events=listen)
    assert store.counts == {Outcome.SENT: len(server.accepted), Outcome.QUEUED: 50 - len(server.accepted)}


def test_single_mails() -> None:
    parcels = [
        Parcel("letter@example.com", f"t{number}@example.com", b"Subject: t\r\n\r\nx\r\n") for number in range(3)
    ]
    with ScriptedServer([Rule("RCPT", "450 4.2.0 later", address="t1@")]) as server:
        tested = engine.send_single(parcels, settings(server.port), clock=FastClock(), timeouts=impatient())
    assert [one.outcome for one in tested.settled if one] == [Outcome.SENT, Outcome.DEFERRED, Outcome.SENT]
    assert tested.finish.reason is FinishReason.DONE
    assert len(server.at("RCPT")) == 3


def test_probe() -> None:
    with ScriptedServer(size=1000, smtputf8=True) as server:
        probe = engine.probe(settings(server.port), helo_name="example.com")
        away = engine.probe(settings(1), timeouts=impatient())
    assert probe.trouble is None
    assert probe.offers.size_octets == 1000
    assert probe.offers.pipelining
    assert probe.offers.smtputf8
    assert len(server.at("QUIT")) == 1
    assert away.trouble is not None
    assert away.trouble.reason is FinishReason.SERVER_AWAY
