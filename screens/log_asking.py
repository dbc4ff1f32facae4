"""Questions for lines from further back: what to ask the source for, and what it has answered."""

import heapq
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import groupby
from operator import attrgetter

import msgspec

from collectors.log_lines import LogFollower, LogLine, PartlyReadError
from screens.log_begins import Gap
from screens.log_filter import Filters, Sought
from statusdesk.expression import TooLongError
from statusdesk.redact import safe

MOST_OLDER = 2000
KNOWN_BY_CHARS = 4096  # where exactly a long line is cut depends on how it came

Known = tuple[int, int, int]


def known_by(line: LogLine) -> Known:
    """Return what a line is known by, whether anything is hidden in it or not: moment, origin, its text."""
    return line.at_ns, line.origin, hash(line.full_text[:KNOWN_BY_CHARS])


class Asking(msgspec.Struct, frozen=True):
    """One question for older lines.

    ``known``: so many of the last lines that it yields are here. ``instead_of``: all before that line goes for them.
    ``wanted``: the origins asked, by index. ``gaps``: where lines of them are missing after ``before``. ``edge``: the
    lines that are here of the very moments that are asked for, by what they are known by; the source gives them again.
    """

    before: int
    filters: Filters
    known: int = 0
    instead_of: int | None = None
    wanted: tuple[int, ...] = ()
    gaps: tuple[Gap, ...] = ()
    edge: Counter[Known] = msgspec.field(default_factory=Counter)
    timed: bool = True
    revealed: bool = False

    @property
    def sought(self) -> Sought | None:
        """What to look for in the lines; None where all of them are wanted."""
        return Sought(self.filters, self.revealed) if self.filters.includes else None

    def until(self, origin: int) -> int:
        """Return up to which moment lines of an origin are asked for."""
        return max((gap.until_ns for gap in self.gaps if gap.origin == origin), default=self.before)

    @property
    def latest(self) -> int:
        """Before which moment lines are missing, of any origin."""
        return max((gap.until_ns for gap in self.gaps), default=self.before)


class Older(msgspec.Struct, frozen=True):
    """What a question has yielded. ``unasked``: origins that could not be asked, which a ``problem`` tells.

    ``filled``: the gaps from whose end on lines have come; what is ``left`` of them. ``empty``: those of which the
    source has none. ``more``: what comes before all of it is there, and was not asked for.
    """

    lines: Sequence[LogLine] = ()
    unasked: frozenset[int] = frozenset()
    problem: str = ""
    filled: tuple[Gap, ...] = ()
    left: tuple[Gap, ...] = ()
    empty: tuple[Gap, ...] = ()
    more: bool = False


class _Part(msgspec.Struct):
    """One question of several: the origins that are asked for what is missing before a moment."""

    before: int
    wanted: list[int]
    gaps: tuple[Gap, ...] = ()
    lines: list[LogLine] = []
    more: bool = False

    def take(self, lines: Sequence[LogLine], edge: Counter[Known]) -> None:
        """Take what is not here yet."""
        here, kept = Counter(edge), list[LogLine]()
        after_ns = self.gaps[0].after_ns if self.gaps else -1
        for line in reversed(lines):
            key = known_by(line)
            if here[key] > 0:
                here[key] -= 1
            elif line.at_ns > after_ns:
                kept.append(line)
        self.more = len(kept) > MOST_OLDER
        self.lines = kept[:MOST_OLDER][::-1]

    def of_all_but(self, origins: Collection[int]) -> "_Part":
        """Return it as the question for the others alone."""
        self.wanted = [origin for origin in self.wanted if origin not in origins]
        self.gaps = tuple(gap for gap in self.gaps if gap.origin not in origins)
        return self

    def still_missing(self) -> tuple[Gap, ...]:
        """Return what is missing before the first of its lines."""
        return tuple(msgspec.structs.replace(gap, until_ns=self.lines[0].at_ns) for gap in self.gaps)


def _parts(asking: Asking) -> list[_Part]:
    """Return the questions: one for what comes before all that is here, and one for each place with a gap."""
    begun = {gap.origin for gap in asking.gaps if gap.after_ns < asking.before}
    parts = [_Part(asking.before, [each for each in asking.wanted if each not in begun])]
    order = attrgetter("until_ns", "after_ns")
    for (until_ns, _), some in groupby(sorted(asking.gaps, key=order), key=order):
        gaps = tuple(some)
        parts.append(_Part(until_ns, [gap.origin for gap in gaps], gaps))
    return [part for part in parts if part.wanted or not asking.gaps]


def read_older(follower: LogFollower, asking: Asking) -> Older:
    """Read what is asked for; waits for the source, so on a thread. Raises: what the source does, TooLongError."""
    if not asking.timed:
        lines = follower.older(asking.before, asking.wanted, MOST_OLDER + asking.known, asking.sought)
        return Older(lines[: len(lines) - asking.known])
    parts, unasked = _parts(asking), set[int]()
    problem: Exception | None = None
    answered = list[_Part]()
    most = MOST_OLDER + 1 + asking.edge.total()
    for part in parts:
        try:
            # lines of that very moment too: some of them may be here and others not
            part.take(follower.older(part.before + 1, part.wanted, most, asking.sought), asking.edge)
        except TooLongError:
            raise
        except PartlyReadError as error:
            problem = error
            unasked.update(error.unread)
            part.take(error.lines, asking.edge)
            answered.append(part.of_all_but(error.unread))
        except Exception as error:  # whatever the network raises: what the other origins have is shown
            problem = error
            unasked.update(part.wanted)
        else:
            answered.append(part)
    if problem is not None and not any(part.lines for part in answered):
        raise problem
    said = (safe(str(problem)) or type(problem).__name__) if problem is not None else ""
    return _joined(answered, frozenset(unasked), said)


def _joined(parts: list[_Part], unasked: frozenset[int], problem: str) -> Older:
    """Return the newest lines of all answers, and what is missing before them."""
    lines = list(heapq.merge(*(part.lines for part in parts), key=attrgetter("at_ns")))[-MOST_OLDER:]
    kept = set(map(id, lines))
    filled, left, empty, more = list[Gap](), list[Gap](), list[Gap](), False
    for part in parts:
        count = len(part.lines)
        part.lines = [line for line in part.lines if id(line) in kept]
        part.more = part.more or len(part.lines) < count
        if not part.gaps:
            more = part.more
        elif part.lines:
            filled += part.gaps
            left += part.still_missing() if part.more else ()
        elif not part.more:
            empty += part.gaps
    return Older(lines, unasked, problem, tuple(filled), tuple(left), tuple(empty), more)
