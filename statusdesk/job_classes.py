"""What a job is for, by the patterns of the settings, and by the tokens that name it."""

from collections.abc import Iterable

from statusdesk.config import Config, JenkinsSettings
from statusdesk.facts import JobClass
from statusdesk.job_names import matches, matches_full_or_last, spellings


def class_of(name: str, settings: JenkinsSettings) -> JobClass:
    """Return what a job is for, by the globs of the settings over its full name or the last part of it.

    One that no glob takes and that a token names as its ``renewal_job`` renews it. A deploy job that renews a token,
    too, still deploys: the token is judged by its runs, whatever it is for.
    """
    for job_class, globs in (
        (JobClass.SEED, settings.seed_jobs),
        (JobClass.RENEWAL, settings.renewal_jobs),
        (JobClass.ENVIRONMENT, settings.environment_jobs),
        (JobClass.DEPLOY, settings.deploy_jobs),
    ):
        if matches_full_or_last(name, globs):
            return job_class
    return JobClass.OTHER if settings.token_jobs.isdisjoint(spellings(name)) else JobClass.RENEWAL


def makes_environments(config: Config, name: str, earlier: Iterable[str] = ()) -> bool:
    """Tell whether a job makes or destroys environments by its name, or did by one that it had before."""
    if config.jenkins is None:
        return False
    globs = (*config.environments.create_jobs, *config.environments.destroy_jobs)
    return any(
        matches(each, globs) and class_of(each, config.jenkins) is JobClass.ENVIRONMENT for each in (name, *earlier)
    )
