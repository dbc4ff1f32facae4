"""The checks of the gate: each looks at the rows of one thing, and says what it found."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from statusdesk.judge.gate import BLOCKED, FRESHNESS, OK, UNKNOWN, Check, Known, Question, in_stage
from statusdesk.judge.gate_alerts import alerts
from statusdesk.judge.gate_builds import builds
from statusdesk.judge.soaking import healthy_since_ms
from statusdesk.states import HEALTHY, TROUBLED, Level, RolloutState, SourceState
from statusdesk.text import MOST_NAMED, age, few, span

_WAITED_FOR = (Level.PROGRESSING, Level.PAUSED, Level.UNKNOWN, Level.IDLE)
CLOCK_MS = 5000
"""By so much the clocks of two machines, or one that is being set, may differ."""
_SEEN_MS = 30_000
"""A look of less than that between two gaps is none: a collector that has begun has not read everything yet."""


def freshness(question: Question, known: Known) -> tuple[Check, int | None]:
    """Check that a collector works and every source that is asked about has answered lately; and the oldest age."""
    if known.lost_ms is not None:
        since = f"for {span(known.lost_ms)}" if known.lost_ms else "yet"
        return _freshness(UNKNOWN, f"no collector has worked {since}: start `statusdesk watch`"), None
    doubts: list[str] = []
    ages: list[int] = []
    for key in _needed(question, known):
        state = known.sources.get(key)
        doubt, age_ms = _doubt(key, state, known.now_ms, question.max_age_ms)
        doubts += [doubt] if doubt else []
        ages += [age_ms] if age_ms is not None else []
    oldest = max(ages, default=None)
    if doubts:
        return _freshness(UNKNOWN, "; ".join(doubts)), oldest
    return _freshness(OK, f"data {age(oldest)} old, at most {span(question.max_age_ms)}"), oldest


def _freshness(result: str, detail: str) -> Check:
    return Check(name=FRESHNESS, result=result, detail=detail, passing=True)


def _needed(question: Question, known: Known) -> list[str]:
    """Return the keys of the sources that the answer rests on: every cluster that may have a part of the stage."""
    start = question.route.start
    places = {(rollout.cluster, rollout.namespace) for rollout in in_stage(known.rollouts, start)}
    clusters = set(start.clusters or known.clusters) | {cluster for cluster, _ in places}
    keys = [f"kubernetes/{cluster}" for cluster in sorted(clusters)]
    keys += [key for key in sorted(f"kubernetes/{c}#{ns}" for c, ns in places) if key in known.sources]
    keys += ["jenkins"] if known.jenkins and "build-success" in question.require - question.ignore else []
    keys += ["vault"] if known.tokens and "tokens-live" in question.require - question.ignore else []
    return keys


def _doubt(key: str, state: SourceState | None, now_ms: int, max_age_ms: int) -> tuple[str, int | None]:
    """Return why a source is not to be trusted, or nothing; and the age of its last answer."""
    if state is None or state.last_ok_ms is None:
        said = f" ({state.message or state.reason})" if state is not None and state.reason else ""
        return f"{key} has never answered{said}", None
    age_ms = max(0, now_ms - state.last_ok_ms)
    if state.last_ok_ms - now_ms > CLOCK_MS:
        return f"{key} has answered {span(state.last_ok_ms - now_ms)} from now: the clock was set back", age_ms
    if age_ms > max_age_ms:
        said = f": {state.message}" if state.level is not Level.OK and state.message else ""
        return f"{key} has not answered for {span(age_ms)}{said}", age_ms
    if state.is_blind:
        return f"{key}: {state.message or state.reason}", age_ms
    return "", age_ms


def rollouts(question: Question, known: Known) -> Check:
    """Check that everything of the app in the stage before is rolled out and well."""
    name, start = "rollout-healthy", question.route.start.name
    here = in_stage(known.rollouts, question.route.start)
    bad = [each for each in here if each.level in TROUBLED]
    if bad:
        failing = any(each.level is Level.FAILING for each in bad)
        return Check(name=name, result=BLOCKED, detail=_said(start, bad), passing=not failing)
    waiting = [each for each in here if each.level in _WAITED_FOR]
    if waiting:
        return Check(name=name, result=UNKNOWN, detail=_said(start, waiting), passing=True)
    ready = sum(each.ready for each in here)
    return Check(name=name, result=OK, detail=f"{start}: {ready}/{sum(each.desired for each in here)} ready")


def _said(stage: str, found: Sequence[RolloutState]) -> str:
    worst = sorted(found, key=lambda each: (each.level is not Level.FAILING, each.key))
    words = [f"{each.name} {each.level}: {each.message or each.reason or 'no reason given'}" for each in worst]
    return f"{stage}: {few(words, apart='; ')}"


def soak(question: Question, known: Known) -> Check:
    """Check that the version has been well for long enough, without a break, in the stage before.

    While nobody looked it may have been anything: the soak begins anew after that, unless it was so short that data of
    that age would be an answer.
    """
    name, start, asked_ms = "soak", question.route.start.name, question.soak_ms
    if not asked_ms:
        return Check(name=name, result=OK, detail="none is asked for")
    here = [each for each in in_stage(known.rollouts, question.route.start) if question.version in each.versions]
    if not all(each.level in HEALTHY for each in here):
        return Check(
            name=name, result=BLOCKED, detail=f"not healthy in {start} now, {span(asked_ms)} asked", passing=True
        )
    since_ms = max(map(healthy_since_ms, here))
    blind = _last_blind(known.gaps, question.max_age_ms)
    unseen = ""
    if blind is not None and blind[1] > since_ms:
        since_ms = blind[1]
        unseen = f"; before that nobody looked for {span(blind[1] - blind[0])}, and it begins anew"
    healthy_ms = max(0, known.now_ms - since_ms)
    said = f"healthy for {span(healthy_ms)} of {span(asked_ms)} in {start}{unseen}"
    return Check(name=name, result=OK if healthy_ms >= asked_ms else BLOCKED, detail=said, passing=True)


def _last_blind(gaps: Sequence[tuple[int, int]], most_ms: int) -> tuple[int, int] | None:
    """Return the last time of more than ``most_ms`` in which nobody looked; those close to each other are one."""
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(gaps):
        if joined and begin - joined[-1][1] <= _SEEN_MS:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    return next((gap for gap in reversed(joined) if gap[1] - gap[0] > most_ms), None)


def digests(question: Question, known: Known) -> Check:
    """Check that the same version is the same image in every stage up to the one before."""
    name, start, version = "digest-match", question.route.start, question.version
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    stages = [*question.route.before, question.route.to]
    for stage in stages:
        for each in in_stage(known.rollouts, stage):
            if each.runs == version and each.digest:
                places = found.setdefault((each.kind, each.name), {}).setdefault(each.digest, [])
                places += [stage.name] if stage.name not in places else []
    here = [each for each in in_stage(known.rollouts, start) if each.runs == version]
    missing = [each for each in here if not each.digest]
    for (_, workload), by_digest in sorted(found.items()):
        if len(by_digest) > 1:
            said = "; ".join(f"{digest[:19]} in {', '.join(places)}" for digest, places in by_digest.items())
            return Check(name=name, result=BLOCKED, detail=f"{workload} {version} is not one image: {said}")
    if missing:
        said = f"the image of {missing[0].name} in {start.name} is not known"
        return Check(name=name, result=UNKNOWN, detail=said, passing=True)
    words = [f"{digest[:19]} in {', '.join(places)}" for one in found.values() for digest, places in one.items()]
    return Check(name=name, result=OK, detail="; ".join(sorted(set(words))[:MOST_NAMED]))


def tokens(question: Question, known: Known) -> Check:
    """Check that the Vault tokens that the app needs will live."""
    name = "tokens-live"
    if not known.tokens:
        return Check(name=name, result=OK, detail="it needs none that is known")
    failing, doubts = [], []
    for token, state in sorted(known.tokens.items()):
        if state is None or state.level is Level.UNKNOWN:
            doubts.append(f"{token}: {state.message or 'not known' if state is not None else 'not seen yet'}")
        elif state.level is Level.FAILING:
            failing.append(f"{token}: {state.message or state.reason}")
    if failing:
        return Check(name=name, result=BLOCKED, detail="; ".join(failing))
    if doubts:
        return Check(name=name, result=UNKNOWN, detail="; ".join(doubts), passing=True)
    return Check(name=name, result=OK, detail=", ".join(sorted(known.tokens)))


CHECKS: Mapping[str, Callable[[Question, Known], Check]] = MappingProxyType(
    {
        "build-success": builds,
        "rollout-healthy": rollouts,
        "soak": soak,
        "no-firing-alert": alerts,
        "digest-match": digests,
        "tokens-live": tokens,
    }
)
"""The checks that ``[gate] require`` may name, in the order in which they are told."""
