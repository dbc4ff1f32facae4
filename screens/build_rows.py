"""Which builds are shown, in which groups, and what is said of each group. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from screens.lens import Lens
from statusdesk.board import Board
from statusdesk.facts import JobClass
from statusdesk.job_names import shown_job, sought_job
from statusdesk.states import CALM, TROUBLED, BuildState, Level, PlatformState, RunningBuild

NOWHERE = ""
_PLATFORM = frozenset({JobClass.SEED.value, JobClass.RENEWAL.value, JobClass.ENVIRONMENT.value})
_ORDER = {Level.FAILING: 0, Level.WARNING: 1, Level.UNKNOWN: 3, Level.OK: 4, Level.IDLE: 5}
Namespaces = Mapping[str, Sequence[str]]
"""The namespaces of each stage."""


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What of the builds is shown. ``place`` is a stage or a namespace; all are empty for everything.

    ``unattributed``: only builds without a namespace.
    """

    app: str = ""
    place: str = ""
    job: str = ""
    unattributed: bool = False
    by_job: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """Return the way to it, as the top line shows it."""
        narrow = "without a namespace" if self.unattributed else shown_job(self.job) or self.app or self.place
        return ("builds", narrow) if narrow else ("builds",)


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The builds of one namespace, or of one job.

    ``green_ms``: since when all of them that have a result are well; None when one is not, or none has a result.
    ``count`` and ``bad`` are of all of them, ``rows`` those that are shown, ``hidden`` how many of what matches is not;
    ``history`` counts those that did not go well before their environment was destroyed.
    """

    name: str
    rows: tuple[BuildState, ...]
    count: int
    bad: int
    silent: int
    green_ms: int | None
    hidden: int = 0
    history: int = 0


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown: running builds with their rows, jobs of the platform, groups; how many builds a filter leaves out.

    ``platform_jobs``: how many there are of the platform, well or not.
    """

    running: tuple[tuple[BuildState, RunningBuild], ...]
    platform: tuple[PlatformState, ...]
    groups: tuple[Group, ...]
    filtered: int = 0
    platform_jobs: int = 0


def choose(board: Board, scope: Scope, lens: Lens, stages: Namespaces) -> Chosen:
    """Return the builds that the reader wants to see."""
    bad = {(each.source, each.job) for each in board.builds if _is_trouble_of_platform(each)}
    everything: list[BuildState] = []
    beside: list[BuildState] = []
    for state in board.builds:
        if _is_in(state, board, scope, stages):
            asked_for = scope.job or scope.place or not state.namespace  # then all of it, well or not
            listed = state.job_class not in _PLATFORM or asked_for or _is_shown(state, bad, by_job=scope.by_job)
            (everything if listed else beside).append(state)
    matching = [state for state in everything if _matches(state, lens.text)] if lens.text else everything
    order = {name: place for place, name in enumerate(name for names in stages.values() for name in names)}
    also = [state for state in beside if _matches(state, lens.text)]  # well, and runs all the same
    running = [(state, run) for state in (*matching, *also) for run in state.running]
    running.sort(key=lambda each: (each[1].started_ms, each[0].key, each[1].number))
    platform = tuple(_platform(board, scope, lens))
    return Chosen(
        running=tuple(running),
        platform=tuple(state for state in platform if not lens.only_bad or state.level in TROUBLED),
        platform_jobs=len(platform),
        groups=tuple(_groups(everything, matching, beside, scope, lens, order)),
        filtered=len(everything) - len(matching),
    )


def _is_trouble_of_platform(state: BuildState) -> bool:
    return state.job_class in _PLATFORM and bool(state.namespace) and state.level in TROUBLED


def _is_shown(state: BuildState, bad: Collection[tuple[str, str]], *, by_job: bool) -> bool:
    """Whether a pair of a job of the platform is listed: what is not well, and by job what stands beside it."""
    if by_job:
        return bool(state.namespace) and (state.source, state.job) in bad
    return _is_trouble_of_platform(state)


def _is_in(state: BuildState, board: Board, scope: Scope, stages: Namespaces) -> bool:
    if scope.job:
        return state.job == scope.job
    if not state.namespace and state.key not in board.unattributed:
        return False
    if scope.unattributed:
        return not state.namespace
    if scope.place:
        return state.namespace in (stages.get(scope.place) or (scope.place,))
    return not scope.app or state.key in _keys_of(board, scope.app)


def _keys_of(board: Board, app: str) -> frozenset[str]:
    return frozenset(build.key for row in board.rows if row.app == app for build in row.builds)


def _matches(state: BuildState, text: str) -> bool:
    hay = f"{sought_job(state.job)} {state.namespace} {state.version} {state.reason} {state.result}"
    hay = f"{hay} {state.cause} {state.user}"
    hay = f"{hay} {state.message} #{state.number} {state.git_revision} {state.git_branch}".casefold()
    return all(word in hay for word in text.casefold().split())


def _platform(board: Board, scope: Scope, lens: Lens) -> Iterable[PlatformState]:
    if scope.app or scope.place or scope.unattributed:
        return
    words = lens.text.casefold().split()
    for state in board.platform:
        hay = f"{sought_job(state.job)} {state.job_class} {state.reason} {state.message}".casefold()
        mine = not scope.job or state.job == scope.job
        if mine and all(word in hay for word in words):
            yield state


def _groups(
    everything: list[BuildState],
    matching: list[BuildState],
    beside: list[BuildState],
    scope: Scope,
    lens: Lens,
    order: Mapping[str, int],
) -> Iterable[Group]:
    """Return the groups: namespaces in the order of the stages, jobs with the worst first.

    ``beside``: what is listed only while it is not well; a namespace is not all green since before that was mended.
    """
    by_job = scope.by_job or bool(scope.job)
    alls: dict[str, list[BuildState]] = {}
    for state in everything:
        alls.setdefault(state.job if by_job else state.namespace, []).append(state)
    shown: dict[str, list[BuildState]] = {}
    for state in matching:
        shown.setdefault(state.job if by_job else state.namespace, []).append(state)
    groups = [_group(name, rows, alls[name], lens, by_job, order) for name, rows in shown.items()]
    if by_job:
        return sorted(groups, key=lambda group: (not group.bad, group.name))
    groups = [_mended(group, [state for state in beside if state.namespace == group.name]) for group in groups]
    return sorted(groups, key=lambda group: (order.get(group.name, len(order) + (not group.name)), group.name))


def _group(
    name: str, rows: list[BuildState], all_rows: list[BuildState], lens: Lens, by_job: bool, order: Mapping[str, int]
) -> Group:
    wanted = [state for state in rows if not lens.only_bad or state.level in TROUBLED]
    if by_job:
        wanted.sort(key=lambda state: (order.get(state.namespace, len(order)), state.namespace))
    else:
        wanted.sort(key=lambda state: (_ORDER.get(state.level, 2), state.job))
    bad = sum(state.level in TROUBLED for state in all_rows)
    return Group(
        name=name,
        rows=tuple(wanted),
        count=len(all_rows),
        bad=bad,
        silent=sum(state.level is Level.UNKNOWN for state in all_rows),
        green_ms=None if bad else _all_green_ms(all_rows),
        hidden=len(rows) - len(wanted),
        history=sum(state.level is Level.IDLE for state in all_rows),
    )


def _mended(group: Group, beside: Sequence[BuildState]) -> Group:
    """Return a group that is all green since what is not listed any more was mended, where that was the last."""
    mended_ms = [_green_ms(state) for state in beside if state.was_red and state.level in CALM]
    if group.green_ms is None or not mended_ms:
        return group
    return msgspec.structs.replace(group, green_ms=max(group.green_ms, *mended_ms))


def _all_green_ms(rows: Sequence[BuildState]) -> int | None:
    """Return when the last of them became green again; where none was ever red, since when the first is known."""
    well = [state for state in rows if state.level in CALM]
    if not any(state.level is Level.OK for state in well):
        return None
    red = [_green_ms(state) for state in well if state.was_red or state.green_since_ms is None]
    return max(red) if red else min(map(_green_ms, well))


def _green_ms(state: BuildState) -> int:
    """Return since when it is green, as far as that is known: it was so before a desk that is new has seen it."""
    if state.green_since_ms is not None:
        return state.green_since_ms
    if state.level is Level.IDLE:
        return state.level_since_ms
    return min(state.level_since_ms, state.last_success_ms or state.level_since_ms)
