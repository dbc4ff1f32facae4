"""What people ask for: rows where it is granted, a sentence where it is not."""

import pytest

from statusdesk.console_requests import Ack, AddSilence, Asked, ExpireSilence, MatcherAsked
from statusdesk.pipeline.answers import Refused, answer
from statusdesk.store.alert_rows import AlertRows
from statusdesk.store.writer import Writer
from tests.alerts.make import HOUR, World, rollout, rule

HOSTILE = "[/x] \x1b]0;title\x07 \u202eright " + "long " * 80


@pytest.fixture
def world():
    made = World(rule("RolloutStuck", enabled=False))
    made.step(rollout())
    return made


@pytest.fixture
def rows(tmp_path):
    with Writer(tmp_path / "statusdesk.db", 86_400.0, lambda: 1) as writer:
        yield writer.alert_rows


def ask(world: World, rows: AlertRows, request, by="kim"):
    answer(Asked(request, by), world.alerts, rows, world.now_ms)
    world.step()


def fingerprint(world):
    (alert,) = world.alerts.active()
    return alert.fingerprint


def silence(world, *matchers, ends_ms=HOUR, **fields):
    return AddSilence(**({"id": "s", "matchers": tuple(matchers), "ends_ms": world.now_ms + ends_ms} | fields))


APP = MatcherAsked("app", "orders")


def test_an_alert_is_taken_and_given_back(world, rows):
    ask(world, rows, Ack(fingerprints=(fingerprint(world), "unknown"), comment=HOSTILE))
    (alert,) = world.alerts.active()
    assert alert.acked_by == "kim" and "\x1b" not in alert.ack_comment and len(alert.ack_comment) <= 200
    ask(world, rows, Ack(fingerprints=(fingerprint(world),), withdraw=True), "lee")
    (alert,) = world.alerts.active()
    assert alert.acked_by == "" and alert.ack_comment == ""


def test_a_silence_holds_at_once_and_can_be_ended(world, rows):
    ask(world, rows, silence(world, APP, comment=HOSTILE))
    assert [alert.silenced_by for alert in world.alerts.active()] == ["s"]
    (kept,) = rows.silences()
    assert kept.created_by == "kim" and "\x1b" not in kept.comment and kept.starts_ms == world.now_ms
    ask(world, rows, ExpireSilence(id="s"))
    assert [alert.silenced_by for alert in world.alerts.active()] == [""]
    assert rows.silences()[0].expired_ms == world.now_ms


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda world: Ack(fingerprints=("unknown",)), "no such alert"),
        (lambda world: Ack(fingerprints=(fingerprint(world),), until_ms=world.now_ms), "future"),
        (lambda world: silence(world, APP, ends_ms=0), "future"),
        (lambda world: silence(world, APP, ends_ms=999 * 24 * HOUR), "at most a year"),
        (lambda world: silence(world, APP, starts_ms=world.now_ms + 2 * HOUR), "before it begins"),
        (lambda world: silence(world), "1 to 20 conditions"),
        (lambda world: silence(world, *[APP] * 21), "1 to 20 conditions"),
        (lambda world: silence(world, MatcherAsked("pod", "x")), "no label 'pod'"),
        (lambda world: silence(world, MatcherAsked("app", "(a+)+", is_regex=True)), "is not taken"),
        (lambda world: silence(world, MatcherAsked("app", "", is_equal=True)), "everything"),
        (lambda world: silence(world, MatcherAsked("app", ".*", is_regex=True)), "everything"),
        (lambda world: silence(world, MatcherAsked("app", ".*.*", is_regex=True)), "everything"),
        (lambda world: silence(world, MatcherAsked("app", "orders|", is_regex=True)), "everything"),
        (lambda world: silence(world, MatcherAsked("app", "x", is_equal=False)), "everything"),
        (lambda world: silence(world, MatcherAsked("app", "\x1b[2J")), "no value of a label"),
        (lambda world: silence(world, APP, id=""), "must be new"),
        (lambda world: silence(world, APP, id="x" * 41), "must be new"),
        (lambda world: ExpireSilence(id="unknown"), "no silence"),
    ],
)
def test_what_cannot_be_is_refused_in_words(world, rows, made, why):
    with pytest.raises(Refused, match=why):
        ask(world, rows, made(world))
    assert not rows.silences() and not any(alert.muted for alert in world.alerts.active())


def test_the_same_silence_is_not_made_twice(world, rows):
    ask(world, rows, silence(world, APP))
    with pytest.raises(Refused, match="must be new"):
        ask(world, rows, silence(world, APP, ends_ms=2 * HOUR))
