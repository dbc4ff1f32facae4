"""Platform jobs that are run for namespaces: what stands for one of them, and until when."""

import pytest

from statusdesk.facts import Visited
from statusdesk.states import Level
from tests.pipeline.platform_bench import HOUR_MS, MINUTE_MS, jobs, open_bench, ran  # noqa: F401  (the fixture bench)


def test_a_failure_for_one_environment_stands_until_that_one_is_made_or_destroyed_well(bench):
    def rows():
        made = bench.row("env-create"), bench.row("env-destroy")
        firing = {(each.app, each.namespace) for each in bench.writer.firing() if each.alertname == "BuildFailed"}
        return [row.level for row in made], firing

    bench.see(*(Visited(source=each, ok=True, at_ms=bench.now_ms) for each in ("jenkins", "kubernetes/eu")))
    bench.see(
        jobs(bench, "env-create", "env-destroy", "deploy-a"),
        ran("env-create", 1, bench.now_ms - 6 * HOUR_MS, namespace="dev-1"),
        ran("env-create", 3, bench.now_ms - 5 * HOUR_MS, "FAILURE", namespace="dev-3"),
        ran("env-create", 4, bench.now_ms - 4 * HOUR_MS, namespace="dev-4"),
        ran("env-destroy", 1, bench.now_ms - 3 * HOUR_MS, "FAILURE", namespace="dev-1"),
        ran("env-destroy", 2, bench.now_ms - 2 * HOUR_MS, namespace="dev-4"),
    )
    assert rows() == ([Level.FAILING, Level.FAILING], {("env-create", "dev-3"), ("env-destroy", "dev-1")})
    assert bench.row("env-create").message == "env-create #3 failed: dev-3 may be half made"
    half = {each.namespace: each.summary for each in bench.writer.firing()}
    assert half["dev-1"] == "env-destroy #1 failed for dev-1: the environment may be destroyed by half"
    bench.see(ran("env-create", 5, bench.now_ms - HOUR_MS, namespace="dev-1"))
    bench.pass_ms(MINUTE_MS)
    assert rows() == ([Level.FAILING, Level.OK], {("env-create", "dev-3")})
    bench.see(ran("env-destroy", 3, bench.now_ms - MINUTE_MS, namespace="dev-3"))
    bench.pass_ms(MINUTE_MS)
    assert rows() == ([Level.OK, Level.OK], set())
    bench.restart()
    bench.see(jobs(bench, "env-create", "env-destroy", "deploy-a"))
    bench.pass_ms(MINUTE_MS)
    assert rows() == ([Level.OK, Level.OK], set())


@pytest.mark.parametrize("namespaces", [(("production",), ("staging",)), (("Prod*",), ("stag*",))])
def test_each_namespace_is_held_to_the_period_of_the_tokens_that_its_runs_renew(bench, namespaces):
    bench.every = (("vault-renew-a", 3600.0), ("vault-renew-a", 86_400.0))
    bench.namespaces = namespaces
    bench.restart()
    name = "vault-renew-a"
    stale = [
        ran(name, n, bench.now_ms - 8 * HOUR_MS - n, namespace=each, trigger="timer")
        for n, each in enumerate(("staging", "x"), 1)
    ]
    bench.see(
        jobs(bench, name, "deploy-a"),
        *stale,
        ran(name, 3, bench.now_ms - MINUTE_MS, namespace="production", trigger="timer"),
    )
    assert bench.row(name).level is Level.OK
    assert bench.row(name).next_expected_ms == bench.now_ms - MINUTE_MS + HOUR_MS
    bench.pass_ms(3 * HOUR_MS)
    row = bench.row(name)
    assert (row.level, row.namespace, row.period_s) == (Level.FAILING, "production", 3600)
