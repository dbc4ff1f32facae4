"""Silences that people have made here, made known to the Alertmanagers of a sink, and ended there when ended here."""

from collections.abc import Callable
from typing import Any

import msgspec

from statusdesk.clock import Clock
from statusdesk.redact import safe
from statusdesk.sinks.alertmanager import rfc3339
from statusdesk.sinks.alertmanager_api import AlertmanagerApi
from statusdesk.sinks.http import host_of
from statusdesk.sinks.repeating import Repeating
from statusdesk.sinks.sending import Refused, SendError
from statusdesk.states_alerts import Silence

LOOK_EVERY_S = 5.0


class Known(msgspec.Struct, frozen=True):
    """A silence as an Alertmanager lists it."""

    id: str
    comment: str = ""
    status: dict[str, str] = {}

    @property
    def over(self) -> bool:
        """Whether it does not hold any more."""
        return self.status.get("state") == "expired"


class Silencing:
    """Keeps the silences of a sink's Alertmanagers as they are here; members of a cluster tell each other.

    A silence is posted to one Alertmanager at a time, and a moment later to those that still do not have it. One that
    was ended over there stays ended.
    """

    def __init__(
        self,
        api: AlertmanagerApi,
        silences: Callable[[], list[Silence]],
        *,
        clock: Clock,
        narrate: Callable[[str], None],
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._api = api
        self._silences = silences
        self._clock = clock
        self._narrate = narrate
        self._settled: set[tuple[str, str, bool]] = set()
        self._loop = Repeating(f"silences {api.name}", look_every_s, self.keep, failed=self._failed, close=api.close)
        self._loop.start()

    def stop(self) -> None:
        """End after what is being asked now."""
        self._loop.stop()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of the thread."""
        self._loop.join(timeout_s)

    def _failed(self, problem: str) -> None:
        self._narrate(f"statusdesk: sink {self._api.name}: silences are not passed on: {problem}; trying again")

    def keep(self) -> bool:
        """Bring every Alertmanager to what is silenced here; tell that all of them are.

        Raises: SendError.
        """
        now_ms = self._clock()
        mine = self._silences()
        if mine:  # none: perhaps the store could not be read
            alive = {each.id for each in mine if each.ends_ms > now_ms}
            self._settled = {each for each in self._settled if each[1] in alive}
        posted: set[str] = set()
        failed: SendError | None = None
        for url in self._api.urls:
            wanted = [each for each in mine if self._is_open(url, each, now_ms)]
            if not wanted:
                continue
            try:
                self._keep_at(url, wanted, posted, now_ms)
            except SendError as error:
                failed = error  # the others of a cluster hear it all the same
        if failed is not None:
            raise failed
        return True

    def _is_open(self, url: str, silence: Silence, now_ms: int) -> bool:
        if silence.ends_ms <= now_ms:
            return False  # over by itself, there too
        return (url, silence.id, silence.expired_ms is not None) not in self._settled

    def _keep_at(self, url: str, wanted: list[Silence], posted: set[str], now_ms: int) -> None:
        known = self._api.read(url, "silences", list[Known])
        for silence in wanted:
            there = [each for each in known if marker(silence) in each.comment]
            if silence.expired_ms is None and not there and silence.id in posted:
                continue  # its peer tells it in a moment; next time it is looked again
            try:
                if silence.expired_ms is not None:
                    self._end_at(url, there)
                elif not there:
                    self._api.send("POST", url, "silences", body_of(silence, now_ms, self._api.ahead_ms(url)))
                    posted.add(silence.id)
            except Refused as refused:  # it would be refused again, and those behind it wait
                self._narrate(
                    f"statusdesk: sink {self._api.name}: {host_of(url)} refuses the silence {silence.id}: {refused}"
                )
            self._settled.add((url, silence.id, silence.expired_ms is not None))

    def _end_at(self, url: str, there: list[Known]) -> None:
        for each in there:
            if not each.over:
                self._api.send("DELETE", url, f"silence/{each.id}")


def marker(silence: Silence) -> str:
    """Return the words by which a silence of ours is found again."""
    return f"(statusdesk silence {silence.id})"


def body_of(silence: Silence, now_ms: int, ahead_ms: int = 0) -> dict[str, Any]:
    """Return a silence as the API takes it; ``ahead_ms``: by how much our clock is ahead of theirs."""
    starts_ms = min(silence.starts_ms, now_ms) if silence.active(now_ms) else silence.starts_ms
    return {
        "matchers": [
            {"name": each.name, "value": each.value, "isRegex": each.is_regex, "isEqual": each.is_equal}
            for each in silence.matchers
        ],
        "startsAt": rfc3339(starts_ms - ahead_ms),
        "endsAt": rfc3339(silence.ends_ms - ahead_ms),
        "createdBy": f"statusdesk:{safe(silence.created_by, 100)}",
        "comment": f"{safe(silence.comment)} {marker(silence)}".strip(),
    }
