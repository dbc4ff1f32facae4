"""The board as a person uses it: what is on the screen, and what keys and the mouse do."""

import gc
import threading

import msgspec

from statusdesk.states import Level
from tests.screens import boards
from tests.screens.desk import desk, lines, text, until

WIDE = (120, 30)


def line_of(app, word):
    found = [line for line in lines(app) if word in line]
    assert found, text(app)
    return found[0]


async def test_what_the_eye_finds():
    async with desk(boards.bad_rollout()).run_test(size=WIDE) as pilot:
        screen = lines(pilot.app)
        assert "2 failing" in screen[0] and "1 on its way" in screen[0]
        assert "data 1s" in screen[0] and "09:42:10 UTC" in screen[0]
        assert "kubernetes eu \u2713 live" in screen[1] and "'payments' lapses in 2h 10m" in screen[1]
        assert [word for word in screen[2].split() if word.islower()] == list(boards.STAGES)
        assert screen[3].startswith("\u203c orders")
        assert "staging: init container vault-agent exits 1" in screen[4]
        assert "1/3" in line_of(pilot.app, "billing")
        assert "\u21e31" in screen[3] and "\u2262" in screen[3]
        assert "#412" in screen[3]
        assert "FIRING  critical TokenLapsing payments 2h   warning RolloutFailing staging/orders 4m" in screen[-2]
        assert "NotYet" not in text(pilot.app)
        assert "enter look   l logs   d preview" in screen[-1] and "? help" in screen[-1]


async def test_all_well_is_said_in_words():
    async with desk(boards.calm()).run_test(size=WIDE) as pilot:
        assert "All well: 20 applications, since 08:12 UTC (1h)" in text(pilot.app)
        assert "nothing is failing" in text(pilot.app)


async def test_all_well_is_never_said_while_a_source_fails():
    bad = boards.source("jenkins", Level.FAILING, reason="Empty", words="no jobs: may this user read any?",
                        level_since_ms=boards.NOW - 3 * boards.MINUTE)  # fmt: skip
    board = msgspec.structs.replace(boards.calm(), sources=(bad, *boards.SOURCES[1:]), jobs=0, all_well=False)
    async with desk(board).run_test(size=WIDE) as pilot:
        assert "jenkins \u2717 Empty for 3m: no jobs: may this user read any?" in lines(pilot.app)[1]
        assert "All well" not in text(pilot.app)


async def test_an_empty_board_says_why():
    bad = boards.source("kubernetes/eu", Level.FAILING, reason="Unauthorized", words="the token is refused")
    async with desk(boards.board([], sources=(bad,))).run_test(size=WIDE) as pilot:
        assert "kubernetes/eu: Unauthorized the token is refused" in text(pilot.app)
        pilot.app.hand.give(boards.board([]))
        await until(pilot, lambda: "No application has been found." in text(pilot.app))


async def test_before_the_first_board():
    app = desk()
    async with app.run_test(size=WIDE) as pilot:
        assert "waiting for the first picture" in text(app)
        app.hand.problem = "no data yet: the collector is starting"
        await until(pilot, lambda: app.hand.problem in text(app))
        app.hand.problem = ""
        app.hand.give(boards.bad_rollout())
        await until(pilot, lambda: "orders" in text(app))
        assert "starting" not in text(app)
        assert app.screen.matrix.selected[0].app == "orders"
        assert app.screen.matrix.selected_stage == "staging"


async def test_a_lost_collector_and_an_unreadable_store_are_told():
    app = desk(msgspec.structs.replace(boards.calm(), collector_lost_ms=4_000))
    async with app.run_test(size=WIDE) as pilot:
        assert "collector stopped 4s ago" in lines(app)[0]
        app.hand_clock.ms += 3_000
        await until(pilot, lambda: "collector stopped 7s ago" in lines(app)[0])
        app.hand.problem = "the store is damaged"
        await until(pilot, lambda: "the store is damaged" in lines(app)[0])
        assert "accounts" in text(app)
        app.hand.problem = ""
        app.hand.give(boards.calm())
        await until(pilot, lambda: "data 4s" in lines(app)[0])


PROBLEM = (
    "the collector ended with exit code 3: /srv/team/a/long/way/to/the/state/of/this/desk/statusdesk.db is damaged or "
    "not a store (file is not a database); move it away and start `statusdesk watch` anew"
)


async def test_why_there_is_nothing_to_show_is_told_in_full():
    app = desk()
    app.hand.problem = PROBLEM
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "anew" in text(app))
        assert PROBLEM.replace(" ", "") in "".join(text(app).split())


async def test_what_is_wrong_with_the_collector_has_the_line_for_itself_where_not_all_fits():
    problem = "no collector can be started: /srv/desk: Read-only file system, and much more about it than would fit"
    lost = msgspec.structs.replace(boards.calm(), collector_lost_ms=60_000, collector_problem=problem)
    app = desk(lost)
    async with app.run_test(size=(140, 30)) as pilot:
        await until(pilot, lambda: problem in lines(app)[1])
        assert lines(app)[1].startswith(" collector ") and f"+{len(lost.sources)} more" in lines(app)[1]
    narrow = desk(lost)
    async with narrow.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "no collector can be started: /srv/desk: Read-only" in lines(narrow)[1])
        assert f"+{len(lost.sources)} more" in lines(narrow)[1]


async def test_a_store_that_lets_wait_does_not_stop_the_screen():
    app = desk(boards.calm())
    async with app.run_test(size=WIDE) as pilot:
        asked = len(app.hand.polled_by)
        app.hand.may_answer.clear()
        await until(pilot, lambda: len(app.hand.polled_by) > asked)
        app.hand_clock.ms += 5_000
        await until(pilot, lambda: "09:42:15 UTC" in lines(app)[0])
        await pilot.press("down")
        assert app.screen.matrix.row_index == 1
        waiting = len(app.hand.polled_by)
        app.hand.give(boards.bad_rollout())
        app.hand_clock.ms += 1_000
        await until(pilot, lambda: "09:42:16 UTC" in lines(app)[0])
        assert len(app.hand.polled_by) == waiting, "one question at a time"
        app.hand.may_answer.set()
        await until(pilot, lambda: "\u203c orders" in text(app))
        main = threading.main_thread()
        assert [thread is main for thread in app.hand.polled_by[:2]] == [True, False]


async def test_time_passes_on_the_screen():
    app = desk(boards.bad_rollout())
    async with app.run_test(size=WIDE) as pilot:
        app.hand_clock.ms += 60_000
        await until(pilot, lambda: "09:43:10 UTC" in lines(app)[0])
        assert "data 1m" in lines(app)[0]
        assert "5m" in line_of(app, "\u203c orders")


async def test_the_cursor_stays_on_its_cell_when_rows_move():
    app = desk(boards.bad_rollout())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("down", "down", "down", "left", "left")
        assert (app.screen.matrix.selected[0].app, app.screen.matrix.selected_stage) == ("web", "testing")
        board = boards.bad_rollout()
        moved = [msgspec.structs.replace(row, rank=(0, 0)) if row.app == "web" else row for row in board.rows]
        app.hand.give(msgspec.structs.replace(board, rows=tuple(moved)))
        await until(pilot, lambda: lines(app)[3].startswith("\u00bb web"))
        assert (app.screen.matrix.selected[0].app, app.screen.matrix.selected_stage) == ("web", "testing")
        gone = [row for row in board.rows if row.app != "web"]
        app.hand.give(msgspec.structs.replace(board, rows=tuple(gone)))
        await until(pilot, lambda: "\u00bb web" not in text(app))
        assert app.screen.matrix.selected is not None


async def test_a_cursor_that_nobody_moved_is_on_what_is_worst():
    app = desk(boards.board([]))
    async with app.run_test(size=WIDE) as pilot:
        matrix = app.screen.matrix

        async def shows(rows, place):
            app.hand.give(boards.board(rows))
            await until(pilot, lambda: matrix.rows and (matrix.selected[0].app, matrix.selected_stage) == place)

        well = [boards.well_row(name) for name in boards.NAMES[:3]]
        await shows(well, ("accounts", "testing"))
        await shows([*well, boards.customers()], ("customers", "testing"))
        await shows([*well, boards.customers(), boards.orders()], ("orders", "staging"))
        await pilot.press("o")
        await until(pilot, lambda: "in the configured order" in lines(app)[0])
        assert matrix.selected[0].app == "orders"
        await pilot.press("up", "down")
        app.hand.give(boards.board([boards.orders(), row_of_rank((0, 0))]))
        await until(pilot, lambda: len(matrix.rows) == 2)
        assert (matrix.selected[0].app, matrix.selected_stage) == ("orders", "staging")


def row_of_rank(rank):
    return msgspec.structs.replace(boards.customers(), rank=rank)


async def test_quitting_tells_the_exit_code():
    app = desk(boards.calm())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("q")
    assert app.return_code == 0
    app = desk(boards.calm())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("ctrl+c")
    assert app.return_code == 130


async def test_a_board_of_the_past_says_so_all_the_time():
    app = desk(boards.bad_rollout(), past_only=True)
    async with app.run_test(size=WIDE) as pilot:
        assert "as of Sat 22 Nov 2025 09:42:10 UTC" in lines(app)[0]
        await pilot.press("escape")
        await pilot.pause()
        assert "as of" in lines(app)[0]


async def test_a_start_without_garbage_collection_ends_with_it():
    gc.disable()
    try:
        app = desk(boards.calm())
        async with app.run_test(size=WIDE) as pilot:
            await until(pilot, gc.isenabled)
    finally:
        gc.enable()
        gc.unfreeze()


async def test_what_is_wrong_comes_first_when_sources_do_not_fit():
    async with desk(boards.bad_rollout()).run_test(size=(80, 24)) as pilot:
        assert (
            lines(pilot.app)[1]
            == " vault \u2691 'payments' lapses in 2h 10m    jenkins \u2713    eu \u2713    us \u2713"
        )


async def test_the_strip_tells_what_fails_when_no_alert_fires():
    board = msgspec.structs.replace(boards.bad_rollout(), firing=())
    async with desk(board).run_test(size=WIDE) as pilot:
        strip = lines(pilot.app)[-2]
        assert strip.startswith(
            " FAILING  rollout InitCrashLoop staging/orders 4m   rollout ImagePull testing/customers 11m"
        )


async def test_why_no_collector_runs_is_on_the_line_of_the_sources():
    problem = "no collector can be started: Read-only file system"
    lost = msgspec.structs.replace(boards.calm(), collector_lost_ms=60_000, collector_problem=problem)
    app = desk(lost)
    async with app.run_test(size=(140, 40)) as pilot:
        await until(pilot, lambda: problem in lines(app)[1])
        assert "collector" in lines(app)[1]
