"""Which alerts a judged row deserves now: names, labels, severity and what explains them; no time in it.

``started_ms`` of what is returned is since when the row has been bad; state and other times are the life cycle's.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from statusdesk.alerts.making import because, make, read_from
from statusdesk.alerts.rules_platform import SEED, job_alert, of_environment, of_platform
from statusdesk.alerts.touched import by_build, by_token, the_job
from statusdesk.alerts.tuning import SOURCE_DOWN, Tuning
from statusdesk.judge.token_life import moment
from statusdesk.states import TROUBLED, AlertState, BuildState, Level, RolloutState, SourceState, Stamped, TokenState
from statusdesk.states_alerts import BUILD_FAILED
from statusdesk.states_builds import NO_RESULT

Rule = Callable[[Any, Tuning], list[AlertState] | None]

STUCK, AT_CAP = "RolloutStuck", "TokenAtCap"
_MOVES = (Level.PROGRESSING, Level.WARNING, Level.FAILING)


def subject(state: Stamped) -> str:
    """Return what an alert hangs on: the kind of row and its key."""
    return f"{type(state).__name__}:{getattr(state, 'key', '')}"


def deserved(state: Stamped, tuning: Tuning) -> list[AlertState] | None:
    """Return the alerts that a row deserves now; None when that cannot be told (what it deserved holds).

    That no build with a result is left can be told: what an alert was about is gone; and so can that a namespace
    cannot be read.
    """
    if state.until_ms is not None:
        return []
    is_told = isinstance(state, SourceState) or getattr(state, "reason", "") == NO_RESULT
    if getattr(state, "level", None) is Level.UNKNOWN and not is_told:
        return None
    rule = ROWS.get(type(state).__name__)
    return rule(state, tuning) if rule is not None else []


def _rollout(state: RolloutState, tuning: Tuning) -> list[AlertState]:
    if state.level is Level.OK:
        return []
    degraded = state.reason.startswith("Degraded")
    names = []
    if state.level is Level.FAILING:
        names += [] if degraded else ["RolloutFailing"]
        names += ["ServiceDegraded"] if degraded or state.is_out else []
    if state.rolling_since_ms is not None and state.level in _MOVES:
        names.append(STUCK)
    made = []
    for name in names:
        stuck = name == STUCK
        alert = make(
            tuning,
            name,
            cluster=state.cluster,
            namespace=state.namespace,
            app=app_label(state),
            started_ms=(state.rolling_since_ms if stuck else None) or state.level_since_ms,
            summary=f"{state.app} {state.runs} in {state.namespace}: {state.message}{because(state)}",
            version=state.runs,
            reason=state.reason,
            look=state.look,
            build_url=state.build_url,
            last_good="" if state.is_held_whole else state.previous_version,
            cause_key=state.cause_key,
            subject=subject(state),
            hangs_on=read_from(state),
        )
        made += [alert] if alert is not None else []
    return made


def app_label(state: RolloutState) -> str:
    """Return the label of a workload: its app, with its own name where that is another."""
    return state.app if state.app == state.name else f"{state.app}/{state.name}"


def _build(state: BuildState, tuning: Tuning) -> list[AlertState]:
    if state.level is not Level.FAILING:
        return []
    if state.job_class == SEED:  # what others rely on is told as that
        told = (state.source, state.job, state.message, state.reason, state.url, state.level_since_ms)
        return job_alert(tuning, "SeedJobStale", *told, subject(state))
    made = make(
        tuning,
        BUILD_FAILED,
        namespace=state.namespace,
        app=state.job,
        source=state.source,
        started_ms=state.level_since_ms,
        summary=state.message,
        version=state.version,
        reason=state.reason,
        build_url=state.url,
        build_number=state.number or 0,
        touches=by_build(state),
        subject=subject(state),
        hangs_on=(state.source,),
    )
    return [made] if made is not None else []


def _token(state: TokenState, tuning: Tuning) -> list[AlertState]:
    names = []
    capped = state.reason == "AtCap" or (state.is_unseen and state.at_cap)
    if capped and state.level in TROUBLED:
        names.append(AT_CAP)
    if state.level is Level.FAILING:
        names.append("TokenGone" if state.is_dead else "TokenLapsing")
    made = []
    look = the_job(state.renewal_job) if state.renewal_job else ""
    for name in names:
        alert = make(
            tuning,
            name,
            source=state.source,
            token=state.name,
            started_ms=state.level_since_ms,
            summary=f"token {state.name}: {state.message}",
            reason=state.reason,
            look=look,
            overdue_job=look if state.is_unrenewed else "",
            overdue_in=tuple(state.namespaces),
            touches=by_token(state),
            subject=subject(state),
            hangs_on=(state.source,),
        )
        made += [alert] if alert is not None else []
    return made


def of_unread(state: TokenState, tuning: Tuning, held: Iterable[AlertState]) -> list[AlertState]:
    """Return the alerts of a token that cannot be looked up: the ``held`` ones of before, and that nobody sees it.

    What they said of its end is what is known of it still; a renewal may have moved that since, and nothing is told of
    it as of now.
    """
    lost = "" if state.accessor_problem else f" cannot be read since {moment(state.since_ms)}"
    made = make(
        tuning,
        SOURCE_DOWN,
        source=state.source,
        token=state.name,
        started_ms=state.since_ms,
        summary=f"{state.kind} {state.name}{lost}: {state.message}",
        reason=state.reason,
        touches=by_token(state),
        subject=subject(state),
        hangs_on=(state.source,),
    )
    before = [
        replace(each, summary=f"{state.kind} {state.name}: {state.message}")
        for each in held
        if each.alertname != SOURCE_DOWN
    ]
    return [*before, made] if made is not None else before


def _source(state: SourceState, tuning: Tuning) -> list[AlertState]:
    if state.scope:
        return _namespace(state, tuning)
    if state.level is not Level.FAILING:
        return []
    sealed = state.reason == "Sealed"
    made = make(
        tuning,
        "VaultSealed" if sealed else SOURCE_DOWN,
        cluster=state.source.partition("kubernetes/")[2],
        source=state.source,
        started_ms=(state.since_ms if sealed else 0) or state.level_since_ms,
        summary=f"{state.source}: {state.message}",
        reason=state.reason,
        subject=subject(state),
    )
    return [made] if made is not None else []


def _namespace(state: SourceState, tuning: Tuning) -> list[AlertState]:
    """Return the alert of a namespace that may not be read; only the engine knows whether anything runs there."""
    if not state.is_closed_namespace:
        return []
    made = make(
        tuning,
        SOURCE_DOWN,
        cluster=state.source.partition("/")[2],
        namespace=state.scope,
        source=state.source,
        started_ms=state.level_since_ms,
        summary=f"namespace {state.scope} of {state.source} cannot be read any more: {state.message}",
        reason=state.reason,
        subject=subject(state),
        hangs_on=(state.source,),
    )
    return [made] if made is not None else []


ROWS: Mapping[str, Rule] = {
    "RolloutState": _rollout,
    "BuildState": _build,
    "TokenState": _token,
    "SourceState": _source,
    "PlatformState": of_platform,
    "EnvironmentState": of_environment,
}
"""The rule of each class of rows, by its name."""
