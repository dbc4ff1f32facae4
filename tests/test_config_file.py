"""The configuration file: what is found, what is read, and every sentence about what is wrong."""

import pytest

from statusdesk.config_file import ConfigError, load

STAGES = 'stages = ["testing", "production"]\n'


CASES = {
    "unknown table": (STAGES + "[jenkin]\n[kubernetes]", "jenkin: unknown key; did you mean jenkins?"),
    "unknown threshold of a stage": (
        '[[stage]]\nname = "a"\nthresholds = { restart = 1 }\n[kubernetes]',
        "stage[1].thresholds.restart: unknown key; did you mean restarts?",
    ),
    "thresholds of a stage that are none": (
        '[[stage]]\nname = "a"\nthresholds = 3\n[kubernetes]',
        "stage[1].thresholds: must be a table, not a number",
    ),
    "unknown key": (
        STAGES + '[jenkins]\nurl = "https://j"\nintervall = "5s"',
        "jenkins.intervall: unknown key; did you mean interval?",
    ),
    "unknown key, nothing near": (
        STAGES + "[kubernetes]\nzzz = 1\n[board]\nx = 1",
        "kubernetes.zzz: unknown key; known here: context, kubeconfig, max_namespaced_watches, name, page_size, "
        "poll_interval, request_timeout",
    ),
    "secret's source misspelt": (
        STAGES + '[jenkins]\nurl = "https://j"\nuser = "u"\ntoken_fil = "x"',
        "jenkins.token_fil: unknown key; did you mean token_file?",
    ),
    "top-level key in a table": (
        '[kubernetes]\ncontext = "c"\nstages = ["a"]',
        "kubernetes.stages: unknown key; stages belongs at the top of the file, before the first [table]",
    ),
    "number for a duration": (
        STAGES + '[jenkins]\nurl = "https://j"\ninterval = 5',
        'jenkins.interval: must be a duration such as "30s"; write the unit: "5s"',
    ),
    "bad duration": (
        STAGES + '[jenkins]\nurl = "https://j"\ninterval = "5 minutes"',
        'jenkins.interval: must be a duration such as "30s", "5m", "2h" or "7d"',
    ),
    "zero interval": (
        STAGES + '[jenkins]\nurl = "https://j"\ninterval = "0s"',
        "jenkins.interval: must be from 0.05s to 86400s",
    ),
    "text for a number": (
        STAGES + '[kubernetes]\npage_size = "500"',
        "kubernetes.page_size: must be a whole number, not a text",
    ),
    "true for a number": (
        STAGES + "[kubernetes]\npage_size = true",
        "kubernetes.page_size: must be a whole number, not true or false",
    ),
    "number for a text": (STAGES + "[jenkins]\nurl = 5", "jenkins.url: must be a text in quotes, not a number"),
    "text for a list": (
        STAGES + '[jenkins]\nurl = "https://j"\nseed_jobs = "seed"',
        "jenkins.seed_jobs: must be a list of texts, not a text",
    ),
    "list of numbers": (
        STAGES + '[jenkins]\nurl = "https://j"\nseed_jobs = [1]',
        "jenkins.seed_jobs[1]: must be a text in quotes, not a number",
    ),
    "text for a table": ('stages = ["a"]\njenkins = "https://j"', "jenkins: must be a table, not a text"),
    "table for a list of tables": (
        '[kubernetes]\n[stage]\nname = "a"',
        "stage: must be written as [[stage]], once for each",
    ),
    "control characters": (
        STAGES + '[kubernetes]\n[board]\ntitle = "a\\u001b[2J"',
        "board.title: must not hold control characters",
    ),
    "required key": (STAGES + "[jenkins]", 'jenkins: url is missing; add url = "..."'),
    "stage without a name": (
        '[kubernetes]\n[[stage]]\nsoak = "1h"',
        'stage[1]: name is missing; add name = "..."',
    ),
    "no stage": (
        "[kubernetes]",
        'stages: no stage is given; add stages = ["testing", "staging", "production"], in that order',
    ),
    "empty stages": (
        "stages = []\n[kubernetes]",
        'stages: no stage is given; add stages = ["testing", "staging", "production"], in that order',
    ),
    "stage without namespaces": (
        '[kubernetes]\n[[stage]]\nname = "a"\nnamespaces = []',
        "stage[1].namespaces: is empty; name at least one namespace",
    ),
    "stage that is no namespace": (
        'stages = ["Test System"]\n[kubernetes]',
        "stages: 'Test System' is no namespace name; use lower-case letters, digits and -, or give the stage its "
        "namespaces",
    ),
    "both forms of stages": (
        STAGES + '[kubernetes]\n[[stage]]\nname = "a"',
        "stages: both stages and [[stage]] are given; keep one",
    ),
    "both forms of clusters": (
        STAGES + '[kubernetes]\n[[cluster]]\nname = "a"',
        "kubernetes: both [kubernetes] and [[cluster]] are given; keep one",
    ),
    "no source": (STAGES, "no source is given; add [kubernetes], [jenkins] or [vault]"),
    "duplicate stage": (
        'stages = ["a", "a"]\n[kubernetes]',
        "stages: names 'a' more than once; keep one",
    ),
    "duplicate cluster": (
        STAGES + '[[cluster]]\nname = "a"\n[[cluster]]\nname = "a"',
        "cluster: the name 'a' is given 2 times; names must differ",
    ),
    "duplicate token": (
        STAGES + '[vault]\naddress = "https://v"\naccessors = { a = "x" }\n[[vault.token]]\nname = "a"\naccessor = "y"',
        "vault.token: the name 'a' is given 2 times; names must differ",
    ),
    "namespace in two stages": (
        '[kubernetes]\n[[stage]]\nname = "a"\nnamespaces = ["x"]\n[[stage]]\nname = "b"\nnamespaces = ["x"]',
        "stage[2].namespaces: 'x' belongs to stage 'a' already; keep it in one",
    ),
    "two productions": (
        '[kubernetes]\n[[stage]]\nname = "a"\nproduction = true\n[[stage]]\nname = "b"\nproduction = true',
        "stage: a and b are both production; only one stage can be",
    ),
    "unknown cluster of a stage": (
        '[[cluster]]\nname = "europe"\n[[stage]]\nname = "a"\nclusters = ["europa"]',
        "stage[1].clusters: there is no cluster 'europa'; did you mean 'europe'?",
    ),
    "unknown stage of an app": (
        STAGES + '[kubernetes]\n[[app]]\nname = "a"\nstages = ["xyz"]',
        "app[1].stages: there is no stage 'xyz'; known: testing, production",
    ),
    "name with a slash": (
        STAGES + '[[cluster]]\nname = "a/b"',
        "cluster[1].name: must not hold / or #; choose another name",
    ),
    "no address": (
        STAGES + '[jenkins]\nurl = "jenkins.example"',
        "jenkins.url: must be an address such as https://host.example",
    ),
    "password in the address": (
        STAGES + '[jenkins]\nurl = "https://u:hunter2@j"',
        "jenkins.url: must not hold a user or a password; use user and token_env, token_file or token_command",
    ),
    "plain http to Vault": (
        STAGES + '[vault]\naddress = "http://vault.example"',
        "vault.address: would send the token unencrypted; use https:// (http:// is for this machine only)",
    ),
    "user without a token": (
        STAGES + '[jenkins]\nurl = "https://j"\nuser = "u"',
        "jenkins: the token is missing; add token_env, token_file or token_command",
    ),
    "token without a user": (
        STAGES + '[jenkins]\nurl = "https://j"\ntoken_env = "T"',
        "jenkins: user is missing; Jenkins takes an API token together with its user's name",
    ),
    "two sources of a secret": (
        STAGES + '[jenkins]\nurl = "https://j"\nuser = "u"\ntoken_env = "T"\ntoken_file = "t"',
        "jenkins: token_env and token_file are both given; keep one",
    ),
    "command as one text": (
        STAGES + '[jenkins]\nurl = "https://j"\nuser = "u"\ntoken_command = "pass show x"',
        'jenkins.token_command: must be a list such as ["pass", "show", "jenkins"]; it is not run by a shell',
    ),
    "variable with a $": (
        STAGES + '[jenkins]\nurl = "https://j"\nuser = "u"\ntoken_env = "$T"',
        "jenkins.token_env: must be the name of an environment variable, such as JENKINS_TOKEN",
    ),
    "no accessor": (
        STAGES + '[vault]\naddress = "https://v"\n[[vault.token]]\nname = "a"',
        "vault.token[1]: accessor is missing; add accessor, accessor_env or accessor_file",
    ),
    "two accessors": (
        STAGES + '[vault]\naddress = "https://v"\n[[vault.token]]\nname = "a"\naccessor = "x"\naccessor_env = "Y"',
        "vault.token[1]: accessor and accessor_env are both given; keep one",
    ),
    "accessor's variable not set": (
        STAGES + '[vault]\naddress = "https://v"\n[[vault.token]]\nname = "a"\naccessor_env = "NOT_SET"',
        "vault.token[1].accessor_env: the environment variable NOT_SET is not set; set it to the accessor",
    ),
    "critical above warn": (
        STAGES + '[vault]\naddress = "https://v"\n[[vault.token]]\nname = "a"\naccessor = "x"\nwarn = "1h"',
        "vault.token[1].critical: is longer than warn; make it shorter",
    ),
    "pattern": (
        STAGES + '[jenkins]\nurl = "https://j"\nnamespace_patterns = ["a-(.*)"]',
        "jenkins.namespace_patterns: 'a-(.*)' has no group named ns; write the namespace's part as (?P<ns>...)",
    ),
    "choice": (STAGES + '[kubernetes]\n[board]\nglyphs = "utf"', 'board.glyphs: must be one of "unicode", "ascii"'),
    "time zone": (
        STAGES + '[kubernetes]\n[board]\ntimezone = "Mars/Olympus"',
        'board.timezone: \'Mars/Olympus\' is no known time zone; write it as "UTC" or "Europe/Berlin"',
    ),
    "file of another version": (
        "version = 2\n" + STAGES + "[kubernetes]",
        "version: must be 1, the only form of this file that is known",
    ),
    "nearest of two": (STAGES + "stagez = 1\n[kubernetes]", "stagez: unknown key; did you mean stages or stage?"),
    "a working day without a minute": (
        STAGES + '[kubernetes]\n[environments]\nwork_from = "08:00"\nwork_until = "08:00"',
        "environments.work_until: is work_from: that is no working day; make it later",
    ),
    "a time of day that there is not": (
        STAGES + '[kubernetes]\n[environments]\nwork_until = "25:61"',
        'environments.work_until: must be a time such as "20:00"',
    ),
    "a day that there is not": (
        STAGES + '[kubernetes]\n[environments]\nwork_days = ["mo"]',
        'environments.work_days: \'mo\' is no day; write them as "mon", "tue", "wed", "thu", "fri", "sat", "sun"',
    ),
    "a holiday that is no day": (
        STAGES + '[kubernetes]\n[environments]\nholidays = ["25.12."]',
        "environments.holidays: '25.12.' is no day; write it as \"2026-12-25\"",
    ),
    "a time zone of environments": (
        STAGES + '[kubernetes]\n[environments]\ntimezone = "Mars/Olympus"',
        'environments.timezone: \'Mars/Olympus\' is no known time zone; write it as "UTC" or "Europe/Berlin"',
    ),
    "a slow pace that is the faster one": (
        STAGES + '[vault]\naddress = "https://v"\ninterval = "1m"\nslow_interval = "30s"',
        "vault.slow_interval: is shorter than interval; make it longer",
    ),
    "an own parent": (
        STAGES + '[vault]\naddress = "https://v"\n[[vault.token]]\nname = "a"\naccessor = "abc"\nparent = "a"',
        "vault.token[1].parent: names the token itself; name the one that made it, or none",
    ),
    "a parent that there is not": (
        STAGES + '[vault]\naddress = "https://v"\n[[vault.token]]\nname = "a"\naccessor = "abc"\nparent = "b"',
        "vault.token[1].parent: there is no token 'b'; known: a",
    ),
    "a circle of parents": (
        STAGES
        + '[vault]\naddress = "https://v"\n'
        + "".join(
            f'[[vault.token]]\nname = "{name}"\naccessor = "{name}bc"\nparent = "{parent}"\n'
            for name, parent in ("da", "ab", "bc", "ca")
        ),
        "vault.token[2].parent: makes a circle: 'a' was made by 'b', which was made by 'c', which was made by 'a'; "
        "take out one that is wrong",
    ),
    "the time to issue anew": (
        STAGES + '[vault]\naddress = "https://v"\n[[vault.token]]\nname = "a"\naccessor = "abc"\n'
        'reissue_warn = "1h"\nreissue_critical = "2h"',
        "vault.token[1].reissue_critical: is longer than reissue_warn; make it shorter",
    ),
    "a certificate that warns too late": (
        STAGES + '[vault]\naddress = "https://v"\n[[vault.certificate]]\nname = "a"\nserial = "01:02"\n'
        'warn = "1h"\ncritical = "2h"',
        "vault.certificate[1].critical: is longer than warn; make it shorter",
    ),
    "a pattern of folders": (
        STAGES + '[jenkins]\nurl = "https://j"\nnamespace_folders = ["team-a"]',
        "jenkins.namespace_folders: 'team-a' must be written as \"folder = namespace\"",
    ),
    "theme": (
        STAGES + '[kubernetes]\n[board]\ntheme = "statusdek"',
        "board.theme: names no theme; did you mean 'statusdesk'?",
    ),
    "key that there is not": (
        STAGES + '[kubernetes]\n[board.keymap]\nboard.filter = "slash,slahs"',
        "board.keymap.board.filter: no key is called 'slahs'; did you mean 'slash'?",
    ),
    "key that no keyboard sends": (
        STAGES + '[kubernetes]\n[board.keymap]\nboard.filter = "shift+f"',
        'board.keymap.board.filter: no key is called \'shift+f\'; write it as "f", "slash", "ctrl+q" or "f5"',
    ),
    "binding that there is not": (
        STAGES + '[kubernetes]\n[board.keymap]\nboard.fliter = "f"',
        "board.keymap.board.fliter: unknown key; did you mean board.filter?",
    ),
    "token as one of the accessors": (
        STAGES + f'[vault]\naddress = "https://v"\naccessors = {{ a = "hvs.{"A" * 30}" }}',
        "vault.accessors.a: looks like a token, not an accessor; put what `vault token lookup` calls accessor, "
        "and revoke it",
    ),
    "token as accessor": (
        STAGES + f'[vault]\naddress = "https://v"\n[[vault.token]]\nname = "a"\naccessor = "hvs.{"A" * 30}"',
        "vault.token[1].accessor: looks like a token, not an accessor; put what `vault token lookup` calls accessor, "
        "and revoke it",
    ),
    "stale before a polled cluster is listed again": (
        STAGES + '[kubernetes]\n[board]\nstale_after = "15s"',
        "board.stale_after: 15s is too short: make it longer than kubernetes.poll_interval (30s), or that shorter",
    ),
    "stale at the very interval of one cluster of two": (
        STAGES + '[[cluster]]\nname = "a"\npoll_interval = "5s"\n[[cluster]]\nname = "b"\npoll_interval = "15s"\n'
        '[board]\nstale_after = "15s"',
        "board.stale_after: 15s is too short: make it longer than cluster[2].poll_interval (15s), or that shorter",
    ),
    "stale before Jenkins is visited again": (
        STAGES + '[jenkins]\nurl = "https://j"\ninterval = "5m"',
        "board.stale_after: 120s is too short: make it longer than jenkins.interval (300s), or that shorter",
    ),
    "stale before Vault is visited again": (
        STAGES + '[vault]\naddress = "https://v"\ninterval = "3m"',
        "board.stale_after: 120s is too short: make it longer than vault.interval (180s), or that shorter",
    ),
    "keymap": (
        STAGES + "[kubernetes]\n[board]\nkeymap = 1",
        'board.keymap: must be a table of key names such as board.filter = "slash"',
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_problem_is_one_sentence(name, problems):
    text, sentence = CASES[name]
    assert sentence in problems(text)


def test_problems_are_told_together_and_none_is_told_twice(problems):
    told = problems(
        'stag = 1\nstages = ["a"]\n[jenkins]\nurk = "x"\ninterval = 5\n'
        '[vault]\naddress = "http://v"\n[board]\nglyphs = 1'
    )
    assert [sentence.split(": ")[0] for sentence in told] == [
        "stag",
        "jenkins.urk",
        "jenkins.interval",
        "jenkins",
        "vault.address",
        "board.glyphs",
    ]


@pytest.mark.parametrize("host", ["127.0.0.1:8200", "localhost:8200", "[::1]:8200", "127.9.9.9"])
def test_plain_http_to_vault_on_this_machine_is_taken(read, host):
    assert read(f'{STAGES}[vault]\naddress = "http://{host}"').vault.address == f"http://{host}"


def test_a_file_that_is_not_toml_is_told_with_its_line(problems):
    told = problems("stages = [\n[jenkins")
    assert len(told) == 1 and told[0].startswith("is not TOML: ") and "line 2" in told[0]


def test_a_file_that_is_not_text_is_told(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b'title = "\xff"')
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load(path, {})


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path / "config.toml", {})


@pytest.mark.parametrize("key", ['[kubernetes]\nkubeconfig = "gone"', '[jenkins]\nurl = "https://j"\nca_file = "gone"'])
def test_a_named_file_that_cannot_be_read_is_a_problem_for_the_collector_only(read, problems, tmp_path, key):
    assert f"{tmp_path / 'gone'} cannot be read: No such file or directory" in problems(STAGES + key)[0]
    read(STAGES + key, collecting=False)


def test_data_may_become_stale_later_than_each_source_is_looked_at(read):
    intervals = '[kubernetes]\npoll_interval = "14s"\n[jenkins]\nurl = "https://j"\ninterval = "14s"\n'
    config = read(STAGES + intervals + '[vault]\naddress = "https://v"\ninterval = "14s"\n[board]\nstale_after = "15s"')
    assert config.board.stale_after_s == 15.0
