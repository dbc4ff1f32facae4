"""The parts of the screens that need no screen: widths, filters, moments, places to go to."""

import datetime
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len

from screens.columns import LIST_BELOW, natural_widths, share_out
from screens.goto import Target, targets
from screens.lens import Lens, matches, select
from screens.moments import parse_moment
from screens.rowlines import build_mark
from screens.strips import Line, fit
from statusdesk.board import Mark
from statusdesk.text import stamp
from tests.screens import boards


@pytest.mark.parametrize("stages", [1, 3, 5, 9, 14])
@pytest.mark.parametrize("glyph", [1, 2])
def test_columns_never_overflow(stages, glyph):
    for width in range(20, 260):
        columns = share_out(width, stages, (32, 16), glyph=glyph, age=4, shown_stage=stages - 1)
        assert columns.build_at + columns.build <= width + columns.gap or columns.listed or columns.count == 1
        if not columns.listed:
            assert columns.first <= stages - 1 < columns.first + columns.count


def test_columns_give_way_in_order():
    """LAST BUILD goes first, then the ages, then versions shrink to seven, then there is a list."""
    widths = range(160, 40, -1)
    plans = [share_out(width, 5, (11, 12), glyph=1, age=4, listed=width < LIST_BELOW) for width in widths]
    builds = [bool(plan.build) for plan in plans]
    ages = [bool(plan.age) for plan in plans]
    listed = [plan.listed for plan in plans]
    assert builds == sorted(builds, reverse=True)
    assert listed == sorted(listed)
    assert builds.index(False) < ages.index(False) < listed.index(True)
    assert {plan.version for plan in plans if not plan.age and not plan.listed} >= {7}
    assert listed.index(True) == 160 - 59


def test_columns_show_the_stage_under_the_cursor_when_not_all_fit():
    columns = share_out(80, 12, (11, 7), glyph=1, age=4, shown_stage=9)
    assert columns.count < 12
    assert columns.first <= 9 < columns.first + columns.count
    assert columns.stage_at(columns.start(9)) == 9
    assert columns.stage_at(0) is None


def test_natural_widths_count_cells_not_characters():
    assert natural_widths([boards.well_row("\u6c34" * 9)])[0] == 18


@pytest.mark.parametrize("text", ["", "orders", "\u6c34\u6e90\u7ba1\u7406", "\U0001f525fire", "e\u0301" * 9, "x" * 300])
@pytest.mark.parametrize("width", [0, 1, 2, 5, 8, 30])
def test_fit_takes_exactly_the_width(text, width):
    assert cell_len(fit(text, width)) == width


def test_a_line_counts_wide_characters_twice():
    line = Line().put("\u6c34", boards_style()).put("ab", boards_style())
    assert line.x == 4
    assert line.strip(10, boards_style()).cell_length == 10


def boards_style():
    from rich.style import Style

    return Style()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("orders", True),
        ("ORD", True),
        ("1.5.0", True),
        ("403 staging", True),
        ("InitCrash", True),
        ("orders web", False),
    ],
)
def test_filter_finds_name_version_and_reason(text, found):
    assert matches(boards.orders(), text) is found


def test_select_puts_the_worst_first_or_the_configured_order():
    board = boards.bad_rollout()
    assert [row.app for row in select(board, Lens(), {}).rows[:3]] == ["orders", "customers", "billing"]
    by_name = select(board, Lens(by_name=True), {"stock": 0, "web": 1})
    assert [row.app for row in by_name.rows[:3]] == ["stock", "web", "accounts"]


def test_select_counts_what_it_leaves_out():
    shown = select(boards.bad_rollout(), Lens(only_bad=True), {})
    assert [row.app for row in shown.rows] == ["orders", "customers", "billing", "web", "mailer"]
    assert (shown.well_hidden, shown.filtered) == (21, 0)
    shown = select(boards.bad_rollout(), Lens(text="orders"), {})
    assert (len(shown.rows), shown.filtered) == (1, 25)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("09:12", "2025-11-22T09:12:00+00:00"),
        ("09:50", "2025-11-21T09:50:00+00:00"),
        ("10m", "2025-11-22T09:32:10+00:00"),
        ("-2h", "2025-11-22T07:42:10+00:00"),
        ("3d ago", "2025-11-19T09:42:10+00:00"),
        ("2025-11-20 09:12", "2025-11-20T09:12:00+00:00"),
        ("2025-11-20T09:12:30Z", "2025-11-20T09:12:30+00:00"),
    ],
)
def test_moments_as_people_type_them(text, iso):
    expected = datetime.datetime.fromisoformat(iso).timestamp() * 1000
    assert parse_moment(text, boards.NOW, datetime.UTC) == expected


def test_moments_are_in_the_zone_of_the_board():
    berlin = ZoneInfo("Europe/Berlin")
    assert boards.NOW - parse_moment("10:00", boards.NOW, berlin) == (42 * 60 + 10) * 1000


@pytest.mark.parametrize("text", ["", "soon", "25:00", "2099-01-01", "[/x]", "9" * 40])
def test_moments_that_are_none(text):
    with pytest.raises(ValueError, match="not a time|still to come"):
        parse_moment(text, boards.NOW, datetime.UTC)


@pytest.mark.parametrize("text", ["9" * 9 + "d", "2025-02-31"])
def test_moments_out_of_range(text):
    with pytest.raises(ValueError, match="not a time"):
        parse_moment(text, boards.NOW, datetime.UTC)


def test_stamps_are_short():
    assert stamp(boards.NOW - 4 * boards.MINUTE, datetime.UTC, boards.NOW) == "09:38"
    assert stamp(boards.NOW - boards.DAY, datetime.UTC, boards.NOW) == "21 Nov"


def test_targets_exact_then_beginning_then_within():
    board = boards.board([boards.well_row(name) for name in ("my-web", "web", "web-admin", "orders")])
    assert [str(target) for target in targets(board, ":web")] == ["web", "web-admin", "my-web"]
    assert targets(board, "test/ord") == [Target("orders", "testing")]
    assert targets(board, "nowhere/orders") == []
    assert [target.stage for target in targets(board, "/orders")] == list(boards.STAGES)


def test_aborted_and_never_built_are_not_failed():
    assert build_mark(boards.build("a", 1, "FAILURE", "x")) is Mark.FAILING
    assert build_mark(boards.build("a", 1, "FAILURE", "x", other_number=2, other_result="ABORTED")) is Mark.ABSENT
    assert build_mark(boards.build("a", 1, "NOT_BUILT", "x")) is Mark.ABSENT
