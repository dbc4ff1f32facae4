"""What keys, the mouse and the palette do on the board."""

import msgspec
from textual.events import MouseScrollDown

from screens.board import BoardScreen
from screens.copying import CopyScreen
from screens.goto import GoTo
from screens.rollout import RolloutScreen
from tests.screens import boards
from tests.screens.desk import desk, lines, text, until

WIDE = (120, 30)


def line_of(app, word):
    found = [line for line in lines(app) if word in line]
    assert found, text(app)
    return found[0]


def pane(app):
    return str(app.screen.query_one("#detail-text").visual)


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
        await until(pilot, lambda: "in the configured order" in lines(app)[0])
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
