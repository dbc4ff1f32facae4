"""What is queued for sinks: groups, waiting, repeats, what is over; restarts and failures between any two steps."""

import pytest
from msgspec.structs import replace

from statusdesk.config_alerts import SinkSettings
from tests.alerts.make import HOUR, MINUTE, SECOND, T0
from tests.alerts.post import OVER_A, OVER_B, A, B, Post, alert


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restarting"])
def test_one_alert_is_told_once_and_once_that_it_is_over(restarts):
    post = Post()

    def again() -> None:
        if restarts:
            post.open()
            post.step()

    (row,) = post.step(A)
    assert (row.what, row.why, row.due_ms, row.state) == ("firing", "new", T0 + 30 * SECOND, "queued")
    again()
    assert post.later(29 * SECOND) == []
    again()
    assert post.later(SECOND) == [("firing", "new", ["a firing"])]
    again()
    assert post.later(HOUR) == []
    post.step(OVER_A)
    again()
    assert post.later(30 * SECOND) == [("resolved", "resolved", ["a resolved"])]
    again()
    assert post.later(9 * HOUR) == []
    keys = [row.idempotency_key for row in post.rows.values()]
    assert len(keys) == len(set(keys)) == 2


@pytest.mark.parametrize(("wait_s", "most"), [(1.0, 16), (0.5, 33)])
def test_a_short_wait_groups_as_well(wait_s, most):
    post = Post(group_wait_s=wait_s)
    told = []
    for number in range(64):  # four a second
        post.step(alert(f"app-{number}"))
        told += post.later(250)
    told += post.later(2 * SECOND)
    assert len(told) <= most
    assert set(told[-1][2]) == {f"app-{number} firing" for number in range(64)}


def test_what_stands_behind_another_message_takes_in_what_comes():
    post = Post(group_wait_s=0.0)
    (first,) = post.step(A)
    post.outcome(first, "queued", due_ms=T0 + MINUTE)  # the sink is down
    for number in range(20):
        post.now_ms += SECOND
        post.step(alert(f"app-{number}"))
    assert [row.id for row in post.rows.values() if row.state == "queued"] == [1, 2]
    post.now_ms += MINUTE
    assert [len(names) for _, _, names in post.send_all()] == [1, 21]


def test_what_comes_while_it_waits_goes_into_the_same_message():
    post = Post()
    (first,) = post.step(A)
    post.now_ms += 10 * SECOND
    (again,) = post.step(B, replace(A, summary="more is known"))
    assert (again.id, again.due_ms) == (first.id, first.due_ms)
    assert again.idempotency_key != first.idempotency_key, "who has had the first would not hear of the rest"
    assert post.later(20 * SECOND) == [("firing", "new", ["a firing", "b firing"])]
    assert [each.summary for each in post.rows[1].alerts] == ["more is known", ""]


def test_what_is_over_before_it_is_told_is_not_told():
    post = Post()
    post.step(A)
    (dropped,) = post.step(OVER_A)
    assert dropped.state == "dropped"
    assert post.later(HOUR) == []
    assert post.step(replace(A, started_ms=T0 + 5))[0].id == 2


def test_what_is_over_and_comes_again_before_anybody_heard_is_no_news():
    post = Post()
    post.step(A)
    post.later(MINUTE)
    post.step(OVER_A)
    post.step(A)
    assert post.later(HOUR) == []


def test_a_message_that_is_nearly_due_is_left_alone():
    post = Post()
    post.step(A)
    post.now_ms += 29_500
    (second,) = post.step(B)
    assert second.id == 2 and [each.fingerprint for each in second.alerts] == ["b", "a"]
    assert post.later(MINUTE) == [("firing", "new", ["a firing"]), ("firing", "changed", ["b firing", "a firing"])]


def test_others_in_the_group_are_named_and_what_is_over_goes_with_what_fires():
    post = Post()
    post.step(A)
    post.later(MINUTE)
    post.step(B)
    assert post.later(MINUTE) == [("firing", "changed", ["b firing", "a firing"])], "what is new stands first"
    post.step(OVER_A)
    assert post.later(MINUTE) == [("firing", "resolved", ["a resolved", "b firing"])]
    post.step(OVER_B)
    assert post.later(MINUTE) == [("resolved", "resolved", ["b resolved"])]


def test_repeats_stop_when_somebody_has_it_and_begin_again_when_it_is_given_back():
    post = Post()
    post.step(A)
    post.later(MINUTE)
    assert post.later(4 * HOUR) == [("firing", "repeat", ["a firing"])]
    post.step(replace(A, acked_by="kim"))
    assert post.later(9 * HOUR) == []
    post.open()
    assert post.later(9 * HOUR) == []
    post.step(A)
    assert post.later(SECOND) == [("firing", "repeat", ["a firing"])]
    post.step(replace(A, acked_by="kim"))
    post.step(OVER_A)
    assert post.later(MINUTE) == [("resolved", "resolved", ["a resolved"])]


STALE_A = alert("a", stale_since_ms=T0 + MINUTE)


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restarting"])
def test_what_cannot_be_read_is_not_repeated_before_it_is_known_to_hold(restarts):
    post = Post(repeat_s=25.0)
    post.step(A)
    assert post.later(30 * SECOND) == [("firing", "new", ["a firing"])]
    post.step(STALE_A)
    if restarts:
        post.open()
    assert post.later(25 * SECOND) == post.later(HOUR) == []
    post.step(A)
    assert post.send_all() == [("firing", "repeat", ["a firing"])]
    assert post.later(25 * SECOND) == [("firing", "repeat", ["a firing"])]
    post.step(STALE_A)
    assert post.later(HOUR) == []
    post.step(OVER_A)
    assert post.later(30 * SECOND) == [("resolved", "resolved", ["a resolved"])]


def test_a_sink_that_is_new_hears_of_what_cannot_be_read_when_it_is_known_to_hold():
    post = Post()
    post.active["a"] = STALE_A
    post.open()
    assert post.later(HOUR) == post.later(HOUR) == []
    post.step(A)
    assert post.later(30 * SECOND) == [("firing", "new", ["a firing"])]


def test_what_was_to_be_told_before_its_source_failed_is_told():
    post = Post()
    post.step(A)
    assert post.later(5 * SECOND) == []
    post.step(STALE_A)
    assert post.later(25 * SECOND) == [("firing", "new", ["a firing"])]


def test_one_that_is_taken_is_named_beside_a_new_one():
    post = Post()
    post.step(A)
    post.later(MINUTE)
    post.step(replace(A, acked_by="kim"), B)
    assert post.later(MINUTE) == [("firing", "changed", ["b firing", "a firing"])]
    post.open()
    post.step(OVER_A)
    assert post.later(MINUTE) == [("firing", "resolved", ["a resolved", "b firing"])]


def test_what_is_silenced_is_told_when_the_silence_ends():
    post = Post()
    post.step(replace(A, silenced_by="s1"))
    assert post.rows == {}
    post.later(HOUR)
    post.step(A)
    assert post.later(MINUTE) == [("firing", "new", ["a firing"])]


def test_one_that_is_taken_while_it_waits_is_not_told():
    post = Post()
    post.step(A)
    post.step(replace(A, acked_by="kim"))
    assert post.rows[1].state == "dropped" and post.later(HOUR) == []


def test_each_sink_has_its_own_way():
    page = SinkSettings(name="page", type="webhook", min_severity="critical", group_wait_s=0.0, repeat_s=0.0)
    chat = SinkSettings(name="chat", type="slack", send_resolved=False)
    am = SinkSettings(name="am", type="alertmanager", urls=("http://am",))
    post = Post(page, chat, am)
    worse = alert("c", severity="critical", namespace="shop")
    post.step(A, worse)
    assert {(row.sink, row.due_ms - T0) for row in post.rows.values()} == {("page", 0), ("chat", 30_000)}
    post.later(MINUTE)
    post.step(OVER_A, replace(worse, state="resolved"))
    post.later(MINUTE)
    assert [row.sink for row in post.rows.values() if row.what == "resolved"] == ["page"]
    post.step(A)
    assert post.later(MINUTE) == [("firing", "new", ["a firing"])], "again, though nobody was told that it was over"
    post.step(OVER_A)
    post.later(MINUTE)
    post.open()
    post.step(A)
    assert post.later(MINUTE) == [("firing", "new", ["a firing"])]


def test_five_hundred_at_once_are_a_handful_of_messages():
    post = Post()
    alerts = [alert(f"app-{n}", namespace=("staging", "testing", "shop")[n % 3]) for n in range(500)]
    post.step(*alerts)
    told = post.later(MINUTE)
    assert sorted(len(each) for _, _, each in told) == [166, 167, 167]
    post.step(*(replace(each, state="resolved") for each in alerts))
    assert len(post.later(MINUTE)) == 3
    assert post.later(9 * HOUR) == []


def test_pending_alerts_are_nobodys_business():
    post = Post()
    assert post.step(alert("p", "pending")) == []
