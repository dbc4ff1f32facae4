"""The text of ``/metrics``: one snapshot as Prometheus has it; imported only by ``watch --listen``.

No label is a pod, a build or a message: what is new each day would fill Prometheus. A version is a label of one metric.
"""

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from statusdesk import __version__
from statusdesk.snapshot import Snapshot
from statusdesk.states import Level

STATES = ("healthy", "progressing", "warning", "failed", "paused", "idle", "unknown")
_STATE_OF = {
    Level.OK: "healthy",
    Level.SCALING: "healthy",
    Level.PROGRESSING: "progressing",
    Level.WARNING: "warning",
    Level.FAILING: "failed",
    Level.PAUSED: "paused",
    Level.IDLE: "idle",
    Level.UNKNOWN: "unknown",
}
_BADNESS = ("failed", "warning", "unknown", "progressing", "paused", "healthy", "idle")


class _Families:
    def __init__(self, snapshot: Snapshot, now_s: float) -> None:
        self._snapshot, self._now_s = snapshot, now_s

    def collect(self) -> Iterator[Metric]:
        yield from _rollouts(self._snapshot)
        yield from _sources(self._snapshot)
        yield from _tokens(self._snapshot, self._now_s)
        yield from _alerts(self._snapshot)
        info = GaugeMetricFamily("statusdesk_build_info", "The version of statusdesk, always 1", labels=["version"])
        info.add_metric([__version__], 1)
        yield info


def exposition(snapshot: Snapshot, now_s: float) -> bytes:
    """Return the metrics of a snapshot in the text format; ``now_s``: seconds of UTC."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(snapshot, now_s))
    return generate_latest(registry)


def _rollouts(snapshot: Snapshot) -> Iterator[Metric]:
    """Yield the worst state of each app in each namespace, and the versions that run there."""
    worst: dict[tuple[str, str, str], str] = {}
    versions: set[tuple[str, str, str, str]] = set()
    for each in snapshot.rollouts:
        place = (each.app, each.cluster, each.namespace)
        state = _STATE_OF[each.level]
        worst[place] = min(state, worst.get(place, state), key=_BADNESS.index)
        versions.update((*place, version) for version in each.versions if version)
    help_text = "State of an app in a namespace, the worst of its rollouts, as a set (1 = current)"
    states = GaugeMetricFamily("statusdesk_rollout_state", help_text, labels=["app", "cluster", "namespace", "state"])
    for place, current in sorted(worst.items()):
        for state in STATES:
            states.add_metric([*place, state], state == current)
    yield states
    labels_of_version = ["app", "cluster", "namespace", "version"]
    info = GaugeMetricFamily(
        "statusdesk_version_info", "Versions of an app in a namespace, always 1", labels=labels_of_version
    )
    for labels in sorted(versions):
        info.add_metric(list(labels), 1)
    yield info


def _sources(snapshot: Snapshot) -> Iterator[Metric]:
    last = GaugeMetricFamily(
        "statusdesk_poll_last_success_timestamp_seconds", "Unix time of the last good answer", labels=["source"]
    )
    up = GaugeMetricFamily("statusdesk_source_up", "Whether the source answered at the last try", labels=["source"])
    took = GaugeMetricFamily("statusdesk_poll_duration_seconds", "How long the last visit took", labels=["source"])
    lost = GaugeMetricFamily(
        "statusdesk_namespace_last_success_timestamp_seconds",
        "Unix time of the last good answer of a namespace that may not be read any more",
        labels=["source", "namespace"],
    )
    for each in sorted(snapshot.sources, key=lambda source: source.key):
        if each.scope:
            if each.is_closed_namespace and each.last_ok_ms is not None:
                lost.add_metric([each.source, each.scope], each.last_ok_ms / 1000)
            continue
        last.add_metric([each.source], (each.last_ok_ms or 0) / 1000)
        up.add_metric([each.source], each.level is Level.OK)
        took.add_metric([each.source], each.took_ms / 1000)
    yield from (last, up, took, lost)


def _tokens(snapshot: Snapshot, now_s: float) -> Iterator[Metric]:
    ttl = GaugeMetricFamily("statusdesk_vault_token_ttl_seconds", "Time that is left to a token", labels=["token"])
    for each in sorted(snapshot.tokens, key=lambda token: token.name):
        if (left_ms := each.left_ms(round(now_s * 1000))) is not None:
            ttl.add_metric([each.name], left_ms / 1000)
    yield ttl


def _alerts(snapshot: Snapshot) -> Iterator[Metric]:
    counted = Counter((alert.state, alert.severity) for alert in snapshot.alerts)
    alerts = GaugeMetricFamily("statusdesk_alerts", "Alerts by state and severity", labels=["state", "severity"])
    for state in ("pending", "firing"):
        for severity in ("info", "warning", "critical"):
            alerts.add_metric([state, severity], counted[state, severity])
    yield alerts
    sent = CounterMetricFamily(
        "statusdesk_notifications", "Messages to sinks by what has become of them", labels=["sink", "outcome"]
    )
    for (sink, outcome), number in sorted(snapshot.notifications.items()):
        sent.add_metric([sink, outcome], number)
    yield sent
    flushes = CounterMetricFamily("statusdesk_flushes", "How often the collector has written what it saw")
    flushes.add_metric([], snapshot.flushes)
    yield flushes
