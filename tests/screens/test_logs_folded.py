"""Folded stack traces: found, unfolded where something is in them, and taken along with the line that begins them."""

import random

from screens.log_filter import Filters, Pattern
from screens.log_ring import LogRing
from screens.log_shown import Shown
from tests.screens.desk import text, until
from tests.screens.log_desk import WIDE, logs, open_desk
from tests.screens.log_hand import ORIGINS, line, numbered

GO = [
    "panic: runtime error: invalid memory address or nil pointer dereference",
    "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1]",
    *("", "goroutine 17 [running]:", "main.(*Server).handle(0xc000010000)", "    /app/server.go:88 +0x1d"),
]
SERVED = ["2026/11/23 16:50:01 http: panic serving 10.0.0.1:4711: boom", *GO[3:]]
TRACE = ["ERROR boom 5", "  at com.a.B.c(B.java:1)", "  at com.a.Uniq.d(B.java:2)", "Caused by: java.io.IOException: y"]
JSON = '{"level":"error","msg":"boom json","user":"bob"}'


def story():
    return [*numbered(40), *(line(each, 30) for each in TRACE), *numbered(5, 80), line(JSON, 60), *numbered(3, 140)]


async def test_search_finds_what_is_folded_and_what_is_shown_readable():
    app = open_desk(story())
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        pane = screen.pane
        await until(pilot, lambda: "[+3]" in text(app) and "Uniq" not in text(app))
        await pilot.press("slash", *"Uniq", "enter")
        await until(pilot, lambda: "com.a.Uniq.d" in text(app) and "[+3]" not in text(app))
        assert pane.feed.ring[pane.view.cursor].text == TRACE[2]
        await pilot.press("slash", *"user=bob", "enter")
        await until(pilot, lambda: pane.feed.ring[pane.view.cursor].text == JSON)
        await pilot.press("slash", *'"user":"bob"', "enter")
        await until(pilot, lambda: pane.search is not None and pane.search.text.startswith('"'))
        assert "No line here" not in text(app) and pane.feed.ring[pane.view.cursor].text == JSON


async def test_what_a_filter_lets_through_is_saved_with_its_traces(tmp_path):
    app = open_desk(story())
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        await pilot.press("i", *"boom", "enter")
        await until(pilot, lambda: len(screen.pane.feed.shown) == 2)
        await pilot.press("S")
        await until(pilot, lambda: "what the filters let through: 5 lines" in text(app))
        await pilot.press("enter")
        path = tmp_path / "a.log"
        await until(pilot, lambda: "Save to" in text(app))
        await pilot.press("ctrl+u", *str(path), "enter")
        await until(pilot, lambda: "5 lines saved" in text(app))
        assert [each.partition(" | ")[2] for each in path.read_text().splitlines()] == [*TRACE, JSON]


async def test_what_ends_a_program_in_go_is_shown_and_saved_with_all_of_its_trace(tmp_path):
    app = open_desk([*numbered(40), *(line(each, 30) for each in [*GO, "exit", *SERVED]), *numbered(3, 140)])
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: len(screen.pane.feed.shown) == 2 and "dereference  [+5]" in text(app))
        assert "boom  [+3]" in text(app)
        await pilot.press("S")
        await until(pilot, lambda: "what the filters let through: 10 lines" in text(app))
        await pilot.press("enter")
        path = tmp_path / "a.log"
        await until(pilot, lambda: "Save to" in text(app))
        await pilot.press("ctrl+u", *str(path), "enter")
        await until(pilot, lambda: "10 lines saved" in text(app))
        assert [each.partition(" | ")[2] for each in path.read_text().splitlines()] == [*GO, *SERVED]


def test_what_is_unfolded_one_by_one_is_what_is_not_folded_at_all():
    chance = random.Random(4)
    ring = LogRing(5000)
    shown = Shown(ring, ORIGINS)
    part = [line(TRACE[n % 4] if n % 3 else f"INFO {n}", n, chance.randrange(3)) for n in range(400)]
    ring.extend(part[:250])
    shown.show(Filters(excludes=(Pattern("17"),)), folded=True)
    shown.work(10)
    ring.extend(part[250:])
    shown.take_new()
    folded = [shown[place] for place in range(len(shown))]
    unfolded = shown.with_traces(folded)
    for number in folded:
        shown.unfold(number)
    assert [shown[place] for place in range(len(shown))] == unfolded
    shown.show(shown.filters, folded=False)
    shown.work(10)
    assert [shown[place] for place in range(len(shown))] == unfolded
