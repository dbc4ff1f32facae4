"""The checks of the gate: each looks at the rows of one thing, and says what it found."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from statusdesk.facts import CONCLUSIVE, Build, JobClass
from statusdesk.job_names import shown_build
from statusdesk.judge.gate import BLOCKED, FRESHNESS, OK, UNKNOWN, Check, Known, Question, in_stage
from statusdesk.judge.join_versions import same_version
from statusdesk.states import TROUBLED, BuildRule, Level, RolloutState, SourceState
from statusdesk.states_alerts import AlertState
from statusdesk.text import age, lasted, span

_WELL = (Level.OK, Level.SCALING)
_WAITED_FOR = (Level.PROGRESSING, Level.PAUSED, Level.UNKNOWN, Level.IDLE)
_MOST_NAMED = 3
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


def builds(question: Question, known: Known) -> Check:
    """Check that the build that brought the version into the stage before has succeeded."""
    name, start, version = "build-success", question.route.start.name, question.version
    if not known.jenkins:
        return Check(name=name, result=OK, detail="no Jenkins is configured")
    every = sorted((build for job in known.builds for build in job), key=lambda build: -build.started_ms)
    mine = [build for build in every if not build.deleted and _counts(build, question, known)]
    running = next((build for build in mine if build.building), None)
    done = next((build for build in mine if not build.building and build.result in CONCLUSIVE), None)
    if running is not None and (done is None or running.started_ms > done.started_ms):
        return Check(
            name=name, result=UNKNOWN, detail=f"{shown_build(running.job, running.number)} is running", passing=True
        )
    if done is None:
        said = f"no finished build of {version} into {start} is known{_instead(every, mine, known)}"
        return Check(name=name, result=UNKNOWN, detail=said, passing=True)
    said = f"{shown_build(done.job, done.number)} {done.result} {age(known.now_ms - done.started_ms)} ago"
    return Check(name=name, result=OK if done.result == "SUCCESS" else BLOCKED, detail=said)


def _counts(build: Build, question: Question, known: Known) -> bool:
    """Whether it is known that a build deployed the version: what only ran at that time may have done anything.

    A build says its version itself, or a rollout of the version says by its annotation that this build made it.
    """
    if not _may_deploy(build, known):
        return False
    version = question.version
    here = [each for each in in_stage(known.rollouts, question.route.start) if each.version == version]
    rules = {each.build_rule for each in here if (each.build_job, each.build_number) == (build.job, build.number)}
    if not build.version:
        return BuildRule.ANNOTATION in rules
    if build.version.removeprefix("v") == version.removeprefix("v"):
        return True
    return bool(rules & {BuildRule.ANNOTATION, BuildRule.VERSION}) and same_version(build.version, version)


def _may_deploy(build: Build, known: Known) -> bool:
    """Whether the job of a build is a deploy job, or the app's jobs are all of one class."""
    classes = set(known.job_classes.values())
    return len(classes) < 2 or known.job_classes.get((build.source, build.job)) == JobClass.DEPLOY


def _instead(every: Sequence[Build], mine: Sequence[Build], known: Known) -> str:
    """Return what the newest build of a deploy job is about, where none is about the version."""
    newest = next((build for build in every if _may_deploy(build, known)), None)
    if mine or newest is None:
        return ""
    built = f"built {newest.version}" if newest.version else "does not say what it built"
    return f"; {shown_build(newest.job, newest.number)} {built}"


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
    more = f"; and {len(words) - _MOST_NAMED} more" if len(words) > _MOST_NAMED else ""
    return f"{stage}: {'; '.join(words[:_MOST_NAMED])}{more}"


def soak(question: Question, known: Known) -> Check:
    """Check that the version has been well for long enough, without a break, in the stage before.

    While nobody looked it may have been anything: the soak begins anew after that, unless it was so short that data of
    that age would be an answer.
    """
    name, start, asked_ms = "soak", question.route.start.name, question.soak_ms
    if not asked_ms:
        return Check(name=name, result=OK, detail="none is asked for")
    here = [each for each in in_stage(known.rollouts, question.route.start) if each.version == question.version]
    if not all(each.level in _WELL for each in here):
        return Check(
            name=name, result=BLOCKED, detail=f"not healthy in {start} now, {span(asked_ms)} asked", passing=True
        )
    since_ms = max(max(each.version_since_ms or each.since_ms, each.level_since_ms) for each in here)
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


def alerts(question: Question, known: Known) -> Check:
    """Check that no alert fires about the app in the stage before, or about the version in any stage."""
    name = "no-firing-alert"
    about = [alert for alert in known.alerts if alert.state == "firing" and _is_about(alert, question)]
    firing = [alert for alert in about if alert.alertname not in question.ignore]
    ignored = sorted({alert.alertname for alert in about} & question.ignore)
    left_out = f"ignored: {', '.join(ignored)}" if ignored else ""
    if not firing:
        return Check(name=name, result=OK, detail=left_out)
    words = []
    for alert in sorted(firing, key=lambda each: (each.fired_ms or each.started_ms, each.fingerprint)):
        taken = f" (taken by {alert.acked_by})" if alert.acked_by else " (silenced)" if alert.silenced_by else ""
        where = alert.stage_now or alert.namespace
        place = f" in {where}" if where else ""
        since = lasted(alert.fired_ms or alert.started_ms, known.now_ms, age)
        words.append(f"{alert.alertname}{place} {since}{taken}")
    more = f"; and {len(words) - _MOST_NAMED} more" if len(words) > _MOST_NAMED else ""
    detail = "; ".join(part for part in ("; ".join(words[:_MOST_NAMED]) + more, left_out) if part)
    # one about the version before is over as soon as this one is seen well
    older = all(alert.version and alert.version != question.version for alert in firing)
    return Check(name=name, result=BLOCKED, detail=detail, passing=older)


def _is_about(alert: AlertState, question: Question) -> bool:
    """Whether an alert speaks against the promotion; what fails where it goes to is perhaps what it shall mend."""
    if alert.app_name != question.app or alert.severity == "info":
        return False
    here = question.route.start.holds(alert.cluster, alert.namespace) if alert.namespace else False
    return here or alert.stage_now == question.route.start.name or alert.version == question.version


def digests(question: Question, known: Known) -> Check:
    """Check that the same version is the same image in every stage up to the one before."""
    name, start, version = "digest-match", question.route.start, question.version
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    stages = [*question.route.before, question.route.to]
    for stage in stages:
        for each in in_stage(known.rollouts, stage):
            if each.version == version and each.digest:
                places = found.setdefault((each.kind, each.name), {}).setdefault(each.digest, [])
                places += [stage.name] if stage.name not in places else []
    here = [each for each in in_stage(known.rollouts, start) if each.version == version]
    missing = [each for each in here if not each.digest]
    for (_, workload), by_digest in sorted(found.items()):
        if len(by_digest) > 1:
            said = "; ".join(f"{digest[:19]} in {', '.join(places)}" for digest, places in by_digest.items())
            return Check(name=name, result=BLOCKED, detail=f"{workload} {version} is not one image: {said}")
    if missing:
        said = f"the image of {missing[0].name} in {start.name} is not known"
        return Check(name=name, result=UNKNOWN, detail=said, passing=True)
    words = [f"{digest[:19]} in {', '.join(places)}" for one in found.values() for digest, places in one.items()]
    return Check(name=name, result=OK, detail="; ".join(sorted(set(words))[:_MOST_NAMED]))


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
