"""Writes what a follower of logs gives: lines to stdout or a file, what happens to stderr."""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TextIO

from collectors.log_lines import CUT_UNREAD, LineKind, LogLine
from collectors.log_text import bare
from statusdesk import exit_codes
from statusdesk.cli.usage import refuse
from statusdesk.expression import Expression, TooLongError
from statusdesk.text import counted, few

if TYPE_CHECKING:
    from collectors.log_lines import LogFollower, Origin

TAKEN_AT_ONCE = 20_000
BLOCK_EVERY_S = 0.1
FOUND_WITHIN_S = 15.0
TELL_EVERY_S = 1.0
STOP_WITHIN_S = 3.0
TOLD_KEPT = 1_000
ONCE_S, EACH_S = 0.25, 0.000_2  # what an expression may take: nobody waits at a key, but a signal has to be heard
SOUGHT_AT_ONCE = 512
_COLOURS = (36, 32, 35, 33, 34, 96, 92, 95, 93, 94)
_RESET = "\x1b[0m"


class Sought(NamedTuple):
    """What an option asks for."""

    option: str
    text: str
    expression: Expression

    def among(self, texts: Sequence[str]) -> list[int]:
        """Return the places of the texts in which it is found. Raises: UsageError when that takes too long."""
        try:
            return self.expression.among(texts)
        except TooLongError as error:
            refuse(f"{self.option} {self.text!r} {error} to be looked for in these lines; say it more narrowly")


def patterns(option: str, texts: Sequence[str]) -> list[Sought]:
    """Return what an option asks for. Raises: UsageError."""
    sought = []
    for text in texts:
        try:
            expression = Expression(text, most_chars=None, once_s=ONCE_S, each_s=EACH_S)
        except ValueError as error:
            refuse(f"{option} {text!r} is no regular expression: {error}")
        except TooLongError as error:
            refuse(f"{option} {text!r} {error}; say it more narrowly")
        sought.append(Sought(option, text, expression))
    return sought


@contextlib.contextmanager
def open_lines(name: str) -> Iterator[TextIO]:
    """Open a file to add lines to, readable for its owner and group only; ``-`` is stdout.

    Raises: UsageError when it cannot be opened.
    """
    if name == "-":
        yield sys.stdout
        return
    try:
        handle = os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOCTTY, 0o640)
    except OSError as error:
        refuse(f"{name} cannot be written: {error.strerror}")
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
        yield out


class Writing:
    """Moves lines from a follower to a stream until it ends, and tells what happens.

    As on the screen, lines match all of ``wanted`` and none of ``unwanted``.
    """

    def __init__(
        self,
        source: "LogFollower",
        out: TextIO,
        narration: TextIO,
        *,
        what: str,
        wanted: Sequence[Sought] = (),
        unwanted: Sequence[Sought] = (),
        colour: bool = False,
        timestamps: bool = False,
        as_json: bool = False,
        quiet: bool = False,
        since: str = "",
        asked: bool = True,
        namespaces: Sequence[str] = (),
    ) -> None:
        """``asked``: lines that are there already are asked for. ``namespaces``: those that were named."""
        self._since, self._asked, self._namespaces = since, asked, frozenset(namespaces)
        self._source = source
        self._out = out
        self._narration = narration
        self._what = what
        self._wanted = wanted
        self._unwanted = unwanted
        self._colour = colour
        self._timestamps = timestamps
        self._as_json = as_json
        self._quiet = quiet
        self._prefixes: list[str] = []
        self._told: dict[str, None] = {}  # those said last at the end
        self._problems = frozenset[str]()
        self._next_tell_s = 0.0
        self._begun_s = time.monotonic()
        self._second = (-1, "")
        self._read = 0  # lines, whether they match or not
        self._written = 0
        self._was_found = False
        self._stopped = False

    def stop_on_signals(self) -> None:
        """End at SIGTERM and SIGHUP when what has come is written; without it, where nobody reads stdout."""

        def stop(_number: int, _frame: object) -> None:
            self._stopped = True
            signal.setitimer(signal.ITIMER_REAL, STOP_WITHIN_S)

        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stop)
        signal.signal(signal.SIGALRM, lambda _number, _frame: os._exit(exit_codes.OK))

    def run(self) -> int:
        """Write until the follower ends, a signal comes or stdout is closed; return the exit code."""
        self._source.start()
        try:
            while True:
                self._source.wait(TELL_EVERY_S)
                lines = self._source.take(TAKEN_AT_ONCE)
                if lines:
                    self._write(lines)
                code = self._look() if not self._stopped else exit_codes.OK
                if code is not None:
                    self._tell_unread()
                    return code
                if lines and len(lines) < TAKEN_AT_ONCE:
                    time.sleep(BLOCK_EVERY_S)
        except KeyboardInterrupt:
            self._tell_unread()
            raise
        finally:
            self._source.close()

    def _tell_unread(self) -> None:
        """Tell at the end what was to be read and was not."""
        if unread := self._source.status().unread:
            self._say(f"not read: {few(unread)}; no stream was free (--max-streams)", always=True)

    def _look(self) -> int | None:
        """Tell problems; return the exit code when it is over."""
        now_s = time.monotonic()
        status = self._source.status()
        if now_s < self._next_tell_s and not status.ended:
            return None
        if status.found:
            self._next_tell_s = now_s + TELL_EVERY_S
        for over in self._problems.difference(status.problems):
            self._told.pop(over, None)  # it may happen again
        self._problems = frozenset(status.problems)
        for problem in status.problems:
            self._say(problem, always=True)
        if status.found:
            for namespace in self._namespaces.intersection(status.vacant):
                self._say(f"no pod of {self._what} in namespace {namespace}", always=True)
        if status.waiting:
            for one in status.waiting_for:
                self._say(f"waiting for {one}")
        if self._was_found and not status.found and not status.ended:
            self._say(f"waiting for pods of {self._what}")
            return None
        if status.found:
            self._was_found = True
            self._told.pop(f"waiting for pods of {self._what}", None)  # it may happen again
        if status.listed and not status.found and not status.problems and not self._was_found:
            where = f" in namespace {few(sorted(status.vacant))}" if status.vacant else ""
            self._say(f"nothing to read of {self._what}{where}", always=True)
            return exit_codes.CANNOT_TELL
        if not self._was_found and (status.ended or now_s - self._begun_s > FOUND_WITHIN_S):
            if not status.problems:
                self._say("the source does not answer", always=True)
            return exit_codes.CANNOT_TELL
        if not status.ended:
            return None
        if not self._written and not status.problems:
            self._say(self._nothing_said())
        return exit_codes.CANNOT_TELL if status.problems else exit_codes.OK

    def _nothing_said(self) -> str:
        """Return why nothing was written: nothing was there, or nothing of it was asked for."""
        if self._read:
            return f"no line of {self._what} matches ({self._read:,} read)"
        if not self._asked:
            return f"no line of {self._what} was asked for (--tail 0)"
        return f"no line of {self._what} since {self._since}" if self._since else f"there are no lines of {self._what}"

    def _say(self, sentence: str, *, always: bool = False) -> None:
        """Tell something once; what is only news is left out when it has to be quiet."""
        if sentence not in self._told and (always or not self._quiet):
            print(f"statusdesk: {sentence}", file=self._narration, flush=True)
        self._told.pop(sentence, None)
        self._told[sentence] = None
        if len(self._told) > TOLD_KEPT:  # followed for months, it meets ever new pods
            del self._told[next(iter(self._told))]

    def _write(self, lines: list[LogLine]) -> None:
        """Write lines as one block, which costs one call."""
        self._read += sum(not line.kind for line in lines)
        while len(self._prefixes) < len(self._source.origins):
            self._prefixes.append(self._prefix(len(self._prefixes)))
        if not (self._wanted or self._unwanted):
            self._put(lines)
            return
        for at in range(0, len(lines), SOUGHT_AT_ONCE):
            self._put(self._let_through(lines[at : at + SOUGHT_AT_ONCE]))

    def _put(self, lines: Sequence[LogLine]) -> None:
        self._written += sum(not line.kind for line in lines)
        prefixes, stamped = self._prefixes, self._timestamps
        parts: list[str] = []
        for line in lines:
            if line.kind:
                self._flush(parts)  # who has both on one terminal sees it where it happened
                self._happened(line)
            elif self._as_json:
                parts.append(self._json(line))
            elif stamped or line.cut_bytes:
                parts.append(prefixes[line.origin] + self._dressed(line))
            else:
                parts.append(f"{prefixes[line.origin]}{line.text}\n")
        self._flush(parts)

    def _flush(self, parts: list[str]) -> None:
        self._out.write("".join(parts))
        self._out.flush()
        parts.clear()

    def _let_through(self, lines: Sequence[LogLine]) -> list[LogLine]:
        """Return the lines that are wanted, and what has happened between them; colours are no part of a line."""
        ordinary = [at for at, line in enumerate(lines) if not line.kind]
        texts = [bare(lines[at].text) for at in ordinary]
        kept = set(range(len(texts)))
        for sought in self._wanted:
            kept.intersection_update(sought.among(texts))
        for sought in self._unwanted:
            kept.difference_update(sought.among(texts))
        passed = {ordinary[at] for at in kept}
        return [line for at, line in enumerate(lines) if line.kind or at in passed]

    def _prefix(self, index: int) -> str:
        origin = self._source.origins[index]
        if origin.job:
            return ""
        name = origin.short
        # as kubectl writes it, so that who reads one reads the other
        return f"\x1b[{_COLOURS[index % len(_COLOURS)]}m[{name}]{_RESET} " if self._colour else f"[{name}] "

    def _happened(self, line: LogLine) -> None:
        # of fifty pods it is the same; only a tail, which was asked for, is cut
        if line.kind == LineKind.CUT and line.text != CUT_UNREAD:
            self._say("only the last lines are here: --tail N or --since asks for older ones")
            return
        origin: Origin = self._source.origins[line.origin]
        if line.tells_missing or line.kind == LineKind.CUT or not self._quiet:
            print(f"statusdesk: {origin.short}: {line.text}", file=self._narration, flush=True)

    def _dressed(self, line: LogLine) -> str:
        """Return a line with its time, and with how much of it is missing."""
        time_of = f"{self._stamp(line.at_ns)} " if self._timestamps and line.at_ns else ""
        cut = f" [{counted(line.cut_bytes, 'byte')} cut]" if line.cut_bytes else ""
        return f"{time_of}{line.text}{cut}\n"

    def _stamp(self, at_ns: int) -> str:
        second, rest = divmod(at_ns, 1_000_000_000)
        if second != self._second[0]:
            self._second = (second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)))
        return f"{self._second[1]}.{rest:09d}Z"

    def _json(self, line: LogLine) -> str:
        origin = self._source.origins[line.origin]
        told: dict[str, object] = {"ts": self._stamp(line.at_ns)} if line.at_ns else {}
        if origin.job:
            told |= {"job": origin.job, "build": origin.build}
        else:
            told |= {"cluster": origin.cluster} if origin.cluster else {}
            told |= {"namespace": origin.namespace, "pod": origin.pod, "container": origin.container}
        told["text"] = line.text
        if line.cut_bytes:
            told["cut_bytes"] = line.cut_bytes
        return json.dumps(told, ensure_ascii=True) + "\n"
