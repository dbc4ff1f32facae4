"""What only events tell: volumes that cannot be mounted, pods that may not be made, probes that fail.

Source: ``GET /api/v1/events`` about pods and their controllers, looked up for what is not healthy. An event is of the
past; it counts only while what it tells of is still to be seen.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from statusdesk.facts import ContainerRole, Event, Pod, Workload
from statusdesk.judge.rollout_memory import Lasts
from statusdesk.judge.rollout_scene import Finding, Scene, worst
from statusdesk.states import Level

_VOLUMES = {
    "FailedMount": "cannot be mounted",
    "FailedMapVolume": "cannot be mounted",
    "FailedAttachVolume": "cannot be attached",
}
_SANDBOX = ("FailedCreatePodSandBox", "NetworkNotReady")
_MOUNT = Lasts("mount")
_MOUNT_COUNT = 3
_SANDBOX_COUNT = 2
_EARLY_MS = 5000  # clocks of nodes differ, and event times are whole seconds
_KILL_MS = 60_000  # from the probe that failed last to the end: a grace period, which is 30 s where nothing is said
_KILLED = (137, 143)  # by SIGKILL or SIGTERM
_REFUSED_MS = 1_200_000  # controllers try again at least every 17 minutes
_OWNERS = ("ReplicaSet", "StatefulSet", "DaemonSet", "Job")
REFUSED_LOOK = "quota, limits and admission of the namespace"


def scaled_up(events: Iterable[Event]) -> Mapping[str, int]:
    """Return when a cluster autoscaler last ordered a node for which pod."""
    ordered: dict[str, int] = {}
    for event in events:
        if event.reason == "TriggeredScaleUp" and event.last_ms is not None:
            ordered[event.object_name] = max(ordered.get(event.object_name, 0), event.last_ms)
    return ordered


def of_pod_events(pods: Sequence[Pod], events: Sequence[Event], scene: Scene) -> Finding | None:
    """Return the worst that events tell of live pods that are not ready."""
    about: dict[str, list[Event]] = {}
    for event in events:
        if event.object_kind == "Pod" and event.type != "Normal":
            about.setdefault(event.object_name, []).append(event)
    found: list[Finding | None] = []
    for pod in pods:
        told = [e for e in about.get(pod.name, ()) if not e.object_uid or e.object_uid == pod.uid]
        if pod.ready or not told:
            continue
        if is_starting(pod):
            found += (_volume(pod, told, scene), _sandbox(pod, told))
    return worst(found)


def is_starting(pod: Pod) -> bool:
    """Return whether no container of a pod has begun, as far as it goes, and nothing says why."""
    waits = [c for c in pod.containers if not (c.state == "terminated" and c.role is ContainerRole.INIT)]
    return all(c.state in ("", "waiting") and c.reason in ("", "ContainerCreating", "PodInitializing") for c in waits)


def _volume(pod: Pod, told: Sequence[Event], scene: Scene) -> Finding | None:
    failed = [event for event in told if event.reason in _VOLUMES]
    if not failed:
        return None
    last = max(failed, key=_newest)
    first_ms = min((e.first_ms for e in failed if e.first_ms is not None), default=scene.now_ms)
    # nodes have clocks of their own: it was not before the pod was made, nor after we heard of it
    first_ms = scene.lasts_since(_MOUNT.of(pod.name), min(max(first_ms, pod.created_ms or 0), scene.now_ms))
    often = sum(event.count for event in failed) >= _MOUNT_COUNT
    fails_at_ms = scene.now_ms if often else first_ms + int(scene.thresholds.mount_fail_s * 1000)
    level, fails_ms = scene.fails_at(fails_at_ms)
    return Finding(
        level=level,
        fails_ms=fails_ms,
        reason=last.reason,
        message=f"a volume of pod {pod.name} {_VOLUMES[last.reason]}: {last.message}",
        look="the Secret, ConfigMap or claim that the volume names",
        pod=pod.name,
        role=2,
    )


def _sandbox(pod: Pod, told: Sequence[Event]) -> Finding | None:
    failed = [event for event in told if event.reason in _SANDBOX]
    if not failed:
        return None
    last = max(failed, key=_newest)
    return Finding(
        level=Level.FAILING if sum(event.count for event in failed) >= _SANDBOX_COUNT else Level.WARNING,
        reason=last.reason,
        message=f"the sandbox of pod {pod.name} cannot be created: {last.message}",
        look=f"network and runtime of node {pod.node}" if pod.node else f"events of pod {pod.name}",
        pod=pod.name,
        role=2,
    )


def of_refusals(
    workload: Workload, revision: str, events: Sequence[Event], missing: int, scene: Scene
) -> Finding | None:
    """Return that pods of the newest revision may not be made, which conditions say of Deployments only."""
    if missing <= 0:
        return None
    made_ms = 0
    refused: Event | None = None
    for event in events:
        if event.object_kind not in _OWNERS or not _is_of(event, workload, revision):
            continue
        if event.reason == "SuccessfulCreate":
            made_ms = max(made_ms, event.last_ms or 0)
        elif event.reason == "FailedCreate" and (refused is None or _newest(event) > _newest(refused)):
            refused = event
    if refused is None or (refused.last_ms or 0) <= made_ms:
        return None
    oldest_ms = (scene.started_ms or 0) - _EARLY_MS if scene.rolling else scene.now_ms - _REFUSED_MS
    if (refused.last_ms or 0) < oldest_ms:
        return None
    return Finding(
        level=Level.FAILING,
        reason="FailedCreate",
        message=f"pods cannot be created: {reason_of(refused.message)}",
        look=f"{REFUSED_LOOK}; events of {refused.object_kind} {refused.object_name}",
    )


def _is_of(event: Event, workload: Workload, revision: str) -> bool:
    if workload.kind == "Deployment":
        return event.object_kind == "ReplicaSet" and event.object_name == f"{workload.name}-{revision}"
    if event.object_kind != workload.kind or event.object_name != workload.name:
        return False
    return not event.object_uid or event.object_uid == workload.uid


def reason_of(message: str) -> str:
    """Return the part of a refusal that says why: what follows ``is forbidden:``, or the webhook's own words."""
    why = message.partition(" is forbidden: ")[2] or message.partition(" failed error: ")[2]
    return why or message.removeprefix("Error creating: ")


def explained(finding: Finding, pods: Sequence[Pod], events: Sequence[Event]) -> Finding:
    """Add to a pod that is not ready, or was ended, what the probe said that found it so."""
    if finding.reason not in ("NeverReady", "CrashLoopBackOff", "Exit"):
        return finding
    pod = next((pod for pod in pods if pod.name == finding.pod), None)
    if pod is None:
        return finding
    ready = finding.reason == "NeverReady"
    about = [e for e in events if e.object_name == pod.name and (not e.object_uid or e.object_uid == pod.uid)]
    if not ready:
        about = _of_its_end(finding, pod, about)
    probes = ("Readiness", "Startup") if ready else ("Liveness", "Startup")
    said = [event for event in about if event.reason == "Unhealthy" and event.message.startswith(probes)]
    if not said:
        return finding
    return msgspec.structs.replace(finding, message=f"{finding.message}: {max(said, key=_newest).message.strip()}")


def _of_its_end(finding: Finding, pod: Pod, events: Iterable[Event]) -> list[Event]:
    """Return the events about the end of a container's last run, none when no probe can have ended it.

    Who is ended by a signal has its exit code; one that reacts to it has another, and the kubelet says who it was.
    """
    container = next((each for each in pod.containers if each.name == finding.container), None)
    if container is None:
        return []
    ended_ms = container.since_ms if container.state == "terminated" else container.last_finished_ms
    if ended_ms is None:
        return []
    near = [e for e in events if -_EARLY_MS <= ended_ms - (e.last_ms or e.first_ms or 0) <= _KILL_MS]
    if finding.exit_code in _KILLED or any(_tells_of_kill(event, container.name) for event in near):
        return near
    return []


def _tells_of_kill(event: Event, container: str) -> bool:
    """Source: ``Killing: Container app failed liveness probe, will be restarted`` of the kubelet."""
    return event.reason == "Killing" and event.message.startswith(f"Container {container} failed ")


def _newest(event: Event) -> tuple[int, str]:
    return (event.last_ms or event.first_ms or 0, event.uid)
