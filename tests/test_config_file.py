"""The configuration file: what is found, what is read, and every sentence about what is wrong."""

import os

import pytest

from statusdesk import config_file
from statusdesk.config import Secret
from statusdesk.config_file import ConfigError, NoConfigError, find_config, load, state_directory

STAGES = 'stages = ["testing", "production"]\n'
MINIMAL = """
stages = ["testing", "staging", "production"]
[kubernetes]
context = "prod-eu"
[jenkins]
url = "https://jenkins.example"
[vault]
address = "https://vault.example"
accessors = { payments = "9pW0vyTUZbbLx" }
"""


@pytest.fixture
def read(tmp_path):
    """Write a configuration and load it with an empty environment but for HOME and what is given."""

    def read(text, env=None, **options):
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        return load(path, {"HOME": str(tmp_path), **(env or {})}, **options)

    return read


@pytest.fixture
def problems(read, tmp_path):
    """Load a configuration that is wrong and return its problems without the file's name."""

    def problems(text, env=None, **options):
        with pytest.raises(ConfigError) as caught:
            read(text, env, **options)
        prefix = f"{tmp_path / 'config.toml'}: "
        assert all(problem.startswith(prefix) and "\n" not in problem for problem in caught.value.problems)
        return [problem.removeprefix(prefix) for problem in caught.value.problems]

    return problems


def test_the_smallest_configuration_is_enough(read, tmp_path):
    config = read(MINIMAL)
    assert [stage.name for stage in config.stages] == ["testing", "staging", "production"]
    assert [stage.namespaces for stage in config.stages] == [("testing",), ("staging",), ("production",)]
    assert [stage.production for stage in config.stages] == [False, False, True]
    assert [(cluster.name, cluster.context) for cluster in config.clusters] == [("prod-eu", "prod-eu")]
    assert config.jenkins.url == "https://jenkins.example" and config.jenkins.token is None
    assert config.vault.token == Secret(env="VAULT_TOKEN")
    assert [(token.name, token.accessor) for token in config.vault.tokens] == [("payments", "9pW0vyTUZbbLx")]
    assert config.store.state_dir == str(tmp_path / ".local/state/statusdesk")


def test_everything_is_converted(read, tmp_path):
    (tmp_path / "ca.pem").write_text("x")
    (tmp_path / "accessor").write_text("fromfile\n")
    (tmp_path / "kube").write_text("x")
    config = read(
        """
        version = 1
        [[stage]]
        name = "qa"
        namespaces = ["qa-1", "qa-2"]
        clusters = ["eu"]
        soak = "1h30m"
        [[stage]]
        name = "prod"
        production = true
        [[stage]]
        name = "canary"
        [[cluster]]
        name = "eu"
        kubeconfig = "kube"
        page_size = 100
        [jenkins]
        url = "http://jenkins.example:8080/ci"
        user = "desk"
        token_command = ["pass", "show", "jenkins"]
        ca_file = "ca.pem"
        interval = "500ms"
        split_namespaces = true
        namespace_patterns = ["deploy-(?P<ns>.*)"]
        [vault]
        token_file = "~/vault.token"
        [[vault.token]]
        name = "a"
        accessor_env = "ACCESSOR"
        renew_every = "8h"
        [[vault.token]]
        name = "b"
        accessor_file = "accessor"
        [store]
        state_dir = "state"
        keep = "2w"
        batch = "100ms"
        [thresholds]
        never_ready_deadline_share = 1
        [board.keymap]
        board.filter = "slash,f"
        "app.quit" = "ctrl+q"
        """,
        {"ACCESSOR": " fromenv ".strip(), "VAULT_ADDR": "https://vault.example"},
    )
    assert config.stages[0].soak_s == 5400.0 and config.stages[0].clusters == ("eu",)
    assert [stage.production for stage in config.stages] == [False, True, False]
    assert config.clusters[0].kubeconfig == str(tmp_path / "kube") and config.clusters[0].page_size == 100
    assert config.jenkins.token == Secret(command=("pass", "show", "jenkins"))
    assert config.jenkins.ca_file == str(tmp_path / "ca.pem")
    assert (config.jenkins.interval_s, config.jenkins.split_namespaces) == (0.5, True)
    assert config.vault.address == "https://vault.example"
    assert config.vault.token == Secret(file=os.path.expanduser("~/vault.token"))  # noqa: PTH111 - the plain answer
    assert [token.accessor for token in config.vault.tokens] == ["fromenv", "fromfile"]
    assert [token.accessor_file for token in config.vault.tokens] == ["", str(tmp_path / "accessor")]
    assert config.vault.tokens[0].renew_every_s == 28800.0
    assert config.store.state_dir == str(tmp_path / "state")
    assert (config.store.keep_s, config.store.batch_ms) == (14 * 86400.0, 100)
    assert config.thresholds.never_ready_deadline_share == 1.0
    assert config.board.keymap == (("board.filter", "slash,f"), ("app.quit", "ctrl+q"))


def test_a_stage_overrides_single_thresholds(read):
    config = read(
        """
        [[stage]]
        name = "testing"
        [[stage]]
        name = "production"
        namespaces = ["prod-*"]
        thresholds = { restarts = 1, idle_warn = "1d" }
        [kubernetes]
        [thresholds]
        restarts = 4
        latch = "1m"
        """,
    )
    usual, strict = config.thresholds_of("c", "testing"), config.thresholds_of("c", "prod-eu")
    assert (usual.restarts, usual.latch_s, usual.idle_warn_s) == (4, 60.0, 0.0)
    assert (strict.restarts, strict.latch_s, strict.idle_warn_s) == (1, 60.0, 86400.0)
    assert config.thresholds_of("c", "elsewhere") == config.thresholds


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


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('[jenkins]\nurl = "https://j"\nuser = "u"', "token"),
        ('[jenkins]\nurl = "https://j"\nuser = "u"', "password"),
        ('[jenkins]\nurl = "https://j"\nuser = "u"', "api_token"),
        ('[vault]\naddress = "https://v"', "token"),
        ('[vault]\naddress = "https://v"', "secret_id"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(problems, table, key):
    told = problems(f'{STAGES}{table}\n{key} = "hunter2"')
    name = table[1 : table.index("]")]
    assert (
        f"{name}.{key}: a secret does not belong in this file; name where it is kept with token_env, token_file or "
        "token_command" in told
    )
    assert "hunter2" not in "".join(told)


def test_a_token_anywhere_in_the_file_is_refused_and_not_repeated(problems):
    told = problems(f'{STAGES}[kubernetes]\n[board]\ntitle = "hvs.{"A" * 24}"')
    assert [sentence.split(":")[0] for sentence in told] == ["board.title"]
    assert "AAAA" not in told[0]


@pytest.mark.parametrize("prefix", ["hvs.", "hvb.", "hvr.", "s.", "b.", "r."])
@pytest.mark.parametrize("where", ["accessor", "accessors", "accessor_env", "accessor_file"])
def test_a_token_in_the_place_of_an_accessor_is_refused_and_not_repeated(problems, tmp_path, prefix, where):
    token = f"{prefix}CAESIJ"
    (tmp_path / "token").write_text(token)
    entries = {
        "accessor": f'[[vault.token]]\nname = "a"\naccessor = "{token}"',
        "accessors": f'accessors = {{ a = "{token}" }}',
        "accessor_env": '[[vault.token]]\nname = "a"\naccessor_env = "A"',
        "accessor_file": '[[vault.token]]\nname = "a"\naccessor_file = "token"',
    }
    told = problems(f'{STAGES}[vault]\naddress = "https://v"\n{entries[where]}', {"A": token})
    assert len(told) == 1 and "looks like a token, not an accessor" in told[0]
    assert "CAESIJ" not in told[0]


def test_an_accessor_of_a_namespace_is_no_token(read):
    config = read(STAGES + '[vault]\naddress = "https://v"\naccessors = { a = "9pW0vyTUZbbLx.Kq8d" }')
    assert config.vault.tokens[0].accessor == "9pW0vyTUZbbLx.Kq8d"


@pytest.mark.parametrize("host", ["127.0.0.1:8200", "localhost:8200", "[::1]:8200", "127.9.9.9"])
def test_plain_http_to_vault_on_this_machine_is_taken(read, host):
    assert read(f'{STAGES}[vault]\naddress = "http://{host}"').vault.address == f"http://{host}"


def test_the_same_namespace_in_two_clusters_is_two_places(read):
    config = read(
        """
        [[cluster]]
        name = "eu"
        [[cluster]]
        name = "us"
        [[stage]]
        name = "prod-eu"
        namespaces = ["prod"]
        clusters = ["eu"]
        [[stage]]
        name = "prod-us"
        namespaces = ["prod"]
        clusters = ["us"]
        """
    )
    assert len(config.stages) == 2


def test_a_context_with_slashes_names_a_cluster_without(read):
    config = read(STAGES + '[kubernetes]\ncontext = "arn:aws:eks:eu-1:12:cluster/prod"')
    assert config.clusters[0].name == "arn:aws:eks:eu-1:12:cluster-prod"
    assert config.clusters[0].context == "arn:aws:eks:eu-1:12:cluster/prod"


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


@pytest.mark.parametrize("source", ['accessor_env = "NOT_SET"', 'accessor_file = "gone"'])
def test_a_console_needs_no_accessor(read, problems, source):
    text = f'{STAGES}[vault]\naddress = "https://v"\n[[vault.token]]\nname = "a"\n{source}'
    assert problems(text)
    assert read(text, collecting=False).vault.tokens[0].accessor == ""


# -- where the file and the state are


def test_the_flag_goes_before_the_variable_and_that_before_the_places(tmp_path, monkeypatch):
    monkeypatch.setattr(config_file, "SYSTEM_FILE", tmp_path / "etc.toml")
    user = tmp_path / "xdg" / "statusdesk" / "config.toml"
    user.parent.mkdir(parents=True)
    for path in (tmp_path / "flag.toml", tmp_path / "env.toml", user, tmp_path / "etc.toml"):
        path.write_text("")
    env = {"STATUSDESK_CONFIG": str(tmp_path / "env.toml"), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    assert find_config(str(tmp_path / "flag.toml"), env) == tmp_path / "flag.toml"
    assert find_config(None, env) == tmp_path / "env.toml"
    del env["STATUSDESK_CONFIG"]
    assert find_config(None, env) == user
    user.unlink()
    assert find_config(None, env) == tmp_path / "etc.toml"


def test_the_current_directory_is_not_searched(tmp_path, monkeypatch):
    monkeypatch.setattr(config_file, "SYSTEM_FILE", tmp_path / "none" / "config.toml")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text("")
    (tmp_path / "statusdesk").mkdir()
    (tmp_path / "statusdesk" / "config.toml").write_text("")
    with pytest.raises(NoConfigError, match="no configuration; try `statusdesk demo`"):
        find_config(None, {"HOME": str(tmp_path / "home")})


def test_the_home_directory_is_searched_without_xdg(tmp_path):
    path = tmp_path / ".config" / "statusdesk" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text("")
    assert find_config(None, {"HOME": str(tmp_path)}) == path


@pytest.mark.parametrize(("flag", "env", "by"), [("gone", {}, "--config"), (None, "gone", "$STATUSDESK_CONFIG")])
def test_a_named_file_that_is_not_there_is_told_and_no_other_is_taken(tmp_path, flag, env, by):
    environment = {"STATUSDESK_CONFIG": env} if env else {}
    with pytest.raises(ConfigError) as caught:
        find_config(flag, environment)
    assert caught.value.problems[0].endswith(f"gone: no such file (named by {by})")
    assert not isinstance(caught.value, NoConfigError)


def test_the_state_directory_is_flag_then_environment_then_file_then_user(tmp_path):
    env = {
        "STATUSDESK_STATE_DIR": "/env",
        "STATE_DIRECTORY": "/systemd:/second",
        "XDG_STATE_HOME": "/xdg",
        "HOME": "/home/x",
    }
    assert state_directory("/flag", env, "/file") == "/flag"
    assert state_directory(None, env, "/file") == "/env"
    del env["STATUSDESK_STATE_DIR"]
    assert state_directory(None, env, "/file") == "/systemd"
    del env["STATE_DIRECTORY"]
    assert state_directory(None, env, "/file") == "/file"
    assert state_directory(None, env, "") == "/xdg/statusdesk"
    del env["XDG_STATE_HOME"]
    assert state_directory(None, env, "") == "/home/x/.local/state/statusdesk"
