"""Builds of jobs that get other names: committed, waiting, exchanged; and questions that see what waits."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from statusdesk.facts import BuildDetails, Job, JobMove
from statusdesk.store.errors import StoreError
from statusdesk.store.reader import Reader
from statusdesk.store.writer import Writer
from tests.store.conftest import Clock
from tests.store.rows import build


def move(before: str, after: str) -> JobMove:
    return JobMove("jenkins", before, after, f"http://jenkins/job/{after}/")


def names(reader: Reader, *jobs: str) -> list[list[int]]:
    return [[each.number for each in reader.builds(job, None, 99)] for job in jobs]


def asked(writer: Writer, *jobs: str) -> list[list[int]]:
    return [[each.number for each in writer.build_rows.of_jobs([("jenkins", job)])] for job in jobs]


@pytest.mark.parametrize("waits", [False, True])
def test_builds_move_all_at_once_and_are_asked_for_before_they_are_written(
    writer: Writer, reader: Reader, waits: bool
) -> None:
    writer.put_builds([build(1, job="a"), build(2, job="b"), build(3, job="c"), build(4, job="gone")])
    if not waits:
        writer.commit()
    writer.build_rows.move([move("a", "b"), move("b", "a"), move("c", "gone")])
    for _ in range(2):
        assert asked(writer, "a", "b", "c", "gone") == [[2], [1], [], [3]]
        assert writer.build_rows.one("jenkins", "gone", 4) is None
        assert writer.build_rows.of_pairs([("jenkins", "gone", "staging")], 9)[0].url == "http://jenkins/job/gone/3/"
        change = writer.commit()
    assert change == (1 if waits else 2), "what is asked is not written, and what is written is not written again"
    assert names(reader, "a", "b", "c", "gone") == [[2], [1], [], [3]]


def test_what_was_looked_up_goes_with_its_build(writer: Writer, reader: Reader) -> None:
    details = BuildDetails(source="jenkins", job="a", number=1, at_ms=7)
    writer.put_builds([build(1, job="a"), build(1, job="b")])
    writer.put_build_details([details, replace(details, job="b", at_ms=8)])
    writer.commit()
    writer.build_rows.move([move("a", "b")])
    writer.commit()
    assert reader.build_details("jenkins", "b", 1) == replace(details, job="b")
    assert reader.build_details("jenkins", "a", 1) is None
    writer.build_rows.forget("jenkins", "b")
    writer.commit()
    assert (names(reader, "b"), reader.build_details("jenkins", "b", 1)) == ([[]], None)


@pytest.mark.parametrize("waits", [False, True])
def test_which_builds_are_stored_of_those_that_no_job_says_to_have_read(writer: Writer, waits: bool) -> None:
    numbers = {"cut": range(1, 13), "whole": range(1, 9), "gone": (2, 3), "gap": (1, 2, 5, 6, 8, 20)}
    writer.put_builds([build(number, job=job) for job, of_job in numbers.items() for number in of_job])
    if not waits:
        writer.commit()
    cut = Job(source="jenkins", name="cut", url="u", read_builds=3, read_from=10)
    whole = replace(cut, name="whole", complete=True)
    gap = replace(whole, name="gap", gaps=((1, 7), (7, 20)), gap_after=1)
    none = replace(cut, name="none", read_builds=0, read_from=None)
    told = writer.build_rows.told_unread([cut, whole, gap, none])
    assert told == {"cut": ((1, 9),), "gone": ((2, 3),), "gap": ((2, 2), (5, 6), (8, 8))}


def test_the_next_build_after_one_that_cannot_be_read_is_known_at_a_start(writer: Writer) -> None:
    writer.put_builds([build(number) for number in range(1, 100) if number not in (7, 99)])
    job = Job(source="jenkins", name=build(1).job, url="u", unreadable=(7, 99))
    writer.put_jobs([job])
    writer.commit()
    known = {each.number for each in writer.build_rows.known(2)}
    assert known == {97, 98, 8}


def test_a_move_is_written_with_the_next_commit_when_one_fails(writer: Writer, reader: Reader) -> None:
    writer.put_builds([build(1, job="a")])
    writer.commit()
    writer.build_rows.move([move("a", "b")])
    writer._db.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError):
        writer.commit()
    with pytest.raises(StoreError):
        asked(writer, "b")
    writer._db.execute("PRAGMA query_only = OFF")
    assert asked(writer, "a", "b") == [[], [1]]
    writer.commit()
    assert names(reader, "a", "b") == [[], [1]]


def test_builds_that_moved_are_known_to_the_next_writer(writer: Writer, path: Path, clock: Clock) -> None:
    writer.put_builds([build(number, job="a") for number in range(1, 50)])
    writer.commit()
    writer.build_rows.move([move("a", "b")])
    writer.put_builds([build(number, job="b", url=f"http://jenkins/job/b/{number}/") for number in range(45, 51)])
    writer.close()
    with Writer(path, 86_400.0, clock) as after, Reader(path) as reader:
        assert names(reader, "a", "b") == [[], list(range(50, 0, -1))]
        assert {each.job for each in after.build_rows.known()} == {"b"}


def test_odd_numbers_are_asked_for_as_they_are_written(writer: Writer) -> None:
    writer.put_builds([build(1, job="a", started_ms=2**70)])
    assert asked(writer, "a") == [[1]]
    writer.commit()
    assert writer.build_rows.known()[0].started_ms == 2**63 - 1


def test_names_that_were_exchanged_are_asked_for_as_exchanged_where_a_number_is_odd(
    writer: Writer, reader: Reader
) -> None:
    writer.put_builds([build(1, job="a"), build(2, job="b")])
    writer.commit()
    writer.build_rows.move([move("a", "b"), move("b", "a")])
    writer.put_builds([build(3, job="a", started_ms=2**70)])
    assert asked(writer, "a", "b") == [[3, 2], [1]]
    writer.commit()
    assert names(reader, "a", "b") == [[3, 2], [1]]
