"""The commands that a person would type next. They are text to copy: nothing here is ever run."""

import shlex
from collections.abc import Sequence
from typing import Protocol

import msgspec

from statusdesk.config import ClusterSettings
from statusdesk.states import PodState, RolloutState

TAIL = 200
UNDO = "go back to the revision before (this one changes the cluster)"


class Command(msgspec.Struct, frozen=True):
    """A command and what it is for."""

    purpose: str
    text: str


class Make(Protocol):
    """Makes a command from its purpose and the words behind ``kubectl -n namespace``."""

    def __call__(self, purpose: str, *words: str) -> Command: ...


def commands(state: RolloutState, pod: PodState | None, clusters: Sequence[ClusterSettings]) -> list[Command]:
    """Return commands about a rollout and one pod of it, what one needs first first. Names are quoted for a shell."""
    kubectl = _kubectl(state, clusters)

    def make(purpose: str, *words: str) -> Command:
        return Command(purpose, shlex.join([*kubectl, *words]))

    target = f"{state.kind.lower()}/{state.name}"
    found = [make(f"describe the {state.kind}", "describe", target)]
    name = pod.name if pod is not None else state.pod
    if name:
        found.append(make("describe the pod", "describe", f"pod/{name}"))
        found += _logs(make, state, pod, name)
        about = f"involvedObject.name={name}"
        found.append(make("events of the pod", "get", "events", "--field-selector", about, "--sort-by=.lastTimestamp"))
    if state.kind in ("Deployment", "StatefulSet", "DaemonSet"):
        found.append(make("follow the rollout", "rollout", "status", target))
        found.append(make("revisions", "rollout", "history", target))
        found.append(make(UNDO, "rollout", "undo", target))
    return found


def _logs(make: Make, state: RolloutState, pod: PodState | None, name: str) -> list[Command]:
    """Return log commands for the container to blame, of this run and the one before."""
    container = state.container if name == state.pod else ""
    if not container and pod is not None:
        waiting = [c.name for c in pod.containers if not c.ready and not (c.state == "terminated" and c.exit_code == 0)]
        container = next(iter(waiting), pod.containers[0].name if pod.containers else "")
    which = ["-c", container] if container else []
    said = f" of {container}" if container else ""
    tail = f"--tail={TAIL}"
    return [
        make(f"log{said}, the run before", "logs", name, *which, "--previous", tail),
        make(f"log{said}, following", "logs", name, *which, tail, "-f"),
    ]


def _kubectl(state: RolloutState, clusters: Sequence[ClusterSettings]) -> list[str]:
    words = ["kubectl"]
    for cluster in clusters:
        if cluster.name == state.cluster:
            words += ["--kubeconfig", cluster.kubeconfig] if cluster.kubeconfig else []
            words += ["--context", cluster.context] if cluster.context else []
    return [*words, "-n", state.namespace]
