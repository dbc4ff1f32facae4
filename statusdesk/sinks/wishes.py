"""What is to be silenced at the Alertmanagers of a sink: what people have silenced here, and what they have taken.

Pure: rows in, what an Alertmanager is asked for out.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from statusdesk.alerts.dedup import wanted
from statusdesk.alerts.mutes import MATCHABLE, hold_for, own_part, parts_of
from statusdesk.alerts.tuning import Tuning
from statusdesk.redact import safe
from statusdesk.sinks.alertmanager import Terms, rfc3339
from statusdesk.sinks.message import labels_of
from statusdesk.states_alerts import BUILD_FAILED, AlertState, Matcher, Silence

LEASE_MS = 15 * 60_000
"""A taken alert is silenced there for so long at a time: what takes it here may end without another word."""

BY = "statusdesk:"
_TAKEN = "(statusdesk ack "


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """One silence as an Alertmanager shall have it; ``marker``: the words by which it is found again there.

    ``about``: the name of the part of a silence, or the fingerprint of the alert that was taken; ``what``: in words.
    ``over``: it shall not hold any more. ``lease_ms``: it is drawn out again and again, for so long at a time; 0: it
    ends when it ends. ``ended``: the labels of the alert that it is about, once that is over: the silence holds until
    they take it for over too, so that it is told.
    """

    about: str
    marker: str
    what: str
    matchers: tuple[Matcher, ...]
    starts_ms: int
    ends_ms: int
    created_by: str
    comment: str
    over: bool = False
    lease_ms: int = 0
    ended: Mapping[str, str] | None = None

    def body(self, ahead_ms: int) -> dict[str, Any]:
        """Return it as the API takes it; ``ahead_ms``: by how much our clock is ahead of theirs."""
        return {
            "matchers": [
                {"name": each.name, "value": each.value, "isRegex": each.is_regex, "isEqual": each.is_equal}
                for each in self.matchers
            ],
            "startsAt": rfc3339(self.starts_ms - ahead_ms),
            "endsAt": rfc3339(self.ends_ms - ahead_ms),
            "createdBy": f"{BY}{safe(self.created_by, 100)}",
            "comment": f"{safe(self.comment)} {self.marker}".strip(),
        }

    def is_off(self, ends_at: datetime.datetime, ahead_ms: int) -> bool:
        """Whether the end that they have must be set anew: too near for a lease, or another than that of the alert."""
        off_ms = self.ends_ms - ahead_ms - round(ends_at.timestamp() * 1000)
        return off_ms != 0 if self.ended is not None else 0 < self.lease_ms < 2 * off_ms


def of_silence(silence: Silence, now_ms: int) -> list[Wish]:
    """Return what is wished for a silence of ours; two, where it means other labels in clusters than elsewhere."""
    starts_ms = min(silence.starts_ms, now_ms) if silence.active(now_ms) else silence.starts_ms
    return [
        Wish(
            about=name,
            marker=_marker(name),
            what=f"the silence {silence.id}",
            matchers=matchers,
            starts_ms=starts_ms,
            ends_ms=silence.ends_ms,
            created_by=silence.created_by,
            comment=silence.comment,
            over=silence.expired_ms is not None,
        )
        for name, matchers in parts_of(silence).items()
    ]


def _marker(part: str) -> str:
    return f"(statusdesk silence {part})"


def taken_by(created_by: str, comment: str) -> tuple[str, str] | None:
    """Return who has taken the alert that a silence over there is about, and why; None when it is another silence."""
    said, marker, _ = comment.partition(_TAKEN)
    return (created_by.removeprefix(BY), said.removeprefix("taken").lstrip(": ").strip()) if marker else None


class Takings:
    """Wishes that nobody is told of what somebody has taken, for as long as it is; ``alerts``: what stands now.

    So, too, of what one of the ``silences`` is about by a name that its labels do not say: a failed build by its app.
    """

    def __init__(
        self,
        alerts: Callable[[], tuple[AlertState, ...] | None],
        terms: Terms,
        tuning: Tuning,
        silences: Callable[[], list[Silence]],
    ) -> None:
        self._alerts = alerts
        self._silences = silences
        self._terms = terms
        self._tuning = tuning
        self._lease_ms = max(LEASE_MS, terms.ends_after_ms)
        self._before: dict[str, tuple[str, Wish]] = {}  # by marker: the fingerprint, and what was wished last

    def wishes(self, now_ms: int) -> list[Wish]:
        """Return what is wished now, also that something ends: what was taken and is not any more."""
        standing = self._alerts()
        if standing is None:
            return []
        last: dict[str, AlertState] = {}
        for alert in sorted(standing, key=lambda each: each.started_ms):
            last[alert.fingerprint] = alert
        taken = [each for each in last.values() if each.acked_by and wanted(each, self._terms.sink, self._tuning)]
        wished = [(each, self._wish(each, now_ms)) for each in taken] + self._by_other_names(last.values(), now_ms)
        now = {wish.marker: (each.fingerprint, wish) for each, wish in wished}
        for marker, (fingerprint, wish) in self._before.items():
            # what does not stand any more has its silence end by itself: it may stand there a while longer
            if marker not in now and wish.ends_ms > now_ms:
                now[marker] = (fingerprint, replace(wish, over=fingerprint in last, ended=None))
        self._before = now
        return [wish for fingerprint, wish in now.values() if fingerprint in last]

    def is_ours(self, comment: str) -> bool:
        """Whether a silence over there is one of these, also one that has not been ended there yet."""
        return any(marker in comment for marker in self._before)

    def _by_other_names(self, alerts: Iterable[AlertState], now_ms: int) -> list[tuple[AlertState, Wish]]:
        """Return what is wished of alerts that are silenced here, and would not be by their labels alone."""
        builds = [each for each in alerts if each.alertname == BUILD_FAILED and each.silenced_by and not each.acked_by]
        if not builds:
            return []
        silences = {each.id: (each, parts_of(each).values()) for each in self._silences()}
        found = []
        for alert in builds:
            silence, meant = silences.get(alert.silenced_by, (None, ()))
            if silence is not None and not any(hold_for(each, alert.labels) for each in meant):
                name = own_part(silence.id, alert)
                what = f"the silence {silence.id} of {alert.alertname} {alert.fingerprint}"
                wish = self._of_labels(alert, name, _marker(name), what, now_ms, silence.ends_ms)
                found.append((alert, replace(wish, created_by=silence.created_by, comment=silence.comment)))
        return found

    def _wish(self, alert: AlertState, now_ms: int) -> Wish:
        said = f": {alert.ack_comment}" if alert.ack_comment else ""
        marker = f"{_TAKEN}{alert.fingerprint}-{alert.acked_ms or 0})"
        what = f"the silence of the taken {alert.alertname} {alert.fingerprint}"
        wish = self._of_labels(alert, alert.fingerprint, marker, what, now_ms, alert.ack_until_ms)
        return replace(wish, created_by=alert.acked_by, comment=f"taken{said}")

    def _of_labels(
        self, alert: AlertState, about: str, marker: str, what: str, now_ms: int, until_ms: int | None
    ) -> Wish:
        """Return the wish to silence one alert, and no other, for as long as it is wished."""
        labels = labels_of(alert, self._terms.site)
        ends_ms = now_ms + self._lease_ms
        return Wish(
            about=about,
            marker=marker,
            what=what,
            # a label that it has not is asked for as empty: no other alert is meant
            matchers=tuple(Matcher(name, labels.get(name, "")) for name in (*MATCHABLE, "site")),
            starts_ms=now_ms,
            ends_ms=ends_ms if until_ms is None else min(ends_ms, until_ms),
            created_by="",
            comment="",
            lease_ms=self._lease_ms,
            ended=labels if alert.state == "resolved" else None,
        )
