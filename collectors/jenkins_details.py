"""What a build page shows beside what is known of every build: stages, commits, parameters; asked on demand only."""

import itertools
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

from collectors.jenkins_api import JenkinsApi
from collectors.jenkins_attribution import shown_parameters
from collectors.jenkins_facts import SOURCE, path_of
from collectors.jenkins_queries import build_details, stage_view
from collectors.jenkins_skew import ServerClock
from collectors.jenkins_wire import Change, ChangeSet, DetailsWire, StageView
from collectors.transport import VisitFailed, fault
from statusdesk.clock import Clock
from statusdesk.config import JenkinsSettings
from statusdesk.facts import BuildDetails, Changed, Commit, Message, Stage
from statusdesk.redact import safe
from statusdesk.wants import BuildWanted

KEPT = 100
AGAIN_MS = 2_000  # one that runs is not asked again sooner
MAX_COMMITS = 50
MAX_STAGES = 200
EVERY_S = 1.0
MOST_WAITING = 200
NO_STAGES = "no stages: it is no Pipeline, or Jenkins has no stage view"


class DetailsWanted:
    """Looks up what the desk wants, one build a second at the most, in a thread of its own."""

    def __init__(self, details: "JenkinsDetails", emit: Callable[[Message], None], stop: threading.Event) -> None:
        self._details = details
        self._emit = emit
        self._stop = stop
        self._waiting: queue.PriorityQueue[tuple[int, int, BuildWanted | None]] = queue.PriorityQueue()
        self._count = itertools.count()
        self._round = 0  # a thread of an earlier one ends when it comes back

    def want(self, wanted: BuildWanted) -> None:
        """Take a want; returns at once. What somebody waits for comes first; too many at once are dropped."""
        if self._waiting.qsize() < (2 * MOST_WAITING if wanted.urgent else MOST_WAITING):
            self._waiting.put((0 if wanted.urgent else 1, next(self._count), wanted))

    def start(self) -> None:
        """Begin, also after an ``end``."""
        self._round += 1
        threading.Thread(target=self._run, args=(self._round,), name="jenkins-details", daemon=True).start()

    def end(self) -> None:
        """Look up no more."""
        self._round += 1
        self._waiting.put((-1, next(self._count), None))

    def _run(self, mine: int) -> None:
        while not self._stop.is_set() and mine == self._round:
            wanted = self._waiting.get()[2]
            if wanted is None:
                continue  # the word of an end, of this round or of one before
            try:
                found = self._details.of(wanted.job, wanted.number, wanted.url, ended=wanted.ended)
            except Exception as error:  # an odd answer about one build must not end the look-ups of all others
                told = fault(error, "Jenkins").message
                found = BuildDetails(source=SOURCE, job=wanted.job, number=wanted.number, at_ms=0, problem=told)
            self._emit(Changed(source=SOURCE, kind=BuildDetails, at_ms=found.at_ms, seen=(found,)))
            self._stop.wait(EVERY_S)


class JenkinsDetails:
    """Looks up builds, one at a time; those that have ended are remembered. Called by any thread, and blocks.

    ``server_clock``: how Jenkins' clock stands to ours.
    """

    def __init__(
        self,
        settings: JenkinsSettings,
        token: Callable[[], str] | None,
        clock: Clock,
        server_clock: ServerClock | None = None,
    ) -> None:
        self._settings = settings
        self._token = token
        self._clock = clock
        self._server_clock = server_clock or ServerClock()
        self._api: JenkinsApi | None = None
        self._known: OrderedDict[str, BuildDetails] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, job: str, number: int, url: str, *, ended: bool = False) -> BuildDetails:
        """Return what there is to know of a build; ``problem`` says why there is nothing.

        ``ended``: it has ended, so what was known while it ran does not count.
        """
        with self._lock:
            known, now_ms = self._known.get(url), self._clock()
            fresh = known is not None and not ended and now_ms - known.at_ms < AGAIN_MS
            if known is not None and not known.problem and (fresh or not known.building):
                return known
            try:
                found = self._look_up(job, number, url, now_ms)
            except VisitFailed as error:
                self._api = None  # the token may have been replaced
                said = "Jenkins does not have this build any more" if error.status == 404 else error.message
                found = BuildDetails(source=SOURCE, job=job, number=number, at_ms=now_ms, problem=said)
            self._known[url] = found
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
            return found

    def _look_up(self, job: str, number: int, url: str, now_ms: int) -> BuildDetails:
        api = self._api = self._api or JenkinsApi.connect(self._settings, self._token)
        path = path_of(url)
        wire = api.get(build_details(path), DetailsWire)
        commits = [change for each in _change_sets(wire) for change in each.items or () if change is not None]
        pipeline = (wire.class_ or "").rsplit(".", 1)[-1] == "WorkflowRun"
        stages, waits, problem = self._stages(api, path) if pipeline else ((), False, NO_STAGES)
        actions = [action for action in wire.actions or () if action is not None]
        return BuildDetails(
            source=SOURCE,
            job=job,
            number=number,
            at_ms=now_ms,
            result=safe(wire.result or ""),
            building=bool(wire.building),
            display_name=safe(wire.displayName or ""),
            description=safe(wire.description or ""),
            causes=tuple(safe(c.shortDescription or "") for a in actions for c in a.causes or ()),
            parameters=shown_parameters(actions),
            stages=stages,
            commits=tuple(_commit(change) for change in commits[:MAX_COMMITS]),
            more_commits=max(0, len(commits) - MAX_COMMITS),
            # old runs of other numbers are listed too
            runs=tuple(
                (safe(run.url or ""), safe(run.result or "")) for run in wire.runs or () if run.number == wire.number
            ),
            waits_for_input=waits,
            stages_problem=problem,
        )

    def _stages(self, api: JenkinsApi, path: str) -> tuple[tuple[Stage, ...], bool, str]:
        """Return the stages, whether a person must decide, and why there are none."""
        try:
            view = api.get(stage_view(path), StageView)
        except VisitFailed as error:
            return (), False, NO_STAGES if error.status == 404 else error.message
        stages = tuple(
            Stage(
                name=safe(each.name or ""),
                status=safe(each.status or ""),
                started_ms=self._server_clock.ours(each.startTimeMillis),
                duration_ms=max(0, each.durationMillis or 0),
                paused_ms=max(0, each.pauseDurationMillis or 0),
                error=safe(each.error.message or "") if each.error is not None else "",
            )
            for each in (view.stages or ())[:MAX_STAGES]
        )
        return stages, view.status == "PAUSED_PENDING_INPUT", "" if stages else NO_STAGES


def _change_sets(wire: DetailsWire) -> Sequence[ChangeSet]:
    """Return the change sets: a Pipeline has several, another build one."""
    return [each for each in (*(wire.changeSets or ()), wire.changeSet) if each is not None]


def _commit(change: Change) -> Commit:
    return Commit(
        revision=safe(change.commitId or ""),
        message=safe(change.msg or ""),
        author=safe((change.author.fullName or "") if change.author is not None else ""),
        at_ms=change.timestamp if change.timestamp and change.timestamp > 0 else None,
    )
