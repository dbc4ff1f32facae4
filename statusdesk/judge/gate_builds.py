"""Whether the build that brought a version has succeeded; and what is held against the build that asks itself."""

from collections.abc import Sequence

from statusdesk.facts import CONCLUSIVE, Build, JobClass
from statusdesk.job_names import shown_build, shown_job
from statusdesk.judge.gate import BLOCKED, OK, UNKNOWN, Check, Known, Question, in_stage
from statusdesk.judge.join_versions import same_version
from statusdesk.states import BuildRule
from statusdesk.states_alerts import BUILD_FAILED, AlertState
from statusdesk.text import age

SUCCESS = "SUCCESS"


def builds(question: Question, known: Known) -> Check:
    """Check that the build that brought the version into the stage before has succeeded, or has come so far as to ask.

    A build that asks whether it may go on cannot have ended; one that runs and does not ask may still fail.
    """
    name, start, version = "build-success", question.route.start.name, question.version
    if not known.jenkins:
        return Check(name=name, result=OK, detail="no Jenkins is configured")
    unread = sorted(job for job in known.unread_after if _is_deploying(job, known))
    if unread:
        said = f"what {shown_job(unread[0][1])} built after #{known.unread_after[unread[0]]} is not read yet"
        return Check(name=name, result=UNKNOWN, detail=said, passing=True)
    every = sorted(_all(known), key=lambda build: (-build.started_ms, build.building))
    mine = [build for build in every if not build.deleted and _counts(build, question, known)]
    newest = next((build for build in mine if build.building or build.result in CONCLUSIVE), None)
    hidden = _hidden(newest, known)
    if hidden:
        said = f"{hidden} cannot be read and may be the newest: mend or delete it in Jenkins, or run the job again"
        return Check(name=name, result=UNKNOWN, detail=said, passing=True)
    if newest is None:
        said = f"no finished build of {version} into {start} is known{_instead(every, mine, known)}"
        return Check(name=name, result=UNKNOWN, detail=said, passing=True)
    what = shown_build(newest.job, newest.number)
    if newest.building and known.asking is not None and newest.key == known.asking.key:
        return Check(name=name, result=OK, detail=f"{what} is running, and asks")
    if newest.building:
        return Check(name=name, result=UNKNOWN, detail=f"{what} is running", passing=True)
    said = f"{what} {newest.result} {age(known.now_ms - newest.started_ms)} ago"
    if newest.result == SUCCESS:
        return Check(name=name, result=OK, detail=said)
    if awaited(newest.source, newest.job, question, known):
        return Check(name=name, result=UNKNOWN, detail=f"{said}; {not_seen(question)}", passing=True)
    return Check(name=name, result=BLOCKED, detail=said)


def _hidden(newest: Build | None, known: Known) -> str:
    """Return a build that cannot be read and may be newer than the newest that counts; nothing where none may be."""
    found = [
        shown_build(job, number)
        for (source, job), numbers in sorted(known.unreadable.items())
        for number, before_ms in sorted(numbers.items(), reverse=True)
        if _is_deploying((source, job), known)
        and not (newest is not None and before_ms is not None and before_ms <= newest.started_ms)
        and _may_be_last((source, job), number, known)
    ]
    return found[0] if found else ""


def _may_be_last(job: tuple[str, str], number: int, known: Known) -> bool:
    """Whether nothing newer that came to a result is known of a job in one of the namespaces that it deploys into."""
    pairs = [pair for pair in known.builds if pair and (pair[0].source, pair[0].job) == job]
    ended = [max((each.number for each in pair if _is_result(each)), default=0) for pair in pairs]
    return not ended or min(ended) < number


def _is_result(build: Build) -> bool:
    return not (build.building or build.deleted) and build.result in CONCLUSIVE


def answered(alert: AlertState, known: Known) -> bool:
    """Whether the build that asks is the answer to an alert: a newer one of the same job, for the same namespace.

    An alert is of the newest build that failed; one that does not say which that was may be of a later one.
    """
    asking = known.asking
    if asking is None or not asking.building or not _is_failed_build(alert, asking.source, asking.job):
        return False
    is_later = 0 < alert.build_number < asking.number
    return is_later and alert.namespace in (asking.all_namespaces or ("",))


def may_be_answered(alert: AlertState, question: Question, known: Known) -> bool:
    """Whether that cannot be told yet: the build that asks is one of the same job, and was not seen so far."""
    return _is_failed_build(alert, alert.source, alert.app) and awaited(alert.source, alert.app, question, known)


def awaited(source: str, job: str, question: Question, known: Known) -> bool:
    """Whether the build that asks is one of a job of the app, and was not seen so far."""
    if known.asking is not None or question.asked_by is None or (source, job) not in known.job_classes:
        return False
    return shown_job(question.asked_by[0]) == shown_job(job)


def is_same(version: str, asked: str) -> bool:
    """Whether a version is the one that is asked for, written with a ``v`` or without."""
    return version.removeprefix("v") == asked.removeprefix("v")


def not_seen(question: Question) -> str:
    """Say that the build that asks is not known yet."""
    return f"#{question.asked_by[1]}, which asks, was not seen yet" if question.asked_by is not None else ""


def _is_failed_build(alert: AlertState, source: str, job: str) -> bool:
    return alert.alertname == BUILD_FAILED and (alert.source, alert.app) == (source, job)


def _all(known: Known) -> list[Build]:
    return [build for job in known.builds for build in job]


def _counts(build: Build, question: Question, known: Known) -> bool:
    """Whether it is known that a build deployed the version: what only ran at that time may have done anything.

    A build says its version itself, or a rollout of the version says by its annotation that this build made it.
    """
    if not _may_deploy(build, known):
        return False
    version = question.version
    here = [each for each in in_stage(known.rollouts, question.route.start) if each.runs == each.version == version]
    rules = {each.build_rule for each in here if (each.build_job, each.build_number) == (build.job, build.number)}
    if not build.version:
        return BuildRule.ANNOTATION in rules
    if is_same(build.version, version):
        return True
    return bool(rules & {BuildRule.ANNOTATION, BuildRule.VERSION}) and same_version(build.version, version)


def _may_deploy(build: Build, known: Known) -> bool:
    return _is_deploying((build.source, build.job), known)


def _is_deploying(job: tuple[str, str], known: Known) -> bool:
    """Whether a job is a deploy job, or the app's jobs are all of one class."""
    classes = set(known.job_classes.values())
    return len(classes) < 2 or known.job_classes.get(job) == JobClass.DEPLOY


def _instead(every: Sequence[Build], mine: Sequence[Build], known: Known) -> str:
    """Return what the newest build of a deploy job is about, where none is about the version."""
    newest = next((build for build in every if _may_deploy(build, known)), None)
    if mine or newest is None:
        return ""
    built = f"built {newest.version}" if newest.version else "does not say what it built"
    return f"; {shown_build(newest.job, newest.number)} {built}"
