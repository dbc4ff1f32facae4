"""Lines from further back: what was asked for, and what is missing among them where a filter was asked with."""

import heapq
from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter

import msgspec

from collectors.log_lines import CUT_TEXT, LineKind, LogFollower, LogLine, Origin
from screens.log_begins import Beginnings, Gap
from screens.log_filter import Filters, Sought
from screens.log_ring import OF_ALL, LogRing
from screens.log_shown import Shown
from statusdesk.expression import TooLongError
from statusdesk.redact import safe

MOST_OLDER = 2000
KNOWN_BY_CHARS = 4096  # where exactly a long line is cut depends on how it came


Known = tuple[int, int, int]


def known_by(line: LogLine) -> Known:
    """Return what a line is known by, whether anything is hidden in it or not: moment, origin, its text."""
    return line.at_ns, line.origin, hash(line.full_text[:KNOWN_BY_CHARS])


class Sifted(msgspec.Struct, frozen=True):
    """The oldest stretch of a ring where only lines are that some filters look for: up to the line ``end``.

    ``before`` is what the source was asked with: a moment (ns of UTC), or of a console how many lines.
    ``revealed``: they were looked for in what is hidden too.
    """

    before: int
    end: int
    filters: Filters
    revealed: bool

    def is_of(self, filters: Filters, revealed: bool) -> bool:
        """Say whether just these filters look for them."""
        return self.filters == filters and self._is_as(revealed)

    def _is_as(self, revealed: bool) -> bool:
        return self.revealed is revealed or not self.filters.includes

    def covers(self, filters: Filters, revealed: bool) -> bool:
        """Say whether all lines are there that these filters let through."""
        asked = self.filters
        return (
            self._is_as(revealed)
            and set(asked.includes) <= set(filters.includes)
            and asked.cluster in ("", filters.cluster)
            and asked.namespace in ("", filters.namespace)
            and asked.pod in ("", filters.pod)
            and asked.container in ("", filters.container)
        )

    @property
    def words(self) -> str:
        """What was looked for: ``with ready and GET of app``."""
        asked = self.filters
        sought = f" with {' and '.join(pattern.words for pattern in asked.includes)}" if asked.includes else ""
        names = " ".join(asked.names)
        return f"only lines{sought}{f' of {names}' if names else ''} are here"


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


class Placed(msgspec.Struct, frozen=True):
    """Where older lines stand now: how many, the number of the last, and what had no room.

    ``renumbered_before``: what stands before that line has other numbers than before.
    """

    count: int
    last: int | None
    renumbered_before: int | None
    left: int


class FurtherBack:
    """Asks for older lines and puts them into the ring, so that it is known which stretch has holes."""

    def __init__(self, ring: LogRing, shown: Shown, origins: Sequence[Origin], *, timed: bool) -> None:
        """``timed``: lines have times; those of a console have none and are counted. ``origins`` may grow."""
        self._ring, self._shown, self._origins, self._timed = ring, shown, origins, timed
        self._sifted: Sifted | None = None
        self.begins = Beginnings(ring)
        self.asked_from_ns: int | None = None
        """Only lines from that moment on were asked for; None: others too."""

    @property
    def sifted(self) -> Sifted | None:
        """The stretch that has holes, as long as any of it is here."""
        if self._sifted is not None and self._ring.first >= self._sifted.end:
            self._sifted = None
        return self._sifted

    def sift(self, sifted: Sifted) -> None:
        """Take note of a stretch that has holes."""
        self._sifted = sifted

    def sift_until(self, end: int) -> None:
        """Take note of where that stretch ends now."""
        if self._sifted is not None:
            self._sifted = msgspec.structs.replace(self._sifted, end=end)

    def _wanted(self, filters: Filters) -> tuple[int, ...]:
        return tuple(index for index, origin in enumerate(self._origins) if filters.are_of(origin))

    def latest_begin(self, filters: Filters) -> tuple[int, int] | None:
        """Return the origin that the filters let through whose lines begin last, and when (ns); None: all are here.

        Only from that moment on are all lines here, as far back as the first one.
        """
        gaps = self.begins.of(self._wanted(filters))
        latest = max(gaps, key=attrgetter("until_ns"), default=None)
        if latest is None or latest.until_ns <= self._ring.at_ns(self._ring.first):
            return None
        return latest.origin, latest.until_ns

    def holds(self, at_ns: int, filters: Filters) -> bool:
        """Say whether the lines around a moment are all here that the filters let through."""
        ring, latest, sifted = self._ring, self.latest_begin(filters), self.sifted
        if not len(ring) or not 0 < ring.at_ns(ring.first) <= at_ns or (latest is not None and at_ns < latest[1]):
            return False
        place = ring.place_of_time(at_ns)
        if sifted is not None and place <= sifted.end:
            return place == sifted.end or sifted.covers(filters, ring.revealed)
        if place == ring.end and ring.missed:
            return False
        return place == ring.first or ring[place - 1].kind != LineKind.SKIPPED

    def asking(self, filters: Filters, now_ns: int) -> Asking:
        """Return what to ask for: all that is missing before what is here, of a stretch with other holes all of it."""
        asked = msgspec.structs.replace(filters, excludes=(), grave=False)
        sifted, ring, wanted = self.sifted, self._ring, self._wanted(filters)
        is_other = sifted is not None and not sifted.is_of(asked, ring.revealed)
        if not self._timed:
            make = partial(Asking, filters=asked, wanted=wanted, timed=False, revealed=ring.revealed)
            if sifted is None:
                return make(ring.lines_before)
            if is_other:
                return make(sifted.before, instead_of=sifted.end)
            return make(sifted.before, known=sifted.end - ring.first - 1)
        gaps, before, low, end = self.begins.of(wanted), now_ns, ring.first, None
        if sifted is not None and is_other:
            before, low, end = sifted.before, sifted.end, sifted.end
            gaps = tuple(gap for gap in gaps if gap.until_ns > before)
        elif len(ring):
            before = ring.at_ns(ring.first)
        edge = self._edge({before, *(gap.until_ns for gap in gaps)}, low)
        return Asking(before, asked, instead_of=end, wanted=wanted, gaps=gaps, edge=edge, revealed=ring.revealed)

    def _edge(self, moments: set[int], low: int) -> Counter[Known]:
        """Return the lines that are here of some moments, from a line on."""
        ring, found = self._ring, Counter[Known]()
        for at_ns in moments:
            number = max(low, ring.place_of_time(at_ns))
            while number < ring.end and ring.at_ns(number) == at_ns:
                line = ring[number]
                if line.kind == LineKind.LINE:
                    found[known_by(line)] += 1
                number += 1
        return found

    def put(self, asking: Asking, older: Older, told: str) -> Placed:
        """Put older lines where they belong, and ``told`` behind those that are not all."""
        ring, sifted, lines = self._ring, self.sifted, older.lines
        low = ring.first if asking.instead_of is None else asking.instead_of
        marks = self.begins.marks_of(older.filled)
        if low in ring and ring[low].kind == LineKind.CUT and ring[low].origin == OF_ALL:
            marks.add(low)
        ends = [ring.place_of_time(gap.until_ns) for gap in older.filled] + [number + 1 for number in marks]
        from_place = max([low, *ends]) if ends or asking.instead_of is not None else None
        among = [ring.kept(at) for at in range(low, from_place) if at not in marks] if from_place is not None else []
        if from_place is not None:
            ring.drop_before(from_place)
            self._shown.forget_gone()
            if asking.instead_of is not None:
                sifted = None
                self.begins.gone_before(asking.before)
        # neither of the two is put in another order: within an origin it is that of arrival
        merged = list(heapq.merge(lines, among, key=attrgetter("at_ns"))) if among else list(lines)
        self.note(older)
        _mark(merged, older)
        if asking.filters.any and sifted is None:
            before = asking.latest
            sifted = Sifted(before, ring.first, asking.filters, asking.revealed)
            merged.append(LogLine(before if self._timed else 0, OF_ALL, told, LineKind.SKIPPED))
        self._sifted = sifted
        had_no_room = len(merged) - ring.prepend(merged)
        kept = merged[had_no_room:]
        if had_no_room:
            self.begins.gone_before(max(line.at_ns for line in merged[:had_no_room]))
        new = set(map(id, lines))
        places = [ring.first + at for at, line in enumerate(kept) if id(line) in new]
        return Placed(len(places), places[-1] if places else None, from_place, len(lines) - len(places))

    def note(self, older: Older) -> None:
        """Take note of where lines are missing now."""
        if not older.unasked:
            self.asked_from_ns = None
        self.begins.fill((*older.filled, *older.empty), older.left)


def _mark(merged: list[LogLine], older: Older) -> None:
    """Say among lines where older ones are still missing."""
    for gap in older.left:
        begins = (at for at, line in enumerate(merged) if line.origin == gap.origin and line.at_ns >= gap.until_ns)
        first = next(begins, len(merged))
        merged.insert(first, LogLine(gap.until_ns, gap.origin, CUT_TEXT, LineKind.CUT))
    if older.more:
        merged.insert(0, LogLine(merged[0].at_ns, OF_ALL, "older lines are not here", LineKind.CUT))


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
            if line.at_ns == self.before and here[key] > 0:
                here[key] -= 1
            elif line.at_ns > after_ns:
                kept.append(line)
        self.more = len(kept) > MOST_OLDER
        self.lines = kept[:MOST_OLDER][::-1]

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
    parts, unasked, problem = _parts(asking), set[int](), None
    answered = list[_Part]()
    most = MOST_OLDER + 1 + asking.edge.total()
    for part in parts:
        try:
            # lines of that very moment too: some of them may be here and others not
            part.take(follower.older(part.before + 1, part.wanted, most, asking.sought), asking.edge)
        except TooLongError:
            raise
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
