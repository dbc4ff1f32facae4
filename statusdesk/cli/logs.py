"""``statusdesk logs``: the lines of an app's pods, or of a build, on stdout; all else on stderr."""

import argparse
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from statusdesk.cli.usage import refuse

if TYPE_CHECKING:
    from collectors.log_lines import LogFollower, Selection, Target
    from statusdesk.cli.parser import Parser
    from statusdesk.config import Config

DESCRIPTION = """\
Follow the logs of all pods of an app, through restarts, replaced pods and broken connections; or the console log of a
Jenkins build. stdout is only lines, those of pods with pod and container in front, as more pods may always come; what
happens (a pod joins, a container restarts, a connection waits) is told on stderr. It needs neither a collector nor a
store, and without a configuration a kubeconfig is enough; --cluster then names a context. It ends with 0 at SIGTERM and
SIGHUP (what has come is written first), with 130 at Ctrl-C, and with 3 where something could not be read.

examples:
  statusdesk logs orders -n production                       all pods, from their last 200 lines on
  statusdesk logs orders -n production --previous            what the runs before the last restart said
  statusdesk logs orders -n staging -n production --since 10m --grep ERROR
  statusdesk logs --job deploy-orders --build 42             the console log of a build

With --quiet, what happens to the pods is not told, nor that there are lines before those that --tail asks for (or its
default); problems always are, and where among what was asked for lines are missing or may be.
"""


def add_parser(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "logs", help="follow the logs of an app's pods, or of a build", description=DESCRIPTION
    )
    parser.add_argument("app", metavar="APP", nargs="?", default="", help="the application")
    what = parser.add_argument_group("what")
    what.add_argument("-n", "--namespace", metavar="NS", action="append", default=[], help="may be repeated")
    what.add_argument("--cluster", metavar="NAME", action="append", default=[], help="may be repeated; default: all")
    what.add_argument("--pod", metavar="GLOB", action="append", default=[], help="only these pods; may be repeated")
    what.add_argument("--container", metavar="GLOB", action="append", default=[], help="only these; may be repeated")
    what.add_argument("--init", action="store_true", help="init containers too")
    what.add_argument("-p", "--previous", action="store_true", help="the run before the present one")
    what.add_argument("--job", metavar="JOB", default="", help="the console log of a Jenkins job's build")
    what.add_argument("--build", metavar="N", type=int, help="which build (default: the last one)")
    when = parser.add_argument_group("from when on")
    when.add_argument("--since", metavar="TIME", help="10m, 09:12, 2026-11-20 09:12")
    when.add_argument("--since-time", metavar="TIME", help="the same as --since, for RFC 3339")
    when.add_argument("--tail", metavar="N", type=_tail, help="last lines of each (default: 200; all with --since)")
    when.add_argument("--no-follow", action="store_true", help="end with the last line that is there")
    how = parser.add_argument_group("how")
    how.add_argument("--grep", metavar="RE", action="append", default=[], help="only lines that match all of these")
    how.add_argument("--exclude", metavar="RE", action="append", default=[], help="no lines that match one of these")
    how.add_argument("--timestamps", action="store_true", help="begin each line with its time in UTC")
    how.add_argument("--format", choices=("text", "jsonl"), default="text", help="default: text")
    how.add_argument("--max-streams", metavar="N", type=_positive, default=40, help="open at a time (default: 40)")
    how.add_argument("--no-redact", action="store_true", help="show what looks like a secret")
    how.add_argument("-o", "--output", metavar="FILE", default="-", help="add to a file (default: - for stdout)")


def _tail(text: str) -> int:
    if text in ("all", "-1"):
        return -1
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} must be a number of lines, or all")
    return int(text)


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} must be a number, at least 1")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Write lines until there are no more; return the exit code."""
    from statusdesk.cli.logs_output import Writing, open_lines, patterns
    from statusdesk.cli.opening import wants_colour

    if bool(args.app or args.pod) == bool(args.job):
        refuse("name either an APP (or --pod), or a --job")
    _check_job(args)
    wanted, unwanted = patterns("--grep", args.grep), patterns("--exclude", args.exclude)
    config = _config(args, needs_jenkins=bool(args.job))
    # All that may be refused comes before the file: a mistake leaves nothing behind.
    stream = sys.stdout if args.output == "-" else io.StringIO()
    colour = wants_colour(args.color, stream) and args.format == "text"
    if not args.job:
        _check_kubeconfigs(args, config)
    source = _open(args, config, colour)
    does = "adding to" if Path(args.output).exists() else "writing to"
    with open_lines(args.output) as out:
        writing = Writing(
            source,
            out,
            sys.stderr,
            what=args.job or args.app or " ".join(args.pod),
            wanted=wanted,
            unwanted=unwanted,
            colour=colour,
            timestamps=args.timestamps,
            as_json=args.format == "jsonl",
            quiet=args.quiet,
            since=args.since or args.since_time or "",
            asked=args.tail != 0,
            namespaces=args.namespace,
        )
        if args.output != "-" and not args.quiet:
            print(f"statusdesk: {does} {args.output}", file=sys.stderr)
        writing.stop_on_signals()
        return writing.run()


def _open(args: argparse.Namespace, config: "Config", colour: bool) -> "LogFollower":
    """Open the console of a build, or the logs of pods; refuse what is not there."""
    from collectors.log_opening import open_console, open_pod_logs

    try:
        if args.job:
            options = {"redact": not args.no_redact, "colours": colour, "follow": not args.no_follow}
            return open_console(config, args.job, args.build, **options)
        return open_pod_logs(config, _selection(args, config, colour))
    except LookupError as error:
        refuse(str(error.args[0]))


def _check_job(args: argparse.Namespace) -> None:
    """Refuse options that mean nothing to the console of a build, or to pods."""
    if args.build is not None and not args.job:
        refuse("--build is for a --job")
    given = {
        "--namespace": args.namespace,
        "--cluster": args.cluster,
        "--container": args.container,
        "--init": args.init,
        "--previous": args.previous,
        "--since": args.since,
        "--since-time": args.since_time,
        "--tail": args.tail is not None,
        "--timestamps": args.timestamps,
    }
    if args.job and (vain := [name for name, value in given.items() if value]):
        refuse(f"the console log of a --job has no {', '.join(vain)}: it is read whole, and its lines have no times")


def _config(args: argparse.Namespace, *, needs_jenkins: bool) -> "Config":
    """Return the configuration; without any, one that has a kubeconfig and nothing else."""
    from statusdesk.cli.opening import load_config
    from statusdesk.config import ClusterSettings, Config, StoreSettings
    from statusdesk.config_file import NoConfigError

    try:
        return load_config(args, collecting=False)
    except NoConfigError:
        if needs_jenkins:
            refuse("a --job needs a configuration that says where Jenkins is")
    contexts = args.cluster or [""]
    _check_contexts(contexts)
    clusters = tuple(ClusterSettings(name=context, context=context) for context in contexts)
    return Config(path="", stages=(), clusters=clusters, store=StoreSettings(state_dir=""))


def _check_kubeconfigs(args: argparse.Namespace, config: "Config") -> None:
    """Refuse to go on where no cluster can be asked, as the kubeconfigs that were named do not exist."""
    from collectors.kubeconfig import not_there

    asked = [cluster for cluster in config.clusters if not args.cluster or cluster.name in args.cluster]
    missing = [not_there(cluster.kubeconfig) for cluster in asked]
    if missing and all(missing):
        refuse(f"there is no kubeconfig {', '.join(dict.fromkeys(missing))}")


def _selection(args: argparse.Namespace, config: "Config", colour: bool) -> "Selection":
    from collectors.log_lines import DEFAULT_TAIL, Selection

    since_ms = _since_ms(args, config)
    tail = args.tail
    if tail is None:
        tail = DEFAULT_TAIL if since_ms is None and not args.previous else -1
    return Selection(
        targets=tuple(_targets(args, config)),
        containers=tuple(args.container),
        init=args.init,
        previous=args.previous,
        since_ms=since_ms,
        tail=None if tail < 0 else tail,
        follow=not args.no_follow and not args.previous,
        max_streams=args.max_streams,
        redact=not args.no_redact,
        colours=colour,
        patient=True,
    )


def _since_ms(args: argparse.Namespace, config: "Config") -> int | None:
    from statusdesk.cli.opening import now_ms, zone_of
    from statusdesk.moments import parse_moment_ms

    if args.since and args.since_time:
        refuse("--since and --since-time say the same thing; give one of them")
    text = args.since or args.since_time
    if not text:
        return None
    try:
        return parse_moment_ms(text, now_ms(), zone_of(config))
    except ValueError as error:
        refuse(f"--since {text}: {error}")


def _targets(args: argparse.Namespace, config: "Config") -> list["Target"]:
    from collectors.log_lines import Target

    names = args.cluster or [cluster.name for cluster in config.clusters]
    known = {cluster.name for cluster in config.clusters}
    if unknown := [name for name in names if name not in known]:
        refuse(f"--cluster: there is no cluster {unknown[0]!r} in {config.path}; there is {', '.join(sorted(known))}")
    targets = []
    for cluster in names:
        for namespace in args.namespace or _namespaces(config, cluster):
            targets.append(Target(cluster=cluster, namespace=namespace, app=args.app, pods=tuple(args.pod)))
    if not targets:
        refuse("which namespace? name it with -n NAMESPACE")
    return targets


def _namespaces(config: "Config", cluster: str) -> list[str]:
    """Return the namespaces of all stages that are no globs; without stages, that of the kubeconfig's context."""
    if not config.path:
        from collectors.kubeconfig import own_namespace

        return [own_namespace(cluster)]
    return [name for name in config.namespaces_of(cluster) if not any(sign in name for sign in "*?[")]


def _check_contexts(asked: list[str]) -> None:
    """Refuse contexts that no kubeconfig has. One that cannot be read is told when it is used."""
    from collectors.kubeconfig import read_contexts

    contexts = read_contexts("")
    if contexts is None or not contexts.namespaces:
        return
    known = ", ".join(sorted(contexts.namespaces))
    for context in asked:
        if context and context not in contexts.namespaces:
            refuse(f"--cluster: the kubeconfig has no context {context!r}; it has {known}")
        if not context and contexts.current not in contexts.namespaces:
            refuse(f"the kubeconfig has no current context; name one with --cluster: {known}")
