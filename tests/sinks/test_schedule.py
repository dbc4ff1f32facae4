"""When who is told what, in words."""

from msgspec.structs import replace

from statusdesk.config_alerts import SEVERITIES, HaSettings, SinkSettings
from statusdesk.sinks.schedule import duration, of_sink, sentences, unpaired
from tests.alerts.make import config, rule

AM = SinkSettings(name="am", type="alertmanager", urls=("http://am:9093",))
DESK = SinkSettings(name="desk", type="slack", min_severity="critical")
FILE = SinkSettings(name="file", type="jsonl", group_wait_s=0.0, repeat_s=0.0, send_resolved=False)


def said(config, name):
    return [sentence for sentence in sentences(config) if sentence.startswith(name)]


def test_the_sentence_of_a_rule():
    settings = config(rule(for_s=180.0, keep_firing_for_s=120.0), sinks=(DESK, replace(DESK, name="other")))
    assert said(settings, "RolloutFailing") == [
        "RolloutFailing in testing, staging: warning, told to nobody",
        "RolloutFailing in production: critical, told after 3m30s (3m true + 30s group), reminded every 4h,"
        " resolved 2m after recovery, to desk, other",
    ]


def test_sinks_that_are_told_otherwise_and_rules_that_are_off():
    settings = config(rule("SourceDown", notify=("file",)), rule("TokenGone", enabled=False), sinks=(AM, FILE))
    assert said(settings, "SourceDown") == [
        f"SourceDown in {where}, told after 30s (30s true), never reminded, not told when over, to file"
        for where in ("testing, staging: warning", "production, no stage: critical")
    ]
    assert said(settings, "TokenGone") == ["TokenGone: switched off"]
    assert said(settings, "VaultSealed") == [
        "VaultSealed: critical, posted at once (grouped and reminded by its own routes), resolved at recovery, to am;"
        " told at once, never reminded, not told when over, to file"
    ]


def test_what_a_pair_may_not_share():
    pair = replace(config(sinks=(AM, DESK)), ha=HaSettings(mode="pair"))
    kinds = ("alertmanager", "webhook", "pagerduty", "jsonl", "slack", "email", "desktop", "command", "apprise")
    refused = [kind for kind in kinds if unpaired(pair, SinkSettings(name="x", type=kind))]
    assert refused == ["slack", "email", "desktop", "command", "apprise"]
    assert not any(unpaired(config(), SinkSettings(name="x", type=kind)) for kind in kinds)
    assert "resolve = expire: what is not posted any more ends after 4m" in of_sink(pair, AM)


def test_what_expires_is_said_alike_in_both_sentences():
    for settings, sink in (
        (replace(config(sinks=(AM,)), ha=HaSettings(mode="pair")), AM),
        (config(sinks=(replace(AM, resolve="expire"),)), replace(AM, resolve="expire")),
    ):
        assert "ends after 4m" in of_sink(settings, sink)
        assert said(settings, "VaultSealed") == [
            "VaultSealed: critical, posted at once (grouped and reminded by its own routes), resolved within 4m of"
            " recovery (it expires), to am"
        ]


def test_durations():
    found = [duration(seconds) for seconds in (0, 0.5, 30, 210, 14400, 90061)]
    assert found == ["0s", "0.5s", "30s", "3m30s", "4h", "1d1h1m1s"]


def test_what_a_sink_takes_in_words():
    assert of_sink(config(), AM).endswith("; what is taken or silenced here is silenced there")
    assert "silenced" not in of_sink(config(), DESK)
    takes = {each: of_sink(config(), replace(DESK, min_severity=each)).partition(";")[0] for each in SEVERITIES}
    assert takes == {
        "info": "takes all severities",
        "warning": "takes warning and worse",
        "critical": "takes critical",
    }
