"""What is said in a row beside levels: deploys that changed nothing, changes that no deploy made, updates held back."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from statusdesk.board import Cell
from statusdesk.facts import JobClass
from statusdesk.held import held_among, held_words
from statusdesk.job_names import shown_build
from statusdesk.judge.join_past import is_later, is_work_of
from statusdesk.states import BuildState, Level, RolloutState
from statusdesk.unbuilt import unbuilt, unbuilt_among

SETTLE_MS = 60_000  # after its deploy job has ended, a cluster has this long to change
UNCHANGED_NEWS_MS = 3_600_000  # that a green deploy changed nothing is wanted by whoever has just run it
UNBUILT_NEWS_MS = 28_800_000  # a change by hand is news for all who come to work after it
HELD_NEWS_MS = 28_800_000  # so is an update that waits for a person
DEPLOYS = (JobClass.DEPLOY, JobClass.OTHER)


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence about a stage; one that is a ``fault`` makes a row a warning, another is only worth knowing.

    ``news_until_ms``: until when it is worth a line on the board though it is no fault.
    """

    stage: int
    message: str
    fault: bool = True
    news_until_ms: int = 0


def is_deploy(build: BuildState) -> bool:
    """Return whether a job can be what brings an app into a namespace."""
    return build.job_class in DEPLOYS


def deploys_of(builds: Sequence[BuildState]) -> list[BuildState]:
    """Return those that deploy an app, of all that are matched to it.

    A job of no known class is taken for a deploy only where the app has no deploy job, and not when another job of the
    app started it: what follows a deploy (a smoke test, a report) changes no cluster.
    """
    known = [build for build in builds if build.job_class == JobClass.DEPLOY]
    if known:
        return known
    jobs = {(build.source, build.job) for build in builds}
    return [build for build in builds if is_deploy(build) and (build.source, build.upstream_job) not in jobs]


def last_touched_ms(build: BuildState) -> int:
    """Return when the newest build of the pair started, conclusive or not; 0 when there is none."""
    return max(build.started_ms or 0, build.other_started_ms or 0)


def remarks(
    builds: Sequence[BuildState],
    cells: Sequence[Cell | None],
    stage_of: Mapping[str, int],
    read_ms: Callable[[RolloutState], int | None],
    now_ms: int,
    looks: list[int],
    unread: set[str],
) -> list[Remark]:
    """Return what is to be said about the newest deploys of an app.

    Faults are a failed deploy, with whether the cluster has changed, and a green one for a version that the namespace
    does not run though no rollout has begun since. A green one that changed nothing is no fault where its version runs.
    That nothing has changed is said only of what was read after the time that a cluster has to follow: ``read_ms``
    tells until when a rollout is known. ``looks`` collects when to look again, ``unread`` the clusters to be heard
    before.
    """
    found: list[Remark] = []
    for build in builds:
        stage = stage_of.get(build.namespace)
        cell = cells[stage] if stage is not None and is_deploy(build) else None
        if stage is None or cell is None or build.started_ms is None:
            continue
        rollouts = [r for r in cell.rollouts if r.namespace == build.namespace]
        settled_ms = build.started_ms + build.duration_ms + SETTLE_MS
        unchanged = bool(rollouts) and not any(is_work_of(r, build) or is_later(r, build) for r in rollouts)
        if unchanged and build.level in (Level.FAILING, Level.OK):
            looks.append(settled_ms)
            late = [r.cluster for r in rollouts if (read_ms(r) or 0) < settled_ms]
            unread.update(late)
            unchanged = settled_ms <= now_ms and not late
        if build.level is Level.FAILING:
            tail = ", cluster unchanged" if unchanged else ""
            found.append(Remark(stage=stage, message=f"{build.message}{tail}"))
        elif build.level is Level.OK and unchanged:
            found.append(_unchanged(stage, build, rollouts, settled_ms))
    return found


def changes_without_build(cells: Sequence[Cell | None]) -> list[Remark]:
    """Return what is to be said of rollouts that no build made; it is no fault."""
    found: list[Remark] = []
    for stage, cell in enumerate(cells):
        for rollout in unbuilt_among(cell.rollouts if cell is not None else ()):
            until_ms = (rollout.started_ms or 0) + UNBUILT_NEWS_MS
            found.append(Remark(stage=stage, message=unbuilt(rollout), fault=False, news_until_ms=until_ms))
    return found


def updates_held_back(cells: Sequence[Cell | None]) -> list[Remark]:
    """Return what is to be said of rollouts with pods that an update leaves alone; it is no fault."""
    found: list[Remark] = []
    for stage, cell in enumerate(cells):
        for rollout in held_among(cell.rollouts if cell is not None else ()):
            until_ms = (rollout.started_ms or 0) + HELD_NEWS_MS
            found.append(Remark(stage=stage, message=held_words(rollout), fault=False, news_until_ms=until_ms))
    return found


def noted(cells: Sequence[Cell | None], said: Sequence[Remark]) -> list[Cell | None]:
    """Return the cells with what is said about them: faults, and what is only worth knowing."""
    noted = list(cells)
    for stage in {remark.stage for remark in said}:
        cell, mine = noted[stage], [remark for remark in said if remark.stage == stage]
        if cell is not None:
            faults = tuple(remark.message for remark in mine if remark.fault)
            notes = tuple(remark.message for remark in mine if not remark.fault)
            noted[stage] = msgspec.structs.replace(cell, faults=faults, notes=notes)
    return noted


def news(said: Iterable[Remark], stages: Sequence[str], now_ms: int, looks: list[int]) -> str:
    """Return what is new and no fault, nearest to production first; ``looks`` collects when it is news no more."""
    fresh = [remark for remark in said if remark.news_until_ms > now_ms and not remark.fault]
    looks.extend(remark.news_until_ms for remark in fresh)
    fresh.sort(key=lambda remark: -remark.stage)
    return " \u00b7 ".join(f"{stages[remark.stage]}: {remark.message}" for remark in fresh)


def _unchanged(stage: int, build: BuildState, rollouts: Sequence[RolloutState], settled_ms: int) -> Remark:
    number = shown_build(build.job, build.number)
    if build.version and not _has(rollouts, build.version):
        message = f"{number} is green for {build.version}, cluster unchanged at {rollouts[0].runs}"
        return Remark(stage=stage, message=message)
    until_ms = settled_ms + UNCHANGED_NEWS_MS
    return Remark(stage=stage, message=f"{number} is green, cluster unchanged", fault=False, news_until_ms=until_ms)


def _has(rollouts: Sequence[RolloutState], version: str) -> bool:
    """Whether the version runs there, or is held back there; ``v1.5.0`` and ``1.5.0`` are one."""
    known = {each for rollout in rollouts for each in (rollout.version, *rollout.versions)}
    return any(each in version or version in each for each in known)  # what is not known may be it
