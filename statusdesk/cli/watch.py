"""``statusdesk watch``: the collector process, headless; a line for each change of level and each turn of an alert."""

import argparse
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from statusdesk import exit_codes
from statusdesk.cli.usage import refuse

if TYPE_CHECKING:
    import logging

    from statusdesk.alerts.telling import AlertEvent, Teller
    from statusdesk.cli.parser import Parser
    from statusdesk.cli.printing import LinePrinter
    from statusdesk.config import Config
    from statusdesk.credentials import ReadSecret
    from statusdesk.listen import Listener
    from statusdesk.sinks.heartbeat import Heartbeat
    from statusdesk.snapshot import Mirror
    from statusdesk.store.writer import Transition

DESCRIPTION = """\
Collect from Jenkins, Kubernetes and Vault into the store, and print one line for each change of level and for each turn
of an alert. One collector runs per state directory; a second one ends with exit code 75. The collector of
a board gives way to it. SIGTERM and SIGHUP end it cleanly.
"""


LAST_BEAT_S = 1.0
GIVE_WAY_EVERY_S = 0.2


def add_parser(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "watch", help="collect without a screen, print changes of level", description=DESCRIPTION
    )
    parser.add_argument("--once", action="store_true", help="ask every source once, print what is not well, and end")
    parser.add_argument("--timeout", metavar="TIME", default="60s", help="how long --once may take (default: 60s)")
    parser.add_argument("--format", choices=("jsonl", "text"), help="form of a line (text on a terminal, else jsonl)")
    parser.add_argument("--dry-run", action="store_true", help="show what would be sent to the sinks, send nothing")
    parser.add_argument("--listen", metavar="HOST:PORT", help="serve /metrics, /healthz and /readyz there")
    parser.add_argument("--owner", default="watch", help=argparse.SUPPRESS)
    parser.add_argument("--exit-with-stdin", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Collect until a signal ends it; return the exit code."""
    from statusdesk.cli.opening import load_config
    from statusdesk.config_file import ConfigError
    from statusdesk.credentials import problems_of
    from statusdesk.durations import parse_duration_ms
    from statusdesk.states import BOARD
    from statusdesk.store.errors import StoreUnusable
    from statusdesk.store.lock import StateLock
    from statusdesk.store.precedence import acquire

    try:
        timeout_s = parse_duration_ms(args.timeout) / 1000
    except ValueError as error:
        refuse(f"--timeout {error}")
    config = load_config(args, collecting=True)
    if problems := problems_of(config, sends=args.owner != BOARD and not (args.once or args.dry_run)):
        raise ConfigError(problems)
    # What the store holds names everything that runs: nobody but the owner and the group of the directory may read it.
    os.umask(0o027)
    state_dir = Path(config.store.state_dir)
    lock = StateLock(state_dir, args.owner)
    if args.once:
        with lock:
            return _once(args, config, timeout_s)
    try:
        if args.owner != BOARD:
            acquire(lock)
        with lock:
            return _collect(args, config)
    except StoreUnusable as error:  # whoever starts it again and again must not: the state directory is a setting, too
        raise ConfigError([str(error)]) from error


def _collect(args: argparse.Namespace, config: "Config") -> int:
    from statusdesk.cli.opening import narrate_on_stderr
    from statusdesk.cli.printing import LinePrinter
    from statusdesk.credentials import TellingReader
    from statusdesk.systemd import Notifier
    from statusdesk.watch import CollectorProcess

    logger = narrate_on_stderr(args)
    stop, given_way, reader_gone = threading.Event(), threading.Event(), threading.Event()
    caught = _stop_on_signals(stop)
    _follow_owner(args, Path(config.store.state_dir), stop, given_way)

    def gone() -> None:
        reader_gone.set()
        stop.set()

    narrate = _narrating(logger)
    # A reader that goes away ends the collector quietly, as SIGPIPE would.
    printer = LinePrinter(narrate, gone)
    read = TellingReader()
    config, teller, heartbeat = _speakers(args, config, printer, narrate, read)
    listener, mirror = _listening(args, config, teller)
    process = CollectorProcess(
        config,
        owner=args.owner,
        mirror=mirror,
        notifier=Notifier(os.environ),
        out=_printing(args, printer),
        alerted=_printing_alerts(args, printer),
        teller=teller,
        read_by_sinks=read,
        narrate=narrate,
        verbose=args.verbose > 0,
    )
    logger.info("collecting from %s into %s", ", ".join(process.sources()), config.store.state_dir)
    with _beating(heartbeat), _served(listener, logger):
        process.run(stop)
    printer.close()
    logger.info("stopped")
    return exit_codes.STEPPED_DOWN if given_way.is_set() else _ended(caught, reader_gone.is_set(), printer.failed)


def _narrating(logger: "logging.Logger") -> Callable[[str], None]:
    """Return what says the collector's sentences on stderr, where no line begins with our name."""
    return lambda sentence: logger.warning("%s", sentence.removeprefix("statusdesk: "))


def _follow_owner(args: argparse.Namespace, state_dir: Path, stop: threading.Event, given_way: threading.Event) -> None:
    """Stop with whoever started this collector; that of a board also when a ``watch`` wants the directory."""
    from statusdesk.states import BOARD

    if args.exit_with_stdin:
        threading.Thread(target=_stop_at_end_of_stdin, args=(stop,), name="stdin", daemon=True).start()
    if args.owner == BOARD:
        followed = (stop, given_way, state_dir)
        threading.Thread(target=_give_way, args=followed, name="precedence", daemon=True).start()


@contextlib.contextmanager
def _served(listener: "Listener | None", logger: "logging.Logger") -> Iterator[None]:
    """Serve what ``--listen`` asks for while the collector runs."""
    if listener is None:
        yield
        return
    listener.start()
    logger.info("listening on %s", listener.address)
    try:
        yield
    finally:
        listener.stop()


@contextlib.contextmanager
def _beating(heartbeat: "Heartbeat | None") -> Iterator[None]:
    """Let a heartbeat, which has begun, beat as long as the collector runs."""
    try:
        yield
    finally:
        if heartbeat is not None:
            heartbeat.stop()
            heartbeat.join(LAST_BEAT_S)


def _ended(caught: Collection[int], reader_gone: bool, failed: bool) -> int:
    if signal.SIGINT in caught:
        return exit_codes.INTERRUPTED
    if failed and not caught:
        return exit_codes.CANNOT_TELL
    return exit_codes.PIPE_CLOSED if reader_gone and not caught else exit_codes.OK


def _speakers(
    args: argparse.Namespace,
    config: "Config",
    printer: "LinePrinter",
    narrate: Callable[[str], None],
    read: "ReadSecret",
) -> "tuple[Config, Teller | None, Heartbeat | None]":
    """Return the configuration to run with, and who sends messages and beats; a board's collector sends nothing."""
    from statusdesk.cli.outlets import heartbeat_of, rehearsal_of, sinks_of, warnings_of
    from statusdesk.states import BOARD

    if args.dry_run:
        return *rehearsal_of(config, printer.put, as_json=_as_json(args)), None
    if args.owner != BOARD:
        for warning in warnings_of(config):
            narrate(warning)
        return config, sinks_of(config, printer.put, narrate, read), heartbeat_of(config, narrate, read)
    return config, None, None


def _once(args: argparse.Namespace, config: "Config", timeout_s: float) -> int:
    from statusdesk.cli.lines import board_lines
    from statusdesk.cli.opening import narrate_on_stderr, store_path
    from statusdesk.cli.reading import exit_code_of, read_board
    from statusdesk.watch import CollectorProcess

    logger = narrate_on_stderr(args)
    process = CollectorProcess(
        config,
        owner=args.owner,
        narrate=_narrating(logger),
        verbose=args.verbose > 0,
    )
    complete = process.run_once(timeout_s)
    # The collector has stopped on purpose; what it left is as fresh as can be.
    board = read_board(config, store_path(config), collector_expected=False)
    for line in board_lines(board, as_json=_as_json(args)):
        print(line)
    if not complete:
        logger.warning("not every source answered within %s", args.timeout)
    code = exit_code_of(board)
    return exit_codes.CANNOT_TELL if code == exit_codes.OK and not complete else code


def _listening(
    args: argparse.Namespace, config: "Config", teller: "Teller | None"
) -> "tuple[Listener | None, Mirror | None]":
    """Return what serves on the address of ``--listen``, not started yet, and what it shows.

    Raises: UsageError when the address cannot be had.
    """
    if not args.listen:
        return None, None
    from statusdesk.alerts.sink_kinds import LEVEL_TRIGGERED
    from statusdesk.listen import AddressError, Listener, parse_address
    from statusdesk.sinks.teller import Sinks
    from statusdesk.snapshot import Mirror

    sinks = config.sinks if isinstance(teller, Sinks) else ()
    mirror = Mirror(
        (each.name for each in sinks if each.type != LEVEL_TRIGGERED),
        (each.name for each in sinks if each.type == LEVEL_TRIGGERED),
        teller.posts if isinstance(teller, Sinks) else tuple,
    )
    try:
        return Listener(*parse_address(args.listen), mirror), mirror
    except AddressError as error:
        refuse(f"--listen: {error}")


def _as_json(args: argparse.Namespace) -> bool:
    return bool(args.format == "jsonl" if args.format else not sys.stdout.isatty())


def _printing(args: argparse.Namespace, printer: "LinePrinter") -> "Callable[[Transition], None]":
    from statusdesk.cli.lines import transition_line

    as_json = _as_json(args)

    def show(transition: "Transition") -> None:
        line = transition_line(transition, as_json=as_json)
        if line:
            printer.put(line)

    return show


def _printing_alerts(args: argparse.Namespace, printer: "LinePrinter") -> "Callable[[AlertEvent], None]":
    from statusdesk.cli.alert_lines import event_line

    as_json = _as_json(args)

    def show(event: "AlertEvent") -> None:
        printer.put(event_line(event, as_json=as_json))

    return show


def _stop_on_signals(stop: threading.Event) -> list[int]:
    """Set ``stop`` at SIGTERM, SIGHUP or SIGINT; a second SIGINT ends the process at once. Returns those caught."""
    caught: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        caught.append(number)
        stop.set()
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGHUP, on_signal)  # the terminal is gone
    signal.signal(signal.SIGINT, on_signal)
    return caught


def _stop_at_end_of_stdin(stop: threading.Event) -> None:
    """Set ``stop`` when whoever started this process has closed its end of stdin, or has died."""
    while os.read(0, 4096):
        pass
    stop.set()


def _give_way(stop: threading.Event, given_way: threading.Event, state_dir: Path) -> None:
    """Set both when a ``watch`` waits for the directory."""
    from statusdesk.store.precedence import asked_to_step_down

    while not stop.wait(GIVE_WAY_EVERY_S):
        if asked_to_step_down(state_dir):
            given_way.set()
            stop.set()
