"""What a console reads about builds and tokens, from a store as the collector writes it."""

import pytest

from statusdesk.build_view import BuildKey, UnattributedJob
from statusdesk.feed_builds import read_build, read_grants, read_histories, read_unattributed
from statusdesk.states import Grant
from statusdesk.store.kinds import GRANTS
from statusdesk.store.reader import Reader
from statusdesk.store.writer import Writer
from tests.store.rows import build, job


@pytest.fixture
def reader(tmp_path):
    path = tmp_path / "statusdesk.db"
    with Writer(path, 1e9, lambda: 1_000) as writer:
        writer.put_jobs([job(), job("deploy-b")])
        writer.put_builds([build(number) for number in range(1, 31)])
        writer.put_builds([build(40, namespace="testing"), build(41, namespace=None), build(42, namespace=None)])
        writer.put_builds([build(1, "deploy-b", None), build(2, "deploy-b", None, deleted=True)])
        writer.commit()
    import sqlite3

    with sqlite3.connect(path) as db:
        for renewed_ms, issue_ms in ((1, 1), (2, 1), (10, 9), (20, 9)):
            grant = Grant(
                key="vault/a", renewed_ms=renewed_ms, expire_ms=renewed_ms + 5, granted_ms=5, issue_ms=issue_ms
            )
            db.execute(GRANTS.insert, GRANTS.encode(grant))
    with Reader(path) as reader:
        yield reader


def test_histories(reader):
    staging, testing, nobody = (("jenkins", "deploy-orders", name) for name in ("staging", "testing", ""))
    found = read_histories(reader, [staging, testing, nobody], None)
    assert [build.number for build in found[staging]] == list(range(30, 10, -1))
    assert [build.number for build in found[testing]] == [40]
    assert [build.number for build in found[nobody]] == [42, 41]
    past = read_histories(reader, [staging], 25_000)
    assert [build.number for build in past[staging]] == list(range(25, 5, -1))


def test_one_build(reader):
    read = read_build(reader, BuildKey("jenkins", "deploy-orders", 30), None)
    assert read.build is not None and read.build.number == 30
    assert [build.number for build in read.history] == list(range(30, 10, -1))
    assert read.details is None and read.job_events == ()
    gone = read_build(reader, BuildKey("jenkins", "deploy-orders", 99), None)
    assert gone.build is None


def test_unattributed(reader):
    assert read_unattributed(reader) == (
        UnattributedJob("jenkins", "deploy-orders", 2, 42),
        UnattributedJob("jenkins", "deploy-b", 1, 1),
    )


def test_grants_are_those_of_the_newest_token_of_that_name(reader):
    assert [grant.renewed_ms for grant in read_grants(reader, "vault/a", None)] == [20, 10]
    assert [grant.renewed_ms for grant in read_grants(reader, "vault/a", 15)] == [10]
    assert read_grants(reader, "vault/b", None) == ()
