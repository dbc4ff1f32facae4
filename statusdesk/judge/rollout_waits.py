"""How long a pod may take for a step before it is slow: by what is usual, and by what its containers ask for.

Source: the early signals of a rollout: an init container three times as long as is usual for the app; readiness by
``initialDelaySeconds`` and ``periodSeconds`` × ``failureThreshold`` of its probes; an image that is being pulled.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from statusdesk.config import RolloutThresholds
from statusdesk.facts import ContainerRole, Event, LogTail, Pod, Workload
from statusdesk.states import RolloutState

INIT_TIMES = 3
_APP = ContainerRole.APP
LATEST_LINES = 20  # what a container said before has been overcome since
MOST_CHARS = 200
_PULL_ENDS = ("Pulled", "Failed", "BackOff")
_IMAGE = re.compile(r'"([^"]+)"')
_REFUSED = re.compile(
    r"permission denied|\b(?:code|status|error|https?\S*)\W+40[13]\b|forbidden|unauthorized"
    r"|bad token|invalid token|connection refused|no such host",
    re.IGNORECASE,
)


class Pull(msgspec.Struct, frozen=True, gc=False):
    """The newest pull for a pod: of which image, when it began, and when it ended (None: it goes on)."""

    image: str
    at_ms: int
    ended_ms: int | None = None


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of how long things take: ``init_ms`` by init container, ``ready_s`` by container, ``pulls`` by
    pod (its uid, or its name), ``refusals``: what a running init container (pod's uid, name) says that it is refused.
    """

    init_ms: Mapping[str, int] = {}
    ready_s: Mapping[str, int] = {}
    pulls: Mapping[str, Pull] = {}
    refusals: Mapping[tuple[str, str], str] = {}

    def pull_of(self, pod: Pod) -> Pull | None:
        """Return the newest pull for a pod, as far as events tell it."""
        return (self.pulls.get(pod.uid) or self.pulls.get(pod.name)) if self.pulls else None

    def limits_s(
        self, step: str, container: str, thresholds: RolloutThresholds, deadline_s: float
    ) -> tuple[float, float]:
        """Return after how many seconds a step is warned of, and after how many it fails.

        What is known to take longer than usual has its time, and fails at the same share of what is left then.
        """
        share = thresholds.never_ready_deadline_share
        usual_s = thresholds.init_running_s if step == "InitRunning" else thresholds.never_ready_warn_s
        longer_s = 0.0
        if step == "InitRunning":
            longer_s = max(INIT_TIMES * self.init_ms.get(container, 0) / 1000, self.ready_s.get(container, 0))
        elif step == "NeverReady":
            longer_s = self.ready_s.get(container, 0)
        elif step == "Pulling":
            longer_s = deadline_s * share
        if longer_s <= usual_s:
            return min(usual_s, deadline_s * share / 2), deadline_s * share
        if longer_s < deadline_s * share:
            return longer_s, deadline_s * share
        return longer_s, longer_s + max(0.0, deadline_s - longer_s) * share


def waits_of(
    workload: Workload, pods: Sequence[Pod], events: Sequence[Event], before: RolloutState | None, tail: LogTail | None
) -> Waits:
    """Return what is known of a workload; ``tail`` is what a container that is waited for said last."""
    if not events and tail is None and not workload.ready_s:
        return Waits(init_ms=usual_init_ms(pods, before))
    refusal = refusal_in(tail.lines) if tail is not None else ""
    return Waits(
        init_ms=usual_init_ms(pods, before),
        ready_s=dict(workload.ready_s) if workload.ready_s else {},
        pulls=pulls_for(events) if events else {},
        refusals={(tail.pod_uid, tail.container): refusal} if tail is not None and refusal else {},
    )


def usual_init_ms(pods: Iterable[Pod], before: RolloutState | None) -> Mapping[str, int]:
    """Return how long each init container takes: the median of the pods that are ready, else what was known before."""
    found: dict[str, list[int]] = {}
    for pod in pods:
        if pod.ready:
            for container in pod.containers:
                if container.role is _APP:
                    break  # init containers come first
                if container.ran_ms is not None:
                    found.setdefault(container.name, []).append(container.ran_ms)
    if not found:
        return dict(before.init_ms) if before is not None else {}
    return {name: _median(found[name]) for name in sorted(found)}


def _median(times_ms: list[int]) -> int:
    """Return the median, rounded as ``round`` does it; a few numbers at a time, very often."""
    middle, is_odd = divmod(len(times_ms), 2)
    times_ms.sort()
    return times_ms[middle] if is_odd else round((times_ms[middle - 1] + times_ms[middle]) / 2)


def pulls_for(events: Sequence[Event]) -> Mapping[str, Pull]:
    """Return the newest pull for each pod that events tell of."""
    found: dict[str, Pull] = {}
    ends: dict[tuple[str, str], int] = {}
    for event in events:
        named = _IMAGE.search(event.message) if event.object_kind == "Pod" else None
        if named is None or event.last_ms is None:
            continue
        about = event.object_uid or event.object_name
        if event.reason == "Pulling":
            known = found.get(about)
            if known is None or event.last_ms > known.at_ms:
                found[about] = Pull(named[1], event.last_ms)
        elif event.reason in _PULL_ENDS:
            ends[about, named[1]] = max(ends.get((about, named[1]), 0), event.last_ms)
    for about, pull in found.items():
        ended_ms = ends.get((about, pull.image))
        if ended_ms is not None and ended_ms >= pull.at_ms:
            found[about] = Pull(pull.image, pull.at_ms, ended_ms)
    return found


def refusal_in(lines: Sequence[str]) -> str:
    """Return the last line in which a container says that it is refused, if it has said so lately; else nothing."""
    for line in reversed(lines[-LATEST_LINES:]):
        if _REFUSED.search(line):
            return line.strip()[:MOST_CHARS]
    return ""
