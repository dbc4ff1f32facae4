"""``watch --dry-run``: what would be sent is shown, and nothing is sent.

The sinks get names of their own: what was shown to nobody else is not remembered as told.
"""

from collections.abc import Callable
from functools import partial

import msgspec
from msgspec.structs import replace

from statusdesk.alerts.sink_kinds import LEVEL_TRIGGERED, REHEARSED, plain_name
from statusdesk.alerts.telling import Heard, News
from statusdesk.alerts.tuning import Tuning
from statusdesk.clock import Clock, steady_clock, system_clock
from statusdesk.config import Config
from statusdesk.config_alerts import SinkSettings
from statusdesk.sinks.alertmanager import content_mark, posted, terms_of, told
from statusdesk.sinks.looks import SLEPT_MS, Looks
from statusdesk.sinks.message import Ask, Message
from statusdesk.sinks.outlet import Outlet
from statusdesk.states_alerts import AlertState
from statusdesk.text import iso


def rehearsed(config: Config, run: str) -> Config:
    """Return the configuration with sinks that nobody has told anything: ``run`` differs from run to run."""
    names = {sink.name: f"{REHEARSED}-{run}-{sink.name}" for sink in config.sinks}
    rules = tuple(
        rule if rule.notify is None else replace(rule, notify=tuple(names.get(name, name) for name in rule.notify))
        for rule in config.alerts.rules
    )
    sinks = tuple(replace(sink, name=names[sink.name]) for sink in config.sinks)
    return replace(config, sinks=sinks, alerts=replace(config.alerts, rules=rules))


class _Shown:
    """A sender that shows messages instead of sending them."""

    def __init__(self, sink: SinkSettings, show: Callable[[str], object], *, as_json: bool) -> None:
        self._sink = sink
        self._show = show
        self._as_json = as_json

    def send(self, message: Message) -> None:
        """Show one message."""
        name, notification = plain_name(self._sink.name), message.notification
        if self._as_json:
            line = {"event": "dry-run", "sink": name, "type": self._sink.type, "why": notification.why}
            body = {**message.webhook(), "receiver": name}
            self._show(msgspec.json.encode({**line, "would_send": body}).decode())
            return
        self._show(f"would send to {name} ({self._sink.type}): {message.title}")
        for text in message.text().split("\n"):
            self._show(f"  {text}" if text else "")

    def close(self) -> None:
        """Nothing is open."""


class Rehearsal:
    """A ``Teller`` that sends nothing; its configuration is ``rehearsed``."""

    def __init__(
        self,
        config: Config,
        *,
        ask: Ask,
        show: Callable[[str], object],
        as_json: bool,
        clock: Clock = system_clock,
        steady: Clock = steady_clock,
    ) -> None:
        self._config = config
        self._show = show
        self._as_json = as_json
        self._clock = clock
        self._tuning = Tuning(config)
        self._marks: dict[tuple[str, str], str] = {}
        self.endures_ms, self._looks = SLEPT_MS, Looks(clock=clock)
        begin = partial(
            Outlet,
            ask=ask,
            clock=clock,
            steady=steady,
            narrate=lambda sentence: None,
            site=config.ha.site,
            looks=self._looks,
        )
        told = [sink for sink in config.sinks if sink.type != LEVEL_TRIGGERED]
        self._outlets = {sink.name: begin(sink, _Shown(sink, show, as_json=as_json)) for sink in told}

    def looked(self, at: int, now_ms: int) -> None:
        """Note that the collector has told all that there was at ``at``."""
        self._looks.looked(at, now_ms)

    def tell(self, news: News) -> None:
        """Show what is new, each message when it is due."""
        for name, outlet in self._outlets.items():
            outlet.take([each for each in news.queued if each.sink == name], news.dropped)
        for sink in self._config.sinks:
            if news.standing is not None and sink.type == LEVEL_TRIGGERED:
                self._post(sink, news.standing)

    def _post(self, sink: SinkSettings, standing: tuple[AlertState, ...]) -> None:
        """Show what an Alertmanager would hear that it has not heard so."""
        terms, now_ms = terms_of(self._config, sink), self._clock()
        stands = {(sink.name, alert.fingerprint) for alert in standing}
        self._marks = {key: mark for key, mark in self._marks.items() if key[0] != sink.name or key in stands}
        for alert in told(standing, terms, self._tuning, now_ms):
            body = posted(alert, terms, now_ms, 0)
            mark = f"{alert.state} {content_mark(body)}"
            if self._marks.get((sink.name, alert.fingerprint)) == mark:
                continue
            self._marks[sink.name, alert.fingerprint] = mark
            name = plain_name(sink.name)
            if self._as_json:
                line = {"event": "dry-run", "sink": name, "type": sink.type, "status": alert.state, "would_send": body}
                self._show(msgspec.json.encode(line).decode())
            else:
                self._show(
                    f"would post to {name} ({sink.type}): {alert.state} {alert.severity} {alert.alertname}: "
                    f"{body['annotations'].get('summary', '')} (since {iso(alert.started_ms)})"
                )

    def outcomes(self) -> list[Heard]:
        """Return what was shown since the last call, as sent to its sink of another name."""
        return [outcome for outlet in self._outlets.values() for outcome in outlet.outcomes()]

    def stop(self, timeout_s: float) -> None:
        """End."""
        for outlet in self._outlets.values():
            outlet.stop()
        for outlet in self._outlets.values():
            outlet.join(timeout_s)
