"""Jobs of branches: each screen shows them as people call them, and finds them by that name and by that of Jenkins."""

import pytest
from msgspec.structs import replace

from screens.alert_ways import logs_of
from screens.board import BoardScreen
from screens.build_news import unknown_environments, waiting
from screens.build_page_lines import draw_page
from screens.platform_lines import draw_environment
from screens.token_lines import job_words
from statusdesk.facts import Job, QueueItem
from statusdesk.states import BuildRule, JobEvent, Level
from statusdesk.unbuilt import unbuilt
from tests.screens import alerts, boards, jenkins
from tests.screens.boards import HOUR, NOW
from tests.screens.desk import text, until
from tests.screens.test_build_lines import drawn, narrow
from tests.screens.test_builds import WIDE, open_desk

RAW, SHOWN = "mb/feature%2Fx", "mb/feature/x"
QUEUED = QueueItem(source="jenkins", id=1, job=RAW, why="it waits")
PLATFORM = replace(jenkins.PLATFORM[1], key=f"jenkins/{RAW}", job=RAW, message="it is well")
UP = replace(
    jenkins.ENVIRONMENTS[2], key="eu/dev-x", namespace="dev-x", job=RAW, last_job=RAW, renewed_job=RAW, message="up"
)
TOKEN = jenkins.token("x", Level.WARNING, renewal_job=RAW, job_number=3, job_result="FAILURE", message="it ends")
"""What is written of them by the judgement names no job here."""


@pytest.mark.parametrize("gone_ms", [0, NOW - HOUR, None])
@pytest.mark.parametrize("left_up_ms", [None, NOW - HOUR])
def test_environments(gone_ms, left_up_ms):
    reason = "LeftUp" if left_up_ms is not None else "Up"
    row = replace(UP, job_gone_ms=gone_ms, left_up_ms=left_up_ms, reason=reason)
    said = " ".join(drawn(draw_environment(row, narrow(200)), narrow(200)))
    assert RAW not in said and said.count(SHOWN) == (3 if gone_ms is None else 4)


def test_a_build_and_what_stands_beside_it():
    build = replace(jenkins.HISTORY[0], upstream_job=RAW, upstream_number=7)
    event = JobEvent(source="jenkins", name=RAW, at_ms=NOW, what="renamed", other=f"{RAW}2")
    reading = replace(jenkins.PAGE, build=build, job_events=(event,))
    pen = narrow(160)
    lines = [line for each in draw_page(jenkins.FAILED, None, reading, (), pen) for line in drawn(each, pen)]
    said = " ".join(lines)
    assert f"{SHOWN} #7" in said and f"{SHOWN} {SHOWN}2" in said and RAW not in said


def test_sentences():
    rollout = boards.rollout("web", "staging", "1.0", build_rule=BuildRule.NONE, build_job=RAW, build_number=648)
    assert unbuilt(rollout).endswith(f"back to what {SHOWN} #648 built")
    unread = Job(source="jenkins", name=RAW, url="u")
    board = jenkins.board(incomplete_jobs=(RAW,), unread={unread.key: unread}, jobs=5)
    assert f"the older builds of {SHOWN} are not read" in unknown_environments(board)[0]
    assert waiting(board, [QUEUED], narrow(120))[0].startswith(SHOWN)
    assert job_words(TOKEN, narrow(120)).startswith(f"{SHOWN} #3 failed")
    assert job_words(replace(TOKEN, job_number=None), narrow(120)) == SHOWN


def test_consoles():
    alert = replace(alerts.FAILING, subject=f"BuildState:jenkins/{RAW}@staging", build_url="https://ci/job/mb/3/")
    request = logs_of(alert, jenkins.board())
    assert request is not None and (request.where, request.job, request.build) == ((f"{SHOWN} #3",), RAW, 3)


@pytest.mark.parametrize("typed", ["feature/x", "FEATURE%2Fx"])
async def test_a_filter_finds_what_stands_there_and_what_jenkins_calls_it(typed):
    board = jenkins.board(
        platform=(PLATFORM, jenkins.PLATFORM[0]),
        queue=(QUEUED, *jenkins.QUEUE),
        environments=(UP, *jenkins.ENVIRONMENTS[:2]),
        tokens=(TOKEN, *jenkins.TOKENS),
    )
    app = open_desk(board)
    found = [
        (("b", "a"), ("#12 success", "it waits"), "deploy-web"),
        (("E",), ("dev-x in eu",), "dev-lee"),
        (("K",), ("it ends",), "ledger"),
    ]
    async with app.run_test(size=WIDE) as pilot:
        for keys, mine, other in found:
            await pilot.press(*keys)
            await until(pilot, lambda other=other: other in text(app))
            app.screen.set_lens(text=typed)
            await until(pilot, lambda other=other: other not in text(app))
            assert SHOWN in text(app) and RAW not in text(app)
            assert [words for words in mine if words not in text(app)] == [], text(app)
            app.screen.set_lens(text="")
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, BoardScreen))
