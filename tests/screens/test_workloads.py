"""The workloads of a stage: worst first, filtered, opened."""

import pytest
from msgspec.structs import replace

from screens.board import BoardScreen
from screens.evicted import evicted_by_namespace, evicted_words
from screens.goto import Target, targets
from screens.rollout import RolloutScreen
from screens.workloads import WorkloadsScreen
from statusdesk.board import Mark, Silent
from statusdesk.states import Level
from tests.screens import boards, rollouts
from tests.screens.desk import desk, lines, text, until

WIDE = (140, 40)


async def list_stage(pilot):
    await pilot.press("w")
    await until(pilot, lambda: isinstance(pilot.app.screen, WorkloadsScreen))
    await until(pilot, lambda: "WORKLOAD" in text(pilot.app))


def names(app):
    return [item.rollout.name for item in app.screen.list.items]


async def test_all_workloads_of_the_stage_worst_first():
    app = desk(rollouts.failing_init(), readings=rollouts.READINGS)
    async with app.run_test(size=WIDE) as pilot:
        await list_stage(pilot)
        shown = lines(app)
        assert "statusdesk \u203a staging \u203a workloads" in shown[0]
        assert shown[2].split() == ["WORKLOAD", "KIND", "APP", "VERSION", "READY", "REASON", "REVISION", "SINCE"]
        assert shown[3].split() == ["✗", "orders", "Deployment", "orders", "1.5.0", "0/2", "InitCrashLoop", "15", "4m"]
        assert shown[4].strip() == rollouts.WHY
        assert names(app)[1:] == ["accounts", "assets", "audit-log", "basket", "cards", "customers"]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RolloutScreen))
        assert app.screen.view.key == rollouts.ORDERS
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, BoardScreen))


async def test_only_bad_and_filter_say_what_they_hide():
    app = desk(rollouts.failing_init())
    async with app.run_test(size=WIDE) as pilot:
        await list_stage(pilot)
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: "6 more, all well    esc shows all" in text(app))
        assert names(app) == ["orders"] and "only not well" in lines(app)[0]
        await pilot.press("escape", "slash", *"bask")
        await until(pilot, lambda: names(app) == ["basket"])
        assert "6 more, filtered out" in text(app)
        await pilot.press("enter")
        assert app.screen.list.cursor.endswith("/basket")
        await pilot.press("escape")
        await until(pilot, lambda: len(names(app)) == 7)
        assert app.screen.list.cursor.endswith("/basket"), "the cursor stays on its workload"
        await pilot.press("slash", *"nobody")
        await until(pilot, lambda: "Nothing matches /nobody" in text(app))


async def test_all_well_is_said():
    app = desk(boards.calm(3))
    async with app.run_test(size=WIDE) as pilot:
        await list_stage(pilot)
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: "No workload is unwell in testing (3 are well)" in text(app))


async def test_other_stages():
    app = desk(rollouts.stateful())
    async with app.run_test(size=WIDE) as pilot:
        await list_stage(pilot)
        assert "statusdesk \u203a production" in lines(app)[0]
        assert names(app)[0] == "ledger" and "ledger-export" in names(app)
        await pilot.press("left")
        await until(pilot, lambda: "statusdesk \u203a audit" in lines(app)[0])
        assert names(app).count("ledger") == 1
        await pilot.press("v", "home", "enter")
        await until(pilot, lambda: isinstance(app.screen, WorkloadsScreen) and app.screen.stage == "testing")


async def test_going_to_a_stage_by_name():
    board = rollouts.failing_init()
    assert targets(board, ":perf")[0] == Target("", "performance")
    assert Target("", "testing") in targets(board, "testing/")
    assert Target("", "testing") not in targets(board, "testing/ord")
    app = desk(board)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("colon", *"perf")
        await until(pilot, lambda: "performance/  all workloads" in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, WorkloadsScreen) and app.screen.stage == "performance")


async def test_updates_in_place_keep_the_cursor():
    app = desk(rollouts.failing_init())
    async with app.run_test(size=WIDE) as pilot:
        await list_stage(pilot)
        await pilot.press("down", "down", "down")
        assert app.screen.list.cursor.endswith("/audit-log")
        board = rollouts.failing_init()
        rows = [row for row in board.rows if row.app != "accounts"]
        app.hand.give(replace(board, rows=tuple(rows), change=2))
        await until(pilot, lambda: "accounts" not in names(app))
        assert app.screen.list.cursor.endswith("/audit-log")


async def test_silence_and_no_access_are_not_well():
    board = rollouts.failing_init()
    row = boards.well_row("accounts")
    cells = list(row.cells)
    silent = (Silent(key=cells[0].rollouts[0].key),)
    cells[0] = replace(cells[0], mark=Mark.UNKNOWN, level=Level.UNKNOWN, reason="Stale", silent=silent)
    app = desk(replace(board, rows=(replace(row, cells=tuple(cells), rank=(0,)),)))
    async with app.run_test(size=WIDE) as pilot:
        await list_stage(pilot)
        assert lines(app)[3].split()[:7] == ["?", "accounts", "Deployment", "accounts", "1.0.0", "2/2", "Stale"]
        cells[0] = replace(cells[0], mark=Mark.NO_ACCESS, rollouts=(), silent=())
        app.hand.give(replace(board, rows=(replace(row, cells=tuple(cells)),), change=2))
        await until(pilot, lambda: "No access: what runs in testing may not be read." in text(app))


def put_out(evicted):
    return {"evicted": evicted, "evicted_from": (("n-1", 1), *((("n-2", 1),) if evicted > 1 else ()))}


def test_evicted_pods_are_told_by_node_and_namespace():
    def one(namespace, *nodes):
        number = sum(count for _, count in nodes)
        return replace(boards.rollout("orders", namespace, "1"), evicted=number, evicted_from=nodes)

    many = tuple((f"n-{number}", 1) for number in range(6))
    assert evicted_words([one("a")]) == ""
    assert evicted_words([one("a", ("", 1))]) == "1 evicted pod left lying about"
    told = "8 evicted pods left lying about: 3 by n-5, 1 by n-0, 1 by n-1, 1 by n-2, 2 by 2 more nodes"
    assert evicted_words([one("a", *many), one("a", ("n-5", 2))]) == told
    assert evicted_by_namespace([one("a", ("n", 1)), one("b"), one("c", ("m", 2))]) == (
        "eu/a: 1 evicted pod left lying about: 1 by n",
        "eu/c: 2 evicted pods left lying about: 2 by m",
    )


async def test_evicted_pods_are_counted_above_the_workloads():
    board = boards.calm(2)
    rows = []
    for row, evicted in zip(board.rows, (2, 1), strict=True):
        cells = [
            cell and replace(cell, rollouts=tuple(replace(one, **put_out(evicted)) for one in cell.rollouts))
            for cell in row.cells
        ]
        rows.append(replace(row, cells=tuple(cells)))
    app = desk(board)
    async with app.run_test(size=WIDE) as pilot:
        await list_stage(pilot)
        assert "evicted" not in text(app)
        app.hand.give(replace(board, rows=tuple(rows), change=2))
        await until(pilot, lambda: "3 evicted pods left lying about: 2 by n-1, 1 by n-2" in lines(app)[3])


async def test_two_thousand_workloads_scroll_and_tick_at_little_cost():
    app = desk(boards.many(2000))
    async with app.run_test(size=WIDE) as pilot:
        await list_stage(pilot)
        drawn = app.screen.list._drawn
        assert len(drawn) < 60, "only what is in sight is drawn"
        await pilot.press("end")
        await until(pilot, lambda: "app-998" in text(app))
        assert "WORKLOAD" in lines(app)[2]
        app.hand_clock.ms += 60_000
        await until(pilot, lambda: "09:43:10" in lines(app)[0])
        assert len(drawn) < 120


async def test_mouse_opens_with_a_double_click():
    app = desk(rollouts.failing_init(), readings=rollouts.READINGS)
    async with app.run_test(size=WIDE) as pilot:
        await list_stage(pilot)
        assert await pilot.click("#workloads", offset=(5, 3))
        assert app.screen.list.cursor.endswith("/accounts")
        assert await pilot.double_click("#workloads", offset=(5, 2))
        await until(pilot, lambda: isinstance(app.screen, RolloutScreen))
        assert app.screen.view.key == rollouts.ORDERS


@pytest.mark.parametrize("size", [(200, 60), (80, 24), (30, 8)])
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_hostile_text_is_drawn_as_it_is(size, ascii_only):
    board, readings = rollouts.hostile()
    app = desk(board, readings=readings, ascii_only=ascii_only)
    async with app.run_test(size=size) as pilot:
        await pilot.press("w")
        await until(pilot, lambda: "[/x]" in text(app))
        for key in ("down", "T", "exclamation_mark", "v", "escape", "slash", "left_square_bracket", "escape", "end"):
            await pilot.press(key)
            await pilot.pause()
            lines(app)
        assert app.is_running and app.return_code is None
