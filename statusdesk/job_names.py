"""How names and patterns of the settings speak of Jenkins' jobs: ``folder/job``, case counts; and how words do.

Keys, labels and addresses have the name that Jenkins has; words have what ``shown_job`` and ``shown_build`` return.
"""

import fnmatch
import re
from collections.abc import Iterable
from urllib.parse import unquote

from statusdesk.text import clean


def shown_job(job: str) -> str:
    """Return the name of a job as people know it: its branch ``feature/x`` is ``feature%2Fx`` in names of Jenkins."""
    return clean(unquote(job)) if "%" in job else job


def shown_build(job: str, number: int | None) -> str:
    """Return the name of a build as people know it, ``deploy-web #648``; of its job where it has no number."""
    return f"{shown_job(job)} #{number}" if number is not None else shown_job(job)


def sought_job(job: str) -> str:
    """Return all names by which people look for a job: as Jenkins has it, and as it is shown."""
    return job if (shown := shown_job(job)) == job else f"{job} {shown}"


def last_part(job: str) -> str:
    """Return the name of a job without its folders."""
    return job.rpartition("/")[2]


def matches(job: str, globs: Iterable[str]) -> bool:
    """Tell whether a glob matches the whole name of a job, with its folders."""
    return any(fnmatch.fnmatchcase(job, glob) for glob in globs)


def matches_full_or_last(job: str, globs: Iterable[str]) -> bool:
    """Tell whether a glob matches the whole name of a job, or the last part of it."""
    last = last_part(job)
    return any(fnmatch.fnmatchcase(job, glob) or fnmatch.fnmatchcase(last, glob) for glob in globs)


def spellings(job: str) -> frozenset[str]:
    """Return the names of a job: its own, and with dashes for the slashes of folders, as the tag of a build has it."""
    return frozenset((job, job.replace("/", "-")))


def found_by(job: str, pattern: str) -> re.Match[str] | None:
    """Return where an expression of ``namespace_patterns`` is found in a name."""
    return re.search(pattern, job)


def folder_entry(entry: str) -> tuple[str, str]:
    """Return the folder and the value of an entry of ``namespace_folders``, which is ``folder=value``."""
    folder, _, value = entry.partition("=")
    return folder.strip().strip("/"), value


def is_inside(job: str, folder: str) -> bool:
    """Tell whether a job is in a folder, or in one of the folders in it."""
    return job.startswith(f"{folder}/")
