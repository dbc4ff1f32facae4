"""What the Alertmanagers of a sink tell nobody of, though it is posted to them: silenced there, or inhibited.

It is read to be shown, by a thread of its own: what is posted neither waits for it nor depends on it.
Source: the alerts API (v2) of Alertmanager, ``GET /alerts`` and ``GET /silence/{id}``.
"""

import datetime
import threading
from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from statusdesk.clock import Clock
from statusdesk.redact import safe
from statusdesk.sinks.alertmanager_api import AlertmanagerApi
from statusdesk.sinks.message import labels_of
from statusdesk.sinks.repeating import Repeating
from statusdesk.sinks.sending import Postponed, SendError
from statusdesk.sinks.wishes import taken_by
from statusdesk.states_alerts import AlertState, Muted, MutedThere

LOOK_EVERY_S = 30.0
ONLY_MUTED = "active=false&unprocessed=false&silenced=true&inhibited=true"
MOST_MUTED = 1_000
MOST_ASKED = 50
"""Silences looked up in one round; there are more only where people silence alert by alert."""
SILENCE_KEPT_S = 300.0
"""Somebody may draw a silence out: who made it and until when is asked again after so long."""


class _Status(msgspec.Struct, frozen=True):
    state: str = ""
    silenced_by: list[str] = msgspec.field(default_factory=list, name="silencedBy")
    inhibited_by: list[str] = msgspec.field(default_factory=list, name="inhibitedBy")


class _Listed(msgspec.Struct, frozen=True):
    """An alert as an Alertmanager lists it."""

    labels: dict[str, str] = {}
    status: _Status = _Status()


class _Silence(msgspec.Struct, frozen=True, rename="camel"):
    """A silence as an Alertmanager tells it."""

    created_by: str = ""
    comment: str = ""
    ends_at: datetime.datetime | None = None


class Readback:
    """Reads what is muted at the first Alertmanager of a sink that answers: members of a cluster share silences.

    ``alerts`` returns what stands now, None before anything is known; ``is_ours`` tells by its comment whether
    a silence is there for what was taken here, ``lacking`` what is not silenced there though it is here. ``changed``
    is set when something was changed there: it is read at once.
    """

    def __init__(
        self,
        api: AlertmanagerApi,
        alerts: Callable[[], tuple[AlertState, ...] | None],
        *,
        site: str,
        is_ours: Callable[[str], bool] = lambda comment: False,
        lacking: Callable[[], tuple[tuple[str, ...], ...]] = tuple,
        clock: Clock,
        steady: Clock,
        look_every_s: float = LOOK_EVERY_S,
        changed: threading.Event | None = None,
    ) -> None:
        self._api = api
        self._alerts = alerts
        self._site = site
        self._is_ours, self._lacking = is_ours, lacking
        self._clock = clock
        self._steady = steady
        self._silences: dict[str, tuple[int, _Silence]] = {}  # by id: steady, when it was asked for
        self._seen = MutedThere(sink=api.name)
        self._news: MutedThere | None = None
        self._lock = threading.Lock()
        self._loop = Repeating(
            f"muted by {api.name}", look_every_s, self._look, failed=self._unread, close=api.close, soon=changed
        )
        self._loop.start()

    def stop(self) -> None:
        """End after what is being asked now."""
        self._loop.stop()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of the thread."""
        self._loop.join(timeout_s)

    def take(self) -> MutedThere | None:
        """Return how it was found at the last look, None when nothing was told since the last call."""
        with self._lock:
            news, self._news = self._news, None
            return news

    def look(self) -> None:
        """Read what is muted there now; that it cannot be read is told as well, with what was read last."""
        self._loop.once()

    def _look(self) -> bool:
        muted = self._read()
        self._put(replace(self._seen, muted=muted, lacking=self._lacking(), problem="", problem_ms=None))
        return True

    def _put(self, found: MutedThere) -> None:
        self._seen = found
        with self._lock:
            self._news = found

    def _unread(self, problem: str) -> None:
        since_ms = self._seen.problem_ms if self._seen.problem else self._clock()
        self._put(replace(self._seen, problem=problem, problem_ms=since_ms))

    def _read(self) -> tuple[Muted, ...]:
        """Ask one Alertmanager after the other until one answers.

        Raises: SendError of the last one when none does.
        """
        failed: SendError | None = None
        for url in self._api.urls:
            try:
                return self._muted_at(url)
            except SendError as error:
                failed = error
        if failed is not None:
            raise failed
        return ()

    def _muted_at(self, url: str) -> tuple[Muted, ...]:
        ours = {frozenset(labels_of(each, self._site).items()): each for each in self._alerts() or ()}
        listed = self._api.read(url, f"alerts?{ONLY_MUTED}", list[_Listed])
        found = [
            (ours[key].fingerprint, each.status)
            for each in listed
            if (key := frozenset(each.labels.items())) in ours and _is_shown(ours[key])
        ][:MOST_MUTED]
        self._look_up(url, {status.silenced_by[0] for _, status in found if status.silenced_by})
        ahead_ms = self._api.ahead_ms(url)
        muted = [known for each in found if (known := self._muted(*each, ahead_ms)) is not None]
        return tuple(sorted(muted, key=lambda each: each.fingerprint))

    def _look_up(self, url: str, ids: set[str]) -> None:
        """Know who made these silences, and until when; forget all others. What is listed is muted without that too."""
        until = self._steady() - round(SILENCE_KEPT_S * 1000)
        self._silences = {each: known for each, known in self._silences.items() if each in ids}
        wanted = [each for each in sorted(ids) if each not in self._silences or self._silences[each][0] <= until]
        for silence_id in wanted[:MOST_ASKED]:
            try:
                known = self._api.read(url, f"silence/{_plain(silence_id)}", _Silence)
            except Postponed:
                return  # it cannot answer now: at the next look
            except SendError:  # it is over and gone, perhaps; asked for again as one that is known
                _, known = self._silences.get(silence_id, (0, _Silence()))
            self._silences[silence_id] = (self._steady(), known)

    def _muted(self, fingerprint: str, status: _Status, ahead_ms: int) -> Muted | None:
        if not status.silenced_by:
            return Muted(fingerprint=fingerprint, inhibited=True)
        _, silence = self._silences.get(status.silenced_by[0], (0, _Silence()))
        until_ms = round(silence.ends_at.timestamp() * 1000) + ahead_ms if silence.ends_at is not None else None
        if self._is_ours(silence.comment):
            return None  # given back a moment ago
        taken = taken_by(silence.created_by, silence.comment)
        if taken is not None:  # at the other of a pair of collectors; it is drawn out until it is given back
            return Muted(fingerprint=fingerprint, by=safe(taken[0], 100), comment=safe(taken[1]), taken=True)
        by, comment = safe(silence.created_by, 100), safe(silence.comment)
        return Muted(fingerprint=fingerprint, by=by, comment=comment, until_ms=until_ms)


def _is_shown(alert: AlertState) -> bool:
    """Whether it is news that an alert is muted there: one that was taken here is silenced there for that."""
    return alert.state == "firing" and not alert.acked_by


def _plain(silence_id: str) -> str:
    """Return an id as it may stand in an address; theirs are of letters, figures and dashes.

    Raises: SendError.
    """
    if not silence_id.replace("-", "").isalnum() or not silence_id.isascii():
        raise SendError("it names a silence in a way that is not its API")
    return silence_id
