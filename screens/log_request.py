"""What a screen asks to see the logs of, and the requests that cells, workloads and pods make."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from collectors.log_lines import DEFAULT_TAIL, LOOPS_S, Failing, LogFollower, Selection, Target
from statusdesk.facts import Container, ContainerRole
from statusdesk.job_names import shown_build
from statusdesk.state import Level
from statusdesk.states import PodState, RolloutState

BEFORE_FAILURE_MS = 120_000
LONGEST_GIVEN, MADE_UP = 58, 5  # of a generated name: what is given is cut to 58 characters, five are made up
ONE = "[a-z0-9]"


class LogRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Whose logs, and from when on. ``where`` is the way there for the top line: stage, application.

    ``at_ms`` is the moment to open at, None for the end. With ``job`` it is a console of Jenkins, of its last build
    where ``build`` is None. ``since_s`` counts back from now, 0 means all there is; None: the last ``tail`` lines.
    With ``failing`` and not ``widened`` only that is read, what takes its place and what fails later. With it or a
    moment the last lines of the run before come too: what has failed may run again since. ``redact`` says only how
    lines are shown.
    """

    where: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    containers: tuple[str, ...] = ()
    init: bool = False
    previous: bool = False
    at_ms: int | None = None
    since_s: int | None = None
    tail: int = DEFAULT_TAIL
    redact: bool = True
    job: str = ""
    build: int | None = None
    failing: Failing | None = None
    widened: bool = False

    @property
    def narrow(self) -> Failing | None:
        """What it is narrowed to."""
        return None if self.widened else self.failing

    def selection(self, now_ms: int) -> Selection:
        """Return what a follower of pods is to follow."""
        since_ms = self._since_ms(now_ms)
        return Selection(
            targets=self.targets,
            containers=self.containers,
            failing=self.narrow,
            run_before=self.narrow is not None or self.at_ms is not None,
            init=self.init,
            previous=self.previous,
            since_ms=since_ms,
            tail=self.tail if since_ms is None and self.since_s is None else None,
            revealable=True,
        )

    def _since_ms(self, now_ms: int) -> int | None:
        if self.since_s:
            return now_ms - self.since_s * 1000
        return self.at_ms - BEFORE_FAILURE_MS if self.at_ms is not None and self.since_s is None else None


class Doors(Protocol):
    """Opens followers; may take a while, so it is called on a thread."""

    def pods(self, selection: Selection) -> LogFollower:
        """Open the logs of pods."""

    def console(self, job: str, build: int | None) -> LogFollower:
        """Open the console log of a build. Raises: LookupError when there is no Jenkins."""


def of_console(job: str, build: int | None) -> LogRequest:
    """Return the console log of a build; of the last one of its job where it is None."""
    return LogRequest(where=(shown_build(job, build),), job=job, build=build)


def of_cell(app: str, stage: str, rollouts: Sequence[RolloutState], *, previous: bool = False) -> LogRequest:
    """Return the logs of all pods of an app in a stage; while it fails, of what stands in the way first."""
    places = dict.fromkeys((rollout.cluster, rollout.namespace) for rollout in rollouts)
    targets = tuple(Target(cluster=cluster, namespace=namespace, app=app) for cluster, namespace in places)
    return LogRequest(where=(stage, app), targets=targets, previous=previous, failing=failing_of(rollouts))


def failing_of(rollouts: Sequence[RolloutState]) -> Failing | None:
    """Return what stands in the way of the rollouts that fail, as far as they name it; None when none does."""
    named = [each for each in rollouts if each.level is Level.FAILING and each.pod]
    if not named:
        return None
    targets = [
        Target(cluster=each.cluster, namespace=each.namespace, pods=_with_siblings(each.kind, each.pod))
        for each in named
    ]
    known = all(each.container for each in named)
    containers = dict.fromkeys(each.container for each in named) if known else {}
    return Failing(
        targets=tuple(dict.fromkeys(targets)),
        containers=tuple(containers),
        workloads=tuple(dict.fromkeys((each.cluster, each.namespace, each.kind, each.name) for each in named)),
    )


def _with_siblings(kind: str, pod: str) -> tuple[str, ...]:
    """Return a pod, and a glob of the pods of the same revision where their names tell it.

    Source: the API server appends five characters to what it was given, and of a long name even the dash may be cut.
    """
    made_up = kind in ("Deployment", "ReplicaSet", "Job", "CronJob") and len(pod) > MADE_UP
    return (pod, pod[:-MADE_UP] + "?" * MADE_UP) if made_up else (pod,)


def of_rollout(
    rollout: RolloutState, siblings: Sequence[RolloutState], stage: str, *, previous: bool = False
) -> LogRequest:
    """Return the logs of all pods of a workload; ``siblings`` are the workloads of its app in the stage."""
    here = [each for each in siblings if (each.cluster, each.namespace) == (rollout.cluster, rollout.namespace)]
    pods = pod_globs(rollout.kind, rollout.name) if len(here) > 1 else ()
    app = "" if pods else rollout.app
    target = Target(cluster=rollout.cluster, namespace=rollout.namespace, app=app, pods=pods)
    return LogRequest(
        where=(stage, rollout.app if not pods else rollout.name),
        targets=(target,),
        previous=previous,
        failing=failing_of((rollout,)),
    )


def of_pod(pod: PodState, stage: str, container: str = "", *, now_ms: int, previous: bool = False) -> LogRequest:
    """Return the logs of a pod or of one container of it, at the moment of its failure if it is failing."""
    target = Target(cluster=pod.cluster, namespace=pod.namespace, pods=(pod.name,))
    known = next((each for each in pod.containers if each.name == container), None)
    return LogRequest(
        where=(stage, pod.name, *([container] if container else [])),
        targets=(target,),
        containers=(container,) if container else (),
        init=bool(container) and known is not None and known.role is not ContainerRole.APP,
        previous=previous,
        at_ms=failed_ms(pod, container, now_ms),
    )


def failed_ms(pod: PodState, container: str, at_ms: int) -> int | None:
    """Return when a container of a pod that is in trouble ended last; None when all are well.

    No ``container``: any of them. Of one that runs the end counts only where it looped at the moment ``at_ms``: it may
    have ended once, long before what troubles it now.
    """
    ends = []
    for each in pod.containers:
        if container and each.name != container:
            continue
        if each.state == "terminated" and each.exit_code:
            ends.append(each.since_ms)
        elif not each.ready and each.last_exit_code and (each.state != "running" or _loops(each, at_ms)):
            ends.append(each.last_finished_ms)
    return max((end for end in ends if end is not None), default=None)


def _loops(container: Container, at_ms: int) -> bool:
    return container.since_ms is not None and container.since_ms > at_ms - LOOPS_S * 1000


def pod_globs(kind: str, name: str) -> tuple[str, ...]:
    """Return globs of the names that Kubernetes gives to the pods of a workload; none when it is not known.

    Source: the hashes of ReplicaSets (up to 10 characters), ordinals of StatefulSets, times of the Jobs of CronJobs
    (8 digits, once 10), generated names of pods (those of the API server: ``names.SimpleNameGenerator``).
    """
    if kind == "StatefulSet":
        return tuple(f"{name}-{'[0-9]' * size}" for size in range(1, 4))
    if kind == "Deployment":
        given = [[*name, "-", *[ONE] * size, "-"] for size in range(5, 11)]
    elif kind == "CronJob":
        given = [[*name, "-", *["[0-9]"] * size, "-"] for size in range(8, 11)]
    elif kind in ("DaemonSet", "Job", "ReplicaSet"):
        given = [[*name, "-"]]
    else:
        return ()
    globs = ("".join([*letters[:LONGEST_GIVEN], *[ONE] * MADE_UP]) for letters in given)
    return tuple(dict.fromkeys(globs))
