"""``statusdesk board``: the console; it attaches to the collector that runs, or runs one of its own."""

import argparse
import gc
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from statusdesk import exit_codes
from statusdesk.cli.parser import add_attach
from statusdesk.cli.usage import refuse

if TYPE_CHECKING:
    import asyncio

    from screens.app import DeskApp
    from statusdesk.board import Board
    from statusdesk.board_feed import Feed
    from statusdesk.cli.parser import Parser
    from statusdesk.collecting import Child, Supervision
    from statusdesk.config import Config

PAINTS_PER_S = "250"  # at most
DESCRIPTION = """\
Show the board. When no collector writes the store, one is started and ends with the board; when the one that is read
dies, this board takes over, unless it was told to --attach. Press ? for the keys.
"""
LEAVE_AGAIN_S = 0.02


def add_parser(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command."""
    parser = commands.add_parser("board", help="the console (default on a terminal)", description=DESCRIPTION)
    add_attach(parser)
    parser.add_argument("--app", metavar="GLOB", action="append", default=[], help="only these apps; may be repeated")
    parser.add_argument(
        "--namespace", metavar="NS", action="append", default=[], help="only apps in it; may be repeated"
    )
    parser.add_argument("--only-bad", action="store_true", help="leave out what is well")
    parser.add_argument("--at", metavar="TIME", help="as of a moment: 09:12, 2h ago, 2026-11-20 09:12")
    parser.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")
    parser.add_argument("--timezone", metavar="ZONE", help="of times on screen (default: [board] timezone)")


def run(args: argparse.Namespace) -> int:
    """Show the board until it is left; return the exit code."""
    from statusdesk.cli.opening import load_config, with_timezone

    config = with_timezone(load_config(args, collecting=False), args.timezone)
    # Textual draws on stderr, so that one counts too.
    streams = (sys.stdin, sys.stdout, sys.stderr)
    if not all(stream.isatty() for stream in streams) or os.environ.get("TERM", "dumb") == "dumb":
        refuse("the board needs a terminal; try `statusdesk status`")
    # The start makes no garbage, and looking for it costs a tenth of the time to the first paint. The app turns this on
    # again when it has painted.
    gc.disable()
    # Textual paints at most 60 times a second, and what a typed letter changes beyond its own line waits for up to two
    # of these moments, 33 ms. Nothing is painted where nothing has changed.
    os.environ.setdefault("TEXTUAL_FPS", PAINTS_PER_S)
    if args.color == "never":
        os.environ["NO_COLOR"] = "1"
    elif args.color == "always":
        os.environ.pop("NO_COLOR", None)
    feed, clock = _feed(args, config)
    try:
        from screens.app import DeskApp

        app = DeskApp(config, feed, clock, past=bool(args.at))
        _leave_on_signals(app)
        app.run(mouse=not args.no_mouse)
    finally:
        feed.close()
    return app.return_code or exit_codes.OK


def _leave_on_signals(app: "DeskApp") -> None:
    """Leave as by the keys, so that the terminal is given back.

    SIGTERM and SIGHUP are as ``q`` (0), SIGINT is as ctrl+c (130).
    """
    import asyncio

    def on_signal(number: int, _frame: FrameType | None) -> None:
        code = exit_codes.INTERRUPTED if number == signal.SIGINT else exit_codes.OK
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            # Not drawing yet, or not any more: then the collector is being ended, which takes two seconds at most.
            if app.return_code is None:
                raise SystemExit(code) from None
            return
        loop.call_soon_threadsafe(_leave, app, code, loop)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, on_signal)


def _leave(app: "DeskApp", code: int, loop: "asyncio.AbstractEventLoop") -> None:
    """End the app; before its first screen stands it would fall over itself, and is asked again a moment later."""
    if app.stands:
        app.exit(return_code=code)
    elif app.return_code is None:
        loop.call_later(LEAVE_AGAIN_S, _leave, app, code, loop)


def _feed(args: argparse.Namespace, config: "Config") -> "tuple[Feed, Callable[[], int]]":
    from statusdesk.cli.opening import now_ms, store_path, zone_of
    from statusdesk.clock import system_clock
    from statusdesk.feed import PastFeed, StoreFeed
    from statusdesk.moments import parse_past_ms

    path = store_path(config, args.attach)
    narrow = _narrower(args)
    if not args.at:
        return StoreFeed(config, path, _supervision(args, config), narrow), system_clock
    try:
        at_ms = parse_past_ms(args.at, now_ms(), zone_of(config))
    except ValueError as error:
        refuse(f"--at {args.at}: {error}")
    return PastFeed(config, path, at_ms, narrow), lambda: at_ms


def _narrower(args: argparse.Namespace) -> "Callable[[Board], Board]":
    from statusdesk.cli.reading import narrow

    return lambda board: narrow(board, args.app, args.namespace, only_bad=args.only_bad)


def _supervision(args: argparse.Namespace, config: "Config") -> "Supervision":
    """Return what keeps a collector running: nothing with ``--attach``, else a child when no other one beats.

    Raises: ConfigError when this board would have to collect and the configuration is not good enough for that.
    """
    from statusdesk.collecting import CollectorChild, Supervision

    if args.attach is not None:
        return Supervision(None)
    if not _somebody_collects(config):
        _check_that_collecting_can_work(args)
    state_dir = Path(config.store.state_dir)

    def start() -> "Child":
        return CollectorChild(_collector_argv(config), state_dir)

    return Supervision(start)


def _somebody_collects(config: "Config") -> bool:
    from statusdesk.store.lock import holder

    return holder(Path(config.store.state_dir)) is not None


def _check_that_collecting_can_work(args: argparse.Namespace) -> None:
    from statusdesk.cli.opening import load_config
    from statusdesk.config_file import ConfigError
    from statusdesk.credentials import problems_of

    if problems := problems_of(load_config(args, collecting=True), sends=False):
        raise ConfigError(problems)


def _collector_argv(config: "Config") -> list[str]:
    command = [sys.executable, "-m", "statusdesk", "--config", config.path, "--state-dir", config.store.state_dir]
    return [*command, "watch", "--owner", "board", "--exit-with-stdin", "--format", "text"]
