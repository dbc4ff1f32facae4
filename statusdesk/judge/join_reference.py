"""The build that an annotation names, and whether it can have come with a rollout when nothing is known of it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import unquote

import msgspec

from statusdesk.facts import Build
from statusdesk.job_names import spellings
from statusdesk.judge.join_past import LATE_MS, SETTLE_MS, Past
from statusdesk.judge.join_versions import same_version
from statusdesk.states import RolloutState

_URL = re.compile(r"(?:/job/[^/?#]+)+/\d+(?=[/?#]|$)")
_NAMED = re.compile(r"(?P<job>\S.*?)\s*(?:#|/|:|\s)\s*#?(?P<number>\d{1,9})")
_NUMBER = re.compile(r"#?(\d{1,9})")
_TAG = re.compile(r"jenkins-(?P<job>.+)-(?P<number>\d{1,9})")


class Reference(msgspec.Struct, frozen=True):
    """The build that an annotation names; ``job`` or ``url`` is empty where it does not tell."""

    job: str
    number: int
    url: str = ""

    def names(self, build: Build) -> bool:
        """Return whether it is this build; the tag of a build has dashes for the slashes of a folder."""
        return build.number == self.number and (not self.job or self.job in spellings(build.job))

    def is_of(self, build: Build) -> bool:
        """Return whether it names the job of this build."""
        return bool(self.job) and self.job in spellings(build.job)


def read_reference(annotation: str) -> Reference | None:
    """Read ``job#12``, ``job 12``, ``job/12``, ``#12``, ``$BUILD_TAG`` or ``$BUILD_URL``; None for anything else."""
    text = annotation.strip()
    if not text:
        return None
    if "://" in text:
        found = _URL.search(text)
        if found is None:
            return None
        *folders, number = [part for part in found[0].split("/") if part != "job"][1:]
        return Reference("/".join(map(unquote, folders)), int(number), text)
    bare, tag, named = _NUMBER.fullmatch(text), _TAG.fullmatch(text), _NAMED.fullmatch(text)
    if bare is not None:
        return Reference("", int(bare[1]))
    told = tag or named
    return Reference(told["job"].strip("/ "), int(told["number"])) if told is not None else None


def reference_of(rollout: RolloutState, now_named: Mapping[str, str]) -> Reference | None:
    """Return the build that a rollout's annotation names, of the job by the name that it has now."""
    told = read_reference(rollout.build)
    return None if told is None else msgspec.structs.replace(told, job=now_named.get(told.job, told.job))


def came_with(reference: Reference, rollout: RolloutState, at_ms: int, builds: Iterable[Build], past: Past) -> bool:
    """Whether an annotation may have come with a rollout, of whose build Jenkins tells nothing.

    It did not where an earlier revision had it already, or the one before had one of a later build: it was left there,
    or an undo brought it back. On one that is known to be of another build it was written later, perhaps just before
    the change. Where nothing before is known its age may tell: by the numbers of the builds that are known.
    """
    of_job = [build for build in builds if reference.is_of(build)]
    if any(build.number > reference.number and build.started_ms < at_ms - LATE_MS for build in of_job):
        return False
    if any(build.number < reference.number and build.started_ms - past.clocks_ms > at_ms for build in of_job):
        return False
    written = [reference_of(each, past.now_named) for each in past.earlier]
    before = written[-1] if written else None
    if before is not None and before.job == reference.job and before.number > reference.number:
        return False
    had = [_had(reference, told, each) for told, each in zip(written, past.earlier, strict=True)]
    return not any(had) or _goes_on(past.earlier[had.index(True) :], rollout, at_ms)


def _had(reference: Reference, told: Reference | None, period: RolloutState) -> bool:
    """Whether an earlier revision had an annotation, and is not known to be of another build."""
    is_same = told is not None and (told.job, told.number) == (reference.job, reference.number)
    return is_same and period.build_number in (None, reference.number)


def _goes_on(since: Sequence[RolloutState], rollout: RolloutState, at_ms: int) -> bool:
    """Whether one build may have made a rollout and all revisions since one of its own: soon, and of one version."""
    began_ms = since[0].started_ms
    soon = began_ms is not None and at_ms - began_ms <= SETTLE_MS
    return soon and all(same_version(each.version, rollout.version) for each in since)
