"""What a line of a log says by its form: how grave it is, and whether it goes on with a stack trace."""

import enum
import re
from collections.abc import Sequence


class Gravity(enum.IntEnum):
    """How grave a line is by its own words."""

    NONE = 0
    DEBUG = 1
    INFO = 2
    WARNING = 3
    ERROR = 4
    FATAL = 5


class Part(enum.IntEnum):
    """What part of a stack trace a line is; ``TELLS`` names the cause, and is shown where the trace is folded."""

    HEAD = 0
    FRAME = 1
    TELLS = 2


LOOK_CHARS = 200
WORDS = {
    "TRACE": Gravity.DEBUG,
    "DEBUG": Gravity.DEBUG,
    "DBG": Gravity.DEBUG,
    "INFO": Gravity.INFO,
    "INF": Gravity.INFO,
    "NOTICE": Gravity.INFO,
    "WARN": Gravity.WARNING,
    "WARNING": Gravity.WARNING,
    "WRN": Gravity.WARNING,
    "ERROR": Gravity.ERROR,
    "ERR": Gravity.ERROR,
    "SEVERE": Gravity.ERROR,
    "FATAL": Gravity.FATAL,
    "FTL": Gravity.FATAL,
    "CRITICAL": Gravity.FATAL,
    "CRIT": Gravity.FATAL,
    "PANIC": Gravity.FATAL,
    "DPANIC": Gravity.FATAL,  # zap
    "EMERG": Gravity.FATAL,
    "ALERT": Gravity.FATAL,
}
_ALL = "|".join(sorted(WORDS, key=len, reverse=True))
# Capitals anywhere near the beginning; other spellings only where a log writes its level: behind "level=", in brackets
# (structlog fills them up with blanks, Apache names its module before), or as the first word with a colon; PHP and Go
# say it in words of their own. "no error" in a sentence is none.
_LEVEL = re.compile(
    rf"(?<![A-Za-z0-9_])(?:({_ALL})(?![A-Za-z0-9_])"
    rf"|(?i:(?:level|lvl|severity)[\"']?\s?[:=]\s?[\"']?({_ALL})\b)"
    rf"|(?i:[\[<|]\s?({_ALL})\s?[\]>|])"
    rf"|(?i:\[(?: {{0,9}}|\w{{0,24}}:)({_ALL}) {{0,9}}\])"
    rf"|(?i:^({_ALL}):)"
    r"|(?i:^(fail|dbug|trce):)"
    r"|PHP (?:Fatal|Parse|Core|Compile|Recoverable fatal|Catchable fatal) (error): "
    r"|PHP (?:Core |Compile )?(Warning): "
    r"|(?i:^(fatal) error: ))"
)
_COLUMN = re.compile(rf"(?i:({_ALL}) {{1,8}}(?=\S))")
_TAB_CHARS = 8
_KLOG = re.compile(r"([IWEF])\d{4} \d\d:\d\d")
_BEGINS = {
    **{"I": Gravity.INFO, "W": Gravity.WARNING, "E": Gravity.ERROR, "F": Gravity.FATAL},  # klog
    **{"FAIL": Gravity.ERROR, "DBUG": Gravity.DEBUG, "TRCE": Gravity.DEBUG},  # the console of ASP.NET
}
_CRASHES = re.compile(
    r"^(?:Traceback \(most recent|panic: |Exception in thread |(?:[a-z]\w*\.)+\w*(?:Exception|Error)\b"
    r"|(?:Uncaught )?(?:\w{1,80}\.){0,20}[A-Z]\w{0,120}(?:Error|Exception): |(?:Uncaught )?(?:Error|Exception): "
    r"|[Uu]nhandled [Ee]xception[.:] |(?:\S{1,120} ){0,3}http2?: panic serving \S"
    r"|thread '[^']{0,80}' (?:\(\d{1,20}\) )?panicked at )"
)
_FRAMES = ("at ", 'File "', "... ", "goroutine ", "created by ", "from /")
_TELLING = ("Caused by: ", "Suppressed: ")
PANICS = ("panic: ", "fatal error: ")
"""How Go begins to say why it ends: then come the signal, if there was one, a blank line and the goroutines."""
MAYBE_TRACE = " TagCSpf"
"""What a line may begin with that begins a trace or goes on with one, while no origin is in the middle of one."""
_MAYBE_TRACE = frozenset((*MAYBE_TRACE, ""))
_MOST_TRACES = _MAYBE_TRACE - {"p", "f"}
_OPENS = ("Traceback (", "at ", "goroutine ", *PANICS, *_TELLING)
MESSAGE = " " * 6
"""With so much before it, the console of .NET writes the message below the line that has its level and category."""
_NET_HEAD = re.compile(r"^(?:.{0,40} )?(?:fail|crit|warn): \S.{0,300}\[\d{1,10}\]$")
_PYTHON_CAUSE = re.compile(r"^[A-Za-z_][\w.]*(?::|$)")


def span_of_level(line: str, time_chars: int = 0) -> tuple[Gravity, int, int]:
    """Return how grave a line is and where its word for that stands (0, 0 where it has none), behind its own time."""
    text = line[time_chars:]
    found = _KLOG.match(text) or _in_column(text, time_chars) or _LEVEL.search(text, 0, LOOK_CHARS)
    if found is None or found.lastindex is None:
        return (Gravity.ERROR if _CRASHES.match(text, 0, LOOK_CHARS) else Gravity.NONE), 0, 0
    word = found[found.lastindex]
    start, end = found.span(found.lastindex)
    return WORDS.get(word.upper()) or _BEGINS[word.upper()], start + time_chars, end + time_chars


def _in_column(text: str, time_chars: int) -> re.Match[str] | None:
    """Find the level that is all there was between two tabs behind a time, as zap's console and Istio write it.

    Tabs are blanks by now: what stood behind one begins at a whole number of its widths.
    """
    found = _COLUMN.match(text) if time_chars and not time_chars % _TAB_CHARS else None
    return found if found is not None and not found.end() % _TAB_CHARS else None


def may_be_grave(text: str) -> bool:
    """Tell fast whether a text may have a word for a warning or worse in it."""
    look = text.lower()
    # Written out: each line of a flood comes by here, and a loop over the words takes three times as long.
    return (
        "err" in look
        or "warn" in look
        or "fatal" in look
        or "exception" in look
        or "panic" in look
        or "crit" in look
        or "wrn" in look
        or "ftl" in look
        or "sever" in look
        or "emerg" in look
        or "alert" in look
        or "fail:" in look
        or "traceback" in look
        or (look[:1] in "wef" and look[1:5].isdigit())
    )


def may_hold_trace(texts: Sequence[str]) -> bool:
    """Tell fast whether a trace may begin or go on among some lines, while no origin is in the middle of one."""
    begins = [text[:1] for text in texts]
    if _MAYBE_TRACE.isdisjoint(begins):
        return False
    if not _MOST_TRACES.isdisjoint(begins):
        return True
    joined = "\n".join(["", *texts])  # many an ordinary line begins with a p or an f: all are looked at together
    return any(f"\n{panic}" in joined for panic in PANICS)


class Traces:
    """Knows which origins are in the middle of a stack trace; lines of an origin are given to it in their order."""

    def __init__(self) -> None:
        self._inside: dict[int, str] = {}  # origin -> of what: "python", "go", "panic", "" for any other

    @property
    def calm(self) -> bool:
        """Whether no origin is in the middle of a trace."""
        return not self._inside

    def end(self, origin: int) -> None:
        """Take note that what an origin was in the middle of has ended."""
        self._inside.pop(origin, None)

    def part(self, origin: int, text: str, before: str = "") -> Part:
        """Return which part of a trace the next line of an origin is.

        ``before``: the one before it, where the line begins with ``MESSAGE``.
        """
        inside = self._inside.get(origin)
        if text[:1] != " ":
            if inside is None and not text.startswith(_OPENS):
                return Part.HEAD
            return self._unindented(origin, text, inside)
        if inside is None and text.startswith(MESSAGE) and _NET_HEAD.match(before):
            self._inside[origin] = ""
            return Part.TELLS
        if inside is None and not text.lstrip().startswith((*_FRAMES, *_TELLING)):
            return Part.HEAD
        self._inside.setdefault(origin, "")
        return Part.TELLS if text.lstrip().startswith(_TELLING) else Part.FRAME

    def _unindented(self, origin: int, text: str, inside: str | None) -> Part:
        if text.startswith("Traceback ("):
            self._inside[origin] = "python"
            return Part.HEAD
        if text.startswith(PANICS):
            self._inside[origin] = "panic"
            return Part.HEAD
        if text.startswith(_TELLING):
            self._inside[origin] = ""
            return Part.TELLS
        if text.startswith(("at ", "goroutine ")):
            self._inside[origin] = "go" if text[0] == "g" else inside or ""
            return Part.FRAME
        if inside == "panic" and (not text or text.startswith("[signal ")):
            return Part.FRAME
        if inside == "go" and (text.endswith(")") or text.startswith("created by ") or not text):
            return Part.FRAME
        self._inside.pop(origin, None)
        return Part.TELLS if inside == "python" and _PYTHON_CAUSE.match(text) else Part.HEAD
