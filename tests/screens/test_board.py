"""The board as a person uses it: what is on the screen, and what keys and the mouse do."""

import gc
import threading

import msgspec
import pytest
from textual.events import MouseScrollDown

from screens.board import BoardScreen
from screens.copying import CopyScreen
from screens.goto import GoTo
from screens.rollout import RolloutScreen
from statusdesk.board import Counts
from statusdesk.states import Level
from tests.screens import boards
from tests.screens.desk import desk, lines, shown, text, until

WIDE = (120, 30)


def line_of(app, word):
    found = [line for line in lines(app) if word in line]
    assert found, text(app)
    return found[0]


def pane(app):
    return str(app.screen.query_one("#detail-text").visual)


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
        assert "enter look   d preview" in screen[-1] and "? help" in screen[-1]


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
        await until(pilot, lambda: "by name" in lines(app)[0])
        assert matrix.selected[0].app == "orders"
        await pilot.press("up", "down")
        app.hand.give(boards.board([boards.orders(), row_of_rank((0, 0))]))
        await until(pilot, lambda: len(matrix.rows) == 2)
        assert (matrix.selected[0].app, matrix.selected_stage) == ("orders", "staging")


def row_of_rank(rank):
    return msgspec.structs.replace(boards.customers(), rank=rank)


async def test_keys_move_the_cursor():
    app = desk(boards.bad_rollout())
    async with app.run_test(size=WIDE) as pilot:
        matrix = app.screen.matrix
        await pilot.press("end")
        assert matrix.selected[0].app == "stock"
        await pilot.press("home", "j", "left")
        assert (matrix.selected[0].app, matrix.selected_stage) == ("customers", "testing")
        await pilot.press("k", "right", "right", "right", "right", "right", "right")
        assert (matrix.selected[0].app, matrix.selected_stage) == ("orders", "production")
        await pilot.press("pagedown")
        assert matrix.row_index > 5
        await pilot.press("pageup")
        assert matrix.row_index == 0


async def test_mouse():
    app = desk(boards.bad_rollout())
    async with app.run_test(size=WIDE) as pilot:
        matrix = app.screen.matrix
        column = lines(app)[2].index("audit")
        assert await pilot.click("#matrix", offset=(column + 2, 3))
        assert (matrix.selected[0].app, matrix.selected_stage) == ("customers", "audit")
        assert await pilot.click("#matrix", offset=(column + 2, 2))
        assert matrix.selected[0].app == "orders", "the reason line belongs to its row"
        assert await pilot.double_click("#matrix", offset=(column + 2, 3))
        await until(pilot, lambda: isinstance(app.screen, RolloutScreen))
        await pilot.press("escape", "d")
        await until(pilot, lambda: isinstance(app.screen, BoardScreen) and app.screen.matter.is_open)
        before = matrix.scroll_offset.y
        matrix.post_message(MouseScrollDown(matrix, 5, 5, 0, 1, 0, False, False, False))
        await until(pilot, lambda: matrix.scroll_offset.y > before)


async def test_footer_keys_can_be_clicked():
    app = desk(boards.bad_rollout())
    async with app.run_test(size=WIDE) as pilot:
        x = lines(app)[-1].index("! not well")
        await pilot.click("#footer", offset=(x, 0))
        await until(pilot, lambda: "21 more, all well" in text(app))


async def test_only_what_is_not_well():
    app = desk(boards.bad_rollout())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: "\u2026 21 more, all well" in text(app))
        assert "accounts" not in text(app) and "orders" in text(app)
        assert "only not well" in lines(app)[0]
        await pilot.press("escape")
        await until(pilot, lambda: "accounts" in text(app))


async def test_filter():
    app = desk(boards.bad_rollout())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("slash", *"cat")
        await until(pilot, lambda: "more, filtered out" in text(app))
        assert "catalogue" in text(app) and "billing" not in text(app)
        await pilot.press("enter", "down")
        assert app.screen.matrix.selected[0].app == "catalogue"
        await pilot.press("slash", *"x")
        await until(pilot, lambda: "Nothing matches /catx" in text(app))
        await pilot.press("escape")
        await until(pilot, lambda: "billing" in text(app))
        assert not app.screen.query("#filter")


async def test_order_and_times():
    app = desk(boards.bad_rollout(), apps=("stock", "web"))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("o")
        await until(pilot, lambda: "by name" in lines(app)[0])
        names = [row.app for row in app.screen.matrix.rows[:3]]
        assert names == ["stock", "web", "accounts"]
        await pilot.press("o", "T")
        await until(pilot, lambda: "09:38" in text(app))
        assert "13 Nov" in line_of(app, "\u203c orders")


async def test_detail_reads_pods_on_a_thread():
    app = desk(boards.bad_rollout())
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("d")
        await until(pilot, lambda: "Init:CrashLoopBackOff" in text(app))
        screen = text(app)
        for words in (
            "failing InitCrashLoop for 4m",
            "logs of init container vault-agent",
            "was 1.4.2",
            "deploy-orders #412 SUCCESS 5m ago",
            "4 restarts",
            "new pods ready, 1 of the old",
            "old revision",
            "Sat 22 Nov 09:38:10 UTC",
            "1.4.2  ok",
        ):
            assert words in screen, words
        assert app.hand.asked == [("eu/staging/Deployment/orders", False)]
        await pilot.press("right")
        await until(pilot, lambda: ("eu/performance/Deployment/orders", False) in app.hand.asked)
        await until(pilot, lambda: "performance" in pane(app))
        await pilot.press("escape")
        await until(pilot, lambda: not app.screen.matter.is_open)


async def test_detail_says_when_the_feed_cannot_tell():
    app = desk(boards.bad_rollout())
    async with app.run_test(size=(80, 24)) as pilot:

        def refuse(key):
            from statusdesk.board_feed import FeedError

            raise FeedError("the store is of a newer statusdesk")

        app.hand.pods = refuse
        await pilot.press("d")
        await until(
            pilot, lambda: "the store is of a newer statusdesk" in str(app.screen.query_one("#detail-text").visual)
        )


async def test_go_to():
    app = desk(boards.bad_rollout())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("exclamation_mark", "colon")
        await until(pilot, lambda: isinstance(app.screen, GoTo))
        await pilot.press(*"prod/pri")
        await until(pilot, lambda: "production/pricing" in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, BoardScreen))
        matrix = app.screen.matrix
        assert (matrix.selected[0].app, matrix.selected_stage) == ("pricing", "production")
        await pilot.press("colon", "escape")
        await until(pilot, lambda: isinstance(app.screen, BoardScreen))
        assert matrix.selected[0].app == "pricing"


async def test_copy_shows_what_it_copies():
    app = desk(boards.bad_rollout())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, CopyScreen) and "403" in text(app))
        assert app.clipboard.startswith("orders  staging\n\u2717 failing InitCrashLoop for 4m\n")
        assert "reading" not in app.clipboard and "PODS" not in app.clipboard
        await pilot.press("escape", "d")
        await until(pilot, lambda: app.screen.matter.known(("orders", "staging")) is not None)
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, CopyScreen))
        assert "Init:CrashLoopBackOff" in app.clipboard


async def test_as_of_a_time_and_back():
    past = msgspec.structs.replace(boards.calm(), at_ms=boards.NOW - boards.HOUR)
    app = desk(boards.bad_rollout(), past=past)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("t", *"never", "enter")
        await until(pilot, lambda: "not a time" in text(app))
        await pilot.press(*["backspace"] * 5, *"1h", "enter")
        await until(pilot, lambda: "as of Sat 22 Nov 08:42:10 UTC" in lines(app)[0])
        assert app.hand.asked == [(boards.NOW - boards.HOUR, False)]
        assert "orders" not in text(app) and "09:42:10 UTC" in lines(app)[0]
        app.hand.give(boards.bad_rollout())
        await until(pilot, lambda: not app.hand.boards)
        assert "as of" in lines(app)[0], "the past does not move"
        await pilot.press("space")
        await until(pilot, lambda: app.screen.matter.is_open and "BEFORE" in pane(app))
        assert "PODS" not in pane(app) and len(app.hand.asked) == 1, "pods are kept as they are now only"
        await pilot.press("escape")
        await pilot.press("escape")
        await until(pilot, lambda: "\u203c orders" in text(app))
        assert "as of Sat" not in text(app)


async def test_as_of_what_is_not_known():
    app = desk(boards.bad_rollout())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("t", *"9d", "enter")
        await until(pilot, lambda: any("does not go back" in note.message for note in app._notifications))
        assert "orders" in text(app)


async def test_help_tells_of_every_key():
    app = desk(boards.bad_rollout())
    async with app.run_test(size=(120, 60)) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: "Show only what is not well" in text(app))
        shown = str(app.screen.query_one("#help-keys").visual)
        for binding in BoardScreen.BINDINGS:
            assert binding.tooltip in shown
            assert binding.id and binding.description
        assert "on its way" in str(app.screen.query_one("#help-signs").visual)
        assert "d space" in shown and "`d` or space previews" in BoardScreen.HELP
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, BoardScreen))


async def test_palette_goes_to_an_application_and_runs_keys():
    app = desk(boards.bad_rollout())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("ctrl+p")
        await pilot.press(*"go to shipping")
        await until(pilot, lambda: "Go to shipping" in text(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, BoardScreen))
        await until(pilot, lambda: app.screen.matrix.selected[0].app == "shipping")
        await pilot.press("ctrl+p", *"not well")
        await until(pilot, lambda: "Show only what is not well" in text(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, BoardScreen) and app.screen.lens.only_bad)


async def test_keymap_moves_keys_and_tells_of_unknown_ids():
    app = desk(boards.bad_rollout(), keymap=(("board.only_bad", "x"), ("board.ordr", "z")))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        assert "x not well" in lines(app)[-1]
        await pilot.press("exclamation_mark")
        await pilot.pause()
        assert "accounts" in text(app)
        await pilot.press("x")
        await until(pilot, lambda: "21 more, all well" in text(app))
        assert any("'board.ordr'; did you mean 'board.order'" in note.message for note in app._notifications)


async def test_an_unknown_theme_is_told_and_aliases_work():
    app = desk(boards.calm(), theme="statusdsk")
    async with app.run_test(size=WIDE):
        assert app.theme == "statusdesk"
        assert any("'statusdsk' is not known" in note.message for note in app._notifications)
    assert desk(boards.calm(), theme="mono").theme == "statusdesk-mono"


async def test_a_theme_chosen_later_repaints_all():
    app = desk(boards.bad_rollout())
    async with app.run_test(size=WIDE) as pilot:
        before = app.screen.matrix.render_line(1)
        app.theme = "statusdesk-light"
        await until(pilot, lambda: app.screen.matrix.render_line(1) != before)
        assert app.screen.matrix.render_line(1).text == before.text


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (50, 20)])
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_hostile_text_is_drawn_as_it_is(size, ascii_only):
    app = desk(boards.hostile(), ascii_only=ascii_only)
    async with app.run_test(size=size) as pilot:
        assert "[/x]" in text(app)
        for key in ("d", "down", "down", "y", "escape", "b", "escape", "slash", "left_square_bracket", "escape"):
            await pilot.press(key)
            await pilot.pause()
        await pilot.press("colon", "escape", "question_mark", "escape", "ctrl+p", *"[/x]")
        await until(pilot, lambda: "[/x]" in text(app))
        await pilot.press("escape")
        assert app.is_running and app.return_code is None


async def test_wide_names_keep_columns_aligned():
    board = boards.board([boards.well_row(name) for name in ("\u6c34\u6e90\u7ba1\u7406", "\U0001f525fire", "plain")])
    async with desk(board).run_test(size=WIDE) as pilot:
        from rich.cells import cell_len

        places = {cell_len(line[: line.index("\u2713")]) for line in lines(pilot.app) if "1.0.0" in line}
        assert len(places) == 1


@pytest.mark.parametrize("board", [boards.bad_rollout(), boards.calm()], ids=["bad_rollout", "calm"])
async def test_ascii_mode_draws_only_ascii(board):
    app = desk(board, glyphs="ascii")
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("exclamation_mark", "d")
        await pilot.pause()
        assert text(app).isascii(), [c for c in text(app) if not c.isascii()]
        for key in ("colon", "question_mark", "t", *("y" if app.screen.matrix.selected else "")):
            await pilot.press(key)
            await until(pilot, lambda: not isinstance(app.screen, BoardScreen))
            await pilot.pause()
            assert text(app).isascii(), [c for c in text(app) if not c.isascii()]
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, BoardScreen))


async def test_resizing_through_all_layouts():
    app = desk(boards.bad_rollout())
    async with app.run_test(size=(80, 24)) as pilot:
        assert "LAST BUILD" not in text(app) and "performance" in lines(app)[2]
        await pilot.resize_terminal(200, 60)
        await until(pilot, lambda: "LAST BUILD" in text(app))
        assert "stock" in text(app)
        await pilot.resize_terminal(50, 20)
        await until(pilot, lambda: "NOT WELL" in text(app))
        assert "orders" in text(app) and "accounts" not in text(app)
        assert "staging: init container" in text(app)
        await pilot.resize_terminal(12, 4)
        await pilot.pause()
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "performance" in lines(app)[2])


async def test_five_hundred_applications_scroll():
    app = desk(boards.many(500))
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("end")
        await until(pilot, lambda: "app-498" in text(app))
        assert "APPLICATION" in lines(app)[2]
        await pilot.press("pageup", "pageup")
        await until(pilot, lambda: "app-498" not in text(app))
        await pilot.press("home")
        await until(pilot, lambda: lines(app)[3].startswith("\u203c orders"))


async def test_fifty_changed_rows_a_second_keep_the_cursor():
    app = desk(boards.many(500))
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press(*["down"] * 20, "right")
        matrix = app.screen.matrix
        place, offset = (matrix.selected[0].app, matrix.selected_stage), matrix.scroll_offset.y
        rows = list(boards.many(500).rows)
        for step in range(50):
            for index in range(step * 5, step * 5 + 5):
                rows[index + 1] = boards.well_row(rows[index + 1].app, f"2.{step}.0")
            app.hand.give(boards.board(rows, counts=Counts(ok=500)))
            await shown(pilot)
        assert (matrix.selected[0].app, matrix.selected_stage) == place
        assert matrix.scroll_offset.y == offset
        assert "2.3.0" in text(app)


async def test_only_lines_that_differ_are_repainted():
    app = desk(boards.many(100))
    async with app.run_test(size=(140, 40)) as pilot:
        matrix = app.screen.matrix
        painted = []
        real = matrix.refresh

        def refresh(*regions, **options):
            painted.extend(regions or ["all"])
            return real(*regions, **options)

        matrix.refresh = refresh
        board = app.board
        app.hand.give(msgspec.structs.replace(board, at_ms=board.at_ms))
        await shown(pilot)
        assert painted == []
        rows = list(board.rows)
        rows[4] = boards.well_row(rows[4].app, "9.9.9")
        app.hand.give(msgspec.structs.replace(board, rows=tuple(rows)))
        await until(pilot, lambda: "9.9.9" in text(app))
        assert [(region.y, region.height) for region in painted] == [(6, 1)]


async def test_the_board_behind_a_dialog_is_kept():
    app = desk(boards.calm())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: not isinstance(app.screen, BoardScreen))
        app.hand.give(boards.bad_rollout())
        await until(pilot, lambda: not app.hand.boards)
        await pilot.press("escape")
        await until(pilot, lambda: "\u203c orders" in text(app))


async def test_quitting_tells_the_exit_code():
    app = desk(boards.calm())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("q")
    assert app.return_code == 0
    app = desk(boards.calm())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("ctrl+c")
    assert app.return_code == 130


async def test_no_color_leaves_no_colour(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    app = desk(boards.bad_rollout())
    async with app.run_test(size=WIDE):
        strips = app.screen._compositor.render_strips(app.size)
        styles = {segment.style for strip in strips for segment in strip if segment.style}
        assert all(style.color is None or style.color.is_default for style in styles)
        assert all(style.bgcolor is None or style.bgcolor.is_default for style in styles)
        badge = app.screen.matrix.render_line(1)._segments[0]
        assert badge.style.reverse and badge.style.bold


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


async def test_footer_keeps_help_and_quit():
    async with desk(boards.bad_rollout()).run_test(size=(50, 20)) as pilot:
        assert lines(pilot.app)[-1].endswith("? help   q quit")


async def test_the_strip_tells_what_fails_when_no_alert_fires():
    board = msgspec.structs.replace(boards.bad_rollout(), firing=())
    async with desk(board).run_test(size=WIDE) as pilot:
        strip = lines(pilot.app)[-2]
        assert strip.startswith(
            " FAILING  rollout InitCrashLoop staging/orders 4m   rollout ImagePull testing/customers 11m"
        )


async def test_dialogs_stand_in_the_middle():
    async with desk(boards.calm()).run_test(size=WIDE) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: bool(pilot.app.screen.query(".dialog")))
        region = pilot.app.screen.query_one(".dialog").region
        assert abs(region.x - (120 - region.right)) <= 1 and region.width == 72


async def test_why_no_collector_runs_is_on_the_line_of_the_sources():
    problem = "no collector can be started: Read-only file system"
    lost = msgspec.structs.replace(boards.calm(), collector_lost_ms=60_000, collector_problem=problem)
    app = desk(lost)
    async with app.run_test(size=(140, 40)) as pilot:
        await until(pilot, lambda: problem in lines(app)[1])
        assert "collector" in lines(app)[1]
