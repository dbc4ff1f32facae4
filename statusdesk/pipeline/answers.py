"""What becomes of requests: acknowledgements and silences, checked, put beside the alerts that they are about."""

import msgspec

from statusdesk.alerts.engine import Alerts
from statusdesk.alerts.mutes import MATCHABLE, matches_everything, pattern_problem
from statusdesk.console_requests import LONGEST_MS, MAX_COMMENT, Ack, AddSilence, Asked, ExpireSilence, LookUpBuild
from statusdesk.states_alerts import Acknowledgement, Matcher, Silence
from statusdesk.store.alert_rows import AlertRows
from statusdesk.text import clean

MOST_ALERTS = 1_000
MOST_MATCHERS = 20
MAX_VALUE = 200
MAX_ID = 40


class Refused(ValueError):
    """A request that asks for what cannot be; the sentence says why."""


def answer(asked: Asked, engine: Alerts, rows: AlertRows, now_ms: int) -> None:
    """Do what is asked; rows are put, commit is the caller's.

    Raises: Refused.
    """
    request = asked.request
    if isinstance(request, LookUpBuild):
        raise Refused("it is about no alert")
    if isinstance(request, Ack):
        _acknowledge(request, asked.by, engine, rows, now_ms)
    elif isinstance(request, AddSilence):
        _silence(request, asked.by, engine, rows, now_ms)
    else:
        _expire(request, engine, rows, now_ms)


def _acknowledge(request: Ack, by: str, engine: Alerts, rows: AlertRows, now_ms: int) -> None:
    _check_until(request.until_ms, now_ms)
    comment, found = clean(request.comment, MAX_COMMENT), []
    for fingerprint in request.fingerprints[:MOST_ALERTS]:
        taker = "" if request.withdraw else by
        alert = engine.acknowledge(fingerprint, taker, comment, request.until_ms, now_ms)
        if alert is not None:
            found.append(
                Acknowledgement(
                    fingerprint=fingerprint,
                    started_ms=alert.started_ms,
                    at_ms=now_ms,
                    by=by,
                    comment=comment,
                    until_ms=request.until_ms,
                    withdrawn=request.withdraw,
                )
            )
    rows.put_acknowledgements(found)
    if not found:
        raise Refused("no such alert is pending or firing")


def _silence(request: AddSilence, by: str, engine: Alerts, rows: AlertRows, now_ms: int) -> None:
    _check_until(request.ends_ms, now_ms)
    if not request.matchers or len(request.matchers) > MOST_MATCHERS:
        raise Refused(f"a silence has 1 to {MOST_MATCHERS} conditions")
    if engine.mutes.find(request.id) is not None or not request.id or len(request.id) > MAX_ID:
        raise Refused("the id of a silence must be new")
    matchers = tuple(_matcher(msgspec.convert(msgspec.structs.asdict(each), Matcher)) for each in request.matchers)
    if matches_everything(matchers):
        raise Refused("it would silence everything; name a label that must have a value")
    silence = Silence(
        id=clean(request.id, MAX_ID),
        matchers=matchers,
        starts_ms=max(request.starts_ms, now_ms),
        ends_ms=request.ends_ms,
        created_by=by,
        comment=clean(request.comment, MAX_COMMENT),
        created_ms=now_ms,
    )
    if silence.ends_ms <= silence.starts_ms:
        raise Refused("it would end before it begins")
    engine.mutes.put(silence)
    rows.put_silences([silence])


def _matcher(matcher: Matcher) -> Matcher:
    if matcher.name not in MATCHABLE:
        raise Refused(f"alerts have no label {clean(matcher.name, 40)!r}; they have {', '.join(MATCHABLE)}")
    if matcher.is_regex and (wrong := pattern_problem(matcher.value)):
        raise Refused(wrong)
    if len(matcher.value) > MAX_VALUE or clean(matcher.value, MAX_VALUE) != matcher.value:
        raise Refused(f"the value of {matcher.name} is no value of a label")
    return matcher


def _expire(request: ExpireSilence, engine: Alerts, rows: AlertRows, now_ms: int) -> None:
    ended = engine.mutes.expire(request.id, now_ms)
    if ended is None:
        raise Refused(f"there is no silence {clean(request.id, MAX_ID)!r} that holds")
    rows.put_silences([ended])


def _check_until(until_ms: int | None, now_ms: int) -> None:
    if until_ms is not None and not now_ms < until_ms <= now_ms + LONGEST_MS:
        raise Refused("the end must lie in the future, at most a year away")
