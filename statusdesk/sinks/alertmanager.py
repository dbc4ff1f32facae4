"""What an Alertmanager is told of the alerts that stand. Pure: times in, bodies out.

It is told again and again how it stands; what it is not told any more is over for it at ``endsAt``.
Source: the alerts API (v2) of Alertmanager, and ``sendAlerts`` of Prometheus' rule manager.
"""

import datetime
import hashlib
import urllib.parse
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from statusdesk.alerts.dedup import is_kept_from, wanted
from statusdesk.alerts.tuning import Tuning
from statusdesk.config import Config
from statusdesk.config_alerts import SinkSettings
from statusdesk.sinks.message import annotations_of, labels_of
from statusdesk.states_alerts import WATCHDOG, AlertState

BATCH = 64
RESENDS_ALLOWED_TO_FAIL = 4


class Terms(msgspec.Struct, frozen=True):
    """How one sink is told: what fires is over for it ``ends_after_ms`` after the last post.

    ``expire``: it is never told that something is over, it finds out: two collectors that see things at different
    moments would else contradict each other.
    """

    sink: SinkSettings
    ends_after_ms: int
    stale_hold_ms: int
    site: str = ""
    expire: bool = False


def terms_of(config: Config, sink: SinkSettings) -> Terms:
    """Return the terms of a sink."""
    intervals = [cluster.poll_interval_s for cluster in config.clusters]
    intervals += [config.jenkins.interval_s] if config.jenkins is not None else []
    intervals += [config.vault.interval_s] if config.vault is not None else []
    return Terms(
        sink=sink,
        ends_after_ms=round(RESENDS_ALLOWED_TO_FAIL * max(sink.resend_s, *intervals, 0) * 1000),
        stale_hold_ms=round(config.alerts.stale_hold_s * 1000),
        site=config.ha.site,
        expire=expires(config, sink),
    )


def expires(config: Config, sink: SinkSettings) -> bool:
    """Whether a sink is left to find out what is over; of a pair it always is."""
    return sink.resolve == "expire" or config.ha.mode == "pair"


def told(alerts: Iterable[AlertState], terms: Terms, tuning: Tuning, now_ms: int) -> list[AlertState]:
    """Return those of the standing alerts that this sink is told of."""
    return [alert for alert in alerts if _is_told(alert, terms, tuning, now_ms)]


def _is_told(alert: AlertState, terms: Terms, tuning: Tuning, now_ms: int) -> bool:
    if alert.state == "resolved" and terms.expire:
        return False
    if alert.stale_since_ms is not None and now_ms - alert.stale_since_ms > terms.stale_hold_ms:
        return False  # nobody has seen it for too long
    if alert.state == "firing" and is_kept_from(alert, terms.sink.name):
        return False
    return alert.alertname == WATCHDOG or wanted(alert, terms.sink, tuning)


def has_ended(terms: Terms, unseen_ms: int) -> bool:
    """Whether what was posted last may be over there, when nobody has posted for so long.

    The last post was a ``resend`` before the end, or sooner.
    """
    return unseen_ms > lasts_ms(terms)


def lasts_ms(terms: Terms) -> int:
    """Return for how long nobody may post, and nothing is over there for that."""
    return terms.ends_after_ms - round(terms.sink.resend_s * 1000)


def posted(alert: AlertState, terms: Terms, now_ms: int, ahead_ms: int) -> dict[str, Any]:
    """Return an alert as it is posted; ``ahead_ms``: by how much our clock is ahead of theirs.

    What they would take for the future is brought back to their now, and no alert ends before it began: they refuse
    that.
    """
    now = now_ms - ahead_ms
    over = alert.state == "resolved"
    ends = min((alert.resolved_ms or now_ms) - ahead_ms, now) if over else now + terms.ends_after_ms
    starts = min(alert.started_ms - ahead_ms, now, ends)
    body: dict[str, Any] = {
        "labels": labels_of(alert, terms.site),
        "annotations": annotations_of(alert),
        "startsAt": rfc3339(starts),
        "endsAt": rfc3339(ends),
    }
    if is_address(alert.build_url):
        body["generatorURL"] = alert.build_url  # anything else would be refused with all that is posted beside it
    return body


def content_mark(body: dict[str, Any]) -> str:
    """Return what tells two posts of an alert apart, its times left out."""
    said = msgspec.json.encode({name: body.get(name) for name in ("labels", "annotations", "generatorURL")})
    return hashlib.sha256(said).hexdigest()[:16]


def batches(bodies: Sequence[dict[str, Any]]) -> list[Sequence[dict[str, Any]]]:
    """Return the bodies in posts of at most 64."""
    return [bodies[at : at + BATCH] for at in range(0, len(bodies), BATCH)]


def rfc3339(ms: int) -> str:
    """Return a moment as the API takes it: UTC, with milliseconds."""
    moment = datetime.datetime.fromtimestamp(ms / 1000, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_address(url: str) -> bool:
    if not url.isascii() or any(char.isspace() for char in url):
        return False
    try:
        parts = urllib.parse.urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False
