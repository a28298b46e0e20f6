"""By what a post is known again: promise 8, without a database."""

from __future__ import annotations

import hashlib

import pytest

from newsletter_cli.ledger.model import Campaign, PostIdentity
from newsletter_cli.ledger.recognise import Conflict, by_body_alone, recognise
from newsletter_cli.ledger.states import CampaignState
from newsletter_cli.problems import Refused
from tests.doubles.ledgers import post


def known(identity: PostIdentity, number: int = 1) -> Campaign:
    return Campaign(
        id=number,
        uid=f"uid{number}",
        newsletter="letter",
        identity=identity,
        state=CampaignState.FINISHED,
        subject=identity.title,
        begun_at=None,
        finished_at=None,
    )


SENT = known(post())
WITHOUT_ID = known(post(post_id=""))


@pytest.mark.parametrize(
    ("now", "before"),
    [
        pytest.param(post(), SENT, id="untouched"),
        pytest.param(post(path="posts/renamed.md"), SENT, id="renamed"),
        pytest.param(post(title="Other"), SENT, id="a new title"),
        pytest.param(post(body_hash="edited"), SENT, id="edited"),
        pytest.param(post(path="posts/renamed.md", body_hash="edited"), SENT, id="renamed and edited"),
        pytest.param(post(path="posts/renamed.md", title="New", date="2027"), SENT, id="renamed, the same body"),
        pytest.param(post(body_hash="b", title="New", date="2027"), SENT, id="all new, the same post_id and path"),
        pytest.param(post(post_id=""), WITHOUT_ID, id="no post_id: the path"),
        pytest.param(post(post_id="", body_hash="edited"), WITHOUT_ID, id="no post_id, edited"),
        pytest.param(post(post_id="", title="New", date="2027"), WITHOUT_ID, id="no post_id, a new head"),
        pytest.param(post(post_id="", path="posts/renamed.md"), WITHOUT_ID, id="no post_id, renamed: the body"),
        pytest.param(post(post_id="", path="posts/b.md", title="New"), WITHOUT_ID, id="renamed, a new title"),
        pytest.param(post(post_id="", path="posts/b.md", date="2027"), WITHOUT_ID, id="renamed, a new date"),
        pytest.param(post(post_id="", path="b", title="B", date=""), known(post(post_id="", date="")), id="no dates"),
        pytest.param(post(post_id="new"), WITHOUT_ID, id="given a post_id since"),
        pytest.param(post(post_id=""), SENT, id="its post_id lost"),
        pytest.param(post(post_id="new"), SENT, id="another post_id on the same body at the same path"),
        pytest.param(post(post_id="new", path="posts/b.md"), SENT, id="another post_id and path, all else the same"),
    ],
)
def test_it_is_the_post_that_was_mailed(now: PostIdentity, before: Campaign) -> None:
    assert recognise(now, [before]) is before


@pytest.mark.parametrize(
    ("now", "before"),
    [
        pytest.param(post(post_id="2", path="posts/b.md", body_hash="b"), SENT, id="nothing shared"),
        pytest.param(post(post_id="", path="posts/b.md", body_hash="b"), WITHOUT_ID, id="only the title shared"),
        pytest.param(post(post_id="2", path="posts/b.md", title="Reminder"), SENT, id="an own post_id, the same body"),
        pytest.param(post(post_id="", path="b", title="B", date="2027"), WITHOUT_ID, id="a short body come again"),
        pytest.param(post(post_id="2", path="b", title="B", date="2027"), WITHOUT_ID, id="the same, with a post_id"),
    ],
)
def test_it_is_a_new_post(now: PostIdentity, before: Campaign) -> None:
    assert recognise(now, [before]) is None


def test_two_posts_without_a_word_are_two_posts() -> None:
    empty = hashlib.sha256(b"").hexdigest()
    before = known(post(post_id="", body_hash=empty))
    assert recognise(post(post_id="", path="posts/b.md", body_hash=empty), [before]) is None


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(post(path="posts/b.md", body_hash="b", title="B", date="2027"), id="one post_id in two files"),
        pytest.param(post(post_id="2", body_hash="b"), id="a path that holds a post of another post_id"),
    ],
)
def test_a_collision_names_both(now: PostIdentity) -> None:
    with pytest.raises(Conflict) as caught:
        recognise(now, [SENT])
    assert isinstance(caught.value, Refused)
    assert caught.value.campaign is SENT
    (problem,) = caught.value.problems
    assert problem.file == now.path
    assert "'First'" in problem.text
    assert problem.hint


def test_a_path_that_holds_another_post_is_a_collision_without_post_ids_too() -> None:
    with pytest.raises(Conflict):
        recognise(post(post_id="", body_hash="b", title="B", date="2027"), [WITHOUT_ID])
    with pytest.raises(Conflict):
        recognise(post(post_id="", body_hash="b", title="B", date=""), [known(post(post_id="", date=""))])


def test_an_edit_of_a_post_without_title_and_date_is_an_edit() -> None:
    before = known(post(post_id="", title="", date=""))
    assert recognise(post(post_id="", title="", date="", body_hash="edited"), [before]) is before


def test_post_id_goes_before_path_and_path_before_body() -> None:
    by_id = known(post(path="posts/x.md", body_hash="x"), 1)
    by_path = known(post(post_id="", body_hash="y", title="Y"), 2)
    by_body = known(post(post_id="", path="posts/z.md"), 3)
    assert recognise(post(title="First"), [by_body, by_path, by_id]) is by_id
    assert recognise(post(post_id="", date="2026-01-01"), [by_body, by_path]) is by_path
    assert recognise(post(post_id="", path="posts/w.md"), [by_body, by_path]) is by_body


def test_of_several_campaigns_the_newest_counts() -> None:
    assert recognise(post(post_id=""), [WITHOUT_ID, known(post(post_id=""), 2)]) == known(post(post_id=""), 2)


def test_of_several_posts_of_one_body_the_one_with_the_same_head_counts() -> None:
    first = known(post(post_id="", path="posts/23.md"), 1)
    second = known(post(post_id="", path="posts/24.md", date="2026-01-08"), 2)
    assert recognise(post(post_id="", path="posts/renamed.md"), [first, second]) is first
    assert recognise(post(post_id="", path="posts/renamed.md", date="2026-01-08"), [first, second]) is second


def test_only_the_body_is_told_from_a_post_id_and_a_path() -> None:
    assert by_body_alone(post(post_id="", path="posts/b.md"), SENT.identity)
    assert by_body_alone(post(post_id="2", path="posts/b.md"), SENT.identity)
    assert by_body_alone(post(post_id="", path="posts/b.md"), WITHOUT_ID.identity)
    assert not by_body_alone(post(path="posts/b.md"), SENT.identity)
    assert not by_body_alone(post(post_id=""), SENT.identity)
