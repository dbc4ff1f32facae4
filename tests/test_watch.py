"""The collector process: its heart, its collectors' deaths, its store's refusals."""

import threading

import pytest

from statusdesk.config import ClusterSettings, Config, StageSettings, StoreSettings
from statusdesk.facts import Visited
from statusdesk.states import SourceState
from statusdesk.store import writer as writing
from statusdesk.store.errors import StoreError
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
    monkeypatch.setattr("statusdesk.watch.AGAIN_FIRST_S", 0.2)
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
    monkeypatch.setattr("statusdesk.watch.AGAIN_FIRST_S", 0.2)
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
    monkeypatch.setattr("statusdesk.watch.AGAIN_FIRST_S", 0.1)
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

    def refusing(self, now_ms, max_rows):
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
