"""What is found at a rollout, and what its pods are held against."""

from collections.abc import Iterable, Mapping

import msgspec

from statusdesk.config import RolloutThresholds
from statusdesk.judge.rollout_memory import Lasts, Named, PodPast
from statusdesk.judge.rollout_pulls import Pulls
from statusdesk.judge.rollout_waits import Waits
from statusdesk.states import Level, RolloutState

UNLIMITED_S = 2**31 - 1  # progressDeadlineSeconds of MaxInt32 means no deadline
USUAL_DEADLINE_S = 600.0  # Kubernetes' default; ours where a workload has none
LOST = "NodeLost"
_SEVERITY = {Level.FAILING: 0, Level.WARNING: 1, Level.UNKNOWN: 2}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A level with its reason and sentence; about a pod and container where these are named.

    ``crash`` tells a container that ends from one that cannot start: only the first may look well between two ends.
    ``fails_ms`` is when a warning becomes failing if nothing changes, None where time alone does not decide.
    ``says_where``: the sentence ends in the name of the pod. ``is_out``: nobody is served beside it, and for long.
    ``held``: it was found earlier, and nothing tells that it is over. ``found``: what the sentence begins with, where
    the rest of it changes while that is held.
    """

    level: Level
    reason: str
    message: str = ""
    look: str = ""
    pod: str = ""
    container: str = ""
    exit_code: int | None = None
    role: int = 9
    crash: bool = False
    fails_ms: int | None = None
    says_where: bool = False
    is_out: bool = False
    held: bool = False
    found: str = ""

    @property
    def order(self) -> tuple[int, int, str, str, str]:
        """Worst first, init containers before others, then by name, so that the order of pods does not matter."""
        return (_SEVERITY.get(self.level, 3), self.role, self.pod, self.container, self.reason)


class Scene(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a pod is held against. ``progress_ms``: last progress of the rollout; ``looks`` collects moments in the
    future at which time alone changes the verdict, ``since`` what lasts from one verdict to the next (``known_since``:
    what lasted at the previous one). ``scaled_up_ms``: when a node was ordered for a pod. ``pulls``: why images cannot
    be pulled, ``waits``: how long things may take. ``ends``: the pods of a Job are to end, and need not be ready.
    ``all_ready``: the workload counts every pod as ready, so that one seen otherwise was seen earlier (pods may be
    polled beside a workload that is watched). ``lost``: pods that went with a node. ``named``: of a failing verdict."""

    now_ms: int
    thresholds: RolloutThresholds
    rolling: bool
    started_ms: int | None
    progress_ms: int | None
    deadline_s: float
    latch_ms: int
    looks: list[int]
    since: dict[Lasts, int]
    known_since: Mapping[Lasts, int]
    pasts: Mapping[str, PodPast]
    scaled_up_ms: Mapping[str, int]
    pulls: Pulls
    waits: Waits
    ends: bool = False
    all_ready: bool = False
    lost: frozenset[str] = frozenset()
    named: Named | None = None

    def lasts_since(self, what: Lasts, first_ms: int) -> int:
        """Return since when something lasts that no source has a time for; ``first_ms`` when it is new."""
        since_ms = self.since[what] = self.known_since.get(what, first_ms)
        return since_ms

    def reached(self, moment_ms: int) -> bool:
        """Return whether that moment has come; if not, remember to look again then."""
        if moment_ms <= self.now_ms:
            return True
        self.looks.append(moment_ms)
        return False

    def fails_at(self, moment_ms: int) -> tuple[Level, int | None]:
        """Return failing once that moment has come, and before it a warning with the moment."""
        return (Level.FAILING, None) if self.reached(moment_ms) else (Level.WARNING, moment_ms)


def as_before(before: RolloutState) -> Finding:
    """Return what was found last, for as long as nothing tells that it is over."""
    return Finding(
        level=before.level,
        reason=before.reason,
        message=before.message,
        look=before.look,
        pod=before.pod,
        container=before.container,
        exit_code=before.exit_code,
        held=True,
        found=before.found,
    )


def worst(findings: Iterable[Finding | None]) -> Finding | None:
    """Return the worst of the findings, None when there is none."""
    return min((f for f in findings if f is not None), key=lambda f: f.order, default=None)
