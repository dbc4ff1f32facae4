"""Jobs as workloads of a stage: one that runs, tries again, has ended well, or has been given up.

Source: ``status.conditions`` of ``batch/v1`` Jobs. A Job has no revisions: its pods are all its own. A pod that ends
badly is a try, which the Job may repeat; only what no repetition mends fails it before it is given up.
"""

from collections.abc import Sequence

import msgspec

from statusdesk.facts import Event, Pod, Workload
from statusdesk.judge.pods import condition_of
from statusdesk.judge.rollout_events import of_pod_events, of_refusals
from statusdesk.judge.rollout_findings import of_pod
from statusdesk.judge.rollout_scene import Finding, Scene, as_before, worst
from statusdesk.states import Level, RolloutState

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
        found = of_pod(pod, scene)
        if found is not None and found.crash and found.level is Level.FAILING:
            found = msgspec.structs.replace(found, level=Level.WARNING)  # a Job may try again
        findings.append(found)
    return worst((*findings, of_pod_events(live, events, scene) if events else None))


def _retries(workload: Workload, pods: Sequence[Pod]) -> Finding:
    tries = (
        f"{workload.failed} of {workload.backoff_limit + 1}" if workload.backoff_limit is not None else workload.failed
    )
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
        (container.since_ms or container.last_finished_ms or 0, pod.name, container)
        for pod in pods
        for container in pod.containers
        if (container.exit_code if container.state == "terminated" else container.last_exit_code)
    ]
    if not ended:
        return finding
    _, pod, container = max(ended, key=lambda entry: entry[:2])
    code = container.exit_code if container.state == "terminated" else container.last_exit_code
    return msgspec.structs.replace(
        finding,
        message=f"{finding.message}; container {container.name} exited {code} in {pod}",
        look=f"log of {container.name} in {pod}",
        pod=pod,
        container=container.name,
        exit_code=code,
    )


def _counts(workload: Workload) -> str:
    wanted = 1 if workload.desired is None else workload.desired
    return f"{workload.ready} of {wanted} completed"
