"""Platform jobs that are run for namespaces: the worst of them counts, each has its own last success."""

from itertools import permutations

import msgspec
import pytest

from statusdesk.facts import Build, JobClass
from statusdesk.judge.environments import Act
from statusdesk.judge.periods import Period
from statusdesk.judge.platform import Surroundings, judge_platform
from statusdesk.states import Level, PlatformState
from tests.judge.make import T0
from tests.judge.test_platform import EVERY_HOUR, HOUR, job, run, waiting

MINUTE = 60_000


def of(namespace: str, *run_of: object, trigger: str = "timer") -> Build:
    names = (namespace,) if namespace else ()
    made = run(*run_of, trigger=trigger)
    return msgspec.structs.replace(made, namespace=namespace or None, namespaces=names)


def judged(builds: list[Build], job_class: JobClass = JobClass.RENEWAL, **around: object) -> PlatformState:
    return judge_platform(job(job_class), builds, Surroundings(**({"period": EVERY_HOUR} | around)), T0)


@pytest.mark.parametrize("order", list(permutations(("production", "staging", "testing"))))
def test_a_renewal_that_failed_for_one_namespace_is_red_in_whatever_order_they_are_run(order) -> None:
    builds = []
    for n in range(9):
        namespace = order[n % 3]
        failed = namespace == "production" and n > 2
        builds.append(of(namespace, n + 1, (2 - n // 3) * HOUR + (9 - n) * MINUTE, "FAILURE" if failed else "SUCCESS"))
    state = judged(builds)
    assert (state.level, state.reason, state.namespace) == (Level.FAILING, "RenewalOverdue", "production")
    assert "succeeded last 2h ago for production, it should every 1h, #" in state.message


def test_a_namespace_that_is_not_run_any_more_is_overdue_though_the_others_are() -> None:
    builds = [of("production", 1, 9 * HOUR), of("staging", 2, 9 * HOUR - MINUTE), of("staging", 3, HOUR // 2)]
    state = judged(builds)
    assert (state.level, state.reason, state.namespace) == (Level.FAILING, "RenewalOverdue", "production")
    assert (state.last_success_number, state.next_expected_ms) == (1, T0 - 8 * HOUR)
    assert (
        state.message
        == "j succeeded last 8h ago for production, it should every 1h: the tokens that it renews run down"
    )


def test_which_others_are_not_well_is_said_and_each_has_its_own_period() -> None:
    builds = [of(name, n, 9 * HOUR - n) for n, name in enumerate(("a", "b", "c"), 1)]
    daily = Period(86_400, "configured")
    assert judged(builds).message.endswith("; b and a not well either")
    assert judged(builds, periods={"a": daily, "b": daily}).namespace == "c"
    assert judged(builds, periods=dict.fromkeys("abc", daily)).level is Level.OK


def test_each_namespace_that_is_overdue_is_told_since_when_it_is() -> None:
    builds = [of("a", 1, 9 * HOUR), of("b", 2, 2 * HOUR), of("c", 3, HOUR // 2), of("d", 4, 2 * MINUTE, "FAILURE")]
    state = judged(builds, periods={"d": Period(86_400, "configured")})
    assert [(each.namespace, T0 - each.since_ms) for each in state.overdue] == [("a", 15 * HOUR // 2), ("b", HOUR // 2)]
    assert "succeeded last 1h ago for b" in state.overdue[1].message
    assert judged(builds[2:3]).overdue == () and judged(builds, period=None).overdue == ()


def test_one_that_was_retired_long_ago_hides_no_new_silence() -> None:
    retired = [of(name, n, (90 + n) * HOUR) for n, name in enumerate(("q1", "q2", "q3", "q4", "q5"), 1)]
    running = [of("a", 9, HOUR // 2), of("b", 10, HOUR // 2)]
    assert judged([*retired, *running]).namespace == "q5"
    silent = judged([*retired, of("a", 8, 3 * HOUR), running[1]])
    assert silent.namespace == "a" and silent.message.endswith("; q1, q2, q3 and 2 others not well either")
    both_silent = judged([*retired, of("a", 7, 3 * HOUR), of("b", 8, 4 * HOUR)])
    assert both_silent.namespace == "b" and "; a, q1, q2 and 3 others not well" in both_silent.message


def both(build: Build, *namespaces: str) -> Build:
    return msgspec.structs.replace(build, namespace=namespaces[0], namespaces=namespaces)


FAILED = "the tokens that it renews run down"


@pytest.mark.parametrize(
    ("builds", "job_class", "said"),
    [
        pytest.param(
            [both(of("a", 9, 2 * MINUTE, "FAILURE"), "a", "b"), of("c", 8, 3 * MINUTE, "FAILURE")],
            JobClass.RENEWAL, f"j #8 failed for c: {FAILED}; a and b not well either", id="two by one build",
        ),
        pytest.param(
            [of(name, n, 9 * HOUR, "ABORTED") for n, name in enumerate("abc", 1)],
            JobClass.RENEWAL,
            f"j has never succeeded for a, for 9h, it should every 1h: {FAILED}; b and c not well either",
            id="none came to a result",
        ),
        pytest.param(
            [both(of("a", 9, 2 * MINUTE, "FAILURE"), "a", "b"), of("c", 8, 3 * MINUTE, "FAILURE")],
            JobClass.ENVIRONMENT, "j #9 failed: a and 1 other may be half made; c not well either",
            id="what its message names is no other",
        ),
        pytest.param(
            [of("", 1, 9 * HOUR), of("a", 2, 2 * MINUTE, "FAILURE", trigger="user")],
            JobClass.RENEWAL, f"j succeeded last 8h ago, it should every 1h, #2 failed: {FAILED}", id="the whole job",
        ),
        pytest.param(
            [of("a", 2, 2 * MINUTE, "FAILURE"), of("", 1, MINUTE, "FAILURE", trigger="user")],
            JobClass.RENEWAL, f"j #2 failed for a: {FAILED}", id="the whole job is no other",
        ),
    ],
)  # fmt: skip
def test_what_is_not_well_is_told_by_namespace_whichever_build_it_is(builds, job_class, said) -> None:
    period = EVERY_HOUR if job_class is JobClass.RENEWAL else None
    assert judged(builds, job_class, period=period, act=Act.CREATE).message == said


def test_what_stops_a_job_is_said_once() -> None:
    builds = [of("a", 1, HOUR // 2), of("b", 2, MINUTE)]
    said = judged(builds, queued=waiting(HOUR)).message
    assert said == f"j waits in the queue for 1h (Waiting for next executor): {FAILED}"


def test_nobody_changes_what_is_known_of_no_namespace() -> None:
    with pytest.raises(TypeError):
        Surroundings().settled_ms["a"] = 1


@pytest.mark.parametrize(
    "builds",
    [
        pytest.param([of("a", 1, 9 * HOUR), of("", 2, HOUR // 2)], id="it is run for none any more"),
        pytest.param([of("", 1, 9 * HOUR), of("a", 2, HOUR // 2)], id="it was run for none"),
        pytest.param([of("b", 1, 9 * HOUR, trigger="upstream"), of("a", 2, HOUR // 2)], id="once by another job"),
        pytest.param([of("", 1, 9 * HOUR, trigger="user"), of("a", 2, HOUR // 2, trigger="upstream")], id="as a whole"),
        pytest.param([of("b", 1, 9 * HOUR, trigger="user"), of("a", 2, HOUR // 2)], id="once by hand"),
        pytest.param([of("b", 1, 9 * HOUR, trigger="user"), of("a", 2, HOUR // 2, trigger="user")], id="all by hand"),
    ],
)
def test_a_namespace_for_which_nothing_runs_by_itself_is_not_awaited(builds) -> None:
    state = judged(builds)
    assert (state.level, state.number, state.next_expected_ms) == (Level.OK, 2, T0 + HOUR // 2)


def test_a_renewal_of_an_environment_that_was_destroyed_is_not_awaited() -> None:
    builds = [of("dev-a", 1, 9 * HOUR), of("a", 2, HOUR // 2)]
    assert judged(builds, settled_ms={"dev-a": T0 - 8 * HOUR}).level is Level.OK
    assert judged(builds, settled_ms={"dev-a": T0 - 10 * HOUR}).namespace == "dev-a"
    assert judged(builds, settled_ms={"dev-a": T0, "a": T0}).next_expected_ms is None


def test_an_environment_that_was_made_by_half_is_told_though_the_next_was_made_well() -> None:
    builds = [of("dev-2", 2, 6 * HOUR), of("dev-3", 3, 5 * HOUR, "FAILURE"), of("dev-4", 4, 4 * HOUR)]
    state = judged(builds, JobClass.ENVIRONMENT, act=Act.CREATE)
    assert (state.level, state.number, state.namespace) == (Level.FAILING, 3, "dev-3")
    assert state.message == "j #3 failed: dev-3 may be half made"
    settled = judged(builds, JobClass.ENVIRONMENT, act=Act.CREATE, settled_ms={"dev-3": T0 - HOUR})
    assert (settled.level, settled.number) == (Level.OK, 4)
    alone = judged(builds[1:2], JobClass.ENVIRONMENT, act=Act.DESTROY, settled_ms={"dev-3": T0 - HOUR})
    assert (alone.level, alone.reason) == (Level.IDLE, "Settled")
    assert judged(builds[1:2], JobClass.ENVIRONMENT, act=Act.DESTROY).message.endswith("dev-3 may be destroyed by half")


def test_a_first_run_for_a_namespace_hides_nothing_and_what_stops_the_job_stops_it_for_all() -> None:
    builds = [of("a", 1, HOUR // 2), of("b", 2, MINUTE, None)]
    state = judged(builds)
    assert (state.level, state.number, state.running_number) == (Level.OK, 1, 2)
    assert judged(builds, queued=waiting(HOUR)).message.startswith("j waits in the queue for 1h")


def test_of_an_uneven_timer_the_longest_gap_is_told_as_that() -> None:
    state = judged([of("", 1, 9 * HOUR)], period=Period(3600, "longest"))
    assert "its runs are 1h apart at most" in state.message
