"""What is wrong with one pod of a rollout: from the states of its containers, and from time that passes."""

from collections.abc import Iterable

import msgspec

from statusdesk.facts import Container, ContainerRole, Pod
from statusdesk.judge.pods import back_ms, is_nodes_end
from statusdesk.judge.rollout_loops import ITS_POD_HAS_NOT, loop_words
from statusdesk.judge.rollout_memory import Lasts
from statusdesk.judge.rollout_pulls import PULL, is_missing, is_refused, why
from statusdesk.judge.rollout_scene import LOST, Finding, Scene
from statusdesk.states import Level

STAMP_MS = 1000  # the API cuts times to whole seconds, so that ages look up to this much too old
PULL_MS = 30_000  # a pull that takes longer is worth a word
YOUNG_MS = 600_000  # all restarts of a pod younger than this are recent ones

_AT_ONCE = {
    "InvalidImageName": "has an image name that is not valid",
    "ErrImageNeverPull": "may not pull its image, and the node has none",
    "CreateContainerConfigError": "cannot be configured",
}
_CREATE = ("CreateContainerError", "RunContainerError", "PostStartHookError", "CreatePodSandboxError")
_CANNOT_RUN = ("ContainerCannotRun", "StartError")
_STARTING = ("", "ContainerCreating", "PodInitializing")
_AT_STEP = Lasts("at step", only_seen=True)
_INIT = ContainerRole.INIT
_ROLE = {ContainerRole.INIT: 0, ContainerRole.SIDECAR: 1, ContainerRole.APP: 2}
_ROLE_WORDS = {ContainerRole.INIT: "init container", ContainerRole.SIDECAR: "sidecar", ContainerRole.APP: "container"}


def of_pod(pod: Pod, scene: Scene) -> Finding | None:
    """Return the worst that is wrong with a live pod, None when nothing is."""
    if not pod.scheduled:
        return _unscheduled(pod, scene)
    if pod.phase == "Unknown" or pod.reason == LOST:
        return of_lost_node(pod)
    found: Finding | None = None
    for container in pod.containers:
        state = container.state
        if (state == "running" and not container.restarts) or not state:
            continue
        if state == "terminated" and container.exit_code == 0 and container.role is _INIT:
            continue
        one = _of_container(pod, container, scene)
        if one is not None and (found is None or one.order < found.order):
            found = one
    if pod.ready or scene.all_ready or (found is not None and found.level is Level.FAILING):
        return found
    if pod.name in scene.lost:
        return of_lost_node(pod)
    slow = _slow(pod, scene)
    return slow if found is None or (slow is not None and slow.order < found.order) else found


def of_lost_node(pod: Pod) -> Finding:
    """Return that nothing is known of a pod since its node went."""
    if pod.phase == "Unknown" or pod.reason == LOST:
        why = "its node has been lost" + (f" on node {pod.node}" if pod.node else "")
    else:
        why = f"its node {pod.node} is not ready"
    return Finding(
        level=Level.UNKNOWN,
        reason=LOST,
        message=f"nothing is known of pod {pod.name}: {why}",
        look=f"node {pod.node}" if pod.node else "the nodes",
        pod=pod.name,
    )


def _unscheduled(pod: Pod, scene: Scene) -> Finding | None:
    if pod.scheduled_reason != "Unschedulable":
        return None  # gated, or not tried yet
    since_ms = pod.scheduled_changed_ms or pod.created_ms or scene.now_ms
    if not scene.reached(since_ms + int(scene.thresholds.unschedulable_warn_s * 1000)):
        return None
    fails_ms = since_ms + int(scene.thresholds.unschedulable_fail_s * 1000)
    ordered_ms = scene.scaled_up_ms.get(pod.name)
    if ordered_ms is not None:
        fails_ms = max(fails_ms, ordered_ms + int(scene.thresholds.scale_up_s * 1000))
    level, later_ms = scene.fails_at(fails_ms)
    why = pod.scheduled_message.split(". ")[0].rstrip(".")
    return Finding(
        level=level,
        fails_ms=later_ms,
        reason="Unschedulable",
        message=f"pod {pod.name} cannot be scheduled" + (f": {why}" if why else ""),
        look="requests of the pod against what the nodes have left",
        pod=pod.name,
    )


def _of_container(pod: Pod, container: Container, scene: Scene) -> Finding | None:
    if container.state == "waiting":
        return _waiting(pod, container, scene)
    if container.state == "terminated":
        return _ended(pod, container, scene, container.reason, container.exit_code, container.message)
    if container.state == "running" and container.restarts and container.last_exit_code is not None:
        if container.role is _INIT and container.last_exit_code == 0:
            return None  # it had done its work: the pod's sandbox was made anew, so it does it again
        return _runs_again(pod, container, scene)
    return None


def _runs_again(pod: Pod, container: Container, scene: Scene) -> Finding | None:
    """A container that has ended and runs again: well once it has been ready for the latch, in a crash loop later."""
    waits_for = loop_words(pod, container, scene)
    well = container.ready and not waits_for
    if well and container.since_ms is not None and scene.reached(container.since_ms + scene.latch_ms):
        return None
    last = (container.last_reason, container.last_exit_code, container.last_message)
    found = _ended(pod, container, scene, *last, loop=bool(waits_for))
    if found is None or not waits_for or not container.ready:
        return found
    return msgspec.structs.replace(found, message=f"{found.message}{ITS_POD_HAS_NOT}{waits_for} yet", says_where=False)


def _waiting(pod: Pod, container: Container, scene: Scene) -> Finding | None:
    reason, what = container.reason, f"{_ROLE_WORDS[container.role]} {container.name}"
    if reason in _STARTING:
        return None
    if reason == "CrashLoopBackOff":
        return _ended(
            pod, container, scene, container.last_reason, container.last_exit_code, container.last_message, loop=True
        )
    tail = f": {container.message}" if container.message else ""
    level, fails_ms, look = Level.WARNING, None, f"events of pod {pod.name}"
    message = f"{what} waits: {reason}{tail}"
    if reason in _AT_ONCE:
        level, message = Level.FAILING, f"{what} {_AT_ONCE[reason]}{tail}"
    elif reason in PULL:
        return _pull(pod, container, scene)
    elif reason in _CREATE:
        message = f"{what} cannot be created{tail}"
        level, fails_ms = _fails_waiting(pod, container, scene, at_once=container.restarts > 0)
    return _about(pod, container, level, reason, message, look, fails_ms=fails_ms)


def _pull(pod: Pod, container: Container, scene: Scene) -> Finding:
    image = container.image or "?"
    alone = container.role is ContainerRole.APP and sum(c.role is not _INIT for c in pod.containers) == 1
    whose = "" if alone else f" of {_ROLE_WORDS[container.role]} {container.name}"
    said = why(container.message) or scene.pulls.get((container.name, container.image), "")
    missing = is_missing(said, image)
    final = missing or is_refused(said, image)
    if missing:
        message = f"image {image}{whose} not found"
    elif final:
        message = f"image {image}{whose} may not be pulled: {said}"
    else:
        told = said or container.message
        message = f"image {image}{whose} cannot be pulled" + (f": {told}" if told else "")
    level, fails_ms = _fails_waiting(pod, container, scene, at_once=final)
    # one reason for both states: they alternate for as long as the pull fails
    reason = "ErrImagePull" if container.reason == "ImagePullBackOff" else container.reason
    return _about(pod, container, level, reason, message, "name, tag and pull secret of the image", fails_ms=fails_ms)


def _fails_waiting(pod: Pod, container: Container, scene: Scene, at_once: bool) -> tuple[Level, int | None]:
    """Return the level of a container that cannot start, and when it fails if it does not yet."""
    if at_once:
        return Level.FAILING, None
    return scene.fails_at(_waits_since(pod, container, scene) + int(scene.thresholds.pull_backoff_s * 1000))


def _waits_since(pod: Pod, container: Container, scene: Scene) -> int:
    """Waiting has no time of its own: since the pod was placed, or the init container before it ended."""
    times = [pod.created_ms, pod.scheduled_changed_ms]
    times += [c.since_ms for c in pod.containers if c is not container and c.state == "terminated"]
    return max((t for t in times if t is not None), default=scene.now_ms)


def _ended(
    pod: Pod, container: Container, scene: Scene, reason: str, exit_code: int | None, said: str, loop: bool = False
) -> Finding | None:
    """A container that ended: a warning the first time, failing when it loops or has restarted often enough."""
    if not loop and is_nodes_end(reason, exit_code):
        return None
    loop = loop or _recent_restarts(pod, container, scene) >= scene.thresholds.restarts
    what = f"{_ROLE_WORDS[container.role]} {container.name}"
    tail = f" ({said})" if said and reason != "Completed" else ""
    word = "CrashLoopBackOff" if loop else "Exit"
    if reason == "OOMKilled":
        word, message = "OOMKilled", f"{what} is killed: out of memory (exit {exit_code})"
    elif reason in _CANNOT_RUN:
        word, message = reason, f"{what} cannot run{tail}"
    elif exit_code is None:
        message = f"{what} restarts over and over"
    else:
        message = f"{what} exits {exit_code}{tail}"
    if container.role is ContainerRole.INIT:
        word = "InitExit"
    look = f"log of {container.name} in {pod.name}, and the previous one"
    if reason == "OOMKilled":
        look = f"memory limit of {container.name}, and its previous log"
    level = Level.FAILING if loop else Level.WARNING
    found = _about(pod, container, level, word, f"{message} in {pod.name}", look, exit_code=exit_code, crash=True)
    return msgspec.structs.replace(found, says_where=True)


def _recent_restarts(pod: Pod, container: Container, scene: Scene) -> int:
    """Restarts since the rollout began, later those of a window: the count of a container is for its lifetime."""
    created = pod.created_ms
    born_with_it = scene.rolling and (created is None or scene.started_ms is None or created >= scene.started_ms - 5000)
    if born_with_it or (created is not None and scene.now_ms - created <= YOUNG_MS):
        return container.restarts
    past = scene.pasts.get(pod.name)
    if past is None:
        return min(container.restarts, 1)
    window_ms = int(scene.thresholds.restart_window_s * 1000)
    return max(1, past.restarts_of(container.name, scene.now_ms - window_ms)) if container.restarts else 0


def _slow(pod: Pod, scene: Scene) -> Finding | None:
    """A pod that is not ready though nothing has failed: a warning, and failing at a share of the deadline."""
    step, since_ms, container = _slow_step(pod, scene)
    if not step:
        return None
    name = container.name if container is not None else ""
    if since_ms is None:
        since_ms = scene.lasts_since(_AT_STEP.of(f"{step}/{pod.name}"), scene.now_ms)
    pull = scene.waits.pull_of(pod) if step == "Creating" else None
    if pull is not None:
        step, since_ms = ("Creating", max(since_ms, pull.ended_ms)) if pull.ended_ms else ("Pulling", since_ms)
    wait_s, allowed_s = scene.waits.limits_s(step, name, scene.thresholds, scene.deadline_s)
    if not scene.reached(since_ms + int(wait_s * 1000) + STAMP_MS):
        return None
    times = (pod.created_ms, pod.ready_changed_ms, back_ms(pod), scene.progress_ms if scene.rolling else None)
    stalled_ms = max((t for t in times if t is not None), default=since_ms)
    level, fails_ms = scene.fails_at(stalled_ms + int(allowed_s * 1000))
    role = _ROLE[container.role] if container is not None else 3
    message, look = _slow_words(pod, step, container, scene)
    refusal = scene.waits.refusals.get((pod.uid, name)) if step == "InitRunning" else None
    if refusal:
        level, fails_ms, message = Level.FAILING, None, f"{message}: {refusal}"
    elif pull is not None and step == "Pulling":
        message, look = f"pod {pod.name} still pulls image {pull.image}", "size of the image, and its registry"
    return Finding(
        level=level,
        reason=step,
        message=message,
        look=look,
        pod=pod.name,
        container=name,
        role=role,
        fails_ms=fails_ms,
    )


def pulled_long(pods: Iterable[Pod], scene: Scene) -> str:
    """Return the image that a pod has been waiting for a while already, empty when none does."""
    for pod in pods:
        pull = None if pod.ready else scene.waits.pull_of(pod)
        if pull is not None and pull.ended_ms is None and scene.reached(pull.at_ms + PULL_MS):
            return pull.image
    return ""


def _slow_step(pod: Pod, scene: Scene) -> tuple[str, int | None, Container | None]:
    """Return at which step a pod is, since when, and for which container it waits; an empty step when at none."""
    running, starting, waits_for = 0, 0, None
    started_ms = pod.ready_changed_ms or 0
    placed_ms = max(pod.created_ms or 0, pod.scheduled_changed_ms or 0)
    for container in pod.containers:
        state = container.state
        if container.role is not ContainerRole.APP:
            if state == "running" and (container.role is ContainerRole.INIT or not container.started):
                return "InitRunning", container.since_ms, container
            if state == "terminated":
                placed_ms = max(placed_ms, container.since_ms or 0)
        elif state == "running":
            running += 1
            if waits_for is None or (waits_for.ready and not container.ready):
                waits_for = container
            started_ms = max(started_ms, container.since_ms or 0)
        elif container.reason in _STARTING and state != "terminated":
            starting += 1
        else:
            return "", None, None
    if running:
        return ("", None, None) if starting or scene.ends else ("NeverReady", started_ms or None, waits_for)
    return "Creating", placed_ms or None, None


def _slow_words(pod: Pod, step: str, container: Container | None, scene: Scene) -> tuple[str, str]:
    """Return the sentence of a pod that is slow, and what to look at."""
    if step == "Creating" or container is None:
        return f"containers of pod {pod.name} are not created", f"events of pod {pod.name}"
    if step == "InitRunning":
        does = "runs and does not finish" if container.role is ContainerRole.INIT else "runs and does not start"
        return f"{_ROLE_WORDS[container.role]} {container.name} {does}", f"log of {container.name} in {pod.name}"
    if container.ready:
        where = f"node {pod.node}, and readiness gates" if pod.node else "its node, and readiness gates"
        return f"pod {pod.name} is not ready though its containers are", where
    word = "never" if scene.rolling else "not"
    look = f"readiness probe and log of {container.name} in {pod.name}"
    return f"pod {pod.name} runs and is {word} ready ({container.name})", look


def _about(
    pod: Pod,
    container: Container,
    level: Level,
    reason: str,
    message: str,
    look: str,
    exit_code: int | None = None,
    crash: bool = False,
    fails_ms: int | None = None,
) -> Finding:
    return Finding(
        level=level,
        reason=reason,
        message=message,
        look=look,
        pod=pod.name,
        container=container.name,
        exit_code=exit_code,
        role=_ROLE[container.role],
        crash=crash,
        fails_ms=fails_ms,
    )
