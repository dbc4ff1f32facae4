"""What failed is looked up, each build once, and only what failed not long ago."""

from statusdesk.pipeline.failed_builds import ASKED_FOR_MS, KEPT, FailedBuilds
from statusdesk.states import BuildState, Level

NOW_MS = 1_800_000_000_000


def state(number, level=Level.FAILING, started_ms=NOW_MS):
    return BuildState(
        key=f"jenkins/deploy@{number}", source="jenkins", job="deploy", job_class="deploy", namespace=str(number),
        level=level, number=number, url=f"http://j/{number}/", started_ms=started_ms,
    )  # fmt: skip


def test_each_build_that_failed_not_long_ago_is_asked_for_once():
    asked = []
    failed = FailedBuilds(lambda wanted: asked.append((wanted.job, wanted.number, wanted.url)))
    states = [state(1), state(2, Level.OK), state(3, started_ms=NOW_MS - ASKED_FOR_MS - 1), state(4)]
    failed.see(states, NOW_MS)
    failed.see([*states, state(5)], NOW_MS)
    assert asked == [("deploy", number, f"http://j/{number}/") for number in (1, 4, 5)]


def test_of_many_only_the_newest_are_remembered():
    asked = []
    failed = FailedBuilds(lambda wanted: asked.append(wanted.number))
    failed.see(map(state, range(KEPT + 1)), NOW_MS)
    failed.see([state(KEPT), state(0)], NOW_MS)
    assert asked == [*range(KEPT + 1), 0]
