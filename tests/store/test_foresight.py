"""What waits to be written is seen by a question, and nothing of it stays."""

import sqlite3

import pytest

from statusdesk.store.current import Write
from statusdesk.store.foresight import foreseen

PUT = "INSERT INTO told VALUES (?, ?)"


@pytest.fixture
def db():
    made = sqlite3.connect(":memory:", isolation_level=None)
    made.execute("CREATE TABLE told (number INTEGER PRIMARY KEY, name TEXT)")
    made.execute(PUT, (1, "a"))
    yield made
    made.close()


def told(db: sqlite3.Connection) -> list[tuple[int, str]]:
    return db.execute("SELECT number, name FROM told ORDER BY number").fetchall()


EXCHANGED: list[Write] = [("UPDATE told SET name = name || 'b'", [()])]


@pytest.mark.parametrize(
    ("writes", "seen"),
    [
        pytest.param([], [(1, "a")], id="none"),
        pytest.param([(PUT, [(2, "b")])], [(1, "a"), (2, "b")], id="one"),
        pytest.param([*EXCHANGED, (PUT, [(2**70, "b")])], [(1, "ab"), (2**63 - 1, "b")], id="odd: all done once"),
        pytest.param([*EXCHANGED, (PUT, [(2, "\ud800")])], [(1, "ab"), (2, "?")], id="odd text"),
    ],
)
def test_a_question_sees_what_waits_and_nothing_of_it_stays(db, writes, seen) -> None:
    with foreseen(db, writes):
        assert told(db) == seen
    assert told(db) == [(1, "a")] and not db.in_transaction


def test_nothing_stays_of_a_question_or_a_write_that_fails(db) -> None:
    with pytest.raises(sqlite3.OperationalError), foreseen(db, [(PUT, [(2, "b")])]):
        db.execute("SELECT nothing")
    with pytest.raises(sqlite3.IntegrityError), foreseen(db, [(PUT, [(2, "b")]), (PUT, [(1, "b")])]):
        pytest.fail("what cannot be written is not foreseen")
    assert told(db) == [(1, "a")] and not db.in_transaction
