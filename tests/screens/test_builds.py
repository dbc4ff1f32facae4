"""The builds by namespace and by job, the page of one build, and the ways there."""

import pytest
from msgspec.structs import replace

from screens.board import BoardScreen
from screens.build_lines import draw_running
from screens.build_marks import BAD, levels, mark_of, put_strip
from screens.build_page import BuildScreen
from screens.build_rows import Scope, choose
from screens.builds import BuildsScreen
from screens.copying import CopyScreen
from screens.entries import heading
from screens.goto import Target, targets
from screens.ink import make_ink
from screens.lens import Lens
from screens.pen import Pen
from screens.rollout import RolloutScreen
from screens.strips import Line
from statusdesk.board import Mark
from statusdesk.build_view import BuildKey, BuildReading
from statusdesk.console_requests import LookUpBuild
from statusdesk.states import Level, RunningBuild
from tests.screens import boards, jenkins
from tests.screens.boards import DAY, HOUR, NOW
from tests.screens.desk import desk, lines, text, until
from tests.screens.test_ascii import strange

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


async def test_the_page_of_a_build_and_the_rollout_that_it_made():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "enter")
        await until(pilot, lambda: "WHO" not in text(app) and "STAGES" in text(app))
        shown = text(app)
        assert "failed  deploy-orders #412 \u21e2 staging   4m ago   took 6m 42s \u00d74.0, usually 1m 40s" in shown
        assert "staging/orders in eu   1.5.0   failing 4m" in shown
        assert "Roll out" in line_with(app, "timed out waiting for the condition")
        assert "Read the secret once" in line_with(app, "3fd2a91", "Kim") and "staging   by its parameter" in shown
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, CopyScreen))
        assert app.clipboard == "https://jenkins.example/job/deploy-orders/412/"
        await pilot.press("escape", "enter")
        await until(pilot, lambda: isinstance(app.screen, RolloutScreen))
        assert app.screen.view.key == "eu/staging/Deployment/orders"
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, BuildScreen))
        assert app.screen.key == jenkins.FAILED


@pytest.mark.parametrize("size", [WIDE, (80, 40)])
async def test_the_rollout_that_a_build_made_says_what_lies_behind_its_trouble(size):
    board = jenkins.board()
    first = board.rows[0]
    cause = {"cause": "token 'orders' is gone", "cause_key": "token:vault/orders"}
    cells = tuple(
        replace(cell, rollouts=tuple(replace(each, **cause) for each in cell.rollouts)) if cell is not None else None
        for cell in first.cells
    )
    app = open_desk(replace(board, rows=(replace(first, cells=cells), *board.rows[1:])))
    async with app.run_test(size=size) as pilot:
        await list_builds(pilot, "enter")
        await until(pilot, lambda: "THE ROLLOUT IT MADE" in text(app))
        assert "because token 'orders' is gone" in text(app)


async def test_a_build_that_was_not_looked_up_is_asked_for_once():
    app = open_desk()
    key = BuildKey("jenkins", "deploy-orders", 409)
    app.hand.pages[key] = BuildReading(build=jenkins.HISTORY[2], history=jenkins.HISTORY)
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "enter")
        await until(pilot, lambda: "LAST BUILDS FOR staging" in text(app))
        app.screen.list.select("build:409")
        await pilot.press("enter")
        await until(pilot, lambda: "Its stages and changes are asked for." in text(app))
        app.hand.pages[key] = replace(app.hand.pages[key], details=replace(jenkins.DETAILS, number=409))
        app.screen._read_ms = 0
        app.screen.read_more()
        await until(pilot, lambda: "STAGES" in text(app) and "asked for" not in text(app))
    assert app.hand.requests == [(LookUpBuild(source="jenkins", job="deploy-orders", number=409), False)]


async def test_a_build_that_nobody_looks_up_says_why():
    app = open_desk()
    key = BuildKey("jenkins", "deploy-orders", 409)
    app.hand.pages[key] = BuildReading(build=jenkins.HISTORY[2], history=jenkins.HISTORY)
    app.hand.problem_of_requests = "no collector works here"
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "enter")
        await until(pilot, lambda: "LAST BUILDS FOR staging" in text(app))
        app.screen.list.select("build:409")
        await pilot.press("enter")
        await until(pilot, lambda: "were not looked up: no collector works here." in text(app))


async def test_other_builds_of_the_page_and_all_of_the_job():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "enter")
        await until(pilot, lambda: "LAST BUILDS FOR staging" in text(app))
        app.screen.list.select("build:409")
        await pilot.press("enter")
        await until(pilot, lambda: "The store does not know deploy-orders #409 (any more)." in text(app))
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, BuildsScreen))
        assert app.screen.scope == Scope(job="deploy-orders")
        assert "3 namespaces" in text(app)
        await pilot.press("escape", "escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, BoardScreen))


async def test_the_console_is_opened_by_the_app_where_it_can():
    app = open_desk()
    opened = []
    async with app.run_test(size=WIDE) as pilot:
        app.open_console = lambda job, number: opened.append((job, number))
        await list_builds(pilot, "l")
        await until(pilot, lambda: opened == [("deploy-orders", 412)])


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


def test_what_a_text_means():
    board = jenkins.board()
    assert targets(board, ":tokens") == [Target("", "", "tokens")]
    assert targets(board, "env") == [Target("", "", "environments")]
    assert targets(board, "builds ")[0] == Target("", "", "builds")
    assert targets(board, "builds nowhere") == []
    assert targets(board, "orders")[0] == Target("orders")


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


def test_a_namespace_is_green_since_its_last_one_became_so():
    rows = tuple(jenkins.state(f"deploy-{n}", "testing", n, ago_ms=n * HOUR) for n in (1, 2, 3))
    chosen = choose(jenkins.board(builds=rows), Scope(), Lens(), STAGES)
    assert [(group.name, group.green_ms, group.bad) for group in chosen.groups] == [("testing", NOW - HOUR, 0)]
    seen_late = tuple(replace(row, level_since_ms=NOW) for row in rows)
    [group] = choose(jenkins.board(builds=seen_late), Scope(), Lens(), STAGES).groups
    assert group.green_ms == NOW - HOUR, "it was green before a new desk saw it"
    told = tuple(replace(row, green_since_ms=NOW - n * DAY, was_red=True) for n, row in enumerate(rows, 3))
    new = replace(rows[0], key="new", green_since_ms=NOW - HOUR)
    never = tuple(replace(row, was_red=False) for row in told)
    destroyed = replace(rows[0], key="x", level=Level.IDLE, green_since_ms=NOW - 2 * DAY, was_red=True)
    for shown, days in ((told, 3), ((*told, new), 3), ((*told, destroyed), 2), ((*never, new), 5)):
        [group] = choose(jenkins.board(builds=shown), Scope(), Lens(), STAGES).groups
        assert group.green_ms == NOW - days * DAY, "not since the last success, but since the last one that was none"
    silent = replace(rows[0], level=Level.UNKNOWN)
    [group] = choose(jenkins.board(builds=(silent,)), Scope(), Lens(), STAGES).groups
    assert (group.green_ms, group.silent) == (None, 1), "no result is not green"
    [group] = choose(jenkins.board(builds=(silent, *rows[1:])), Scope(place="testing"), Lens(), STAGES).groups
    assert (group.green_ms, group.silent, group.count) == (NOW - 2 * HOUR, 1, 3)
    bad = replace(rows[0], level=Level.FAILING)
    [group] = choose(jenkins.board(builds=(bad, *rows[1:])), Scope(), Lens(), STAGES).groups
    assert (group.green_ms, group.bad) == (None, 1)


def test_signs_are_narrow():
    import datetime

    pen = Pen(ink=make_ink({}, True), ascii=False, zone=datetime.UTC, now_ms=NOW, width=80)
    line = put_strip(Line(), jenkins.HISTORY, 20, pen)
    assert line.x == 20 and "".join(part.text for part in line.segments).endswith("\u28ff")
    assert levels([0, 0.5, 1, 2, -1], pen) == "\u2840\u28e6\u28ff\u28ff\u2840"
    assert mark_of(jenkins.build(1, "NOT_BUILT")) is Mark.IDLE
    assert mark_of(jenkins.build(1, "UNSTABLE", building=True)) is Mark.PROGRESSING


def test_a_build_that_is_not_on_the_board_has_no_row():
    from statusdesk.build_view import rollouts_by, state_of

    board = jenkins.board()
    assert state_of(board, BuildKey("jenkins", "deploy-billing", 55)).namespace == "staging"
    assert state_of(board, BuildKey("jenkins", "deploy-billing", 1)) is None
    assert rollouts_by(board, BuildKey("jenkins", "deploy-orders", 411)) == ()


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


def drawn(entry_or_lines, pen):
    made = entry_or_lines.draw(pen) if hasattr(entry_or_lines, "draw") else entry_or_lines
    return ["".join(part.text for part in line.segments) for line in made]


def narrow(width):
    import datetime

    return Pen(ink=make_ink({}, True), ascii=False, zone=datetime.UTC, now_ms=NOW, width=width)


@pytest.mark.parametrize("width", [60, 70, 80, 100, 160])
def test_how_long_a_build_runs_is_never_cut_without_a_mark(width):
    pen = narrow(width)
    first, run = replace(jenkins.ROWS[3], usual_ms=None), RunningBuild(55, NOW - 142_000)
    (said,) = drawn(draw_running(first, run, pen), pen)
    assert "for 2m 22s; how long it takes is not known yet" in said or "for 2m 22s  " in f"{said}  "
    (known,) = drawn(draw_running(replace(first, usual_ms=200_000), run, pen), pen)
    assert "left" in known or pen.dots in known
    assert max(map(len, (said, known))) <= width


@pytest.mark.parametrize("width", [40, 80, 120])
def test_what_stands_beside_a_title_is_not_cut_where_it_has_room_below(width):
    said = "2 still up after hours; last 7 days: 1200 h up, 840 h of them after hours"
    lines = drawn(heading("12 up, 3 half made, 1 destroyed by half, 2 being made"[: width - 4], said), narrow(width))
    assert " ".join(" ".join(lines).split()).endswith(said)
    assert max(map(len, lines)) <= width


async def test_what_is_well_of_the_platform_is_counted_where_only_what_is_bad_is_shown():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a")
        bad, known = sum(each.level in BAD for each in jenkins.PLATFORM), len(jenkins.PLATFORM)
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


async def test_all_builds_that_run_are_listed_also_those_below_newer_ones():
    several = replace(jenkins.ROWS[3], running=tuple(RunningBuild(n, NOW - 60_000) for n in (52, 55)))
    below = replace(jenkins.ROWS[6], running=(RunningBuild(50, NOW - 90_000, version="3.2"),))
    app = open_desk(jenkins.board(builds=(jenkins.ROWS[0], several, below)))
    async with app.run_test(size=WIDE) as pilot:
        await list_builds(pilot, "a")
        assert "3 now" in line_with(app, " RUNNING ")
        assert "3.2" in line_with(app, "deploy-mailer \u21e2 performance", "#50")
        assert line_with(app, "deploy-billing \u21e2 staging", "#52") != line_with(app, "deploy-billing \u21e2", "#55")
