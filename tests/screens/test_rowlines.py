"""The lines of the matrix: a version is shown whole, or with dots where it is cut."""

import re

import pytest
from msgspec.structs import replace

from screens.columns import natural_widths, share_out
from screens.ink import make_ink
from screens.rowlines import Drawing, draw_row
from statusdesk.board import Mark
from statusdesk.states import Level, RolloutState
from tests.screens import boards


def drawn(width, version, ready, desired, listed=False):
    cells = [
        boards.cell("loyalty", stage, version, Mark.PROGRESSING, ready=ready, desired=desired)
        for stage in boards.STAGES
    ]
    row = boards.row("loyalty", cells, mark=Mark.WARNING, worst_stage="testing")
    columns = share_out(width, 5, natural_widths([row]), glyph=1, age=4, listed=listed)
    drawing = Drawing(columns, make_ink({}, True), False, boards.STAGES)
    return columns, draw_row(row, ("3m",) * 5, drawing)[0].text


@pytest.mark.parametrize("version", ["1.0.0", "1.2.11", "7.10.12", "1.10.100", "2026.11.23-4"])
@pytest.mark.parametrize(("ready", "desired"), [(0, 2), (3, 12), (10, 120)])
@pytest.mark.parametrize("width", [60, 72, 80, 100, 120, 160])
def test_a_version_and_how_far_it_is_never_run_together_and_neither_is_cut_into_another(width, version, ready, desired):
    columns, line = drawn(width, version, ready, desired)
    for stage in range(columns.first, columns.first + columns.count):
        start = columns.start(stage)
        glyph, shown, *count = line[start : columns.start(stage + 1)].split()
        assert shown == version or re.fullmatch(r".+\u22ef", shown)
        assert count in ([], [f"{ready}/{desired}"])


def test_how_far_a_short_version_is_has_room_at_80_columns():
    assert "1.2.11 0/2" in drawn(80, "1.2.11", 0, 2)[1]
    assert "7.10.12" in drawn(80, "7.10.12", 0, 2)[1]
    assert drawn(100, "7.10.12", 0, 2)[1].split()[3:5] == ["7.10.12", "0/2"]


def held(width, updated, ascii_only=False):
    rollout = RolloutState(
        key="", cluster="eu", namespace="", kind="StatefulSet", name="loyalty", app="loyalty", level=Level.OK,
        version="2.10.1", held_by="OnDelete", held_version="2.9.0", updated=updated, desired=3,
    )  # fmt: skip
    cell = boards.cell("loyalty", "testing", rollout.runs, Mark.HELD)
    row = boards.row("loyalty", [replace(cell, rollouts=(rollout,))] * 5)
    columns = share_out(width, 5, natural_widths([row]), glyph=2 if ascii_only else 1, age=4)
    drawing = Drawing(columns, make_ink({}, True), ascii_only, boards.STAGES)
    line = draw_row(row, ("3m",) * 5, drawing)[0].text
    return {line[columns.start(stage) : columns.start(stage + 1)].rstrip() for stage in range(4)}


def test_an_update_that_is_held_back_shows_what_runs_and_what_is_asked_for_where_there_is_room():
    assert [" ".join(each.split()) for each in held(160, 0)] == ["\u22a3 2.9.0 \u21e22.10.1"]
    assert [" ".join(each.split()) for each in held(160, 0, True)] == ["-| 2.9.0 ->2.10.1"]
    assert held(80, 0) == {"\u22a3 2.9.0"}, "the sign says it, and no half of a version beside it"
    assert [" ".join(each.split()) for each in held(160, 1)] == ["\u22a3 2.10.1 1/3"]
    assert held(80, 1) == {"\u22a3 2.10.1 1/3"}


@pytest.mark.parametrize("width", range(24, 60))
def test_a_narrow_list_cuts_a_version_with_dots(width):
    line = drawn(width, "7.10.12", 0, 2, listed=True)[1]
    found = re.search(r" testing (\S+)", line)
    assert found is None or found[1] == "7.10.12" or found[1].endswith("\u22ef")
