"""The door through which screens and commands open logs: by the names of the configuration, without any client yet."""

import subprocess
import sys

import pytest

from collectors.log_lines import Selection, Target
from collectors.log_opening import open_console, open_pod_logs
from statusdesk.config import ClusterSettings, Config, JenkinsSettings, Secret, StoreSettings
from tests.collectors.kubernetes_server import wait_for
from tests.collectors.stage import Answer, staged


def config(tmp_path, **more):
    clusters = (ClusterSettings(name="eu", kubeconfig=str(tmp_path / "none")),)
    return Config(
        path=str(tmp_path / "c.toml"), stages=(), clusters=clusters, store=StoreSettings(state_dir=""), **more
    )


def test_a_cluster_is_one_of_the_configuration(tmp_path):
    selection = Selection(targets=(Target(cluster="us", namespace="staging", app="orders"),))
    with pytest.raises(LookupError, match="no cluster 'us'"):
        open_pod_logs(config(tmp_path), selection)


def test_a_kubeconfig_that_is_not_there_is_a_problem_of_the_follower(tmp_path):
    selection = Selection(targets=(Target(cluster="eu", namespace="staging", app="orders"),), follow=False)
    source = open_pod_logs(config(tmp_path), selection)
    source.start()
    wait_for(lambda: source.status().ended, "it ends")
    assert "cannot use kubeconfig" in source.status().problems[0] and not source.status().found
    source.close()


def test_a_console_is_read_with_the_credentials_of_the_configuration(tmp_path):
    (tmp_path / "token").write_text("t0ken\n")
    answer = Answer(200, b"Finished: SUCCESS\r\n", (("X-Text-Size", "19"), ("Content-Type", "text/plain")))
    with staged(lambda asked: answer) as jenkins:
        settings = JenkinsSettings(url=jenkins.url, user="ada", token=Secret(file="token"))
        source = open_console(config(tmp_path, jenkins=settings), "deploy", 3)
        source.start()
        taken = []
        wait_for(lambda: taken.extend(source.take(9)) or taken)
        assert [line.text for line in taken] == ["Finished: SUCCESS"]
        assert jenkins.asked[0].headers["Authorization"].startswith("Basic ")
        assert jenkins.paths() == ["/job/deploy/3/logText/progressiveText"]
        source.close()


def test_without_a_jenkins_there_is_no_console(tmp_path):
    with pytest.raises(LookupError, match="no Jenkins"):
        open_console(config(tmp_path), "deploy")


def test_neither_the_nouns_nor_the_door_bring_a_client_with_them():
    script = (
        "import sys, collectors.log_lines, collectors.log_opening;"
        "print(*sorted({'kubernetes', 'jenkins', 'requests', 'urllib3', 'textual', 'sqlite3'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == ""
