"""Pods of the old revision that fail while a new one comes: what they hold up, and what is left of the service."""

from collections.abc import Collection, Sequence

import msgspec

from statusdesk.facts import Pod
from statusdesk.judge.pods import condition_of, is_live
from statusdesk.judge.rollout_counts import OBSERVING, OLD_POD_BLOCKS, was_down
from statusdesk.judge.rollout_findings import of_pod
from statusdesk.judge.rollout_held import BESIDE
from statusdesk.judge.rollout_latch import is_settled
from statusdesk.judge.rollout_memory import SETTLE_MS
from statusdesk.judge.rollout_scene import Finding, Scene, as_before, worst
from statusdesk.judge.rollout_subject import Rollout
from statusdesk.states import Level, RolloutState
from statusdesk.text import counted

_FAIL = "OldPodsFail"
_WAITING = ("Rolling", "Stalled", "NoPods", OBSERVING)  # what is said of a rollout at whose new pods nothing is found
_DOWN = "the service is down until the new ones are ready"


def of_old_pods(rollout: Rollout, pods: Sequence[Pod], scene: Scene) -> Finding | None:
    """Return what is wrong with the old revision's ``pods`` while a new one comes, where the service lacks them.

    A StatefulSet replaces pods in order and waits for each: a broken old pod holds up its own mending until somebody
    deletes it. While some pods serve that is a warning, as whatever is wrong with pods of the old revision is; where
    none does, nothing comes by itself and nobody is served: the rollout fails.
    Source: "Forced rollback" of the documentation of StatefulSets; ``updateStatefulSet`` of their controller.
    """
    ordered = rollout.workload.kind == "StatefulSet" and not rollout.workload.is_parallel
    if not ordered and not _is_short(rollout):
        return None
    old = _old(rollout, pods) if ordered else _missed(rollout, pods)
    found = _failing(old, scene)
    broken = worst(found)
    if broken is None:
        return None
    out = ordered and _serves_nobody(rollout, [each.pod for each in found])
    tail = _blocking(broken.pod, out) if ordered else _left(rollout, len(found), len(old))
    link = "is of the old revision and" if ordered else "is of the old revision,"
    said = f"{broken.message}; {'it' if broken.says_where else f'pod {broken.pod}'} {link}"
    return Finding(
        level=Level.FAILING if out else Level.WARNING,
        reason=OLD_POD_BLOCKS if ordered else _FAIL,
        message=f"{said} {tail}",
        found=said,
        look=f"delete pod {broken.pod} by hand" if ordered else broken.look,
        pod=broken.pod,
        container=broken.container,
        exit_code=broken.exit_code,
        is_out=out and _was_out(rollout.before),
    )


def still_blocked(rollout: Rollout, scene: Scene) -> Finding | None:
    """Return the old pod that holds up a StatefulSet of which nobody is served, though its new spec is not observed.

    Whatever that is, all pods are of a revision before, and the controller will wait for the broken one.
    """
    if rollout.workload.kind != "StatefulSet" or rollout.held:
        return None
    all_old = msgspec.structs.replace(rollout, pods=(), revision="")
    found = of_old_pods(all_old, rollout.all_pods, scene)
    return found if found is not None and found.level is Level.FAILING else None


def _serves_nobody(rollout: Rollout, broken: Collection[str]) -> bool:
    """Return whether no pod is ready but broken ones between two of their ends, if any."""
    workload = rollout.workload
    if max(workload.ready, workload.available) > len(broken):
        return False
    return not any(pod.ready and is_live(pod) and pod.name not in broken for pod in rollout.all_pods)


def _was_out(before: RolloutState | None) -> bool:
    """Return whether the service was down, or went down under way: it is so for as long as what is to mend it waits."""
    return was_down(before) or (before is not None and before.is_out)


def hold_old(finding: Finding, before: RolloutState | None, rollout: Rollout, scene: Scene) -> Finding:
    """Return the finding, or that of before about a pod of the old revision which has not been shown to be well.

    ``before`` is of the same revision. Between two ends such a pod runs for a while, and is no better for that; it is
    told of only for as long as the service lacks it.
    """
    if before is None or before.reason not in (OLD_POD_BLOCKS, _FAIL) or finding.reason not in _WAITING:
        return finding
    named = next((pod for pod in rollout.all_pods if pod.name == before.pod and is_live(pod)), None)
    if named is None or named.revision == rollout.revision or is_settled(named, scene):
        return finding
    held = as_before(before)
    if before.reason == OLD_POD_BLOCKS:
        tail = _blocking(named.name, _serves_nobody(rollout, [named.name]))
        message = f"{before.found} {tail}" if before.found else before.message
        return msgspec.structs.replace(held, message=message, is_out=before.is_out)
    if not _is_short(rollout):
        return finding
    old = _old(rollout, rollout.all_pods)
    left = _left(rollout, max(1, len(_failing(old, scene))), len(old))
    if not before.message.endswith(left):
        held = msgspec.structs.replace(held, message=f"pod {named.name} is of the old revision and has failed, {left}")
    return held


def with_old(finding: Finding, rollout: Rollout, scene: Scene) -> Finding:
    """Return a failing rollout together with what fails of the old revision beside it."""
    if scene.ends or finding.reason == OLD_POD_BLOCKS:
        return finding  # a Job has no old ones, and of that it is told already
    said = finding.message.partition(BESIDE)[0]  # as it was held
    old = _old(rollout, rollout.all_pods)
    found = _failing(old, scene) if finding.level is Level.FAILING and scene.rolling else []
    broken = worst(found)
    if broken is not None:
        verb = "fails" if len(found) == 1 else "fail"
        said += f"{BESIDE}{len(found)} of {counted(len(old), 'pod')} {verb}, too: {broken.message}"
    return finding if said == finding.message else msgspec.structs.replace(finding, message=said)


def _old(rollout: Rollout, pods: Sequence[Pod]) -> list[Pod]:
    return [pod for pod in pods if pod.revision != rollout.revision and is_live(pod)]


def _failing(old: Sequence[Pod], scene: Scene) -> list[Finding]:
    served = msgspec.structs.replace(scene, rolling=False)  # they have come through
    found = (of_pod(pod, served) for pod in old)
    return [each for each in found if each is not None and each.level is Level.FAILING]


def _blocking(pod: str, nobody: bool) -> str:
    """Say what comes of an old pod that stays; ``nobody``: no other one is ready."""
    return f"holds up the rollout{', and no other pod is ready' if nobody else ''}: delete pod {pod} by hand"


def _left(rollout: Rollout, failing: int, old: int) -> str:
    """Say what is left of the service, of which so many old pods fail."""
    if rollout.is_out:
        return _DOWN
    return f"{failing} of {counted(old, 'old pod')} {'fails' if failing == 1 else 'fail'}, {rollout.served}"


def _missed(rollout: Rollout, pods: Sequence[Pod]) -> list[Pod]:
    """Return the old pods that the service has, or had: one that never was ready is what an undo takes away."""
    old = _old(rollout, pods)
    return old if rollout.is_out else [pod for pod in old if pod.ready or _was_ready(pod)]


def _was_ready(pod: Pod) -> bool:
    """Return whether a pod that is not ready was so once: its readiness has changed since it was made."""
    made_ms = max(pod.created_ms or 0, pod.scheduled_changed_ms or 0)
    return pod.ready_changed_ms is not None and pod.ready_changed_ms > made_ms + SETTLE_MS


def _is_short(rollout: Rollout) -> bool:
    """Return whether less is available than must be at least, as a Deployment says itself; of others, nothing."""
    available = condition_of(rollout.workload, "Available")
    return rollout.is_out or (available is not None and available.status == "False")
