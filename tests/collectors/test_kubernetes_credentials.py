"""Credentials that change, expire or come from a plugin: renewed in time, never waited for without end."""

import datetime
import json
import stat
import time
from pathlib import Path

import msgspec
import pytest

from collectors import kubernetes_credentials
from collectors.kubernetes_api import KubernetesApi
from collectors.kubernetes_credentials import PluginError, log_in, run_plugin
from collectors.kubernetes_problems import ApiProblem
from tests.collectors.kubernetes_fixtures import running_kube, waiting_desk  # noqa: F401  (fixtures)
from tests.collectors.kubernetes_server import Answer, recorded, wait_for

UNAUTHORIZED = Answer(status=401, body=recorded("unauthorized.json"))


@pytest.fixture(autouse=True)
def look_at_files_each_time(monkeypatch):
    monkeypatch.setattr(kubernetes_credentials, "LOOK_EVERY_S", 0.0)


def write_user(desk, user: dict, server: str = "") -> None:
    config = json.loads(desk.kubeconfig.read_text())
    config["users"][0]["user"] = user
    if server:
        config["clusters"][0]["cluster"]["server"] = server
    desk.kubeconfig.write_text(json.dumps(config))


def plugin(directory: Path, script: str, **settings: object) -> dict:
    """Return the user of a kubeconfig whose credentials come from a script."""
    path, new = directory / "plugin", directory / "plugin.new"
    new.write_text(f"#!/bin/sh\necho run >> '{directory}/runs'\n{script}\n")
    new.chmod(new.stat().st_mode | stat.S_IXUSR)
    new.replace(path)  # one that runs at this moment cannot be written over
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(path)} | settings}


def credential(expires_s: float | None = None, **status: str) -> str:
    """Return the line of a script that prints an ExecCredential."""
    if expires_s is not None:
        moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=expires_s)
        status["expirationTimestamp"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
    return f"cat <<'END'\n{json.dumps(answer)}\nEND"


def runs(directory: Path) -> int:
    file = directory / "runs"
    return len(file.read_text().splitlines()) if file.exists() else 0


def tokens(kube) -> list[str]:
    return [one.authorization for one in kube.requests]


def test_a_plugins_token_is_used_and_the_plugin_runs_once(kube, desk, tmp_path):
    write_user(desk, plugin(tmp_path, credential(3600, token="given")))
    desk.start()
    desk.wait_live()
    assert set(tokens(kube)) == {"Bearer given"} and runs(tmp_path) == 1


def test_a_plugins_token_that_expires_is_renewed(kube, desk, tmp_path):
    script = 'N=$(wc -l < "$(dirname "$0")/runs"); ' + credential(-5, token="nNUMBER").replace(
        "cat <<'END'", "sed \"s/NUMBER/$N/\" <<'END'"
    )
    write_user(desk, plugin(tmp_path, script))
    api = KubernetesApi(desk.settings())
    for _ in range(3):
        api.get("/version")
    api.close()
    assert len(set(tokens(kube))) == 3, "each request meets a token that has expired"


def test_a_refused_token_makes_the_plugin_run_again_once(kube, desk, tmp_path):
    write_user(desk, plugin(tmp_path, credential(token="first")))
    desk.start()
    desk.wait_live()
    kube.answer(lambda one: one.authorization != "Bearer second", UNAUTHORIZED)
    plugin(tmp_path, credential(token="second"))
    kube.close_watches("pods")
    kube.close_watches("deployments")
    wait_for(lambda: "Bearer second" in tokens(kube))
    wait_for(lambda: kube.watching("pods") == 1 and kube.watching("deployments") == 1)
    assert runs(tmp_path) == 2


def test_a_plugin_that_hangs_is_ended_with_its_children(tmp_path):
    user = plugin(tmp_path, 'echo $$ > "$(dirname "$0")/pid"; sleep 600 & sleep 600')
    began_s = time.monotonic()
    with pytest.raises(PluginError, match=r"gave no answer within 0\.3 s; does it wait for a login"):
        run_plugin(user["exec"], {}, str(tmp_path), 0.3)
    assert time.monotonic() - began_s < 5.0
    pid = int((tmp_path / "pid").read_text())
    wait_for(lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2])


def test_a_plugin_that_hangs_is_a_fact_about_the_source(kube, desk, tmp_path):
    write_user(desk, plugin(tmp_path, "exec sleep 600"))
    desk.start(request_timeout_s=0.2)
    told = desk.wait_problem("Misconfigured")
    assert "credentials plugin plugin gave no answer" in told.message
    assert not tokens(kube), "nobody asks as nobody"
    write_user(desk, plugin(tmp_path, credential(token="good")))
    desk.wait_live()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'login needed, hvs.CAESIJabcdefghijklmnopqrstuvwxyz' >&2; exit 3", "ended with status 3: login needed"),
        ("echo nonsense", "something else than an ExecCredential"),
        ("true", "something else than an ExecCredential"),
        (credential(clientCertificateData="only"), "neither a token nor a certificate with its key"),
        (credential(), "neither a token nor a certificate with its key"),
    ],
)
def test_a_plugin_that_fails_is_told(desk, kube, tmp_path, script, words):
    write_user(desk, plugin(tmp_path, script))
    with pytest.raises(ApiProblem) as raised:
        KubernetesApi(desk.settings()).get("/version")
    assert raised.value.problem == "Misconfigured" and words in raised.value.message
    assert "CAESIJ" not in raised.value.message and not kube.requests


def test_a_plugin_that_is_not_there_is_told(tmp_path):
    with pytest.raises(PluginError, match="the credentials plugin nowhere cannot be run"):
        run_plugin({"command": "nowhere"}, {}, str(tmp_path), 1.0)


def test_a_plugin_gets_what_the_kubeconfig_says_and_no_terminal(tmp_path):
    script = 'read LINE && exit 9; [ "$1" = an-argument ] || exit 8; echo "$KUBERNETES_EXEC_INFO" > "$OUT"; '
    user = plugin(
        tmp_path,
        script + credential(token="t"),
        args=["an-argument"],
        env=[{"name": "OUT", "value": str(tmp_path / "info")}],
        provideClusterInfo=True,
    )
    assert run_plugin(user["exec"], {"server": "https://k"}, str(tmp_path), 5.0)["token"] == "t"
    info = json.loads((tmp_path / "info").read_text())
    assert info["spec"] == {"interactive": False, "cluster": {"server": "https://k"}}


def test_a_plugins_certificate_is_renewed_before_it_expires(desk, tmp_path):
    for expires_s, stale in ((10, True), (3600, False)):
        user = plugin(tmp_path, credential(expires_s, clientCertificateData="cert", clientKeyData="key"))
        write_user(desk, user, server="https://127.0.0.1:1")
        login = log_in(desk.settings())
        assert Path(login.connection.client.configuration.cert_file).read_text() == "cert"
        assert Path(login.connection.client.configuration.key_file).read_text() == "key"
        assert login.is_stale() is stale


def test_a_token_file_is_read_again_when_it_changes(kube, desk, tmp_path):
    (tmp_path / "token").write_text("one")
    write_user(desk, {"tokenFile": "token"})
    api = KubernetesApi(desk.settings())
    api.get("/version")
    (tmp_path / "token").write_text("two, longer")
    api.get("/version")
    api.close()
    assert tokens(kube) == ["Bearer one", "Bearer two, longer"]


@pytest.mark.parametrize("changed", ["cert.pem", "key.pem", "ca.pem", "kubeconfig"])
def test_certificates_and_kubeconfig_are_read_again_when_they_change(kube, desk, tmp_path, changed):
    for name in ("cert.pem", "key.pem", "ca.pem"):
        (tmp_path / name).write_text("old")
    write_user(desk, {"client-certificate": "cert.pem", "client-key": "key.pem"}, server="https://127.0.0.1:1")
    config = json.loads(desk.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["certificate-authority"] = "ca.pem"
    desk.kubeconfig.write_text(json.dumps(config))
    login = log_in(desk.settings())
    assert not login.is_stale()
    (tmp_path / changed).write_text((tmp_path / changed).read_text() + "\n")
    assert login.is_stale()


def test_a_kubeconfig_that_is_half_written_does_no_harm(kube, desk):
    api = KubernetesApi(desk.settings())
    api.get("/version")
    desk.kubeconfig.write_text("{")
    api.get("/version")
    desk.write_kubeconfig("second")
    api.get("/version")
    api.close()
    assert tokens(kube) == ["Bearer first", "Bearer first", "Bearer second"]


def test_files_are_looked_at_once_a_second(monkeypatch, kube, desk):
    monkeypatch.setattr(kubernetes_credentials, "LOOK_EVERY_S", 1.0)
    login = log_in(desk.settings())
    desk.write_kubeconfig("another")
    assert not login.is_stale()
    wait_for(login.is_stale)


def test_a_kubeconfig_of_several_files_is_merged(monkeypatch, kube, desk, tmp_path):
    config = json.loads(desk.kubeconfig.read_text())
    users = config.pop("users")
    desk.kubeconfig.write_text(json.dumps(config | {"users": []}))
    (tmp_path / "users").write_text(json.dumps({"apiVersion": "v1", "kind": "Config", "users": users}))
    monkeypatch.setenv("KUBECONFIG", f"{desk.kubeconfig}:{tmp_path / 'users'}")
    api = KubernetesApi(msgspec.structs.replace(desk.settings(), kubeconfig=""))
    api.get("/version")
    api.close()
    assert tokens(kube) == ["Bearer first"]


def test_watches_that_are_asked_to_slow_down_wait(kube, desk):
    answer = Answer(status=429, body=b"slow down", headers={"Retry-After": "1"})
    kube.answer(lambda one: one.is_watch and one.resource == "pods", answer, 1)
    began_s = time.monotonic()
    desk.start()
    desk.wait_live()
    assert time.monotonic() - began_s >= 1.0 and len(kube.asked("pods", watch=True)) == 2
    assert all(visit.ok for visit in desk.visits()), "once is no failure"
