"""What the rows of platform jobs and development environments deserve: seed jobs, renewals, environments left up."""

from statusdesk.alerts.making import make
from statusdesk.alerts.touched import the_job
from statusdesk.alerts.tuning import Tuning
from statusdesk.source_names import JENKINS, KUBERNETES
from statusdesk.states import AlertState, Level
from statusdesk.states_builds import OVERDUE, EnvironmentState, Overdue, PlatformState

SEED, RENEWAL = "seed", "renewal"
_NAMES = {SEED: "SeedJobStale", RENEWAL: OVERDUE}
_MILD = ("SeedStale", OVERDUE)


def of_platform(state: PlatformState, tuning: Tuning) -> list[AlertState]:
    """Return the alert of a seed job that is stale, or those of a renewal, one for each namespace that is overdue.

    What stops the job is told of it as a whole; a failed run of any other job by its build.
    """
    name = _NAMES.get(state.job_class)
    bad = state.level is Level.FAILING and state.reason != "RenewalFailed" or state.reason in _MILD
    if name is None:
        return []
    about = f"PlatformState:{state.key}"
    told = [
        (each.message, OVERDUE, each.url, each.since_ms, about, each.namespace, _did(each)) for each in state.overdue
    ]
    if bad and not (told and state.reason == OVERDUE):
        told.append((state.message, state.reason, state.url, state.level_since_ms, about, "", ""))
    return [alert for each in told for alert in job_alert(tuning, name, state.source, state.job, *each)]


def _did(overdue: Overdue) -> str:
    """Return that the last run went wrong, where one did: nothing else keeps the job from running."""
    if overdue.result in ("", "SUCCESS"):
        return ""
    return f"its last run{f' #{overdue.number}' if overdue.number is not None else ''} ended {overdue.result}"


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
    namespace: str = "",
    did: str = "",
) -> list[AlertState]:
    """Return the alert of a job as such, the same whether its build or its row of platform jobs tells of it.

    With a ``namespace``, of what it does for that one.
    """
    look = the_job(job)
    made = make(
        tuning,
        name,
        namespace=namespace,
        app=job,
        source=source,
        started_ms=since_ms,
        summary=summary,
        reason=reason,
        look=look,
        did=did,
        overdue_job=look if name == OVERDUE else "",
        overdue_in=(namespace,) if namespace else (),
        build_url=url,
        subject=subject,
        hangs_on=(source,),
    )
    return [made] if made is not None else []


def of_environment(state: EnvironmentState, tuning: Tuning) -> list[AlertState]:
    """Return the alert of an environment that is up after hours."""
    if state.reason != "LeftUp":
        return []
    hangs_on = (JENKINS, f"{KUBERNETES}{state.cluster}") if state.cluster else (JENKINS,)
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
