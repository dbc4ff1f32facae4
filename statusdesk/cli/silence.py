"""``statusdesk silence``: let nobody be told of some alerts for a while; list silences, end one early."""

import argparse
import json
import re
import sys
from typing import TYPE_CHECKING

from statusdesk import exit_codes
from statusdesk.cli.usage import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from statusdesk.cli.parser import Parser
    from statusdesk.config import Config
    from statusdesk.console_requests import MatcherAsked, Request
    from statusdesk.states_alerts import Silence
    from statusdesk.store.reader import Reader

DESCRIPTION = """\
Let nobody be told of alerts that match, until a moment that must be given. A MATCHER is label=value, label!=value,
label=~pattern or label!~pattern; a pattern may hold .* and | only. Labels: alertname, severity, cluster, namespace,
app, source, token. app=orders also means the workloads and the failed builds of that app.
"""
MOST_NAMED = 10
_MATCHER = re.compile(r"([a-z]+)\s*(=~|!~|!=|=)\s*(.*)", re.DOTALL)


def add_parser(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command."""
    parser = commands.add_parser("silence", help="silence alerts, list silences, end them", description=DESCRIPTION)
    actions = parser.add_subparsers(dest="action", metavar="add|list|expire", required=True)
    add = actions.add_parser("add", help="silence what matches all of these", description=DESCRIPTION)
    add.add_argument("matchers", metavar="MATCHER", nargs="+", help="such as app=orders namespace=staging")
    add.add_argument("--until", metavar="TIME", required=True, help="2h, 18:00, 2026-11-23 09:00")
    add.add_argument("--comment", metavar="TEXT", required=True, help="why")
    listed = actions.add_parser("list", help="print the silences that hold or will", description="Print silences.")
    listed.add_argument("--all", action="store_true", help="also those that have ended")
    listed.add_argument("--format", choices=("table", "json"), default="table", help="default: table")
    expire = actions.add_parser("expire", help="end a silence now", description="End silences now.")
    expire.add_argument("ids", metavar="ID", nargs="+", help="as `statusdesk silence list` prints it")


def run(args: argparse.Namespace) -> int:
    """Carry out the action; return the exit code."""
    from statusdesk.cli.opening import load_config, store_path
    from statusdesk.store.reader import Reader

    config = load_config(args, collecting=False)
    with Reader(store_path(config)) as reader:
        if args.action == "list":
            return _list(args, reader)
        return _add(args, config, reader) if args.action == "add" else _expire(args, config, reader)


def _add(args: argparse.Namespace, config: "Config", reader: "Reader") -> int:
    from statusdesk.alerts.mutes import matches_everything
    from statusdesk.cli.opening import now_ms, zone_of
    from statusdesk.console_requests import AddSilence, new_id
    from statusdesk.moments import parse_future_ms, until_words

    try:
        asked_ms = now_ms()
        ends_ms = parse_future_ms(args.until, asked_ms, zone_of(config))
    except ValueError as error:
        refuse(f"--until {args.until}: {error}")
    matchers = tuple(_matcher(text) for text in args.matchers)
    if not args.comment.strip():
        refuse("--comment: say why, for those who see the silence and not the reason")
    if matches_everything(matchers):
        refuse("it would silence everything; name a label that must have a value")
    silence_id = new_id()
    request = AddSilence(id=silence_id, matchers=matchers, ends_ms=ends_ms, comment=args.comment)
    if not _asked(config, request, lambda: any(each.id == silence_id for each in reader.silences())):
        return exit_codes.CANNOT_TELL
    print(silence_id)
    if not args.quiet:
        print(f"statusdesk: silenced {until_words(ends_ms, asked_ms, zone_of(config))}", file=sys.stderr)
        for line in _silenced_now(reader, matchers):
            print(f"statusdesk: {line}", file=sys.stderr)
    return exit_codes.OK


def _silenced_now(reader: "Reader", asked: "Sequence[MatcherAsked]") -> list[str]:
    """Return what is silenced now, in lines: that may be nothing, or more than was meant."""
    from msgspec import convert
    from msgspec.structs import asdict

    from statusdesk.alerts.mutes import matches
    from statusdesk.states_alerts import Matcher
    from statusdesk.text import clean

    matchers = [convert(asdict(each), Matcher) for each in asked]
    found = [alert for alert in reader.alerts() if matches(matchers, alert)]
    if not found:
        return ["it matches nothing that is pending or firing now"]
    named = [clean(f"now silent: {each.severity}  {each.alertname}  {each.place}") for each in found[:MOST_NAMED]]
    more = len(found) - len(named)
    return [*named, f"and {more} more"] if more else named


def _matcher(text: str) -> "MatcherAsked":
    from statusdesk.alerts.mutes import MATCHABLE, pattern_problem
    from statusdesk.console_requests import MatcherAsked
    from statusdesk.nearest import nearest_of

    parts = _MATCHER.fullmatch(text)
    if parts is None:
        refuse(f"{text!r} is no condition; write it as app=orders, namespace!=testing or app=~web.*")
    name, sign, value = parts.groups()
    if name not in MATCHABLE:
        near = nearest_of(name, MATCHABLE)
        refuse(f"alerts have no label {name!r}; " + (f"did you mean {near[0]}?" if near else ", ".join(MATCHABLE)))
    if "~" in sign and (wrong := pattern_problem(value)):
        refuse(wrong)
    if "~" not in sign and ("|" in value or "*" in value):
        meant = f"{name}{'=~' if sign == '=' else '!~'}{value}"
        refuse(f"{text!r} means that very name, which nothing has; for a pattern write {meant!r}")
    return MatcherAsked(name, value, is_regex="~" in sign, is_equal=not sign.startswith("!"))


def _expire(args: argparse.Namespace, config: "Config", reader: "Reader") -> int:
    from statusdesk.cli.opening import now_ms
    from statusdesk.console_requests import ExpireSilence

    code = exit_codes.OK
    for silence_id in args.ids:
        holding = {each.id for each in reader.silences(now_ms())}
        if silence_id not in holding:
            print(f"statusdesk: there is no silence {silence_id!r} that holds", file=sys.stderr)
            code = exit_codes.CANNOT_TELL
        elif not _asked(config, ExpireSilence(id=silence_id), _ended(reader, silence_id)):
            code = exit_codes.CANNOT_TELL
    return code


def _ended(reader: "Reader", silence_id: str) -> "Callable[[], bool]":
    from statusdesk.cli.opening import now_ms

    return lambda: silence_id not in {each.id for each in reader.silences(now_ms())}


def _asked(config: "Config", request: "Request", answered: "Callable[[], bool]") -> bool:
    from pathlib import Path

    from statusdesk.console_requests import submit, wait_for

    submit(Path(config.store.state_dir), request)
    if wait_for(answered):
        return True
    print("statusdesk: the collector has not done it; its log says why if it refused", file=sys.stderr)
    return False


def _list(args: argparse.Namespace, reader: "Reader") -> int:
    from statusdesk.cli.opening import now_ms
    from statusdesk.text import clean, iso

    now = now_ms()
    for silence in reader.silences(None if args.all else now):
        state = "expired" if silence.expired_ms or silence.ends_ms <= now else "holds"
        if args.format == "json":
            print(json.dumps(_object(silence, state), ensure_ascii=True))
            continue
        words = (silence.id, state, f"until {iso(silence.expired_ms or silence.ends_ms)}", f"by {silence.created_by}")
        print("  ".join(clean(word) for word in (*words, " ".join(_words(silence)), silence.comment) if word))
    return exit_codes.OK


def _words(silence: "Silence") -> list[str]:
    signs = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}
    return [f"{each.name}{signs[each.is_regex, each.is_equal]}{each.value}" for each in silence.matchers]


def _object(silence: "Silence", state: str) -> dict[str, object]:
    from statusdesk.text import iso

    return {
        "id": silence.id,
        "state": state,
        "matchers": _words(silence),
        "startsAt": iso(silence.starts_ms),
        "endsAt": iso(silence.expired_ms or silence.ends_ms),
        "createdBy": silence.created_by,
        "comment": silence.comment,
    }
