"""The life of one alert: inactive, pending, firing, resolved. Pure: the moment comes in, the next one to look goes out.

Two times are used: ``now_ms`` is what the clock says and what is written down; ``t`` is a time that runs evenly, in
milliseconds, whatever is done to the clock, and is what every wait is measured by.

Source: Prometheus' alerting rules (``for``, ``keep_firing_for``); flapping is folded as the notes of Naemon have it,
in a simpler form.
"""

from collections.abc import Sequence
from operator import attrgetter

import msgspec
from msgspec.structs import replace

from statusdesk.alerts.tuning import IN_PRODUCTION, RuleTuning
from statusdesk.config_alerts import FlappingSettings
from statusdesk.states_alerts import AlertState

OBSERVATIONS = 2
"""With ``for``, an alert fires only when it was seen bad so often: one slow visit longer than that is no proof."""

_FLAPPING = "flapping, {} times now; nothing more is told until it holds: "
_EXPLAINING = (
    "summary",
    "version",
    "reason",
    "look",
    "runbook",
    "build_url",
    "last_good",
    "subject",
    "hangs_on",
    "at_cluster",
    "at_namespace",
    "at_stage",
    "cause_key",
    "unseen",
    "touches",
    "job_app",
    "did",
    "overdue_job",
    "overdue_in",
    "build_number",
)
_explaining = attrgetter(*_EXPLAINING)


class Life(msgspec.Struct, frozen=True):
    """An alert that is pending or firing, since when it has been as it is, and when to look at it again (``due``).

    ``active``: begin of ``for``; ``clear``: since when it is well though it is held; ``bad``: since when it is bad
    without a pause. All four are ``t``. ``claimed_ms``: since when it is bad, as the clock is set now.
    """

    alert: AlertState
    active: int
    clear: int | None = None
    bad: int = 0
    due: int | None = None
    claimed_ms: int = 0


class Step(msgspec.Struct, frozen=True):
    """What becomes of an alert: its life (None: it has none), the row to write, and what to tell of it, if anything."""

    life: Life | None
    row: AlertState | None = None
    what: str = ""


def advance(
    life: Life | None,
    claim: AlertState | None,
    rule: RuleTuning,
    flapping: FlappingSettings,
    firings: Sequence[int],
    t: int,
    now_ms: int,
) -> Step:
    """Return what becomes of an alert when ``claim`` says how it is bad now (None: it is well).

    ``firings``: when it has fired before (``t``).
    """
    if life is None:
        return Step(None) if claim is None else _begin(claim, rule, flapping, firings, t, now_ms)
    anew = claim is not None and _is_another(life, claim, rule)
    if life.alert.state == "pending":
        if claim is not None and anew:
            return _begin(claim, rule, flapping, firings, t, now_ms)
        return _pending(life, claim, rule, flapping, firings, t, now_ms)
    return _firing(life, None if anew else claim, rule, flapping, t, now_ms)


def _is_another(life: Life, claim: AlertState, rule: RuleTuning) -> bool:
    """Whether a claim is about a later rollout than the alert, of those that are judged by how long one takes."""
    return rule.quiet and claim.started_ms > life.claimed_ms


def _begin(
    claim: AlertState, rule: RuleTuning, flapping: FlappingSettings, firings: Sequence[int], t: int, now_ms: int
) -> Step:
    started_ms = claim.started_ms if claim.started_ms > 0 else now_ms
    alert = replace(claim, state="pending", started_ms=started_ms, pending_ms=now_ms, observations=1)
    # what is judged by how long a rollout takes has begun with it, not when we first looked
    active = t - max(0, now_ms - started_ms) if rule.quiet else t
    begun = Life(alert=alert, active=active, bad=t, claimed_ms=started_ms)
    if not rule.for_ms:
        return _fire(begun, flapping, firings, t, now_ms)
    return Step(
        replace(begun, due=active + rule.for_ms), None if rule.quiet else alert, "" if rule.quiet else "pending"
    )


def _fire(life: Life, flapping: FlappingSettings, firings: Sequence[int], t: int, now_ms: int) -> Step:
    lately = [moment for moment in firings if t - moment < flapping.within_s * 1000]
    folded = len(lately) + 1 >= flapping.count
    alert = replace(life.alert, state="firing", fired_ms=now_ms, flapping=folded, flapped=folded)
    if folded:
        alert = _folded(alert, alert.summary, len(lately) + 1)
    due = t + round(flapping.hold_s * 1000) if folded else None
    fired = Life(alert=alert, active=life.active, bad=t, due=due, claimed_ms=life.claimed_ms)
    return Step(fired, alert, "flapping" if folded else "firing")


def _folded(alert: AlertState, summary: str, times: int) -> AlertState:
    """Return a flapping alert with what it says while it flaps, and what it will say when it has held."""
    return replace(
        alert,
        flaps=times,
        summary=f"{_FLAPPING.format(times)}{summary}",
        once_held=f"it was flapping, {times} times, and has held since: {summary}",
    )


def ended_unseen(alert: AlertState, ended_by: str, now_ms: int) -> AlertState:
    """Return an alert that the settings do not have any more, with the reason: nobody waits for whether it holds."""
    plain = alert.summary.removeprefix(_FLAPPING.format(alert.flaps))
    ended = replace(alert, state="resolved", resolved_ms=now_ms, stale_since_ms=None, ended_by=ended_by)
    return replace(ended, summary=plain, flapping=False, flaps=0, once_held="")


def _pending(
    life: Life,
    claim: AlertState | None,
    rule: RuleTuning,
    flapping: FlappingSettings,
    firings: Sequence[int],
    t: int,
    now_ms: int,
) -> Step:
    if claim is None:
        over = replace(life.alert, state="resolved", resolved_ms=now_ms)
        return Step(None, None if rule.quiet else over)
    alert = explained(life.alert, claim)
    ripe = t - life.active >= rule.for_ms
    if ripe and alert.observations >= OBSERVATIONS:
        return _fire(replace(life, alert=alert), flapping, firings, t, now_ms)
    row = alert if alert != life.alert and not rule.quiet else None
    # one that is ripe waits for being seen once more, not for a time
    return Step(replace(life, alert=alert, due=None if ripe else life.active + rule.for_ms), row)


def _firing(
    life: Life, claim: AlertState | None, rule: RuleTuning, flapping: FlappingSettings, t: int, now_ms: int
) -> Step:
    hold = round(flapping.hold_s * 1000) if life.alert.flapping else 0
    if claim is not None:
        bad = t if life.clear is not None else life.bad
        alert = life.alert if life.alert.cleared_ms is None else replace(life.alert, cleared_ms=None)
        if hold and t - bad >= hold:
            alert, hold = replace(alert, flapping=False, flaps=0, once_held=""), 0
        if alert.acked_by and alert.alertname == IN_PRODUCTION and alert.version != claim.version:
            alert = released(alert)  # another one was taken
        told = explained(alert, claim)
        alert = _folded(told, claim.summary, alert.flaps) if alert.flapping else told
        due = bad + hold if hold else None
        return Step(replace(life, alert=alert, clear=None, bad=bad, due=due), alert if alert != life.alert else None)
    clear = t if life.clear is None else life.clear
    wait = max(rule.keep_ms, hold)
    if t - clear >= wait:
        ended = replace(life.alert, state="resolved", resolved_ms=now_ms, flapping=False, stale_since_ms=None)
        if ended.once_held:
            ended = replace(ended, summary=ended.once_held, once_held="", flaps=0)
        return Step(None, ended, "resolved")
    alert = life.alert if life.alert.cleared_ms is not None else replace(life.alert, cleared_ms=now_ms)
    row = alert if alert is not life.alert else None
    return Step(replace(life, alert=alert, clear=clear, due=clear + wait), row)


def explained(alert: AlertState, claim: AlertState) -> AlertState:
    """Return the alert with what explains it as it is now; its labels are the same."""
    if _explaining(claim) == _explaining(alert):
        return alert
    given = {name: value for name in _EXPLAINING if (value := getattr(claim, name)) != getattr(alert, name)}
    return replace(alert, **given)


def released(alert: AlertState) -> AlertState:
    """Return the alert as one that nobody has taken any more."""
    return replace(alert, acked_by="", acked_ms=None, ack_comment="", ack_until_ms=None)


def seen_again(life: Life) -> Life:
    """Return the life of a pending alert that was seen bad once more."""
    return replace(life, alert=replace(life.alert, observations=life.alert.observations + 1))


def waits_moved(alert: AlertState, step_ms: int) -> AlertState:
    """Return an alert that waits since as long ago as before the clock was set; what was told of it stays.

    By these moments its waits go on after a start; while a process runs, it measures them by ``t``.
    """
    if alert.state == "pending" and alert.pending_ms is not None:
        alert = replace(alert, pending_ms=alert.pending_ms + step_ms)
    elif alert.cleared_ms is not None:
        alert = replace(alert, cleared_ms=alert.cleared_ms + step_ms)
    if alert.cause_over_ms is not None:
        alert = replace(alert, cause_over_ms=alert.cause_over_ms + step_ms)
    return alert


def restored(alert: AlertState, down_ms: int, tolerance_ms: int, t: int, now_ms: int, set_ms: int = 0) -> Life:
    """Return the life of a stored alert after a start; ``down_ms`` is for how long nobody has looked.

    ``set_ms``: by how much the clock was set since, for which ``waits_moved`` stands.
    The waits go on where they were, and begin anew when nobody has looked for longer than ``tolerance_ms``. Whatever
    was seen before, it must be seen once more.
    """
    fresh = down_ms > tolerance_ms

    def moment(at_ms: int | None) -> int:
        return t if fresh or at_ms is None else t - max(0, now_ms - at_ms)

    pending = alert.state == "pending"
    if pending:
        alert = replace(alert, observations=1, pending_ms=now_ms if fresh else alert.pending_ms)
    clear = moment(alert.cleared_ms) if alert.cleared_ms is not None else None
    active = moment(alert.pending_ms)
    return Life(alert=alert, active=active, clear=clear, bad=t, due=t, claimed_ms=alert.started_ms + set_ms)
