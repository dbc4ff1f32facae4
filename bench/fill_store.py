"""Fills a store as a collector would have: 500 applications in 5 stages, with builds, jobs, tokens and sources."""

import sys
import time
from pathlib import Path

import msgspec

from statusdesk.facts import Job, JobClass
from statusdesk.states import BuildState, Collector, Level, RolloutState, SourceState, TokenState
from statusdesk.store.opening import FILE_NAME
from statusdesk.store.writer import Writer

APPS = 500
STAGES = ("testing", "staging", "performance", "audit", "production")
KEEP_S = 90 * 86_400
HOUR_MS = 3_600_000
CONFIG = """\
version = 1
stages = ["testing", "staging", "performance", "audit", "production"]
[kubernetes]
context = "eu"
[jenkins]
url = "https://jenkins.example"
[store]
state_dir = "{state_dir}"
"""


def rollout(app: int, stage: int, now_ms: int, build: int = 0) -> RolloutState:
    """Return one rollout; a few applications are failing in the middle of their way, a few behind."""
    name, namespace = f"app-{app:03d}", STAGES[stage]
    failing = app % 50 == 7 and stage == 2
    version = f"{app % 7}.{9 - stage if app % 3 == 0 else 4}.{build}"
    return RolloutState(
        key=f"eu/{namespace}/Deployment/{name}",
        cluster="eu",
        namespace=namespace,
        kind="Deployment",
        name=name,
        app=name,
        level=Level.FAILING if failing else Level.OK,
        reason="CrashLoop" if failing else "Available",
        message="container app exits 1, 0 of 3 new pods ready" if failing else "3 of 3 available",
        version=version,
        revision=str(10 + build),
        image=f"registry.example/{name}:{version}",
        digest=f"sha256:{app:064x}",
        desired=3,
        updated=3,
        ready=0 if failing else 3,
        available=3,
        started_ms=now_ms - HOUR_MS,
    )


def fill(state_dir: Path, apps: int = APPS) -> Writer:
    """Fill the store of a state directory and return its writer, still open, as a running collector has it."""
    state_dir.mkdir(parents=True, exist_ok=True)
    now_ms = time.time_ns() // 1_000_000
    writer = Writer(state_dir / FILE_NAME, KEEP_S, lambda: time.time_ns() // 1_000_000)
    for age_h in (30, 20, 2):
        states = [rollout(app, stage, now_ms, 30 - age_h) for app in range(apps) for stage in range(len(STAGES))]
        writer.put(states, now_ms - age_h * HOUR_MS)
        writer.commit()
    writer.put([_build(app, now_ms) for app in range(apps)], now_ms)
    writer.put_jobs([_job(app) for app in range(apps)])
    writer.put([_source("kubernetes/eu", now_ms), _source("jenkins", now_ms)], now_ms)
    token = TokenState(
        key="vault/own", source="vault", name="own", level=Level.OK, own=True, expire_ms=now_ms + 9 * HOUR_MS
    )
    writer.put([token], now_ms)
    beat(writer, now_ms)
    writer.commit()
    return writer


def beat(writer: Writer, now_ms: int) -> None:
    """Beat as a collector does."""
    writer.beat(Collector(pid=1, owner="bench", started_ms=now_ms - HOUR_MS, beat_ms=now_ms))


def refresh(writer: Writer, now_ms: int) -> None:
    """Let the sources have answered just now, and the collector beat."""
    writer.put([_source("kubernetes/eu", now_ms), _source("jenkins", now_ms)], now_ms)
    beat(writer, now_ms)
    writer.commit()


def write_config(directory: Path, state_dir: Path) -> Path:
    """Write a configuration that reads the filled store; return its path."""
    path = directory / "config.toml"
    path.write_text(CONFIG.format(state_dir=state_dir), encoding="utf-8")
    return path


def renewed(state: RolloutState, number: int) -> RolloutState:
    """Return the rollout with another version."""
    return msgspec.structs.replace(state, version=f"9.{number}.0", revision=str(number))


def _build(app: int, now_ms: int) -> BuildState:
    return BuildState(
        key=f"jenkins/deploy-app-{app:03d}@production",
        source="jenkins",
        job=f"deploy-app-{app:03d}",
        namespace="production",
        job_class="deploy",
        level=Level.OK,
        number=app,
        result="SUCCESS",
        url=f"https://jenkins.example/job/deploy-app-{app:03d}/{app}/",
        started_ms=now_ms - 2 * HOUR_MS,
    )


def _job(app: int) -> Job:
    name = f"deploy-app-{app:03d}"
    return Job(source="jenkins", name=name, url=f"https://jenkins.example/job/{name}/", job_class=JobClass.DEPLOY)


def _source(name: str, now_ms: int) -> SourceState:
    return SourceState(
        key=name, source=name, scope="", level=Level.OK, last_ok_ms=now_ms, last_try_ms=now_ms, live="/" in name
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: fill_store.py STATE_DIR")
    fill(Path(sys.argv[1])).close()
