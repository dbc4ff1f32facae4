"""What sinks were told under other settings: what still fires is never told as over, however they change."""

import pytest
from msgspec.structs import replace

from statusdesk.alerts.dedup import group_of, key_of
from statusdesk.config_alerts import SinkSettings
from statusdesk.states_alerts import CARRIED, RENAMED
from tests.alerts.make import HOUR, MINUTE, T0
from tests.alerts.post import OVER_A, OVER_B, A, B, Post, alert

SLACK, PD = SinkSettings(name="chat", type="slack"), SinkSettings(name="pd", type="pagerduty")
APP, SEVERITY = ("alertname", "app"), ("severity",)


def again(post: Post, *sinks: SinkSettings, group_by: tuple[str, ...] | None = None) -> list:
    """Begin anew with other settings; return what is told within an hour."""
    if group_by is not None:
        post.settings = replace(post.settings, group_by=group_by)
    post.sinks = sinks or post.sinks
    post.open()
    return post.told(0) + post.told(HOUR)


def as_older(post: Post, *group_by: str) -> None:
    """Have the store as an older collector left it, which told PagerDuty of groups."""
    for row in post.rows.values():
        labels = group_of(row.alerts[0], group_by)
        post.rows[row.id] = replace(row, group_labels=labels, group_key=key_of(labels))


def test_incidents_that_were_opened_group_by_group_are_closed_one_by_one():
    post = Post(PD)
    post.step(A, B)
    post.later(MINUTE)
    first, second = post.rows.pop(1), post.rows.pop(2)
    post.rows[2] = replace(second, fingerprints=("a", "b"), alerts=(*first.alerts, *second.alerts))
    as_older(post, "alertname", "namespace")
    assert again(post) == [], "nobody hears of what is open"
    post.step(OVER_A, alert("c"))
    assert sorted(told for _, told in post.told(MINUTE)) == [["a resolved"], ["c firing"]]
    post.step(OVER_B)
    assert [told for _, told in again(post)] == [["b resolved"]] and again(post) == []


@pytest.mark.parametrize("sink", [SLACK, PD], ids=["slack", "pagerduty"])
def test_what_fires_is_carried_over_to_its_new_group_and_its_end_is_told_once(sink):
    post = Post(sink, repeat_s=0.0)
    post.step(A)
    post.later(MINUTE)
    for group_by in (SEVERITY, APP, ("alertname", "cluster"), SEVERITY, APP):
        assert again(post, group_by=group_by) == []
    assert again(post) == [], "nothing has changed now"
    post.step(OVER_A)
    assert post.told(MINUTE) == [("[RESOLVED] warning RolloutFailing staging/a", ["a resolved"])]
    for group_by in (SEVERITY, APP, ("alertname", "cluster")):
        assert again(post, group_by=group_by) == [], "what was told to be over is not told again of an older group"


def test_what_was_told_in_two_groups_is_one_that_hears_of_what_is_new_and_repeats():
    post = Post(SLACK, group_by=APP)
    post.step(A, B)
    post.later(MINUTE)
    assert again(post, group_by=SEVERITY) == []
    assert [title for title, _ in post.told(4 * HOUR)] == [
        "[FIRING, still] warning RolloutFailing staging/a and 1 more"
    ]
    post.step(alert("c"))
    ((title, told),) = post.told(MINUTE)
    assert title == "[FIRING] warning RolloutFailing staging/c; besides 2 firing" and told[0] == "c firing"


def test_what_waits_under_the_old_settings_is_told_once_under_the_new():
    post = Post(PD)
    post.step(A)
    post.later(MINUTE)
    post.step(OVER_A, B)
    post.step(replace(A, started_ms=T0 + 5))
    assert [told for _, told in again(post, group_by=APP)] == [["b firing"]]
    post.step(OVER_A)
    assert [told for _, told in again(post, group_by=SEVERITY)] == [["a resolved"]]


def test_what_was_being_sent_when_the_settings_changed_hears_its_end():
    post = Post(PD)
    post.step(A)
    post.now_ms += MINUTE  # it may have left
    post.step(OVER_A)
    as_older(post, *APP)
    assert [told for _, told in again(post)] == [["a resolved"]]
    assert again(post, group_by=SEVERITY) == []


def test_of_what_has_certainly_not_left_when_the_settings_changed_nobody_hears_the_end():
    post = Post(PD)
    post.step(A)
    post.unsent = {row.id for row in post.rows.values()}
    post.now_ms += MINUTE
    post.active.clear()
    post.ended["a"] = OVER_A  # it was over before the process began that would have told it
    assert again(post, group_by=APP) == []
    assert [row.state for row in post.rows.values()] == ["dropped"]


@pytest.mark.parametrize("change", [{"stages": ("testing",)}, {"min_severity": "critical"}], ids=["stages", "severity"])
def test_a_sink_that_takes_less_hears_no_more_of_what_it_was_told(change):
    post = Post(SLACK)
    fires = replace(A, stage="staging")
    post.step(fires, replace(B, stage="testing", severity="critical"))
    post.later(MINUTE)
    assert again(post, replace(SLACK, **change)) == []
    post.step(replace(fires, state="resolved"))
    assert post.told(HOUR) == [] and again(post) == []
    post.step(fires)
    ((_, told),) = again(post, SLACK)
    assert told == ["a firing", "b firing"], "it takes it again: that is news to it"


def test_what_waits_for_a_sink_that_takes_less_is_not_sent():
    post = Post(SLACK)
    post.step(A)
    assert again(post, replace(SLACK, min_severity="critical")) == []
    assert [row.state for row in post.rows.values()] == ["dropped"]


def test_an_incident_that_is_open_hears_its_end_though_the_sink_takes_less_now():
    post = Post(PD)
    post.step(A, replace(B, severity="critical"))
    post.later(MINUTE)
    less = replace(PD, min_severity="critical")
    assert again(post, less) == []
    assert [told for _, told in post.told(4 * HOUR)] == [["b firing"]], "no more of it than that"
    post.step(alert("c"), alert("d", severity="critical"))
    assert [told for _, told in again(post, group_by=SEVERITY)] == [["d firing"]]
    post.step(OVER_A)
    assert [told for _, told in again(post, group_by=APP)] == [["a resolved"]]


def test_what_waits_beside_an_incident_that_is_kept_open_is_sent_as_it_was():
    post = Post(PD)
    post.step(A)
    post.later(MINUTE)
    assert again(post, replace(PD, min_severity="critical")) == []
    post.step(alert("d", severity="critical"))
    (waiting,) = [row for row in post.rows.values() if row.state == "queued"]
    assert waiting.fingerprints == ("d",)
    assert [told for _, told in again(post)] == [["d firing"]]
    sent = post.rows[waiting.id]
    assert (sent.state, sent.idempotency_key) == ("sent", waiting.idempotency_key), "it may have left before"


def test_what_goes_on_under_other_labels_ends_in_silence_but_for_pagerduty():
    post = Post(SLACK, PD)
    post.step(A)
    post.later(MINUTE)
    post.step(replace(OVER_A, ended_by=RENAMED))
    assert [(row.sink, row.state) for row in post.rows.values() if row.state == "queued"] == [("pd", "queued")]
    assert [told for _, told in post.told(HOUR)] == [["a resolved"]]
    assert again(post) == []
    post.ended.clear()  # as the store forgets it, in time
    assert again(post) == []


def test_nothing_is_said_to_be_carried_while_the_settings_stay():
    post = Post(SLACK, PD)
    post.step(A)
    post.later(MINUTE)
    again(post)
    assert not [row for row in post.rows.values() if row.why == CARRIED]
    again(post, group_by=SEVERITY)
    carried = [row for row in post.rows.values() if row.why == CARRIED]
    assert {(row.sink, row.what, row.state, row.sent_ms) for row in carried} == {
        (sink, what, "sent", at_ms)
        for sink in ("chat",)
        for what, at_ms in (("firing", T0 + MINUTE), ("resolved", carried[0].created_ms))
    }, "incidents are not grouped"
