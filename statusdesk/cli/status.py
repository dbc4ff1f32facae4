"""``statusdesk status``: the board once, in words or JSON, with an exit code that a script can trust."""

import argparse
import sys
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from statusdesk import exit_codes
from statusdesk.cli.parser import add_attach

if TYPE_CHECKING:
    from statusdesk.board import Board
    from statusdesk.cli.parser import Parser
    from statusdesk.config import Config

DESCRIPTION = """\
Print the board once. Exit code 0: nothing is failing, 1: something is, 3: it cannot be told, because data is missing
or stale, a source cannot be read, no collector runs, or a named app is not known. With --format nagios these are the
codes of Nagios: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. With names, only those applications
are printed, the tokens that belong to them, sources that are not well, and the alerts about any of these.
"""


def add_parser(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command."""
    parser = commands.add_parser("status", help="print the board once, for people and scripts", description=DESCRIPTION)
    parser.add_argument("apps", metavar="APP", nargs="*", help="only these applications (globs)")
    add_attach(parser)
    parser.add_argument("--format", choices=("table", "json", "nagios"), default="table", help="default: table")
    parser.add_argument("--only-bad", action="store_true", help="leave out what is well, but count it")


def run(args: argparse.Namespace) -> int:
    """Print the board; return the exit code."""
    from statusdesk.alerts_view import Outlook
    from statusdesk.cli.board_json import board_json
    from statusdesk.cli.board_table import board_table
    from statusdesk.cli.opening import load_config, store_path, wants_colour
    from statusdesk.cli.reading import exit_code_of, narrow, read_board, with_alerts_of, with_tokens_of, without_well
    from statusdesk.config_file import ConfigError
    from statusdesk.store.errors import StoreError

    try:
        config = load_config(args, collecting=False)
        board = read_board(config, store_path(config, args.attach))
    except (ConfigError, StoreError) as error:
        if args.format != "nagios":
            raise
        said = "; ".join(str(error).split("\n")).replace("|", "/")
        print(f"UNKNOWN - {said}")  # Nagios shows the one line that comes on stdout
        return exit_codes.CANNOT_TELL
    missing = _unknown_apps(board, args.apps)
    chosen = narrow(board, args.apps)
    if args.apps:
        chosen = with_alerts_of(with_tokens_of(chosen, config), board, config)
    if args.format == "nagios":
        return _nagios(chosen, config, missing, narrowed=bool(args.apps))
    code = exit_code_of(chosen)
    shown = without_well(chosen) if args.only_bad else chosen
    if args.format == "json":
        print(board_json(shown, Outlook(config)))
    elif chosen.rows or not missing:
        options = {"everything": not args.only_bad, "all_sources": not args.apps}
        colour, ascii_only = wants_colour(args.color, sys.stdout), config.board.glyphs == "ascii"
        well = len(chosen.rows) - len(shown.rows)
        for line in board_table(shown, Outlook(config), colour=colour, ascii_only=ascii_only, left_out=well, **options):
            print(line)
    for app in missing:
        print(f"statusdesk: no application matches {app!r}", file=sys.stderr)
    return exit_codes.CANNOT_TELL if missing else code


def _nagios(board: "Board", config: "Config", missing: list[str], *, narrowed: bool) -> int:
    import msgspec

    from statusdesk.cli.nagios import UNKNOWN, nagios

    if missing:
        print(f"UNKNOWN - no application matches {', '.join(map(repr, missing))}")
        return UNKNOWN
    if narrowed:
        apps, tokens = {row.app for row in board.rows}, {token.name for token in board.tokens}
        mine = tuple(alert for alert in board.firing if alert.app_name in apps or alert.token in tokens)
        board = msgspec.structs.replace(board, firing=mine)
    line, code = nagios(board, config)
    print(line)
    return code


def _unknown_apps(board: "Board", patterns: list[str]) -> list[str]:
    return [pattern for pattern in patterns if not any(fnmatchcase(row.app, pattern) for row in board.rows)]
