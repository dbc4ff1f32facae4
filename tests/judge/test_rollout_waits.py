"""How long a step may take: what is usual for the app, what its probes ask for, pulls that go on, refusals in a log."""

import pytest
from msgspec.structs import replace

from statusdesk.config import RolloutThresholds
from statusdesk.facts import LogTail
from statusdesk.judge.rollout_waits import Waits, pulls_for, refusal_in
from statusdesk.judge.rollouts import judge_rollout
from statusdesk.states import Level
from tests.judge.make import IMAGE, T0, THRESHOLDS, container, deployment, done, old_pod, pod, rolling, unready, waiting
from tests.judge.sequence import Seen, at, event, follow

OK, PROGRESSING, WARNING, FAILING = Level.OK, Level.PROGRESSING, Level.WARNING, Level.FAILING
RUNS = unready(container("vault-agent", "init", ready=False), waiting("PodInitializing"))
CREATING = unready(waiting("ContainerCreating"))
NEVER = unready(container(ready=False))
REFUSED = "URL: PUT https://vault/v1/auth/token/renew-self Code: 403. permission denied"


def took(seconds: int):
    return replace(done(), ran_ms=seconds * 1000)


def veteran(seconds: int, name: str = "orders-57fcffc77-ooooo"):
    return old_pod(took(seconds), container(), name=name)


def levels(found, *moments_s, workload=None, events=(), before=None):
    steps = [Seen(0, workload or rolling(), found, PROGRESSING, "Rolling", events)]
    steps += [Seen(at_s, workload or rolling(), found, WARNING, "", events) for at_s in moments_s]
    return [(verdict.state.level, verdict.state.reason) for verdict in follow(steps)[1:]]


def test_an_init_container_has_three_times_as_long_as_it_takes_as_a_rule() -> None:
    found = (RUNS, *[veteran(seconds, name) for seconds, name in ((70, "a"), (80, "b"), (900, "c"))])
    assert levels(found, 100, 240, 242, 302) == [
        (PROGRESSING, "Rolling"),
        (PROGRESSING, "Rolling"),
        (WARNING, "InitRunning"),
        (FAILING, "InitRunning"),
    ]


def test_one_that_is_quick_as_a_rule_has_a_minute_all_the_same() -> None:
    assert [level for level, _ in levels((RUNS, veteran(2)), 55, 62)] == [PROGRESSING, WARNING]


def test_what_is_usual_is_known_when_no_pod_is_left_and_when_the_desk_was_started_again() -> None:
    steps = [
        Seen(0, deployment(), (pod(took(80), container(), name="a"), pod(took(80), container(), name="b")), OK, "Comp"),
        Seen(9, rolling(revision="3", generation=3), (), PROGRESSING, "Rolling"),
    ]
    last = follow(steps)[-1].state
    assert last.init_ms == (("vault-agent", 80_000),)
    again = judge_rollout(rolling(revision="3"), (RUNS,), last, THRESHOLDS, at(150)).state
    assert (again.level, again.init_ms) == (PROGRESSING, last.init_ms)


def test_a_verdict_that_is_not_thought_over_again_keeps_it() -> None:
    long_ago = {"created_ms": at(-9000), "ready_changed_ms": at(-8000)}
    found = tuple(pod(took(80), container(since_ms=at(-8000)), name=name, **long_ago) for name in "ab")
    steps = [Seen(at_s, deployment(), found, OK, "Complete") for at_s in (0, 50)]
    assert [each.state.init_ms for each in follow(steps)] == [(("vault-agent", 80_000),)] * 2


def test_a_container_has_as_long_as_its_probes_give_it() -> None:
    workload = rolling(ready_s=(("app", 200),))
    assert levels((NEVER, old_pod()), 96, 200, 202, 302, workload=workload) == [
        (PROGRESSING, "Rolling"),
        (PROGRESSING, "Rolling"),
        (WARNING, "NeverReady"),
        (FAILING, "NeverReady"),
    ]


def test_short_probes_leave_the_usual_time() -> None:
    workload = rolling(ready_s=(("app", 30),))
    assert [level for level, _ in levels((NEVER, old_pod()), 85, 92, workload=workload)] == [PROGRESSING, WARNING]


@pytest.mark.parametrize(
    ("ready_s", "limits_s"),
    [(30, (90.0, 300.0)), (200, (200.0, 300.0)), (400, (400.0, 500.0)), (900, (900.0, 900.0))],
)
def test_what_is_given_longer_than_half_of_the_deadline_fails_halfway_to_it(ready_s, limits_s) -> None:
    waits = Waits(ready_s={"app": ready_s})
    assert waits.limits_s("NeverReady", "app", RolloutThresholds(), 600.0) == limits_s


def pulling(**changes):
    return event("Pulling", f'Pulling image "{IMAGE}"', type="Normal", last_ms=at(2), **changes)


def pulled(at_s: float):
    return event("Pulled", f'Successfully pulled image "{IMAGE}" in 1s', type="Normal", last_ms=at(at_s))


def test_a_pull_that_goes_on_is_told_as_that_and_later() -> None:
    steps = [Seen(t, rolling(), (CREATING, old_pod()), WARNING, "", (pulling(),)) for t in (5, 92, 302, 452)]
    states = [verdict.state for verdict in follow(steps)]
    assert [state.level for state in states] == [PROGRESSING, PROGRESSING, WARNING, FAILING]
    assert states[1].message == f"0 of 2 new pods ready, image {IMAGE} is being pulled"
    assert states[2].message.startswith(f"pod orders-7cc6f9fbf5-aaaaa still pulls image {IMAGE}")


def test_after_the_pull_the_containers_have_the_usual_time() -> None:
    told = (pulling(), pulled(150))
    assert levels((CREATING, old_pod()), 160, 239, 242, events=told) == [
        (PROGRESSING, "Rolling"),
        (PROGRESSING, "Rolling"),
        (WARNING, "Creating"),
    ]


def test_the_newest_pull_of_a_pod_counts() -> None:
    failed = event("Failed", f'Failed to pull image "{IMAGE}": not found', last_ms=at(3))
    again = event("Pulling", f'Pulling image "{IMAGE}"', type="Normal", last_ms=at(20), uid="again")
    other = event("Pulled", 'Container image "sidecar:1" already present on machine', last_ms=at(30))
    found = pulls_for((failed, again, other, pulling()))
    (pull,) = found.values()
    assert (pull.image, pull.at_ms, pull.ended_ms) == (IMAGE, at(20), None)
    (over,) = pulls_for((pulling(), failed)).values()
    assert over.ended_ms == at(3)


def said(*lines: str) -> LogTail:
    return LogTail(
        cluster="eu",
        namespace="staging",
        pod=RUNS.name,
        pod_uid=RUNS.uid,
        container="vault-agent",
        previous=False,
        at_ms=T0,
        lines=lines,
    )


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ((REFUSED, "retrying in 2s"), REFUSED),
        (
            ("dial tcp 10.0.0.1:8200: connect: connection refused",),
            "dial tcp 10.0.0.1:8200: connect: connection refused",
        ),
        ((REFUSED, *["migration step done"] * 20), ""),
        (("waiting for 403 rows",), ""),
        (("curl: (22) The requested URL returned error: 403",), "curl: (22) The requested URL returned error: 403"),
        (("all is well",), ""),
        ((), ""),
    ],
)
def test_a_log_that_says_lately_that_it_is_refused(lines, found) -> None:
    assert refusal_in(lines) == found


def test_a_refusal_in_the_log_makes_a_slow_init_container_failing() -> None:
    verdicts = [
        judge_rollout(rolling(), (RUNS, old_pod()), None, THRESHOLDS, at(at_s), tail=tail).state
        for at_s, tail in ((70, None), (70, said("all is well")), (70, said(REFUSED)), (50, said(REFUSED)))
    ]
    assert [state.level for state in verdicts] == [WARNING, WARNING, FAILING, PROGRESSING]
    assert verdicts[2].message == (
        f"init container vault-agent runs and does not finish: {REFUSED}, 0 of 2 new pods ready"
    )


def test_it_stays_failing_until_the_init_container_is_done() -> None:
    first = judge_rollout(rolling(), (RUNS, old_pod()), None, THRESHOLDS, at(70), tail=said(REFUSED)).state
    again = judge_rollout(rolling(), (RUNS, old_pod()), first, THRESHOLDS, at(80)).state
    assert (again.level, again.reason) == (FAILING, "InitRunning")
    goes_on = unready(took(85), container(ready=False, since_ms=at(86)))
    over = judge_rollout(rolling(), (goes_on, old_pod()), again, THRESHOLDS, at(87)).state
    assert over.level is PROGRESSING
