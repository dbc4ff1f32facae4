"""Everything that is not a period: pods, builds, jobs, queue, executors, alerts, heartbeat; and commits that fail."""

import resource
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from statusdesk.facts import Container, ContainerRole, Executors, QueueItem
from statusdesk.states import Collector, Grant, Level, PodState, RolloutState, TokenState
from statusdesk.store import opening
from statusdesk.store.errors import StoreError
from statusdesk.store.reader import Reader
from statusdesk.store.writer import Writer
from tests.store.conftest import Clock
from tests.store.rows import alert, build, job, pod, rollout

CONTAINER = Container(name="app", role=ContainerRole.APP, exit_code=137, message="\x00 \u202e [/x] 漢字")
ITEM = QueueItem(source="jenkins", id=4, job="deploy-orders", why="waiting")


def test_pods_come_back_whole_and_go(writer: Writer, reader: Reader) -> None:
    writer.put_pods([pod("b"), pod("a", containers=(CONTAINER,)), pod("c", workload="other")])
    writer.commit()
    workload = rollout().key
    a, b = reader.pods(workload)
    assert (a.containers, b.containers, a.change) == ((CONTAINER,), (), 1)
    writer.put_pods([pod("b"), pod("a", containers=(CONTAINER,))])
    assert writer.commit() == 1
    assert writer.gone(PodState, [a.key], 5_000) == []
    writer.commit()
    assert [each.name for each in reader.pods(workload)] == ["b"]
    assert a.key not in writer.current(PodState)
    writer.put_pods([pod("a")])
    writer.commit()
    assert [each.name for each in reader.pods(workload)] == ["a", "b"]


def test_builds_of_a_namespace_are_newest_first_with_those_not_committed(writer: Writer, reader: Reader) -> None:
    writer.put_builds(
        [build(1), build(2, namespace="audit"), build(3), build(9, job="other"), build(4, namespace=None)]
    )
    writer.commit()
    writer.put_builds([build(3, result="FAILURE"), build(5)])
    numbers = [
        (each.number, each.result) for each in writer.build_rows.of_pairs([("jenkins", "deploy-orders", "staging")], 2)
    ]
    assert numbers == [(5, "SUCCESS"), (3, "FAILURE")]
    assert [each.number for each in writer.build_rows.of_pairs([("jenkins", "deploy-orders", "")], 9)] == [4]
    writer.commit()
    assert reader.builds("deploy-orders", "staging", 9) == writer.build_rows.of_pairs(
        [("jenkins", "deploy-orders", "staging")], 9
    )
    assert [each.number for each in reader.builds("deploy-orders", None, 3)] == [5, 4, 3]
    assert [each.number for each in reader.builds("deploy-orders", "", 3)] == [4]


def test_a_build_into_several_namespaces_is_found_under_each(writer: Writer, reader: Reader) -> None:
    shared = build(2, namespaces=("staging", "audit"), parameters=(("NAMESPACE", "staging,audit"),))
    writer.put_builds([build(1, namespace="audit"), shared, build(3, namespaces=("staging",))])
    assert [each.number for each in writer.build_rows.of_pairs([("jenkins", "deploy-orders", "audit")], 9)] == [2, 1]
    writer.commit()
    assert reader.builds("deploy-orders", "audit", 9) == [shared, build(1, namespace="audit")]
    assert [each.number for each in reader.builds("deploy-orders", "staging", 9)] == [3, 2]


def test_builds_seen_again_are_not_written_again(writer: Writer) -> None:
    tick = [build(number) for number in range(20, 15, -1)]
    writer.put_builds(tick)
    assert writer.commit() == 1
    writer.put_builds(tick)
    assert writer.commit() == 1
    writer.put_builds([build(number) for number in range(1, 15)])
    assert writer.commit() == 2
    writer.put_builds(tick)
    assert writer.commit() == 2


def test_builds_seen_again_by_the_next_writer_are_not_written_again(path: Path, clock: Clock) -> None:
    tick = [build(number) for number in range(20, 15, -1)]
    for _ in range(2):
        with Writer(path, 1e6, clock) as writer:
            writer.put_builds(tick)
            assert writer.commit() == 1


def test_known_builds_are_the_newest_the_open_and_the_last_that_count(writer: Writer) -> None:
    old = [
        build(1, namespace="production"),
        build(2, namespace="production", result="FAILURE"),
        build(3, namespace="production", result="ABORTED"),
        build(4, result=None, building=True),
        build(5, namespace=None),
        build(6, result="FAILURE", namespace=None),
    ]
    new = [build(number, result="FAILURE") for number in range(10, 15)]
    writer.put_builds([*old, *new, build(7, job="another")])
    writer.commit()
    known = [(each.job, each.number) for each in writer.build_rows.known(per_job=2)]
    assert known == [("another", 7), *(("deploy-orders", number) for number in (14, 13, 6, 5, 4, 3, 2, 1))]


def test_jobs_come_and_go(writer: Writer, reader: Reader) -> None:
    writer.put_jobs([job("a"), job("b")])
    writer.commit()
    assert reader.changes(0).jobs == (job("a"), job("b"))
    writer.gone_jobs("jenkins", ["a", "never-there"], 5_000)
    writer.put_jobs([job("b", color="red")])
    writer.commit()
    changes = reader.changes(1)
    assert (changes.jobs, changes.gone_jobs) == ((job("b", color="red"),), (("jenkins", "a"),))
    assert writer.jobs() == [job("b", color="red")]
    writer.put_jobs([job("a")])
    writer.commit()
    assert reader.changes(2).jobs == (job("a"),)


def test_the_queue_is_told_only_when_it_changed(writer: Writer, reader: Reader) -> None:
    assert reader.changes(0).queue is not None
    second = replace(ITEM, id=7)
    writer.put_queue("jenkins", [second, ITEM])
    writer.commit()
    assert reader.changes(0).queue == (ITEM, second)
    writer.put_queue("jenkins", [ITEM, second])
    writer.put_jobs([job()])
    writer.commit()
    assert reader.changes(1).queue is None
    writer.put_queue("jenkins", [])
    writer.commit()
    assert reader.changes(2).queue == ()


def test_executors_come_back_whole(writer: Writer, reader: Reader) -> None:
    executors = Executors(source="jenkins", busy=1, total=4, offline=("node 2",), running=(("http://ci/1", 40),))
    for _ in range(2):
        writer.put_executors(executors)
        assert writer.commit() == 1
    assert reader.changes(0).executors == (executors,)


def test_alerts_are_kept_and_firing_ones_are_known_to_the_next_writer(path: Path, clock: Clock) -> None:
    with Writer(path, 1e6, clock) as writer:
        writer.put_alerts([alert("a"), alert("b", state="pending"), alert("c")])
        writer.commit()
        writer.put_alerts([alert("a"), alert("c", state="resolved", resolved_ms=2_000)])
        assert writer.commit() == 2
        writer.put_alerts([alert("c", state="resolved", resolved_ms=2_000)])
        assert writer.commit() == 2
    with Writer(path, 1e6, clock) as writer, Reader(path) as reader:
        assert [(each.fingerprint, each.state) for each in writer.firing()] == [("a", "firing"), ("b", "pending")]
        assert [each.fingerprint for each in reader.changes(0).alerts] == ["a", "b"]
        assert [(each.fingerprint, each.state) for each in reader.changes(1).alerts] == [("c", "resolved")]


def test_a_heartbeat_is_seen_without_a_new_change_number(writer: Writer, reader: Reader) -> None:
    beat = Collector(pid=7, owner="watch", started_ms=1_000, beat_ms=1_000)
    writer.beat(beat)
    version = reader.data_version()
    assert writer.commit() == 0
    assert reader.data_version() != version
    assert reader.collector() == beat
    writer.beat(replace(beat, beat_ms=2_000))
    writer.commit()
    assert reader.changes(0).collector == replace(beat, beat_ms=2_000)


def test_a_grant_is_kept_for_each_renewal(writer: Writer, reader: Reader) -> None:
    first = Grant(key="vault/payments", renewed_ms=500, expire_ms=9_500, granted_ms=9_000, issue_ms=500)
    second = replace(first, renewed_ms=3_000, expire_ms=8_000, granted_ms=5_000)
    for _ in range(2):
        writer.put_grants([first])
        writer.commit()
    writer.put_grants([second])
    writer.commit()
    assert writer.grants_of("vault/payments", 9) == [first, second]
    assert writer.grants_of("vault/payments", 1) == [second]
    given = [(grant.renewed_ms, grant.expire_ms, grant.granted_ms) for grant in reader.grants("vault/payments", 9)]
    assert given == [(3_000, 8_000, 5_000), (500, 9_500, 9_000)]
    assert reader.grants("vault/forever", 9) == []
    assert isinstance(reader.grants("vault/payments", 1)[0], Grant)


def test_what_was_seen_of_a_token_that_is_no_longer_watched_is_written(writer: Writer) -> None:
    grant = Grant(key="vault/payments", renewed_ms=500, expire_ms=9_500, granted_ms=9_000, issue_ms=500, seen_ms=2_000)
    writer.put([TokenState(key=grant.key, source="vault", name="payments", level=Level.OK)], 500)
    writer.put_grants([grant])
    last = replace(grant, seen_ms=2_100)
    writer.saw_grant(last)
    writer.commit()
    assert writer.grants_of(grant.key, 9) == [grant], "it tells little more"
    writer.gone(TokenState, iter([grant.key]), 3_000)
    writer.commit()
    assert writer.grants_of(grant.key, 9) == [last]


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """Let no file grow beyond what the store's ``-wal`` is now, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = max(path.stat().st_size, opening.wal_of(path).stat().st_size)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_nothing_is_lost_when_the_disk_is_full(writer: Writer, reader: Reader, path: Path) -> None:
    writer.put([rollout("kept")], 1_000)
    writer.commit()
    many = [rollout(f"app-{number}", message="x" * 200) for number in range(2_000)]
    with full_disk(path):
        writer.put(many, 2_000)
        with pytest.raises(StoreError, match="cannot be written"):
            writer.commit()
        assert [row.name for row in reader.changes(0).rollouts] == ["kept"]
        writer.put([rollout("app-7", Level.FAILING)], 3_000)
        with pytest.raises(StoreError, match="cannot be written"):
            writer.commit()
    assert writer.commit() == 2
    rows = {row.name: row for row in reader.changes(1).rollouts}
    assert len(rows) == 2_000
    assert (rows["app-7"].level, rows["app-7"].since_ms) == (Level.FAILING, 3_000)
    assert [row.until_ms for row in reader.periods(RolloutState, rollout("app-7").key, 0, 9_000)] == [3_000, None]


def test_nothing_is_lost_when_somebody_else_holds_the_file(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "BUSY_MS", 50)
    with Writer(path, 1e6, clock) as writer:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        writer.put([rollout()], 1_000)
        with pytest.raises(StoreError, match="locked"):
            writer.commit()
        other.execute("ROLLBACK")
        other.close()
        assert writer.commit() == 1


def test_one_odd_row_does_not_keep_the_others_from_being_written(writer: Writer, reader: Reader) -> None:
    writer.put([rollout("huge", ready=2**70), rollout("half", message="a\ud800b"), rollout("plain")], 1_000)
    assert writer.commit() == 1
    rows = {row.name: row for row in reader.changes(0).rollouts}
    assert rows["huge"].ready == 2**63 - 1
    assert rows["half"].message == "a?b"
    assert rows["plain"] == writer.current(RolloutState)[rows["plain"].key]


def test_statistics_are_made_once_there_are_rows_and_then_once_an_hour(path: Path, clock: Clock) -> None:
    def statistics() -> dict[str, int]:
        with sqlite3.connect(path) as db:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'").fetchone():
                return {}
            found = db.execute("SELECT tbl, max(CAST(stat AS INTEGER)) FROM sqlite_stat1 GROUP BY tbl")
            return dict(found.fetchall())

    with Writer(path, 1e6, clock) as writer:
        writer.put([rollout("one")], 1_000)
        writer.commit()
        assert statistics() == {}
        writer.put([rollout(f"app-{number}") for number in range(2_000)], 1_000)
        writer.commit()
        first = statistics()["rollout_current"]
        assert 1_500 < first < 2_500  # SQLite estimates
        clock.ms += 3_599_000
        writer.put([rollout(f"more-{number}") for number in range(2_000)], clock.ms)
        writer.commit()
        assert statistics()["rollout_current"] == first
        clock.ms += 1_000
        writer.put([rollout("last")], clock.ms)
        writer.commit()
        assert statistics()["rollout_current"] > 3_000


def test_a_failed_commit_is_written_by_the_next_with_what_came_since(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "BUSY_MS", 50)
    with Writer(path, 1e6, clock) as writer:
        writer.put_pods([pod("a"), pod("b")])
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            writer.commit()
        other.execute("ROLLBACK")
        other.close()
        writer.put_pods([pod("b", restarts=3)])
        writer.commit()
    with Reader(path) as reader:
        assert {row.name: row.restarts for row in reader.pods(rollout().key)} == {"a": 0, "b": 3}


def test_a_container_written_by_an_earlier_statusdesk_is_read(path: Path, clock: Clock) -> None:
    with Writer(path, 1e6, clock) as writer:
        writer.put_pods([pod("a")])
    with sqlite3.connect(path) as db:
        db.execute(
            "UPDATE pod_current SET containers = ?",
            ('[{"name":"app","role":"app","image":"x:1","container_id":"containerd://4a28","restarts":2}]',),
        )
    with Writer(path, 1e6, clock) as writer, Reader(path) as reader:
        (container,) = reader.pods(rollout().key)[0].containers
        assert container == Container(name="app", role=ContainerRole.APP, image="x:1", restarts=2)
        assert writer.current(PodState)["eu/staging/a"].containers == (container,)


def test_a_question_that_sqlite_cannot_answer_is_told_as_of_the_store(path: Path, clock: Clock) -> None:
    with Writer(path, 3600.0, clock) as writer:
        writer._db.execute("ALTER TABLE evidence RENAME TO lost")
        with pytest.raises(StoreError, match="cannot be read: no such table: evidence"):
            writer.has_evidence("c/n/Deployment/a", 0, "1")
        with pytest.raises(StoreError):
            writer.evidence_lines("c/n/Deployment/a", 0, "app")
        writer._db.execute("ALTER TABLE lost RENAME TO evidence")
        writer._db.execute("ALTER TABLE notifications RENAME TO lost")
        with pytest.raises(StoreError):
            writer.alert_rows.last_id()
        writer._db.execute("ALTER TABLE lost RENAME TO notifications")


def test_a_job_whose_build_numbers_are_dates_goes_at_once(writer: Writer) -> None:
    writer.put_jobs([job("nightly"), job("other")])
    writer.put_builds([build(2_026_112_301, job="nightly"), build(3, job="other")])
    writer.commit()
    cpu_s = time.process_time()
    writer.gone_jobs("jenkins", ["nightly"], 5_000)
    assert time.process_time() - cpu_s < 1.0
    writer.commit()
    assert [each.name for each in writer.jobs()] == ["other"]
    writer.put_builds([build(3, job="other")])
    assert writer.commit() == 2, "what is known of other jobs stays"
