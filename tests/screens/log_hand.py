"""A follower of logs that gives what a test hands it, and remembers what it was asked."""

import threading

from msgspec.structs import replace

from collectors.log_lines import FollowStatus, LineKind, LogLine, Origin, Unhidden
from tests.screens.boards import NOW

POD = "orders-7cc6f9fbf5-"
ORIGINS = (
    Origin(cluster="eu", namespace="staging", pod=f"{POD}fq26d", container="vault-agent", init=True),
    Origin(cluster="eu", namespace="staging", pod=f"{POD}dmwbp", container="app"),
    Origin(cluster="eu", namespace="staging", pod=f"{POD}dmwbp", container="sidecar"),
)
S = 1_000_000_000


def line(text, at_s=0.0, origin=1, kind=LineKind.LINE, cut_bytes=0):
    """A line; ``at_s`` counts from a quarter of an hour before the clock of the tests."""
    return LogLine(int((NOW / 1000 - 900 + at_s) * S), origin, text, kind, cut_bytes)


def hidden(text, came, at_s=0.0, origin=1, cut_bytes=0, came_cut_bytes=0):
    """A line in which something is hidden, with what it was."""
    made = line(text, at_s, origin, cut_bytes=cut_bytes)
    return replace(made, unhidden=Unhidden(came, came_cut_bytes))


def numbered(count, start=0, every_s=0.5, text="INFO  GET /orders/{n} 200 in 12 ms"):
    return [line(text.format(n=n), n * every_s, 1 + n % 2) for n in range(start, start + count)]


STORY = [
    line("[INFO]  authenticating to https://vault:8200", 480.0, 0),
    line("[WARN]  lookup-self: bad token", 480.4, 0),
    line("[ERROR] GET /v1/secret/data/orders: 403", 481.118, 0),
    line("[FATAL] no secrets, giving up", 481.12, 0),
    line("restarted: exit 1 Error (5th)", 482.0, 0, LineKind.MARK),
    line("INFO  GET /orders/17 200 in 12 ms", 482.5),
    line('{"level":"warn","msg":"slow query","took_s":1.2,"trace":"8c1d"}', 483.004),
    line("ERROR order 17 could not be stored", 483.2),
    line("java.lang.IllegalStateException: no connection", 483.2),
    line("    at com.example.Orders.store(Orders.java:88)", 483.2),
    line("    at com.example.Orders.put(Orders.java:41)", 483.2),
    line("Caused by: java.net.ConnectException: refused", 483.2),
    line("    at java.net.Socket.connect(Socket.java:606)", 483.2),
    line("12,304 lines skipped here", 484.0, 1, LineKind.SKIPPED),
    line("DEBUG pool: 3 of 10 in use", 484.2, 2),
    line("2025-11-22T09:35:14.500Z INFO  proxied GET /orders/18", 484.5, 2),
    line("INFO  x" * 60, 485.0),
]

HOSTILE = [
    line("[/x] [bold]not markup[/] [link=https://x]x[/]", 1),
    line("\ufffd]0;title\ufffd what was an escape", 2),
    line("\u05e9\u05dc\u05d5\u05dd right to left", 3),
    line("\U0001f525\U0001f525 emoji \U0001f469\u200d\U0001f4bb", 4),
    line("\u6f22\u5b57\u4ed8\u304d\u306e\u884c " * 40, 5),
    line("x" * 300, 6),
    line("y" * 16_384, 7, cut_bytes=1_000_000 - 16_384),
    line("", 8),
    line('{"level":"error","msg":"\\u001b[2J\\u001b]0;gone\\u0007 [/x]","password":"hunter2"}', 9),
]


class HandFollower:
    """Gives the lines that a test hands it, which name their origins by their places in ``origins``."""

    def __init__(self, selection, lines=(), origins=ORIGINS, status=None):
        known = getattr(selection, "known", ())
        self.selection, self.origins = selection, list(dict.fromkeys([*known, *origins]))
        self._places = [self.origins.index(each) for each in origins]
        self._lines = []
        self.give(*lines)
        self.now = status or FollowStatus(open=len(self.origins), found=True, listed=True)
        self.started = self.closed = False
        self.asked = []
        self.older_lines, self.whole_text, self.problem = [], "", None
        self.may_answer = threading.Event()
        self.may_answer.set()

    def start(self):
        self.started = True

    def give(self, *lines):
        places = dict(enumerate(self._places))
        self._lines += [replace(each, origin=places.get(each.origin, each.origin)) for each in lines]

    def take(self, limit):
        assert not self.closed, "a log that was closed is not read any more"
        taken, self._lines = self._lines[:limit], self._lines[limit:]
        return taken

    def wait(self, timeout_s):
        """Never waits."""

    def status(self):
        return self.now

    def older(self, before_ns, origins, limit, wanted=None):
        self.asked.append(("older", before_ns, tuple(origins), wanted, threading.current_thread().name))
        assert self.may_answer.wait(30)
        if self.problem is not None:
            raise self.problem
        return self.older_lines

    def whole(self, line, *, redact=True):
        self.asked.append(("whole", line, threading.current_thread().name, redact))
        assert self.may_answer.wait(30)
        if self.problem is not None:
            raise self.problem
        return self.whole_text

    def close(self):
        self.closed = True


class HandDoors:
    """Opens hand-made followers: each with the lines that ``script`` has for its selection."""

    def __init__(self, lines=STORY, **more):
        self.lines, self.more = lines, more
        self.make = HandFollower
        self.opened = []
        self.threads = []
        self.problem = None
        self.may_open = threading.Event()
        self.may_open.set()

    @property
    def last(self):
        return self.opened[-1]

    def pods(self, selection):
        return self._open(selection)

    def console(self, job, build):
        return self._open((job, build))

    def _open(self, selection):
        self.threads.append(threading.current_thread())
        assert self.may_open.wait(30)
        if self.problem is not None:
            raise self.problem
        lines = self.lines(selection) if callable(self.lines) else self.lines
        self.opened.append(self.make(selection, lines, **self.more))
        return self.opened[-1]
