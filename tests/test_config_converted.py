"""What is read from a configuration file, as settings."""

import os

import pytest

from statusdesk.config import Secret

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


EVERYTHING = """
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
"""


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
        EVERYTHING,
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


@pytest.mark.parametrize(
    ("thresholds", "idle_warn_s"),
    [
        ("", 86400.0),
        ('idle_warn = "2d"', 2 * 86400.0),
        ('production_idle_warn = "0s"', 0.0),
        ('production_idle_warn = "1h"\nidle_warn = "10m"', 3600.0),
    ],
)
def test_production_warns_for_a_day_of_what_was_scaled_to_zero(read, thresholds, idle_warn_s):
    config = read(f'stages = ["testing", "production"]\n[kubernetes]\n[thresholds]\n{thresholds}')
    assert config.thresholds_of("c", "production").idle_warn_s == idle_warn_s
    assert config.thresholds_of("c", "testing").idle_warn_s == config.thresholds.idle_warn_s


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


def test_a_console_needs_no_accessor(read, problems):
    text = f'{STAGES}[vault]\naddress = "https://v"\n[[vault.token]]\nname = "a"\naccessor_env = "NOT_SET"'
    assert problems(text)
    assert read(text, collecting=False).vault.tokens[0].accessor == ""


@pytest.mark.parametrize("content", [None, "", "two words", "hvs.CAESIJ"])
@pytest.mark.parametrize("collecting", [True, False])
def test_a_file_that_holds_no_accessor_stops_nothing_and_is_read_again_later(read, tmp_path, content, collecting):
    if content is not None:
        (tmp_path / "bad").write_text(content)
    (tmp_path / "good").write_text("AAA\n")
    entries = "".join(f'[[vault.token]]\nname = "{name}"\naccessor_file = "{name}"\n' for name in ("bad", "good"))
    config = read(f'{STAGES}[vault]\naddress = "https://v"\n{entries}', collecting=collecting)
    assert [each.accessor for each in config.vault.tokens] == ["", "AAA"]
    assert config.vault.tokens[0].accessor_file == str(tmp_path / "bad")
