"""A place that nobody could write into is told with what to do; the trial itself leaves nothing."""

import errno
import os
import tempfile
from pathlib import Path

import pytest

from statusdesk.store.lock import StateLock, holder
from statusdesk.store.writable import file_problem, place_problem
from statusdesk.store.writer import Writer


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "state" / "statusdesk.db"
    with Writer(path, 86_400, lambda: 1_000) as writer:
        writer.commit()
    return path


def standing(state_dir):
    return {each.name: each.read_bytes() for each in state_dir.iterdir()}


def test_a_place_that_can_be_written_stays_as_it_was(store):
    before = standing(store.parent)
    assert place_problem(store.parent) == "" and file_problem(store) == ""
    assert standing(store.parent) == before


def test_a_place_that_can_be_made_is_not_made(tmp_path):
    assert place_problem(tmp_path / "a" / "b") == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("below", [".", "deeper/still"])
def test_a_file_in_the_place_of_the_directory(tmp_path, below):
    (tmp_path / "state").write_text("")
    told = place_problem(tmp_path / "state" / below)
    assert told.startswith(f"{tmp_path}/state is a file; ") and told.endswith(" needs another name")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no /proc")
def test_what_even_root_cannot_write():
    told = place_problem(Path("/proc/statusdesk/state"))
    assert told.startswith("/proc/statusdesk/state cannot be made in /proc: ") and "give store.state_dir" in told


@pytest.mark.parametrize(
    ("number", "mending"),
    [
        (errno.EROFS, "Read-only file system; mount its file system for writing, or give store.state_dir another"),
        (errno.ENOSPC, "No space left on device; make room there"),
        (errno.EACCES, "Permission denied; chmod u+w "),
    ],
)
def test_each_cause_has_its_own_mending(store, monkeypatch, number, mending):
    def refuses(**_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuses)
    assert place_problem(store.parent).startswith(f"{store.parent} cannot be written: {mending}")


def test_a_directory_of_somebody_else_names_him(store, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)

    def refuses(**_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuses)
    assert "it belongs to " in place_problem(store.parent) and "collect as that user" in place_problem(store.parent)


def test_a_lock_that_cannot_be_opened_is_named(store):
    (store.parent / "lock").mkdir()  # as root, too, no directory can be opened for writing
    assert place_problem(store.parent).startswith(f"{store.parent}/lock cannot be written: Is a directory; ")


@pytest.mark.parametrize("name", ["statusdesk.db", "statusdesk.db-wal"])
def test_a_file_that_cannot_be_written_is_named(store, monkeypatch, name):
    (store.parent / "statusdesk.db-wal").write_bytes(b"")
    monkeypatch.setattr(os, "access", lambda path, *_, **__: path.name != name)
    assert file_problem(store).startswith(f"{store.parent / name} cannot be written: Permission denied; chmod u+w ")


def test_where_somebody_collects_nothing_is_disturbed(store):
    with StateLock(store.parent):
        before = standing(store.parent)
        assert file_problem(store) == "" and place_problem(store.parent) == ""
        assert standing(store.parent) == before and holder(store.parent) == os.getpid()
