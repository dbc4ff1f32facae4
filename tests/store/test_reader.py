"""What a reader is told: the present, what is new, the past, and a sentence where there is nothing to read."""

import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from statusdesk.states import AlertState, Collector, JobEvent, Level, RolloutState
from statusdesk.states_alerts import Matcher, Muted, MutedThere, Notification, PostedThere, Silence
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


def test_what_is_muted_elsewhere_is_written_when_it_is_another_and_read_with_the_changes(writer, reader) -> None:
    rows = writer.alert_rows
    held = MutedThere(sink="am", muted=(Muted(fingerprint="f", by="sam", until_ms=9_000),))
    rows.put_muted(held)
    writer.commit()
    change = reader.changes(0).change
    rows.put_muted(replace(held))
    writer.commit()
    assert reader.changes(change).muted == (), "the same again is not written"
    failed = replace(held, problem="no connection", problem_ms=61_000)
    rows.put_muted(failed)
    writer.commit()
    (found,) = reader.changes(change).muted
    assert replace(found, change=0) == failed
    assert reader.changes(0).muted == (found,)
    change = found.change
    rows.put_muted(failed)
    rows.put_muted(held)
    writer.commit()
    assert [each.problem for each in reader.changes(change).muted] == [""]


def test_alerts_silences_and_messages(writer: Writer, reader: Reader) -> None:
    writer.put_alerts(
        [
            alert("open", 5_000),
            alert("over", 1_000, "resolved", fired_ms=2_000, resolved_ms=6_000),
            alert("long over", 1_000, "resolved", fired_ms=2_000, resolved_ms=3_000),
            alert("never fired", 1_000, "resolved", pending_ms=1_000, resolved_ms=6_000),
        ]
    )
    holds = Silence(id="s", matchers=(Matcher("app", "x"),), starts_ms=1, ends_ms=9_000, created_by="kim", created_ms=1)
    writer.alert_rows.put_silences([holds, replace(holds, id="ended", expired_ms=2_000)])
    message = Notification(id=1, sink="s", group_key="g", what="firing", why="new", created_ms=4_000, due_ms=5_000)
    writer.alert_rows.put_notifications([replace(message, alerts=(alert("open", 5_000),)), replace(message, id=2)])
    writer.commit()
    assert [each.fingerprint for each in reader.alerts()] == ["open"]
    assert [each.fingerprint for each in reader.alerts(since_ms=5_000)] == ["open", "over"]
    assert {each.id for each in reader.silences()} == {"s", "ended"}
    assert [each.id for each in reader.silences(8_000)] == ["s"] and reader.silences(9_000) == []
    assert reader.silences(8_000)[0].matchers == holds.matchers
    assert [each.id for each in reader.notifications()] == [2, 1] and reader.notifications(4_001) == []
    assert reader.notifications()[1].alerts == (alert("open", 5_000),)
    assert [each.id for each in reader.changes(0).silences] == ["s"]


def test_the_last_message_about_each_alert(writer: Writer, reader: Reader) -> None:
    first = Notification(
        id=1, sink="s", group_key="g", what="firing", why="new", created_ms=4_000, due_ms=5_000, state="sent",
        sent_ms=5_000, fingerprints=("a", "b"), alerts=(alert("a", 5_000), alert("b", 5_000)),
    )  # fmt: skip

    def about(*names: str, **fields: object) -> dict[str, object]:
        return {"fingerprints": names, "alerts": tuple(alert(name, 5_000, **fields) for name in names)}

    writer.alert_rows.put_notifications(
        [
            first,
            replace(first, id=2, created_ms=6_000, **about("b", "c")),
            replace(first, id=3, created_ms=7_000, state="dropped", **about("a", "b", "c")),
            replace(first, id=4, created_ms=8_000, sink="other"),
            replace(first, id=5, created_ms=8_000, group_key="h"),
            replace(first, id=6, created_ms=9_000),
            replace(first, id=7, created_ms=10_000, **about("a", "b", acked_by="kim")),
            replace(first, id=8, created_ms=11_000, **about("a", state="resolved", acked_by="kim")),
            replace(first, id=9, created_ms=12_000, fingerprints=("a",), alerts=(alert("a", 30_000),)),
        ]
    )
    writer.commit()

    def told(until_ms: int, **started: int) -> dict[str, tuple[int, str]]:
        asked = {name: {each} for name, each in started.items()}
        found = reader.last_of_alerts({("s", "g"): asked}, until_ms)
        return {each.fingerprint: (row.id, each.state) for row in found for each in row.alerts}

    everything = told(8_000, a=5_000, b=5_000, c=5_000, d=5_000)
    assert everything == {"a": (1, "firing"), "b": (2, "firing"), "c": (2, "firing")}, "queued before they fired"
    assert told(9_000, a=5_000, b=5_000) == {"a": (6, "firing"), "b": (6, "firing")}
    assert told(10_000, a=5_000) == {"a": (6, "firing")}, "one that is taken is only remembered in a message"
    assert told(11_000, a=5_000) == {"a": (8, "resolved")}
    assert told(8_000, a=6_000, b=4_000) == {}, "what was told of it when it fired before is not about it now"
    assert told(12_000, a=5_000) == {"a": (8, "resolved")} and told(12_000, a=30_000) == {"a": (9, "firing")}
    both = reader.last_of_alerts({("s", "g"): {"a": {5_000, 30_000}}}, 12_000)
    assert [(row.id, row.alerts[0].started_ms) for row in both] == [(9, 30_000), (8, 5_000)]


def test_what_was_refused_says_nothing_of_what_had_been_told(writer: Writer, reader: Reader) -> None:
    told = Notification(
        id=1, sink="s", group_key="g", what="firing", why="new", created_ms=4_000, due_ms=5_000, state="sent",
        attempts=1, sent_ms=5_000, fingerprints=("a",), alerts=(alert("a", 4_000),),
    )  # fmt: skip
    both = {"fingerprints": ("a", "b"), "alerts": (alert("a", 4_000), alert("b", 5_000))}
    lost = replace(told, id=2, state="quarantined", sent_ms=None, last_error="it answered 400", **both)
    again = replace(lost, id=3, state="queued", attempts=2, last_error="it answered 404")
    over = replace(again, id=4, what="resolved", fingerprints=("a",), alerts=(alert("a", 4_000, state="resolved"),))

    def last() -> dict[str, tuple[int, str]]:
        found = reader.last_of_alerts({("s", "g"): {"a": {4_000}, "b": {5_000}}}, 90_000)
        return {each.fingerprint: (row.id, each.state) for row in found for each in row.alerts}

    for rows, known in (
        ([told], {"a": (1, "firing")}),
        ([lost], {"a": (1, "firing"), "b": (2, "firing")}),
        ([again], {"a": (1, "firing"), "b": (3, "firing")}),
        ([over], {"a": (4, "resolved"), "b": (3, "firing")}),
    ):
        writer.alert_rows.put_notifications(rows)
        writer.commit()
        assert last() == known
    message, taken_ms = reader.last_not_taken("s")
    assert (message.id, message.last_error, taken_ms) == (4, "it answered 404", 5_000)
    assert reader.last_not_taken("other") is None


def test_the_messages_of_a_group_are_found_by_an_index(tmp_path: Path) -> None:
    from statusdesk.store.alerts import _OF_GROUP

    with Writer(tmp_path / "s.db", 1e9, lambda: 1) as made:
        plan = made._db.execute(f"EXPLAIN QUERY PLAN {_OF_GROUP}", ("s", "g")).fetchall()
    assert [step[3] for step in plan] == [
        "SEARCH notifications USING INDEX notifications_sink_group_key_id (sink=? AND group_key=?)"
    ]


def test_an_alert_of_the_past_knows_nothing_of_later(writer: Writer, reader: Reader) -> None:
    later = {"acked_by": "kim", "acked_ms": 5_000, "stale_since_ms": 6_000, "silenced_by": "s", "flapping": True}
    writer.put_alerts([alert("a", 1_000, fired_ms=2_000, **later)])
    writer.commit()
    (then,) = reader.as_of(3_000).alerts
    assert (then.acked_by, then.acked_ms, then.stale_since_ms, then.silenced_by, then.flapping) == (
        "",
        None,
        None,
        "",
        0,
    )
    (then,) = reader.as_of(5_500).alerts
    assert (then.acked_by, then.stale_since_ms) == ("kim", None)


def test_what_alertmanagers_have_taken_outlives_a_collector_that_could_not_post_yet(writer, reader) -> None:
    rows = writer.alert_rows
    taken = PostedThere(sink="am", number=1, peer="am2:9093", ok_ms=5_000, taken=("g",), refused=(("f", "no"),))
    rows.put_posted(taken)
    writer.commit()
    change = reader.changes(0).change
    rows.put_posted(replace(taken))
    writer.commit()
    assert not reader.changes(change).posts, "the same again is not written"
    away = PostedThere(sink="am", number=1, peer="am2:9093", problem="no connection", problem_ms=9_000)
    rows.put_posted(away)
    rows.put_posted(replace(away, problem="no answer", problem_ms=10_000))
    writer.commit()
    (found,) = reader.changes(change).posts
    assert (found.ok_ms, found.taken, found.refused) == (5_000, ("g",), (("f", "no"),))
    assert (found.problem, found.problem_ms) == ("no answer", 9_000)
    rows.put_posted(replace(away, peer="another:9093"))
    writer.commit()
    assert reader.changes(found.change).posts[0].ok_ms is None, "that was another one"
    assert reader.as_of(9_000).posts is None, "what was taken then is not kept"
