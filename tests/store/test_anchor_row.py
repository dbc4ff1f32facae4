"""The anchor of the clock in the store: written with the rows, only when it is another, and no change for readers."""

import sqlite3

import pytest

from statusdesk.clock import Anchor
from statusdesk.states import Collector
from statusdesk.store.errors import StoreError
from statusdesk.store.reader import Reader
from statusdesk.store.writer import Writer

ANCHOR = Anchor(2**63 - 1, -(2**40))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "statusdesk.db"


def opened(path) -> Writer:
    return Writer(path, 86_400.0, lambda: 1000)


def beat(writer, at_ms: int) -> None:
    writer.beat(Collector(pid=1, owner="watch", started_ms=1, beat_ms=at_ms))


def test_the_anchor_is_there_for_the_next_process_and_the_last_one_counts(path):
    with opened(path) as writer:
        assert writer.anchor_row.anchor is None
        writer.anchor_row.put(ANCHOR)
    with opened(path) as writer:
        assert writer.anchor_row.anchor == ANCHOR
        writer.anchor_row.put(Anchor(1, 2))
    with opened(path) as writer:
        assert writer.anchor_row.anchor == Anchor(1, 2)


def test_it_is_written_once_with_the_next_commit_and_is_no_change_to_a_reader(path, monkeypatch):
    with opened(path) as writer:
        beat(writer, 1)
        writer.commit()
        change, seen = writer.change, []
        transact = writer._transact
        monkeypatch.setattr(writer, "_transact", lambda writes: (seen.append(writes), transact(writes)))
        writer.anchor_row.put(ANCHOR)
        writer.commit()
        assert writer.commit() == change and len(seen) == 1
        beat(writer, 2)
        writer.commit()
        assert [any("meta" in statement for statement, _ in writes) for writes in seen] == [True, False]
        with Reader(path) as reader:
            assert reader.changes(change).change == change


def test_what_could_not_be_written_is_written_with_the_next_commit(path, monkeypatch):
    def full(writes):
        raise StoreError("the disk is full")

    with opened(path) as writer:
        writer.anchor_row.put(ANCHOR)
        with monkeypatch.context() as patched:
            patched.setattr(writer, "_transact", full)
            with pytest.raises(StoreError):
                writer.commit()
        writer.commit()
        with opened_by_sqlite(path) as db:
            assert dict(db.execute("SELECT name, value FROM meta WHERE name IN ('boot', 'ahead_ms')")) == (
                ANCHOR._asdict()
            )


def opened_by_sqlite(path) -> sqlite3.Connection:
    return sqlite3.connect(path)


def test_the_last_sign_of_life_is_that_of_the_last_process_though_the_clock_was_set_back(path):
    with opened(path) as writer:
        writer.beat(Collector(pid=1, owner="watch", started_ms=900_000, beat_ms=950_000))
    with opened(path) as writer:
        writer.beat(Collector(pid=2, owner="watch", started_ms=400_000, beat_ms=450_000))
        writer.commit()
        writer.beat(Collector(pid=2, owner="watch", started_ms=400_000, beat_ms=460_000))
    with opened(path) as writer:
        assert writer.alert_rows.last_beat.beat_ms == 460_000
