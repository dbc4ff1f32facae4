"""What is older than is kept goes, in bites; what still counts stays."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from statusdesk.states import Collector, Grant, Level, PodState, RolloutState
from statusdesk.states_alerts import Acknowledgement, Notification, Silence
from statusdesk.store.reader import Reader
from statusdesk.store.writer import Writer
from tests.store.conftest import Clock
from tests.store.rows import alert, build, job, pod, rollout

KEEP_MS = 100_000


@pytest.fixture
def writer(path: Path, clock: Clock):
    with Writer(path, KEEP_MS / 1000, clock, pods_keep_s=10.0) as writer:
        yield writer


def since(reader: Reader, name: str = "orders") -> list[int]:
    return [row.since_ms for row in reader.periods(RolloutState, rollout(name).key, 0, 10**12)]


def test_closed_periods_go_when_they_ended_too_long_ago(writer: Writer, reader: Reader) -> None:
    for at_ms in (1_000, 2_000, 3_000, 150_000):
        writer.put([rollout(version=str(at_ms))], at_ms)
    writer.commit()
    assert writer.prune(KEEP_MS + 3_000, 100) == 1
    assert since(reader) == [2_000, 3_000, 150_000]
    assert writer.prune(KEEP_MS + 3_001, 100) == 1
    assert writer.prune(10**9, 100) == 1
    assert since(reader) == [150_000]


def test_a_call_deletes_no_more_than_it_may_and_the_next_goes_on(writer: Writer, reader: Reader) -> None:
    names = [f"app-{number:03d}" for number in range(250)]
    for at_ms in range(1_000, 5_000, 1_000):
        writer.put([rollout(name, version=str(at_ms)) for name in names], at_ms)
    writer.commit()
    deleted = []
    while not deleted or deleted[-1]:
        deleted.append(writer.prune(10**9, 120))
    assert sum(deleted) == 3 * len(names)
    assert max(deleted) <= 120
    assert all(since(reader, name) == [4_000] for name in names)


def test_what_has_gone_long_ago_is_forgotten(writer: Writer, reader: Reader, path: Path) -> None:
    writer.put([rollout("gone"), rollout("here")], 1_000)
    writer.gone(RolloutState, [rollout("gone").key], 5_000)
    writer.commit()
    assert writer.prune(KEEP_MS + 5_000, 100) == 0
    assert reader.as_of(2_000).rollouts != ()
    assert writer.prune(KEEP_MS + 5_001, 100) == 2
    assert list(writer.current(RolloutState)) == [rollout("here").key]
    assert [row.name for row in reader.as_of(2_000).rollouts] == ["here"]
    (transition,) = writer.put([rollout("gone")], 900_000)
    assert transition.before is None


def test_gone_pods_are_kept_for_a_while_only(writer: Writer) -> None:
    writer.put_pods([pod("a"), pod("b")])
    writer.gone(PodState, [pod("a").key], 5_000)
    assert writer.prune(500_000, 100) == 0
    writer.commit()
    assert list(writer.current(PodState)) == [pod("b").key], "what went is in the store only"
    assert writer.prune(15_000, 100) == 0
    assert writer.prune(15_001, 100) == 1
    assert list(writer.current(PodState)) == [pod("b").key]


def test_of_old_builds_those_stay_that_still_count(writer: Writer, reader: Reader) -> None:
    builds = [
        build(1),
        build(2),
        build(3, result="FAILURE"),
        build(4, result="UNSTABLE"),
        build(5, result="ABORTED"),
        build(6, result="ABORTED"),
        build(7, result=None, building=True),
        build(8, namespace="audit", result="FAILURE"),
        build(9, namespace=None),
        build(10, namespace=None),
        build(11, namespace="audit", result="ABORTED"),
    ]
    writer.put_jobs([job("deploy-orders")])
    writer.put_builds([*builds, build(12, started_ms=10**9)])
    writer.commit()
    before = [each.number for each in reader.builds("deploy-orders", None, 99)]
    assert before == list(range(12, 0, -1))
    writer.prune(10**9, 3)
    writer.prune(10**9, 100)
    kept = [each.number for each in reader.builds("deploy-orders", None, 99)]
    # 12: young; 11: newest of audit; 10: newest not attributed; 8: newest of audit that counts; 7: open
    assert kept == [12, 11, 10, 8, 7]
    assert writer.prune(10**9, 100) == 0


def test_the_last_success_stays_however_old(writer: Writer, reader: Reader) -> None:
    writer.put_jobs([job("deploy-orders")])
    writer.put_builds([build(1), build(2), *(build(number, result="FAILURE") for number in range(3, 9))])
    writer.commit()
    writer.prune(10**9, 100)
    assert [each.number for each in reader.builds("deploy-orders", "staging", 99)] == [8, 2]


def test_of_a_job_that_has_gone_no_build_stays_longer_than_is_kept(writer: Writer, reader: Reader) -> None:
    writer.put_jobs([job("deploy-orders")])
    writer.put_builds([build(1), build(2, result=None, building=True), build(3, started_ms=10**9)])
    writer.gone_jobs("jenkins", ["deploy-orders"], 5_000)
    writer.commit()
    writer.prune(10**9, 100)
    assert [each.number for each in reader.builds("deploy-orders", None, 99)] == [3]


def test_alerts_grants_jobs_and_collectors_go_too(writer: Writer, reader: Reader) -> None:
    old = alert("old", state="resolved", resolved_ms=2_000)
    writer.put_alerts([old, alert("firing"), alert("young", 3_000, "resolved", resolved_ms=800_000)])
    for renewed_ms in (1_000, 2_000, 3_000):
        expire_ms = renewed_ms + 500
        writer.put_grants([Grant(key="vault/a", renewed_ms=renewed_ms, expire_ms=expire_ms, granted_ms=500)])
    writer.put_jobs([job("a"), job("b")])
    writer.gone_jobs("jenkins", ["a"], 5_000)
    beat = Collector(pid=1, owner="watch", started_ms=1_000, beat_ms=2_000)
    writer.beat(beat)
    writer.beat(replace(beat, pid=2, started_ms=3_000, beat_ms=4_000))
    writer.commit()
    assert writer.prune(KEEP_MS + 700_000, 100) == 5
    counts = reader.counts().rows
    assert (counts["alerts"], counts["grants"], counts["jobs"], counts["collectors"]) == (2, 1, 1, 1)
    collector = reader.collector()
    assert collector is not None
    assert collector.pid == 2
    assert [each.fingerprint for each in writer.firing()] == ["firing"]


def test_nothing_young_goes(writer: Writer, reader: Reader, clock: Clock) -> None:
    writer.put([rollout()], 50_000)
    writer.put([rollout(level=Level.FAILING)], 60_000)
    writer.put_builds([build(1), build(2)])
    writer.put_alerts([alert(state="resolved", resolved_ms=60_000)])
    writer.commit()
    assert writer.prune(60_000, 1_000) == 0
    assert since(reader) == [50_000, 60_000]


def test_messages_go_but_for_the_last_of_each_group_and_silences_that_ended(writer: Writer, reader: Reader) -> None:
    message = Notification(id=1, sink="s", group_key="g", what="firing", why="new", created_ms=1_000, due_ms=1_000)
    sent = replace(message, state="sent")
    rows = [sent, replace(sent, id=2), replace(message, id=3), replace(message, id=4, state="failed"),
            replace(sent, id=5, group_key="other"), replace(sent, id=6, created_ms=900_000)]  # fmt: skip
    writer.alert_rows.put_notifications(rows)
    silence = Silence(id="old", matchers=(), starts_ms=0, ends_ms=1_000, created_by="kim")
    writer.alert_rows.put_silences([silence, replace(silence, id="young", ends_ms=10**13)])
    writer.alert_rows.put_acknowledgements([Acknowledgement(fingerprint="f", started_ms=1, at_ms=1_000, by="kim")])
    writer.commit()
    writer.prune(KEEP_MS + 600_000, 100)
    assert [each.id for each in reader.notifications()] == [6, 5, 3]
    assert [each.id for each in reader.silences()] == ["young"]
    assert reader.counts().rows["acknowledgements"] == 0


def test_the_last_message_goes_when_nothing_fires_or_its_sink_is_not_configured(writer: Writer, reader: Reader) -> None:
    message = Notification(id=1, sink="s", group_key="g", what="firing", why="new", created_ms=1_000, due_ms=1_000)
    sent = replace(message, state="sent")
    rows = [sent, replace(sent, id=2, what="resolved"), replace(sent, id=3, sink="gone"),
            replace(sent, id=4, sink="gone"), replace(sent, id=5, group_key="other")]  # fmt: skip
    writer.alert_rows.put_notifications(rows)
    writer.commit()
    left = []
    for _ in range(3):
        writer.prune(KEEP_MS + 600_000, 100, {"s"})
        left.append([each.id for each in reader.notifications()])
    assert left == [[5, 4, 2], [5], [5]], "the last one is never outlived by those that it made untrue"
