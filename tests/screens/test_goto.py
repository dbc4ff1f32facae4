"""The prompt that goes to a place: on every screen, in its help, and from each to any other."""

import pytest
from textual import events

from screens.alerts import AlertsScreen
from screens.board import BoardScreen
from screens.frame import Frame
from screens.goto import GoTo
from screens.help import HelpScreen
from screens.log_input import LogInput
from screens.logs import LogsScreen
from screens.prompts import FilterInput
from screens.tokens import TokensScreen
from tests.screens import jenkins, rollouts
from tests.screens.desk import desk, text, until
from tests.screens.log_hand import STORY, HandDoors

SIZE = (100, 40)
WAYS = {
    "board": "",
    "rollout": "enter",
    "workloads": "w",
    "logs": "l",
    "alerts": "a",
    "builds": "b",
    "build": "b enter",
    "tokens": "K",
    "token": "K down enter",
    "environments": "E",
}


def open_desk():
    return jenkins.fill(desk(jenkins.board(), readings=rollouts.READINGS, logs=HandDoors(STORY)))


async def walk(pilot, way):
    for key in way.split():
        before = pilot.app.screen
        await pilot.press(key)
        if key != "down":
            await until(pilot, lambda before=before: pilot.app.screen is not before)
    await pilot.pause()


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
async def test_every_screen_goes_everywhere_and_its_help_tells_of_it(way):
    app = open_desk()
    async with app.run_test(size=SIZE) as pilot:
        await walk(pilot, way)
        begun = app.screen
        bound = [each for each in begun.active_bindings.values() if each.binding.key == "colon"]
        assert [each.binding.action for each in bound] == ["go_to"], "nothing else on this key"
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert "Go to an application, stage or list" in str(app.screen.query_one("#help-keys").visual)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is begun)
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(app.screen, GoTo))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is begun)
        await pilot.press("colon", *"tokens", "enter")
        await until(pilot, lambda: isinstance(app.screen, TokensScreen))
        assert [type(screen) for screen in app.screen_stack if isinstance(screen, Frame)] == [BoardScreen, TokensScreen]
        await pilot.press("colon", *"alerts", "enter")
        await until(pilot, lambda: isinstance(app.screen, AlertsScreen))
        await pilot.press("colon", *"orders", "enter")
        await until(pilot, lambda: isinstance(app.screen, BoardScreen))
        assert app.screen.matrix.selected[0].app == "orders"


async def test_what_is_typed_into_a_line_of_a_screen_goes_nowhere():
    app = open_desk()
    async with app.run_test(size=SIZE) as pilot:
        await walk(pilot, WAYS["logs"])
        await pilot.press("slash", *"a", "colon", "b")
        await pilot.pause()
        assert not isinstance(app.screen, GoTo) and "a:b" in text(app)


@pytest.mark.parametrize("key", ["", "E", "b", "l"])
async def test_what_is_typed_at_once_reaches_the_line(key):
    app = open_desk()
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press(*([key] if key else []))
        await until(pilot, lambda: (len(app.screen_stack) > 1) == bool(key))
        for letter in ":tokens":
            app.post_message(events.Key("colon" if letter == ":" else letter, letter))
        app.post_message(events.Key("enter", "\r"))
        await until(pilot, lambda: isinstance(app.screen, TokensScreen))


async def test_a_colon_can_be_typed_into_a_filter():
    app = open_desk()
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("slash", "a", "colon", "b")
        assert app.screen.query_one(FilterInput).value == "a:b"
        await pilot.press("escape", "l")
        await until(pilot, lambda: isinstance(app.screen, LogsScreen))
        await pilot.press("i", "a", "colon", "b")
        assert app.screen.query_one(LogInput).value == "a:b"


@pytest.mark.parametrize("key", ["", "E", "b", "a", "w", "K"])
async def test_a_filter_that_is_typed_at_once_reaches_its_line(key):
    app = open_desk()
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press(*([key] if key else []))
        await until(pilot, lambda: (len(app.screen_stack) > 1) == bool(key))
        screen = app.screen
        for letter in "/mailer":
            app.post_message(events.Key("slash" if letter == "/" else letter, letter))
        await until(pilot, lambda: "mailer" in [box.value for box in screen.query(FilterInput)])
        assert app.screen is screen
