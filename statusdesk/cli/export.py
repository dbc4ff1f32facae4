"""``statusdesk export``: the history as CSV or JSON lines, to stdout or to a file that appears only when complete."""

import argparse
import datetime
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from statusdesk import exit_codes
from statusdesk.cli.usage import refuse
from statusdesk.text import counted

if TYPE_CHECKING:
    from statusdesk.cli.parser import Parser
    from statusdesk.config import Config
    from statusdesk.store.export import Format

DESCRIPTION = """\
Write the history of builds, rollouts, tokens, alerts, environments, platform jobs or of the messages about alerts.
Times in the output are ISO 8601 in UTC; text that a spreadsheet could take for a formula begins with an apostrophe in
CSV. A file is written beside its final name and renamed when it is complete; a device or a pipe is written as it is.
Builds, and alerts about builds, belong to the app that their job's name tells.
"""
PROGRESS_AFTER_S = 1.0
PROGRESS_EVERY_S = 0.2


def add_parser(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command."""
    parser = commands.add_parser("export", help="write history as CSV or JSON lines", description=DESCRIPTION)
    subjects = ("builds", "rollouts", "tokens", "alerts", "notifications", "environments", "platform")
    parser.add_argument("what", choices=subjects, help="which history")
    parser.add_argument("--since", metavar="TIME", default="7d", help="7d, 09:12, 2026-11-20 09:12 (default: 7d)")
    parser.add_argument("--until", metavar="TIME", default="now", help="in the same forms (default: now)")
    parser.add_argument("--app", metavar="GLOB", action="append", default=[], help="only these apps; may be repeated")
    parser.add_argument("--namespace", metavar="NS", action="append", default=[], help="only these; may be repeated")
    parser.add_argument("--format", choices=("csv", "jsonl"), help="default: by the ending of FILE, else csv")
    parser.add_argument("--timezone", metavar="ZONE", help="of times without an offset (default: [board] timezone)")
    parser.add_argument("-o", "--output", metavar="FILE", default="-", help="default: - (stdout)")


def run(args: argparse.Namespace) -> int:
    """Write the rows; return the exit code."""
    from statusdesk.cli.opening import load_config, now_ms, store_path, with_timezone, zone_of
    from statusdesk.cli.output import open_output
    from statusdesk.store.export import export, query

    config = with_timezone(load_config(args, collecting=False), args.timezone)
    zone = zone_of(config)
    now = now_ms()
    since_ms, until_ms = (_moment(name, getattr(args, name), now, zone) for name in ("since", "until"))
    if since_ms >= until_ms:
        refuse("--since must be before --until")
    form = _format(args)
    jobs = _jobs_of(args.app, config, args.what) if args.what in ("builds", "alerts") and args.app else None
    try:
        query(args.what, since_ms, until_ms, args.app, args.namespace, form, jobs)
    except ValueError as error:
        refuse(str(error))
    progress = _Progress(sys.stderr) if sys.stderr.isatty() and not args.quiet else None
    with open_output(args.output) as out:
        chosen = (since_ms, until_ms, args.app, args.namespace, form)
        rows = export(store_path(config), args.what, *chosen, out, progress, jobs)
    if progress is not None:
        progress.clear()
    if args.output != "-" and not args.quiet:
        print(f"wrote {rows} {'row' if rows == 1 else 'rows'} to {args.output}", file=sys.stderr)
    return exit_codes.OK


def _format(args: argparse.Namespace) -> "Format":
    if args.format == "jsonl" or (args.format is None and args.output.endswith((".jsonl", ".ndjson"))):
        return "jsonl"
    return "csv"


def _jobs_of(apps: list[str], config: "Config", what: str) -> list[str]:
    """Return the jobs that are matched to these apps now: a build, and an alert about it, know their job, not its app.

    Builds are those of the jobs that deploy the apps; an alert may be about any job that is named for them.
    """
    from statusdesk.cli.opening import store_path
    from statusdesk.cli.reading import narrow, read_board
    from statusdesk.judge.apps import match_job

    board = read_board(config, store_path(config))
    rows = narrow(board, apps).rows
    if what == "builds":
        return sorted({build.job for row in rows for build in row.builds})
    known, wanted = {row.app for row in board.rows}, {row.app for row in rows}
    return sorted({build.job for build in board.builds if match_job(build.job, known, config.apps) in wanted})


def _moment(name: str, text: str, now: int, zone: datetime.tzinfo) -> int:
    from statusdesk.moments import parse_moment_ms

    try:
        return parse_moment_ms(text, now, zone)
    except ValueError as error:
        refuse(f"--{name} {text}: {error}")


class _Progress:
    """How many rows were written, on one line of a terminal, once it takes longer than a second."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._next = clock() + PROGRESS_AFTER_S
        self._shown = False

    def __call__(self, rows: int) -> None:
        now = self._clock()
        if now >= self._next:
            self._next = now + PROGRESS_EVERY_S
            self._shown = True
            print(f"\r{counted(rows, 'row')}", end="", file=self._stream, flush=True)

    def clear(self) -> None:
        """Wipe the line."""
        if self._shown:
            print("\r\x1b[K", end="", file=self._stream, flush=True)
