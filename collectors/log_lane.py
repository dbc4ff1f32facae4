"""What one origin has sent and nobody has taken yet, and whether that is still what there was before it was opened."""

from collections import deque

from collectors.log_lines import CUT_TEXT, LineKind, LogLine

Batch = tuple[float, list[int], list[LogLine], int]
"""(arrival, keys, lines, bytes)"""
BURST_S = 0.05  # what there was comes at once: after such a silence all of a tail is here
CHECK_S, AHEAD = 1.0, 1.5  # times that go on no faster than the clock are those of lines that are being written


class Backlog:
    """What there was when a stream was opened, as long as it comes: a ``tail`` of it, or all since a moment.

    It has come when there is a line that was written after it was opened (``until_ns``), or after a silence. Of a tail
    one line more was asked for: where that comes, there are older lines than those that were wanted. Until it is known
    all is kept back in ``head``. Whatever comes, it is not over before ``awaited_s``.
    """

    __slots__ = (
        "awaited_s", "checked_ns", "checked_s", "count", "first_ns", "first_s", "head", "heard_s",
        "is_blocked", "is_over", "quiet_s", "tail", "until_ns",
    )  # fmt: skip

    def __init__(self, until_ns: int, tail: int | None, quiet_s: float, now_s: float) -> None:
        self.until_ns, self.tail, self.quiet_s = until_ns, tail, quiet_s
        self.heard_s = self.checked_s = now_s
        self.first_s = self.awaited_s = 0.0
        self.checked_ns = self.first_ns = self.count = 0
        self.head: list[Batch] | None = [] if tail is not None else None
        self.is_blocked = self.is_over = False

    def hear(self, lines: list[LogLine], now_s: float) -> None:
        """Take note of lines that have come."""
        self.heard_s = now_s
        if not self.count:
            self.first_s, self.first_ns = now_s, lines[0].at_ns
        self.count += len(lines)

    @property
    def is_cut(self) -> bool:
        """Whether more lines have come than were wanted of a tail."""
        return self.tail is not None and self.count > self.tail

    def settle(self, newest_ns: int, now_s: float) -> None:
        """Find out whether it is over; what is held up by its reader goes on."""
        if (self.is_over and not self.head) or now_s < self.awaited_s:
            return
        if self.tail is not None and self.count:
            live = newest_ns >= self.until_ns and now_s > self.first_s + BURST_S
            self.is_over = self.is_cut or live or now_s > self.heard_s + BURST_S
        elif newest_ns >= self.until_ns or (not self.is_blocked and now_s > self.heard_s + self.quiet_s):
            self.is_over = True
        elif self.is_blocked or now_s > self.checked_s + CHECK_S:
            slow = newest_ns - self.checked_ns < (now_s - self.checked_s) * AHEAD * 1e9
            self.is_over = slow and not self.is_blocked
            self.checked_s, self.checked_ns = now_s, newest_ns


class Lane:
    """The lines of one origin, in batches."""

    __slots__ = ("backlog", "batches", "cut_text", "is_over", "newest_ns", "origin", "size", "skipped")

    def __init__(self, origin: int) -> None:
        self.origin = origin
        self.batches: deque[Batch] = deque()
        self.size = 0
        self.newest_ns = 0
        self.skipped = 0
        self.is_over = False
        self.backlog: Backlog | None = None
        self.cut_text = CUT_TEXT
        """What is told where the lines of a tail begin, and there are older ones."""

    @property
    def is_behind(self) -> bool:
        """Whether what there was when it was opened still comes, as far as that was looked at."""
        return self.backlog is not None and not self.backlog.is_over

    @property
    def keeps_back(self) -> bool:
        """Whether it is not known yet how the lines begin that have come, or will at any moment."""
        return self.backlog is not None and not self.backlog.is_over and self.backlog.head is not None

    @property
    def is_empty(self) -> bool:
        return not self.batches and not (self.backlog is not None and self.backlog.head)

    def add(self, batch: Batch) -> None:
        """Add lines that come after all others."""
        now_s, keys, lines, size = batch
        backlog = self.backlog
        if backlog is not None and backlog.head:
            self.settle(now_s)
        if backlog is not None and lines[0].kind == LineKind.LINE:
            backlog.hear(lines, now_s)
            if backlog.head is not None:
                backlog.head.append(batch)
                if backlog.is_cut:
                    self.begin()
                return
            if backlog.is_cut and lines[0].at_ns < backlog.until_ns:
                # it came later than all the others of its tail: what is before the first one was not asked for
                cut = LogLine(backlog.first_ns, self.origin, self.cut_text, LineKind.CUT)
                batch = (now_s, [keys[0], *keys], [cut, *lines], size)
                self.backlog = None
            elif backlog.is_over and (backlog.tail is None or self.newest_ns >= backlog.until_ns):
                self.backlog = None
        elif backlog is not None and backlog.head:  # a mark overtakes no lines
            backlog.head.append(batch)
            return
        self.batches.append(batch)
        self.size += size

    def await_more(self, now_s: float, until_s: float) -> None:
        """Expect more of what there was before, whatever has come, until a moment or until that is taken back."""
        if self.backlog is None:
            self.backlog = Backlog(0, None, 0.0, now_s)
        self.backlog.is_over, self.backlog.awaited_s = False, until_s

    def settle(self, now_s: float) -> None:
        """Find out whether what there was before has come; where it has, give on what was kept back."""
        if self.backlog is None:
            return
        self.backlog.settle(self.newest_ns, now_s)
        if self.backlog.is_over and self.backlog.head:
            self.begin()

    def begin(self) -> None:
        """Give on what was kept back; where lines before it are missing, that is said first."""
        backlog = self.backlog
        if backlog is None or backlog.head is None:
            return
        head, backlog.head = backlog.head, None
        if not head:
            return
        keys = [key for _, some, _, _ in head for key in some]
        lines = [line for _, _, some, _ in head for line in some]
        size = sum(size for _, _, _, size in head)
        if backlog.is_cut:
            first = lines[1]
            keys[0], lines[0] = keys[1], LogLine(first.at_ns, self.origin, self.cut_text, LineKind.CUT)
            self.backlog = None
        self.batches.append((head[0][0], keys, lines, size))
        self.size += size
