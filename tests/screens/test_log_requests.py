"""Which logs are asked for: of a cell, a pod, a rollout, two side by side."""

import fnmatch

import pytest
from msgspec.structs import replace

from collectors.log_lines import Target
from screens.log_dialogs import side_choice
from screens.log_request import LogRequest, failed_ms, failing_of, of_cell, of_pod, of_rollout, pod_globs
from statusdesk.state import Level
from tests.screens import boards, rollouts
from tests.screens.log_hand import ORIGINS


def test_requests():
    state = rollouts.orders_state()
    request = of_cell("orders", "staging", (state, state), previous=True)
    assert request.targets == (Target(cluster="eu", namespace="staging", app="orders"),) and request.previous
    assert request.selection(boards.NOW).tail == 200
    narrow = request.selection(boards.NOW)
    assert [target.pods for target in narrow.failing.targets] == [(state.pod, "orders-7cc6f9fbf5-?????")]
    assert narrow.failing.containers == ("vault-agent",) and narrow.run_before
    assert narrow.failing.workloads == (("eu", "staging", "Deployment", "orders"),)
    assert narrow.targets == request.targets and not narrow.containers, "what comes later may be any pod of the app"
    wide = replace(request, widened=True).selection(boards.NOW)
    assert wide.targets == request.targets and wide.failing is None and not wide.run_before
    well = replace(state, level=Level.OK)
    assert of_cell("orders", "staging", (well,)).failing is None
    named = replace(state, kind="StatefulSet", pod="orders-0")
    assert of_cell("orders", "staging", (named,)).failing.targets[0].pods == ("orders-0",)
    cron = replace(state, kind="CronJob", pod="orders-29388540-fq26d")
    assert of_cell("orders", "staging", (cron,)).failing.targets[0].pods[1:] == ("orders-29388540-?????",), (
        "all its tries"
    )
    alone = of_rollout(state, (state,), "staging")
    assert alone.targets[0].app == "orders" and not alone.targets[0].pods
    other = boards.rollout("orders", "staging", "1")
    among = of_rollout(state, (state, other), "staging").targets[0]
    assert not among.app and "orders-" in among.pods[0]
    pod = rollouts.orders_reading().pods[0]
    at = of_pod(pod, "staging", "vault-agent", now_ms=boards.NOW)
    assert at.init and at.containers == ("vault-agent",)
    assert at.at_ms == failed_ms(pod, "", boards.NOW) == boards.NOW - 18_000
    assert at.selection(boards.NOW).since_ms == boards.NOW - 18_000 - 120_000 and at.selection(boards.NOW).tail is None
    assert at.selection(boards.NOW).run_before, "what has failed may run again already"
    assert failed_ms(rollouts.orders_reading().pods[2], "", boards.NOW) is None


def test_the_logs_of_a_pod_that_runs_again_begin_at_its_failure_only_while_it_loops():
    crashed = {"ready": False, "last_exit_code": 137, "last_finished_ms": boards.NOW - 7 * boards.DAY}

    def begins(**state):
        container = replace(rollouts.running_app(), **(crashed | state))
        pod = replace(rollouts.orders_reading().pods[2], containers=(container,))
        return of_pod(pod, "staging", now_ms=boards.NOW).at_ms

    assert begins(since_ms=boards.NOW - 7 * boards.DAY) is None, "it ran for a week and is not ready now"
    at_ms = boards.NOW - 3 * boards.MINUTE
    assert begins(since_ms=boards.NOW - 2 * boards.MINUTE, last_finished_ms=at_ms) == at_ms
    assert begins(state="waiting", since_ms=None, last_finished_ms=at_ms) == at_ms


def test_globs_of_pods():
    def fits(kind, pod):
        return any(fnmatch.fnmatchcase(pod, glob) for glob in pod_globs(kind, "orders"))

    assert fits("Deployment", "orders-7cc6f9fbf5-fq26d") and not fits("Deployment", "orders-export-7cc6f9fbf5-fq26d")
    assert fits("StatefulSet", "orders-12") and not fits("StatefulSet", "orders-x")
    assert fits("CronJob", "orders-29388540-fq26d") and not fits("CronJob", "orders-7cc6f9fbf5-fq26d")
    assert not fits("CronJob", "orders-12-fq26d"), "a Job with a revision in its name"
    assert fits("DaemonSet", "orders-fq26d") and not pod_globs("Rocket", "orders")


@pytest.mark.parametrize("length", [20, 40, 46, 47, 48, 52, 53, 57, 58, 63])
def test_pods_of_a_workload_with_a_long_name_are_found(length):
    name = "payments-reconciliation-worker-for-the-emea-region-and-all-of-it"[:length].rstrip("-")
    replica_set = f"{name}-7cc6f9fbf5"
    pod = f"{replica_set}-"[:58] + "fq26d"
    sibling = f"{replica_set}-"[:58] + "dmwbp"
    assert any(fnmatch.fnmatchcase(pod, glob) for glob in pod_globs("Deployment", name))
    failing = boards.rollout("orders", "staging", "1.0.0", Level.FAILING, pod=pod)
    (target,) = failing_of((failing,)).targets
    assert target.pods[0] == pod and all(fnmatch.fnmatchcase(each, target.pods[1]) for each in (pod, sibling))


def test_each_two_pods_can_be_seen_side_by_side():
    def pods(count):
        return [
            replace(ORIGINS[1], pod=f"orders-{number}", container=name)
            for number in range(count)
            for name in ("app", "proxy")
        ]

    dialog, pairs = side_choice(pods(3), pods(3)[2], LogRequest(where=("staging", "orders")))
    both = [(pair.left.pod, pair.right.targets[0].pods[0]) for pair in pairs if not pair.container]
    assert both == [("orders-1", "orders-0"), ("orders-1", "orders-2"), ("orders-0", "orders-2")]
    assert sum(bool(pair.container) for pair in pairs) == 6
    dialog, pairs = side_choice(pods(50), pods(50)[0], LogRequest(where=("staging", "orders")))
    assert sum(not pair.container for pair in pairs) == 49
