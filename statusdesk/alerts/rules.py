"""Which alerts a judged row deserves now: names, labels, severity and what explains them; no time in it.

``started_ms`` of what is returned is since when the row has been bad; state and other times are the life cycle's.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from statusdesk.alerts.tuning import Tuning
from statusdesk.states import AlertState, BuildState, Level, RolloutState, SourceState, Stamped, TokenState

Rule = Callable[[Any, Tuning], list[AlertState]]

_UNTIL_ROLLED_OUT = ("Stalled", "NoPods", "OldPodBlocks", "OldPodsFail")
_NO_ROLLOUT = ("Degraded", "Scaling", "Replacing")
_JOB_KINDS = ("Job", "CronJob")


def fingerprint(labels: Mapping[str, str]) -> str:
    """Return the identity of an alert: the first 16 hex digits of the SHA-256 of its sorted label pairs."""
    pairs = "\x00".join([f"{name}\x01{value}" for name, value in sorted(labels.items()) if value])
    return hashlib.sha256(pairs.encode("utf-8", "replace")).hexdigest()[:16]


def subject(state: Stamped) -> str:
    """Return what an alert hangs on: the kind of row and its key."""
    return f"{type(state).__name__}:{getattr(state, 'key', '')}"


def deserved(state: Stamped, tuning: Tuning) -> list[AlertState] | None:
    """Return the alerts that a row deserves now; None when that cannot be told (what it deserved holds)."""
    if state.until_ms is not None:
        return []
    if getattr(state, "level", None) is Level.UNKNOWN:
        return None
    rule = ROWS.get(type(state))
    return rule(state, tuning) if rule is not None else []


def _rollout(state: RolloutState, tuning: Tuning) -> list[AlertState]:
    if state.level is Level.OK:
        return []
    degraded = state.reason.startswith("Degraded")
    names = []
    if state.level is Level.FAILING:
        names.append("ServiceDegraded" if degraded else "RolloutFailing")
    if state.kind not in _JOB_KINDS and _is_rolling(state):
        names.append("RolloutStuck")
    made = []
    for name in names:
        stuck = name == "RolloutStuck"
        alert = make(
            tuning,
            name,
            cluster=state.cluster,
            namespace=state.namespace,
            app=app_label(state),
            started_ms=(state.started_ms if stuck else None) or state.level_since_ms,
            summary=f"{state.app} {state.version} in {state.namespace}: {state.message}",
            version=state.version,
            reason=state.reason,
            look=state.look,
            build_url=state.build_url,
            last_good=state.previous_version,
            subject=subject(state),
            hangs_on=(f"kubernetes/{state.cluster}",),
        )
        made += [alert] if alert is not None else []
    return made


def _is_rolling(state: RolloutState) -> bool:
    """Whether a new revision is still on its way into the cluster, well or not."""
    if state.reason.startswith(_NO_ROLLOUT):
        return False
    if state.level is Level.WARNING:
        return state.reason in _UNTIL_ROLLED_OUT
    return state.level in (Level.PROGRESSING, Level.FAILING)


def app_label(state: RolloutState) -> str:
    """Return the label of a workload: its app, with its own name where that is another."""
    return state.app if state.app == state.name else f"{state.app}/{state.name}"


def _build(state: BuildState, tuning: Tuning) -> list[AlertState]:
    if state.level is not Level.FAILING:
        return []
    made = make(
        tuning,
        "BuildFailed",
        namespace=state.namespace,
        app=state.job,
        source=state.source,
        started_ms=state.level_since_ms,
        summary=state.message,
        version=state.version,
        reason=state.reason,
        build_url=state.url,
        subject=subject(state),
        hangs_on=(state.source,),
    )
    return [made] if made is not None else []


def _token(state: TokenState, tuning: Tuning) -> list[AlertState]:
    if state.reason == "AtCap" and state.level in (Level.WARNING, Level.FAILING):
        name = "TokenAtCap"
    elif state.level is not Level.FAILING:
        return []
    else:
        name = "TokenGone" if state.reason == "Gone" else "TokenLapsing"
    made = make(
        tuning,
        name,
        source=state.source,
        token=state.name,
        started_ms=state.level_since_ms,
        summary=f"token {state.name}: {state.message}",
        reason=state.reason,
        look=f"the job {state.renewal_job}" if state.renewal_job else "",
        subject=subject(state),
        hangs_on=(state.source,),
    )
    return [made] if made is not None else []


def _source(state: SourceState, tuning: Tuning) -> list[AlertState]:
    if state.level is not Level.FAILING or state.scope:
        return []
    sealed = state.reason == "Sealed"
    made = make(
        tuning,
        "VaultSealed" if sealed else "SourceDown",
        cluster=state.source.partition("kubernetes/")[2],
        source=state.source,
        started_ms=state.level_since_ms,
        summary=f"{state.source}: {state.message}",
        reason=state.reason,
        subject=subject(state),
    )
    return [made] if made is not None else []


ROWS: dict[type, Rule] = {RolloutState: _rollout, BuildState: _build, TokenState: _token, SourceState: _source}
"""The rule of each class of rows; a class of its own file adds itself where the engine is made."""


def make(
    tuning: Tuning,
    alertname: str,
    *,
    summary: str,
    cluster: str = "",
    namespace: str = "",
    app: str = "",
    source: str = "",
    token: str = "",
    stage: str | None = None,
    started_ms: int = 0,
    version: str = "",
    reason: str = "",
    look: str = "",
    build_url: str = "",
    last_good: str = "",
    subject: str = "",
    hangs_on: tuple[str, ...] = (),
) -> AlertState | None:
    """Return an alert of a rule, not yet pending; None when the rule is off in that stage."""
    place = tuning.stage_of(cluster, namespace) if stage is None else stage
    rule = tuning.of(alertname, place)
    if rule is None:
        return None
    # in the order of their names, as ``fingerprint`` sorts them
    labels = {
        "alertname": alertname,
        "app": app,
        "cluster": cluster,
        "namespace": namespace,
        "severity": rule.severity,
        "source": source,
        "token": token,
    }
    return AlertState(
        fingerprint=fingerprint(labels),
        started_ms=started_ms,
        alertname=alertname,
        severity=rule.severity,
        state="inactive",
        cluster=cluster,
        namespace=namespace,
        app=app,
        source=source,
        token=token,
        stage=place,
        summary=summary,
        version=version,
        reason=reason,
        look=look,
        runbook=rule.runbook,
        build_url=build_url,
        last_good=last_good,
        subject=subject,
        hangs_on=hangs_on,
    )
