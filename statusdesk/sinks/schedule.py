"""When who is told what, in words. Pure."""

from collections.abc import Iterator

from statusdesk.alerts.dedup import wanted
from statusdesk.alerts.sink_kinds import KEEPS_INCIDENTS, LEVEL_TRIGGERED
from statusdesk.alerts.tuning import OF_NO_STAGE, RuleTuning, Tuning, stages_of
from statusdesk.config import Config
from statusdesk.config_alerts import RULE_NAMES, SEVERITIES, SinkSettings
from statusdesk.sinks.alertmanager import expires, terms_of
from statusdesk.states_alerts import WATCHDOG, AlertState


def sentences(config: Config) -> Iterator[str]:
    """Yield a sentence for each rule, one for all stages where it is told alike."""
    tuning = Tuning(config)
    for name in RULE_NAMES:
        if name == WATCHDOG:
            continue
        alike: dict[str, list[str]] = {}
        for stage in stages_of(name, config.stages):
            alike.setdefault(_told(config, tuning, name, stage), []).append(stage)
        for words, where in alike.items():
            place = "" if name in OF_NO_STAGE else f" in {', '.join(stage or 'no stage' for stage in where)}"
            yield f"{name}{place}: {words}"


def of_sink(config: Config, sink: SinkSettings) -> str:
    """Return what a sink takes, and how."""
    worst, mildest = SEVERITIES[-1], SEVERITIES[0]
    worse = "" if sink.min_severity == worst else " and worse"
    takes = "takes all severities" if sink.min_severity == mildest else f"takes {sink.min_severity}{worse}"
    where = f" of {', '.join(sink.stages)} and of what belongs to no stage" if sink.stages else ""
    if sink.type == LEVEL_TRIGGERED:
        terms = terms_of(config, sink)
        ends = f"what is not posted any more ends after {duration(terms.ends_after_ms / 1000)}"
        over = f"resolve = expire: {ends}" if expires(config, sink) else "resolve = explicit: told when over"
        mutes = "what is taken or silenced here is silenced there"
        return f"{takes}{where}; posted again every {duration(sink.resend_s)}; {over}; {mutes}"
    over = "told when over" if sink.send_resolved else "not told when over"
    takes += ", an incident for each alert" if sink.type == KEEPS_INCIDENTS else ""
    return f"{takes}{where}; {over}; tried again for {duration(sink.give_up_s)}"


def unpaired(config: Config, sink: SinkSettings) -> str:
    """Return why two collectors must not share this sink, empty when they may or there is but one."""
    if config.ha.mode != "pair" or sink.type not in UNPAIRABLE:
        return ""
    return (
        f"a sink of type {sink.type} cannot fold what two collectors tell: everybody would be told twice; "
        "tell it through an Alertmanager, or take [ha] mode = pair away"
    )


def unpaired_names(config: Config) -> list[str]:
    """Return the names of the sinks that two collectors must not share, none of a single one."""
    return [sink.name for sink in config.sinks if unpaired(config, sink)]


UNPAIRABLE = frozenset({"slack", "email", "desktop", "command", "apprise"})


def _told(config: Config, tuning: Tuning, name: str, stage: str) -> str:
    rule = tuning.of(name, stage)
    if rule is None:
        return "switched off"
    sample = AlertState(
        fingerprint="", started_ms=0, alertname=name, severity=rule.severity, state="firing", stage=stage
    )
    sinks = [sink for sink in config.sinks if wanted(sample, sink, tuning)]
    if not sinks:
        return f"{rule.severity}, told to nobody"
    alike: dict[str, list[str]] = {}
    for sink in sinks:
        alike.setdefault(_when(config, sink, rule), []).append(sink.name)
    return f"{rule.severity}, " + "; ".join(f"{words}, to {', '.join(names)}" for words, names in alike.items())


def _when(config: Config, sink: SinkSettings, rule: RuleTuning) -> str:
    true_s, keep_s = rule.for_ms / 1000, rule.keep_ms / 1000
    over = f"resolved {duration(keep_s)} after recovery" if keep_s else "resolved at recovery"
    if sink.type == LEVEL_TRIGGERED:
        if expires(config, sink):
            ends_s = terms_of(config, sink).ends_after_ms / 1000
            over = f"resolved within {duration(keep_s + ends_s)} of recovery (it expires)"
        after = f"posted after {duration(true_s)}" if true_s else "posted at once"
        return f"{after} (grouped and reminded by its own routes), {over}"
    wait_s = config.alerts.group_wait_s if sink.group_wait_s is None else sink.group_wait_s
    repeat_s = config.alerts.repeat_s if sink.repeat_s is None else sink.repeat_s
    parts = [f"{duration(true_s)} true"] if true_s else []
    parts += [f"{duration(wait_s)} group"] if wait_s else []
    told = f"told after {duration(true_s + wait_s)} ({' + '.join(parts)})" if parts else "told at once"
    reminded = f"reminded every {duration(repeat_s)}" if repeat_s else "never reminded"
    return f"{told}, {reminded}, {over if sink.send_resolved else 'not told when over'}"


def duration(seconds: float) -> str:
    """Return a duration as the settings write it: ``3m30s``."""
    rest = round(seconds)
    if rest < 1:
        return f"{seconds:g}s" if seconds else "0s"
    words = ""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        words += f"{count}{unit}" if count else ""
    return words
