"""What the world itself knows, in the desk's words: for tests to hold the desk's picture against."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from statusdesk.demo.jenkins_engine import Jenkins
from statusdesk.demo.jenkins_model import Build, Job
from statusdesk.demo.kube_cluster import KubeCluster
from statusdesk.demo.scenario_tokens import WatchedToken
from statusdesk.demo.world_files import CLUSTER

_CONCLUSIVE = ("SUCCESS", "UNSTABLE", "FAILURE")
_LEVELS = {"degraded": "failing"}


def truth(jenkins: Jenkins, kube: KubeCluster, tokens: Mapping[str, WatchedToken]) -> dict[str, object]:
    """Return ``{"at_ms", "rollouts", "builds", "tokens"}``.

    Rollouts by ``cluster/namespace/kind/name``: level, reason, since_ms, version. Builds by ``job@namespace``: number
    and result of the newest conclusive build, ``newest`` and ``newest_result`` of the newest of all. Tokens by name.
    """
    now = jenkins.now_ms()
    return {
        "at_ms": now,
        "rollouts": dict(_rollouts(kube)),
        "builds": {key: entry for job in jenkins.root.jobs() for key, entry in _builds(job)},
        "tokens": {name: _token(watched, now) for name, watched in tokens.items()},
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


def _token(watched: WatchedToken, now_ms: int) -> dict[str, object]:
    token = watched.token
    return {
        "accessor_tail": token.accessor[-6:],
        "gone": not watched.alive(now_ms),
        "expire_ms": token.expire_ms,
        "last_renewal_ms": token.last_renewal_ms,
        "renewal_job": watched.renewal_job,
        "renewal_works": watched.renewal_works,
    }
