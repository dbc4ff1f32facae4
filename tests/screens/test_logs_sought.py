"""What a person looks for in the logs screen: by filters, by search, by time, further back, in one container."""

import threading

import pytest
from msgspec.structs import replace

from screens.log_filter import Pattern
from screens.logs import LogsScreen
from screens.prompts import Prompt
from statusdesk.expression import TooLongError
from tests.screens import boards
from tests.screens.desk import lines, text, until
from tests.screens.log_desk import WIDE, body, logs, open_desk
from tests.screens.log_hand import HOSTILE, HandFollower, line, numbered


async def test_filters_are_live_and_can_be_taken_away():
    app = open_desk(numbered(5000))
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        await pilot.press("i", *"/42\\d\\b")
        await until(pilot, lambda: "include: /42\\d\\b \u2715" in lines(app)[2])
        await until(pilot, lambda: screen.pane.feed.shown.complete)
        assert len(screen.pane.feed.shown) == 10, "it filters while one types"
        await pilot.press("escape")
        await until(pilot, lambda: "include" not in lines(app)[2] and screen.pane.feed.shown.complete)
        assert len(screen.pane.feed.shown) == 5000
        await pilot.press("i", *"/42\\d\\b", "enter", "e", *"425", "enter")
        await until(pilot, lambda: "exclude: 425 \u2715" in lines(app)[2] and screen.pane.feed.shown.complete)
        assert len(screen.pane.feed.shown) == 9
        app.doors.last.give(line("INFO GET /427 again", 9000), line("INFO else", 9001))
        await until(pilot, lambda: len(screen.pane.feed.shown) == 10)
        await pilot.press("backspace")
        await until(pilot, lambda: "exclude" not in lines(app)[2])
        x = lines(app)[2].index("include")
        await pilot.click("#log-bar-0", offset=(x + 2, 0))
        await until(pilot, lambda: not screen.pane.filters.any)


async def test_what_the_filters_let_nothing_through_is_said():
    app = open_desk(numbered(17))
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        await pilot.press("i", *"zebra", "enter")
        await until(pilot, lambda: "The filters let none of the lines through: 17 are here" in text(app))


async def test_letters_that_come_fast_go_to_the_filter():
    from textual import events

    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        for key in "iERROR":
            app.post_message(events.Key(key, key))
        app.post_message(events.Key("enter", "\r"))
        await until(pilot, lambda: bool(screen.pane.filters.includes))
        assert screen.pane.filters.includes[0].text == "ERROR"
        await until(pilot, lambda: len(body(app)) == 4)
        assert all("ERROR" in each or "-- " in each for each in body(app)), "what is missing is never filtered away"
        assert "/ search" in lines(app)[-1]


async def test_letters_that_wait_are_shown_together(monkeypatch):
    from textual import events

    import screens.log_input

    made = []

    class Counted(Pattern):
        def __init__(self, text, **more):
            made.append(text)
            super().__init__(text, **more)

    monkeypatch.setattr(screens.log_input, "Pattern", Counted)
    app = open_desk(numbered(500))
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        typed = "(line|x)" * 100 + "|GET"
        for key in f"i{typed}":
            app.post_message(events.Key(key, key))
        await until(pilot, lambda: screen.pane.draft is not None and screen.pane.draft.includes[0].text == typed)
        assert len(made) < 40, "of letters that come faster than they can be shown only the last is looked for"
        await until(pilot, lambda: len(screen.pane.feed.shown) == 500)


ENDLESS = "(a|a)" * 30 + "b"


async def test_what_takes_too_long_is_text_and_its_chip_says_so():
    app = open_desk([line("b! " + "a" * 60 + f" {n}", n) for n in range(2000)] + [line(f"so: {ENDLESS}", 3000)])
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        await pilot.press("i", *ENDLESS)
        await until(pilot, lambda: "takes too long, taken as text" in lines(app)[2])
        await until(pilot, lambda: screen.pane.feed.shown.complete and len(screen.pane.feed.shown) == 1)
        await pilot.press("enter")
        await until(pilot, lambda: bool(screen.pane.filters.includes) and screen.pane.draft is None)
        await until(pilot, lambda: not screen.pane.filters.includes[0].regex)
        app.doors.last.give(line("b! " + "a" * 60, 9000), line(f"again: {ENDLESS}", 9001))
        await until(pilot, lambda: len(screen.pane.feed.shown) == 2)
        await pilot.press("backspace", "e", *ENDLESS, "enter")
        await until(pilot, lambda: "exclude: " in lines(app)[2] and "takes too long" in lines(app)[2])
        await until(pilot, lambda: screen.pane.feed.shown.complete and len(screen.pane.feed.shown) == 2001)


async def test_a_search_that_takes_too_long_goes_on_as_text():
    app = open_desk([line(f"so: {ENDLESS}", 1)] + [line("b! " + "a" * 60 + f" {n}", n + 2) for n in range(2000)])
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        await pilot.press("slash", *ENDLESS)
        await until(pilot, lambda: "takes too long, taken as text" in lines(app)[2])
        await pilot.press("enter")
        await until(pilot, lambda: screen.pane.view.cursor == 0)
        await pilot.press("n")
        await until(pilot, lambda: "Again from the other end" in text(app) and screen.pane.view.cursor == 0)


async def test_plain_text_and_what_is_no_expression():
    app = open_desk(HOSTILE)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        await pilot.press("i", "left_square_bracket", "slash", "x", "enter")
        await until(pilot, lambda: 'include: "[/x" \u2715' in lines(app)[2])
        await until(pilot, lambda: "taken as text" in text(app))
        await pilot.press("backspace", "i", "a", "full_stop", "ctrl+r", "enter")
        await until(pilot, lambda: 'include: "a." \u2715' in lines(app)[2])
        assert not screen.pane.filters.includes[0].regex


async def test_only_what_is_not_well():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: "not well \u2715" in lines(app)[2])
        assert not any("INFO" in each or "DEBUG" in each for each in body(app))
        assert any("FATAL" in each for each in body(app)) and any("slow query" in each for each in body(app))


async def test_search_goes_up_first_and_then_both_ways():
    app = open_desk(numbered(3000))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        view = screen.pane.view
        await pilot.press("slash", *"00 200", "enter")
        await until(pilot, lambda: view.cursor == 2900 and not view.following)
        assert "/00 200" in lines(app)[2]
        await pilot.press("N")
        await until(pilot, lambda: view.cursor == 2800)
        await pilot.press("n", "n")
        await until(pilot, lambda: view.cursor == 100)
        await until(pilot, lambda: "Again from the other end" in text(app))
        await pilot.press("escape")
        assert screen.pane.search is None and app.screen is screen
        await pilot.press("slash", *"zebra", "enter")
        await until(pilot, lambda: "No line here has /zebra" in text(app))


async def test_further_back_is_asked_with_what_the_filters_look_for():
    app = open_desk(numbered(50, 1000))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        app.doors.last.older_lines = numbered(30, 100)
        await pilot.press("i", *"GET", "enter", "o")
        await until(pilot, lambda: "30 older lines" in text(app))
        [(what, before_ns, _, wanted, thread)] = app.doors.last.asked
        assert (what, before_ns, wanted.filters.includes) == (
            "older",
            numbered(1, 1000)[0].at_ns + 1,
            (Pattern("GET"),),
        )
        assert thread != threading.main_thread().name
        assert len(screen.pane.feed.shown) == 81 and "/orders/129 " in text(app)
        assert "-- before 09:35:30 only lines with GET are here --" in text(app)
        app.doors.last.older_lines, app.doors.last.problem = [], OSError("the network is away")
        await pilot.press("o")
        await until(pilot, lambda: "the network is away" in text(app))
        app.doors.last.problem = TooLongError()
        await pilot.press("o")
        await until(pilot, lambda: "What the filters look for" in text(app))


async def test_where_older_lines_were_asked_with_a_filter_it_is_said_and_all_can_be_asked_for():
    app = open_desk([line("ERROR 50", 500), *numbered(50, 1001)])
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await logs(pilot)
        pane, hand = screen.pane, app.doors.last
        hand.older_lines = [line(f"ERROR {n}", n * 10) for n in range(40, 50)]
        await pilot.press("i", *"ERROR", "enter", "o")
        await until(pilot, lambda: "10 older lines" in text(app) and "/orders/" not in text(app))
        assert "asks for the rest" not in text(app), "all of these are here"
        hand.older_lines = [line(f"ERROR {n}", n * 10) for n in range(30, 40)]
        await pilot.press("o")
        await until(pilot, lambda: len(pane.feed.ring) == 51 + 21)
        assert hand.asked[-1][1] == line("", 400).at_ns + 1 and hand.asked[-1][3].filters.includes == (
            Pattern("ERROR"),
        )
        await pilot.press("backspace", "exclamation_mark")
        said = "before 09:35:30 only lines with ERROR are here: o asks for the rest"
        await until(pilot, lambda: said in text(app))
        await pilot.press("m", "exclamation_mark", "home")
        await until(pilot, lambda: said in text(app) and "ERROR 30" in body(app)[1])
        hand.older_lines = [line(f"DEBUG {n}", 300 + n) for n in range(100)]
        await pilot.press("o")
        await until(pilot, lambda: len(pane.feed.ring) == 51 + 100)
        assert hand.asked[-1][1:4] == (line("", 500).at_ns + 1, (0, 1, 2), None) and "asks for the rest" not in text(
            app
        )
        assert [pane.feed.ring[n].text for n in range(pane.feed.ring.first, pane.feed.ring.end)] == [
            *(f"DEBUG {n}" for n in range(100)), "ERROR 50", *(each.text for each in numbered(50, 1001)),
        ]  # fmt: skip
        await until(pilot, lambda: "DEBUG 99" in text(app) and len(pane.feed.shown) == 151)
        assert "ERROR 49" not in text(app) and not pane.view.marked


async def test_what_was_asked_of_one_pod_is_not_all_of_it():
    app = open_desk(numbered(50, 1000))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await logs(pilot)
        await pilot.press("c", *["down"] * 4, "enter")
        app.doors.last.older_lines = numbered(10, 100)
        await pilot.press("o")
        await until(pilot, lambda: "10 older lines" in text(app))
        assert app.doors.last.asked[-1][2:4] == ((0,), None)
        await pilot.press("backspace")
        await until(pilot, lambda: "only lines of orders-7cc6f9fbf5-fq26d are here: o asks for the rest" in text(app))


@pytest.mark.parametrize("room", [1000, 10])
async def test_older_lines_of_a_console_are_those_before_the_first(room):
    every = [replace(line(f"step {n % 7} of {n}"), at_ns=0) for n in range(100)]

    class Console(HandFollower):
        def older(self, before, origins, limit, wanted=None):
            self.asked.append((before, wanted))
            is_wanted = wanted.of_one() if wanted is not None else bool
            return [each for each in every[:before] if is_wanted(each)][-limit:]

    app = open_desk(every, log_lines=room)
    app.doors.make = Console
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        app.open_console("deploy-orders", 412)
        await until(pilot, lambda: isinstance(app.screen, LogsScreen) and "of 99" in text(app))
        ring = app.screen.pane.feed.ring
        await pilot.press("o")
        await until(pilot, lambda: len(app.doors.last.asked) == 1 and not app.screen.pane.busy)
        assert [ring[n].text for n in range(ring.first, ring.end)] == [each.text for each in every[-len(ring) :]]
        assert app.doors.last.asked == [(100 - min(room, 100), None)]
        assert len(ring) == (12 if room == 10 else 100)


async def test_one_container_is_picked_from_what_is_here():
    app = open_desk()
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        await pilot.press("c", "down", "down", "down", "enter")
        await until(pilot, lambda: "only sidecar \u2715" in lines(app)[2])
        assert len(screen.pane.feed.shown) == 2 and len(app.doors.opened) == 1


async def test_a_time_that_is_here_and_one_that_is_not():
    app = open_desk(numbered(1000))
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press(*"09:30", "enter")
        await until(pilot, lambda: app.screen is screen and screen.pane.view.cursor == 340)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press(*"08:30", "enter")
        await until(pilot, lambda: len(app.doors.opened) == 2)
        assert app.doors.last.selection.since_ms == boards.NOW - 72 * 60_000 - 10_000 - 120_000
        assert app.doors.last.selection.run_before


async def test_a_time_of_another_day_is_told_with_its_date_and_not_at_the_end():
    app = open_desk(numbered(1000))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press(*"2020-01-01", "enter")
        await until(pilot, lambda: "No line is as early as 01 Jan 2020 00:00:00" in " ".join(text(app).split()))
        assert "around 01 Jan 2020 00:00:00 UTC" in lines(app)[2]
        await pilot.press("G")
        await until(pilot, lambda: screen.pane.view.following and "since 31 Dec 2019 23:58:00 UTC" in lines(app)[2])
        assert "around" not in text(app)
