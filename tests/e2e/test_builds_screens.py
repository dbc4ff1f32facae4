"""The screens of builds and tokens show what the world says, on the real store of a real collector."""

import asyncio
import re
import time
from pathlib import Path
from urllib.parse import unquote

import pytest

from screens.app import DeskApp
from screens.builds import BuildsScreen
from screens.environments import EnvironmentsScreen
from screens.tokens import TokensScreen
from statusdesk.clock import system_clock
from statusdesk.collecting import Supervision
from statusdesk.config_file import load
from statusdesk.feed import StoreFeed
from tests.e2e.world import serving
from tests.screens.desk import lines

pytestmark = pytest.mark.slow

LARGE = (180, 320)
SIGNS = {"\u2717": "FAILURE", "\u2691": "UNSTABLE", "\u2713": "SUCCESS"}
ROW = re.compile(r"^ (?P<sign>\S) (?P<job>\S+) +(?P<word>\S+) +#(?P<number>\d+) ")
HEADING = re.compile(r"^ (?P<name>\S+)  (all green|\d+ of \d+ jobs|no result)")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    options = ("--speed", "2", "--apps", "8")
    with serving(tmp_path_factory.mktemp("screens") / "truth.json", *options) as served, served.watch():
        yield served


def _pairs(app):
    """Return what the screen says: number and result by ``job@namespace``."""
    shown, namespace = {}, ""
    for line in lines(app):
        heading, row = HEADING.match(line), ROW.match(line)
        if heading:
            namespace = heading["name"]
        elif row and namespace and row["sign"] in SIGNS:
            shown[f"{row['job']}@{namespace}"] = (int(row["number"]), SIGNS[row["sign"]])
    return shown


def _true_pairs(world, board):
    """Return the same as the world has it, without the jobs of the platform."""
    platform = {state.job for state in board.platform}
    deploys = {key: each for key, each in world.truth()["builds"].items() if key.rpartition("@")[0] not in platform}
    return {
        unquote(key): (each["number"], each["result"])  # a branch is shown as people know it
        for key, each in deploys.items()
        if each["number"] is not None and not key.endswith("@")
    }


def _wrong_tokens(app, world):
    """Return what the screen does not say of a token: that it is gone, at its cap, or what its renewal job did last."""
    shown = lines(app)
    starts = {name: index for index, line in enumerate(shown) for name in line.split()[1:2] if line[1:2] in SIGNS}
    wrong = []
    for name, true in world.truth()["tokens"].items():
        said = " ".join(shown[starts[name] : starts[name] + 3]) if name in starts else ""
        expected = ["gone"] if true["gone"] else ["at its cap"] if true["at_cap"] else []
        if not said or any(words not in said for words in expected):
            wrong.append((name, expected, said))
        if not true["gone"] and ((" \u2713" in said[:3]) != (true["renewal_works"] and not true["at_cap"])):
            wrong.append((name, "well" if true["renewal_works"] else "not well", said))
    return wrong


def _environments(app):
    return {
        line.split()[1] for line in lines(app)[3:] if line[1:2].strip() and line[2:3] == " " and " in " in line[:40]
    }


async def _until(pilot, condition, what, seconds=40.0):
    end = time.monotonic() + seconds
    while not condition():
        await pilot.pause()
        await asyncio.sleep(0.2)
        assert time.monotonic() < end, what() if callable(what) else what


async def test_what_the_screens_show_is_what_the_world_says(world):
    config = load(Path(world.ready.config), {}, collecting=False)
    feed = StoreFeed(config, world.store, Supervision(None))
    app = DeskApp(config, feed, system_clock)
    try:
        async with app.run_test(size=LARGE) as pilot:
            await _until(pilot, lambda: app.board is not None and app.board.builds, "no builds")
            await pilot.press("b", "a")
            await _until(pilot, lambda: isinstance(app.screen, BuildsScreen), "no builds screen")

            def differs():
                shown, true = _pairs(app), _true_pairs(world, app.board)
                return {key: (shown.get(key), true.get(key)) for key in shown.keys() | true.keys()
                        if shown.get(key) != true.get(key)} or (not true and "nothing is true yet")  # fmt: skip

            await _until(pilot, lambda: not differs(), lambda: f"shown, true: {differs()}")
            text = "\n".join(lines(app))
            await _until(pilot, lambda: "\u28c0\u28c0" in "\n".join(lines(app)), "no strip of the last builds")
            assert "PLATFORM" in text and "seed" in text and "renewal" in text
            await pilot.press("escape", "K")
            await _until(pilot, lambda: isinstance(app.screen, TokensScreen), "no tokens screen")
            await _until(pilot, lambda: not _wrong_tokens(app, world), lambda: str(_wrong_tokens(app, world)))
            await pilot.press("escape", "E")
            await _until(pilot, lambda: isinstance(app.screen, EnvironmentsScreen), "no environments screen")
            await _until(pilot, lambda: _environments(app) == set(world.truth()["environments"]), "other environments")
    finally:
        feed.close()
