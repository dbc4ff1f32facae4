"""``statusdesk check``: configuration, sources, sinks and store, each with what is wrong and how to mend it."""

import argparse
import functools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from statusdesk import exit_codes

if TYPE_CHECKING:
    from collectors.kubernetes_probe import ProbeResult
    from collectors.probe import Probe
    from statusdesk.cli.parser import Parser
    from statusdesk.config import ClusterSettings, Config, Secret

DESCRIPTION = """\
Look at the configuration, ask every source for all that the collector needs, look at the sinks and the store, and say
in words when who is told what. Each finding that is not well says how to mend it.
Exit code 0: all is well or only warned about, 1: something is not.
"""
_OK, _WARNING, _FAILED = "ok", "warning", "FAIL"


class Finding(NamedTuple):
    """One thing looked at: what, ``ok``, ``warning`` or ``FAIL``, and a sentence."""

    what: str
    result: str
    message: str


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
        errors += finding.result == _FAILED
        warnings += finding.result == _WARNING
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
        yield from (Finding("config", _FAILED, problem) for problem in error.problems)
        return
    if args.send_test:
        from statusdesk.cli.check_sinks import tested

        yield Finding(*tested(config, args.send_test))
        return
    if args.part in (None, "config"):
        yield from _config_findings(config)
    if args.part in (None, "sources"):
        yield from _source_findings(config)
    if args.part in (None, "sinks"):
        from statusdesk.cli.check_sinks import sink_findings

        yield from (Finding(*seen) for seen in sink_findings(config))
    if args.part in (None, "store"):
        yield from _store_findings(config)


def _config_findings(config: "Config") -> Iterator[Finding]:
    from statusdesk.config_schema import is_loopback
    from statusdesk.credentials import problems_of, secrets_of, warnings_about

    stages = " > ".join(stage.name + (" (production)" if stage.production else "") for stage in config.stages)
    yield Finding("config", _OK, f"{config.path}: {stages}")
    for problem in problems_of(config):
        yield Finding("config", _FAILED, problem)
    for key, secret in secrets_of(config):
        for warning in warnings_about(secret, Path(config.path).parent):
            yield Finding("config", _WARNING, f"{key}: {warning}")
    jenkins = config.jenkins
    if jenkins is not None and jenkins.token and jenkins.url.startswith("http:") and not is_loopback(jenkins.url):
        yield Finding("config", _WARNING, "jenkins.url: the API token goes over the network unencrypted; use https://")
    if config.board.keymap:
        from screens.keymap import clashes

        for key, one, other in clashes(dict(config.board.keymap)):
            message = f"board.keymap: {one} and {other} have the same key {key!r} in one screen; give one another key"
            yield Finding("config", _WARNING, message)


def _source_findings(config: "Config") -> Iterator[Finding]:
    """Ask the sources side by side: one that does not answer does not hold up the others."""
    import requests  # noqa: F401 - before the threads: they would see its circle of modules half made

    probes = list(_probes(config))
    with ThreadPoolExecutor(max_workers=max(1, len(probes)), thread_name_prefix="probe") as pool:
        for found in [pool.submit(probe) for probe in probes]:
            for each in found.result():
                result = _OK if each.ok else _WARNING if each.warns else _FAILED
                yield Finding(each.what, result, each.message)


def _probes(config: "Config") -> "Iterator[Callable[[], Iterable[Probe]]]":
    from collectors.jenkins_probe import probe_jenkins
    from collectors.vault_probe import probe_vault
    from statusdesk.cli import check_jobs

    for cluster in config.clusters:
        namespaces = config.namespaces_of(cluster.name)
        yield functools.partial(_probe_cluster, cluster, namespaces)
    if (jenkins := config.jenkins) is not None:
        unmatched = functools.partial(check_jobs.unmatched, config)
        yield lambda: probe_jenkins(jenkins, _reader(config, jenkins.token), unmatched)
    if (vault := config.vault) is not None:
        yield lambda: probe_vault(vault, _reader(config, vault.token))


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


def _reader(config: "Config", secret: "Secret | None") -> Callable[[], str] | None:
    from statusdesk.credentials import read_secret

    return None if secret is None else lambda: read_secret(secret, Path(config.path).parent)


def _store_findings(config: "Config") -> Iterator[Finding]:
    from statusdesk.cli.opening import now_ms, store_path
    from statusdesk.collecting import lost_ms
    from statusdesk.store.errors import StoreError
    from statusdesk.store.opening import directory_problem
    from statusdesk.store.reader import Reader
    from statusdesk.text import iso, span

    path = store_path(config)
    if not path.parent.is_dir():
        yield Finding(
            "store", _WARNING, f"there is no {path.parent} yet; the first `statusdesk watch` or board makes it"
        )
        return
    if problem := directory_problem(path.parent):
        yield Finding("store", _FAILED, problem)
    try:
        with Reader(path) as reader:
            counts, collector = reader.counts(), reader.collector()
    except StoreError as error:
        yield Finding("store", _FAILED if path.exists() else _WARNING, str(error))
        return
    oldest = f", oldest row {iso(counts.oldest_ms)}" if counts.oldest_ms is not None else ", no rows yet"
    mode = path.stat().st_mode & 0o777
    yield Finding("store", _OK, f"{path}: mode {mode:04o}, {counts.bytes / 1e6:.1f} MB{oldest}")
    if mode & 0o007:
        yield Finding("store", _WARNING, f"{path} is open to everybody (mode {mode:04o}); run chmod 640 {path}")
    silence = lost_ms(collector, now_ms())
    if collector is None or silence is not None:
        since = f" for {span(silence)}" if collector is not None and silence else ""
        yield Finding("collector", _WARNING, f"none is running{since}; start `statusdesk watch` or a board")
    else:
        said = f"process {collector.pid} ({collector.owner}) since {iso(collector.started_ms)}"
        yield Finding("collector", _OK, said)


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
