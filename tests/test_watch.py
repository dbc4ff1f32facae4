"""The collector process: its heart, its collectors' deaths, its store's refusals."""

import threading

import msgspec
import pytest

from statusdesk.alerts.telling import Outcome
from statusdesk.clock import system_clock
from statusdesk.config import ClusterSettings, Config, StageSettings, StoreSettings
from statusdesk.config_alerts import AlertRuleSettings, AlertsSettings, SinkSettings
from statusdesk.console_requests import Ack, AddSilence, MatcherAsked, submit
from statusdesk.facts import Visited
from statusdesk.states import SourceState
from statusdesk.store import writer as writing
from statusdesk.store.errors import StoreError
from statusdesk.store.gaps import gaps
from statusdesk.store.lock import StateLock
from statusdesk.store.reader import Reader
from statusdesk.store.writer import Writer
from statusdesk.watch import CollectorProcess
from tests.e2e.world import wait_for


@pytest.fixture
def config(tmp_path):
    return Config(
        path=str(tmp_path / "config.toml"),
        stages=(StageSettings(name="staging", namespaces=("staging",)),),
        clusters=(ClusterSettings(name="eu"),),
        store=StoreSettings(state_dir=str(tmp_path)),
    )


class Dying:
    """A collector with a fault of ours in it: it dies as often as it is told to, then answers."""

    def __init__(self, emit, stop, deaths) -> None:
        self.emit, self.stop, self.deaths = emit, stop, deaths

    def run(self) -> None:
        if self.deaths:
            self.deaths -= 1
            raise ZeroDivisionError("secret detail")
        self.emit(Visited(source="kubernetes/eu", ok=True, at_ms=10**13))
        self.stop.wait()

    def visit_now(self) -> None:
        return


def run(process):
    stop = threading.Event()
    thread = threading.Thread(target=process.run, args=(stop,))
    thread.start()
    return stop, thread


def source(tmp_path):
    """The only source's row, or None while there is no store or no row in it."""
    try:
        with Reader(tmp_path / "statusdesk.db") as reader:
            return next(iter(reader.changes(0).sources), None)
    except StoreError:
        return None


def collector(tmp_path):
    """The collector's heartbeat, or None while there is none."""
    try:
        with Reader(tmp_path / "statusdesk.db") as reader:
            return reader.collector()
    except StoreError:
        return None


def test_a_collector_that_dies_is_told_and_begun_again(config, tmp_path, monkeypatch):
    monkeypatch.setattr("statusdesk.supervising.AGAIN_FIRST_S", 0.2)
    said = []
    process = CollectorProcess(config, owner="test", narrate=said.append)
    monkeypatch.setattr(
        process, "_collectors", lambda writer: [("kubernetes/eu", Dying(process._inbox.put, process._stop, 1))]
    )
    stop, thread = run(process)
    try:
        wait_for(lambda: (row := source(tmp_path)) and row.level == "ok", 10, "well again")
    finally:
        stop.set()
        thread.join()
    assert "ZeroDivisionError" in said[0]
    assert "test_watch.py:" in said[0], "the place"
    assert "secret detail" not in "".join(said), "its text may hold secrets, and -v was not given"
    with Reader(tmp_path / "statusdesk.db") as reader:
        (period,) = [each for each in reader.periods(SourceState, "kubernetes/eu", 0, 2 * 10**13) if each.until_ms]
    assert period.reason == "Internal"


class Leaving:
    """A collector that ends too soon, once."""

    def __init__(self, emit, stop) -> None:
        self.emit, self.stop, self.runs = emit, stop, 0

    def run(self) -> None:
        self.runs += 1
        if self.runs > 1:
            self.emit(Visited(source="kubernetes/eu", ok=True, at_ms=10**13))
            self.stop.wait()

    def visit_now(self) -> None:
        return


def test_a_collector_that_ends_too_soon_is_told_and_begun_again(config, tmp_path, monkeypatch):
    monkeypatch.setattr("statusdesk.supervising.AGAIN_FIRST_S", 0.2)
    said = []
    process = CollectorProcess(config, owner="test", narrate=said.append)
    leaving = Leaving(process._inbox.put, process._stop)
    monkeypatch.setattr(process, "_collectors", lambda writer: [("kubernetes/eu", leaving)])
    stop, thread = run(process)
    try:
        wait_for(lambda: (row := source(tmp_path)) and row.level == "ok", 10, "well again")
    finally:
        stop.set()
        thread.join()
    assert len(said) == 1 and "too soon" in said[0]


def test_who_asks_for_it_is_told_where_a_fault_was_met_without_its_secrets(config, tmp_path, monkeypatch):
    monkeypatch.setattr("statusdesk.supervising.AGAIN_FIRST_S", 0.1)
    said = []
    process = CollectorProcess(config, owner="test", narrate=said.append, verbose=True)

    class Failing(Dying):
        def run(self) -> None:
            if self.deaths:
                self.deaths -= 1
                raise ValueError("token=abc.def")
            super().run()

    failing = Failing(process._inbox.put, process._stop, 1)
    monkeypatch.setattr(process, "_collectors", lambda writer: [("kubernetes/eu", failing)])
    stop, thread = run(process)
    try:
        wait_for(lambda: (row := source(tmp_path)) and row.level == "ok", 10, "well again")
    finally:
        stop.set()
        thread.join()
    assert "Traceback" in said[1] and "in run" in said[1] and "abc.def" not in said[1]


def test_the_heart_beats_and_stops(config, tmp_path, monkeypatch):
    process = CollectorProcess(config, owner="test")
    monkeypatch.setattr(process, "_collectors", lambda writer: [])
    stop, thread = run(process)
    try:
        first = wait_for(lambda: collector(tmp_path), 10, "a beat").beat_ms
        wait_for(lambda: collector(tmp_path).beat_ms > first, 10, "the next beat")
    finally:
        stop.set()
        thread.join()
    assert collector(tmp_path).stopped_ms is not None


def test_a_collector_that_has_slept_leaves_a_gap(config, tmp_path, monkeypatch):
    slept_ms = 0
    process = CollectorProcess(config, owner="test", clock=lambda: system_clock() + slept_ms)
    monkeypatch.setattr(process, "_collectors", lambda writer: [])
    monkeypatch.setattr("statusdesk.watch.BEAT_MS", 50)
    stop, thread = run(process)
    try:
        began_ms = wait_for(lambda: (beat := collector(tmp_path)) and beat.started_ms, 10, "the first beat")
        slept_ms = 11 * 60_000
        wait_for(lambda: collector(tmp_path).started_ms > began_ms, 10, "a beat after it woke")
    finally:
        stop.set()
        thread.join()
    assert collector(tmp_path).stopped_ms
    with Writer(tmp_path / "statusdesk.db", 1e9, system_clock) as writer:
        ((begin, end),) = gaps(writer._db, (), began_ms, 2 * began_ms)
    assert slept_ms - 5_000 < end - begin < slept_ms + 60_000


def test_a_store_that_refuses_rows_is_told_once_and_loses_nothing(config, tmp_path, monkeypatch):
    said = []
    out = []
    process = CollectorProcess(config, owner="test", narrate=said.append, out=out.append)
    monkeypatch.setattr(
        process, "_collectors", lambda writer: [("kubernetes/eu", Dying(process._inbox.put, process._stop, 0))]
    )
    refuse = threading.Event()
    refuse.set()
    write = writing.write_all

    def refusing(db, writes):
        if refuse.is_set() and any("source_current" in statement for statement, _ in writes):
            import sqlite3

            raise sqlite3.OperationalError("database or disk is full")
        return write(db, writes)

    monkeypatch.setattr(writing, "write_all", refusing)
    stop, thread = run(process)
    try:
        wait_for(lambda: said, 10, "a sentence")
        refuse.clear()
        wait_for(lambda: len(said) == 2, 10, "the sentence that it works again")
        wait_for(lambda: source(tmp_path), 10, "the row that was not lost")
    finally:
        stop.set()
        thread.join()
    assert "full" in said[0]
    assert [transition.after.key for transition in out] == ["kubernetes/eu"], "told once it was committed"


def test_old_rows_that_cannot_be_deleted_are_told_once(config, tmp_path, monkeypatch):
    said, tries = [], []
    monkeypatch.setattr("statusdesk.watch.PRUNE_EVERY_MS", 0)
    process = CollectorProcess(config, owner="test", narrate=said.append)
    monkeypatch.setattr(process, "_collectors", lambda writer: [])

    def refusing(self, now_ms, max_rows, sinks):
        tries.append(now_ms)
        raise StoreError("old rows cannot be deleted")

    monkeypatch.setattr(Writer, "prune", refusing)
    stop, thread = run(process)
    try:
        wait_for(lambda: len(tries) > 2, 20, "some tries")
    finally:
        stop.set()
        thread.join()
    assert len(said) == 1 and "old rows" in said[0]


# -- alerts: what people ask, and what is told


class Telling:
    """A teller that keeps what it is told, and says that it has sent it."""

    endures_ms = 60_000

    def __init__(self) -> None:
        self.news, self.done, self.stopped = [], [], False

    def tell(self, news) -> None:
        self.news.append(news)
        self.done += [Outcome(id=each.id, state="sent", at_ms=each.due_ms, attempts=1) for each in news.queued]

    def looked(self, at: int, now_ms: int) -> None:
        return

    def outcomes(self):
        done, self.done = self.done, []
        return done

    def stop(self, timeout_s: float) -> None:
        self.stopped = True


NOBODY = Telling()


class Refusing:
    """A collector of a source that never answers."""

    def __init__(self, emit, stop) -> None:
        self.emit, self.stop = emit, stop

    def run(self) -> None:
        while not self.stop.wait(0.02):
            now_ms = system_clock()
            self.emit(Visited(source="kubernetes/eu", ok=False, at_ms=now_ms, problem="Timeout", message="no answer"))

    def visit_now(self) -> None:
        return


@pytest.fixture
def telling(config, monkeypatch):
    """Run a collector process, as whoever ``owner`` is, on a source that never answers; give its teller and events."""
    sink = SinkSettings(name="desk", type="jsonl", group_wait_s=0.0)
    rules = (AlertRuleSettings(name="SourceDown", for_s=0.05),)
    config = msgspec.structs.replace(config, alerts=AlertsSettings(rules=rules), sinks=(sink,))
    ended = []

    def start(owner="watch", teller=None, silent=False, **options):
        teller, events = teller or Telling(), []
        process = CollectorProcess(
            config,
            owner=owner,
            alerted=events.append,
            teller=None if teller is NOBODY else teller,
            narrate=narrated.append,
            **options,
        )
        refusing = Refusing((lambda message: None) if silent else process._inbox.put, process._stop)
        monkeypatch.setattr(process, "_collectors", lambda writer: [("kubernetes/eu", refusing)])
        ended.append(run(process))
        return teller, events

    narrated: list[str] = []
    start.narrated = narrated
    yield start
    for stop, thread in ended:
        stop.set()
        thread.join(10)


def rows_of(tmp_path):
    with Reader(tmp_path / "statusdesk.db") as reader:
        return reader.alerts(0), reader.notifications(), reader.silences()


def test_what_is_queued_is_told_and_what_became_of_it_is_written(telling, tmp_path):
    teller, events = telling()
    wait_for(lambda: any(event.what == "firing" for event in events), what="an alert that fires")
    wait_for(lambda: [each.state for each in rows_of(tmp_path)[1]] == ["sent"], what="the message as sent")
    (message,) = rows_of(tmp_path)[1]
    assert [alert.alertname for alert in message.alerts] == ["SourceDown"] and message.attempts == 1
    assert [event.what for event in events] == ["pending", "firing"]
    assert sum(len(news.queued) for news in teller.news) == 1


def test_a_collector_of_a_board_tells_nobody(telling, tmp_path):
    teller, events = telling(owner="board")
    wait_for(lambda: any(event.what == "firing" for event in events), what="an alert that fires")
    assert teller.news == [] and rows_of(tmp_path)[1] == []


def test_without_anybody_who_sends_nothing_is_queued(telling, tmp_path):
    _, events = telling(teller=NOBODY)
    wait_for(lambda: any(event.what == "firing" for event in events), what="an alert that fires")
    assert rows_of(tmp_path)[1] == []


def test_requests_are_taken_within_a_second_and_refused_ones_are_told(telling, tmp_path):
    _, events = telling()
    wait_for(lambda: any(event.what == "firing" for event in events), what="an alert that fires")
    ((alert,), _, _) = rows_of(tmp_path)
    lock = StateLock(tmp_path)
    with lock:
        submit(tmp_path, Ack(fingerprints=(alert.fingerprint,), comment="mine"))
        submit(tmp_path, AddSilence(id="s", matchers=(MatcherAsked("source", "kubernetes/eu"),), ends_ms=2**53))
    wait_for(lambda: rows_of(tmp_path)[0][0].acked_by, 3, "the answer")
    wait_for(lambda: telling.narrated, 3, "the refusal")
    assert "was refused: the end must lie in the future, at most a year away" in telling.narrated[-1]
    assert [event.what for event in events] == ["pending", "firing", "acked"]
    with lock:
        submit(
            tmp_path,
            AddSilence(id="s", matchers=(MatcherAsked("source", "kubernetes/eu"),), ends_ms=system_clock() + 600_000),
        )
    wait_for(lambda: rows_of(tmp_path)[2] and rows_of(tmp_path)[0][0].silenced_by == "s", 3, "the silence")


class Ready:
    """What systemd would hear."""

    wanted = True

    def __init__(self) -> None:
        self.told = []

    def ready(self) -> None:
        self.told.append("ready")

    def alive(self, now_s: float, status: str = "") -> None:
        self.told.append(status)

    def stopping(self) -> None:
        return


def test_it_is_ready_after_a_while_though_a_source_never_answers(telling, monkeypatch):
    monkeypatch.setattr("statusdesk.watch.LONGEST_START_MS", 1_000)
    notifier = Ready()
    telling(silent=True, notifier=notifier)
    wait_for(lambda: "ready" in notifier.told, what="READY")
    assert notifier.told[0].endswith("waiting for the first answer of each source")
