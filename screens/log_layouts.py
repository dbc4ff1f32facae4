"""Layouts of JSON that name or nest what a line says in their own way: their fields under the names that are usual."""

from collections.abc import Collection, Mapping

SEVERITIES = ("SeverityText", "severityText", "severity_text")
_BODIES = ("Body", "body")
_NUMBERS = ("SeverityNumber", "severityNumber", "severity_number")
_TOLD_APART = frozenset(("fields", *_BODIES, "t"))
# Source: the data model of OpenTelemetry's logs: four numbers each, from 1 on.
_OF_NUMBERS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
# Source: MongoDB's manual, log messages: a severity is one letter, that of debugging has its verbosity behind it.
_MONGO = {"F": "FATAL", "E": "ERROR", "W": "WARN", "I": "INFO", "D": "DEBUG"}


def usual(fields: Mapping[str, object], reserved: Collection[str]) -> Mapping[str, object]:
    """Return the fields of a line; of the layouts known here their level, name and message are called just that.

    What is nested and has a ``reserved`` name stays nested: there it means something else.
    """
    # Each line of JSON comes by here: most have none of these names.
    if _TOLD_APART.isdisjoint(fields) or "message" in fields or "logger" in fields:
        return fields
    inner, told = fields.get("fields"), fields.get("t")
    if isinstance(inner, dict) and "level" in fields and ("message" in inner or "target" in fields):
        return _of_tracing(fields, inner, reserved)
    body = next((name for name in _BODIES if fields.get(name) not in (None, "")), None)
    if body is not None and any(name in fields for name in SEVERITIES + _NUMBERS):
        return _of_telemetry(fields, body)
    if "s" in fields and "c" in fields and isinstance(told, dict) and "$date" in told:
        return _of_mongo(fields, told["$date"])
    return fields


def _of_tracing(
    fields: Mapping[str, object], inner: dict[str, object], reserved: Collection[str]
) -> Mapping[str, object]:
    """Rust's tracing nests the message and what else an event has; what is called the same on both levels stays."""
    clash = {name: inner[name] for name in inner if name != "message" and (name in fields or name in reserved)}
    rest = {name: value for name, value in fields.items() if name not in ("fields", "target")}
    free = {name: value for name, value in inner.items() if name not in clash}
    return {"logger": fields.get("target"), **free, **rest, **({"fields": clash} if clash else {})}


def _of_telemetry(fields: Mapping[str, object], body: str) -> Mapping[str, object]:
    message = fields[body]
    if isinstance(message, dict) and len(message) == 1 and "stringValue" in message:
        message = message["stringValue"]
    rest = {name: value for name, value in fields.items() if name != body and name not in _NUMBERS}
    number = next((fields[name] for name in _NUMBERS if name in fields), None)
    if not any(rest.get(name) for name in SEVERITIES) and isinstance(number, int) and 1 <= number <= 24:
        rest = {"level": _OF_NUMBERS[(number - 1) // 4], **rest}
    return {"message": message, **rest}


def _of_mongo(fields: Mapping[str, object], time: object) -> Mapping[str, object]:
    rest = {name: value for name, value in fields.items() if name not in ("t", "s", "c")}
    level = fields["s"]
    word = _MONGO.get(level[:1], level) if isinstance(level, str) else level
    return {"time": time, "level": word, "logger": fields["c"], **rest}
