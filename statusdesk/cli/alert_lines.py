"""One line for what happens to an alert, and one for each that is pending or firing: JSON for machines, or words."""

import json
from collections.abc import Iterable, Sequence

from statusdesk.alerts.telling import AlertEvent
from statusdesk.alerts_view import BUT_TOLD_BY, inhibited_words, muted_words
from statusdesk.states_alerts import AlertState, Muted
from statusdesk.text import clean, iso, lasted

EXPLAINED = ("summary", "version", "reason", "look", "last_good", "build_url", "runbook")


def event_line(event: AlertEvent, *, as_json: bool) -> str:
    """Return the line of what has happened to an alert."""
    return _json_line(event.what, event.alert) if as_json else _text_line(event.what, event.alert)


def words_of(
    alert: AlertState,
    now_ms: int,
    others: Iterable[AlertState] = (),
    muted: Iterable[tuple[str, Muted]] = (),
    still_told: Sequence[str] = (),
) -> list[str]:
    """Return what is to be known of an alert beside its name: since when, who has it, why nobody is told.

    ``others``: among which the one is named that inhibits it; ``muted``: the sinks whose Alertmanagers tell nobody;
    ``still_told``: those that are told all the same.
    """
    words = [f"{alert.state} {lasted(alert.fired_ms or alert.pending_ms or alert.started_ms, now_ms)}"]
    words += ["flapping"] if alert.flapping else []
    words += [f"taken by {alert.acked_by}"] if alert.acked_by else []
    words += ["silenced"] if alert.silenced_by else []
    held = alert.acked_by or alert.silenced_by  # what inhibits it says so itself
    words += [f"{BUT_TOLD_BY} {', '.join(still_told)}"] if held and still_told else []
    words += [f"{sink}: {muted_words(each, now_ms)}" for sink, each in muted]
    words += [inhibited_words(alert, others)] if alert.inhibited_by else []
    words += ["its source cannot be read"] if alert.stale_since_ms is not None else []
    return words


def alert_object(alert: AlertState) -> dict[str, object]:
    """Return an alert for JSON: labels, what explains it, and what people have made of it."""
    told: dict[str, object] = {
        "fingerprint": alert.fingerprint,
        "state": alert.state,
        "labels": alert.labels,
        "annotations": {name: value for name in EXPLAINED if (value := getattr(alert, name))},
        "startsAt": iso(alert.started_ms),
        "firedAt": iso(alert.fired_ms) or None,
        "endsAt": iso(alert.resolved_ms) or None,
        "flapping": alert.flapping,
        "acked_by": alert.acked_by or None,
        "ack_comment": alert.ack_comment or None,
        "ack_until": iso(alert.ack_until_ms) or None,
        "silenced_by": alert.silenced_by or None,
        "inhibited_by": alert.inhibited_by or None,
        "still_told_to": list(alert.still_told_to) or None,
        "hits": list(alert.hits) or None,
        "stale_since": iso(alert.stale_since_ms) or None,
        "ended_by": alert.ended_by or None,
    }
    return told


def _moment(what: str, alert: AlertState) -> int:
    moments = {"pending": alert.pending_ms, "resolved": alert.resolved_ms, "acked": alert.acked_ms}
    return moments.get(what, alert.fired_ms) or alert.started_ms


def _json_line(what: str, alert: AlertState) -> str:
    line = {"ts": iso(_moment(what, alert)), "event": "alert", "status": what, **alert_object(alert)}
    # ASCII only: escapes, direction marks and the like arrive as \\uXXXX and can do nothing to a terminal.
    return json.dumps({name: value for name, value in line.items() if value is not None}, ensure_ascii=True)


def _text_line(what: str, alert: AlertState) -> str:
    who = f"by {alert.acked_by}" if what == "acked" else ""
    words = (
        iso(_moment(what, alert)),
        what,
        alert.severity,
        alert.alertname,
        alert.place,
        who,
        alert.words,
        f"since {iso(alert.started_ms)}",
    )
    return "  ".join(clean(word) for word in words if word)
