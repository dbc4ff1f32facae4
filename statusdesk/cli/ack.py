"""``statusdesk ack``: take alerts, so that everybody sees who has them and nobody is told of them again."""

import argparse
import sys
from typing import TYPE_CHECKING

from statusdesk import exit_codes
from statusdesk.cli.usage import refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statusdesk.cli.parser import Parser
    from statusdesk.states_alerts import AlertState

DESCRIPTION = """\
Take alerts that are pending or firing: every console shows who has them, and nobody is told of them again before they
are over; Alertmanagers silence them for as long. It ends when the alert is over, or at --until. Exit code 0: taken, 3:
there is no such alert, or no collector works that could take it.
"""
SHORTEST_PREFIX = 4


def add_parser(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command."""
    parser = commands.add_parser("ack", help="take an alert, or give it back", description=DESCRIPTION)
    parser.add_argument("names", metavar="FINGERPRINT|APP", nargs="+", help="a fingerprint (its beginning), or an app")
    parser.add_argument("--comment", metavar="TEXT", default="", help="what is being done about it")
    parser.add_argument("--until", metavar="TIME", help="give it back then: 2h, 18:00, 2026-11-23 09:00")
    parser.add_argument("--undo", action="store_true", help="give it back now")


def run(args: argparse.Namespace) -> int:
    """Ask the collector, wait for its answer, and say it; return the exit code."""
    from pathlib import Path

    from statusdesk.cli.opening import load_config, now_ms, store_path, zone_of
    from statusdesk.console_requests import Ack, submit, wait_for
    from statusdesk.moments import parse_future_ms, until_words
    from statusdesk.store.reader import Reader

    config = load_config(args, collecting=False)
    try:
        asked_ms = now_ms()
        until_ms = parse_future_ms(args.until, asked_ms, zone_of(config)) if args.until else None
    except ValueError as error:
        refuse(f"--until {args.until}: {error}")
    with Reader(store_path(config)) as reader:
        found = _matching(reader.alerts(), args.names)
        for name in [name for name in args.names if not found[name]]:
            print(f"statusdesk: no alert that is pending or firing matches {name!r}", file=sys.stderr)
        alerts = list({alert.fingerprint: alert for each in found.values() for alert in each}.values())
        if not alerts:
            return exit_codes.CANNOT_TELL
        wanted = {alert.fingerprint for alert in alerts}
        before = {alert.fingerprint: _taken(alert) for alert in alerts}
        request = Ack(fingerprints=tuple(wanted), comment=args.comment, until_ms=until_ms, withdraw=args.undo)
        submit(Path(config.store.state_dir), request)

        def answered() -> bool:
            now = [alert for alert in reader.alerts() if alert.fingerprint in wanted]
            return all(_is_answered(alert, before[alert.fingerprint], undo=args.undo) for alert in now)

        if not wait_for(answered):
            print("statusdesk: the collector has not answered yet; look at `statusdesk status`", file=sys.stderr)
            return exit_codes.CANNOT_TELL
    _say(alerts, args)
    if until_ms is not None and not args.undo and not args.quiet:
        print(f"statusdesk: taken {until_words(until_ms, asked_ms, zone_of(config))}", file=sys.stderr)
    return exit_codes.OK if all(found.values()) else exit_codes.CANNOT_TELL


def _say(alerts: "list[AlertState]", args: argparse.Namespace) -> None:
    from statusdesk.text import clean

    for alert in alerts:
        verb = "given back" if args.undo else "taken"
        print(clean(f"{verb}  {alert.fingerprint}  {alert.severity}  {alert.alertname}  {alert.place}"))


def _taken(alert: "AlertState") -> tuple[object, ...]:
    """Return how an alert was taken; when it is taken anew, at least the moment is another one."""
    return (alert.acked_by, alert.acked_ms, alert.ack_comment, alert.ack_until_ms)


def _is_answered(alert: "AlertState", before: "tuple[object, ...]", *, undo: bool) -> bool:
    """Tell by the row, which is another one then; its time may be earlier: clocks are set back."""
    return not alert.acked_by if undo else bool(alert.acked_by) and _taken(alert) != before


def _matching(alerts: "Sequence[AlertState]", names: "Sequence[str]") -> "dict[str, list[AlertState]]":
    return {name: [alert for alert in alerts if _is_named(alert, name)] for name in names}


def _is_named(alert: "AlertState", name: str) -> bool:
    from fnmatch import fnmatchcase

    if len(name) >= SHORTEST_PREFIX and alert.fingerprint.startswith(name.lower()):
        return True
    return any(part and fnmatchcase(part, name) for part in (alert.app, alert.app_name, alert.token))
