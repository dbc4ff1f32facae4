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
from statusdesk.sinks.resting import Resting
from statusdesk.sinks.sending import Refused, SendError, TurnedAway
from statusdesk.sinks.wishes import Takings, Wish, of_silence
from statusdesk.states_alerts import Silence

LOOK_EVERY_S = 1.0
ALL_EVERY_MS = 3_000
"""What has not changed here is looked at so often: one that has lost its silences gets them back."""

_EARLY = datetime.timedelta(seconds=1)
_Key = tuple[str, str, bool]
"""(address, marker, whether it is to be over) of what is kept at an Alertmanager; no marker: the list of all."""


class SilenceThere(msgspec.Struct, frozen=True, rename="camel"):
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


class _Look(msgspec.Struct):
    """What is seen and done at one look at all of them; ``missing``: what is wished and not there."""

    listed: dict[str, list[SilenceThere]] = {}
    changed: set[str] = set()
    missing: set[tuple[str, str]] = set()

    def is_at_another(self, url: str, wish: Wish) -> bool:
        """Whether a peer has it, or had it."""
        return any(
            wish.marker in each.comment for other, known in self.listed.items() if other != url for each in known
        )


class Silencing:
    """Keeps the silences of a sink's Alertmanagers as they are wished here; members of a cluster tell each other.

    A silence is posted to one Alertmanager at a time, and at the next look to those that still do not have it. One that
    does not list it, neither as holding nor as over, has lost it and gets it again; one that was ended over there stays
    ended. What is refused for its content stays undone; what is refused because of the address or the credential is
    tried again, ever later.
    """

    def __init__(
        self,
        api: AlertmanagerApi,
        silences: Callable[[], list[Silence]],
        takings: Takings,
        *,
        expire: bool = False,
        clock: Clock,
        steady: Clock,
        narrate: Callable[[str], None],
        look_every_s: float = LOOK_EVERY_S,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._api = api
        self._silences = silences
        self._takings = takings
        self._expire = expire
        self._clock = clock
        self._steady = steady
        self._narrate = narrate
        self._changed = changed  # called when something is silenced there, or no more
        self._left_alone: dict[_Key, Wish] = {}  # ended there by somebody, or refused for what it is
        self._not_passed: dict[_Key, Wish] = {}  # was posted, and not taken
        self._resting: Resting[_Key] = Resting(steady)
        self._missed: set[tuple[str, str]] = set()  # what was not there at the last look
        self._soon = False  # whether some of that was there before
        self._looked: tuple[int, object] = (0, None)  # when (steady), and what was taken then
        self._loop = Repeating(f"silences {api.name}", look_every_s, self._look, failed=self._failed, close=api.close)
        self._loop.start()

    def stop(self) -> None:
        """End after what is being asked now."""
        self._loop.stop()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of the thread."""
        self._loop.join(timeout_s)

    def lacking(self) -> tuple[tuple[str, ...], ...]:
        """Return what is not silenced though it is here, by address and ``about``: ended there, or not taken."""
        left = {**self._left_alone, **self._not_passed}  # a copy: it is asked for on another thread
        found: dict[str, set[str]] = {}
        for (url, _, _), wish in left.items():
            if not wish.over:
                found.setdefault(url, set()).add(wish.about)
        return tuple(sorted({tuple(sorted(about)) for about in found.values()}))

    def _failed(self, problem: str) -> None:
        self._narrate(f"statusdesk: sink {self._api.name}: silences are not passed on: {problem}; trying again")

    def _look(self) -> bool:
        """Keep what is wished when it is time, or at once when something was taken, given back, or is over."""
        taken = self._takings.wishes(self._clock())
        now, what = self._steady(), {(each.marker, each.over, each.ended is not None) for each in taken}
        looked, before = self._looked
        if what == before and now - looked < ALL_EVERY_MS and not self._soon:
            return False
        self._looked = (now, what)
        return self.keep()

    def keep(self) -> bool:
        """Bring every Alertmanager to what is wished here; tell that all of them are.

        Raises: SendError.
        """
        now_ms = self._clock()
        wishes = [wish for each in self._silences() if each.ends_ms > now_ms for wish in of_silence(each, now_ms)]
        wishes += self._takings.wishes(now_ms)
        self._forget(wishes, now_ms)
        look, before = _Look(), self.lacking()
        failed: SendError | None = None
        for url in self._api.urls if wishes else ():
            try:
                look.listed[url] = self._list(url)
            except SendError as error:
                failed = error  # the others of a cluster hear it all the same
        for url in look.listed:
            failed = self._keep_all_at(url, wishes, look) or failed
        self._soon, self._missed = not look.missing <= self._missed, look.missing
        if look.changed or self.lacking() != before:
            self._changed()
        if failed is not None:
            raise failed
        return True

    def _forget(self, wishes: list[Wish], now_ms: int) -> None:
        """Forget what is over by itself, and what is not wished any more."""
        self._left_alone = {key: wish for key, wish in self._left_alone.items() if wish.ends_ms > now_ms}
        wanted = {(url, wish.marker, wish.over) for wish in wishes for url in self._api.urls}
        self._not_passed = {key: wish for key, wish in self._not_passed.items() if key in wanted}
        self._resting.forget_but(wanted | {(url, "", False) for url in self._api.urls})

    def _list(self, url: str) -> list[SilenceThere]:
        key = (url, "", False)
        if (problem := self._resting.problem(key)) is not None:
            raise problem
        try:
            listed = self._api.read(url, "silences", list[SilenceThere])
        except TurnedAway as turned:
            self._resting.refused(key, turned)
            raise
        self._resting.over(key)
        return listed

    def _keep_all_at(self, url: str, wishes: list[Wish], look: _Look) -> SendError | None:
        """Bring one to what is wished; return what is in the way.

        Who turns one silence away is asked for no other at this look: it may be about all of them.
        """
        failed: SendError | None = None
        for wish in wishes:
            key = (url, wish.marker, wish.over)
            if (problem := self._resting.problem(key)) is not None:
                failed = problem
                continue
            try:
                self._keep_at(url, wish, look)
            except TurnedAway as turned:
                self._resting.refused(key, turned)
                return turned
            except SendError as error:
                return error
        return failed

    def _keep_at(self, url: str, wish: Wish, look: _Look) -> None:
        if wish.marker in look.changed:
            look.missing.add((url, wish.marker))
            return  # its peer tells it in a moment; next time it is looked again
        there = [each for each in look.listed[url] if wish.marker in each.comment]
        holding = [each for each in there if not each.over]
        key = (url, wish.marker, wish.over)
        try:
            if holding:
                if self._is_changed(url, wish, holding):
                    look.changed.add(wish.marker)
                self._taken(key)
            elif wish.over or wish.ended is not None:
                return
            elif key in self._left_alone:
                self._left_alone[key] = wish
            elif any(each.was_ended for each in there):
                said = (
                    f"{wish.what} was ended at {host_of(url)}: it stays so, people are told there; here it still holds"
                )
                self._leave_alone(key, wish, said)
            elif self._is_due(url, wish, there, look):
                self._not_passed[key] = wish
                self._api.send("POST", url, "silences", wish.body(self._api.ahead_ms(url)))
                look.changed.add(wish.marker)
                look.missing.discard((url, wish.marker))
                self._taken(key)
        except TurnedAway:
            raise
        except Refused as refused:  # it would be refused again, and those behind it wait
            if key not in self._left_alone:
                self._leave_alone(key, wish, f"{host_of(url)} refuses {wish.what}: {refused}")

    def _taken(self, key: _Key) -> None:
        self._not_passed.pop(key, None)
        self._left_alone.pop(key, None)  # who ended it has made it again
        self._resting.over(key)

    def _is_due(self, url: str, wish: Wish, there: list[SilenceThere], look: _Look) -> bool:
        """Whether one that does not have a silence is to get it: not before a peer that has it could tell it."""
        if there and not wish.lease_ms:
            return False  # over by itself, by their clock
        key = (url, wish.marker)
        look.missing.add(key)
        return key in self._missed or not look.is_at_another(url, wish)

    def _is_changed(self, url: str, wish: Wish, holding: list[SilenceThere]) -> bool:
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


def _filters(labels: Iterable[tuple[str, str]]) -> str:
    escaped = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
    return urllib.parse.urlencode([("filter", f'{name}="{value.translate(escaped)}"') for name, value in labels])
