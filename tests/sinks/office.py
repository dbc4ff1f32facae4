"""A desk over a store that really sends: rows as the test wants them, with the pace of a collector.

Run as a program it is a collector that kills itself where it is told to.
"""

import itertools
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from statusdesk.clock import steady_clock
from statusdesk.config import ClusterSettings, Config, StageSettings, StoreSettings
from statusdesk.config_alerts import AlertRuleSettings, AlertsSettings, HaSettings, SinkSettings
from statusdesk.facts import Changed, Pod, Visited, Workload
from statusdesk.pipeline.desk import Desk
from statusdesk.sinks.message import Message, Tally
from statusdesk.sinks.teller import Sinks
from statusdesk.states import Collector
from statusdesk.states_alerts import Silence
from statusdesk.store.reader import Reader
from statusdesk.store.writer import Writer
from tests.pipeline.desk_bench import swept, workload
from tests.pipeline.test_alerting import failing

EU = "kubernetes/eu"
RULES = (AlertRuleSettings(name="RolloutStuck", enabled=False),)
RESEND_S = 0.8  # alerts end after four times that: as long may a busy machine keep us from telling them


def config_of(directory: Path, *sinks: SinkSettings, ha: HaSettings | None = None, **alerts: object) -> Config:
    directory.mkdir(parents=True, exist_ok=True)
    settings = AlertsSettings(**({"group_wait_s": 0.0, "rules": RULES} | alerts))
    return Config(
        path=str(directory / "config.toml"),
        stages=(StageSettings(name="staging", namespaces=("staging",)),),
        clusters=(ClusterSettings(name="eu", poll_interval_s=0.5),),
        store=StoreSettings(state_dir=str(directory)),
        alerts=settings,
        sinks=sinks,
        ha=ha or HaSettings(),
    )


def alertmanager(*urls: str, **fields: object) -> SinkSettings:
    return SinkSettings(name="am", type="alertmanager", urls=urls, **({"resend_s": RESEND_S} | fields))


def webhook(url: str, **fields: object) -> SinkSettings:
    return SinkSettings(name="hook", type="webhook", urls=(url,), **fields)


class Office:
    """Desk, store and sinks of one collector; ``step`` does what the collector does between two waits."""

    def __init__(self, config: Config, clock: Callable[[], int] | None = None) -> None:
        self.config = config
        self.set_by_ms = 0
        self.clock = clock or (lambda: time.time_ns() // 1_000_000 + self.set_by_ms)
        self.path = Path(config.store.state_dir) / "statusdesk.db"
        self.numbers = itertools.count(time.time_ns())
        self.narrated: list[str] = []
        self.open()

    def open(self, *, heard: bool = True) -> None:
        self.writer = Writer(self.path, 86_400.0, self.clock)
        self.desk = Desk(self.config, self.writer, sends=True, steady=steady_clock)
        self.sinks = Sinks(
            self.config,
            ask=lambda: Tally(1, 2, 3),
            silences=self.silences,
            print_line=lambda line: self.narrated.append(line) is None,
            narrate=self.narrated.append,
            clock=self.clock,
        )
        self.desk.take(swept(Pod))
        if heard:
            self.visit()
        self.step()

    def silences(self) -> list[Silence]:
        with Reader(self.path) as reader:
            return reader.silences()

    def close(self) -> None:
        self.step()
        self.sinks.stop(5.0)
        self.step(tell=False)
        self.writer.close()

    def beat(self) -> None:
        now_ms = self.clock()
        self.writer.beat(Collector(pid=1, owner="watch", started_ms=1, beat_ms=now_ms, stopped_ms=now_ms))

    def restart(self) -> None:
        self.close()
        self.open()

    def visit(self, *, ok: bool = True) -> None:
        self.desk.take(Visited(source=EU, ok=ok, at_ms=self.clock(), problem="" if ok else "Timeout"))

    def see(self, *workloads: Workload) -> None:
        seen = tuple(replace(each, generation=n, observed_generation=n)
                     for each in workloads for n in [next(self.numbers)])  # fmt: skip
        self.desk.take(Changed(source=EU, kind=Workload, at_ms=self.clock(), seen=seen))
        self.step()

    def fail(self, *names: str) -> None:
        self.see(*(failing(name) for name in names))

    def mend(self, *names: str) -> None:
        self.see(*(workload(name) for name in names))

    def step(self, *, tell: bool = True) -> None:
        self.desk.settle(self.sinks.outcomes())
        self.desk.flush(self.clock())
        self.desk.take_events()
        news = self.desk.take_news() if tell else None
        if news is not None:
            self.sinks.tell(news)

    def until(
        self, condition: Callable[[], object], timeout_s: float = 15.0, what: str = "", *, steps: bool = True
    ) -> object:
        """Step until the condition is true."""
        end = time.monotonic() + timeout_s
        while not (found := condition()):
            assert time.monotonic() < end, f"not within {timeout_s} s: {what}; said {self.narrated[-5:]}"
            if steps:
                self.step()
            time.sleep(0.02)
        return found

    def go_on(self, seconds: float) -> None:
        """Step for a while: for what must not happen."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.step()
            time.sleep(0.05)

    def messages(self) -> list[tuple[str, str, str]]:
        self.step()
        with Reader(self.path) as reader:
            return [(each.sink, each.what, each.state) for each in reversed(reader.notifications())]


def main() -> None:
    """Arguments: directory, address of a webhook, and where to die: ``commit``, ``sent``, or ``never``."""
    directory, url, dies = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    office = Office(config_of(directory, webhook(url)))
    if dies == "sent":
        from statusdesk.sinks.webhook import Webhook

        send = Webhook.send

        def send_and_die(self: Webhook, message: Message) -> None:
            send(self, message)
            os.kill(os.getpid(), signal.SIGKILL)

        Webhook.send = send_and_die  # type: ignore[method-assign]
    if dies != "never":
        office.desk.take(Changed(source=EU, kind=Workload, at_ms=office.clock(), seen=(failing("orders"),)))
    if dies == "commit":
        office.step(tell=False)
        os.kill(os.getpid(), signal.SIGKILL)
    office.until(lambda: office.messages() and all(each[2] == "sent" for each in office.messages()))
    office.close()


if __name__ == "__main__":
    main()
