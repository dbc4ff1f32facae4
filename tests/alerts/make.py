"""Rows, settings and a stepped time for the tests of alerts."""

from collections.abc import Iterable

from statusdesk.alerts.engine import Alerts
from statusdesk.alerts.tuning import Tuning
from statusdesk.config import ClusterSettings, Config, JenkinsSettings, StageSettings, StoreSettings, VaultSettings
from statusdesk.config_alerts import AlertRuleSettings, AlertsSettings, FlappingSettings, SinkSettings
from statusdesk.states import AlertState, BuildState, Level, RolloutState, SourceState, Stamped, TokenState, Transition

T0 = 1_800_000_000_000
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
STAGES = (
    StageSettings(name="testing", namespaces=("testing",)),
    StageSettings(name="staging", namespaces=("staging",)),
    StageSettings(name="production", namespaces=("shop",), production=True),
)
EU = "kubernetes/eu"


def config(*rules: AlertRuleSettings, sinks: tuple[SinkSettings, ...] = (), **alerts: object) -> Config:
    return Config(
        path="config.toml",
        stages=STAGES,
        clusters=(ClusterSettings(name="eu"),),
        jenkins=JenkinsSettings(url="http://jenkins"),
        vault=VaultSettings(address="https://vault"),
        store=StoreSettings(state_dir="state"),
        alerts=AlertsSettings(rules=rules, **alerts),
        sinks=sinks,
    )


def rule(name: str = "RolloutFailing", **fields: object) -> AlertRuleSettings:
    return AlertRuleSettings(name=name, **fields)


def rollout(level: Level = Level.FAILING, namespace: str = "staging", name: str = "orders", **fields) -> RolloutState:
    key = f"eu/{namespace}/Deployment/{name}"
    given = {"cluster": "eu", "kind": "Deployment", "app": name, "desired": 2, "updated": 2} | fields
    return RolloutState(key=key, namespace=namespace, name=name, level=level, **given)


def build(level: Level = Level.FAILING, job: str = "deploy", namespace: str = "shop", **fields) -> BuildState:
    given = {"source": "jenkins", "job_class": "deploy"} | fields
    return BuildState(key=f"jenkins/{job}@{namespace}", job=job, namespace=namespace, level=level, **given)


def token(level: Level = Level.FAILING, reason: str = "LapsesSoon", **fields) -> TokenState:
    given = {"key": "vault/t", "source": "vault", "name": "t"} | fields
    return TokenState(level=level, reason=reason, **given)


def source(level: Level = Level.FAILING, name: str = EU, reason: str = "Timeout", **fields) -> SourceState:
    return SourceState(key=name, source=name, scope="", level=level, reason=reason, **fields)


def closed(namespace: str, *, level: Level = Level.UNKNOWN, **fields) -> SourceState:
    """A namespace that we may not read, or may read again."""
    given = {"reason": "NoAccess" if level is Level.UNKNOWN else "Answers"} | fields
    return SourceState(key=f"{EU}#{namespace}", source=EU, scope=namespace, level=level, **given)


def became(*rows: Stamped) -> list[Transition]:
    return [Transition(before=None, after=row) for row in rows]


class World:
    """Alerts at a time that the test moves: an even one, and a clock that may be set."""

    def __init__(
        self,
        *rules: AlertRuleSettings,
        flapping: FlappingSettings | None = None,
        sinks: tuple[SinkSettings, ...] = (),
    ) -> None:
        settings = config(*rules, sinks=sinks, flapping=flapping or FlappingSettings())
        self.tuning = Tuning(settings)
        self.t = 5 * HOUR
        self.set_by = 0
        self.rows: dict[str, Stamped] = {}
        self.stored: dict[tuple[str, int], AlertState] = {}
        self.told: list[tuple[str, str]] = []
        self.open(down_ms=0)
        for each in self.tuning.sources:
            self.alerts.answered(each, self.t)

    @property
    def now_ms(self) -> int:
        return T0 + self.t + self.set_by

    def open(self, down_ms: int) -> None:
        """Begin as a new process does, with what the store holds."""
        within_ms = round(self.tuning.flapping.within_s * 1000)
        fired = [(a.fingerprint, a.fired_ms) for a in self.stored.values() if a.fired_ms is not None]
        firings = [each for each in fired if each[1] >= self.now_ms - within_ms]
        self.alerts = Alerts(
            self.tuning,
            [alert for alert in self.stored.values() if alert.state != "resolved"],
            [row for row in self.rows.values() if row.until_ms is None],
            (),
            sorted(firings, key=lambda each: each[1]),
            sorted(self.stored),
            t=self.t,
            now_ms=self.now_ms,
            down_ms=down_ms,
        )

    def restart(self, down_ms: int = SECOND, heard: Iterable[str] | None = None) -> None:
        """End the process and begin another; its sources answer at once unless others are named."""
        self.t += down_ms
        shifted = self.t
        self.t = 7 * SECOND  # the even time of another process begins anywhere
        self.set_by += shifted - self.t
        self.open(down_ms)
        self.step()
        for each in self.tuning.sources if heard is None else heard:
            self.alerts.answered(each, self.t)
        self.step()

    def step(self, *rows: Stamped, retold: Iterable[Stamped] = ()) -> list[AlertState]:
        """Take rows that have become another one, and ``retold`` ones, which only say something else."""
        retold = tuple(retold)
        self.rows.update((f"{type(row).__name__}:{row.key}", row) for row in (*rows, *retold))
        written = self.alerts.step(became(*rows), self.t, self.now_ms, retold)
        self.stored.update(((alert.fingerprint, alert.started_ms), alert) for alert in written)
        self.told += [(event.what, event.alert.alertname) for event in self.alerts.take_events()]
        return written

    def later(self, ms: int, *, answering: Iterable[str] = (EU, "jenkins", "vault")) -> list[AlertState]:
        """Let time pass, second by second at most sixty times; the sources answer every ten seconds."""
        written: list[AlertState] = []
        end = self.t + ms
        pace = max(SECOND, ms // 60)
        while self.t < end:
            self.t = min(end, self.t + pace)
            for each in answering:
                self.alerts.answered(each, self.t)
            written += self.step()
        return written

    def states(self) -> dict[str, str]:
        """The state of each alert that is pending or firing, by its name."""
        return {alert.alertname: alert.state for alert in self.alerts.active()}
