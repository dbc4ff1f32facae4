"""The settings of what is told to people: rules of alerts, sinks, two collectors as a pair, the gate.

They are part of ``config.Config``; durations are seconds (``_s``).
"""

from statusdesk.settings import Secret, Settings

RULE_NAMES = (
    "RolloutFailing",
    "RolloutStuck",
    "ServiceDegraded",
    "BadVersionAhead",
    "BadVersionInProduction",
    "BuildFailed",
    "SeedJobStale",
    "RenewalOverdue",
    "TokenLapsing",
    "TokenAtCap",
    "TokenGone",
    "VaultSealed",
    "EnvironmentLeftUp",
    "SourceDown",
    "Watchdog",
)
"""The rules that are built in."""

SEVERITIES = ("info", "warning", "critical")
"""Severities, mildest first."""

GROUPABLE = ("alertname", "severity", "cluster", "namespace", "app", "source", "token", "stage")
SINK_TYPES = (
    "alertmanager",
    "webhook",
    "slack",
    "pagerduty",
    "email",
    "jsonl",
    "command",
    "desktop",
    "apprise",
)
GATE_CHECKS = ("build-success", "rollout-healthy", "soak", "no-firing-alert", "digest-match", "tokens-live")


class FlappingSettings(Settings, frozen=True):
    """``[alerts] flapping``: so many firings of one alert within a time are told once, until one state has held."""

    count: int = 3
    within_s: float = 3600.0
    hold_s: float = 900.0


class AlertRuleSettings(Settings, frozen=True):
    """``[[alerts.rule]]``: a built-in rule, tuned; what is None is as ``alerts.tuning`` has it."""

    name: str
    for_s: float | None = None  # bad for so long, and seen twice, before it fires
    keep_firing_for_s: float | None = None  # well for so long before it is resolved
    severity: tuple[tuple[str, str], ...] = ()  # (stage, severity), in the file a text or a table; stage "": any other
    enabled: bool | tuple[str, ...] = True  # or the names of the stages where it is
    runbook: str = ""  # address of a page that says what to do
    notify: tuple[str, ...] | None = None  # names of sinks; None: those that take it, (): none


class AlertsSettings(Settings, frozen=True):
    """``[alerts]``."""

    repeat_s: float = 4 * 3600.0  # what fires still is told again after so long; 0: never
    group_wait_s: float = 30.0  # what comes within this time goes into one message
    group_by: tuple[str, ...] = ("alertname", "cluster", "namespace")
    stale_hold_s: float = 3600.0  # alerts of a source that is down are held up for so long
    flapping: FlappingSettings = FlappingSettings()
    rules: tuple[AlertRuleSettings, ...] = ()


class SinkSettings(Settings, frozen=True):
    """``[[sink]]``: one place where alerts are told. Which keys a type needs: ``config_checks_alerts``."""

    name: str
    type: str
    urls: tuple[str, ...] = ()  # alertmanager: all of them; webhook: one
    url: Secret | None = None  # slack, apprise, or a webhook whose address is secret
    key: Secret | None = None  # pagerduty: the integration's routing key
    user: str = ""  # of HTTP basic authentication, or of the mail server
    password: Secret | None = None
    token: Secret | None = None  # sent as ``Authorization: Bearer``
    ca_file: str = ""
    timeout_s: float = 5.0
    path: str = ""  # jsonl: file to append to, in the state directory; empty: standard output
    command: tuple[str, ...] = ()  # program and arguments; the message comes as JSON on its standard input
    host: str = ""  # email: the mail server
    port: int = 25
    tls: str = "starttls"  # email: starttls | tls | none
    sender: str = ""
    to: tuple[str, ...] = ()
    min_severity: str = "info"
    stages: tuple[str, ...] = ()  # empty: all; what belongs to no stage passes
    send_resolved: bool = True
    group_wait_s: float | None = None  # None: that of [alerts]
    repeat_s: float | None = None
    resend_s: float = 60.0  # alertmanager: what fires is posted again so often
    resolve: str = "explicit"  # alertmanager: explicit | expire (two collectors)
    give_up_s: float = 3600.0  # a message that cannot be sent for so long is given up


class HaSettings(Settings, frozen=True):
    """``[ha]``."""

    mode: str = "single"  # single | pair
    heartbeat_url: Secret | None = None  # asked for after each round of visits
    site: str = ""  # an additional label of all alerts that are sent, the same for both of a pair


class GateSettings(Settings, frozen=True):
    """``[gate]``."""

    max_age_s: float = 120.0  # older data is no answer
    soak_s: float = 0.0  # least healthy time in the stage before, where that stage has no soak of its own
    require: tuple[str, ...] = GATE_CHECKS
