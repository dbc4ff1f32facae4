"""Alerts over a real store: in the commit of what caused them, over restarts, failing commits, and a whole cluster."""

import itertools

import msgspec
import pytest

from statusdesk.alerts.telling import Outcome
from statusdesk.config_alerts import SinkSettings
from statusdesk.facts import Changed, Pod, Visited, Workload
from statusdesk.pipeline.desk import Desk
from statusdesk.states import Level
from statusdesk.states_alerts import WATCHDOG, AlertState, Muted, MutedThere
from statusdesk.store.errors import StoreError
from statusdesk.store.reader import Reader
from statusdesk.store.writer import Writer
from tests.alerts.make import EU, MINUTE, SECOND, config, rule
from tests.pipeline.desk_bench import T0, swept, workload

DESK = SinkSettings(name="desk", type="jsonl", group_wait_s=10.0)
AM = SinkSettings(name="am", type="alertmanager", urls=("http://am",))
REFUSED = "ReplicaFailure"


class Office:
    """A desk over a store, with sinks, and a clock that the test moves."""

    def __init__(self, directory, *rules, sinks=(DESK, AM), sends=True) -> None:
        self.now_ms = T0
        self.path = directory / "statusdesk.db"
        self.config = config(*rules, sinks=sinks)
        self.sends = sends
        self.numbers = itertools.count(2)
        self.told = []
        self.open()

    def open(self) -> None:
        self.writer = Writer(self.path, 86_400.0, lambda: self.now_ms)
        self.desk = Desk(self.config, self.writer, sends=self.sends)
        self.desk.take(swept(Pod))

    def restart(self, *, kill: bool = False) -> None:
        if kill:
            self.writer._db.close()
        else:
            self.writer.close()
        self.open()
        self.flush()

    def flush(self):
        transitions = self.desk.flush(self.now_ms)
        self.told += [(event.what, event.alert.alertname) for event in self.desk.take_events()]
        return transitions

    def visit(self, *, ok=True, source=EU) -> None:
        self.desk.take(Visited(source=source, ok=ok, at_ms=self.now_ms, problem="" if ok else "Timeout"))

    def see(self, *workloads) -> None:
        seen = tuple(msgspec.structs.replace(each, generation=n, observed_generation=n)
                     for each in workloads for n in [next(self.numbers)])  # fmt: skip
        self.desk.take(Changed(source=EU, kind=Workload, at_ms=self.now_ms, seen=seen))

    def news(self):
        return self.desk.take_news()

    def rows(self):
        with Reader(self.path) as reader:
            return reader.alerts(0), reader.notifications()


def failing(name="orders", **fields):
    """A workload that is not allowed to make pods."""
    conditions = (
        *workload(name).conditions,
        msgspec.structs.replace(workload(name).conditions[0], type=REFUSED, reason="FailedCreate", message="quota"),
    )
    return workload(
        name, **({"ready": 0, "available": 0, "replicas": 0, "updated": 0, "conditions": conditions} | fields)
    )


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path, rule("RolloutStuck", enabled=False))
    made.visit()
    made.flush()
    made.news()
    yield made
    made.writer.close()


def test_rows_alerts_and_messages_are_one_commit(office):
    before = office.writer._change
    office.see(failing())
    assert [each.after.level for each in office.flush()] == [Level.FAILING]
    assert office.writer._change == before + 1
    (alert,), (message,) = office.rows()
    assert (alert.state, message.state, message.what) == ("firing", "queued", "firing")
    assert message.alerts[0].fingerprint == alert.fingerprint and alert.change == message.change == before + 1
    news = office.news()
    assert [each.id for each in news.queued] == [message.id] and message.due_ms == T0 + 10 * SECOND
    assert {each.alertname for each in news.standing} == {alert.alertname, WATCHDOG}
    assert office.news() is None


def test_nothing_is_told_before_it_is_committed(office, monkeypatch):
    def full(writes):
        raise StoreError("the disk is full")

    office.see(failing())
    with monkeypatch.context() as patched:
        patched.setattr(office.writer, "_transact", full)
        for _ in range(3):
            with pytest.raises(StoreError):
                office.desk.flush(office.now_ms)
        assert office.rows() == ([], [])
    office.flush()
    assert [event for event in office.told if event[0] == "firing"] == [("firing", "ServiceDegraded")]
    (alert,), (message,) = office.rows()
    assert message.fingerprints == (alert.fingerprint,) and len(office.news().queued) == 1


def test_what_explains_itself_otherwise_is_told_though_a_flush_fails(office, monkeypatch):
    """A message that is another at the same level makes no transition, but its alert says it."""

    def broken(*_):
        raise StoreError("the disk is full")

    def refused(message):
        condition = msgspec.structs.replace(failing().conditions[-1], message=message)
        return failing(conditions=(*workload().conditions, condition))

    office.see(refused("exceeded quota: a"))
    office.flush()
    office.desk.take(Changed(source=EU, kind=Workload, at_ms=office.now_ms, seen=(
        msgspec.structs.replace(refused("exceeded quota: b"), generation=2, observed_generation=2),
    )))  # fmt: skip
    with monkeypatch.context() as patched:
        patched.setattr(office.desk._alerting.engine, "step", broken)
        for _ in range(2):
            with pytest.raises(StoreError):
                office.desk.flush(office.now_ms)
    assert office.flush() == []
    (alert,), _ = office.rows()
    assert "exceeded quota: b" in alert.summary


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_a_restart_between_any_two_steps_tells_nothing_twice(office, kill):
    def again():
        office.restart(kill=kill)
        office.now_ms += SECOND
        office.visit()
        office.flush()

    office.see(failing())
    office.flush()
    (waiting,) = office.news().queued
    again()
    news = office.news()
    assert [each.idempotency_key for each in news.queued] == [waiting.idempotency_key]
    assert ("firing", "ServiceDegraded") in [(a.state, a.alertname) for a in news.standing]
    office.desk.settle([Outcome(id=waiting.id, state="sent", at_ms=office.now_ms, attempts=1)])
    office.flush()
    again()
    assert office.news().queued == ()
    office.now_ms += MINUTE
    office.see(workload())
    office.flush()
    again()
    (over,) = office.news().queued
    assert (over.what, over.why) == ("resolved", "resolved") and over.id != waiting.id
    standing = office.rows()[0]
    assert [(each.state, each.started_ms) for each in standing] == [("resolved", standing[0].started_ms)]
    office.desk.settle([Outcome(id=over.id, state="sent", at_ms=office.now_ms, attempts=2, last_error="500")])
    office.flush()
    again()
    assert office.news().queued == ()
    assert [event for event in office.told if event[0] in ("firing", "resolved")] == [
        ("firing", "ServiceDegraded"),
        ("resolved", "ServiceDegraded"),
    ]
    assert [(m.state, m.attempts) for m in office.rows()[1]] == [("sent", 2), ("sent", 1)]


def test_what_is_over_is_told_for_a_while_to_those_who_hear_how_it_stands(office):
    office.see(failing())
    office.flush()
    office.see(workload())
    office.flush()
    assert {(a.state, a.alertname) for a in office.news().standing} >= {("resolved", "ServiceDegraded")}
    office.restart()
    assert {(a.state, a.alertname) for a in office.news().standing} >= {("resolved", "ServiceDegraded")}
    office.now_ms += 16 * MINUTE
    office.writer.prune(office.now_ms, 100)
    office.restart()
    assert {a.alertname for a in office.news().standing} == {WATCHDOG}


def test_a_collector_that_a_board_has_started_queues_nothing_and_the_next_one_tells(tmp_path):
    office = Office(tmp_path, rule("RolloutStuck", enabled=False), sends=False)
    office.visit()
    office.see(failing())
    office.flush()
    assert office.news() is None and office.rows()[1] == [] and len(office.rows()[0]) == 1
    office.sends = True
    office.restart()
    assert office.news().queued == (), "nobody knows yet whether it still fires"
    office.visit()
    office.flush()
    (message,) = office.news().queued
    assert message.what == "firing"
    office.writer.close()


def test_what_nobody_reads_back_any_more_is_not_shown_as_muted(tmp_path):
    office = Office(tmp_path)
    office.visit()
    office.flush()
    muted = MutedThere(sink="am", muted=(Muted(fingerprint="f"),))
    office.desk.settle([muted])
    office.flush()

    def kept():
        with Reader(office.path) as reader:
            return [(each.sink, len(each.muted)) for each in reader.changes(0).muted]

    assert kept() == [("am", 1)]
    office.restart()
    assert kept() == [("am", 1)], "the next collector reads it soon"
    office.sends = False
    office.restart()
    assert kept() == [("am", 0)]
    office.writer.close()


def test_watchdog_can_be_switched_off_and_is_never_stored(tmp_path):
    office = Office(tmp_path, rule(WATCHDOG, enabled=False))
    office.flush()
    assert office.news().standing == ()
    office.writer.close()


def test_five_hundred_at_once(office):
    names = [f"app-{number}" for number in range(500)]
    office.see(*(failing(name) for name in names))
    office.flush()
    alerts, messages = office.rows()
    assert len(alerts) == 500 and len(messages) == 1 and len(messages[0].alerts) == 500
    office.visit(ok=False)
    office.flush()
    assert sum(alert.stale_since_ms is not None for alert in office.rows()[0]) == 500
    assert len(office.rows()[1]) == 1


def test_a_source_down_for_an_hour_by_its_visits(office):
    office.see(failing())
    office.flush()
    told = len(office.told)
    for _ in range(120):
        office.now_ms += 30 * SECOND
        office.visit(ok=False)
        office.flush()
    office.now_ms += SECOND
    office.visit()
    office.flush()
    office.see(workload())
    office.now_ms += SECOND
    office.flush()
    assert office.told[told:] == [
        ("pending", "SourceDown"),
        ("firing", "SourceDown"),
        ("resolved", "SourceDown"),
        ("resolved", "ServiceDegraded"),
    ]


def test_the_loop_is_woken_when_an_alert_is_due(tmp_path):
    office = Office(tmp_path, rule("ServiceDegraded", for_s=5.0), rule("RolloutStuck", enabled=False))
    office.visit()
    office.see(failing())
    office.flush()
    # the rollout itself is looked at again too, at other moments
    assert office.desk.next_due_ms is not None and office.desk.next_due_ms <= office.now_ms + 5 * SECOND
    assert office.desk._alerting.next_due_ms() == office.now_ms + 5 * SECOND
    office.writer.close()


def test_the_evenness_of_time_is_what_waits_are_measured_by(tmp_path):
    office = Office(tmp_path, rule("ServiceDegraded", for_s=60.0), rule("RolloutStuck", enabled=False))
    even = [1_000_000]
    office.desk = Desk(office.config, office.writer, steady=lambda: even[0])
    office.desk.take(swept(Pod))
    office.visit()
    office.see(failing())
    office.flush()
    for _ in range(2):
        office.now_ms += 10 * MINUTE  # the clock is set, twice
        even[0] += SECOND
        office.visit()
        office.flush()
    assert {alert.state for alert in office.rows()[0]} == {"pending"}
    office.now_ms -= 25 * MINUTE
    even[0] += 60 * SECOND
    office.visit()
    office.flush()
    (alert,) = office.rows()[0]
    assert alert.state == "firing" and alert.fired_ms == office.now_ms
    office.writer.close()


@pytest.mark.parametrize(
    ("severity", "kept_back", "posted"),
    [("warning", True, False), ("warning", False, True), ("critical", True, True)],
)
def test_an_alertmanager_hears_what_is_critical_though_its_cause_is_told(office, severity, kept_back, posted):
    """It tells nobody of annotations that change, so that its people would not hear that production is hit."""
    fields = {"severity": severity, "kept_back": kept_back, "inhibited_by": "f", "started_ms": T0, "fired_ms": T0}
    alert = AlertState(fingerprint="a", alertname="RolloutFailing", state="firing", **fields)
    office.writer.put_alerts([alert])
    office.see(failing("web"))
    office.flush()
    assert ("a" in {each.fingerprint for each in office.news().standing}) is posted


def test_a_message_that_changes_is_told_to_those_who_hear_how_it_stands_and_to_nobody_else(office):
    office.see(failing())
    office.flush()
    (first,), (message,) = office.rows()
    office.desk.settle([Outcome(id=message.id, state="sent", at_ms=office.now_ms, attempts=1, sent=message)])
    office.flush()
    office.news()
    office.now_ms += MINUTE
    conditions = tuple(
        msgspec.structs.replace(each, message="quota of 9") if each.type == REFUSED else each
        for each in failing().conditions
    )
    office.see(failing(conditions=conditions))
    assert office.flush() == [], "no transition"
    (alert,), messages = office.rows()
    assert "quota of 9" in alert.summary and "quota of 9" not in first.summary
    assert (alert.fingerprint, alert.started_ms) == (first.fingerprint, first.started_ms)
    assert [each.state for each in messages] == ["sent"]
    news = office.news()
    assert not news.queued and alert.summary in {each.summary for each in news.standing}
