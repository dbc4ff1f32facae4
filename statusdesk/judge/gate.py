"""The gate: may a version of an app go on to a stage? Asked by pipelines, decided from rows, closed on doubt."""

from collections.abc import Mapping, Sequence

import msgspec

from statusdesk.config import Config, StageSettings
from statusdesk.facts import Build
from statusdesk.held import held_among, held_words
from statusdesk.states import Level, RolloutState, SourceState, TokenState
from statusdesk.states_alerts import AlertState
from statusdesk.text import MOST_NAMED

OK, BLOCKED, UNKNOWN = "ok", "blocked", "unknown"
GO = "go"
FRESHNESS = "freshness"
"""The check that is always made: what is old, or comes from a source that does not answer, is no answer."""


class RouteError(ValueError):
    """There is no such way; the sentence says why."""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """From which stage to which; ``before`` are the stages that come before the one it goes to."""

    start: StageSettings
    to: StageSettings
    before: tuple[StageSettings, ...]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked. ``version`` empty: the one that runs in the stage before. ``ignore``: rules of alerts, checks.

    ``configured``: the app has an ``[[app]]`` of its own. ``asked_by``: job and number of the build that asks.
    """

    app: str
    route: Route
    version: str = ""
    soak_ms: int = 0
    max_age_ms: int = 120_000
    require: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    configured: bool = False
    asked_by: tuple[str, int] | None = None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the store knows of it at one moment.

    ``lost_ms``: for how long no collector has beaten, None while one does. ``builds``: of each job of the app, those
    into the namespaces of the stage before, newest first. ``job_classes``: of each job of the app, by (source, job),
    also of those without such a build. ``sources`` by key. ``tokens``: by name of those that the
    app needs, None when it is not in the store. ``gaps``: from when until when nobody saw the stage before, as far back
    as the soak goes. ``clusters``: all that are configured. ``asking``: the build that asks, once it is known.
    ``unread_after``: of the app's jobs that have built what was not read yet, after which number. ``unreadable``: of
    those with builds that Jenkins does not tell, their numbers and when the next one began that is known.
    """

    now_ms: int
    lost_ms: int | None = None
    rollouts: tuple[RolloutState, ...] = ()
    builds: tuple[tuple[Build, ...], ...] = ()
    job_classes: Mapping[tuple[str, str], str] = {}
    alerts: tuple[AlertState, ...] = ()
    sources: Mapping[str, SourceState] = {}
    tokens: Mapping[str, TokenState | None] = {}
    gaps: tuple[tuple[int, int], ...] = ()
    clusters: tuple[str, ...] = ()
    jenkins: bool = True
    asking: Build | None = None
    unread_after: Mapping[tuple[str, str], int] = {}
    unreadable: Mapping[tuple[str, str], Mapping[int, int | None]] = {}


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check: ``ok``, ``blocked`` or ``unknown``, and why. ``passing``: time alone may make another of it."""

    name: str
    result: str
    detail: str = ""
    passing: bool = False
    ignored: bool = False


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """``go``, ``blocked`` or ``unknown``. ``settled``: waiting would change nothing. ``look``: what to look at."""

    decision: str
    app: str
    version: str
    start: str
    to: str
    checks: tuple[Check, ...]
    data_age_ms: int | None = None
    settled: bool = False
    look: str = ""


def route_of(config: Config, app: str, to: str, start: str = "") -> Route:
    """Return the way of an app to a stage; without ``start`` from the stage before that it can reach.

    A namespace may stand for the stage that it belongs to.

    Raises: RouteError.
    """
    reach = next((each.stages for each in config.apps if each.name == app), ())
    stages = [stage for stage in config.stages if not reach or stage.name in reach]
    goal = _stage(config, to)
    if goal not in stages:
        raise RouteError(f"{app} never reaches {goal.name}: [[app]] stages says so")
    place = stages.index(goal)
    if start:
        first = _stage(config, start)
        if first not in stages[:place]:
            raise RouteError(f"{first.name} is not before {goal.name} on the way of {app}")
    elif not place:
        raise RouteError(f"{goal.name} is the first stage of {app}; nothing comes before it that could be asked about")
    else:
        first = stages[place - 1]
    return Route(start=first, to=goal, before=tuple(stages[:place]))


def _stage(config: Config, name: str) -> StageSettings:
    found = next((stage for stage in config.stages if stage.name == name), None) or config.stage_of("", name)
    if found is None:
        raise RouteError(f"there is no stage {name!r}; the stages are {', '.join(each.name for each in config.stages)}")
    return found


def version_of(question: Question, known: Known) -> tuple[str, str]:
    """Return the version that is asked about, or nothing and why it cannot be told."""
    from statusdesk.judge.gate_builds import is_same

    app, start = question.app, question.route.start
    here = in_stage(known.rollouts, start)
    if not known.rollouts:
        seen = f"{app} is not seen in any cluster" if question.configured else f"no application {app!r} is known"
        return "", seen
    if not here:
        places = {stage.name for stage in question.route.before if in_stage(known.rollouts, stage)}
        seen = f"it is in {', '.join(sorted(places))}" if places else "nor in any stage before"
        return "", f"{app} is not in {start.name}; {seen}"
    versions = sorted({version for rollout in here for version in rollout.versions})
    wanted = question.version
    if not wanted:
        named = sorted({each for rollout in here if rollout.name == app for each in rollout.versions}) or versions
        if len(named) > 1:
            told = ", ".join(each or "?" for each in named)
            return "", f"{start.name} runs several versions ({told}); say which with --version{_held(here)}"
        if not named[0]:
            return "", f"the version that runs in {start.name} is not known{_held(here)}"
        held = _held([rollout for rollout in here if rollout.runs == named[0]])
        if held:  # who has just deployed what is held back does not ask about the one that runs
            return "", f"{start.name} runs {named[0]}; say with --version which is to go on{held}"
        return named[0], ""
    if wanted not in versions:
        alike = next((version for version in versions if is_same(version, wanted)), "")
        if not alike:
            if "" in versions:  # it may be the one that nobody knows
                return "", f"{wanted} is not known to run in {start.name}{_instead(versions)}{_held(here)}"
            return "", f"{wanted} does not run in {start.name}{_instead(versions)}{_held(here)}"
        wanted = alike
    behind = _behind(here, wanted)
    if behind:
        return "", f"{wanted} is not everywhere in {start.name}: {behind}"
    return wanted, ""


def _instead(versions: Sequence[str]) -> str:
    """Return which of the versions that are known run."""
    told = [version for version in versions if version]
    if not told:
        return ""
    return f"; {', '.join(told)} {'does' if len(told) == 1 else 'do'}"


def _behind(here: Sequence[RolloutState], version: str) -> str:
    """Return where a workload that runs the version in one place runs another one."""
    names = {(rollout.kind, rollout.name) for rollout in here if version in rollout.versions}
    mine = [rollout for rollout in here if (rollout.kind, rollout.name) in names]
    others = [(each, other) for each in mine for other in each.versions if other != version]
    told = ", ".join(f"{each.cluster}/{each.namespace} runs {other or '?'}" for each, other in others)
    return told + _held(mine) if told else ""


def _held(rollouts: Sequence[RolloutState]) -> str:
    """Say what is held back from pods, as the end of a sentence about what runs; empty for nothing."""
    held = held_among(rollouts)
    return "".join(f"; {held_words(each)}" for each in held[:MOST_NAMED])


def in_stage(rollouts: Sequence[RolloutState], stage: StageSettings) -> list[RolloutState]:
    """Return the rollouts in a stage."""
    return [rollout for rollout in rollouts if stage.holds(rollout.cluster, rollout.namespace)]


def decide(question: Question, known: Known) -> Decision:
    """Decide. Old data decides nothing; then one check that blocks is a no, and one that cannot be told a doubt."""
    from statusdesk.judge.gate_checks import CHECKS, freshness

    version, doubt = version_of(question, known)
    fresh, data_age_ms = freshness(question, known)
    checks = [fresh]
    if doubt:
        checks.append(Check(name="version", result=UNKNOWN, detail=doubt, passing=True))
    else:
        settled = msgspec.structs.replace(question, version=version)
        checks += [CHECKS[name](settled, known) for name in CHECKS if name in question.require]
    checks = [_ignored(check, question) for check in checks]
    counted = [check for check in checks if not check.ignored]
    results = {check.result for check in counted}
    if fresh.result == UNKNOWN:
        decision = UNKNOWN
    else:
        decision = BLOCKED if BLOCKED in results else UNKNOWN if UNKNOWN in results else GO
    firm = any(check.result == BLOCKED and not check.passing for check in counted)
    here = in_stage(known.rollouts, question.route.start)
    return Decision(
        decision=decision,
        app=question.app,
        version=version or question.version,
        start=question.route.start.name,
        to=question.route.to.name,
        checks=tuple(checks),
        data_age_ms=data_age_ms,
        settled=decision == GO or (decision == BLOCKED and firm),
        look=next((rollout.look for rollout in here if rollout.level is Level.FAILING and rollout.look), ""),
    )


def _ignored(check: Check, question: Question) -> Check:
    """Mark a check that is not to count; old data cannot be overlooked."""
    if check.name in question.ignore and check.name != FRESHNESS:
        return msgspec.structs.replace(check, ignored=True)
    return check
