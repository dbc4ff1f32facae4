"""The lines that a view of a log holds: the newest of them, by number, bounded in count and in bytes."""

from array import array
from collections import deque
from collections.abc import Collection, Iterator, Sequence

from collectors.log_lines import LineKind, LogLine
from screens.log_folds import Trace
from screens.log_gravity import gravity
from screens.log_levels import MAYBE_TRACE, MESSAGE, Gravity, Part, Traces, may_hold_trace
from screens.log_packed import BLOCK, Packed, columns_of
from statusdesk.text import counted

BYTES_A_LINE = 400
OVERHEAD_BYTES = 32
_UNKNOWN = 255
_ALL_UNKNOWN = bytes([_UNKNOWN]) * BLOCK
OF_ALL = 2**32 - 1
"""The origin of what is said of all that is here: lines of any origin are missing."""
MOST_EVENTS = 100  # that had no room and are remembered
MORE_FOR_OLDER = 4  # a fourth more may be fetched from further back


def missed_text(count: int) -> str:
    """Return what stands where so many lines are missing."""
    return f"{counted(count, 'line')} skipped here: no room for what came while the view was paused"


def _size(line: LogLine) -> int:
    """Return how much room a line takes, about."""
    unhidden = line.unhidden
    return len(line.text) + OVERHEAD_BYTES + (len(unhidden.text) if unhidden is not None else 0)


class LogRing:
    """Lines by number: ``first`` is the oldest, ``end`` one past the newest; fetched older ones get numbers below.

    While it is held from a number on, lines from there on stay: where there is no room, new ones are counted in
    ``missed`` instead of kept, which is said in their place as soon as there is room again. ``lines_before`` is how
    many lines have come that would stand before the first one that is here, and had no room.

    While it is ``revealed`` lines have what is hidden in them for their text, for whatever asks for it.
    """

    def __init__(self, most_lines: int, *, revealed: bool = False) -> None:
        self.revealed = revealed
        self.most_lines = most_lines
        self.most_bytes = most_lines * BYTES_A_LINE
        self._slots = most_lines + most_lines // MORE_FOR_OLDER
        self._blocks: dict[int, Packed | list[LogLine | None]] = {}
        self._block_bytes: dict[int, int] = {}
        self._heads = array("q", bytes(8 * self._slots))
        self._gravity = bytearray(self._slots)
        self._bytes = 0
        self._traces = Traces()
        self._last_head: dict[int, int] = {}  # origin -> the number of its last line that is no part of a trace
        self.traces: dict[int, Trace] = {}
        self.first = self.end = 0
        self._calm_from = 0  # from here on no line goes on with a stack trace
        self.held_from: int | None = None
        self.newest_gone_ns = 0  # UTC
        """The latest moment of a line that had to go for lack of room, and is not asked for yet."""
        self.missed = self._said_missed = self.lines_before = 0
        self._events: deque[LogLine] = deque(maxlen=MOST_EVENTS)  # of what had no room, all but lines of containers
        self._others: deque[tuple[int, int]] = deque()  # numbers of what is no line, and how many lines each stands for

    def __len__(self) -> int:
        return self.end - self.first

    def __contains__(self, number: int) -> bool:
        return self.first <= number < self.end

    def __getitem__(self, number: int) -> LogLine:
        line = self.kept(number)
        return line.revealed if self.revealed else line

    def reveal(self, secrets: bool) -> None:
        """Give what is hidden in the lines for their text, or hide it again."""
        self.revealed = secrets
        self._gravity[:] = bytes([_UNKNOWN]) * self._slots

    def kept(self, number: int) -> LogLine:
        """Return a line as it is to be put back: with what is hidden in it beside its text."""
        if not self.first <= number < self.end:
            raise IndexError(number)
        line = self._blocks[number // BLOCK][number % BLOCK]
        if line is None:
            raise IndexError(number)
        return line

    def head(self, number: int) -> int:
        """Return the line that begins the stack trace of a line; the line itself when there is none."""
        head = self._heads[number % self._slots]
        return head if head >= self.first else number

    def heads(self, start: int, end: int) -> Sequence[int]:
        """Return the lines of a stretch that go on with no stack trace."""
        if start >= self._calm_from:
            return range(start, end)
        heads, slots, first = self._heads, self._slots, self.first
        return [number for number in range(start, end) if (head := heads[number % slots]) == number or head < first]

    def trace_of(self, head: int) -> list[int]:
        """Return the lines that go on with the stack trace of a line."""
        trace = self.traces.get(head)
        if trace is None:
            return []
        return [number for number in range(head + 1, min(trace.last + 1, self.end)) if self.head(number) == head]

    def gravity(self, number: int) -> Gravity:
        """Return how grave a line is if it is a warning or worse; found out when it is first asked."""
        slot = number % self._slots
        if self._gravity[slot] == _UNKNOWN:
            line = self[number]
            self._gravity[slot] = gravity(line.text) if line.kind == LineKind.LINE else Gravity.NONE
        return Gravity(self._gravity[slot])

    def at_ns(self, number: int) -> int:
        """Return when a line was written; quicker than by the line itself."""
        block = self._blocks[number // BLOCK]
        return block.at_ns(number % BLOCK) if isinstance(block, Packed) else self[number].at_ns

    def times(self, start: int, end: int) -> list[int]:
        """Return when the lines of a stretch were written."""
        found = list[int]()
        for index in range(start // BLOCK, -(-end // BLOCK)):
            low, high = max(0, start - index * BLOCK), min(BLOCK, end - index * BLOCK)
            block = self._blocks[index]
            if isinstance(block, Packed):
                found += block.times[low:high]
            else:
                found += [line.at_ns for line in block[low:high] if line is not None]
        return found

    def marks(self) -> Iterator[int]:
        """Yield the numbers of what is no line of a container."""
        return (number for number, _ in self._others)

    def runs(self, start: int, end: int) -> Iterator[tuple[int, Sequence[str], Collection[int]]]:
        """Yield the texts of a stretch in runs, with the number of the first line of each.

        With them come the numbers of those that are no lines of containers, or go on with a stack trace.
        """
        while start < end:
            index, at = divmod(start, BLOCK)
            until = min(end, start - at + BLOCK)
            block, special = self._blocks[index], set[int]()
            if isinstance(block, Packed):
                texts = block.texts(self.revealed)[at : at + until - start]
                special.update(number for each in block.specials() if start <= (number := index * BLOCK + each) < until)
            else:
                lines = [line for line in block[at : at + until - start] if line is not None]
                texts = [line.full_text if self.revealed else line.text for line in lines]
                special.update(number for number, line in enumerate(lines, start) if line.kind)
            if start < self._calm_from:
                special.update(set(range(start, until)).difference(self.heads(start, until)))
            yield start, texts, special
            start = until

    def extend(self, lines: Sequence[LogLine]) -> None:
        """Append lines; the oldest go where there is no room."""
        if lines and not self._say_missed():
            self._miss(lines)
            return
        at = 0
        while at < len(lines):
            piece = lines[at : at + BLOCK - self.end % BLOCK]
            if not self._put_calm(piece) and not self._put_each(piece):
                self._miss(lines[at + len(piece) :])
                return
            at += len(piece)

    def _miss(self, lines: Sequence[LogLine]) -> None:
        """Count lines that have no room; what has happened between them is kept for later."""
        events = [line for line in lines if line.kind != LineKind.LINE]
        self._events += events
        self.missed += len(lines) - len(events)

    def _say_missed(self) -> bool:
        """Say in its place what was not kept, if anything; False where there is no room for that either."""
        if not self.missed and not self._events:
            return True
        if self._is_full and self._is_held:
            return False
        if missed := self.missed:
            at_ns = self[self.end - 1].at_ns if self.end > self.first else 0
            self.missed = 0
            self._put_each([LogLine(at_ns, OF_ALL, missed_text(missed), LineKind.SKIPPED)])
            self._others[-1] = (self.end - 1, missed)
            self._said_missed += missed
        events = list(self._events)
        self._events.clear()
        return self._put_each(events)

    def _put_each(self, lines: Sequence[LogLine]) -> bool:
        """Append lines one by one; False where some had no room because of what is held."""
        for at, line in enumerate(lines):
            while self._is_full:
                if self._is_held:
                    self._miss(lines[at:])
                    return False
                self._drop(1)
            self._put(self.end, line, self._traces, self._last_head)
            if line.kind:
                self._others.append((self.end, 0))
            self.end += 1
        return True

    @property
    def _is_full(self) -> bool:
        return len(self) >= self.most_lines or (self._bytes > self.most_bytes and self.end > self.first)

    @property
    def _is_held(self) -> bool:
        """Whether the oldest line has to stay."""
        return self.held_from is not None and self.first >= self.held_from

    def _put_calm(self, lines: Sequence[LogLine]) -> bool:
        """Append lines of one block at once, as ``_put_each`` would; False where they have to be looked at.

        This is where a flood passes by: most lines are no part of a trace, and their first letters say so.
        """
        columns = columns_of(lines)
        count, size = len(lines), sum(map(len, columns.texts)) + OVERHEAD_BYTES * len(lines)
        if any(columns.unhidden):
            size += sum(len(each.text) for each in columns.unhidden if each is not None)
        slot = self.end % self._slots
        if (
            not self._traces.calm
            or may_hold_trace(columns.texts)
            or slot + count > self._slots
            or not self._make_room(count, size - _size(lines[-1]))
        ):
            return False
        index, at = divmod(self.end, BLOCK)
        numbers = range(self.end, self.end + count)
        self._heads[slot : slot + count] = array("q", numbers)
        self._gravity[slot : slot + count] = _ALL_UNKNOWN[:count]
        self._last_head.update(zip(columns.origins, numbers, strict=True))
        if any(columns.kinds):
            self._others += [(number, 0) for number, kind in zip(numbers, columns.kinds, strict=True) if kind]
        self.end += count
        if count == BLOCK:
            self._blocks[index], self._block_bytes[index] = Packed(columns), 0
        else:
            block = self._block(index)
            block[at : at + count] = lines
            self._pack(index, block)
        self._bytes += size
        self._block_bytes[index] += size
        return True

    def _make_room(self, count: int, size: int) -> bool:
        """Let the oldest lines go for so many new ones; False where they would not do, or are held."""
        until = self.end if self.held_from is None else min(self.end, self.held_from)
        over = len(self) + count - self.most_lines
        if over > max(0, until - self.first) or size > self.most_bytes:
            return False
        if over > 0:
            self._drop(over)
        while self._bytes + size > self.most_bytes and self.first < until:
            self._drop(min(until - self.first, BLOCK - self.first % BLOCK))
        return self._bytes + size <= self.most_bytes

    def prepend(self, lines: Sequence[LogLine]) -> int:
        """Put older lines before the first one, as many as there is room for; return how many were."""
        room, size = self._slots - len(self), self.most_bytes * (1 + 1 / MORE_FOR_OLDER) - self._bytes
        count = 0
        for line in reversed(lines):
            size -= _size(line)
            if count >= room or size < 0:
                break
            count += 1
        traces, heads = Traces(), dict[int, int]()
        start = self.first - count
        kept = lines[len(lines) - count :]
        for number, line in enumerate(kept, start):
            self._put(number, line, traces, heads)
        for origin, head in heads.items():
            if self._last_head.get(origin, start) < self.first:  # it may have stood here, and had another number
                self._last_head[origin] = head
        others = [(number, 0) for number, line in enumerate(kept, start) if line.kind]
        self._others.extendleft(reversed(others))
        left = sum(line.kind == LineKind.LINE for line in lines[: len(lines) - count])
        # where the view began with the last lines of a log, more may come from before them than had gone
        self.lines_before = max(left, self.lines_before - (count - len(others)))
        self.first = start
        return count

    def drop_before(self, number: int) -> None:
        """Let go what stands before a line, which is put there again or is not wanted."""
        newest_ns = self.newest_gone_ns
        self._drop(max(0, min(number, self.end) - self.first))
        self.newest_gone_ns = newest_ns

    @property
    def missed_ever(self) -> int:
        """How many lines had no room, those included that were said in their place: that line may have gone since."""
        return self._said_missed + self.missed

    def release(self) -> None:
        """Let go what was held, and say in its place what was not kept."""
        self.held_from = None
        self._say_missed()

    def place_of_time(self, at_ns: int) -> int:
        """Return the first line that is not before a moment; ``end`` when all are."""
        low, high = self.first, self.end
        while low < high:
            middle = (low + high) // 2
            if self[middle].at_ns < at_ns:
                low = middle + 1
            else:
                high = middle
        return low

    def _put(self, number: int, line: LogLine, traces: Traces, heads: dict[int, int]) -> None:
        slot, text = number % self._slots, line.text
        self._keep(number, line)
        self._gravity[slot] = _UNKNOWN
        if (text[:1] not in MAYBE_TRACE and traces.calm) or line.kind:
            self._heads[slot] = heads[line.origin] = number
            if line.kind == LineKind.MARK:
                traces.end(line.origin)
            return
        last = heads.get(line.origin)
        before = self._text(last) if text.startswith(MESSAGE) and last is not None else ""
        part = traces.part(line.origin, text, before)
        head = last if part else None
        if head is None or head < self.first - self._slots:
            heads[line.origin] = head = number
        else:
            self._calm_from = max(self._calm_from, number + 1)
            trace = self.traces.get(head)
            if trace is None:
                trace = self.traces[head] = Trace()
            trace.lines += 1
            trace.last = max(trace.last, number)
            if part is Part.TELLS:
                trace.cause = number
        self._heads[slot] = head

    def _text(self, number: int) -> str:
        """Return the text of a line, also of one that is being put before the first; empty when it has gone."""
        block = self._blocks.get(number // BLOCK)
        line = block[number % BLOCK] if block is not None else None
        return line.text if line is not None else ""

    def _drop(self, count: int) -> None:
        """Let the oldest lines go, and the blocks that are all gone."""
        was, self.first = self.first, self.first + count
        self.lines_before += count
        self.newest_gone_ns = max([self.newest_gone_ns, *self.times(was, self.first)])
        while self._others and self._others[0][0] < self.first:
            self.lines_before += self._others.popleft()[1] - 1
        if self.traces:
            for number in range(was, self.first):
                self.traces.pop(number, None)
        for gone in range(was // BLOCK, self.first // BLOCK):
            del self._blocks[gone]
            self._bytes -= self._block_bytes.pop(gone)

    def _keep(self, number: int, line: LogLine) -> None:
        """Put a line into its block; one whose last line this is is packed."""
        index, at = divmod(number, BLOCK)
        block = self._block(index)
        block[at] = line
        size = _size(line)
        self._bytes += size
        self._block_bytes[index] += size
        if at == BLOCK - 1:
            self._pack(index, block)

    def _block(self, index: int) -> list[LogLine | None]:
        """Return a block to put lines into."""
        block = self._blocks.get(index)
        if isinstance(block, list):
            return block
        if block is None:
            unpacked = list[LogLine | None]([None]) * BLOCK
            self._block_bytes[index] = 0
        else:
            # Older lines come before some of a block that was complete: those that had gone are put back.
            unpacked = [block[each] for each in range(BLOCK)]
        self._blocks[index] = unpacked
        return unpacked

    def _pack(self, index: int, block: list[LogLine | None]) -> None:
        """Pack a block if it is complete."""
        lines = [each for each in block if each is not None]
        if len(lines) == BLOCK:
            self._blocks[index] = Packed(columns_of(lines))
