"""What a reader is told: the present, what is new, the past, and a sentence where there is nothing to read."""

import sqlite3
from pathlib import Path

import pytest

from statusdesk.states import AlertState, Collector, JobEvent, Level, RolloutState
from statusdesk.store import builds as build_questions
from statusdesk.store import gate_rows, past
from statusdesk.store import reader as reading
from statusdesk.store.errors import StoreError
from statusdesk.store.export import query
from statusdesk.store.reader import Reader
from statusdesk.store.writer import Writer
from tests.store.conftest import Clock
from tests.store.rows import alert, build, job, outcome, rollout, source, token


def test_changes_are_those_above_a_number(writer: Writer, reader: Reader) -> None:
    writer.put([rollout("a"), rollout("b"), outcome(), token(), source()], 1_000)
    writer.commit()
    writer.put([rollout("b", Level.FAILING)], 2_000)
    writer.commit()
    everything = reader.changes(0)
    assert everything.change == 2
    assert sorted(row.name for row in everything.rollouts) == ["a", "b"]
    assert len(everything.builds) == len(everything.tokens) == len(everything.sources) == 1
    new = reader.changes(1)
    assert ([row.name for row in new.rollouts], new.builds, new.sources) == (["b"], (), ())
    assert reader.changes(2).rollouts == ()


def test_renamings_are_told_all_of_them_when_anything_has_happened_to_a_job(writer: Writer, reader: Reader) -> None:
    def happened(name: str, at_ms: int, what: str = "renamed") -> JobEvent:
        return JobEvent(source="jenkins", name=name, at_ms=at_ms, what=what, other=name * 2)

    def told(since: int) -> list[tuple[str, int]] | None:
        renamed = reader.changes(since).renamed
        return None if renamed is None else sorted((each.name, each.at_ms) for each in renamed)

    assert told(0) == []
    writer.put_job_events([happened("a", 1_000), happened("b", 1_000, "vanished")])
    writer.commit()
    writer.put([rollout("a")], 2_000)
    writer.commit()
    assert (told(0), told(1)) == ([("a", 1_000)], None)
    writer.put_job_events([happened("c", 3_000)])
    writer.commit()
    assert told(2) == [("a", 1_000), ("c", 3_000)]
    writer.move_job_events(500)
    writer.commit()
    assert told(3) == [("a", 1_500), ("c", 3_500)] and reader.as_of(9_000).renamed is not None


def test_the_past_is_told_as_it_was_known_then(writer: Writer, reader: Reader) -> None:
    writer.beat(Collector(pid=1, owner="watch", started_ms=500, beat_ms=7_000, stopped_ms=7_000))
    writer.put([source(last_ok_ms=900, last_try_ms=900), outcome(), token()], 1_000)
    writer.put([source(last_ok_ms=6_500, last_try_ms=6_600, message="changed")], 6_600)
    writer.put_alerts([alert("a", 2_000, "resolved", fired_ms=3_000, resolved_ms=5_000), alert("b", 4_500)])
    writer.put_jobs([job()])
    writer.commit()

    def alerts(at_ms: int) -> list[tuple[str, str, int | None]]:
        found: tuple[AlertState, ...] = reader.as_of(at_ms).alerts
        return [(each.fingerprint, each.state, each.resolved_ms) for each in found]

    assert reader.as_of(999).sources == ()
    assert [alerts(at_ms) for at_ms in (1_999, 2_500, 3_000, 5_000)] == [
        [],
        [("a", "pending", None)],
        [("a", "firing", None)],
        [("b", "pending", None)],
    ]
    then = reader.as_of(4_000)
    assert (then.sources[0].last_ok_ms, then.sources[0].last_try_ms) == (4_000, 4_000)
    assert then.collector is not None
    assert (then.collector.beat_ms, then.collector.stopped_ms) == (4_000, None)
    assert len(then.builds) == len(then.tokens) == len(then.jobs) == 1
    after = reader.as_of(50_000)
    assert after.sources[0].last_ok_ms == 6_500
    assert after.collector is not None
    assert after.collector.stopped_ms == 7_000


def test_while_no_collector_ran_the_past_is_as_stale_as_it_was(writer: Writer, reader: Reader) -> None:
    writer.beat(Collector(pid=1, owner="watch", started_ms=500, beat_ms=2_000))
    writer.put([source(last_ok_ms=1_000)], 1_000)
    writer.commit()
    writer.beat(Collector(pid=2, owner="watch", started_ms=9_000, beat_ms=9_500))
    writer.put([source(last_ok_ms=9_400, detail="2.462")], 9_400)
    writer.commit()
    assert reader.as_of(6_000).sources[0].last_ok_ms == 2_000
    assert reader.collector() == Collector(pid=2, owner="watch", started_ms=9_000, beat_ms=9_500)


def test_periods_are_those_that_overlap(writer: Writer, reader: Reader) -> None:
    for at_ms in range(1_000, 6_000, 1_000):
        writer.put([rollout(version=str(at_ms))], at_ms)
    writer.commit()

    def since(first_ms: int, last_ms: int) -> list[int]:
        return [row.since_ms for row in reader.periods(RolloutState, rollout().key, first_ms, last_ms)]

    assert since(0, 10_000) == [1_000, 2_000, 3_000, 4_000, 5_000]
    assert since(2_000, 3_000) == [2_000]
    assert since(2_500, 3_001) == [2_000, 3_000]
    assert since(9_000, 10_000) == [5_000]
    assert since(0, 1_000) == []


def test_counts_tell_how_full_it_is(writer: Writer, reader: Reader, path: Path) -> None:
    writer.put([rollout(str(number)) for number in range(2_000)], 4_000)
    writer.put([rollout(str(number), Level.FAILING) for number in range(2_000)], 5_000)
    writer.put_builds([build(1), build(2)])
    writer.commit()
    counts = reader.counts()
    assert (counts.rows["rollout_current"], counts.rows["builds"], counts.oldest_ms) == (2_000, 2, 4_000)
    assert 1_000 < counts.rows["rollout_history"] < 4_000  # SQLite estimates
    assert counts.bytes >= path.stat().st_size > 0
    assert counts.live


def plans(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return (question, step of its plan) for every SQL text that a reader or an export asks."""
    asked = [
        *(
            text
            for each in past.QUESTIONS.values()
            for text in (each.still, each.since_closed, each.periods, each.last)
        ),
        *(past.ALERTS_AT, past.COLLECTOR_AT),
        *(
            reading.META,
            reading.LAST_COLLECTOR,
            reading.ALL_QUEUE,
            reading.GONE_JOBS,
            reading.PODS_OF,
            reading.GRANTS_OF,
        ),
        *reading.ALIVE.values(),
        *reading.CHANGED.values(),
        *(build_questions.OF_JOB, build_questions.OF_NAMESPACE, build_questions.ALSO_OF_NAMESPACE),
        *(gate_rows.OF_APP, gate_rows.NEXT_APP, gate_rows.OPEN_ALERTS, gate_rows.LAST_COLLECTOR),
        *(gate_rows.UNREADABLE, gate_rows.NEXT_START),
        *(query(what, 1, 2).sql for what in ("builds", "rollouts", "tokens", "alerts", "environments", "platform")),
        build_questions.UNATTRIBUTED,
        build_questions.EVENTS,
    ]
    found = []
    for question in asked:
        names = {"at", "key", "since", "until", "source", "job", "namespace", "quoted", "limit", "deleted"}
        values = (0,) * question.count("?") if "?" in question else dict.fromkeys(names, 1)
        found += [(question, row[3]) for row in db.execute(f"EXPLAIN QUERY PLAN {question}", values)]
    return found


@pytest.mark.parametrize("rows", [0, 3_000], ids=["without statistics", "with statistics"])
def test_no_question_scans_or_sorts_a_history(path: Path, clock: Clock, rows: int) -> None:
    with Writer(path, 1e9, clock) as writer:
        for level in (Level.OK, Level.FAILING, Level.OK):
            writer.put([rollout(str(number), level) for number in range(rows)], clock.ms)
            clock.ms += 1_000
        writer.put_builds([build(number % 900, job=f"job-{number % 7}") for number in range(rows)])
        writer.commit()
    with sqlite3.connect(path) as db:
        steps = plans(db)
        scans = [step for step in steps if step[1].startswith("SCAN") and "_history" in step[1]]
        assert scans == []
        assert [step for step in steps if step[1] in ("SCAN h", "SCAN builds")] == []
        assert [step for step in steps if "TEMP B-TREE" in step[1]] == []
        assert [s for s in steps if s[0] in (gate_rows.OF_APP, gate_rows.NEXT_APP) and "_app (app" not in s[1]] == []
        assert any("rollout_history USING PRIMARY KEY (key=? AND since_ms" in step[1] for step in steps)


def refuse(path: Path) -> str:
    with pytest.raises(StoreError) as raised:
        Reader(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_missing_store_is_told(tmp_path: Path) -> None:
    assert "no store" in refuse(tmp_path / "statusdesk.db")


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "statusdesk.db"
    path.touch()
    assert "empty" in refuse(path)


def test_a_directory_is_told(tmp_path: Path) -> None:
    assert "cannot be read" in refuse(tmp_path)


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough to be one" * 100, b"SQLite format 3\0" + b"x" * 4080]
)
def test_another_file_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "statusdesk.db"
    path.write_bytes(content)
    assert "damaged or not a store" in refuse(path)


def test_another_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "statusdesk.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE holidays (day TEXT)")
    assert "not a store of statusdesk" in refuse(path)


def test_a_damaged_page_is_told_when_it_is_read(path: Path, clock: Clock) -> None:
    with Writer(path, 1e6, clock) as writer:
        writer.put([rollout(str(number), message="x" * 200) for number in range(500)], 1_000)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : -100] = b"\xff" * (len(content) - len(content) // 2 - 100)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"), Reader(path) as reader:
        reader.changes(0)


@pytest.mark.parametrize(("version", "words"), [(0, "older statusdesk"), (10_000, "newer statusdesk")])
def test_another_schema_is_told(path: Path, clock: Clock, version: int, words: str) -> None:
    Writer(path, 1e6, clock).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {version}")
    assert words in refuse(path)


def test_a_column_that_is_not_there_yet_is_told(path: Path, clock: Clock) -> None:
    Writer(path, 1e6, clock).close()
    with sqlite3.connect(path) as db:
        db.execute("ALTER TABLE rollout_current DROP COLUMN digest")
    with Reader(path) as reader, pytest.raises(StoreError, match="older statusdesk"):
        reader.changes(0)


@pytest.mark.parametrize(
    ("table", "column", "question"),
    [
        ("rollout_history", "fails_ms", lambda reader: reader.periods(RolloutState, "k", 0, 1)),
        ("rollout_history", "fails_ms", lambda reader: reader.as_of(1)),
        ("environment_current", "day_off", lambda reader: reader.changes(0)),
        ("pod_current", "node", lambda reader: reader.pods("k")),
        ("evidence", "problem", lambda reader: reader.evidence("k")),
        ("alerts", "hits", lambda reader: reader.alerts(0)),
    ],
)
def test_whatever_is_asked_of_an_older_store_the_answer_is_a_sentence(path, clock, table, column, question) -> None:
    Writer(path, 1e6, clock).close()
    with sqlite3.connect(path) as db:
        db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    with Reader(path) as reader, pytest.raises(StoreError, match="older statusdesk; start `statusdesk watch`"):
        question(reader)
