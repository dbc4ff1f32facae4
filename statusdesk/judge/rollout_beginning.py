"""Since when a rollout that is seen for the first time has been in trouble, by the evidence that there is of it."""

from collections.abc import Iterable, Sequence

from statusdesk.facts import Pod, Workload
from statusdesk.judge.pods import condition_of, is_live
from statusdesk.judge.rollout_counts import DEGRADED, PAUSED_LONG, paused_ms
from statusdesk.states import TROUBLED, RolloutState

_FAILED = ("ReplicaFailure", "Failed", "FailureTarget")  # the last two of Jobs


def trouble_began_ms(workload: Workload, pods: Sequence[Pod], state: RolloutState, now_ms: int) -> int | None:
    """Return since when, never later than now; None when the rollout is in no trouble or nothing tells.

    First the pod that the verdict names tells: since when it should have ended, is not ready, or exists. Then the
    condition by which the controller gave up. Then, of a service, since when it is not available; else the beginning
    of the rollout.
    """
    if state.level not in TROUBLED:
        return None
    if state.reason == PAUSED_LONG:
        last: Iterable[int | None] = [paused_ms(workload), state.started_ms]
    else:
        last = _of_outage(workload, pods) if state.reason.startswith(DEGRADED) else [state.started_ms]
    moments = [*_of_pod(state.pod, pods), *_of_conditions(workload), *last]
    first = next((moment for moment in moments if moment), None)
    return None if first is None else min(first, now_ms)


def _of_pod(name: str, pods: Sequence[Pod]) -> Iterable[int | None]:
    for pod in pods:
        if name and pod.name == name:
            yield pod.deleting_ms
            if not pod.ready:
                yield pod.ready_changed_ms
            yield pod.created_ms


def _of_conditions(workload: Workload) -> Iterable[int | None]:
    for condition in workload.conditions:
        gave_up = condition.type == "Progressing" and condition.status == "False"
        if gave_up or (condition.type in _FAILED and condition.status == "True"):
            yield condition.changed_ms
            yield condition.updated_ms


def _of_outage(workload: Workload, pods: Sequence[Pod]) -> Iterable[int | None]:
    """Yield since when a service is down, which has nothing to do with when its rollout began."""
    available = condition_of(workload, "Available")
    if available is not None and available.status == "False":
        yield available.changed_ms
    elif available is None and not workload.available:
        yield max((pod.ready_changed_ms or 0 for pod in pods if is_live(pod) and not pod.ready), default=None)
