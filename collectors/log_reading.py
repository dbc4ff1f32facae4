"""What one stream of a log becomes: lines that were not seen before, with their times, ready to be shown."""

import copy
from array import array
from collections import Counter, deque
from collections.abc import Callable, Sequence
from itertools import repeat

from collectors.log_lines import MAX_LINE_BYTES, LogLine, Manner, Unhidden
from collectors.log_text import SECOND_NS, Redactor, Splitter, Stamps, bounded, cut_long, harmless, needs_care

WINDOW_NS = 2 * SECOND_NS
KNOWN_BY_CHARS = 4096  # enough of a line to know it again; where exactly a long one is cut depends on how it came
STEP_NS = 60 * SECOND_NS
MAX_REMARKS = 1000


class Position:
    """How far the log of a container was read, and the lines around there, by which a repetition is known.

    The server takes times in whole seconds, and standard output and standard error are stamped apart, so that lines of
    the second before may still come: that is why two seconds of lines are kept.
    """

    def __init__(self) -> None:
        self.newest_ns = 0
        self.first_ns = 0
        """The time of the first line; what was written before it was not asked for."""
        self.redactor = Redactor()
        """A private key may go on beyond a cut."""
        self.remarks: set[str] = set()
        """Lines without a time: what a kubelet itself has to say, each time it is asked."""
        self._recent: deque[tuple[int, array[int]]] = deque()

    def passed(self, times: Sequence[int], lines: Sequence[str]) -> None:
        """Take note of lines that were given on, as they came."""
        newest_ns = max(times)
        if not self.newest_ns:
            self.first_ns = min(times)
        if times[-1] < max(newest_ns, self.newest_ns) - STEP_NS:
            # the clock there was set back: lines would be asked for by a time that is still to come
            self.newest_ns, self.first_ns, newest_ns = 0, 0, times[-1]
            self._recent.clear()
        self.newest_ns = max(self.newest_ns, newest_ns)
        # What lines are known by, not the lines: two seconds of a flood would be megabytes.
        known_by = lines if max(map(len, lines)) <= KNOWN_BY_CHARS else [line[:KNOWN_BY_CHARS] for line in lines]
        self._recent.append((newest_ns, array("q", map(hash, known_by))))
        limit_ns = self.newest_ns - WINDOW_NS
        while self._recent[0][0] < limit_ns:
            self._recent.popleft()

    @property
    def since_s(self) -> int:
        """From which second on (UTC) to ask again; 0 when nothing was read yet."""
        return self.newest_ns // SECOND_NS - 1 if self.newest_ns else 0

    def seen(self) -> Counter[int]:
        """Return what the lines are known by that will come once more when asked from ``since_s`` on, and a few."""
        return Counter(known_by for _, lines in self._recent for known_by in lines)


class Reading:
    """Turns the chunks of one answer into lines that ``position`` has not seen; ``stamped`` ones begin with a time.

    ``gap`` is called with the time of the first new line where none of those that were seen came again, as all do that
    are still kept: lines before it are missing, or it is another log. It may raise, then none of them counts as read.
    """

    def __init__(
        self,
        origin: int,
        position: Position,
        manner: Manner,
        *,
        stamped: bool = True,
        gap: Callable[[int], None] | None = None,
    ) -> None:
        self._origin = origin
        self._position = position
        self._seen = position.seen() if position.newest_ns else Counter[int]()
        self._seen_until_ns = position.newest_ns + WINDOW_NS
        self._newest_ns, self._first_ns = position.newest_ns, position.first_ns
        self._joins = False
        self._gap = gap if position.newest_ns else None
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
            if self._gap is not None and (self._joins or kept and times[kept[-1]] > self._newest_ns):
                self._join(self._gap, times[kept[0]] if kept else 0)
            if not kept:
                return []
            if len(kept) < len(lines):
                cut = {index: cut[was] for index, was in enumerate(kept) if was in cut}
                times = [times[index] for index in kept]
                lines, texts = [lines[index] for index in kept], [texts[index] for index in kept]
        if self._stamped:
            self._position.passed(times, lines)
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

    def _join(self, gap: Callable[[int], None], until_ns: int) -> None:
        if not self._joins:
            gap(until_ns)
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
                self._joins = True
            elif self._joins or times[index] >= self._first_ns:
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
