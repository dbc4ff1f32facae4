"""One container that is followed: how far it was read, of which run, and what is to be asked for next."""

import datetime
import enum
import time
from urllib.parse import quote

import msgspec

from collectors.log_lane import Lane
from collectors.log_lines import MISSING, Origin, Selection
from collectors.log_merge import Merge
from collectors.log_pods import LogPod, PodContainer, Run
from collectors.log_reading import Position
from collectors.log_text import SECOND_NS
from statusdesk.clock import SAME_CLOCK_MS

LAST_MISSING = f"; its last {MISSING}"
MOST_LEFT = 500
"""Of so many pods that have gone it is known how they were followed: they may be listed again."""


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a follower waits, in seconds; tests make it shorter."""

    first_wait_s: float = 0.2
    longest_wait_s: float = 15.0
    reconnect_s: float = 240.0  # silence after which the stream is opened anew: balancers forget idle connections
    stale_s: float = 2.0  # silence of a stream whose container has ended, before it is opened anew
    refused_s: float = 30.0
    head_s: float = 30.0  # for the head of an answer: a kubelet sends none before there is a line
    poll_s: float = 2.0  # between lists of pods where they cannot be watched
    end_s: float = 3.0  # so long after the end of a run a new one tells it: "restarted", not "ended" before it
    settle_s: float = 1.0  # the API server hears of a restart that much later than the kubelet
    linger_s: float = 0.25  # at most: a small chunk is followed by others, and they are read together


class Outcome(enum.Enum):
    """Why a reader has come to its end."""

    ENDED = "ended"  # the run is over and was read
    WAITS = "waits"  # there is no log yet
    REFUSED = "refused"
    GONE = "gone"
    CLOSED = "closed"


class Track(msgspec.Struct, kw_only=True):
    """One container that is followed, over all its runs."""

    namespace: str
    pod: str
    uid: str
    container: str
    origin: int
    position: Position
    lane: Lane
    run_id: str = ""
    restarts: int = 0
    started_ns: int = 0
    """When its run began, by the clock of its node (ns of UTC); 0: not known."""
    over_id: str = ""
    """The run that had been over for so long when it was seen first that no other one tells its end."""
    done_id: str = ""
    from_start: bool = False
    opened_ms: int | None = None
    tried: bool = False
    """Whether its log was asked for before: by now it may be another run's."""
    read_of: str = ""
    """The run whose lines were the last to be given on; empty: none yet."""
    not_before_s: float = 0.0
    waits_for: str = ""
    run_before: bool = False
    """Whether the last lines of the run before (``last``) are still to be read first."""
    last: Run | None = None
    reads_before: bool = False
    """Whether lines of the run before were given on."""
    torn: bool = False
    """Whether its run may have written what was not read: nothing has told since the last connection that it is all."""
    end: str = ""
    """How its last run has ended, as long as that is not told; then ``end_told``. It was read out at ``end_s``."""
    end_s: float = 0.0
    end_ns: int = 0
    """When that run has ended, by the clock of its lines (ns of UTC)."""
    gone_ns: int = 0
    """When its pod was seen to have gone, by the server's clock (ns of UTC); 0: it has not."""
    end_told: bool = False
    unread: bool = False
    """Whether it waits for a stream to be free."""
    place: str = ""
    """What stands before the name of its pod wherever that is told."""

    @property
    def name(self) -> str:
        return f"{self.place}{self.pod}/{self.container}"

    def log_path(self) -> str:
        return f"/api/v1/namespaces/{quote(self.namespace, safe='')}/pods/{quote(self.pod, safe='')}/log"

    def begins(self, bounded: bool) -> bool:
        """Say whether what is asked for next is the beginning of what is read of a run."""
        return bounded or (not self.position.newest_ns and self.opened_ms is None)

    def read_out(self, ended: Run, now_ns: int) -> None:
        """Take note that its run is over, and that all was read of it that there is."""
        self.end = ended.told + (LAST_MISSING if self.torn else "")
        self.end_s, self.end_ns, self.end_told = time.monotonic(), ended.finished_ns or now_ns, False
        self.done_id = self.run_id

    def tell_end(self, merge: Merge) -> None:
        """Tell how its last run has ended, where nothing has followed it that tells it."""
        if self.end:
            merge.mark(self.lane, f"ended: {self.end}", self.end_ns)
            self.end, self.end_told = "", True

    def query(
        self, selection: Selection, follow: bool, previous: bool, bounded: bool
    ) -> tuple[list[tuple[str, str]], int | None]:
        """Return what to ask for, and of how many last lines; None: all that was not read yet. ``bounded``: a tail.

        Of a tail it is one line more than is wanted, by which it is known whether there are older ones.
        """
        query, tail = [("container", self.container), ("timestamps", "true")], selection.tail
        if follow:
            query.append(("follow", "true"))
        if previous:
            query.append(("previous", "true"))
        since_s = self.position.since_s
        if self.started_ns and self.read_of != self.run_id:
            # the clock may have been set back between two runs, as where a node starts anew
            since_s = min(since_s, self.started_ns // SECOND_NS - 1)
        if since_s:
            query.append(("sinceTime", _rfc3339(since_s)))
            tail = tail if bounded else None
        elif self.from_start:
            tail = None
        elif self.opened_ms is not None and tail is not None:
            # it was open and there was no line: all that comes now is new
            query.append(("sinceTime", _rfc3339((self.opened_ms - SAME_CLOCK_MS) // 1000 - 1)))
            tail = None
        elif selection.since_ms is not None:
            query.append(("sinceTime", _rfc3339(selection.since_ms // 1000)))
        if tail is not None:
            query.append(("tailLines", str(tail + 1 if tail else 0)))
        return query, tail


def new_track(
    selection: Selection, pod: LogPod, container: PodContainer, origin: Origin, index: int, lane: Lane, joined: bool
) -> Track:
    """Return the track of a container of which nothing was read so far; ``joined``: all of it is wanted."""
    return Track(
        namespace=pod.namespace,
        pod=pod.name,
        uid=pod.uid,
        container=container.name,
        origin=index,
        position=Position(),
        lane=lane,
        run_id=container.run_of(selection.previous),
        restarts=container.restarts,
        started_ns=0 if selection.previous else container.started_ns,
        from_start=joined,
        torn=joined,
        run_before=selection.run_before and not joined and container.ended is None,
        last=container.last,
        place=origin.place,
    )


def _rfc3339(second: int) -> str:
    return datetime.datetime.fromtimestamp(second, tz=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
