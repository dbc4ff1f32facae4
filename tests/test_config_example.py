"""``config.example.toml`` names every key with its default, and saying a default changes nothing."""

import re
from pathlib import Path

import msgspec
import pytest

from statusdesk.config import (
    AppSettings,
    BoardSettings,
    CertificateSettings,
    ClusterSettings,
    Config,
    JenkinsSettings,
    RolloutThresholds,
    Secret,
    SecretIdSettings,
    StageSettings,
    StoreSettings,
    TokenSettings,
    VaultSettings,
)
from statusdesk.config_alerts import (
    AlertRuleSettings,
    AlertsSettings,
    FlappingSettings,
    GateSettings,
    HaSettings,
    SinkSettings,
)
from statusdesk.config_file import load
from statusdesk.config_schema import Kind, keys_of

EXAMPLE = Path(__file__).parents[1] / "config.example.toml"
TABLES = (
    ("stage", StageSettings),
    ("cluster", ClusterSettings),
    ("app", AppSettings),
    ("jenkins", JenkinsSettings),
    ("vault", VaultSettings),
    ("vault.token", TokenSettings),
    ("vault.secret_id", SecretIdSettings),
    ("vault.certificate", CertificateSettings),
    ("store", StoreSettings),
    ("thresholds", RolloutThresholds),
    ("board", BoardSettings),
    ("alerts", AlertsSettings),
    ("alerts.rule", AlertRuleSettings),
    ("sink", SinkSettings),
    ("ha", HaSettings),
    ("gate", GateSettings),
)


def expected(path: Path, home: Path) -> Config:
    return Config(
        path=str(path),
        stages=(
            StageSettings(name="testing", namespaces=("testing",)),
            StageSettings(name="staging", namespaces=("staging",)),
            StageSettings(name="production", namespaces=("production",), production=True),
        ),
        clusters=(ClusterSettings(name="eu"),),
        apps=(AppSettings(name="orders"),),
        jenkins=JenkinsSettings(url="https://jenkins.example", user="statusdesk", token=Secret(env="JENKINS_TOKEN")),
        vault=VaultSettings(
            address="https://vault.example",
            token=Secret(env="VAULT_TOKEN"),
            tokens=(TokenSettings(name="payments", accessor="9pW0vyTUZbbLxeExample"),),
            secret_ids=(
                SecretIdSettings(
                    name="billing-approle", role="billing", accessor="84896a0c-1347-aa90-a4f6-aca8b7558780"
                ),
            ),
            certificates=(
                CertificateSettings(name="shop-tls", serial="39:dd:2e:90:b7:23:1f:8d:d3:7d:31:c5:1b:da:84:d0"),
            ),
        ),
        store=StoreSettings(state_dir=str(home / ".local/state/statusdesk")),
        alerts=AlertsSettings(rules=(AlertRuleSettings(name="RolloutFailing"),)),
        sinks=(SinkSettings(name="am", type="alertmanager", urls=("https://alertmanager.example",)),),
    )


def test_the_example_loads_and_gives_the_defaults(tmp_path):
    assert load(EXAMPLE, {"HOME": str(tmp_path)}) == expected(EXAMPLE, tmp_path)


def test_every_line_that_shows_a_default_shows_the_real_one(tmp_path):
    every_key = re.sub(r"(?m)^#(?=[a-z\[])", "", EXAMPLE.read_text(encoding="utf-8"))
    path = tmp_path / "config.toml"
    path.write_text(every_key, encoding="utf-8")
    assert load(path, {"HOME": str(tmp_path)}) == expected(path, tmp_path)


@pytest.mark.parametrize(("table", "settings"), TABLES)
def test_every_setting_is_in_the_example(table, settings):
    text = EXAMPLE.read_text(encoding="utf-8")
    sections = re.split(r"(?m)^#?\[{1,2}([a-z._]+)\]{1,2}$", text)
    section = "".join(body for name, body in zip(sections[1::2], sections[2::2], strict=True) if name == table)
    missing = []
    for key in keys_of(settings).values():
        name = f"{key.name}_(?:env|file|command)" if key.kind is Kind.SECRET else key.name
        if not re.search(rf"(?m)^#? ?{name} = ", section):
            missing.append(key.name)
    assert section and not missing


def test_the_keys_of_flapping_are_in_the_example():
    line = next(line for line in EXAMPLE.read_text(encoding="utf-8").splitlines() if line.startswith("#flapping"))
    assert all(f"{key} = " in line for key in keys_of(FlappingSettings))


def test_every_field_of_the_settings_can_be_written(tmp_path):
    """A field whose type the loader does not know would be out of reach: only tables of their own may be that."""
    vaults = {(VaultSettings, name) for name in ("tokens", "secret_ids", "certificates")}
    tables_of_their_own = vaults | {
        (BoardSettings, "keymap"),
        (StageSettings, "thresholds"),
        (AlertsSettings, "rules"),
        (AlertsSettings, "flapping"),
        (AlertRuleSettings, "severity"),
    }
    from_another_table = {(JenkinsSettings, "token_jobs")}
    for _, settings in TABLES:
        reachable = {key.field for key in keys_of(settings).values()}
        for field in msgspec.structs.fields(settings):
            assert field.name in reachable or (settings, field.name) in tables_of_their_own | from_another_table
