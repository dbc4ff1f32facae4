"""What single values of ``[alerts]``, ``[[sink]]``, ``[ha]`` and ``[gate]`` must look like."""

from collections.abc import Callable, Mapping
from typing import Any

from statusdesk.config import Settings
from statusdesk.config_alerts import (
    GATE_CHECKS,
    GROUPABLE,
    RULE_NAMES,
    SEVERITIES,
    SINK_TYPES,
    AlertRuleSettings,
    AlertsSettings,
    FlappingSettings,
    GateSettings,
    HaSettings,
    SinkSettings,
)
from statusdesk.config_schema import AGE, TIMEOUT, between, one_of, plain_name, plain_url
from statusdesk.nearest import nearest_of


def named(what: str, known: tuple[str, ...], value: str) -> str:
    """Return what is wrong with a name that is not known, and the nearest one that is."""
    if value in known:
        return ""
    nearest = nearest_of(value, known)
    mend = f"did you mean {nearest[0]!r}?" if nearest else "known: " + ", ".join(known)
    return f"there is no {what} {value!r}; {mend}"


def _all_named(what: str, known: tuple[str, ...]) -> Callable[[tuple[str, ...]], str]:
    return lambda values: next((wrong for value in values if (wrong := named(what, known, value))), "")


def _urls(values: tuple[str, ...]) -> str:
    return next((f"{value!r} {wrong}" for value in values if (wrong := plain_url(value))), "")


def _runbook(value: str) -> str:
    # a page may have a query and an anchor, which an API's address has not
    return plain_url(value.partition("#")[0].partition("?")[0]) if value else ""


def _command(values: tuple[str, ...]) -> str:
    return "" if not values or values[0] else "is empty; name a program and its arguments"


_DELAY = between(0, 86400, "s")

ALERT_RULES: Mapping[tuple[type[Settings], str], Callable[[Any], str]] = {
    (AlertsSettings, "repeat_s"): between(0, 31536000, "s"),
    (AlertsSettings, "group_wait_s"): between(0, 3600, "s"),
    (AlertsSettings, "group_by"): _all_named("label", GROUPABLE),
    (AlertsSettings, "stale_hold_s"): between(0, 31536000, "s"),
    (FlappingSettings, "count"): between(2, 1000),
    (FlappingSettings, "within_s"): AGE,
    (FlappingSettings, "hold_s"): AGE,
    (AlertRuleSettings, "name"): lambda value: named("rule", RULE_NAMES, value),
    (AlertRuleSettings, "for_s"): _DELAY,
    (AlertRuleSettings, "keep_firing_for_s"): _DELAY,
    (AlertRuleSettings, "runbook"): _runbook,
    (SinkSettings, "name"): plain_name,
    (SinkSettings, "type"): lambda value: named("type of sink", SINK_TYPES, value),
    (SinkSettings, "urls"): _urls,
    (SinkSettings, "timeout_s"): TIMEOUT,
    (SinkSettings, "command"): _command,
    (SinkSettings, "port"): between(1, 65535),
    (SinkSettings, "tls"): one_of("starttls", "tls", "none"),
    (SinkSettings, "min_severity"): one_of(*SEVERITIES),
    (SinkSettings, "group_wait_s"): between(0, 3600, "s"),
    (SinkSettings, "repeat_s"): between(0, 31536000, "s"),
    (SinkSettings, "resend_s"): between(1, 3600, "s"),
    (SinkSettings, "resolve"): one_of("explicit", "expire"),
    (SinkSettings, "give_up_s"): between(1, 604800, "s"),
    (HaSettings, "mode"): one_of("single", "pair"),
    (GateSettings, "max_age_s"): between(1, 86400, "s"),
    (GateSettings, "soak_s"): between(0, 31536000, "s"),
    (GateSettings, "require"): _all_named("check", GATE_CHECKS),
}
