"""The pods whose logs are followed: listed, then watched; of each what a follower of logs needs to know.

Source: ``GET /api/v1/namespaces/{namespace}/pods``; a pod belongs to an app by the same rules as on the board.
"""

import datetime
import fnmatch
from urllib.parse import quote

import msgspec
from msgspec import field

from collectors.kubernetes_names import APP_LABEL, AppRules
from collectors.kubernetes_wire import (
    AddedWire,
    BookmarkWire,
    ConditionWire,
    DeletedWire,
    ErrorWire,
    ListWire,
    ModifiedWire,
    PodMetaWire,
    PodSpecWire,
    Wire,
)
from collectors.log_lines import LOOPS_S, Target
from collectors.log_owners import cron_job_of, owner_of
from collectors.log_text import SECOND_NS
from statusdesk.text import clean

LATE_S = 60
"""A container that runs so long without being ready is looked at: most begin sooner."""
_BEGINS = ("ContainerCreating", "PodInitializing", "starting")


class _EndWire(Wire):
    exit_code: int = 0
    reason: str = ""
    started_at: str | None = None
    finished_at: str | None = None
    container_id: str = field(default="", name="containerID")


class _WaitWire(Wire):
    reason: str = ""


class _RunWire(Wire):
    started_at: str | None = None


class _StateWire(Wire):
    waiting: _WaitWire | None = None
    running: _RunWire | None = None
    terminated: _EndWire | None = None


class _LastWire(Wire):
    terminated: _EndWire | None = None


class _ContainerWire(Wire):
    name: str = ""
    container_id: str = field(default="", name="containerID")
    ready: bool = False
    restart_count: int = 0
    state: _StateWire | None = None
    last_state: _LastWire | None = None


class _StatusWire(Wire):
    phase: str = ""
    reason: str = ""
    message: str = ""
    conditions: list[ConditionWire] | None = None
    container_statuses: list[_ContainerWire] | None = None
    init_container_statuses: list[_ContainerWire] | None = None


class LogPodWire(Wire):
    """A pod, with the ids of its containers' present and last runs."""

    metadata: PodMetaWire
    spec: PodSpecWire | None = None
    status: _StatusWire | None = None


PODS_PAGE: msgspec.json.Decoder[ListWire[LogPodWire]] = msgspec.json.Decoder(ListWire[LogPodWire])
ONE_POD = msgspec.json.Decoder(LogPodWire)
POD_EVENT: msgspec.json.Decoder[
    AddedWire[LogPodWire] | ModifiedWire[LogPodWire] | DeletedWire[LogPodWire] | BookmarkWire | ErrorWire
] = msgspec.json.Decoder(
    AddedWire[LogPodWire] | ModifiedWire[LogPodWire] | DeletedWire[LogPodWire] | BookmarkWire | ErrorWire
)


OUT_OF_TIME = "DeadlineExceeded"
"""The reason of a pod that ran for longer than its Job may take (``activeDeadlineSeconds``)."""


class Run(msgspec.Struct, frozen=True):
    """A run of a container that has ended. ``started_ns`` and ``finished_ns``: as of ``PodContainer``."""

    container_id: str
    exit_code: int
    reason: str
    started_ns: int = 0
    finished_ns: int = 0

    @property
    def told(self) -> str:
        """How it ended: ``exit 137 OOMKilled``."""
        return f"exit {self.exit_code} {self.reason}".strip()


class PodContainer(msgspec.Struct, frozen=True, kw_only=True):
    """A container of a pod. ``run_id`` is its present or newest run, which has ``ended`` or not; empty: none yet.

    ``started_ns`` is when that began, by the clock of its node (ns of UTC, whole seconds); 0 where that is not known.
    A ``sidecar`` is an init container that is restarted always, which runs beside the others: it is no ``init``.
    """

    name: str
    init: bool = False
    sidecar: bool = False
    run_id: str = ""
    started_ns: int = 0
    ended: Run | None = None
    last: Run | None = None
    restarts: int = 0
    waits_for: str = ""
    ready: bool = False
    image: str = ""

    def fails(self, now_ns: int) -> bool:
        """Say whether it stands in the way, by its state alone: it ended badly, cannot start, is not ready for long."""
        if self.waits_for or self.ended is not None:
            return bool(self.ended and self.ended.exit_code) or self.waits_for not in ("", *_BEGINS)
        if not self.run_id or self.ready or self.init:
            return False
        is_late = 0 < self.started_ns < now_ns - LATE_S * SECOND_NS
        return is_late or (self.last is not None and self.last.exit_code != 0)

    def serves(self, now_ns: int) -> bool:
        """Say whether it is ready, and not only between two crashes: without a probe it is as soon as it runs."""
        loops = self.started_ns > now_ns - LOOPS_S * SECOND_NS and self.last is not None and self.last.exit_code != 0
        return self.ready and not loops

    def ended_before(self, at_ns: int) -> bool:
        """Say whether its newest run was over before a moment, where it is known when it ended."""
        return self.ended is not None and 0 < self.ended.finished_ns < at_ns

    def run_of(self, previous: bool) -> str:
        """Return which run is read as ``previous`` or not; the one before stays the same when the next one begins."""
        if previous:
            return self.last.container_id if self.last is not None else ""
        return self.run_id

    @property
    def runs(self) -> bool:
        """Whether it runs now."""
        return bool(self.run_id) and self.ended is None and not self.waits_for

    @property
    def before(self) -> Run | None:
        """The run before ``run_id``, the only one of those that are over whose log is kept."""
        # of a container that waits to be started again the last run is the newest one itself
        return self.last if self.last is not None and self.last.container_id not in ("", self.run_id) else None

    @property
    def rests(self) -> bool:
        """Whether it waits to be started again: its newest run is the one before the next, and no older one is kept."""
        return self.last is not None and self.last.container_id == self.run_id


class LogPod(msgspec.Struct, frozen=True, kw_only=True):
    """A pod and its containers, the init containers first.

    Of one that is ``over`` nothing runs again. ``why`` says why it is, or what keeps it from having containers.
    """

    namespace: str
    name: str
    uid: str
    app: str
    containers: tuple[PodContainer, ...]
    workload: tuple[str, str] = ("", "")
    """Kind and name of what it belongs to."""
    leaves: bool = False
    over: bool = False
    why: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.namespace, self.uid

    def container(self, name: str) -> PodContainer | None:
        return next((one for one in self.containers if one.name == name), None)

    def fails(self, now_ns: int) -> bool:
        """Say whether it is there to stay and has no node, or a container that fails."""
        stays = not self.leaves and not self.over
        return stays and (bool(self.why) or any(one.fails(now_ns) for one in self.containers))

    def serves(self, now_ns: int) -> bool:
        """Say whether all that has to run runs well; a Job serves nobody, its tries run until they end."""
        lasting = [one for one in self.containers if not one.init] if self.workload[0] != "Job" else []
        return bool(lasting) and all(one.serves(now_ns) for one in lasting)

    @property
    def has_failed(self) -> bool:
        """Whether it is over because of a container of its own, as a try of a Job: a node has not put it out."""
        own = not self.why or self.why.startswith(OUT_OF_TIME)
        return self.over and own and any(one.ended is not None and one.ended.exit_code for one in self.containers)

    @property
    def initialising(self) -> bool:
        """Whether its init containers have not all ended well yet: then their logs say why the others wait.

        What ran before does not matter: in a new sandbox, as after a reboot of the node, they run again.
        Source: kubectl's printPod, which passes over those that were terminated with 0.
        """
        if any(one.runs for one in self.containers if not one.init and not one.sidecar):
            return False
        return any(one.ended is None or one.ended.exit_code for one in self.containers if one.init)


def log_pod(wire: LogPodWire, rules: AppRules) -> LogPod:
    """Return what a follower needs to know of a pod."""
    meta = wire.metadata
    workload = _workload(meta)
    return LogPod(
        namespace=clean(meta.namespace),
        name=clean(meta.name),
        uid=clean(meta.uid),
        app=_app(meta, rules, workload[1]),
        containers=tuple(_containers(wire)),
        workload=workload,
        leaves=meta.deletion_timestamp is not None,
        over=wire.status is not None and wire.status.phase in ("Failed", "Succeeded"),
        why=_why(wire.status),
    )


def _why(status: _StatusWire | None) -> str:
    """Return the reason and message of a pod, ``Evicted: ...``, else those for which it has no node.

    Source: core/v1 PodStatus; the kubelet says Evicted, NodeShutdown, OutOfcpu, the scheduler Unschedulable.
    """
    if status is None:
        return ""
    unplaced = (one for one in status.conditions or () if (one.type, one.status) == ("PodScheduled", "False"))
    said = status if status.reason else next(unplaced, status)
    return clean(" ".join(": ".join(filter(None, (said.reason, said.message))).split()))


def _app(meta: PodMetaWire, rules: AppRules, name: str) -> str:
    """Return the app of a pod of the workload ``name``, as ``kubernetes_facts.Translator`` tells it."""
    labels = meta.labels
    label = clean(labels.app) if labels is not None else ""
    return rules.app_of(name, label) if name else label


def _workload(meta: PodMetaWire) -> tuple[str, str]:
    kind, name = owner_of(meta)
    return clean(kind), clean(name)


def _containers(wire: LogPodWire) -> list[PodContainer]:
    spec, status = wire.spec, wire.status
    found: list[PodContainer] = []
    if spec is None:
        return found
    inits = (status.init_container_statuses if status is not None else None) or ()
    mains = (status.container_statuses if status is not None else None) or ()
    for asked, statuses, is_init in ((spec.init_containers, inits, True), (spec.containers, mains, False)):
        known = {one.name: one for one in statuses}
        for one in asked or ():
            sidecar = is_init and one.restart_policy == "Always"
            container = _container(one.name, known.get(one.name), init=is_init and not sidecar, sidecar=sidecar)
            found.append(msgspec.structs.replace(container, image=clean(one.image)))
    return found


def _container(name: str, wire: _ContainerWire | None, *, init: bool, sidecar: bool) -> PodContainer:
    if wire is None:
        return PodContainer(name=clean(name), init=init, sidecar=sidecar)
    state = wire.state or _StateWire()
    last = _run(wire.last_state.terminated) if wire.last_state is not None else None
    ended = _run(state.terminated)
    run_id = clean(wire.container_id)
    if state.waiting is not None and last is not None:
        run_id, ended = last.container_id, last  # what waits to be started again still has the log of its last run
    return PodContainer(
        name=clean(name),
        init=init,
        sidecar=sidecar,
        run_id=(ended.container_id if ended is not None else "") or run_id,
        started_ns=ended.started_ns if ended is not None else _ns(state.running.started_at) if state.running else 0,
        ended=ended,
        last=last,
        restarts=wire.restart_count,
        ready=wire.ready,
        waits_for=clean(state.waiting.reason) or "starting" if state.waiting is not None else "",
    )


def _run(wire: _EndWire | None) -> Run | None:
    if wire is None:
        return None
    return Run(
        clean(wire.container_id), wire.exit_code, clean(wire.reason), _ns(wire.started_at), _ns(wire.finished_at)
    )


def _ns(text: str | None) -> int:
    """Return a time of RFC 3339 in nanoseconds of UTC, 0 for none; not by our clock, as those of lines are not."""
    try:
        return round(datetime.datetime.fromisoformat(text).timestamp()) * SECOND_NS if text else 0
    except (ValueError, OverflowError):
        return 0


Query = tuple[tuple[str, str], ...]


class Choice:
    """Which pods of a namespace belong to a target."""

    def __init__(self, target: Target, rules: AppRules) -> None:
        self._target = target
        self._rules = rules
        self._owners = frozenset[tuple[str, str]]()

    def may_own(self, wire: LogPodWire) -> bool:
        """Say whether a pod may belong to the target by a workload that carries the label which it lacks itself."""
        labels = wire.metadata.labels
        lacks = labels is None or not labels.app
        return lacks and bool(self._target.app) and bool(wire.metadata.owner_references) and self.pod(wire) is None

    def own(self, owners: frozenset[tuple[str, str]]) -> None:
        """Take kinds and names of the workloads whose pods are the target's, too, where they carry no label."""
        self._owners = owners

    def pod(self, wire: LogPodWire) -> LogPod | None:
        """Return the pod, None when it is none of the target's."""
        pod = log_pod(wire, self._rules)
        if self._target.app and pod.app != self._target.app and not self._is_of_app(wire.metadata):
            return None
        wanted = self._target.pods
        if wanted and not any(pod.name == one or fnmatch.fnmatchcase(pod.name, one) for one in wanted):
            return None
        return pod

    def _is_of_app(self, meta: PodMetaWire) -> bool:
        """Say whether a pod is the target's app's by a workload above its own, or by the label of its own."""
        cron_job = cron_job_of(*_workload(meta))
        if cron_job and _app(meta, self._rules, cron_job) == self._target.app:
            return True
        lacks = meta.labels is None or not meta.labels.app
        return lacks and bool(self._owners) and owner_of(meta) in self._owners

    def path(self) -> str:
        return f"/api/v1/namespaces/{quote(self._target.namespace, safe='')}/pods"


def queries_of(target: Target, rules: AppRules) -> tuple[Query, ...]:
    """Return the queries that find all pods of a target together; each is listed and watched.

    A pod that carries the label of another app is none of this one's; one that carries none may be, by its workload.
    """
    if len(target.pods) == 1 and not any(sign in target.pods[0] for sign in "*?["):
        return ((("fieldSelector", f"metadata.name={target.pods[0]}"),),)
    if target.app and rules.is_plain(target.app):
        return (("labelSelector", f"{APP_LABEL}={target.app}"),), (("labelSelector", f"!{APP_LABEL}"),)
    return ((),)
