"""Joins: which Jenkins build brought a revision into its namespace, and which rule says so.

In order: the annotation that a deploy job wrote; a build of the app for that namespace that deployed the version at
about that time; one that ran when the rollout began. A version counts only where the builds' versions and the
cluster's speak of the same thing; where they do, a build of another version brought nothing, and no build brings a
second revision after its own: a change by hand is not the last deploy's. Nor does one bring what began before it did:
it was applied to what was there, and changed no more than an annotation.
"""

from collections.abc import Iterable, Sequence

import msgspec

from statusdesk.facts import Build
from statusdesk.job_names import spellings
from statusdesk.judge.join_past import (
    APART_MS,
    LATE_MS,
    NO_PAST,
    SETTLE_MS,
    Past,
    did_nothing,
    is_spent,
    went_back_to,
)
from statusdesk.judge.join_reference import came_with, reference_of
from statusdesk.judge.join_versions import contradicts, same_version
from statusdesk.states import BuildRule, RolloutState


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """A rollout's build and the rule that told it; ``job`` and ``number`` also where the build itself is not known.

    With ``NONE`` they are of the build whose version came back, as by an undo.
    """

    rule: BuildRule = BuildRule.UNKNOWN
    build: Build | None = None
    job: str = ""
    number: int | None = None
    url: str = ""


NO_JOIN = Join()


def build_of(
    rollout: RolloutState, builds: Sequence[Build], known_until_ms: int | None = None, past: Past = NO_PAST
) -> Join:
    """Return the build of a rollout among the builds of its app's jobs, of all namespaces, and that it is annotated by.

    ``known_until_ms``: until when every build is known that there was, None when that cannot be said; only then, and
    only if the builds before and after the rollout's beginning follow each other, it can be that there was none.
    """
    at_ms = rollout.started_ms
    annotated = _by_annotation(rollout, builds, past)
    if annotated is not None:
        return annotated
    if at_ms is None:
        return NO_JOIN
    ours = [build for build in builds if deploys_into(build, rollout.namespace)]
    near = [build for build in ours if _began_before(build, at_ms, past) and apart_ms(build, at_ms) <= APART_MS]
    free = [b for b in near if not did_nothing(b) and not is_spent(b, rollout, at_ms, past.earlier)]
    joined = _by_version(free, rollout.version, at_ms) or _by_time(free, builds, rollout, at_ms, past)
    if joined is not None:
        return joined
    settled = known_until_ms is not None and known_until_ms >= at_ms + SETTLE_MS
    return _unbuilt(rollout, past) if settled and _is_complete(builds, _jobs_of(ours, builds, past), at_ms) else NO_JOIN


def build_again(
    told: Join, rollout: RolloutState, builds: Sequence[Build], known_until_ms: int | None, past: Past
) -> Join:
    """Return the build of a rollout of which something was told before, as ``build_of`` does.

    Who writes another build to a rollout that is there takes it from none that made it: the annotation with which it
    began holds, unless the other was nearer. One of which Jenkins has not told yet changes nothing that was told.
    """
    found = build_of(rollout, builds, known_until_ms, past)
    if told.rule is BuildRule.UNKNOWN or _is_written(told, rollout, past):
        return found
    if told.rule is BuildRule.ANNOTATION:
        written = msgspec.structs.replace(rollout, build=f"{told.job}#{told.number}")
        first = build_of(written, builds, known_until_ms, past)
        if first.rule is BuildRule.ANNOTATION and first.build is not None and not _is_nearer(found, first, rollout):
            return first
    return told if found.rule is BuildRule.ANNOTATION and found.build is None else found


def _is_written(told: Join, rollout: RolloutState, past: Past) -> bool:
    """Whether the annotation names the build that was told."""
    reference = reference_of(rollout, past.now_named)
    if reference is None or reference.number != told.number:
        return False
    return not reference.job or not told.job or reference.job in (told.job, *spellings(told.job))


def _is_nearer(found: Join, first: Join, rollout: RolloutState) -> bool:
    if found.build is None or first.build is None or rollout.started_ms is None:
        return False
    return apart_ms(found.build, rollout.started_ms) < apart_ms(first.build, rollout.started_ms)


def _unbuilt(rollout: RolloutState, past: Past) -> Join:
    """Say that no build did it; with the build that had brought the version, where it is one that came back."""
    back = went_back_to(rollout, past.earlier)
    if back is None:
        return Join(rule=BuildRule.NONE)
    return Join(rule=BuildRule.NONE, job=back.build_job, number=back.build_number, url=back.build_url)


def deploys_into(build: Build, namespace: str) -> bool:
    """Return whether a build was for this namespace, perhaps among others."""
    return namespace in build.all_namespaces


def _join(rule: BuildRule, build: Build) -> Join:
    return Join(rule=rule, build=build, job=build.job, number=build.number, url=build.url)


def _by_annotation(rollout: RolloutState, builds: Sequence[Build], past: Past) -> Join | None:
    """Return the build that the annotation names, if it can have begun the rollout; Jenkins may not have told of it."""
    reference, at_ms = reference_of(rollout, past.now_named), rollout.started_ms
    if reference is None:
        return None
    annotated = next((build for build in builds if reference.names(build)), None)
    if annotated is not None:
        is_it = at_ms is None or _may_be_about(annotated, rollout, at_ms, past)
        return _join(BuildRule.ANNOTATION, annotated) if is_it else None
    if at_ms is not None and not came_with(reference, rollout, at_ms, builds, past):
        return None
    return Join(rule=BuildRule.ANNOTATION, job=reference.job, number=reference.number, url=reference.url)


def _may_be_about(build: Build, rollout: RolloutState, at_ms: int, past: Past) -> bool:
    """Whether an annotated build can have begun the rollout.

    It did not where it began later (it was applied and changed nothing), long before (the rollout is a restart by
    hand), deployed another version or had made an earlier revision (it is an undo, and the annotation stayed).
    """
    if not _began_before(build, at_ms, past) or apart_ms(build, at_ms) > LATE_MS:
        return False
    if is_spent(build, rollout, at_ms, past.earlier):
        return False
    return not build.version or not rollout.version or same_version(build.version, rollout.version)


def _by_version(near: Iterable[Build], version: str, at_ms: int) -> Join | None:
    same = [build for build in near if same_version(build.version, version)]
    best = min(same, key=lambda build: (apart_ms(build, at_ms), -build.number), default=None)
    return _join(BuildRule.VERSION, best) if best is not None else None


def _by_time(
    near: Iterable[Build], builds: Sequence[Build], rollout: RolloutState, at_ms: int, past: Past
) -> Join | None:
    tags = {rollout.previous_version, *past.tags, *(each.version for each in past.earlier)} - {""}

    def differs(build: Build) -> bool:
        of_job = [each for each in builds if (each.source, each.job) == (build.source, build.job)]
        return contradicts(build, rollout.version, of_job, tags, past.beside)

    fitting = [build for build in near if apart_ms(build, at_ms) <= SETTLE_MS and not differs(build)]
    best = min(fitting, key=lambda build: (apart_ms(build, at_ms), -build.started_ms), default=None)
    return _join(BuildRule.TIME, best) if best is not None else None


def _began_before(build: Build, at_ms: int, past: Past) -> bool:
    return build.started_ms - past.clocks_ms <= at_ms


def apart_ms(build: Build, at_ms: int) -> int:
    """Return how long a moment is before the beginning or after the end of a build; 0 while it ran."""
    if at_ms < build.started_ms:
        return build.started_ms - at_ms
    return 0 if build.building else max(0, at_ms - build.started_ms - build.duration_ms)


def _jobs_of(ours: Iterable[Build], builds: Iterable[Build], past: Past) -> set[str]:
    """Return the jobs that deploy the workload: by their builds for its namespace, and by what these wrote to it."""
    written = [told for each in past.earlier if (told := reference_of(each, past.now_named)) is not None]
    return {build.job for build in ours} | {b.job for b in builds if any(told.is_of(b) for told in written)}


def _is_complete(builds: Iterable[Build], jobs: Iterable[str], at_ms: int) -> bool:
    """Whether all builds around a moment are known of each job that deploys the workload and built before it.

    A build that may have deployed into any namespace, and one between two known numbers that is not known, can be what
    is sought; and where no build ever deployed, clusters change by other means.
    """
    is_any = False
    for job in jobs:
        known = sorted((build for build in builds if build.job == job), key=lambda build: build.number)
        before = max((index for index, build in enumerate(known) if build.started_ms < at_ms), default=None)
        if before is None and known[0].number == 1:
            continue
        if before is None:
            return False
        is_any, around = True, known[before : before + 2]
        if any(not build.all_namespaces for build in around):
            return False
        if any(later.number != build.number + 1 for build, later in zip(around, around[1:], strict=False)):
            return False
    return is_any
