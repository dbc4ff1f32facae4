"""Which alert is muted by another one: one that says more about the same, or the cause of its trouble. Pure.

A cause that has died (a token) is told once, with whom it hits, in place of each rollout that fails because of it.
When its alert is over, what it has brought down has ``RECOVERY_MS`` to come up again: what still fails then is told.
Nobody is to hear less by either: an alert mutes only what is not more severe than itself, only at the sinks that are
told of itself, and nothing more while it is itself taken or silenced.

Source: Alertmanager's inhibition; severities are labels and never change, so that a cause is never raised to what it
mutes: what is more severe is told beside it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec.structs import replace

from statusdesk.alerts.dedup import takers
from statusdesk.alerts.making import make
from statusdesk.alerts.tuning import Tuning
from statusdesk.config_alerts import SEVERITIES
from statusdesk.renewals import is_named
from statusdesk.states_alerts import BUILD_FAILED, AlertState
from statusdesk.states_builds import OVERDUE

Key = Callable[[AlertState], tuple[str, ...]]


def _version(alert: AlertState) -> tuple[str, ...]:
    return (alert.app_name, alert.stage_now, alert.version)


def _job(alert: AlertState) -> tuple[str, ...]:
    return (alert.source, alert.app)


def _token(alert: AlertState) -> tuple[str, ...]:
    return (alert.source, alert.token)


def _overdue_job(alert: AlertState) -> tuple[str, ...]:
    return (alert.overdue_job or alert.fingerprint,)  # what has none is about no other's


SAYS_MORE: tuple[tuple[str, tuple[str, ...], Key], ...] = (
    ("RolloutFailing", ("BadVersionAhead", "BadVersionInProduction"), _version),
    (BUILD_FAILED, (OVERDUE, "SeedJobStale"), _job),
    ("TokenAtCap", ("TokenLapsing", "TokenGone"), _token),
    (OVERDUE, ("TokenLapsing", "TokenGone"), _overdue_job),
)
"""Which alert is muted while one of which others fires that is about the same: version, job or token; the alert of a
token says what a renewal that is overdue comes to, where that is what ails it: not its cap, its uses or a revocation.
"""

_MUTES = {other: [(name, key) for name, names, key in SAYS_MORE if other in names] for _, names, _ in SAYS_MORE
          for other in names}  # fmt: skip
_ABOUT = {name: key for name, _, key in SAYS_MORE}
assert len(_ABOUT) == len(SAYS_MORE), "an alert is muted by what is about the same as it in one way"

CAUSES = ("TokenLapsing", "TokenGone")
"""The alerts of a token that mute what fails because of it; the last of them that fires does."""

RECOVERY_MS = 600_000
"""For so long what fails because of a cause whose alert is over is no news.

Source: Kubernetes tries a container that fails again after 5 min at most (kubelet, ``MaxContainerBackOff``); as long
again for that try. What hangs, and is never tried again, is told then too.
"""

_TOKEN_ROW = "TokenState:"
_CAUSE = "token:"


class _Reach:
    """Which sinks hear of which alerts: of thousands of alerts there are few kinds (rule, severity and stage)."""

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        self._takers: dict[tuple[str, str, str], frozenset[str]] = {}

    def _of(self, alert: AlertState) -> frozenset[str]:
        kind = (alert.alertname, alert.severity, alert.stage)
        if kind not in self._takers:
            self._takers[kind] = takers(alert, self._tuning)
        return self._takers[kind]

    def may_mute(self, other: AlertState, alert: AlertState) -> bool:
        """Whether somebody hears of another alert in place of this one, and nothing milder (no sinks: the board)."""
        if SEVERITIES.index(other.severity) < SEVERITIES.index(alert.severity):
            return False
        if self._tuning.of(other.alertname, other.stage) is None:
            return False
        ours = self._of(alert)
        return not ours or bool(ours & self._of(other))

    def missed(self, other: AlertState, alert: AlertState) -> frozenset[str]:
        """Return the sinks that take an alert, and not the other one: by severity, by stage, by the rule's list."""
        return self._of(alert) - self._of(other)


def weighed(alerts: Sequence[AlertState], tuning: Tuning, now_ms: int) -> list[AlertState]:
    """Return those alerts, of all that are pending or firing, that are muted by another one than before, or whose hits
    have changed.

    What is muted by its cause stays so for ``RECOVERY_MS`` from ``cause_over_ms`` on.
    """
    causes, reach = _causes(alerts), _Reach(tuning)
    explained = [each for each in alerts if each.cause_key]  # few
    caused = ((each.fingerprint, each, causes[each.cause_key]) for each in explained if each.cause_key in causes)
    found = ((fingerprint, _muting(each, by, reach)) for fingerprint, each, by in caused)
    muted = {fingerprint: cause for fingerprint, cause in found if cause is not None}
    over = [each for each in explained if each.cause_key not in causes and _is_told_so(each, tuning)]
    so = {each.fingerprint: each for each in over if _may_recover(each, now_ms)}
    more = _more([each for each in alerts if each.fingerprint not in muted and each.fingerprint not in so])
    hits: dict[str, list[AlertState]] = {}
    for each in alerts:
        if each.state == "firing" and each.fingerprint in muted:
            hits.setdefault(muted[each.fingerprint].fingerprint, []).append(each)
    changed = [replace(each, cause_over_ms=now_ms) for each in so.values() if each.cause_over_ms is None]
    for alert in alerts:
        cause = muted.get(alert.fingerprint)
        others = _saying_more(alert, more) if cause is None and more else ()
        by = _muting(alert, others, reach) if others else cause
        hit = hits.get(alert.fingerprint, ())
        if alert.fingerprint in so or (by is None and not hit and _is_free(alert)):
            continue
        weighed_so = replace(
            alert,
            still_told_to=tuple(sorted(reach.missed(by, alert))) if by is not None else (),
            inhibited_by=by.fingerprint if by is not None else "",
            kept_back=by is not None and _is_kept_back(alert, now_ms),
            cause_over_ms=None,
            hits=_places(hit, tuning),
            critical_hits=_places([each for each in hit if each.severity == SEVERITIES[-1]], tuning),
        )
        if weighed_so != alert:
            changed.append(weighed_so)
    return changed


def told_again_ms(alerts: Iterable[AlertState]) -> int | None:
    """Return when the first of what is muted by a cause that is over is told again, None when nothing is."""
    over = [each.cause_over_ms for each in alerts if each.cause_over_ms is not None]
    return min(over) + RECOVERY_MS if over else None


def _may_recover(alert: AlertState, now_ms: int) -> bool:
    """Whether the alert of its cause is over since so short a time that it may come up again by itself."""
    return alert.cause_over_ms is None or now_ms - alert.cause_over_ms < RECOVERY_MS


def _is_told_so(alert: AlertState, tuning: Tuning) -> bool:
    """Whether an alert is muted by its cause, of which the alert is over."""
    if not alert.inhibited_by:
        return False
    source, _, name = alert.cause_key.removeprefix(_CAUSE).partition("/")
    told = (make(tuning, rule, source=source, token=name) for rule in CAUSES)
    return alert.inhibited_by in {each.fingerprint for each in told if each is not None}


def _is_free(alert: AlertState) -> bool:
    """Whether an alert is muted by none and has no hits, as nearly all are."""
    return not (alert.inhibited_by or alert.still_told_to or alert.kept_back or alert.hits or alert.critical_hits)


def _muting(alert: AlertState, others: Iterable[AlertState], reach: _Reach) -> AlertState | None:
    """Return which of the others mutes an alert, whether they are its cause or say more: by the same terms."""
    able = [each for each in others if reach.may_mute(each, alert)]
    if not able:
        return None
    able.sort(key=lambda each: len(reach.missed(each, alert)))
    # the one that has muted it goes on, whoever takes that one now
    before = next((each for each in able if each.fingerprint == alert.inhibited_by), None)
    return before or next((each for each in able if not (each.acked_by or each.silenced_by)), None)


def _causes(alerts: Iterable[AlertState]) -> dict[str, tuple[AlertState, ...]]:
    """Return the alert of each token that fires, by what a row that it explains has as its cause."""
    firing = [each for each in alerts if each.state == "firing" and each.alertname in CAUSES]
    ordered = sorted(firing, key=lambda each: CAUSES.index(each.alertname))
    return {_CAUSE + each.subject.removeprefix(_TOKEN_ROW): (each,) for each in ordered}


def _is_kept_back(alert: AlertState, now_ms: int) -> bool:
    """Whether nobody can have been told of it before another muted it."""
    if alert.inhibited_by:
        return alert.kept_back
    return alert.state == "pending" or alert.fired_ms == now_ms


def _more(alerts: Iterable[AlertState]) -> dict[tuple[str, tuple[str, ...]], list[AlertState]]:
    """Return what fires and says more, by the name of what it mutes and what both are about."""
    found: dict[tuple[str, tuple[str, ...]], list[AlertState]] = {}
    for each in alerts:
        if each.state == "firing":
            for name, key in _MUTES.get(each.alertname, ()):
                found.setdefault((name, key(each)), []).append(each)
    return found


def _saying_more(
    alert: AlertState, more: Mapping[tuple[str, tuple[str, ...]], list[AlertState]]
) -> Iterable[AlertState]:
    key = _ABOUT.get(alert.alertname)
    found = more.get((alert.alertname, key(alert)), ()) if key is not None else ()
    return [each for each in found if _is_told_there(alert, each)]


def _is_told_there(alert: AlertState, by: AlertState) -> bool:
    """Whether what says more is about the namespace of an alert too: of a renewal job, each is told by itself."""
    return not (alert.namespace and by.overdue_in) or is_named(alert.namespace, by.overdue_in)


def _places(alerts: Iterable[AlertState], tuning: Tuning) -> tuple[str, ...]:
    """Return whom alerts are about, nearest to production first: ``shop/orders``, with the cluster where it matters."""
    names = [stage.name for stage in tuning.stages]
    found: dict[str, tuple[int, str]] = {}
    for each in alerts:
        cluster, namespace = each.cluster or each.at_cluster, each.namespace or each.at_namespace
        app = each.app_name if each.cluster or each.job_app else each.app  # a job is not what is hit
        place = "/".join(filter(None, (cluster if tuning.has_clusters else "", namespace, app)))
        order = -names.index(each.stage) if each.stage in names else 1
        found[place] = min(found.get(place, (order, place)), (order, place))
    return tuple(sorted(found, key=lambda place: found[place]))
