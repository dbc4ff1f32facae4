"""What is taken, silenced or flapping in a group of which others are told: counted, and never told again."""

import pytest
from msgspec.structs import replace

from statusdesk.config_alerts import SinkSettings
from statusdesk.states_alerts import RENAMED
from tests.alerts.make import HOUR, MINUTE
from tests.alerts.post import OVER_A, OVER_B, A, B, Post, alert

C, OVER_C = alert("c"), alert("c", "resolved")
TAKEN, SILENCED = replace(A, acked_by="kim"), replace(B, silenced_by="s1")
NAMED = "warning RolloutFailing staging/"


def told(*alerts, sinks=(), **settings) -> Post:
    post = Post(*sinks, **settings)
    post.step(*alerts)
    post.later(MINUTE)
    return post


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restarting"])
def test_a_new_one_is_the_headline_and_what_is_muted_is_counted(restarts):
    post = told(A, B)
    post.step(TAKEN, SILENCED)
    if restarts:
        post.open()
    post.step(C)
    assert post.told(MINUTE) == [(f"[FIRING] {NAMED}c; besides 1 taken, 1 silenced", ["c firing"])]
    post.step(OVER_C)
    assert post.told(MINUTE) == [(f"[RESOLVED] {NAMED}c; besides 1 taken, 1 silenced", ["c resolved"])]
    assert post.told(9 * HOUR) == []


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restarting"])
def test_that_a_silenced_one_is_over_is_told_to_nobody_but_who_keeps_incidents(restarts):
    sinks = SinkSettings(name="desk", type="slack"), SinkSettings(name="page", type="pagerduty")
    post = Post(*sinks)
    post.step(B, C)
    post.later(MINUTE)
    post.step(SILENCED)
    post.step(replace(OVER_B, silenced_by="s1"))
    if restarts:
        post.open()
        post.step()
    assert [names for _, names in post.told(9 * HOUR)][0] == ["b resolved"]
    assert {row.sink for row in post.rows.values() if row.why == "resolved"} == {"page"}
    if restarts:
        post.open()
    post.step(B)
    titles = sorted(title for title, _ in post.told(MINUTE))
    assert titles == [f"[FIRING] {NAMED}b", f"[FIRING] {NAMED}b; besides 1 firing"], "it is new when it comes again"


def test_that_a_taken_one_is_over_is_told():
    post = told(A, B)
    post.step(TAKEN, SILENCED)
    post.step(replace(OVER_A, acked_by="kim"))
    assert post.told(MINUTE) == [(f"[RESOLVED] {NAMED}a; besides 1 silenced", ["a resolved"])]


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restarting"])
@pytest.mark.parametrize("elsewhere", [False, True], ids=["", "in another group"])
def test_that_a_taken_one_is_over_is_told_though_it_went_on_under_other_labels(restarts, elsewhere):
    heir = alert("d", namespace="audit" if elsewhere else "staging", acked_by="kim")
    sinks = SinkSettings(name="desk", type="slack"), SinkSettings(name="page", type="pagerduty")
    post = told(A, B, sinks=sinks)
    post.step(TAKEN)
    post.step(heir, replace(OVER_A, acked_by="kim", ended_by=RENAMED), handed_on=[("a", "d")])
    if restarts:
        post.open()
    assert post.told(MINUTE) == [(f"[ENDED] {NAMED}a", ["a resolved"])]
    assert {row.sink for row in post.rows.values() if row.why == "resolved"} == {"page"}
    if restarts:
        post.open()
    post.step(replace(heir, state="resolved"))
    besides = "" if elsewhere else "; besides 1 firing"
    named = NAMED.replace("staging", heir.namespace)
    assert [title for title, _ in post.told(MINUTE)] == [f"[RESOLVED] {named}d{besides}"]
    assert post.told(2 * MINUTE) == []


def test_what_was_never_told_is_not_told_to_be_over_as_what_it_has_become():
    post = Post()
    post.step(replace(A, acked_by="kim"))
    heir = alert("d", acked_by="kim")
    post.step(heir, replace(OVER_A, acked_by="kim", ended_by=RENAMED), handed_on=[("a", "d")])
    post.step(replace(heir, state="resolved"))
    assert post.told(HOUR) == []


def test_what_flaps_is_told_once_and_then_counted_and_not_repeated():
    flaps = replace(A, flapping=True)
    post = told(flaps)
    assert [row.news for row in post.rows.values()] == [("a",)]
    assert post.told(9 * HOUR) == []
    post.step(B)
    assert post.told(MINUTE) == [(f"[FIRING] {NAMED}b; besides 1 flapping", ["b firing"])]
    assert post.told(4 * HOUR) == [(f"[FIRING, still] {NAMED}b; besides 1 flapping", ["b firing"])]
    post.step(OVER_B)
    post.later(MINUTE)
    post.step(A)
    assert post.told(5 * HOUR) == [(f"[FIRING, still] {NAMED}a", ["a firing"])], "it holds: it is repeated again"


def test_a_token_that_is_told_again_as_it_hits_more_is_the_headline():
    gone = alert("t", severity="critical", hits=("shop/orders",))
    post = told(A, gone)
    post.step(replace(gone, critical_hits=("shop/orders",)), TAKEN)
    (row,) = [row for row in post.rows.values() if row.state == "queued"]
    assert row.news == ("t",)
    assert post.told(MINUTE) == [("[FIRING] critical RolloutFailing staging/t; besides 1 taken", ["t firing"])]
