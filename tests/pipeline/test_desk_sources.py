"""Sources in a desk: lost, refused, gone from the configuration."""

import msgspec
import pytest

from statusdesk.clock import ClockSteps
from statusdesk.config import StageSettings
from statusdesk.facts import Pod, Visited
from statusdesk.judge.gate import Known, Question, Route
from statusdesk.judge.gate_checks import freshness
from statusdesk.pipeline.desk import Desk
from statusdesk.states import Level, SourceState
from statusdesk.store.errors import StoreError
from tests.pipeline.desk_bench import (
    SOURCE,
    T0,
    deployments,
    plain_bench,  # noqa: F401  (a fixture)
    pod,
    swept,
    workload,
)


def test_visits_become_sources_and_a_lost_one_fires(bench):
    bench.see(Visited(source=SOURCE, ok=True, at_ms=T0, live=True))
    assert bench.desk.visited == {SOURCE}
    bench.see(Visited(source=SOURCE, ok=False, at_ms=T0 + 5, problem="Unreachable", message="no answer"))
    row = bench.writer.current(SourceState)[SOURCE]
    assert (row.level, row.reason, row.last_ok_ms) == (Level.FAILING, "Unreachable", T0)
    (alert,) = bench.writer.firing()
    assert (alert.alertname, alert.source) == ("SourceDown", SOURCE)
    bench.see(Visited(source=SOURCE, ok=True, at_ms=T0 + 9, live=True))
    assert not bench.writer.firing()


def test_a_source_that_left_the_configuration_is_gone_with_its_alert(bench):
    bench.clusters = ("eu", "us")
    bench.restart()
    bench.see(Visited(source="kubernetes/us", ok=False, at_ms=T0, problem="Unreachable", message="no answer"))
    bench.see(Visited(source="kubernetes/us", scope="shop", ok=False, at_ms=T0, problem="NoAccess"))
    assert bench.writer.firing()
    bench.clusters = ("eu",)
    bench.restart()
    bench.see()
    rows = bench.writer.current(SourceState)
    assert rows["kubernetes/us"].until_ms == rows["kubernetes/us#shop"].until_ms == T0
    assert not bench.writer.firing()


def test_a_namespace_that_loses_its_rights_was_read_until_then_and_one_that_never_had_them_was_not(bench):
    seen = (deployments(workload()), swept(Pod, pod()))
    bench.see(*seen, Visited(source=SOURCE, ok=True, at_ms=T0, live=True))
    namespace = workload().namespace

    def refused(scope):
        return Visited(source=SOURCE, scope=scope, ok=False, at_ms=bench.now_ms, problem="NoAccess")

    bench.now_ms += 1000
    bench.see(refused(namespace), refused("never"))
    bench.now_ms += 1000
    bench.see(Visited(source=SOURCE, ok=True, at_ms=bench.now_ms, live=True), refused(namespace), refused("never"))
    rows = bench.writer.current(SourceState)
    assert (rows[f"{SOURCE}#{namespace}"].last_ok_ms, rows[f"{SOURCE}#never"].last_ok_ms) == (T0, None)


def test_what_an_earlier_process_told_of_a_part_of_jenkins_ends_at_the_first_good_visit(bench):
    def part(scope, **fields) -> Visited:
        return Visited(source="jenkins", scope=scope, ok=False, at_ms=bench.now_ms, problem="Timeout", **fields)

    bench.see(part("queue"), part("executors"), Visited(source="jenkins", ok=True, at_ms=T0))
    bench.restart()
    bench.now_ms += 10_000
    rows = bench.writer.current(SourceState)
    bench.see(Visited(source="jenkins", ok=False, at_ms=bench.now_ms, problem="Unreachable"))
    assert rows["jenkins#queue"].until_ms is None, "nothing is known yet"
    bench.see(part("executors"), Visited(source="jenkins", ok=True, at_ms=bench.now_ms))
    assert rows["jenkins#queue"].until_ms == bench.now_ms
    assert rows["jenkins#executors"].until_ms is None


def test_what_a_flush_came_to_before_the_store_could_not_be_read_is_told_by_the_next(bench):
    broken = msgspec.structs.replace(pod(waiting="CrashLoopBackOff", restarts=3), ready_changed_ms=T0 - 900_000)
    bench.writer._db.execute("ALTER TABLE evidence RENAME TO lost")
    with pytest.raises(StoreError, match="cannot be read"):
        bench.see(deployments(workload(ready=0, available=0)), swept(Pod, broken))
    bench.writer._db.execute("ALTER TABLE lost RENAME TO evidence")
    (transition,) = bench.see()
    assert transition.after.level == Level.FAILING
    assert [alert.alertname for alert in bench.writer.firing()] == ["ServiceDegraded"]


def test_a_clock_that_is_set_makes_no_answer_older_or_yet_to_come(bench):
    even = [0]
    bench.desk = Desk(bench.config, bench.writer, steps=ClockSteps(lambda: even[0]))
    bench.see(Visited(source=SOURCE, ok=True, at_ms=T0, live=True))

    def after(passed_ms, set_ms, *seen):
        even[0] += passed_ms
        bench.now_ms += passed_ms + set_ms
        bench.see(*seen)
        row = bench.writer.current(SourceState)[SOURCE]
        return bench.now_ms - row.last_ok_ms, bench.now_ms - row.last_try_ms

    assert after(1000, 0) == (1000, 1000)
    assert after(1000, 1500) == (3500, 3500), "two looks at two clocks may lie so far apart"
    assert after(1000, -1500) == (3000, 3000)
    assert after(1000, 600_000) == (4000, 4000)
    assert after(1000, -600_000) == (5000, 5000)
    before = Visited(source=SOURCE, ok=True, at_ms=bench.now_ms, live=True)
    assert after(0, -600_000, before) == (0, 0), "told just before the clock was set back"


def test_what_was_heard_by_a_clock_that_is_set_back_before_the_start_is_no_answer(bench):
    bench.see(Visited(source=SOURCE, ok=True, at_ms=T0, live=True), Visited(source="jenkins", ok=True, at_ms=T0))
    bench.now_ms = T0 - 600_000
    bench.restart()
    bench.see(Visited(source=SOURCE, ok=True, at_ms=bench.now_ms, live=True))
    rows = bench.writer.current(SourceState)
    assert (rows[SOURCE].last_ok_ms, rows["jenkins"].last_ok_ms) == (bench.now_ms, None)


@pytest.mark.parametrize("set_ms", [0, 600_000], ids=["the process slept", "its machine was paused"])
@pytest.mark.parametrize("live", [True, False], ids=["watched", "asked now and then"])
def test_after_a_sleep_a_source_is_as_old_as_before_it_until_it_answers_what_is_asked_since(bench, live, set_ms):
    even = [0]
    bench.desk = Desk(bench.config, bench.writer, steps=ClockSteps(lambda: even[0]))
    staging, later = bench.config.stages[0], StageSettings(name="later", namespaces=("later",))
    question = Question(app="orders", route=Route(start=staging, to=later, before=(staging,)))

    def told(asked_ms, ok=True):
        """Return how old the gate takes it to be when it has answered what was asked then."""
        problem = "" if ok else "Timeout"
        bench.see(Visited(source=SOURCE, ok=ok, at_ms=bench.now_ms, live=live, asked_ms=asked_ms, problem=problem))
        known = Known(now_ms=bench.now_ms, sources=bench.writer.current(SourceState), clusters=("eu",))
        check, age_ms = freshness(question, known)
        return check.result, age_ms

    before_ms = bench.now_ms
    assert told(before_ms) == ("ok", 0)
    even[0] += 600_000 - set_ms
    bench.now_ms += 600_000
    bench.desk.slept(600_000, bench.now_ms)
    assert told(before_ms) == told(before_ms, ok=False) == ("unknown", 600_000)
    assert told(bench.now_ms) == ("ok", 0)
    bench.now_ms += 1000
    assert told(bench.now_ms - 1000, ok=False) == ("unknown", 1000)
