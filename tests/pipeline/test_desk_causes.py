"""Tokens as the cause of what fails, with those that descend from them and the jobs that renew them."""

import msgspec
import pytest

from statusdesk.alerts.inhibition import RECOVERY_MS
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
from statusdesk.facts import (
    Changed,
    ContainerRole,
    Pod,
    Token,
    Visited,
    Workload,
)
from statusdesk.pipeline.desk import Desk
from statusdesk.states import Level, TokenState
from statusdesk.store.reader import Reader
from tests.pipeline.desk_bench import (  # noqa: F401  (plain_bench is a fixture)
    SOURCE,
    T0,
    Bench,
    build,
    builds,
    plain_bench,
    pod,
    swept,
    workload,
)
from tests.pipeline.test_desk_tokens import day, token


def init_crash(name="orders", failed_ms=None) -> Pod:
    failing = pod(name, waiting="CrashLoopBackOff", restarts=5)
    container = msgspec.structs.replace(
        failing.containers[0], name="vault-agent", role=ContainerRole.INIT, last_finished_ms=failed_ms
    )
    return msgspec.structs.replace(failing, ready=False, containers=(container,))


class VaultBench(Bench):
    """A desk that knows which app uses the token payments."""

    def open(self) -> None:
        super().open()
        tokens = (TokenSettings(name="payments", accessor="a", apps=("orders",)),)
        vault = VaultSettings(address="http://127.0.0.1:1", tokens=tokens)
        stages = (StageSettings(name="staging", namespaces=("staging",)),)
        store = StoreSettings(state_dir=str(self.directory))
        self.config = Config(path="c", stages=stages, clusters=(ClusterSettings(name="eu"),), vault=vault, store=store)
        self.desk = Desk(self.config, self.writer)


@pytest.fixture
def vault_bench(tmp_path):
    made = VaultBench(tmp_path)
    yield made
    made.writer.close()


def failing_at_its_door(bench, failed_ms=None):
    bench.see(
        swept(Workload, workload(ready=0, available=0), subkind="Deployment"),
        swept(Pod, init_crash(failed_ms=failed_ms)),
    )


def test_a_dead_token_is_the_cause_until_the_container_has_failed_with_another(vault_bench):
    bench = vault_bench
    dead = token(issue_ms=day(-9), expire_ms=day(-2), seen_ms=day(-2) - 1, unknown_ms=day(-2) + 1)
    bench.see(swept(Token, dead, source="vault", started_ms=T0 - 1))
    failing_at_its_door(bench)
    row = bench.rollout()
    assert row.level is Level.FAILING and row.reason.endswith("InitExit")
    assert (row.cause, row.cause_key) == ("token 'payments' has expired", "token:vault/payments")
    assert row.cause_ms == day(-2)
    bench.now_ms += 1000
    bench.see(
        Changed(source=SOURCE, kind=Pod, at_ms=bench.now_ms, seen=(msgspec.structs.replace(init_crash(), node="n"),))
    )
    assert bench.rollout().cause_key == "token:vault/payments"  # judged again, and the cause stays
    fresh = token(issue_ms=T0, expire_ms=day(1), seen_ms=bench.now_ms)
    bench.see(swept(Token, fresh, source="vault", started_ms=bench.now_ms))
    left = ("token 'payments' was gone until it was issued anew", "token:vault/payments", day(-2))
    for failed_ms in (None, T0 - 60_000):
        bench.now_ms += 1000
        bench.restart()
        failing_at_its_door(bench, failed_ms)
        row = bench.rollout()
        assert (row.cause, row.cause_key, row.cause_ms) == left, "it has not run since"
    again = init_crash(failed_ms=bench.now_ms)
    bench.see(Changed(source=SOURCE, kind=Pod, at_ms=bench.now_ms, seen=(again,)))
    assert (bench.rollout().cause, bench.rollout().cause_key, bench.rollout().cause_ms) == ("", "", None)


def test_all_that_descend_from_a_token_are_judged_after_it_and_by_its_end(tmp_path):
    bench = VaultBench(tmp_path)
    line = [("kid-kid", "kid"), ("kid", "boss"), ("boss", "")]
    tokens = tuple(TokenSettings(name=name, accessor=name, parent=parent) for name, parent in line)
    vault = VaultSettings(address="http://127.0.0.1:1", tokens=tokens)
    bench.desk = Desk(
        Config(path="c", stages=(), clusters=(), vault=vault, store=StoreSettings(state_dir=str(tmp_path))),
        bench.writer,
    )
    facts = [
        token(name=name, expire_ms=T0 + hours * 3_600_000, seen_ms=T0)
        for (name, _), hours in zip(line, (3, 2, 1), strict=True)
    ]
    bench.see(swept(Token, *facts, source="vault"))
    bench.now_ms = T0 + 3_500_000
    facts[-1] = msgspec.structs.replace(facts[-1], seen_ms=bench.now_ms)
    seen = bench.see(swept(Token, *facts, source="vault", started_ms=bench.now_ms))
    assert {(each.after.name, each.after.level) for each in seen} == {(name, Level.FAILING) for name, _ in line}
    said = bench.writer.current(TokenState)["vault/kid-kid"].message
    assert said.startswith("dies with 'boss', which lapses at") and said.endswith("made 'kid', which made this one")
    bench.writer.close()


@pytest.mark.parametrize("set_ms", [600_000, -600_000])
def test_a_dead_token_stays_the_cause_when_the_clock_is_set(vault_bench, set_ms):
    bench, even = vault_bench, [0]
    bench.desk = Desk(bench.config, bench.writer, steps=ClockSteps(lambda: even[0]))
    died_ms = init_crash().ready_changed_ms - 60_000  # a minute before the trouble began
    dead = token(issue_ms=day(-9), expire_ms=died_ms, seen_ms=died_ms - 1, unknown_ms=T0 - 1)
    bench.see(swept(Token, dead, source="vault", started_ms=T0 - 1))
    failing_at_its_door(bench)
    assert bench.rollout().cause_key == "token:vault/payments"
    bench.now_ms += set_ms
    bench.see()
    even[0] += 5000
    bench.now_ms += 5000
    again = msgspec.structs.replace(init_crash(), node="n")
    bench.see(Changed(source=SOURCE, kind=Pod, at_ms=bench.now_ms, seen=(again,)))
    row = bench.rollout()
    assert (row.cause_key, row.cause_ms) == ("token:vault/payments", died_ms + set_ms)


def test_a_token_that_dies_after_the_trouble_began_is_not_blamed(vault_bench):
    bench = vault_bench
    bench.see(swept(Token, token(expire_ms=T0 + 60_000, seen_ms=T0), source="vault"))
    failing_at_its_door(bench)
    bench.now_ms += 61_000
    lapsed = token(expire_ms=T0 + 60_000, seen_ms=T0, unknown_ms=bench.now_ms)
    bench.see(swept(Token, lapsed, source="vault", started_ms=bench.now_ms))
    assert bench.writer.current(TokenState)["vault/payments"].reason == "Lapsed"
    assert bench.rollout().level is Level.FAILING
    assert bench.rollout().cause == ""


def test_the_renewal_job_stands_beside_its_token(tmp_path):
    bench = VaultBench(tmp_path)
    tokens = (TokenSettings(name="payments", accessor="a", renewal_job="deploy-orders", renew_every_s=3600.0),)
    bench.desk = Desk(
        Config(
            path="c",
            stages=(StageSettings(name="staging", namespaces=("staging",)),),
            clusters=(),
            jenkins=JenkinsSettings(url="http://jenkins"),
            vault=VaultSettings(address="http://127.0.0.1:1", tokens=tokens),
            store=StoreSettings(state_dir=str(tmp_path)),
        ),
        bench.writer,
    )
    seen = token(expire_ms=T0 + 7_200_000, last_renewal_ms=T0 - 3_600_000, seen_ms=T0)
    bench.see(
        builds(msgspec.structs.replace(build(7, "FAILURE"), started_ms=T0 - 400_000)),
        swept(Token, seen, source="vault"),
    )
    row = bench.writer.current(TokenState)["vault/payments"]
    assert (row.job_number, row.job_result, row.job_says) == (7, "FAILURE", "job red, token lapses")
    assert row.reason == "RenewalFailed"
    bench.writer.close()


@pytest.mark.parametrize("fails", [True, False], ids=["it fails again", "it hangs"])
def test_a_rollout_is_told_by_its_token_until_it_fails_with_another_or_has_had_its_time(vault_bench, fails):
    bench = vault_bench

    def told():
        with Reader(bench.writer.path) as reader:
            return {alert.alertname: alert for alert in reader.alerts() if alert.state == "firing"}

    dead = token(issue_ms=day(-9), expire_ms=day(-2), seen_ms=day(-2) - 1, unknown_ms=day(-2) + 1)
    bench.see(swept(Token, dead, source="vault", started_ms=T0 - 1))
    failing_at_its_door(bench)
    bench.see(Visited(source=SOURCE, ok=True, at_ms=T0, live=True))
    alerts = told()
    rollout = next(alert for name, alert in alerts.items() if name != "TokenGone")
    assert rollout.inhibited_by == alerts["TokenGone"].fingerprint and rollout.kept_back
    assert alerts["TokenGone"].hits == ("staging/orders",)
    bench.now_ms += 1000
    fresh = token(issue_ms=T0, expire_ms=day(30), seen_ms=bench.now_ms)
    bench.see(swept(Token, fresh, source="vault", started_ms=bench.now_ms))
    alerts = told()
    assert "TokenGone" not in alerts and alerts[rollout.alertname].inhibited_by == rollout.inhibited_by
    assert "because token 'payments' was gone until" in alerts[rollout.alertname].summary
    bench.now_ms += 60_000 if fails else RECOVERY_MS
    again = init_crash(failed_ms=bench.now_ms - 1000)
    bench.see(*([Changed(source=SOURCE, kind=Pod, at_ms=bench.now_ms, seen=(again,))] if fails else []))
    alert = told()[rollout.alertname]
    assert not alert.muted and ("because" not in alert.summary) is fails


def test_a_token_is_told_by_the_runs_that_were_for_it(tmp_path):
    bench = VaultBench(tmp_path)
    tokens = tuple(
        TokenSettings(name=name, accessor=name, renewal_job="deploy-orders", renew_every_s=28_800.0)
        for name in ("payments", "orders")
    )
    bench.desk = Desk(
        Config(
            path="c",
            stages=(StageSettings(name="staging", namespaces=("staging",)),),
            clusters=(),
            jenkins=JenkinsSettings(url="http://jenkins"),
            vault=VaultSettings(address="http://127.0.0.1:1", tokens=tokens),
            store=StoreSettings(state_dir=str(tmp_path)),
        ),
        bench.writer,
    )

    def of_app(number, result, app):
        renews = (("APP", app),)
        return msgspec.structs.replace(build(number, result), started_ms=T0 - 900_000 + number * 1000, renews=renews)

    bench.see(
        builds(of_app(1, "SUCCESS", "orders"), of_app(2, "FAILURE", "payments"), of_app(3, "FAILURE", "?a7")),
        swept(
            Token,
            token(expire_ms=T0 + 90_000_000, last_renewal_ms=T0 - 1_800_000, seen_ms=T0),
            token(name="orders", expire_ms=T0 + 90_000_000, last_renewal_ms=T0 - 899_000, seen_ms=T0),
            source="vault",
        ),
    )
    rows = bench.writer.current(TokenState)
    told = {name: (rows[f"vault/{name}"].reason, rows[f"vault/{name}"].job_number) for name in ("payments", "orders")}
    assert told == {"payments": ("RenewalFailed", 2), "orders": ("Renewing", 1)}
    bench.restart()
    bench.writer.close()
