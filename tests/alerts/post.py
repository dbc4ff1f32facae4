"""An outbox, what it has written, and a clock."""

from collections.abc import Iterable

from statusdesk.alerts.outbox import Outbox
from statusdesk.alerts.sink_kinds import KEEPS_INCIDENTS
from statusdesk.alerts.telling import Outcome
from statusdesk.alerts.tuning import Tuning
from statusdesk.config_alerts import AlertsSettings, SinkSettings
from statusdesk.sinks.message import Message
from statusdesk.states_alerts import CARRIED, AlertState, Notification
from tests.alerts.make import T0, config


def alert(name: str = "a", state: str = "firing", **fields) -> AlertState:
    given = {"alertname": "RolloutFailing", "severity": "warning", "cluster": "eu", "namespace": "staging"} | fields
    return AlertState(fingerprint=name, app=name, started_ms=T0, fired_ms=T0, state=state, **given)


class Post:
    """An outbox, what it has written, and a clock."""

    def __init__(self, *sinks: SinkSettings, **settings) -> None:
        self.settings = AlertsSettings(**settings)
        self.sinks = sinks or (SinkSettings(name="desk", type="jsonl"),)
        self.now_ms = T0
        self.rows: dict[int, Notification] = {}
        self.active: dict[str, AlertState] = {}
        self.ended: dict[str, AlertState] = {}
        self.unsent: set[int] = set()
        self.open()

    def open(self) -> None:
        last = {}
        incidents = {sink.name for sink in self.sinks if sink.type == KEEPS_INCIDENTS}
        for row in sorted(self.rows.values(), key=lambda row: row.id):
            if row.state == "sent":
                last[row.sink, row.group_key] = row
            if row.state == "failed" and row.what == "firing" and row.sink in incidents:
                last[row.sink, row.group_key, "given up"] = row
            elif row.state in ("sent", "failed"):
                last.pop((row.sink, row.group_key, "given up"), None)
        self.outbox = Outbox(
            self.settings,
            self.sinks,
            Tuning(config(sinks=self.sinks)),
            active=list(self.active.values()),
            queued=[row for row in self.rows.values() if row.state == "queued"],
            last_of_groups=list(last.values()),
            ended=self.ended.values(),
            last_id=max(self.rows, default=0),
            unsent=self.unsent,
            now_ms=self.now_ms,
        )

    def step(self, *alerts: AlertState, handed_on: Iterable[tuple[str, str]] = ()) -> list[Notification]:
        for each in alerts:
            self.active[each.fingerprint] = each
            if each.state == "resolved":
                self.ended[each.fingerprint] = self.active.pop(each.fingerprint)
                self.ended[each.fingerprint] = each
        return self._keep(self.outbox.step(alerts, self.now_ms, handed_on=handed_on))

    def told(self, ms: int) -> list[tuple[str, list[str]]]:
        """Let time pass; the title of each message, and what a webhook hears."""
        before = {row.id for row in self.rows.values() if row.state == "sent"}
        self.later(ms)
        told = [row for row in self.rows.values() if row.state == "sent" and row.why != CARRIED]
        sent = [Message(row) for row in told if row.id not in before]
        return [(each.title, [f"{a['fingerprint']} {a['status']}" for a in each.webhook()["alerts"]]) for each in sent]

    def _keep(self, written: list[Notification]) -> list[Notification]:
        self.rows.update((row.id, row) for row in written)
        return written

    def outcome(self, row: Notification, state: str = "sent", **fields) -> None:
        self._keep(self.outbox.hear([Outcome(id=row.id, state=state, at_ms=self.now_ms, attempts=1, **fields)]))

    def send_all(self) -> list[tuple[str, str, list[str]]]:
        """Send what is due, and say what was told."""
        told = []
        for row in sorted(self.rows.values(), key=lambda row: row.id):
            if row.state == "queued" and row.due_ms <= self.now_ms:
                told.append((row.what, row.why, [f"{each.fingerprint} {each.state}" for each in row.alerts]))
                self.outcome(row)
        return told

    def later(self, ms: int) -> list[tuple[str, str, list[str]]]:
        self.now_ms += ms
        self.step()
        return self.send_all()


A, B, OVER_A, OVER_B = alert("a"), alert("b"), alert("a", "resolved"), alert("b", "resolved")
