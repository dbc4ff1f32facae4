"""Whom an alert touches by the configuration, before anything has failed because of it; in words."""

from statusdesk.job_names import shown_job
from statusdesk.states import BuildState, TokenState

DEPLOY, RENEWAL, ENVIRONMENT = "deploy", "renewal", "environment"


def the_job(job: str) -> str:
    """Return a job in words, the same wherever an alert names it: one that tells more of it is found by them."""
    return f"the job {shown_job(job)}"


def by_token(state: TokenState) -> str:
    """Return who uses a token, where, and whose it is; empty where nothing of it is configured."""
    where = f"in {', '.join(state.namespaces)}" if state.namespaces else ""
    users = ", ".join(state.apps) or ("whatever runs" if where else "")
    owner = f"owner {state.owner}" if state.owner else ""
    return ", ".join(filter(None, (" ".join(filter(None, (users, where))), owner)))


def by_build(state: BuildState) -> str:
    """Return whom a failed build touches, by what its job is for; empty where its namespace says it."""
    if state.job_class == RENEWAL:
        return "what uses the tokens that it renews"
    if state.namespace:
        return ""
    if state.job_class == DEPLOY:
        return f"{the_job(state.job)} and the app that it deploys, namespace not known"
    if state.job_class == ENVIRONMENT:
        return "the environments that it makes and destroys"
    return f"what relies on {the_job(state.job)}"
