"""Regular expressions that people type: looked for with a bound on what it costs, for some expressions never end.

Those that no line can make slow are left to ``re``. All others are given to ``regex``, which can be told when to stop;
``re`` cannot, and nothing else of the program runs until it has ended, not even what a signal asks for.
"""

import re
import sys
import time
from collections.abc import Sequence
from itertools import islice
from typing import Any

ONCE_S = 0.003
"""So much time of the processor one line may cost, or many of them beyond ``EACH_S`` for each."""

EACH_S = 0.000_04
MOST_CHARS = 1_000
"""Of an expression: to compile a longer one takes longer than a key press may wait."""

TOO_LONG = "takes too long"
MOST_SIMPLE_CHARS = 64
MOST_TIMES = 10_000
USUAL_CHARS = 2_000
"""Lines that are longer have more time, up to twice of it."""
_AT_ONCE = 64  # lines that are looked at by ``re`` before the time is
# Literals, classes and alternatives of them: each place of a line is looked at once for each character of it.
_SIMPLE = re.compile(
    r"(?:\\[AbBdDsSwWZ.^$*+?()\[\]{}|/\\ -]|\[\^?(?:\\[dDsSwW.^\]\[\\-]|[^\]\[\\])+\]|[^\\\[\](){}*+?])*"
)
_TIMES = re.compile(r"(\)?)\{(\d{1,9})(?:,\d*)?\}")


class TooLongError(Exception):
    """An expression takes more time than it is given, or would."""

    def __init__(self, words: str = TOO_LONG) -> None:
        super().__init__(words)


class Expression:
    """A regular expression and the time that is left for it: ``once_s``, and ``each_s`` more for each line."""

    __slots__ = ("_compiled", "_each_s", "_guarded", "_left_s", "_most", "_once_s", "_struck")

    def __init__(
        self,
        text: str,
        *,
        any_case: bool = False,
        most_line_chars: int | None = None,
        most_chars: int | None = MOST_CHARS,
        once_s: float = ONCE_S,
        each_s: float = EACH_S,
    ) -> None:
        """``most_line_chars``: look at the beginning of lines only; ``most_chars`` bounds the expression itself.

        Raises: ValueError when it is none; TooLongError.
        """
        if most_chars is not None and len(text) > most_chars:
            raise TooLongError(f"is longer than {most_chars:,} characters")
        if _unrolled(text) > MOST_TIMES:
            raise TooLongError
        try:
            re.compile(text)
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(str(error)) from None
        self._guarded = not is_simple(text)
        self._compiled: Any = (
            _guard(text, any_case) if self._guarded else re.compile(text, re.IGNORECASE if any_case else 0)
        )
        self._most = most_line_chars if most_line_chars is not None else sys.maxsize
        self._once_s, self._each_s, self._left_s, self._struck = once_s, each_s, once_s, False

    def is_in(self, line: str) -> bool:
        """Tell whether it is found in a line. Raises: TooLongError."""
        return bool(self.among((line,)))

    def among(self, lines: Sequence[str]) -> list[int]:
        """Return the places of the lines in which it is found. Raises: TooLongError."""
        search, most, found = self._compiled.search, self._most, list[int]()
        for first in range(0, len(lines), _AT_ONCE):
            piece, begun_s = lines[first : first + _AT_ONCE], time.thread_time()
            if self._guarded:
                begun_s = self._look(piece, first, found, begun_s)
            else:
                found += [at for at, line in enumerate(piece, first) if search(line, 0, most) is not None]
            self._settle(begun_s, len(piece) + min(len(piece), sum(map(len, piece)) // USUAL_CHARS))
        return found

    def _look(self, lines: Sequence[str], first: int, found: list[int], begun_s: float) -> float:
        """Append the places of the lines in which it is found; return since when time was not settled."""
        now_s, end_s = time.perf_counter, time.perf_counter() + self._left_s
        for at, line in enumerate(lines, first):
            while (is_in := self._search(line, begun_s)) is None:
                pass
            if is_in:
                found.append(at)
            if now_s() > end_s:
                self._settle(begun_s, 0)
                begun_s, end_s = time.thread_time(), now_s() + self._left_s
        return begun_s

    def _search(self, line: str, begun_s: float) -> bool | None:
        """Tell whether it is in a line; None where it was stopped, but not because of the time that it took itself."""
        try:
            return self._compiled.search(line, 0, self._most, timeout=self._once_s) is not None
        except TimeoutError:
            self._check(begun_s)
            return None

    def _check(self, begun_s: float) -> None:
        # the limit is of what all threads take together; only what this one has taken tells
        if time.thread_time() - begun_s > self._once_s / 2:
            raise TooLongError

    def _settle(self, begun_s: float, lines: int) -> None:
        """Count what was taken. What is over once may be the garbage collector's; twice is too long."""
        self._left_s += lines * self._each_s - (time.thread_time() - begun_s)
        if self._left_s >= self._once_s:
            self._left_s, self._struck = self._once_s, False
        elif self._left_s < 0:
            if self._struck:
                raise TooLongError
            self._left_s, self._struck = self._once_s, True

    def spans(self, line: str, most: int) -> list[tuple[int, int]]:
        """Return where it is found in a line, the first ``most`` places. Raises: TooLongError."""
        begun_s = time.thread_time()
        limit = {"timeout": self._once_s} if self._guarded else {}
        found = list[tuple[int, int]]()
        try:
            for each in islice(self._compiled.finditer(line, 0, self._most, **limit), most):
                found.append(each.span())
        except TimeoutError:
            self._check(begun_s)
        self._settle(begun_s, 1)
        return found


def is_simple(text: str) -> bool:
    """Tell whether no line makes an expression slow: nothing in it repeats, nests or refers to anything."""
    return len(text) <= MOST_SIMPLE_CHARS and text.isascii() and _SIMPLE.fullmatch(text) is not None


def escape(text: str) -> str:
    """Return an expression that is found where the text is."""
    return re.escape(text)


def without_escapes(text: str) -> str:
    """Return an expression without what only looks like a capital letter: ``\\S`` is none."""
    return re.sub(r"\\.", "", text)


def _unrolled(text: str) -> int:
    """Return at least how many times over its parts are compiled by the numbers in braces."""
    parts, groups = 1, 1
    for group, times in _TIMES.findall(text):
        if group:
            groups *= max(1, int(times))
        else:
            parts += int(times)
    return parts * groups


def _guard(text: str, any_case: bool) -> Any:  # noqa: ANN401 - regex has no types
    import regex

    try:
        return regex.compile(text, regex.IGNORECASE if any_case else 0)
    except (regex.error, RecursionError, OverflowError, MemoryError) as error:
        raise ValueError(str(error)) from None
