"""The picture of sources that fall silent, fail, or may not be read: what is known of their cells then."""

import json

import msgspec

from statusdesk.alerts_view import Outlook
from statusdesk.board import Mark
from statusdesk.cli.board_json import board_json
from statusdesk.config import (
    ClusterSettings,
    StageSettings,
)
from statusdesk.rollout_view import effective_level
from statusdesk.states import (
    Changes,
    Level,
)
from tests.pictures import MINUTE, NOW, SOURCES, STAGES, build, config, everywhere, picture, rollout, rows, source


def test_silence_makes_unknown_and_an_answer_makes_it_known_again() -> None:
    made = picture(*everywhere("web", level=Level.FAILING))
    assert rows(made.board(NOW + 120_000))["web"].mark is Mark.FAILING
    row = rows(made.board(NOW + 120_001))["web"]
    assert row.mark is Mark.UNKNOWN
    assert [(c.level, c.last_level, c.since_ms) for c in row.cells if c] == [(Level.UNKNOWN, Level.FAILING, NOW)] * 3
    made.apply(Changes(change=2, sources=(source("kubernetes/eu", NOW + 130_000),)))
    assert rows(made.board(NOW + 131_000))["web"].mark is Mark.FAILING


def test_a_failing_source_is_shown_at_once_and_its_cells_age() -> None:
    made = picture(*everywhere("web"))
    down = source("kubernetes/eu", NOW, Level.FAILING, reason="Unreachable", message="it cannot be reached")
    made.apply(Changes(change=2, sources=(down,)))
    early = made.board(NOW + 60_000)
    view = next(view for view in early.sources if view.state.source == "kubernetes/eu")
    assert (view.level, view.words, view.age_ms) == (Level.FAILING, "it cannot be reached", 60_000)
    assert rows(early)["web"].mark is Mark.OK
    assert not early.all_well
    assert rows(made.board(NOW + 121_000))["web"].mark is Mark.UNKNOWN


def test_only_what_is_silent_is_drawn_anew() -> None:
    settings = config(clusters=(ClusterSettings(name="eu"), ClusterSettings(name="us")))
    seen = (*everywhere("web"), *(rollout("mail", stage, cluster="us") for stage in STAGES))
    made = picture(*seen, settings=settings, sources=(*SOURCES, source("kubernetes/us", NOW + MINUTE)))
    before = rows(made.board(NOW + MINUTE))
    after = rows(made.board(NOW + 2 * MINUTE + 1))
    assert after["mail"] is before["mail"]
    assert after["web"].mark is Mark.UNKNOWN
    assert after["mail"].mark is Mark.OK


def test_no_answer_ever_is_never_well() -> None:
    board = picture(*everywhere("web"), sources=()).board(NOW)
    assert rows(board)["web"].mark is Mark.UNKNOWN
    assert not board.all_well
    assert [(view.state.source, view.level, view.age_ms) for view in board.sources] == [
        ("jenkins", Level.UNKNOWN, None),
        ("kubernetes/eu", Level.UNKNOWN, None),
        ("vault", Level.UNKNOWN, None),
    ]
    assert board.data_age_ms is None


def test_closed_namespaces_say_so() -> None:
    closed = source("kubernetes/eu", None, Level.UNKNOWN, scope="production", reason="NoAccess")
    board = picture(rollout("web", "testing"), sources=(*SOURCES, closed)).board(NOW)
    cells = rows(board)["web"].cells
    assert [cell.mark for cell in cells if cell] == [Mark.OK, Mark.ABSENT, Mark.NO_ACCESS]
    assert [view.state.scope for view in board.sources] == ["", "", "production", ""]


def test_rights_that_are_taken_away_make_what_was_seen_unknown() -> None:
    made = picture(*everywhere("web"))
    made.board(NOW)
    closed = source("kubernetes/eu", NOW - 200_000, Level.UNKNOWN, scope="production", reason="NoAccess")
    made.apply(Changes(change=2, sources=(closed,)))
    cells = rows(made.board(NOW))["web"].cells
    assert [cell.level for cell in cells if cell] == [Level.OK, Level.OK, Level.UNKNOWN]


def test_a_namespace_that_may_not_be_read_any_more_says_so_at_once_with_what_was_known() -> None:
    made = picture(*everywhere("web"))
    made.board(NOW)
    closed = source("kubernetes/eu", NOW - 1000, Level.UNKNOWN, scope="production", reason="NoAccess")
    made.apply(Changes(change=2, sources=(closed,)))
    row = rows(made.board(NOW))["web"]
    cell = row.cells[2]
    assert cell is not None and (cell.mark, cell.reason, cell.version) == (Mark.NO_ACCESS, "NoAccess", "1.0")
    assert (cell.since_ms, cell.message) == (NOW - 1000, "no access to eu/production, last known: ok")
    assert (row.mark, row.message) == (Mark.NO_ACCESS, f"production: {cell.message}")
    lost = msgspec.structs.replace(closed, reason="Timeout", change=3)
    made.apply(Changes(change=3, sources=(lost,)))
    assert [cell.mark for cell in rows(made.board(NOW + 130_000))["web"].cells[2:] if cell] == [Mark.UNKNOWN]
    made.apply(Changes(change=4, sources=(source("kubernetes/eu", NOW, scope="production"),)))
    assert rows(made.board(NOW))["web"].mark is Mark.OK


def test_a_stage_in_a_cluster_never_heard_of_is_unknown_not_absent() -> None:
    stages = (
        StageSettings(name="staging", namespaces=("staging",), clusters=("eu",)),
        StageSettings(name="production", namespaces=("production",), clusters=("us",)),
    )
    settings = config(stages=stages, clusters=(ClusterSettings(name="eu"), ClusterSettings(name="us")))
    cells = rows(picture(rollout("web", "staging"), settings=settings).board(NOW))["web"].cells
    assert [cell.mark for cell in cells if cell] == [Mark.OK, Mark.UNKNOWN]


def test_a_part_that_fails_for_the_reason_of_its_whole_source_is_told_by_that() -> None:
    part = msgspec.structs.replace(
        source("vault", NOW, Level.FAILING, reason="Forbidden", message="token orders: (403)"),
        key="vault#orders",
        scope="orders",
    )
    made = picture(*everywhere("web"), sources=(*SOURCES, part))

    def told() -> list[tuple[str, str]]:
        views = made.board(NOW).sources
        return [(each.state.scope, each.state.reason) for each in views if each.state.source == "vault"]

    assert told()[-1] == ("orders", "Forbidden")
    made.apply(Changes(change=2, sources=(source("vault", NOW, Level.FAILING, reason="Sealed", message="sealed"),)))
    assert told() == [("", "Sealed"), ("orders", "Forbidden")]
    made.apply(Changes(change=3, sources=(source("vault", NOW, Level.FAILING, reason="Forbidden", message="all"),)))
    assert told() == [("", "Forbidden")]
    made.apply(Changes(change=4, sources=(source("vault", NOW),)))
    assert told()[-1] == ("orders", "Forbidden"), "the others are let in again"


def test_that_a_cluster_is_unchanged_waits_until_it_was_heard_and_is_not_said_while_it_is_silent() -> None:
    """A watch that is open and still proves nothing: what came of the build may be on its way."""
    green = build("web", "staging", number=8, version="2.0", started_ms=NOW - MINUTE, duration_ms=MINUTE)
    said = "staging: deploy-web #8 is green for 2.0, cluster unchanged at 1.0"
    made = picture(*everywhere("web"), builds=(green,), sources=(source("kubernetes/eu", NOW, heard_ms=NOW),))

    def message(at_ms: int, last_ok_ms: int, heard_ms: int, level: Level = Level.OK) -> str:
        state = source("kubernetes/eu", last_ok_ms, level, live=level is Level.OK, heard_ms=heard_ms)
        made.apply(Changes(change=at_ms, sources=(state,)))
        return rows(made.board(at_ms))["web"].message

    assert message(NOW + 65_000, NOW + 65_000, NOW + 59_999) == ""
    assert message(NOW + 66_000, NOW + 66_000, NOW + 60_000) == said
    assert message(NOW + 90_000, NOW + 70_000, NOW + 60_000, Level.FAILING) == said, "so it was when it was read"
    assert "unchanged" not in message(NOW + 5 * MINUTE, NOW + 70_000, NOW + 60_000, Level.FAILING)
    assert message(NOW + 6 * MINUTE, NOW + 6 * MINUTE, NOW + 6 * MINUTE) == said


def test_a_deploy_that_ran_during_an_outage_is_told_by_what_is_read_after_it() -> None:
    green = build("web", "staging", number=8, version="2.0", started_ms=NOW + 3 * MINUTE, duration_ms=MINUTE)
    made = picture(*everywhere("web"), builds=(green,), sources=(source("kubernetes/eu", NOW, Level.FAILING),))
    for minutes in range(5, 9):
        row = rows(made.board(NOW + minutes * MINUTE))["web"]
        assert (row.mark, "unchanged" in row.words) == (Mark.UNKNOWN, False)
    back_ms = NOW + 9 * MINUTE
    back = source("kubernetes/eu", back_ms, live=True, heard_ms=NOW)  # open again, and nothing has come yet
    made.apply(Changes(change=2, sources=(back,)))
    assert rows(made.board(back_ms))["web"].words == ""
    came = rollout("web", "staging", version="2.0", started_ms=NOW + 4 * MINUTE, build_job="deploy-web", build_number=8)
    told = source("kubernetes/eu", back_ms + 1_000, live=True, heard_ms=back_ms)
    made.apply(Changes(change=3, rollouts=(came,), sources=(told,)))
    assert "unchanged" not in rows(made.board(back_ms + 1_000))["web"].words


def test_what_is_silent_beside_what_fails_is_told_of_each_workload() -> None:
    """The worst of a cell may be heard while another of it is not: that one is not well for it."""
    settings = config(clusters=(ClusterSettings(name="eu"), ClusterSettings(name="us")))
    seen = (rollout("web", "staging", level=Level.FAILING), rollout("web", "staging", cluster="us"))
    made = picture(
        *seen, settings=settings, sources=(source("kubernetes/eu"), source("kubernetes/us", NOW - 5 * MINUTE))
    )
    board = made.board(NOW)
    cell = rows(board)["web"].cells[1]
    assert cell is not None and cell.mark is Mark.FAILING
    assert [(r.cluster, effective_level(cell, r)) for r in cell.rollouts] == [
        ("eu", Level.FAILING),
        ("us", Level.UNKNOWN),
    ]
    assert [(each.known_ms, each.closed) for each in cell.silent] == [(NOW - 5 * MINUTE, False)]
    [stage] = [
        one
        for one in json.loads(board_json(board, Outlook(settings)))["apps"][0]["stages"]
        if one["stage"] == "staging"
    ]
    told = [(one["cluster"], one["level"], one["last_level"]) for one in stage["rollouts"]]
    assert told == [("eu", "failing", "failing"), ("us", "unknown", "ok")]
