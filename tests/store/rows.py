"""Rows for tests, short to write."""

from statusdesk.facts import Build, Job
from statusdesk.states import AlertState, BuildState, Level, PodState, RolloutState, SourceState, TokenState


def rollout(name: str = "orders", level: Level = Level.OK, **fields: object) -> RolloutState:
    given = {"namespace": "staging", "kind": "Deployment", "app": name} | fields
    key = f"eu/{given['namespace']}/{given['kind']}/{name}"
    return RolloutState(key=key, cluster="eu", name=name, level=level, **given)


def outcome(job: str = "deploy-orders", level: Level = Level.OK, **fields: object) -> BuildState:
    given = {"namespace": "staging", "job_class": "deploy"} | fields
    return BuildState(key=f"jenkins/{job}@{given['namespace']}", source="jenkins", job=job, level=level, **given)


def token(name: str = "payments", level: Level = Level.OK, **fields: object) -> TokenState:
    return TokenState(key=f"vault/{name}", source="vault", name=name, level=level, **fields)


def source(name: str = "jenkins", level: Level = Level.OK, **fields: object) -> SourceState:
    return SourceState(key=name, source=name, scope="", level=level, **fields)


def pod(name: str, workload: str = "eu/staging/Deployment/orders", **fields: object) -> PodState:
    key = f"eu/staging/{name}"
    return PodState(key=key, cluster="eu", namespace="staging", name=name, workload=workload, **fields)


def build(number: int, job: str = "deploy-orders", namespace: str | None = "staging", **fields: object) -> Build:
    given = {"result": "SUCCESS", "started_ms": number * 1_000, "url": f"http://ci/{job}/{number}"} | fields
    return Build(source="jenkins", job=job, number=number, namespace=namespace, **given)


def job(name: str = "deploy-orders", **fields: object) -> Job:
    return Job(source="jenkins", name=name, url=f"http://ci/job/{name}", **fields)


def alert(fingerprint: str = "f00d", started_ms: int = 1_000, state: str = "firing", **fields: object) -> AlertState:
    given = {"alertname": "RolloutFailing", "severity": "warning"} | fields
    return AlertState(fingerprint=fingerprint, started_ms=started_ms, state=state, **given)
