"""A clock that is set while no collector runs: the next one judges and tells what it would without that."""

import pytest
from msgspec.structs import replace

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
from statusdesk.config_alerts import AlertsSettings
from statusdesk.facts import Build, Changed, Job, JobClass, Pod, Token, VaultHealth, Visited
from statusdesk.pipeline.desk import Desk
from statusdesk.states import BuildState, Collector, PlatformState, SourceState, TokenState
from statusdesk.store.writer import Writer
from tests.alerts.make import MINUTE, SECOND, rule
from tests.pipeline.desk_bench import SOURCE, T0, deployments, swept, workload
from tests.pipeline.test_alerting import failing
from tests.pipeline.test_clock_set import SetBench, crashing, health, pending, slow

SETS_MS = (600_000, -600_000, 30_000, -30_000)
DOWN_MS = 20 * SECOND
RULES = (
    rule("RolloutStuck", enabled=False),
    rule("ServiceDegraded", for_s=300.0, keep_firing_for_s=120.0),
    rule("RolloutFailing", for_s=20.0),
)
CONFIG = Config(
    path="c",
    stages=(StageSettings(name="staging", namespaces=("staging",)),),
    clusters=(ClusterSettings(name="eu"),),
    jenkins=JenkinsSettings(url="http://jenkins"),
    vault=VaultSettings(
        address="http://127.0.0.1:1",
        tokens=(TokenSettings(name="billing", accessor="a", renewal_job="renew-billing", renew_every_s=300.0),),
        interval_s=2.0,
    ),
    store=StoreSettings(state_dir="state"),
    alerts=AlertsSettings(rules=RULES),
)


class Between(SetBench):
    """A collector with a heartbeat, which may end and begin anew in the same run of the machine, or in another."""

    boot = 1
    config = CONFIG

    def open(self) -> None:
        self.even_ms = getattr(self, "even_ms", T0)
        self.writer = Writer(self.directory / "statusdesk.db", 86_400.0, lambda: self.now_ms)
        steps = ClockSteps(lambda: self.even_ms, self.boot)
        self.desk = Desk(self.config, self.writer, steps=steps, steady=lambda: self.even_ms)
        self.started_ms = self.now_ms
        self.told = []
        self.beat()

    def beat(self) -> None:
        self.desk.look_at_clock(self.now_ms)
        self.writer.beat(Collector(pid=1, owner="watch", started_ms=self.started_ms, beat_ms=self.now_ms))
        self.writer.commit()

    def again(self, set_ms: int, *, kill: bool = False) -> None:
        """Stop, let the clock be set, and begin anew a while later."""
        self.beat()
        if kill:
            self.writer._db.close()
        else:
            self.writer.close()
        self.even_ms += DOWN_MS
        self.now_ms += DOWN_MS + set_ms
        self.open()

    def pass_ms(self, ms: int) -> None:
        super().pass_ms(ms)
        self.told += [(each.what, each.alert.alertname) for each in self.desk.take_events()]
        self.beat()

    def read(self, *facts) -> None:
        """Have the cluster tell all that is there."""
        pods = [fact for fact in facts if isinstance(fact, Pod)]
        rest = [fact for fact in facts if not isinstance(fact, Pod)]
        fields = {"started_ms": self.now_ms}
        self.take(deployments(*rest, **fields), swept(Pod, *pods, **fields))
        self.visit()

    def visit(self, *, ok: bool = True) -> None:
        problem = "" if ok else "Timeout"
        self.take(Visited(source=SOURCE, ok=ok, at_ms=self.now_ms, live=ok, problem=problem))

    @property
    def firing(self) -> list[tuple[str, str]]:
        return sorted((alert.alertname, alert.state) for alert in self.writer.firing())


@pytest.fixture
def bench(tmp_path):
    made = Between(tmp_path)
    yield made
    made.writer.close()


def standing(bench, story, second: int) -> list:
    """Return workload and pod as the cluster has them at a second of a story, in our clock as it is."""
    found = {type(fact): fact for at in range(0, second + 1, 5) for fact in story(bench, at)}
    return list(found.values()) or [workload(created_ms=bench.ours(T0 - 86_400_000))]


def verdicts(directory, story, again_s: int, set_ms: int) -> list:
    directory.mkdir()
    bench = Between(directory)
    bench.read(*standing(bench, story, 0))
    bench.desk.flush(bench.now_ms)
    seen = []
    for second in range(0, 180, 5):
        if second == again_s:
            bench.again(set_ms)
        if second == again_s or story(bench, second):
            bench.read(*standing(bench, story, second))
        bench.visit()
        bench.pass_ms(5 * SECOND)
        row = bench.rollout()
        seen.append((row.level.value, row.reason, (row.started_ms or 0) - bench.ours(T0), bench.firing))
    bench.writer.close()
    return [*seen, bench.told]


@pytest.mark.parametrize("set_ms", SETS_MS)
@pytest.mark.parametrize("story", [slow, crashing, pending])
def test_a_rollout_is_judged_and_told_as_if_the_clock_had_not_been_set(tmp_path, story, set_ms):
    for again_s in (5, 15, 30, 45, 70, 100):
        expected = verdicts(tmp_path / f"{again_s}", story, again_s, 0)
        assert verdicts(tmp_path / f"{again_s}-set", story, again_s, set_ms) == expected, f"set after {again_s} s"


def failed(bench, seconds: int) -> None:
    """Let a service be degraded for so long."""
    bench.read(workload())
    bench.pass_ms(SECOND)
    for _ in range(0, seconds, 10):
        bench.read(failing(created_ms=bench.ours(T0 - 86_400_000)))
        bench.pass_ms(10 * SECOND)


def pending_until(directory, set_ms: int, *, kill: bool) -> int:
    directory.mkdir()
    bench = Between(directory)
    failed(bench, 60)
    assert bench.firing == [("ServiceDegraded", "pending")]
    bench.again(set_ms, kill=kill)
    bench.pass_ms(SECOND)
    assert bench.firing == [("ServiceDegraded", "pending")] and bench.told == []
    while ("ServiceDegraded", "firing") not in bench.firing:
        assert bench.even_ms < T0 + 20 * MINUTE and bench.firing == [("ServiceDegraded", "pending")]
        bench.read(failing(created_ms=bench.ours(T0 - 86_400_000)))
        bench.pass_ms(SECOND)
    assert bench.told == [("firing", "ServiceDegraded")]
    bench.writer.close()
    return (bench.even_ms - T0) // SECOND


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_a_wait_goes_on(tmp_path, kill):
    even_s = pending_until(tmp_path / "even", 0, kill=kill)
    assert 310 <= even_s <= 315
    for set_ms in (*SETS_MS, 120 * MINUTE):
        assert pending_until(tmp_path / str(set_ms), set_ms, kill=kill) == even_s, set_ms


def test_a_wait_goes_on_over_a_start_though_the_clock_was_set_before_it(bench):
    """While a process runs it measures by a clock that runs evenly; the store must know of it all the same."""
    failed(bench, 60)
    bench.now_ms += 600_000
    bench.pass_ms(SECOND)
    bench.again(0)
    bench.read(failing(created_ms=bench.ours(T0 - 86_400_000)))
    bench.pass_ms(SECOND)
    assert bench.firing == [("ServiceDegraded", "pending")]


def held_until(directory, set_ms: int, *, before_ms: int = 0) -> int:
    directory.mkdir()
    bench = Between(directory)
    failed(bench, 320)
    assert bench.firing == [("ServiceDegraded", "firing")]
    bench.read(workload())
    bench.pass_ms(SECOND)
    assert bench.firing == [("ServiceDegraded", "firing")], "it is held"
    began_ms = bench.even_ms
    bench.pass_ms(SECOND)
    bench.now_ms += before_ms
    bench.pass_ms(SECOND)
    bench.again(set_ms)
    while bench.firing:
        assert bench.even_ms < began_ms + 20 * MINUTE
        bench.read(workload())
        bench.pass_ms(SECOND)
    assert bench.told == [("resolved", "ServiceDegraded")]
    bench.writer.close()
    return (bench.even_ms - began_ms) // SECOND


def test_what_is_held_is_over_when_it_would_have_been(tmp_path):
    even_s = held_until(tmp_path / "even", 0)
    assert 115 <= even_s <= 125
    for set_ms in SETS_MS:
        assert held_until(tmp_path / str(set_ms), set_ms) == even_s, set_ms
        assert held_until(tmp_path / f"{set_ms}-before", 0, before_ms=set_ms) == even_s, set_ms


@pytest.mark.parametrize("set_ms", SETS_MS)
def test_an_alert_that_fires_fires_on_and_is_told_once(bench, set_ms):
    failed(bench, 320)
    assert bench.told == [("pending", "ServiceDegraded"), ("firing", "ServiceDegraded")]
    (before,) = bench.writer.firing()
    bench.again(set_ms)
    for answers in (False, True):
        if answers:
            bench.read(failing(created_ms=bench.ours(T0 - 86_400_000)))
        bench.pass_ms(10 * SECOND)
        assert bench.firing == [("ServiceDegraded", "firing")] and bench.told == []
    (after,) = bench.writer.firing()
    assert (after.started_ms, after.fired_ms) == (before.started_ms, before.fired_ms), "it is told by these"


@pytest.mark.parametrize("set_ms", SETS_MS)
def test_a_rollout_that_is_stuck_stays_the_same_rollout(bench, set_ms):
    bench.writer.close()
    bench.config = replace(CONFIG, alerts=AlertsSettings(rules=(rule("RolloutStuck", for_s=25.0),)))
    bench.open()
    bench.read(workload())
    bench.pass_ms(10 * SECOND)
    for _ in range(4):
        bench.read(*standing(bench, slow, 10))
        bench.pass_ms(10 * SECOND)
    assert bench.firing == [("RolloutStuck", "firing")] and bench.told == [("firing", "RolloutStuck")]
    bench.again(set_ms)
    for _ in range(3):
        bench.read(*standing(bench, slow, 10))
        bench.pass_ms(10 * SECOND)
        assert bench.firing == [("RolloutStuck", "firing")] and bench.told == []


@pytest.mark.parametrize("set_ms", SETS_MS)
@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_how_long_ago_something_was_is_the_same_after_it(bench, set_ms, kill):
    job = Job(source="jenkins", name="renew-billing", url="http://jenkins/job/r/", job_class=JobClass.RENEWAL)
    build = Build(
        source="jenkins",
        job="renew-billing",
        number=7,
        url="http://jenkins/job/r/7/",
        namespace="staging",
        attributed_by="parameter",
        result="SUCCESS",
        started_ms=T0 - 60_000,
        duration_ms=1000,
    )
    token = Token(
        source="vault", name="billing", issue_ms=T0 - 600_000, last_renewal_ms=T0, expire_ms=T0 + 900_000, seen_ms=T0
    )
    bench.read(workload())
    bench.take(swept(Job, job, source="jenkins"), Changed(source="jenkins", kind=Build, at_ms=T0, seen=(build,)))
    bench.take(swept(VaultHealth, health(0), source="vault"), swept(Token, token, source="vault"))
    bench.take(Visited(source="vault", ok=True, at_ms=T0), Visited(source="jenkins", ok=True, at_ms=T0))
    bench.pass_ms(5 * SECOND)

    def known() -> tuple:
        current = bench.writer.current
        (row,) = current(BuildState).values()
        (source,) = [each for each in current(SourceState).values() if each.key == SOURCE]
        held = current(TokenState)["vault/billing"]
        runs = current(PlatformState)["jenkins/renew-billing"]
        (kept,) = [each for each in bench.writer.build_rows.known() if each.number == 7]
        moments = (row.started_ms, kept.started_ms, source.last_ok_ms, held.expire_ms, runs.last_success_ms)
        return (
            *(at_ms - bench.ours(T0) for at_ms in moments),
            kept.skew_ms + bench.now_ms - bench.even_ms,
            *(each.level.value for each in (row, source, held, runs)),
        )

    before = known()
    assert before[:3] == (-60_000, -60_000, 0)
    bench.again(set_ms, kill=kill)
    assert known() == before, "before any source has answered"
    bench.pass_ms(5 * SECOND)
    assert known() == before and bench.told == [] and bench.firing == []
    bench.again(0)
    bench.pass_ms(5 * SECOND)
    assert known() == before, "it moves once"
    (kept,) = [each for each in bench.writer.build_rows.known() if each.number == build.number]
    bench.take(Changed(source="jenkins", kind=Build, at_ms=bench.now_ms, seen=(kept,)))
    bench.pass_ms(5 * SECOND)
    assert known() == before


@pytest.mark.parametrize("set_ms", SETS_MS)
def test_a_step_that_could_not_be_written_is_seen_again_by_the_next_process(bench, set_ms):
    bench.read(workload())
    bench.pass_ms(5 * SECOND)
    before_ms = bench.writer.current(SourceState)[SOURCE].last_ok_ms - bench.ours(0)
    bench.writer.close()
    bench.now_ms += set_ms
    writer = Writer(bench.directory / "statusdesk.db", 86_400.0, lambda: bench.now_ms)
    desk = Desk(CONFIG, writer, steps=ClockSteps(lambda: bench.even_ms, bench.boot))
    desk.look_at_clock(bench.now_ms)
    assert writer.current(SourceState)[SOURCE].last_ok_ms == bench.ours(before_ms)
    writer._db.close()  # killed before it has committed
    bench.open()
    assert bench.writer.current(SourceState)[SOURCE].last_ok_ms == bench.ours(before_ms)


@pytest.mark.parametrize("set_ms", SETS_MS)
def test_in_another_run_of_the_machine_everything_stays_as_it_is_stamped(bench, set_ms):
    bench.read(workload())
    bench.pass_ms(5 * SECOND)
    stamped_ms = bench.writer.current(SourceState)[SOURCE].last_ok_ms
    bench.boot = 2
    bench.again(set_ms)
    assert bench.writer.current(SourceState)[SOURCE].last_ok_ms == stamped_ms
    assert bench.writer.anchor_row.anchor.boot == 2


def test_a_source_that_does_not_answer_is_down_after_its_wait_and_no_sooner(bench):
    bench.read(workload())
    bench.pass_ms(5 * SECOND)
    bench.again(600_000)
    for _ in range(2):
        bench.visit(ok=False)
        bench.pass_ms(5 * SECOND)
    assert bench.firing in ([], [("SourceDown", "pending")])
    for _ in range(10):
        bench.visit(ok=False)
        bench.pass_ms(10 * SECOND)
    assert ("SourceDown", "firing") in bench.firing
