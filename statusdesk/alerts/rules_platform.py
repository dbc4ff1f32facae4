"""What the rows of platform jobs and development environments deserve: seed jobs, renewals, environments left up."""

from statusdesk.alerts.making import make
from statusdesk.alerts.tuning import Tuning
from statusdesk.states import AlertState, Level
from statusdesk.states_builds import EnvironmentState, PlatformState

JENKINS = "jenkins"
SEED, RENEWAL = "seed", "renewal"
_NAMES = {SEED: "SeedJobStale", RENEWAL: "RenewalOverdue"}
OVERDUE = "RenewalOverdue"
_MILD = ("SeedStale", OVERDUE)


def of_platform(state: PlatformState, tuning: Tuning) -> list[AlertState]:
    """Return the alert of a seed job that is stale, or of a renewal that is overdue.

    A failed run of any other job is told by its build.
    """
    name = _NAMES.get(state.job_class)
    bad = state.level is Level.FAILING and state.reason != "RenewalFailed" or state.reason in _MILD
    if name is None or not bad:
        return []
    words, about = (state.message, state.reason, state.url), f"PlatformState:{state.key}"
    told = (state.source, state.job, *words, state.level_since_ms, about)
    return job_alert(tuning, name, *told, did=_did(state) if state.job_class == RENEWAL else "")


def _did(state: PlatformState) -> str:
    """Return that the last run went wrong, where nothing else keeps the job from running."""
    if state.reason != OVERDUE or state.result in ("", "SUCCESS"):
        return ""
    return f"its last run{f' #{state.number}' if state.number is not None else ''} ended {state.result}"


def job_alert(
    tuning: Tuning,
    name: str,
    source: str,
    job: str,
    summary: str,
    reason: str,
    url: str,
    since_ms: int,
    subject: str,
    *,
    did: str = "",
) -> list[AlertState]:
    """Return the alert of a job as such, the same whether its build or its row of platform jobs tells of it."""
    made = make(
        tuning,
        name,
        app=job,
        source=source,
        started_ms=since_ms,
        summary=summary,
        reason=reason,
        look=f"the job {job}",
        did=did,
        overdue_job=f"the job {job}" if name == _NAMES[RENEWAL] else "",
        build_url=url,
        subject=subject,
        hangs_on=(source,),
    )
    return [made] if made is not None else []


def of_environment(state: EnvironmentState, tuning: Tuning) -> list[AlertState]:
    """Return the alert of an environment that is up after hours."""
    if state.reason != "LeftUp":
        return []
    hangs_on = (JENKINS, f"kubernetes/{state.cluster}") if state.cluster else (JENKINS,)
    made = make(
        tuning,
        "EnvironmentLeftUp",
        cluster=state.cluster,
        namespace=state.namespace,
        started_ms=state.level_since_ms,
        summary=f"{state.namespace}: {state.message}",
        reason=state.reason,
        build_url=state.url,
        subject=f"EnvironmentState:{state.key}",
        hangs_on=hangs_on,
    )
    return [made] if made is not None else []
