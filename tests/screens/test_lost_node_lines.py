"""Nodes that are lost: one line each above the rows, which then have no second line of their own for it."""

import pytest
from msgspec.structs import replace

from screens.ink import make_ink
from screens.lost_node_lines import draw_lost_node, lines_of
from screens.workloads import WorkloadsScreen
from statusdesk.board import LostNodeSum
from tests.screens import boards
from tests.screens.desk import desk, lines, text, until

LONG = "ip-10-0-34-122.eu-west-1.compute.internal"


def lost(node="n-3", cluster="eu", pods=12, workloads=7):
    return LostNodeSum(cluster=cluster, node=node, since_ms=0, workloads=workloads, pods=pods)


def drawn(lost_nodes, width, ascii_only=False):
    ink, count = make_ink({}, True), lines_of(lost_nodes)
    made = [draw_lost_node(lost_nodes, index, lambda _: "4m", width, ink, ascii_only) for index in range(count)]
    return ["".join(segment.text for segment in line.segments) for line in made]


@pytest.mark.parametrize(
    ("node", "width", "words"),
    [
        ("n-3", 120, "? node n-3 of eu lost for 4m: nothing is known of 12 pods of 7 workloads"),
        ("n-3", 80, "? node n-3 of eu lost for 4m: nothing is known of 12 pods of 7 workloads"),
        (LONG, 80, "? node ip-10-0-3⋯ of eu lost for 4m: nothing is known of 12 pods of 7 workloads"),
        ("n-3", 50, "? node n-3 of eu lost for 4m: 12 pods unknown"),
        ("n-3", 36, "? node n-3 lost: 12 pods unknown"),
    ],
)
def test_the_name_gives_way_before_the_number_does(node, width, words):
    assert drawn([lost(node)], width) == [words]
    assert len(words) < width


def test_more_nodes_than_that_are_counted():
    many = [lost(f"n-{number}", pods=2) for number in range(9)]
    said = drawn(many, 100)
    assert [line.split()[2] for line in said[:3]] == ["n-0", "n-1", "n-2"]
    assert said[3].startswith("? 6 more nodes lost: nothing is known of 12 pods (n-3, n-4, n-5, ")
    assert len(said) == 4 and all(line.isascii() for line in drawn(many, 60, ascii_only=True))


@pytest.mark.parametrize("size", [(80, 24), (140, 40), (50, 20)])
async def test_the_board_says_it_once_and_the_rows_can_be_opened(size):
    app = desk(boards.lost_node("n-3", "n-4"))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "node n-3" in text(app))
        shown = [line.strip() for line in lines(app)]
        assert [line.split(":")[0] for line in shown[3:5]] == [
            "? node n-3 of eu lost for 4m",
            "? node n-4 of eu lost for 4m",
        ]
        assert "nothing is known of pod" not in text(app)
        assert "orders" in shown[5] and "staging: init container" in shown[6], "the worst is still in sight"
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: len(app.screen.matrix.rows) < 20)
        assert sum(line.startswith("? app-") for line in map(str.strip, lines(app))) > 1
        assert text(app).count("node n-") == 2
        await pilot.press("slash", *"n-4")
        found = [f"app-{number}" for number in range(6)]  # what is unknown because of a node is found by its name
        await until(pilot, lambda: [row.app for row in app.screen.matrix.rows] == found)
        await pilot.press("enter")
        app.screen.matrix.select("app-0", "staging")
        await pilot.press("enter")
        await until(pilot, lambda: "nothing is known of pod app-0-x" in " ".join(text(app).split()))


async def test_a_line_that_comes_or_goes_moves_no_cursor():
    app = desk(boards.lost_node("n-3"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "node n-3" in text(app))
        await pilot.press("down", "down")
        name = app.screen.matrix.selected[0].app
        app.hand.give(replace(boards.lost_node(), change=2))
        await until(pilot, lambda: "node n-3" not in text(app))
        assert app.screen.matrix.selected[0].app == name


@pytest.mark.parametrize("only_bad", [False, True])
async def test_the_workloads_of_a_stage_say_it_once(only_bad):
    app = desk(boards.lost_node("n-3", pods=2))
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.open_stage("staging")
        await until(pilot, lambda: isinstance(app.screen, WorkloadsScreen) and "WORKLOAD" in text(app))
        if only_bad:
            await pilot.press("exclamation_mark")
            await until(pilot, lambda: "all well" in text(app))
        assert lines(app)[3].strip() == "? node n-3 of eu lost for 4m: nothing is known of 12 pods of 6 workloads"
        assert "nothing is known of pod" not in text(app) and text(app).count("? app-") == 6
        await pilot.press("left")
        await until(pilot, lambda: app.screen.stage == "testing")
        assert "n-3" not in text(app)
