"""Keys that come at once work in the order in which they were pressed."""

import pytest
from textual import events

from screens.log_input import LogInput
from screens.prompts import Prompt
from tests.screens.desk import until
from tests.screens.log_desk import logs, open_desk

NAMES = {"\b": "backspace", "\x15": "ctrl+u", "\r": "enter", "/": "slash", ":": "colon", "\x1b": "escape"}


def burst(app, text):
    """Press keys faster than any of them is answered."""
    for sign in text:
        app.post_message(events.Key(NAMES.get(sign, sign), sign))


@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize(("typed", "kept"), [("latx\ber", "later"), ("foo\x15later", "later"), ("ab\b\b\bc", "c")])
async def test_what_is_typed_and_mended_in_a_line_at_once(begun, typed, kept):
    app = open_desk()
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await logs(pilot)
        if begun:
            await pilot.press("i")
            await until(pilot, lambda: isinstance(app.focused, LogInput))
        burst(app, typed if begun else "i" + typed)
        await until(pilot, lambda: [box.value for box in screen.query(LogInput)] == [kept])
        burst(app, "\r")
        await until(pilot, lambda: [each.text for each in screen.pane.filters.includes] == [kept])


async def test_after_enter_the_keys_are_those_of_the_screen_again():
    app = open_desk()
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await logs(pilot)
        burst(app, "ione\riorders\r/ERROR\r")
        await until(pilot, lambda: [each.text for each in screen.pane.filters.includes] == ["one", "orders"])
        await until(pilot, lambda: screen.pane.search is not None and screen.pane.search.text == "ERROR")


@pytest.mark.parametrize("begun", [True, False])
async def test_a_path_is_typed_over_another_at_once(begun):
    app = open_desk()
    answers = []
    async with app.run_test(size=(140, 40)) as pilot:
        await logs(pilot)
        app.push_screen(
            Prompt("Save to", "a file", lambda text: "" if text else "Say where.", value="a.log"), answers.append
        )
        if begun:
            await until(pilot, lambda: isinstance(app.screen, Prompt) and app.focused is not None)
        burst(app, "\x15tmp\bp\r")
        await until(pilot, lambda: answers == ["tmp"])
