"""Events, revisions and evidence in the store: round trip, replaced and dropped, kept as long as the history."""

import pytest
from msgspec.structs import replace

from statusdesk.facts import Container, ContainerRole, Event, Revision
from statusdesk.states import Evidence, Level
from statusdesk.store.errors import StoreError
from statusdesk.store.reader import EVENTS_OF, EVIDENCE_OF, REVISIONS_OF, Reader
from statusdesk.store.writer import Writer
from tests.store.conftest import KEEP_S
from tests.store.rows import rollout

KEY = rollout().key
KEEP_MS = int(KEEP_S * 1000)
HOSTILE = "[/x]\x1b]0;owned\x07 \u202e \u4e2d\U0001f600 '; DROP TABLE evidence; -- \ud800"


def event(uid: str = "e1", **fields: object) -> Event:
    given = {"object_kind": "Pod", "object_name": "p", "object_uid": "u", "reason": "BackOff", "last_ms": 5_000}
    return Event(cluster="eu", namespace="staging", uid=uid, **(given | fields))


def revision(name: str = "orders-1", **fields: object) -> Revision:
    return Revision(cluster="eu", namespace="staging", kind="ReplicaSet", name=name, uid=name, **fields)


def evidence(since_ms: int = 1_000, **fields: object) -> Evidence:
    state = Container(name="app", role=ContainerRole.APP, state="waiting", last_exit_code=1, last_message="no")
    given = {"pod": "p", "container": "app", "lines": ("one", "two"), "events": (event(),), "state": (state,)}
    return Evidence(key=KEY, since_ms=since_ms, **(given | fields))


def test_events_and_revisions_come_back_newest_first(writer, reader):
    events = [event("a", last_ms=1), event("b", last_ms=9), event("c", last_ms=None, first_ms=5)]
    revisions = [revision("one", revision=1), revision("two", revision=2, images=(("app", "x:2"),), replicas=3)]
    writer.put_events(KEY, events)
    writer.put_revisions(KEY, revisions)
    writer.commit()
    assert reader.events(KEY) == [events[1], events[2], events[0]]
    assert reader.revisions(KEY) == [revisions[1], revisions[0]]
    assert reader.events("eu/staging/Deployment/other") == []


def test_a_new_answer_replaces_the_old_one_and_none_drops_it(writer, reader):
    writer.put_events(KEY, [event("a"), event("b")])
    writer.put_events("other", [event("a")])
    writer.commit()
    writer.put_events(KEY, [event("b", count=2)])
    writer.commit()
    assert [(one.uid, one.count) for one in reader.events(KEY)] == [("b", 2)]
    writer.put_events(KEY, ())
    writer.commit()
    assert reader.events(KEY) == [] and len(reader.events("other")) == 1
    assert writer.looked_up() == {"other"}


def test_the_same_answer_again_is_not_written(writer):
    writer.put_events(KEY, [event("a"), event("b")])
    change = writer.commit()
    writer.put_events(KEY, [event("b"), event("a")])
    writer.put_events("nothing known", ())
    assert writer.commit() == change


def test_what_an_earlier_process_looked_up_is_known(writer, path, clock):
    writer.put_events(KEY, [event()])
    writer.put_revisions("other", [revision()])
    writer.close()
    with Writer(path, KEEP_S, clock) as again:
        assert again.looked_up() == {KEY, "other"}
        again.put_events(KEY, ())
        again.commit()
        with Reader(path) as reader:
            assert reader.events(KEY) == [] and len(reader.revisions("other")) == 1


def test_evidence_comes_back_by_the_time_of_the_failure(writer, reader):
    rows = [evidence(1_000), evidence(1_000, previous=True), evidence(5_000, lines=(), problem="gone")]
    writer.put_evidence(rows)
    change = writer.commit()
    assert reader.evidence(KEY) == [replace(row, change=change) for row in (rows[2], rows[0], rows[1])]
    assert [row.since_ms for row in reader.evidence(KEY, 2_000)] == [5_000]
    assert [row.previous for row in reader.evidence(KEY, 1_000, 1_000)] == [False, True]
    assert reader.evidence("eu/staging/Deployment/other") == []


def test_evidence_that_grows_is_one_row(writer, reader):
    writer.put_evidence([evidence(events=())])
    writer.commit()
    writer.put_evidence([evidence(events=())])
    writer.put_evidence([evidence(lines=("more",))])
    writer.commit()
    [row] = reader.evidence(KEY)
    assert row.lines == ("more",) and row.events == (event(),)


def test_hostile_text_comes_back_harmless(writer, reader):
    writer.put_evidence([evidence(lines=(HOSTILE,), pod=HOSTILE)])
    writer.put_events(KEY, [event(message=HOSTILE)])
    writer.commit()
    [row] = reader.evidence(KEY)
    assert "DROP TABLE evidence" in row.lines[0] and "DROP TABLE" in reader.events(KEY)[0].message


def test_evidence_is_asked_for_by_revision_and_time(writer):
    writer.put_evidence([evidence(5_000, revision="2")])
    assert not writer.has_evidence(KEY, 5_000, "2"), "not committed"
    writer.commit()
    assert writer.has_evidence(KEY, 5_000, "2") and writer.has_evidence(KEY, 4_000, "2")
    assert not writer.has_evidence(KEY, 5_001, "2") and not writer.has_evidence(KEY, 5_000, "3")


def put(writer, clock, at_ms, level):
    clock.ms = at_ms
    writer.put([rollout(level=level)], at_ms)
    writer.commit()


def test_evidence_goes_with_the_period_that_it_belongs_to(writer, reader, clock):
    put(writer, clock, 1_000, Level.FAILING)
    writer.put_evidence([evidence(1_000)])
    put(writer, clock, KEEP_MS, Level.OK)
    # the failure began long ago, but ended a moment ago: it is in the history, and so is the evidence
    clock.ms = KEEP_MS + 10_000
    writer.prune(clock.ms, 1_000)
    assert len(reader.evidence(KEY)) == len(reader.periods(type(rollout()), KEY, 0, KEEP_MS)) == 1
    clock.ms = 2 * KEEP_MS + 10_000
    writer.prune(clock.ms, 1_000)
    assert reader.evidence(KEY) == [] and reader.periods(type(rollout()), KEY, 0, KEEP_MS) == []


def test_evidence_of_what_still_fails_stays(writer, reader, clock):
    put(writer, clock, 1_000, Level.FAILING)
    writer.put_evidence([evidence(1_000), evidence(500)])
    put(writer, clock, 2_000, Level.FAILING)
    clock.ms = 3 * KEEP_MS
    writer.prune(clock.ms, 1_000)
    assert [row.since_ms for row in reader.evidence(KEY)] == [1_000]


def test_old_evidence_is_deleted_in_bites(writer, reader, clock):
    writer.put_evidence([evidence(number) for number in range(1, 31)])
    writer.commit()
    clock.ms = 2 * KEEP_MS
    assert writer.prune(clock.ms, 10) == 10
    assert len(reader.evidence(KEY)) == 20


@pytest.mark.parametrize("question", [EVENTS_OF, REVISIONS_OF, EVIDENCE_OF])
def test_nothing_is_read_through(writer, question):
    plan = writer._db.execute(f"EXPLAIN QUERY PLAN {question}", (KEY, 0, 1)[: question.count("?")]).fetchall()
    assert not any(row[3].startswith("SCAN") for row in plan), plan


def test_a_store_without_these_tables_gets_them(writer, path, clock):
    for table in ("events", "revisions", "evidence"):
        writer._db.execute(f"DROP TABLE {table}")
    writer._db.execute("UPDATE meta SET value = 1 WHERE name = 'shape'")
    with pytest.raises(StoreError), Reader(path) as reader:
        reader.evidence(KEY)
    writer.close()
    with Writer(path, KEEP_S, clock) as again:
        again.put_evidence([evidence()])
        again.commit()
        with Reader(path) as reader:
            assert len(reader.evidence(KEY)) == 1
