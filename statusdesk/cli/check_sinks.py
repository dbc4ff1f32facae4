"""The part of ``statusdesk check`` that is about sinks: who can be reached, and in words when who is told what."""

import getpass
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from statusdesk.alerts.tuning import stages_of
from statusdesk.cli.findings import FAILED, OK, WARNING, Finding
from statusdesk.cli.usage import refuse
from statusdesk.clock import system_clock
from statusdesk.config import Config
from statusdesk.config_alerts import AlertRuleSettings, SinkSettings
from statusdesk.config_schema import is_loopback
from statusdesk.nearest import nearest_of
from statusdesk.sinks.schedule import of_sink, sentences, unpaired
from statusdesk.sinks.sending import SendError
from statusdesk.sinks.trying import Tried, reach, send_test


def sink_findings(config: Config) -> Iterator[Finding]:
    """Look at every sink, side by side, then at the rules."""
    if not config.sinks:
        yield Finding("sinks", WARNING, "there is none: nobody is told of any alert; add a [[sink]]")
        return
    with ThreadPoolExecutor(max_workers=8, thread_name_prefix="sink") as pool:
        tried = [(sink, pool.submit(_reached, config, sink)) for sink in config.sinks]
        for sink, found in tried:
            what = f"sink {sink.name}"
            for each in found.result():
                yield Finding(what, OK if each.ok else FAILED, each.message)
            yield Finding(what, OK, of_sink(config, sink))
            yield from (Finding(what, result, words) for result, words in _doubts(config, sink))
    for sentence in sentences(config):
        yield Finding("alerts", OK, sentence)
    for rule in config.alerts.rules:
        yield from (Finding("alerts", WARNING, words) for words in _idle_stages(config, rule))


def _reached(config: Config, sink: SinkSettings) -> list[Tried]:
    return list(reach(config, sink))


def _idle_stages(config: Config, rule: AlertRuleSettings) -> Iterator[str]:
    """Yield a sentence for each setting of a rule that names a stage in which the rule never fires."""
    can_fire = stages_of(rule.name, config.stages)
    where = (
        "belongs to no stage" if can_fire == ("",) else f"fires in {', '.join(filter(None, can_fire)) or 'none'} only"
    )
    named = {"severity": [stage for stage, _ in rule.severity if stage]}
    if not isinstance(rule.enabled, bool):
        named["enabled"] = list(rule.enabled)
    for key, stages in named.items():
        idle = [stage for stage in stages if stage not in can_fire]
        if idle:
            yield f"{rule.name}: {key} names {', '.join(idle)}, which does nothing: the rule {where}"


def _doubts(config: Config, sink: SinkSettings) -> Iterator[tuple[str, str]]:
    if words := unpaired(config, sink):
        yield FAILED, words
    if config.ha.mode == "pair" and sink.type == "webhook":
        yield WARNING, "each of the pair posts to it: its receiver must fold alerts by their fingerprint"
    secret = sink.token is not None or sink.password is not None
    if secret and any(url.startswith("http:") and not is_loopback(url) for url in sink.urls):
        hosts = ", ".join(urlsplit(url).hostname or "" for url in sink.urls)
        yield WARNING, f"its secret goes over the network to {hosts} unencrypted; use https://"
    if sink.type == "email" and sink.tls == "none" and sink.password is not None:
        yield WARNING, 'its password goes over the network unencrypted; use tls = "starttls"'


def tested(config: Config, name: str) -> Finding:
    """Send a test message to a sink and say what became of it.

    Raises: UsageError when there is no such sink.
    """
    sink = next((sink for sink in config.sinks if sink.name == name), None)
    if sink is None:
        known = [each.name for each in config.sinks]
        nearest = nearest_of(name, known)
        mend = f"did you mean {nearest[0]!r}?" if nearest else "known: " + (", ".join(known) or "none")
        refuse(f"--send-test: there is no sink {name!r}; {mend}")
    try:
        send_test(config, sink, _who(), system_clock(), _print_line)
    except SendError as error:
        return Finding(f"sink {name}", FAILED, f"the test message was not taken: {error}")
    return Finding(f"sink {name}", OK, "the test message was taken; see whether it has arrived")


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"


def _print_line(line: str) -> bool:
    print(line)
    return True
