"""Crash loops: for how long a container that ends over and over has to run until it counts as well again."""

from statusdesk.facts import Container, ContainerRole, Pod
from statusdesk.judge.pods import is_nodes_end
from statusdesk.judge.rollout_memory import LONG_RUN_MS
from statusdesk.judge.rollout_scene import Scene

ITS_POD_HAS_NOT = "; its pod has not "
_LEAST = 2  # ends: one alone is no loop


def loop_ms(pod: Pod, container: Container, scene: Scene, *, is_known: bool = False) -> int | None:
    """Return for how long a running container of a crash loop has to run to be well; None for one that is in none.

    It is in one when its last run was not its first, and ended within the time after which the kubelet forgets a
    crash: so it has ended twice within that run and one back-off, whatever its count of restarts says of its lifetime.
    One end is enough where the loop ``is_known``: the kubelet has said CrashLoopBackOff. Such a container is ready
    between its ends, for as long as it lives each time: it is well once it has run for longer than it did lately, by
    the latch; never later than when the kubelet itself begins anew.
    Source: ``restartCount``, ``lastState.terminated.startedAt`` and ``finishedAt``; "Pod Lifecycle" of Kubernetes'
    documentation: the kubelet resets the back-off of a container that has run for 10 minutes without a problem.
    """
    ran_ms = container.last_ran_ms
    if container.state != "running" or ran_ms is None or ran_ms >= LONG_RUN_MS or container.last_exit_code is None:
        return None
    if container.restarts < (1 if is_known else max(_LEAST, scene.thresholds.restarts)):
        return None
    if is_nodes_end(container.last_reason, container.last_exit_code):
        return None
    if container.role is ContainerRole.INIT and container.last_exit_code == 0:
        return None  # it had done its work: the pod's sandbox was made anew
    past = scene.pasts.get(pod.name)
    longest_ms = max(ran_ms, past.longest_run_ms(container.name) if past is not None else 0)
    return max(scene.latch_ms, min(longest_ms + scene.latch_ms, LONG_RUN_MS))


def loop_words(pod: Pod, container: Container, scene: Scene, *, is_known: bool = False) -> str:
    """Return what a container that runs between two ends of a crash loop has not done yet; empty when it is well."""
    runs_ms = loop_ms(pod, container, scene, is_known=is_known)
    if runs_ms is None or container.since_ms is None or scene.reached(container.since_ms + runs_ms):
        return ""
    return f"run for {runs_ms / 1000:g} s"


def loop_waits_for(pod: Pod, scene: Scene, known: str) -> str:
    """Return what the first such container of a pod has not done yet; ``known``: one whose loop was told of."""
    found = [loop_words(pod, each, scene, is_known=each.name == known) for each in pod.containers]
    return next(filter(None, found), "")
