"""What one stream of a log becomes: lines that were not seen before, with their times, ready to be shown."""

import copy
from array import array
from collections import Counter, deque
from collections.abc import Callable, Sequence
from itertools import repeat

from collectors.log_lines import MAX_LINE_BYTES, MISSING, LogLine, Manner, Unhidden
from collectors.log_text import SECOND_NS, Redactor, Splitter, Stamps, bounded, cut_long, harmless, needs_care

WINDOW_NS = 2 * SECOND_NS
KNOWN_BY_CHARS = 4096  # enough of a line to know it again; where exactly a long one is cut depends on how it came
KNOWN_LINES = 8192  # by which more than two seconds are known, for a clock that is set back
_TOGETHER = 256  # lines at least that are forgotten together: an array for each would be larger than what is in it
MAX_REMARKS = 1000
ROTATED = f"{MISSING} here: the log was rotated"
SET_BACK = f"{MISSING} here, or come twice: the clock of the node was set back"


class Position:
    """How far the log of a container was read, and the lines around there, by which a repetition is known.

    The server takes times in whole seconds, and standard output and standard error are stamped apart, so that lines of
    the second before may still come: that is why two seconds of lines are kept, and two more for a clock that is set
    back by less than these.

    Where the clock of the node is set back, what comes next is older than what was read: it is asked for from there on,
    and what was written before comes once more with it. So far as that is not known any more it cannot be told from
    what is new: it is given on, and said to be so.
    """

    def __init__(self) -> None:
        self.newest_ns = 0
        """The time of the line that was written last; where the clock was set back there are later ones."""
        self.highest_ns = 0
        self._peak_ns = 0
        """From which time on the clock was set back last, by so much that lines of before may be forgotten."""
        self.first_ns = 0
        """The time of the first line; what was written before it was not asked for."""
        self.redactor = Redactor()
        """A private key may go on beyond a cut."""
        self.remarks: set[str] = set()
        """Lines without a time: what a kubelet itself has to say, each time it is asked."""
        self._recent: deque[tuple[int, array[int]]] = deque()
        self._kept = 0

    def passed(self, times: Sequence[int], lines: Sequence[str], is_new: bool = True) -> None:
        """Take note of lines that were given on, as they came; not ``is_new`` where they may come once more."""
        highest_ns, last_ns = max(times), times[-1]
        self.first_ns = min(self.first_ns, min(times)) if self.newest_ns else min(times)
        if is_new or last_ns > self.highest_ns:
            self.newest_ns = last_ns
        else:  # by the time of an old line would be asked for what is still to come
            self.newest_ns = min(self.newest_ns, last_ns)
        self.highest_ns = max(self.highest_ns, highest_ns)
        if self.newest_ns + WINDOW_NS < self.highest_ns:
            self._peak_ns = self.highest_ns
        # What lines are known by, not the lines: two seconds of a flood would be megabytes.
        known_by = lines if max(map(len, lines)) <= KNOWN_BY_CHARS else [line[:KNOWN_BY_CHARS] for line in lines]
        self._keep(highest_ns, array("q", map(hash, known_by)))

    def _keep(self, newest_ns: int, known: "array[int]") -> None:
        """Keep what lines are known by, and forget the first ones: not those of these four seconds."""
        recent = self._recent
        self._kept += len(known)
        if recent and len(recent[-1][1]) < _TOGETHER and abs(recent[-1][0] - newest_ns) <= WINDOW_NS:
            before_ns, before = recent.pop()
            before.extend(known)
            newest_ns, known = max(before_ns, newest_ns), before
        recent.append((newest_ns, known))
        while self._kept - len(recent[0][1]) >= KNOWN_LINES and abs(recent[0][0] - self.newest_ns) > 2 * WINDOW_NS:
            self._kept -= len(recent.popleft()[1])

    @property
    def is_set_back(self) -> bool:
        """Whether what comes again was written before the clock there was set back; by two seconds all is known."""
        return 0 < self.since_s * SECOND_NS <= self._peak_ns

    @property
    def since_s(self) -> int:
        """From which second on (UTC) to ask again; 0 when nothing was read yet."""
        return self.newest_ns // SECOND_NS - 1 if self.newest_ns else 0

    def seen(self) -> Counter[int]:
        """Return what the lines are known by that will come once more when asked from ``since_s`` on, and a few."""
        since_ns = self.since_s * SECOND_NS
        return Counter(known_by for newest_ns, lines in self._recent if newest_ns >= since_ns for known_by in lines)


class Reading:
    """Turns the chunks of one answer into lines that ``position`` has not seen; ``stamped`` ones begin with a time.

    ``gap`` is called with what to tell, and the time of the first new line, where none of those that were seen came
    again, as all do that are still kept: lines before it are missing, or it is another log. It may raise, then none of
    them counts as read. Without it all that was not seen is new.
    """

    def __init__(
        self,
        origin: int,
        position: Position,
        manner: Manner,
        *,
        stamped: bool = True,
        gap: Callable[[str, int], None] | None = None,
    ) -> None:
        self._origin = origin
        self._position = position
        self._seen = position.seen() if position.newest_ns else Counter[int]()
        self._seen_until_ns = position.highest_ns + WINDOW_NS
        self._newest_ns, self._first_ns = position.newest_ns, position.first_ns
        self._joins = False
        self._gap = gap if position.newest_ns else None
        self._may_repeat = self._gap is not None and position.is_set_back
        self._splitter = Splitter()
        self._stamps = Stamps()
        self._stamps.last_ns = position.newest_ns
        self._redactor = position.redactor if manner.redact else None
        self._manner = manner
        self._stamped = stamped

    def feed(self, chunk: bytes) -> list[LogLine]:
        """Return the lines that have ended in a chunk."""
        piece, over = self._splitter.feed(chunk)
        return self._lines(piece, over) if over >= 0 else []

    def last(self) -> list[LogLine]:
        """Return the last line, which has no newline, if there is one."""
        piece, over = self._splitter.last()
        return self._lines(piece, over) if over >= 0 else []

    @property
    def is_joined(self) -> bool:
        """Whether nothing is missing between what was read before and this, or it was told."""
        return self._gap is None

    def within(self) -> Splitter:
        """Return the line that has begun, to be returned to."""
        return copy.copy(self._splitter)

    def return_to(self, begun: Splitter) -> None:
        """Forget what was fed since ``begun`` was taken."""
        self._splitter = begun

    def _lines(self, piece: bytes, over: int) -> list[LogLine]:
        lines = piece.decode("utf-8", "replace").split("\n")
        cut: dict[int, int] = {}
        if over or len(piece) > MAX_LINE_BYTES:
            lines, cut = cut_long(lines, over)
        times, texts = self._stamps.take(lines) if self._stamped else ([0] * len(lines), lines)
        if self._seen or self._stamps.missing:
            kept = self._new(times, lines)
            if self._gap is not None:
                self._join(self._gap, [times[index] for index in kept])
            if not kept:
                return []
            if len(kept) < len(lines):
                cut = {index: cut[was] for index, was in enumerate(kept) if was in cut}
                times = [times[index] for index in kept]
                lines, texts = [lines[index] for index in kept], [texts[index] for index in kept]
        if self._stamped:
            self._position.passed(times, lines, self._joins or not self._may_repeat)
        if needs_care(piece):
            colours = self._manner.colours
            texts = [text if text.isprintable() else harmless(text, colours) for text in texts]
        came = texts
        if self._redactor is not None:
            texts = self._redactor.lines("\n".join(texts), texts)
        made = list(map(LogLine, times, repeat(self._origin), texts))
        if self._manner.revealable and texts is not came:
            _keep_hidden(made, came)
        if cut or len(piece) > MAX_LINE_BYTES:
            _bound(made, cut)
        return made

    def _join(self, gap: Callable[[str, int], None], times: list[int]) -> None:
        """Tell that lines with these times do not join those that were seen, if they do not."""
        if self._joins:
            self._gap = None
        elif times and (times[-1] > self._newest_ns or (self._may_repeat and times[-1] != self._newest_ns)):
            gap(SET_BACK if self._may_repeat else ROTATED, times[0])
            self._gap = None

    def _new(self, times: list[int], lines: list[str]) -> list[int]:
        """Return the indexes of the lines that were not seen before."""
        seen, missing, remarks = self._seen, set(self._stamps.missing), self._position.remarks
        kept = []
        for index, line in enumerate(lines):
            if index in missing and len(remarks) < MAX_REMARKS:
                if line not in remarks:
                    remarks.add(line)
                    kept.append(index)
            elif seen.get(known_by := hash(line[:KNOWN_BY_CHARS]), 0) > 0:
                seen[known_by] -= 1
                if self._may_repeat and not self._joins:  # a log is in the order of writing: all before it was there
                    kept = [before for before in kept if before in missing]
                self._joins = True
            elif self._joins or self._gap is None or times[index] >= self._first_ns:
                kept.append(index)
        if times[-1] > self._seen_until_ns:
            self._seen = Counter()
        return kept


def _keep_hidden(made: list[LogLine], came: Sequence[str]) -> None:
    """Keep what the lines were before something was hidden in them."""
    for index, (line, text) in enumerate(zip(made, came, strict=True)):
        if line.text != text:
            made[index] = LogLine(line.at_ns, line.origin, line.text, line.kind, unhidden=Unhidden(text))


def _bound(made: list[LogLine], cut: dict[int, int]) -> None:
    """Cut the texts to their limit and let the lines tell how much they have lost."""
    for index, line in enumerate(made):
        lost, unhidden = cut.get(index, 0), line.unhidden
        text, more = bounded(line.text)
        if unhidden is not None:
            full, rest = bounded(unhidden.text)
            unhidden = Unhidden(full, rest + lost)
        if more or lost or unhidden is not None:
            made[index] = LogLine(line.at_ns, line.origin, text, line.kind, more + lost, unhidden)
