"""How each rule is tuned in each stage: the defaults of the built-in rules, and what the settings say otherwise."""

from collections.abc import Mapping, Sequence

import msgspec

from statusdesk.config import Config, StageSettings
from statusdesk.config_alerts import AlertRuleSettings
from statusdesk.states_alerts import BUILD_FAILED
from statusdesk.states_builds import OVERDUE


class RuleTuning(msgspec.Struct, frozen=True):
    """One rule in one stage. ``for_ms``: bad for so long before it fires; ``keep_ms``: well for so long before it ends.

    ``quiet``: while pending it is nothing to show, because ordinary rollouts are pending too.
    """

    severity: str
    for_ms: int = 0
    keep_ms: int = 0
    runbook: str = ""
    notify: tuple[str, ...] | None = None
    quiet: bool = False


class Standard(msgspec.Struct, frozen=True):
    """A rule as it is without settings; ``production``, ``outside``: its severity there, and in no stage."""

    severity: str
    production: str
    for_s: float = 0.0
    keep_s: float = 0.0
    quiet: bool = False
    outside: str = ""


MOST_PLACES = 10_000

AHEAD, IN_PRODUCTION = "BadVersionAhead", "BadVersionInProduction"
LEFT_UP, SOURCE_DOWN = "EnvironmentLeftUp", "SourceDown"
OF_NO_STAGE = frozenset({"SeedJobStale", "TokenLapsing", "TokenAtCap", "TokenGone", "VaultSealed"})
OUTSIDE_TOO = frozenset({BUILD_FAILED, OVERDUE, LEFT_UP, SOURCE_DOWN})
"""Jobs build, and renew for, what no stage has, and make environments beside them; rollouts are watched in the stages
only. A source or a renewal job as a whole is of no stage; a namespace that cannot be read, or is late, is of its own.
"""

STANDARDS: Mapping[str, Standard] = {
    "RolloutFailing": Standard("warning", "critical"),
    "RolloutStuck": Standard("warning", "critical", for_s=1800.0, quiet=True),
    "ServiceDegraded": Standard("warning", "critical"),
    "BadVersionAhead": Standard("warning", "warning"),
    "BadVersionInProduction": Standard("critical", "critical"),
    # what a failed build has brought into production all the same is told by its rollout
    BUILD_FAILED: Standard("warning", "warning"),
    "SeedJobStale": Standard("warning", "warning"),
    OVERDUE: Standard("warning", "warning"),
    "TokenLapsing": Standard("critical", "critical"),
    "TokenAtCap": Standard("warning", "warning"),
    "TokenGone": Standard("critical", "critical"),
    "VaultSealed": Standard("critical", "critical"),
    "EnvironmentLeftUp": Standard("info", "info"),
    # one visit that fails is an everyday case: two of them, and half a minute
    SOURCE_DOWN: Standard("warning", "critical", for_s=30.0, outside="critical"),
    "Watchdog": Standard("info", "info"),
}


def production_of(stages: Sequence[StageSettings]) -> int:
    """Return which stage is production: the first that says so, else the last."""
    return next((place for place, stage in enumerate(stages) if stage.production), len(stages) - 1)


def stages_of(alertname: str, stages: Sequence[StageSettings]) -> tuple[str, ...]:
    """Return in which stages a rule can fire, in order; empty: in none."""
    names = tuple(stage.name for stage in stages)
    if alertname in OF_NO_STAGE:
        return ("",)
    if alertname in OUTSIDE_TOO:
        return (*names, "")
    production = production_of(stages)
    if alertname == AHEAD:  # what has got there is ahead no more
        return names[: max(production, 0)]
    return names[production:][:1] if alertname == IN_PRODUCTION else names


class Tuning:
    """The rules of one configuration."""

    def __init__(self, config: Config) -> None:
        self._stages = config.stages
        self._rules = {rule.name: rule for rule in config.alerts.rules}
        self._known: dict[tuple[str, str], RuleTuning | None] = {}
        self._places: dict[tuple[str, str], str] = {}
        self.apps = config.apps
        self.sinks = config.sinks
        self.keep_ms = round(config.store.keep_s * 1000)
        self.flapping = config.alerts.flapping
        self.sources = frozenset(config.source_names())
        self.has_clusters = len(config.clusters) > 1

    @property
    def stages(self) -> tuple[StageSettings, ...]:
        """The stages, in order."""
        return self._stages

    def stage_of(self, cluster: str, namespace: str) -> str:
        """Return the name of the stage that a namespace belongs to, empty when it belongs to none."""
        place = (cluster, namespace)
        if place not in self._places:
            if len(self._places) >= MOST_PLACES:  # of namespaces that are long gone
                self._places.clear()
            found = next((stage.name for stage in self._stages if stage.holds(cluster, namespace)), "")
            self._places[place] = found if namespace else ""
        return self._places[place]

    def of(self, alertname: str, stage: str) -> RuleTuning | None:
        """Return how a rule is tuned in a stage (empty: in none); None when it is switched off there, or not known."""
        asked = (alertname, stage)
        if asked not in self._known:
            self._known[asked] = self._tune(alertname, stage)
        return self._known[asked]

    def _tune(self, alertname: str, stage: str) -> RuleTuning | None:
        standard = STANDARDS.get(alertname)  # the store may have one of another version
        rule = self._rules.get(alertname, AlertRuleSettings(name=alertname))
        if standard is None or not _is_on(rule, stage):
            return None
        for_s = standard.for_s if rule.for_s is None else rule.for_s
        keep_s = standard.keep_s if rule.keep_firing_for_s is None else rule.keep_firing_for_s
        production = any(each.production for each in self._stages if each.name == stage)
        by_stage = dict(rule.severity)
        usual = standard.production if production else standard.severity
        severity = by_stage.get(stage) or by_stage.get("") or ("" if stage else standard.outside) or usual
        return RuleTuning(
            severity, round(for_s * 1000), round(keep_s * 1000), rule.runbook, rule.notify, standard.quiet
        )


def _is_on(rule: AlertRuleSettings, stage: str) -> bool:
    if isinstance(rule.enabled, bool):
        return rule.enabled
    return not stage or stage in rule.enabled
