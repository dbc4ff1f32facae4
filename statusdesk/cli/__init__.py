"""The command line: one file per command. Importing it costs argparse; a command imports what it needs when it runs."""

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from statusdesk import exit_codes
from statusdesk.cli import ack, board, check, demo, export, gate, logs, silence, status, watch
from statusdesk.cli.parser import add_globals, build_parser

COMMANDS = {
    "board": board,
    "watch": watch,
    "status": status,
    "logs": logs,
    "ack": ack,
    "silence": silence,
    "export": export,
    "gate": gate,
    "check": check,
    "demo": demo,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not _can_tell():
        return exit_codes.USAGE
    parser, commands = build_parser()
    for command in COMMANDS.values():
        command.add_parser(commands)
    for parser_of_command in commands.choices.values():
        add_globals(parser_of_command, top=False)
    try:
        args = parser.parse_args(words)
    except SystemExit as end:
        if end.code == exit_codes.USAGE and words[:1] != ["demo"] and {"status", "nagios"} <= set(words):
            print("UNKNOWN - the command line is wrong, stderr says why")  # 2 would be CRITICAL
            return exit_codes.CANNOT_TELL
        raise
    if args.command is None:
        args = parser.parse_args([*words, "board"])
    try:
        code: int = COMMANDS[args.command].run(args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED
    except BrokenPipeError:
        _give_up_stdout()
        return exit_codes.PIPE_CLOSED
    except Exception as error:  # the outermost edge: a person gets one sentence, and a crash is never 0
        from statusdesk.cli.failures import tell

        code = tell(error, verbose=args.verbose > 0)
        try:
            sys.stdout.flush()
        except OSError:
            _give_up_stdout()
    return code


def _can_tell() -> bool:
    """Make both streams fit for what will be told; tell whether there is a stdout at all."""
    if sys.stderr is None:  # closed by the caller; print() would take stdout in its place
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - as long as the process
    if sys.stdout is None:
        print("statusdesk: stdout is closed, so nothing can be told; send it to /dev/null instead", file=sys.stderr)
        return False
    for stream in (sys.stdout, sys.stderr):  # what a log, a cluster or we say may not be in a terminal's encoding
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    return True


def _give_up_stdout() -> None:
    """Give the interpreter, which flushes stdout once more when it ends, a place to flush to."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
