"""What is printed where, in which colour, and what is asked."""

from __future__ import annotations

import io

import pytest

from newsletter_cli.cli.terminal import Terminal, harmless
from newsletter_cli.problems import Problem, Severity, UsageError


class Stream(io.StringIO):
    def __init__(self, text: str = "", *, tty: bool = False) -> None:
        super().__init__(text)
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty


def terminal(*, answer: str = "", tty: tuple[bool, bool, bool] = (False, False, False), **variables: str) -> Terminal:
    return Terminal(
        stdin=Stream(answer, tty=tty[0]), stdout=Stream(tty=tty[1]), stderr=Stream(tty=tty[2]), environment=variables
    )


def shown(stream: object) -> str:
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


def test_results_and_problems_go_to_their_streams() -> None:
    it = terminal()
    it.say("mailed")
    it.problem(Problem(text="no alt", file="a.md", line=4, hint="write one", severity=Severity.WARNING))
    assert shown(it.stdout) == "mailed\n"
    assert shown(it.stderr) == "warning: a.md:4: no alt; write one\n"


@pytest.mark.parametrize(
    ("tty", "variables", "coloured"),
    [(True, {}, True), (False, {}, False), (True, {"NO_COLOR": "1"}, False), (True, {"TERM": "dumb"}, False)],
)
def test_colour_only_on_a_terminal(tty: bool, variables: dict[str, str], coloured: bool) -> None:
    it = terminal(tty=(tty, tty, tty), **variables)
    it.problem(Problem(text="no"))
    it.heading("Left out")
    assert ("\x1b[" in shown(it.stderr)) is coloured
    assert ("\x1b[" in shown(it.stdout)) is coloured


def test_what_comes_from_outside_cannot_steer_the_terminal() -> None:
    it = terminal(tty=(True, True, True))
    it.say("550 \x1b]0;owned\x07 no\r\u202euser")
    assert shown(it.stdout) == "550 \\x1b]0;owned\\x07 no\\x0d\\u202euser\n"
    assert harmless("plain\ttext\nof two lines") == "plain\ttext\nof two lines"


@pytest.mark.parametrize(
    ("answer", "goes_on"), [("y\n", True), ("YES\n", True), ("\n", False), ("n\n", False), ("", False)]
)
def test_a_question_on_a_terminal(answer: str, goes_on: bool) -> None:
    it = terminal(answer=answer, tty=(True, False, True))
    assert it.confirm("Send to 3?", yes=False) is goes_on
    assert shown(it.stderr) == "Send to 3? [y/N] "


def test_nothing_is_asked_where_nobody_is() -> None:
    it = terminal(answer="n\n")
    assert it.confirm("Send to 3?", yes=False)
    assert shown(it.stderr) == ""


def test_yes_answers() -> None:
    assert terminal(tty=(True, True, True)).confirm("Send to 3?", yes=True)


@pytest.mark.parametrize("tty", [(True, False, False), (False, False, True)])
def test_half_a_terminal_needs_yes(tty: tuple[bool, bool, bool]) -> None:
    with pytest.raises(UsageError, match="--yes"):
        terminal(tty=tty).confirm("Send to 3?", yes=False)
    assert terminal(tty=tty).confirm("Send to 3?", yes=True)
