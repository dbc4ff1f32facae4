"""Keys and pastes that come at once work in the order in which they came."""

import pytest
from textual import events

from screens.line_input import LineInput
from screens.log_input import LogInput
from screens.prompts import Prompt
from tests.screens.desk import until
from tests.screens.log_desk import logs, open_desk

NAMES = {"\b": "backspace", "\x15": "ctrl+u", "\r": "enter", "/": "slash", ":": "colon", "\x1b": "escape"}


def burst(app, *parts):
    """Press keys faster than any of them is answered, and paste what stands in brackets."""
    for part in parts:
        if part.startswith("["):
            app.post_message(events.Paste(part[1:-1]))
        else:
            for sign in part:
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


@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize(
    ("parts", "kept"),
    [
        (("[/tmp/abc]", "d\r"), "/tmp/abcd"),
        (("a\b", "[/tmp]", "[/b\nand more]", "\bc\r"), "/tmp/c"),
        (("[]", "x\r"), "x"),
    ],
)
async def test_what_is_pasted_and_typed_at_once(begun, parts, kept):
    app = open_desk()
    answers = []
    async with app.run_test(size=(140, 40)) as pilot:
        await logs(pilot)
        app.push_screen(Prompt("Save to", "a file", lambda text: "", value=""), answers.append)
        if begun:
            await until(pilot, lambda: isinstance(app.screen, Prompt) and app.focused is not None)
        burst(app, *parts)
        await until(pilot, lambda: answers == [kept])


@pytest.mark.parametrize("parts", [("S\x15", "[/tmp]", "/x"), ("S\x15/tmp/x",), ("nnS\x15/t", "[mp/]", "x")])
async def test_what_is_typed_and_pasted_behind_the_key_that_opens_a_line(parts):
    app = open_desk()
    async with app.run_test(size=(140, 40)) as pilot:
        await logs(pilot)
        burst(app, *parts)
        await until(pilot, lambda: [box.value for box in app.screen.query(LineInput)] == ["/tmp/x"])


async def test_what_is_pasted_while_another_window_has_the_keys_reaches_the_line():
    app = open_desk()
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await logs(pilot)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.focused, LogInput))
        app.post_message(events.AppBlur())
        await until(pilot, lambda: app.focused is None)
        burst(app, "[late]", "r")
        await until(pilot, lambda: [box.value for box in screen.query(LogInput)] == ["later"])
