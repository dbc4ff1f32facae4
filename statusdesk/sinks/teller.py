"""Who sends messages: one thread for each sink, and for each Alertmanager of one."""

import threading
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Protocol

from statusdesk.alerts.sink_kinds import KEEPS_INCIDENTS, LEVEL_TRIGGERED, addresses
from statusdesk.alerts.telling import Heard, News
from statusdesk.alerts.tuning import Tuning
from statusdesk.clock import Clock, boot_clock, steady_clock, system_clock
from statusdesk.config import Config
from statusdesk.config_alerts import SinkSettings
from statusdesk.credentials import ReadSecret, read_secret
from statusdesk.sinks.alertmanager import lasts_ms, terms_of
from statusdesk.sinks.alertmanager_api import AlertmanagerApi
from statusdesk.sinks.looks import SLEPT_MS, Looks
from statusdesk.sinks.message import Ask
from statusdesk.sinks.outlet import Outlet
from statusdesk.sinks.pace import Pace
from statusdesk.sinks.peers import Peer, Standing
from statusdesk.sinks.readback import Readback
from statusdesk.sinks.sending import PrintLine, Sender, SinkStats
from statusdesk.sinks.silencing import Silencing
from statusdesk.sinks.wishes import Takings
from statusdesk.states_alerts import Silence

Narrate = Callable[[str], None]


class _Ends(Protocol):
    def stop(self) -> None: ...


class _Joins(Protocol):
    def join(self, timeout_s: float) -> None: ...


class Sinks:
    """The ``Teller`` of a configuration.

    ``ask`` tells how everything stands now, ``silences`` which silences there are, ``read`` reads their secrets; all
    are called on the threads of sinks. ``print_line`` takes lines for standard output. Its threads begin with the
    first news.
    """

    def __init__(
        self,
        config: Config,
        *,
        ask: Ask,
        silences: Callable[[], list[Silence]],
        print_line: PrintLine,
        narrate: Narrate,
        clock: Clock = system_clock,
        steady: Clock = steady_clock,
        even: Clock = boot_clock,
        read: ReadSecret = read_secret,
    ) -> None:
        self._config = config
        lasts = [lasts_ms(terms_of(config, sink)) for sink in config.sinks if sink.type == LEVEL_TRIGGERED]
        self.endures_ms = min([SLEPT_MS, *lasts])
        self._looks = Looks(even, clock, self.endures_ms)
        self._ask = ask
        self._silences = silences
        self._print_line = print_line
        self._narrate = narrate
        self._clock = clock
        self._steady = steady
        self._read = read
        self._base_dir = Path(config.path).parent
        self._outlets: dict[str, Outlet] = {}
        self._standings: list[Standing] = []
        self._peers: list[Peer] = []
        self._silencers: list[Silencing] = []
        self._readers: list[Readback] = []
        self._started = False

    def tell(self, news: News) -> None:
        """Hand what is new to the threads."""
        if not self._started:
            self._started = True
            self._start()
        for name, outlet in self._outlets.items():
            outlet.take([each for each in news.queued if each.sink == name], news.dropped)
        if news.standing is not None:
            for standing in self._standings:
                standing.put(news.standing, unread=news.unread, unseen_ms=news.unseen_ms)

    def looked(self, at: int, now_ms: int) -> None:
        """Note that the collector has told all that there was at ``at``."""
        self._looks.looked(at, now_ms)

    def outcomes(self) -> list[Heard]:
        """Return what has become of attempts since the last call, and what Alertmanagers mute and have taken."""
        found: list[Heard] = [muted for reader in self._readers if (muted := reader.take()) is not None]
        found += [posted for peer in self._peers if (posted := peer.report()) is not None]
        for outlet in self._outlets.values():
            found += outlet.outcomes()
        for standing in self._standings:
            found += standing.refusals()
        return found

    def stats(self) -> list[SinkStats]:
        """Return how it went so far, one entry for each sink and each Alertmanager."""
        return [*(each.stats for each in self._outlets.values()), *(each.stats for each in self._peers)]

    def posts(self) -> list[tuple[str, int, int]]:
        """Return, for each Alertmanager, its sink's name, how many alerts it has taken, and how many posts failed."""
        return [(each.stats.sink, each.stats.sent, each.stats.failed) for each in self._peers]

    def stop(self, timeout_s: float) -> None:
        """End; what is being sent now has ``timeout_s``."""
        ending: list[_Ends] = [*self._outlets.values(), *self._standings, *self._silencers, *self._readers]
        for each in ending:
            each.stop()
        end = self._steady() + round(timeout_s * 1000)
        threads: list[_Joins] = [*self._outlets.values(), *self._peers, *self._silencers, *self._readers]
        for thread in threads:
            thread.join(max(0.0, (end - self._steady()) / 1000))

    def _start(self) -> None:
        tuning = Tuning(self._config)
        for sink in self._config.sinks:
            if sink.type == LEVEL_TRIGGERED:
                self._start_alertmanagers(sink, tuning)
                continue
            self._outlets[sink.name] = Outlet(
                sink,
                self._sender(sink),
                ask=self._ask,
                clock=self._clock,
                steady=self._steady,
                narrate=self._narrate,
                site=self._config.ha.site,
                pace=self._pace(sink),
                looks=self._looks,
            )

    def _pace(self, sink: SinkSettings) -> Pace | None:
        """Return how fast a sink is told, None for as fast as it takes it."""
        if sink.type != KEEPS_INCIDENTS:
            return None
        from statusdesk.sinks.pagerduty import pace

        return pace(pair=self._config.ha.mode == "pair")

    def _start_alertmanagers(self, sink: SinkSettings, tuning: Tuning) -> None:
        standing = Standing(self._steady)
        self._standings.append(standing)
        urls, terms = addresses(sink), terms_of(self._config, sink)
        clock, steady, narrate, read = self._clock, self._steady, self._narrate, self._read
        self._peers += [
            Peer(
                url,
                terms,
                tuning,
                standing,
                self._base_dir,
                clock=clock,
                steady=steady,
                narrate=narrate,
                number=number,
                read=read,
                looks=self._looks,
            )
            for number, url in enumerate(urls)
        ]
        self._start_silencing(sink, standing, tuning)

    def _start_silencing(self, sink: SinkSettings, standing: Standing, tuning: Tuning) -> None:
        """Keep what is silent at the Alertmanagers of a sink as it is here, and read what else is."""
        terms = terms_of(self._config, sink)
        clock, steady = self._clock, self._steady
        # one for each thread
        api = partial(AlertmanagerApi, sink, addresses(sink), self._base_dir, clock, self._read)
        takings = Takings(standing.alerts, terms, tuning, self._silences)
        changed = threading.Event()
        silencing = Silencing(
            api(),
            self._silences,
            takings,
            expire=terms.expire,
            clock=clock,
            steady=steady,
            narrate=self._narrate,
            changed=changed.set,
        )
        self._silencers.append(silencing)
        self._readers.append(
            Readback(
                api(),
                standing.alerts,
                site=self._config.ha.site,
                is_ours=takings.is_ours,
                lacking=silencing.lacking,
                clock=clock,
                steady=steady,
                changed=changed,
            )
        )

    def _sender(self, sink: SinkSettings) -> Sender:
        return sender_of(sink, self._config, self._print_line, self._read)


def sender_of(sink: SinkSettings, config: Config, print_line: PrintLine, read: ReadSecret = read_secret) -> Sender:
    """Make the sender of a sink that has an outbox; each imports what it needs."""
    base_dir = Path(config.path).parent
    match sink.type:
        case "webhook":
            from statusdesk.sinks.webhook import Webhook

            return Webhook(sink, base_dir, read)
        case "slack":
            from statusdesk.sinks.slack import Slack

            return Slack(sink, base_dir, read)
        case "pagerduty":
            from statusdesk.sinks.pagerduty import PagerDuty

            return PagerDuty(sink, base_dir, read)
        case "email":
            from statusdesk.sinks.mail import Mail

            return Mail(sink, base_dir, read)
        case "jsonl":
            from statusdesk.sinks.lines import JsonLines

            return JsonLines(sink, Path(config.store.state_dir), print_line)
        case "command":
            from statusdesk.sinks.command import Command

            return Command(sink, base_dir, hidden_variables(config))
        case "desktop":
            from statusdesk.sinks.desktop import Desktop

            return Desktop(sink)
        case "apprise":
            from statusdesk.sinks.by_apprise import ByApprise

            return ByApprise(sink, base_dir, read)
    raise AssertionError(f"no sender for sinks of type {sink.type}")


def hidden_variables(config: Config) -> Collection[str]:
    """Return the environment variables that hold secrets of ours."""
    from statusdesk.credentials import secrets_of

    return {secret.env for _, secret in secrets_of(config) if secret.env}
