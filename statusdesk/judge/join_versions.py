"""Versions of builds and of workloads: whether two mean the same, and whether the one speaks of the other at all."""

import re
from collections.abc import Collection, Sequence

from statusdesk.facts import Build

UNLIKE_FROM = 3  # so many versions that were built and never ran are names of something else
_DOTTED = re.compile(r"(?<![\w.])v?(\d+(?:\.\d+)+)")
_COMMIT = re.compile(r"(?<![\w.])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{7,40}(?![\w.])")
_NUMBER = re.compile(r"(?<![\w.])v?\d+(?![\w.])")


def same_version(one: str, other: str) -> bool:
    """Return whether two texts may mean one version (``v1.5.0``, ``1.5.0``, ``1.5.0-3fd2a91``); nothing does not."""
    if not one or not other:
        return False
    if one == other:
        return True
    return _holds(one, other) or _holds(other, one)


def _holds(text: str, version: str) -> bool:
    """Whether ``version`` stands in ``text`` as a whole: not as a part of a longer number."""
    bare = version.removeprefix("v")
    if bare not in text:
        return False
    bare = re.escape(bare)
    return re.search(rf"(?<![\w.]){bare}(?![\w]|\.\d)|(?<![\w.])v{bare}(?![\w]|\.\d)", text) is not None


def contradicts(
    build: Build, version: str, of_job: Sequence[Build], tags: Collection[str], beside: Collection[str]
) -> bool:
    """Return whether a build says that it deployed another version than this one.

    ``of_job`` are the builds of its job, ``tags`` the versions that the workload had, here and elsewhere, ``beside``
    those of the other workloads of its app. What a job names counts where it was ever one of the ``tags``. Where none
    is known, it counts if it is written alike, unless the job tells of a workload beside it, or of many that never ran.
    """
    if not build.version or not version or same_version(build.version, version):
        return False
    named = {each.version for each in of_job if each.version}
    if any(same_version(name, tag) for name in named for tag in (version, *tags)):
        return True
    if any(same_version(name, tag) for name in named for tag in beside):
        return False
    succeeded = {each.version for each in of_job if each.version and each.result == "SUCCESS"}
    return len(succeeded) < UNLIKE_FROM and _are_alike(build.version, version)


def _are_alike(one: str, other: str) -> bool:
    """Whether two texts are versions of one kind that differ; a branch ``1.5`` is no other version than ``1.5.3``."""
    dotted = [_DOTTED.search(text) for text in (one, other)]
    if all(dotted):
        parts = [found[1].split(".") for found in dotted if found is not None]
        return any(mine != theirs for mine, theirs in zip(*parts, strict=False))
    if any(dotted):
        return False
    for kind in (_COMMIT, _NUMBER):
        has = [kind.search(text) is not None for text in (one, other)]
        if any(has):
            return all(has)
    return False
