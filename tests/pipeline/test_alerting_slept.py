"""After a sleep nobody is told of what was seen before it, until its source has been read, or time is up."""

import pytest
from msgspec.structs import replace

from statusdesk.alerts.sources import SETTLE_MS
from statusdesk.alerts.telling import Outcome
from statusdesk.config_alerts import SinkSettings
from statusdesk.facts import Visited
from statusdesk.states_alerts import Notification
from tests.alerts.make import EU, MINUTE, SECOND, rule
from tests.pipeline.desk_bench import workload
from tests.pipeline.test_alerting import AM, failing
from tests.pipeline.test_alerting_restart import DESK, FIRING, OVER, STILL, Shop

HOOK = SinkSettings(name="hook", type="jsonl", group_wait_s=0.0, repeat_s=60.0)
SLEPT_MS = 5 * MINUTE
NEVER_WELL = rule("RolloutStuck", enabled=False)


@pytest.fixture
def shop(tmp_path):
    made = Shop(tmp_path, NEVER_WELL, sinks=(DESK, AM))
    made.visit()
    made.see(failing())
    made.flush()
    yield made
    made.writer.close()


def told(shop: Shop) -> None:
    assert shop.later(10 * SECOND) == [FIRING]
    shop.send()


def sleep(shop: Shop, ms: int = SLEPT_MS) -> None:
    shop.now_ms += ms
    shop.desk.slept(ms, shop.now_ms)


def test_what_has_recovered_meanwhile_is_not_repeated_before_it_is_known(shop):
    told(shop)
    sleep(shop)
    assert shop.send() == []
    assert shop.last.unread == {each.fingerprint for each in shop.rows()[0]} and shop.last.unseen_ms == SLEPT_MS
    shop.visit()
    shop.see(workload())
    assert shop.later(SECOND) == [] and shop.later(10 * SECOND) == [OVER]
    shop.send()
    assert shop.later(5 * MINUTE) == []


def test_what_still_fires_is_repeated_when_its_source_has_been_read_since(shop):
    told(shop)
    sleep(shop)
    shop.visit()
    assert shop.send() == shop.later(SETTLE_MS - SECOND) == [], "what came meanwhile may not have been read yet"
    assert shop.last.unread
    assert shop.later(SECOND) == [STILL] and not shop.last.unread


def test_an_answer_to_what_was_asked_before_tells_nothing(shop):
    told(shop)
    before_ms = shop.now_ms
    sleep(shop)
    for ok in (False, True):
        shop.desk.take(Visited(source=EU, ok=ok, at_ms=before_ms))
    watched = Visited(source=EU, ok=True, at_ms=shop.now_ms, live=True, asked_ms=before_ms)  # its connection is dead
    shop.desk.take(Visited(source=EU, ok=True, at_ms=shop.now_ms, took_ms=SLEPT_MS))
    shop.desk.take(watched)
    assert shop.send() == shop.later(10 * SECOND) == []
    shop.desk.take(replace(watched, at_ms=shop.now_ms))
    assert shop.send() == shop.later(10 * SECOND) == []
    anew_ms = shop.now_ms - 5 * SECOND
    shop.desk.take(replace(watched, at_ms=shop.now_ms, took_ms=MINUTE, asked_ms=anew_ms))  # listed long ago
    shop.send()
    assert shop.later(SETTLE_MS) == [STILL]


@pytest.mark.parametrize("fails", [True, False], ids=["it fails", "nothing is heard"])
def test_what_cannot_be_read_in_time_bears_the_word_when_it_was_seen_and_its_source_is_told(shop, fails):
    told(shop)
    seen_ms = shop.now_ms
    sleep(shop)
    told_since = []
    for _ in range(12):
        if fails:
            shop.visit(ok=False)
        told_since += shop.later(10 * SECOND)
    (alert,) = [each for each in shop.rows()[0] if each.alertname == "ServiceDegraded"]
    assert alert.stale_since_ms == seen_ms
    assert any("FIRING] critical SourceDown" in title for title in told_since) == fails
    assert not {STILL, FIRING, OVER} & set(told_since), "that its source is down is told, and no more"
    shop.visit()
    assert STILL in shop.send() + shop.later(6 * SECOND)
    (alert,) = [each for each in shop.rows()[0] if each.alertname == "ServiceDegraded"]
    assert alert.stale_since_ms is None


@pytest.mark.parametrize("mended", [True, False], ids=["it is not true any more", "it is true"])
def test_a_message_that_waited_waits_until_it_is_known_to_be_true(shop, mended):
    (before,) = shop.rows()[1]
    shop.news()
    shop.waiting[before.id] = before  # as who sends has it
    shop.now_ms += SECOND
    sleep(shop)
    assert shop.send() == shop.later(SECOND) == []
    assert before.id not in shop.waiting, "who sends does not have it any more"
    shop.visit()
    if mended:
        shop.see(workload())
    assert shop.send() + shop.later(SETTLE_MS) == ([] if mended else [FIRING])
    (after,) = shop.rows()[1]
    assert after.state == ("dropped" if mended else "queued") and after.idempotency_key == before.idempotency_key


def test_a_message_that_was_let_go_in_a_sleep_that_was_not_noticed_is_held_back_again(shop):
    """Who is stopped once more between its look and its flush takes that sleep for time in which it has waited."""
    shop.news()
    (before,) = shop.rows()[1]
    shop.waiting[before.id] = before
    shop.now_ms += SECOND
    sleep(shop, MINUTE)
    shop.now_ms += MINUTE
    shop.flush()
    shop.take_news()
    assert before.id in shop.waiting, "it was let go unread; who sends has not seen a look yet"
    shop.desk.slept(MINUTE, shop.now_ms)
    assert shop.send() == [] and before.id not in shop.waiting
    shop.visit()
    shop.see(workload())
    assert shop.send() == shop.later(SETTLE_MS) == shop.later(2 * MINUTE) == []


def tried(shop: Shop) -> Notification:
    """Let what is due be tried without an answer; return it as who sends has it."""
    shop.flush()
    shop.take_news()
    (due,) = shop.waiting.values()
    again = replace(due, attempts=1, due_ms=shop.now_ms + SECOND)
    outcome = Outcome(id=due.id, state="queued", at_ms=shop.now_ms, attempts=1, due_ms=again.due_ms, sent=due)
    shop.desk.settle([outcome])
    shop.waiting[due.id] = again
    return again


def test_a_message_that_was_tried_is_sent_with_its_key_when_it_is_known_to_be_true(shop):
    shop.now_ms += 10 * SECOND
    before = tried(shop)
    sleep(shop)
    assert shop.send() == [] and not shop.waiting
    shop.visit()
    assert shop.send() == [] and shop.later(SETTLE_MS) == [FIRING]
    (after,) = shop.rows()[1]
    assert (after.idempotency_key, after.attempts) == (before.idempotency_key, 1)


def test_of_a_message_that_was_tried_and_is_not_true_any_more_the_end_alone_is_told(shop):
    """It may have arrived."""
    shop.now_ms += 10 * SECOND
    tried(shop)
    sleep(shop)
    assert shop.send() == []
    shop.see(workload())
    shop.visit()
    assert shop.send() == [] and shop.later(10 * SECOND) == [OVER] and shop.later(5 * MINUTE) == []
    assert [each.state for each in shop.rows()[1]] == ["sent", "dropped"]


def test_a_message_that_was_tried_and_cannot_be_read_in_time_says_when_that_was_seen(shop):
    shop.now_ms += 10 * SECOND
    before, seen_ms = tried(shop), shop.now_ms
    sleep(shop)
    assert shop.send() == shop.later(29 * SECOND) == [] and FIRING in shop.later(SECOND)
    (after,) = [each for each in shop.rows()[1] if each.id == before.id]
    assert [each.stale_since_ms for each in after.alerts] == [seen_ms]
    assert after.idempotency_key != before.idempotency_key and STILL not in shop.send() + shop.later(2 * MINUTE)


def test_what_is_over_and_comes_again_before_that_is_told_is_news(shop):
    """Whether anybody has heard of it is not known."""
    shop.now_ms += 10 * SECOND
    tried(shop)
    sleep(shop)
    shop.send()
    shop.see(workload())
    shop.visit()
    assert shop.send() == []
    shop.see(failing())
    assert shop.later(SECOND) == [] and FIRING in shop.later(30 * SECOND) + shop.later(30 * SECOND)


def test_what_is_true_of_a_message_that_was_tried_is_news_still(shop):
    """Nobody knows whether it has arrived."""
    shop.see(failing("web"))
    shop.flush()
    shop.now_ms += 10 * SECOND
    assert len(tried(shop).alerts) == 2
    sleep(shop)
    assert shop.send() == []
    shop.see(workload())
    shop.visit()
    assert shop.send() + shop.later(SETTLE_MS) == [] and len(shop.later(10 * SECOND)) == 1
    (after,) = [each for each in shop.rows()[1] if each.state != "dropped"]
    assert [(each.app, each.state) for each in after.alerts] == [("web", "firing"), ("orders", "resolved")]
    assert after.news == (after.alerts[0].fingerprint,)


@pytest.mark.parametrize("due", [True, False], ids=["it may have left", "it was not due yet"])
def test_a_message_that_does_not_speak_of_what_is_not_known_waits_for_nothing(shop, due):
    told(shop)
    shop.see(workload())
    assert shop.send() == []
    (over,) = shop.waiting.values()
    shop.now_ms = over.due_ms + SECOND if due else over.due_ms - SECOND
    sleep(shop)
    assert shop.send() == [OVER] and shop.send() == []


def test_what_waits_to_fire_is_seen_once_more_before_it_does(tmp_path):
    shop = Shop(tmp_path, NEVER_WELL, rule("ServiceDegraded", for_s=60.0), sinks=(HOOK,))
    shop.visit()
    shop.see(failing(), failing("web"))
    for _ in range(3):
        shop.visit()
        assert shop.later(10 * SECOND) == []
    sleep(shop)
    assert shop.send() == []
    shop.see(workload())
    shop.visit()
    assert shop.send() == []
    assert [title.partition("Degraded ")[2] for title in shop.later(SETTLE_MS)] == ["staging/web"]
    shop.writer.close()


def test_a_source_that_was_about_to_be_told_as_down_is_asked_first(tmp_path):
    shop = Shop(tmp_path, NEVER_WELL, sinks=(HOOK,))
    shop.visit()
    shop.flush()
    for _ in range(2):
        shop.visit(ok=False)
        shop.later(5 * SECOND)
    sleep(shop)
    assert shop.send() == []
    shop.visit()
    assert shop.send() == shop.later(MINUTE) == []
    shop.writer.close()


def test_what_was_not_read_since_an_earlier_sleep_is_not_known_after_the_next_one(shop):
    told(shop)
    seen_ms = shop.now_ms
    sleep(shop)
    shop.send()
    shop.now_ms += SECOND
    sleep(shop, MINUTE)
    shop.send()
    assert shop.last.unread and shop.last.unseen_ms == SLEPT_MS
    shop.later(29 * SECOND)
    shop.later(2 * SECOND)
    (alert,) = [each for each in shop.rows()[0] if each.alertname == "ServiceDegraded"]
    assert alert.stale_since_ms == seen_ms


def test_a_namespace_that_was_lost_is_lost_still_and_found_when_that_is_told(shop):
    told(shop)
    lost = Visited(source=EU, scope="staging", ok=False, at_ms=shop.now_ms, problem="NoAccess")
    shop.desk.take(lost)
    shop.send()
    sleep(shop)
    shop.visit()
    assert STILL not in shop.send() + shop.later(SETTLE_MS) + shop.later(2 * MINUTE)
    shop.desk.take(replace(lost, ok=True, problem=""))  # on its way while we slept, and told but once
    assert STILL in shop.send() + shop.later(SETTLE_MS)
