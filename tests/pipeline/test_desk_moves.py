"""Jobs that get the name of another: what is told of a name is of the job that has it now, and its history moves."""

import pytest
from msgspec.structs import replace

from statusdesk.facts import Build, BuildDetails, Changed, JobMove
from statusdesk.states import BuildState, Level
from statusdesk.store.reader import Reader
from tests.pipeline.desk_bench import T0, Bench
from tests.pipeline.desk_bench import build as of_orders


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.writer.close()


def build(job, number, result="SUCCESS", namespace="staging", **fields):
    made = replace(of_orders(number, result, namespace), job=job, url=f"http://jenkins/job/{job}/{number}/")
    return replace(made, **fields)


def changed(*seen, gone=(), **moved):
    """``moved``: names now by names before."""
    moves = tuple(
        JobMove(source="jenkins", before=before, after=after, url=f"http://jenkins/job/{after}/")
        for before, after in moved.items()
    )
    return Changed(source="jenkins", kind=Build, at_ms=T0, seen=seen, gone=gone, moved=moves)


def outcome(bench, job, namespace="staging"):
    row = bench.writer.current(BuildState).get(f"jenkins/{job}@{namespace}")
    return None if row is None or row.until_ms is not None else (row.number, row.level)


def stored(bench, job):
    with Reader(bench.directory / "statusdesk.db") as reader:
        return {each.number: each.url for each in reader.builds(job, None, 1_000)}


V1 = (build("v1", 112, namespace="testing"), build("v1", 115), build("v1", 120, namespace="testing"))
V2 = (build("v2", 48), build("v2", 51, "FAILURE"), build("v2", 65, namespace="testing"))


@pytest.mark.parametrize("restarts", [False, True])
def test_a_build_of_a_job_that_had_the_name_before_hides_no_failure(bench, restarts):
    bench.see(changed(*V1, *V2))
    bench.see(changed(build("v2", 51, "FAILURE", deleted=True)))
    if restarts:
        bench.restart()
    moved = [replace(each, job="v1", deleted=each.number == 51) for each in V2]
    bench.see(changed(*moved, v2="v1"))
    assert (outcome(bench, "v1"), outcome(bench, "v2")) == ((48, Level.OK), None)
    bench.see(changed(build("v1", 66, "FAILURE")))
    assert outcome(bench, "v1") == (66, Level.FAILING)
    assert [(alert.alertname, alert.app) for alert in bench.writer.firing()] == [("BuildFailed", "v1")]
    assert list(stored(bench, "v1")) == [66, 65, 51, 48]


def test_a_build_of_a_job_that_was_deleted_hides_none_of_the_one_made_anew(bench):
    bench.see(changed(*V1))
    anew = (build("v1", 1), build("v1", 2, "FAILURE", deleted=True))
    bench.see(changed(*anew, gone=(("jenkins", "v1"),)))
    assert (outcome(bench, "v1"), outcome(bench, "v1", "testing")) == ((1, Level.OK), None)


def test_two_jobs_that_swap_their_names_swap_all_of_their_builds(bench):
    bench.see(changed(*V1, *V2))
    bench.see(changed(build("v2", 51, "FAILURE", deleted=True)))
    bench.see(changed(v1="v2", v2="v1"))
    assert (outcome(bench, "v1"), outcome(bench, "v2")) == ((48, Level.OK), (115, Level.OK))
    assert (list(stored(bench, "v1")), list(stored(bench, "v2"))) == ([65, 51, 48], [120, 115, 112])
    bench.see(changed(build("v1", 66, "FAILURE"), build("v2", 121, "FAILURE")))
    assert (outcome(bench, "v1"), outcome(bench, "v2")) == ((66, Level.FAILING), (121, Level.FAILING))


def test_a_rename_keeps_what_nobody_remembers(bench):
    details = BuildDetails(source="jenkins", job="v1", number=3, at_ms=T0, description="by hand")
    bench.see(changed(*(build("v1", number, namespace="testing") for number in range(1, 50))))
    bench.see(Changed(source="jenkins", kind=BuildDetails, at_ms=T0, seen=(details,)))
    bench.restart()
    bench.see(changed(*(build("v3", number, namespace="testing") for number in range(40, 50)), v1="v3"))
    assert stored(bench, "v3") == {number: f"http://jenkins/job/v3/{number}/" for number in range(49, 0, -1)}
    assert stored(bench, "v1") == {}
    with Reader(bench.directory / "statusdesk.db") as reader:
        assert reader.build_details("jenkins", "v3", 3) == replace(details, job="v3")
