"""Which alert a judged row deserves: names, labels and severity; no time in it."""

import hashlib
from collections.abc import Sequence

from statusdesk.config import StageSettings
from statusdesk.states import AlertState, BuildState, Level, RolloutState, SourceState, Stamped, TokenState


def fingerprint(labels: dict[str, str]) -> str:
    """Return the identity of an alert: the first 16 hex digits of the SHA-256 of its sorted label pairs."""
    pairs = "\x00".join(f"{name}\x01{value}" for name, value in sorted(labels.items()) if value)
    return hashlib.sha256(pairs.encode()).hexdigest()[:16]


def alert_for(state: Stamped, stages: Sequence[StageSettings]) -> AlertState | None:
    """Return the alert that a row deserves now (``started_ms`` and ``state`` are the life cycle's), or None."""
    if isinstance(state, RolloutState):
        return _rollout(state, stages) if state.level is Level.FAILING else None
    if isinstance(state, BuildState):
        return _build(state) if state.level is Level.FAILING else None
    if isinstance(state, TokenState):
        return _token(state) if state.level is Level.FAILING else None
    if isinstance(state, SourceState):
        return _source(state) if state.level is Level.FAILING and not state.scope else None
    return None


def subject(state: Stamped) -> str:
    """Return what an alert hangs on: the kind of row and its key."""
    return f"{type(state).__name__}:{getattr(state, 'key', '')}"


def _severity(cluster: str, namespace: str, stages: Sequence[StageSettings]) -> str:
    in_production = any(stage.holds(cluster, namespace) for stage in stages if stage.production)
    return "critical" if in_production else "warning"


def _rollout(state: RolloutState, stages: Sequence[StageSettings]) -> AlertState:
    return _make(
        "RolloutFailing",
        _severity(state.cluster, state.namespace, stages),
        cluster=state.cluster,
        namespace=state.namespace,
        app=state.app if state.app == state.name else f"{state.app}/{state.name}",
        summary=f"{state.app} {state.version} in {state.namespace}: {state.message}",
        version=state.version,
    )


def _build(state: BuildState) -> AlertState:
    # A failed build leaves production as it was; a rollout that fails with it has an alert of its own.
    return _make(
        "BuildFailed",
        "warning",
        namespace=state.namespace,
        app=state.job,
        source=state.source,
        summary=state.message,
        version=state.version,
    )


def _token(state: TokenState) -> AlertState:
    name = "TokenGone" if state.reason == "Gone" else "TokenLapsing"
    return _make(name, "critical", source=state.source, token=state.name, summary=state.message)


def _source(state: SourceState) -> AlertState:
    return _make("SourceDown", "critical", source=state.source, summary=f"{state.source}: {state.message}")


def _make(
    alertname: str,
    severity: str,
    *,
    cluster: str = "",
    namespace: str = "",
    app: str = "",
    source: str = "",
    token: str = "",
    summary: str,
    version: str = "",
) -> AlertState:
    labels = {
        "alertname": alertname,
        "severity": severity,
        "cluster": cluster,
        "namespace": namespace,
        "app": app,
        "source": source,
        "token": token,
    }
    return AlertState(
        fingerprint=fingerprint(labels),
        started_ms=0,
        alertname=alertname,
        severity=severity,
        state="firing",
        cluster=cluster,
        namespace=namespace,
        app=app,
        source=source,
        token=token,
        summary=summary,
        version=version,
    )
