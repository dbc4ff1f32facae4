"""Lines from further back: what was asked for, and what is missing among them where a filter was asked with."""

from collections.abc import Sequence

import msgspec

from collectors.log_lines import LineKind, LogFollower, LogLine
from screens.log_filter import Filters
from screens.log_ring import OF_ALL, LogRing
from screens.log_shown import Shown

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
            and asked.pod in ("", filters.pod)
            and asked.container in ("", filters.container)
        )

    @property
    def words(self) -> str:
        """What was looked for: ``with ready and GET of app``."""
        asked = self.filters
        sought = f" with {' and '.join(pattern.words for pattern in asked.includes)}" if asked.includes else ""
        names = " ".join(name for name in (asked.pod, asked.container) if name)
        return f"only lines{sought}{f' of {names}' if names else ''} are here"


class Asking(msgspec.Struct, frozen=True):
    """One question for older lines.

    ``known``: so many of the last lines that it yields are here. ``instead_of``: all before that line goes for them.
    """

    before: int
    filters: Filters
    known: int = 0
    instead_of: int | None = None


class FurtherBack:
    """Asks for older lines and puts them into the ring, so that it is known which stretch has holes."""

    def __init__(self, ring: LogRing, shown: Shown, *, timed: bool) -> None:
        """``timed``: lines have times; those of a console have none and are counted."""
        self._ring, self._shown, self._timed = ring, shown, timed
        self._sifted: Sifted | None = None

    @property
    def sifted(self) -> Sifted | None:
        """The stretch that has holes, as long as any of it is here."""
        if self._sifted is not None and self._ring.first >= self._sifted.end:
            self._sifted = None
        return self._sifted

    def asking(self, filters: Filters, now_ns: int) -> Asking:
        """Return what to ask for: what comes before all that is here, of a stretch with other holes all of it."""
        asked = Filters(includes=filters.includes, pod=filters.pod, container=filters.container)
        sifted, ring = self.sifted, self._ring
        if sifted is None:
            first = (ring.at_ns(ring.first) if len(ring) else now_ns) if self._timed else ring.lines_before
            return Asking(first, asked)
        if sifted.filters != asked:
            return Asking(sifted.before, asked, instead_of=sifted.end)
        if self._timed:
            return Asking(ring.at_ns(ring.first), asked)
        return Asking(sifted.before, asked, known=sifted.end - ring.first - 1)

    def put(self, asking: Asking, lines: Sequence[LogLine], told: str) -> int:
        """Put older lines before the others, and ``told`` behind those that are not all; return how many were kept."""
        ring, sifted = self._ring, self.sifted
        if asking.instead_of is not None:
            ring.drop_before(asking.instead_of)
            self._shown.forget_gone()
            sifted = None
        marks = 0
        if asking.filters.any and sifted is None:
            sifted = Sifted(asking.before, ring.first, asking.filters)
            at_ns = asking.before if self._timed else 0
            lines, marks = [*lines, LogLine(at_ns, OF_ALL, told, LineKind.SKIPPED)], 1
        self._sifted = sifted
        return max(0, ring.prepend(lines) - marks)


def read_older(follower: LogFollower, asking: Asking) -> list[LogLine]:
    """Read what is asked for; waits for the source, so on a thread."""
    filters = asking.filters
    wanted = [
        index
        for index, origin in enumerate(follower.origins)
        if filters.pod in ("", origin.pod) and filters.container in ("", origin.container)
    ]
    lines = follower.older(asking.before, wanted, MOST_OLDER + asking.known, filters.source)
    return lines[: len(lines) - asking.known]
