"""What the board looks like, at a fixed clock: calm and with a bad rollout, small and large, with no colour."""

import pytest

from tests.screens import alerts, boards, jenkins, rollouts
from tests.screens.desk import desk, text, until

SIZES = [(80, 24), (140, 40)]


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "140x40"])
@pytest.mark.parametrize("picture", ["calm", "bad_rollout"])
def test_board(snap_compare, picture, size):
    assert snap_compare(desk(getattr(boards, picture)()), terminal_size=size)


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "140x40"])
def test_board_with_lost_nodes(snap_compare, size):
    assert snap_compare(desk(boards.lost_node("n-3", "n-4")), terminal_size=size)


def test_board_without_colour(snap_compare, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(desk(boards.bad_rollout()), terminal_size=(80, 24))


@pytest.mark.parametrize("theme", ["statusdesk-mono", "statusdesk-colourblind", "statusdesk-light"])
def test_board_in_other_themes(snap_compare, theme):
    assert snap_compare(desk(boards.bad_rollout(), theme=theme), terminal_size=(120, 30))


def test_board_in_ascii(snap_compare):
    assert snap_compare(desk(boards.bad_rollout(), ascii_only=True), terminal_size=(80, 24))


def test_board_below_sixty_columns(snap_compare):
    assert snap_compare(desk(boards.bad_rollout()), terminal_size=(50, 20))


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "140x40"])
def test_detail(snap_compare, size):
    async def settled(pilot):
        await pilot.press("d")
        await until(pilot, lambda: "BEFORE" in str(pilot.app.screen.query_one("#detail-text").visual))
        await pilot.pause()

    assert snap_compare(desk(boards.bad_rollout()), terminal_size=size, run_before=settled)


def test_hostile(snap_compare):
    assert snap_compare(desk(boards.hostile()), terminal_size=(120, 30))


def opened(board, key="enter", **more):
    """Return a desk with a screen over its board, and what waits until that has been read."""

    async def settled(pilot):
        await pilot.press(key)
        await until(pilot, lambda: "WHAT HAPPENED" in text(pilot.app) or "WORKLOAD" in text(pilot.app))
        await pilot.pause()

    return {"app": desk(board, readings=rollouts.READINGS, **more), "run_before": settled}


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "140x40"])
@pytest.mark.parametrize("picture", ["failing_init", "slow", "stateful"])
def test_rollout(snap_compare, picture, size):
    assert snap_compare(**opened(getattr(rollouts, picture)()), terminal_size=size)


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "140x40"])
def test_gone_rollout(snap_compare, size):
    case = opened(rollouts.failing_init())
    app, settle = case["app"], case["run_before"]

    async def gone(pilot):
        await settle(pilot)
        app.hand.readings = {rollouts.ORDERS: rollouts.gone_reading()}
        app.hand.give(rollouts.without_orders())
        await until(pilot, lambda: "gone 2m ago" in text(app))
        await pilot.pause()

    assert snap_compare(app, run_before=gone, terminal_size=size)


def test_rollout_in_ascii(snap_compare):
    assert snap_compare(**opened(rollouts.failing_init(), ascii_only=True), terminal_size=(80, 24))


def test_rollout_without_colour(snap_compare, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(**opened(rollouts.failing_init()), terminal_size=(80, 24))


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "140x40"])
def test_workloads(snap_compare, size):
    assert snap_compare(**opened(boards.bad_rollout(), "w"), terminal_size=size)


def listed_alerts(**more):
    async def settled(pilot):
        await pilot.press("a")
        await until(pilot, lambda: "desk: told 5m ago" in text(pilot.app))
        await pilot.pause()

    app = desk(alerts.board(), sinks=alerts.SINKS, **more)
    app.hand.alerts_reading = alerts.READING
    return {"app": app, "run_before": settled}


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "140x40"])
def test_alerts(snap_compare, size):
    assert snap_compare(**listed_alerts(), terminal_size=size)


def test_alerts_in_ascii(snap_compare):
    assert snap_compare(**listed_alerts(ascii_only=True), terminal_size=(80, 24))


def settled_at(*keys, words):
    """Press keys, and wait until words are on the screen."""

    async def settle(pilot):
        await pilot.press(*keys)
        await until(pilot, lambda: words in text(pilot.app))
        await pilot.pause()

    return settle


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "140x40"])
@pytest.mark.parametrize(
    ("keys", "words"),
    [("b", "\u28ff"), (("b", "a"), "PLATFORM"), (("b", "enter"), "STAGES"), ("K", "\u28ff"), ("E", "AFTER HOURS")],
    ids=["builds_of_an_app", "builds", "build", "tokens", "environments"],
)
def test_jenkins_and_vault(snap_compare, keys, words, size):
    words = "SURVIVES" if keys == "K" and size[0] < 100 else words
    app = jenkins.fill(desk(jenkins.board()))
    assert snap_compare(app, run_before=settled_at(*keys, words=words), terminal_size=size)


def test_builds_without_colour(snap_compare, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    app = jenkins.fill(desk(jenkins.board()))
    assert snap_compare(app, run_before=settled_at("b", words="\u28ff"), terminal_size=(100, 24))
