"""The command line's grammar: global options that may stand before or after the command, errors in one line."""

import argparse
import re
import sys
from typing import Any, NoReturn

from statusdesk import __version__, exit_codes

_EXAMPLES = """\
examples:
  statusdesk demo                      look around in a small living world, nothing to configure
  statusdesk status --only-bad         print what is not well, and exit 1 if anything is failing

"""
_EXITS = """
exit codes: 0 yes or well, 1 no or failing, 2 usage or configuration, 3 cannot tell, 70 internal error,
75 another collector is running, 130 interrupted, 141 whoever read stdout has closed it
"""


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line, with the nearest command."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - argparse's own options, handed through
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **options)

    def add_subparsers(self, **options: Any) -> Any:  # noqa: ANN401 - as argparse has it
        """Add commands; told how they are named, argparse formats no usage, for which it would load compressors."""
        return super().add_subparsers(prog=self.prog, **options)

    def format_help(self) -> str:
        """Begin with two examples on the top level; a command begins with its own."""
        help_text = super().format_help()
        return _EXAMPLES + help_text + _EXITS if self.prog == "statusdesk" else help_text

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line and end with 2."""
        import difflib  # only for what is wrong

        unknown = re.match(r"argument COMMAND: invalid choice: '(.*?)' \(choose from (.*)\)", message)
        if unknown:
            commands = re.findall(r"\w+", unknown[2])
            nearest = difflib.get_close_matches(unknown[1], commands, n=1, cutoff=0.4)
            hint = f"did you mean `statusdesk {nearest[0]}`?" if nearest else "see `statusdesk --help`"
            message = f"unknown command {unknown[1]!r}; {hint}"
        elif options := re.match(r"unrecognized arguments: (--[\w-]+)", message):
            known = _options(self)
            nearest = difflib.get_close_matches(options[1], known, n=1)
            hint = f"did you mean {nearest[0]}?" if nearest else f"see `{self.prog} --help`"
            message = f"{message}; {hint}"
        else:
            message = f"{message}; see `{self.prog} --help`"
        print(f"statusdesk: {message}", file=sys.stderr)
        raise SystemExit(exit_codes.USAGE)


def _options(parser: argparse.ArgumentParser) -> list[str]:
    """Return the options of a parser and of its commands."""
    found: list[str] = []
    for action in parser._actions:
        found += action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            found += [option for command in action.choices.values() for option in _options(command)]
    return found


def add_globals(parser: argparse.ArgumentParser, *, top: bool) -> None:
    """Add the options that every command takes; below the top their absence leaves what stood before the command."""

    def default(value: object) -> Any:  # noqa: ANN401 - the type of any option
        return value if top else argparse.SUPPRESS

    for action in parser._actions if not top else ():
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                add_globals(below, top=False)
    group = parser.add_argument_group("options of every command")
    group.add_argument("-c", "--config", metavar="FILE", default=default(None), help="the configuration file")
    group.add_argument("--state-dir", metavar="DIR", default=default(None), help="where the store is")
    group.add_argument("--color", choices=("auto", "always", "never"), default=default("auto"), help="default: auto")
    group.add_argument("--ascii", action="store_true", default=default(False), help="draw with ASCII characters only")
    group.add_argument("-q", "--quiet", action="store_true", default=default(False), help="say only what is wrong")
    group.add_argument("-v", "--verbose", action="count", default=default(0), help="say more; twice: everything")
    group.add_argument(
        "--log-format", choices=("text", "json"), default=default("text"), help="form of what is said on stderr"
    )


def add_attach(parser: argparse.ArgumentParser) -> None:
    """Add ``--attach[=DB]``: None when absent, empty when it stands alone."""
    parser.add_argument(
        "--attach",
        metavar="DB",
        nargs="?",
        const="",
        default=None,
        help="only read what a running collector writes; --attach=DB names its file or directory",
    )


def build_parser() -> tuple[Parser, "argparse._SubParsersAction[Parser]"]:
    """Return the parser and the place where commands add theirs."""
    parser = Parser(
        prog="statusdesk",
        description="Shows what is on its way to production, what is failing on that way, and why.",
    )
    add_globals(parser, top=True)
    parser.add_argument("-V", "--version", action="version", version=f"statusdesk {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", parser_class=Parser)
    return parser, commands
