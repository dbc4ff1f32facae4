"""Which builds beside those of an app's own jobs may have changed its workload."""

from typing import Any

import pytest

from statusdesk.facts import BuildDetails, JobClass, Stage
from statusdesk.judge.join_beside import JobBeside, gaps_of, hangs, may_have_changed, near_to, waited
from statusdesk.judge.join_past import CLOCKS_MS
from tests.judge.make import T0
from tests.judge.test_join import ELSEWHERE, NOWHERE, H, M, S, build, rollout

ENV, DEPLOY, OTHER, SEED, RENEWAL = (
    JobClass.ENVIRONMENT,
    JobClass.DEPLOY,
    JobClass.OTHER,
    JobClass.SEED,
    JobClass.RENEWAL,
)
BOTH = {"namespace": "testing", "namespaces": ("testing", "staging")}
FIRST_ONLY = {"namespace": "staging", "namespaces": ()}
SAME = {"version": "1.5.0"}


@pytest.mark.parametrize(
    ("job", "job_class", "app", "changes", "counts"),
    [
        pytest.param("env-create", ENV, "", {}, True, id="makes the namespace"),
        pytest.param("env-orders", ENV, "orders", {}, True, id="makes it for one app"),
        pytest.param("env-payments", ENV, "payments", {}, True, id="makes it for another app"),
        pytest.param("deploy-all", DEPLOY, "", {}, True, id="deploys all"),
        pytest.param("restart-everything", OTHER, "", {}, True, id="restarts all"),
        pytest.param("seed", SEED, "", {}, False, id="seed"),
        pytest.param("vault-renew", RENEWAL, "", {}, False, id="renewal"),
        pytest.param("deploy-orders", DEPLOY, "orders", {}, False, id="its own are joined otherwise"),
        pytest.param("deploy-payments", DEPLOY, "payments", {}, False, id="another app"),
        pytest.param("deploy-payments", DEPLOY, "payments", SAME, True, id="another app, the version that runs"),
        pytest.param(
            "deploy-payments",
            DEPLOY,
            "payments",
            {**SAME, **ELSEWHERE},
            False,
            id="another app, that version elsewhere",
        ),
        pytest.param("deploy-orders-and-payments", DEPLOY, "payments", {}, True, id="two apps"),
        pytest.param("deploy-orders-api", DEPLOY, "orders-api", {}, False, id="another app, named like it"),
        pytest.param("env-create", ENV, "", ELSEWHERE, False, id="makes another namespace"),
        pytest.param("deploy-all", DEPLOY, "", {**SAME, **ELSEWHERE}, False, id="deploys all elsewhere"),
        pytest.param("deploy-all", DEPLOY, "", BOTH, True, id="both"),
        pytest.param("deploy-all", DEPLOY, "", FIRST_ONLY, True, id="only the first is told"),
        pytest.param("env-create", ENV, "", NOWHERE, True, id="makes who knows what"),
        pytest.param("deploy-portal", DEPLOY, "", NOWHERE, False, id="deploys who knows what, and never says where"),
        pytest.param("deploy-all", DEPLOY, "", {"result": "NOT_BUILT", "took_ms": 10}, False, id="never built"),
        pytest.param("deploy-all", DEPLOY, "", {"result": "NOT_BUILT"}, True, id="overtaken by another while it ran"),
        pytest.param("deploy-payments", DEPLOY, "payments", NOWHERE, False, id="another app, who knows where"),
        pytest.param("compile", OTHER, "", NOWHERE, False, id="compiles"),
    ],
)
def test_what_counts(job: str, job_class: JobClass, app: str, changes: dict[str, Any], counts: bool) -> None:
    fields: dict[str, Any] = {"job": job, "version": "", **changes}
    near = near_to([build(7, **fields)], rollout(), CLOCKS_MS)
    assert len(near) == 1
    beside = JobBeside(job_class, app)
    assert (beside.may_count("orders") and may_have_changed(near[0], beside, rollout())) is counts


@pytest.mark.parametrize(
    ("began_ms", "changes", "counts"),
    [
        pytest.param(-60 * M, {"building": True, "took_ms": 0}, True, id="runs"),
        pytest.param(-40 * M, {"took_ms": 41 * M}, True, id="ran"),
        pytest.param(-10 * M, {"took_ms": 8 * M}, True, id="ended two minutes before"),
        pytest.param(-10 * M, {"took_ms": 8 * M - S}, False, id="ended longer before"),
        pytest.param(-10 * M, {"took_ms": 5 * M, **SAME}, True, id="ended longer before, the version that runs"),
        pytest.param(-10 * M, {"took_ms": 5 * M - S, **SAME}, False, id="ended long before"),
        pytest.param(CLOCKS_MS, {}, True, id="by the clocks"),
        pytest.param(CLOCKS_MS + S, SAME, False, id="began after it"),
    ],
)
def test_when_it_counts(began_ms: int, changes: dict[str, Any], counts: bool) -> None:
    fields: dict[str, Any] = {"job": "deploy-all", "version": "", **changes}
    near = near_to([build(7, began_ms, **fields)], rollout(), CLOCKS_MS)
    assert any(may_have_changed(each, JobBeside(DEPLOY), rollout()) for each in near) is counts


def test_a_job_that_names_a_namespace_as_a_rule_went_anywhere_when_it_names_none() -> None:
    made = build(7, job="restart-everything", version="", **NOWHERE)
    assert may_have_changed(made, JobBeside(OTHER, is_placed=True), rollout())
    assert may_have_changed(made, JobBeside(DEPLOY, is_placed=True), rollout())
    assert not may_have_changed(made, JobBeside(OTHER, "payments", is_placed=True), rollout())


def test_builds_that_are_not_known_are_told_by_the_numbers() -> None:
    known = [build(number, number * M) for number in (9, 8, 6, 2)]
    assert gaps_of(known) == [(T0 + 2 * M, T0 + 6 * M), (T0 + 6 * M, T0 + 8 * M)]
    assert gaps_of([]) == []


@pytest.mark.parametrize(
    ("stages", "is_waiting"),
    [
        pytest.param([(-60 * M, 30 * M, 0), (-30 * M, 60 * M, 60 * M - S)], True, id="waits for half an hour"),
        pytest.param([(-60 * M, 60 * M, 0), (S, 60 * M, 60 * M)], False, id="waits since"),
        pytest.param([(-60 * M, 59 * M, 0), (-M, 60 * M, 60 * M)], False, id="waits since it has done something"),
        pytest.param([(-60 * M, 60 * M - S, 60 * M - S), (-S, 60 * M, 0)], False, id="somebody has decided"),
        pytest.param([(-60 * M, 90 * M, 80 * M)], False, id="does something in the stage in which it waits"),
        pytest.param([(-60 * M, 90 * M, 90 * M), (-60 * M, 90 * M, 0)], False, id="does something beside it"),
        pytest.param([(-60 * M, 30 * M, 30 * M)], False, id="was looked up too early"),
        pytest.param([(-60 * M, 60 * M, 60 * M)], False, id="waited until the moment, by the clocks"),
        pytest.param([], False, id="has no stages"),
    ],
)
def test_a_pipeline_that_waits_for_a_person_does_nothing(stages: list[tuple[int, int, int]], is_waiting: bool) -> None:
    told = tuple(Stage(name="s", started_ms=T0 + at, duration_ms=took, paused_ms=rest) for at, took, rest in stages)
    details = BuildDetails(source="jenkins", job="deploy-all", number=7, at_ms=T0 + H, stages=told)
    assert waited(details, rollout()) is is_waiting


def test_what_began_who_knows_when_was_changed_by_nobody_known() -> None:
    assert near_to([build(7)], rollout(started_ms=None), CLOCKS_MS) == []


RUNS: dict[str, Any] = {"version": "", "building": True, "result": None, "took_ms": 0}


@pytest.mark.parametrize(
    ("began_ms", "changes", "stages", "is_hanging"),
    [
        pytest.param(-12 * H, RUNS, [], False, id="runs for half a day"),
        pytest.param(-48 * H, RUNS, [], True, id="runs for two days"),
        pytest.param(-48 * H, RUNS | SAME, [], False, id="the version that runs"),
        pytest.param(-48 * H, RUNS | {"version": "1.4.0"}, [], True, id="another version"),
        pytest.param(-48 * H, RUNS, [-48 * H, -47 * H], True, id="no stage for long"),
        pytest.param(-48 * H, RUNS, [-48 * H, -M], False, id="somebody has decided"),
        pytest.param(-48 * H, RUNS, [-48 * H, M], True, id="somebody has decided since"),
        pytest.param(-48 * H, {"version": "", "took_ms": 60 * H}, [], True, id="ended long after it"),
        pytest.param(-48 * H, {"version": "", "took_ms": 48 * H + 30 * M}, [], False, id="ended soon after it"),
        pytest.param(-48 * H, {"version": "", "took_ms": 48 * H - M}, [], False, id="ended before it"),
    ],
)
def test_a_build_that_hangs_explains_nothing(
    began_ms: int, changes: dict[str, Any], stages: list[int], is_hanging: bool
) -> None:
    told = tuple(Stage(name="s", started_ms=T0 + at, duration_ms=S) for at in stages)
    details = BuildDetails(source="jenkins", job="deploy-all", number=7, at_ms=T0 + H, stages=told) if stages else None
    assert hangs(build(7, began_ms, job="deploy-all", **changes), details, rollout()) is is_hanging
