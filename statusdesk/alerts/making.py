"""Making an alert of a rule: labels and what they amount to, severity by stage, and what explains it."""

import functools
import hashlib
from collections.abc import Mapping
from typing import Any

from statusdesk.alerts.tuning import Tuning
from statusdesk.states import AlertState, RolloutState, source_key

MOST_KNOWN = 16_384
"""So many identities are remembered: hashing one costs more than all else of an alert that stays as it was."""

_LABELS = ("alertname", "app", "cluster", "namespace", "severity", "source", "token")  # sorted


def fingerprint(labels: Mapping[str, str]) -> str:
    """Return the identity of an alert: the first 16 hex digits of the SHA-256 of its sorted label pairs."""
    pairs = "\x00".join([f"{name}\x01{value}" for name, value in sorted(labels.items()) if value])
    return hashlib.sha256(pairs.encode("utf-8", "replace")).hexdigest()[:16]


def make(
    tuning: Tuning,
    alertname: str,
    *,
    cluster: str = "",
    namespace: str = "",
    app: str = "",
    source: str = "",
    token: str = "",
    stage: str | None = None,
    **explained: Any,  # noqa: ANN401 - fields of AlertState that are no labels
) -> AlertState | None:
    """Return an alert of a rule, not yet pending; None when the rule is off in that stage."""
    place = tuning.stage_of(cluster, namespace) if stage is None else stage
    rule = tuning.of(alertname, place)
    if rule is None:
        return None
    severity = rule.severity
    explained.setdefault("started_ms", 0)
    return AlertState(
        fingerprint=_known(alertname, app, cluster, namespace, severity, source, token),
        alertname=alertname,
        app=app,
        cluster=cluster,
        namespace=namespace,
        severity=severity,
        source=source,
        token=token,
        state="inactive",
        stage=place,
        runbook=rule.runbook,
        **explained,
    )


@functools.lru_cache(MOST_KNOWN)
def _known(*labels: str) -> str:
    """Return the identity of an alert by the values of all its labels, in the order of their names."""
    return fingerprint(dict(zip(_LABELS, labels, strict=True)))


def read_from(state: RolloutState) -> tuple[str, str]:
    """Return what a rollout is read from: its cluster, and its namespace, which alone may be refused to us."""
    source = f"kubernetes/{state.cluster}"
    return source, source_key(source, state.namespace)


def because(state: RolloutState) -> str:
    """Return what lies behind a rollout's trouble, where that is known and not said already."""
    return f", because {state.cause}" if state.cause and state.cause not in state.message else ""
