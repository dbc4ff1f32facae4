"""Messages with what has become of them, for the store. Pure."""

from msgspec.structs import replace

from statusdesk.alerts.dedup import group_of, key_of
from statusdesk.alerts.telling import Outcome, Refusal
from statusdesk.states_alerts import Notification


def after(notification: Notification, outcome: Outcome) -> Notification:
    """Return a message with what has become of an attempt to send it."""
    return replace(
        notification,
        state=outcome.state,
        attempts=outcome.attempts,
        last_error=outcome.last_error,
        sent_ms=outcome.at_ms if outcome.state == "sent" else None,
        due_ms=notification.due_ms if outcome.due_ms is None else outcome.due_ms,
    )


def refused(refusal: Refusal, number: int, group_by: tuple[str, ...]) -> Notification:
    """Return what stands for one alert that a sink which is told how it stands will not have."""
    labels = group_of(refusal.alert, group_by)
    return Notification(
        id=number,
        sink=refusal.sink,
        group_key=key_of(labels),
        what=refusal.alert.state,
        why="new",
        created_ms=refusal.at_ms,
        due_ms=refusal.at_ms,
        state="quarantined",
        attempts=1,
        last_error=refusal.error,
        idempotency_key=f"{refusal.sink}-{number}-{refusal.at_ms}",
        group_labels=labels,
        fingerprints=(refusal.alert.fingerprint,),
        alerts=(refusal.alert,),
    )
