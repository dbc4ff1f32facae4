"""A clock that is set while rollouts, tokens and jobs are watched: what is judged is what it would be without that."""

import msgspec
import pytest

from statusdesk import facts, facts_jenkins, facts_lookups, states
from statusdesk.clock import ClockSteps
from statusdesk.config import (
    ClusterSettings,
    Config,
    JenkinsSettings,
    StageSettings,
    StoreSettings,
    TokenSettings,
    VaultSettings,
)
from statusdesk.facts import Build, Changed, Condition, Job, JobClass, Pod, Token, VaultHealth, Visited, Workload
from statusdesk.pipeline.clock_steps import AHEAD, OF_WRITER, SPANS, Witnessed, moved
from statusdesk.pipeline.desk import Desk
from statusdesk.states import Level, PlatformState, RolloutState, TokenState
from tests.pipeline.desk_bench import SOURCE, T0, Bench, deployments, pod, swept, workload

EVERY_MS = 5_000
MOMENTS = """
    ack_until acked asked at awaited beat cap cause cause_over changed cleared created dead deadline deleting ends
    expire expired fails fired first green_since heard held_since issue job_ended job_gone last last_finished
    last_ok last_renewal last_success last_try left_up made next_expected next_renewal next_try ok other_started
    pending problem queued_since read_from ready_changed renewed resolved rolling_since running_since
    scheduled_changed stale_since started starts steady_since stopped unknown up_since updated version_since
    well_since
"""
SETS_MS = (600_000, -600_000, 30_000, -30_000)
SMALL_SETS_MS = (3_000, -3_000, 4_500)


class SetBench(Bench):
    """A desk whose clock can be set; ``even_ms`` runs on, and is the time of all servers."""

    def open(self) -> None:
        self.even_ms = T0
        super().open()
        tokens = (TokenSettings(name="billing", accessor="a", renewal_job="renew-billing", renew_every_s=150.0),)
        config = Config(
            path="c",
            stages=(StageSettings(name="staging", namespaces=("staging",)),),
            clusters=(ClusterSettings(name="eu"),),
            jenkins=JenkinsSettings(url="http://jenkins"),
            vault=VaultSettings(address="http://127.0.0.1:1", tokens=tokens, interval_s=2.0),
            store=StoreSettings(state_dir=str(self.directory)),
        )
        steps = ClockSteps(lambda: self.even_ms)
        self.desk = Desk(config, self.writer, steps=steps, steady=lambda: self.even_ms)

    def ours(self, even_ms: int) -> int:
        """Return a moment in our clock, as collectors tell it."""
        return even_ms + self.now_ms - self.even_ms

    def take(self, *messages) -> None:
        for message in messages:
            self.desk.take(message, self.now_ms)

    def pass_ms(self, ms: int) -> None:
        self.even_ms += ms
        self.now_ms += ms
        self.desk.flush(self.now_ms)


def rolling(bench, at_ms: int, *, ready: bool) -> Workload:
    condition = Condition(
        type="Progressing",
        status="True",
        reason="NewReplicaSetAvailable" if ready else "ReplicaSetUpdated",
        message='ReplicaSet "orders-abc" is progressing.',
        updated_ms=bench.ours(at_ms),
    )
    counts = {"ready": int(ready), "available": int(ready), "revision": "3", "version": "1.6.0"}
    created_ms = bench.ours(T0 - 86_400_000)
    return workload(conditions=(condition,), created_ms=created_ms, generation=3, observed_generation=3, **counts)


def running(bench, at_ms: int, *, ready: bool = False, crashed: int = 0, since_ms: int | None = None) -> Pod:
    made = pod(waiting="CrashLoopBackOff" if crashed and not ready else "", restarts=crashed)
    (container,) = made.containers
    starts = {"ready": ready, "started": ready or not crashed}
    if not container.reason:
        starts["since_ms"] = bench.ours(at_ms if since_ms is None else since_ms)
    if crashed:
        starts["last_finished_ms"] = bench.ours(at_ms)
    return msgspec.structs.replace(
        made,
        created_ms=bench.ours(T0 + 10_000),
        scheduled_changed_ms=bench.ours(T0 + 10_000),
        ready=ready,
        ready_changed_ms=bench.ours(at_ms),
        containers=(msgspec.structs.replace(container, **starts),),
    )


def changed(bench, fact) -> Changed:
    heard_ms = bench.now_ms - 1
    return Changed(source=SOURCE, kind=type(fact), at_ms=bench.now_ms, heard_ms=heard_ms, seen=(fact,))


def slow(bench, second: int) -> list:
    """A pod that is ready after 55 s."""
    start_ms = T0 + 10_000
    if second == 10:
        return [rolling(bench, start_ms, ready=False), running(bench, start_ms)]
    if second == 65:
        now_ms = T0 + 65_000
        return [rolling(bench, now_ms, ready=True), running(bench, now_ms, ready=True, since_ms=start_ms)]
    return []


def crashing(bench, second: int) -> list:
    """A pod that crashes from the beginning, and recovers after 40 s."""
    start_ms = T0 + 10_000
    if second == 10:
        return [rolling(bench, start_ms, ready=False), running(bench, start_ms)]
    if second in (20, 35):
        return [running(bench, T0 + second * 1000, crashed=1 + (second > 20))]
    if second == 50:
        now_ms = T0 + 50_000
        return [rolling(bench, now_ms, ready=True), running(bench, now_ms, ready=True, crashed=2)]
    return []


def pending(bench, second: int) -> list:
    """A pod that nothing takes until it is given up."""
    start_ms = T0 + 10_000
    if second != 10:
        return []
    waiting = msgspec.structs.replace(
        running(bench, start_ms),
        phase="Pending",
        scheduled=False,
        scheduled_reason="Unschedulable",
        scheduled_message="0/3 nodes are available",
        containers=(),
    )
    return [rolling(bench, start_ms, ready=False), waiting]


def verdicts(directory, story, set_s: int | None, set_ms: int, *, on_its_way: bool = False) -> list:
    bench = SetBench(directory)
    bench.take(deployments(workload()), swept(Pod, pod()), Visited(source=SOURCE, ok=True, at_ms=T0, live=True))
    bench.desk.flush(bench.now_ms)
    seen = []
    for second in range(0, 180, 5):
        told = [changed(bench, fact) for fact in story(bench, second)]
        if second == set_s:
            bench.now_ms += set_ms
            told = told if on_its_way else [changed(bench, fact) for fact in story(bench, second)]
        bench.take(*told)
        bench.pass_ms(EVERY_MS)
        row = bench.rollout()
        alerts = sorted(alert.alertname for alert in bench.writer.firing())
        # a moment in our clock is as long ago as it was
        seen.append((row.level.value, row.reason, (row.started_ms or 0) - bench.ours(T0), alerts))
    bench.writer.close()
    return seen


@pytest.mark.parametrize("set_ms", SETS_MS)
@pytest.mark.parametrize("story", [slow, crashing, pending])
def test_a_rollout_is_judged_as_if_the_clock_had_not_been_set(tmp_path, story, set_ms):
    expected = verdicts(tmp_path / "even", story, None, 0)
    assert len({each[0] for each in expected}) > 1, "it is no story otherwise"
    for set_s in (5, 10, 20, 30, 50, 60, 65, 75):
        assert verdicts(tmp_path / str(set_s), story, set_s, set_ms) == expected, f"set after {set_s} s"
    # the message is on its way when the clock is set
    for set_s in (10, 50, 65):
        assert verdicts(tmp_path / f"{set_s}-late", story, set_s, set_ms, on_its_way=True) == expected, set_s


@pytest.fixture(name="bench")
def set_bench(tmp_path):
    made = SetBench(tmp_path)
    yield made
    made.writer.close()


def health(skew_ms: int) -> VaultHealth:
    return VaultHealth(source="vault", initialized=True, sealed=False, standby=False, skew_ms=skew_ms)


@pytest.mark.parametrize("set_ms", (*SETS_MS, *SMALL_SETS_MS))
@pytest.mark.parametrize("heard_first", [False, True], ids=["before-vault", "after-vault"])
def test_a_token_that_is_renewed_in_time_lapses_by_no_clock_of_ours(bench, set_ms, heard_first):
    seen, levels = T0, set()
    for second in range(0, 400, 5):
        if second == 200:
            bench.now_ms += set_ms
        renewed_ms = T0 + second // 150 * 150_000  # in the clock of the server
        if second % 20 == 0:
            seen = T0 + second * 1000
        token = Token(
            source="vault",
            name="billing",
            issue_ms=T0 - 600_000,
            last_renewal_ms=renewed_ms,
            expire_ms=renewed_ms + 400_000,
            seen_ms=bench.ours(seen),
        )
        told = [
            swept(VaultHealth, health(bench.even_ms - bench.now_ms), source="vault", started_ms=bench.now_ms),
            swept(Token, token, source="vault", started_ms=bench.now_ms),
            Visited(source="vault", ok=True, at_ms=bench.now_ms),
        ]
        if second != 200 or heard_first:
            bench.take(*told)
        bench.pass_ms(EVERY_MS)
        row = bench.writer.current(TokenState)["vault/billing"]
        levels.add((row.level.value, row.reason))
        assert abs(row.expire_ms - bench.ours(renewed_ms + 400_000)) <= 5_000
    assert levels == {("ok", "Renewing")}


def end_of_a_token(directory, set_ms: int, off_ms: int) -> list:
    """What is told of a token that nobody renews, after the clock was ``off_ms`` from Vault's and then set."""
    bench = SetBench(directory)
    bench.now_ms += off_ms
    told = []
    for second in range(0, 600, 5):
        if second == 500:
            bench.now_ms += set_ms
        silent = second > 300
        token = Token(
            source="vault",
            name="billing",
            issue_ms=T0 - 600_000,
            last_renewal_ms=T0,
            expire_ms=T0 + 400_000,
            seen_ms=bench.ours(T0 + second // 20 * 20_000),
        )
        if not silent:
            skew = swept(VaultHealth, health(bench.even_ms - bench.now_ms), source="vault", started_ms=bench.now_ms)
            bench.take(skew, swept(Token, token, source="vault", started_ms=bench.now_ms))
        problem = "Unreachable" if silent else ""
        bench.take(Visited(source="vault", ok=not silent, at_ms=bench.now_ms, problem=problem))
        bench.pass_ms(EVERY_MS)
        row = bench.writer.current(TokenState)["vault/billing"]
        told.append((row.level.value, row.reason))
    bench.writer.close()
    return told


@pytest.mark.parametrize(
    ("set_ms", "off_ms"),
    [(set_ms, 0) for set_ms in (*SMALL_SETS_MS, 30_000)] + [(30_000, -30_400), (-30_000, 33_000)],
)
def test_a_token_whose_end_nobody_saw_gets_no_milder_when_the_clock_is_set(tmp_path, set_ms, off_ms):
    """By a little, or right with a remainder."""
    told = end_of_a_token(tmp_path / "set", set_ms, off_ms)
    assert told[-1] == ("failing", "NoNews")
    assert told == end_of_a_token(tmp_path / "even", 0, off_ms)


def test_a_job_whose_runs_were_seen_is_not_overdue_since_the_clock_was_set(bench):
    job = Job(source="jenkins", name="renew-billing", url="http://jenkins/job/r/", job_class=JobClass.RENEWAL)
    run = Build(
        source="jenkins",
        job="renew-billing",
        number=7,
        url="http://jenkins/job/r/7/",
        result="SUCCESS",
        started_ms=T0 - 60_000,
        duration_ms=1000,
    )
    bench.take(swept(Job, job, source="jenkins"), Changed(source="jenkins", kind=Build, at_ms=T0, seen=(run,)))
    bench.pass_ms(EVERY_MS)

    def row() -> PlatformState:
        return bench.writer.current(PlatformState)["jenkins/renew-billing"]

    assert row().reason == "Succeeded"
    for set_ms in SETS_MS:
        bench.now_ms += set_ms
        bench.pass_ms(EVERY_MS)
        assert (row().reason, row().last_success_ms) == ("Succeeded", bench.ours(T0 - 59_000))
    bench.now_ms += 600_000
    again = msgspec.structs.replace(run, cause="by hand")  # told again with the start that it had then
    bench.take(Changed(source="jenkins", kind=Build, at_ms=bench.now_ms, seen=(again,)))
    bench.pass_ms(EVERY_MS)
    assert (row().reason, row().last_success_ms) == ("Succeeded", bench.ours(T0 - 59_000))
    bench.pass_ms(300_000)
    bench.take(Visited(source="jenkins", ok=True, at_ms=bench.now_ms))
    bench.pass_ms(1)
    assert row().reason == "RenewalOverdue"


def structs():
    modules = (facts, facts_jenkins, facts_lookups, states)
    found = {each for module in modules for each in vars(module).values() if isinstance(each, type)}
    return [each for each in found if issubclass(each, msgspec.Struct) and each.__struct_fields__]


def test_of_every_field_in_milliseconds_it_is_known_whether_it_is_a_moment():
    """A new one that is a span belongs to ``SPANS``, one in the clock of a server to ``OF_SERVER``."""
    names = {name for kind in structs() for name in kind.__struct_fields__ if name.endswith("_ms")}
    assert names - SPANS - AHEAD - OF_WRITER == {f"{each}_ms" for each in MOMENTS.split()}


def test_what_is_moved_keeps_what_is_no_moment():
    before = Token(source="vault", name="a", issue_ms=5, expire_ms=9, seen_ms=T0, unknown_ms=None)
    assert moved(before, 100) == msgspec.structs.replace(before, seen_ms=T0 + 100)
    assert moved(health(40), 100).skew_ms == -60
    told = swept(Pod, pod(), started_ms=T0)
    (container,) = moved(told, 7).facts[0].containers
    assert container.since_ms == pod().containers[0].since_ms + 7
    assert moved(moved(told, 7), -7) == told


def test_each_stamp_of_a_row_is_off_by_the_steps_since_it_was_written():
    witnessed = Witnessed()
    row = RolloutState(
        key="k", cluster="eu", namespace="n", kind="Deployment", name="o", app="o", level=Level.WARNING,
        since_ms=T0, level_since_ms=T0,
    )  # fmt: skip
    witnessed.step([row], 600_000)
    assert witnessed.seen(row).since_ms == witnessed.seen(row).level_since_ms == T0 + 600_000
    later = msgspec.structs.replace(row, since_ms=T0 + 900_000)
    assert witnessed.seen(later) == msgspec.structs.replace(later, level_since_ms=T0 + 600_000)
    witnessed.step([later], -100_000)
    seen = witnessed.seen(later)
    assert (seen.level_since_ms, seen.since_ms) == (T0 + 500_000, T0 + 800_000)
    anew = msgspec.structs.replace(row, since_ms=T0 + 950_000, level_since_ms=T0 + 950_000)
    assert witnessed.seen(anew) == anew


def test_a_soak_is_as_long_as_before_when_the_clock_is_set():
    witnessed = Witnessed()
    row = RolloutState(
        key="k", cluster="eu", namespace="n", kind="Deployment", name="o", app="o", level=Level.SCALING,
        since_ms=T0, level_since_ms=T0, well_since_ms=T0 - 60_000,
    )  # fmt: skip
    witnessed.step([row], 600_000)
    seen = witnessed.seen(row)
    assert (seen.level_since_ms, seen.well_since_ms) == (T0 + 600_000, T0 + 540_000)
    assert witnessed.seen(seen) == seen, "written with the new clock, it is not moved again"
    without = msgspec.structs.replace(row, well_since_ms=None)
    witnessed.step([without], 600_000)
    assert witnessed.seen(without).well_since_ms is None
