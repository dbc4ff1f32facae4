"""The last build of a row: the newest, whether it went well, runs or came to nothing."""

import msgspec
import pytest

from statusdesk.last_build import last_build
from statusdesk.states import BuildState, Level

DONE = BuildState(
    key="jenkins/deploy-orders@staging", source="jenkins", job="deploy-orders", namespace="staging",
    job_class="deploy", level=Level.OK, number=780, result="SUCCESS",
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, (780, "success", Level.OK, False)),
        ({"result": "UNSTABLE", "level": Level.WARNING}, (780, "unstable", Level.WARNING, False)),
        ({"result": ""}, (780, "ok", Level.OK, False)),
        ({"other_number": 783, "other_result": "ABORTED"}, (783, "aborted", Level.IDLE, False)),
        ({"other_number": 783, "other_result": "NOT_BUILT"}, (783, "not_built", Level.IDLE, False)),
        ({"other_number": 784}, (784, "running", Level.PROGRESSING, True)),
        ({"number": None, "result": "", "other_number": 1}, (1, "running", Level.PROGRESSING, True)),
    ],
)
def test_the_newest_build_is_told(changes, told):
    last = last_build(msgspec.structs.replace(DONE, **changes))
    assert (last.number, last.word, last.level, last.running) == told and last.namespace == "staging"


def test_a_job_that_was_never_built_has_none():
    assert last_build(msgspec.structs.replace(DONE, number=None, result="")) is None
