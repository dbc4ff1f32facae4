"""What a job is for, by the patterns of the settings."""

from statusdesk.config import JenkinsSettings
from statusdesk.facts import JobClass
from statusdesk.job_names import matches_full_or_last


def class_of(name: str, settings: JenkinsSettings) -> JobClass:
    """Return what a job is for, by the globs of the settings over its full name or the last part of it."""
    for job_class, globs in (
        (JobClass.SEED, settings.seed_jobs),
        (JobClass.RENEWAL, settings.renewal_jobs),
        (JobClass.ENVIRONMENT, settings.environment_jobs),
        (JobClass.DEPLOY, settings.deploy_jobs),
    ):
        if matches_full_or_last(name, globs):
            return job_class
    return JobClass.OTHER
