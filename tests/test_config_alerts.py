"""``[alerts]``, ``[[alerts.rule]]``, ``[[sink]]``, ``[ha]`` and ``[gate]``: read strictly, every problem in words."""

from pathlib import Path

import pytest

from statusdesk.config import Secret
from statusdesk.config_alerts import AlertRuleSettings, FlappingSettings, SinkSettings
from statusdesk.config_file import ConfigError, load
from statusdesk.sinks.lines import JsonLines
from tests.sinks.make import message

BASE = 'stages = ["testing", "staging", "production"]\n[jenkins]\nurl = "https://j"\n'
SLACK = '[[sink]]\nname = "desk"\ntype = "slack"\nurl_env = "SLACK"\n'


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "config.toml"
        path.write_text(BASE + text, encoding="utf-8")
        return load(path, {"HOME": str(tmp_path)})

    return read


@pytest.fixture
def problems(read):
    def problems(text):
        with pytest.raises(ConfigError) as caught:
            read(text)
        return [sentence.partition("config.toml: ")[2] for sentence in caught.value.problems]

    return problems


def test_the_file_of_json_lines_is_in_the_state_directory_not_beside_the_configuration(read, tmp_path):
    config = read('[store]\nstate_dir = "state"\n[[sink]]\nname = "file"\ntype = "jsonl"\npath = "told.jsonl"\n')
    state = tmp_path / "state"
    state.mkdir()
    JsonLines(config.sinks[0], Path(config.store.state_dir), lambda line: True).send(message())
    assert Path(config.store.state_dir) == state and (state / "told.jsonl").exists()


def test_everything_that_may_be_said(read, tmp_path):
    config = read(
        """
[alerts]
repeat = "1h"
group_wait = "0s"
group_by = ["alertname", "app"]
stale_hold = "30m"
flapping = { count = 5, within = "30m", hold = "10m" }
[[alerts.rule]]
name = "RolloutFailing"
for = "3m"
keep_firing_for = "2m"
severity = { staging = "info", production = "critical" }
enabled = ["staging", "production"]
runbook = "https://wiki.example/rollout?page=1#top"
notify = ["desk", "page"]
[[alerts.rule]]
name = "Watchdog"
severity = "warning"
enabled = false
notify = []
[[sink]]
name = "desk"
type = "slack"
url_file = "slack.url"
min_severity = "warning"
stages = ["production"]
send_resolved = false
group_wait = "5s"
repeat = "0s"
[[sink]]
name = "page"
type = "pagerduty"
key_command = ["pass", "show", "pd"]
[[sink]]
name = "mail"
type = "email"
host = "mail.example"
port = 587
sender = "desk@example"
to = ["a@example", "b@example"]
user = "desk"
password_env = "MAIL"
[[sink]]
name = "am"
type = "alertmanager"
urls = ["http://am1:9093", "http://am2:9093"]
resolve = "expire"
resend = "30s"
token_file = "am.token"
[ha]
mode = "pair"
heartbeat_url_file = "hc.url"
site = "west"
[gate]
max_age = "1m"
soak = "30m"
require = ["soak"]
"""
    )
    alerts = config.alerts
    assert (alerts.repeat_s, alerts.group_wait_s, alerts.group_by) == (3600, 0, ("alertname", "app"))
    assert alerts.flapping == FlappingSettings(count=5, within_s=1800, hold_s=600) and alerts.stale_hold_s == 1800
    assert alerts.rules == (
        AlertRuleSettings(
            name="RolloutFailing", for_s=180, keep_firing_for_s=120, enabled=("staging", "production"),
            severity=(("staging", "info"), ("production", "critical")),
            runbook="https://wiki.example/rollout?page=1#top", notify=("desk", "page"),
        ),
        AlertRuleSettings(name="Watchdog", severity=(("", "warning"),), enabled=False, notify=()),
    )  # fmt: skip
    desk, page, mail, am = config.sinks
    assert desk == SinkSettings(
        name="desk", type="slack", url=Secret(file=str(tmp_path / "slack.url")), min_severity="warning",
        stages=("production",), send_resolved=False, group_wait_s=5, repeat_s=0,
    )  # fmt: skip
    assert page.key == Secret(command=("pass", "show", "pd")) and mail.to == ("a@example", "b@example")
    assert (am.resolve, am.resend_s, am.token) == ("expire", 30, Secret(file=str(tmp_path / "am.token")))
    assert (config.ha.mode, config.ha.site) == ("pair", "west")
    assert config.ha.heartbeat_url == Secret(file=str(tmp_path / "hc.url"))
    assert (config.gate.max_age_s, config.gate.soak_s, config.gate.require) == (60, 1800, ("soak",))


CASES = [
    ("[alerts]\nrepat = '1h'", "alerts.repat: unknown key; did you mean repeat?"),
    ("[alerts]\nrepeat = 5", 'alerts.repeat: must be a duration such as "30s"; write the unit: "5s"'),
    ("[alerts]\ngroup_by = ['aap']", "alerts.group_by: there is no label 'aap'; did you mean 'app'?"),
    ("[alerts]\nflapping = { cont = 1 }", "alerts.flapping.cont: unknown key; did you mean count?"),
    ("[alerts]\nflapping = { count = 1 }", "alerts.flapping.count: must be from 2 to 1000"),
    ("[[alerts.rule]]\nfor = '1m'", 'alerts.rule[1]: name is missing; add name = "..."'),
    ("[[alerts.rule]]\nname = 'RolloutFails'",
     "alerts.rule[1].name: there is no rule 'RolloutFails'; did you mean 'RolloutFailing'?"),
    ("[[alerts.rule]]\nname = 'Watchdog'\n[[alerts.rule]]\nname = 'Watchdog'",
     "alerts.rule: the name 'Watchdog' is given 2 times; names must differ"),
    ("[[alerts.rule]]\nname = 'Watchdog'\nseverity = 'warn'",
     "alerts.rule[1].severity: there is no severity 'warn'; did you mean 'warning'?"),
    ("[[alerts.rule]]\nname = 'Watchdog'\nseverity = { prod = 'warning' }",
     "alerts.rule[1].severity: there is no stage 'prod'; did you mean 'production'?"),
    ("[[alerts.rule]]\nname = 'Watchdog'\nseverity = { staging = 3 }",
     "alerts.rule[1].severity.staging: must be a text in quotes, not a number"),
    ("[[alerts.rule]]\nname = 'Watchdog'\nenabled = 'yes'",
     'alerts.rule[1].enabled: must be true, false, or a list of stages such as ["production"]'),
    ("[[alerts.rule]]\nname = 'Watchdog'\nenabled = ['stagin']",
     "alerts.rule[1].enabled: there is no stage 'stagin'; did you mean 'staging'?"),
    ("[[alerts.rule]]\nname = 'Watchdog'\nrunbook = 'wiki'",
     "alerts.rule[1].runbook: must be an address such as https://host.example"),
    (SLACK + "[[alerts.rule]]\nname = 'Watchdog'\nnotify = ['dsk']",
     "alerts.rule[1].notify: there is no sink 'dsk'; did you mean 'desk'?"),
    ("[alerts.rule]\nname = 'Watchdog'", "alerts.rule: must be written as [[alerts.rule]], once for each"),
    (SLACK + SLACK, "sink: the name 'desk' is given 2 times; names must differ"),
    ("[[sink]]\nname = 'x'\ntype = 'slak'", "sink[1].type: there is no type of sink 'slak'; did you mean 'slack'?"),
    ("[[sink]]\nname = 'x'\ntype = 'slack'", "sink[1]: url is missing; add url_env, url_file or url_command"),
    ("[[sink]]\nname = 'x'\ntype = 'slack'\nurl = 'https://hooks.slack.com/x'",
     "sink[1].url: a secret does not belong in this file; name where it is kept with url_env, url_file or url_command"),
    (SLACK + "password = 'hunter2'", "sink[1].password: a secret does not belong in this file; name where it is kept"
     " with password_env, password_file or password_command"),
    (SLACK + "to = ['x']", "sink[1]: to means nothing to a sink of type slack; take it away"),
    (SLACK + "stages = ['prod']", "sink[1].stages: there is no stage 'prod'; did you mean 'production'?"),
    (SLACK + "min_severity = 'bad'", 'sink[1].min_severity: must be one of "info", "warning", "critical"'),
    ("[[sink]]\nname = 'x'\ntype = 'alertmanager'",
     'sink[1]: urls is missing; add urls = ["http://alertmanager.example:9093"], each of a cluster by itself'),
    ("[[sink]]\nname = 'x'\ntype = 'alertmanager'\nurls = ['am:9093']",
     "sink[1].urls: 'am:9093' must be an address such as https://host.example"),
    ("[[sink]]\nname = 'x'\ntype = 'webhook'\nurls = ['http://a', 'http://b']",
     'sink[1]: needs one address: urls = ["https://..."] with one, or url_env, url_file or url_command'),
    ("[[sink]]\nname = 'x'\ntype = 'webhook'\nurls = ['http://a']\nuser = 'u'",
     "sink[1]: password is missing; add password_env, password_file or password_command"),
    ("[[sink]]\nname = 'x'\ntype = 'command'\ncommand = []", 'sink[1]: command is missing; add command = ["program",'
     ' "argument"]'),
    ("[ha]\nmode = 'pair'\n[[sink]]\nname = 'x'\ntype = 'alertmanager'\nurls = ['http://am']\nresolve = 'explicit'",
     'sink[1].resolve: "explicit" cannot be kept with [ha] mode = "pair": two collectors see things at different'
     ' moments, and one would tell that it is over while the other tells that it fires; write "expire", or leave it'
     ' out'),
    ("[[sink]]\nname = 'x'\ntype = 'pagerduty'\nkey_env = 'K'\nurls = ['http://a', 'http://b']",
     "sink[1]: urls: one address is enough, events are sent to the first"),
    ("[ha]\nmode = 'double'", 'ha.mode: must be one of "single", "pair"'),
    ("[ha]\nheartbeat_url = 'https://hc-ping.com/x'", "ha.heartbeat_url: a secret does not belong in this file; name"
     " where it is kept with heartbeat_url_env, heartbeat_url_file or heartbeat_url_command"),
    ("[gate]\nrequire = ['soaked']", "gate.require: there is no check 'soaked'; did you mean 'soak'?"),
    ("[gat]\n", "gat: unknown key; did you mean gate?"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), CASES, ids=[sentence.partition(":")[0] + str(n) for n, (_, sentence) in
                                                          enumerate(CASES)])  # fmt: skip
def test_what_is_wrong_is_told_with_the_nearest_that_is_known(problems, text, sentence):
    assert sentence in problems(text)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('type = "alertmanager"\nurls = ["http://am", "http://am"]', "urls"),
        ('type = "webhook"\nurls = "http://hook"', "urls"),
        ('type = "slack"\nurl_env = 3', "url_env"),
        ('type = "alertmanager"\nurls = ["http://am"]\nuser = "desk"\npassword_env = 3', "password_env"),
    ],
)
def test_a_key_that_is_wrong_is_not_said_to_be_missing_too(problems, keys, said):
    (problem,) = problems(f'[[sink]]\nname = "am"\n{keys}\n')
    assert problem.startswith(f"sink[1].{said}: "), problem
    assert "is missing" in problems('[[sink]]\nname = "am"\ntype = "alertmanager"\nurls = []\n')[-1]
