"""Promotion: an app across the stages; what is ahead of production, and whether something bad is on its way there."""

from collections.abc import Mapping, Sequence

import msgspec

from statusdesk.board import Cell, Mark, Row
from statusdesk.config import StageSettings
from statusdesk.judge.presence import is_run
from statusdesk.judge.promotion_builds import (
    Remark,
    changes_without_build,
    deploys_of,
    last_touched_ms,
    news,
    noted,
    remarks,
    updates_held_back,
)
from statusdesk.judge.promotion_cells import (
    blank_cell,
    cell_of,
    compare,
    is_empty,
    is_told_by_node,
    silence,
    stale_key,
    unknown_words,
    was_failing,
)
from statusdesk.judge.promotion_versions import Lineage
from statusdesk.judge.rollout_counts import blames_version
from statusdesk.judge.soaking import healthy_since_ms
from statusdesk.states import BuildState, Level, RolloutState

PRODUCTION_FAILING, FAILING, WAS_FAILING, WARNING, MOVING, UNKNOWN, SKEW, CALM = range(8)
_NOT_BAD = (MOVING, SKEW, CALM)
_MOVING = (Level.PROGRESSING, Level.SCALING)


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """The stages that an app walks, and what is known of them now.

    ``blanks``: mark and sentence of each stage for apps of which nothing is known there. ``stale``: clusters without
    news, with their last good answer; ``closed``: those that may not be read. ``heard``: until when all that was there
    has been told, by cluster. ``stage_of``: stage by namespace.
    """

    stages: tuple[StageSettings, ...]
    production: int
    blanks: tuple[tuple[Mark, str], ...]
    stale: Mapping[str, int | None] = {}
    closed: frozenset[str] = frozenset()
    heard: Mapping[str, int | None] = {}
    stage_of: Mapping[str, int] = {}

    def read_ms(self, rollout: RolloutState) -> int | None:
        """Return until when a rollout is known to be as it is shown; None while nobody knows how it is now."""
        return self.heard.get(rollout.cluster) if stale_key(rollout, self.stale) is None else None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What decides a row: its mark, its rank, the stage and sentence; ``ahead`` the version that is on its way."""

    mark: Mark
    rank: tuple[int, ...]
    stage: int | None = None
    message: str = ""
    next_stop: str = ""
    ahead: str = ""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A row, and when time alone may change it; ``unread``: the clusters that change it once they are heard."""

    row: Row
    look_again_ms: int | None = None
    unread: frozenset[str] = frozenset()


def production_index(stages: Sequence[StageSettings]) -> int:
    """Return which stage is production: the one that says so, else the last."""
    return next((index for index, stage in enumerate(stages) if stage.production), len(stages) - 1)


def judge_app(
    app: str,
    by_stage: Sequence[Sequence[RolloutState]],
    builds: Sequence[BuildState],
    path: Path,
    reach: Sequence[str],
    lineage: Lineage,
    now_ms: int,
) -> Standing:
    """Judge an app: ``by_stage`` are its rollouts per stage, ``reach`` the stages that it can reach (none: all)."""
    looks: list[int] = []
    cells, order = compare(_cells_of(app, by_stage, path, reach), lineage)
    _mark_waiting(cells, path, now_ms, looks)
    deploys = deploys_of(builds)
    unread: set[str] = set()
    told = remarks(deploys, cells, path.stage_of, path.read_ms, now_ms, looks, unread)
    said = [*changes_without_build(cells), *updates_held_back(cells), *told]
    cells = noted(cells, said)
    finding = _finding(cells, order, path, [remark for remark in said if remark.fault])
    # the newest deploy comes first: it says more of the app than what was built after it
    ordered = tuple(sorted(builds, key=lambda build: (build not in deploys, -last_touched_ms(build), build.key)))
    ahead = finding.ahead or _ahead(cells, order, path)
    row = Row(
        app=app,
        mark=finding.mark,
        rank=finding.rank,
        cells=tuple(cells),
        message=finding.message,
        note=news(said, [s.name for s in path.stages], now_ms, looks) if finding.rank[0] in _NOT_BAD else "",
        worst_stage=path.stages[finding.stage].name if finding.stage is not None else "",
        next_stop=finding.next_stop,
        version_ahead=ahead,
        build=ordered[0] if deploys else None,
        builds=ordered,
    )
    look_again_ms = min((moment for moment in looks if moment > now_ms), default=None)
    return Standing(row=row, look_again_ms=look_again_ms, unread=frozenset(unread))


def _cells_of(
    app: str, by_stage: Sequence[Sequence[RolloutState]], path: Path, reach: Sequence[str]
) -> list[Cell | None]:
    """Return one cell per stage, None for a stage that the app does not reach."""
    cells: list[Cell | None] = []
    for index, stage in enumerate(path.stages):
        if by_stage[index]:
            cells.append(cell_of(stage.name, app, by_stage[index], path.stale, path.closed))
        elif reach and stage.name not in reach:
            cells.append(None)
        else:
            cells.append(blank_cell(stage.name, *path.blanks[index]))
    return cells


def _mark_waiting(cells: list[Cell | None], path: Path, now_ms: int, looks: list[int]) -> None:
    """Mark versions that are well but may not go on: not healthy for long enough yet, or failing elsewhere."""
    failing: dict[str, int] = {}
    for index, cell in enumerate(cells):
        if cell is not None and _blames(cell):
            failing.setdefault(cell.version, index)
    for index, cell in enumerate(cells[: path.production]):
        if cell is None or cell.mark not in (Mark.OK, Mark.HELD) or not cell.rollouts:
            continue
        following = next((c for c in cells[index + 1 : path.production + 1] if c is not None), None)
        if following is None or following.version == cell.version:
            continue
        if failing.get(cell.version, index) < index:
            message = f"{cell.version} fails in {path.stages[failing[cell.version]].name}"
            cells[index] = msgspec.structs.replace(cell, mark=Mark.BLOCKED, message=message)
            continue
        soak_ms = int((path.stages[index].soak_s or 0.0) * 1000)
        if not soak_ms:
            continue
        healthy_ms = max(map(healthy_since_ms, cell.rollouts))
        if healthy_ms + soak_ms > now_ms:
            looks.append(healthy_ms + soak_ms)
            cells[index] = msgspec.structs.replace(cell, mark=Mark.SOAKING)


def _blames(cell: Cell) -> bool:
    """Return whether a cell fails, and that is a sign against its version."""
    rollouts = cell.rollouts if cell.level is Level.FAILING else ()
    return any(rollout.level is Level.FAILING and blames_version(rollout.reason) for rollout in rollouts)


def _finding(cells: Sequence[Cell | None], order: Sequence[str], path: Path, said: Sequence[Remark]) -> Finding:
    """Return the worst: production first, then what fails nearest to it, then warnings, then the rest."""
    levels = [cell.level if cell is not None and cell.rollouts else None for cell in cells]
    if Level.FAILING in levels:
        found = [_failing(index, cells, order, path) for index, level in enumerate(levels) if level is Level.FAILING]
        return min(found, key=lambda finding: finding.rank)
    lost = _was_failing(cells, path)
    if lost is not None:
        return lost
    warnings = [index for index, level in enumerate(levels) if level is Level.WARNING]
    if warnings or said:
        return _warning(cells, path, warnings, said)
    moving = [index for index, level in enumerate(levels) if level in _MOVING]
    if moving:
        return _plain(Mark.PROGRESSING, MOVING, max(moving), path)
    return _unknown(cells, path) or _calm(cells, path)


def _failing(index: int, cells: Sequence[Cell | None], order: Sequence[str], path: Path) -> Finding:
    cell = cells[index]
    if cell is None:
        raise ValueError("a failing cell is never empty")
    message = f"{cell.stage}: {cell.message}"
    if index >= path.production:
        return Finding(mark=Mark.FAILING, rank=(PRODUCTION_FAILING, 0), stage=index, message=message)
    version = cell.version
    ahead = bool(version) and _blames(cell) and _is_ahead(version, cells, order, path)
    asked = [place for place in range(path.production + 1) if _asks_for(cells[place], version)] if ahead else [index]
    furthest = min(max([*asked, index]), path.production - 1)  # production may ask for it and have no pod of it yet
    first = next(place for place, other in enumerate(cells) if not is_empty(other))
    following = next((place for place in range(furthest + 1, len(cells)) if cells[place] is not None), None)
    next_stop = path.stages[following].name if ahead and following is not None else ""
    return Finding(
        mark=Mark.ON_ITS_WAY if ahead and furthest > first else Mark.FAILING,
        rank=(FAILING, path.production - furthest, path.production - index),
        stage=index,
        message=message + (f" \u00b7 next stop {next_stop}" if next_stop and furthest > first else ""),
        next_stop=next_stop,
        ahead=version if ahead else "",
    )


def _was_failing(cells: Sequence[Cell | None], path: Path) -> Finding | None:
    """Return what was failing when its source fell silent, nearest to production: it may well be failing still."""
    lost = [
        index
        for index, cell in enumerate(cells)
        if cell is not None and cell.rollouts and was_failing(cell.rollouts[0], path.stale)
    ]
    if not lost:
        return None
    index = max(lost)
    worst = cells[index]
    assert worst is not None
    said = worst.rollouts[0]
    why = silence([stale_key(said, path.stale) or ""], path.closed)
    message = f"was failing: {said.message or said.reason} \u00b7 {why}"
    return _plain(Mark.UNKNOWN, WAS_FAILING, index, path, f"{path.stages[index].name}: {message}")


def _asks_for(cell: Cell | None, version: str) -> bool:
    return cell is not None and any(version in (each.version, *each.versions) for each in cell.rollouts)


def _is_ahead(version: str, cells: Sequence[Cell | None], order: Sequence[str], path: Path) -> bool:
    """Whether production does not run the version yet: no pod of it is there, and what is there is no newer."""
    in_production = cells[path.production]
    if in_production is None or not in_production.rollouts:
        return True
    if _asks_for(in_production, version):
        return not any(is_run(rollout, version) for rollout in in_production.rollouts)
    if version not in order or in_production.version not in order:
        return True
    return order.index(version) > order.index(in_production.version)


def _ahead(cells: Sequence[Cell | None], order: Sequence[str], path: Path) -> str:
    """Return the version nearest to production that production does not have yet."""
    for cell in reversed(cells[: path.production]):
        if cell is not None and cell.version and _is_ahead(cell.version, cells, order, path):
            return cell.version
    return ""


def _warning(cells: Sequence[Cell | None], path: Path, warnings: Sequence[int], said: Sequence[Remark]) -> Finding:
    remark = max(said, key=lambda remark: (remark.stage, remark.message), default=None)
    index = max(warnings, default=-1)
    if remark is not None and remark.stage > index:
        index, message = remark.stage, remark.message
    else:
        cell = cells[index]
        message = cell.message if cell is not None else ""
    return Finding(
        mark=Mark.WARNING,
        rank=(WARNING, abs(path.production - index)),
        stage=index,
        message=f"{path.stages[index].name}: {message}",
    )


def _plain(mark: Mark, rank: int, index: int, path: Path, message: str = "") -> Finding:
    return Finding(mark=mark, rank=(rank, abs(path.production - index)), stage=index, message=message)


def _unknown(cells: Sequence[Cell | None], path: Path) -> Finding | None:
    for mark in (Mark.UNKNOWN, Mark.NO_ACCESS):  # where nothing was ever seen, no access makes no row unknown
        seen = mark is Mark.NO_ACCESS
        lost = {i: c for i, c in enumerate(cells) if c is not None and c.mark is mark and (c.rollouts or not seen)}
        if lost:
            untold = [cell for cell in lost.values() if not is_told_by_node(cell)]
            words = unknown_words(untold, path.stale, path.closed)
            return _plain(mark, UNKNOWN, max(lost), path, " \u00b7 ".join(words))
    if all(is_empty(cell) for cell in cells):
        closed = any(cell is not None and cell.mark is Mark.NO_ACCESS for cell in cells)
        mark = Mark.NO_ACCESS if closed else Mark.UNKNOWN
        return Finding(mark=mark, rank=(UNKNOWN, len(cells)), message="nothing of it is seen in any stage")
    return None


def _calm(cells: Sequence[Cell | None], path: Path) -> Finding:
    skewed = [index for index, cell in enumerate(cells) if cell is not None and cell.mark is Mark.SKEW]
    if skewed:
        index = max(skewed)
        cell, later = cells[index], next(c for c in cells[index + 1 :] if c is not None and c.version)
        runs = "runs" if any(is_run(r, later.version) for r in later.rollouts) else "is to run"
        message = f"{later.stage} {runs} {later.version}, newer than {cell.version if cell is not None else ''} here"
        return _plain(Mark.SKEW, SKEW, index, path, f"{path.stages[index].name}: {message}")
    marks = {cell.mark for cell in cells if cell is not None and cell.rollouts}
    for mark in (Mark.BLOCKED, Mark.PAUSED):
        if mark in marks:
            return Finding(mark=mark, rank=(CALM, 0))
    return Finding(mark=Mark.IDLE if marks == {Mark.IDLE} else Mark.OK, rank=(CALM, 1))
