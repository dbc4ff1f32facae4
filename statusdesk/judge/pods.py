"""Pods: the text that ``kubectl get pods`` shows, and which pods belong to the newest revision of a workload."""

import operator
import re
from collections.abc import Iterable, Mapping, Sequence

from statusdesk.facts import Condition, Container, ContainerRole, Pod, Revision, Workload
from statusdesk.states import PodState

_REPLICA_SET = re.compile(r'[Rr]eplica ?[Ss]et "([^"]+)"')
_FIRST = 'ReplicaSet "'
_ENDED = ("Failed", "Succeeded")
_APP, _INIT, _SIDECAR = ContainerRole.APP, ContainerRole.INIT, ContainerRole.SIDECAR
_NAME = operator.attrgetter("name")


def is_live(pod: Pod) -> bool:
    """Return whether a pod counts for its workload: not being deleted, not evicted, not completed."""
    return pod.deleting_ms is None and pod.phase not in _ENDED


def is_evicted(pod: Pod) -> bool:
    """Return whether a node has put a pod out, which was left lying about since."""
    return pod.phase == "Failed" and pod.reason == "Evicted"


def are_calm(pods: Iterable[Pod]) -> bool:
    """Return whether all pods are as nearly all pods are: ready, with containers that run and never ended."""
    for pod in pods:
        if not pod.ready or pod.phase != "Running" or pod.reason or not pod.scheduled or pod.deleting_ms is not None:
            return False
        for one in pod.containers:
            if one.restarts:
                return False
            if one.state != "running" and (one.role is not _INIT or one.state != "terminated" or one.exit_code != 0):
                return False
    return True


def is_nodes_end(reason: str, exit_code: int | None) -> bool:
    """Return whether a container ended with its node, which is no fault of its own.

    Source: what the kubelet and the runtime write for a container that is gone when they are back.
    """
    return reason == "ContainerStatusUnknown" or (exit_code == 255 and reason == "Unknown")


def back_ms(pod: Pod) -> int | None:
    """Return when the containers that ended with their node were started again, if the pod is not ready since."""
    moments = [
        one.since_ms
        for one in pod.containers
        if one.role is ContainerRole.APP and one.state == "running" and one.since_ms is not None
        if not one.ready and is_nodes_end(one.last_reason, one.last_exit_code)
    ]
    started_ms = max(moments, default=None)
    return started_ms if started_ms is not None and started_ms >= (pod.ready_changed_ms or 0) else None


def condition_of(workload: Workload, type_: str) -> Condition | None:
    """Return the condition of that type, or None."""
    for condition in workload.conditions:
        if condition.type == type_:
            return condition
    return None


def is_observed(workload: Workload) -> bool:
    """Return whether the controller has seen the newest spec (a missing ``observedGeneration`` means no)."""
    return workload.observed_generation is not None and workload.observed_generation >= workload.generation


def of_new_revision(
    workload: Workload, pods: Iterable[Pod], revisions: Sequence[Revision] = (), undone: str = ""
) -> tuple[str, tuple[Pod, ...]]:
    """Return the hash of the newest revision and its pods, in order of name; an empty hash when it cannot be told.

    A Deployment names the ReplicaSet in its Progressing condition, a StatefulSet in ``updateRevision``; next the
    ReplicaSets and ControllerRevisions tell where they are known. Otherwise the newest hash counts whose pods run the
    images of the template. Creation time alone never decides for a Deployment that names its ReplicaSet: a rollback
    takes an old one into use again. ``undone``: the hash of a revision that is known not to be the newest any more.
    Source: ``status.conditions[Progressing].message``, ``status.updateRevision``.
    """
    if workload.kind == "Deployment" and workload.paused and is_observed(workload) and not workload.updated:
        return "", ()  # changed while paused: what has its number is the revision before
    pods = list(pods)
    revision = _named_revision(workload) or _known_revision(workload, revisions)
    if not revision or revision == undone:
        revision = _revision_by_images(workload, [pod for pod in pods if not undone or pod.revision != undone])
    if not revision:
        return "", ()
    found = [pod for pod in pods if pod.revision == revision]
    if len(found) > 1:
        found.sort(key=_NAME)
    return revision, tuple(found)


def _known_revision(workload: Workload, revisions: Sequence[Revision]) -> str:
    """Return the hash of the ReplicaSet with the Deployment's number, or of the newest ControllerRevision."""
    if not revisions or not is_observed(workload):
        return ""
    own = [r for r in revisions if r.hash and (not r.owner_uid or r.owner_uid == workload.uid)]
    if workload.kind == "Deployment":
        if workload.strategy == "Recreate" and workload.desired and not workload.updated:
            return ""  # it gets its number only once the pods of the one before have ended
        named = [r for r in own if r.kind == "ReplicaSet" and str(r.revision) == workload.revision]
        return named[0].hash if named else ""
    own = [r for r in own if r.kind == "ControllerRevision"]
    return max(own, key=lambda r: (r.revision, r.hash)).hash if own else ""


def _named_revision(workload: Workload) -> str:
    if workload.kind == "StatefulSet":
        return workload.update_revision
    if workload.kind != "Deployment" or not is_observed(workload):
        return ""
    progressing = condition_of(workload, "Progressing")
    return named_in(progressing.message, workload.name) if progressing is not None else ""


def named_in(message: str, deployment: str) -> str:
    """Return the hash of the ReplicaSet that the message of a Deployment's condition names; empty for none."""
    prefix = f"{deployment}-"
    if message.startswith(_FIRST):  # as the controller says it nearly always
        name, quote, _ = message[len(_FIRST) :].partition('"')
        if name and quote:
            return name.removeprefix(prefix) if name.startswith(prefix) else ""
    match = _REPLICA_SET.search(message)
    return match[1].removeprefix(prefix) if match is not None and match[1].startswith(prefix) else ""


def _revision_by_images(workload: Workload, pods: Sequence[Pod]) -> str:
    if is_observed(workload) and workload.updated == 0 and workload.desired:
        return ""
    wanted = dict(workload.images)
    newest: tuple[int, str] = (-1, "")
    for pod in pods:
        if pod.revision and is_live(pod) and runs_images(pod, wanted):
            newest = max(newest, (pod.created_ms or 0, pod.revision))
    return newest[1]


def runs_images(pod: Pod, wanted: Mapping[str, str]) -> bool:
    """Return whether a pod runs the images of a template, by container, as far as its containers tell."""
    for container in pod.containers:
        image = wanted.get(container.name)
        if image and container.image and not same_image(container.image, image):
            return False
    return True


def same_image(seen: str, wanted: str) -> bool:
    """Return whether a pod's image is the template's; nodes write short names out (``docker.io/library/nginx``)."""
    return seen == wanted or seen.endswith("/" + wanted)


def kubectl_status(pod: Pod) -> str:
    """Return the STATUS text of ``kubectl get pods``.

    Source: kubectl's printPod: ``status.reason``, then init containers in order, then containers from last to first.
    """
    return _status(pod, _init_status(pod.containers))


def _status(pod: Pod, init: str) -> str:
    status = pod.reason or pod.phase
    if not pod.scheduled and pod.scheduled_reason == "SchedulingGated":
        status = "SchedulingGated"
    status = init or _main_status(pod, status)
    if pod.deleting_ms is not None:
        if pod.reason == "NodeLost":
            return "Unknown"
        if pod.phase not in _ENDED:
            return "Terminating"
    return status or "Unknown"


def _init_status(containers: Sequence[Container]) -> str:
    index = -1
    for container in containers:
        if container.role is _APP:
            continue
        index += 1
        if container.state == "terminated" and container.exit_code == 0:
            continue
        if container.role is _SIDECAR and container.started:
            continue
        if container.state == "terminated":
            return f"Init:{container.reason or f'ExitCode:{container.exit_code}'}"
        if container.state == "waiting" and container.reason and container.reason != "PodInitializing":
            return f"Init:{container.reason}"
        if container.state:
            return f"Init:{index}/{sum(one.role is not _APP for one in containers)}"
        return ""  # no status yet: the phase says it
    return ""


def _main_status(pod: Pod, status: str) -> str:
    running = False
    for container in pod.containers[::-1]:
        if container.role is not _APP:
            continue
        state = container.state
        if state == "running":
            running = running or container.ready
        elif state == "waiting" and container.reason:
            status = container.reason
        elif state == "terminated":
            status = container.reason or f"ExitCode:{container.exit_code}"
    if status == "Completed" and running:
        return "Running" if pod.ready else "NotReady"
    return status


def _leftover(pod: Pod) -> str:
    """Return the word for a pod that has ended and was left lying about; empty for one that counts."""
    if pod.phase not in _ENDED or (pod.owner_kind == "Job" and pod.reason != "Evicted"):
        return ""
    return pod.reason or pod.phase


def pod_state(pod: Pod, workload_key: str, new: bool, change: int = 0) -> PodState:
    """Return the row of a pod for the detail views, with kubectl's READY, STATUS and RESTARTS.

    ``change``: the number that the writer will give it if it is new; it saves a copy.
    """
    init = _init_status(pod.containers)
    ready = total = restarts = 0
    for container in pod.containers:
        counts = container.role is not _INIT
        if counts:
            total += 1
            ready += container.ready
        if counts or init:
            restarts += container.restarts
    # in the order of the fields: names for all of them cost five times as much
    return PodState(
        f"{pod.cluster}/{pod.namespace}/{pod.name}",
        pod.cluster,
        pod.namespace,
        pod.name,
        workload_key,
        pod.uid,
        pod.revision,
        new,
        _status(pod, init),
        ready,
        total,
        not pod.ready,
        _leftover(pod),
        restarts,
        pod.node,
        pod.created_ms,
        pod.deleting_ms,
        pod.containers,
        None,
        change,
    )
