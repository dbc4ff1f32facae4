"""The secrets of the configuration in what a source tells of another: no byte of them in the store or an export."""

import io
import json

from statusdesk.clock import system_clock
from statusdesk.config import (
    Config,
    JenkinsSettings,
    Secret,
    StageSettings,
    StoreSettings,
    TokenSettings,
    VaultSettings,
)
from statusdesk.config_alerts import SinkSettings
from statusdesk.credentials import TellingReader
from statusdesk.store.export import export
from statusdesk.store.lock import StateLock
from statusdesk.watch import CollectorProcess
from tests.collectors.recorded_vault import HEALTH, RECORDED, RecordedVault
from tests.collectors.small_jenkins import SmallJenkins, build
from tests.collectors.stage import Answer, staged

API_TOKEN = "11deadbeef0123456789abcdef01234567"
VAULT_TOKEN = "5f3c9a7e-11bb-4c2d-9e77-aabbccddeeff"  # of a custom id: no shape tells that it is one
HOOK = "https://hooks.example.org/services/T00AB12C3/B99/qW3rtYuiOp0987654321"


def test_no_secret_that_one_source_tells_of_another_is_stored_or_exported(tmp_path):
    jenkins = SmallJenkins()
    ran = build(1, "FAILURE", timestamp=system_clock() - 60_000)
    ran["actions"].append({"causes": [{"shortDescription": f"by {VAULT_TOKEN} {HOOK} marked", "userId": "bob"}]})
    jenkins.add("deploy", ran)
    health = RECORDED["active_health_GET"]["body"] | {"version": f"2.7 {API_TOKEN}"}
    vault = RecordedVault(**{HEALTH: Answer(200, json.dumps(health).encode())})
    vault.lookups["BBB"] = Answer(400, json.dumps({"errors": [f"odd {API_TOKEN}"]}).encode())
    for name, secret in (("api", API_TOKEN), ("vault", VAULT_TOKEN), ("hook", HOOK)):
        (tmp_path / name).write_text(secret)
    state = tmp_path / "state"
    state.mkdir()
    with staged(jenkins) as one, staged(vault) as other, StateLock(state):
        config = Config(
            path=str(tmp_path / "config.toml"),
            clusters=(),
            stages=(StageSettings(name="staging", namespaces=("staging",)),),
            jenkins=JenkinsSettings(url=one.url, user="bob", token=Secret(file="api"), interval_s=1.0),
            vault=VaultSettings(
                address=other.url, token=Secret(file="vault"), tokens=(TokenSettings(name="b", accessor="BBB"),)
            ),
            sinks=(SinkSettings(name="team", type="slack", url=Secret(file="hook")),),
            store=StoreSettings(state_dir=str(state)),
        )
        assert CollectorProcess(config, owner="test", narrate=lambda said: None).run_once()
    stored = b"".join(path.read_bytes() for path in state.iterdir() if path.is_file())
    exported = io.StringIO()
    for what in ("builds", "tokens", "alerts"):
        export(state / "statusdesk.db", what, 0, system_clock() + 1, (), (), "jsonl", exported)
    assert b"[hidden] [hidden] marked" in stored and b"2.7 [hidden]" in stored, "the search looks at the right bytes"
    assert "deploy" in exported.getvalue()
    for secret in (API_TOKEN, VAULT_TOKEN, HOOK):
        assert secret.encode() not in stored and secret not in exported.getvalue()


def test_what_sinks_read_while_it_collects_is_hidden_too(tmp_path):
    """A secret that was replaced after the start, and one that a command tells."""
    jenkins, reads = SmallJenkins(), TellingReader()
    ran = build(1, "FAILURE", timestamp=system_clock() - 60_000)
    ran["actions"].append({"causes": [{"shortDescription": f"by {API_TOKEN} {HOOK} marked", "userId": "bob"}]})
    state = tmp_path / "state"
    state.mkdir()
    (tmp_path / "hook").write_text("https://hooks.example.org/the/one/before")
    hook, token = Secret(file="hook"), Secret(command=("cat", "token"))
    with staged(jenkins) as one, StateLock(state):
        config = Config(
            path=str(tmp_path / "config.toml"),
            clusters=(),
            stages=(StageSettings(name="staging", namespaces=("staging",)),),
            jenkins=JenkinsSettings(url=one.url, interval_s=1.0),
            sinks=(SinkSettings(name="team", type="webhook", url=hook, token=token),),
            store=StoreSettings(state_dir=str(state)),
        )
        process = CollectorProcess(config, owner="test", read_by_sinks=reads, narrate=lambda said: None)
        (tmp_path / "token").write_text(API_TOKEN)
        reads(token, tmp_path)  # by a sink that was quicker than the collector

        def sent(_asked):
            (tmp_path / "hook").write_text(HOOK)
            reads(hook, tmp_path)

        jenkins.fault = sent
        jenkins.add("deploy", ran)
        assert process.run_once()
    stored = b"".join(path.read_bytes() for path in state.iterdir() if path.is_file())
    assert b"[hidden] [hidden] marked" in stored
