"""What the alert of a failed build says beside its job: which app that is for, what the build did, and its cause.

A build that failed by its rollout has the cause of that, and keeps it: that the rollout is well later changes nothing.
Its labels name the job and never change; apps and their rollouts come and go.
"""

from collections.abc import Callable, Sequence, Set

from msgspec.structs import replace

from statusdesk.alerts.versions import Versions
from statusdesk.config import AppSettings
from statusdesk.judge.apps import match_job
from statusdesk.judge.join_past import is_later, is_work_of
from statusdesk.states import BuildState, Level, RolloutState
from statusdesk.states_alerts import BUILD_FAILED, AlertState

UNCHANGED = "the namespace is as it was before"


class JobApps:
    """Names the apps of jobs; ``learn`` says which apps there are, ``see`` which builds have failed.

    ``is_unread`` tells of a rollout whether nobody knows now how it is.
    """

    def __init__(
        self, rules: Sequence[AppSettings], versions: Versions, is_unread: Callable[[RolloutState], bool]
    ) -> None:
        self._rules = rules
        self._versions = versions
        self._is_unread = is_unread
        self._apps: frozenset[str] = frozenset()
        self._matched: dict[str, str] = {}  # the app of a job, empty where it has none
        self._failed: dict[str, BuildState] = {}  # by the subject of its alert
        self._caused: dict[str, tuple[int | None, str]] = {}  # by the same: the build, and what lies behind it

    def learn(self) -> bool:
        """Take the names of all apps; tell whether they are others than before."""
        known = frozenset(self._versions.apps).union(rule.name for rule in self._rules)
        if known == self._apps:
            return False
        self._apps = known
        self._matched.clear()
        return True

    def see(self, about: str, row: BuildState, known: Sequence[AlertState] = ()) -> None:
        """Take a row: a build that has failed for a namespace is kept until it is well.

        ``known``: the alerts that the store has of it.
        """
        if row.namespace and row.level is Level.FAILING and row.until_ms is None:
            self._failed[about] = row
            for alert in known:
                if alert.cause_key and alert.build_url == row.url:
                    self._caused[about] = (row.number, alert.cause_key)
        else:
            self._failed.pop(about, None)
            self._caused.pop(about, None)
            self._matched.pop(row.job, None)  # jobs come and go with branches

    @property
    def namespaces(self) -> set[str]:
        """The namespaces for which builds have failed."""
        return {row.namespace for row in self._failed.values()}

    def failed_for(self, namespaces: Set[str]) -> list[str]:
        """Return the subjects of the alerts of builds that have failed for some of these namespaces."""
        return [about for about, row in self._failed.items() if row.namespace in namespaces]

    def named(self, claim: AlertState) -> AlertState:
        """Return the claim with the app of its job, what its build did, and what lies behind its failing."""
        if claim.alertname != BUILD_FAILED:
            return claim
        app = self._app_of(claim.app)
        build = self._failed.get(claim.subject)
        did = self._did(app, build) if build is not None else ""
        cause = self._cause(app, build, claim.subject) if build is not None else ""
        if (app, did, cause) == (claim.job_app, claim.did, claim.cause_key):
            return claim
        return replace(claim, job_app=app, did=did, cause_key=cause)

    def _app_of(self, job: str) -> str:
        app = self._matched.get(job)
        if app is None:
            app = self._matched[job] = match_job(job, self._apps, self._rules) or ""
        return app

    def _cause(self, app: str, build: BuildState, about: str) -> str:
        """Return what lies behind the trouble of a rollout that a failed build made; empty where that is not known."""
        rows = self._versions.rollouts(app, build.namespace)
        key = next((row.cause_key for row in rows if row.cause_key and is_work_of(row, build)), "")
        if key:
            self._caused[about] = (build.number, key)
        number, known = self._caused.get(about, (None, ""))
        return known if number == build.number else ""

    def _did(self, app: str, build: BuildState) -> str:
        """Return what a failed build did to its namespace, in words; empty where that is not known."""
        rollouts = self._versions.rollouts(app, build.namespace)
        if not rollouts or any(row.level is Level.UNKNOWN or self._is_unread(row) for row in rollouts):
            return ""
        made = [row for row in rollouts if is_work_of(row, build)]
        if made:
            worst = min(made, key=lambda row: (row.is_held_whole, row.level is not Level.FAILING))
            how = "fails there now" if worst.level is Level.FAILING else "is there all the same"
            if worst.is_held_whole:  # whatever fails there is not of it
                how = f"is asked for there, and held back by {worst.held_by}"
            return f"its {worst.app} {worst.version or worst.name} {how}"
        return "" if any(is_later(row, build) for row in rollouts) else UNCHANGED
