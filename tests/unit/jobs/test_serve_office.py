"""What the server of the way out asks of keys, ledger and posts, with a clock of the test's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter_cli import tokens
from newsletter_cli.config.load import load
from newsletter_cli.jobs import serve, shelf
from newsletter_cli.jobs.workspace import Workspace
from newsletter_cli.ledger.model import Frozen, NewRecipient, PostIdentity, Suppression, SuppressionReason
from newsletter_cli.ledger.states import CampaignState
from newsletter_cli.problems import Problem, Refused
from newsletter_cli.times import SystemClock
from newsletter_cli.web.archive import Places

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter_cli.ledger.store import Ledger
    from newsletter_cli.tokens import Keys

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PLACES = Places.of(prefix="", origin="https://example.com", post_url="", door_url="")


class Hands(SystemClock):
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.passed = timedelta()

    def now(self) -> datetime:
        return START + self.passed

    def monotonic(self) -> float:
        return self.passed.total_seconds()


@dataclass
class At:
    office: serve.Office
    ledger: Ledger
    keys: Keys
    clock: Hands
    folder: Path
    workspace: Workspace
    persons: dict[str, bytes] = field(default_factory=dict)

    def mailed(self, email: str, newsletter: str = "letter", *, post_id: str = "1") -> bytes:
        person = tokens.person(self.keys, newsletter, email)
        row = NewRecipient(person, tokens.everywhere(self.keys, email), email, "full", "subs.csv", 2)
        identity = PostIdentity(post_id=post_id, path=f"{post_id}.md", body_hash=post_id)
        frozen = Frozen(source=b"x", subject="x", versions={"full": b"x"})
        self.ledger.begin(newsletter, identity, f"uid{newsletter}{post_id}", frozen, [row])
        return person

    def post(self, name: str, head: str, body: str = "Words.") -> None:
        path = self.folder / "posts" / f"{name}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"---\ntitle: {name}\n{head}---\n{body}\n")

    def shown(self) -> list[str]:
        self.clock.passed += timedelta(seconds=shelf.LOOK_AGAIN_S)
        return [entry.slug for entry in self.office.entries()]


@pytest.fixture
def at(tmp_path: Path) -> Iterator[At]:
    (tmp_path / "newsletter.toml").write_text('[newsletter]\nid = "letter"\nname = "The Letter"\n')
    settings = load(start=tmp_path, config_file=None, environment={}, options={}, home=tmp_path)
    clock = Hands()
    workspace = Workspace(settings=settings, clock=clock)
    with workspace.open_ledger() as (ledger, keys):
        yield At(serve.Office(workspace, ledger, keys), ledger, keys, clock, tmp_path, workspace)


def test_an_unsubscribe_is_taken_back_within_a_day_and_not_later(at: At) -> None:
    person = at.mailed("ada@example.net")
    assert at.office.standing(person).since is None
    assert at.office.unsubscribe(person)
    at.clock.passed = timedelta(hours=23, minutes=59)
    assert not at.office.unsubscribe(person)
    standing = at.office.standing(person)
    assert (standing.address, standing.since, standing.undoable) == ("a…a@example.net", START, True)
    assert at.office.undo(person)
    assert not at.office.undo(person)
    assert at.office.unsubscribe(person)
    at.clock.passed += timedelta(days=1, seconds=1)
    assert not at.office.undo(person)
    assert at.office.standing(person).since is not None


def test_it_holds_for_the_newsletter_of_the_mail(at: At) -> None:
    ours, theirs = at.mailed("ada@example.net"), at.mailed("ada@example.net", "other", post_id="2")
    assert at.office.unsubscribe(theirs)
    (kept,) = at.ledger.suppressions.list()
    assert (kept.newsletter, kept.email, kept.source) == ("other", "ada@example.net", "one-click")
    assert at.office.standing(ours).since is None
    counts = {campaign.newsletter: at.ledger.counts(campaign.id) for campaign in at.ledger.campaigns()}
    assert counts["other"]["suppressed"] == 1  # type: ignore[index]  # an Outcome is its text
    assert counts["letter"]["queued"] == 1  # type: ignore[index]  # the same


def test_what_others_barred_stays_so(at: At) -> None:
    person = at.mailed("ada@example.net")
    at.ledger.suppressions.add(
        Suppression(
            who=person, newsletter="letter", email="", reason=SuppressionReason.MANUAL, source="x", since=at.clock.now()
        )
    )
    assert not at.office.unsubscribe(person)
    assert not at.office.undo(person)
    assert not at.office.standing(person).undoable


def test_whose_a_token_is(at: At) -> None:
    person = tokens.person(at.keys, "letter", "ada@example.net")
    assert at.office.person(tokens.mint(at.keys, person)) == person
    assert at.office.person(tokens.mint(at.keys, tokens.NOBODY)) is None
    assert at.office.person("") is None
    fresh = at.keys.rotated(bytes(32))
    assert at.office.person(tokens.mint(fresh, person)) is None
    key_file = at.folder / ".newsletter" / "keys"
    key_file.write_text(fresh.text)
    assert at.office.person("a" * 48) is None  # the keys are read, and it is still none of ours
    assert at.office.person(tokens.mint(fresh, person)) == person
    assert at.office.person(tokens.mint(at.keys, person)) == person
    # Another newsletter's key file, or none: those at hand go on.
    key_file.write_text(tokens.Keys.generate(bytes(range(64))).text)
    assert at.office.person("a" * 48) is None
    key_file.unlink()
    assert at.office.person("a" * 48) is None
    assert at.office.person(tokens.mint(fresh, person)) == person


def test_an_address_that_cannot_be_masked_is_not_shown() -> None:
    assert serve._masked("") == ""
    assert serve._masked("no address") == ""
    assert serve._masked("ada@example.net") == "a…a@example.net"


def test_there_must_be_something_to_serve(at: At) -> None:
    with pytest.raises(Refused, match=r"\[unsubscribe\] url is not set"):
        serve.warnings(at.workspace.settings, archive=False)
    assert len(serve.warnings(at.workspace.settings, archive=True)) == 1


def test_the_shelf_follows_the_folder(at: At) -> None:
    sent = "email_sent_at: 2024-01-02T03:04:05.678Z\n"
    at.post("first", sent)
    assert at.shown() == ["first"]
    at.post("second", sent.replace("2024", "2025"))
    assert [entry.slug for entry in at.office.entries()] == ["first"]  # the last look is fresh
    assert at.shown() == ["second", "first"]
    entry = at.office.entries()[1]
    assert "Words." in at.office.page(entry, PLACES)[0]
    at.post("first", sent, "Mended words.")
    assert at.shown() == ["second", "first"]
    assert "Mended words." in at.office.page(entry, PLACES)[0]
    at.post("first", sent + "visibility: private\n")
    assert at.shown() == ["second"]
    assert at.office.page(entry, PLACES) == ("", "")
    assert at.office.picture(entry, PLACES, "x") is None


def test_when_a_post_was_sent_by_whatever_tells(at: At) -> None:
    at.post("hand", "email_sent_at: yes, last week\n")
    at.post("dated", "date: 2020-02-03\nemail_sent_at: true\n")
    at.post("timed", "date: 2020-02-03T04:05:06+01:00\nemail_sent_at: true\n")
    at.post("plain", "email_sent_at: 2021-01-01\n")
    found = {entry.slug: entry for entry in at.office.entries()}
    assert found["dated"].sent_at == datetime(2020, 2, 3, tzinfo=UTC)
    assert found["timed"].sent_at == datetime(2020, 2, 3, 3, 5, 6, tzinfo=UTC)
    assert found["plain"].sent_at == datetime(2021, 1, 1, tzinfo=UTC)
    assert found["dated"].day == "February 3, 2020"
    assert found["hand"].sent_at.tzinfo is not None


@pytest.mark.parametrize(
    ("state", "shown"),
    [(CampaignState.SENDING, []), (CampaignState.PAUSED, []), (CampaignState.FINISHED, ["hello"])],
)
def test_the_ledger_tells_what_was_sent(at: At, state: CampaignState, shown: list[str]) -> None:
    at.post("hello", "post_id: '1'\n")
    at.ledger.begin(
        "letter",
        PostIdentity(post_id="1", path="posts/hello.md", body_hash="x"),
        "uid",
        Frozen(source=b"x", subject="x", versions={"full": b"x"}),
        [],
    )
    (campaign,) = at.ledger.campaigns()
    if state is CampaignState.FINISHED:
        at.ledger.finish(campaign.id, "2025-05-06T00:00:00.000Z")
    elif state is not CampaignState.SENDING:
        at.ledger.set_state(campaign.id, state)
    assert at.shown() == shown
    if shown:
        assert at.office.entries()[0].sent_at == datetime(2025, 5, 6, tzinfo=UTC)


def test_what_was_mailed_elsewhere_is_shown_too(at: At) -> None:
    at.post("hello", "post_id: '1'\n")
    at.post("other", "post_id: '2'\n")
    at.ledger.adopt("letter", PostIdentity(post_id="1", path="posts/hello.md", body_hash="x"), "uid", "")
    assert at.shown() == ["hello"]


def test_only_so_many_pages_are_kept(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "PAGES", 1)
    for name in ("one", "two"):
        at.post(name, "email_sent_at: 2024-01-02T03:04:05.678Z\n")
    for entry in at.office.entries():
        assert at.office.page(entry, PLACES)[0]
    assert len(at.office._shelf._pages) == 1


def test_a_broken_post_stops_only_itself(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = "email_sent_at: 2024-01-02T03:04:05.678Z\n"
    at.post("good", sent)
    at.post("broken", "audience: martians\n" + sent)
    at.post("twin", sent + "post_id: '7'\n")
    at.ledger.adopt("letter", PostIdentity(post_id="7", path="elsewhere.md", body_hash="x", title="Another"), "uid", "")
    assert sorted(at.shown()) == ["good", "twin"]  # the second says itself that it was mailed
    at.post("twin", "post_id: '7'\n")
    assert at.shown() == ["good"]

    def refused(*_: object) -> None:
        raise Refused(Problem(text="too deep"))

    monkeypatch.setattr("newsletter_cli.rendering.render.render", refused)
    assert at.office.page(at.office.entries()[0], PLACES) == ("", "")
    at.office.healthy()
