"""What kinds of sinks are told otherwise than by a message for each change, and how those of a dry run are called."""

from statusdesk.config_alerts import SinkSettings

LEVEL_TRIGGERED = "alertmanager"
"""It is told again and again how it stands, and gets no messages."""

KEEPS_INCIDENTS = "pagerduty"
"""It keeps what it was told open until it is told of the end of just that."""

REHEARSED = "dry-run"
"""Sinks of a dry run have names of their own, ``dry-run-<run>-<name>``, and stand for those of the configuration."""


def plain_name(sink: str) -> str:
    """Return the name of a sink as the configuration has it."""
    return sink.split("-", 3)[3] if sink.startswith(f"{REHEARSED}-") and sink.count("-") > 2 else sink


def addresses(sink: SinkSettings) -> tuple[str, ...]:
    """Return the addresses of a sink's Alertmanagers, each once."""
    return tuple(dict.fromkeys(url.rstrip("/") for url in sink.urls))
