"""Tokens, platform jobs and environments are those of the world; one cause is told once; no secret is anywhere."""

import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.terminal import needs_tmux, terminal
from tests.e2e.world import World, _get, serving, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

STATES = {"Making": "making", "Destroying": "destroying"}
ALIVE = "until_ms IS NULL"
EXPORTS = ("builds", "rollouts", "tokens", "alerts", "environments", "platform")


@contextlib.contextmanager
def collecting(world: World, log: Path) -> Iterator[None]:
    """Run ``watch`` with all that it can be made to say, into a file."""
    environment = {**os.environ, "STATUSDESK_LOG": "DEBUG"}
    argv = [*world.command("-vv", "watch")]
    with (
        log.open("w") as out,
        subprocess.Popen(argv, stdout=out, stderr=subprocess.STDOUT, env=environment) as process,
    ):
        try:
            wait_for(lambda: world.rows("SELECT 1 FROM token_current"), 30, "the first tokens")
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("log") / "watch.log"


@pytest.fixture(scope="module")
def world(tmp_path_factory, log):
    options = ("--speed", "40", "--apps", "12")
    with serving(tmp_path_factory.mktemp("platform") / "truth.json", *options) as served, collecting(served, log):
        yield served


def known(world: World) -> dict[str, Any]:
    """Return what the world knows at this moment."""
    return _get(world.ready.control + "/truth")


def token(world: World, name: str) -> tuple[str, str, str]:
    """Return level, reason and what its job says."""
    [row] = world.rows(f"SELECT level, reason, job_says FROM token_current WHERE name = '{name}' AND {ALIVE}")
    return row


def tokens(world: World) -> dict[str, Any]:
    query = (
        "SELECT name, accessor_tail, reason, expire_ms, last_renewal_ms, job_number, job_result "
        f"FROM token_current WHERE {ALIVE} AND NOT own"
    )
    told = {}
    for name, tail, reason, expire_ms, renewed_ms, number, result in world.rows(query):
        gone = reason in ("Gone", "Lapsed")
        times = None if gone else (expire_ms, renewed_ms)
        told[name] = (gone, "" if gone else tail, times, number, result)
    return told


def tokens_of(truth: dict[str, Any]) -> dict[str, Any]:
    told = {}
    for name, each in truth["tokens"].items():
        times = None if each["gone"] else (each["expire_ms"], each["last_renewal_ms"])
        tail = "" if each["gone"] else each["accessor_tail"]
        told[name] = (each["gone"], tail, times, each["last_run"], each["last_result"])
    return told


def test_each_trouble_of_a_token_is_told_by_its_name(world):
    """One is gone, one has a red job, one is at its cap under a green job, and one is renewed to less than before."""
    wait_for(lambda: token(world, "payments")[2] == "job red, token lapses", 20, "the job that is red")
    assert token(world, "payments")[0] == "failing"
    wait_for(lambda: token(world, "orders")[:2] == ("failing", "Gone"), 20, "the token that is gone")
    wait_for(lambda: token(world, "ledger")[1:] == ("AtCap", "job green, token dying"), 20, "the one at its cap")
    wait_for(lambda: token(world, "gateway")[1] == "RenewalShrinks", 30, "the one that its mount caps")
    truth = known(world)["tokens"]
    assert truth["ledger"]["at_cap"] and truth["gateway"]["at_cap"] and not truth["catalog"]["at_cap"]
    ill = {name for name, level in world.rows(f"SELECT name, level FROM token_current WHERE {ALIVE}") if level != "ok"}
    assert ill <= {"orders", "payments", "ledger", "gateway"}, "a demo stays readable"


def caused(world: World, app: str) -> dict[str, tuple[str, str]]:
    """Return cause and its key of each rollout of an app that has one, by namespace."""
    query = f"SELECT namespace, cause, cause_key FROM rollout_current WHERE app = '{app}' AND {ALIVE} AND cause != ''"
    return {namespace: (cause, key) for namespace, cause, key in world.rows(query)}


def test_a_token_that_was_dead_before_anybody_looked_explains_who_was_refused(world):
    """The init container of orders has been refused since before the collector began."""
    messages = wait_for(lambda: world.run("status").stdout, 30)
    expected = {"staging": ("token 'orders' is not known to Vault", "token:vault/orders")}
    history = "SELECT namespace, cause, cause_key FROM rollout_history WHERE app = 'orders' AND cause != ''"
    wait_for(
        lambda: caused(world, "orders") == expected or {s: (c, k) for s, c, k in world.rows(history)} == expected,
        40,
        messages,
    )


def test_tokens_are_those_of_the_world(world):
    wait_for(lambda: tokens_of(known(world)) == tokens(world) != {}, 40, "the tokens of the world")


def test_platform_jobs_are_those_of_the_world(world):
    def agrees():
        query = (
            "SELECT job, disabled, number, result, last_success_number, running_number "
            f"FROM platform_current WHERE {ALIVE}"
        )
        told = {job: (bool(disabled), *runs) for job, disabled, *runs in world.rows(query)}
        names = ("disabled", "number", "result", "last_success", "running")
        return told == {job: tuple(each[n] for n in names) for job, each in known(world)["platform"].items()}

    wait_for(agrees, 40, "the platform jobs of the world")


def environments(world: World) -> dict[str, Any]:
    query = f"SELECT namespace, reason, made_by, number, last_number FROM environment_current WHERE {ALIVE}"
    told = {}
    for namespace, reason, made_by, number, last in world.rows(query):
        state = STATES.get(reason, "up" if reason in ("Up", "LeftUp") else reason)
        told[namespace] = {"state": state, "made_by": made_by, "number": number, "last": last}
    return told


def test_environments_come_and_go_as_in_the_world(world):
    """The world destroys one and makes it again, over and over; the picture follows it both ways."""

    def agrees(*, there: bool):
        told = environments(world)
        return ("dev-bob" in told) is there and "dev-alice" in told and told == known(world)["environments"]

    wait_for(lambda: agrees(there=False), 60, "one environment less")
    wait_for(lambda: agrees(there=True), 60, "and there again")


def test_a_seed_run_makes_and_takes_jobs_and_is_named_for_it(world):
    query = "SELECT what, name, seed_job, seed_number FROM job_events WHERE name LIKE 'deploy-next%'"

    def told():
        events = world.rows(query)
        return {what for what, *_ in events} >= {"appeared", "vanished"} and events

    for _, name, seed_job, number in wait_for(told, 60, "jobs that came and went"):
        assert seed_job == "seed-all-jobs", name
        assert name == "deploy-next" or int(name.rpartition("-")[2]) <= number

    def same_jobs():
        return {name for (name,) in world.rows(f"SELECT name FROM jobs WHERE {ALIVE}")} == set(known(world)["jobs"])

    wait_for(same_jobs, 40, "the jobs of the world")


def test_a_green_job_that_renews_nothing_is_found_out(world):
    assert token(world, "catalog")[0] == "ok"
    world.control("/token", {"name": "catalog", "renewal_renews": False, "run": True})
    wait_for(lambda: token(world, "catalog")[2] == "job green, token dying", 60, "a token that is not renewed")
    level, reason, _ = token(world, "catalog")
    assert level != "ok" and reason in ("NotRenewed", "RenewalMissed", "LapsesBeforeNextRun")
    world.control("/token", {"name": "catalog", "run": True})
    wait_for(lambda: token(world, "catalog")[0] == "ok", 60, "a token that is renewed again")


def test_a_token_that_dies_is_the_one_cause_on_every_cell_that_it_explains(world):
    world.control("/token", {"name": "payments", "revoke": True, "renewal_works": False})
    wait_for(lambda: token(world, "payments")[1] == "Gone", 40, "the token gone")
    for namespace in ("testing", "staging"):
        world.control("/deploy", {"app": "payments", "namespace": namespace, "version": "9.0.0"})
    one = ("token 'payments' is gone", "token:vault/payments")

    def told():  # ordinary life may bring it to other stages meanwhile
        causes = caused(world, "payments")
        return {"testing", "staging"} <= causes.keys() and set(causes.values()) == {one}

    wait_for(told, 40, "the cause of both")
    [row] = [app for app in world.status()["apps"] if app["app"] == "payments"]
    said = [cell["message"] for cell in row["stages"] if cell and cell["stage"] in ("testing", "staging")]
    assert len(said) == 2 and all(message.count("token 'payments' is gone") == 1 for message in said), said
    assert row["message"].count("token 'payments' is gone") == 1
    text = world.run("status").stdout
    told_so = [line for line in text.splitlines() if "because token 'payments' is gone" in line]
    [line] = [line for line in told_so if not line.startswith("alert")]
    assert "vault-agent" in line

    def told_once():  # by the token, with whom it hits; what fails because of it is inhibited by that
        firing = {alert["fingerprint"]: alert for alert in world.status()["firing"]}
        [cause] = [each for each in firing.values() if (each["alertname"], each["token"]) == ("TokenGone", "payments")]
        hit = [each for each in firing.values() if each["alertname"] == "RolloutFailing" and each["app"] == "payments"]
        by = {each["inhibited_by"] for each in hit}
        return by == {cause["fingerprint"]} and {"staging/payments", "testing/payments"} <= set(cause["hits"])

    wait_for(told_once, 20, "the alert of the token in place of those of both rollouts")
    world.control("/token", {"name": "payments", "reissue": True})
    wait_for(lambda: token(world, "payments")[0] == "ok", 40, "another token")
    for namespace in ("testing", "staging"):
        world.control("/deploy", {"app": "payments", "namespace": namespace, "version": "9.0.1"})
    wait_for(lambda: caused(world, "payments") == {}, 60, "no cause any more")


def secrets(world: World) -> dict[str, str]:
    """Return, by what it is, each text that is to be nowhere: tokens, and accessors but for their last six letters."""
    directory = Path(world.ready.config).parent
    hidden = {path.name: path.read_text().strip() for path in directory.glob("*.token")}
    hidden |= {path.name: path.read_text().strip()[:-6] for path in directory.glob("*.accessor")}
    assert len(hidden) >= 8 and all(len(each) >= 18 for each in hidden.values())
    return hidden


def assert_hidden(world: World, text: bytes, where: str, *, is_text: bool = True) -> None:
    """``is_text``: bytes of a database between its texts may look like anything."""
    found = [name for name, secret in secrets(world).items() if secret.encode() in text]
    assert found == [], where
    assert not is_text or re.search(rb"\b(hv[sbr]|[sbr])\.[A-Za-z0-9_-]{20,}", text) is None, where


def test_no_token_and_no_whole_accessor_is_in_the_store_the_log_or_a_file(world, log):
    files = [path for path in Path(world.ready.state_dir).rglob("*") if path.is_file()]
    assert any(path.name.endswith("-wal") and path.stat().st_size for path in files), "it is being written"
    stored = b"".join(path.read_bytes() for path in files)
    tail = next(Path(world.ready.config).parent.glob("ledger.accessor")).read_text().strip()[-6:]
    assert tail.encode() in stored, "the end of an accessor is kept: the search looks at the right bytes"
    assert_hidden(world, stored, "the store", is_text=False)
    [database] = [path for path in files if path.suffix == ".db"]
    with contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as rows:
        assert_hidden(world, "\n".join(rows.iterdump()).encode(), "the rows of the store")
    assert log.stat().st_size
    assert_hidden(world, log.read_bytes(), "the log")
    for what in EXPORTS:
        for form in ("csv", "jsonl"):
            done = world.run("export", what, "--since", "365d", "--format", form)
            assert_hidden(world, (done.stdout + done.stderr).encode(), f"export {what} as {form}")
    shown = world.run("status", "--format", "json")
    assert json.loads(shown.stdout)["tokens"]
    for done in (shown, world.run("status"), world.run("check", "sources", "--json")):
        assert_hidden(world, (done.stdout + done.stderr).encode(), str(done.args))


@needs_tmux
def test_no_token_and_no_whole_accessor_is_on_a_screen(world):
    tail = next(Path(world.ready.config).parent.glob("ledger.accessor")).read_text().strip()[-6:]
    with terminal(world.command("board", "--attach"), 200, 50) as screen:
        screen.wait_for("ledger")
        seen = screen.screen()
        screen.press(":")
        screen.press("t", "o", "k", "e", "n", "s", "Enter")
        screen.wait_for("SURVIVES")
        seen += screen.screen()
        screen.press("/")
        screen.press("l", "e", "d", "g", "e", "r", "Enter")
        screen.press("Enter")
        screen.wait_for(tail)
        seen += screen.screen()
        screen.press("q")
    assert_hidden(world, seen.encode(), "a screen")
