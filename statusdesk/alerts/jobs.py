"""What the alert of a failed build says beside its job: which app that is for, and what the build did all the same.

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

    def learn(self) -> bool:
        """Take the names of all apps; tell whether they are others than before."""
        known = frozenset(self._versions.apps).union(rule.name for rule in self._rules)
        if known == self._apps:
            return False
        self._apps = known
        self._matched.clear()
        return True

    def see(self, about: str, row: BuildState) -> None:
        """Take a row: a build that has failed for a namespace is kept until it is well."""
        if row.namespace and row.level is Level.FAILING and row.until_ms is None:
            self._failed[about] = row
        else:
            self._failed.pop(about, None)
            self._matched.pop(row.job, None)  # jobs come and go with branches

    @property
    def namespaces(self) -> set[str]:
        """The namespaces for which builds have failed."""
        return {row.namespace for row in self._failed.values()}

    def failed_for(self, namespaces: Set[str]) -> list[str]:
        """Return the subjects of the alerts of builds that have failed for some of these namespaces."""
        return [about for about, row in self._failed.items() if row.namespace in namespaces]

    def named(self, claim: AlertState) -> AlertState:
        """Return the claim with the app of its job, and what its build did."""
        if claim.alertname != BUILD_FAILED:
            return claim
        app = self._app_of(claim.app)
        build = self._failed.get(claim.subject)
        did = self._did(app, build) if build is not None else ""
        return claim if (app, did) == (claim.job_app, claim.did) else replace(claim, job_app=app, did=did)

    def _app_of(self, job: str) -> str:
        app = self._matched.get(job)
        if app is None:
            app = self._matched[job] = match_job(job, self._apps, self._rules) or ""
        return app

    def _did(self, app: str, build: BuildState) -> str:
        """Return what a failed build did to its namespace, in words; empty where that is not known."""
        rollouts = self._versions.rollouts(app, build.namespace)
        if not rollouts or any(row.level is Level.UNKNOWN or self._is_unread(row) for row in rollouts):
            return ""
        made = [row for row in rollouts if is_work_of(row, build)]
        if made:
            worst = next((row for row in made if row.level is Level.FAILING), made[0])
            how = "fails there now" if worst.level is Level.FAILING else "is there all the same"
            return f"its {worst.app} {worst.version or worst.name} {how}"
        return "" if any(is_later(row, build) for row in rollouts) else UNCHANGED
