"""Who sends messages tells nothing that nobody has looked at for long: all of us may have slept."""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from msgspec.structs import replace

from statusdesk.alerts.tuning import Tuning
from statusdesk.clock import steady_clock, system_clock
from statusdesk.config_alerts import SinkSettings
from statusdesk.sinks.alertmanager import lasts_ms, terms_of
from statusdesk.sinks.looks import SLEPT_MS, Looks
from statusdesk.sinks.outlet import Outlet
from statusdesk.sinks.peers import Peer, Standing
from statusdesk.sinks.teller import Sinks
from tests.alerts.make import config
from tests.e2e.world import wait_for
from tests.sinks.make import ALERT, message, sink
from tests.sinks.test_outlet import Half

FIRST = replace(ALERT, started_ms=1, fired_ms=1)
SECOND = replace(FIRST, fingerprint="second", app="second")


class Counted(Looks):
    """Counts how often somebody has asked; ``sleep`` lets all of us sleep, ``set_by`` tells how the clock was set."""

    def __init__(self, longest_ms: int = SLEPT_MS, set_by: Callable[[], float] | None = None) -> None:
        self.slept_ms = self.asked = self.set_ms = 0
        self.set_by = set_by or (lambda: self.set_ms)
        super().__init__(lambda: steady_clock() + self.slept_ms, self.clock, longest_ms)

    def clock(self) -> int:
        return system_clock() + round(self.set_by())

    @property
    def ago_ms(self) -> int:
        self.asked += 1
        return Looks.ago_ms.fget(self)

    def sleep(self, ms: int) -> None:
        self.slept_ms += ms

    def look(self) -> None:
        self.looked(self.even(), self.clock())

    def ask_again(self) -> None:
        before = self.asked
        wait_for(lambda: self.asked > before + 2, 10.0, "that a thread has looked whether it may go on")


@pytest.fixture
def soon(monkeypatch):
    """Nobody waits for long."""
    monkeypatch.setattr("statusdesk.sinks.outlet.LOOK_AGAIN_S", 0.02)
    monkeypatch.setattr("statusdesk.sinks.peers.LOOK_AGAIN_S", 0.02)
    monkeypatch.setattr("statusdesk.sinks.peers.PACE_S", 0.02)


@pytest.fixture
def messages(soon):
    """What an outlet has sent, the looks of its collector, and a function that has it send one more."""
    looks, half = Counted(1_000), Half()
    clocks = {"clock": looks.clock, "steady": steady_clock}
    outlet = Outlet(sink("email"), half, ask=lambda: None, narrate=lambda sentence: None, looks=looks, **clocks)
    first = message().notification
    numbers = itertools.count(first.id)

    def send():
        number = next(numbers)
        told = replace(first, id=number, idempotency_key=str(number), group_key=str(number))
        outlet.take([told], ())
        return told

    looks.look()
    yield half.sent, looks, send
    outlet.stop()
    outlet.join(3.0)


@pytest.mark.parametrize(("slept_ms", "set_ms"), [(900, 900), (60_000, 60_000), (60_000, 0), (0, 60_000)])
def test_a_message_waits_until_somebody_has_looked(messages, slept_ms, set_ms):
    """Where only the clock was set the machine may have been paused."""
    sent, looks, send = messages
    looks.set_ms += set_ms
    looks.sleep(slept_ms)
    told = send()
    if max(slept_ms, set_ms) > 1_000:
        looks.ask_again()
        assert sent == []
        looks.look()
    wait_for(lambda: sent == [told])


def test_a_clock_that_is_set_holds_up_nothing_after_the_next_look(messages):
    sent, looks, send = messages
    looks.set_ms -= 600_000
    told = [send()]
    wait_for(lambda: sent == told, 10.0, "a message, though nobody has looked since the clock was set back")
    for step_ms in (70_000, -70_000, 70_000, 70_000, 600_000):
        looks.look()
        looks.set_ms += step_ms
        looks.look()
        told.append(send())
        wait_for(lambda: sent == told, 10.0, "a message after the look that follows a step")


@contextlib.contextmanager
def peer_of(receiver, tmp_path) -> Iterator[tuple[Standing, Counted, int, Peer]]:
    """Give a peer that posts an alert, what stands for it, the looks of its collector, and how long nothing ends."""
    settings = SinkSettings(name="am", type="alertmanager", urls=(receiver.url,), resend_s=0.05)
    terms, standing, looks = terms_of(config(sinks=(settings,)), settings), Standing(steady_clock), Counted()
    clocks = {"clock": looks.clock, "steady": steady_clock}
    tuning = Tuning(config(sinks=(settings,)))
    peer = Peer(receiver.url, terms, tuning, standing, tmp_path, narrate=lambda said: None, looks=looks, **clocks)
    standing.put((FIRST,))
    looks.look()
    yield standing, looks, lasts_ms(terms), peer
    standing.stop()
    peer.join(3.0)


@pytest.fixture
def posting(tmp_path, receiver, soon):
    """What ``peer_of`` gives, when it has posted."""
    with peer_of(receiver, tmp_path) as made:
        wait_for(lambda: posted(receiver, 0))
        yield made


def posted(receiver, since: int) -> list[set[str]]:
    """Return of which apps each post told since then."""
    bodies = [each.body for each in receiver.got[since:] if each.body]
    return [{alert["labels"]["app"] for alert in body} for body in bodies]


def wait_posts(receiver, since: int, count: int = 3) -> list[set[str]]:
    return wait_for(lambda: len(found := posted(receiver, since)) >= count and found, 10.0, "some posts")


@pytest.mark.parametrize("paused", [False, True], ids=["the process", "the machine"])
def test_what_may_have_ended_there_is_posted_when_it_is_known_to_fire(posting, receiver, paused):
    """Of a paused machine only the clock is set when it goes on; that of others went on meanwhile."""
    standing, looks, lasts, _ = posting
    looks.set_by = lambda: receiver.ahead_s * 1000
    if paused:
        receiver.ahead_s = lasts / 1000 + 60
    else:
        looks.sleep(lasts + 1)
    looks.ask_again()
    slept = len(receiver.got)
    looks.ask_again()
    assert len(receiver.got) == slept, "nobody has looked since"
    standing.put((FIRST, SECOND), unread={FIRST.fingerprint}, unseen_ms=lasts + 1)
    looks.look()
    assert all(apps == {"second"} for apps in wait_posts(receiver, slept)), "however often is posted meanwhile"
    read = len(receiver.got)
    standing.put((FIRST, SECOND))
    wait_for(lambda: {"orders", "second"} in posted(receiver, read))


@pytest.mark.parametrize("place", ["the answer", "its end"])
def test_nobody_posts_what_was_so_before_a_sleep_during_a_post(posting, receiver, monkeypatch, place):
    _, looks, lasts, peer = posting
    slept = []

    def late(then, *given):
        if given[0] and not slept:
            slept.append(len(receiver.got))
            receiver.ahead_s, looks.set_ms = (lasts + 1_000) / 1000, lasts + 1_000
            looks.sleep(lasts + 1_000)
        return then(*given)

    where, name = (receiver, "answer") if place == "the answer" else (peer, "_worked")
    monkeypatch.setattr(where, name, partial(late, getattr(where, name)))
    wait_for(lambda: slept, 10.0, "a post")
    looks.ask_again()
    assert not posted(receiver, slept[0]), "nobody has looked since"


def test_nobody_posts_what_was_so_before_a_sleep_where_no_post_was_taken_yet(tmp_path, receiver, soon):
    receiver.fail(1_000)
    with peer_of(receiver, tmp_path) as (_, looks, lasts, _):
        wait_for(lambda: receiver.got, 10.0, "an attempt")
        looks.sleep(lasts + 1)
        looks.ask_again()
        slept = len(receiver.got)
        looks.ask_again()
        assert len(receiver.got) == slept, "nobody has looked since"
        looks.look()
        receiver.answers.clear()
        wait_for(lambda: posted(receiver, slept), 10.0, "a post")


def test_a_clock_that_is_set_lets_nothing_end_there(posting, receiver):
    standing, looks, lasts, _ = posting
    for step_ms in (lasts + 60_000, -lasts - 60_000, lasts + 60_000):
        looks.set_ms += step_ms
        looks.look()
        standing.put((FIRST,), unread={FIRST.fingerprint})
        assert wait_posts(receiver, len(receiver.got))[-1] == {"orders"}


def test_what_cannot_have_ended_there_is_posted_all_the_while(posting, receiver):
    standing, looks, lasts, _ = posting
    looks.sleep(lasts // 2)
    standing.put((FIRST,), unread={FIRST.fingerprint}, unseen_ms=lasts // 2)
    assert wait_posts(receiver, len(receiver.got))[-1] == {"orders"}


def test_what_has_ended_there_by_their_clock_is_posted_when_it_is_known_to_fire(posting, receiver):
    """No clock of ours went on while the machine was paused."""
    standing, _, lasts, _ = posting
    standing.put((FIRST, SECOND), unread={FIRST.fingerprint}, unseen_ms=lasts + 1)
    wait_for(lambda: {"orders", "second"} in posted(receiver, 0))
    receiver.ahead_s = lasts / 1000 + 60
    wait_for(lambda: posted(receiver, 0)[-1] == {"second"}, 10.0, "a post without what has ended")
    assert wait_posts(receiver, len(receiver.got))[-1] == {"second"}, "however often is posted meanwhile"
    standing.put((FIRST, SECOND))
    wait_for(lambda: posted(receiver, 0)[-1] == {"orders", "second"})


def test_a_collector_that_is_busy_for_long_lets_nothing_end(posting, receiver):
    """Its threads have posted meanwhile: nothing of it has ended there."""
    standing, looks, lasts, _ = posting
    looks.looked(looks.even() - 2 * lasts, looks.clock() - 2 * lasts)
    assert wait_posts(receiver, len(receiver.got))[-1] == {"orders"}
    standing.put((FIRST,), unread={FIRST.fingerprint}, unseen_ms=2 * lasts)
    assert wait_posts(receiver, len(receiver.got))[-1] == {"orders"}


def test_who_is_ended_before_somebody_has_looked_posts_nothing_more(posting, receiver):
    standing, looks, lasts, peer = posting
    looks.sleep(lasts + 1)
    looks.ask_again()
    slept = len(receiver.got)
    standing.put((FIRST, SECOND))
    standing.stop()
    peer.join(3.0)
    assert len(receiver.got) == slept


@pytest.mark.parametrize(("poll_s", "endures_ms"), [(30.0, SLEPT_MS), (5.0, 18_000)])
def test_a_collector_may_not_look_for_as_long_as_nothing_ends_there(poll_s, endures_ms):
    settings = SinkSettings(name="am", type="alertmanager", urls=("http://am",), resend_s=2.0)
    wanted = config(sinks=(settings,))
    clusters = tuple(replace(each, poll_interval_s=poll_s) for each in wanted.clusters)
    wanted = replace(wanted, clusters=clusters, jenkins=None, vault=None)
    sinks = Sinks(wanted, ask=None, silences=list, print_line=print, narrate=print)
    assert sinks.endures_ms == endures_ms
