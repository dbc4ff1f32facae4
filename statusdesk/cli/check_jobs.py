"""What the configuration says of jobs, held against the jobs of Jenkins: what matches none, or too many, is told."""

import re
from collections.abc import Callable, Iterator, Sequence

from statusdesk.config import Config, EnvironmentSettings, JenkinsSettings
from statusdesk.facts import JobClass
from statusdesk.job_classes import class_of, makes_environments
from statusdesk.job_names import folder_entry, found_by, is_inside, last_part, matches, matches_full_or_last, spellings
from statusdesk.nearest import nearest_of
from statusdesk.text import counted

_NO_LETTERS = re.compile(r"\(\?P<\w+>|\\[a-zA-Z]|[^\w/-]+")


def held_against(config: Config, names: Sequence[str]) -> Iterator[str]:
    """Yield all that is to be said of the configuration in view of the full names of all jobs."""
    yield from unmatched(config, names)
    yield from purposeless(config, names)


def unmatched(config: Config, names: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each name or pattern of jobs that none of ``names`` matches: where it is, and the nearest.

    The lists that are as they come are no promise that there are such jobs, and are passed over.
    """
    for where, wanted, is_meant in _wanted(config):
        if any(is_meant(name) for name in names):
            continue
        near = _near(_NO_LETTERS.sub("", wanted), names)
        mend = f"did you mean {' or '.join(map(repr, near))}?" if near else "correct it, or take it out"
        yield f"{where}: no job that Jenkins lists matches '{wanted}'; {mend}"


def purposeless(config: Config, names: Sequence[str]) -> Iterator[str]:
    """Yield a sentence about the jobs of environments that neither make nor destroy one, as far as is configured."""
    if config.jenkins is None:
        return
    found = [
        name
        for name in names
        if class_of(name, config.jenkins) is JobClass.ENVIRONMENT and not makes_environments(config, name)
    ]
    if found:
        several = len(found) > 1
        those = f"{found[0]!r} and {counted(len(found) - 1, 'other')} are" if several else f"{found[0]!r} is"
        yield (
            f"jenkins.environment_jobs: {those} in neither create_jobs nor destroy_jobs of [environments], so that"
            f" {'they count' if several else 'it counts'} for no environment; name {'them' if several else 'it'} there,"
            " or leave out here what does neither"
        )


def _near(letters: str, names: Sequence[str]) -> list[str]:
    """Return the nearest names: by all of them, by their last parts, or by how these begin."""
    last = {last_part(name): name for name in reversed(names)}
    begin = {part[: len(letters)]: name for part, name in last.items()}
    for known in (dict.fromkeys(names), last, begin):
        if found := nearest_of(letters, list(known)):
            return [known[name] or name for name in found]
    return []


def _wanted(config: Config) -> Iterator[tuple[str, str, Callable[[str], bool]]]:
    """Yield where each name or pattern stands, what it is, and what tells whether a job matches."""
    for index, token in enumerate(config.vault.tokens if config.vault is not None else (), 1):
        if token.renewal_job:
            yield f"vault.token[{index}].renewal_job", token.renewal_job, _named(token.renewal_job)
    for index, app in enumerate(config.apps, 1):
        for glob in app.jobs:
            yield f"app[{index}].jobs", glob, _full(glob)
    jenkins = config.jenkins
    if jenkins is None:
        return
    for key in ("seed_jobs", "renewal_jobs", "environment_jobs", "deploy_jobs"):
        for glob in _given(jenkins, key, JenkinsSettings(url="")):
            yield f"jenkins.{key}", glob, _full_or_last(glob)
    for key in ("create_jobs", "destroy_jobs"):
        for glob in _given(config.environments, key, EnvironmentSettings()):
            yield f"environments.{key}", glob, _full(glob)
    for pattern in jenkins.namespace_patterns:
        yield "jenkins.namespace_patterns", pattern, _found(pattern)
    for entry in jenkins.namespace_folders:
        yield "jenkins.namespace_folders", entry, _inside(folder_entry(entry)[0])


def _given(settings: object, key: str, default: object) -> tuple[str, ...]:
    globs: tuple[str, ...] = getattr(settings, key)
    return () if globs == getattr(default, key) else globs


def _named(job: str) -> Callable[[str], bool]:
    return lambda name: job in spellings(name)


def _full(glob: str) -> Callable[[str], bool]:
    return lambda name: matches(name, (glob,))


def _full_or_last(glob: str) -> Callable[[str], bool]:
    return lambda name: matches_full_or_last(name, (glob,))


def _found(pattern: str) -> Callable[[str], bool]:
    return lambda name: found_by(name, pattern) is not None


def _inside(folder: str) -> Callable[[str], bool]:
    return lambda name: is_inside(name, folder)
