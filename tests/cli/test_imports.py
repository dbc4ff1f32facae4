"""Who imports whom: the written contracts, and what each command really loads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import environment, rollout

ROOT = Path(__file__).parents[2]
CLIENTS = {"kubernetes", "jenkins", "hvac", "requests", "urllib3", "httpx"}
CONSOLE = {"textual", "rich"}
WORLD = {"aiohttp", "statusdesk.demo.world"}
RUN = """
import json, sys
from statusdesk.cli import main
try:
    code = main(sys.argv[1:])
except SystemExit as end:
    code = end.code
print(json.dumps({"code": code, "modules": sorted(sys.modules)}), file=sys.stderr)
"""


def loaded(home, *argv):
    """Run a command in a process of its own and return its exit code and the modules that it has loaded."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *argv], env=environment(home), cwd=home, capture_output=True, text=True, timeout=60,
        check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    answer = json.loads(done.stderr.splitlines()[-1])
    return answer["code"], set(answer["modules"])


@pytest.fixture
def filled(config, put):
    put(rollout("orders", "staging"))
    return config


def test_the_contracts_hold():
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("import-linter is not installed; `make check` runs it")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout


def test_telling_the_version_loads_next_to_nothing(tmp_path):
    code, modules = loaded(tmp_path, "--version")
    assert code == 0
    assert not modules & (CLIENTS | CONSOLE | WORLD | {"msgspec", "sqlite3", "asyncio"})


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["status"], 0),
        (["status", "--format", "json"], 0),
        (["export", "builds"], 0),
        (["export", "notifications"], 0),
        (["silence", "list"], 0),
        (["ack", "no-such-app"], 3),
        (["gate", "no-such-app", "--to", "production"], 3),
        (["status", "--format", "nagios"], 0),
        (["check", "store"], 0),
        (["check", "config"], 0),
    ],
)
def test_readers_load_neither_console_nor_clients(tmp_path, filled, argv, code):
    answer, modules = loaded(tmp_path, "-c", str(filled), *argv)
    assert answer == code
    assert not modules & (CLIENTS | CONSOLE | WORLD | {"statusdesk.store.writer", "statusdesk.watch"})


KUBECONFIG = {
    "contexts": [{"name": "eu", "context": {"cluster": "here", "user": "me"}}],
    "clusters": [{"name": "here", "cluster": {"server": "http://127.0.0.1:1"}}],
    "users": [{"name": "me", "user": {"token": "t"}}],
}


@pytest.mark.parametrize("plain", [False, True])
def test_the_command_of_logs_loads_one_client_and_nothing_of_console_and_store(tmp_path, config, plain):
    if plain:
        (tmp_path / "kubeconfig").write_text(json.dumps(KUBECONFIG))
    answer, modules = loaded(tmp_path, "-c", str(config), "logs", "orders", "-n", "staging", "--no-follow")
    assert answer == 3 and "urllib3" in modules and ("kubernetes" in modules) is not plain
    assert not modules & (CONSOLE | WORLD | {"jenkins", "hvac", "httpx", "screens", "statusdesk.watch", "sqlite_utils"})
    assert not modules & {"statusdesk.store.writer", "statusdesk.store.reader"}


def test_the_collector_loads_no_console(tmp_path, config):
    answer, modules = loaded(tmp_path, "-c", str(config), "watch", "--once")
    assert answer == 3 and "statusdesk.watch" in modules
    assert not modules & (CONSOLE | WORLD | {"screens", "prometheus_client", "http.server"})


def test_the_console_loads_no_client_and_no_writer(tmp_path, filled):
    script = (
        "import json, sys; from pathlib import Path;"
        "from statusdesk.config_file import load; from statusdesk.feed import StoreFeed;"
        "from statusdesk.collecting import Supervision; from screens.app import DeskApp;"
        "config = load(Path(sys.argv[1]), {}, collecting=False);"
        "feed = StoreFeed(config, Path(config.store.state_dir) / 'statusdesk.db', Supervision(None));"
        "app = DeskApp(config, feed); assert feed.poll(app.now_ms).rows; feed.close();"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(filled)], env=environment(tmp_path), capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    modules = set(json.loads(done.stdout))
    assert "textual" in modules
    assert not modules & (CLIENTS | WORLD | {"statusdesk.store.writer", "statusdesk.watch", "sqlite_utils"})
    assert not modules & {"statusdesk.alerts_view", "statusdesk.alerts.tuning"}, "the first picture needs no alerting"
