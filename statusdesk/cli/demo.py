"""``statusdesk demo``: a small world on this machine, and the ordinary commands on it."""

import argparse
import contextlib
import json
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

from statusdesk import exit_codes

if TYPE_CHECKING:
    import subprocess

    from statusdesk.cli.parser import Parser

DESCRIPTION = """\
Start a small world (a Jenkins, a Kubernetes and a Vault that answer real HTTP on loopback ports) and run the ordinary
board on it, or another command. With --serve the world runs alone: it prints one JSON line with its addresses when it
is ready, and serves until SIGTERM or the end of its stdin.

examples:
  statusdesk demo                                      the board of a day on which a rollout goes wrong
  statusdesk demo --scenario prod-outage --speed 3     three times as fast, and production is down
  statusdesk demo status --only-bad                    one command on a world that ends with it
"""
READERS = ("status", "export", "gate")
SCENARIOS = ("calm", "bad-rollout", "prod-outage", "source-down")
_STOP_WITHIN_S = 5.0


def add_parser(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command."""
    parser = commands.add_parser("demo", help="look around in a small living world", description=DESCRIPTION)
    _add_options(parser)
    parser.add_argument("command_line", nargs=argparse.REMAINDER, metavar="COMMAND", help="default: board")


def run(args: argparse.Namespace) -> int:
    """Serve the world, or start one as a child and run a command on it; return the exit code."""
    words: list[str] = args.command_line
    if words:  # options of the world may stand after the command as well
        rest = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
        _add_options(rest, defaults=False)
        _, words = rest.parse_known_args(words, namespace=args)
    if args.serve:
        if words:
            from statusdesk.cli.usage import UsageError

            raise UsageError(f"--serve runs the world alone; leave out {' '.join(words)!r}")
        return _serve(args)
    return _run_on_a_world(args, words or ["board"])


def _add_options(parser: argparse.ArgumentParser, *, defaults: bool = True) -> None:
    def default(value: object) -> object:
        return value if defaults else argparse.SUPPRESS

    group = parser.add_argument_group("the world")
    group.add_argument("--scenario", choices=SCENARIOS, default=default("bad-rollout"), help="default: bad-rollout")
    group.add_argument(
        "--speed", type=_speed, default=default(1.0), metavar="N", help="how many times faster than life"
    )
    group.add_argument("--seed", type=int, default=default(1), metavar="N", help="the same seed, the same world")
    group.add_argument("--apps", type=_count, default=default(24), metavar="N", help="applications (default: 24)")
    group.add_argument("--pods", type=_count, default=default(0), metavar="N", help="pods in all (default: a few each)")
    group.add_argument("--dir", default=default(None), metavar="DIR", help="keep its files here (default: a temporary)")
    group.add_argument("--truth", default=default(None), metavar="FILE", help="write what the world knows, each second")
    group.add_argument("--serve", action="store_true", default=default(False), help="run the world alone")
    group.add_argument("--skew", type=float, default=default(0.0), metavar="SECONDS", help=argparse.SUPPRESS)
    group.add_argument("--control", action="store_true", default=default(False), help=argparse.SUPPRESS)


def _speed(text: str) -> float:
    speed = float(text)
    if not 0.01 <= speed <= 1000:
        raise argparse.ArgumentTypeError("must be between 0.01 and 1000")
    return speed


def _count(text: str) -> int:
    count = int(text)
    if not 0 <= count <= 100_000:
        raise argparse.ArgumentTypeError("must be between 0 and 100000")
    return count


def _serve(args: argparse.Namespace) -> int:
    from statusdesk.demo.scenario import Scenario
    from statusdesk.demo.serve import serve
    from statusdesk.demo.world import Options

    options = Options(
        scenario=Scenario(args.scenario),
        speed=args.speed,
        seed=args.seed,
        apps=args.apps,
        pods=args.pods,
        directory=Path(args.dir).absolute() if args.dir else None,
        truth=Path(args.truth).absolute() if args.truth else None,
        skew_s=args.skew,
    )
    return serve(options, control=args.control)


def _run_on_a_world(args: argparse.Namespace, words: list[str]) -> int:
    import subprocess

    from statusdesk.cli import main

    argv = [sys.executable, "-m", "statusdesk", "demo", "--serve", *_options_of(args)]
    # The world ends at the end of its stdin: when this process dies in whatever way, the pipe closes and it goes too.
    # A Ctrl-C on the terminal is for the command; the world outlives it by a moment, in a session of its own.
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as world:
        try:
            line = _first_line(world.stdout)
            if not line:
                print("statusdesk: the world did not start", file=sys.stderr)
                return exit_codes.INTERNAL
            config = json.loads(line)["config"]
            with _collector_for(words[0], config, args.state_dir):
                return main([*_globals_of(args), *words, "--config", config])
        finally:
            _end(world)


def _globals_of(args: argparse.Namespace) -> list[str]:
    """Return the options of every command that were given to ``demo``, for the command that it runs."""
    given = [f"--color={args.color}", f"--log-format={args.log_format}"]
    given += ["--ascii"] if args.ascii else []
    given += ["--quiet"] if args.quiet else []
    given += ["--verbose"] * args.verbose
    return given + ([f"--state-dir={args.state_dir}"] if args.state_dir else [])


def _collector_for(command: str, config: str, state_dir: str | None) -> contextlib.AbstractContextManager[None]:
    """Collect while a command runs that only reads a store; the others collect themselves, or need nothing."""
    if command not in READERS:
        return contextlib.nullcontext()
    from statusdesk.cli.demo_store import filled_store

    return filled_store(Path(config), state_dir)


def _first_line(stdout: IO[bytes] | None) -> bytes:
    return stdout.readline() if stdout is not None else b""


def _options_of(args: argparse.Namespace) -> list[str]:
    options = [f"--scenario={args.scenario}", f"--speed={args.speed}", f"--seed={args.seed}"]
    options += [f"--apps={args.apps}", f"--pods={args.pods}"]
    options += [f"--dir={args.dir}"] if args.dir else []
    return options + ([f"--truth={args.truth}"] if args.truth else [])


def _end(world: "subprocess.Popen[bytes]") -> None:
    from subprocess import TimeoutExpired

    if world.stdin is not None:
        world.stdin.close()
    try:
        world.wait(_STOP_WITHIN_S)
    except TimeoutExpired:
        world.kill()
