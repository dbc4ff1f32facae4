"""Environments whose jobs are called otherwise than when they made them."""

import msgspec
import pytest

from statusdesk.store.reader import Reader
from tests.pipeline.platform_bench import HOUR_MS, MINUTE_MS, OTHERS, created, destroyed, job, jobs, open_bench, ran  # noqa: F401  (the fixture bench)


@pytest.mark.parametrize("gone", [False, True])
def test_what_jobs_did_before_they_were_given_names_of_others_was_done_all_the_same(bench, gone):
    created_ms = bench.now_ms - HOUR_MS
    other = ran("env-create", 6, created_ms, namespace="dev-eve", user="eve")
    bench.see(jobs(bench, "env-create", job("env-destroy", last_number=3, last_ms=bench.now_ms), *OTHERS))
    bench.see(created(bench), other)
    bench.see(destroyed(bench))
    before = bench.environment("dev-eve")
    assert bench.environment().until_ms is not None
    bench.pass_ms(MINUTE_MS)
    create = job("maker", last_number=6, last_ms=created_ms)
    destroy = job("cleanup", last_number=3, last_ms=bench.now_ms - MINUTE_MS)
    listed = [job("env-create", last_number=6, last_ms=created_ms), destroy, *OTHERS]
    moved = ran("cleanup", 3, bench.now_ms - MINUTE_MS, namespace="dev-bob", user="carl")
    bench.see(jobs(bench, *listed), msgspec.structs.replace(moved, gone=(("jenkins", "env-destroy"),)))
    bench.pass_ms(MINUTE_MS)
    listed[0] = create
    moves = [ran("maker", 5, created_ms, namespace="dev-bob"), ran("maker", 6, created_ms, namespace="dev-eve")]
    moves[0] = msgspec.structs.replace(moves[0], gone=(("jenkins", "env-create"),))
    bench.see(jobs(bench, *listed), *moves)
    if gone:
        bench.pass_ms(MINUTE_MS)
        bench.see(jobs(bench, *OTHERS))
    for _ in range(2):
        assert bench.environment().until_ms is not None, "it stays destroyed"
        row = bench.environment("dev-eve")
        assert (row.reason, row.number, row.up_since_ms, row.until_ms) == ("Up", 6, before.up_since_ms, None)
        bench.restart()
        bench.see(jobs(bench, *(OTHERS if gone else listed)))
    if not gone:  # what it does under its new name is something else
        bench.pass_ms(2 * HOUR_MS)
        bench.see(
            ran("cleanup", 4, bench.now_ms, namespace="dev-eve"), ran("maker", 7, bench.now_ms, namespace="dev-x")
        )
        assert bench.environment("dev-eve").until_ms is None
        assert bench.environment("dev-x") is None


@pytest.mark.parametrize("set_ms", [2 * HOUR_MS, -2 * HOUR_MS])
def test_what_a_job_did_before_it_was_renamed_was_before_that_whenever_the_clock_is_set(bench, set_ms):
    listed = [job("env-create", last_number=6, last_ms=bench.now_ms - HOUR_MS), "env-destroy", *OTHERS]
    bench.see(jobs(bench, *listed), ran("env-create", 6, bench.now_ms - HOUR_MS, namespace="dev-eve", user="eve"))
    bench.pass_ms(MINUTE_MS)
    listed[0] = msgspec.structs.replace(listed[0], name="maker")
    moved = ran("maker", 6, bench.now_ms - HOUR_MS - MINUTE_MS, namespace="dev-eve", user="eve")
    bench.see(jobs(bench, *listed), msgspec.structs.replace(moved, gone=(("jenkins", "env-create"),)))
    bench.pass_ms(MINUTE_MS)
    bench.see(ran("maker", 7, bench.now_ms, namespace="dev-x"))
    bench.pass_ms(MINUTE_MS)
    before = bench.environment("dev-eve")
    bench.set_clock(set_ms)
    for _ in range(3):
        row = bench.environment("dev-eve")
        assert (row.reason, row.number, row.until_ms) == ("Up", 6, None)
        assert row.up_since_ms == before.up_since_ms + set_ms
        assert bench.environment("dev-x") is None
        bench.restart()
        listed[0] = msgspec.structs.replace(listed[0], last_ms=bench.now_ms)
        bench.see(jobs(bench, *listed))
        bench.pass_ms(HOUR_MS // 4)


def test_when_jobs_came_and_went_is_stored_as_long_ago_as_it_was_when_the_clock_is_set(bench):
    listed = ["env-create", "env-destroy", *OTHERS]
    for named in (listed, listed[1:], listed):
        bench.see(jobs(bench, *named))
        bench.now_ms += HOUR_MS
    bench.desk.take(jobs(bench, *listed[1:]), bench.now_ms)  # this waits for a commit
    bench.set_clock(HOUR_MS)
    with Reader(bench.directory / "statusdesk.db") as reader:
        told = [(event.what, round((bench.now_ms - event.at_ms) / HOUR_MS)) for event in reader.job_events(0, 10)]
    assert told == [("vanished", 0), ("appeared", 1), ("vanished", 2)]


def test_nothing_is_said_before_the_older_builds_of_a_job_that_was_renamed_are_told(bench):
    listed = [job("env-create", last_number=6, last_ms=bench.now_ms, complete=False), "env-destroy", *OTHERS]
    bench.see(jobs(bench, *listed))
    listed[0] = msgspec.structs.replace(listed[0], name="maker")
    bench.pass_ms(MINUTE_MS)
    bench.see(jobs(bench, *listed))
    bench.pass_ms(HOUR_MS)  # no verdict is held for as long as that
    bench.restart()
    bench.see(jobs(bench, *listed), created(bench, name="maker", ago_ms=2 * HOUR_MS))
    assert bench.environment() is None
    listed[0] = msgspec.structs.replace(listed[0], complete=True)
    bench.see(jobs(bench, *listed))
    assert bench.environment().reason == "Up"
