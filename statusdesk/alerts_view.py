"""What the screen of alerts shows beside the board: what is over, what was told to whom, and what comes next."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from statusdesk.alerts.dedup import group_of, grouping, is_kept_from, key_of, wanted
from statusdesk.alerts.inhibition import RECOVERY_MS
from statusdesk.alerts.mutes import parts_about
from statusdesk.alerts.tuning import Tuning
from statusdesk.alerts_posted import Posts
from statusdesk.board import Board
from statusdesk.config import Config
from statusdesk.config_alerts import SinkSettings
from statusdesk.states import BOARD
from statusdesk.states_alerts import AlertState, Muted, MutedThere, Notification, Silence
from statusdesk.text import clean, span

ALERTMANAGER = "alertmanager"
TEXTS = ("slack", "email", "desktop", "apprise")
"""Sinks of which people read what a message says in words; others get all alerts that it is about as data."""
SIGNS: Mapping[tuple[bool, bool], str] = {
    (False, True): "=",
    (False, False): "!=",
    (True, True): "=~",
    (True, False): "!~",
}
OVERDUE_MS = 5_000
"""A message that was due for longer and not tried stands behind others: its receiver takes only so many a minute."""
BUT_TOLD_BY = "but told by"
NOBODY = "nobody is told while a board's own collector works"


class Last(msgspec.Struct, frozen=True):
    """The newest message to a sink that tells of an alert, and whether it says that this is over.

    ``named``: the newest in which its text names the alert; a text that others are over only counts what still fires.
    """

    message: Notification
    over: bool = False
    named: Notification | None = None


Lasts = Mapping[tuple[str, str, int], Last]
"""By sink, fingerprint, and when the alert started."""


def last_messages(notifications: Sequence[Notification]) -> Lasts:
    """Return the newest message about each alert."""
    found: dict[tuple[str, str, int], Last] = {}
    for message in notifications:
        for alert in message.alerts:
            key, over = (message.sink, alert.fingerprint, alert.started_ms), alert.state == "resolved"
            named = message if over or message.why != "resolved" else None
            known = found.get(key)
            if known is None:
                found[key] = Last(message, over, named)
            elif known.named is None and named is not None:
                found[key] = replace(known, named=named)
    return found


def groups_about(config: Config, alerts: Iterable[AlertState]) -> dict[tuple[str, str], dict[str, set[int]]]:
    """Return which messages tell of these alerts: by sink and group, their fingerprints and when they started."""
    asked: dict[tuple[str, str], dict[str, set[int]]] = {}
    tuning = Tuning(config)
    sinks = [sink for sink in config.sinks if sink.type != ALERTMANAGER]
    for alert in alerts:
        for sink in (sink for sink in sinks if wanted(alert, sink, tuning)):
            group_key = key_of(group_of(alert, grouping(sink, config.alerts.group_by)))
            asked.setdefault((sink.name, group_key), {}).setdefault(alert.fingerprint, set()).add(alert.started_ms)
    return asked


def matcher_words(silence: Silence) -> str:
    """Return the conditions of a silence as they are written: ``app=orders namespace=~stag.*``."""
    return " ".join(f"{m.name}{SIGNS[m.is_regex, m.is_equal]}{m.value}" for m in silence.matchers)


def muted_by_sink(rows: Sequence[MutedThere]) -> dict[tuple[str, str], Muted]:
    """Return what the Alertmanagers of sinks mute by (sink, fingerprint)."""
    return {(row.sink, each.fingerprint): each for row in rows for each in row.muted}


def muted_at(board: Board, fingerprint: str) -> list[tuple[str, Muted]]:
    """Return the sinks whose Alertmanagers mute an alert, and why."""
    return [(row.sink, each) for row in board.muted for each in row.muted if each.fingerprint == fingerprint]


def muted_words(muted: Muted, now_ms: int) -> str:
    """Return who lets an Alertmanager tell nobody of an alert, and for how long: ``silenced there by kim for 1h``."""
    if muted.inhibited:
        return "held back there by another alert"
    if muted.taken:
        return f"taken by {muted.by} at another collector"
    by = f" by {muted.by}" if muted.by else ""
    until = f" for {span(max(0, muted.until_ms - now_ms))} more" if muted.until_ms is not None else ""
    return f"silenced there{by}{until}"


def unread_words(board: Board) -> list[str]:
    """Return, for each sink of which it is not known, that nobody knows what its Alertmanagers mute."""
    return [
        f"What is silenced in {row.sink} itself could not be read for {span(max(0, board.at_ms - row.problem_ms))}: "
        f"{clean(row.problem, 80)}"
        for row in board.muted
        if row.problem and row.problem_ms is not None
    ]


class Outlook:
    """Says what will be done next about an alert: who is told, when again, or why nobody is."""

    def __init__(self, config: Config) -> None:
        self._sinks = config.sinks
        self._settings = config.alerts
        self._tuning = Tuning(config)
        self._posted: Posts | None = None
        self._muted: tuple[tuple[MutedThere, ...], dict[tuple[str, str], Muted]] = ((), {})

    def words(self, alert: AlertState, board: Board, messages: Lasts) -> str:
        """Return one sentence; what mutes an alert comes first."""
        now_ms = board.at_ms
        if alert.state == "resolved":
            over = f"ended: {alert.ended_by}" if alert.ended_by else "over"
            return over + self._told_of_end(alert, now_ms, messages)
        if alert.stale_since_ms is not None:
            return "its source cannot be read: it stays as it is until it can"
        if alert.acked_by:
            return _taken(alert, now_ms) + self._told_all_the_same(alert, board)
        if alert.silenced_by:
            return _silenced(alert, board) + self._told_all_the_same(alert, board)
        if alert.inhibited_by:
            takers = self._takers(alert) if self._tells(board) else []
            posted = [sink for sink in takers if _is_posted(alert, sink)]
            awaited = [f"{sink.name}: {self._posts(board).words(alert, sink)}" for sink in posted]
            taken = [sink.name for sink in posted if self._posts(board).took(alert, sink)]
            return "; ".join([_inhibited(alert, board, taken), *(awaited if len(taken) < len(posted) else ())])
        told = self._tells(board)
        if alert.state == "pending":
            return self._pending(alert, now_ms, told=told)
        if not told:
            return NOBODY
        if alert.flapping:
            held = span(round(self._settings.flapping.hold_s * 1000))
            return f"flapping: told once, then nothing until it has held for {held}"
        if board.muted is not self._muted[0]:
            self._muted = (board.muted, muted_by_sink(board.muted))
        parts = [self._firing(alert, sink, board, messages) for sink in self._takers(alert)]
        return "; ".join(parts) or "no sink takes it: nobody is told"

    def _posts(self, board: Board) -> Posts:
        if self._posted is None or self._posted.board is not board:
            self._posted = Posts(board)
        return self._posted

    def _tells(self, board: Board) -> bool:
        return board.collector is None or board.collector.owner != BOARD

    def _takers(self, alert: AlertState) -> list[SinkSettings]:
        return [sink for sink in self._sinks if wanted(alert, sink, self._tuning)]

    def still_told(self, alert: AlertState, board: Board) -> tuple[str, ...]:
        """Return the sinks that are told of an alert all the same, though somebody or another alert holds it back.

        Of one that is taken or silenced the Alertmanagers that do not keep quiet though they were asked to.
        """
        if alert.acked_by or alert.silenced_by:
            return self._lacking(alert, board)
        return alert.still_told_to if alert.inhibited_by else ()

    def _lacking(self, alert: AlertState, board: Board) -> tuple[str, ...]:
        lacking = [row for row in board.muted if row.lacking]
        if not lacking:
            return ()
        parts = parts_about(alert, board.silences, board.at_ms)
        hear = {sink.name for sink in self._takers(alert) if _is_posted(alert, sink)}
        found = [row.sink for row in lacking if row.sink in hear and any(map(parts.issubset, row.lacking)) and parts]
        return tuple(found)

    def _told_all_the_same(self, alert: AlertState, board: Board) -> str:
        names = ", ".join(self.still_told(alert, board))
        return f"; {BUT_TOLD_BY} {names}: its silence there was ended by somebody, or refused" if names else ""

    def _pending(self, alert: AlertState, now_ms: int, *, told: bool) -> str:
        tuning = self._tuning.of(alert.alertname, alert.stage)
        for_ms = tuning.for_ms if tuning is not None else 0
        quiet = tuning is not None and tuning.quiet
        since_ms = alert.pending_ms if alert.pending_ms is not None and not quiet else alert.started_ms
        left_ms = min(since_ms + for_ms - now_ms, for_ms)
        when = f"fires in {span(left_ms)} if it stays" if left_ms > 0 else "fires when it is seen bad once more"
        if not told:
            return f"{when}; {NOBODY}"
        names = ", ".join(sink.name for sink in self._takers(alert))
        return f"{when}; then told to {names}" if names else f"{when}; no sink takes it"

    def _firing(self, alert: AlertState, sink: SinkSettings, board: Board, messages: Lasts) -> str:
        now_ms = board.at_ms
        if sink.type == ALERTMANAGER:
            muted = self._muted[1].get((sink.name, alert.fingerprint))
            if muted is not None:
                why = f": {muted.comment}" if muted.comment else ""
                return f"{sink.name}: {muted_words(muted, now_ms)}{why}"
            return f"{sink.name}: {self._posts(board).words(alert, sink)}"
        found = messages.get((sink.name, alert.fingerprint, alert.started_ms))
        if found is None or found.over:
            return f"{sink.name}: not told yet"
        last = found.message
        if last.state == "queued":
            return f"{sink.name}: {_queued(last, now_ms)}"
        if last.state != "sent" or last.sent_ms is None:
            return f"{sink.name}: not told ({last.state}{': ' + clean(last.last_error, 60) if last.last_error else ''})"
        repeat_ms = round((self._settings.repeat_s if sink.repeat_s is None else sink.repeat_s) * 1000)
        again = f", again in {span(max(0, last.sent_ms + repeat_ms - now_ms))}" if repeat_ms else ", once only"
        named = last if sink.type not in TEXTS else found.named
        if named is None or named.sent_ms is None:
            return f"{sink.name}: counted {span(now_ms - last.sent_ms)} ago, when others were over{again}"
        return f"{sink.name}: told {span(now_ms - named.sent_ms)} ago{again}"

    def _told_of_end(self, alert: AlertState, now_ms: int, messages: Lasts) -> str:
        words = []
        for sink in self._sinks:
            found = messages.get((sink.name, alert.fingerprint, alert.started_ms))
            if found is None or not found.over:
                continue
            last = found.message
            if last.state == "sent" and last.sent_ms is not None:
                words.append(f"{sink.name} was told {span(now_ms - last.sent_ms)} ago")
            elif last.state == "queued":
                words.append(f"{sink.name}: {_queued(last, now_ms)}")
        return f"; {'; '.join(words)}" if words else ""


def _queued(message: Notification, now_ms: int) -> str:
    wait_ms = message.due_ms - now_ms
    if not message.attempts and wait_ms < -OVERDUE_MS:
        return f"not told yet, waits its turn for {span(-wait_ms)}"
    when = f"in {span(wait_ms)}" if wait_ms >= 1000 else "now"
    tried = f" (try {message.attempts + 1}: {clean(message.last_error, 60)})" if message.attempts else ""
    return f"told {when}{tried}"


def _taken(alert: AlertState, now_ms: int) -> str:
    said = f": {alert.ack_comment}" if alert.ack_comment else ""
    until = f", for {span(alert.ack_until_ms - now_ms)} more" if alert.ack_until_ms is not None else ""
    since = f" {span(now_ms - alert.acked_ms)} ago" if alert.acked_ms is not None else ""
    return f"taken by {alert.acked_by}{since}{until}{said}; not told again"


def _is_posted(alert: AlertState, sink: SinkSettings) -> bool:
    return sink.type == ALERTMANAGER and alert.state == "firing" and not is_kept_from(alert, sink.name)


def _inhibited(alert: AlertState, board: Board, posted: Sequence[str]) -> str:
    """Return what mutes an alert, and who is told of it all the same; ``posted``: the Alertmanagers that are."""
    more = _inhibiting(alert, board.firing)
    words = inhibited_words(alert, board.firing)
    if alert.still_told_to:
        return words
    heard = f"only {', '.join(posted)} is told of this one too" if posted else "nobody is told of this one"
    if more is None and alert.cause_over_ms is not None:
        left_ms = max(0, alert.cause_over_ms + RECOVERY_MS - board.at_ms)
        return f"{words}, and is over; told in {span(left_ms)} if this goes on"
    if more is None:
        return f"{words}; {heard}"
    if more.token and alert.cause_key:
        return f"{words}, its cause, which is told in its place" + (f"; {heard}" if posted else "")
    return f"{words}, which says more about it; {heard}"


def inhibited_words(alert: AlertState, firing: Iterable[AlertState]) -> str:
    """Return which alert, of those that fire, mutes this one: ``inhibited by TokenGone payments``."""
    more = _inhibiting(alert, firing)
    words = "its cause was told in its place" if alert.cause_key else "another alert says more about it"
    if more is not None:
        words = f"inhibited by {more.alertname} {more.token or more.app or more.source}".rstrip()
    still = alert.still_told_to
    return f"{words}, but not at {', '.join(still)}, which is told of this one only" if still else words


def _inhibiting(alert: AlertState, firing: Iterable[AlertState]) -> AlertState | None:
    return next((each for each in firing if each.fingerprint == alert.inhibited_by), None)


def _silenced(alert: AlertState, board: Board) -> str:
    silence = next((each for each in board.silences if each.id == alert.silenced_by), None)
    if silence is None:
        return "silenced; nobody is told"
    said = f": {silence.comment}" if silence.comment else ""
    return f"silenced by {silence.created_by} for {span(silence.ends_ms - board.at_ms)} more{said}"
