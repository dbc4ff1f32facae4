"""The builds by namespace and by job, and the ways there."""

import pytest
from msgspec.structs import replace

from screens.build_news import silence, unattributed_environments
from screens.build_rows import Scope
from screens.builds import BuildsScreen
from statusdesk.states import TROUBLED, Level, RunningBuild
from tests.screens import boards, jenkins
from tests.screens.boards import HOUR, NOW
from tests.screens.desk import desk, lines, text, until
from tests.screens.test_ascii import strange
from tests.screens.test_build_lines import narrow

WIDE = (140, 50)


STAGES = {name: (name,) for name in boards.STAGES}


def open_desk(board=None, **more):
    return jenkins.fill(desk(board or jenkins.board(), **more))


async def list_builds(pilot, *keys):
    await pilot.press("b")
    await until(pilot, lambda: isinstance(pilot.app.screen, BuildsScreen))
    await until(pilot, lambda: pilot.app.screen._histories)
    await pilot.press(*keys)
    await pilot.pause()


def line_with(app, *words):
    return next((line for line in lines(app) if all(word in line for word in words)), "")


async def test_the_builds_of_the_application_begin_at_the_selected_stage():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot)
        assert "statusdesk \u203a builds \u203a orders" in lines(app)[0]
        assert app.screen.list.cursor == "jenkins/deploy-orders@staging"
        assert "billing" not in text(app) and "PLATFORM" not in text(app)
        await until(pilot, lambda: "\u28ff" in text(app))
        row = line_with(app, "#412")
        assert row.split()[:7] == ["\u2717", "deploy-orders", "failed", "#412", "1.5.0", "4m", "6m"]
        assert "\u00d74.0   1m 40s" in row and row.count("\u28c0") == 17
        assert "last success #409 24h ago   git 3fd2a91" in text(app)
        assert (app.hand.asked[-1][0], app.hand.asked[-1][2]) == ("histories", False), "a thread asks"


async def test_all_builds_what_runs_the_platform_and_what_waits():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a")
        shown = text(app)
        assert "70% about 30s left   Started by user Kim" in line_with(app, "deploy-billing \u21e2 staging", "#55")
        assert "seed-jobs #88 failed: job definitions are as of 2h ago; since its last good run 50 jobs" in shown
        assert "if it fell silent, the tokens that it renews would lapse" in shown
        assert "stuck: Waiting for next available executor" in line_with(app, "deploy-web for testing 6m ago")
        assert "4 of 6 executors busy; offline: node-2" in shown
        assert "all green in production since 08:42" in shown and "1 of 2 jobs not green" in shown
        assert "builds of 1 job that could not be attributed; u counts them" in shown
        order = [shown.index(f"\n {name}  ") for name in ("RUNNING", "PLATFORM", "WAITING", *boards.STAGES[:3])]
        assert order == sorted(order)
        await pilot.press("u")
        await until(pilot, lambda: "17 builds without a namespace, the newest #7" in text(app))


async def test_only_what_failed_says_that_the_rest_is_green():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a", "exclamation_mark")
        await until(pilot, lambda: "1 of 2 jobs not green    1 more, well" in text(app))
        assert "all green in performance since 09:30" in text(app) and "deploy-catalog" not in text(app)
        await pilot.press("escape", "slash", *"catalog")
        await until(pilot, lambda: "more, filtered out    esc shows all" in text(app))
        assert "deploy-catalog" in text(app) and "deploy-web " not in text(app)


async def test_by_job():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a", "v")
        await until(pilot, lambda: " deploy-web  all green since 08:42" in text(app))
        shown = text(app)
        assert shown.index("\n deploy-billing  1 of 2 namespaces not green") < shown.index(
            "\n deploy-catalog  all green"
        )
        assert "NAMESPACE" in shown


async def test_updates_keep_the_cursor_and_read_what_has_changed():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a")
        app.screen.list.select("jenkins/deploy-web@production")
        asked = len(app.hand.asked)
        rows = tuple(row for row in jenkins.ROWS if row.job != "deploy-catalog")
        rows = (jenkins.state("deploy-new", "testing", 1, change=7), *rows)
        app.hand.give(jenkins.board(builds=rows, change=2))
        await until(pilot, lambda: "deploy-new" in text(app))
        assert app.screen.list.cursor == "jenkins/deploy-web@production"
        await until(pilot, lambda: len(app.hand.asked) > asked)
        assert app.hand.asked[-1][1] == (("jenkins", "deploy-new", "testing"),), "only what is new is read"
        app.hand.problem_of_rollouts = "the store is damaged"
        app.hand.give(jenkins.board(builds=(replace(rows[0], change=9), *rows[1:]), change=3))
        await until(pilot, lambda: "the store is damaged" in text(app))


async def test_silence_of_jenkins_is_told():
    sources = (boards.source("jenkins", Level.FAILING, words="no answer for 5m"), *boards.SOURCES[1:])
    app = open_desk(jenkins.board(sources=sources))
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot)
        assert "No news from jenkins: no answer for 5m. What stands here is as it was then." in text(app)


async def test_while_jenkins_is_silent_nothing_looks_worse_by_waiting():
    heard = boards.source("jenkins", Level.FAILING, 3 * HOUR, words="503")
    due = replace(jenkins.PLATFORM[1], next_expected_ms=NOW - HOUR)  # in two hours, when it was heard
    queue = (replace(jenkins.QUEUE[0], since_ms=NOW - 4 * HOUR),)
    app = open_desk(jenkins.board(sources=(heard,), platform=(due,), queue=queue))
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a")
        assert "in 2h" in line_with(app, "renew-orders") and "overdue" not in text(app)
        assert " 1h " in line_with(app, "deploy-web for testing", "stuck")
        await pilot.press("escape", "escape", "E")
        await until(pilot, lambda: "still up 11h after the working day ended" in text(app))
        assert "No news from jenkins: 503. What stands here is as it was then." in text(app)
        app.hand.give(jenkins.board(sources=(heard,), environments=(), change=2))
        await until(pilot, lambda: "No environment is up." in text(app))
        assert "No news from jenkins" in text(app)
        app.hand.give(jenkins.board(change=3))
        await until(pilot, lambda: "still up 14h after the working day ended" in text(app))
        assert "No news" not in text(app)


@pytest.mark.parametrize(
    ("scope", "words", "said"),
    [
        (
            "clock",
            "its clock is 2h ahead, which is corrected for",
            "jenkins clock: its clock is 2h ahead, which is corr",
        ),
        (
            "executors",
            "http://j: 403",
            "jenkins executors: http://j: 403. What runs where now, and which nodes are",
        ),
        ("queue", "http://j: 500", "jenkins queue: http://j: 500. What waits now is not known."),
        ("builds", "builds of 1 job could not be read", "jenkins builds: builds of 1 job could not be read. What they"),
        ("definitions", "http://j: 500", "jenkins definitions: http://j: 500. Which jobs deploy, and where by default"),
    ],
)
def test_a_part_of_jenkins_is_told_by_what_is_not_known_and_the_whole_is_not_called_silent(scope, words, said):
    part = boards.source("jenkins", Level.FAILING, words=words)
    part = replace(part, state=replace(part.state, key=f"jenkins#{scope}", scope=scope))
    whole = boards.source("jenkins", Level.OK)
    (sentence,) = silence(jenkins.board(sources=(whole, part)))
    assert sentence.startswith(said) and "No news" not in sentence
    dead = boards.source("jenkins", Level.FAILING, words="no answer for 5m")
    assert silence(jenkins.board(sources=(dead, part)))[0].startswith("No news from jenkins")
    assert len(silence(jenkins.board(sources=(dead, part)))) == 1


@pytest.mark.parametrize(
    ("typed", "scope"),
    [("builds", Scope()), ("builds stag", Scope(place="staging")), ("builds perf", Scope(place="performance"))],
)
async def test_going_there_by_name(typed, scope):
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("colon", *[{" ": "space"}.get(key, key) for key in typed])
        await until(pilot, lambda: typed in text(app) and "builds" in text(app).split("application")[-1])
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, BuildsScreen))
        assert app.screen.scope == scope


@pytest.mark.parametrize("size", [(60, 16), (200, 60)])
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_hostile_text_and_ascii(size, ascii_only):
    app = open_desk(jenkins.hostile(), ascii_only=ascii_only)
    async with app.run_test(size=size) as pilot:
        await pilot.press("b", "a")
        for key in (
            "end",
            "home",
            "down",
            "T",
            "v",
            "exclamation_mark",
            "u",
            "y",
            "enter",
            "enter",
            "end",
            "y",
            "escape",
        ):
            await pilot.press(key)
            await pilot.pause()
            lines(app)
        assert app.is_running and app.return_code is None


async def test_ascii_is_ascii():
    app = open_desk(ascii_only=True)
    async with app.run_test(size=(100, 40)) as pilot:
        await list_builds(pilot, "a")
        await until(pilot, lambda: ".!.-X" in text(app))
        assert strange(app) == []
        app.screen.list.select("jenkins/deploy-orders@staging")
        await pilot.press("enter")
        await until(pilot, lambda: "STAGES" in text(app))
        assert strange(app) == []


async def test_what_the_silence_of_well_jobs_would_mean_is_said_once_for_each_kind():
    renewals = [replace(jenkins.PLATFORM[1], key=f"jenkins/renew-{n}", job=f"renew-{n}") for n in range(3)]
    app = open_desk(jenkins.board(platform=(jenkins.PLATFORM[0], *renewals)))
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a")
        assert text(app).count("the tokens that it renews would lapse") == 1
        assert all(f"renew-{n}" in text(app) for n in range(3))


async def test_builds_of_a_past_moment():
    past = replace(jenkins.board(), at_ms=NOW - HOUR)
    app = open_desk(past=past)
    asked = []
    histories = app.hand.histories
    app.hand.histories = lambda pairs, until_ms=None: asked.append(until_ms) or histories(pairs)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("t", *"1h", "enter")
        await until(pilot, lambda: "as of" in lines(app)[0])
        await list_builds(pilot)
        assert "as of" in lines(app)[0] and set(asked) == {NOW - HOUR}


async def test_what_is_well_of_the_platform_is_counted_where_only_what_is_bad_is_shown():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a")
        bad, known = sum(each.level in TROUBLED for each in jenkins.PLATFORM), len(jenkins.PLATFORM)
        assert 0 < bad < known
        assert f"{bad} of {known} not well" in text(app)
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: "1 more, well" in text(app))
        assert f"{bad} of {known} not well" in text(app)


async def test_what_failed_before_its_environment_was_destroyed_has_a_result():
    gone = replace(jenkins.ROWS[1], level=Level.IDLE, reason="Destroyed", result="FAILURE", namespace="dev-gone")
    app = open_desk(jenkins.board(builds=(gone,), unattributed=frozenset()))
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a")
        assert "builds of 1 job from before the environment was destroyed" in text(app)
        assert "no result yet" not in text(app)
        await pilot.press("u")
        await until(pilot, lambda: "Every build of a job that deploys could be attributed" in text(app))


async def test_builds_without_a_namespace_are_listed_for_every_job_that_deploys():
    lost = jenkins.state("team/ship", "", 2, "FAILURE", job_class="other")
    tool = jenkins.state("nightly", "", 9, "FAILURE", job_class="other")
    app = open_desk(jenkins.board(builds=(*jenkins.ROWS, lost, tool), unattributed=frozenset({lost.key})))
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a", "u")
        await until(pilot, lambda: "builds of 1 job that could not be attributed" in text(app))
        assert "team/ship" in text(app) and "nightly" not in text(app)


async def test_builds_that_make_or_destroy_environments_nobody_knows_which_are_counted_and_named():
    every = jenkins.state("env-destroy-all", "", 4, job_class="environment", ago_ms=18 * HOUR)
    first = jenkins.state("env-create", "", 1, job_class="environment")
    first = replace(first, number=None, other_number=1, other_started_ms=NOW - HOUR, result="")
    rows = (*jenkins.ROWS, every, first)
    app = open_desk(jenkins.board(builds=rows, unattributed=frozenset({every.key, first.key})))
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a", "u")
        await until(pilot, lambda: "builds of 2 jobs that could not be attributed" in text(app))
        assert line_with(app, "env-destroy-all", "#4") and "seed-jobs" not in text(app)
        await pilot.press("escape", "escape", "E")
        who = "env-destroy-all #4 ran 18h ago for no namespace that is known, env-create #1 ran"
        await until(pilot, lambda: who in text(app))
        assert "what they made or destroyed is not told here" in " ".join(text(app).split())
        app.hand.give(jenkins.board(builds=rows, unattributed=frozenset({every.key}), environments=(), change=2))
        await until(pilot, lambda: "No environment is up." in text(app))
        said = "what it made or destroyed is not told here; u among the builds counts them"
        assert said in " ".join(text(app).split())


def test_of_many_jobs_that_make_environments_nobody_knows_which_some_are_named():
    rows = [jenkins.state(f"env-create-{n}", "", n, job_class="environment") for n in range(9)]
    board = jenkins.board(builds=tuple(rows), unattributed=frozenset(row.key for row in rows))
    (said,) = unattributed_environments(board, narrow(80))
    assert (
        said.startswith("env-create-0 #0 ran 1h ago")
        and "env-create-2" not in said
        and ", 7 more jobs did so: " in said
    )


async def test_all_builds_that_run_are_listed_also_those_below_newer_ones():
    several = replace(jenkins.ROWS[3], running=tuple(RunningBuild(n, NOW - 60_000) for n in (52, 55)))
    below = replace(jenkins.ROWS[6], running=(RunningBuild(50, NOW - 90_000, version="3.2"),))
    app = open_desk(jenkins.board(builds=(jenkins.ROWS[0], several, below)))
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a")
        assert "3 now" in line_with(app, " RUNNING ")
        assert "3.2" in line_with(app, "deploy-mailer \u21e2 performance", "#50")
        assert line_with(app, "deploy-billing \u21e2 staging", "#52") != line_with(app, "deploy-billing \u21e2", "#55")


async def test_what_a_platform_job_runs_is_listed_though_it_is_well_there():
    made = jenkins.state("env-create", "dev-4", 4, "SUCCESS", job_class="environment")
    again = replace(made, running=(RunningBuild(9, NOW - 60_000),))
    app = open_desk(jenkins.board(builds=(jenkins.ROWS[0], again)))
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a")
        assert "1 now" in line_with(app, " RUNNING ") and line_with(app, "env-create \u21e2 dev-4", "#9")
        assert not [line for line in text(app).splitlines() if line.strip().startswith("dev-4")], "it is well"


async def test_a_platform_job_that_failed_for_a_namespace_is_listed_and_nothing_there_is_all_green():
    made = jenkins.state("env-create", "dev-4", 4, "SUCCESS", job_class="environment")
    half = jenkins.state("env-create", "dev-3", 3, "FAILURE", job_class="environment")
    renewal = jenkins.state("renew", "production", 7, "FAILURE", job_class="renewal")
    told = replace(jenkins.PLATFORM[1], job="renew", namespace="production", level=Level.FAILING, period_rule="longest")
    app = open_desk(jenkins.board(builds=(*jenkins.ROWS, made, half, renewal), platform=(told,)))
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a")
        assert "<8h" in line_with(app, "renew for production")
        assert "all green in production" not in text(app) and "all green in dev-" not in text(app)
        assert "failed" in line_with(app, " env-create ") and "dev-4" not in text(app)
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: "more, well" in text(app))
        assert "all green in production" not in text(app) and "failed" in line_with(app, " env-create ")
        await pilot.press("exclamation_mark", "v")
        await until(pilot, lambda: "env-create  1 of 2 namespaces not green" in text(app))


async def test_a_namespace_is_all_green_since_its_renewal_was_mended():
    renewal = jenkins.state("renew", "production", 8, "SUCCESS", job_class="renewal")
    mended = replace(renewal, was_red=True, green_since_ms=NOW - 60_000)
    app = open_desk(jenkins.board(builds=(*jenkins.ROWS, mended)))
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a")
        assert "all green in production since 09:41" in text(app) and "#8 " not in text(app)
