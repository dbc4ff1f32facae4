"""What a Jenkins says of itself: why it is not known which environments are up."""

import pytest
from msgspec.structs import replace

from screens.build_news import unknown_environments
from statusdesk.board import SourceView
from statusdesk.facts import Job
from statusdesk.states import Level, SourceState
from tests.screens import jenkins

OLDER = Job(source="jenkins", name="env-create", url="u")
NEWEST = replace(OLDER, cut=True, read_builds=1000)
NEWER = replace(NEWEST, gap_after=30)
HIDDEN = replace(OLDER, complete=True, unreadable=(12,))
YET = "Which environments are up is not known yet: "
KNOWN = YET.replace(" yet", "")


def destroying(job: Job) -> Job:
    return replace(job, name="env-destroy")


def board(*jobs: Job, **more):
    return jenkins.board(incomplete_jobs=tuple(job.name for job in jobs), unread={job.key: job for job in jobs}, **more)


@pytest.mark.parametrize(
    ("jobs", "said"),
    [
        ((OLDER,), YET + "the older builds of env-create are not read yet."),
        ((OLDER, destroying(OLDER)), YET + "the older builds of env-create and 1 more are not read yet."),
        ((NEWER,), YET + "builds of env-create are not read yet."),
        ((NEWEST,), KNOWN + "only the newest 1,000 builds of env-create are read."),
        ((HIDDEN,), KNOWN + "env-create #12 cannot be read."),
        (
            (HIDDEN, destroying(NEWEST)),
            KNOWN + "only the newest 1,000 builds of env-destroy are read; env-create #12 cannot be read.",
        ),
        (
            (NEWEST, destroying(OLDER)),
            YET
            + "the older builds of env-destroy are not read yet; only the newest 1,000 builds of env-create are read.",
        ),
        (
            (replace(NEWER, unreadable=(12,)), destroying(HIDDEN)),
            YET + "builds of env-create are not read yet; env-create #12 and 1 more cannot be read.",
        ),
    ],
)
def test_of_each_job_that_makes_or_destroys_environments_is_said_what_is_not_read_of_it(jobs, said):
    assert unknown_environments(board(*jobs, environments=())) == [said]
    assert unknown_environments(board(*jobs)) == [said.replace(YET, KNOWN).replace(KNOWN, "This is not sure: ")]


def test_why_builds_could_not_be_read_is_said():
    fault = SourceState(
        key="jenkins#builds",
        source="jenkins",
        scope="builds",
        level=Level.FAILING,
        reason="Broken",
        message="builds of 1 job could not be read, such as env-create: look at its log",
    )
    view = SourceView(state=fault, level=Level.FAILING, age_ms=None, words="")
    (said,) = unknown_environments(board(OLDER, sources=(view,)))
    assert said.startswith("This is not sure: the older builds of env-create are not read yet: builds of 1 job could")


def test_where_all_is_read_or_no_job_was_shown():
    assert unknown_environments(jenkins.board()) == []
    (said,) = unknown_environments(jenkins.board(environments=(), jobs=0))
    assert said == YET + "Jenkins has shown no job."
