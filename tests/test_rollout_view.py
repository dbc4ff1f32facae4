"""The view of one rollout: what the board says of it, what has gone, what gives no news."""

from msgspec.structs import replace

from statusdesk.board import Silent
from statusdesk.rollout_view import Reading, RolloutView, effective_level, find, in_stage, on_board
from statusdesk.states import Level
from tests.screens import boards, rollouts

READ = Reading(periods=(rollouts.period(rollouts.ORDERS, Level.OK, 1, 2),))


def test_a_rollout_is_found_with_its_stage_siblings_and_other_stages():
    view = on_board(RolloutView(key=rollouts.ORDERS, app="orders", reading=READ), rollouts.failing_init())
    assert (view.app, view.stage, view.level, view.gone) == ("orders", "staging", Level.FAILING, False)
    assert [cell.stage for cell in view.elsewhere] == ["testing", "performance", "audit", "production"]
    assert [sibling.key for sibling in view.siblings] == [rollouts.ORDERS]
    assert view.build.number == 412 and view.tokens == (rollouts.TOKEN,)
    assert view.reading is READ, "what was read stays"


def test_it_is_found_without_knowing_its_app():
    row, cell = find(rollouts.stateful(), rollouts.LEDGER)
    assert (row.app, cell.stage) == ("ledger", "production")
    assert find(rollouts.stateful(), "eu/x/Deployment/y", "ledger") is None


def test_what_has_gone_keeps_its_last_state():
    view = on_board(RolloutView(key=rollouts.ORDERS, app="orders"), rollouts.failing_init())
    gone = on_board(view, rollouts.without_orders())
    assert gone.gone and gone.state == view.state and gone.gone_ms is None
    assert replace(gone, reading=rollouts.gone_reading()).gone_ms == boards.NOW - 2 * boards.MINUTE
    assert not on_board(gone, rollouts.failing_init()).gone


def test_silence_makes_a_rollout_unknown_in_its_cluster_only():
    cell = rollouts.orders_row().cells[1]
    here = cell.rollouts[0]
    silent = replace(cell, silent=(Silent(key=here.key, known_ms=7),))
    assert effective_level(cell, here) is Level.FAILING
    assert effective_level(silent, here) is Level.UNKNOWN
    assert effective_level(silent, replace(here, key="us/staging/Deployment/orders")) is Level.FAILING


def test_all_workloads_of_a_stage():
    found = in_stage(rollouts.stateful(), "production")
    assert [rollout.name for _, rollout in found[:2]] == ["ledger", "ledger-export"]
    assert in_stage(rollouts.stateful(), "nowhere") == ()
