"""A feed made by hand, a fixed clock, and what is on the screen as text."""

import threading

from msgspec.structs import replace

from screens.app import DeskApp
from screens.rollout import RolloutScreen
from statusdesk.board_feed import AlertsReading, FeedError
from statusdesk.build_view import BuildReading
from statusdesk.config import AppSettings, BoardSettings, Config, StageSettings, StoreSettings
from statusdesk.rollout_view import Reading, on_board
from tests.screens import boards, rollouts


class HandFeed:
    """Gives the boards that a test hands it; remembers who asked and from which thread."""

    def __init__(self, board=None, past=None):
        self.boards = [board] if board is not None else []
        self.past = past
        self.problem = ""
        self.asked = []
        self.polled_by = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.readings = {}
        self.problem_of_rollouts = ""
        self.problem_of_alerts = self.problem_of_requests = ""
        self.alerts_reading = AlertsReading()
        self.requests = []
        self.builds, self.pages, self.without_namespace, self.granted = {}, {}, (), {}

    def give(self, board):
        self.boards.append(board)

    def poll(self, now_ms):
        self.polled_by.append(threading.current_thread())
        assert self.may_answer.wait(30)
        if self.problem:
            raise FeedError(self.problem)
        return self.boards.pop(0) if self.boards else None

    def pods(self, key):
        self.asked.append((key, threading.current_thread() is threading.main_thread()))
        return boards.pods(key)

    def history(self, app):
        return boards.history(app)

    def rollout(self, view, board):
        self.asked.append(("rollout", view.key, threading.current_thread() is threading.main_thread()))
        if self.problem_of_rollouts:
            raise FeedError(self.problem_of_rollouts)
        now = on_board(view, board, past=view.past)
        return replace(now, reading=self.readings.get(view.key, Reading()))

    def alerts(self, board):
        self.asked.append(("alerts", threading.current_thread() is threading.main_thread()))
        if self.problem_of_alerts:
            raise FeedError(self.problem_of_alerts)
        return self.alerts_reading

    def request(self, request):
        self.requests.append((request, threading.current_thread() is threading.main_thread()))
        if self.problem_of_requests:
            raise FeedError(self.problem_of_requests)

    def histories(self, pairs, until_ms=None):
        self.asked.append(("histories", tuple(pairs), threading.current_thread() is threading.main_thread()))
        if self.problem_of_rollouts:
            raise FeedError(self.problem_of_rollouts)
        return {pair: tuple(self.builds.get(pair, ())) for pair in pairs}

    def build(self, key, until_ms=None):
        self.asked.append(("build", key, threading.current_thread() is threading.main_thread()))
        if self.problem_of_rollouts:
            raise FeedError(self.problem_of_rollouts)
        return self.pages.get(key, BuildReading())

    def unattributed(self):
        return self.without_namespace

    def grants(self, token_key, until_ms=None):
        self.asked.append(("grants", token_key, threading.current_thread() is threading.main_thread()))
        return self.granted.get(token_key, ())

    def at(self, ms):
        self.asked.append((ms, threading.current_thread() is threading.main_thread()))
        if self.past is None:
            raise FeedError("the store does not go back that far")
        return self.past

    def close(self):
        """Hold nothing."""


class HandClock:
    """Stands still until a test moves it."""

    def __init__(self):
        self.ms = boards.NOW

    def __call__(self):
        return self.ms


def config(apps=(), sinks=(), **board):
    return Config(
        sinks=tuple(sinks),
        path="",
        stages=tuple(StageSettings(name=name, namespaces=(name,)) for name in boards.STAGES),
        clusters=(),
        store=StoreSettings(state_dir=""),
        apps=tuple(AppSettings(name=name) for name in apps),
        board=BoardSettings(**board),
    )


def desk(
    board=None, *, apps=(), sinks=(), past=None, ascii_only=None, past_only=False, readings=None, logs=None, **settings
):
    feed, clock = HandFeed(board, past), HandClock()
    feed.readings = dict(readings or {})
    app = DeskApp(config(apps, sinks, **settings), feed, clock, ascii_only=ascii_only, past=past_only, log_doors=logs)
    app.hand, app.hand_clock = feed, clock
    return app


def open_rollouts(board, readings=rollouts.READINGS, **more):
    return desk(board, readings=readings, **more)


async def shown(pilot):
    """Wait until every board that the feed was given is on the screen."""
    app = pilot.app
    last = app.hand.boards[-1] if app.hand.boards else app.board
    await until(pilot, lambda: app.board is last)
    await pilot.pause()


def lines(app):
    """Return what is on the screen, line by line, as a terminal would have it."""
    screen = app.screen
    width, height = app.size
    strips = screen._compositor.render_strips(app.size)
    assert all(strip.cell_length == width for strip in strips), [strip.cell_length for strip in strips]
    assert len(strips) == height
    return [strip.text.rstrip() for strip in strips]


def text(app):
    return "\n".join(lines(app))


async def until(pilot, condition, seconds=10.0):
    """Let the app work until a condition holds; fail with the screen when it never does."""
    import asyncio
    import time

    end = time.monotonic() + seconds
    while pilot.app.screen._compositor.size != pilot.app.size or not condition():
        await pilot.pause()
        await asyncio.sleep(0.01)
        assert time.monotonic() < end, f"never happened:\n{text(pilot.app)}"


async def look(pilot):
    """Press enter on the board and wait until all has been read."""
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, RolloutScreen))
    await until(pilot, lambda: pilot.app.screen.view.reading is not None)
    await until(pilot, lambda: "WHAT HAPPENED" in pilot.app.screen.text)
