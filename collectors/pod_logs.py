"""Follows the logs of the pods of some targets: all that are there, those that join, their successors, their restarts.

One thread keeps the list of what is to be followed, one thread each reads an open stream, one each watches the pods of
a target. What cannot be open at a time waits and is told.
"""

import fnmatch
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec.structs import replace

from collectors.kubernetes_api import KubernetesApi
from collectors.kubernetes_names import AppRules
from collectors.kubernetes_problems import as_problem
from collectors.log_choice import Key, LogChoice
from collectors.log_guard import is_due
from collectors.log_lines import CUT_UNREAD, FollowStatus, LogLine, Origin, Selection, Wanted
from collectors.log_merge import HOLD_S, Merge
from collectors.log_older import Place, askable, older_lines, whole_line
from collectors.log_pods import LogPod, PodContainer, queries_of
from collectors.log_roster import Cluster, Roster
from collectors.log_stream import ALL_MISSING, NOT_KEPT, ContainerReader
from collectors.log_text import SECOND_NS
from collectors.log_track import LAST_MISSING, MOST_LEFT, Outcome, Patience, Track, new_track
from statusdesk.clock import ClockSteps, boot_clock
from statusdesk.config import ClusterSettings
from statusdesk.text import counted, few

TICK_S = 1.0
MAX_WAITING_TOLD = 20
LINGER_S = 0.006
_CONTAINERS, _PREVIOUS = " containers", " previous"  # keys of problems; no container has such a name


class PodLogs:
    """A ``LogFollower`` of pods. Every method may be called by any thread."""

    def __init__(
        self,
        clusters: Mapping[str, ClusterSettings],
        rules: AppRules,
        selection: Selection,
        patience: Patience | None = None,
    ) -> None:
        self._selection = selection
        self._patience = patience or Patience()
        self._merge = Merge(selection.patient)
        self._choice = LogChoice(selection)
        self._clusters: dict[str, Cluster] = {}
        self._rosters: list[tuple[Cluster, Roster]] = []
        self._origins: list[Origin] = list(selection.known)
        self._indexes = {origin: index for index, origin in enumerate(self._origins)}
        self._tracks: dict[Key, Track] = {}
        self._readers: dict[Key, ContainerReader] = {}
        self._left: dict[Key, Track] = {}
        """Those whose pod has gone, the last ones: it may be listed again."""
        self._waiting: dict[Key, str] = {}
        self._problems: dict[str, str] = {}
        self._changed = threading.Event()
        self._lock = threading.Lock()
        self._over = False
        self._settled = self._unrestarted = self._found = self._looked = False
        self._pods: int | None = None
        self._others, self._so_far = 0, self._choice.so_far
        self._vacant: tuple[str, ...] = ()
        self._resting = self._single = frozenset[int]()
        for target in selection.targets:
            cluster = self._cluster(target.cluster, clusters)
            for query in queries_of(target, rules):
                roster = Roster(cluster.api, target, rules, self._changed.set, self._patience.poll_s, query)
                self._rosters.append((cluster, roster))

    def _cluster(self, name: str, clusters: Mapping[str, ClusterSettings]) -> Cluster:
        if name not in clusters:
            raise LookupError(f"there is no cluster {name!r} in the configuration")
        if name not in self._clusters:
            self._clusters[name] = Cluster(name, KubernetesApi(clusters[name], steps=ClockSteps(boot_clock)))
        return self._clusters[name]

    @property
    def origins(self) -> Sequence[Origin]:
        return self._origins

    def start(self) -> None:
        for _, roster in self._rosters:
            roster.start()
        threading.Thread(target=self._run, name="pod-logs", daemon=True).start()

    def take(self, limit: int) -> list[LogLine]:
        return self._merge.take(limit)

    def wait(self, timeout_s: float) -> None:
        self._merge.wait(timeout_s)

    def status(self) -> FollowStatus:
        with self._lock:
            waiting = [self._waiting[key] for key in sorted(self._waiting)]
            problems = [roster.problem for _, roster in self._rosters if roster.problem] + list(self._problems.values())
            narrow = self._selection.failing is not None
            found = not narrow and any(roster.pods() for _, roster in self._rosters)
            return FollowStatus(
                open=len(self._readers),
                waiting=len(waiting),
                waiting_for=tuple(waiting[:MAX_WAITING_TOLD]),
                skipped=self._merge.skipped,
                problems=tuple(dict.fromkeys(problems)),
                ended=self._over or (self._settled and self._merge.is_empty),
                pods=self._pods,
                behind=self._merge.is_behind,
                resting=self._resting,
                single=self._single,
                unrestarted=self._unrestarted,
                found=bool(self._tracks) or self._found or found,
                others=self._others,
                so_far=self._so_far,
                vacant=self._vacant,
                listed=self._looked,
                unread=tuple(sorted(track.name for track in self._tracks.values() if track.unread)),
            )

    def older(
        self, before_ns: int, origins: Collection[int], limit: int, wanted: Wanted | None = None
    ) -> list[LogLine]:
        with self._lock:
            asked = askable(self._tracks.values(), origins or range(len(self._origins)), looked=self._looked)
            places = [Place(self._api(at), self._origins[at], at, run_before) for at, run_before in asked.items()]
        return older_lines(places, before_ns, limit, wanted, self._selection.manner)

    def whole(self, line: LogLine, *, redact: bool = True) -> str:
        origin, manner = self._origins[line.origin], replace(self._selection.manner, redact=redact)
        return whole_line(Place(self._api(line.origin), origin, line.origin), line, manner)

    def _api(self, index: int) -> KubernetesApi:
        return self._clusters[self._origins[index].cluster].api

    def close(self) -> None:
        with self._lock:
            self._over = True
            readers = list(self._readers.values())
        self._merge.close()
        self._changed.set()
        for _, roster in self._rosters:
            roster.close()
        for reader in readers:
            reader.close()
        for cluster in self._clusters.values():
            cluster.api.close()

    def _run(self) -> None:
        while not self._over:
            self._changed.wait(TICK_S)
            self._changed.clear()
            try:
                for cluster in self._clusters.values():
                    cluster.api.cut_late()
                self._look()
            except Exception as error:  # the edge of this thread: without it nothing would join any more, unseen
                with self._lock:
                    self._problems[""] = as_problem(error).message

    def _look(self) -> None:
        """Open what is to be read and may be, and look after what is open."""
        answered = all(roster.answered for _, roster in self._rosters)
        wanted = list(self._wanted())
        known = {pod.uid for _, _, pod, _ in wanted}
        with self._lock:
            waiting: dict[Key, str] = {}
            for key, track in self._tracks.items():
                is_late = time.monotonic() > track.end_s + self._patience.end_s
                if track.end and is_late and key not in self._readers:
                    track.tell_end(self._merge)
                is_gone = key[1] not in known
                track.gone_ns = (track.gone_ns or self._clusters[key[0]].api.now_ns) if is_gone else 0
            for cluster, roster, pod, container in wanted:
                key = (cluster.name, pod.uid, container.name)
                why = self._place(key, cluster, roster, pod, container)
                if why:
                    place = self._selection.place(cluster.name, pod.namespace)
                    waiting[key] = f"{place}{pod.name}/{container.name}: {why}"
            self._waiting = waiting
            for key in [key for key in self._tracks if key not in self._readers and key[1] not in known]:
                self._part(key)
            tracks = [(self._tracks.get((cluster.name, pod.uid, one.name)), one) for cluster, _, pod, one in wanted]
            self._resting = frozenset(track.origin for track, one in tracks if track is not None and one.rests)
            twofold = (track.origin for track, one in tracks if track is not None and one.before is not None)
            self._single = frozenset(range(len(self._origins))).difference(twofold)
            self._tell_of_pods(wanted, answered)
            self._tell_of_choice([(cluster, pod, container) for cluster, _, pod, container in wanted], answered)
            once = not self._selection.follow or self._selection.previous
            # what waits although there are places would wait for ever, where nothing is followed
            self._settled = once and answered and not self._readers
        self._merge.hold_s = HOLD_S + self._linger_s()
        self._merge.wake()
        if not once:
            self._guard()

    def _tell_of_pods(self, wanted: list[tuple[Cluster, Roster, LogPod, PodContainer]], answered: bool) -> None:
        """Count the pods that are followed, of runs before those that have one, and others."""
        read = (each for each in wanted if not self._selection.previous or each[3].last is not None)
        self._pods = len({(cluster.name, pod.uid) for cluster, _, pod, _ in read}) if answered else None
        self._others, self._so_far = self._choice.others, self._choice.so_far
        self._found, self._looked = bool(wanted), answered

    def _part(self, key: Key) -> None:
        """Tell that a pod has gone; how far it was read is kept, for it may be listed again."""
        track = self._tracks.pop(key)
        track.tell_end(self._merge)
        gone = f"left: the pod has gone{LAST_MISSING if track.torn else ''}"
        told = f"left unread: {self._streams('was', 'were')} open{ALL_MISSING}" if track.unread else gone
        self._merge.mark(track.lane, told, max(track.lane.newest_ns, track.gone_ns))
        self._merge.end(track.lane)
        self._problems.pop(track.name, None)
        self._left[key] = track
        if len(self._left) > MOST_LEFT:
            del self._left[next(iter(self._left))]

    def _vacant_namespaces(self) -> tuple[str, ...]:
        """Return the namespaces in which no roster has a problem, or a pod, now or at the beginning."""
        rosters = [roster for _, roster in self._rosters]
        filled = {roster.target.namespace for roster in rosters if roster.problem or roster.first or roster.pods()}
        return tuple(dict.fromkeys(one.target.namespace for one in rosters if one.target.namespace not in filled))

    def _tell_of_choice(self, wanted: list[tuple[Cluster, LogPod, PodContainer]], answered: bool) -> None:
        """Tell of containers that no pod has, and of runs before that there never were, or that are not kept."""
        self._vacant = self._vacant_namespaces() if answered else ()
        pods = [pod for _, roster in self._rosters for pod in roster.pods()]
        known = sorted({container.name for pod in pods for container in pod.containers})
        absent = [glob for glob in self._selection.containers if not fnmatch.filter(known, glob)] if pods else []
        self._problems.pop(_CONTAINERS, None)
        self._problems.pop(_PREVIOUS, None)
        self._unrestarted = False
        if absent:
            self._problems[_CONTAINERS] = f"no container is called {', '.join(absent)}; there is {', '.join(known)}"
        elif self._selection.previous and answered and wanted and all(one.last is None for _, _, one in wanted):
            restarted = [each for each in wanted if each[2].restarts]
            self._unrestarted = not restarted and not any(roster.problem for _, roster in self._rosters)
            if not restarted:
                told = self._named(wanted)
                self._problems[_PREVIOUS] = f"no previous run of {told}: none has been restarted"
            else:
                self._problems[_PREVIOUS] = f"{self._named(restarted)}: {NOT_KEPT}"

    def _named(self, some: list[tuple[Cluster, LogPod, PodContainer]]) -> str:
        """Name containers, of many the first ones."""
        place = self._selection.place
        return few(sorted({f"{place(at.name, pod.namespace)}{pod.name}/{one.name}" for at, pod, one in some}))

    def _wanted(self) -> Iterator[tuple[Cluster, Roster, LogPod, PodContainer]]:
        seen: set[Key] = set()
        self._choice.look(self._rosters)
        for cluster, roster in self._rosters:
            for pod in sorted(roster.pods(), key=lambda pod: (pod.namespace, pod.name)):
                for container in pod.containers:
                    key = (cluster.name, pod.uid, container.name)
                    if key not in seen and self._choice.has(cluster, pod, container):
                        seen.add(key)
                        yield cluster, roster, pod, container

    def _place(self, key: Key, cluster: Cluster, roster: Roster, pod: LogPod, container: PodContainer) -> str:
        """Open the stream of a container; return what it waits for, empty when it is open or has nothing to read."""
        if key in self._readers or self._over:
            return ""
        track = self._tracks.get(key) or self._back(key)
        waits_for = "" if pod.over else container.waits_for
        if self._selection.previous:
            if container.last is None:
                return ""
        elif not container.run_id:
            return (
                self._never_begins(key, cluster, roster, pod, container)
                if pod.over
                else waits_for or pod.why or "starting"
            )
        if track is not None and track.done_id == (container.run_of(self._selection.previous) or "-"):
            return waits_for if self._selection.follow and not self._selection.previous else ""
        if track is not None and time.monotonic() < track.not_before_s:
            return track.waits_for if container.ended is None else waits_for
        if len(self._readers) >= self._selection.max_streams:
            track = self._begun(key, cluster, roster, pod, container)
            track.unread = track.tried = True  # when its turn comes it may be another run
            return f"{self._streams('is', 'are')} open"
        self._open(key, cluster, roster, pod, container)
        return ""

    def _never_begins(self, key: Key, cluster: Cluster, roster: Roster, pod: LogPod, container: PodContainer) -> str:
        """Tell once why a container has no log and will have none; it waits for nothing."""
        track = self._begun(key, cluster, roster, pod, container)
        if track.done_id != "-":
            track.done_id, track.torn = "-", track.torn and bool(track.read_of)
            self._merge.mark(track.lane, f"no log: {pod.why or 'it never started'}", cluster.api.now_ns)
        return ""

    def _streams(self, one: str, many: str) -> str:
        most = self._selection.max_streams
        return f"{counted(most, 'stream')} {one if most == 1 else many}"

    def _back(self, key: Key) -> Track | None:
        """Go on with one that had left, where its last line was: its pod is listed again."""
        if (track := self._left.pop(key, None)) is not None:
            self._tracks[key] = track
            track.lane = self._merge.lane(track.origin)
            self._merge.mark(track.lane, "back: the pod is there again", track.gone_ns)
        return track

    def _begun(self, key: Key, cluster: Cluster, roster: Roster, pod: LogPod, container: PodContainer) -> Track:
        """Return what is known of a container from now on, whether its log can be opened at once or has to wait."""
        track = self._tracks.get(key)
        if track is None:
            joined = pod.uid not in roster.first and not self._choice.is_late(key)
            track = self._tracks[key] = self._track(cluster, pod, container, joined)
            if joined:
                self._merge.mark(track.lane, self._choice.joining(container), cluster.api.now_ns)
        return track

    def _open(self, key: Key, cluster: Cluster, roster: Roster, pod: LogPod, container: PodContainer) -> None:
        track = self._begun(key, cluster, roster, pod, container)
        if track.unread and self._selection.follow:  # what was written since it began to wait is more than older lines
            track.lane.cut_text = CUT_UNREAD
        track.unread = False
        reader = ContainerReader(
            cluster.api, track, self._selection, self._merge, self._patience, roster.ask, self._told, self._linger_s
        )
        self._readers[key] = reader
        threading.Thread(target=self._read, args=(key, reader), name="pod-log", daemon=True).start()

    def _linger_s(self) -> float:
        """Return how long to wait for more: the longer, the more streams have to share a processor."""
        return min(self._patience.linger_s, len(self._readers) * LINGER_S)

    def _track(self, cluster: Cluster, pod: LogPod, container: PodContainer, joined: bool) -> Track:
        origin = Origin(
            cluster=cluster.name,
            namespace=pod.namespace,
            pod=pod.name,
            container=container.name,
            init=container.init,
            previous=self._selection.previous,
            place=self._selection.place(cluster.name, pod.namespace),
        )
        index = self._indexes.setdefault(origin, len(self._origins))  # a pod's successor may have its name
        if index == len(self._origins):
            self._origins.append(origin)
        track = new_track(self._selection, pod, container, origin, index, self._merge.lane(index), joined)
        if container.ended_before(cluster.api.now_ns - round(self._patience.end_s * SECOND_NS)):
            track.over_id = container.run_id
        return track

    def _read(self, key: Key, reader: ContainerReader) -> None:
        track = reader.track
        try:
            outcome = reader.run()
        except Exception as error:  # the edge of this thread: a fault of ours must not look like a quiet container
            self._told(track.name, as_problem(error).message)
            outcome = Outcome.REFUSED
        self._merge.begun(track.lane)
        with self._lock:
            self._readers.pop(key, None)
            once = not self._selection.follow or self._selection.previous
            if outcome in (Outcome.ENDED, Outcome.GONE) and once:
                track.done_id = track.run_id or "-"
            elif outcome is Outcome.REFUSED:
                track.waits_for = "refused"
                track.not_before_s = time.monotonic() + self._patience.refused_s
                if once:
                    track.done_id = track.run_id or "-"
            elif outcome is Outcome.WAITS:
                if once:
                    track.done_id = track.run_id or "-"
                track.not_before_s = time.monotonic() + self._patience.stale_s
        self._changed.set()

    def _told(self, name: str, problem: str) -> None:
        with self._lock:
            if problem:
                self._problems[name] = f"{name}: {problem}"
            else:
                self._problems.pop(name, None)

    def _guard(self) -> None:
        """Open anew what has been silent for too long, or whose container has ended without a word."""
        now_s = time.monotonic()
        pods = {(cluster.name, pod.uid): pod for cluster, roster in self._rosters for pod in roster.pods()}
        with self._lock:
            readers = list(self._readers.items())
        for (cluster, uid, name), reader in readers:
            pod = pods.get((cluster, uid))
            container = pod.container(name) if pod is not None else None
            if is_due(reader, container, self._patience, now_s):
                reader.cut()
