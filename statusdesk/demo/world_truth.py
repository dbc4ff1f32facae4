"""What the world itself knows, in the desk's words: for tests to hold the desk's picture against."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from statusdesk.demo.jenkins_engine import Jenkins
from statusdesk.demo.jenkins_model import Build, Job
from statusdesk.demo.kube_cluster import KubeCluster
from statusdesk.demo.scenario_history import PLATFORM
from statusdesk.demo.scenario_platform import CREATE, DESTROY
from statusdesk.demo.scenario_tokens import WatchedToken
from statusdesk.demo.world_files import CLUSTER

_CONCLUSIVE = ("SUCCESS", "UNSTABLE", "FAILURE")
_LEVELS = {"degraded": "failing"}


def truth(jenkins: Jenkins, kube: KubeCluster, tokens: Mapping[str, WatchedToken]) -> dict[str, object]:
    """Return ``{"at_ms", "rollouts", "builds", "jobs", "platform", "environments", "tokens"}``.

    Rollouts by ``cluster/namespace/kind/name``: level, reason, since_ms, version. Builds by ``job@namespace``: number
    and result of the newest conclusive build, ``newest`` and ``newest_result`` of the newest of all. Jobs: their full
    names. Platform by job: the same of its runs. Environments by namespace: ``up``, ``making`` or ``destroying``, and
    by which run. Tokens by name.
    """
    now = jenkins.now_ms()
    return {
        "at_ms": now,
        "rollouts": dict(_rollouts(kube)),
        "builds": {key: entry for job in jenkins.root.jobs() for key, entry in _builds(job)},
        "jobs": [job.full_name for job in jenkins.root.jobs()],
        "platform": {job.full_name: _platform(job) for job in jenkins.root.jobs() if job.repository == PLATFORM},
        "environments": dict(_environments(jenkins, kube)),
        "tokens": {name: _token(watched, jenkins, now) for name, watched in tokens.items()},
    }


def write_truth(path: Path, known: Mapping[str, object]) -> None:
    """Replace the file in one step, so that a reader never sees half of it."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(msgspec.json.encode(known))
    beside.replace(path)


def _rollouts(kube: KubeCluster) -> Iterable[tuple[str, dict[str, object]]]:
    entries: Any = kube.truth()["rollouts"]
    for entry in entries:
        state = entry["state"]
        key = f"{CLUSTER}/{entry['namespace']}/{entry['kind']}/{entry['name']}"
        yield (
            key,
            {
                "level": _LEVELS.get(state, state),
                "reason": entry["reason"],
                "since_ms": entry["failing_since_ms"] or entry["started_ms"],
                "version": entry["version"],
                "app": entry["app"],
            },
        )


def _builds(job: Job) -> Iterable[tuple[str, dict[str, object]]]:
    newest: dict[str, Build] = {}
    conclusive: dict[str, Build] = {}
    for build in job.builds:
        namespace = _namespace(build)
        newest[namespace] = build
        if not build.building and build.result in _CONCLUSIVE:
            conclusive[namespace] = build
    for namespace, last in newest.items():
        decided = conclusive.get(namespace)
        yield (
            f"{job.full_name}@{namespace}",
            {
                "number": decided.number if decided else None,
                "result": decided.result if decided else None,
                "newest": last.number,
                "newest_result": None if last.building else last.result,
            },
        )


def _namespace(build: Build) -> str:
    """Return where a build went: its parameter, or the job's default when it has no parameters; empty for nowhere."""
    if build.parameters is not None:
        return build.parameter("NAMESPACE")
    return next((str(p.default) for p in build.job.parameters if p.name == "NAMESPACE"), "")


def _platform(job: Job) -> dict[str, object]:
    decided, good = job.newest(*_CONCLUSIVE), job.newest("SUCCESS")
    running = job.last if job.last is not None and job.last.building else None
    return {
        "disabled": job.disabled,
        "number": decided.number if decided else None,
        "result": decided.result if decided else None,
        "last_success": good.number if good else None,
        "running": running.number if running else None,
    }


def _environments(jenkins: Jenkins, kube: KubeCluster) -> Iterable[tuple[str, dict[str, object]]]:
    """Tell of each development namespace that is there, or on its way in or out."""
    runs: dict[str, list[Build]] = {}
    for name in (CREATE, DESTROY):
        for build in jenkins.job(name).builds:
            runs.setdefault(build.parameter("NAMESPACE"), []).append(build)
    for namespace, builds in runs.items():
        builds.sort(key=lambda build: build.started_ms)
        last = builds[-1]
        if last.building:
            state = "making" if last.job.full_name == CREATE else "destroying"
        elif kube.has_namespace(namespace):
            state = "up"
        else:
            continue
        made = next(build for build in reversed(builds) if build.job.full_name == CREATE)
        yield namespace, {"state": state, "made_by": made.cause.user, "number": made.number, "last": last.number}


def _token(watched: WatchedToken, jenkins: Jenkins, now_ms: int) -> dict[str, object]:
    token = watched.token
    run = jenkins.job(watched.renewal_job).newest()
    cap_ms = token.cap_ms()
    return {
        "accessor_tail": token.accessor[-6:],
        "gone": not watched.alive(now_ms),
        "expire_ms": token.expire_ms,
        "last_renewal_ms": token.last_renewal_ms,
        "renewal_job": watched.renewal_job,
        "renewal_works": watched.renewal_works,
        "renewal_renews": watched.renewal_renews,
        "last_run": run.number if run else None,
        "last_result": run.result if run else None,
        "at_cap": cap_ms is not None and token.expire_ms == cap_ms,
    }
