"""One group of alerts as one sink is told of it, and what a message says that was sent to it."""

from collections.abc import Set

from msgspec.structs import replace

from statusdesk.alerts.dedup import Told, hits_of, key_of
from statusdesk.alerts.sink_kinds import KEEPS_INCIDENTS
from statusdesk.config_alerts import SinkSettings
from statusdesk.states_alerts import RENAMED, AlertState, Notification

NOT_TAKEN = "settings"
"""Stands for the silence of what a sink does not take any more."""
Labels = tuple[tuple[str, str], ...]
Key = tuple[str, Labels]
"""The name of a sink, and the labels of a group."""


class Group:
    """One group of alerts as one sink is told of it."""

    __slots__ = ("alerts", "given_up", "key", "labels", "over", "perhaps", "queued", "sink", "told")

    def __init__(self, sink: SinkSettings, labels: Labels) -> None:
        self.sink = sink
        self.labels = labels
        self.key = key_of(labels)
        self.alerts: dict[str, AlertState] = {}  # what fires
        self.over: dict[str, AlertState] = {}  # what was told of, as it was last
        self.told = Told()  # sent
        self.queued: list[Notification] = []  # in order
        self.given_up: Told | None = None
        self.perhaps: frozenset[str] = frozenset()  # of what may have been told and was over: an end is to be heard


def is_read(alert: AlertState) -> bool:
    """Whether what an alert is about can be read now, or is thought to be; of what cannot, nothing is repeated."""
    return alert.stale_since_ms is None


def firing_of(notification: Notification) -> frozenset[str]:
    """Return the fingerprints that a message says to fire."""
    return frozenset(alert.fingerprint for alert in notification.alerts if alert.state == "firing")


def told_of(notification: Notification, at_ms: int) -> Told:
    """Return what a sink knows that was told this."""
    return Told(firing_of(notification), at_ms, hits_of(notification.alerts))


def over_since_tried(group: Group, withheld: Set[int]) -> frozenset[str]:
    """Return what is over of what messages say to fire that were tried and then withheld: they may have arrived."""
    tried = [each for each in group.queued if each.attempts and each.id in withheld]
    return frozenset(fired for each in tried for fired in firing_of(each)) - group.alerts.keys()


def with_perhaps(group: Group, told: Told) -> Told:
    """Return what was told with what may have been, as long as that is over: nobody knows it to fire."""
    over = group.perhaps - group.alerts.keys()
    return replace(told, firing=told.firing | over) if over else told


def note_end(group: Group, tried: Notification, at_ms: int) -> None:
    """Note what a sink was told, or would not hear."""
    firing = firing_of(tried)
    group.perhaps = frozenset()
    if tried.state == "sent":
        told = told_of(tried, at_ms)
        group.told = told if group.sink.send_resolved else replace(told, firing=firing & group.alerts.keys())
        group.given_up = None
        for alert in tried.alerts:
            if alert.fingerprint not in group.alerts:
                group.over.setdefault(alert.fingerprint, alert)
        needed = group.told.firing.union(*(each.fingerprints for each in group.queued))
        group.over = {key: alert for key, alert in group.over.items() if key in needed}
        return
    if tried.state != "dropped":
        group.given_up = told_of(tried, at_ms)
    if may_be_open(group.sink, tried):
        over = {alert.fingerprint: alert for alert in tried.alerts if alert.fingerprint not in group.alerts}
        group.over = {**over, **group.over}
        # one that could not be closed and is bad again is opened anew
        group.told = replace(group.told, firing=(group.told.firing | firing | over.keys()) - _again(group, tried))
    else:
        # that it is over has had its chance too
        group.told = replace(group.told, firing=group.told.firing - (frozenset(tried.fingerprints) - firing))


def may_be_open(sink: SinkSettings, tried: Notification) -> bool:
    """Whether an incident may be open that a message was to open, or to close, though it is not known to have arrived.

    An attempt without an answer may have; and so may what an earlier process was about to send when it was killed.
    """
    return sink.type == KEEPS_INCIDENTS and tried.state in ("failed", "dropped")


def _again(group: Group, tried: Notification) -> Set[str]:
    """Return what a message was to close and what fires again."""
    return {each.fingerprint for each in tried.alerts if each.state == "resolved"} & group.alerts.keys()


def is_quiet_end(over: AlertState, sink: SinkSettings) -> bool:
    """Whether nobody is to hear that an alert is over: it was silenced then, or goes on under other labels.

    PagerDuty does: there it is an incident that would stay open for ever.
    """
    return sink.type != KEEPS_INCIDENTS and bool(over.silenced_by or over.ended_by == RENAMED)


def without_quiet_ends(group: Group, told: Told) -> Told:
    """Return what was told without what nobody is to hear the end of."""
    over = (group.over.get(fingerprint) for fingerprint in told.firing - group.alerts.keys())
    quiet = {alert.fingerprint for alert in over if alert is not None and is_quiet_end(alert, group.sink)}
    group.told = replace(group.told, firing=group.told.firing - quiet) if quiet else group.told
    return replace(told, firing=told.firing - quiet) if quiet else told


def is_open_incident(alert: AlertState, group: Group) -> bool:
    """Whether an incident was opened for an alert, though the settings would not have it opened any more."""
    known = alert.fingerprint in group.told.firing or alert.fingerprint in group.alerts
    return group.sink.type == KEEPS_INCIDENTS and known


def untold(alert: AlertState) -> AlertState:
    """Return an alert as one of which nothing is told but its end."""
    return replace(alert, silenced_by=alert.silenced_by or NOT_TAKEN) if alert.state == "firing" else alert


def worst_first(alert: AlertState) -> tuple[bool, int, str]:
    """Return by what alerts stand in order: critical ones first, then by how long they have fired."""
    return (alert.severity != "critical", alert.fired_ms or alert.started_ms, alert.fingerprint)


def content_of(
    group: Group, told: Told, audible: Set[str], news: Set[str], why: str, now_ms: int
) -> tuple[AlertState, ...]:
    """Return the alerts of a message: what is new, what is over, what else fires; last what was told and is muted.

    What is muted stands there only for what was told to be remembered.
    """
    spoken = audible | told.firing
    firing = [alert for fingerprint, alert in group.alerts.items() if fingerprint in spoken]
    over = []
    if group.sink.send_resolved:
        for fingerprint in told.firing - group.alerts.keys():
            alert = group.over.get(fingerprint)
            if alert is not None:
                over.append(replace(alert, state="resolved", resolved_ms=alert.resolved_ms or now_ms))
    firing.sort(key=lambda alert: (alert.fingerprint not in audible, worst_first(alert)))
    over.sort(key=worst_first)
    if why == "resolved":
        return (*over, *firing)
    first = [alert for alert in firing if alert.fingerprint in news]
    return (*first, *over, *(alert for alert in firing if alert.fingerprint not in news))
