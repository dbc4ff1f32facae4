"""When a sink is told again: the table, like Alertmanager's own; and which sink takes what."""

import pytest

from statusdesk.alerts.dedup import Told, due, group_of, is_due, key_of, wanted
from statusdesk.alerts.tuning import Tuning
from statusdesk.config_alerts import SinkSettings
from statusdesk.states_alerts import WATCHDOG, AlertState, Notification
from tests.alerts.make import config, rule

HOUR = 3_600_000


def told(*firing: str, at_ms: int = 0) -> Told:
    return Told(frozenset(firing), at_ms)


@pytest.mark.parametrize(
    ("before", "audible", "active", "now_ms", "why"),
    [
        (None, "", "", 0, ""),
        (None, "a", "a", 0, "new"),
        (None, "", "a", 0, ""),  # taken or silenced before anybody was told
        (told(), "a", "a", 0, "new"),
        (told("a"), "a", "a", HOUR, ""),
        (told("a"), "ab", "ab", HOUR, "changed"),
        (told("a"), "b", "b", HOUR, "new"),  # the old one is over, another has come
        (told("a", "b"), "a", "a", HOUR, "resolved"),
        (told("a"), "", "", HOUR, "resolved"),
        (told("a"), "", "a", HOUR, ""),  # it is taken, not over
        (told("a"), "a", "a", 4 * HOUR, "repeat"),
        (told("a"), "", "a", 4 * HOUR, ""),  # taken: no repeats
        (told("a", "b"), "b", "ab", 4 * HOUR, "repeat"),
        (told("a", at_ms=HOUR), "a", "a", 4 * HOUR, ""),
        (told("a", at_ms=9 * HOUR), "a", "a", 4 * HOUR, ""),  # the clock was set back
        (told(), "", "", 9 * HOUR, ""),  # resolved of what was never told
    ],
)
def test_due(before, audible, active, now_ms, why):
    assert due(before, set(audible), set(active), 4 * HOUR, now_ms) == why


def test_without_resolved_nobody_hears_that_it_is_over():
    assert due(told("a"), set(), set(), HOUR, 9 * HOUR, resolved_too=False) == ""
    assert due(told("a", "b"), {"a"}, {"a"}, HOUR, 9 * HOUR, resolved_too=False) == "repeat"
    assert due(told("a"), {"a"}, {"a"}, 0, 99 * HOUR) == "", "never again"


def alert(name: str = "RolloutFailing", severity: str = "warning", stage: str = "staging", **fields) -> AlertState:
    given = {"fingerprint": "f", "started_ms": 1, "state": "firing"} | fields
    return AlertState(alertname=name, severity=severity, stage=stage, **given)


@pytest.mark.parametrize(
    ("fields", "given", "takes"),
    [
        ({}, {}, True),
        ({}, {"severity": "info"}, True),
        ({"min_severity": "warning"}, {"severity": "info"}, False),
        ({"min_severity": "warning"}, {"severity": "critical"}, True),
        ({"stages": ("production",)}, {}, False),
        ({"stages": ("production",)}, {"stage": "production"}, True),
        ({"stages": ("production",)}, {"name": "SourceDown", "stage": ""}, True),
        ({}, {"name": WATCHDOG, "stage": ""}, False),
        ({}, {"name": "BuildFailed"}, False),  # its rule names another sink
        ({}, {"name": "TokenGone"}, False),  # its rule names none
    ],
)
def test_which_sink_takes_what(fields, given, takes):
    tuning = Tuning(config(rule("BuildFailed", notify=("other",)), rule("TokenGone", notify=())))
    assert wanted(alert(**given), SinkSettings(name="desk", type="jsonl", **fields), tuning) is takes


def test_a_group_has_the_key_that_alertmanager_would_give_it():
    group = group_of(alert(app='or"ders'), ("alertname", "app", "stage"))
    assert key_of(group) == '{alertname="RolloutFailing", app="or\\"ders", stage="staging"}'
    assert key_of(()) == "{}"


def test_a_message_from_the_future_is_due():
    def waiting(created_ms: int) -> Notification:
        return Notification(id=1, sink="s", group_key="g", what="firing", why="new", created_ms=created_ms,
                            due_ms=created_ms + 30_000)  # fmt: skip

    assert not is_due(waiting(1_000_000), 1_010_000)
    assert is_due(waiting(1_000_000), 1_030_000)
    assert is_due(waiting(1_000_000), 400_000)
