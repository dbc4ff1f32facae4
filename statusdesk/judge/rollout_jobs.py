"""Jobs as workloads of a stage: one that runs, tries again, has ended well, or has been given up.

Source: ``status.conditions`` of ``batch/v1`` Jobs. A Job has no revisions: its pods are all its own. A pod that ends
badly is a try, which the Job may repeat; only what no repetition mends fails it before it is given up.
"""

from collections.abc import Sequence

import msgspec

from statusdesk.facts import Container, ContainerRole, Event, Pod, Workload
from statusdesk.judge.pods import condition_of
from statusdesk.judge.rollout_events import of_pod_events, of_refusals
from statusdesk.judge.rollout_findings import of_pod
from statusdesk.judge.rollout_scene import Finding, Scene, as_before, worst
from statusdesk.states import Level, RolloutState
from statusdesk.text import counted

_UNLIMITED = 2**31 - 1  # what ``backoffLimit`` is where each index has a limit of its own
_GIVEN_UP = {
    "BackoffLimitExceeded": "its tries are used up",
    "DeadlineExceeded": "it took longer than it may",
    "PodFailurePolicy": "a pod failed in a way that is not tried again",
    "FailedIndexes": "some of its indexes failed",
    "MaxFailedIndexesExceeded": "too many of its indexes failed",
}


def of_job(
    workload: Workload, pods: Sequence[Pod], live: Sequence[Pod], events: Sequence[Event], scene: Scene
) -> Finding:
    """Return how a Job stands; ``pods`` are all that it has, ``live`` those that have not ended."""
    if workload.deleting_ms is not None:
        return Finding(level=Level.PROGRESSING, reason="Deleting", message="Job is being deleted")
    for type_ in ("Failed", "FailureTarget"):
        failed = condition_of(workload, type_)
        if failed is not None and failed.status == "True":
            return _given_up(workload, pods, failed.reason, failed.message)
    for type_ in ("Complete", "SuccessCriteriaMet"):
        complete = condition_of(workload, type_)
        if complete is not None and complete.status == "True":
            return Finding(level=Level.OK, reason="Complete", message=f"Job has completed, {_counts(workload)}")
    if workload.paused:
        return Finding(level=Level.PAUSED, reason="Suspended", message=f"Job is suspended, {_counts(workload)}")
    found = _at_pods(live, events, scene)
    if found is None and not workload.replicas and workload.ready < (workload.desired or 1):
        found = of_refusals(workload, "", events, 1, scene)
    if found is not None and (found.level is Level.FAILING or not workload.failed):
        return msgspec.structs.replace(found, message=f"{found.message}, {_counts(workload)}")
    if workload.failed:
        return _retries(workload, pods)
    return Finding(level=Level.PROGRESSING, reason="Running", message=_counts(workload))


def of_last_job(job: Finding, before: RolloutState | None) -> Finding:
    """Return how a CronJob stands by its last Job: a run in which nothing is wrong changes nothing before its end."""
    if job.reason == "Complete":
        return msgspec.structs.replace(job, reason="LastJob", message=f"last {job.message}")
    if job.reason != "Running":
        return job
    if before is None or before.level in (Level.OK, Level.PROGRESSING, Level.PAUSED):
        return Finding(level=Level.OK, reason="LastJob", message=f"last Job runs, {job.message}")
    return as_before(before)


def _at_pods(live: Sequence[Pod], events: Sequence[Event], scene: Scene) -> Finding | None:
    findings: list[Finding | None] = []
    for pod in live:
        at_work = _at_work(pod)
        found = of_pod(at_work, scene) if at_work.containers or not pod.containers else None
        if found is not None and found.crash and found.level is Level.FAILING:
            found = msgspec.structs.replace(found, level=Level.WARNING)  # a Job may try again
        findings.append(found)
    return worst((*findings, of_pod_events(live, events, scene) if events else None))


def _at_work(pod: Pod) -> Pod:
    """Return a pod without the containers that have done their work, and the sidecars that are told to end then."""
    apps = [each for each in pod.containers if each.role is ContainerRole.APP]
    if not any(each.state == "terminated" for each in apps):
        return pod
    is_over = all(each.state == "terminated" for each in apps)
    left = [each for each in pod.containers if not (each.state == "terminated" and each.exit_code == 0)]
    kept = [each for each in left if not (is_over and each.role is ContainerRole.SIDECAR)]
    return msgspec.structs.replace(pod, containers=tuple(kept))


def _retries(workload: Workload, pods: Sequence[Pod]) -> Finding:
    limit = workload.backoff_limit
    tries = workload.failed if limit is None or limit >= _UNLIMITED else f"{workload.failed} of {limit + 1}"
    return _with_last_pod(
        Finding(
            level=Level.WARNING,
            reason="JobRetries",
            message=f"{'1 try has' if tries == 1 else f'{tries} tries have'} failed, {_counts(workload)}",
            look=f"pods of Job {workload.name}",
        ),
        pods,
    )


def _given_up(workload: Workload, pods: Sequence[Pod], reason: str, said: str) -> Finding:
    why = _GIVEN_UP.get(reason, said or "it has failed")
    return _with_last_pod(
        Finding(
            level=Level.FAILING,
            reason=reason or "JobFailed",
            message=f"Job has failed: {why}, {_counts(workload)}",
            look=f"pods of Job {workload.name}",
        ),
        pods,
    )


def _with_last_pod(finding: Finding, pods: Sequence[Pod]) -> Finding:
    """Name the pod that ended badly last, with its container and exit code; it is left for its log to be read."""
    ended = [
        (_ended_ms(container), pod.name, container)
        for pod in pods
        for container in pod.containers
        if _exit_code(container)
    ]
    if not ended:
        return finding
    _, pod, _ = max(ended, key=lambda entry: entry[:2])
    container = min((each for _, name, each in ended if name == pod), key=_is_less_to_blame)
    code = _exit_code(container)
    return msgspec.structs.replace(
        finding,
        message=f"{finding.message}; container {container.name} exited {code} in {pod}",
        look=f"log of {container.name} in {pod}",
        pod=pod,
        container=container.name,
        exit_code=code,
    )


def _exit_code(container: Container) -> int | None:
    return container.exit_code if container.state == "terminated" else container.last_exit_code


def _ended_ms(container: Container) -> int:
    ended_ms = container.since_ms if container.state == "terminated" else container.last_finished_ms
    return ended_ms or container.since_ms or 0


def _is_less_to_blame(container: Container) -> tuple[bool, int, str]:
    """Order the containers of a pod that ended badly: a sidecar is told to end once the others have ended.

    So are those that follow the first. Source: Kubernetes' termination of native sidecars.
    """
    return container.role is ContainerRole.SIDECAR, _ended_ms(container), container.name


def _counts(workload: Workload) -> str:
    if workload.desired is None:  # it works through a queue: the first pod that ends well says that this is empty
        return f"{counted(workload.ready, 'pod')} completed"
    return f"{workload.ready} of {workload.desired} completed"
