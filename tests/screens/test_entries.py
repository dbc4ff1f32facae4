"""A list of entries: each is drawn as often as it must be."""

import datetime

import pytest
from textual.app import App

from screens.entries import Entry, EntryLines
from screens.ink import make_ink
from screens.pen import Pen
from screens.strips import Line
from tests.screens.boards import NOW

INK = make_ink({}, True)
PEN = Pen(ink=INK, ascii=False, zone=datetime.UTC, now_ms=NOW, width=40)


class Bare(App[None]):
    """A list and nothing beside it."""

    def __init__(self):
        super().__init__()
        self.list = EntryLines(INK, False)
        self.list.styles.height = 4

    def compose(self):
        yield self.list


@pytest.mark.parametrize(("height", "at_once"), [(0, 8), (1, 4)], ids=["unknown height", "known height"])
async def test_an_entry_is_drawn_once_for_each_board_and_each_tick(height, at_once):
    drawn = []

    def entry(number):
        def draw(pen):
            drawn.append(number)
            return [Line().put(f"entry {number}", pen.ink.plain)]

        return Entry(draw, key=str(number), height=height)

    app = Bare()
    async with app.run_test(size=(40, 4)):
        app.list.show_entries([entry(number) for number in range(8)], None, PEN)
        assert sorted(drawn) == list(range(at_once)), "four are in sight"
        assert [app.list.strip_at(y).text.strip() for y in range(4)] == [f"entry {number}" for number in range(4)]
        drawn.clear()
        app.list.tick(PEN)
        assert sorted(drawn) == [0, 1, 2, 3]
