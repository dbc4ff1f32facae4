"""After a start nobody is told of what an earlier process has seen, until its source has been read, or time is up."""

import pytest

from statusdesk.alerts.telling import Outcome
from statusdesk.config_alerts import SinkSettings
from statusdesk.facts import Visited
from statusdesk.sinks.message import Message
from statusdesk.states import Collector
from tests.alerts.make import EU, MINUTE, SECOND, config, rule
from tests.pipeline.desk_bench import workload
from tests.pipeline.test_alerting import AM, Office, failing

DESK = SinkSettings(name="desk", type="jsonl", group_wait_s=10.0, repeat_s=60.0)
NEW = SinkSettings(name="new", type="jsonl", group_wait_s=0.0)


class Shop(Office):
    """A collector with a heartbeat that sends what is queued as soon as it is due."""

    def beat(self, *, stopped: bool = False) -> None:
        stopped_ms = self.now_ms if stopped else None
        beat = Collector(pid=1, owner="watch", started_ms=1, beat_ms=self.now_ms, stopped_ms=stopped_ms)
        self.writer.beat(beat)
        self.writer.commit()

    def stop(self) -> None:
        self.beat(stopped=True)
        self.writer.close()

    def send(self) -> list[str]:
        """Step, send what was handed over and is due; return the titles."""
        self.flush()
        self.take_news()
        due = [each for each in self.waiting.values() if each.due_ms <= self.now_ms]
        for each in due:
            del self.waiting[each.id]
            done = Outcome(id=each.id, state="sent", at_ms=self.now_ms, attempts=1, sent=each)
            self.desk.settle([done])
        return [f"{each.sink} {Message(each).title}" for each in due]

    def take_news(self) -> None:
        """Take what is handed over, and send nothing."""
        news = self.news()
        if news is not None:
            self.waiting.update((each.id, each) for each in news.queued)
            for number in news.dropped:
                self.waiting.pop(number, None)
            self.last = news

    def open(self) -> None:
        self.waiting = {}
        self.last = None
        super().open()

    def later(self, ms: int) -> list[str]:
        self.now_ms += ms
        return self.send()


@pytest.fixture
def shop(tmp_path):
    made = Shop(tmp_path, rule("RolloutStuck", enabled=False), sinks=(DESK, AM))
    made.visit()
    made.see(failing())
    made.flush()
    yield made
    made.writer.close()


FIRING = "desk [FIRING] warning ServiceDegraded staging/orders"
STILL = FIRING.replace("FIRING", "FIRING, still")
OVER = "desk [RESOLVED] warning ServiceDegraded staging/orders"


def closed(shop: Shop, *, ok: bool = False, source: str = EU) -> None:
    """One namespace is refused to us, or allowed again; all else goes on."""
    problem = "" if ok else "NoAccess"
    shop.desk.take(Visited(source=source, scope="staging", ok=ok, at_ms=shop.now_ms, problem=problem))
    shop.visit()


def told(shop: Shop) -> None:
    assert shop.later(10 * SECOND) == [FIRING]
    shop.send()


def test_what_has_recovered_meanwhile_is_not_repeated_before_it_is_known(shop):
    told(shop)
    shop.stop()
    shop.now_ms += 2 * MINUTE
    shop.open()
    assert shop.send() == shop.later(5 * SECOND) == []
    shop.see(workload())
    shop.visit()
    assert shop.later(SECOND) == [] and shop.later(10 * SECOND) == [OVER]
    shop.send()
    assert shop.later(5 * MINUTE) == []


def test_what_is_held_though_it_was_read_to_be_well_is_not_repeated_while_that_may_end(tmp_path):
    shop = Shop(tmp_path / "kept", rule("RolloutStuck", enabled=False), rule("ServiceDegraded", keep_firing_for_s=20.0),
                sinks=(DESK,))  # fmt: skip
    shop.visit()
    shop.see(failing())
    shop.flush()
    told(shop)
    shop.stop()
    shop.now_ms += 2 * MINUTE
    shop.open()
    assert shop.send() == []
    shop.see(workload())
    shop.visit()
    assert shop.later(SECOND) == shop.later(19 * SECOND) == []
    shop.visit()
    shop.later(SECOND)
    assert shop.later(10 * SECOND) == [OVER]
    shop.writer.close()


def test_what_still_fires_is_repeated_as_soon_as_that_is_known(shop):
    told(shop)
    shop.stop()
    shop.now_ms += 2 * MINUTE
    shop.open()
    assert shop.send() == []
    shop.visit()
    assert shop.later(SECOND) == [STILL]


@pytest.mark.parametrize("fails", [True, False], ids=["it fails", "nothing is heard"])
def test_what_cannot_be_read_in_time_bears_the_word_when_it_was_seen_and_is_repeated_when_it_is_read(shop, fails):
    told(shop)
    seen_ms = shop.now_ms
    shop.stop()
    shop.now_ms += 2 * MINUTE
    shop.open()
    if fails:
        shop.visit(ok=False)
    assert shop.send() == shop.later(29 * SECOND) == []
    assert shop.desk.next_due_ms is not None and shop.desk.next_due_ms <= shop.now_ms + SECOND
    assert STILL not in shop.later(SECOND)
    (alert,) = [each for each in shop.rows()[0] if each.alertname == "ServiceDegraded"]
    assert alert.stale_since_ms == seen_ms
    assert STILL not in shop.later(2 * MINUTE), "that its source is down is told, and no more"
    shop.visit()
    assert STILL in shop.send() + shop.later(6 * SECOND)
    (alert,) = [each for each in shop.rows()[0] if each.alertname == "ServiceDegraded"]
    assert alert.stale_since_ms is None


def test_a_sink_that_is_new_is_not_told_what_is_over(shop):
    told(shop)
    shop.stop()
    shop.config = Shop(shop.path.parent / "other", rule("RolloutStuck", enabled=False), sinks=(DESK, NEW)).config
    shop.now_ms += 14 * MINUTE
    shop.open()
    assert shop.send() == []
    shop.see(workload())
    shop.visit()
    assert not any(title.startswith("new ") for ms in (SECOND, MINUTE) for title in shop.later(ms))


def test_a_message_that_waited_when_the_collector_stopped_waits_until_it_is_known_to_be_true(shop):
    key = shop.rows()[1][0].idempotency_key
    shop.stop()
    shop.now_ms += MINUTE
    shop.open()
    assert shop.send() == []
    shop.visit()
    assert shop.later(SECOND) == [FIRING] and shop.rows()[1][0].idempotency_key == key


def test_a_message_that_waited_when_the_collector_stopped_is_dropped_when_it_is_not_true_any_more(shop):
    shop.stop()
    shop.now_ms += MINUTE
    shop.open()
    assert shop.send() == []
    shop.see(workload())
    shop.visit()
    assert shop.later(SECOND) == shop.later(MINUTE) == []
    assert [each.state for each in shop.rows()[1]] == ["dropped"]


def test_a_message_that_may_have_left_is_sent_again_with_its_key(shop):
    shop.now_ms += 8 * SECOND
    shop.beat()  # and killed, perhaps after the message had gone out
    shop.writer._db.close()
    shop.now_ms += MINUTE
    shop.open()
    assert shop.send() == [FIRING]


def test_another_alert_of_the_group_does_not_tell_what_is_not_known(shop):
    told(shop)
    shop.stop()
    shop.now_ms += 5 * SECOND
    shop.open()
    shop.see(failing("web"))
    shop.send()
    (title,) = shop.later(10 * SECOND)
    assert title == FIRING.replace("orders", "web") + "; besides 1 not known yet"
    (row,) = [each for each in shop.rows()[1] if each.why == "changed"]
    assert [each["labels"]["app"] for each in Message(row).webhook()["alerts"]] == ["web"]


def test_a_source_that_was_down_is_not_said_to_be_before_it_has_been_asked(shop):
    told(shop)
    for _ in range(4):
        shop.visit(ok=False)
        shop.later(30 * SECOND)
    told_down = [each for each in shop.rows()[1] if "SourceDown" in each.group_key]
    assert [each.state for each in told_down] == ["sent"]
    shop.stop()
    shop.now_ms += 2 * MINUTE
    shop.open()
    assert shop.send() == []
    shop.visit(ok=False)
    (title,) = shop.later(SECOND)
    assert "FIRING, still] critical SourceDown" in title
    shop.send()


LOST = "desk [FIRING] warning SourceDown kubernetes/eu/staging"


def test_a_namespace_that_is_lost_is_told_once_and_nothing_of_it_is_repeated_until_it_is_read(shop):
    told(shop)
    closed(shop)
    told_since = []
    for _ in range(12):
        told_since += shop.later(10 * SECOND)
        shop.visit()
    assert told_since[:1] == [LOST] and set(told_since[1:]) == {LOST.replace("FIRING", "FIRING, still")}
    (orders,) = (each for each in shop.writer.firing() if each.app == "orders")
    assert orders.stale_since_ms is not None
    shop.stop()
    shop.open()
    closed(shop)
    assert not {OVER, STILL, FIRING} & {*shop.later(2 * MINUTE), *shop.later(2 * MINUTE)}
    closed(shop, ok=True)
    shop.see(workload())
    assert {*shop.later(SECOND), *shop.later(20 * SECOND), *shop.later(20 * SECOND)} == {
        OVER,
        LOST.replace("FIRING", "RESOLVED"),
    }


def test_the_end_of_a_taken_alert_is_told_though_it_has_another_severity_now(shop):
    told(shop)
    (alert,) = shop.rows()[0]
    shop.desk._alerting.engine.acknowledge(alert.fingerprint, "kim", "", None, shop.now_ms)
    assert shop.later(SECOND) == []
    shop.stop()
    graver = rule("ServiceDegraded", severity=(("staging", "critical"),))
    shop.config = config(rule("RolloutStuck", enabled=False), graver, sinks=(DESK, AM))
    for _ in range(2):
        shop.open()
        shop.visit()
        shop.see(failing())
        assert shop.send() == shop.later(MINUTE) == [], "who has taken it knows"
        shop.stop()
    assert {(each.severity, each.state, each.acked_by) for each in shop.rows()[0]} == {
        ("warning", "resolved", "kim"),
        ("critical", "firing", "kim"),
    }
    shop.open()
    shop.see(workload())
    shop.visit()
    assert shop.later(SECOND) + shop.later(MINUTE) == [OVER.replace("warning", "critical")]
