"""Versions that fail in one stage while they are on their way to production, or there already."""

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from statusdesk.alerts.making import because, make, read_from
from statusdesk.alerts.tuning import AHEAD, IN_PRODUCTION, Tuning, production_of
from statusdesk.judge.presence import is_rolled_out, is_there
from statusdesk.judge.promotion_versions import Arrival, Lineage, order_of
from statusdesk.judge.rollout_counts import blames_version
from statusdesk.states import AlertState, Level, RolloutState
from statusdesk.text import few

_MOST_NAMED = 5

Placed = list[tuple[int, RolloutState]]
"""Rollouts, each with the number of its stage."""


class Versions:
    """The rollouts by app, and the alerts that an app as a whole deserves."""

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        self._names = [stage.name for stage in tuning.stages]
        self._production = production_of(tuning.stages)
        self._places = {name: index for index, name in enumerate(self._names)}
        self._apps: dict[str, dict[str, RolloutState]] = {}
        self._app_of: dict[str, str] = {}
        self._lineages: dict[str, Lineage] = {}
        self._failing: dict[str, RolloutState] = {}
        self._there: dict[str, str] = {}  # which version of a workload had pods
        self._moved: dict[str, set[str]] = {}  # by app: what belongs to another one now, since that was asked

    @property
    def apps(self) -> Collection[str]:
        """The names of all apps."""
        return self._apps.keys()

    def is_renamed(self, row: RolloutState) -> bool:
        """Whether a workload that is known belongs to another app than it did."""
        return self._app_of.get(row.key, row.app) != row.app

    def take_renamed(self, app: str) -> str:
        """Return, once, which app has taken over what fails of this one, or where its version is; empty: none."""
        for key in sorted(self._moved.pop(app, ())):
            other = self._app_of.get(key, "")
            keys = {*self._apps.get(app, ()), *self._apps.get(other, ())} & self._failing.keys()
            if other and self._apps[other][key].runs in {self._failing[each].runs for each in keys}:
                return other
        return ""

    def see(self, row: RolloutState, *, failed: bool = False) -> Iterable[str]:
        """Take a row; return the apps that must be looked at again. ``failed``: it did before it became unknown."""
        known_app = self._app_of.get(row.key)
        left = known_app is not None and (known_app != row.app or row.until_ms is not None)
        if known_app is not None and left:
            self._leave(known_app, row.key)
        self._keep(row, failed=failed)
        if known_app is None or not left:
            return {row.app}
        if row.until_ms is None:
            if row.key in self._failing:  # while it is unknown that holds which failed, of the app that it is of now
                self._failing[row.key] = replace(self._failing[row.key], app=row.app)
            self._moved.setdefault(known_app, set()).add(row.key)
        return {row.app, known_app}

    def _leave(self, app: str, key: str) -> None:
        self._apps[app].pop(key, None)
        del self._app_of[key]
        self._lineages[app].leave(key)
        if not self._apps[app]:  # apps come and go with environments
            del self._apps[app]
            self._lineages.pop(app, None)

    def _keep(self, row: RolloutState, *, failed: bool) -> None:
        if row.until_ms is not None or not self._tuning.stage_of(row.cluster, row.namespace):
            self._failing.pop(row.key, None)
            self._there.pop(row.key, None)
            return
        self._apps.setdefault(row.app, {})[row.key] = row
        self._app_of[row.key] = row.app
        lineage = self._lineages.get(row.app)
        if lineage is None:
            lineage = self._lineages[row.app] = Lineage()
        lineage.see(row)
        self._see_pods(row)
        if row.level is Level.FAILING and not blames_version(row.reason):
            self._failing.pop(row.key, None)
        elif row.level is Level.FAILING or (failed and row.level is Level.UNKNOWN):
            self._failing[row.key] = row
        elif row.level is not Level.UNKNOWN:  # of what is unknown holds what was known
            self._failing.pop(row.key, None)

    def _see_pods(self, row: RolloutState) -> None:
        """Keep which version has pods; one that is made anew (Recreate) is not gone in the moment between."""
        if is_there(row):
            self._there[row.key] = row.version
        elif self._there.get(row.key) != row.version or row.level is not Level.PROGRESSING:
            self._there.pop(row.key, None)

    def deserved(self, app: str) -> list[AlertState]:
        """Return the alerts that an app deserves now."""
        rows = self._apps.get(app, {})
        failing = [self._failing[key] for key in rows if key in self._failing]
        bad = [(place, row) for row in failing if row.runs and (place := self._place(row)) < self._production]
        if not bad:
            return []
        found: dict[str, AlertState] = {}
        placed = [(self._place(row), row) for row in rows.values()]
        # nearest to production first: of several it is the one that is told of
        for place, row in sorted(bad, key=lambda each: (-each[0], each[1].key)):
            alert = self._of(place, row, placed)
            if alert is not None:
                found.setdefault(alert.alertname, alert)
        return list(found.values())

    def rollouts(self, app: str, namespace: str) -> list[RolloutState]:
        """Return what is known of an app in a namespace of a stage."""
        return [row for row in self._apps.get(app, {}).values() if row.namespace == namespace]

    def unseen(self, cluster: str, namespace: str = "") -> str:
        """Return which apps nobody sees while a cluster, or a namespace of it, is not read; empty when it had none."""
        places: dict[str, set[str]] = {}
        apps = set()
        for app, rows in self._apps.items():
            for row in rows.values():
                if cluster and row.cluster == cluster and namespace in ("", row.namespace):
                    apps.add(app)
                    places.setdefault(self._tuning.stage_of(cluster, row.namespace), set()).add(row.namespace)
        if not apps:
            return ""
        number = f"{len(apps)} apps are" if len(apps) > 1 else "1 app is"
        words = [f"stage {name} ({few(sorted(places[name]), _MOST_NAMED)})" for name in self._names if name in places]
        return f"{number} not seen: {', '.join(words)}"

    def _of(self, place: int, failing: RolloutState, placed: Placed) -> AlertState | None:
        """Return what is to be said of one that fails in a stage, of all rollouts of its app."""
        version = failing.runs
        there = [row for at, row in placed if at == self._production]
        asks = [row for row in there if version in (row.version, *row.versions)]
        runs = [row for row in asks if self._is_run(row, version)]
        stage = self._names[place]
        what = f"{failing.app} {version}"
        if runs:
            how = "runs" if any(row.version != version or is_rolled_out(row) for row in runs) else "is being rolled out"
            summary = f"{what} {how} in production and fails in {stage}: {failing.message}{because(failing)}"
            return self._make(IN_PRODUCTION, self._production, stage, summary, [failing, *runs])
        furthest = max(at for at, row in placed if at < self._production and version in (row.version, *row.versions))
        first = min(at for at, _ in placed)
        if not asks and (furthest <= first or not self._is_ahead(failing, placed)):
            return None
        following = self._names[self._production if asks else furthest + 1]
        has_none = ", which asks for it and has no pod of it yet" if asks else ""
        summary = f"{what} fails in {stage} on its way to production, next stop {following}{has_none}: "
        summary += failing.message + because(failing)
        return self._make(AHEAD, place, stage, summary, [failing, *there])

    def _is_run(self, row: RolloutState, version: str) -> bool:
        """Whether a workload that asks for a version, or is held back from another, has pods of it."""
        return row.version != version or row.key in self._there

    def _is_ahead(self, failing: RolloutState, placed: Placed) -> bool:
        """Whether production runs nothing newer (a version that failed and was overtaken goes nowhere)."""
        arrivals = []
        for place in range(len(self._names)):
            here = [row for at, row in placed if at == place and row.runs]
            if here:
                newest = max(here, key=lambda row: (row.runs == failing.runs, row.runs_since_ms or 0))
                before = "" if newest.is_held_whole else newest.previous_version
                arrivals.append(
                    Arrival(
                        stage=place,
                        version=newest.runs,
                        since_ms=newest.runs_since_ms,
                        previous=frozenset([before]) if before else frozenset(),
                    )
                )
        order = order_of(arrivals, self._lineages[failing.app])
        there = next((arrival.version for arrival in arrivals if arrival.stage == self._production), "")
        return there not in order or order.index(failing.runs) > order.index(there)

    def _make(self, name: str, place: int, fails_in: str, summary: str, rows: list[RolloutState]) -> AlertState | None:
        """Make the alert of a stage: what a version does to production is production's, wherever it fails.

        ``rows``: the one that fails, and those that the alert speaks of beside it.
        """
        failing = rows[0]
        return make(
            self._tuning,
            name,
            app=failing.app,
            stage=self._names[place],
            started_ms=0,
            summary=summary,
            version=failing.runs,
            reason=failing.reason,
            look=failing.look,
            build_url=failing.build_url,
            last_good="" if failing.is_held_whole else failing.previous_version,
            cause_key=failing.cause_key,
            at_cluster=failing.cluster,
            at_namespace=failing.namespace,
            at_stage=fails_in,
            subject=f"App:{failing.app}",
            # of production it says what is known, also while that cannot be read: its own alert says that
            hangs_on=tuple(sorted({f"kubernetes/{row.cluster}" for row in rows} | {*read_from(failing)})),
        )

    def _place(self, row: RolloutState) -> int:
        return self._places[self._tuning.stage_of(row.cluster, row.namespace)]
