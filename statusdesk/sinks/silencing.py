"""What people have silenced or taken here, silenced in the Alertmanagers of a sink, and ended there when ended here.

Source: the API (v2) of Alertmanager, ``/silences``, ``/silence/{id}`` and ``GET /alerts``.
"""

import datetime
import urllib.parse
from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec.structs import replace

from statusdesk.clock import Clock
from statusdesk.sinks.alertmanager_api import AlertmanagerApi
from statusdesk.sinks.http import host_of
from statusdesk.sinks.repeating import Repeating
from statusdesk.sinks.sending import Refused, SendError
from statusdesk.sinks.wishes import Takings, Wish, of_silence
from statusdesk.states_alerts import Silence

LOOK_EVERY_S = 1.0
ALL_EVERY_MS = 5_000
"""What has not changed here is looked at so often: one that has lost its silences gets them back."""

_EARLY = datetime.timedelta(seconds=1)


class Known(msgspec.Struct, frozen=True, rename="camel"):
    """A silence as an Alertmanager lists it."""

    id: str
    comment: str = ""
    status: dict[str, str] = {}
    starts_at: datetime.datetime = datetime.datetime.min.replace(tzinfo=datetime.UTC)
    ends_at: datetime.datetime = datetime.datetime.max.replace(tzinfo=datetime.UTC)
    updated_at: datetime.datetime = datetime.datetime.max.replace(tzinfo=datetime.UTC)

    @property
    def over(self) -> bool:
        """Whether it does not hold any more."""
        return self.status.get("state") == "expired"

    @property
    def was_ended(self) -> bool:
        """Whether somebody has ended it, so that it is over: it has not changed since it was, or not at its end."""
        return self.over and self.updated_at > self.ends_at - _EARLY


class _Listed(msgspec.Struct, frozen=True, rename="camel"):
    labels: dict[str, str]
    ends_at: datetime.datetime


class Silencing:
    """Keeps the silences of a sink's Alertmanagers as they are wished here; members of a cluster tell each other.

    A silence is posted to one Alertmanager at a time, and at the next look to those that still do not have it. One that
    does not list it, neither as holding nor as over, has lost it and gets it again; one that was ended over there stays
    ended.
    """

    def __init__(
        self,
        api: AlertmanagerApi,
        silences: Callable[[], list[Silence]],
        takings: Takings | None = None,
        *,
        expire: bool = False,
        clock: Clock,
        steady: Clock,
        narrate: Callable[[str], None],
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._api = api
        self._silences = silences
        self._takings = takings
        self._expire = expire
        self._clock = clock
        self._steady = steady
        self._narrate = narrate
        self._left_alone: dict[tuple[str, str, bool], Wish] = {}  # ended there by somebody, or refused
        self._missing: set[tuple[str, str]] = set()  # was not there at the last look, though it is elsewhere
        self._looked: tuple[int, object] | None = None
        self._loop = Repeating(f"silences {api.name}", look_every_s, self._look, failed=self._failed, close=api.close)
        self._loop.start()

    def stop(self) -> None:
        """End after what is being asked now."""
        self._loop.stop()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of the thread."""
        self._loop.join(timeout_s)

    def not_there(self) -> tuple[str, ...]:
        """Return what is not silenced at one of them though it is here, by ``about``: ended there, or refused."""
        left = dict(self._left_alone).values()  # a copy: it is asked for on another thread
        return tuple(sorted({wish.about for wish in left if not wish.over}))

    def _failed(self, problem: str) -> None:
        self._narrate(f"statusdesk: sink {self._api.name}: silences are not passed on: {problem}; trying again")

    def _look(self) -> bool:
        """Keep what is wished when it is time, or at once when something was taken, given back, or is over."""
        taken = self._takings.wishes(self._clock()) if self._takings is not None else []
        now, what = self._steady(), {(each.marker, each.over, each.ended is not None) for each in taken}
        if self._looked is not None and self._looked[1] == what and now - self._looked[0] < ALL_EVERY_MS:
            return False
        self._looked = (now, what)
        return self.keep()

    def keep(self) -> bool:
        """Bring every Alertmanager to what is wished here; tell that all of them are.

        Raises: SendError.
        """
        now_ms = self._clock()
        self._left_alone = {key: wish for key, wish in self._left_alone.items() if wish.ends_ms > now_ms}
        wishes = [of_silence(each, now_ms) for each in self._silences() if each.ends_ms > now_ms]
        wishes += self._takings.wishes(now_ms) if self._takings is not None else []
        if not wishes:
            return True
        listed: dict[str, list[Known]] = {}
        failed: SendError | None = None
        for url in self._api.urls:
            try:
                listed[url] = self._api.read(url, "silences", list[Known])
            except SendError as error:
                failed = error  # the others of a cluster hear it all the same
        changed: set[str] = set()
        for url in listed:
            try:
                for wish in wishes:
                    self._keep_at(url, wish, listed, changed)
            except SendError as error:
                failed = error
        if failed is not None:
            raise failed
        return True

    def _keep_at(self, url: str, wish: Wish, listed: Mapping[str, list[Known]], changed: set[str]) -> None:
        if wish.marker in changed:
            self._missing.add((url, wish.marker))
            return  # its peer tells it in a moment; next time it is looked again
        there = [each for each in listed[url] if wish.marker in each.comment]
        holding = [each for each in there if not each.over]
        key = (url, wish.marker, wish.over)
        try:
            if holding:
                self._missing.discard((url, wish.marker))
                if self._is_changed(url, wish, holding):
                    changed.add(wish.marker)
            elif wish.over or wish.ended is not None:
                return
            elif key in self._left_alone:
                self._left_alone[key] = wish
            elif any(each.was_ended for each in there):
                said = (
                    f"{wish.what} was ended at {host_of(url)}: it stays so, people are told there; here it still holds"
                )
                self._leave_alone(key, wish, said)
            elif self._is_due(url, wish, there, listed):
                self._api.send("POST", url, "silences", wish.body(self._api.ahead_ms(url)))
                self._missing.discard((url, wish.marker))
                changed.add(wish.marker)
        except Refused as refused:  # it would be refused again, and those behind it wait
            if key not in self._left_alone:
                self._leave_alone(key, wish, f"{host_of(url)} refuses {wish.what}: {refused}")

    def _is_due(self, url: str, wish: Wish, there: list[Known], listed: Mapping[str, list[Known]]) -> bool:
        """Whether one that does not have a silence is to get it: not before a peer that has it could tell it."""
        if there and not wish.lease_ms:
            return False  # over by itself, by their clock
        key = (url, wish.marker)
        if key in self._missing or not _is_at_another(url, wish, listed):
            return True
        self._missing.add(key)
        return False

    def _is_changed(self, url: str, wish: Wish, holding: list[Known]) -> bool:
        """End or draw out a silence that holds there where that is wished; tell whether it was."""
        if wish.ended is not None:
            wish = self._until_it_is_over(url, wish, wish.ended)
        if wish.over:
            for each in holding:
                self._api.send("DELETE", url, f"silence/{each.id}")
            return True
        ahead_ms = self._api.ahead_ms(url)
        last = max(holding, key=lambda each: each.ends_at)
        if not wish.is_off(last.ends_at, ahead_ms):
            return False
        body = wish.body(ahead_ms) | {"id": last.id, "startsAt": last.starts_at.isoformat()}  # the same, drawn out
        self._api.send("POST", url, "silences", body)
        return True

    def _until_it_is_over(self, url: str, wish: Wish, labels: Mapping[str, str]) -> Wish:
        """Return a wish about an alert that is over as it is meant now, by what they take to stand."""
        listed = self._api.read(url, f"alerts?{_filters(labels.items())}", list[_Listed])
        ends = [each.ends_at for each in listed if each.labels == labels]
        if not ends:
            return replace(wish, over=True)
        if not self._expire:
            return replace(wish, ended=None)  # they have not been told yet
        # they find out that it is over at that moment, and tell it then: not one sooner, not one too late
        return replace(wish, ends_ms=round(max(ends).timestamp() * 1000) + self._api.ahead_ms(url))

    def _leave_alone(self, key: tuple[str, str, bool], wish: Wish, said: str) -> None:
        self._left_alone[key] = wish
        self._narrate(f"statusdesk: sink {self._api.name}: {said}")


def _is_at_another(url: str, wish: Wish, listed: Mapping[str, list[Known]]) -> bool:
    return any(wish.marker in each.comment for other, known in listed.items() if other != url for each in known)


def _filters(labels: Iterable[tuple[str, str]]) -> str:
    escaped = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
    return urllib.parse.urlencode([("filter", f'{name}="{value.translate(escaped)}"') for name, value in labels])
