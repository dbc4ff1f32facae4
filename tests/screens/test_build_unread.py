"""What is said of builds, jobs and namespaces while some of their builds are not read."""

from msgspec.structs import replace

from screens.build_unread import unread_words
from statusdesk.facts import Job, JobClass
from tests.screens import jenkins
from tests.screens.desk import text, until
from tests.screens.test_builds import WIDE, line_with, list_builds, open_desk


def unread(*names, builds=0, job_class=JobClass.DEPLOY):
    """Jobs whose older builds are not read yet, or not at all when so many of the newest are."""
    jobs = (
        Job(source="jenkins", name=name, url="u", job_class=job_class, cut=builds > 0, read_builds=builds)
        for name in names
    )
    return {job.key: job for job in jobs}


async def test_nothing_is_said_to_be_all_green_where_older_builds_are_not_read():
    app = open_desk(jenkins.board(unread=unread("deploy-web", "deploy-catalog")))
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a")
        said = "The older builds of deploy-catalog and 1 more are not read yet: what only they tell is missing."
        assert said in line_with(app, "not read yet")
        # deploy-web has a result there, deploy-catalog may have one
        assert "production  green in production as far as is read" in line_with(app, " production ")
        assert "1 of 2 jobs not green" in text(app) and "all green" not in text(app)
        app.hand.give(jenkins.board(unread=unread("deploy-catalog"), change=2))
        await pilot.press("v")
        await until(pilot, lambda: "deploy-web  all green since 08:42" in text(app))
        assert "deploy-catalog  green as far as is read" in text(app)
        app.hand.give(jenkins.board(change=3))
        await until(pilot, lambda: "deploy-catalog  all green since" in text(app) and "not read yet" not in text(app))


async def test_the_platform_alone_is_no_reason_to_doubt_what_was_deployed():
    app = open_desk(jenkins.board(unread=unread("seed-jobs", job_class=JobClass.SEED)))
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a")
        assert "all green in production since 08:42" in text(app) and "not read" not in text(app)


async def test_of_a_job_of_which_only_the_newest_builds_are_read_nothing_is_said_never_to_have_been():
    row = replace(jenkins.ROWS[0], last_success_number=None, last_success_ms=None)
    board = jenkins.board(builds=(row,), unread=unread("deploy-orders", builds=1000))
    app = open_desk(board)
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a")
        assert "no success here in the newest 1,000 builds" in text(app)
        assert "Of deploy-orders only the newest 1,000 builds are read: what older ones did is not known." in text(app)
        app.hand.give(jenkins.board(builds=(row,), unread=unread("deploy-orders"), change=2))
        await until(pilot, lambda: "no success here as far as is read" in text(app))
        gap = {key: replace(job, gap_after=30) for key, job in unread("deploy-orders", builds=1000).items()}
        app.hand.give(jenkins.board(builds=(row,), unread=gap, change=3))
        await until(pilot, lambda: "Builds of deploy-orders after #30" in text(app))
        assert "no success here as far as is read" in text(app), "a newer one may have been well"
        app.hand.give(jenkins.board(builds=(row,), change=4))
        await until(pilot, lambda: "no success here is known" in text(app))


async def test_a_place_without_a_build_is_not_said_to_have_none_before_older_ones_are_read():
    app = open_desk(jenkins.board(unread=unread("deploy-web")))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("colon", *"builds audit", "enter")
        await until(pilot, lambda: "No build of audit is among those that are read." in text(app))
        assert "The older builds of deploy-web are not read yet" in text(app)
        app.hand.give(jenkins.board(change=2))
        await until(pilot, lambda: "No build of audit is known." in text(app))


async def test_while_what_ran_in_a_gap_is_not_read_no_namespace_that_the_job_built_for_is_all_green():
    gap = {key: replace(job, gap_after=30) for key, job in unread("deploy-catalog", "deploy-web").items()}
    app = open_desk(jenkins.board(unread=gap))
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a")
        said = "Builds of deploy-catalog after #30, and newer ones of 1 more are not read yet: what stands here may be"
        assert said in text(app) and "The older builds of deploy-catalog and 1 more are not read yet" in text(app)
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
        gap = {key: replace(job, gap_after=1200, cut=True) for key, job in unread("ci-web").items()}
        app.hand.give(jenkins.board(builds=rows, unread=gap, change=3))
        await until(pilot, lambda: "Builds of ci-web after #1200" in text(app))
        assert "all green in production since" in text(app)
        less = {key: replace(job, cut=False) for key, job in gap.items()}
        app.hand.give(jenkins.board(builds=rows, unread=less, change=4))
        await until(pilot, lambda: "green in production as far as is read" in text(app))
        whole = {key: replace(job, complete=True) for key, job in less.items()}
        app.hand.give(jenkins.board(builds=rows, unread=whole, change=5))
        await until(pilot, lambda: "all green in production since" in text(app))
        named = (*rows, jenkins.state("ci-web", "dev-9", 1100, "SUCCESS"))
        app.hand.give(jenkins.board(builds=named, unread=unread("ci-web", builds=1000), change=6))
        await until(pilot, lambda: "green in production as far as is read" in text(app))


def test_of_a_job_with_builds_in_a_gap_the_older_ones_are_told_too():
    (job,) = unread("ci-web", builds=1000).values()
    begin = "Builds of ci-web after #1200 are not read yet: what stands here may be over."
    gap = replace(job, gap_after=1200, read_from=201)
    assert unread_words([gap]) == [begin, "Of ci-web no builds before #201 are read: what older ones did is not known."]
    older = replace(gap, cut=False)
    assert unread_words([older])[1:] == unread_words([replace(older, gap_after=None)])
    assert unread_words([replace(gap, complete=True)]) == [begin]


async def test_a_build_that_cannot_be_read_is_named_and_takes_all_green_only_from_where_nothing_newer_ended():
    (row,) = [each for each in jenkins.board().builds if (each.job, each.namespace) == ("deploy-web", "production")]
    one = Job(source="jenkins", name="deploy-web", url="u", job_class=JobClass.DEPLOY, complete=True)
    hidden = replace(one, unreadable=(3, row.number + 1))
    app = open_desk(jenkins.board(unread={one.key: hidden}))
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a")
        said = f"deploy-web #{row.number + 1} and 1 more cannot be read: where no newer build has ended, what"
        assert said in text(app) and "not read yet" not in text(app)
        assert "production  green in production as far as is read" in line_with(app, " production ")
        older = replace(one, unreadable=(row.number - 1,))
        app.hand.give(jenkins.board(unread={one.key: older}, change=2))
        await until(pilot, lambda: f"deploy-web #{row.number - 1} cannot be read" in text(app))
        assert "all green in production since" in text(app)
        app.hand.give(jenkins.board(change=3))
        await until(pilot, lambda: "cannot be read" not in text(app))
