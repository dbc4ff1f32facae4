"""Everything about one rollout, as a screen draws it: what the board says of it, and what was read for it beside that.

Pure: from a board and what was read to an immutable view.
"""

import msgspec

from statusdesk.board import Board, Cell, Row, Silent
from statusdesk.facts import Build, Event, Revision
from statusdesk.held import held_among, held_words
from statusdesk.states import TROUBLED, BuildState, Evidence, Level, PodState, RolloutState, TokenState
from statusdesk.unbuilt import unbuilt, unbuilt_among


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What is read for one rollout. Of the past there are neither pods nor events, nor revisions.

    ``events``, ``revisions`` and ``evidence`` are newest first, ``periods`` oldest first and the last one may be open;
    ``builds`` are the newest of the job that deploys it, newest first.
    """

    pods: tuple[PodState, ...] = ()
    events: tuple[Event, ...] = ()
    revisions: tuple[Revision, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    periods: tuple[RolloutState, ...] = ()
    builds: tuple[Build, ...] = ()


class RolloutView(msgspec.Struct, frozen=True, kw_only=True):
    """One rollout. ``state`` is the last that was known of it, None when nothing ever was; ``gone``: not there now.

    ``level`` is unknown when its source gives no news, whatever ``state`` says; ``known_ms`` is then the last good
    answer, and ``closed`` whether it may not be read. ``siblings`` are all workloads of the app in this stage, itself
    among them, ``sibling_levels`` their levels as they count now; ``elsewhere`` the app's cells of the other stages.
    ``faults`` and ``notes`` are what the newest deploys say that the cluster does not. ``reading`` is None until
    something was read, ``read_at_ms`` the moment of the board for which it was.
    """

    key: str
    app: str = ""
    stage: str = ""
    state: RolloutState | None = None
    level: Level = Level.UNKNOWN
    gone: bool = False
    closed: bool = False
    known_ms: int | None = None
    siblings: tuple[RolloutState, ...] = ()
    sibling_levels: tuple[Level, ...] = ()
    elsewhere: tuple[Cell, ...] = ()
    build: BuildState | None = None
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    tokens: tuple[TokenState, ...] = ()
    past: bool = False
    reading: Reading | None = None

    @property
    def pods(self) -> tuple[PodState, ...]:
        return self.reading.pods if self.reading is not None else ()

    @property
    def gone_ms(self) -> int | None:
        """When it went, as far as that is known."""
        if not self.gone or self.reading is None or not self.reading.periods:
            return None
        return self.reading.periods[-1].until_ms


def on_board(view: RolloutView, board: Board, *, past: bool = False) -> RolloutView:
    """Return the view as this board has it; what was read stays. A rollout that is not on it has gone."""
    place = find(board, view.key, view.app)
    tokens = tuple(token for token in board.tokens if token.level in TROUBLED)
    if place is None:
        return msgspec.structs.replace(view, gone=True, tokens=tokens, past=past)
    row, cell = place
    state = next(rollout for rollout in cell.rollouts if rollout.key == view.key)
    silent = silence_of(cell, state)
    told_apart = {*map(unbuilt, unbuilt_among(cell.rollouts)), *map(held_words, held_among(cell.rollouts))}
    siblings = sorted(cell.rollouts, key=lambda rollout: (rollout.cluster, rollout.namespace, rollout.name))
    return RolloutView(
        key=view.key,
        app=row.app,
        stage=cell.stage,
        state=state,
        level=effective_level(cell, state),
        closed=silent is not None and silent.closed,
        known_ms=silent.known_ms if silent is not None else None,
        siblings=tuple(siblings),
        sibling_levels=tuple(effective_level(cell, sibling) for sibling in siblings),
        elsewhere=tuple(other for other in row.cells if other is not None and other is not cell and other.rollouts),
        build=_build(row, state),
        faults=cell.faults,
        notes=tuple(note for note in cell.notes if note not in told_apart),
        tokens=tokens,
        past=past,
        reading=view.reading,
    )


def find(board: Board, key: str, app: str = "") -> tuple[Row, Cell] | None:
    """Return row and cell of a rollout, looking at the app that it had first."""
    mine = [row for row in board.rows if row.app == app]
    for row in (*mine, *board.rows):
        for cell in row.cells:
            if cell is not None and any(rollout.key == key for rollout in cell.rollouts):
                return row, cell
    return None


def effective_level(cell: Cell, rollout: RolloutState) -> Level:
    """Return the level of one rollout of a cell: unknown when its cluster gives no news or may not be read."""
    return rollout.level if silence_of(cell, rollout) is None else Level.UNKNOWN


def silence_of(cell: Cell, rollout: RolloutState) -> Silent | None:
    """Return that the cluster of a rollout of a cell gives no news, or may not be read; None when it is heard."""
    return next((silent for silent in cell.silent if silent.key == rollout.key), None)


def in_stage(board: Board, stage: str) -> tuple[tuple[Cell, RolloutState], ...]:
    """Return all workloads of a stage with the cell that each belongs to, in the order of the board."""
    if stage not in board.stages:
        return ()
    index = board.stages.index(stage)
    cells = (row.cells[index] for row in board.rows)
    return tuple((cell, rollout) for cell in cells if cell is not None for rollout in cell.rollouts)


def _build(row: Row, state: RolloutState) -> BuildState | None:
    """Return the row of builds that deployed into the namespace: the joined one's, else the newest."""
    fitting = [build for build in row.builds if build.namespace == state.namespace]
    joined = [build for build in fitting if state.build_job and build.job == state.build_job]
    return max(joined or fitting, key=lambda build: build.started_ms or 0, default=None)
