"""Exports: every row once, cells that no spreadsheet runs, filters, and memory that does not grow."""

import csv
import io
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from statusdesk.states import Level, RolloutState
from statusdesk.states_alerts import Notification
from statusdesk.store import export as exporting
from statusdesk.store.errors import StoreError
from statusdesk.store.export import export
from statusdesk.store.writer import Writer
from statusdesk.text import iso
from tests.store.conftest import Clock
from tests.store.rows import alert, build, outcome, rollout, token

FOREVER = 10**15
HEADERS = {
    "builds": "job,namespace,number,result,started_at,finished_at,duration_s,version,cause,upstream_job,"
    "upstream_number,git_revision,attributed_by,url,source",
    "rollouts": "app,cluster,namespace,kind,name,version,revision,level,reason,message,since,until,duration_s,"
    "container,pod,exit_code,desired,updated,ready,available,previous_version,image,digest,build,build_job,build_number,"
    "build_url,build_rule,runs,held_by",
    "tokens": "source,name,level,reason,message,since,until,duration_s,expires_at,last_renewal_at,granted_s,"
    "period_s,explicit_max_s,renewable,accessor_tail,renewal_job",
    "alerts": "alertname,severity,state,cluster,namespace,app,version,started_at,fired_at,resolved_at,duration_s,"
    "source,token,summary,fingerprint,pending_at,acked_by,acked_at,ack_comment,flapped,silenced_by,stage,reason,"
    "last_good,build_url,inhibited_by",
    "notifications": "id,sink,group_key,what,why,state,queued_at,due_at,sent_at,attempts,last_error,alerts,alertnames,"
    "namespaces,apps,fingerprints,idempotency_key",
}


def read(path: Path, what: str, since_ms: int = 0, until_ms: int = FOREVER, **chosen: object) -> list[dict[str, str]]:
    """Return the exported rows, after making sure that both formats hold the same ones."""
    apps, namespaces = chosen.pop("apps", ()), chosen.pop("namespaces", ())
    as_csv, as_lines = io.StringIO(newline=""), io.StringIO(newline="")
    count = export(path, what, since_ms, until_ms, apps, namespaces, "csv", as_csv, **chosen)
    assert export(path, what, since_ms, until_ms, apps, namespaces, "jsonl", as_lines, **chosen) == count
    rows = list(csv.DictReader(io.StringIO(as_csv.getvalue(), newline="")))
    lines = [json.loads(line) for line in as_lines.getvalue().split("\n")[:-1]]
    assert len(rows) == len(lines) == count
    for row, line in zip(rows, lines, strict=True):
        assert list(row) == list(line)
        for name, cell in row.items():
            value = line[name]
            plain = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
            assert cell.removeprefix("'") == plain.removeprefix("'")
    return rows


@pytest.mark.parametrize("what", sorted(HEADERS))
def test_headers_are_stable_even_without_rows(writer: Writer, path: Path, what: str) -> None:
    out = io.StringIO(newline="")
    assert export(path, what, 0, FOREVER, (), (), "csv", out) == 0
    assert out.getvalue() == HEADERS[what] + "\n"


@pytest.mark.parametrize(
    ("changes", "runs"),
    [
        ({}, "2.0"),
        ({"held_version": "1.9"}, "2.0"),
        ({"held_by": "OnDelete", "held_version": "1.9"}, "1.9"),
        ({"held_by": "OnDelete", "held_version": "1.9", "updated": 1}, "2.0 1.9"),
        ({"held_by": "OnDelete", "updated": 1}, "2.0"),
        ({"held_by": "OnDelete"}, ""),
    ],
)
def test_what_pods_run_stands_beside_what_is_asked_for(
    writer: Writer, path: Path, changes: dict[str, Any], runs: str
) -> None:
    state = rollout("a", version="2.0", **changes)
    writer.put([state], 1_000)
    writer.commit()
    (row,) = read(path, "rollouts")
    assert (row["version"], row["runs"], row["held_by"]) == ("2.0", runs, state.held_by)
    assert row["runs"] == " ".join(state.versions).strip()


def test_rollouts_are_history_and_present_each_period_once(writer: Writer, path: Path) -> None:
    for at_ms, level in ((1_000, Level.OK), (2_500, Level.FAILING), (4_000, Level.OK)):
        writer.put([rollout("b", level), rollout("a", level, exit_code=1)], at_ms)
    writer.gone(RolloutState, [rollout("a").key], 5_000)
    writer.commit()
    rows = read(path, "rollouts")
    spans = [(row["name"], row["level"], row["since"], row["until"], row["duration_s"]) for row in rows]
    assert spans == [
        ("a", "ok", iso(1_000), iso(2_500), "1.5"),
        ("a", "failing", iso(2_500), iso(4_000), "1.5"),
        ("a", "ok", iso(4_000), iso(5_000), "1.0"),
        ("b", "ok", iso(1_000), iso(2_500), "1.5"),
        ("b", "failing", iso(2_500), iso(4_000), "1.5"),
        ("b", "ok", iso(4_000), "", ""),
    ]
    assert (rows[0]["exit_code"], rows[3]["exit_code"]) == ("1", "")


def test_periods_that_overlap_the_window_are_in_it(writer: Writer, path: Path) -> None:
    for at_ms in range(1_000, 6_000, 1_000):
        writer.put([rollout(version=str(at_ms))], at_ms)
    writer.commit()
    for since_ms, until_ms, versions in (
        (2_500, 3_500, "2000 3000"),
        (2_000, 3_000, "2000"),
        (0, 1_000, ""),
        (0, 1_001, "1000"),
        (5_500, 9_000, "5000"),
    ):
        assert [row["version"] for row in read(path, "rollouts", since_ms, until_ms)] == versions.split()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.booleans(), st.sampled_from("ab")), max_size=20), st.data())
def test_any_window_holds_what_overlaps_it(tmp_path_factory, steps: list, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("export") / "statusdesk.db"
    at_ms, spans = 0, {"a": [], "b": []}
    with Writer(path, 1e9, lambda: 0) as writer:
        for passes_ms, present, name in steps:
            at_ms += passes_ms
            row = rollout(name, version=str(at_ms))
            last = spans[name][-1] if spans[name] else None
            if last is not None and last[1] is None:
                last[1] = at_ms
            if present:
                writer.put([row], at_ms)
                spans[name].append([at_ms, None])
            else:
                writer.gone(RolloutState, [row.key], at_ms)
    since_ms, until_ms = sorted((data.draw(st.integers(0, 90)), data.draw(st.integers(0, 90))))
    found = [(row["name"], row["since"], row["until"]) for row in read(path, "rollouts", since_ms, until_ms)]
    assert found == [
        (name, iso(first), iso(last))
        for name in "ab"
        for first, last in spans[name]
        if first < until_ms and (last is None or last > since_ms)
    ]


def test_apps_are_globs_and_namespaces_are_names(writer: Writer, path: Path) -> None:
    writer.put([rollout(name, namespace=stage) for name in ("orders", "order-api", "web") for stage in "ab"], 1_000)
    writer.put_alerts([alert("1", app="orders", namespace="a"), alert("2", app="web", namespace="a")])
    writer.commit()

    def names(**chosen: object) -> list[str]:
        return [f"{row['namespace']}/{row['name']}" for row in read(path, "rollouts", **chosen)]

    assert names(apps=["order*"], namespaces=["a"]) == ["a/order-api", "a/orders"]
    assert names(apps=["web", "order[!s]*"], namespaces=["b", "c"]) == ["b/order-api", "b/web"]
    assert names(apps=["Orders"]) == []
    assert names(apps=["' OR 1 --"]) == []
    assert [row["fingerprint"] for row in read(path, "alerts", apps=["o*"])] == ["1"]


def test_builds_are_those_that_began_in_the_window(writer: Writer, path: Path) -> None:
    running = build(3, job="b", result=None, building=True, namespace=None)
    writer.put_builds([build(1, duration_ms=1_500), build(2, job="c", namespaces=("staging", "audit")), running])
    writer.commit()
    rows = read(path, "builds")
    cells = [(row["job"], row["namespace"], row["result"], row["started_at"], row["finished_at"]) for row in rows]
    assert cells == [
        ("deploy-orders", "staging", "SUCCESS", iso(1_000), iso(2_500)),
        ("c", "staging audit", "SUCCESS", iso(2_000), iso(2_000)),
        ("b", "", "RUNNING", iso(3_000), ""),
    ]
    assert [row["number"] for row in read(path, "builds", 1_001, 3_000)] == ["2"]
    assert [row["job"] for row in read(path, "builds", namespaces=["audit"])] == ["c"]
    assert [row["job"] for row in read(path, "builds", jobs=["b", "c"], apps=["any"])] == ["c", "b"]
    assert read(path, "builds", jobs=[]) == []


@pytest.mark.parametrize(("what", "chosen"), [("builds", {"apps": ["a"]}), ("tokens", {"namespaces": ["a"]})])
def test_a_filter_that_means_nothing_is_refused(
    writer: Writer, path: Path, what: str, chosen: dict[str, list[str]]
) -> None:
    with pytest.raises(ValueError, match=what):
        read(path, what, **chosen)


def test_tokens_and_alerts(writer: Writer, path: Path) -> None:
    writer.put([token(expire_ms=90_000, granted_ms=60_500, renewable=False, accessor_tail="a1b2c3")], 1_000)
    first = alert("1", 1_000, "resolved", fired_ms=1_500, resolved_ms=4_250)
    writer.put_alerts([replace(first, fingerprint="2", started_ms=3_000, state="firing", resolved_ms=None), first])
    writer.commit()
    (row,) = read(path, "tokens")
    assert (row["expires_at"], row["granted_s"], row["renewable"], row["until"]) == (iso(90_000), "60.5", "false", "")
    assert [(row["fingerprint"], row["duration_s"]) for row in read(path, "alerts")] == [("1", "3.25"), ("2", "")]
    assert [row["fingerprint"] for row in read(path, "alerts", 4_250)] == ["2"]
    assert [row["fingerprint"] for row in read(path, "alerts", 0, 3_000)] == ["1"]


def test_how_long_an_alert_took_is_empty_when_our_clock_was_set_back_meanwhile(writer: Writer, path: Path) -> None:
    writer.put_alerts([alert("1", 600_000, "resolved", fired_ms=600_000, resolved_ms=32_000)])
    writer.commit()
    (row,) = read(path, "alerts")
    told = (row["started_at"], row["resolved_at"], row["duration_s"])
    assert told == (iso(600_000), iso(32_000), ""), "the moments are as they were told"


RISKY = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]
ODD = ["[/x]", "\x1b[31mred", "x" * 300, "\u202eabc", "😀 漢字", 'say "hi", twice', "two\nlines", "", "'=1", "a=b"]


@pytest.mark.parametrize("text", [*RISKY, *ODD], ids=ascii)
def test_text_from_outside_is_a_cell_and_no_formula(writer: Writer, path: Path, text: str) -> None:
    writer.put([rollout(text, message=text, version=text, reason=text, app=text, namespace=text)], 1_000)
    writer.put_builds([build(1, job=text, cause=text, version=text, namespace=text, result=text)])
    writer.put_alerts([alert(summary=text, app=text)])
    writer.put([token(text, message=text, renewal_job=text)], 1_000)
    writer.commit()
    shown = ("'" + text if text in RISKY else text).replace("\r", "\n")
    checked = {
        "rollouts": ("name", "app", "namespace", "message", "version", "reason"),
        "builds": ("job", "cause", "version", "namespace", "result"),
        "alerts": ("summary", "app"),
        "tokens": ("name", "message", "renewal_job"),
    }
    for what, columns in checked.items():
        out, lines = io.StringIO(newline=""), io.StringIO(newline="")
        export(path, what, 0, FOREVER, (), (), "csv", out)
        (row,) = csv.DictReader(io.StringIO(out.getvalue(), newline=""))
        export(path, what, 0, FOREVER, (), (), "jsonl", lines)
        line = json.loads(lines.getvalue())
        for column in columns:
            assert row[column] == shown
            assert line[column] == text


@given(st.integers(0, 4_102_444_800_000))
def test_times_are_what_text_iso_says(ms: int) -> None:
    column = exporting.SUBJECTS["builds"].columns[4]
    db = sqlite3.connect(":memory:")
    assert db.execute(f"SELECT {column.plain} FROM (SELECT ? AS started_ms) r", (ms,)).fetchone() == (iso(ms),)
    db.close()


def test_progress_is_told_now_and_then(writer: Writer, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "CHUNK_ROWS", 100)
    monkeypatch.setattr(exporting, "PROGRESS_ROWS", 1_000)
    writer.put_builds([build(number) for number in range(1, 2_501)])
    writer.commit()
    told: list[int] = []
    assert export(path, "builds", 0, FOREVER, (), (), "csv", io.StringIO(newline=""), told.append) == 2_500
    assert told == [1_000, 2_000]


def test_a_missing_store_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store"):
        export(tmp_path / "statusdesk.db", "builds", 0, 1, (), (), "csv", io.StringIO(newline=""))


def test_an_export_sees_the_moment_at_which_it_began(writer: Writer, path: Path) -> None:
    writer.put_builds([build(number) for number in range(1, 3_001)])
    writer.commit()

    class Interrupting(io.StringIO):
        def write(self, text: str) -> int:
            writer.put_builds([build(9_999)])
            writer.commit()
            return super().write(text)

    assert export(path, "builds", 0, FOREVER, (), (), "csv", Interrupting(newline="")) == 3_000
    assert len(read(path, "builds")) == 3_001


MEASURE = """
import resource, sys
from pathlib import Path
from typing import Any
from statusdesk.store.export import export
with open("/dev/null", "w", newline="") as out:
    rows = export(Path(sys.argv[1]), sys.argv[2], 0, 2**60, (), (), sys.argv[3], out)
print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_memory_does_not_grow_with_the_number_of_rows(path: Path, clock: Clock, form: str) -> None:
    message = "a message of some length, as they are, with a pod and a container and what went wrong " * 2
    with Writer(path, 1e9, clock) as writer:
        for turn in range(60):
            level = Level.OK if turn % 2 else Level.FAILING
            writer.put([rollout(f"app-{number}", level, message=message) for number in range(500)], turn * 1_000)
            writer.commit()
        writer.put([outcome(), token()], 1_000)
    root = Path(exporting.__file__).parents[2]

    def peak(what: str) -> tuple[int, int]:
        argv = [sys.executable, "-c", MEASURE, str(path), what, form]
        shown = subprocess.run(argv, cwd=root, capture_output=True, text=True, check=True).stdout
        rows, kib = shown.split()
        return int(rows), int(kib)

    few, many = peak("tokens"), peak("rollouts")
    assert (few[0], many[0]) == (1, 30_000)
    assert many[1] - few[1] < 8 * 1024


def test_messages_tell_whom_they_were_about(writer: Writer, path: Path) -> None:
    alerts = (alert("1", app="orders", namespace="a"), alert("2", app="=web", namespace="a"))
    message = Notification(
        id=7, sink="desk", group_key="{}", what="firing", why="new", created_ms=1_000, due_ms=2_000, sent_ms=2_500,
        state="sent", attempts=2, last_error="500", idempotency_key="k", fingerprints=("1", "2"), alerts=alerts,
    )  # fmt: skip
    writer.alert_rows.put_notifications([message])
    writer.commit()
    (row,) = read(path, "notifications")
    assert (row["alerts"], row["alertnames"], row["namespaces"], row["fingerprints"]) == (
        "2",
        "RolloutFailing",
        "a",
        "1 2",
    )
    assert row["apps"] == "orders =web" and row["sent_at"].endswith("02.500Z")
    assert read(path, "notifications", 1_001) == []


def test_what_never_fired_is_no_alert_of_the_week(writer: Writer, path: Path) -> None:
    writer.put_alerts([alert("1", state="resolved", pending_ms=1_000, resolved_ms=2_000), alert("2", fired_ms=1_500)])
    writer.commit()
    assert [row["fingerprint"] for row in read(path, "alerts")] == ["2"]


@pytest.mark.parametrize(("what", "column"), [("rollouts", "fails_ms"), ("environments", "day_off")])
def test_a_column_that_is_not_there_yet_is_told(writer: Writer, path: Path, what: str, column: str) -> None:
    writer.commit()
    table = {"rollouts": "rollout", "environments": "environment"}[what]
    with sqlite3.connect(path) as db:
        for kind in ("current", "history"):
            db.execute(f"ALTER TABLE {table}_{kind} DROP COLUMN {column}")
    with pytest.raises(StoreError, match="older statusdesk; start `statusdesk watch`"):
        read(path, what)
