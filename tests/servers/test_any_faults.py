"""Any mixture of faults, at any stage, on any connection: what may be said of every mail afterwards."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from newsletter_cli.delivery.engine import FinishReason
from newsletter_cli.ledger.states import Outcome
from tests.servers.scripted import ScriptedServer
from tests.servers.scripting import Rule
from tests.servers.sending import Sent, impatient, people, send

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

FAULTS: SearchStrategy[dict[str, Any]] = st.one_of(
    st.sampled_from(
        [
            {"drop": True},
            {"reset": True},
            {"hang": True},
            {"split": True},
            {"raw": b"what?\r\n"},
            {"raw": b"250 ok\r\n250 ok\r\n"},
            {"raw": b"354 go\r\n354 go\r\n"},
            {"raw": b"25", "drop": True},
            {"raw": b"250-never ended\r\n"},
        ]
    ),
    st.builds(
        lambda said, drop: {"say": said, "drop": drop},
        st.sampled_from(
            [
                "421 4.3.2 bye",
                "450 4.2.0 greylisted",
                "451 4.7.0 slow down",
                "550 5.1.1 none",
                "554 no",
                "250 ok",
                "354 x",
            ]
        ),
        st.booleans(),
    ),
)
RULES = st.builds(
    lambda stage, fault, turn, connection, times: Rule(
        stage, turn=turn, connection=connection, times=times, after_octets=50 if stage == "body" else 0, **fault
    ),
    st.sampled_from(["greeting", "RSET", "MAIL", "RCPT", "DATA", "body", "dot", "dot", "QUIT"]),
    FAULTS,
    st.integers(1, 6) | st.none(),
    st.integers(1, 4),
    st.integers(1, 3),
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rules=st.lists(RULES, min_size=1, max_size=6), pipelining=st.booleans(), connections=st.integers(1, 3))
def test_nobody_twice_and_nobody_called_what_he_is_not(
    rules: list[Rule], connections: int, *, pipelining: bool
) -> None:
    with ScriptedServer(rules, pipelining=pipelining) as server:
        sent = send(server.port, people(15), connections=connections, timeouts=impatient(0.1), stop_at_failures="99%")
    _holds(sent, server)


def _holds(sent: Sent, server: ScriptedServer) -> None:
    assert set(sent.store.counts) <= {
        Outcome.SENT,
        Outcome.FAILED,
        Outcome.DEFERRED,
        Outcome.UNKNOWN,
        Outcome.QUEUED,
    }
    if sent.finish.reason is FinishReason.DONE:
        assert not {Outcome.QUEUED, Outcome.DEFERRED} & set(sent.store.counts)
    arrived = Counter(mail.rcpt_to for mail in server.mails if not mail.refused)
    for row in sent.store.rows.values():
        email, outcome = row.claim.email, row.outcome
        assert arrived[email] <= 1, f"{email} has it twice"
        if outcome is Outcome.SENT:
            assert arrived[email] == 1, f"{email} is called sent"
        elif outcome is not Outcome.UNKNOWN:
            # A server that takes a mail and then says that it has not cannot be helped.
            assert arrived[email] == 0, f"{email} has it and is {outcome}"
    assert not [line for line in server.violations if "before its reply" in line]
