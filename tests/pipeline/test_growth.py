"""``watch`` runs for years: what came and went leaves nothing behind in its memory."""

import pytest
from msgspec.structs import replace

from statusdesk.alerts import tuning
from statusdesk.config import StageSettings
from statusdesk.facts import Build, Changed, Condition, Job, JobClass, Pod, Swept, Visited, Workload
from statusdesk.judge import promotion_versions, token_grants
from statusdesk.pipeline import builds, builds_kept, desk, failed_builds, tokens
from statusdesk.pipeline.job_events import JobEvents
from statusdesk.states import BuildState, SourceState
from tests.pipeline.desk_bench import (  # noqa: F401  (plain_bench is a fixture)
    SOURCE,
    T0,
    deployments,
    plain_bench,
    swept,
    workload,
)
from tests.pipeline.growth import Days, sizes

DAYS = 6


def test_a_team_whose_names_are_new_each_day(tmp_path, monkeypatch):
    """What is kept up to a limit is given a small one: then a third week holds what the second did, and no more."""
    for module, name in (
        (failed_builds, "KEPT"), (builds, "MOST_NAMESPACES"), (builds_kept, "KEPT_PER_PAIR"),
        (JobEvents, "KEPT"), (tuning, "MOST_PLACES"), (promotion_versions, "MOST_VERSIONS"), (tokens, "KEPT"),
        (token_grants, "KEPT"), (desk, "ORDERS_KEPT"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, 4)
    days = Days(tmp_path)
    weeks = []
    for _ in range(3):
        weeks.append({})
        for _ in range(DAYS):
            days.live()
            for way, count in sizes(days.desk).items():
                weeks[-1][way] = max(count, weeks[-1].get(way, 0))
    days.writer.close()
    _, before, after = weeks
    assert len(after) > 100 and sum(after.values()) > 200, "all of it was looked at"
    grown = {way: (before.get(way, 0), count) for way, count in after.items() if count > before.get(way, 0) + DAYS // 2}
    assert not grown


def test_of_a_job_that_builds_for_ever_new_namespaces_the_stages_and_the_newest_are_kept(bench, monkeypatch):
    monkeypatch.setattr(builds, "MOST_NAMESPACES", 3)
    assert StageSettings(name="staging", namespaces=("staging",)).holds("", "staging")
    job = Job(source="jenkins", name="deploy", url="http://j/deploy", job_class=JobClass.DEPLOY)
    bench.see(Swept(source="jenkins", kind=Job, facts=(job,), started_ms=T0, at_ms=T0))

    def build(number, namespace):
        where = {"namespace": namespace, "namespaces": (namespace,)}
        return Build(source="jenkins", job="deploy", number=number, url="", result="SUCCESS", started_ms=T0, **where)

    for number, namespace in enumerate(("staging", "env-1", "env-2", "env-3", "env-4"), 1):
        bench.see(Changed(source="jenkins", kind=Build, at_ms=T0, seen=(build(number, namespace),)))

    def kept():
        rows = bench.writer.current(BuildState).values()
        return {row.namespace for row in rows if row.until_ms is None}

    assert kept() == {"staging", "env-3", "env-4"}
    bench.restart()
    bench.see()
    assert kept() == {"staging", "env-3", "env-4"}, "what a new process reads from the store is the same"
    bench.see(Changed(source="jenkins", kind=Build, at_ms=T0, seen=(build(9, "env-1"),)))
    assert kept() == {"staging", "env-1", "env-4"}


def test_a_job_that_goes_while_it_builds_is_not_asked_about_for_ever(bench):
    job = Job(source="jenkins", name="deploy", url="http://j/deploy", job_class=JobClass.DEPLOY)
    other = Job(source="jenkins", name="other", url="http://j/other")
    running = Build(
        source="jenkins", job="deploy", number=1, url="http://j/deploy/1", namespace="staging",
        namespaces=("staging",), building=True, started_ms=T0,
    )  # fmt: skip
    bench.see(Swept(source="jenkins", kind=Job, facts=(job, other), started_ms=T0, at_ms=T0))
    bench.see(Changed(source="jenkins", kind=Build, at_ms=T0, seen=(running,)))
    assert bench.desk._builds._running._known
    bench.see(Swept(source="jenkins", kind=Job, facts=(other,), started_ms=T0 + 1, at_ms=T0 + 1))
    assert not bench.desk._builds._running._known


def test_a_part_of_a_source_of_which_nothing_bad_was_said_for_a_day_is_forgotten(bench):
    def visit(scope, *, ok):
        problem = {} if ok else {"problem": "NoAccess"}
        return Visited(source=SOURCE, scope=scope, ok=ok, at_ms=bench.now_ms, **problem)

    bench.see(visit("env-1", ok=False), visit("env-2", ok=False))
    bench.see(visit("env-1", ok=True))

    def parts():
        rows = bench.writer.current(SourceState).values()
        return {row.scope for row in rows if row.until_ms is None and row.scope}

    assert parts() == {"env-1", "env-2"}
    bench.now_ms += desk.SCOPE_KEPT_MS + desk.LOOK_AT_SCOPES_MS
    bench.see(visit("", ok=True))
    assert parts() == {"env-2"}, "what is not well stays"
    bench.see(visit("env-1", ok=False))
    assert parts() == {"env-1", "env-2"}


@pytest.mark.parametrize("late", [1, 2])
def test_the_order_of_sweeps_is_remembered_of_those_that_are_still_made(bench, monkeypatch, late):
    monkeypatch.setattr(desk, "ORDERS_KEPT", 3)
    for number in range(10, 20):
        bench.see(deployments(order=number, scope=f"env-{number}"), deployments(workload(), order=number))
    bench.see(Swept(source=SOURCE, kind=Workload, facts=(), started_ms=T0, at_ms=T0, subkind="Deployment", order=late))
    assert len(bench.desk._orders) == 3
    assert ("eu", "staging", "Deployment", "orders") in bench.desk._rollouts._kept.workloads


def test_a_rollout_that_is_judged_again_and_again_waits_for_one_moment_only(bench):
    rolling = (Condition("Progressing", "True", "ReplicaSetUpdated", "it progresses", updated_ms=T0),)
    for number in range(50):
        bench.now_ms += 100
        made = replace(workload(), updated=0, ready=0, available=0, conditions=rolling, selector=f"number={number}")
        bench.see(deployments(made, started_ms=T0 + number), swept(Pod))
    assert bench.desk.next_due_ms is not None
    assert sizes(bench.desk)["Dues._heap"] <= 4
