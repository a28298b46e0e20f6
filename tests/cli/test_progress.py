"""What a person sees while mails go out."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta

from newsletter_cli.cli.progress import Figures, Progress
from newsletter_cli.cli.terminal import Terminal
from newsletter_cli.delivery.events import Held, Pace, Recorded, Waiting
from newsletter_cli.ledger.model import Claim, Settled
from newsletter_cli.ledger.states import Outcome


class Stream(io.StringIO):
    def __init__(self, *, tty: bool) -> None:
        super().__init__()
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty


class Ticking:
    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def recorded(outcome: Outcome, *, number: int = 1) -> Recorded:
    claim = Claim(id=number, person=b"", email="a@example.com", version="full", fields={}, tries=0, first_try_at=None)
    return Recorded(claim, Settled(id=number, outcome=outcome))


def run(*, tty: bool) -> str:
    out = Stream(tty=tty)
    terminal = Terminal(stdin=io.StringIO(), stdout=io.StringIO(), stderr=out, environment={})
    clock = Ticking()
    with Progress(terminal, clock, total=200) as progress:
        for number in range(130):
            clock.seconds += 1
            progress(recorded(Outcome.FAILED if number == 7 else Outcome.SENT))
    return out.getvalue()


def test_without_a_terminal_one_line_a_minute_and_nothing_is_redrawn() -> None:
    said = run(tty=False)
    assert said.splitlines() == [
        "60 of 200: sent 59, deferred 0, failed 1, unknown 0; 1.0/s, 2m20s left",
        "120 of 200: sent 119, deferred 0, failed 1, unknown 0; 1.0/s, 1m20s left",
    ]
    assert "\r" not in said
    assert "\x1b" not in said


def test_on_a_terminal_a_bar_that_goes_away() -> None:
    said = run(tty=True)
    assert "130/200" in said
    assert "sent 129, deferred 0, failed 1, unknown 0; 1.0/s, 1m10s left" in said


def test_a_line_is_written_above_the_bar_and_never_wiped() -> None:
    out = Stream(tty=True)
    terminal = Terminal(stdin=io.StringIO(), stdout=out, stderr=out, environment={})
    clock = Ticking()
    with Progress(terminal, clock, total=3) as progress:
        for _ in range(2):
            clock.seconds += 1
            progress(recorded(Outcome.SENT))
        terminal.say("a line midway")
        clock.seconds += 1
        progress(recorded(Outcome.SENT))
        terminal.tell("the summary")
    shown = screen(out.getvalue())
    assert shown == ["a line midway", "the summary"]


def screen(written: str) -> list[str]:
    """What stands on the terminal at the end: lines, and the few controls that a bar uses."""
    lines, row = [""], 0
    for part in re.findall(r"\x1b\[[0-9;?]*[a-zA-Z]|\r|\n|[^\x1b\r\n]+", written):
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part.endswith("A") and part.startswith("\x1b["):
            row = max(0, row - int(part[2:-1] or 1))
        elif not part.startswith(("\x1b", "\r")):
            lines[row] += part
    return [line for line in lines if line]


def test_a_wait_is_shown_at_once_and_forgotten_at_the_next_mail() -> None:
    out = Stream(tty=False)
    terminal = Terminal(stdin=io.StringIO(), stdout=io.StringIO(), stderr=out, environment={})
    clock = Ticking()
    with Progress(terminal, clock) as progress:
        progress.expect(3)
        progress(Pace(5.0, 1, "server asked to slow down"))
        progress(Waiting(clock.now() + timedelta(seconds=30), "server asked to \x1b[2Jslow down"))
        clock.seconds += 61
        progress(recorded(Outcome.SENT))
    first, second = out.getvalue().splitlines()
    assert "of 5/s; waits until " in first
    assert "server asked to \\x1b[2Jslow down" in first
    assert "waits" not in second


def test_what_held_it_is_shown() -> None:
    figures = Figures(waits="")
    progress = Progress(
        Terminal(stdin=io.StringIO(), stdout=io.StringIO(), stderr=Stream(tty=False), environment={}), Ticking()
    )
    progress(Held("the login was refused"))
    assert progress.figures.waits == "the login was refused"
    assert figures.left is None


def test_who_is_tried_again_no_longer_counts_as_deferred() -> None:
    """Also where the server asked to slow down, which uses up no try; and nobody else is taken for them."""
    figures = Figures(total=3)
    figures.count(1, Outcome.DEFERRED)
    figures.count(2, Outcome.DEFERRED)
    figures.count(3, Outcome.SENT)
    assert figures.settled == 1
    figures.count(1, Outcome.DEFERRED)
    figures.count(1, Outcome.SENT)
    assert figures.counts == {Outcome.DEFERRED: 1, Outcome.SENT: 2}
    figures.count(2, Outcome.UNKNOWN)
    assert figures.settled == 3


def test_what_slows_it_is_shown_until_it_is_over() -> None:
    clock = Ticking()
    stream = Stream(tty=False)
    terminal = Terminal(stdin=io.StringIO(), stdout=io.StringIO(), stderr=stream, environment={})
    with Progress(terminal, clock, total=9) as progress:
        until = clock.now() + timedelta(minutes=5)
        progress(Pace(4.666, 2, "the server asked to slow down (450 too fast)", until))
        assert progress.figures.note == (
            f"the server asked to slow down (450 too fast): 4.67/s until {until.astimezone():%H:%M:%S}"
        )
        # A wait is more to the point while it lasts; no time is left that could be told.
        progress.figures.samples.extend([(0.0, 0), (1.0, 1)])
        progress(Waiting(until, "quota 2000/d"))
        assert progress.figures.note.endswith("quota 2000/d")
        assert "left" not in progress.figures.said()
        progress(recorded(Outcome.SENT))
        assert "slow down" in progress.figures.note
        progress(Pace(None, 1, "the server asked to slow down (421)"))
        assert progress.figures.note == "the server asked to slow down (421): 1 connection"
        progress(Pace(14.0, 4))
        assert progress.figures.note == ""
        assert "of 14/s" in progress.figures.said()


def test_what_goes_on_before_the_first_mail_is_one_line_of_a_terminal() -> None:
    stream = Stream(tty=True)
    terminal = Terminal(stdin=io.StringIO(), stdout=io.StringIO(), stderr=stream, environment={"TERM": "xterm"})
    with Progress(terminal, Ticking()) as progress:
        progress.tell("reading l.csv: 1 %")
        progress.tell("reading \x1bl.csv")
        terminal.tell("a line")
    cleared = "\r\x1b[K"
    assert stream.getvalue() == f"reading l.csv: 1 %\r{cleared}reading \\x1bl.csv\r{cleared}a line\n"


def test_without_a_terminal_nothing_is_told_before_the_first_mail() -> None:
    stream = Stream(tty=False)
    terminal = Terminal(stdin=io.StringIO(), stdout=io.StringIO(), stderr=stream, environment={})
    with Progress(terminal, Ticking()) as progress:
        progress.tell("reading l.csv: 1 %")
    assert stream.getvalue() == ""
