"""Real reports of flufl.bounce's and sisimai's sets, each with what two independent decoders expect of it.

`must` are to be suppressed, `never` are not; of `may` the decoders disagree. What is asked of the whole set is asked of
reports from other servers too, so no rule may be about one file.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, NamedTuple

import pytest

from newsletter_cli.feedback.model import Kind
from newsletter_cli.feedback.parse import parse
from tests.conftest import CORPUS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.corpus

EXPECTED = CORPUS / "mailbox" / "expected.tsv"
SUPPRESSES = {Kind.HARD, Kind.COMPLAINT, Kind.UNSUBSCRIBE}

# 550 5.1.0 "sender rejected" (Spectrum): the sender's trouble, so a count and no suppression.
OF_THE_SENDER = "sisimai/bsd_rhost-spectrum-01.eml"
# A complaint about "Undisclosed Recipients": only a token could tell of whom; the decoder makes an address up.
OF_NOBODY = "sisimai/bsd_arf-11.eml"


class Case(NamedTuple):
    file: str
    kind: str
    must: frozenset[str]
    never: frozenset[str]


def cases() -> list[Case]:
    if not EXPECTED.is_file():
        return []
    with EXPECTED.open(encoding="utf-8", newline="") as file:
        return [
            Case(row["file"], row["kind"], addresses(row["must"]), addresses(row["never"]))
            for row in csv.DictReader(file, delimiter="\t")
            if not row["file"].endswith(".json")  # events: test_events.py
        ]


def addresses(cell: str) -> frozenset[str]:
    return frozenset(cell.casefold().split())


def suppressed(corpus: Path, case: Case) -> set[str]:
    found = parse((corpus / "mailbox" / case.file).read_bytes())
    return {one.address.casefold() for one in found if one.kind in SUPPRESSES}


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.file)
def test_a_report_means_what_two_decoders_say(corpus: Path, case: Case) -> None:
    found = suppressed(corpus, case)
    assert not found & case.never
    if case.file not in {OF_THE_SENDER, OF_NOBODY}:
        assert case.must <= found


def test_nearly_all_that_must_be_suppressed_are(corpus: Path) -> None:
    must = {(case.file, address) for case in cases() for address in case.must}
    found = {(case.file, address) for case in cases() for address in suppressed(corpus, case)}
    assert len(must & found) >= 0.95 * len(must)


def test_every_complaint_is_one(corpus: Path) -> None:
    for case in cases():
        if case.kind == "complaint":
            kinds = {one.kind for one in parse((corpus / "mailbox" / case.file).read_bytes())}
            assert kinds <= {Kind.COMPLAINT, Kind.UNSUBSCRIBE}, case.file


def test_what_is_no_report_changes_nothing(corpus: Path) -> None:
    for case in cases():
        if case.kind == "none" and not case.never:
            kinds = {one.kind for one in parse((corpus / "mailbox" / case.file).read_bytes())}
            assert kinds == {Kind.NONE}, case.file


def test_every_decision_names_its_rule(corpus: Path) -> None:
    for case in cases():
        assert all(one.rule for one in parse((corpus / "mailbox" / case.file).read_bytes()))


def test_line_ends_change_nothing(corpus: Path) -> None:
    for case in cases():
        data = (corpus / "mailbox" / case.file).read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        as_lf = [(one.kind, one.address, one.rule) for one in parse(data)]
        for end in (b"\r\n", b"\r"):
            assert [(one.kind, one.address, one.rule) for one in parse(data.replace(b"\n", end))] == as_lf, case.file
