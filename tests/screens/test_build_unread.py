"""What the builds say while those that are newer than what is shown are not read."""

from msgspec.structs import replace

from tests.screens import jenkins
from tests.screens.desk import text, until
from tests.screens.test_builds import WIDE, line_with, list_builds, open_desk, unread


async def test_while_what_ran_in_a_gap_is_not_read_no_namespace_that_the_job_built_for_is_all_green():
    gap = {key: replace(job, gap_after=30) for key, job in unread("deploy-catalog", "deploy-web").items()}
    app = open_desk(jenkins.board(unread=gap))
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a")
        said = "Builds of deploy-catalog after #30, and newer ones of 1 more are not read yet: what stands here may be"
        assert said in text(app) and "The older builds" not in text(app)
        assert "production  green in production as far as is read" in line_with(app, " production ")
        app.hand.give(jenkins.board(unread={key: gap[key] for key in gap if key[1] == "deploy-web"}, change=2))
        await until(pilot, lambda: "Builds of deploy-web after #30 are not read yet" in text(app))
        assert "all green in" not in text(app)
        app.hand.give(jenkins.board(change=3))
        await until(pilot, lambda: "all green in production since" in text(app) and "not read yet" not in text(app))


async def test_a_job_that_never_named_a_namespace_in_all_that_is_read_of_it_takes_all_green_from_none():
    row = replace(jenkins.state("ci-web", "", 1300, "SUCCESS"), namespace="")
    rows = (*jenkins.board().builds, row)
    app = open_desk(jenkins.board(builds=rows, unread=unread("ci-web")))
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a")
        assert "production  green in production as far as is read" in line_with(app, " production ")
        app.hand.give(jenkins.board(builds=rows, unread=unread("ci-web", builds=1000), change=2))
        await until(pilot, lambda: "all green in production since" in text(app))
        gap = {key: replace(job, gap_after=1200) for key, job in unread("ci-web").items()}
        app.hand.give(jenkins.board(builds=rows, unread=gap, change=3))
        await until(pilot, lambda: "Builds of ci-web after #1200" in text(app))
        assert "all green in production since" in text(app)
        named = (*rows, jenkins.state("ci-web", "dev-9", 1100, "SUCCESS"))
        app.hand.give(jenkins.board(builds=named, unread=unread("ci-web", builds=1000), change=4))
        await until(pilot, lambda: "green in production as far as is read" in text(app))
