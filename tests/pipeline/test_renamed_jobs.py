"""A job that is renamed: what failed of it goes on under its new name, taken by who has taken it."""

import pytest

from statusdesk.facts import Job
from statusdesk.states_alerts import RENAMED
from tests.alerts.make import MINUTE, SECOND, rule
from tests.pipeline.desk_bench import swept
from tests.pipeline.test_alerting import DESK, Office
from tests.pipeline.test_desk_moves import build, changed

OLD, NEW = "deploy-loyalty", "deploy-loyalty-new"


def jobs(office, *names, number=284):
    listed = [Job(source="jenkins", name=each, url=f"http://jenkins/job/{each}/", last_number=number, last_ms=number)
              for each in names]  # fmt: skip
    others = [Job(source="jenkins", name=f"other-{n}", url="http://jenkins/job/other/") for n in range(4)]
    return swept(Job, *listed, *others, started_ms=office.now_ms, source="jenkins")


def rows(office):
    found = sorted(office.rows()[0], key=lambda each: each.app)
    return [(each.app, each.state, each.ended_by, each.acked_by) for each in found]


@pytest.fixture
def office(tmp_path):
    """A build of a job has failed, and somebody has taken that."""
    made = Office(tmp_path, rule("SourceDown", enabled=False), sinks=(DESK,))
    for message in (jobs(made, OLD), changed(build(OLD, 284, "FAILURE"))):
        made.desk.take(message)
    made.visit(source="jenkins")
    made.flush()
    (alert,) = made.writer.firing()
    made.desk._alerting.engine.acknowledge(alert.fingerprint, "kim", "on it", None, made.now_ms)
    made.flush()
    made.now_ms += SECOND
    yield made
    made.writer.close()


def renamed(office, *, later=False) -> None:
    moved = changed(build(NEW, 284, "FAILURE"), **{OLD: NEW})
    office.desk.take(jobs(office, NEW))
    if later:
        office.flush()
        office.now_ms += 10 * SECOND
    office.desk.take(moved)
    office.visit(source="jenkins")
    office.flush()


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("restarts", [False, True])
def test_a_failed_build_of_a_renamed_job_is_not_over(office, later, restarts):
    if restarts:
        office.restart()
    renamed(office, later=later)
    assert rows(office) == [(OLD, "resolved", RENAMED, "kim"), (NEW, "firing", "", "kim")]


def test_a_job_that_is_renamed_and_of_which_nothing_more_is_heard_ends_with_these_words(office):
    office.desk.take(jobs(office, NEW, number=284))
    office.flush()
    assert [each[:2] for each in rows(office)] == [(OLD, "firing")]
    for _ in range(8):
        office.now_ms += 10 * SECOND
        office.visit(source="jenkins")
        office.flush()
    assert rows(office) == [(OLD, "resolved", f"the job {OLD} is called {NEW} now", "kim")]


def test_a_job_that_was_deleted_is_gone_though_one_of_its_name_was_renamed_before(office):
    renamed(office)
    office.now_ms += MINUTE
    office.desk.take(jobs(office, NEW, OLD, number=285))
    office.desk.take(changed(build(OLD, 1, "FAILURE")))
    office.flush()
    office.now_ms += MINUTE
    office.desk.take(jobs(office, NEW, number=285))
    office.flush()
    assert (OLD, "resolved", "", "") in rows(office)
