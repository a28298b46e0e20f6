"""How reports look on a terminal: lines of the result on standard output, problems on standard error."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from newsletter_cli.feedback.model import Kind
from newsletter_cli.jobs.meanings import SHOWN
from newsletter_cli.ledger.states import Outcome
from newsletter_cli.problems import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from newsletter_cli.audience.model import LeftOut
    from newsletter_cli.cli.progress import Progress
    from newsletter_cli.cli.terminal import Terminal
    from newsletter_cli.delivery.events import Event
    from newsletter_cli.jobs.bounce_report import BounceReport
    from newsletter_cli.jobs.check import CheckReport
    from newsletter_cli.jobs.lists import ListReport
    from newsletter_cli.jobs.outputs import Output
    from newsletter_cli.jobs.report import Counts, DryRun, RunReport, SendReport
    from newsletter_cli.jobs.status import StatusReport
    from newsletter_cli.jobs.trial import TrialReport
    from newsletter_cli.jobs.why import Why
    from newsletter_cli.ledger.model import Campaign, RecipientRow, Suppression
    from newsletter_cli.times import Clock

# Enough to see what is wrong with a list; `list check` names every row.
ROWS_SHOWN = 20


class Watch:
    """Takes what the engine tells, for all who want to know: progress, the JSON log, the SMTP transcript."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.listeners: list[Callable[[Event], None]] = [progress]
        self.campaigns: list[Callable[[Campaign], None]] = []

    def __call__(self, event: Event) -> None:
        """Pass an event on."""
        for listener in self.listeners:
            listener(event)

    def told(self, text: str) -> None:
        """Say what goes on before the first mail."""
        self._progress.tell(text)

    def announce(self, campaign: Campaign, total: int) -> None:
        """Say what is delivered now, and to how many."""
        self._progress.expect(total)
        for tell in self.campaigns:
            tell(campaign)


@contextmanager
def watching(terminal: Terminal, clock: Clock, *, log: Path | None, debug: bool) -> Iterator[Watch]:
    """Watch a sending: a progress bar or lines, `--log FILE` and `--debug` where they are asked for."""
    from newsletter_cli.cli.progress import Progress

    with ExitStack() as stack:
        watch = Watch(stack.enter_context(Progress(terminal, clock)))
        if log is not None:
            from newsletter_cli.cli.logs import JsonLog

            journal = stack.enter_context(JsonLog(log, clock, failed=lambda error: _no_log(log, error, terminal)))
            watch.listeners.append(journal)
            watch.campaigns.append(journal.of)
        if debug:
            watch.listeners.append(lambda event: _transcript(event, terminal))
        yield watch


def _no_log(log: Path, error: OSError, terminal: Terminal) -> None:
    text = f"the log cannot be written any more: {error.strerror}"
    terminal.problem(Problem(text=text, file=str(log), severity=Severity.WARNING, hint="the sending goes on without"))


def _transcript(event: Event, terminal: Terminal) -> None:
    from newsletter_cli.delivery.events import Transcript

    if isinstance(event, Transcript):
        terminal.tell(f"[{event.connection}] {'C:' if event.sent else 'S:'} {event.line}")


def json_line(value: Mapping[str, Any], terminal: Terminal) -> None:
    """An object of the interface, on a line of its own."""
    terminal.write((json.dumps(value, ensure_ascii=False) + "\n").encode())


def write(data: bytes, output: Output, terminal: Terminal) -> None:
    """Write a result where `jobs.outputs.claim` said that it may be written. Raises Refused."""
    from newsletter_cli.jobs import outputs

    if output.path is None:
        terminal.write(data)
    else:
        outputs.write(output.path, data)


def sent(report: SendReport, terminal: Terminal) -> None:
    """What one `send` did: what was left out, who failed, whose fate is unknown, and one summary line."""
    left_out(report.left_out, report.left_out_total, terminal)
    terminal.problems(report.problems)
    _missed(report, terminal)
    for line in report.said:
        terminal.say(line)
    last = [summary(report.counts, report.this_run, report.not_queued)] if report.counts.total else []
    if report.unfinished:
        when = f" after {report.until.astimezone():%Y-%m-%d %H:%M:%S}" if report.until else ""
        again = f"run the same command again{when}"
        if report.held:
            again = f"held until `newsletter resume {report.post}` or the next `send`"
        last.append(f"not finished: {again}, nobody gets it twice")
    if last:
        terminal.say(f"{report.post}: {'; '.join(last)}")


def _missed(report: SendReport, terminal: Terminal) -> None:
    """Who has not got it, the reasons with how many each, and what can be done."""
    for row in report.failures:
        terminal.problem(_of_row(row, "failed"))
    for row in report.fates:
        terminal.problem(_of_row(row, "unknown fate: the server may have it"))
    more = max(0, report.failed - len(report.failures)) + max(0, report.unknown - len(report.fates))
    if more:
        terminal.tell(f"and {more} more: `newsletter status POST --failed-csv FILE` names them all")
    for meaning in report.replies[:SHOWN]:
        terminal.tell(str(meaning))
    if len(report.replies) > SHOWN:
        terminal.tell(f"and {len(report.replies) - SHOWN} more reasons")
    if report.failed:
        terminal.tell(
            "who failed is not tried again; `newsletter send POST --retry-failed` does it, but for suppressed addresses"
        )
    if report.fates:
        terminal.tell("those of unknown fate are not mailed again; `newsletter send POST --resend-unknown` does it")


def summary(counts: Counts, this_run: Counts | None = None, left_out: int | None = None) -> str:
    """``sent 498, failed 2, left out 3; 503 in all``: it adds up; what is nought is left away but for sent."""
    parts = [f"sent {counts[Outcome.SENT]}"]
    rest = (Outcome.FAILED, Outcome.UNKNOWN, Outcome.SUPPRESSED, Outcome.WITHDRAWN, Outcome.CANCELLED, Outcome.DEFERRED)
    parts += [f"{outcome.value} {counts[outcome]}" for outcome in rest if counts[outcome]]
    waiting = counts.left - counts[Outcome.DEFERRED]
    if waiting:
        parts.append(f"waiting {waiting}")
    if left_out:
        parts.append(f"left out {left_out}")
    said = f"{', '.join(parts)}; {counts.total + (left_out or 0)} in all"
    if this_run is not None and this_run[Outcome.SENT] != counts[Outcome.SENT]:
        said += f" ({this_run[Outcome.SENT]} sent in this run)"
    return said


def ran(report: RunReport, terminal: Terminal) -> None:
    """What one `run` did, post by post, and what it left alone."""
    for one in report.posts:
        sent(one, terminal)
    terminal.problems(report.problems)
    for line in report.said:
        terminal.say(line)


def dry_run(report: DryRun, terminal: Terminal) -> None:
    """Who would get a post."""
    left_out(report.left_out, len(report.left_out), terminal)
    terminal.problems(report.problems)
    for line in report.said:
        terminal.say(line)
    if report.subject:
        terminal.say(f"Subject: {report.subject}")
    people = "1 person" if report.recipients == 1 else f"{report.recipients} people"
    terminal.say(f"{report.post}: would go to {people}, {_size(report.size_octets)} each; nothing was sent")


def trial(report: TrialReport, terminal: Terminal) -> None:
    """What became of each test mail."""
    terminal.problems(problem for problem in report.problems if problem.severity is not Severity.NOTE)
    for address, outcome, reply in report.results:
        became = "not sent" if outcome is Outcome.QUEUED else outcome.value
        terminal.say(f"{address}: {became}{' (' + reply + ')' if reply else ''}")


def left_out(rows: Sequence[LeftOut], total: int, terminal: Terminal, *, limit: int | None = ROWS_SHOWN) -> None:
    """The rows that are not mailed, each with its line and reason."""
    shown = rows if limit is None else rows[:limit]
    for row in shown:
        terminal.tell(f"{row.file}:{row.line}: left out: {_said(row)}")
    if total > len(shown):
        terminal.tell(f"… and {total - len(shown)} more rows left out; `newsletter list check` names all")


def _said(row: LeftOut) -> str:
    """Who, and why; on one line, whatever stood in the cell."""
    who = " ".join(row.email.split())
    return f"{who}: {row.reason}" if who else row.reason


def checked(report: CheckReport, terminal: Terminal) -> None:
    """What `check` found, on standard output: it is the result."""
    for problem in report.problems:
        terminal.say(f"{problem.severity}: {problem}")
    if report.size_octets:
        terminal.say(f"{report.post}: {_size(report.size_octets)} as a mail")
    if report.recipients is not None:
        terminal.say(f"{report.post}: {report.recipients} people would get it")
    sound = "nothing else stops a send" if report.waits else "nothing stops a send"
    terminal.say(f"{report.post}: {'`send` would refuse it' if report.refused else sound}")


def github(report: CheckReport, terminal: Terminal) -> None:
    """What `check` found as GitHub's workflow commands, which mark the lines of a pull request."""
    names = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
    for problem in report.problems:
        place = f"file={_escaped(problem.file, of_place=True)}" if problem.file else ""
        place += f",line={problem.line}" if problem.file and problem.line else ""
        text = f"{problem.text}; {problem.hint}" if problem.hint else problem.text
        terminal.say(f"::{names[problem.severity]}{' ' if place else ''}{place}::{_escaped(text)}")


def _escaped(text: str, *, of_place: bool = False) -> str:
    """Text in a workflow command; a place ends at a comma or a colon too (actions/toolkit, command.ts)."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if of_place else text


def status(report: StatusReport, terminal: Terminal) -> None:
    """A line a campaign."""
    if not report.campaigns:
        terminal.say("nothing was sent from here yet")
    for entry in report.campaigns:
        campaign = entry.campaign
        since = f" since {campaign.begun_at.astimezone():%Y-%m-%d %H:%M}" if campaign.begun_at else ""
        why = f" ({campaign.reason})" if campaign.reason else ""
        wait = f", waits until {campaign.wait_until.astimezone():%Y-%m-%d %H:%M}" if campaign.wait_until else ""
        terminal.say(f"{campaign.identity.path}: {entry.state.value}{since}{why}: {summary(entry.counts)}{wait}")


def checked_list(report: ListReport, terminal: Terminal) -> None:
    """What a list is, and every row left out."""
    terminal.problems(report.problems)
    for file, service in report.services:
        terminal.say(f"{file}: {service}")
    for row in report.left_out:
        terminal.say(f"{row.file}:{row.line}: {_said(row)}")
    terminal.say(f"{report.mailable} would be mailed, {len(report.left_out)} left out")


def bounces(report: BounceReport, terminal: Terminal) -> None:
    """Each decision with its rule, and one line of what came of all."""
    terminal.problems(report.problems)
    for one in report.decisions:
        whose = f" of {one.email}" if one.email and one.kind is not Kind.NONE else ""
        effect = f": {one.effect.value}" if one.kind is not Kind.NONE else ""
        said = f": {one.said}" if one.said else ""
        terminal.say(f"{one.where}: {one.kind.value}{whose}{effect} ({one.rule}; {one.why}){said}")
    if report.summary:
        terminal.say(report.summary)


def suppression(entry: Suppression, terminal: Terminal) -> None:
    """One who is never mailed, in columns."""
    scope = f"newsletter {entry.newsletter}" if entry.newsletter else "all"
    columns = (entry.email or "(forgotten)", entry.reason.value, scope, entry.source, _instant(entry.since))
    terminal.say("\t".join((*columns, *([entry.evidence] if entry.evidence else []))))


def why(report: Why, terminal: Terminal) -> None:
    """What an address got, and why not; or what became of one mail."""
    who = report.address or "(forgotten)"
    for entry in report.suppressions:
        evidence = f"; {entry.evidence}" if entry.evidence else ""
        scope = f"newsletter {entry.newsletter}" if entry.newsletter else "every newsletter here"
        since = f"{entry.since:%Y-%m-%d %H:%M:%S}"
        terminal.say(f"{who}: suppressed for {scope} since {since}: {entry.reason.value} ({entry.source}{evidence})")
    for campaign, row in report.history:
        said = f": {row.code} {row.reply}".rstrip() if row.reply or row.code else ""
        queue = f" [queue id {row.queue_id}]" if row.queue_id else ""
        tries = f", {row.tries} tries" if row.tries > 1 else ""
        whose = "" if report.asked == report.address else f" to {who}"
        terminal.say(
            f"{campaign.identity.path}: {row.outcome.value}{whose} at {row.updated_at:%Y-%m-%d %H:%M:%S}"
            f"{tries}{said}{queue}"
        )
        bounce = report.came_back.get(campaign.id)
        if bounce is not None:
            terminal.say(
                f"{campaign.identity.path}: came back at {bounce.bounced_at:%Y-%m-%d %H:%M:%S}: {bounce.evidence}"
            )
    if not report.suppressions and not report.history:
        terminal.say(f"{report.asked}: nothing was ever sent to it from here")


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _of_row(row: RecipientRow, what: str) -> Problem:
    said = f"{row.email}: {what}"
    if row.code or row.reply:
        code = "" if not row.code or row.reply.startswith(str(row.code)) else f"{row.code} "
        said += f": {code}{row.reply}"
    return Problem(text=said, file=row.file or None, line=row.line or None)


def _size(octets: int) -> str:
    return f"{octets / 1000:.0f} kB"
