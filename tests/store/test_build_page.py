"""What a console asks of one build is found by its key, in whatever store."""

import sqlite3

import pytest

from statusdesk.facts import BuildDetails, Stage
from statusdesk.store import builds as questions
from statusdesk.store.kinds import DETAILS
from statusdesk.store.reader import Reader
from statusdesk.store.writer import Writer
from tests.store.rows import build


def test_a_build_and_its_details(path, clock):
    with Writer(path, 1e9, clock) as writer:
        writer.put_builds([build(1), build(2)])
        writer.commit()
    details = BuildDetails(source="jenkins", job="deploy-orders", number=2, at_ms=5, stages=(Stage(name="Test"),))
    with sqlite3.connect(path) as db:
        db.execute(DETAILS.insert, DETAILS.encode(details))
    with Reader(path) as reader:
        found = reader.build("jenkins", "deploy-orders", 2)
        assert found is not None and found.number == 2
        assert reader.build("jenkins", "deploy-orders", 3) is None
        assert reader.build("elsewhere", "deploy-orders", 2) is None
        assert reader.build_details("jenkins", "deploy-orders", 2) == details
        assert reader.build_details("jenkins", "deploy-orders", 1) is None


@pytest.mark.parametrize("question", [questions.ONE, questions.DETAILS_OF])
def test_they_are_found_by_their_key(path, clock, question):
    with Writer(path, 1e9, clock):
        pass
    with sqlite3.connect(path) as db:
        [step] = db.execute(f"EXPLAIN QUERY PLAN {question}", ("jenkins", "deploy-orders", 1)).fetchall()
    assert step[3].startswith("SEARCH") and "source=? AND job=? AND number=?" in step[3]
