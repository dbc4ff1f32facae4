"""Lines of JSON as a person reads them: the level, the message, then what else there is as ``key=value``."""

from collections.abc import Mapping

import msgspec

from statusdesk.text import clean_line

MESSAGES = ("message", "msg", "event", "@message", "short_message")
LEVELS = ("level", "severity", "lvl", "log.level", "levelname", "level_name")
TIMES = ("time", "timestamp", "@timestamp", "ts", "@t", "datetime")
NAMES = ("logger", "logger_name", "name", "caller", "component")
# pino and bunyan number their levels.
NUMBERED = {10: "TRACE", 20: "DEBUG", 30: "INFO", 40: "WARN", 50: "ERROR", 60: "FATAL"}
NEVER = ("@version", "v", "pid", "hostname", "level_value")


def is_readable(text: str) -> bool:
    """Tell fast whether a line may be JSON."""
    return text[:1] == "{" and text[-1:] == "}"


def readable(text: str) -> str:
    """Return a line of JSON as words; any other line, and JSON without a message, as it is.

    What was written as an escape in the JSON is made harmless again, for it is a character now.
    """
    if not is_readable(text):
        return text
    try:
        fields = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
    message = _first(fields, MESSAGES)
    if message is None:
        return text
    level = _first(fields, LEVELS)
    if isinstance(level, int):
        level = NUMBERED.get(level, level)
    name = _first(fields, NAMES)
    left = set(MESSAGES + LEVELS + TIMES + NAMES + NEVER)
    said = [f"{str(level).upper():<5}"] if level is not None else []
    said += [f"{name}:"] if isinstance(name, str) else []
    said.append(_value(message, plain=True))
    said += [f"{key}={_value(value)}" for key, value in fields.items() if key not in left]
    return clean_line(" ".join(said).strip().replace("\n", " / "), len(text) * 2)


def _first(fields: Mapping[str, object], names: tuple[str, ...]) -> object:
    return next((fields[name] for name in names if fields.get(name) not in (None, "")), None)


def _value(value: object, *, plain: bool = False) -> str:
    if isinstance(value, str):
        return value if plain or (value and " " not in value) else msgspec.json.encode(value).decode()
    if isinstance(value, dict):
        return "{" + " ".join(f"{key}={_value(each)}" for key, each in value.items()) + "}"
    return msgspec.json.encode(value).decode()
