"""Silences passed on, where an Alertmanager will not have one of them."""

import datetime
import time

import msgspec
import pytest

from statusdesk.sinks.alertmanager_api import AlertmanagerApi
from statusdesk.sinks.silencing import Silencing
from statusdesk.states_alerts import Matcher, Silence
from tests.sinks.make import T0, sink
from tests.sinks.receiver import Receiver

HOUR = 3_600_000


def silence(name, ends_ms=T0 + HOUR):
    matchers = (Matcher("app", name),)
    return Silence(id=name, matchers=matchers, starts_ms=T0, ends_ms=ends_ms, created_by="kim")


class Alertmanager(Receiver):
    """Lists no silences, and refuses those of one app."""

    def answer(self, body):
        if body is None:
            return 200, {}, b"[]"
        return (400, {}, b"bad matcher") if body["matchers"][0]["value"] == "bad" else (200, {}, b"{}")

    @property
    def asked_for(self):
        return [got.body["matchers"][0]["value"] for got in self.got if got.body]


@pytest.fixture
def there():
    made = Alertmanager()
    yield made
    made.close()


def test_one_silence_that_is_refused_holds_up_no_other_and_is_told_of_once(there, tmp_path):
    narrated, mine, now = [], [silence("bad"), silence("good")], [T0]
    api = AlertmanagerApi(sink("alertmanager"), [there.url], tmp_path)
    keeping = Silencing(api, lambda: mine, clock=lambda: now[0], narrate=narrated.append, look_every_s=3600.0)
    try:
        keeping.keep()
        keeping.keep()
        assert there.asked_for == ["bad", "good"]
        assert len(narrated) == 1 and "refuses the silence bad: it answered 400: bad matcher" in narrated[0]
        mine.append(silence("late", T0 + 3 * HOUR))
        now[0] += 2 * HOUR
        keeping.keep()
        assert there.asked_for == ["bad", "good", "late"]
        assert {each[1] for each in keeping._settled} == {"late"}, "what is over by itself is forgotten"
    finally:
        keeping.stop()
        keeping.join(3.0)


@pytest.mark.parametrize("ahead_ms", [-1_200_000, 0, 1_200_000])
def test_a_silence_lasts_as_long_by_their_clock_as_by_ours(there, tmp_path, ahead_ms):
    def clock() -> int:
        return time.time_ns() // 1_000_000 + ahead_ms

    api = AlertmanagerApi(sink("alertmanager"), [there.url], tmp_path, clock)
    now_ms = clock()
    mine = [msgspec.structs.replace(silence("media", now_ms + 300_000), starts_ms=now_ms)]
    keeping = Silencing(api, lambda: mine, clock=clock, narrate=print, look_every_s=3600.0)
    try:
        keeping.keep()
        (body,) = [got.body for got in there.got if got.body]
        ends_s = datetime.datetime.fromisoformat(body["endsAt"]).timestamp()
        assert abs(ends_s - time.time() - 300) < 3
        assert datetime.datetime.fromisoformat(body["startsAt"]).timestamp() < time.time() + 3
    finally:
        keeping.stop()
        keeping.join(3.0)
