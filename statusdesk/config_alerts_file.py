"""``[alerts]``, ``[[alerts.rule]]``, ``[[sink]]``, ``[ha]`` and ``[gate]`` of the configuration file."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from statusdesk.config import Config
from statusdesk.config_alerts import (
    SEVERITIES,
    AlertRuleSettings,
    AlertsSettings,
    FlappingSettings,
    GateSettings,
    HaSettings,
    SinkSettings,
)
from statusdesk.config_checks_alerts import NEEDED, check_sink
from statusdesk.config_schema_alerts import named
from statusdesk.config_values import Reading

_CONTRADICTS = (
    '"explicit" cannot be kept with [ha] mode = "pair": two collectors see things at different moments, and one would '
    'tell that it is over while the other tells that it fires; write "expire", or leave it out'
)


class AlertTables:
    """Reads what is about alerts from the tables of a file; ``config`` is what was read of it before."""

    def __init__(self, reading: Reading, document: Mapping[str, Any], config: Config) -> None:
        self._reading = reading
        self._problems = reading.problems
        self._document = document
        self._stages = tuple(stage.name for stage in config.stages)
        self._sinks = self._read_sinks()

    def alerts(self) -> AlertsSettings:
        """Return ``[alerts]`` with its rules."""
        content = self._document.get("alerts", {})
        fields = self._reading.table("alerts", content, AlertsSettings, ("rule", "flapping")) or {}
        if isinstance(content, dict):
            if "flapping" in content:
                flapping = self._reading.table("alerts.flapping", content["flapping"], FlappingSettings) or {}
                fields["flapping"] = FlappingSettings(**flapping)
            fields["rules"] = self._rules(content.get("rule", []))
        return AlertsSettings(**fields)

    def _rules(self, content: object) -> tuple[AlertRuleSettings, ...]:
        rules = []
        for where, item in self._items("alerts.rule", content):
            fields = self._reading.table(where, item, AlertRuleSettings, ("severity", "enabled"))
            if fields is None or not self._reading.require(where, AlertRuleSettings, fields, item):
                continue
            if "severity" in item:
                fields["severity"] = self._severity(f"{where}.severity", item["severity"])
            if "enabled" in item:
                fields["enabled"] = self._enabled(f"{where}.enabled", item["enabled"])
            self._known(f"{where}.notify", "sink", fields.get("notify") or (), [sink.name for sink in self._sinks])
            rules.append(AlertRuleSettings(**fields))
        self._told_twice("alerts.rule", [rule.name for rule in rules])
        return tuple(rules)

    def _severity(self, path: str, value: object) -> tuple[tuple[str, str], ...]:
        """Read one severity for all stages, or a table of severities by stage."""
        if not isinstance(value, dict):
            word = self._one_severity(path, value)
            return (("", word),) if word else ()
        self._known(path, "stage", list(value), self._stages)
        read = {stage: self._one_severity(f"{path}.{stage}", each) for stage, each in value.items()}
        return tuple((stage, word) for stage, word in read.items() if word)

    def _one_severity(self, path: str, value: object) -> str:
        word = self._reading.text(path, value)
        if word is None:
            return ""
        if wrong := named("severity", SEVERITIES, word):
            self._problems.add(path, wrong)
            return ""
        return word

    def _enabled(self, path: str, value: object) -> bool | tuple[str, ...]:
        if isinstance(value, bool):
            return value
        if not isinstance(value, list):
            self._problems.add(path, 'must be true, false, or a list of stages such as ["production"]')
            return True
        names = self._reading.texts(path, value) or ()
        self._known(path, "stage", names, self._stages)
        return names or not value

    def sinks(self) -> tuple[SinkSettings, ...]:
        """Return every ``[[sink]]``."""
        return self._sinks

    def _read_sinks(self) -> tuple[SinkSettings, ...]:
        sinks = []
        for where, item in self._items("sink", self._document.get("sink", [])):
            fields = self._reading.table(where, item, SinkSettings)
            if fields is None or not self._reading.require(where, SinkSettings, fields, item):
                continue
            sink = SinkSettings(**fields)
            self._known(f"{where}.stages", "stage", sink.stages, self._stages)
            given = {name for name in NEEDED if any(key == name or key.startswith(f"{name}_") for key in item)}
            for wrong in check_sink(sink, {name for name in given if fields.get(name) is None}):
                self._problems.add(where, wrong)
            if item.get("resolve") == "explicit" and self._is_pair():
                self._problems.add(f"{where}.resolve", _CONTRADICTS)
            sinks.append(sink)
        self._told_twice("sink", [sink.name for sink in sinks])
        return tuple(sinks)

    def _is_pair(self) -> bool:
        ha = self._document.get("ha")
        return isinstance(ha, dict) and ha.get("mode") == "pair"

    def ha(self) -> HaSettings:
        """Return ``[ha]``."""
        return HaSettings(**(self._reading.table("ha", self._document.get("ha", {}), HaSettings) or {}))

    def gate(self) -> GateSettings:
        """Return ``[gate]``."""
        return GateSettings(**(self._reading.table("gate", self._document.get("gate", {}), GateSettings) or {}))

    def _items(self, path: str, content: object) -> list[tuple[str, Any]]:
        if not isinstance(content, list):
            self._problems.add(path, f"must be written as [[{path}]], once for each")
            return []
        return [(f"{path}[{index}]", item) for index, item in enumerate(content, 1)]

    def _known(self, path: str, what: str, names: Any, known: Any) -> None:  # noqa: ANN401 - collections of texts
        for name in names:
            if wrong := named(what, tuple(known), name):
                self._problems.add(path, wrong)

    def _told_twice(self, path: str, names: list[str]) -> None:
        for name, count in Counter(names).items():
            if count > 1:
                self._problems.add(path, f"the name {name!r} is given {count} times; names must differ")
