"""At 80 columns nothing is cut within a word without a mark, and every sentence can be read."""

import datetime

import pytest
from msgspec.structs import replace

from screens.entries import fact, heading, sentence
from screens.ink import make_ink
from screens.pen import Pen
from screens.strips import DOTS, Line
from statusdesk.build_view import BuildReading
from statusdesk.states import Level
from tests.screens import alerts, boards, jenkins
from tests.screens.boards import NOW
from tests.screens.desk import desk, lines, text, until

SMALL = (80, 24)
LONG = "the collector that works here cannot look a build up, because it was started by a board that reads the past"


def words_in_sight(app):
    return " ".join(text(app).split())


async def test_the_titles_of_the_tokens_have_room_and_what_is_overdue_says_so():
    app = jenkins.fill(desk(jenkins.board()))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("K")
        await until(pilot, lambda: "LEFT" in text(app))
        titles = next(line for line in lines(app) if "LEFT" in line)
        assert titles.split() == ["TOKEN", "LEFT", "RENEWED", "EVERY", "NEXT", "SURVIVES"]
        assert "overdue 14h    0 runs" in text(app)
        app.screen.list.select("vault/payments")
        await pilot.press("enter")
        await until(pilot, lambda: "next expected" in text(app))
        assert "overdue since 21 Nov 19:42, for 14h" in text(app) and "0 more missed in a row" in text(app)


async def test_the_sentences_of_a_build_are_told_to_their_end():
    app = jenkins.fill(desk(jenkins.board()))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("b")
        await until(pilot, lambda: "#412" in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "PARAMETERS" in text(app) or "cause" in text(app))
        screen = app.screen
        build = replace(screen.reading.build, cause=LONG, git_branch=LONG.replace(" ", "-"))
        details = replace(screen.reading.details, causes=()) if screen.reading.details is not None else None
        screen.reading = BuildReading(build=build, details=details)
        screen.draw_again()
        await pilot.pause()
        assert LONG in words_in_sight(app)
        assert LONG.replace(" ", "-") in text(app).replace("\n", "").replace(" ", "")
        screen.reading = None
        screen.problem = LONG
        screen.draw_again()
        await pilot.pause()
        assert LONG in words_in_sight(app)


async def test_what_is_said_of_an_alert_is_told_to_its_end():
    alert = replace(alerts.FAILING, summary=LONG, hits=("shop/orders", "staging/orders"))
    app = desk(replace(alerts.board(), firing=(alert,)))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("a")
        await until(pilot, lambda: "FIRING" in text(app))
        assert LONG in words_in_sight(app) and "hits shop/orders, staging/orders" in text(app)


async def test_what_is_wrong_with_a_renewal_is_told_to_its_end():
    app = jenkins.fill(desk(jenkins.board(platform=[replace(p, level=Level.WARNING, message=LONG) for p in PLATFORM])))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("colon", *"builds", "enter")
        await until(pilot, lambda: "PLATFORM" in text(app))
        assert LONG in words_in_sight(app)


PLATFORM = jenkins.board().platform[:1]


@pytest.mark.parametrize("entry", [sentence(LONG), sentence(f"  {LONG}"), fact("note", 12, lambda _: LONG)])
def test_an_entry_takes_the_lines_that_it_needs(entry):
    drawn = entry.draw(pen())
    assert entry.height == 0 and len(drawn) == 2
    told = " ".join("".join(segment.text for segment in line.segments) for line in drawn)
    assert LONG in " ".join(told.split()) and all(line.x <= 80 for line in drawn)
    assert len(heading("BUILDS", LONG).draw(pen())) == 2


def test_what_is_longer_than_its_line_is_marked_as_cut():
    ink = pen().ink
    line = Line().put("x" * 200, ink.plain)
    assert line.fitted(80, ink.plain, DOTS).text == "x" * 79 + DOTS
    assert Line().put("x" * 80 + "   ", ink.plain).fitted(80, ink.plain, DOTS).text == "x" * 80
    assert Line().put("x", ink.plain).fitted(80, ink.plain, DOTS).text == "x" + " " * 79


def pen():
    app = desk(boards.bad_rollout())
    ink = make_ink(app.theme_variables, False)
    return Pen(ink=ink, ascii=False, zone=datetime.UTC, now_ms=NOW, width=80)
