"""What runs is looked up now and then, by turns, and once more when it has ended."""

from msgspec.structs import replace

from statusdesk.facts import Build, BuildDetails, Stage
from statusdesk.judge.builds import judge_builds
from statusdesk.pipeline.running_builds import AGAIN_MS, MOST_AT_ONCE, RunningBuilds


def build(number, result=None):
    return Build(
        source="jenkins", job="deploy", number=number, url=f"http://j/{number}/", started_ms=1, result=result,
        building=result is None, namespace="staging",
    )  # fmt: skip


def details(number, *stages):
    return BuildDetails(source="jenkins", job="deploy", number=number, at_ms=1, building=True, stages=stages)


def test_what_runs_is_asked_for_again_and_when_it_has_ended():
    asked = []
    running = RunningBuilds(lambda wanted: asked.append(wanted.number))
    running.see(build(1))
    running.step(1_000_000)
    running.step(1_000_000 + AGAIN_MS - 1)
    assert asked == [1]
    running.answered(details(1, Stage(name="Build", status="IN_PROGRESS", started_ms=1, duration_ms=1)))
    running.step(1_000_000 + AGAIN_MS)
    assert asked == [1, 1]
    running.see(build(1, "SUCCESS"))
    running.step(1_000_000 + 3 * AGAIN_MS)
    assert asked == [1, 1, 1]


def test_what_has_no_stages_is_soon_left_alone():
    asked = []
    running = RunningBuilds(lambda wanted: asked.append(wanted.number))
    running.see(build(1))
    for turn in range(5):
        running.step(1_000_000 + turn * AGAIN_MS)
        running.answered(details(1))
    assert asked == [1, 1]


def test_of_many_that_run_few_are_asked_for_at_once():
    asked = []
    running = RunningBuilds(lambda wanted: asked.append(wanted.number))
    for number in range(25):
        running.see(build(number))
    running.step(1_000_000)
    running.step(1_000_300)
    assert len(asked) == MOST_AT_ONCE
    running.step(1_000_000 + AGAIN_MS)
    assert len(set(asked)) == 2 * MOST_AT_ONCE


def test_which_builds_wait_for_a_person_is_told_as_long_as_they_do():
    running = RunningBuilds(lambda wanted: None)
    running.see(build(1))
    row = judge_builds("jenkins", None, "deploy", "staging", [build(1)], now_ms=2)
    paused = replace(details(1, Stage(name="Approve", status="PAUSED_PENDING_INPUT")), waits_for_input=True)
    assert running.answered(paused) and not running.answered(paused)
    assert running.with_waits(row).running[0].waits
    assert not running.answered(replace(paused, stages=(), waits_for_input=False)), "not told is no decision"
    assert running.with_waits(row).running[0].waits
    assert running.answered(replace(paused, waits_for_input=False))
    assert running.with_waits(row) is row
    running.answered(paused)
    running.see(build(1, "SUCCESS"))
    assert not running.answered(paused) and running.with_waits(row) is row
