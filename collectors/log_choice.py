"""Which containers of the pods of a target are followed: all, those named, or what fails and what takes its place."""

import fnmatch
import re
from collections.abc import Collection, Iterable, Set

from collectors.log_lines import Area, Selection, SoFar
from collectors.log_owners import cron_job_of
from collectors.log_pods import LogPod, PodContainer
from collectors.log_roster import Cluster, Roster
from collectors.log_track import MOST_LEFT
from statusdesk.image_names import image_tag

Key = tuple[str, str, str]
"""(cluster, uid of the pod, container)"""
_OF_RUN = re.compile(
    r"(?>-(?:v?\d[\d.]*|(?=[a-f]*\d)[0-9a-f]{7,40}|[bcdfghjklmnpqrstvwxz2456789]{5})(?=-|$))+$"  # a part is one thing
)
"""What other Jobs end in that are made anew: numbers, versions and times; a commit; what ``generateName`` makes up.

A word is none of these: ``migrate-db`` and ``migrate-users`` have nothing in common.
"""


class LogChoice:
    """Says which containers are followed. Where what fails is asked for, what was followed once is followed on."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._failing = selection.failing
        so_far = selection.failing.so_far if selection.failing else SoFar()
        self._there = dict(so_far.there)  # pods that were there at the beginning take nobody's place
        named = selection.failing.workloads if selection.failing else ()
        self._workloads = {(cluster, namespace, *_lasting(*known)) for cluster, namespace, *known in named}
        self._pods: dict[tuple[str, str], None] = dict.fromkeys(so_far.pods)
        self._failed = set[Key](so_far.failed)
        self._passed, self._passed_before = set[Key](), set[Key]()
        self._others = set[tuple[str, str]]()
        self._serving = set[tuple[str, str]]()  # of those whose names are like that of one which fails
        self._restarts: dict[Key, int] = {}  # of what was passed over, when that was seen first

    @property
    def so_far(self) -> SoFar | None:
        """What it goes by, where only what fails is followed."""
        if self._failing is None:
            return None
        return SoFar(there=dict(self._there), pods=frozenset(self._pods), failed=frozenset(self._failed))

    @property
    def others(self) -> int:
        """How many pods are there that are not followed, as nothing of them fails; of what is over none counts."""
        return len(self._others - self._pods.keys())

    def look(self, rosters: Collection[tuple[Cluster, Roster]]) -> None:
        """Begin to look at all pods; take note of those that are there at the beginning."""
        self._passed_before, self._passed, self._others = self._passed, set(), set()
        self._restarts = {key: count for key, count in self._restarts.items() if key in self._passed_before}
        if self._failing is None:
            return
        if all(roster.answered for _, roster in rosters):
            self._forget({(cluster.name, pod.uid) for cluster, roster in rosters for pod in roster.pods()})
        for area in {(cluster.name, roster.target.namespace) for cluster, roster in rosters} - set(self._there):
            here = [each for cluster, each in rosters if (cluster.name, each.target.namespace) == area]
            if all(roster.answered for roster in here) and any(roster.listed for roster in here):
                self._there[area] = self._first(area, [pod for roster in here for pod in roster.pods()])

    def _forget(self, here: Set[tuple[str, str]]) -> None:
        """Forget the pods that have gone but for the last ones, which may be listed again."""
        self._serving &= here
        gone = [key for key in self._pods if key not in here]
        self._pods = dict.fromkeys(gone[-MOST_LEFT:]) | {key: None for key in self._pods if key in here}
        self._failed = {key for key in self._failed if key[:2] in self._pods}

    def _first(self, area: Area, pods: Iterable[LogPod]) -> frozenset[str]:
        """Return the uids of pods without those in the place of what was named, where that had gone before."""
        pods = list(pods)
        stand = {each for pod in pods if self._is_named_pod(area, pod) for each in self._failed_of(area, pod)}
        return frozenset(pod.uid for pod in pods if stand & (of := self._failed_of(area, pod)) or not of)

    def has(self, cluster: Cluster, pod: LogPod, container: PodContainer) -> bool:
        """Say whether a container is followed."""
        if self._failing is None:
            return self._is_chosen(pod, container, self._selection.containers)
        key = (cluster.name, pod.uid, container.name)
        if self._has_pod(cluster, pod) and self._is_in_pod(cluster, key, pod, container):
            return True
        self._passed.add(key)
        self._restarts.setdefault(key, container.restarts)
        if not pod.over:
            self._others.add(key[:2])
        return False

    def is_late(self, key: Key) -> bool:
        """Say whether a container has been passed over before: what it wrote till now was not asked for."""
        return key in self._passed_before

    def joining(self, container: PodContainer) -> str:
        """Return what is told of a container whose pod has come."""
        return f"joined: {image_tag(container.image) or container.image}, followed too" if self._failing else "joined"

    def _is_chosen(self, pod: LogPod, container: PodContainer, names: Collection[str]) -> bool:
        is_named = any(fnmatch.fnmatchcase(container.name, glob) for glob in names)
        if container.init and not self._selection.init and not is_named and not pod.initialising:
            return False
        return not names or is_named or (container.init and pod.initialising)

    def _has_pod(self, cluster: Cluster, pod: LogPod) -> bool:
        key, area = (cluster.name, pod.uid), (cluster.name, pod.namespace)
        is_new = area in self._there and pod.uid not in self._there[area]
        if key not in self._pods and (
            self._is_asked(cluster, key, pod)
            or (is_new and (self._failed_of(area, pod) or pod.has_failed))
            or pod.fails(cluster.api.now_ns)
            or (not pod.leaves and any(self._fell((*key, one.name), one) for one in pod.containers))
        ):
            self._pods[key] = None
        return key in self._pods

    def _is_in_pod(self, cluster: Cluster, key: Key, pod: LogPod, container: PodContainer) -> bool:
        """Say whether a container of a pod that is followed is; that of another one too, as soon as it fails.

        Once the init containers are done that had failed, it goes on with those that run.
        """
        names = self._failing.containers if self._failing is not None else ()
        if self._is_chosen(pod, container, names):
            return True
        if container.fails(cluster.api.now_ns) or self._fell(key, container):
            self._failed.add(key)
        goes_on = not container.init and bool(container.run_id)
        only_init = not any(one.name in names and not one.init for one in pod.containers)
        return key in self._failed or (goes_on and only_init)

    def _fell(self, key: Key, container: PodContainer) -> bool:
        """Say whether one that was passed over has ended badly since, though it may run well again."""
        again = container.restarts > self._restarts.get(key, container.restarts)
        return again and container.last is not None and container.last.exit_code != 0

    def _is_asked(self, cluster: Cluster, key: tuple[str, str], pod: LogPod) -> bool:
        """Say whether a pod was named, or is like one that was and did not serve when it was seen first."""
        area = (cluster.name, pod.namespace)
        if key in self._serving or not self._is_named_pod(area, pod):
            return False
        if pod.name not in self._names(area) and pod.serves(cluster.api.now_ns):
            self._serving.add(key)
            return False
        return True

    def _is_named_pod(self, area: Area, pod: LogPod) -> bool:
        """Say whether a pod is one of those that were named, or like one of them."""
        return any(pod.name == glob or fnmatch.fnmatchcase(pod.name, glob) for glob in self._names(area))

    def _names(self, area: Area) -> list[str]:
        targets = self._failing.targets if self._failing is not None else ()
        return [name for each in targets if (each.cluster, each.namespace) == area for name in each.pods]

    def _failed_of(self, area: Area, pod: LogPod) -> set[tuple[str, str]]:
        """Return those of the workloads that had failed which a pod is of."""
        return {each for each in _may_be(*pod.workload) if (*area, *each) in self._workloads}


def _lasting(kind: str, name: str) -> tuple[str, str]:
    """Return what runs of one thing have in common: a Job that is made anew has a name of its own."""
    return (kind, _OF_RUN.sub("-", name)) if kind == "Job" else (kind, name)


def _may_be(kind: str, name: str) -> set[tuple[str, str]]:
    """Return what the pods of a workload may be runs of: a pod names its Job, not the CronJob that owns the Job."""
    runs = {_lasting(kind, name)}
    if cron_job := cron_job_of(kind, name):
        runs.add(("CronJob", cron_job))
    return runs
