"""The rows of the board: kept by app, and judged again only for apps that something has touched."""

from collections.abc import Iterable, Mapping

from statusdesk.board import Counts, LostNodeSum, Mark, Row
from statusdesk.config import Config
from statusdesk.judge.apps import match_job
from statusdesk.judge.promotion import Path, judge_app, production_index
from statusdesk.judge.promotion_builds import is_deploy
from statusdesk.judge.promotion_cells import stale_key
from statusdesk.judge.promotion_versions import Lineage
from statusdesk.lost_nodes import lost_nodes_of_rows
from statusdesk.states import BuildState, RolloutState

_COUNTED = {
    Mark.FAILING: "failing",
    Mark.ON_ITS_WAY: "on_its_way",
    Mark.WARNING: "warning",
    Mark.BLOCKED: "warning",
    Mark.PROGRESSING: "moving",
    Mark.UNKNOWN: "unknown",
    Mark.NO_ACCESS: "unknown",
}


class Apps:
    """Rollouts and builds by app, and the row of each; rows that nothing touched stay the same objects."""

    def __init__(self, config: Config) -> None:
        self._stages = config.stages
        self._rules = config.apps
        self._reach = {app.name: app.stages for app in config.apps}
        self._production = production_index(config.stages)
        self._rollouts: dict[str, dict[str, RolloutState]] = {rule.name: {} for rule in config.apps}
        self._app_of: dict[str, str] = {}
        self._lineages: dict[str, Lineage] = {}
        self._builds: dict[str, dict[str, BuildState]] = {}
        self._job_apps: dict[str, str | None] = {}
        self._app_jobs: dict[str, set[str]] = {}
        self._places: dict[tuple[str, str], int | None] = {}
        self._stage_of: dict[str, int] = {}
        self._silent: Mapping[str, int | None] = {}
        self._closed: frozenset[str] = frozenset()
        self._heard: Mapping[str, int | None] = {}
        self._unread: dict[str, frozenset[str]] = {}
        self._blanks: tuple[tuple[Mark, str], ...] = ()
        self._dirty: set[str] = set(self._rollouts)
        self._due: dict[str, int] = {}
        self._rematch = True
        self._rows: dict[str, Row] = {}
        self._well_ms: dict[str, int] = {}
        self._watched_ms: int | None = None
        self.ordered: tuple[Row, ...] = ()
        self.counts = Counts()
        self.lost_nodes: tuple[LostNodeSum, ...] = ()

    @property
    def quiet_since_ms(self) -> int | None:
        """When the last rollout became what it is, which is when the last bad one ended if all are well now."""
        return max(self._well_ms.values(), default=None)

    def put_rollout(self, rollout: RolloutState) -> None:
        """Take a row of a rollout; one with an end goes, and one outside every stage is not ours."""
        known_app = self._app_of.get(rollout.key)
        gone = rollout.until_ms is not None or self._place(rollout.cluster, rollout.namespace) is None
        if known_app is not None and (gone or known_app != rollout.app):
            del self._app_of[rollout.key]
            del self._rollouts[known_app][rollout.key]
            self._lineages[known_app].leave(rollout.key)
            self._dirty.add(known_app)
        if gone:
            return
        mine = self._rollouts.get(rollout.app)
        if mine is None:
            mine = self._rollouts[rollout.app] = {}
            self._rematch = True
        mine[rollout.key] = rollout
        self._app_of[rollout.key] = rollout.app
        self._learn(rollout)
        self._dirty.add(rollout.app)

    def _learn(self, rollout: RolloutState) -> None:
        """Learn from a rollout since when its version has been seen."""
        lineage = self._lineages.get(rollout.app)
        if lineage is None:
            lineage = self._lineages[rollout.app] = Lineage()
            lineage.watched_ms = self._watched_ms
        lineage.see(rollout)

    def put_build(self, build: BuildState) -> None:
        """Take a row of builds; it belongs to the app that its job's name tells."""
        if build.until_ms is not None:
            self._builds.get(build.job, {}).pop(build.key, None)
        else:
            self._builds.setdefault(build.job, {})[build.key] = build
            if build.namespace not in self._stage_of:
                self._find_stage(build.namespace)
        if build.job not in self._job_apps:
            self._assign(build.job)
        app = self._job_apps[build.job]
        if app is not None:
            self._dirty.add(app)

    def refresh(
        self,
        silent: Mapping[str, int | None],
        blanks: tuple[tuple[Mark, str], ...],
        now_ms: int,
        closed: frozenset[str] = frozenset(),
        heard: Mapping[str, int | None] | None = None,
    ) -> None:
        """Judge again what was touched, what has gone silent or speaks again, and what time has changed.

        ``heard``: until when all of each cluster has been told.
        """
        if self._watched_ms is None:
            self._watch(now_ms)
        if self._rematch:
            self._match_jobs()
        if blanks != self._blanks:
            self._blanks = blanks
            self._dirty.update(self._rollouts)
        if silent != self._silent or closed != self._closed:
            self._touch_silent(silent, closed)
        self._hear(heard or {})
        if self._due:
            self._dirty.update(app for app, moment_ms in self._due.items() if moment_ms <= now_ms)
        if not self._dirty:
            return
        path = Path(
            stages=self._stages,
            production=self._production,
            blanks=blanks,
            stale=self._silent,
            closed=closed,
            heard=self._heard,
            stage_of=self._stage_of,
        )
        changed = [self._rebuild(app, path, now_ms) for app in sorted(self._dirty)]
        self._dirty.clear()
        if any(changed):
            self.ordered = tuple(sorted(self._rows.values(), key=lambda row: (row.rank, row.app)))
            self.counts = count_rows(self.ordered)
            self.lost_nodes = lost_nodes_of_rows(self.ordered)

    def _watch(self, now_ms: int) -> None:
        self._watched_ms = now_ms
        for lineage in self._lineages.values():
            lineage.watched_ms = now_ms

    def _touch_silent(self, silent: Mapping[str, int | None], closed: frozenset[str]) -> None:
        changed = {key: None for key in {*silent, *self._silent} if silent.get(key, -1) != self._silent.get(key, -1)}
        changed |= dict.fromkeys(closed ^ self._closed)
        self._silent, self._closed = dict(silent), closed
        for app, rollouts in self._rollouts.items():
            if any(stale_key(rollout, changed) is not None for rollout in rollouts.values()):
                self._dirty.add(app)

    def _hear(self, heard: Mapping[str, int | None]) -> None:
        """Touch what waits for a cluster to be heard."""
        if heard == self._heard:
            return
        news = {cluster for cluster, at_ms in heard.items() if at_ms != self._heard.get(cluster)}
        self._heard = dict(heard)
        self._dirty.update(app for app, unread in self._unread.items() if unread & news)

    def _rebuild(self, app: str, path: Path, now_ms: int) -> bool:
        """Judge an app; True when its row is another than before."""
        rollouts = self._rollouts.get(app, {})
        self._due.pop(app, None)
        self._unread.pop(app, None)
        if not rollouts and app not in self._reach:
            self._rollouts.pop(app, None)
            self._well_ms.pop(app, None)
            self._rematch = True
            return self._rows.pop(app, None) is not None
        by_stage: list[list[RolloutState]] = [[] for _ in self._stages]
        for rollout in rollouts.values():
            place = self._place(rollout.cluster, rollout.namespace)
            if place is not None:
                by_stage[place].append(rollout)
        jobs = self._app_jobs.get(app, ())
        builds = [build for job in jobs for build in self._builds.get(job, {}).values() if is_deploy(build)]
        lineage = self._lineages.get(app) or Lineage()
        standing = judge_app(app, by_stage, builds, path, self._reach.get(app, ()), lineage, now_ms)
        if standing.look_again_ms is not None:
            self._due[app] = standing.look_again_ms
        if standing.unread:
            self._unread[app] = standing.unread
        self._well_ms[app] = max((rollout.level_since_ms for rollout in rollouts.values()), default=0)
        if self._rows.get(app) == standing.row:
            return False
        self._rows[app] = standing.row
        return True

    def _assign(self, job: str) -> None:
        """Find the app of a job, and touch the apps that gain or lose it."""
        before, app = self._job_apps.get(job), match_job(job, self._rollouts, self._rules)
        self._job_apps[job] = app
        if app == before:
            return
        if before is not None:
            self._app_jobs[before].discard(job)
            self._dirty.add(before)
        if app is not None:
            self._app_jobs.setdefault(app, set()).add(job)
            self._dirty.add(app)

    def is_attributed(self, job: str) -> bool:
        """Tell whether a job has a build for some namespace."""
        return any(build.namespace for build in self._builds.get(job, {}).values())

    def _match_jobs(self) -> None:
        """Match all jobs again: an app has come or gone, and the longest name decides."""
        self._rematch = False
        for job in list(self._job_apps):
            self._assign(job)

    def _find_stage(self, namespace: str) -> None:
        for index, stage in enumerate(self._stages):
            if stage.holds("", namespace):
                self._stage_of[namespace] = index
                return

    def _place(self, cluster: str, namespace: str) -> int | None:
        key = (cluster, namespace)
        if key not in self._places:
            self._places[key] = next(
                (index for index, stage in enumerate(self._stages) if stage.holds(cluster, namespace)), None
            )
        return self._places[key]


def count_rows(rows: Iterable[Row]) -> Counts:
    """Return how many rows there are of each mark, as the header counts them."""
    counts: dict[str, int] = {}
    for row in rows:
        name = _COUNTED.get(row.mark, "ok")
        counts[name] = counts.get(name, 0) + 1
    return Counts(**counts)


def is_well(counts: Counts) -> bool:
    """Return whether there is at least one row and none that is not well (moving is well)."""
    bad = counts.failing + counts.on_its_way + counts.warning + counts.unknown
    return bad == 0 and counts.ok + counts.moving > 0
