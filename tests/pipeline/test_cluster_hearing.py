"""While a cluster cannot be read, no rule of time goes on; and what it shows again is read before it is judged."""

import pytest
from msgspec.structs import replace

from collectors.kubernetes_known import SLEPT_MS
from collectors.kubernetes_standing import HEARTBEAT_MS
from statusdesk.facts import Changed, Condition, KnownUntil, Pod, Visited, Workload
from statusdesk.judge.rollout_memory import Lasts, Memory, after_dark
from statusdesk.pipeline.cluster_hearing import BEAT_MS, ClusterHearing
from statusdesk.pipeline.rollouts import HOLD_MS
from statusdesk.states import Level, PodState, RolloutState
from tests.pipeline.desk_bench import SOURCE, T0, deployments, plain_bench, pod, swept, workload  # noqa: F401

KEY = ("eu", "staging", "Deployment", "orders")
SECOND = 1_000


def known(kind, until_ms, at_ms, *, scope="", broken=True, source=SOURCE) -> KnownUntil:
    named = "" if kind == "Pod" else kind
    of = Pod if kind == "Pod" else Workload
    return KnownUntil(source=source, kind=of, subkind=named, scope=scope, at_ms=at_ms, until_ms=until_ms, broken=broken)


def lost(at_ms: int) -> tuple[Workload, Pod]:
    """Return a service whose only pod was replaced then."""
    available = Condition(type="Available", status="False", reason="MinimumReplicasUnavailable", changed_ms=at_ms)
    whole = workload()
    made = replace(pod(suffix="x2", waiting="ContainerCreating"), created_ms=at_ms, ready_changed_ms=at_ms)
    return replace(whole, ready=0, available=0, conditions=(*whole.conditions, available)), made


def lose(bench) -> None:
    bench.see(deployments(workload()), swept(Pod, pod()))
    bench.now_ms += 5 * SECOND
    gone, made = lost(bench.now_ms)
    bench.see(
        Changed(source=SOURCE, kind=Pod, at_ms=bench.now_ms, gone=(("eu", "staging", "orders-abc-x1"),), seen=(made,)),
        Changed(source=SOURCE, kind=Workload, at_ms=bench.now_ms, seen=(gone,)),
    )


def back(bench):
    """Return the service as it is again: its pod was ready a moment after it was lost."""
    ready = replace(pod(suffix="x2"), created_ms=T0 + 5 * SECOND, ready_changed_ms=T0 + 12 * SECOND)
    return deployments(workload(), started_ms=bench.now_ms), swept(Pod, ready, started_ms=bench.now_ms)


def pass_time(bench, seconds: int, step_s: int = 5) -> list[Level]:
    """Let time pass, and return the levels that the service had meanwhile."""
    levels = []
    for _ in range(0, seconds, step_s):
        bench.now_ms += step_s * SECOND
        bench.see()
        levels.append(bench.rollout().level)
    return levels


def test_time_makes_a_service_failing_that_is_seen_to_be_down(bench):
    lose(bench)
    assert pass_time(bench, 120)[-1] is Level.FAILING


@pytest.mark.parametrize("scope", ["", "staging"])
@pytest.mark.parametrize("kinds", [("Pod", "Deployment"), ("Pod",), ("Deployment",)])
def test_no_rule_of_time_goes_on_while_a_cluster_or_a_namespace_of_it_cannot_be_read(bench, kinds, scope):
    lose(bench)
    before = bench.rollout()
    bench.see(*(known(kind, bench.now_ms, bench.now_ms + SECOND, scope=scope) for kind in kinds))
    pass_time(bench, 600)
    assert bench.rollout() == before
    assert not any(alert.alertname == "ServiceDegraded" for alert in bench.writer.firing())
    due_ms = bench.desk.next_due_ms
    assert due_ms is None or due_ms > bench.now_ms, "it waits, and is not asked again and again"


def test_what_is_seen_again_is_read_before_anything_is_judged_by_time(bench):
    lose(bench)
    bench.see(*(known(kind, bench.now_ms, bench.now_ms + SECOND) for kind in ("Pod", "Deployment")))
    pass_time(bench, 300)
    counts, pods = back(bench)
    told = bench.see(counts, Visited(source=SOURCE, ok=True, at_ms=bench.now_ms, live=True))
    told += bench.see(known("Deployment", None, bench.now_ms))
    bench.now_ms += SECOND
    told += bench.see(pods)
    told += bench.see(known("Pod", None, bench.now_ms))
    assert [each.after.level for each in told if each.after.key.endswith("/orders")] in ([], [Level.OK])
    assert bench.rollout().level is Level.OK


def test_what_was_down_since_before_and_still_is_is_told_at_once(bench):
    lose(bench)
    down = lost(bench.now_ms)
    bench.see(*(known(kind, bench.now_ms, bench.now_ms + SECOND) for kind in ("Pod", "Deployment")))
    pass_time(bench, 300)
    bench.see(deployments(down[0], started_ms=bench.now_ms), swept(Pod, down[1], started_ms=bench.now_ms))
    assert bench.rollout().level is not Level.FAILING
    bench.see(*(known(kind, None, bench.now_ms) for kind in ("Pod", "Deployment")))
    assert bench.rollout().level is Level.FAILING


def test_a_definite_cause_is_told_though_another_kind_stays_dark(bench):
    lose(bench)
    bench.see(known("Deployment", bench.now_ms, bench.now_ms + SECOND))
    pass_time(bench, 60)
    broken = replace(pod(suffix="x2", waiting="CreateContainerConfigError"), created_ms=T0 + 5 * SECOND)
    bench.see(Changed(source=SOURCE, kind=Pod, at_ms=bench.now_ms, seen=(broken,)))
    assert bench.rollout().level is not Level.FAILING, "the rest may be seen in a moment"
    bench.now_ms = bench.desk.next_due_ms
    bench.see()
    assert bench.rollout().level is Level.FAILING
    assert bench.rollout().pod == "orders-abc-x2"
    (row,) = [each for each in bench.writer.current(PodState).values() if each.name == "orders-abc-x2"]
    assert row.status == "CreateContainerConfigError"


def test_what_is_polled_is_judged_as_of_each_visit(bench):
    lose(bench)
    for _ in range(3):
        asked_ms = bench.now_ms
        bench.see(*(known(kind, asked_ms, asked_ms, broken=False) for kind in ("Pod", "Deployment")))
        pass_time(bench, 30)
        assert bench.rollout().level is not Level.FAILING
    pass_time(bench, 60)
    assert bench.rollout().level is not Level.FAILING, "it was not looked at when it had been down for long enough"
    bench.see(*(known(kind, bench.now_ms, bench.now_ms, broken=False) for kind in ("Pod", "Deployment")))
    assert bench.rollout().level is Level.FAILING


def test_other_clusters_namespaces_and_kinds_do_not_wait():
    hearing = ClusterHearing()
    hearing.known(known("Pod", T0, T0, scope="audit"))
    hearing.known(known("StatefulSet", T0, T0))
    hearing.known(known("Pod", T0, T0, source="kubernetes/us"))
    assert hearing.as_of_ms(KEY, T0 + 9) == T0 + 9
    assert hearing.as_of_ms(("eu", "audit", "Deployment", "orders"), T0 + 9) == T0
    assert hearing.as_of_ms(("eu", "staging", "StatefulSet", "orders"), T0 + 9) == T0
    hearing.known(known("Job", T0 + 5, T0 + 5, broken=False))
    assert hearing.as_of_ms(("eu", "staging", "CronJob", "report"), T0 + 9) == T0 + 5
    assert not hearing.is_dark(("eu", "staging", "CronJob", "report"))


def test_a_heartbeat_that_comes_when_it_is_due_keeps_nothing_waiting():
    """By so much it may be late without its collector taking itself to have slept."""
    assert HEARTBEAT_MS + SLEPT_MS <= BEAT_MS < 2 * HEARTBEAT_MS


def test_a_fault_of_ours_is_darkness_too():
    hearing = ClusterHearing()
    hearing.visited(Visited(source=SOURCE, ok=False, at_ms=T0, problem="Internal"))
    hearing.visited(Visited(source=SOURCE, ok=False, at_ms=T0 + 5, problem="Internal"))
    assert hearing.as_of_ms(KEY, T0 + 9) == T0
    hearing.restamp(1_000)
    hearing.visited(Visited(source=SOURCE, ok=True, at_ms=T0 + 1_009))
    assert hearing.as_of_ms(KEY, T0 + 1_009) == T0 + 1_009
    assert hearing.dark_ms(KEY, T0 + 1_004, T0 + 2_000) == 5


def test_nothing_was_seen_to_last_while_nobody_looked():
    missing, slow, scaling = Lasts("missing", only_seen=True), Lasts("slow", only_seen=True), Lasts("scaling")
    remembered = Memory("2", since=((missing, 10), (slow.of("orders-abc-x2"), 20), (scaling, 30)))
    assert dict(after_dark(remembered, 5).since) == {missing: 15, slow.of("orders-abc-x2"): 25, scaling: 30}


def test_what_is_held_is_held_anew_in_the_next_darkness(bench):
    lose(bench)
    for _ in range(2):
        bench.see(known("Pod", bench.now_ms, bench.now_ms))
        gone, _ = lost(bench.now_ms)
        before = bench.rollout()
        bench.see(Changed(source=SOURCE, kind=Workload, at_ms=bench.now_ms, seen=(replace(gone, generation=3),)))
        assert bench.rollout() == before
        bench.now_ms += 2 * HOLD_MS
        bench.see(known("Pod", None, bench.now_ms))


def test_something_new_of_one_kind_lets_no_time_pass_for_what_is_known_of_another(bench):
    lose(bench)
    gone, _ = lost(bench.now_ms)
    bench.see(known("Pod", bench.now_ms, bench.now_ms))
    pass_time(bench, 300)
    bench.see(Changed(source=SOURCE, kind=Workload, at_ms=bench.now_ms, seen=(replace(gone, selector="app=orders"),)))
    assert set(pass_time(bench, 60)) == {Level.PROGRESSING}


def test_a_service_that_was_replaced_in_the_dark_is_not_called_down_for_as_long_as_that(bench):
    set_of = {"kind": "StatefulSet", "conditions": (), "current_revision": "abc", "update_revision": "abc"}
    sought = {"workload_kind": "StatefulSet", "owner_kind": "StatefulSet"}

    def see(ready: int, one: Pod):
        counts = replace(workload(), ready=ready, available=ready, **set_of)
        sets = swept(Workload, counts, subkind="StatefulSet", started_ms=bench.now_ms)
        bench.see(sets, swept(Pod, replace(one, **sought), started_ms=bench.now_ms))
        return bench.writer.current(RolloutState)["eu/staging/StatefulSet/orders"].level

    def unready(suffix: str) -> Pod:
        made = pod(suffix=suffix, waiting="ContainerCreating")
        return replace(made, created_ms=bench.now_ms, ready_changed_ms=bench.now_ms)

    assert see(1, pod()) is Level.OK
    bench.now_ms += 5 * SECOND
    assert see(0, unready("x2")) is Level.PROGRESSING
    bench.see(*(known(kind, bench.now_ms, bench.now_ms) for kind in ("Pod", "StatefulSet")))
    bench.now_ms += 300 * SECOND
    see(0, unready("x3"))
    bench.see(*(known(kind, None, bench.now_ms) for kind in ("Pod", "StatefulSet")))
    assert see(0, bench.desk._rollouts._kept.pods[("eu", "staging", "orders-abc-x3")]) is Level.PROGRESSING


def test_a_process_that_slept_judges_nothing_as_of_now_before_its_cluster_was_heard(bench):
    def beat():
        bench.see(Visited(source=SOURCE, ok=True, at_ms=bench.now_ms, live=True))

    lose(bench)
    beat()
    before = bench.rollout()
    bench.now_ms += 300 * SECOND
    bench.see()
    assert bench.rollout() == before
    beat()
    assert bench.rollout().level is Level.FAILING


def test_a_beat_that_comes_a_little_late_keeps_nobody_waiting(bench):
    def beat(at_ms):
        bench.see(Visited(source=SOURCE, ok=True, at_ms=at_ms, live=True))

    lose(bench)
    beat(bench.now_ms + 81_950)
    bench.now_ms += 90_100  # it is due at 90 s, and known as of then only with the next beat
    bench.see()
    before = bench.rollout().level
    beat(bench.now_ms - 200)
    assert (before, bench.rollout().level) == (Level.WARNING, Level.FAILING)


@pytest.mark.parametrize("observed", [False, True])
def test_what_changed_while_nobody_looked_did_not_begin_when_it_was_heard_last(bench, observed):
    bench.see(deployments(workload()), swept(Pod, pod()), Visited(source=SOURCE, ok=True, at_ms=T0, live=True))
    heard_ms = bench.now_ms = T0 + 10 * SECOND
    bench.see()
    bench.now_ms += 40 * SECOND
    changed = replace(workload(version="1.6.0"), generation=2, observed_generation=2 if observed else 1, revision="2")
    held = [known(kind, heard_ms, bench.now_ms, broken=False) for kind in ("Pod", "Deployment")]
    bench.see(*held, Changed(source=SOURCE, kind=Workload, at_ms=bench.now_ms, heard_ms=heard_ms, seen=(changed,)))
    row = bench.rollout()
    assert row.version == "1.6.0" and row.started_ms == bench.now_ms, "it may have begun till now"
