"""``check``: each finding in one place, with what to do; 1 when something is not well."""

import http.server
import json
import threading
import time

from collectors.kubernetes_probe import Lack, ProbeResult
from statusdesk.cli.check import _probe_cluster
from statusdesk.cli.check_store import store_findings
from statusdesk.config import ClusterSettings
from statusdesk.config_file import load
from statusdesk.facts import Build, Job, JobClass
from statusdesk.states import Level
from tests.cli.conftest import rollout


def findings(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_good_configuration_is_told_with_its_stages(run, config):
    done = run("check", "config")
    assert done.returncode == 0
    assert done.stdout == f"ok       config: {config}: staging > production (production)\n0 errors, 0 warnings\n"


def test_a_bad_configuration_is_told_problem_by_problem_and_nothing_else_is_tried(run, config):
    config.write_text('stages = ["a"]\n[jenkins]\nurk = "x"\ninterval = 5\n')
    done = run("check", "--json")
    assert done.returncode == 1
    assert {finding["result"] for finding in findings(done)} == {"fail"}
    assert [finding["message"].split(": ")[1] for finding in findings(done)] == [
        "jenkins.urk",
        "jenkins.interval",
        "jenkins",
    ]


def test_a_secret_that_others_may_read_is_warned_about_and_one_that_is_missing_fails(run, config, tmp_path):
    config.write_text(config.read_text().replace("[store]", 'user = "u"\ntoken_file = "token"\n[store]'))
    done = run("check", "config")
    assert done.returncode == 1 and f"jenkins.token_file: {tmp_path}/token cannot be read" in done.stdout
    (tmp_path / "token").write_text("hunter2")
    (tmp_path / "token").chmod(0o644)
    done = run("check", "config")
    assert done.returncode == 0 and "can be read by everybody" in done.stdout
    assert done.stdout.endswith("0 errors, 1 warning\n") and "hunter2" not in done.stdout


def test_a_token_over_plain_http_to_another_machine_is_warned_about(run, config, tmp_path):
    (tmp_path / "token").write_text("hunter2")
    (tmp_path / "token").chmod(0o600)
    text = config.read_text().replace("http://127.0.0.1:1", "http://jenkins.example")
    config.write_text(text.replace("[store]", 'user = "u"\ntoken_file = "token"\n[store]'))
    done = run("check", "config")
    assert done.returncode == 0 and "the API token goes over the network unencrypted" in done.stdout


def test_a_key_that_two_bindings_of_a_screen_have_is_warned_about(run, config):
    config.write_text(config.read_text() + '\n[board.keymap]\nboard.filter = "q"\nrollout.times = "f5"\n')
    done = run("check", "config")
    assert done.returncode == 0 and done.stdout.endswith("0 errors, 1 warning\n")
    assert "warning  config: board.keymap: app.quit and board.filter have the same key 'q' in one screen" in done.stdout


def test_sources_that_refuse_are_told_each_by_its_name(run):
    done = run("check", "sources", "--json")
    assert done.returncode == 1
    failed = [finding["what"] for finding in findings(done) if finding["result"] == "fail"]
    assert "jenkins" in failed and "kubernetes eu" in failed


def test_a_right_that_can_be_done_without_is_a_warning_and_the_cluster_is_not_asked_for(monkeypatch):
    told = [
        ProbeResult(verb="list", resource="pods", ok=False, message="grant all"),
        ProbeResult(verb="list", resource="pods", ok=True, namespace="testing"),
        ProbeResult(verb="list", resource="pods", ok=False, namespace="staging", message="grant staging"),
        ProbeResult(verb="get", resource="pods/log", ok=False, namespace="testing", message="no log", optional=True),
    ]
    monkeypatch.setattr("collectors.kubernetes_probe.probe", lambda *_: told)
    found = list(_probe_cluster(ClusterSettings(name="eu"), ["testing", "staging"]))
    assert [(one.ok, one.warns, one.message) for one in found] == [
        (False, False, "list pods in staging: grant staging"),
        (False, True, "get pods/log in testing: no log"),
        (True, False, "testing: may list pods"),
    ]


def missing(namespace: str, lack: Lack, *verbs: str) -> list[ProbeResult]:
    found = [
        ProbeResult(verb=verb, resource="pods", ok=False, namespace=namespace, message="by itself", lack=lack)
        for verb in verbs
    ]
    log = Lack(lack.user, "no log is shown", lack.whole)
    extra = ProbeResult(verb="get", resource="pods/log", ok=False, namespace=namespace, lack=log, optional=True)
    return [*found, extra]


def test_namespaces_that_lack_the_same_rights_are_told_together(monkeypatch):
    lack = Lack("reader")
    told = [
        ProbeResult(verb="list", resource="pods", ok=False, message="cluster", lack=Lack("reader", whole=True)),
        *missing("testing", lack, "list", "watch"),
        *missing("staging", lack, "list", "watch"),
        *missing("audit", lack, "watch"),
    ]
    monkeypatch.setattr("collectors.kubernetes_probe.probe", lambda *_: told)
    found = list(_probe_cluster(ClusterSettings(name="eu"), ["testing", "staging", "audit"]))
    assert [one.warns for one in found] == [False, False, True]
    both, audit, logs = [one.message.split("\n") for one in found]
    assert both[0] == "testing, staging: may not list pods, watch pods"
    assert both[1].startswith("for n in testing staging; do kubectl apply -n $n -f per-namespace.yaml; ")
    assert both[1].endswith("-n $n --role=statusdesk-read --user=reader; done")
    assert audit[0] == "audit: may not watch pods"
    assert audit[1].startswith("kubectl apply -n audit -f per-namespace.yaml; ")
    assert logs[0] == "testing, staging, audit: may not get pods/log (no log is shown without it)"


def test_rights_of_a_reader_of_the_whole_cluster_are_mended_once(monkeypatch):
    lack = Lack("reader", whole=True)
    told = [*missing("testing", lack, "watch"), *missing("staging", lack, "watch")]
    monkeypatch.setattr("collectors.kubernetes_probe.probe", lambda *_: told)
    found = [one.message for one in _probe_cluster(ClusterSettings(name="eu"), ["testing", "staging"])]
    assert found[0] == (
        "testing, staging: may not watch pods\nkubectl apply -f cluster-wide.yaml; kubectl create clusterrolebinding"
        " statusdesk-reader --clusterrole=statusdesk-read --user=reader"
    )
    assert len(found) == 2


def test_a_store_that_is_not_there_yet_is_no_error(run):
    done = run("check", "store")
    assert done.returncode == 0 and "the first `statusdesk watch` or board makes it" in done.stdout


def test_a_store_is_told_with_its_mode_size_and_collector(run, put, tmp_path):
    put(rollout("orders", "staging", Level.FAILING))
    done = run("check", "store")
    assert done.returncode == 0
    assert (
        f"ok       store: {tmp_path}/state/statusdesk.db: mode 0640, " in done.stdout and "oldest row 20" in done.stdout
    )
    assert "ok       collector: process 1 (watch) since" in done.stdout


def test_builds_that_make_environments_nobody_knows_which_are_a_warning(run, put):
    jobs = ("env-destroy-all", "env-report")
    put(
        builds=[
            Build(source="jenkins", job=name, number=number, url="u", result="SUCCESS", started_ms=1)
            for name in jobs
            for number in (1, 2)
        ],
        jobs=[Job(source="jenkins", name=name, url="u", job_class=JobClass.ENVIRONMENT) for name in jobs],
    )
    (line,) = [line for line in run("check", "store").stdout.splitlines() if "environments" in line]
    assert line.startswith(
        "warning  environments: 2 builds of env-destroy-all, the newest #2, ran for no namespace that"
    )
    assert "what they made or destroyed is not told; see namespace_parameters" in line


def test_nobody_collecting_is_a_warning(run, put):
    put(alive=False)
    done = run("check", "store")
    assert done.returncode == 0 and "warning  collector: none is running" in done.stdout


def test_a_directory_that_others_may_write_is_the_trap_that_it_is(run, put, tmp_path):
    put()
    (tmp_path / "state").chmod(0o770)
    done = run("check", "store")
    assert done.returncode == 1 and f"chmod 0750 {tmp_path}/state" in done.stdout


def test_a_store_that_everybody_may_read_is_warned_about(run, put, tmp_path):
    put()
    (tmp_path / "state" / "statusdesk.db").chmod(0o644)
    assert "is open to everybody (mode 0644); run chmod 640" in run("check", "store").stdout


def test_a_damaged_store_fails(run, tmp_path):
    (tmp_path / "state").mkdir(mode=0o750)
    (tmp_path / "state" / "statusdesk.db").write_text("no database at all, but long enough to be looked at")
    done = run("check", "store")
    assert done.returncode == 1 and "is damaged or not a store" in done.stdout


def test_a_state_directory_that_is_a_file_or_cannot_be_made_fails(run, config, tmp_path):
    (tmp_path / "state").write_text("")
    done = run("check", "store")
    assert done.returncode == 1 and f"{tmp_path}/state is a file" in done.stdout and "makes it" not in done.stdout
    config.write_text(config.read_text().replace('"state"', '"/proc/statusdesk/state"'))
    done = run("check", "store")
    assert done.returncode == 1 and "FAIL     store: /proc/statusdesk/state cannot be made in /proc" in done.stdout


def test_a_store_that_cannot_be_written_fails_unless_somebody_writes_it(config, put, monkeypatch):
    put(alive=False)
    monkeypatch.setattr("statusdesk.cli.check_store.place_problem", lambda place: f"{place} is read-only")
    settings = load(config, {})
    assert [each.result for each in store_findings(settings)] == ["ok", "FAIL", "warning"]
    put()
    assert [each.result for each in store_findings(settings)] == ["ok", "ok"]


def test_a_file_without_an_accessor_is_a_fault_of_its_own_and_is_not_repeated(run, config, tmp_path):
    """Both where the file is and where its token would be looked up."""
    (tmp_path / "orders").write_text("hvs.CAESIJ")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), TalkingVault)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    (tmp_path / "own").write_text(SECRET)
    (tmp_path / "own").chmod(0o600)
    vault = f'[vault]\naddress = "http://127.0.0.1:{server.server_port}"\ntoken_file = "own"\n'
    tokens = "".join(f'[[vault.token]]\nname = "{name}"\naccessor_file = "{name}"\n' for name in ("orders", "web"))
    config.write_text(config.read_text().replace("[store]", f"{vault}{tokens}[store]"))
    try:
        for part, what in (("config", "vault.token["), ("sources", "vault token ")):
            done = run("check", part)
            assert done.returncode == 1 and "CAESIJ" not in done.stdout + done.stderr
            faults = [line for line in done.stdout.splitlines() if line.startswith("FAIL") and what in line]
            assert len(faults) == 2 and f"{tmp_path}/orders holds looks like a token" in faults[0]
            assert f"{tmp_path}/web cannot be read: No such file" in faults[1]
    finally:
        server.shutdown()
        server.server_close()


class TalkingVault(http.server.BaseHTTPRequestHandler):
    """A Vault whose version tells what another source was given."""

    def do_GET(self):
        own = {"accessor": "own", "expire_time": None, "renewable": False, "policies": ["statusdesk"]}
        health = {"initialized": True, "sealed": False, "standby": False, "version": f"1.17 {SECRET}"}
        body = json.dumps(health | {"server_time_utc": int(time.time()), "data": own})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    do_POST = do_GET

    def log_message(self, *_):
        pass


SECRET = "11deadbeef0123456789abcdef0123abcd"


def test_what_one_source_says_of_another_ones_secret_is_hidden(run, config, tmp_path):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), TalkingVault)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    for name, secret in (("token", SECRET), ("own", "5f3c9a7e-11bb-4c2d-9e77-aabbccddee99")):
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    vault = f'[vault]\naddress = "http://127.0.0.1:{server.server_port}"\ntoken_file = "own"\n'
    text = config.read_text().replace("[store]", f'user = "u"\ntoken_file = "token"\n{vault}[store]')
    config.write_text(text)
    try:
        done = run("check", "sources")
    finally:
        server.shutdown()
        server.server_close()
    assert "1.17 [hidden]" in done.stdout and SECRET not in done.stdout + done.stderr
