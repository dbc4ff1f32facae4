"""Lines from further back: what was asked for, and what is missing among them where a filter was asked with."""

import heapq
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter, itemgetter

import msgspec

from collectors.log_lines import LineKind, LogFollower, LogLine, Origin
from screens.log_begins import Beginnings
from screens.log_filter import Filters
from screens.log_ring import OF_ALL, LogRing
from screens.log_shown import Shown
from statusdesk.expression import TooLongError
from statusdesk.redact import safe

MOST_OLDER = 2000


class Sifted(msgspec.Struct, frozen=True):
    """The oldest stretch of a ring where only lines are that some filters look for: up to the line ``end``.

    ``before`` is what the source was asked with: a moment (ns of UTC), or of a console how many lines.
    """

    before: int
    end: int
    filters: Filters

    def covers(self, filters: Filters) -> bool:
        """Say whether all lines are there that these filters let through."""
        asked = self.filters
        return (
            set(asked.includes) <= set(filters.includes)
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
    ``wanted``: the origins asked, by index. ``begins``: those of them that are asked for what comes before another
    moment, since their lines begin later than the first one here.
    """

    before: int
    filters: Filters
    known: int = 0
    instead_of: int | None = None
    wanted: tuple[int, ...] = ()
    begins: dict[int, int] = {}


class Older(msgspec.Struct, frozen=True):
    """What a question has yielded. ``unasked``: origins that could not be asked, which a ``problem`` tells."""

    lines: Sequence[LogLine] = ()
    unasked: frozenset[int] = frozenset()
    problem: str = ""


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

    @property
    def sifted(self) -> Sifted | None:
        """The stretch that has holes, as long as any of it is here."""
        if self._sifted is not None and self._ring.first >= self._sifted.end:
            self._sifted = None
        return self._sifted

    def _wanted(self, filters: Filters) -> tuple[int, ...]:
        return tuple(index for index, origin in enumerate(self._origins) if filters.are_of(origin))

    def latest_begin(self, filters: Filters) -> tuple[int, int] | None:
        """Return the origin that the filters let through whose lines begin last, and when (ns); None: all are here.

        Only from that moment on are all lines here, as far back as the first one.
        """
        later = self.begins.later(self._wanted(filters))
        return max(later.items(), key=itemgetter(1)) if later else None

    def holds(self, at_ns: int, filters: Filters) -> bool:
        """Say whether the lines around a moment are all here that the filters let through."""
        ring, latest, sifted = self._ring, self.latest_begin(filters), self.sifted
        if not len(ring) or not 0 < ring.at_ns(ring.first) <= at_ns or (latest is not None and at_ns < latest[1]):
            return False
        place = ring.place_of_time(at_ns)
        if sifted is not None and place <= sifted.end:
            return place == sifted.end or sifted.covers(filters)
        if place == ring.end and ring.missed:
            return False
        return place == ring.first or ring[place - 1].kind != LineKind.SKIPPED

    def asking(self, filters: Filters, now_ns: int) -> Asking:
        """Return what to ask for: what comes before all that is here, of a stretch with other holes all of it."""
        asked = msgspec.structs.replace(filters, excludes=(), grave=False)
        sifted, ring, wanted = self.sifted, self._ring, self._wanted(filters)
        if sifted is not None and sifted.filters != asked:
            later = {each: begin for each, begin in self.begins.later(wanted).items() if begin > sifted.before}
            return Asking(sifted.before, asked, instead_of=sifted.end, wanted=wanted, begins=later)
        if self._timed:
            first_ns = ring.at_ns(ring.first) if len(ring) else now_ns
            return Asking(first_ns, asked, wanted=wanted, begins=self.begins.later(wanted))
        if sifted is None:
            return Asking(ring.lines_before, asked, wanted=wanted)
        return Asking(sifted.before, asked, known=sifted.end - ring.first - 1, wanted=wanted)

    def put(self, asking: Asking, older: Older, told: str) -> Placed:
        """Put older lines where they belong, and ``told`` behind those that are not all."""
        ring, sifted, lines = self._ring, self.sifted, older.lines
        from_place, among = asking.instead_of, list[LogLine]()
        if asking.begins:
            low = ring.first if asking.instead_of is None else asking.instead_of
            from_place = max(low, *map(ring.place_of_time, asking.begins.values()))
            among = [ring[number] for number in range(low, from_place)]
        if from_place is not None:
            ring.drop_before(from_place)
            self._shown.forget_gone()
            if asking.instead_of is not None:
                sifted = None
                self.begins.gone_before(asking.before)
        # neither of the two is put in another order: within an origin it is that of arrival
        merged = list(heapq.merge(lines, among, key=attrgetter("at_ns"))) if among else list(lines)
        if asking.filters.any and sifted is None:
            before = max(asking.begins.values(), default=asking.before)
            sifted = Sifted(before, ring.first, asking.filters)
            merged.append(LogLine(before if self._timed else 0, OF_ALL, told, LineKind.SKIPPED))
        self._sifted = sifted
        self.note(asking, older)
        kept = merged[len(merged) - ring.prepend(merged) :]
        new = set(map(id, lines))
        places = [ring.first + at for at, line in enumerate(kept) if id(line) in new]
        return Placed(len(places), places[-1] if places else None, from_place, len(lines) - len(places))

    def note(self, asking: Asking, older: Older) -> None:
        """Take note of how far back the lines are now of those that were asked."""
        asked = [each for each in asking.wanted if each not in older.unasked]
        if len(older.lines) >= MOST_OLDER:
            self.begins.here_from(asked, older.lines[0].at_ns)
        else:
            self.begins.all_here(asked)


def read_older(follower: LogFollower, asking: Asking) -> Older:
    """Read what is asked for; waits for the source, so on a thread. Raises: what the source does, TooLongError."""
    groups = [(asking.before, [each for each in asking.wanted if each not in asking.begins])]
    by_moment = sorted(asking.begins.items(), key=itemgetter(1))
    groups += [(before, [each for each, _ in some]) for before, some in groupby(by_moment, key=itemgetter(1))]
    found, unasked, problem = list[list[LogLine]](), set[int](), None
    for before, wanted in groups:
        if asking.begins and not wanted:
            continue
        try:
            found.append(follower.older(before, wanted, MOST_OLDER + asking.known, asking.filters.sought))
        except TooLongError:
            raise
        except Exception as error:  # whatever the network raises: what the other origins have is shown
            problem = error
            unasked.update(wanted)
    lines = list(heapq.merge(*found, key=attrgetter("at_ns"))) if len(found) > 1 else [*found, []][0]
    if problem is not None and not lines:
        raise problem
    if asking.begins:
        lines = lines[-MOST_OLDER:]
    said = (safe(str(problem)) or type(problem).__name__) if problem is not None else ""
    return Older(lines[: len(lines) - asking.known], frozenset(unasked), said)
