"""The Jobs of a CronJob as one workload, and thresholds that a stage has for itself."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from statusdesk.config import Config, RolloutThresholds, StageSettings, StoreSettings
from statusdesk.facts import Changed, Pod, Swept, Workload
from statusdesk.pipeline.cronjobs import CronJobs
from statusdesk.pipeline.desk import Desk
from statusdesk.states import Level, RolloutState
from statusdesk.store.writer import Writer
from tests.judge.make import T0, restarted, rolling, unready
from tests.judge.sequence import job, job_condition

CRON = ("eu", "staging", "CronJob", "nightly")


def run(number: int, **changes) -> Workload:
    fields = {"name": f"nightly-{number}", "owner_kind": "CronJob", "owner_name": "nightly", "created_ms": T0 + number}
    return job(**(fields | changes))


def test_the_last_job_is_that_of_the_cronjob_in_any_order() -> None:
    jobs = CronJobs()
    assert jobs.see(run(2)).key == jobs.see(run(1)).key == CRON
    assert jobs.last(CRON) == msgspec.structs.replace(run(2), kind="CronJob", name="nightly", revision="")
    assert jobs.job_of(CRON) == run(2).key and jobs.owner_of(run(1).key) == CRON
    assert jobs.missing("eu", "staging", {run(2).key}) == [run(1).key]
    assert jobs.missing("eu", "testing", set()) == jobs.missing("us", "", set()) == []
    assert jobs.lose(run(2).key) == CRON
    assert jobs.job_of(CRON) == run(1).key
    assert jobs.lose(run(1).key) == CRON and jobs.last(CRON) is None
    assert jobs.lose(run(1).key) is None and jobs.job_of(job().key) == job().key == jobs.owner_of(job().key)


@pytest.fixture(name="desk")
def new_desk(tmp_path: Path) -> Iterator[tuple[Desk, Writer]]:
    strict = msgspec.structs.replace(RolloutThresholds(), restarts=1)
    stages = (
        StageSettings(name="staging", namespaces=("staging",)),
        StageSettings(name="production", namespaces=("prod-*",), thresholds=strict),
    )
    writer = Writer(tmp_path / "statusdesk.db", 86400.0, lambda: T0)
    store = StoreSettings(state_dir=str(tmp_path))
    yield Desk(Config(path="", stages=stages, clusters=(), store=store), writer), writer
    writer.close()


def swept(kind: type, *facts: Workload | Pod, subkind: str = "", at_ms: int = T0) -> Swept:
    return Swept(source="kubernetes/eu", kind=kind, facts=facts, started_ms=at_ms, at_ms=at_ms, subkind=subkind)


def rows(writer: Writer) -> dict[str, RolloutState]:
    return {row.key: row for row in writer.current(RolloutState).values() if row.until_ms is None}


def test_a_stage_judges_by_its_own_thresholds(desk: tuple[Desk, Writer]) -> None:
    taken, writer = desk
    here = unready(restarted(1, since_ms=T0 + 4000))
    there = msgspec.structs.replace(here, namespace="prod-eu")
    taken.take(swept(Pod, here, there))
    taken.take(swept(Workload, rolling(), rolling(namespace="prod-eu"), subkind="Deployment"))
    taken.flush(T0 + 5000)
    assert [row.level for _, row in sorted(rows(writer).items())] == [Level.FAILING, Level.WARNING]


def test_runs_of_a_cronjob_make_one_row_that_goes_with_the_last(desk: tuple[Desk, Writer]) -> None:
    taken, writer = desk
    complete = {"replicas": 0, "ready": 1, "conditions": (job_condition("Complete"),)}
    taken.take(swept(Pod))
    taken.take(swept(Workload, run(1, **complete), run(2), job(), subkind="Job"))
    assert [each.after.key for each in taken.flush(T0 + 10)] != []
    assert set(rows(writer)) == {"/".join(CRON), "eu/staging/Job/migrate"}
    since_ms = rows(writer)["/".join(CRON)].since_ms
    changed = Changed(
        source="kubernetes/eu", kind=Workload, at_ms=T0 + 20, seen=(run(2, **complete),), gone=(run(1).key,)
    )
    taken.take(changed)
    assert taken.flush(T0 + 20) == []
    assert rows(writer)["/".join(CRON)].since_ms == since_ms
    taken.take(swept(Workload, subkind="Job", at_ms=T0 + 30))
    taken.flush(T0 + 30)
    assert rows(writer) == {}
