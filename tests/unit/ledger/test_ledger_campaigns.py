"""Campaigns: frozen at their first mail, found again, gone on with, closed."""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from newsletter_cli.ledger.model import Frozen
from newsletter_cli.ledger.states import CampaignState, IllegalMove, Outcome
from newsletter_cli.ledger.store import Conflict
from newsletter_cli.problems import Refused
from tests.doubles.ledgers import (
    DAY,
    begun,
    frozen,
    mailed,
    outcomes,
    person,
    post,
    reader,
    readers,
    settled,
    suppression,
    told,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter_cli.ledger.model import NewRecipient
    from newsletter_cli.ledger.store import Ledger
    from tests.doubles.ledgers import StillClock


def test_a_campaign_is_frozen_with_all_its_recipients(ledger: Ledger) -> None:
    campaign = ledger.begin(
        "letter", post(), "uid1", frozen(), [reader(1, fields={"first_name": "Zoë"}), reader(2, version="free")]
    )
    assert campaign.state is CampaignState.SENDING
    assert (campaign.begun_at, campaign.finished_at, campaign.stamped) == (DAY, None, False)
    assert (campaign.subject, campaign.source_hash) == ("First", hashlib.sha256(b"# First\n").hexdigest())
    assert campaign.identity == post()
    assert ledger.frozen(campaign.id) == frozen()
    first, second = ledger.recipients(campaign.id)
    assert (first.email, first.version, first.fields) == ("reader1@example.com", "full", {"first_name": "Zoë"})
    assert (first.file, first.line, first.person, first.everywhere) == (
        "subscribers.csv",
        3,
        person(1),
        person(1, "*"),
    )
    assert (first.outcome, first.tries, first.updated_at) == (Outcome.QUEUED, 0, DAY)
    assert (second.version, second.fields) == ("free", {})


def test_a_person_given_twice_is_queued_once_and_the_suppressed_not_at_all(ledger: Ledger) -> None:
    ledger.suppressions.add(suppression(person(2), "letter"), suppression(person(3, "*")), suppression(person(4), "x"))
    campaign = begun(ledger, [0, 1, 0, 2, 3, 4, 1])
    assert outcomes(ledger, campaign.id) == ["queued", "queued", "suppressed", "suppressed", "suppressed"]


def test_a_list_that_breaks_off_leaves_nothing(ledger: Ledger) -> None:
    def broken() -> Iterator[NewRecipient]:
        yield from readers(*range(10))
        raise Refused

    with pytest.raises(Refused):
        ledger.begin("letter", post(), "uid1", frozen(), broken())
    assert ledger.campaigns() == []
    assert ledger.find("letter", post()) is None


def test_a_begun_post_is_not_begun_again(ledger: Ledger) -> None:
    campaign = begun(ledger)
    with pytest.raises(Conflict, match="begun already") as caught:
        begun(ledger, [9])
    assert caught.value.campaign == campaign
    assert ledger.campaigns() == [campaign]
    assert told(ledger, campaign.id) == {"queued": 5}


def test_campaigns_of_two_newsletters_do_not_know_each_other(ledger: Ledger) -> None:
    begun(ledger)
    other = ledger.begin("other", post(), "uid2", frozen(), readers(1))
    assert ledger.find("other", post()) == other
    assert [campaign.newsletter for campaign in ledger.campaigns()] == ["letter", "other"]
    assert ledger.campaigns("other") == [other]
    assert ledger.newsletters() == ["letter", "other"]


def test_a_name_in_message_ids_is_never_given_twice(ledger: Ledger) -> None:
    first = ledger.begin("letter", post(post_id=""), "uid of the path", frozen(), [])
    ledger.accept_edit(first.id, post(post_id="", path="posts/renamed.md"), frozen())
    new = post(post_id="", title="New", date="2027", body_hash="new")
    with pytest.raises(Refused, match=r"posts/first\.md: another post was mailed from here.*posts/renamed\.md"):
        ledger.begin("letter", new, "uid of the path", frozen(), [])


def test_single_mails_are_promoted_and_keep_who_had_it(ledger: Ledger) -> None:
    single = begun(ledger, [1], state=CampaignState.SINGLE)
    assert (single.state, single.begun_at) == (CampaignState.SINGLE, None)
    with ledger.start_run(single.id) as run:
        mailed(run, 5)
    assert not ledger.finish(single.id, "stamp")
    edited = Frozen(source=b"edited", subject="Edited", versions={"full": b"new"})
    campaign = ledger.begin("letter", post(), "uid1", edited, readers(0, 1, 2))
    assert (campaign.id, campaign.state, campaign.begun_at) == (single.id, CampaignState.SENDING, DAY)
    assert ledger.frozen(campaign.id) == edited
    assert told(ledger, campaign.id) == {"sent": 1, "queued": 2}
    with pytest.raises(Conflict):
        begun(ledger, [7], state=CampaignState.SINGLE)


def test_a_newcomer_is_added_and_those_who_had_or_failed_it_are_not(ledger: Ledger) -> None:
    campaign = begun(ledger, range(6))
    with ledger.start_run(campaign.id) as run:
        for outcome in (Outcome.SENT, Outcome.FAILED, Outcome.UNKNOWN):
            mailed(run, 1, outcome)
    ledger.withdraw(campaign.id, [4])
    ledger.cancel(campaign.id)
    assert outcomes(ledger, campaign.id) == ["sent", "failed", "unknown", "withdrawn", "cancelled", "cancelled"]
    assert ledger.finish(campaign.id, "stamp")
    moved = reader(3, email="new@example.com", version="free", line=99, fields={"a": "b"})
    assert ledger.add(campaign.id, [reader(0), reader(1), reader(2), moved, reader(4), reader(6)]) == 3
    assert outcomes(ledger, campaign.id) == ["sent", "failed", "unknown", "queued", "queued", "cancelled", "queued"]
    row = list(ledger.recipients(campaign.id))[3]
    assert (row.email, row.version, row.line, row.fields) == ("new@example.com", "free", 99, {"a": "b"})
    assert ledger.state(campaign.id) is CampaignState.SENDING


def test_adding_nobody_leaves_a_finished_campaign_finished(ledger: Ledger) -> None:
    campaign = begun(ledger, [1])
    with ledger.start_run(campaign.id) as run:
        mailed(run, 1)
    assert ledger.finish(campaign.id, "stamp")
    assert ledger.add(campaign.id, readers(1)) == 0
    assert ledger.state(campaign.id) is CampaignState.FINISHED


def test_adding_never_revives_a_suppressed_person_until_it_is_removed(ledger: Ledger) -> None:
    ledger.suppressions.add(
        suppression(person(1), "letter"), suppression(person(2, "*")), suppression(person(3), "letter")
    )
    campaign = begun(ledger, [0, 1])
    assert ledger.add(campaign.id, readers(1, 2)) == 0
    assert outcomes(ledger, campaign.id) == ["queued", "suppressed", "suppressed"]
    assert ledger.suppressions.remove(person(1)) == 1
    assert ledger.add(campaign.id, readers(1, 2, 3)) == 1
    assert outcomes(ledger, campaign.id) == ["queued", "queued", "suppressed", "suppressed"]


def test_an_adopted_post_with_its_record_goes_on_to_newcomers(ledger: Ledger) -> None:
    adopted = ledger.adopt("letter", post(), "uid1", "2023-01-01T00:00:00.000Z", readers(0, 1))
    assert (adopted.state, adopted.sent_stamp, adopted.begun_at) == (
        CampaignState.ADOPTED,
        "2023-01-01T00:00:00.000Z",
        None,
    )
    assert told(ledger, adopted.id) == {"sent": 2}
    with pytest.raises(LookupError):
        ledger.frozen(adopted.id)
    campaign = begun(ledger, [0, 1, 2])
    assert campaign.id == adopted.id
    assert told(ledger, campaign.id) == {"sent": 2, "queued": 1}


def test_an_adopted_post_without_a_record_is_mailed_to_nobody(ledger: Ledger) -> None:
    adopted = ledger.adopt("letter", post(), "uid1", "stamp")
    with pytest.raises(Conflict, match="nobody recorded to whom"):
        begun(ledger)
    assert told(ledger, adopted.id) == {}
    assert ledger.adopt("letter", post(), "uid1", "stamp 2", readers(3)).id == adopted.id
    assert told(ledger, adopted.id) == {"sent": 1}


def test_a_post_begun_here_is_not_adopted(ledger: Ledger) -> None:
    begun(ledger)
    with pytest.raises(Conflict, match="known here as sending"):
        ledger.adopt("letter", post(), "uid1", "stamp")


def test_an_edit_is_accepted_for_those_who_wait(ledger: Ledger) -> None:
    campaign = begun(ledger)
    edited = Frozen(source=b"edited", subject="Edited", versions={"full": b"new"})
    ledger.accept_edit(campaign.id, post(body_hash="edited"), edited)
    assert ledger.frozen(campaign.id) == edited
    after = ledger.campaign(campaign.id)
    assert (after.subject, after.uid, after.identity.body_hash) == ("Edited", "uid1", "edited")
    assert after.source_hash == hashlib.sha256(b"edited").hexdigest()


def test_a_campaign_closes_once_everyone_is_settled(ledger: Ledger, clock: StillClock) -> None:
    campaign = begun(ledger, range(2))
    with ledger.start_run(campaign.id) as run:
        mailed(run, 1)
        (claim,) = run.claim(1)
        assert not ledger.finish(campaign.id, "stamp")
        run.hand_over([claim.id])
        assert not ledger.finish(campaign.id, "stamp")
        run.settle([settled(claim, Outcome.DEFERRED)])
        assert not ledger.finish(campaign.id, "stamp")
    ledger.withdraw(campaign.id, [claim.id])
    clock.pass_by(hours=1)
    assert ledger.finish(campaign.id, "stamp")
    after = ledger.campaign(campaign.id)
    assert (after.state, after.sent_stamp, after.stamped) == (CampaignState.FINISHED, "stamp", False)
    assert after.finished_at == clock.now()
    ledger.stamped(campaign.id)
    assert ledger.campaign(campaign.id).stamped
    clock.pass_by(hours=1)
    assert ledger.finish(campaign.id, "a later stamp")
    assert ledger.campaign(campaign.id).sent_stamp == "stamp"
    assert ledger.campaign(campaign.id).finished_at == after.finished_at


def test_a_cancelled_campaign_stays_cancelled_with_its_stamp(ledger: Ledger) -> None:
    campaign = begun(ledger, range(4))
    with ledger.start_run(campaign.id) as run:
        mailed(run, 1, Outcome.DEFERRED)
        first, *_ = run.claim(2)
        run.hand_over([first.id])
        assert ledger.cancel(campaign.id) == 3
        assert outcomes(ledger, campaign.id) == ["cancelled", "handed over", "cancelled", "cancelled"]
        run.settle([settled(first, Outcome.SENT)])
    assert ledger.finish(campaign.id, "stamp")
    after = ledger.campaign(campaign.id)
    assert (after.state, after.sent_stamp) == (CampaignState.CANCELLED, "stamp")


@pytest.mark.parametrize("state", [CampaignState.PAUSED, CampaignState.HELD])
def test_a_campaign_is_paused_and_resumed(ledger: Ledger, clock: StillClock, state: CampaignState) -> None:
    campaign = begun(ledger)
    ledger.set_state(campaign.id, state, "because", clock.now())
    after = ledger.campaign(campaign.id)
    assert (after.state, after.reason, after.wait_until) == (state, "because", clock.now())
    ledger.set_state(campaign.id, CampaignState.SENDING)
    after = ledger.campaign(campaign.id)
    assert (after.state, after.reason, after.wait_until) == (CampaignState.SENDING, "", None)


def test_what_is_over_cannot_be_paused(ledger: Ledger) -> None:
    campaign = begun(ledger, [])
    ledger.finish(campaign.id, "stamp")
    with pytest.raises(Refused, match=r"posts/first\.md: the campaign is finished; it cannot become paused"):
        ledger.set_state(campaign.id, CampaignState.PAUSED)
    with pytest.raises(LookupError):
        ledger.set_state(99, CampaignState.PAUSED)
    with pytest.raises(LookupError):
        ledger.start_run(99)


def test_failed_and_unknown_ones_wait_again_at_a_persons_word(ledger: Ledger) -> None:
    campaign = begun(ledger, range(5))
    with ledger.start_run(campaign.id) as run:
        for outcome in (Outcome.SENT, Outcome.FAILED, Outcome.FAILED, Outcome.UNKNOWN, Outcome.FAILED):
            mailed(run, 1, outcome, code=550)
    ledger.suppressions.add(suppression(person(4, "*")))
    assert ledger.finish(campaign.id, "stamp")
    assert ledger.requeue(campaign.id, [Outcome.FAILED], person(1)) == 1
    assert ledger.state(campaign.id) is CampaignState.SENDING
    assert outcomes(ledger, campaign.id) == ["sent", "queued", "failed", "unknown", "failed"]
    assert ledger.requeue(campaign.id, [Outcome.FAILED]) == 1
    assert ledger.requeue(campaign.id, {Outcome.UNKNOWN}) == 1
    assert outcomes(ledger, campaign.id) == ["sent", "queued", "queued", "queued", "failed"]
    assert list(ledger.recipients(campaign.id))[1].tries == 0
    assert ledger.requeue(campaign.id, [Outcome.SENT], person(0)) == 1
    with pytest.raises(IllegalMove):
        ledger.requeue(campaign.id, [Outcome.HANDED_OVER])


def test_requeueing_leaves_a_paused_campaign_paused(ledger: Ledger) -> None:
    campaign = begun(ledger, range(2))
    with ledger.start_run(campaign.id) as run:
        mailed(run, 1, Outcome.FAILED)
    ledger.set_state(campaign.id, CampaignState.PAUSED)
    assert ledger.requeue(campaign.id, [Outcome.FAILED]) == 1
    assert ledger.state(campaign.id) is CampaignState.PAUSED


def test_only_those_who_wait_are_withdrawn(ledger: Ledger) -> None:
    campaign = begun(ledger, range(4))
    with ledger.start_run(campaign.id) as run:
        mailed(run, 1)
        mailed(run, 1, Outcome.DEFERRED)
        run.claim(1)
        assert dict(ledger.waiting(campaign.id)) == {2: person(1), 4: person(3)}
        assert ledger.withdraw(campaign.id, iter([1, 2, 3, 4, 99])) == 2
        assert outcomes(ledger, campaign.id) == ["sent", "withdrawn", "claimed", "withdrawn"]


def test_rows_are_read_in_list_order_in_any_portion(ledger: Ledger) -> None:
    campaign = begun(ledger, range(25))
    ledger.withdraw(campaign.id, range(1, 26, 2))
    ids = [row.id for row in ledger.recipients(campaign.id)]
    assert ids == list(range(1, 26))
    assert [row.id for row in ledger.recipients(campaign.id, after=20)] == ids[20:]
    assert [row.id for row in ledger.recipients(campaign.id, [Outcome.QUEUED], limit=3)] == [2, 4, 6]
    assert [row.id for row in islice(ledger.recipients(campaign.id), 2)] == [1, 2]
    assert list(ledger.recipients(campaign.id, [Outcome.SENT])) == []


def test_somebodys_history_is_every_campaign_they_were_in(ledger: Ledger) -> None:
    begun(ledger, [0, 1])
    ledger.begin("letter", post(post_id="2", path="b", body_hash="b"), "uid2", frozen(), readers(1))
    ledger.begin("other", post(), "uid3", frozen(), [reader(1, "other")])
    found = ledger.history(lambda newsletter: person(1, newsletter))
    assert [(campaign.uid, row.email) for campaign, row in found] == [
        ("uid1", "reader1@example.com"),
        ("uid2", "reader1@example.com"),
        ("uid3", "reader1@example.com"),
    ]
    newest = ledger.find_recipient(person=person(1))
    assert newest is not None
    assert newest.campaign == 2
    assert ledger.find_recipient(person=b"nobody") is None


def test_a_mail_is_found_by_the_servers_id_and_by_its_message_id(ledger: Ledger) -> None:
    campaign = begun(ledger, range(3))
    with ledger.start_run(campaign.id) as run:
        mailed(run, 1, queue_id="ABC")
    row = ledger.find_by_queue_id("ABC")
    assert row is not None
    assert row.email == "reader0@example.com"
    assert ledger.find_by_queue_id("") is None
    assert ledger.find_by_queue_id("XYZ") is None

    def local_of(uid: str, who: bytes) -> str:
        return f"{uid}.{who.hex()}"

    wanted = [local_of("uid1", person(2)), local_of("uid1", b"nobody"), local_of("uid9", person(1)), "other"]
    found = ledger.find_by_message_ids(wanted, local_of)
    assert {local: row.email for local, row in found.items()} == {wanted[0]: "reader2@example.com"}


def test_single_mails_may_follow_each_other(ledger: Ledger) -> None:
    first = begun(ledger, [1], state=CampaignState.SINGLE)
    with ledger.start_run(first.id, only=person(1)) as run:
        mailed(run, 1)
    second = begun(ledger, [1, 2], state=CampaignState.SINGLE)
    assert (second.id, second.state) == (first.id, CampaignState.SINGLE)
    assert outcomes(ledger, first.id) == ["sent", "queued"]


def test_a_beginning_of_which_nobody_was_tried_is_taken_back(ledger: Ledger) -> None:
    ledger.suppressions.add(suppression(person(1), "letter"))
    campaign = begun(ledger, range(3), list_rows=3)
    with ledger.start_run(campaign.id) as run:
        run.claim(2)
    assert ledger.unbegin(campaign.id, "the login was refused")
    after = ledger.campaign(campaign.id)
    assert (after.state, after.begun_at, after.reason) == (CampaignState.SINGLE, None, "the login was refused")
    assert told(ledger, campaign.id) == {}
    again = begun(ledger, range(4))
    assert (again.id, again.reason) == (campaign.id, "")
    assert told(ledger, campaign.id) == {"queued": 3, "suppressed": 1}


@pytest.mark.parametrize("outcome", [Outcome.SENT, Outcome.FAILED, Outcome.DEFERRED, Outcome.UNKNOWN])
def test_who_was_tried_is_never_dropped_from_the_record(ledger: Ledger, outcome: Outcome) -> None:
    campaign = begun(ledger, [1])
    with ledger.start_run(campaign.id) as run:
        mailed(run, 1, outcome, stage="dot")
        assert not ledger.unbegin(campaign.id, "")
    if outcome is not Outcome.DEFERRED:
        assert ledger.requeue(campaign.id, [outcome]) == 1
    assert not ledger.unbegin(campaign.id, ""), "not even once it is queued again by hand"
    assert sum(told(ledger, campaign.id).values()) == 1


def test_what_was_handed_over_and_put_back_stays_on_record(ledger: Ledger) -> None:
    campaign = begun(ledger, [1])
    with ledger.start_run(campaign.id) as run:
        (claim,) = run.claim(1)
        run.hand_over([claim.id])
        run.put_back([claim.id])
    assert not ledger.unbegin(campaign.id, "")


def test_the_last_list_is_the_one_of_the_last_beginning(ledger: Ledger, clock: StillClock) -> None:
    assert ledger.last_list("letter") is None
    begun(ledger, list_rows=100)
    clock.pass_by(days=1)
    second = post(post_id="2", path="b", body_hash="b", title="B")
    ledger.begin("letter", second, "uid2", frozen(), readers(1), list_rows=120)
    ledger.begin("other", post(), "uid3", frozen(), readers(1), list_rows=7)
    assert ledger.last_list("letter") == 120
    assert ledger.campaign(2).list_rows == 120


def test_an_adopted_campaign_keeps_no_post(ledger: Ledger) -> None:
    adopted = ledger.adopt("letter", post(), "uid1", "stamp", readers(1))
    assert not ledger.keeps_post(adopted.id)
    ledger.accept_edit(adopted.id, post(), frozen())
    assert ledger.keeps_post(adopted.id)
