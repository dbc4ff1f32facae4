"""How the board is drawn: hostile text, sizes, many rows, and only what differs."""

import msgspec
import pytest

from screens.board import BoardScreen
from statusdesk.board import Counts
from tests.screens import boards
from tests.screens.desk import desk, lines, shown, text, until

WIDE = (120, 30)


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


@pytest.mark.parametrize("size", [WIDE, (80, 24)])
async def test_what_is_new_of_a_row_that_is_well_stands_quietly_below_it(size):
    note = "staging: orders changed to 1.4 without a build"
    rows = [msgspec.structs.replace(boards.well_row("orders"), note=note), boards.well_row("web")]
    app = desk(boards.board(rows))
    async with app.run_test(size=size) as pilot:
        first = next(number for number, line in enumerate(lines(app)) if "orders  " in line)
        assert note in lines(app)[first + 1] and lines(app)[first + 2].split()[0] == "web"
        await pilot.press("slash", *"without a build", "enter")
        await until(pilot, lambda: not any(line.split()[:1] == ["web"] for line in lines(app)))
        assert note in text(app)


@pytest.mark.parametrize("width", [80, 60])
async def test_a_narrow_row_keeps_the_cause_of_its_reason(width):
    said = "testing: init container fetch-secrets of pod orders-7c9d8b6f5-x2x4z exited 1 4 times: permission denied"
    message = f"{said}, because token 'orders' is gone \u00b7 next stop staging"
    app = desk(boards.board([msgspec.structs.replace(boards.orders(), message=message)]))
    async with app.run_test(size=(width, 24)):
        reason = next(line for line in lines(app) if "because" in line)
        assert "testing: init contai" in reason and "\u22ef because token" in reason
        assert "is gone" in reason
    app = desk(boards.board([msgspec.structs.replace(boards.orders(), message=message)]))
    async with app.run_test(size=(200, 24)):
        assert message in text(app)


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


async def test_footer_keeps_help_and_quit():
    async with desk(boards.bad_rollout()).run_test(size=(50, 20)) as pilot:
        assert lines(pilot.app)[-1].endswith("? help   q quit")


async def test_dialogs_stand_in_the_middle():
    async with desk(boards.calm()).run_test(size=WIDE) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: bool(pilot.app.screen.query(".dialog")))
        region = pilot.app.screen.query_one(".dialog").region
        assert abs(region.x - (120 - region.right)) <= 1 and region.width == 72
