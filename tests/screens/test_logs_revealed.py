"""Secrets shown in the logs screen and hidden again: only what is drawn of the lines that are here is another."""

import pytest
from msgspec.structs import replace

from collectors.log_lines import LineKind
from screens.copying import CopyScreen
from screens.log_dialogs import LineScreen
from screens.logs import LogsScreen
from screens.prompts import Prompt
from tests.screens.desk import text, until
from tests.screens.log_desk import WIDE, body, logs, open_desk
from tests.screens.log_hand import HandFollower, hidden, line, numbered

SECRET = "hunter2"
KEY = [f"MIIEowIBAAKCAQEA{n:048d}" for n in range(3)]
RUNS = [
    line("INFO  run 1 begins", 1),
    hidden("login password=[hidden]", f"login password={SECRET}", 2),
    line("java.lang.IllegalStateException: no connection", 3),
    line("    at com.example.Orders.store(Orders.java:88)", 3),
    line("restarted: exit 137 OOMKilled", 4, kind=LineKind.MARK),
    line("-----BEGIN RSA PRIVATE " + "KEY-----", 5),
    *(hidden("[hidden]", each, 5) for each in KEY),
    line("-----END RSA PRIVATE " + "KEY-----", 5),
    line("restarted: exit 1 Error", 6, kind=LineKind.MARK),
    line("7 lines skipped here", 7, kind=LineKind.SKIPPED),
    line("ERROR run 3 has no password", 8),
]


def stands(pane):
    """What is to stay, whatever is drawn."""
    view, ring = pane.view, pane.feed.ring
    shown = [pane.feed.shown[place] for place in range(len(pane.feed.shown))]
    kinds = [ring[number].kind for number in range(ring.first, ring.end)]
    return shown, kinds, view.cursor, view.following, set(view.marked), pane.filters, pane.search, pane.wish


async def pressed(pilot, key, shown):
    """Press it, and wait until secrets are shown, or hidden, and all lines are looked through."""
    app = pilot.app
    await pilot.press(key)
    await until(pilot, lambda: ("SECRETS SHOWN" in text(app)) is shown and app.screen.pane.feed.shown.complete)


@pytest.mark.parametrize("keys", [(), ("up", "up", "m", "up"), ("z", "slash", *"run", "enter")])
async def test_all_that_is_here_stays_and_is_only_drawn_otherwise(keys):
    app = open_desk(RUNS)
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        await pilot.press(*keys)
        await pilot.pause()
        before, stood = body(app), stands(screen.pane)
        assert SECRET not in text(app) and "MIIE" not in text(app)
        await pressed(pilot, "R", True)
        assert stands(screen.pane) == stood
        for words in (
            f"password={SECRET}",
            *KEY,
            "exit 137 OOMKilled",
            "exit 1 Error",
            "7 lines skipped",
            "run 1 begins",
        ):
            assert words in text(app)
        app.doors.last.give(hidden("new [hidden]", f"new {SECRET}", 9))
        await until(pilot, lambda: len(screen.pane.feed.ring) == len(RUNS) + 1)
        await pressed(pilot, "R", False)
        assert SECRET not in text(app) and "MIIE" not in text(app)
        assert [each for each in body(app) if "new [hidden]" not in each] == before
        assert len(app.doors.opened) == 1 and not app.doors.last.closed and not app.doors.last.asked


async def test_filters_and_the_search_look_at_what_is_shown_and_stay():
    app = open_desk(RUNS)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        await pilot.press("i", *SECRET, "enter")
        await until(pilot, lambda: len(screen.pane.feed.shown) == 3)  # the marks
        await pressed(pilot, "R", True)
        await until(pilot, lambda: f"login password={SECRET}" in text(app) and "run 3" not in text(app))
        await pilot.press("slash", *"password=hu", "enter")
        await until(pilot, lambda: screen.pane.view.cursor == 1)
        await pressed(pilot, "R", False)
        await until(pilot, lambda: f"include: {SECRET}" in text(app) and len(screen.pane.feed.shown) == 3)
        assert screen.pane.search.text == "password=hu"
        await pressed(pilot, "R", True)
        await until(pilot, lambda: f"login password={SECRET}" in text(app))
        await pilot.press("backspace", "R")
        await until(pilot, lambda: "SECRETS SHOWN" not in text(app) and "run 3" in text(app))
        assert screen.pane.view.cursor == 1


async def test_what_is_copied_and_saved_is_what_is_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = open_desk(RUNS)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await logs(pilot)
        for turn, shown in enumerate((False, True, False)):
            if turn:
                await pressed(pilot, "R", shown)
            await pilot.press("C")
            await until(pilot, lambda: isinstance(app.screen, CopyScreen))
            assert (SECRET in app.clipboard) is (KEY[1] in app.clipboard) is shown
            await pilot.press("escape", "S")
            await until(pilot, lambda: isinstance(app.screen, Prompt))
            assert ("WITH SECRETS" in text(app)) is shown
            await pilot.press(*str(turn), "enter")
            await until(pilot, lambda turn=turn: len(list(tmp_path.glob(f"*.log{turn}"))) == 1)
            await app.workers.wait_for_complete()
            (saved,) = tmp_path.glob(f"*.log{turn}")
            written = saved.read_bytes()
            assert written.count(b"\n") == len(RUNS) and b"run 3" in written
            assert (SECRET.encode() in written) is (b"MIIE" in written) is shown


async def test_what_is_missing_of_a_line_is_read_as_the_line_is_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = open_desk([hidden("password=[hidden]", f"password={SECRET} {'x' * 9}", 1, cut_bytes=50, came_cut_bytes=60)])
    async with app.run_test(size=WIDE) as pilot:
        await logs(pilot)
        for shown in (False, True):
            if shown:
                await pressed(pilot, "R", True)
            app.doors.last.whole_text = f"all of it {shown}"
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, LineScreen))
            await until(pilot, lambda shown=shown: f"all of it {shown}" in text(app))
            _, asked, _, redact = app.doors.last.asked[-1]
            assert redact is not shown and (SECRET in asked.text) is shown
            assert asked.cut_bytes == (60 if shown else 50)
            await pilot.press("escape", "S")
            await until(pilot, lambda: isinstance(app.screen, Prompt))
            await pilot.press(*f"{shown}", "enter")
            await until(pilot, lambda shown=shown: len(list(tmp_path.iterdir())) == shown + 1)
            await app.workers.wait_for_complete()
            _, asked, _, redact = app.doors.last.asked[-1]
            assert (
                len(app.doors.last.asked) == 2 * shown + 2 and redact is not shown and (SECRET in asked.text) is shown
            )


async def test_older_lines_that_come_while_secrets_are_shown_are_hidden_with_the_others():
    app = open_desk(numbered(20, 100))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        app.doors.last.older_lines = [hidden("old [hidden]", f"old {SECRET}", 10 + n) for n in range(5)]
        await pressed(pilot, "R", True)
        await pilot.press("o")
        await until(pilot, lambda: text(app).count(f"old {SECRET}") == 5)
        # what is here of a moment that is asked for is known again, whether it is shown or not
        app.doors.last.older_lines = [hidden("old [hidden]", f"old {SECRET}", n) for n in range(5, 11)]
        await pilot.press("o")
        await until(pilot, lambda: text(app).count(f"old {SECRET}") == 10)
        await pressed(pilot, "R", False)
        assert text(app).count("old [hidden]") == 10 and SECRET not in text(app)
        app.doors.last.older_lines = [hidden("old [hidden]", f"old {SECRET}", n) for n in range(3, 6)]
        await pilot.press("o")
        await until(pilot, lambda: text(app).count("old [hidden]") == 12)
        assert len(screen.pane.feed.ring) == 32


async def test_of_lines_that_were_asked_for_by_what_they_show_it_is_said_that_there_may_be_more():
    app = open_desk(numbered(20, 100))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        hand = app.doors.last
        hand.older_lines = [line(f"GET old {n}", n) for n in range(5)]
        await pilot.press("i", *"GET", "enter", "o")
        await until(pilot, lambda: "5 older lines" in text(app))
        assert not hand.asked[-1][3].revealed and "o asks for the rest" not in text(app)
        await pressed(pilot, "R", True)
        assert "only lines with GET are here: o asks for the rest" in text(app)
        hand.older_lines = [hidden("[hidden]", "GET hidden", 0.5), *hand.older_lines]
        await pilot.press("o")
        await until(pilot, lambda: "GET hidden" in text(app) and "o asks for the rest" not in text(app))
        assert hand.asked[-1][3].revealed and len(screen.pane.feed.shown) == 27
        await pressed(pilot, "R", False)
        await until(pilot, lambda: "GET hidden" not in text(app) and "GET old 4" in text(app))


async def test_what_had_to_go_back_among_older_lines_is_hidden_again():
    class Cut(HandFollower):
        def __init__(self, selection, given, **more):
            begun = replace(line("older lines of this run are not here", 50, 0), kind=LineKind.CUT)
            secrets = [hidden(f"busy {n} [hidden]", f"busy {n} {SECRET}", n) for n in range(5)]
            super().__init__(selection, [*secrets, begun, line("quiet", 50, 0)], **more)

    app = open_desk()
    app.doors.make = Cut
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await logs(pilot)
        await pressed(pilot, "R", True)
        app.doors.last.older_lines = [line("quiet before", 2.2, 0)]
        await pilot.press("o")
        await until(pilot, lambda: "quiet before" in text(app) and f"busy 4 {SECRET}" in text(app))
        await pressed(pilot, "R", False)
        assert SECRET not in text(app) and text(app).count("[hidden]") == 5
        ring = screen.pane.feed.ring
        assert [ring[number].text.split()[0] for number in range(ring.first, ring.end)].index("quiet") == 3


async def test_the_log_of_another_run_and_one_beside_it_are_shown_in_the_same_way():
    app = open_desk(RUNS)
    async with app.run_test(size=WIDE) as pilot:
        screen = await logs(pilot)
        await pressed(pilot, "R", True)
        await pilot.press("p")
        await until(pilot, lambda: len(app.doors.opened) == 2 and f"password={SECRET}" in text(app))
        selection = app.doors.last.selection
        assert selection.previous and selection.redact and selection.revealable
        await pilot.press("x", "enter")
        await until(pilot, lambda: len(app.doors.opened) == 3 and text(app).count("SECRETS SHOWN") == 2)
        await pilot.press("R")
        await until(pilot, lambda: text(app).count("SECRETS SHOWN") == 1)
        assert screen.panes[0].request.redact is not screen.panes[1].request.redact
        assert len(app.doors.opened) == 3


async def test_the_console_of_a_build():
    app = open_desk([replace(each, at_ns=0, origin=0) for each in RUNS])
    async with app.run_test(size=WIDE) as pilot:
        app.open_console("deploy-orders", 412)
        await until(pilot, lambda: isinstance(app.screen, LogsScreen) and "password=[hidden]" in text(app))
        before = body(app)
        await pressed(pilot, "R", True)
        assert f"password={SECRET}" in text(app) and all(each in text(app) for each in KEY)
        await pressed(pilot, "R", False)
        assert body(app) == before and len(app.doors.opened) == 1
