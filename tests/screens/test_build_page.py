"""The page of one build, the rollout that it made, and the ways from it."""

import pytest
from msgspec.structs import replace

from screens.board import BoardScreen
from screens.build_page import BuildScreen
from screens.build_rows import Scope
from screens.builds import BuildsScreen
from screens.copying import CopyScreen
from screens.rollout import RolloutScreen
from statusdesk.build_view import BuildKey, BuildReading
from statusdesk.console_requests import LookUpBuild
from tests.screens import jenkins
from tests.screens.desk import text, until
from tests.screens.test_builds import WIDE, line_with, list_builds, open_desk


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


def test_a_build_that_is_not_on_the_board_has_no_row():
    from statusdesk.build_view import rollouts_by, state_of

    board = jenkins.board()
    assert state_of(board, BuildKey("jenkins", "deploy-billing", 55)).namespace == "staging"
    assert state_of(board, BuildKey("jenkins", "deploy-billing", 1)) is None
    assert rollouts_by(board, BuildKey("jenkins", "deploy-orders", 411)) == ()
