"""The right edge: nothing that matters is cut there, at any width."""

import re

import pytest
from msgspec.structs import replace

from statusdesk.states import AlertState, Level
from tests.screens import boards
from tests.screens.desk import desk, lines, text, until

WIDTHS = [50, 60, 72, 80, 100, 119, 120, 132]
ENDED = replace(boards.BEATING, stopped_ms=boards.NOW - 4_000)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
async def test_the_clock_is_whole_and_has_its_zone(width, zone):
    lost = replace(boards.bad_rollout(), collector_lost_ms=4_000, collector=ENDED)
    past = replace(boards.calm(), at_ms=boards.NOW - boards.HOUR)
    app = desk(lost, past=past, timezone=zone)
    clock = re.compile(r"(09|10):42(:10)? (UTC|CET)\)?$")
    async with app.run_test(size=(width, 24)) as pilot:
        assert clock.search(lines(app)[0]) and "collector ended 4s ago" in lines(app)[0]
        app.hand.give(boards.bad_rollout())
        await until(pilot, lambda: "collector" not in lines(app)[0])
        assert clock.search(lines(app)[0]) and re.search("\u2717 ?2", lines(app)[0])
        await pilot.press("t", *"1h", "enter")
        await until(pilot, lambda: "as of Sat 22 Nov" in lines(app)[0])
        assert clock.search(lines(app)[0])


async def test_less_important_parts_of_the_top_line_go_first():
    long = replace(boards.bad_rollout(), title="a title of twenty-odd")
    async with desk(long).run_test(size=(110, 24)) as pilot:
        assert "twenty" not in lines(pilot.app)[0] and "2 failing" in lines(pilot.app)[0]


@pytest.mark.parametrize("width", range(60, 140, 7))
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_more_is_written_out(width, ascii_only):
    sources = [boards.source(f"kubernetes/cluster-{n:02d}", words="x" * 30) for n in range(12)]
    alerts = [
        AlertState(fingerprint=f"{n}", started_ms=boards.NOW - n, alertname="RolloutFailing", severity="warning",
                   state="firing", namespace="staging", app=f"application-{n}")
        for n in range(12)
    ]  # fmt: skip
    board = replace(boards.bad_rollout(), sources=tuple(sources), firing=tuple(alerts))
    async with desk(board, ascii_only=ascii_only).run_test(size=(width, 24)) as pilot:
        assert re.search(r"\+\d+ more$", lines(pilot.app)[1])
        assert re.search(r"\+\d+ more$", lines(pilot.app)[-2])


@pytest.mark.parametrize("height", [20, 60])
async def test_the_last_build_is_whole_beside_a_scroll_bar(height):
    async with desk(boards.calm()).run_test(size=(120, height)) as pilot:
        assert "#40   \u2713 production" in text(pilot.app)


async def test_a_silent_source_says_since_when_it_gives_no_news():
    silent = boards.source("kubernetes/eu", Level.OK, 14_000, live=True, words="no news", reason="Live",
                           level_since_ms=boards.NOW - boards.HOUR)  # fmt: skip
    board = replace(boards.calm(), sources=(replace(silent, level=Level.UNKNOWN),), all_well=False)
    async with desk(board).run_test(size=(120, 24)) as pilot:
        assert lines(pilot.app)[1] == " kubernetes eu ? no news for 14s"


async def test_a_sealed_vault_is_told_since_it_was_sealed_not_since_another_fault():
    times = {"level_since_ms": boards.NOW - 18_000, "since_ms": boards.NOW - 10_000}
    view = boards.source("vault", Level.FAILING, words="it is sealed", reason="Sealed", **times)
    async with desk(replace(boards.calm(), sources=(view,), all_well=False)).run_test(size=(120, 24)) as pilot:
        assert "Sealed for 10s" in lines(pilot.app)[1]


@pytest.mark.parametrize("width", [80, 120, 140])
async def test_one_long_sentence_hides_no_other_source(width):
    lapsed = replace(boards.source("vault", level=Level.FAILING, words="x" * 200), level=Level.FAILING)
    refused = [
        replace(boards.source("kubernetes/eu"), state=replace(
            boards.source("kubernetes/eu").state, scope=f"{stage}/events", level=Level.UNKNOWN, reason="NoAccess",
            message="y" * 200), level=Level.UNKNOWN, words="y" * 200)
        for stage in ("audit", "staging", "testing")
    ]  # fmt: skip
    board = replace(boards.bad_rollout(), sources=(*refused, boards.source("jenkins"), lapsed))
    async with desk(board).run_test(size=(width, 24)) as pilot:
        line = lines(pilot.app)[1]
        places = [
            line.index(word) for word in ("vault \u2717 xxx", "kubernetes eu audit/events +2 \u22a0", "jenkins \u2713")
        ]
        assert places == sorted(places)
