"""Which app a Jenkins job deploys, told by its name."""

from collections.abc import Collection, Sequence

from statusdesk.config import AppSettings
from statusdesk.job_names import last_part, matches


def match_job(job_name: str, apps: Collection[str], rules: Sequence[AppSettings]) -> str | None:
    """Return the app of a job, None when its name names none.

    A glob of the configuration decides first. Otherwise the longest app whose name stands in the last part of the
    job's path as whole words between dashes: ``shop/deploy-orders-api`` is for ``orders-api``, not for ``orders``; of
    two equally long the last. ``apps`` should find names fast (a set or dict).
    """
    for rule in rules:
        if matches(job_name, rule.jobs):
            return rule.name
    name = last_part(job_name)
    if name in apps:
        return name
    words = name.split("-")
    best = ""
    for start in range(len(words)):
        for end in range(len(words), start, -1):
            candidate = "-".join(words[start:end])
            if len(candidate) >= len(best) and candidate in apps:
                best = candidate
    return best or None
