"""Lines of JSON as a person reads them: the level, the message, then what else there is as ``key=value``.

A stack trace in them is taken out: what is said fits on a row, the lines of the trace are kept apart.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from collectors.log_lines import MAX_LINE_BYTES
from screens.log_layouts import SEVERITIES, usual
from screens.log_levels import WORDS, Gravity, Part, Traces
from screens.log_times import is_about
from statusdesk.text import clean_line

TEMPLATES = ("@mt", "MessageTemplate")
MESSAGES = ("message", "msg", "event", "@message", "short_message", "@m", "Message", "RenderedMessage", *TEMPLATES)
LEVELS = (
    *("level", "severity", "lvl", "log.level", "levelname", "level_name", "@level", "@l", "Level", "LogLevel"),
    *("Severity", "LEVEL", "logLevel", "log_level", "loglevel", "error_severity", *SEVERITIES),
)
TIMES = ("time", "timestamp", "@timestamp", "ts", "@t", "datetime", "Timestamp")
NAMES = ("logger", "logger_name", "name", "caller", "component", "@module", "SourceContext", "Category")
ERRORS = ("error", "err")
# pino and bunyan number their levels.
NUMBERED = {10: "TRACE", 20: "DEBUG", 30: "INFO", 40: "WARN", 50: "ERROR", 60: "FATAL"}
# Source: RFC 5424 section 6.2.1, which GELF 1.1 takes its levels from.
SYSLOG = {0: "FATAL", 1: "FATAL", 2: "FATAL", 3: "ERROR", 4: "WARN", 5: "INFO", 6: "INFO", 7: "DEBUG"}
# Words that stand for a level where a level is asked for, and would be words like others in a sentence.
_WORDS = {
    **WORDS,
    **dict.fromkeys(("T", "D", "VERBOSE", "VRB"), Gravity.DEBUG),
    **dict.fromkeys(("I", "INFORMATION"), Gravity.INFO),
    "W": Gravity.WARNING,
    **dict.fromkeys(("E", "FAIL"), Gravity.ERROR),
    **dict.fromkeys(("F", "EMERGENCY"), Gravity.FATAL),
}
NEVER = ("@version", "v", "pid", "hostname", "level_value", "@i", "@r")
_NOT_AGAIN = frozenset(MESSAGES + LEVELS + TIMES + NAMES + NEVER)
TRACES = frozenset(
    (
        *("stack", "stacktrace", "stack_trace", "errorstack", "extendedstacktrace", "traceback", "backtrace"),
        *("exception", "exc_info", "exc_text", "@x"),
    )
)
"""What a stack trace is called, in small letters: what is of several lines there is one, whatever they look like."""
MOST_NESTED = 20  # deeper, values are told as they came
LEAST_CUT_CHARS = MAX_LINE_BYTES // 4  # of a line that was cut: a letter has up to four bytes
_ENDS = ('"}', '"}}', '"}}}')
_CUT_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_GO_PLACE = re.compile(r"\s+\S.*\.(?:go|s):\d+")
_GONE = object()
_HOLE = re.compile(r"\{[@$]?(\w{1,80})(?:,[^{}:]{0,10})?(?::[^{}]{0,40})?\}")
_LEVEL_FIELD = re.compile(rf'"(?:{"|".join(map(re.escape, LEVELS))})"\s?:\s?(?:"([^"\\]{{1,16}})"|(\d{{1,2}})\b)')


class Taken(NamedTuple):
    """The lines of a stack trace that was taken out of a value; the first of them may have stayed there."""

    lines: tuple[str, ...]
    left: int

    @property
    def cause(self) -> str:
        """The line that tells most: the last cause that is named, else what was thrown, unless that has stayed.

        Where a trace begins with its frames, nothing in it says what was thrown.
        """
        traces = Traces()
        told = [line for line in self.lines if traces.part(0, line) is Part.TELLS]
        if told:
            return told[-1].strip()
        return "" if self.left or _is_frame(*self.lines[:2]) else self.lines[0].strip()


def _is_frame(line: str, below: str = "") -> bool:
    """Tell whether a line is a frame; in Go a function stands over its place."""
    return Traces().part(0, line) is Part.FRAME or _GO_PLACE.match(below) is not None


class Said(msgspec.Struct, frozen=True):
    """What a line of JSON says in words, without the stack traces in it.

    The first ``level_chars`` of the words tell the level, the first ``told_chars`` end with the message.
    """

    words: str
    level_chars: int = 0
    told_chars: int | None = None
    taken: tuple[Taken, ...] = ()

    @property
    def trace(self) -> tuple[str, ...]:
        """The lines of all stack traces."""
        return tuple(line for each in self.taken for line in each.lines[each.left :])


def is_readable(text: str) -> bool:
    """Tell fast whether a line may be JSON."""
    return text[:1] == "{" and text[-1:] == "}"


def readable(text: str) -> str:
    """Return a line of JSON as words, with its stack trace; any other line, and JSON without a message, as it is."""
    said = said_in(text)
    return " / ".join((said.words, *said.trace)) if said is not None else text


def level_in(text: str) -> Gravity | None:
    """Return the level that stands in its own field of JSON, also of JSON that was cut; None where none does."""
    fields = _fields_in(text)
    if fields is not None:
        return _WORDS.get(_level_word(fields))
    found = _LEVEL_FIELD.search(text)
    if found is None:
        return None
    return _WORDS.get(_level_word({"level": int(found[2]) if found[2] else found[1]}))


def said_in(text: str, at_ns: int | None = None) -> Said | None:
    """Return what a line of JSON says; None of any other line, and where it has no message, no trace and no level.

    Its own time is left out; where it is known when the line was written, only a time that is about that.
    What was written as an escape in the JSON is made harmless again, for it is a character now.
    """
    fields = _fields_in(text)
    if fields is None:
        return None
    try:
        return _said(fields, text, at_ns)
    except RecursionError:
        return None


def _said(fields: Mapping[str, object], text: str, at_ns: int | None) -> Said | None:
    taken = list[Taken]()
    left = _untraced_fields(fields, taken) if "\\n" in text or "[" in text else dict(fields)
    message, level = _message(left), _level_word(fields)
    if message is None and not taken:
        if level not in _WORDS:
            return None
        message = _error(left)
    name = _first(left, NAMES)
    said = [f"{level:<5}"] if level else []
    said += [f"{name}:"] if isinstance(name, str) else []
    said += [_value(message, plain=True)] if message is not None else []
    rest = [f"{key}={_value(value)}" for key, value in left.items() if _is_told(key, value, at_ns)]
    told, words = _one_line(said, text), _one_line(said + rest, text)
    told_chars = len(told) if words.startswith(told) else None
    return Said(words, len(level) if level in _WORDS else 0, told_chars, tuple(taken))


def _is_told(key: str, value: object, at_ns: int | None) -> bool:
    """Tell whether a field stands behind the message; a time does where it is another one than that of the line."""
    if key in TIMES:
        return at_ns is not None and value not in (None, "") and not is_about(value, at_ns)
    return key not in _NOT_AGAIN


def _one_line(said: Sequence[str], text: str) -> str:
    return clean_line(" ".join(said).strip().replace("\n", " / "), len(text) * 2)


def trace_lines(text: str) -> list[str]:
    """Return the lines of a text with line breaks, each made harmless; tabs become blanks."""
    lines = text.replace("\r\n", "\n").strip("\n").expandtabs(8).split("\n")
    return lines if "".join(lines).isprintable() else [clean_line(line, len(line)) for line in lines]


def _fields_in(text: str) -> Mapping[str, object] | None:
    """Return the fields of JSON; of JSON that was cut inside of a text, as a long stack trace is, those before too."""
    if text[:1] != "{":
        return None
    fields = _decoded(text) if text[-1:] == "}" else None
    if fields is not None or len(text) < LEAST_CUT_CHARS:
        return fields
    wholes = (f"{begun}{end}" for begun in (text, _CUT_ESCAPE.sub("", text)) for end in _ENDS)
    return next((fields for whole in wholes if (fields := _decoded(whole)) is not None), None)


def _decoded(text: str) -> Mapping[str, object] | None:
    try:
        fields: Mapping[str, object] = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return usual(fields, _NOT_AGAIN)


def _level_word(fields: Mapping[str, object]) -> str:
    """Return the level in capitals, empty where there is none; a number is told by its word, if it has one."""
    level = _first(fields, LEVELS)
    if level is None and isinstance(log := fields.get("log"), dict):
        level = log.get("level")
    if isinstance(level, str) and level.isdecimal() and len(level) < 3:
        level = int(level)
    if isinstance(level, int):
        is_gelf = fields.get("version") == "1.1" or "short_message" in fields
        return (SYSLOG.get(level) if is_gelf else None) or NUMBERED.get(level) or str(level)
    return level.upper() if isinstance(level, str) else ""


def _message(left: dict[str, object]) -> object:
    """Return the message; what fills the holes of a template is taken out of what is left."""
    key = next((name for name in MESSAGES if left.get(name) not in (None, "")), None)
    if key is None:
        return None
    message = left[key]
    if key not in TEMPLATES or not isinstance(message, str):
        return message
    names = {name for name in _HOLE.findall(message) if name in left}
    filled = _HOLE.sub(lambda hole: _value(left[hole[1]], plain=True) if hole[1] in names else hole[0], message)
    for name in names:
        del left[name]
    return filled


def _error(left: dict[str, object]) -> object:
    """Return the error of a line that has no other message, and take it out of what is left."""
    key = next((name for name in ERRORS if isinstance(left.get(name), str) and left[name]), None)
    return left.pop(key) if key is not None else None


def _untraced_fields(fields: Mapping[str, object], taken: list[Taken], depth: int = 0) -> dict[str, object]:
    """Return fields without the stack traces in them, which are added to ``taken``."""
    kept = {key: _untraced(key, value, taken, depth) for key, value in fields.items()}
    return {key: value for key, value in kept.items() if value is not _GONE}


def _untraced(key: str, value: object, taken: list[Taken], depth: int) -> object:
    if isinstance(value, dict) and depth < MOST_NESTED:
        return _untraced_fields(value, taken, depth + 1) or (_GONE if value else value)
    text = value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        text = "\n".join(value)
    elif isinstance(value, list) and depth < MOST_NESTED:
        return [left for each in value if (left := _untraced(key, each, taken, depth + 1)) is not _GONE]
    if not isinstance(text, str) or "\n" not in text.strip():
        return value
    lines, traces = tuple(trace_lines(text)), Traces()
    if key.lower() in TRACES:
        taken.append(Taken(lines, 0))
        return _GONE
    first = next((at for at, line in enumerate(lines) if traces.part(0, line)), None)
    if first is None:
        return value
    # The line before the first frame says what was thrown; the first line of all is what the value says.
    taken.append(Taken(lines[max(0, first - 1) :], first <= 1))
    return "\n".join(lines[: max(1, first - 1)])


def _first(fields: Mapping[str, object], names: tuple[str, ...]) -> object:
    for name in names:
        value = fields.get(name)
        if value is not None and value != "":
            return value
    return None


def _value(value: object, *, plain: bool = False, depth: int = 0) -> str:
    if isinstance(value, str):
        return value if plain or (value and " " not in value) else msgspec.json.encode(value).decode()
    if isinstance(value, dict) and depth < MOST_NESTED:
        return "{" + " ".join(f"{key}={_value(each, depth=depth + 1)}" for key, each in value.items()) + "}"
    return msgspec.json.encode(value).decode()
