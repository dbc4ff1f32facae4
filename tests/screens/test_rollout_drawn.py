"""How the rollout screen is drawn: hostile text, sizes, many pods, and only what differs."""

import msgspec
import pytest

from statusdesk.states import Level
from statusdesk.unbuilt import unbuilt
from tests.screens import boards, rollouts
from tests.screens.desk import lines, look, open_rollouts, text, until

pytestmark = pytest.mark.usefixtures("whole_text")
WIDE = (140, 40)


async def test_a_theme_chosen_later_repaints_all():
    app = open_rollouts(rollouts.failing_init())
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        before = app.screen.body.render_line(0)
        app.theme = "statusdesk-light"
        await until(pilot, lambda: app.screen.body.render_line(0) != before)
        assert app.screen.body.render_line(0).text == before.text


async def test_many_pods_are_folded_and_scrolled():
    app = open_rollouts(rollouts.failing_init(), {rollouts.ORDERS: rollouts.many_pods(200)})
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        assert "and 194 more, all ready    [a] all pods" in text(app)
        await pilot.press("a")
        await until(pilot, lambda: "194 more" not in app.screen.text)
        await pilot.press("end")
        await until(pilot, lambda: "CONDITIONS" in text(app))
        assert app.screen.pod.name == "orders-7cc6f9fbf5-00199"
        await pilot.press("home")
        await until(pilot, lambda: "failing 4m" in lines(app)[2])


@pytest.mark.parametrize("size", [(200, 60), (140, 40), (80, 24), (50, 20), (20, 6)])
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_hostile_text_is_drawn_as_it_is(size, ascii_only):
    board, readings = rollouts.hostile()
    app = open_rollouts(board, readings, ascii_only=ascii_only)
    async with app.run_test(size=size) as pilot:
        app.screen.matrix.select(boards.HOSTILE[1], "testing")
        await look(pilot)
        lines(app)
        for key in (
            "down",
            "e",
            "T",
            "y",
            "enter",
            "escape",
            "p",
            "escape",
            "v",
            "escape",
            "b",
            "escape",
            "tab",
            "end",
        ):
            await pilot.press(key)
            await pilot.pause()
            lines(app)
        assert "[/x]" in app.screen.text and "\x1b" not in app.screen.text
        assert app.is_running and app.return_code is None


@pytest.mark.parametrize("size", [WIDE, (80, 24)])
async def test_a_green_build_that_changed_nothing_is_told_as_on_the_board(size):
    fault = "deploy-orders #433 is green for 99.0.0, cluster unchanged at 1.5.0"
    row = rollouts.orders_row(rollouts.orders_state(level=Level.OK, message="", look=""))
    cells = list(row.cells)
    cells[1] = msgspec.structs.replace(cells[1], faults=(fault,), notes=("deploy-orders #434 is green, nothing new",))
    app = open_rollouts(boards.board([msgspec.structs.replace(row, cells=tuple(cells))]))
    async with app.run_test(size=size) as pilot:
        await look(pilot)
        assert f"build: {fault}" in text(app) and "build: deploy-orders #434 is green, nothing new" in text(app)


@pytest.mark.parametrize(
    ("number", "said"),
    [(7, "build env-create #7, perhaps: no other may have made it"), (None, "last build here")],
)
async def test_a_build_of_another_job_is_named_with_a_perhaps_if_it_is_the_only_one(number, said):
    state = rollouts.orders_state(build_rule="namespace", build_number=number, build_job="env-create" if number else "")
    app = open_rollouts(boards.board([rollouts.orders_row(state)]))
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        assert said in text(app) and "without a build" not in text(app)


async def test_an_undo_by_hand_says_what_it_went_back_to():
    state = rollouts.orders_state(build_rule="none", build_number=648, build_job="deploy-web")
    row = rollouts.orders_row(state)
    cells = list(row.cells)
    cells[1] = msgspec.structs.replace(cells[1], notes=(unbuilt(state),))
    app = open_rollouts(boards.board([msgspec.structs.replace(row, cells=tuple(cells))]))
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        assert "changed without a build, back to what deploy-web #648 built" in text(app)
        assert text(app).count("without a build") == 1 and "build deploy-web" not in text(app)


async def test_ascii_draws_only_ascii():
    for board in (rollouts.failing_init(), rollouts.slow(), rollouts.stateful()):
        app = open_rollouts(board, ascii_only=True)
        async with app.run_test(size=WIDE) as pilot:
            await look(pilot)
            assert text(app).isascii(), [c for c in text(app) if not c.isascii()]


async def test_no_color_leaves_no_colour(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    app = open_rollouts(rollouts.failing_init())
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        strips = app.screen._compositor.render_strips(app.size)
        styles = {segment.style for strip in strips for segment in strip if segment.style}
        assert all(style.color is None or style.color.is_default for style in styles)
        assert all(style.bgcolor is None or style.bgcolor.is_default for style in styles)


async def test_only_lines_that_differ_are_repainted():
    app = open_rollouts(rollouts.slow())
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        body, painted = app.screen.body, []
        real = body.refresh

        def refresh(*regions, **options):
            painted.extend(regions or ["all"])
            return real(*regions, **options)

        body.refresh = refresh
        app.hand_clock.ms += 1000
        await until(pilot, lambda: "deadline in 6:49" in text(app))
        assert [(region.y, region.height) for region in painted] == [(0, 1)]


async def test_resizing_moves_the_proof_below():
    app = open_rollouts(rollouts.failing_init())
    async with app.run_test(size=WIDE) as pilot:
        await look(pilot)
        assert any("WHAT HAPPENED" in line and "LAST LINES" in line for line in lines(app))
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "RST" in text(app))
        assert not any("WHAT HAPPENED" in line and "LAST LINES" in line for line in app.screen.text.splitlines())
        assert "CrashLoopBackOff" in text(app)
