"""Environments outlast the jobs that made them; who made one and who renewed it are two things."""

import msgspec
import pytest

from statusdesk.states import BuildState, EnvironmentState, Level
from statusdesk.store.reader import Reader
from tests.pipeline.platform_bench import HOUR_MS, MINUTE_MS, OTHERS, created, destroyed, job, jobs, open_bench, ran  # noqa: F401  (the fixture bench)


@pytest.mark.parametrize("restarted", [False, True])
def test_an_environment_outlasts_the_job_that_made_it_and_ends_when_it_is_destroyed(bench, restarted):
    bench.see(jobs(bench, "env-create", "env-destroy", *OTHERS), created(bench))
    before = bench.environment()
    bench.pass_ms(MINUTE_MS)
    bench.see(jobs(bench, "env-destroy", *OTHERS))
    if restarted:
        bench.pass_ms(2 * HOUR_MS)
        bench.restart()
        bench.see(jobs(bench, "env-destroy", *OTHERS))
    row = bench.environment()
    assert (row.reason, row.made_by, row.number, row.until_ms) == ("Up", "bob", 5, None)
    assert row.up_since_ms == before.up_since_ms
    assert before.job_gone_ms is None
    since = "1h" if restarted else "0s"
    assert row.message == f"made by bob with env-create #5; its job env-create went from Jenkins {since} ago"
    bench.see(destroyed(bench))
    assert bench.environment().until_ms is not None


def test_of_jobs_that_have_gone_what_is_older_than_is_kept_is_forgotten_as_after_a_restart(bench):
    bench.keep_s = 86_400.0
    bench.restart()
    names = [f"env-create-{n}" for n in range(6)]
    for n, name in enumerate(names):  # each is made by a job of its own, which goes when the next one comes
        bench.see(jobs(bench, name, "env-destroy", *OTHERS), ran(name, 1, bench.now_ms, namespace=f"dev-{n}"))
        if n == 4:  # one that was made before is made once more
            bench.see(ran(name, 2, bench.now_ms + MINUTE_MS, namespace="dev-3"))
        bench.pass_ms(10 * HOUR_MS)
    bench.see(jobs(bench, "env-destroy", *OTHERS))
    bench.writer.prune(bench.now_ms, 1000)

    def up():
        rows = bench.writer.current(EnvironmentState).values()
        return {row.namespace: (row.up_since_ms, row.job, row.number) for row in rows if row.until_ms is None}

    before = up()
    assert {name: number for name, (_, _, number) in before.items()} == {"dev-3": 2, "dev-4": 1, "dev-5": 1}
    assert bench.desk._builds.gone_jobs().keys() == {("jenkins", name) for name in names[4:]}
    bench.restart()
    bench.see(jobs(bench, "env-destroy", *OTHERS))
    assert up() == before
    bench.pass_ms(24 * HOUR_MS)
    bench.see(jobs(bench, "env-destroy", *OTHERS))
    assert up() == {}, "the last of them as well"


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("ends", [False, True])
def test_what_was_made_before_all_that_is_kept_goes_on_where_it_was_not_destroyed(bench, restarted, ends):
    bench.keep_s = 86_400.0
    bench.restart()
    failed = ran("deploy-a", 1, bench.now_ms - MINUTE_MS, "FAILURE", namespace="dev-bob")
    bench.see(jobs(bench, "env-create", "env-destroy", *OTHERS), created(bench), failed)
    before = bench.environment()
    bench.see(ran("env-create", 6, bench.now_ms - MINUTE_MS, "FAILURE", namespace="dev-eve"))
    if ends:
        bench.see(destroyed(bench), ran("env-destroy", 4, bench.now_ms, namespace="dev-eve"))
    for _ in range(5):  # the job that destroys goes, and what it did is forgotten
        bench.see(jobs(bench, "env-create", *OTHERS))
        bench.writer.prune(bench.now_ms, 1000)
        bench.pass_ms(10 * HOUR_MS)
    if restarted:
        bench.restart()
    bench.see(jobs(bench, "env-create", *OTHERS))
    rows = bench.writer.current(BuildState)
    levels = {rows[f"jenkins/{key}"].level for key in ("deploy-a@dev-bob", "env-create@dev-eve")}
    assert levels == {Level.IDLE if ends else Level.FAILING}, "what is history stays so"
    row = bench.environment()
    if not ends:
        assert (row.until_ms, row.number, row.up_since_ms) == (None, 5, before.up_since_ms)
        return
    assert row is None or row.until_ms is not None
    bench.see(created(bench, 7, MINUTE_MS))
    for _ in range(2):
        assert (bench.environment().number, bench.environment().up_since_ms) == (7, bench.now_ms)
        bench.see(jobs(bench, "env-create", *OTHERS))


@pytest.mark.parametrize("restarted", [False, True])
def test_what_was_destroyed_is_not_up_again_when_the_job_that_destroyed_it_is_gone(bench, restarted):
    bench.see(jobs(bench, "env-create", "env-destroy", *OTHERS), created(bench), destroyed(bench))
    bench.pass_ms(MINUTE_MS)
    bench.see(jobs(bench, "env-create", *OTHERS))
    if restarted:
        bench.restart()
        bench.see(jobs(bench, "env-create", *OTHERS))
    assert bench.environment() is None


def test_a_job_that_is_back_is_not_said_to_be_gone(bench):
    whole = ("env-create", "env-destroy", *OTHERS)
    bench.see(jobs(bench, *whole), created(bench))
    before = bench.environment()
    bench.see(jobs(bench, *whole[1:]))
    assert bench.environment().job_gone_ms is not None
    bench.see(jobs(bench, *whole))
    bench.see(created(bench, 6, MINUTE_MS, "FAILURE"), created(bench, 7, MINUTE_MS // 2))
    row = bench.environment()
    assert (row.job_gone_ms, row.up_since_ms, row.number) == (None, before.up_since_ms, 5)


@pytest.mark.parametrize("recognized", [False, True])
def test_the_builds_of_a_job_that_was_renamed_count_once(bench, recognized):
    bench.see(jobs(bench, "env-create", "env-destroy", *OTHERS), created(bench, 4, 2 * HOUR_MS, "FAILURE", user="al"))
    bench.see(created(bench))
    before = bench.environment()
    bench.see(jobs(bench, "env-create-2", "env-destroy", *OTHERS))
    moved = [created(bench, 4, 2 * HOUR_MS, "FAILURE", "env-create-2", user="al"), created(bench, name="env-create-2")]
    if recognized:
        moved[0] = msgspec.structs.replace(moved[0], gone=(("jenkins", "env-create"),))
    bench.see(*moved)
    row = bench.environment()
    assert (row.job, row.number, row.job_gone_ms) == ("env-create-2", 5, None)
    assert (row.up_since_ms, row.made_ms, row.renewed_ms) == (before.up_since_ms, before.made_ms, None)
    assert row.week_up_min == before.week_up_min


@pytest.mark.parametrize("result", ["SUCCESS", "FAILURE"])
def test_an_environment_outlasts_a_job_that_was_made_anew(bench, result):
    whole = jobs(bench, "env-create", "env-destroy", *OTHERS)
    bench.see(whole, created(bench, result=result))
    before = bench.environment()
    other = ran("env-create", 1, bench.now_ms, namespace="dev-eve", user="eve")
    bench.see(whole, msgspec.structs.replace(other, gone=(("jenkins", "env-create"),)))
    for _ in range(2):
        row = bench.environment()
        assert (row.reason, row.made_by, row.number) == (before.reason, "bob", 5)
        assert (row.up_since_ms, row.made_ms, row.until_ms) == (before.up_since_ms, before.made_ms, None)
        assert bench.environment("dev-eve").number == 1
        bench.restart()
        bench.see(whole)
    bench.see(created(bench, 2, MINUTE_MS, user="dora"))
    row = bench.environment()
    renewed = result == "SUCCESS"
    assert (row.made_by, row.renewed_by) == (("bob", "dora") if renewed else ("dora", ""))
    assert row.up_since_ms == before.up_since_ms
    bench.see(destroyed(bench, result="FAILURE"))
    assert bench.environment().reason == "HalfDestroyed"
    bench.see(destroyed(bench, 4))
    assert bench.environment().until_ms is not None
    bench.restart()
    bench.see(whole)
    assert bench.environment().until_ms is not None


def test_an_environment_that_is_renewed_every_night_is_up_since_it_was_made(bench):
    runs = [created(bench, n, (100 - n) * HOUR_MS, user="al" if n == 1 else "") for n in range(1, 41)]
    bench.see(jobs(bench, "env-create", "env-destroy", *OTHERS), runs[0])
    made_ms = bench.environment().made_ms
    bench.see(*runs[1:])
    bench.restart()
    bench.see(jobs(bench, "env-create", "env-destroy", *OTHERS))
    row = bench.environment()
    assert (row.made_by, row.number, row.made_ms, row.up_since_ms) == ("al", 1, made_ms, made_ms)
    assert row.renewed_number == 40


def test_what_the_settings_no_longer_take_for_a_job_that_makes_environments_ends(bench):
    bench.see(jobs(bench, "env-create", "env-destroy", *OTHERS), created(bench))
    bench.create_jobs = ("*make*",)
    bench.restart()
    bench.see(jobs(bench, "env-create", "env-destroy", "env-make", *OTHERS), created(bench, 1, name="env-make"))
    assert bench.environment().job == "env-make"
    bench.create_jobs = ("*other*",)
    bench.restart()
    bench.see(jobs(bench, "env-create", "env-destroy", "env-make", *OTHERS), destroyed(bench, 1, "FAILURE"))
    assert bench.environment().until_ms is not None


def test_what_was_being_made_when_its_job_went_may_be_half_made(bench):
    bench.see(jobs(bench, "env-create", "env-destroy", *OTHERS), created(bench, 5, MINUTE_MS, None))
    assert bench.environment().reason == "Making"
    bench.see(jobs(bench, "env-destroy", *OTHERS))
    row = bench.environment()
    assert (row.reason, row.level, row.until_ms) == ("HalfMade", "warning", None)
    assert row.message.startswith("env-create #5 ran when it was seen last: it may be half made by bob; its job")


def test_builds_of_other_jobs_that_have_gone_are_not_kept(bench):
    bench.see(jobs(bench, job("env-report"), *OTHERS), ran("env-report", 1, bench.now_ms, namespace="dev-bob"))
    bench.see(jobs(bench, *OTHERS))
    assert bench.environment() is None


def test_who_made_an_environment_and_who_renewed_it_last_are_both_told(bench):
    bench.see(jobs(bench, "env-create", "env-destroy", *OTHERS), created(bench, user="bob"))
    bench.see(created(bench, 6, 40 * MINUTE_MS, user="dora"), created(bench, 7, 20 * MINUTE_MS, user="eve"))
    row = bench.environment()
    assert (row.made_by, row.number) == ("bob", 5)
    assert (row.renewed_by, row.renewed_number) == ("eve", 7)
    assert row.renewed_ms == bench.now_ms - 19 * MINUTE_MS
    assert row.message == "made by bob with env-create #5, renewed by eve with env-create #7"
    bench.see(destroyed(bench))
    bench.now_ms += HOUR_MS
    bench.see(created(bench, 8, MINUTE_MS, user="dora"))
    assert (bench.environment().made_by, bench.environment().renewed_by) == ("dora", "")


def told(bench, namespace="dev-bob") -> tuple:
    row = bench.environment(namespace)
    return (row.reason, row.made_by, row.number, row.up_since_ms, row.week_up_min)


def test_hours_maker_and_since_when_are_the_same_after_a_restart_however_many_builds_came_since(bench):
    whole = jobs(bench, "env-create", "env-destroy", *OTHERS)
    runs = []
    for day in range(20, 1, -1):  # each of ten namespaces is up for eight hours a day, and one all the time
        for n in range(10):
            of, at_ms = 200 - 10 * day + n, bench.now_ms - day * 24 * HOUR_MS + n * MINUTE_MS
            runs += [
                ran("env-create", of + 1, at_ms, namespace=f"dev-{n}", user="al"),
                ran("env-destroy", of + 1, at_ms + 8 * HOUR_MS, namespace=f"dev-{n}"),
            ]
    runs.insert(0, ran("env-create", 0, bench.now_ms - 21 * 24 * HOUR_MS, namespace="dev-s", user="sue"))
    last = [ran("env-create", 200 + n, bench.now_ms - 3 * HOUR_MS, namespace=f"dev-{n}", user="al") for n in range(10)]
    last.append(ran("env-create", 210, bench.now_ms - HOUR_MS, namespace="dev-s", user="tom"))
    bench.see(whole, *runs, *last)
    names = ("dev-s", "dev-0", "dev-9")
    before = [told(bench, name) for name in names]
    assert before[0][1:3] == ("sue", 0)
    assert before[1][4] == (6 * 8 + 3) * 60 - 10, "to the last ten minutes"
    bench.restart()
    bench.see(whole)
    assert [told(bench, name) for name in names] == before


def test_hours_of_an_environment_that_is_made_and_destroyed_all_the_time_go_back_a_week(bench):
    whole = jobs(bench, "env-create", "env-destroy", *OTHERS)
    runs = [ran("env-create", 1, bench.now_ms - 30 * 24 * HOUR_MS, namespace="dev-bob", user="al")]
    for n in range(1, 100):
        at_ms = bench.now_ms - (101 - n) * HOUR_MS
        runs.append(ran("env-destroy", n, at_ms, namespace="dev-bob"))
        runs.append(ran("env-create", n + 1, at_ms + HOUR_MS // 2, namespace="dev-bob"))
    bench.see(whole, *runs)
    before = told(bench)
    assert 110 * 60 < before[4] < 125 * 60  # 68 hours of the first time, then half of a hundred
    bench.restart()
    bench.see(whole)
    assert told(bench) == before


@pytest.mark.parametrize("making", [False, True])
def test_what_failed_before_an_environment_was_destroyed_is_history_when_it_is_made_anew(bench, making):
    key = "jenkins/deploy-a@dev-bob"
    failed = ran("deploy-a", 1, bench.now_ms - 2 * HOUR_MS, "FAILURE", namespace="dev-bob")
    whole = jobs(bench, "env-create", "env-destroy", *OTHERS)
    bench.see(whole, created(bench, ago_ms=3 * HOUR_MS), failed, destroyed(bench))
    bench.now_ms += HOUR_MS
    bench.see(created(bench, 6, MINUTE_MS, None if making else "SUCCESS"))
    for _ in range(2):
        row = bench.writer.current(BuildState)[key]
        assert (row.level, row.reason) == (Level.IDLE, "Destroyed")
        bench.restart()
        bench.see(whole)
    bench.see(ran("deploy-a", 2, bench.now_ms, "FAILURE", namespace="dev-bob"))
    assert bench.writer.current(BuildState)[key].level is Level.FAILING


@pytest.mark.parametrize("complete", [False, True])
def test_what_failed_before_an_environment_was_destroyed_is_history_whoever_had_made_it(bench, complete):
    failed = ran("deploy-a", 1, bench.now_ms - 2 * HOUR_MS, "FAILURE", namespace="dev-bob")
    create = job("env-create", complete=complete)
    bench.see(jobs(bench, create, "env-destroy", *OTHERS), failed, destroyed(bench))
    assert bench.environment() is None
    row = bench.writer.current(BuildState)["jenkins/deploy-a@dev-bob"]
    assert (row.level, row.reason) == (Level.IDLE, "Destroyed")
    assert [each.alertname for each in bench.writer.firing()] == []


@pytest.mark.parametrize("restarted", [False, True])
def test_the_hours_up_of_the_week_count_what_is_down_now(bench, restarted):
    runs = [
        ran(f"env-{what}", day, bench.now_ms - day * 24 * HOUR_MS + hour * HOUR_MS, namespace=f"dev-{who}", took_ms=0)
        for day in (1, 2, 9)  # the last but one Friday is more than a week ago
        for who in ("bob", "eve")
        for what, hour in (("create", 4), ("destroy", 10))
    ]
    # each namespace has builds of its own
    runs = [msgspec.structs.replace(each, seen=(numbered(each.seen[0]),)) for each in runs]
    bench.see(jobs(bench, "env-create", "env-destroy", *OTHERS), *runs)

    def hours():
        with Reader(bench.directory / "statusdesk.db") as reader:
            (found,) = reader.changes(0).environment_hours
        return found.namespaces, found.week_up_min, found.week_after_hours_min

    assert bench.environment() is None and hours() == (2, 24 * 60, 8 * 60)
    bench.see(ran("env-create", 99, bench.now_ms, namespace="dev-bob", took_ms=0))
    assert (bench.environment().week_up_min, hours()) == (12 * 60, (1, 12 * 60, 4 * 60))
    if restarted:
        bench.restart()
        bench.see(jobs(bench, "env-create", "env-destroy", *OTHERS))
        assert (bench.environment().week_up_min, hours()) == (12 * 60, (1, 12 * 60, 4 * 60))
    bench.pass_ms(6 * 24 * HOUR_MS)
    assert hours() == (1, 0 + 6 * 60, 2 * 60)


def numbered(build):
    """Return a build with a number of its own, by when it began and for whom."""
    return msgspec.structs.replace(
        build, number=build.started_ms // HOUR_MS % 1000 * 2 + (build.namespace == "dev-eve")
    )


@pytest.mark.parametrize("cut", [False, True])
def test_environments_are_told_at_once_where_no_older_builds_will_be_read(bench, cut):
    create = job("env-create", complete=False, cut=cut, read_builds=1000 * cut)
    bench.see(jobs(bench, create, "env-destroy", *OTHERS), created(bench))
    assert (bench.environment() is not None) is cut
