"""The progress of a sending, fed by the engine's events.

On a terminal a bar that is redrawn; elsewhere one line a minute (cron mails what it gets, and a log should show life).
Events come thousands a second: they only count, and the picture is renewed a few times a second.
"""

from __future__ import annotations

import shutil
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from newsletter_cli.cli.terminal import harmless
from newsletter_cli.ledger.states import Outcome
from newsletter_cli.times import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from newsletter_cli.cli.terminal import Terminal
    from newsletter_cli.delivery.events import Event, Pace
    from newsletter_cli.times import Clock

REDRAW_S = 0.2  # five pictures a second: smooth to the eye, nothing to the processor
LINE_S = 60.0
_CLEARED = "\r\x1b[K"  # back to the first column, erase to the end of the line (ECMA-48, EL)
RATE_WINDOW_S = 10.0  # the rate shown is that of the last seconds

_SHOWN = (Outcome.SENT, Outcome.DEFERRED, Outcome.FAILED, Outcome.UNKNOWN, Outcome.SUPPRESSED)
_ALWAYS = (Outcome.SENT, Outcome.DEFERRED, Outcome.FAILED, Outcome.UNKNOWN)


@dataclass(slots=True, kw_only=True)
class Figures:
    """What is known of a sending at one moment. `total` None: not known how many there are."""

    total: int | None = None
    counts: dict[Outcome, int] = field(default_factory=dict)
    allowed: str = ""  # the pace allowed, as ``14/s``
    slowed: str = ""  # that a server asked to slow down, to what, and until when
    waits: str = ""  # what it waits for, and until when
    deferred: set[int] = field(default_factory=set)  # those who count as such, by their claims' ids
    samples: deque[tuple[float, int]] = field(default_factory=deque)  # (monotonic seconds, settled by then)

    @property
    def settled(self) -> int:
        """How many are done with; the deferred ones wait."""
        return sum(self.counts.values()) - self.counts.get(Outcome.DEFERRED, 0)

    @property
    def per_second(self) -> float:
        """Settled a second over the last seconds."""
        if len(self.samples) < 2:
            return 0.0
        (began, before), (ended, after) = self.samples[0], self.samples[-1]
        return (after - before) / (ended - began) if ended > began else 0.0

    @property
    def left(self) -> timedelta | None:
        """How long it will take at this pace, where that can be said."""
        if self.total is None or not self.per_second:
            return None
        return timedelta(seconds=round(max(0, self.total - self.settled) / self.per_second))

    def count(self, recipient: int, outcome: Outcome) -> None:
        """Take one outcome. Who was deferred and is tried again no longer counts as deferred."""
        if recipient in self.deferred:
            self.deferred.discard(recipient)
            self.counts[Outcome.DEFERRED] -= 1
        if outcome is Outcome.DEFERRED:
            self.deferred.add(recipient)
        self.counts[outcome] = self.counts.get(outcome, 0) + 1

    def sample(self, now_s: float) -> None:
        """Note where things stand, and forget what is older than the window."""
        self.samples.append((now_s, self.settled))
        while len(self.samples) > 2 and now_s - self.samples[0][0] > RATE_WINDOW_S:
            self.samples.popleft()

    def counted(self) -> str:
        """Who got it and who not, how fast it goes, and how long it will take."""
        parts = [f"{o.value} {self.counts.get(o, 0)}" for o in _SHOWN if o in _ALWAYS or self.counts.get(o)]
        pace = f"{self.per_second:.1f}/s" + (f" of {self.allowed}" if self.allowed else "")
        left = "" if self.left is None or self.waits else f", {format_duration(self.left)} left"
        return f"{', '.join(parts)}; {pace}{left}"

    @property
    def note(self) -> str:
        """What it waits for, or why it is slow."""
        return self.waits or self.slowed

    def said(self) -> str:
        """One line for a person."""
        return f"{self.counted()}; {self.note}" if self.note else self.counted()


class Progress:
    """A context manager that takes the engine's events; give it to `SendRequest.events`."""

    def __init__(self, terminal: Terminal, clock: Clock, *, total: int | None = None) -> None:
        self.figures = Figures(total=total)
        self._terminal = terminal
        self._clock = clock
        self._bar: Any = None
        self._task: Any = None
        self._told = False
        self._next = 0.0

    def expect(self, total: int) -> None:
        """Say how many there are, once that is known."""
        self.figures.total = total

    def tell(self, text: str) -> None:
        """Show what goes on before the first mail: one line of a terminal, written over by the next."""
        if not self._terminal.live:
            return
        self._take_away()
        width = shutil.get_terminal_size().columns - 1
        self._terminal.stderr.write(f"{harmless(text)[:width]}\r")
        self._terminal.stderr.flush()
        self._told = True

    def __enter__(self) -> Self:
        self._next = self._clock.monotonic() + self._every_s
        self._terminal.drawn.append(self._take_away)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._take_away()
        self._terminal.drawn.remove(self._take_away)

    def __call__(self, event: Event) -> None:
        """Take one event."""
        from newsletter_cli.delivery import events

        match event:
            case events.Recorded():
                self.figures.waits = ""
                self.figures.count(event.claim.id, event.settled.outcome)
                if not self.figures.samples:  # the clock of the rate starts with the first mail
                    self.figures.sample(self._clock.monotonic())
            case events.Waiting():
                self.figures.waits = f"waits until {event.until.astimezone():%H:%M:%S}: {event.why}"
                self._next = 0.0  # a wait is shown at once: nothing else may come for long
            case events.Pace():
                self.figures.allowed = "" if event.per_second is None else f"{event.per_second:.3g}/s"
                self.figures.slowed = _slowed(event)
            case events.Held():
                self.figures.waits = event.text
            case _:
                return
        now_s = self._clock.monotonic()
        if now_s >= self._next:
            self._next = now_s + self._every_s
            self.figures.sample(now_s)
            self._show()

    @property
    def _every_s(self) -> float:
        return REDRAW_S if self._terminal.live else LINE_S

    def _show(self) -> None:
        if self._terminal.live:
            self._draw()
            return
        figures = self.figures
        of_all = "" if figures.total is None else f"{figures.settled} of {figures.total}: "
        self._terminal.tell(of_all + figures.said())

    def _draw(self) -> None:
        if self._bar is None:
            self._take_away()
            self._bar = self._made()
            self._task = self._bar.add_task("", total=self.figures.total, lines=[])
            self._bar.start()
        figures = self.figures
        lines = [harmless(line) for line in (figures.counted(), figures.note) if line]
        self._bar.update(self._task, completed=figures.settled, total=figures.total, lines=lines)
        self._bar.refresh()

    def _take_away(self) -> None:
        """Clear the bar, so that a line can be written; the next event draws it anew below."""
        if self._told:
            self._terminal.stderr.write(_CLEARED)
            self._told = False
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _made(self) -> Any:
        """The bar; rich costs a tenth of a second, so only a sending that takes long enough to be seen pays it."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress as RichProgress, TaskProgressColumn
        from rich.text import Text

        class Bar(RichProgress):
            """With figures and what is waited for on lines below: beside the bar a narrow terminal cuts them off."""

            def get_renderables(self) -> Iterable[Any]:
                yield from super().get_renderables()
                for task in self.tasks:
                    yield from map(Text, task.fields["lines"])

        return Bar(
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TaskProgressColumn(),
            console=Console(
                file=self._terminal.stderr,
                no_color=not self._terminal.coloured(self._terminal.stderr),
                highlight=False,
            ),
            auto_refresh=False,
            transient=True,
            expand=True,
        )


def _slowed(pace: Pace) -> str:
    """That a server asked to slow down, what is allowed now and until when; empty where nobody asked."""
    if not pace.why:
        return ""
    lanes = "1 connection" if pace.connections == 1 else f"{pace.connections} connections"
    allowed = lanes if pace.per_second is None else f"{pace.per_second:.3g}/s"
    until = f" until {pace.until.astimezone():%H:%M:%S}" if pace.until else ""
    return f"{pace.why}: {allowed}{until}"
