"""The gate on a store of 5 million rows: wall time beyond Python's own start.

500 applications in 5 stages with a year of periods (4 million) and a million builds. `statusdesk gate` is run as a
pipeline runs it, alternately with a Python that does nothing. The difference is compared with 150 ms.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import fill_store
from report import finish, side

from statusdesk.clock import system_clock
from statusdesk.facts import Build, Job, JobClass
from statusdesk.store.opening import FILE_NAME
from statusdesk.store.writer import Writer

ROWS = int(os.environ.get("BENCH_GATE_ROWS", "5000000"))
BUILD_SHARE = 5  # one row in so many is a build
RUNS, TARGET_S = 15, 0.150
APP = "app-010"


def grow(path: Path) -> int:
    """Multiply the periods and builds of a filled store; return how many rows it then has."""
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA synchronous = OFF")
        for table, key, rows in (
            ("rollout_history", "since_ms", ROWS - ROWS // BUILD_SHARE),
            ("builds", "number", ROWS // BUILD_SHARE),
        ):
            columns = [name for _, name, *_ in db.execute(f"PRAGMA table_info({table})")]
            (have,) = db.execute(f"SELECT count(*) FROM {table}").fetchone()
            chosen = ", ".join(f"{key} - n.n" if name == key else name for name in columns)
            db.execute(
                f"INSERT OR IGNORE INTO {table} WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n"
                f" WHERE n < {rows // have}) SELECT {chosen} FROM {table} CROSS JOIN n"
            )
        db.execute("PRAGMA analysis_limit = 400")
        db.execute("ANALYZE")
        return sum(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("rollout_history", "builds"))


def prepare(state_dir: Path) -> int:
    """Fill the store as a collector has it, with jobs and builds into the stage before production."""
    fill_store.fill(state_dir).close()
    now_ms = system_clock()
    with Writer(state_dir / FILE_NAME, 1e9, system_clock) as writer:
        apps, stages = range(fill_store.APPS), range(len(fill_store.STAGES))
        jobs = [Job(source="jenkins", name=_job(app), url="", job_class=JobClass.DEPLOY) for app in apps]
        writer.put_jobs(jobs)
        writer.put_builds([_build(app, stage, now_ms) for app in apps for stage in stages])
        writer.commit()
    return grow(state_dir / FILE_NAME)


def _job(app: int) -> str:
    return f"deploy-app-{app:03d}"


def _build(app: int, place: int, now_ms: int) -> Build:
    """Return the build that brought into a stage what runs there."""
    job, stage, number = _job(app), fill_store.STAGES[place], 1_000_000 * (1 + place)
    return Build(
        source="jenkins",
        job=job,
        number=number,
        url=f"https://jenkins.example/job/{job}/{number}/",
        namespace=stage,
        namespaces=(stage,),
        attributed_by="parameter",
        result="SUCCESS",
        version=fill_store.rollout(app, place, now_ms, 28).version,
        started_ms=now_ms - 7_200_000,
        duration_ms=60_000,
    )


def wall_s(argv: list[str], *, cold: bool = False) -> float:
    """Run a command; return its wall time in seconds. ``cold``: it may find the collector's beat too old."""
    started = time.perf_counter()
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    took = time.perf_counter() - started
    if done.returncode and not cold:
        sys.exit(f"{argv[-1]} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return took


def main() -> None:
    """Measure alternately and print the result."""
    figures: dict[str, list[float]] = {"python": [], "gate": []}
    with tempfile.TemporaryDirectory() as name:
        state_dir = Path(name) / "state"
        config = fill_store.write_config(Path(name), state_dir)
        rows = prepare(state_dir)
        size = (state_dir / FILE_NAME).stat().st_size / 1e9
        print(f"{rows:,} rows, {size:.1f} GB")
        with Writer(state_dir / FILE_NAME, 1e9, system_clock) as writer:
            for number in range(RUNS + 1):
                fill_store.refresh(writer, system_clock())
                python = wall_s([sys.executable, "-c", "pass"])
                gate = [sys.executable, "-m", "statusdesk", "-c", str(config), "gate", APP, "--to", "production"]
                gate += ["--soak", "1h"]
                took = wall_s(gate, cold=not number)
                if number:  # the first reads what the system has not at hand yet
                    figures["python"].append(python)
                    figures["gate"].append(took)
                else:
                    print(f"the first, which reads the file for the first time: {took:.3f} s")
    base = side("python -c pass", figures["python"], "s")
    ours = side("statusdesk gate", figures["gate"], "s")
    finish(f"gate beyond Python's start ({ours - base:.3f} s) / {TARGET_S} s", (ours - base) / TARGET_S, 1.0)


if __name__ == "__main__":
    main()
