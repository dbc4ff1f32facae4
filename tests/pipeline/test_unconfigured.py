"""What is not configured any more ends at the start, stays in the history, and is new when it is configured again."""

from msgspec.structs import replace

from statusdesk.clock import ClockSteps
from statusdesk.config import ClusterSettings
from statusdesk.facts import Event, Executors, Pod, QueueItem, Token
from statusdesk.pipeline.desk import Desk
from statusdesk.states import (
    BuildState,
    EnvironmentState,
    PlatformState,
    PodState,
    RolloutState,
    SourceState,
    TokenState,
)
from statusdesk.states_alerts import RENAMED
from statusdesk.store.reader import Reader
from tests.alerts.make import EU, MINUTE, SECOND, rule
from tests.pipeline.desk_bench import T0, Bench, deployments, plain_bench, pod, swept, workload  # noqa: F401
from tests.pipeline.platform_bench import HOUR_MS, PlatformBench, jobs, ran
from tests.pipeline.test_alerting import DESK, Office, failing
from tests.pipeline.test_desk_tokens import token

KEY = "eu/staging/Deployment/orders"
US = "kubernetes/us"


def alive(bench, *kinds: type) -> set[str]:
    return {key for kind in kinds for key, row in bench.writer.current(kind).items() if row.until_ms is None}


def in_us(fact):
    return replace(fact, cluster="us")


def clusters(bench: Bench, *names: str) -> None:
    bench.clusters = names
    bench.restart()
    bench.see()


def test_what_ran_in_a_cluster_that_was_renamed_ends_at_the_start(bench):
    waits = pod(waiting="CrashLoopBackOff", restarts=3)
    bench.see(deployments(workload()), swept(Pod, waits))
    bench.now_ms += 10_000
    bench.see()
    event = Event(cluster="eu", namespace="staging", uid="e", object_kind="Pod", object_name=waits.name, message="no")
    bench.see(swept(Event, event, scope="staging", subkind="Deployment/orders"))
    with Reader(bench.directory / "statusdesk.db") as reader:
        assert reader.events(KEY) != []
    bench.now_ms += 60_000
    clusters(bench, "us")
    assert alive(bench, RolloutState, PodState, SourceState) == set()
    assert bench.rollout().until_ms == T0 + 70_000
    with Reader(bench.directory / "statusdesk.db") as reader:
        assert reader.events(KEY) == []
        assert [period.until_ms for period in reader.periods(RolloutState, KEY, 0, T0 + 90_000)][-1] == T0 + 70_000
    bench.see(replace(deployments(in_us(workload())), source=US), replace(swept(Pod, in_us(pod())), source=US))
    assert alive(bench, RolloutState) == {KEY.replace("eu/", "us/")}
    bench.now_ms += 60_000
    clusters(bench, "eu", "us")
    assert bench.rollout().until_ms == T0 + 70_000 and len(alive(bench, RolloutState)) == 1
    bench.see(deployments(workload()), swept(Pod, pod()))
    assert (bench.rollout().since_ms, bench.rollout().until_ms) == (T0 + 130_000, None)


def test_what_ran_in_a_namespace_that_left_the_stages_ends_at_the_start(bench):
    elsewhere = {"namespace": "shop"}
    bench.see(deployments(workload(), replace(workload(), **elsewhere)), swept(Pod, pod(), replace(pod(), **elsewhere)))
    assert len(alive(bench, RolloutState)) == len(alive(bench, PodState)) == 2
    bench.restart()
    bench.see()
    assert alive(bench, RolloutState) == {KEY} and len(alive(bench, PodState)) == 1


def without(bench: PlatformBench, *sections: str) -> None:
    """Start anew without some sections of the settings."""
    bench.restart()
    steps = ClockSteps(lambda: bench.now_ms - bench.set_ms)
    bench.desk = Desk(replace(bench.config, **dict.fromkeys(sections)), bench.writer, steps=steps)
    bench.see()


def test_what_a_jenkins_or_vault_told_that_nobody_asks_any_more_ends_and_comes_back_with_it(tmp_path):
    bench = PlatformBench(tmp_path)
    listed = jobs(bench, "vault-renew-orders", "env-create", "env-destroy", "deploy-a")
    runs = [ran("env-create", 2, bench.now_ms - 5 * HOUR_MS, namespace="dev-kim", user="kim")]
    runs += [ran("env-destroy", 1, bench.now_ms - 2 * HOUR_MS, namespace="dev-kim")]
    runs += [ran("env-create", 1, bench.now_ms - HOUR_MS, namespace="dev-bob", user="bob")]
    runs += [ran("deploy-a", 1, bench.now_ms - HOUR_MS, "FAILURE", namespace="staging")]
    waits = QueueItem(source="jenkins", id=1, job="deploy-a", since_ms=bench.now_ms)
    queue = swept(QueueItem, waits, source="jenkins")
    t0 = token(name="t0", expire_ms=bench.now_ms + HOUR_MS, seen_ms=bench.now_ms)
    executors = swept(Executors, Executors(source="jenkins", total=4, busy=4), source="jenkins")
    bench.see(listed, *runs, queue, executors, swept(Token, t0, source="vault", started_ms=bench.now_ms))
    kinds = (BuildState, PlatformState, EnvironmentState, TokenState)
    before = alive(bench, *kinds)
    assert before >= {"jenkins/deploy-a@staging", "jenkins/env-create", "eu/dev-bob", "vault/t0"}
    bench.now_ms += MINUTE
    with Reader(tmp_path / "statusdesk.db") as reader:
        seen = reader.changes(0)
        assert [each.namespaces for each in seen.environment_hours] == [1] and len(seen.executors) == 1
        without(bench, "jenkins", "vault")
        assert alive(bench, *kinds) == set() and bench.writer.jobs() == []
        for since in (0, seen.change):  # a console that starts now, and one that was there before
            left = reader.changes(since)
            assert left.queue == left.executors == left.environment_hours == ()
        assert len(reader.builds("deploy-a", "staging", 10)) == 1
    bench.set_clock(HOUR_MS)
    assert alive(bench, *kinds) == set(), "also when all is judged anew"
    without(bench)
    bench.see(jobs(bench, "vault-renew-orders", "env-create", "env-destroy", "deploy-a"))
    bench.see(swept(Token, t0, source="vault", started_ms=bench.now_ms))
    assert alive(bench, *kinds) == before
    assert bench.events() == [], "no job came or went"
    bench.writer.close()


class Shop(Office):
    """A collector of one cluster, which may be given another name; orders runs in staging and in production."""

    def renamed(self) -> None:
        self.config = replace(self.config, clusters=(ClusterSettings(name="us"),))
        self.now_ms += SECOND
        self.restart()

    def runs(self, *facts, cluster="eu") -> None:
        named = [replace(fact, cluster=cluster) for fact in facts]
        self.visit(source=f"kubernetes/{cluster}")
        self.desk.take(replace(swept(Pod, started_ms=self.now_ms), source=f"kubernetes/{cluster}"))
        self.desk.take(replace(deployments(*named, started_ms=self.now_ms), source=f"kubernetes/{cluster}"))
        self.flush()

    def fires(self) -> set[tuple[str, str]]:
        return {(each.alertname, each.cluster) for each in self.writer.firing() if each.state == "firing"}


def test_what_failed_in_a_cluster_that_is_gone_for_good_ends_with_these_words(tmp_path):
    shop = Shop(tmp_path, rule("RolloutStuck", enabled=False), sinks=(DESK,))
    orders = [replace(workload(), namespace="testing", version="1.6.0"), replace(workload(), namespace="shop")]
    shop.runs(failing(version="1.6.0"), *orders)
    shop.renamed()
    for _ in range(8):
        shop.now_ms += 10 * SECOND
        shop.runs(cluster="us")
    ended = {each.alertname: each.ended_by for each in shop.rows()[0] if each.state == "resolved"}
    assert ended == dict.fromkeys(("ServiceDegraded", "BadVersionAhead"), f"{EU} is not configured any more")
    assert shop.writer.firing() == []
    shop.writer.close()


def test_what_fails_on_its_way_goes_on_where_its_cluster_was_renamed_and_the_old_one_ends_in_silence(tmp_path):
    shop = Shop(tmp_path, rule("RolloutStuck", enabled=False), sinks=(DESK,))
    bad = [failing(version="1.6.0"), replace(workload(), namespace="testing", version="1.6.0")]
    orders = (*bad, replace(workload(), namespace="shop"))
    shop.runs(*orders)
    expected = {("BadVersionAhead", ""), ("ServiceDegraded", "eu")}
    assert shop.fires() == expected
    shop.renamed()
    assert shop.fires() == expected, "nothing is known of the new name"
    shop.now_ms += SECOND
    shop.runs(*orders, cluster="us")
    assert shop.fires() == {("BadVersionAhead", ""), ("ServiceDegraded", "us")}
    (ahead,) = [each for each in shop.writer.firing() if each.alertname == "BadVersionAhead"]
    assert ahead.hangs_on == ("kubernetes/us", "kubernetes/us#staging")
    ended = [each for each in shop.rows()[0] if each.state == "resolved"]
    assert [(each.alertname, each.cluster, each.ended_by) for each in ended] == [("ServiceDegraded", "eu", RENAMED)]
    assert ("resolved", "BadVersionAhead") not in shop.told
    for _ in range(13):
        shop.now_ms += 10 * SECOND
        shop.visit(source=US)
        shop.flush()
    assert ("BadVersionAhead", "") in shop.fires(), "it has not left with its first cluster"
    assert EU not in shop.writer.current(SourceState) or shop.writer.current(SourceState)[EU].until_ms is not None
    shop.writer.close()
