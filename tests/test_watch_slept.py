"""The collector process after it was stopped, or its machine slept: what it knew is to be read once more."""

import threading
from typing import NamedTuple

import pytest

from statusdesk.alerts.telling import News
from statusdesk.clock import boot_clock, system_clock
from statusdesk.config import ClusterSettings, Config, StageSettings, StoreSettings
from statusdesk.config_alerts import AlertRuleSettings, AlertsSettings, SinkSettings
from statusdesk.facts import Visited
from statusdesk.store.errors import StoreError
from statusdesk.watch import CollectorProcess
from tests.e2e.world import wait_for

ENDURES_MS = 20_000


class Look(NamedTuple):
    """When the collector had looked."""

    at: int
    now_ms: int


class Telling:
    """A teller that keeps, in order, what it was told and up to when the collector had looked."""

    endures_ms = ENDURES_MS

    def __init__(self) -> None:
        self.heard: list[News | Look] = []

    def tell(self, news) -> None:
        self.heard.append(news)

    def looked(self, at: int, now_ms: int) -> None:
        self.heard.append(Look(at, now_ms))

    def outcomes(self):
        return []

    def stop(self, timeout_s: float) -> None:
        return

    @property
    def news(self) -> list[News]:
        return [each for each in self.heard if isinstance(each, News)]

    @property
    def looked_at(self) -> int:
        return max((each.at for each in self.heard if isinstance(each, Look)), default=0)


class Source:
    """A source that does not answer, as long as it is asked."""

    def __init__(self, emit, stop, clock) -> None:
        self.emit, self.stop, self.clock, self.asks, self.hurried = emit, stop, clock, threading.Event(), 0
        self.asks.set()

    def run(self) -> None:
        while not self.stop.wait(0.02):
            if self.asks.is_set():
                self.emit(
                    Visited(source="kubernetes/eu", ok=False, at_ms=self.clock(), problem="Timeout", message="none")
                )

    def visit_now(self) -> None:
        self.hurried += 1


class Slept:
    """A running collector process, on whose clock the test lets it sleep; ``opening_ms``: how long its start takes."""

    def __init__(self, tmp_path, monkeypatch, opening_ms: int = 0) -> None:
        config = Config(
            path=str(tmp_path / "config.toml"),
            stages=(StageSettings(name="staging", namespaces=("staging",)),),
            clusters=(ClusterSettings(name="eu"),),
            store=StoreSettings(state_dir=str(tmp_path)),
            alerts=AlertsSettings(rules=(AlertRuleSettings(name="SourceDown", for_s=0.05),)),
            sinks=(SinkSettings(name="desk", type="jsonl", group_wait_s=0.0),),
        )
        self.teller, self.said, self.slept_ms, self.set_ms = Telling(), [], 0, 0
        process = self.process = CollectorProcess(
            config, owner="watch", teller=self.teller, narrate=self.said.append, clock=self.clock, even=self.even
        )
        self.source = Source(process._inbox.put, process._stop, self.clock)

        def collectors(writer):
            self.sleep(opening_ms)
            return [("kubernetes/eu", self.source)]

        monkeypatch.setattr(process, "_collectors", collectors)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=process.run, args=(self.stop,))
        self.thread.start()

    def clock(self) -> int:
        return system_clock() + self.slept_ms + self.set_ms

    def even(self) -> int:
        return boot_clock() + self.slept_ms

    def sleep(self, ms: int, *, paused: bool = False) -> int:
        """Let it sleep; return when it woke. ``paused``: with its machine, of which only the clock is set then."""
        self.slept_ms, self.set_ms = self.slept_ms + ms * (not paused), self.set_ms + ms * paused
        return self.even()

    def fire(self) -> str:
        """Wait for the alert of the source, then ask that no more; return the alert's fingerprint."""
        told = wait_for(lambda: [each for news in self.teller.news for each in news.queued], 10, "an alert")
        self.source.asks.clear()
        wait_for(self.process._inbox.empty, 10, "that nothing is on its way")
        return told[0].alerts[0].fingerprint


@pytest.fixture
def slept(tmp_path, monkeypatch, request):
    made = Slept(tmp_path, monkeypatch, getattr(request, "param", 0))
    yield made
    made.stop.set()
    made.thread.join(10)


@pytest.mark.parametrize("paused", [False, True], ids=["the process", "the machine"])
def test_after_a_sleep_all_is_asked_and_nobody_is_told_before_what_is_not_known(slept, paused):
    fingerprint = slept.fire()
    woke, woke_ms = slept.sleep(45_000, paused=paused), slept.clock()
    wait_for(lambda: slept.teller.looked_at >= woke, 10, "a look after it woke")
    heard = slept.teller.heard
    (at,) = [index for index, each in enumerate(heard) if isinstance(each, News) and each.unread]
    assert heard[at].unread == {fingerprint} and 45_000 <= heard[at].unseen_ms < 60_000
    before, after = ([each for each in some if isinstance(each, Look)] for some in (heard[:at], heard[at:]))
    assert all(each.at < woke and each.now_ms < woke_ms for each in before), "what is told is told before"
    assert all(each.now_ms > woke_ms - 10_000 for each in after), "it is an old look by no clock"
    assert slept.source.hurried == 1
    (said,) = slept.said
    assert said.startswith("statusdesk: watch stood still for 45 s") and ("clock was set" in said) == paused
    slept.source.asks.set()
    wait_for(lambda: not slept.teller.news[-1].unread, 10, "that it is known again")


def test_who_falls_asleep_again_while_it_takes_note_of_a_sleep_takes_note_of_both_before_anything_is_judged(
    slept, monkeypatch
):
    slept.fire()
    done, take_note, flush = [], slept.process._desk.slept, slept.process._desk.flush

    def noted(down_ms, now_ms):
        done.append("note")
        take_note(down_ms, now_ms)
        if done.count("note") == 1:
            slept.sleep(66_000)

    def flushed(now_ms):
        done.append("flush")
        return flush(now_ms)

    monkeypatch.setattr(slept.process._desk, "flush", flushed)
    monkeypatch.setattr(slept.process._desk, "slept", noted)
    slept.sleep(45_000)
    wait_for(lambda: done.count("note") == 2, 10, "that both are noticed")
    first = done.index("note")
    assert done[first : first + 2] == ["note", "note"]
    assert [said.split(" s:")[0] for said in slept.said] == [f"statusdesk: watch stood still for {n}" for n in (45, 66)]


def test_a_short_stall_changes_nothing(slept):
    slept.fire()
    told = len(slept.teller.news)
    woke = slept.sleep(ENDURES_MS - 5_000)
    wait_for(lambda: slept.teller.looked_at >= woke, 10, "a look after the stall")
    assert len(slept.teller.news) == told and not slept.source.hurried and not slept.said


@pytest.mark.parametrize("slept", [ENDURES_MS + 5_000], indirect=True)
def test_a_long_start_is_no_sleep(slept):
    """A store that is migrated takes its time."""
    slept.fire()
    assert slept.said == [] and not slept.source.hurried


def test_nobody_goes_on_while_what_is_not_known_cannot_be_told(slept, monkeypatch):
    slept.fire()
    tries = []

    def full(now_ms):
        tries.append(now_ms)
        raise StoreError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(slept.process._desk, "flush", full)
        wait_for(lambda: len(tries) > 1, 10, "a failure")
        before = slept.teller.looked_at
        wait_for(lambda: slept.teller.looked_at > before, 10, "a look, though the store takes nothing")
        woke = slept.sleep(45_000)
        tried = len(tries)
        wait_for(lambda: len(tries) > tried + 2, 10, "some tries")
        assert slept.teller.looked_at < woke
    wait_for(lambda: slept.teller.looked_at >= woke, 10, "a look when the store takes rows again")
    assert any(each.unread for each in slept.teller.news)
