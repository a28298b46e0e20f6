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
    from types import TracebackType

    from newsletter_cli.cli.terminal import Terminal
    from newsletter_cli.delivery.events import Event
    from newsletter_cli.times import Clock

REDRAW_S = 0.2  # five pictures a second: smooth to the eye, nothing to the processor
LINE_S = 60.0
_CLEARED = "\r\x1b[K"  # back to the first column, erase to the end of the line (ECMA-48, EL)
RATE_WINDOW_S = 10.0  # the rate shown is that of the last seconds

_SHOWN = (Outcome.SENT, Outcome.DEFERRED, Outcome.FAILED, Outcome.UNKNOWN, Outcome.SUPPRESSED)
_ALWAYS = (Outcome.SENT, Outcome.DEFERRED, Outcome.FAILED)


@dataclass(slots=True, kw_only=True)
class Figures:
    """What is known of a sending at one moment. `total` None: not known how many there are."""

    total: int | None = None
    counts: dict[Outcome, int] = field(default_factory=dict)
    allowed: str = ""  # the pace allowed, as ``14/s``
    waits: str = ""  # what it waits for, and until when
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

    def count(self, outcome: Outcome, *, tried_before: bool) -> None:
        """Take one outcome. Who was deferred and is tried again no longer counts as deferred."""
        if tried_before and self.counts.get(Outcome.DEFERRED):
            self.counts[Outcome.DEFERRED] -= 1
        self.counts[outcome] = self.counts.get(outcome, 0) + 1

    def sample(self, now_s: float) -> None:
        """Note where things stand, and forget what is older than the window."""
        self.samples.append((now_s, self.settled))
        while len(self.samples) > 2 and now_s - self.samples[0][0] > RATE_WINDOW_S:
            self.samples.popleft()

    def said(self) -> str:
        """One line for a person."""
        parts = [f"{o.value} {self.counts.get(o, 0)}" for o in _SHOWN if o in _ALWAYS or self.counts.get(o)]
        pace = f"{self.per_second:.1f}/s" + (f" of {self.allowed}" if self.allowed else "")
        left = "" if self.left is None else f", {format_duration(self.left)} left"
        waits = f"; {self.waits}" if self.waits else ""
        return f"{', '.join(parts)}; {pace}{left}{waits}"


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
        from newsletter_cli.delivery.events import Held, Pace, Recorded, Waiting

        match event:
            case Recorded():
                self.figures.waits = ""
                self.figures.count(event.settled.outcome, tried_before=event.claim.tries > 0)
                if not self.figures.samples:  # the clock of the rate starts with the first mail
                    self.figures.sample(self._clock.monotonic())
            case Waiting():
                self.figures.waits = f"waits until {event.until.astimezone():%H:%M:%S}: {event.why}"
                self._next = 0.0  # a wait is shown at once: nothing else may come for long
            case Pace():
                self.figures.allowed = "" if event.per_second is None else f"{event.per_second:g}/s"
            case Held():
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
            self._task = self._bar.add_task("", total=self.figures.total)
            self._bar.start()
        figures = self.figures
        said = harmless(figures.said())
        self._bar.update(self._task, completed=figures.settled, total=figures.total, description=said)
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
        from rich.progress import BarColumn, MofNCompleteColumn, Progress as RichProgress, TextColumn

        return RichProgress(
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
            console=Console(
                file=self._terminal.stderr,
                no_color=not self._terminal.coloured(self._terminal.stderr),
                highlight=False,
            ),
            auto_refresh=False,
            transient=True,
            expand=True,
        )
