"""Incidents, which stay open until their own end is told: each is told, tried again, given up and closed by itself."""

import pytest
from msgspec.structs import replace

from statusdesk.config_alerts import SinkSettings
from tests.alerts.make import HOUR, MINUTE, T0
from tests.alerts.post import OVER_A, OVER_B, A, B, Post, alert

PD = SinkSettings(name="pd", type="pagerduty")
C = alert("c")


def named(post: Post, ms: int = MINUTE) -> list[list[str]]:
    return [told for _, told in post.told(ms)]


def begun_anew(post: Post, restarts: bool) -> None:
    if restarts:
        post.open()
        post.step()


def test_only_what_has_changed_of_a_group_is_told():
    post = Post(PD)
    post.step(A, B)
    assert named(post) == [["a firing"], ["b firing"]]
    post.step(C, OVER_A)
    assert sorted(named(post)) == [["a resolved"], ["c firing"]]
    assert named(post, 3 * HOUR) == []
    assert sorted(named(post, HOUR)) == [["b firing"], ["c firing"]], "again after four hours, each by itself"
    post.step(replace(B, severity="critical", critical_hits=("shop/orders",)))
    assert named(post) == [["b firing"]], "it hits more than was told"


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restarting"])
def test_one_that_was_given_up_may_be_open_and_is_closed(restarts):
    post = Post(PD)
    first, _ = post.step(A, B)
    post.now_ms += MINUTE
    post.outcome(first, "failed", last_error="no answer within 5 s")
    assert named(post) == [["b firing"]]
    begun_anew(post, restarts)
    assert named(post, HOUR) == [], "it is not tried again before it would be repeated"
    post.step(OVER_A)
    assert named(post) == [["a resolved"]] and named(post, HOUR) == []


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restarting"])
def test_that_it_is_over_is_tried_until_it_is_taken(restarts):
    post = Post(PD)
    post.step(A)
    post.later(MINUTE)
    (over,) = post.step(OVER_A)
    for _ in range(3):
        post.now_ms += MINUTE
        post.outcome(over, "failed", last_error="no connection")
        (over,) = post.step()
        begun_anew(post, restarts)
    assert named(post) == [["a resolved"]] and named(post, HOUR) == []


def test_one_that_could_not_be_closed_and_is_bad_again_is_opened_anew():
    post = Post(PD)
    post.step(A)
    post.later(MINUTE)
    (over,) = post.step(OVER_A)
    post.now_ms += MINUTE
    post.step(replace(A, started_ms=T0 + MINUTE))
    post.outcome(over, "failed", last_error="no connection")
    post.step()
    assert named(post) == [["a firing"]]


@pytest.mark.parametrize("state", ["failed", "quarantined"])
def test_what_was_refused_for_good_is_not_closed_again_and_again(state):
    post = Post(PD)
    (row,) = post.step(A)
    post.now_ms += MINUTE
    post.outcome(row, "quarantined", last_error="400")
    post.step(OVER_A)
    assert named(post, 9 * HOUR) == []
    post.step(B)
    post.later(MINUTE)
    (over,) = post.step(OVER_B)
    post.now_ms += MINUTE
    post.outcome(over, state, last_error="400")
    assert bool(post.step()) == (state == "failed")


def test_one_that_was_overtaken_by_its_end_is_closed_all_the_same():
    """An earlier process may have sent it and have been killed before it could say so."""
    post = Post(PD)
    (row,) = post.step(A)
    post.now_ms += MINUTE
    (over,) = post.step(OVER_A)
    post.outcome(row, "dropped")
    post.step()
    assert post.rows[row.id].state == "dropped" and post.rows[over.id].state == "queued"
    assert named(post) == [["a resolved"]] and named(post, 9 * HOUR) == []
