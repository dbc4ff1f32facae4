"""The STATUS column of pods, as the API server prints it for kubectl.

Source: printPod of the API server's printers.
"""

from statusdesk.demo.kube_kinds import Obj


def pod_text(obj: Obj) -> str:
    """Return the STATUS of a pod."""
    status = obj["status"]
    text = str(status.get("reason") or status.get("phase", ""))
    initial, done = _init_text(obj)
    if initial:
        text = initial
    if not initial or done:
        text = _main_text(status.get("containerStatuses", []), text, _is_ready(status))
    if obj["metadata"].get("deletionTimestamp"):
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    return text


def _is_ready(status: Obj) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", []))


def _init_text(obj: Obj) -> tuple[str, bool]:
    """Return what the first unfinished init container makes the pod look like; empty when all are done."""
    statuses = obj["status"].get("initContainerStatuses", [])
    for index, container in enumerate(statuses):
        state = container["state"]
        ended, waiting = state.get("terminated"), state.get("waiting")
        if ended is not None and ended["exitCode"] == 0:
            continue
        if ended is not None:
            return f"Init:{ended.get('reason') or 'ExitCode:' + str(ended['exitCode'])}", False
        if waiting is not None and waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}", False
        return f"Init:{index}/{len(statuses)}", False
    return "", False


def _main_text(statuses: list[Obj], text: str, ready: bool) -> str:
    running = False
    for container in reversed(statuses):
        waiting, ended = container["state"].get("waiting"), container["state"].get("terminated")
        if waiting is not None and waiting.get("reason"):
            text = waiting["reason"]
        elif ended is not None:
            text = ended.get("reason") or f"ExitCode:{ended['exitCode']}"
        elif container["ready"] and "running" in container["state"]:
            running = True
    if text == "Completed" and running:
        return "Running" if ready else "NotReady"
    return text


def pod_restarts(obj: Obj) -> tuple[int, str | None]:
    """Return the restarts of a pod's containers, and when the last one ended before."""
    status = obj["status"]
    mains, inits = status.get("containerStatuses", []), status.get("initContainerStatuses", [])
    unfinished = any(not c["ready"] for c in inits)
    counted = inits if unfinished else mains
    ends = [c["lastState"]["terminated"]["finishedAt"] for c in counted if c.get("lastState", {}).get("terminated")]
    return sum(c["restartCount"] for c in counted), max(ends, default=None)
