from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from newsletter_cli.jobs.decide import Timing, Way, Wish, decide, due_at, earliest, gate, timing
from newsletter_cli.ledger.model import Campaign, PostIdentity
from newsletter_cli.ledger.states import CampaignState
from newsletter_cli.post.model import Due, Meta, PostType

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SENT = "2026-11-23T10:00:00.000Z"
STARTED = "2026-11-23T10:00:00.000Z k7w2"


def campaign(state: CampaignState, *, begun: bool = True) -> Campaign:
    return Campaign(
        id=1,
        uid="u",
        newsletter="letter",
        identity=PostIdentity(post_id="1.a", path="posts/a.md", body_hash="h"),
        state=state,
        subject="S",
        begun_at=NOW if begun else None,
        finished_at=None,
        sent_stamp=SENT,
    )


def way(
    *,
    sent_at: str = "",
    started_at: str = "",
    record: Campaign | None = None,
    ledger: str | None = "k7w2",
    wish: Wish | None = None,
) -> Way:
    return decide(sent_at=sent_at, started_at=started_at, campaign=record, ledger_id=ledger, wish=wish or Wish()).way


def test_a_post_that_nobody_has_had_is_begun() -> None:
    assert way(ledger=None) is Way.BEGIN
    assert way() is Way.BEGIN


def test_the_line_that_a_person_can_see_ends_the_matter_whatever_the_ledger_says() -> None:
    assert way(sent_at=SENT, ledger=None) is Way.ALREADY_SENT
    for state in CampaignState:
        assert way(sent_at=SENT, record=campaign(state)) is Way.ALREADY_SENT


@pytest.mark.parametrize("state", [CampaignState.FINISHED, CampaignState.CANCELLED, CampaignState.ADOPTED])
def test_a_finished_campaign_is_only_stamped_when_git_took_the_line_away(state: CampaignState) -> None:
    assert way(record=campaign(state)) is Way.STAMP_ONLY


@pytest.mark.parametrize("state", [CampaignState.SENDING, CampaignState.PAUSED, CampaignState.HELD])
def test_a_begun_campaign_goes_on(state: CampaignState) -> None:
    assert way(record=campaign(state), started_at=STARTED) is Way.CONTINUE
    assert way(record=campaign(state)) is Way.CONTINUE  # the line was lost: the ledger knows


def test_a_post_begun_by_another_ledger_is_refused() -> None:
    assert way(started_at=STARTED, ledger=None) is Way.REFUSE
    assert way(started_at=STARTED, ledger="other", record=None) is Way.REFUSE
    assert way(started_at=STARTED, ledger="other", record=campaign(CampaignState.SENDING)) is Way.REFUSE
    assert way(started_at=STARTED, ledger="k7w2", record=None) is Way.REFUSE


def test_single_mails_do_not_begin_a_post_for_the_others() -> None:
    assert way(record=campaign(CampaignState.SINGLE, begun=False)) is Way.BEGIN
    assert way(wish=Wish(single=True)) is Way.SINGLE
    assert way(wish=Wish(single=True), record=campaign(CampaignState.SINGLE, begun=False)) is Way.SINGLE
    assert way(wish=Wish(single=True, resend=True)) is Way.SINGLE
    assert way(wish=Wish(single=True), record=campaign(CampaignState.SENDING), started_at=STARTED) is Way.SINGLE


def test_a_try_that_was_held_before_its_first_mail_is_begun_anew() -> None:
    assert way(record=campaign(CampaignState.HELD, begun=False)) is Way.BEGIN


@pytest.mark.parametrize("wish", [Wish(again=True), Wish(retry_failed=True), Wish(resend_unknown=True)])
def test_wishes_that_go_by_the_ledger_need_its_record(wish: Wish) -> None:
    assert way(sent_at=SENT, wish=wish) is Way.REFUSE
    assert way(wish=wish) is Way.REFUSE
    assert way(sent_at=SENT, wish=wish, record=campaign(CampaignState.FINISHED)) is Way.ADD
    assert way(started_at=STARTED, wish=wish, record=campaign(CampaignState.SENDING)) is Way.CONTINUE


def test_one_person_gets_a_sent_post_only_with_resend() -> None:
    assert way(sent_at=SENT, wish=Wish(single=True), record=campaign(CampaignState.FINISHED)) is Way.ALREADY_SENT
    resend = Wish(single=True, resend=True)
    assert way(sent_at=SENT, wish=resend, record=campaign(CampaignState.FINISHED)) is Way.SINGLE
    assert way(sent_at=SENT, wish=resend) is Way.REFUSE


def due(day: date, instant: datetime | None = None) -> Due:
    return Due(day, instant, "America/New_York")


def test_a_day_without_a_time_counts_from_its_first_minute_in_its_zone() -> None:
    tomorrow_in_new_york = due(date(2026, 11, 25))
    midnight = datetime(2026, 11, 25, 5, 0, tzinfo=UTC)
    assert earliest(tomorrow_in_new_york) == midnight
    meta = Meta(title="t", due=tomorrow_in_new_york)
    assert gate(meta, now=midnight - timedelta(seconds=1), wish=Wish()) is not None
    assert gate(meta, now=midnight, wish=Wish()) is None


def test_run_waits_for_the_send_time() -> None:
    assert due_at(due(date(2026, 11, 25)), time(9, 30)) == datetime(2026, 11, 25, 14, 30, tzinfo=UTC)


def test_now_overrides_the_date_alone() -> None:
    later = due(date(2027, 1, 1))
    assert gate(Meta(due=later), now=NOW, wish=Wish(now=True)) is None
    for meta in (Meta(held_back="draft: true"), Meta(type=PostType.PAGE)):
        assert gate(meta, now=NOW, wish=Wish(now=True)) is not None


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (None, Timing.NEVER),
        (NOW + timedelta(seconds=1), Timing.NOT_YET),
        (NOW, Timing.DUE),
        (NOW - timedelta(hours=48), Timing.DUE),
        (NOW - timedelta(hours=48, seconds=1), Timing.TOO_OLD),
    ],
)
def test_timing_for_run(at: datetime | None, expected: Timing) -> None:
    found = None if at is None else Due(at.date(), at, "UTC")
    assert timing(found, now=NOW, send_time=time(9), max_age=timedelta(hours=48)) is expected
