"""What runs is looked up now and then, by turns, and once more when it has ended."""

from statusdesk.facts import Build, BuildDetails, Stage
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
