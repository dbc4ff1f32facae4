"""``status``: words in a table, JSON for machines, and an exit code that fails closed."""

import json
import re

import pytest
from msgspec.structs import replace

from statusdesk.clock import system_clock
from statusdesk.states import AlertState, Level, LostNode
from statusdesk.states_alerts import Muted, MutedThere
from statusdesk.text import iso
from tests.cli.conftest import HOSTILE, build, outcome, rollout, source, token

CONTROL = {chr(code) for code in (*range(32), 127, *range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def test_all_well_is_0_and_says_so_in_words(run, put):
    put(rollout("orders", "staging"), rollout("orders", "production", version="0.9"))
    done = run("status")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["APPLICATION", "STAGING", "PRODUCTION", "LAST", "BUILD"]
    assert lines[1].split()[:3] == ["orders", "ok", "1.0"]
    assert lines[-1].startswith("now: 0 failing, 0 on its way, 0 warning, 0 moving, 0 unknown, 1 ok; data ")
    assert "\x1b" not in done.stdout


def test_failing_is_1_with_its_reason_below_and_first(run, put):
    put(
        rollout("web", "staging"),
        rollout("orders", "staging", Level.FAILING, "1.1", message="image not found", reason="ErrImagePull"),
        rollout("orders", "production"),
    )
    done = run("status")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[1].startswith("orders ") and "failing 1.1" in lines[1]
    assert lines[2].startswith("    staging: image not found")
    assert lines[3].startswith("web ")


@pytest.mark.parametrize("asked", [(), ("--only-bad",)])
def test_a_lost_node_is_one_line_for_all_its_workloads(run, put, asked):
    gone = {"reason": "DegradedNodeLost", "message": "nothing is known of pod x", "lost": (LostNode("n-3", 2, 1),)}
    put(rollout("web", "staging"), *(rollout(app, "staging", Level.UNKNOWN, **gone) for app in ("a", "b", "c")))
    done = run("status", *asked)
    assert done.returncode == 3
    assert re.search(
        r"^node  eu n-3  unknown  lost for \d+d  nothing is known of 6 pods of 3 workloads$", done.stdout, re.M
    )
    assert "nothing is known of pod x" not in done.stdout and len(re.findall("^[abc]  ", done.stdout, re.M)) == 3
    alone = run("status", "b").stdout
    assert "nothing is known of 2 pods of 1 workload\n" in alone, "of what is asked for"


def test_a_token_that_was_revoked_has_nothing_left(run, put):
    day_ms = system_clock() + 22 * 3_600_000
    put(
        rollout("orders", "staging"),
        token("payments", Level.FAILING, reason="Gone", message="revoked", expire_ms=day_ms),
    )
    child = {"reason": "ParentLapses", "message": "dies with 'payments', which made it and is gone"}
    put(token("child", Level.FAILING, expire_ms=day_ms, **child))
    shown = run("status").stdout
    assert re.search(r"token +payments +failing +gone +revoked", shown) and "21h" not in shown
    assert "which made it and is gone" in shown
    figures = run("status", "--format", "nagios").stdout
    assert "'vault_payments_ttl'=0s" in figures


def test_a_failing_token_is_1_for_the_whole_but_not_for_one_app(run, put):
    put(rollout("orders", "staging"), token("payments", Level.FAILING, message="lapses in 2h"))
    done = run("status")
    assert done.returncode == 1 and "token  payments  failing" in done.stdout and "lapses in 2h" in done.stdout
    assert run("status", "orders").returncode == 0


@pytest.mark.parametrize(
    "states",
    [
        [],
        [rollout("orders", "staging", Level.UNKNOWN)],
        [rollout("orders", "staging"), token("payments", Level.UNKNOWN)],
    ],
    ids=["nothing is known", "a rollout is unknown", "a token is unknown"],
)
def test_what_cannot_be_told_is_3(run, put, states):
    put(*states)
    assert run("status").returncode == 3


def test_a_source_that_cannot_be_read_is_3_even_if_the_rest_is_well(run, put):
    put(
        rollout("orders", "staging"),
        source("jenkins", Level.FAILING, reason="Unauthorized", message="Jenkins refuses the token (401)"),
        sources=("kubernetes/eu",),
    )
    done = run("status")
    assert done.returncode == 3 and "Jenkins refuses the token (401)" in done.stdout


def test_no_collector_is_3_and_said(run, put):
    put(rollout("orders", "staging"), alive=False)
    done = run("status")
    assert done.returncode == 3 and "no collector is running" in done.stdout.splitlines()[-1]


def test_a_store_that_is_not_there_is_3(run, tmp_path):
    done = run("status")
    assert done.returncode == 3 and done.stdout == ""
    assert done.stderr.startswith(f"statusdesk: there is no store at {tmp_path}/state/statusdesk.db yet")


def test_an_app_that_nobody_knows_is_3(run, put):
    put(rollout("orders", "staging"))
    done = run("status", "orders", "ordres")
    assert done.returncode == 3 and done.stderr == "statusdesk: no application matches 'ordres'\n"


def test_an_app_that_nobody_knows_alone_is_only_a_sentence(run, put):
    put(rollout("orders", "staging"))
    done = run("status", "nosuch")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "statusdesk: no application matches 'nosuch'\n"


def test_with_names_only_their_tokens_and_sources_that_are_not_well_are_told(run, put, config):
    more = '[[vault.token]]\nname = "db"\naccessor = "a1"\napps = ["ord*"]\n'
    config.write_text(config.read_text() + '[vault]\naddress = "http://127.0.0.1:1"\n' + more)
    put(
        rollout("orders", "staging"),
        token("db", Level.WARNING),
        token("orders"),
        token("payments", Level.FAILING),
        source("vault", Level.WARNING, at_ms=system_clock(), message="slow"),
    )
    done = run("status", "orders")
    assert done.returncode == 0
    heads = [line.split()[:2] for line in done.stdout.splitlines()]
    assert [words for words in heads if words[0] == "token"] == [["token", "db"], ["token", "orders"]]
    assert [words for words in heads if words[0] == "source"] == [["source", "vault"]]
    tokens = json.loads(run("status", "orders", "--format", "json").stdout)["tokens"]
    assert [each["name"] for each in tokens] == ["db", "orders"]


def alert(fingerprint, alertname, **fields):
    given = {"state": "firing", "severity": "warning", "started_ms": 1, "fired_ms": 1} | fields
    return AlertState(fingerprint=fingerprint, alertname=alertname, **given)


def test_with_names_only_alerts_about_what_is_shown_are_told(run, put, config):
    more = '[[vault.token]]\nname = "db"\naccessor = "a1"\napps = ["ord*"]\n'
    config.write_text(config.read_text() + '[vault]\naddress = "http://127.0.0.1:1"\n' + more)
    here = {"cluster": "eu", "namespace": "staging"}
    mine = [
        alert("m1", "RolloutFailing", app="orders", **here),
        alert("m2", "RolloutStuck", app="orders/worker", state="pending", **here),
        alert("m3", "BadVersionAhead", app="orders"),
        alert("m4", "BuildFailed", app="shop/deploy-orders", source="jenkins"),
        alert("m5", "TokenLapsing", token="db", source="vault"),
        alert("m6", "SourceDown", source="jenkins"),
        alert("m7", "ServiceDegraded", app="orders", inhibited_by="cause", **here),
        alert("cause", "TokenGone", token="billing", source="vault"),
    ]
    others = [
        alert("o1", "RolloutFailing", app="web", **here),
        alert("o2", "RolloutStuck", app="web", state="pending", **here),
        alert("o3", "BadVersionAhead", app="orders-ui"),
        alert("o4", "BuildFailed", app="shop/deploy-orders-ui", source="jenkins"),
        alert("o5", "TokenLapsing", token="payments", source="vault"),
        alert("o6", "EnvironmentLeftUp", cluster="eu", namespace="dev-1"),
        alert("o7", "Watchdog", severity="info"),
    ]
    put(
        *(rollout(app, "staging") for app in ("orders", "orders-ui", "web")),
        token("db"),
        token("payments"),
        alerts=[*mine, *others],
    )
    told = json.loads(run("status", "orders", "--format", "json").stdout)
    shown = {each["fingerprint"] for each in (*told["firing"], *told["pending"])}
    assert shown == {each.fingerprint for each in mine}
    lines = [line for line in run("status", "orders").stdout.splitlines() if line.startswith("alert ")]
    assert len(lines) == len(mine) and any("inhibited by TokenGone billing" in line for line in lines)
    assert len(json.loads(run("status", "--format", "json").stdout)["firing"]) == len(mine) + len(others) - 2


def test_a_failing_token_of_an_app_is_1_for_it(run, put):
    put(rollout("orders", "staging"), token("orders", Level.FAILING))
    assert run("status", "orders").returncode == 1


def test_in_ascii_nothing_of_ours_is_anything_else(run, put):
    put(
        rollout("orders", "staging", Level.FAILING, "1.1", message="image not found"),
        rollout("orders", "production", version="1.0"),
        rollout("n" * 60, "staging"),
    )
    assert not run("status").stdout.isascii(), "there is something to replace"
    plain = run("--ascii", "status")
    assert plain.returncode == 1 and plain.stdout.isascii()
    assert len(plain.stdout.splitlines()[0]) == len(run("status").stdout.splitlines()[0])


def test_the_last_build_is_the_newest_as_on_the_board(run, put):
    aborted = {"other_number": 783, "other_result": "ABORTED"}
    put(rollout("orders", "staging"), outcome("deploy-orders", "staging", number=780, result="SUCCESS", **aborted))
    assert "#783 aborted staging" in run("status").stdout
    [app] = json.loads(run("status", "--format", "json").stdout)["apps"]
    assert app["last_build"] == {
        "number": 783, "result": "ABORTED", "namespace": "staging", "level": "idle", "running": False,
    }  # fmt: skip
    assert app["build"]["number"] == 780


def test_apps_are_chosen_by_glob_and_what_is_well_can_be_left_out(run, put):
    put(rollout("orders", "staging"), rollout("order-ui", "staging", Level.FAILING), rollout("web", "staging"))
    names = [line.split()[0] for line in run("status", "order*").stdout.splitlines()]
    assert "orders" in names and "order-ui" in names and "web" not in names
    done = run("status", "--only-bad")
    assert "order-ui" in done.stdout and "orders" not in done.stdout and "source" not in done.stdout
    now = "now: 1 failing, 0 on its way, 0 warning, 0 moving, 0 unknown, 2 ok; "
    assert f"{now}1 of 3 applications shown; data " in done.stdout.splitlines()[-1], "all are counted"
    assert run("status").stdout.splitlines()[-1].startswith(f"{now}data ")
    counts = json.loads(run("status", "--only-bad", "--format", "json").stdout)["counts"]
    assert (counts["failing"], counts["ok"]) == (1, 2)
    assert run("status", "--only-bad", "order*").stdout.splitlines()[-1].startswith("now: 1 failing, 0 on its way, 0 w")


def test_a_store_elsewhere_is_read_by_its_file_or_directory(run, put, tmp_path):
    put(rollout("orders", "staging"))
    elsewhere = ("--state-dir", "nowhere")
    assert run("status", *elsewhere).returncode == 3
    assert run("status", *elsewhere, f"--attach={tmp_path}/state").returncode == 0
    assert run("status", *elsewhere, f"--attach={tmp_path}/state/statusdesk.db").returncode == 0


def test_colours_are_for_terminals_and_those_who_ask(run, put):
    put(rollout("orders", "staging", Level.FAILING))
    assert "\x1b[" not in run("status").stdout
    assert "\x1b[1;31mfailing" in run("status", "--color", "always").stdout
    assert "\x1b[1;31mfailing" in run("status", env={"FORCE_COLOR": "1"}).stdout
    assert "\x1b[" not in run("status", env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).stdout


def test_json_holds_what_the_table_says(run, put):
    put(
        rollout("orders", "staging", Level.FAILING, "1.1", message="image not found", reason="ErrImagePull", pod="p"),
        outcome("deploy-orders", "staging", number=7, result="SUCCESS", started_ms=1_795_348_800_000, url="http://j/7"),
        token("payments", Level.WARNING, expire_ms=1_795_348_800_000),
        builds=[build("deploy-orders", 7)],
    )
    done = run("status", "--format", "json")
    assert done.returncode == 1
    board = json.loads(done.stdout)
    assert (board["form"], board["stages"], board["production"]) == (1, ["staging", "production"], "production")
    assert board["collector"]["running"] is True and board["counts"]["failing"] + board["counts"]["on_its_way"] == 1
    [app] = board["apps"]
    assert app["app"] == "orders"
    cell = app["stages"][0]
    assert (cell["stage"], cell["level"], cell["version"]) == ("staging", "failing", "1.1")
    assert cell["rollouts"][0]["pod"] == "p"
    assert app["build"]["number"] == 7 and app["build"]["started"] == "2026-11-22T12:00:00.000Z"
    assert board["tokens"][0]["expires"] == "2026-11-22T12:00:00.000Z"
    assert all(each["since"].endswith("Z") for each in (*board["tokens"], *board["sources"]))
    assert {each["source"]: each["level"] for each in board["sources"]} == {"jenkins": "ok", "kubernetes/eu": "ok"}


def test_json_names_the_token_that_an_alert_is_about(run, put):
    named = {"source": "vault", "token": "payments", "alertname": "TokenLapsing", "severity": "critical"}
    put(alerts=[AlertState(fingerprint="f", started_ms=1, state="firing", summary="token payments: lapses", **named)])
    [firing] = json.loads(run("status", "--format", "json").stdout)["firing"]
    assert {name: firing[name] for name in named} == named


def test_what_an_alertmanager_mutes_itself_is_told_with_who_and_until_when(run, put):
    alert = AlertState(fingerprint="f", started_ms=1, state="firing", alertname="BuildFailed", severity="warning")
    until_ms = system_clock() + 7_260_000
    there = Muted(fingerprint="f", by="sam", comment="moving", until_ms=until_ms)
    put(alerts=[alert], muted=[MutedThere(sink="am", muted=(there,))])
    [firing] = json.loads(run("status", "--format", "json").stdout)["firing"]
    known = {"sink": "am", "inhibited": False, "by": "sam", "until": iso(until_ms), "comment": "moving"}
    assert firing["muted_in"] == [known]
    assert "am: silenced there by sam for 2h more" in run("status").stdout


@pytest.mark.parametrize("lacking", [True, False])
def test_an_alertmanager_that_tells_of_what_was_taken_is_named_as_on_the_screen(run, put, config, lacking):
    """Somebody has ended the silence there."""
    config.write_text(config.read_text() + '[[sink]]\nname = "am"\ntype = "alertmanager"\nurls = ["http://am:9093"]\n')
    alert = AlertState(fingerprint="f", started_ms=1, state="firing", alertname="BuildFailed", severity="warning")
    taken = replace(alert, acked_by="kim", acked_ms=2)
    put(alerts=[taken], muted=[MutedThere(sink="am", lacking=(("f",),) if lacking else ())])
    [firing] = json.loads(run("status", "--format", "json").stdout)["firing"]
    assert firing["still_told_to"] == (["am"] if lacking else [])
    assert ("taken by kim, but told by am\n" in run("status").stdout) is lacking


def test_json_tells_which_build_made_a_rollout_and_by_which_rule(run, put):
    made_by = {"build_job": "deploy-orders", "build_number": 7, "build_url": "http://j/7", "build_rule": "version"}
    put(
        rollout("orders", "staging", **made_by),
        rollout("web", "staging", version="2.0", build_rule="none"),
        rollout("stock", "staging"),
        rollout("mailer", "staging", version="3.0", **(made_by | {"build_rule": "none"})),
    )
    apps = {app["app"]: app["stages"][0] for app in json.loads(run("status", "--format", "json").stdout)["apps"]}
    told = {name: cell["rollouts"][0]["build"] for name, cell in apps.items()}
    assert told == {
        "orders": {"rule": "version", "job": "deploy-orders", "number": 7, "url": "http://j/7", "back_to": None},
        "web": {"rule": "none", "job": None, "number": None, "url": None, "back_to": None},
        "stock": None,
        "mailer": {
            **{"rule": "none", "job": None, "number": None, "url": None},
            "back_to": {"job": "deploy-orders", "number": 7, "url": "http://j/7"},
        },
    }
    assert {name: cell["notes"] for name, cell in apps.items() if cell["notes"]} == {
        "web": ["web changed to 2.0 without a build"],
        "mailer": ["mailer changed to 3.0 without a build, back to what deploy-orders #7 built"],
    }


@pytest.mark.parametrize("form", ["table", "json"])
def test_hostile_text_does_nothing_to_a_terminal(run, put, form):
    put(
        rollout(HOSTILE, "staging", Level.FAILING, HOSTILE, message=HOSTILE, reason=HOSTILE),
        outcome(HOSTILE, "staging", Level.FAILING, message=HOSTILE, result=HOSTILE),
        token(HOSTILE, Level.FAILING, message=HOSTILE),
        source("vault", Level.FAILING, message=HOSTILE),
    )
    done = run("status", "--format", form)
    assert done.returncode == 1
    assert not (set(done.stdout) - {"\n"}) & CONTROL
    assert "[/x]" in done.stdout and ("漢字" in done.stdout or "\\u6f22\\u5b57" in done.stdout)
    assert form == "json" or max(map(len, done.stdout.splitlines())) < 500
