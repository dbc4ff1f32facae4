"""Which app an alert about a job belongs to, as far as apps are known; its labels name the job and never change."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from statusdesk.config import AppSettings
from statusdesk.judge.apps import match_job
from statusdesk.states_alerts import AlertState

OF_JOBS = "BuildFailed"


class JobApps:
    """Names the apps of jobs; ``learn`` says which apps there are."""

    def __init__(self, rules: Sequence[AppSettings]) -> None:
        self._rules = rules
        self._apps: frozenset[str] = frozenset()

    def learn(self, apps: Iterable[str]) -> bool:
        """Take the names of all apps; tell whether they are others than before."""
        known = frozenset(apps).union(rule.name for rule in self._rules)
        changed, self._apps = known != self._apps, known
        return changed

    def named(self, claim: AlertState) -> AlertState:
        """Return the claim with the app of its job."""
        if claim.alertname != OF_JOBS:
            return claim
        app = match_job(claim.app, self._apps, self._rules) or ""
        return claim if app == claim.job_app else replace(claim, job_app=app)
