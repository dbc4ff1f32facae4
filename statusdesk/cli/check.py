"""``statusdesk check``: configuration, sources, sinks and store, each with what is wrong and how to mend it."""

import argparse
import functools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from statusdesk import exit_codes
from statusdesk.cli.findings import FAILED, OK, WARNING, Finding

if TYPE_CHECKING:
    from collectors.hiding import Hiding
    from collectors.kubernetes_probe import ProbeResult
    from collectors.probe import Probe
    from statusdesk.cli.parser import Parser
    from statusdesk.config import ClusterSettings, Config

DESCRIPTION = """\
Look at the configuration, ask every source for all that the collector needs, look at the sinks and the store, and say
in words when who is told what. Each finding that is not well says how to mend it.
Exit code 0: all is well or only warned about, 1: something is not.
"""


def add_parser(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command."""
    parser = commands.add_parser("check", help="examine configuration, sources, sinks, store", description=DESCRIPTION)
    parser.add_argument("part", nargs="?", choices=("config", "sources", "sinks", "store"), help="default: all of them")
    parser.add_argument(
        "--send-test", metavar="SINK", help="send a test message to this sink, and look at nothing else"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per finding and line")


def run(args: argparse.Namespace) -> int:
    """Print the findings as they come; return the exit code."""
    from statusdesk.text import counted

    errors = warnings = 0
    for finding in _findings(args):
        errors += finding.result == FAILED
        warnings += finding.result == WARNING
        _show(finding, as_json=args.json)
    if not args.json:
        print(f"{counted(errors, 'error')}, {counted(warnings, 'warning')}")
    return exit_codes.NO if errors else exit_codes.OK


def _findings(args: argparse.Namespace) -> Iterator[Finding]:
    from statusdesk.cli.opening import load_config
    from statusdesk.config_file import ConfigError, NoConfigError

    try:
        config = load_config(args, collecting=True)
    except NoConfigError:
        raise
    except ConfigError as error:
        yield from (Finding("config", FAILED, problem) for problem in error.problems)
        return
    hiding = _hiding(config)
    for finding in _of_parts(config, args, hiding):
        yield finding._replace(message=hiding.hide(finding.message))


def _hiding(config: "Config") -> "Hiding":
    """Return what hides all secrets of the configuration: a source may say what another one was given."""
    from collectors.hiding import Hiding
    from statusdesk.credentials import secrets_of

    hiding = Hiding(lambda message: None, Path(config.path).parent)
    hiding.learn(secret for _, secret in secrets_of(config))
    return hiding


def _of_parts(config: "Config", args: argparse.Namespace, hiding: "Hiding") -> Iterator[Finding]:
    if args.send_test:
        from statusdesk.cli.check_sinks import tested

        yield tested(config, args.send_test)
        return
    if args.part in (None, "config"):
        yield from _config_findings(config)
    if args.part in (None, "sources"):
        yield from _source_findings(config, hiding)
    if args.part in (None, "sinks"):
        from statusdesk.cli.check_sinks import sink_findings

        yield from sink_findings(config)
    if args.part in (None, "store"):
        from statusdesk.cli.check_store import store_findings

        yield from store_findings(config)


def _config_findings(config: "Config") -> Iterator[Finding]:
    from statusdesk.config_schema import is_loopback
    from statusdesk.credentials import problems_of, secrets_of, warnings_about

    stages = " > ".join(stage.name + (" (production)" if stage.production else "") for stage in config.stages)
    yield Finding("config", OK, f"{config.path}: {stages}")
    for problem in (*problems_of(config), *_accessor_problems(config)):
        yield Finding("config", FAILED, problem)
    for key, secret in secrets_of(config):
        for warning in warnings_about(secret, Path(config.path).parent):
            yield Finding("config", WARNING, f"{key}: {warning}")
    jenkins = config.jenkins
    if jenkins is not None and jenkins.token and jenkins.url.startswith("http:") and not is_loopback(jenkins.url):
        yield Finding("config", WARNING, "jenkins.url: the API token goes over the network unencrypted; use https://")
    if config.board.keymap:
        from screens.keymap import clashes

        for key, one, other in clashes(dict(config.board.keymap)):
            message = f"board.keymap: {one} and {other} have the same key {key!r} in one screen; give one another key"
            yield Finding("config", WARNING, message)


def _accessor_problems(config: "Config") -> Iterator[str]:
    """Yield what is wrong with the files of accessors, which stops nothing but the watch over what they name."""
    from statusdesk.accessors import read_accessor

    vault = config.vault
    if vault is None:
        return
    files = [("token", number, each.accessor_file) for number, each in enumerate(vault.tokens, 1)]
    files += [("secret_id", number, each.accessor_file) for number, each in enumerate(vault.secret_ids, 1)]
    for kind, number, file in files:
        if file and (problem := read_accessor(Path(file)).problem):
            yield f"{config.path}: vault.{kind}[{number}].accessor_file: {problem}"


def _source_findings(config: "Config", hiding: "Hiding") -> Iterator[Finding]:
    """Ask the sources side by side: one that does not answer does not hold up the others."""
    from concurrent.futures import ThreadPoolExecutor

    import requests  # noqa: F401 - before the threads: they would see its circle of modules half made

    probes = list(_probes(config, hiding))
    with ThreadPoolExecutor(max_workers=max(1, len(probes)), thread_name_prefix="probe") as pool:
        for found in [pool.submit(probe) for probe in probes]:
            for each in found.result():
                result = OK if each.ok else WARNING if each.warns else FAILED
                yield Finding(each.what, result, each.message)


def _probes(config: "Config", hiding: "Hiding") -> "Iterator[Callable[[], Iterable[Probe]]]":
    from collectors.jenkins_probe import probe_jenkins
    from collectors.vault_probe import probe_vault
    from statusdesk.cli import check_jobs

    for cluster in config.clusters:
        namespaces = config.namespaces_of(cluster.name)
        yield functools.partial(_probe_cluster, cluster, namespaces)
    if (jenkins := config.jenkins) is not None:
        said = functools.partial(check_jobs.held_against, config)
        yield lambda: probe_jenkins(jenkins, hiding.reader(jenkins.token, jenkins.user), said)
    if (vault := config.vault) is not None:
        yield lambda: probe_vault(vault, hiding.reader(vault.token))


def _probe_cluster(cluster: "ClusterSettings", namespaces: Sequence[str]) -> "Iterator[Probe]":
    """Ask a cluster; rights that are there, or missing in several namespaces alike, are told together."""
    from collectors.kubernetes_probe import probe
    from collectors.probe import Probe
    from statusdesk.cli.check_rights import missing_rights

    results = probe(cluster, namespaces)
    what = f"kubernetes {cluster.name}"
    granted: dict[str, list[str]] = {}
    for result in results:
        if result.resource == "version" and result.ok:
            yield Probe(ok=True, what=what, message=f"answers: version {result.message}")
        elif result.ok and result.message:
            yield Probe(ok=True, what=what, message=f"{result.verb} {result.resource}: {result.message}")
        elif result.ok:
            where = result.namespace or "all namespaces"
            granted.setdefault(where, []).append(f"{result.verb} {result.resource}")
        elif result.lack is None and not _elsewhere(result, results):
            where = f" in {result.namespace}" if result.namespace else ""
            said = f"{result.verb} {result.resource}{where}: {result.message}"
            yield Probe(ok=False, what=what, message=said, warns=result.optional)
    for said, optional in missing_rights(result for result in results if not _elsewhere(result, results)):
        yield Probe(ok=False, what=what, message=said, warns=optional)
    for where, rights in granted.items():
        yield Probe(ok=True, what=what, message=f"{where}: may {', '.join(rights)}")


def _elsewhere(result: "ProbeResult", results: "Sequence[ProbeResult]") -> bool:
    """Tell whether a right that is missing is not needed: the whole cluster's, where namespaces are asked instead.

    A namespace that does not grant it is told by itself.
    """
    if result.verb != "list" or result.namespace:
        return False
    return any(other.resource == result.resource and other.verb == "list" and other.namespace for other in results)


def _show(finding: Finding, *, as_json: bool) -> None:
    from statusdesk.redact import redact
    from statusdesk.text import clean

    first, *others = [clean(line, 1000) for line in redact(finding.message).split("\n") if line.strip()] or [""]
    if as_json:
        message = "\n".join([first, *others])
        print(json.dumps({"what": finding.what, "result": finding.result.lower(), "message": message}), flush=True)
        return
    print(f"{finding.result:<8} {clean(finding.what)}: {first}")
    for line in others:
        print(f"{'':<8} {line}", flush=True)
