"""What a rollout's facts do not tell by themselves and only who has watched knows: changes, deltas, since when.

Kept from one verdict to the next by who asks for them, never stored: without it a verdict rests on what is seen now.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from statusdesk.config import RolloutThresholds
from statusdesk.facts import ContainerRole, Pod

SETTLE_MS = 5000  # a pod becomes unready once while it is made; a change later than this was one of its own
MOST_MOMENTS = 20
LONG_RUN_MS = 600_000  # one that has run for so long is in no crash loop: the kubelet's back-off begins anew


class Lasts(NamedTuple):
    """Something that lasts from one verdict to the next: each is declared once, where it is asked for.

    ``only_seen``: nothing but that it was seen to last tells since when, so that a time in which nobody could look does
    not count. What has a time of its own, of which a pod or a condition tells, lasts all the same.
    ``whom``: what it is about, where a workload has several of it.
    """

    what: str
    only_seen: bool = False
    whom: str = ""

    def of(self, whom: str) -> "Lasts":
        """Return the same about one of them."""
        return self._replace(whom=whom)


class PodPast(msgspec.Struct, frozen=True, gc=False):
    """A pod as it was seen before: when its readiness changed, and when which container was started again.

    ``longest``: the longest run, in milliseconds, of each container that ended since it last ran for long.
    """

    name: str
    uid: str
    ready: bool
    ready_changed_ms: int | None
    flips_ms: tuple[int, ...] = ()
    restarts: tuple[tuple[str, int], ...] = ()
    restarted: tuple[tuple[str, int], ...] = ()
    longest: tuple[tuple[str, int], ...] = ()

    def restarts_of(self, container: str, since_ms: int) -> int:
        """Return how often a container was seen to be started again since then."""
        return sum(1 for name, at_ms in self.restarted if name == container and at_ms >= since_ms)

    def longest_run_ms(self, container: str) -> int:
        """Return how long a container has run at most between two ends, 0 where that is not known."""
        return max((ran_ms for name, ran_ms in self.longest if name == container), default=0)


class Named(msgspec.Struct, frozen=True):
    """The pod that a failing verdict names, and the uids of those that were there when it was seen last."""

    pod: str
    uid: str = ""
    beside: frozenset[str] = frozenset()


class Memory(msgspec.Struct, frozen=True):
    """``completed`` and ``scaling`` hold for the revision; ``since`` is when something that still lasts began.

    ``owed``: how many pods a service that is scaled was to have before, and still is.
    ``pulls``: of (container, image), why it cannot be pulled. ``named``: the pod that the verdict names, if it fails.
    """

    revision: str
    completed: bool = False
    scaling: bool = False
    since: tuple[tuple[Lasts, int], ...] = ()
    pods: tuple[PodPast, ...] = ()
    owed: int = 0
    pulls: tuple[tuple[tuple[str, str], str], ...] = ()
    named: Named | None = None


def after_dark(memory: Memory, dark_ms: int) -> Memory:
    """Return what is remembered where nobody could look for a while: for that long nothing was seen to last."""
    since = [(lasts, at_ms + dark_ms if lasts.only_seen else at_ms) for lasts, at_ms in memory.since]
    return msgspec.structs.replace(memory, since=tuple(since))


def pasts_of(
    memory: Memory | None, pods: Sequence[Pod], thresholds: RolloutThresholds, now_ms: int
) -> Mapping[str, PodPast]:
    """Return the past of every pod that has one worth keeping, the present moment included."""
    known = {past.name: past for past in memory.pods} if memory is not None and memory.pods else {}
    flips_from_ms = now_ms - int(thresholds.flap_window_s * 1000)
    restarts_from_ms = now_ms - int(thresholds.restart_window_s * 1000)
    found: dict[str, PodPast] = {}
    for pod in pods:
        counts = _counts(pod)
        if pod.ready and not counts and not known:
            continue
        past = known.get(pod.name)
        if past is None or past.uid != pod.uid:
            if pod.ready and not counts:
                continue
            past = _next(None, pod, now_ms)
        elif past.ready is not pod.ready or past.ready_changed_ms != pod.ready_changed_ms or past.restarts != counts:
            past = _next(past, pod, now_ms)
        if past.flips_ms or past.restarted:
            past = _forget(past, flips_from_ms, restarts_from_ms)
        if not pod.ready or past.flips_ms or past.restarts:
            found[pod.name] = past
    return found


def _counts(pod: Pod) -> tuple[tuple[str, int], ...]:
    for container in pod.containers:
        if container.restarts:
            return tuple([(c.name, c.restarts) for c in pod.containers if c.restarts])
    return ()


def _next(past: PodPast | None, pod: Pod, now_ms: int) -> PodPast:
    at_ms = now_ms if pod.ready_changed_ms is None else pod.ready_changed_ms
    flips: tuple[int, ...] = ()
    before: dict[str, int] = {}
    if past is not None:
        before = dict(past.restarts)
        if past.ready is not pod.ready:
            flips = (*past.flips_ms, at_ms)
        elif past.ready_changed_ms is not None and past.ready_changed_ms != pod.ready_changed_ms:
            # it changed twice while nobody looked, if it can have been ready
            flips = past.flips_ms if _has_just_begun(pod, at_ms) else (*past.flips_ms, at_ms, at_ms)
        else:
            flips = past.flips_ms
    elif not pod.ready:
        made_ms = max(pod.scheduled_changed_ms or 0, pod.created_ms or 0)
        flips = (at_ms,) if made_ms and at_ms > made_ms + SETTLE_MS else ()
    restarted = list(past.restarted) if past is not None else []
    for container in pod.containers:
        if not container.restarts:
            continue
        if container.role is ContainerRole.INIT and container.last_exit_code == 0:
            continue  # it ended well, and runs again because the pod's sandbox was made anew
        # of what happened before we looked only the last end has a time
        more = container.restarts - before.get(container.name, 0) if past is not None else 1
        ended_ms = container.last_finished_ms or (now_ms if past is not None else 0)
        restarted += [(container.name, ended_ms)] * max(0, min(more, MOST_MOMENTS))
    return PodPast(
        pod.name,
        pod.uid,
        pod.ready,
        pod.ready_changed_ms,
        flips[-MOST_MOMENTS:],
        _counts(pod),
        tuple(restarted[-MOST_MOMENTS:]),
        tuple(_longest(past, pod)),
    )


def _longest(past: PodPast | None, pod: Pod) -> Iterator[tuple[str, int]]:
    for container in pod.containers:
        ran_ms = container.last_ran_ms
        if ran_ms is not None and ran_ms < LONG_RUN_MS:
            yield container.name, max(ran_ms, past.longest_run_ms(container.name) if past is not None else 0)


def _has_just_begun(pod: Pod, ready_changed_ms: int) -> bool:
    """Return whether a container has not run before the readiness changed, so that the pod was not ready before."""
    return any(
        not one.restarts and (one.state == "waiting" or (one.since_ms is not None and one.since_ms >= ready_changed_ms))
        for one in pod.containers
        if one.role is ContainerRole.APP
    )


def _forget(past: PodPast, flips_from_ms: int, restarts_from_ms: int) -> PodPast:
    """Drop what has happened before the windows that are looked at."""
    if not past.restarted and min(past.flips_ms) > flips_from_ms:
        return past
    flips = tuple([at_ms for at_ms in past.flips_ms if at_ms > flips_from_ms])
    restarted = tuple([entry for entry in past.restarted if entry[1] > restarts_from_ms])
    if len(flips) == len(past.flips_ms) and len(restarted) == len(past.restarted):
        return past
    return msgspec.structs.replace(past, flips_ms=flips, restarted=restarted)
