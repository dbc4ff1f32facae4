"""Builds in a desk: by namespace, over restarts, deleted, and of jobs that were made anew."""

from msgspec.structs import replace

from statusdesk.facts import (
    BuildDetails,
    Changed,
    Job,
    JobClass,
    Stage,
)
from statusdesk.pipeline import builds as pipeline_builds
from statusdesk.pipeline.builds_kept import trim
from statusdesk.states import BuildState, Level
from tests.pipeline.desk_bench import (  # noqa: F401  (plain_bench is a fixture)
    ANOTHER_JOB,
    T0,
    build,
    builds,
    outcome,
    plain_bench,
    swept,
)


def test_each_namespace_has_its_own_newest_build(bench):
    bench.see(builds(build(1, "FAILURE", "production"), build(2, "SUCCESS", "staging")))
    assert outcome(bench, "production").level is Level.FAILING
    assert outcome(bench).level is Level.OK
    bench.see(builds(build(3, "ABORTED", "production")))
    assert outcome(bench, "production").level is Level.FAILING
    assert outcome(bench, "production").other_result == "ABORTED"


def test_builds_are_remembered_over_a_restart(bench):
    bench.see(builds(build(1, "FAILURE"), build(2, "ABORTED")))
    bench.restart()
    bench.see(builds(build(3, "ABORTED")))
    assert (outcome(bench).number, outcome(bench).level) == (1, Level.FAILING)


def test_the_last_success_is_not_forgotten_under_many_failures(bench):
    bench.see(builds(build(1), *(build(number, "FAILURE") for number in range(2, 60))))
    assert (outcome(bench).number, outcome(bench).last_success_number) == (59, 1)


def test_however_many_builds_are_told_at_once_those_of_a_namespace_are_put_in_order_once(bench, monkeypatch):
    put_in_order = []

    def counted(known, is_lasting):
        put_in_order.append((known[0].namespace, [build.number for build in known]))
        trim(known, is_lasting)

    monkeypatch.setattr(pipeline_builds, "trim", counted)
    told = [build(number, "FAILURE" if number > 3 else "SUCCESS") for number in (*range(40, 0, -1), 7)]
    bench.see(builds(*told, build(41, namespace="production")))
    assert put_in_order == [("staging", list(range(40, 0, -1))), ("production", [41])]
    assert (outcome(bench).number, outcome(bench).last_success_number) == (40, 3)


def test_a_job_made_anew_forgets_its_builds(bench):
    bench.see(builds(build(7, "FAILURE")))
    bench.see(builds(build(1), gone=tuple(build(number).key for number in range(1, 8))))
    assert (outcome(bench).number, outcome(bench).level) == (1, Level.OK)


def test_the_states_of_a_vanished_job_are_gone(bench):
    job = Job(source="jenkins", name="deploy-orders", url="http://jenkins/job/deploy-orders/")
    bench.see(swept(Job, job, source="jenkins"), builds(build(1, "FAILURE")))
    assert bench.writer.firing()
    bench.see(swept(Job, ANOTHER_JOB, started_ms=T0 + 1, source="jenkins"))
    assert outcome(bench).until_ms is not None
    assert not bench.writer.firing()


def test_builds_of_a_job_that_went_while_nobody_looked_are_forgotten(bench):
    bench.see(builds(build(1)))
    bench.restart()
    bench.see(swept(Job, ANOTHER_JOB, source="jenkins"))
    assert outcome(bench).until_ms is not None
    assert bench.desk._builds.jobs_named("deploy-orders") == []


def test_a_deleted_build_is_history_and_the_newest_that_is_left_is_the_state(bench):
    bench.see(builds(build(1, "UNSTABLE"), build(2, "FAILURE"), build(3, "ABORTED"), build(4, "FAILURE", "production")))
    assert (outcome(bench).number, outcome(bench).level) == (2, Level.FAILING)
    assert len(bench.writer.firing()) == 2
    bench.see(builds(build(2, "FAILURE", deleted=True), build(4, "FAILURE", "production", deleted=True)))
    for other in (3, 5):
        assert (outcome(bench).number, outcome(bench).level, outcome(bench).other_number) == (1, Level.WARNING, other)
        assert outcome(bench, "production").until_ms is not None, "it has no build any more"
        assert not bench.writer.firing()
        kept = bench.writer.build_rows.one("jenkins", "deploy-orders", 2)
        assert (kept.result, kept.deleted) == ("FAILURE", True)
        bench.restart()
        bench.see(builds(build(5, "ABORTED")))
    bench.see(builds(build(2, "FAILURE")))
    assert (outcome(bench).number, outcome(bench).level) == (2, Level.FAILING), "it is there again"


def test_the_alert_of_a_deleted_build_ends_where_no_result_is_left(bench):
    seed = Job(source="jenkins", name="seed-all", url="http://jenkins/job/seed-all/", job_class=JobClass.SEED)
    bench.see(swept(Job, ANOTHER_JOB, seed, source="jenkins"))
    failed = build(2, "FAILURE")
    seeded = replace(failed, job="seed-all", namespace=None)
    bench.see(
        builds(build(1, "ABORTED"), failed, build(3, "ABORTED"), seeded, replace(seeded, number=3, result="ABORTED"))
    )
    assert {alert.alertname for alert in bench.writer.firing()} == {"BuildFailed", "SeedJobStale"}
    bench.see(builds(replace(failed, deleted=True), replace(seeded, deleted=True)))
    assert (outcome(bench).level, outcome(bench).reason, outcome(bench).until_ms) == (Level.UNKNOWN, "NoResult", None)
    assert not bench.writer.firing()
    bench.restart()
    bench.see(builds(build(4, "ABORTED")))
    assert not bench.writer.firing()


def test_of_many_builds_an_old_one_is_found_again_when_those_after_it_were_deleted(bench):
    bench.see(builds(build(1, "UNSTABLE"), *(build(number) for number in range(2, 60))))
    bench.see(builds(*(build(number, deleted=True) for number in range(2, 60))))
    assert (outcome(bench).number, outcome(bench).level) == (1, Level.WARNING)


def test_a_build_that_runs_for_long_is_told_however_many_come_after_it(bench):
    bench.see(builds(build(1), build(2, None), *(build(number) for number in range(3, 60)), build(60, "ABORTED")))
    for _ in range(2):
        assert [(run.number, run.url) for run in outcome(bench).running] == [(2, "http://jenkins/job/deploy-orders/2/")]
        bench.writer._db.execute("UPDATE build_current SET running = '[]'")  # as an older desk leaves it
        bench.restart()
        bench.see()
    bench.see(builds(build(2, "FAILURE")))
    assert (outcome(bench).running, outcome(bench).level) == ((), Level.OK)


def test_since_when_it_is_green_is_kept_longer_than_the_builds_that_tell(bench):
    bench.see(builds(build(1, "FAILURE"), *(build(number, duration_ms=10) for number in range(2, 20))))
    assert outcome(bench).green_since_ms == T0 + 12
    bench.see(builds(*(build(number, duration_ms=10) for number in range(20, 90))))
    assert outcome(bench).green_since_ms == T0 + 12
    bench.restart()
    bench.see(builds(build(90)))
    assert outcome(bench).green_since_ms == T0 + 12
    bench.see(builds(build(91, "FAILURE")))
    assert outcome(bench).green_since_ms is None
    bench.see(builds(build(92)))
    assert outcome(bench).green_since_ms == T0 + 92


def test_a_store_that_does_not_tell_since_when_it_is_green_learns_it(bench):
    bench.see(builds(build(1, "FAILURE"), build(2), build(3)))
    bench.writer._db.execute("UPDATE build_current SET green_since_ms = NULL")
    bench.restart()
    bench.see()
    assert outcome(bench).green_since_ms == T0 + 2


def test_the_builds_of_a_job_that_is_another_now_are_gone_from_the_store(bench):
    bench.see(builds(build(2, "FAILURE", "production"), build(7, "FAILURE")))
    bench.see(builds(build(9), gone=(("jenkins", "deploy-orders"),)))
    assert outcome(bench, "production").until_ms is not None
    bench.see(builds(build(9, deleted=True)))  # older builds are looked for in the store
    assert outcome(bench).until_ms is not None
    bench.restart()
    assert [(known.number, known.namespace) for known in bench.writer.build_rows.known()] == [(9, "staging")]


def test_a_running_build_that_waits_for_a_person_says_so_in_its_row(bench):
    runs = replace(build(8), result=None, building=True, url="http://j/job/deploy/8/")
    bench.see(builds(runs))
    for waits in (True, False):
        stage = Stage(name="Approve", status="PAUSED_PENDING_INPUT" if waits else "IN_PROGRESS")
        told = {"source": runs.source, "job": runs.job, "number": 8, "at_ms": T0, "stages": (stage,)}
        details = BuildDetails(**told, waits_for_input=waits)
        bench.see(Changed(source="jenkins", kind=BuildDetails, at_ms=T0, seen=(details,)))
        [row] = [each for each in bench.writer.current(BuildState).values() if each.running]
        assert [each.waits for each in row.running] == [waits]
