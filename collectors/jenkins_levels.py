"""How deep the folders of a Jenkins go: a request names its levels, and what lies below them is not in its answer.

So each one asks for the names one level below too: where there are any it is made again, deeper, before anything is
taken of it. A job that was moved deeper than any had been would else have gone, and be a new one later.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from collectors.jenkins_queries import MAX_LEVELS
from collectors.jenkins_wire import Definitions, DefinitionWire, JobWire, Root

A = TypeVar("A", Root, Definitions)


def depth_of(answer: Root | Definitions) -> int:
    """Return how many levels of jobs there are: 1 without folders."""

    def depth(jobs: Sequence[JobWire | DefinitionWire] | None) -> int:
        return 1 + max((depth(job.jobs) for job in jobs), default=0) if jobs else 0

    return max(1, depth(answer.jobs))


def deep_enough(ask: Callable[[int], A], levels: int) -> tuple[A, int]:
    """Return an answer that has all jobs, and how many levels these have; it is asked for ``levels`` first."""
    answer = ask(levels)
    while (depth := depth_of(answer)) > levels and levels < MAX_LEVELS:
        levels = min(levels + 2, MAX_LEVELS)
        answer = ask(levels)
    return answer, min(depth, levels)
