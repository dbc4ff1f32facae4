"""Which alerts speak against a promotion: what is wrong where the version comes from, never where it shall go to."""

from statusdesk.job_names import shown_build
from statusdesk.judge.gate import BLOCKED, OK, UNKNOWN, Check, Known, Question
from statusdesk.judge.gate_builds import answered, is_same, may_be_answered, not_seen
from statusdesk.states_alerts import AlertState
from statusdesk.text import age, few, lasted


def alerts(question: Question, known: Known) -> Check:
    """Check that no alert fires about the app in the stage before, or about the version on its way there."""
    name = "no-firing-alert"
    about = [alert for alert in known.alerts if alert.state == "firing" and _is_about(alert, question)]
    counted = [alert for alert in about if alert.alertname not in question.ignore]
    firing = [alert for alert in counted if not answered(alert, known)]
    ignored = sorted({alert.alertname for alert in about} & question.ignore)
    left_out = f"ignored: {', '.join(ignored)}" if ignored else ""
    if not firing:
        later = f"BuildFailed of an earlier build: {_asking(known)} asks" if counted else ""
        return Check(name=name, result=OK, detail="; ".join(part for part in (left_out, later) if part))
    words = [_said(alert, known.now_ms) for alert in sorted(firing, key=_age_order)]
    detail = "; ".join(part for part in (few(words, apart="; "), left_out) if part)
    # one about the version before is over as soon as this one is seen well
    older = all(alert.version and not is_same(alert.version, question.version) for alert in firing)
    if all(may_be_answered(alert, question, known) for alert in firing):
        return Check(name=name, result=UNKNOWN, detail=f"{detail}; {not_seen(question)}", passing=True)
    return Check(name=name, result=BLOCKED, detail=detail, passing=older)


def _asking(known: Known) -> str:
    return shown_build(known.asking.job, known.asking.number) if known.asking is not None else ""


def _age_order(alert: AlertState) -> tuple[int, str]:
    return alert.fired_ms or alert.started_ms, alert.fingerprint


def _said(alert: AlertState, now_ms: int) -> str:
    taken = f" (taken by {alert.acked_by})" if alert.acked_by else " (silenced)" if alert.silenced_by else ""
    where = alert.stage_now or alert.namespace
    place = f" in {where}" if where else ""
    return f"{alert.alertname}{place} {lasted(alert.fired_ms or alert.started_ms, now_ms, age)}{taken}"


def _is_about(alert: AlertState, question: Question) -> bool:
    """Whether an alert speaks against the promotion.

    Whatever is wrong with the app in the stage before does; further back, and with what has no namespace of its own (a
    version that is bad, a build for none), what is wrong with this version. What fails where the version shall go to
    does not: only a better build ends that, and this one may be it. Nor does a build or a rollout further on, or in a
    namespace of no stage, by which the version does not come.
    """
    if alert.app_name != question.app or alert.severity == "info":
        return False
    route, place = question.route, alert.stage_now
    if place == route.start.name or (alert.namespace and route.start.holds(alert.cluster, alert.namespace)):
        return True
    if not is_same(alert.version, question.version):
        return False
    return place != route.to.name if not alert.namespace else place in {stage.name for stage in route.before}
