"""Log lines as readers get them, and what a follower of logs can do; pure, so that a screen may import it.

A line's text was made harmless at the edge: cleaned, redacted unless asked not to, bounded in length.
"""

import enum
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from statusdesk.job_names import shown_build

MAX_LINE_BYTES = 16 * 1024
DEFAULT_TAIL = 200
MISSING = "lines may be missing"
"""Stands in every mark of a place where it is not known whether lines are missing."""
DEFAULT_STREAMS = 40
LOOPS_S = 600
"""So long after a crash a container may be in a loop still. Source: the kubelet's MaxContainerBackOff, twice."""
CUT_TEXT = "older lines of this run are not here"
CUT_UNREAD = f"{CUT_TEXT}, and {MISSING} of while it waited for a stream"


class LineKind(enum.IntEnum):
    """What a line of a follower is."""

    LINE = 0  # what a container or a build has written
    MARK = 1  # what happened here: joined, waiting, restarted, ended, left; the text says it
    SKIPPED = 2  # lines are missing here; the text says how many
    CUT = 3  # here a log begins of which only the last lines were asked for, and there are older ones


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where lines come from: a container of a pod, or a build of a job. A line holds its index in ``origins``.

    ``place`` is what stands before the pod's name wherever that is told, as far as it takes to tell pods apart that may
    have the same name: ``cluster/namespace/`` where there are several clusters, ``namespace/`` where only these differ.
    """

    cluster: str = ""
    namespace: str = ""
    pod: str = ""
    container: str = ""
    init: bool = False
    previous: bool = False
    job: str = ""
    build: int | None = None
    place: str = ""

    @property
    def told_pod(self) -> str:
        """What tells its pod from others."""
        return f"{self.place}{self.pod}"

    @property
    def short(self) -> str:
        """What tells it from others before a line: ``pod/container`` behind its place, or ``job #build``."""
        if self.job:
            return shown_build(self.job, self.build)
        return f"{self.told_pod}/{self.container}"


class Unhidden:
    """The text of a line with what looks like a secret, beside the one without; ``cut_bytes`` as those of the line.

    It cannot be encoded, and a traceback that tells the values of variables does not tell its text.
    """

    __slots__ = ("cut_bytes", "text")

    def __init__(self, text: str, cut_bytes: int = 0) -> None:
        self.text, self.cut_bytes = text, cut_bytes


class LogLine(msgspec.Struct, frozen=True, gc=False):
    """One line. ``at_ns`` is nanoseconds of UTC, 0 where the source tells no time.

    ``cut_bytes`` is how much of a line was left out at its end because it is too long; ``whole`` gets it.
    ``unhidden`` is there where something is hidden in it and the reader may ask to see that.
    """

    at_ns: int
    origin: int
    text: str
    kind: int = 0
    cut_bytes: int = 0
    unhidden: Unhidden | None = None

    @property
    def full_text(self) -> str:
        """Its text with what is hidden in it, as far as that is here."""
        return self.text if self.unhidden is None else self.unhidden.text

    @property
    def revealed(self) -> "LogLine":
        """The line with what is hidden in it for its text."""
        unhidden = self.unhidden
        if unhidden is None:
            return self
        return LogLine(self.at_ns, self.origin, unhidden.text, self.kind, unhidden.cut_bytes)

    @property
    def tells_missing(self) -> bool:
        """Whether it says that lines are missing here, or may be."""
        return self.kind == LineKind.SKIPPED or (self.kind == LineKind.MARK and MISSING in self.text)


class NotWholeError(Exception):
    """The rest of a line that was cut cannot be had; says why."""


class NotOpenError(Exception):
    """Nothing can be asked for yet of what there was before; says why."""


class PartlyReadError(Exception):
    """Some origins could not be read; ``lines`` are those of the others, ``unread`` the indexes of these. Says why."""

    def __init__(self, why: str, lines: "list[LogLine]", unread: frozenset[int]) -> None:
        super().__init__(why)
        self.lines, self.unread = lines, unread


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Whose logs: all pods of an app in a namespace, or the pods named (names or globs; both: those of the app)."""

    cluster: str
    namespace: str
    app: str = ""
    pods: tuple[str, ...] = ()


Area = tuple[str, str]
"""(cluster, namespace)"""


class SoFar(msgspec.Struct, frozen=True, kw_only=True):
    """What a follower of what fails goes by, for the next one to go on with.

    ``there`` are, of each place, the uids of the pods that were there at the beginning; a place of which nothing is
    said is one not looked at. ``pods`` are followed, as (cluster, uid), and in them also the containers that have
    ``failed`` since, as (cluster, uid, name).
    """

    there: Mapping[Area, frozenset[str]] = msgspec.field(default_factory=dict)
    pods: frozenset[tuple[str, str]] = frozenset()
    failed: frozenset[tuple[str, str, str]] = frozenset()


class Failing(msgspec.Struct, frozen=True, kw_only=True):
    """What of the logs matters while rollouts fail: the pods that stand in the way, and the containers in them.

    The pods of ``targets`` are those named, and of those whose names fit a glob what does not serve at the beginning.
    ``workloads`` are the failing ones, as (cluster, namespace, kind, name): a pod of theirs that was not there at the
    beginning takes the place of others. Where they were followed before, it goes on as it was ``so_far``.
    """

    targets: tuple[Target, ...]
    containers: tuple[str, ...] = ()
    workloads: tuple[tuple[str, str, str, str], ...] = ()
    so_far: SoFar = SoFar()

    @property
    def words(self) -> str:
        return ", ".join(self.containers or (target.pods[0] for target in self.targets))


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How the texts of lines are made."""

    redact: bool = True
    revealable: bool = False  # where something is hidden, the text with it is kept beside
    colours: bool = False  # keep SGR colours in the text; all other control sequences go in any case


MASKED = Manner()


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What to follow, and from when on.

    With ``failing`` of the targets only that is followed, what takes its place, and what fails later.
    """

    targets: tuple[Target, ...]
    containers: tuple[str, ...] = ()  # names or globs; empty: all
    init: bool = False  # init containers too; otherwise only those that a pod still waits for
    previous: bool = False  # the log of the run before this one, which is not followed
    since_ms: int | None = None  # a moment in milliseconds of UTC
    tail: int | None = DEFAULT_TAIL  # lines of each container to begin with; None: all since ``since_ms``
    follow: bool = True
    max_streams: int = DEFAULT_STREAMS  # open at a time; what is over waits and is told
    redact: bool = True
    revealable: bool = False
    colours: bool = False
    failing: Failing | None = None
    run_before: bool = False  # the last lines of the run before, too, in front of those of a run that goes on
    patient: bool = False  # a reader that is slow holds the sources up, instead of missing lines
    known: tuple[Origin, ...] = ()  # the first of the follower's origins, whether it reads them or not

    @property
    def manner(self) -> Manner:
        return Manner(redact=self.redact, revealable=self.revealable, colours=self.colours)

    def place(self, cluster: str, namespace: str) -> str:
        """Return what stands before the names of pods there."""
        if any(target.cluster != cluster for target in self.targets):
            return f"{cluster}/{namespace}/"
        return f"{namespace}/" if any(target.namespace != namespace for target in self.targets) else ""


class FollowStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a follower is. ``problems`` are sentences; ``ended`` says that no line will come any more."""

    open: int = 0
    waiting: int = 0
    waiting_for: tuple[str, ...] = ()
    skipped: int = 0
    problems: tuple[str, ...] = ()
    ended: bool = False
    found: bool = False
    """Whether anything to follow was found at all."""
    pods: int | None = None
    """How many pods are followed that are there now; None where it is not known."""
    resting: frozenset[int] = frozenset()
    """Origins whose container waits to be started again: what is read of it is the run before already."""
    single: frozenset[int] = frozenset()
    """Origins of which there is no other run: those that rest, were never restarted, or have gone."""
    unrestarted: bool = False
    """Whether runs before are asked for, and it is known that there never were any."""
    behind: bool = False
    """Whether of what there was at the beginning some has still to come."""
    vacant: tuple[str, ...] = ()
    """Namespaces in which nothing to follow was found, though they could be read."""
    others: int = 0
    """How many pods are there of which nothing fails, where only what fails is followed."""
    so_far: SoFar | None = None
    """Where only what fails is followed: what it goes by."""
    listed: bool = False
    """Whether it was looked for everywhere, once; before that nothing found means nothing."""
    unread: tuple[str, ...] = ()
    """What has a log that was not opened because no stream was free for it."""


class Wanted(Protocol):
    """Which lines are looked for."""

    def of_one(self) -> Callable[[LogLine], bool]:
        """Return what says it of the lines of one log, which it is given in their order. It may raise TooLongError."""


class LogFollower(Protocol):
    """What follows logs. ``take`` and ``status`` never wait; ``older`` and ``whole`` do, for a thread of their own."""

    @property
    def origins(self) -> Sequence[Origin]:
        """Where lines come from; it only grows."""

    def start(self) -> None:
        """Begin to follow; returns at once."""

    def take(self, limit: int) -> list[LogLine]:
        """Return the next lines of all origins, merged by time, as of a short moment ago."""

    def wait(self, timeout_s: float) -> None:
        """Return as soon as there may be something to take."""

    def status(self) -> FollowStatus:
        """Return how it goes."""

    def older(
        self, before: int, origins: Collection[int], limit: int, wanted: Wanted | None = None, /
    ) -> list[LogLine]:
        """Return the last lines before a moment that are wanted (None: all), asking the sources again.

        ``before`` is in nanoseconds of UTC; of a console, which has no times, it is how many of its lines come before.
        ``origins`` are indexes; none means all.

        Raises: NotOpenError where it is still to come what there is, and would come twice; PartlyReadError.
        """

    def whole(self, line: LogLine, *, redact: bool = True) -> str:
        """Return all of a line that was cut, with or without what looks like a secret, as its text is given here.

        Raises: NotWholeError where it cannot be had any more.
        """

    def close(self) -> None:
        """End all; returns at once."""
