"""What was refused, given up, dropped or never tried: it is neither lost nor told for ever."""

import pytest
from msgspec.structs import replace

from statusdesk.alerts.telling import Refusal
from statusdesk.config_alerts import SinkSettings
from tests.alerts.make import HOUR, MINUTE, SECOND, T0
from tests.alerts.post import OVER_A, OVER_B, A, B, Post


def test_a_message_that_is_tried_again_keeps_its_place_and_what_follows_waits_behind_it():
    post = Post()
    (row,) = post.step(A)
    post.now_ms += MINUTE
    post.outcome(row, "queued", last_error="500", due_ms=post.now_ms + 5_000)
    (over,) = post.step(OVER_A)
    assert (over.id, over.what) == (2, "resolved")
    assert post.rows[1].last_error == "500"
    post.open()
    assert [each.id for each in post.outbox.unsent] == [1, 2]
    assert [told[0] for told in post.later(MINUTE)] == ["firing", "resolved"]


@pytest.mark.parametrize("state", ["failed", "quarantined"])
def test_what_was_given_up_is_not_resolved_and_tried_again_when_it_would_be_repeated(state):
    post = Post()
    (row,) = post.step(A)
    post.now_ms += MINUTE
    post.outcome(row, "queued", due_ms=post.now_ms)
    post.step(B)
    post.outcome(row, state, last_error="404")
    assert post.rows[2].state == "dropped", "it spoke of one that nobody was told of"
    post.step()
    assert post.later(MINUTE)[0][2] == ["b firing", "a firing"], "the other one is told"
    post.step(OVER_B)
    post.later(MINUTE)
    post.step(OVER_A)
    post.later(MINUTE)
    lonely = Post()
    (row,) = lonely.step(A)
    lonely.now_ms += MINUTE
    lonely.outcome(row, state)
    assert lonely.later(HOUR) == []
    assert lonely.later(3 * HOUR) == [] and lonely.later(MINUTE) == [("firing", "new", ["a firing"])]
    other = Post()
    (row,) = other.step(A)
    other.now_ms += MINUTE
    other.outcome(row, state)
    other.step(OVER_A)
    assert other.later(9 * HOUR) == []


def test_what_fired_while_nobody_was_to_be_told_is_told_by_the_next_who_tells():
    post = Post()
    post.active = {"a": A}
    post.open()
    assert post.later(0) == [] and post.later(MINUTE) == [("firing", "new", ["a firing"])]
    post.active = {}
    post.open()
    post.step()
    assert post.later(MINUTE) == [("resolved", "resolved", ["a resolved"])]


def test_a_sink_that_has_left_the_configuration_gets_nothing_more():
    post = Post()
    post.step(A)
    post.sinks = (SinkSettings(name="new", type="jsonl"),)
    post.open()
    post.step()
    assert post.rows[1].state == "dropped"
    assert post.later(MINUTE) == [("firing", "new", ["a firing"])] and post.rows[2].sink == "new"


def test_one_alert_that_is_refused_is_kept_in_quarantine():
    post = Post(SinkSettings(name="am", type="alertmanager", urls=("http://am",)))
    post.step(A)
    (row,) = post.outbox.hear([Refusal(sink="am", alert=A, error="400: invalid label set", at_ms=T0)])
    assert (row.id, row.state, row.last_error, row.alerts) == (1, "quarantined", "400: invalid label set", (A,))
    assert post.later(9 * HOUR) == [] and post.outbox.unsent == []


@pytest.mark.parametrize("state", ["failed", "quarantined"])
def test_that_something_is_over_is_not_told_again_for_ever_when_it_is_refused(state):
    post = Post()
    post.step(A)
    assert len(post.later(30 * SECOND)) == 1
    (over,) = post.step(OVER_A)
    post.now_ms += 30 * SECOND
    post.outcome(over, state)
    assert post.later(SECOND) == post.later(MINUTE) == post.later(9 * HOUR) == []
    post.step(replace(A, started_ms=post.now_ms))
    assert post.later(30 * SECOND) == [("firing", "new", ["a firing"])]


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restarting"])
def test_what_comes_into_a_message_while_it_is_sent_is_told_by_the_next(restarts):
    post = Post()
    (sent,) = post.step(A)
    post.now_ms += SECOND
    (amended,) = post.step(B)
    assert amended.id == sent.id
    post.outcome(amended, sent=sent)
    assert post.rows[sent.id].fingerprints == ("a",)
    assert post.rows[sent.id].idempotency_key == sent.idempotency_key != amended.idempotency_key
    if restarts:
        post.open()
    assert post.later(SECOND) == []
    assert post.later(30 * SECOND) == [("firing", "changed", ["b firing", "a firing"])]


def test_what_went_out_though_it_was_dropped_is_told_to_be_over():
    post = Post()
    (sent,) = post.step(A)
    (dropped,) = post.step(OVER_A)
    assert dropped.state == "dropped"
    post.outcome(sent, sent=sent)
    assert post.rows[sent.id].state == "sent"
    post.step()
    assert post.later(30 * SECOND) == [("resolved", "resolved", ["a resolved"])]
    assert post.later(9 * HOUR) == []


def test_what_was_dropped_and_not_sent_is_no_matter():
    post = Post()
    (sent,) = post.step(A)
    post.step(OVER_A)
    post.outcome(sent, "queued", sent=sent, due_ms=post.now_ms + 1)
    post.outcome(sent, "failed", sent=sent)
    assert post.rows[sent.id].state == "dropped" and post.later(HOUR) == []


def test_a_dry_run_leaves_the_messages_of_the_real_sinks_and_drops_those_of_dry_runs_before():
    post = Post()
    (real,) = post.step(A)
    old = replace(real, id=2, sink="dry-run-1-desk")
    post.rows[2] = old
    post.sinks = (SinkSettings(name="dry-run-2-desk", type="jsonl"),)
    post.open()
    post.step()
    assert post.rows[real.id].state == "queued" and post.rows[2].state == "dropped"
    post.sinks = (SinkSettings(name="desk", type="jsonl"),)
    post.open()
    assert post.later(30 * SECOND) == [("firing", "new", ["a firing"])]
    assert [row.state for row in post.rows.values()] == ["sent", "dropped", "dropped"]
