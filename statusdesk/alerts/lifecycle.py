"""The life of alerts: firing when a row becomes failing, resolved when the same row is seen well or has gone.

A row of a source that does not answer does not change, so its alert stays as it is: what is unknown is not resolved.
"""

from collections.abc import Iterable, Sequence

import msgspec

from statusdesk.alerts.rules import alert_for, subject
from statusdesk.config import StageSettings
from statusdesk.states import AlertState, Level, Stamped, Transition


class Alerts:
    """The alerts that fire, by the row that they are about; ``step`` is called with each batch of transitions."""

    def __init__(self, stages: Sequence[StageSettings], firing: Iterable[AlertState]) -> None:
        self._stages = stages
        self._firing = {alert.subject: alert for alert in firing}

    def step(self, transitions: Iterable[Transition], now_ms: int) -> list[AlertState]:
        """Return the alerts to write for these transitions: new, changed or resolved ones, in order."""
        written: list[AlertState] = []
        for transition in transitions:
            written += self._step(transition.after, now_ms)
        return written

    def _step(self, row: Stamped, now_ms: int) -> list[AlertState]:
        about = subject(row)
        known = self._firing.get(about)
        deserved = None if row.until_ms is not None else alert_for(row, self._stages)
        if deserved is None:
            cannot_tell = row.until_ms is None and getattr(row, "level", None) is Level.UNKNOWN
            if known is None or cannot_tell:
                return []
            del self._firing[about]
            return [_resolved(known, now_ms)]
        if known is None or known.fingerprint != deserved.fingerprint:
            fresh = msgspec.structs.replace(
                deserved, started_ms=row.level_since_ms or now_ms, fired_ms=now_ms, subject=about
            )
            self._firing[about] = fresh
            return [fresh] if known is None else [_resolved(known, now_ms), fresh]
        if known.summary == deserved.summary and known.version == deserved.version:
            return []
        fresh = msgspec.structs.replace(known, summary=deserved.summary, version=deserved.version)
        self._firing[about] = fresh
        return [fresh]


def _resolved(alert: AlertState, now_ms: int) -> AlertState:
    return msgspec.structs.replace(alert, state="resolved", resolved_ms=now_ms)
