"""``statusdesk gate``: may a version go on to a stage? One question, one exit code, for pipelines."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from statusdesk import exit_codes
from statusdesk.cli.usage import refuse

if TYPE_CHECKING:
    from statusdesk.cli.gate_reading import Gate
    from statusdesk.cli.parser import Parser
    from statusdesk.config import Config
    from statusdesk.judge.gate import Decision, Question

DESCRIPTION = """\
Tell whether a version of an application may go on to a stage, by what runs in the stage before. Exit code 0: it may;
1: it may not; 3: that cannot be told, because data is old or missing, no collector runs, or the application, stage or
version is not known. It changes nothing anywhere. With --wait it asks again until the answer is yes or a firm no.
"""
EXAMPLES = """\
examples:
  statusdesk gate orders --to production --version "$VERSION" --wait 10m
  statusdesk gate orders --to production --ignore BuildFailed --reason "hotfix, approved by kim"
"""
LOOK_EVERY_S = 0.5
_DIGITS = 9
"""No number of a build has more of them."""


def add_parser(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "gate", help="tell a pipeline whether a version may go on", description=DESCRIPTION, epilog=EXAMPLES
    )
    parser.add_argument("app", metavar="APP", help="the application")
    parser.add_argument("--to", metavar="STAGE", required=True, help="the stage (or a namespace of it) it shall go to")
    parser.add_argument("--version", metavar="VERSION", help="default: what runs in the stage before")
    parser.add_argument("--from", metavar="STAGE", dest="start", default="", help="default: the stage before")
    parser.add_argument("--wait", metavar="TIME", help="ask again for so long while it is not decided")
    parser.add_argument(
        "--soak", metavar="TIME", help="least healthy time in the stage before (default: as configured)"
    )
    parser.add_argument("--max-age", metavar="TIME", help="older data is no answer (default: [gate] max_age)")
    parser.add_argument(
        "--ignore",
        metavar="RULE",
        action="append",
        default=[],
        help="a rule of alerts, or a check, that is not to count",
    )
    parser.add_argument(
        "--build",
        metavar="JOB#N",
        help="the build that asks (default: $JOB_NAME, $BUILD_NUMBER as Jenkins sets them)",
    )
    parser.add_argument("--reason", metavar="TEXT", default="", help="why, for the log of the pipeline")
    parser.add_argument("--json", action="store_true", help="print the answer as one line of JSON")


def run(args: argparse.Namespace) -> int:
    """Ask, print the answer, return the exit code; with ``--json`` what ends the command is one line of JSON too."""
    if not args.json:
        return _run(args)
    from statusdesk.cli.failures import problem_of

    try:
        return _run(args)
    except Exception as error:  # told on stderr by whoever called
        _print_problem(args, problem_of(error))
        raise


def _print_problem(args: argparse.Namespace, problem: str) -> None:
    print(json.dumps({"decision": "unknown", "app": args.app, "to": args.to, "problem": problem}))


def _run(args: argparse.Namespace) -> int:
    from statusdesk.cli.gate_reading import Gate
    from statusdesk.cli.opening import load_config, store_path
    from statusdesk.judge.gate import RouteError

    if args.version == "":
        refuse("--version is empty: is the variable that names it set? Leave it out to ask about what runs")
    wait_ms = _duration_ms(args.wait, "--wait") if args.wait else 0
    config = load_config(args, collecting=False)
    try:
        question = _question(args, config)
    except RouteError as error:
        if args.json:
            _print_problem(args, str(error))
        print(f"statusdesk: {error}", file=sys.stderr)
        return exit_codes.CANNOT_TELL
    with Gate(config, store_path(config), question) as gate:
        decision = _ask(gate, wait_ms, quiet=args.quiet)
    if decision is None:
        if args.json:
            _print_problem(args, gate.problem)
        print(f"statusdesk: {gate.problem}", file=sys.stderr)
        return exit_codes.CANNOT_TELL
    if args.json:
        print(_json(decision, args.reason))
    else:
        print("\n".join(_lines(decision, args.reason)))
    codes = {"go": exit_codes.OK, "blocked": exit_codes.NO}
    return codes.get(decision.decision, exit_codes.CANNOT_TELL)


def _question(args: argparse.Namespace, config: "Config") -> "Question":
    """Return what is asked.

    Raises: RouteError.
    """
    from statusdesk.judge.gate import Question, route_of

    route = route_of(config, args.app, args.to, args.start)
    own_s = route.start.soak_s
    soak_ms = round((config.gate.soak_s if own_s is None else own_s) * 1000)
    max_age_ms = round(config.gate.max_age_s * 1000)
    return Question(
        app=args.app,
        route=route,
        version=args.version or "",
        soak_ms=_duration_ms(args.soak, "--soak") if args.soak else soak_ms,
        max_age_ms=_duration_ms(args.max_age, "--max-age") if args.max_age else max_age_ms,
        require=frozenset(config.gate.require),
        ignore=frozenset(_known_rule(name) for name in args.ignore),
        configured=any(each.name == args.app for each in config.apps),
        asked_by=_asked_by(args.build),
    )


def _asked_by(build: str | None) -> tuple[str, int] | None:
    """Return job, folders included, and number of the build that asks."""
    import os

    if build is None:
        job, number = os.environ.get("JOB_NAME", ""), os.environ.get("BUILD_NUMBER", "")
    else:
        job, _, number = build.rpartition("#")
    if job and number.isascii() and number.isdigit() and len(number) <= _DIGITS:
        return job, int(number)
    if build is not None:
        refuse(f"--build: {build!r} is no build: name it as in deploys/deploy-orders#42")
    return None


def _known_rule(name: str) -> str:
    from statusdesk.config_alerts import GATE_CHECKS, RULE_NAMES

    known = (*RULE_NAMES, *GATE_CHECKS)
    if name in known:
        return name
    from statusdesk.nearest import nearest_of

    near = nearest_of(name, known)
    refuse(
        f"--ignore: there is no rule or check {name!r}; " + (f"did you mean {near[0]}?" if near else ", ".join(known))
    )


def _duration_ms(text: str, option: str) -> int:
    from statusdesk.durations import parse_duration_ms

    try:
        return parse_duration_ms(text)
    except ValueError as error:
        refuse(f"{option} {error}")


def _ask(gate: "Gate", wait_ms: int, *, quiet: bool) -> "Decision | None":
    """Ask, and again until it is decided or the time is over; None when there is no store to be asked."""
    import time

    from statusdesk.clock import steady_clock

    end_ms = steady_clock() + wait_ms
    told = ""
    while True:
        decision = gate.ask()
        if (decision is not None and decision.settled) or steady_clock() >= end_ms:
            return decision
        said = _waiting_for(decision) if decision is not None else gate.problem
        if said != told and not quiet:
            print(f"statusdesk: waiting: {said}", file=sys.stderr, flush=True)
        told = said
        time.sleep(min(LOOK_EVERY_S, max(0.0, (end_ms - steady_clock()) / 1000)))


def _waiting_for(decision: "Decision") -> str:
    """Return what is waited for: names only, because ages would make a line of each look."""
    waited = [check for check in decision.checks if check.result != "ok" and not check.ignored]
    return ", ".join(f"{check.name} {check.result}" for check in waited)


def _lines(decision: "Decision", reason: str) -> list[str]:
    """Return the answer in words."""
    from statusdesk.text import clean_line

    heads = {"go": "GO", "blocked": "BLOCKED", "unknown": "CANNOT TELL"}
    what = " ".join(word for word in (decision.app, decision.version) if word)
    lines = [f"{heads[decision.decision]}  {what}  {decision.start} -> {decision.to}"]
    wide = max(len(check.name) for check in decision.checks)
    for check in decision.checks:
        ignored = "(ignored) " if check.ignored else ""
        lines.append(f"  {check.result:<8} {check.name:<{wide}}  {ignored}{check.detail}".rstrip())
    lines += [f"reason given: {reason}"] if reason else []
    lines += [f"see: {decision.look}"] if decision.look and decision.decision != "go" else []
    return [clean_line(line) for line in lines]


def _json(decision: "Decision", reason: str) -> str:
    from statusdesk.cli.opening import now_ms
    from statusdesk.text import iso

    age_ms = decision.data_age_ms
    answer = {
        "decision": decision.decision,
        "app": decision.app,
        "version": decision.version,
        "from": decision.start,
        "to": decision.to,
        "checked_at": iso(now_ms()),
        "data_age_s": None if age_ms is None else age_ms / 1000,
        "checks": [
            {"name": each.name, "result": each.result, "detail": each.detail, "ignored": each.ignored}
            for each in decision.checks
        ],
        "reason": reason or None,
        "look": decision.look or None,
    }
    return json.dumps(answer, ensure_ascii=True)
