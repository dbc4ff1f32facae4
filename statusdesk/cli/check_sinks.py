"""The part of ``statusdesk check`` that is about sinks: who can be reached, and in words when who is told what."""

import getpass
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from statusdesk.alerts.tuning import stages_of
from statusdesk.cli.findings import FAILED, OK, WARNING, Finding
from statusdesk.cli.opening import now_ms, store_path
from statusdesk.cli.usage import refuse
from statusdesk.clock import system_clock
from statusdesk.config import Config
from statusdesk.config_alerts import AlertRuleSettings, SinkSettings
from statusdesk.config_schema import is_loopback
from statusdesk.nearest import nearest_of
from statusdesk.sinks.schedule import of_sink, sentences, unpaired
from statusdesk.sinks.sending import SendError
from statusdesk.sinks.trying import Tried, reach, send_test
from statusdesk.states_alerts import Notification
from statusdesk.store.errors import StoreError
from statusdesk.store.opening import prepare_dir
from statusdesk.store.reader import Reader
from statusdesk.text import clean, counted, iso, span


def sink_findings(config: Config) -> Iterator[Finding]:
    """Look at every sink, side by side, then at the rules."""
    if not config.sinks:
        yield Finding("sinks", WARNING, "there is none: nobody is told of any alert; add a [[sink]]")
        return
    refusals = _refusals(config)
    with ThreadPoolExecutor(max_workers=8, thread_name_prefix="sink") as pool:
        tried = [(sink, pool.submit(_reached, config, sink)) for sink in config.sinks]
        for sink, found in tried:
            what = f"sink {sink.name}"
            for each in found.result():
                yield Finding(what, OK if each.ok else FAILED, each.message)
            yield Finding(what, OK, of_sink(config, sink))
            if words := refusals.get(sink.name):
                yield Finding(what, *words)
            yield from (Finding(what, result, words) for result, words in _doubts(config, sink))
    for sentence in sentences(config):
        yield Finding("alerts", OK, sentence)
    for rule in config.alerts.rules:
        yield from (Finding("alerts", WARNING, words) for words in _idle_stages(config, rule))


def _refusals(config: Config) -> dict[str, tuple[str, str]]:
    """Return of each sink what it has not taken last, when it has not taken all, as the store knows it."""
    try:
        with Reader(store_path(config)) as reader:
            found = {sink.name: reader.last_not_taken(sink.name) for sink in config.sinks}
    except (StoreError, OSError):  # that is told of the store
        return {}
    return {name: _of_refusal(*each, now_ms()) for name, each in found.items() if each is not None}


def _of_refusal(message: Notification, taken_ms: int | None, now: int) -> tuple[str, str]:
    """Return what became of a message that a sink has not taken, and whether it has taken another since."""
    at_ms = message.sent_ms or message.due_ms
    what, then = _UNTAKEN.get(message.state, ("a message that was not taken was dropped", ""))
    when = f" {span(max(0, now - at_ms))} ago ({iso(at_ms)})" if message.state != "queued" else ""
    tried = f" after {counted(message.attempts, 'attempt')}" if message.attempts > 1 else ""
    well = taken_ms is not None and taken_ms > at_ms and message.state != "queued"
    later = f"; it has taken one since, {span(max(0, now - taken_ms))} ago" if well and taken_ms is not None else ""
    return OK if well else WARNING, f"{what}{when}{tried}: {clean(message.last_error, 200)}{then}{later}"


_UNTAKEN = {
    "queued": ("a message is not taken", "; it is tried again"),
    "quarantined": ("the last message that was refused:", "; it is not sent again"),
    "failed": ("a message was given up", ""),
    "sent": ("a message was taken in part only", "; it is not sent again"),
}
"""What became of a message, and what will."""


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
        _make_room(config, sink)
        send_test(config, sink, _who(), system_clock(), _print_line)
    except (SendError, StoreError) as error:
        return Finding(f"sink {name}", FAILED, f"the test message was not taken: {error}")
    return Finding(f"sink {name}", OK, "the test message was taken; see whether it has arrived")


def _make_room(config: Config, sink: SinkSettings) -> None:
    """Make the state directory where lines go into it: before the first run it is not there.

    Raises: StoreError.
    """
    state_dir = Path(config.store.state_dir)
    if sink.path and state_dir.is_relative_to((state_dir / Path(sink.path).expanduser()).parent):
        prepare_dir(state_dir)


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"


def _print_line(line: str) -> bool:
    print(line)
    return True
