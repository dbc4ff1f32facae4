"""A desk of platform jobs, and what tests tell it of them."""

from itertools import zip_longest

import pytest

from statusdesk.clock import ClockSteps
from statusdesk.config import (
    ClusterSettings,
    Config,
    EnvironmentSettings,
    JenkinsSettings,
    StageSettings,
    StoreSettings,
    TokenSettings,
    VaultSettings,
)
from statusdesk.facts import Build, Changed, Job, JobClass, Visited
from statusdesk.pipeline.desk import Desk
from statusdesk.states import EnvironmentState, PlatformState
from statusdesk.store.reader import Reader
from tests.pipeline.desk_bench import T0, Bench, swept

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
NOON_MS = T0 - T0 % (24 * HOUR_MS) + 12 * HOUR_MS  # T0 is a Friday, in UTC
OTHERS = ("deploy-a", "deploy-b", "deploy-c", "deploy-d")
"""Jobs that make no environments."""


class PlatformBench(Bench):
    """A desk that knows when a renewal is due and when people work."""

    create_jobs = ("*create*",)
    every = (("vault-renew-orders", 3600.0),)
    namespaces = ()
    keep_s = 90 * 86_400.0

    def open(self) -> None:
        super().open()
        self.now_ms = max(self.now_ms, NOON_MS)
        self.wanted = []
        tokens = tuple(
            TokenSettings(name=f"t{n}", accessor=f"a{n}", renewal_job=name, renew_every_s=every_s, namespaces=tuple(of))
            for n, ((name, every_s), of) in enumerate(zip_longest(self.every, self.namespaces, fillvalue=()))
        )
        self.config = config = Config(
            path="c",
            stages=(StageSettings(name="staging", namespaces=("staging",)),),
            clusters=tuple(ClusterSettings(name=name) for name in self.clusters),
            jenkins=JenkinsSettings(url="http://jenkins", queue_warn_s=600.0, seed_stale_s=86_400.0),
            vault=VaultSettings(address="http://127.0.0.1:1", tokens=tokens),
            environments=EnvironmentSettings(
                create_jobs=self.create_jobs, work_from="07:00", work_until="20:00", grace_s=1800.0, timezone="UTC"
            ),
            store=StoreSettings(state_dir=str(self.directory), keep_s=self.keep_s),
        )
        self.set_ms = 0  # by how much the clock was set
        steps = ClockSteps(lambda: self.now_ms - self.set_ms)
        self.desk = Desk(config, self.writer, ask_build=self.wanted.append, steps=steps)

    def row(self, job) -> PlatformState:
        return self.writer.current(PlatformState)[f"jenkins/{job}"]

    def environment(self, namespace="dev-bob") -> EnvironmentState | None:
        return self.writer.current(EnvironmentState).get(f"eu/{namespace}")

    def pass_ms(self, ms: int) -> None:
        """Let time go by, and Jenkins answer that all is as it was."""
        self.now_ms += ms
        self.see(visited(self.now_ms))

    def stay_silent_ms(self, ms: int) -> None:
        """Let time go by in which Jenkins does not answer, and the desk look at what it makes of it."""
        for _ in range(4):
            self.now_ms += ms // 4
            self.see(visited(self.now_ms, ok=False))

    def set_clock(self, ms: int) -> None:
        self.set_ms += ms
        self.pass_ms(ms)

    def events(self) -> list[tuple[str, str, str, int | None]]:
        with Reader(self.directory / "statusdesk.db") as reader:
            told = reader.job_events(0, 100)
        return sorted((event.what, event.name, event.other, event.seed_number) for event in told)


@pytest.fixture(name="bench")
def open_bench(tmp_path):
    made = PlatformBench(tmp_path)
    yield made
    made.writer.close()


CLASSES = {"seed": JobClass.SEED, "vault": JobClass.RENEWAL, "env": JobClass.ENVIRONMENT, "deploy": JobClass.DEPLOY}


def job(name, **fields) -> Job:
    job_class = CLASSES.get(name.split("-")[0], JobClass.OTHER)
    fields = {"complete": True} | fields
    return Job(source="jenkins", name=name, url=f"http://jenkins/job/{name}/", job_class=job_class, **fields)


def visited(at_ms, *, ok=True, **fields) -> Visited:
    problem = "" if ok else "Unavailable"
    return Visited(source="jenkins", ok=ok, at_ms=at_ms, problem=problem, message="it is down" * (not ok), **fields)


def jobs(bench, *named):
    listed = [each if isinstance(each, Job) else job(each) for each in named]
    return swept(Job, *listed, started_ms=bench.now_ms, source="jenkins")


def ran(name, number, started_ms, result="SUCCESS", *, namespace=None, took_ms=MINUTE_MS, user="", **fields) -> Changed:
    build = Build(
        source="jenkins",
        job=name,
        number=number,
        url=f"http://jenkins/job/{name}/{number}/",
        namespace=namespace,
        namespaces=(namespace,) if namespace else (),
        attributed_by="parameter" if namespace else "",
        result=result,
        building=result is None,
        started_ms=started_ms,
        duration_ms=0 if result is None else took_ms,
        user=user,
        **fields,
    )
    return Changed(source="jenkins", kind=Build, at_ms=started_ms, seen=(build,))


def created(bench, number=5, ago_ms=HOUR_MS, result="SUCCESS", name="env-create", user="bob") -> Changed:
    return ran(name, number, bench.now_ms - ago_ms, result, namespace="dev-bob", user=user)


def destroyed(bench, number=3, result="SUCCESS") -> Changed:
    return ran("env-destroy", number, bench.now_ms, result, namespace="dev-bob", user="carl")
