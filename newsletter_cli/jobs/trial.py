"""`newsletter send --test ADDRESS` and `--test-list`: one real mail each, marked, recorded nowhere.

Its links carry the token of nobody, so that trying them out unsubscribes no one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsletter_cli import addresses, tokens
from newsletter_cli.jobs import gather
from newsletter_cli.jobs.desk import require_login
from newsletter_cli.jobs.prepare import prepare
from newsletter_cli.jobs.report import JSON_VERSION
from newsletter_cli.ledger.states import Outcome
from newsletter_cli.message.fill import fill, missing
from newsletter_cli.message.model import Person
from newsletter_cli.problems import Problem, Refused, UsageError, errors
from newsletter_cli.rendering.model import Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from newsletter_cli.addresses import Address
    from newsletter_cli.delivery.engine import Tested
    from newsletter_cli.jobs.desk import SendRequest
    from newsletter_cli.jobs.prepare import Prepared
    from newsletter_cli.ledger.model import Settled
    from newsletter_cli.message.model import Parcel
    from newsletter_cli.tokens import Keys

MARK = "[test] "


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialReport:
    """What became of each test mail: address, outcome, the server's words. Satisfies `cli.exits.Ended`."""

    post: str
    results: tuple[tuple[str, Outcome, str], ...]
    problems: tuple[Problem, ...] = ()
    signal: int = 0
    refused: bool = False

    def as_json(self) -> dict[str, Any]:
        """The report as an object of the interface."""
        return {
            "version": JSON_VERSION,
            "post": self.post,
            "sent": sum(outcome is Outcome.SENT for _, outcome, _ in self.results),
            "failed": self.failed,
            "unknown": self.unknown,
            "results": [
                {"email": email, "outcome": outcome.value, "reply": reply} for email, outcome, reply in self.results
            ],
            "messages": [str(problem) for problem in self.problems],
        }

    @property
    def failed(self) -> int:
        """How many addresses were refused for good."""
        return sum(outcome is Outcome.FAILED for _, outcome, _ in self.results)

    @property
    def unknown(self) -> int:
        """How many mails have an unknown fate."""
        return sum(outcome is Outcome.UNKNOWN for _, outcome, _ in self.results)

    @property
    def unfinished(self) -> bool:
        """Whether any mail was put off."""
        settled = {Outcome.SENT, Outcome.FAILED, Outcome.UNKNOWN}
        return any(outcome not in settled for _, outcome, _ in self.results)


def trial(request: SendRequest, to: Sequence[str]) -> TrialReport:
    """Send one marked mail to each address. Raises Refused where the post or the settings are not sound."""
    from newsletter_cli.config.load import require_sending
    from newsletter_cli.delivery import engine

    settings = request.settings
    prepared = prepare(request.post, settings, automatic=request.automatic)
    wrong = [*settings.problems, *require_sending(settings), *prepared.problems]
    if errors(wrong):
        raise Refused(*errors(wrong))
    require_login(settings)
    keys = request.workspace.keys_or_fresh()
    rows = _rows(request, keys)
    parcels = [_parcel(request, prepared, keys, address, rows) for address in _addresses(to)]
    tested = engine.send_single(
        parcels,
        settings.smtp,
        clock=request.workspace.clock,
        events=request.events,
        stop=request.stop,
        helo_name=prepared.sender.mailbox.address.domain,
        transcript=request.transcript,
    )
    return TrialReport(
        post=str(request.post),
        results=tuple(_result(parcel, settled, tested.finish.text) for parcel, settled in _paired(parcels, tested)),
        problems=tuple(wrong),
        signal=request.stop.signal_number,
    )


def _paired(parcels: list[Parcel], tested: Tested) -> Iterator[tuple[Parcel, Settled | None]]:
    return zip(parcels, tested.settled, strict=True)


def _result(parcel: Parcel, settled: Settled | None, why_not: str) -> tuple[str, Outcome, str]:
    """One line of the report; a mail that was not tried waits, for the reason the run ended with."""
    if settled is None:
        return parcel.rcpt_to, Outcome.QUEUED, why_not
    said = f"{settled.code} {settled.reply}" if settled.code else settled.reply
    return parcel.rcpt_to, settled.outcome, said.strip()


def _addresses(texts: Sequence[str]) -> list[Address]:
    if not texts:
        raise Refused(Problem(text="there is no test list", hint="set test_list under [newsletter]"))
    try:
        return [addresses.parse(text) for text in texts]
    except addresses.AddressError as error:
        raise UsageError(f"--test: {error}") from error


def _rows(request: SendRequest, keys: Keys) -> Mapping[str, Mapping[str, str]]:
    """The fields of the people on the list by address key, so that a test mail can show a real row."""
    if not request.lists and not request.settings.list.files:
        return {}
    roll = gather.read_lists(request.lists, settings=request.settings, keys=keys)
    return {subscriber.address.key: subscriber.fields for subscriber in roll.subscribers() if not subscriber.opted_out}


def _parcel(
    request: SendRequest,
    prepared: Prepared,
    keys: Keys,
    address: Address,
    rows: Mapping[str, Mapping[str, str]],
) -> Parcel:
    """One marked mail; a tester who is not on the list gets the first row's fields."""
    draft = prepared.drafts[Version.FULL]
    fields = rows.get(address.key) or next(iter(rows.values()), {})
    slot = missing(draft, fields)
    if slot is not None:
        raise Refused(
            Problem(
                text=f"the post asks for {' or '.join(slot.names)}, and there is no row to take it from",
                file=str(request.post),
                line=slot.line,
                hint="give --list FILE",
            )
        )
    domain = prepared.sender.mailbox.address.domain
    # A test mail is a mail of its own each time: its Message-ID is never one of the campaign's.
    when = request.workspace.clock.now()
    local = tokens.message_id_local(keys, "test", f"{address.key}\0{when.isoformat()}".encode())
    return fill(
        draft,
        Person(
            address=address,
            token=tokens.mint(keys, tokens.NOBODY),
            message_id=f"{local}@{domain}",
            date=when,
            fields=fields,
            marked=MARK,
        ),
    )
