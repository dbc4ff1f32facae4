"""Cells: one app in one stage, from all its rollouts there."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from statusdesk.board import STALE, Cell, Mark, Silent
from statusdesk.judge.promotion_versions import Arrival, Lineage, order_of
from statusdesk.states import CALM, NO_ACCESS, Level, RolloutState

BADNESS = {
    Level.FAILING: 0,
    Level.WARNING: 1,
    Level.UNKNOWN: 2,
    Level.PROGRESSING: 3,
    Level.SCALING: 4,
    Level.PAUSED: 5,
    Level.OK: 6,
    Level.IDLE: 7,
}
_MARKS = {
    Level.FAILING: Mark.FAILING,
    Level.WARNING: Mark.WARNING,
    Level.UNKNOWN: Mark.UNKNOWN,
    Level.PROGRESSING: Mark.PROGRESSING,
    Level.SCALING: Mark.PROGRESSING,
    Level.PAUSED: Mark.PAUSED,
    Level.OK: Mark.OK,
    Level.IDLE: Mark.IDLE,
}


def is_empty(cell: Cell | None) -> bool:
    """Return whether nothing of the app is known in the stage."""
    return cell is None or not cell.rollouts


def blank_cell(stage: str, mark: Mark, message: str) -> Cell:
    """Return a cell in which no rollout is known: absent, not readable, or not known."""
    return Cell(stage=stage, mark=mark, level=Level.UNKNOWN, last_level=Level.UNKNOWN, message=message)


def stale_key(rollout: RolloutState, stale: Mapping[str, int | None]) -> str | None:
    """Return under which key of ``stale`` a rollout falls: its cluster, its namespace in it, or None."""
    if not stale:
        return None
    if rollout.cluster in stale:
        return rollout.cluster
    key = f"{rollout.cluster}/{rollout.namespace}"
    return key if key in stale else None


def cell_of(
    stage: str,
    app: str,
    rollouts: Sequence[RolloutState],
    stale: Mapping[str, int | None],
    closed: Collection[str] = (),
) -> Cell:
    """Return the cell of at least one rollout; the worst decides, among equals the app's namesake, then the newest.

    ``stale``: clusters, or ``cluster/namespace``, of which nothing has been heard for too long, with the time of
    their last good answer. What they said last is unknown now, whatever it was. ``closed``: those of them that may not
    be read.
    """

    ranked = _ranked(app, rollouts, stale)
    worst = ranked[0]
    silent = stale_key(worst, stale)
    level = worst.level if silent is None else Level.UNKNOWN
    last_level = min((r.level for r in ranked), key=BADNESS.__getitem__) if stale else level
    message, reason = worst.message, worst.reason
    since_ms = worst.runs_since_ms if level in CALM else worst.level_since_ms or worst.runs_since_ms
    if silent is not None:
        reason, since_ms = NO_ACCESS if silent in closed else STALE, stale[silent]
        message = f"{silence([silent], closed)}, last known: {_last_known(worst, ranked, app)}"
    elif level not in CALM:
        message = _where(worst, ranked, app) + message + (f", because {worst.cause}" if worst.cause else "")
    return Cell(
        stage=stage,
        mark=Mark.NO_ACCESS if silent in closed else _mark(level, ranked),
        level=level,
        last_level=last_level,
        version=worst.runs,
        reason=reason,
        message=message,
        since_ms=since_ms,
        ready=sum([r.come for r in ranked]),
        desired=sum([r.desired for r in ranked]),
        rollouts=ranked,
        silent=tuple(_silent(ranked, stale, closed)) if stale else (),
    )


def _mark(level: Level, rollouts: Iterable[RolloutState]) -> Mark:
    """Return the mark of a level; what is well, and held back from a version that is asked for, has one of its own."""
    return Mark.HELD if level is Level.OK and any(each.held_by for each in rollouts) else _MARKS[level]


def _silent(
    rollouts: Iterable[RolloutState], stale: Mapping[str, int | None], closed: Collection[str]
) -> Iterable[Silent]:
    for rollout in rollouts:
        key = stale_key(rollout, stale)
        if key is not None:
            yield Silent(key=rollout.key, known_ms=stale[key], closed=key in closed)


def _last_known(worst: RolloutState, ranked: Sequence[RolloutState], app: str) -> str:
    """Return the level at which a rollout was when its source fell silent, and what was wrong with it."""
    if worst.level is not Level.FAILING or not worst.message:
        return worst.level.value
    return f"{worst.level}: {_where(worst, ranked, app)}{worst.message}"


def silence(silent: Sequence[str], closed: Collection[str]) -> str:
    """Return in words why nothing is heard from clusters, or namespaces in them; all may be read, or none."""
    if silent[0] in closed:
        return f"no access to {', '.join(silent)}"
    return f"{', '.join(f'kubernetes/{each}' for each in silent)} {'gives' if len(silent) == 1 else 'give'} no news"


def unknown_words(cells: Sequence[Cell], stale: Mapping[str, int | None], closed: Collection[str]) -> Iterable[str]:
    """Yield what is said of cells that are not known, those of which the same is to be said together."""
    alike: dict[tuple[bool, str], list[tuple[str, str]]] = {}
    for cell in cells:
        silent = stale_key(cell.rollouts[0], stale) if cell.rollouts else None
        known = cell.rollouts[0].level.value if silent is not None else ""
        alike.setdefault((silent in closed, known or cell.message), []).append((cell.stage, silent or ""))
    for (_, words), each in alike.items():
        silent_ones = list(dict.fromkeys(silent for _, silent in each if silent))
        why = f"{silence(silent_ones, closed)}, last known: " if silent_ones else ""
        yield f"{', '.join(stage for stage, _ in each)}: {why}{words}"


def is_told_by_node(cell: Cell) -> bool:
    """Return whether a lost node is all that is wrong with a cell: that is told once, of the node."""
    return bool(cell.rollouts) and cell.rollouts[0].is_only_lost and cell.reason == cell.rollouts[0].reason


def was_failing(rollout: RolloutState, stale: Mapping[str, int | None]) -> bool:
    """Return whether a rollout was failing when its source fell silent."""
    return rollout.level is Level.FAILING and stale_key(rollout, stale) is not None


def _ranked(app: str, rollouts: Sequence[RolloutState], stale: Mapping[str, int | None]) -> tuple[RolloutState, ...]:
    """Return the rollouts, the worst first, then the app's namesake, then the newest."""

    def order(rollout: RolloutState) -> tuple[float, int, bool, int, str]:
        since_ms = rollout.version_since_ms or 0
        return (_badness(rollout, stale), BADNESS[rollout.level], rollout.name != app, -since_ms, rollout.key)

    return tuple(sorted(rollouts, key=order)) if len(rollouts) > 1 else tuple(rollouts)


def _badness(rollout: RolloutState, stale: Mapping[str, int | None]) -> float:
    """Return how bad a rollout is: what was failing when its source fell silent comes next to what fails."""
    if was_failing(rollout, stale):
        return BADNESS[Level.FAILING] + 0.5
    return BADNESS[rollout.level if stale_key(rollout, stale) is None else Level.UNKNOWN]


def _where(worst: RolloutState, ranked: Sequence[RolloutState], app: str) -> str:
    """Return cluster and workload as a prefix, where the stage leaves them open."""
    several_clusters = any(r.cluster != worst.cluster for r in ranked)
    cluster = f"{worst.cluster}: " if several_clusters else ""
    return cluster + (f"{worst.name}: " if worst.name != app else "")


def compare(cells: Sequence[Cell | None], lineage: Lineage) -> tuple[list[Cell | None], list[str]]:
    """Return the cells with tint, drift, skew and differing digests, and the versions of the row, oldest first."""
    arrivals = [
        _arrival(index, cell) for index, cell in enumerate(cells) if cell is not None and cell.rollouts and cell.version
    ]
    order = order_of(arrivals, lineage)
    compared = list(cells)
    if len(order) < 2 and not _has_digests(arrivals, cells):
        return compared, order
    places = {version: place for place, version in enumerate(order)}
    left: Cell | None = None
    for number, arrival in enumerate(arrivals):
        cell = cells[arrival.stage]
        if cell is None:
            continue
        place = places[cell.version]
        right = arrivals[number + 1] if number + 1 < len(arrivals) else None
        is_older = right is not None and places[right.version] > place
        drift = max(0, places[left.version] - place) if left is not None else 0
        differs = left is not None and left.version == cell.version and _digests_differ(left, cell)
        mark = Mark.SKEW if is_older and cell.level is Level.OK else cell.mark
        if place or drift or differs or mark is not cell.mark:
            compared[arrival.stage] = msgspec.structs.replace(
                cell, tint=place, drift=drift, digest_differs=differs, mark=mark
            )
        left = cell
    return compared, order


def _arrival(index: int, cell: Cell) -> Arrival:
    previous = frozenset(r.previous_version for r in cell.rollouts if r.version == cell.version and r.previous_version)
    return Arrival(stage=index, version=cell.version, since_ms=cell.rollouts[0].runs_since_ms, previous=previous)


def _has_digests(arrivals: Sequence[Arrival], cells: Sequence[Cell | None]) -> bool:
    digests: dict[tuple[str, str], str] = {}
    for arrival in arrivals:
        cell = cells[arrival.stage]
        for rollout in cell.rollouts if cell is not None else ():
            if rollout.digest and digests.setdefault((rollout.kind, rollout.name), rollout.digest) != rollout.digest:
                return True
    return False


def _digests_differ(left: Cell, right: Cell) -> bool:
    """Whether a workload of the same name and version runs another image under the same tag."""
    known = {(r.kind, r.name, r.runs): r.digest for r in left.rollouts if r.digest}
    for rollout in right.rollouts:
        digest = known.get((rollout.kind, rollout.name, rollout.runs))
        if rollout.digest and digest is not None and digest != rollout.digest:
            return True
    return False
