"""An update that is held back, in the preview and on the rollout screen: what runs, what is asked for, and why."""

import datetime

import pytest
from msgspec.structs import replace

from screens.detail_text import CellTold, Scribe
from screens.ink import make_ink
from screens.pen import Pen
from screens.rollout_head import draw_head
from statusdesk.held import held_words
from statusdesk.rollout_view import RolloutView, on_board
from statusdesk.states import Level
from tests.screens import boards, rollouts

WELL = {"level": Level.OK, "message": "3 of 3 pods ready", "desired": 3, "ready": 3, "pod": "", "cause": ""}
HELD = WELL | {"version": "2.0.0", "held_by": "OnDelete", "held_version": "1.9.0", "held_since_ms": boards.NOW - 9}


def board_with(**changes):
    board = rollouts.failing_init()
    row = next(row for row in board.rows if row.app == "orders")
    cell = next(cell for cell in row.cells if cell and any(each.key == rollouts.ORDERS for each in cell.rollouts))
    state = replace(next(each for each in cell.rollouts if each.key == rollouts.ORDERS), **changes)
    held = replace(cell, level=Level.OK, version=state.runs, rollouts=(state,), notes=(held_words(state),))
    row = replace(row, cells=tuple(held if each is cell else each for each in row.cells))
    return row, held, replace(board, rows=(row,))


@pytest.mark.parametrize(
    ("updated", "words"),
    [(0, "1.9.0 2.0.0 is asked for, held back by OnDelete"), (1, "2.0.0 in 1 of 3 pods, 1.9.0 held")],
)
def test_the_preview_says_it_beside_the_version(updated, words):
    row, cell, _ = board_with(**HELD, updated=updated)
    scribe = Scribe(make_ink({}, True), False, datetime.UTC, boards.NOW)
    told = " ".join(scribe.write(row, cell, cell.stage, CellTold(read=True)).plain.split())
    assert f"version {words}" in told and f"note {cell.notes[0]}" in told


def test_the_rollout_screen_leads_from_what_runs_to_what_is_asked_for():
    _, _, board = board_with(**HELD, updated=0, previous_version="1.8.0")
    view = on_board(RolloutView(key=rollouts.ORDERS, app="orders"), board)
    pen = Pen(ink=make_ink({}, True), ascii=False, zone=datetime.UTC, now_ms=boards.NOW, width=120)
    told = " ".join(strip.text for strip in draw_head(view, pen))
    assert "1.9.0 \u21e2 2.0.0" in told and view.notes == ()
