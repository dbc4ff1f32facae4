"""Builds as screens draw them: what is read beside the board, and what the board says of a build. Pure."""

from collections.abc import Iterable

import msgspec

from statusdesk.board import Board
from statusdesk.facts import Build, BuildDetails
from statusdesk.job_names import shown_build
from statusdesk.states import BuildRule, BuildState, JobEvent, RolloutState

HISTORY = 20
Pair = tuple[str, str, str]
"""(source, job, namespace); an empty namespace: builds that could not be attributed."""


class BuildKey(msgspec.Struct, frozen=True):
    """One build of Jenkins."""

    source: str
    job: str
    number: int

    def __str__(self) -> str:
        return shown_build(self.job, self.number)


class BuildReading(msgspec.Struct, frozen=True, kw_only=True):
    """What is read for one build. ``build`` is None where the store does not know it (any more).

    ``details`` are what was looked up of it, None where nothing was. ``history`` are the newest builds of the job for
    the same namespace, newest first. ``job_events`` are jobs that came and went by it, newest first.
    """

    build: Build | None = None
    details: BuildDetails | None = None
    history: tuple[Build, ...] = ()
    job_events: tuple[JobEvent, ...] = ()


class UnattributedJob(msgspec.Struct, frozen=True):
    """A job with builds that could not be attributed to a namespace: how many, and the number of the newest."""

    source: str
    job: str
    builds: int
    newest: int


def pair_of(state: BuildState) -> Pair:
    return (state.source, state.job, state.namespace)


def state_of(board: Board | None, key: BuildKey) -> BuildState | None:
    """Return the row that speaks of a build: as its newest conclusive one, a newer beside it, or one that runs."""
    rows = board.builds if board is not None else ()
    mine = [row for row in rows if row.source == key.source and row.job == key.job]
    named = next((row for row in mine if key.number in (row.number, row.other_number)), None)
    return named or next((row for row in mine if any(run.number == key.number for run in row.running)), None)


def rollouts_by(board: Board, key: BuildKey) -> tuple[RolloutState, ...]:
    """Return the rollouts on the board that a build made."""
    return tuple(
        rollout
        for rollout in rollouts_on(board)
        if rollout.build_job == key.job and rollout.build_number == key.number and rollout.build_rule != BuildRule.NONE
    )


def rollouts_on(board: Board) -> Iterable[RolloutState]:
    return (rollout for row in board.rows for cell in row.cells if cell is not None for rollout in cell.rollouts)
